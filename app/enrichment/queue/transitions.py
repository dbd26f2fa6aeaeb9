"""Every statement that changes the status of a job or a chunk: the queue's state machine.

    pending ──claim──▶ running ──finish, all decided──▶ complete
       ▲                 │  │
       └──more chunks────┘  ├──cap, credits, by hand──▶ paused ──resume, wake──▶ pending
                            ├──cancel──▶ cancelling ──▶ cancelled
                            └──the chunk broke──▶ failed

`claims`, `lease`, `rounds`, `control` and `poison` run these statements; none has one of its own. Most are built once,
because building a statement costs more than running it.

Both databases run the same clauses. SQLite, which is asked in-process, runs them one by one in a transaction.
PostgreSQL is asked over a network, where each statement costs a round trip and each transaction two more, so what
always goes together is one statement there, which is its own transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate, Update

from app.enrichment.queue.claim_order import JOB_ORDER
from app.models.chunk import Outcome, chunks, progress
from app.models.job import ACTIVE, JobStatus, jobs
from app.models.types import utcnow
from app.webhooks.events import ended_event


def _literal(text: str) -> ColumnElement[str]:
    """Return a constant as SQL text; as a parameter it would be sent with every execution."""
    return literal_column(f"'{text}'", String)


_ZERO: Final = literal_column("0", Integer)
_ONE: Final = literal_column("1", Integer)

CLOSED_AS_IS: Final = (JobStatus.CANCELLING, JobStatus.CANCELLED, JobStatus.FAILED)
"""Statuses in which a chunk that nobody holds is closed as it is."""

JOB_INFO_COLUMNS: Final = (
    jobs.c.id,
    jobs.c.entity_type,
    jobs.c.provider,
    jobs.c.workspace_slug,
    jobs.c.options,
    jobs.c.cap_micros,
    jobs.c.parent_job_id,
    jobs.c.created_at,
    jobs.c.api_key_id,
    jobs.c.stop_when,
)
"""What the work on an entity knows of its job, in the order of `JobInfo`."""
JOB_COLUMNS: Final = (*JOB_INFO_COLUMNS, jobs.c.total_count)
"""What a lease knows of its job."""

SECONDS: Final = bindparam("seconds", type_=Float)

# Jobs, by hand and by the service

_IS_ACTIVE_JOB: Final = jobs.c.status.in_(ACTIVE)
_HAS_NOT_ENDED: Final = jobs.c.status.in_([*ACTIVE, JobStatus.PAUSED])
_NOT_PAUSED: Final[Mapping[str, Any]] = {"resume_at": null(), "paused_manually": false(), "pause_reason": null()}
_GOES_ON: Final[Mapping[str, Any]] = {
    **_NOT_PAUSED,
    "status": case((jobs.c.in_flight > 0, JobStatus.RUNNING), else_=JobStatus.PENDING),
    "claimable": jobs.c.next_chunk < jobs.c.chunk_count,
}


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a job's status that somebody asks for: from which statuses, and to what."""

    allowed: ColumnElement[bool]
    values: Mapping[str, Any]
    rule: str
    """Which jobs allow it, as the end of a sentence."""

    def statement(self, job_id: str) -> ReturningUpdate[Any]:
        """Return the update of one job; no row if its status does not allow it."""
        return update(jobs).where(jobs.c.id == job_id, self.allowed).values(**self.values).returning(jobs.c.status)


PAUSED_BY_HAND: Final = "paused by a user"
"""The reason of a pause that somebody asked for. One that waits to be resumed by hand may have another."""
PAUSE: Final = Transition(
    or_(_IS_ACTIVE_JOB, jobs.c.resume_at.is_not(None)),
    {
        "status": JobStatus.PAUSED,
        "claimable": false(),
        "paused_manually": true(),
        "resume_at": null(),
        "pause_reason": PAUSED_BY_HAND,
    },
    "pending or running jobs can be paused",
)
RESUME: Final = Transition(
    jobs.c.status == JobStatus.PAUSED, {**_GOES_ON, "stop_window": null()}, "paused jobs can be resumed"
)
CANCEL: Final = Transition(
    _HAS_NOT_ENDED,
    {
        **_NOT_PAUSED,
        "status": case((jobs.c.in_flight > 0, JobStatus.CANCELLING), else_=JobStatus.CANCELLED),
        "finished_at": case((jobs.c.in_flight > 0, null()), else_=utcnow()),
        "claimable": false(),
    },
    "jobs that have not ended can be cancelled",
)

WAKE: Final = update(jobs).where(jobs.c.resume_at <= utcnow()).values(**_GOES_ON)
"""Paused jobs whose time has come go on."""


def pause_job(job_id: str, reason: str, seconds: float | None) -> Update:
    """Return the update that pauses a job for some seconds; None: until somebody resumes it."""
    return (
        update(jobs)
        .where(jobs.c.id == job_id, _IS_ACTIVE_JOB)
        .values(
            status=JobStatus.PAUSED,
            claimable=false(),
            pause_reason=reason[:500],
            resume_at=null() if seconds is None else utcnow(seconds),
            paused_manually=true() if seconds is None else false(),
        )
    )


def tell_reason(job_id: str, reason: str) -> Update:
    """Return the update by which a job that goes on says why a part of it waits."""
    return update(jobs).where(jobs.c.id == job_id, _IS_ACTIVE_JOB).values(pause_reason=reason[:500])


def fail_job(job_id: str, **values: Any) -> Update:
    """Return the update that ends a job because a chunk, or the job itself, broke."""
    failed = {"status": JobStatus.FAILED, "finished_at": utcnow(), "claimable": false()}
    return update(jobs).where(jobs.c.id == job_id, _HAS_NOT_ENDED).values(**_NOT_PAUSED, **failed, **values)


def hold_again(job_id: str, *, was_released: bool) -> ReturningUpdate[Any]:
    """Return the update of a job of which an open chunk is taken over; no row if the job has stopped meanwhile."""
    held = update(jobs).values(in_flight=jobs.c.in_flight + int(was_released), status=JobStatus.RUNNING)
    held = held.values(takeover_count=jobs.c.takeover_count + int(not was_released), pause_reason=null())
    return held.where(jobs.c.id == job_id, _IS_ACTIVE_JOB).returning(jobs.c.status)


# What comes before a new chunk

OPEN: Final = progress.join(jobs, jobs.c.id == progress.c.job_id)
_IS_OPEN: Final = progress.c.finished_at.is_(None)
_HAS_RUN_OUT: Final = progress.c.lease_expires_at <= utcnow()
_IS_ACTIVE: Final = jobs.c.status.in_([_literal(status) for status in ACTIVE])
_IS_CLOSED_AS_IS: Final = jobs.c.status.in_([_literal(status) for status in CLOSED_AS_IS])
_IS_UNHELD: Final = or_(progress.c.worker.is_(None), _HAS_RUN_OUT)
EXPIRED: Final = and_(_IS_OPEN, _HAS_RUN_OUT, _IS_ACTIVE)
"""Chunks to be taken over."""
LEFT_BEHIND: Final = and_(_IS_OPEN, _IS_UNHELD, _IS_CLOSED_AS_IS)
"""Chunks that jobs which have ended, or are about to, have left behind."""


def _is_due() -> ColumnElement[bool]:
    """Return whether a paused job's time has come, or a chunk is to be taken over or was left behind.

    Of the chunks that nobody holds, of which there are few, the job is looked up
    one by one: to plan a join would take longer than all the rest.
    """
    # The soonest, so that it is read off its index, and not searched for in the table.
    soonest = select(jobs.c.resume_at).where(jobs.c.resume_at.is_not(None)).order_by(jobs.c.resume_at).limit(_ONE)
    needs_care = (
        select(or_(_IS_CLOSED_AS_IS, and_(_HAS_RUN_OUT, _IS_ACTIVE)))
        .where(jobs.c.id == progress.c.job_id)
        .scalar_subquery()
    )
    unheld = exists(_ONE).where(_IS_OPEN, _IS_UNHELD, needs_care)
    return or_(func.coalesce(soonest.scalar_subquery() <= utcnow(), false()), unheld)


IS_DUE: Final = select(_is_due().label("is_due"))
"""One look for everything that comes before a new chunk; most claims find nothing of it."""


def take_over_chunk(
    job_id: str, position: int, worker: str, lease_seconds: float, *, was_lost: bool
) -> ReturningUpdate[Any]:
    """Return the update that leases an open chunk anew, and counts the worker that was lost over it, if any."""
    return (
        update(progress)
        .where(progress.c.job_id == job_id, progress.c.position == position)
        .values(
            attempt=progress.c.attempt + 1,
            crash_count=progress.c.crash_count + int(was_lost),
            worker=worker,
            lease_expires_at=utcnow(lease_seconds),
            due_at_once=false(),
        )
        .returning(progress.c.attempt, progress.c.crash_count, progress.c.outcomes, progress.c.write_count)
    )


def close_chunks_as_they_are(*of_chunks: ColumnElement[bool]) -> Update:
    """Return the update that closes open chunks with the outcomes that are stored."""
    closed = {"finished_at": utcnow(), "worker": null(), "lease_expires_at": null()}
    return update(progress).where(_IS_OPEN, *of_chunks).values(**closed)


def make_due(*of_jobs: ColumnElement[bool]) -> Update:
    """Return the update that lets the open chunks of some jobs be claimed at once, or when they are given back."""
    return _due_at_once(progress.c.job_id.in_(select(jobs.c.id).where(*of_jobs)))


def make_chunk_due(job_id: str, position: int) -> Update:
    """Return the update that lets one open chunk be claimed at once, or when it is given back."""
    return _due_at_once(progress.c.job_id == job_id, progress.c.position == position)


def _due_at_once(*of_chunks: ColumnElement[bool]) -> Update:
    # Who holds one may be about to let it wait for what has just changed.
    is_held = progress.c.worker.is_not(None)
    due = {"due_at_once": is_held, "lease_expires_at": case((is_held, progress.c.lease_expires_at), else_=utcnow())}
    return update(progress).where(*of_chunks, _IS_OPEN, progress.c.lease_expires_at > utcnow()).values(due)


# A new chunk

CHUNK_IDS: Final = select(chunks.c.entity_ids.cast(Text)).where(
    chunks.c.job_id == bindparam("the_job"), chunks.c.position == bindparam("the_position")
)
LEASE_CHUNK: Final = insert(progress).values(lease_expires_at=utcnow(SECONDS))
OPEN_CHUNK: Final = LEASE_CHUNK.returning(CHUNK_IDS.scalar_subquery())
_THE_END: Final = bindparam("the_end", type_=Integer)
TAKE_UP_TO: Final = (
    update(jobs)
    .where(jobs.c.id == bindparam("the_job"))
    .values(
        next_chunk=_THE_END,
        in_flight=jobs.c.in_flight + _THE_END - jobs.c.next_chunk,
        claimable=jobs.c.chunk_count > _THE_END,
        status=_literal(JobStatus.RUNNING),
    )
)
"""Takes a job's chunks up to `the_end`; its row is locked, and it is claimable."""


@cache
def claim_statements(by_job: bool, by_workspace: bool) -> tuple[Select[Any], ReturningUpdate[Any]]:
    """Return the query that finds any claimable job, and the update that takes the oldest one's next chunk."""
    claimable = _claimable(by_job, by_workspace)
    return claimable.limit(_ONE), _take(claimable).returning(*JOB_COLUMNS, jobs.c.next_chunk, jobs.c.chunk_size)


@cache
def is_there_work(by_job: bool, by_workspace: bool) -> Select[Any]:
    """Return the query for whether a claim would find anything to do."""
    return select(or_(_is_due(), exists(_claimable(by_job, by_workspace))))


@cache
def claim_at_once(by_job: bool, by_workspace: bool) -> Select[Any]:
    """Return a whole claim of a new chunk as one statement, for PostgreSQL.

    One row: whether something else `is_due` (then nothing was claimed), whether
    the queue `has_work`, and of the claimed chunk, if any, the columns that a
    lease is made of. All its parts see the database at the same instant, but
    for the job's row, for which it waits.
    """
    due = IS_DUE.cte("due")
    claimable = _claimable(by_job, by_workspace)
    columns = (*JOB_COLUMNS, (jobs.c.next_chunk - _ONE).label("position"), jobs.c.chunk_size)
    taken = _take(claimable.where(~select(due.c.is_due).scalar_subquery())).returning(*columns).cte("taken")
    size = func.least(taken.c.chunk_size, taken.c.total_count - taken.c.position * taken.c.chunk_size)
    outcomes = func.repeat(_literal(Outcome.UNTOUCHED), size)
    ids = select(chunks.c.entity_ids.cast(Text)).where(
        chunks.c.job_id == taken.c.id, chunks.c.position == taken.c.position
    )
    return (
        select(
            due.c.is_due,
            # Ordered, so that it is read off the claim's index, and not searched for in the table.
            _oldest(claimable).scalar_subquery().is_not(None).label("has_work"),
            *taken.c,
            outcomes.label("outcomes"),
            ids.scalar_subquery().label("stored_ids"),
        )
        .select_from(due.outerjoin(taken, true()))
        .add_cte(_open_taken(taken, outcomes))
    )


def _open_taken(taken: CTE, outcomes: ColumnElement[Any]) -> CTE:
    values = {
        "job_id": taken.c.id,
        "position": taken.c.position,
        "attempt": _ONE,
        "crash_count": _ZERO,
        "worker": bindparam("worker", type_=String),
        "lease_expires_at": utcnow(SECONDS),
        "outcomes": outcomes,
        "due_at_once": false(),
        "write_count": _ZERO,
    }
    rows = select(*values.values())
    return insert(progress).from_select(list(values), rows, include_defaults=False).cte("opened")


def _claimable(by_job: bool, by_workspace: bool) -> Select[Any]:
    claimable = select(jobs.c.id).where(jobs.c.claimable)
    if by_job:
        claimable = claimable.where(jobs.c.id == bindparam("the_job"))
    if by_workspace:
        claimable = claimable.where(jobs.c.workspace_slug == bindparam("the_workspace"))
    return claimable


def _take(claimable: Select[Any]) -> Update:
    """Return the update that takes the next chunk of the oldest of these jobs.

    It waits for the job's row: skipping locked rows would hand most claims to
    younger jobs. The row is found by a scalar subselect, since inside of IN (…)
    some plans would run it again for every row.
    """
    return (
        update(jobs)
        .where(jobs.c.id == _oldest(claimable).with_for_update(key_share=True).scalar_subquery())
        .values(
            next_chunk=jobs.c.next_chunk + _ONE,
            in_flight=jobs.c.in_flight + _ONE,
            claimable=jobs.c.next_chunk + _ONE < jobs.c.chunk_count,
            status=_literal(JobStatus.RUNNING),
            started_at=func.coalesce(jobs.c.started_at, utcnow()),
        )
    )


def _oldest(claimable: Select[Any]) -> Select[Any]:
    return claimable.order_by(*JOB_ORDER).limit(_ONE)


# A holder's writes

_OWNED: Final = (
    update(progress)
    .where(
        progress.c.job_id == bindparam("the_job"),
        progress.c.position == bindparam("the_position"),
        progress.c.attempt == bindparam("the_attempt"),
        # So that a write whose answer was lost is not made twice.
        progress.c.write_count == bindparam("the_count"),
        # So that a chunk is not given back twice: one that was released keeps its token until the next claim.
        progress.c.worker.is_not(None),
        _IS_OPEN,
        progress.c.lease_expires_at > utcnow(),
    )
    .values(write_count=progress.c.write_count + _ONE)
)
_JOB_STATUS: Final = select(jobs.c.status).where(jobs.c.id == progress.c.job_id).scalar_subquery()
_CLOSED: Final = _OWNED.values(finished_at=utcnow(), worker=null(), lease_expires_at=null())
CLOSE_DECIDED: Final = _CLOSED.values(outcomes=bindparam("the_outcomes"))
_KEPT: Final = _OWNED.values(outcomes=bindparam("the_outcomes"), lease_expires_at=utcnow(SECONDS))

CLOSE_AS_STORED: Final = _CLOSED.returning(progress.c.outcomes)
"""Closes a chunk that broke, with the outcomes of the last checkpoint."""
CLOSE: Final = CLOSE_DECIDED.returning(progress.c.outcomes)
"""Closes a chunk that is decided."""
RENEW: Final = _KEPT.values(crash_count=bindparam("the_crashes")).returning(_JOB_STATUS)
"""Keeps the lease and returns the job's status."""
GIVE_BACK: Final = (
    _OWNED.values(outcomes=bindparam("the_outcomes"), worker=null())
    .values(lease_expires_at=case((progress.c.due_at_once, utcnow()), else_=utcnow(SECONDS)))
    .returning(progress.c.due_at_once)
)
"""Ends the lease of a chunk that is not decided; it is due again after `seconds`, or at once: returns which."""


def _with_counts() -> Update:
    """Return the update of a job after chunks were closed or released.

    The order of the statuses matters: with `paused` before `complete`, a job
    paused on its last chunk would never end.
    """
    decided = jobs.c.processed_count + bindparam("more")
    in_flight = jobs.c.in_flight - bindparam("returned")
    is_complete = and_(
        decided == jobs.c.total_count, jobs.c.status.not_in([_literal(JobStatus.FAILED), _literal(JobStatus.CANCELLED)])
    )
    is_cancelled = and_(jobs.c.status == _literal(JobStatus.CANCELLING), in_flight == _ZERO)
    return update(jobs).values(
        status=case(
            (is_complete, _literal(JobStatus.COMPLETE)),
            (is_cancelled, _literal(JobStatus.CANCELLED)),
            (or_(_IS_CLOSED_AS_IS, jobs.c.status == _literal(JobStatus.PAUSED)), jobs.c.status),
            (in_flight == _ZERO, _literal(JobStatus.PENDING)),
            else_=_literal(JobStatus.RUNNING),
        ),
        in_flight=in_flight,
        processed_count=decided,
        success_count=jobs.c.success_count + bindparam("more_success"),
        error_count=jobs.c.error_count + bindparam("more_error"),
        skipped_count=jobs.c.skipped_count + bindparam("more_skipped"),
        held_count=jobs.c.held_count + bindparam("more_held"),
        finished_at=case((or_(is_complete, is_cancelled), utcnow()), else_=jobs.c.finished_at),
        resume_at=case((is_complete, null()), else_=jobs.c.resume_at),
        paused_manually=case((is_complete, false()), else_=jobs.c.paused_manually),
        pause_reason=case((is_complete, null()), else_=jobs.c.pause_reason),
    )


ADD_COUNTS: Final = _with_counts().where(jobs.c.id == bindparam("the_job")).returning(jobs.c.status)
"""Adds what chunks have decided to their job, and sets its status."""


def _finish_at_once() -> Select[Any]:
    closed = CLOSE_DECIDED.returning(progress.c.job_id).cte("closed")
    columns = (jobs.c.id, jobs.c.status, jobs.c.workspace_slug, jobs.c.pause_reason)
    ended = _with_counts().where(jobs.c.id == closed.c.job_id).returning(*columns).cte("ended")
    return select(ended.c.status).add_cte(ended_event(ended).cte("told"))


FINISH_AT_ONCE: Final = _finish_at_once()
"""`CLOSE` and `ADD_COUNTS`, with the event of the job's end, as one statement, for PostgreSQL.

No row if the lease is lost.
"""
