"""A worker is wanted for exports and figures too, if there is nothing else to do.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# As in 0018, with {wanted}. PostgreSQL replaces it, since a role that may read a view that is dropped may not read the
# next one.
VIEW = """
CREATE {or_replace} VIEW tranche_backlog AS
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
       CAST({wanted} AS {integer}) AS workers_wanted
FROM by_provider WHERE chunks > 0
"""
FOR_CHUNKS = "coalesce(sum(CASE WHEN most_workers < workers THEN most_workers ELSE workers END), 0)"
FOR_OTHERS = (
    "CASE WHEN EXISTS (SELECT 1 FROM exports WHERE expires_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM kept_figures WHERE is_due) THEN 1 ELSE 0 END"
)
SQLITE = {
    "or_replace": "",
    "is_claimable": "claimable = 1",
    "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
    "age": "round((julianday('now') - julianday(min(oldest))) * 86400, 3)",
    "integer": "INTEGER",
}
POSTGRESQL = {
    "or_replace": "OR REPLACE",
    "is_claimable": "claimable",
    "now": "clock_timestamp()",
    "age": "CAST(extract(epoch FROM clock_timestamp() - min(oldest)) AS double precision)",
    "integer": "bigint",
}


def upgrade():
    greatest = "max" if _is_sqlite() else "greatest"
    _make_view(f"{greatest}({FOR_CHUNKS}, {FOR_OTHERS})")


def downgrade():
    _make_view(FOR_CHUNKS)


def _make_view(wanted):
    if _is_sqlite():
        op.execute("DROP VIEW tranche_backlog")
    op.execute(VIEW.format(**(SQLITE if _is_sqlite() else POSTGRESQL), wanted=wanted))


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"
