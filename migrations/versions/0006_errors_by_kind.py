"""Errors by code and provider with their counts, several retries of one job, and held entities left as they are.

The provider of an error is that of the entity's last attempt in the job with the same class, if there is one.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
CLAIMABLE = "ix_enrichment_jobs_claimable"
PARENT = "ix_enrichment_jobs_parent_job_id"
NAME_PROVIDERS = """
    UPDATE enrichment_errors SET provider = coalesce((
        SELECT attempt.provider FROM enrichment_attempts AS attempt
        JOIN enrichment_jobs AS job ON job.id = enrichment_errors.job_id
        WHERE attempt.workspace_slug = job.workspace_slug AND attempt.entity_type = job.entity_type
            AND attempt.entity_id = enrichment_errors.entity_id AND attempt.job_id = job.id
            AND attempt.outcome_class = enrichment_errors.code
        ORDER BY attempt.finished_at DESC, attempt.id DESC LIMIT 1
    ), '')
"""
COUNT = """
    INSERT INTO enrichment_error_counts (job_id, code, provider, error_count)
    SELECT job_id, code, provider, count(*) FROM enrichment_errors GROUP BY job_id, code, provider
"""
# Before, a job was retried once: the first of its retries stays its child.
KEEP_ONE_CHILD = """
    UPDATE enrichment_jobs SET parent_job_id = NULL WHERE EXISTS (
        SELECT 1 FROM enrichment_jobs AS earlier
        WHERE earlier.parent_job_id = enrichment_jobs.parent_job_id AND earlier.id < enrichment_jobs.id
    )
"""


def upgrade():
    op.add_column("enrichment_errors", sa.Column("provider", sa.String(64), server_default="", nullable=False))
    op.execute(NAME_PROVIDERS)
    op.create_index("ix_enrichment_errors_kind", "enrichment_errors", ["job_id", "code", "provider", "id"])
    op.create_table(
        "enrichment_error_counts",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("error_count >= 0", name=op.f("ck_enrichment_error_counts_not_negative")),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["enrichment_jobs.id"],
            name=op.f("fk_enrichment_error_counts_job_id_enrichment_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "code", "provider", name=op.f("pk_enrichment_error_counts")),
    )
    op.execute(COUNT)
    op.drop_index(CLAIMABLE, "enrichment_jobs")
    with op.batch_alter_table("enrichment_jobs") as change:
        change.add_column(sa.Column("retry_filter", JSON_VALUE, nullable=True))
        change.add_column(sa.Column("held_accepted_at", INSTANT, nullable=True))
        change.drop_constraint(op.f("uq_enrichment_jobs_parent_job_id"), type_="unique")
    op.create_index(PARENT, "enrichment_jobs", ["parent_job_id"])
    create_claimable_index()


def downgrade():
    op.execute(KEEP_ONE_CHILD)
    op.drop_index(PARENT, "enrichment_jobs")
    op.drop_index(CLAIMABLE, "enrichment_jobs")
    with op.batch_alter_table("enrichment_jobs") as change:
        change.create_unique_constraint(op.f("uq_enrichment_jobs_parent_job_id"), ["parent_job_id"])
        change.drop_column("held_accepted_at")
        change.drop_column("retry_filter")
    create_claimable_index()
    op.drop_table("enrichment_error_counts")
    op.drop_index("ix_enrichment_errors_kind", "enrichment_errors")
    op.drop_column("enrichment_errors", "provider")


def create_claimable_index():
    """Make the claim's index by hand: where Alembic makes the table anew, it forgets that the priority is descending."""
    op.create_index(
        CLAIMABLE,
        "enrichment_jobs",
        [sa.literal_column("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("claimable"),
        sqlite_where=sa.text("claimable = 1"),
    )
