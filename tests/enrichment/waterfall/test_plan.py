"""The claim stays on its indexes, whatever lies behind and before it.

What is looked at are the statements of a real claim, whichever they are.
"""

import statistics

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment.queue import claims, lease
from app.extensions import db
from app.models.chunk import Outcome, progress
from app.models.types import utcnow
from tests.backlog import add_backlog
from tests.statements import Statement, explained

MAX_BUFFERS = 25


@pytest.fixture
def backlog(context: Flask) -> None:
    """A long paused job, jobs that are done with their chunks, and five hundred that wait."""
    add_backlog(waiting=500, finished_jobs=50, chunks_each=40, paused_chunks=2000)
    # A worker's first claim reads the catalogue.
    assert claim() is not None


def claim() -> lease.Lease | None:
    """Claim as a worker does."""
    return claims.claim("a worker", lease_seconds=60)


def work_on(lease: lease.Lease | None) -> None:
    """Finish a chunk with a success for each entity."""
    assert lease is not None
    lease.read_entity_ids()
    for index in lease.undecided:
        lease.decide(index, Outcome.SUCCESS)
    lease.finish()


def lines(statements: list[Statement]) -> list[str]:
    """Return the lines of all plans."""
    return [line for statement in statements for line in statement.plan.splitlines()]


def scans(found: list[str]) -> list[str]:
    """Return the lines that say that a whole table is read."""
    if db.engine.dialect.name == "postgresql":
        return [line for line in found if line.startswith(("Seq Scan", "Parallel Seq Scan", "Bitmap Heap Scan"))]
    return [line for line in found if line.startswith("SCAN enrichment_") and "USING" not in line]


def test_a_claim_reads_no_table_and_sorts_nothing(backlog: None) -> None:
    """The oldest job with work is read off its index, and what may come before it off partial ones."""
    with explained() as statements:
        assert claim() is not None
    found = lines(statements)
    assert any("ix_enrichment_jobs_claimable" in line for line in found)
    assert not scans(found)
    assert not [line for line in found if "Sort" in line or "TEMP B-TREE" in line]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_claim_touches_few_pages_after_others(backlog: None) -> None:
    """Nothing is in its way: neither finished chunks nor what the claims just before it have left of old rows."""
    for _ in range(25):
        work_on(claim())
    touched: list[int] = []
    for _ in range(9):
        with explained() as statements:
            lease = claim()
        work_on(lease)
        touched.append(sum(statement.buffers for statement in statements))
    # A claim of a job's last chunk, or one that clears away old rows, touches more.
    assert 0 < statistics.median(touched) <= MAX_BUFFERS, touched


def test_a_takeover_reads_no_table(backlog: None) -> None:
    """A chunk whose lease ran out is found among the open ones alone."""
    with transaction() as session:
        session.execute(update(progress).where(progress.c.worker.is_not(None)).values(lease_expires_at=utcnow(-1)))
    with explained() as statements:
        lease = claim()
    assert lease is not None and lease.fencing_token == 2
    found = lines(statements)
    assert any("ix_enrichment_chunk_progress_open" in line for line in found)
    assert not scans(found)
