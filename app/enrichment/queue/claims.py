"""Who gets which chunk: claim, take over, wake, and close what ended jobs left behind."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, Text, bindparam, select

from app.db.session import WriteSession, repeats_conflicts, single_statement, transaction
from app.db.sql import engine_name
from app.enrichment.queue import closing, transitions
from app.enrichment.queue.claim_order import TAKEOVER_ORDER
from app.enrichment.queue.lease import JobInfo, Lease
from app.models.chunk import Outcome, chunks, progress
from app.models.job import jobs

_CLAIMED_SO_FAR: Final = (
    select(jobs.c.next_chunk, jobs.c.chunk_count, jobs.c.chunk_size)
    .where(jobs.c.id == bindparam("the_job"), jobs.c.claimable)
    .with_for_update(key_share=True)
)
_IDS_OF_CHUNKS: Final = (
    select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("stored_ids"))
    .where(
        chunks.c.job_id == bindparam("the_job"),
        chunks.c.position >= bindparam("the_first"),
        chunks.c.position < bindparam("the_end"),
    )
    .order_by(chunks.c.position)
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which jobs a claim may look at; None: any."""

    job_id: str | None = None
    workspace_slug: str | None = None

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        """Add the scope to a query that reads the jobs table."""
        if self.job_id is not None:
            statement = statement.where(jobs.c.id == self.job_id)
        if self.workspace_slug is not None:
            statement = statement.where(jobs.c.workspace_slug == self.workspace_slug)
        return statement


ANY_JOB = Scope()


@repeats_conflicts
def claim(worker: str, *, lease_seconds: float, scope: Scope = ANY_JOB) -> Lease | None:
    """Lease the next chunk: one whose lease ran out, else the next of the oldest job.

    Returns the lease with its fencing token, or None when nothing is due. Wakes
    paused jobs whose time has come and closes chunks that jobs which ended have
    left behind. Commits before returning.
    """
    if engine_name() == "postgresql":
        is_certain, lease = _claim_at_once(worker, lease_seconds, scope)
        if is_certain:
            return lease
    else:
        if not _is_there_work(scope):
            return None
        with transaction() as session:
            if not session.scalar(transitions.IS_DUE):
                return _claim_next(session, worker, lease_seconds, scope)
    wake_paused_jobs()
    closing.close_ended_jobs()
    with transaction() as session:
        return _take_over(session, worker, lease_seconds, scope) or _claim_next(session, worker, lease_seconds, scope)


@repeats_conflicts
def claim_of(job_id: str, worker: str, *, lease_seconds: float) -> Lease | None:
    """Lease the next chunk of one job and see to nothing else."""
    scope = Scope(job_id)
    with transaction() as session:
        return _take_over(session, worker, lease_seconds, scope) or _claim_next(session, worker, lease_seconds, scope)


@repeats_conflicts
def claim_more(first: Lease, worker: str, most: int) -> list[Lease]:
    """Lease the next chunks of the job that a worker has just claimed one of, at most `most`, in one transaction."""
    with transaction() as session:
        job = session.execute(_CLAIMED_SO_FAR, {"the_job": first.job.id}).one_or_none()
        if job is None:
            return []
        end = min(job.next_chunk + most, job.chunk_count)
        place = {"the_job": first.job.id, "the_first": job.next_chunk, "the_end": end}
        rows = session.execute(_IDS_OF_CHUNKS, place).all()
        if len(rows) < end - job.next_chunk:
            # One of them is missing, over which the claim of that one by itself fails the job.
            return []
        session.execute(transitions.TAKE_UP_TO, place)
        leases = [_next_lease(first, row, job.chunk_size) for row in rows]
        session.connection().execute(transitions.LEASE_CHUNK, [_new_row(lease, worker) for lease in leases])
    return leases


def _next_lease(first: Lease, row: Any, chunk_size: int) -> Lease:
    """Return the lease of a new chunk of the same job."""
    size = min(chunk_size, first.total - row.position * chunk_size)
    outcomes = list(Outcome.UNTOUCHED * size)
    return Lease(first.job, row.position, 1, 0, first.lease_seconds, first.total, outcomes, row.stored_ids)


def _new_row(lease: Lease, worker: str) -> dict[str, Any]:
    """Return the parameters of the statements that lease a new chunk."""
    return {
        "job_id": lease.job.id,
        "position": lease.position,
        "attempt": lease.fencing_token,
        "crash_count": lease.crash_count,
        "worker": worker,
        "outcomes": "".join(lease.outcomes),
        "seconds": lease.lease_seconds,
    }


@repeats_conflicts
def wake_paused_jobs() -> None:
    """Let paused jobs go on whose `resume_at` has passed."""
    with transaction() as session:
        session.execute(transitions.WAKE)


def _is_there_work(scope: Scope) -> bool:
    """Look for work without SQLite's write lock, which those who have some may hold."""
    look = transitions.is_there_work(scope.job_id is not None, scope.workspace_slug is not None)
    with single_statement() as connection:
        return bool(connection.scalar(look, {"the_job": scope.job_id, "the_workspace": scope.workspace_slug}))


def _claim_at_once(worker: str, lease_seconds: float, scope: Scope) -> tuple[bool, Lease | None]:
    """Take the next chunk that nobody has claimed in one statement; tell also whether that says all there is to say.

    It does not where something comes before a new chunk, or where the job whose
    row it waited for turned out to have no more chunks.
    """
    statement = transitions.claim_at_once(scope.job_id is not None, scope.workspace_slug is not None)
    place = {"the_job": scope.job_id, "the_workspace": scope.workspace_slug}
    with single_statement() as connection:
        row = connection.execute(statement, {**place, "worker": worker, "seconds": lease_seconds}).one()
    if row.id is None:
        return not (row.is_due or row.has_work), None
    return True, _lease(row, lease_seconds, row.stored_ids, row.position, row.outcomes, fencing_token=1, crash_count=0)


def _claim_next(session: WriteSession, worker: str, lease_seconds: float, scope: Scope) -> Lease | None:
    """Take the next chunk that nobody has claimed, of the oldest job."""
    values = {"the_job": scope.job_id, "the_workspace": scope.workspace_slug}
    any_claimable, take = transitions.claim_statements(scope.job_id is not None, scope.workspace_slug is not None)
    row = session.execute(take, values).one_or_none()
    while row is None:
        # PostgreSQL answers with no row where the one it waited for is no longer claimable.
        if session.scalar(any_claimable, values) is None:
            return None
        row = session.execute(take, values).one_or_none()
    position = row.next_chunk - 1
    size = min(row.chunk_size, row.total_count - position * row.chunk_size)
    lease = _lease(row, lease_seconds, None, position, Outcome.UNTOUCHED * size, fencing_token=1, crash_count=0)
    place = {"the_job": row.id, "the_position": position}
    lease.stored_ids = session.scalar(transitions.OPEN_CHUNK, {**_new_row(lease, worker), **place})
    return lease


def _take_over(session: WriteSession, worker: str, lease_seconds: float, scope: Scope) -> Lease | None:
    """Claim an open chunk again: its worker's lease ran out, or it was released and is due."""
    expired = (
        select(*transitions.JOB_COLUMNS, progress.c.position, progress.c.worker)
        .select_from(transitions.OPEN)
        .where(transitions.EXPIRED)
    )
    row = session.execute(
        scope.narrow(expired).order_by(*TAKEOVER_ORDER).limit(1).with_for_update(of=progress, skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    was_released = row.worker is None
    status = session.scalar(transitions.hold_again(row.id, was_released=was_released))
    if status is None:
        # Paused or ended since; whoever did that, or the next claim, sees to the chunk.
        return None
    take_over = transitions.take_over_chunk(row.id, row.position, worker, lease_seconds, was_lost=not was_released)
    taken = session.execute(take_over).one()
    stored_ids = session.scalar(transitions.CHUNK_IDS, {"the_job": row.id, "the_position": row.position})
    return _lease(
        row,
        lease_seconds,
        stored_ids,
        row.position,
        taken.outcomes,
        fencing_token=taken.attempt,
        crash_count=taken.crash_count,
        write_count=taken.write_count,
    )


def _lease(
    row: Any,
    lease_seconds: float,
    stored_ids: str | None,
    position: int,
    outcomes: str,
    *,
    fencing_token: int,
    crash_count: int,
    write_count: int = 0,
) -> Lease:
    return Lease(
        job=JobInfo(*(getattr(row, column.name) for column in transitions.JOB_INFO_COLUMNS)),
        write_count=write_count,
        position=position,
        fencing_token=fencing_token,
        crash_count=crash_count,
        lease_seconds=lease_seconds,
        total=row.total_count,
        outcomes=list(outcomes),
        stored_ids=stored_ids,
    )
