"""What is told: events, written only if there is somebody to tell."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    bindparam,
    case,
    exists,
    false,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.sql.dml import Insert

from app.db.session import WriteSession
from app.db.sql import insert_missing
from app.models.job import JobStatus, jobs
from app.models.types import Id, new_id, utcnow
from app.models.webhook import webhook_endpoints, webhook_events


class EventType(StrEnum):
    """What happened: the kind of its subject and what became of it."""

    JOB_COMPLETED = "job.completed"
    JOB_PAUSED = "job.paused"
    """By hand, or by the service: `reason` says why."""
    JOB_CAP_REACHED = "job.cap_reached"
    """Paused, since a cap is reached."""
    JOB_STOPPED = "job.stopped"
    """Paused by its own rule: too little is found, or a find is too dear."""
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    QUEUE_NEGLECTED = "queue.neglected"
    """Work is waiting, and nobody had looked for it."""
    QUEUE_STUCK = "queue.stuck"
    """The oldest job with work is old."""
    PROVIDER_UNAVAILABLE = "provider.unavailable"
    """Its credits are gone, or its key is refused."""
    CAP_ALMOST_USED = "cap.almost_used"
    ENTITIES_HELD = "entities.held"


JOB_EVENTS: Final = tuple(kind for kind in EventType if kind.startswith("job."))
"""Those of one workspace; the others are of the whole service."""

OF_STATUS: Final[Mapping[str, EventType]] = {
    JobStatus.COMPLETE: EventType.JOB_COMPLETED,
    JobStatus.PAUSED: EventType.JOB_PAUSED,
    JobStatus.FAILED: EventType.JOB_FAILED,
    JobStatus.CANCELLED: EventType.JOB_CANCELLED,
}
_COLUMNS: Final = ("id", "workspace_slug", "type", "job_id", "reason", "once_key", "is_handed_out", "created_at")


def announce_job(session: WriteSession, job_id: str, status: str, kind: EventType | None = None) -> None:
    """Write down that a job has come to a status, in the transaction that brings it there.

    Of a status that nobody is told of, or that the job does not have, nothing is written.
    """
    if status not in OF_STATUS:
        return
    values = {"event_id": new_id(), "the_job": job_id, "event_type": kind or OF_STATUS[status]}
    session.connection().execute(_of_job(JobStatus(status)), values)


@cache
def _of_job(status: JobStatus) -> Insert:
    kind = bindparam("event_type", type_=String)
    is_it = (jobs.c.id == bindparam("the_job"), jobs.c.status == status)
    # A job may be paused again and again; all else happens to it once.
    return _insertion(jobs, kind, *is_it, happens_once=status is not JobStatus.PAUSED)


def ended_event(ended: FromClause) -> Insert:
    """Return the insert of the event of a job that a statement, whose rows these are, has completed or cancelled.

    Its parameter `event_id` is the id. For PostgreSQL, where that statement is the whole transaction.
    """
    completed, cancelled = literal(str(EventType.JOB_COMPLETED)), literal(str(EventType.JOB_CANCELLED))
    kind = case((ended.c.status == JobStatus.COMPLETE, completed), else_=cancelled)
    has_ended = ended.c.status.in_([JobStatus.COMPLETE, JobStatus.CANCELLED])
    return _insertion(ended, kind, has_ended, happens_once=True)


def _insertion(
    job: FromClause, kind: ColumnElement[str], *conditions: ColumnElement[bool], happens_once: bool
) -> Insert:
    """Return the insert of an event about a job, if anybody is to be told and it was not written before."""
    key = kind + literal(":") + job.c.id.cast(String) if happens_once else null().cast(String)
    of_workspace = or_(
        webhook_endpoints.c.workspace_slug.is_(None), webhook_endpoints.c.workspace_slug == job.c.workspace_slug
    )
    is_wanted = exists().where(webhook_endpoints.c.disabled_at.is_(None), of_workspace)
    is_new = ~exists().where(webhook_events.c.once_key == key)
    event_id = bindparam("event_id", type_=Id)
    row: Select[Any] = select(
        event_id, job.c.workspace_slug, kind, job.c.id, job.c.pause_reason, key, false(), utcnow()
    ).where(*conditions, is_wanted, is_new)
    return insert(webhook_events).from_select(_COLUMNS, row, include_defaults=False)


def announce(session: WriteSession, events: Iterable[tuple[EventType, str, Mapping[str, Any]]]) -> int:
    """Write down events of the whole service, each with what may be told once and its data; return how many are new."""
    rows = [
        {"id": new_id(), "type": str(kind), "once_key": f"{kind}:{once}", "data": dict(data)}
        for kind, once, data in events
    ]
    return len(insert_missing(session, webhook_events, rows, "once_key"))
