"""Chunks that nobody holds, of jobs that have ended or are about to: they are closed as they are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select

from app.db.session import WriteSession, repeats_conflicts, transaction
from app.enrichment.queue import transitions
from app.models.chunk import DECIDED, progress
from app.models.job import JobStatus
from app.models.types import utcnow
from app.webhooks.events import announce_job


@repeats_conflicts
def close_ended_jobs() -> None:
    """Close the chunks that nobody holds of jobs that were cancelled or failed, one job at a time."""
    while True:
        with transaction() as session:
            left_behind = select(progress.c.job_id).select_from(transitions.OPEN).where(transitions.LEFT_BEHIND)
            job_id = session.scalar(left_behind.limit(1))
            if job_id is None or not close_unheld_chunks(session, job_id):
                return


def close_unheld_chunks(session: WriteSession, job_id: str) -> int:
    """Close a job's open chunks that have no live lease as they are; return how many.

    Those that another worker has locked are left to it.
    """
    is_unheld = or_(progress.c.worker.is_(None), progress.c.lease_expires_at <= utcnow())
    rows = session.execute(
        select(progress.c.position, progress.c.outcomes, progress.c.worker)
        .where(progress.c.job_id == job_id, progress.c.finished_at.is_(None), is_unheld)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        is_row = (progress.c.job_id == job_id, progress.c.position == row.position)
        session.execute(transitions.close_chunks_as_they_are(*is_row))
    if rows:
        leases_ended = sum(row.worker is not None for row in rows)
        add_counts(session, job_id, [row.outcomes for row in rows], returned=leases_ended)
    return len(rows)


def add_counts(session: WriteSession, job_id: str, closed: Iterable[Iterable[str]], *, returned: int) -> str:
    """Add the outcomes of closed chunks to their job, and set its status; return the status.

    `returned` is how many leases ended.
    """
    parameters = counts(job_id, closed, returned=returned)
    status: str = session.scalars(transitions.ADD_COUNTS, parameters).one()
    if status in {JobStatus.COMPLETE, JobStatus.CANCELLED}:
        announce_job(session, job_id, status)
    return status


def counts(job_id: str, closed: Iterable[Iterable[str]], *, returned: int) -> dict[str, Any]:
    """Return the parameters of `transitions.ADD_COUNTS`: the outcomes of closed chunks, and how many leases ended."""
    outcomes = "".join(outcome for chunk in closed for outcome in chunk)
    by_outcome = {f"more_{outcome.name.lower()}": outcomes.count(outcome) for outcome in DECIDED}
    return {"the_job": job_id, "returned": returned, "more": sum(by_outcome.values()), **by_outcome}
