"""Exports in the background, and the parts of their files.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ID = sa.Uuid(as_uuid=False)
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade():
    op.create_table(
        "exports",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("file_format", sa.String(length=16), nullable=False),
        sa.Column("list_id", ID, nullable=True),
        sa.Column("only_ready", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("layout", JSON, nullable=True),
        sa.Column("cursor", sa.String(length=128), nullable=True),
        sa.Column("entities_done", sa.Integer(), nullable=False),
        sa.Column("entities_total", sa.Integer(), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost_workers", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("lease_expires_at", INSTANT, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(status IN ('waiting', 'working')) = (expires_at IS NULL)",
            name=op.f("ck_exports_unfinished_has_no_expiry"),
        ),
        sa.CheckConstraint("entity_type IN ('person', 'company')", name=op.f("ck_exports_entity_type_known")),
        sa.CheckConstraint(
            "status IN ('waiting', 'working', 'ready', 'failed', 'expired')", name=op.f("ck_exports_status_known")
        ),
        sa.CheckConstraint(
            "attempt >= 0 AND lost_workers >= 0 AND part_count >= 0 AND row_count >= 0",
            name=op.f("ck_exports_counts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_workspace_slug_id"), "exports", ["workspace_slug", "id"])
    where = sa.text("expires_at IS NULL")
    op.create_index("ix_exports_unfinished", "exports", ["id"], postgresql_where=where, sqlite_where=where)
    op.create_table(
        "export_parts",
        sa.Column("export_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_parts_export_id_exports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "position", name=op.f("pk_export_parts")),
    )


def downgrade():
    op.drop_table("export_parts")
    op.drop_table("exports")
