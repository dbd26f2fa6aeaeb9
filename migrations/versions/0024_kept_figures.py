"""Figures that take longer than a request may, worked out by drains and kept.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KINDS = "'list_yield', 'job_what_if', 'list_what_if', 'workspace_what_if'"


def upgrade():
    op.create_table(
        "kept_figures",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("workspace_slug", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("answer", JSON, nullable=True),
        sa.Column("as_of", INSTANT, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("lease_expires_at", INSTANT, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_kept_figures_kind_known")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_kept_figures_tries_not_negative")),
        sa.CheckConstraint("is_due OR as_of IS NOT NULL", name=op.f("ck_kept_figures_is_due_or_was_tried")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_kept_figures")),
    )
    op.create_index(op.f("ix_kept_figures_is_due_asked_at"), "kept_figures", ["is_due", "asked_at"])


def downgrade():
    # They are worked out again when somebody asks.
    op.drop_table("kept_figures")
