"""What is done now and then: calls of lost workers are booked."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, exists, or_, select

from app.config import config
from app.db.session import end_read, repeats_conflicts, transaction
from app.db.sql import insert_rows
from app.enrichment.money.caps import Settlement, book, caps_of
from app.enrichment.money.cost_log import record_costs
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import in_flight
from app.enrichment.waterfall.attempt_log import lost_row
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.read import load_for_update
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import ACTIVE, jobs
from app.models.types import utcnow
from app.providers.base import OutcomeClass

BATCH_CALLS: Final = 50
"""Lost calls that are booked at a time: each takes a transaction, and a caller waits for its claim meanwhile."""


def recover_lost_calls(limit: int = BATCH_CALLS) -> int:
    """Book calls that nobody will come back for, and free their questions; return how many.

    Those are overdue by more than a lease, and their chunk is closed, or its
    job stands still. What is to come, or has come, by callback waits for the
    chunk's next worker, however long the job is paused.
    """
    grace = float(config().ENRICH_LEASE_SECONDS)
    rows = db.session.execute(_lost_query(grace, limit)).all()
    end_read()
    for row in rows:
        _recover(_job_of(row), row)
    return len(rows)


def _job_of(row: Row[Any]) -> JobInfo:
    """Return the job of a call, with all that its caps go by."""
    about = (row.job_id, row.entity_type, row.job_provider, row.workspace_slug)
    return JobInfo(*about, cap_micros=row.cap_micros, api_key_id=row.api_key_id)


@repeats_conflicts
def _recover(job: JobInfo, in_flight_call: Any) -> None:
    with transaction() as session:
        present = load_for_update(job.entity_type, [in_flight_call.entity_id], workspace_slug=job.workspace_slug)
        now: datetime = session.scalar(select(utcnow()))  # type: ignore[assignment]
        closed = in_flight.close_calls(session, [in_flight_call.request_id])
        # A row that was pushed, and waits for its callback, is charged; of other calls nobody knows.
        is_in_doubt = not in_flight_call.is_pending
        settlements = [
            Settlement(row.provider, row.reserved_on, row.reserved_micros, row.reserved_micros, is_in_doubt)
            for row in closed.values()
        ]
        if settlements and present:
            insert_rows(session, attempts, [lost_row(job, in_flight_call, _outcome_class(in_flight_call))])
        book(session, caps_of(config(), job), settlements, [], now.date())
        record_costs(session, job, settlements)


def _outcome_class(in_flight_call: Any) -> str:
    """Return what a lost call is recorded as: in doubt, unless asking again is free."""
    registry = workspace_registry(in_flight_call.workspace_slug)
    provider = registry.providers.get(in_flight_call.provider)
    is_free = provider is not None and provider.capabilities.repeat_is_free
    return str(OutcomeClass.TRANSIENT) if is_free else IN_DOUBT


def _lost_query(grace_seconds: float, limit: int) -> Any:
    is_kept = exists().where(
        progress.c.job_id == in_flight_calls.c.job_id,
        progress.c.position == in_flight_calls.c.position,
        progress.c.finished_at.is_(None),
        or_(
            jobs.c.status.in_(ACTIVE),
            and_(progress.c.worker.is_not(None), progress.c.lease_expires_at > utcnow()),
            in_flight_calls.c.is_pending,
            in_flight_calls.c.callback.is_not(None),
        ),
    )
    return (
        select(in_flight_calls, jobs.c.cap_micros, jobs.c.api_key_id, jobs.c.provider.label("job_provider"))
        .join(jobs, jobs.c.id == in_flight_calls.c.job_id)
        .where(in_flight_calls.c.deadline_at <= utcnow(-grace_seconds), ~is_kept)
        .limit(limit)
    )
