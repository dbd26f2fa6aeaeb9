"""What came of calls beside their costs, takeovers of jobs, and totals of what has ended, for the metrics.

Totals begin with the jobs that have not ended: those that have are neither counted nor marked, so that the upgrade
takes no longer with a million of them.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OUTCOMES = ("found", "not_found", "rate_limited", "errors")


def upgrade():
    for name in OUTCOMES:
        op.add_column("enrichment_costs", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("enrichment_costs", sa.Column("latency_ms_sum", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("enrichment_jobs", sa.Column("takeover_count", sa.Integer(), server_default="0", nullable=False))
    uncounted = sa.Column("is_uncounted", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("enrichment_jobs", uncounted)
    op.execute("UPDATE enrichment_jobs SET is_uncounted = true WHERE finished_at IS NULL")
    op.create_index(
        "ix_enrichment_jobs_uncounted",
        "enrichment_jobs",
        ["id"],
        postgresql_where=sa.text("is_uncounted"),
        sqlite_where=sa.text("is_uncounted = 1"),
    )
    op.create_table(
        "enrichment_totals",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name=op.f("pk_enrichment_totals")),
    )


def downgrade():
    op.drop_table("enrichment_totals")
    op.drop_index("ix_enrichment_jobs_uncounted", table_name="enrichment_jobs")
    for name in ("is_uncounted", "takeover_count"):
        op.drop_column("enrichment_jobs", name)
    for name in ("latency_ms_sum", *reversed(OUTCOMES)):
        op.drop_column("enrichment_costs", name)
