"""Mappings of columns that are remembered for files with the same headers.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "import_mappings",
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("headers_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "columns",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_import_mappings_entity_type_known")),
        sa.PrimaryKeyConstraint("workspace_slug", "entity_type", "headers_sha256", name=op.f("pk_import_mappings")),
    )


def downgrade():
    op.drop_table("import_mappings")
