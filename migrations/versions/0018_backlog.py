"""A view of what waits to be claimed, and of how many workers could make use of it; indexes for the metrics.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Each part of `waiting` reads one small index: of claimable jobs, of jobs that are to be woken, of open chunks.
# An autoscaler has a role that may read this view and nothing else.
VIEW = """
CREATE VIEW tranche_backlog AS
WITH waiting AS (
    SELECT provider, created_at, chunk_count - next_chunk AS chunks FROM enrichment_jobs WHERE {is_claimable}
    UNION ALL
    SELECT provider, created_at, chunk_count - next_chunk FROM enrichment_jobs WHERE resume_at <= {now}
    UNION ALL
    SELECT enrichment_jobs.provider, enrichment_jobs.created_at, 1
    FROM enrichment_chunk_progress JOIN enrichment_jobs ON enrichment_jobs.id = enrichment_chunk_progress.job_id
    WHERE enrichment_chunk_progress.finished_at IS NULL
      AND enrichment_chunk_progress.lease_expires_at <= {now}
      AND (enrichment_jobs.status IN ('pending', 'running') OR enrichment_jobs.resume_at <= {now})
), by_provider AS (
    SELECT waiting.provider, sum(waiting.chunks) AS chunks, min(waiting.created_at) AS oldest,
           (CAST(sum(waiting.chunks) AS {integer}) + 19) / 20 AS workers, min(worker_bounds.most_workers) AS most_workers
    FROM waiting LEFT JOIN worker_bounds ON worker_bounds.provider = waiting.provider
    GROUP BY waiting.provider
)
SELECT CAST(coalesce(sum(chunks), 0) AS {integer}) AS claimable_chunks,
       {age} AS oldest_age_seconds,
       CAST(coalesce(sum(CASE WHEN most_workers < workers THEN most_workers ELSE workers END), 0)
            AS {integer}) AS workers_wanted
FROM by_provider WHERE chunks > 0
"""
INDEXES = {
    "ix_enrichment_jobs_unfinished": "finished_at IS NULL",
    "ix_enrichment_jobs_held": "held_count > 0 AND held_accepted_at IS NULL",
}
SQLITE = {
    "is_claimable": "claimable = 1",
    "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
    "age": "round((julianday('now') - julianday(min(oldest))) * 86400, 3)",
    "integer": "INTEGER",
}
POSTGRESQL = {
    "is_claimable": "claimable",
    "now": "clock_timestamp()",
    "age": "CAST(extract(epoch FROM clock_timestamp() - min(oldest)) AS double precision)",
    "integer": "bigint",
}


def upgrade():
    op.create_table(
        "worker_bounds",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("most_workers", sa.Integer(), nullable=True),
        sa.CheckConstraint("most_workers > 0", name=op.f("ck_worker_bounds_positive")),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_worker_bounds")),
    )
    for name, condition in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "enrichment_jobs", ["created_at"], postgresql_where=where, sqlite_where=where)
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(VIEW.format(**(SQLITE if is_sqlite else POSTGRESQL)))


def downgrade():
    op.execute("DROP VIEW tranche_backlog")
    for name in INDEXES:
        op.drop_index(name, table_name="enrichment_jobs")
    op.drop_table("worker_bounds")
