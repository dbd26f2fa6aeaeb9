"""The claim stays on its indexes, whatever lies behind and before it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from app.enrichment import lease_statements
from app.extensions import db
from app.models.chunk import progress
from app.models.job import jobs
from app.models.types import new_id, utcnow


@pytest.fixture
def backlog(context: Flask) -> None:
    """A thousand jobs waiting, two thousand done, and their finished chunks."""
    common = {
        "workspace_slug": "default",
        "entity_type": "person",
        "provider": "ai-normalizer",
        "chunk_size": 1,
        "chunk_count": 1,
        "total_count": 1,
    }
    done = {"status": "complete", "claimable": False, "next_chunk": 1, "processed_count": 1, "success_count": 1}
    finished = [new_id() for _ in range(2000)]
    db.session.execute(insert(jobs), [{**common, "id": new_id(), "claimable": True} for _ in range(1000)])
    db.session.execute(
        insert(jobs).values(started_at=utcnow(), finished_at=utcnow()),
        [{**common, **done, "id": job_id} for job_id in finished],
    )
    rows = [{"job_id": job_id, "position": 0, "attempt": 1, "crash_count": 0, "outcomes": "s"} for job_id in finished]
    db.session.execute(insert(progress).values(finished_at=utcnow()), rows)
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def plan(statement: Any) -> str:
    """Return the database's plan of a statement."""
    sql = statement.compile(db.engine, compile_kwargs={"literal_binds": True}).string
    explain = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    rows = db.session.connection().exec_driver_sql(explain + sql.replace("%%", "%")).all()
    db.session.rollback()
    return "\n".join(str(row[-1]) for row in rows)


def test_the_oldest_claimable_job_is_read_off_its_index(backlog: None) -> None:
    """No sort, no scan of the table."""
    _, take = lease_statements.claim_statements(False, False)
    found = plan(take)
    assert "ix_enrichment_jobs_claimable" in found
    assert "Sort" not in found and "TEMP B-TREE" not in found
    assert "Seq Scan" not in found and "SCAN enrichment_jobs\n" not in found


def test_the_look_for_due_work_reads_only_partial_indexes(backlog: None) -> None:
    """Finished chunks and jobs without a resume time cost nothing."""
    found = plan(lease_statements.DUE)
    assert "ix_enrichment_chunk_progress_open" in found
    assert "ix_enrichment_jobs_resume_at" in found
    assert "Seq Scan" not in found


def test_the_claim_in_one_statement_stays_on_the_indexes(backlog: None) -> None:
    """On PostgreSQL a claim is one statement; each of its parts finds its rows by an index, and sorts nothing."""
    if db.engine.dialect.name == "sqlite":
        # There the parts run one by one, as above.
        return
    statement = lease_statements.claim_at_once(False, False)
    found = plan(statement.params(worker="tester", seconds=60.0))
    assert "ix_enrichment_jobs_claimable" in found
    assert "ix_enrichment_chunk_progress_open" in found
    assert "Sort" not in found
    assert "Seq Scan on enrichment_jobs" not in found and "Seq Scan on enrichment_chunk_progress" not in found
