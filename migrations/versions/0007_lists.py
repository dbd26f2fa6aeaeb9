"""Lists of people and companies.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade():
    op.create_table(
        "entity_lists",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=True),
        sa.Column("tool", sa.String(length=64), nullable=True),
        sa.Column("columns", JSON_VALUE, nullable=True),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("entity_count", sa.Integer(), nullable=False),
        sa.Column("coverage", JSON_VALUE, nullable=True),
        sa.Column("coverage_of", sa.Integer(), nullable=True),
        sa.Column("covered_at", INSTANT, nullable=True),
        sa.Column("coverage_draft", JSON_VALUE, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_entity_lists_entity_type_known")),
        sa.CheckConstraint("row_count >= 0 AND entity_count >= 0", name=op.f("ck_entity_lists_counts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_lists")),
        sa.UniqueConstraint("workspace_slug", "name", name=op.f("uq_entity_lists_workspace_slug_name")),
    )
    op.create_index("ix_entity_lists_workspace_slug_id", "entity_lists", ["workspace_slug", "id"])
    op.create_table(
        "entity_list_members",
        sa.Column("list_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("entity_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "entity_id", name=op.f("pk_entity_list_members")),
        sqlite_with_rowid=False,
    )


def downgrade():
    op.drop_table("entity_list_members")
    op.drop_table("entity_lists")
