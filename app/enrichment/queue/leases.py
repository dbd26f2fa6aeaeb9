"""Who owns a chunk: claim, checkpoint, finish, release, fail. The only module that writes leases.

A chunk is claimed in one short transaction and worked on outside of any. The
`attempt` number that the claim got is its fencing token: it stands in the
WHERE of every later write, together with "not finished" and "lease not run
out". No row means that the lease is lost, and nothing of that write counts.

Locks are taken in one order everywhere, a chunk's progress row before its
job's row, except for a new claim, whose progress row nobody else can know yet.
Every instant that a lease is judged by comes from the database's clock.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, insert, literal, null, or_, select, true, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import ReturningUpdate

from app.db.failures import is_unavailable
from app.db.session import WriteSession, end_read, engine_name, repeats_conflicts, single_statement, transaction
from app.enrichment.queue import transitions as statements
from app.enrichment.queue.transitions import CLOSED_AS_IS, RESUMED
from app.errors import LeaseLost
from app.extensions import db
from app.models.chunk import DECIDED, ERASED_ID, Outcome, entity_errors, progress
from app.models.job import ACTIVE, JobStatus, jobs
from app.models.types import utcnow
from app.values.identifiers import invalid_entity_ids

Store = Callable[[WriteSession], None]
"""What else belongs into the transaction that stores outcomes."""

MAX_CRASHES = 10
"""Takeovers by crash after which a chunk is given up: what kills its workers is not one of its entities."""

CRASHES_BEFORE_CAUTION = 3
"""Takeovers by crash after which a chunk's entities run one at a time."""


class WorkersLost(RuntimeError):
    """The chunk has cost so many workers that it is given up."""


class ChunkUnreadable(ValueError):
    """The chunk's stored entity ids are not the list that was enqueued."""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What the work on an entity may know of its job."""

    id: str
    entity_type: str
    provider: str
    workspace_slug: str
    options: Mapping[str, Any] | None = None
    cap_micros: int | None = None
    parent_job_id: str | None = field(default=None, compare=False)
    """The job that this one retries."""
    created_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an entity is decided as an error: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass
class Lease:
    """A chunk in this worker's hands: its entities, what is decided of them, and the right to write it.

    `outcomes` holds one `Outcome` for each of `entity_ids`. Changes stay in
    memory until `checkpoint`, `finish` or `release` stores them.
    """

    job: JobInfo
    position: int
    attempt: int
    crash_count: int
    lease_seconds: float
    total: int
    outcomes: list[str]
    stored_ids: str | None = field(repr=False)
    """The chunk's entity ids as they stand in the database: a JSON array, if nothing has damaged it."""
    write_count: int = 0
    """How often a holder has written the chunk's row, as far as this one knows."""
    job_status: str = JobStatus.RUNNING
    entity_ids: list[str] = field(default_factory=list)
    decided_count: int = 0
    """Entities decided since the claim."""
    is_closed: bool = False
    retry_in_seconds: float = 0.0
    """When the undecided entities are worth another claim, where the chunk is released."""
    _failures: list[dict[str, Any]] = field(default_factory=list)
    _kept: tuple[list[str], int] = field(default=([], 0))
    """Outcomes and count as they stand in the database."""

    @property
    def undecided(self) -> list[int]:
        """Positions within the chunk that still need work."""
        return [index for index, outcome in enumerate(self.outcomes) if outcome not in DECIDED]

    @property
    def is_stopped(self) -> bool:
        """Whether the job was paused, cancelled or failed, as of the last checkpoint."""
        return self.job_status not in ACTIVE

    @property
    def needs_caution(self) -> bool:
        """Whether this chunk has cost so many workers that its entities should run one at a time."""
        return self.crash_count >= CRASHES_BEFORE_CAUTION

    def decide(self, index: int, outcome: Outcome, failure: Failure | None = None) -> None:
        """Note what became of one entity; an error comes with its failure."""
        self.outcomes[index] = outcome
        self.decided_count += outcome in DECIDED
        if failure is not None:
            row = {"job_id": self.job.id, "entity_id": self.entity_ids[index]}
            self._failures.append({**row, "code": failure.code, "message": failure.message[:500]})

    def forget_unstored(self) -> None:
        """Take back what was decided since the last checkpoint."""
        self.outcomes, self.decided_count = list(self._kept[0]), self._kept[1]
        self._failures = []

    def read_entity_ids(self) -> None:
        """Take in which entities the chunk has; those erased since are skipped.

        Raises `ChunkUnreadable` where the stored list is damaged.
        """
        ids = parse_ids(self.stored_ids, self.position)
        if len(ids) != len(self.outcomes):
            raise ChunkUnreadable(f"chunk {self.position}: expected {len(self.outcomes)} entity ids, found {len(ids)}")
        if not set(self.outcomes) <= set(Outcome):
            raise ChunkUnreadable(f"chunk {self.position}: stored outcomes are not known")
        self.outcomes = [Outcome(character) for character in self.outcomes]
        self.entity_ids = ids
        self._keep()
        for index in self.undecided:
            if ids[index] == ERASED_ID:
                self.decide(index, Outcome.SKIPPED)

    def checkpoint(self, store: Store | None = None, *, insist: bool = False) -> None:
        """Store what is decided so far and renew the lease, in one transaction with what `store` writes.

        `store` runs after the token was checked, so a worker that lost its lease
        writes nothing. With `insist`, a database that is away for a moment is
        tried again while the lease lasts, and `store` may run more than once:
        answers that were paid for are not given up lightly. Raises `LeaseLost`.
        """

        def write() -> str:
            # A chunk that gets on is not given up, however many workers it costs.
            crashes = min(self.crash_count, CRASHES_BEFORE_CAUTION) if self.decided_count else self.crash_count
            with transaction() as session:
                status = self._write(session, statements.RENEW, seconds=self.lease_seconds, the_crashes=crashes)
                if store is not None:
                    store(session)
            return status

        self._stored(self._commit(write, insist=insist))

    def finish(self, store: Store | None = None, *, insist: bool = False) -> None:
        """Close the chunk and add its counts to the job, in one transaction with what `store` writes.

        `insist` as with `checkpoint`. Raises `LeaseLost`.
        """

        def write() -> str:
            with transaction() as session:
                self._write(session, statements.CLOSE)
                if store is not None:
                    store(session)
                return _settle_job(session, self.job.id, [self.outcomes], returned=1)

        is_alone = store is None and not self._failures and engine_name() == "postgresql"
        self._stored(self._commit(self._finish_at_once if is_alone else write, insist=insist))
        self.is_closed = True

    def _finish_at_once(self) -> str:
        """Close the chunk and settle its job in one statement."""
        values = {**_settlement(self.job.id, [self.outcomes], returned=1), "the_outcomes": "".join(self.outcomes)}
        with single_statement() as connection:
            status: str | None = connection.scalar(statements.FINISH_AT_ONCE, {**self._token, **values})
        if status is None:
            raise LeaseLost
        return status

    @repeats_conflicts
    def release(
        self, *, pause_reason: str | None = None, pause_seconds: float | None = None, only_if_idle: bool = False
    ) -> None:
        """Give the chunk back unfinished; what is decided stays. Raises `LeaseLost`.

        It may be claimed again after its `retry_in_seconds`. With a `pause_reason`
        the whole job is paused with it, for `pause_seconds`; None: until it is
        resumed by hand. With `only_if_idle`, a job that has other chunks to go
        on with only tells the reason.
        """
        # This worker lives, so no entity of it is under suspicion.
        self.outcomes = [Outcome.UNTOUCHED if mark == Outcome.INTENT else mark for mark in self.outcomes]
        with transaction() as session:
            self._write(session, statements.GIVE_BACK, seconds=self.retry_in_seconds)
            if pause_reason is not None and only_if_idle and self._has_other_work(session):
                _tell(session, self.job.id, pause_reason)
            elif pause_reason is not None:
                _pause(session, self.job.id, pause_reason, pause_seconds)
            status = _settle_job(session, self.job.id, [], returned=1)
        self._stored(status)
        if status in CLOSED_AS_IS:
            close_ended_jobs()

    def _has_other_work(self, session: WriteSession) -> bool:
        """Tell whether the job has a chunk that nobody has claimed, or that is due before this one."""
        other = select(literal(1)).where(
            progress.c.job_id == self.job.id,
            progress.c.position != self.position,
            progress.c.finished_at.is_(None),
            or_(progress.c.worker.is_not(None), progress.c.lease_expires_at <= utcnow(self.retry_in_seconds)),
        )
        unclaimed = select(literal(1)).where(jobs.c.id == self.job.id, jobs.c.claimable)
        return session.scalar(other.union_all(unclaimed).limit(1)) is not None

    @repeats_conflicts
    def fail(self, failure: Failure) -> None:
        """End the job because this chunk broke as a whole; one error with the entity id `system` says why.

        What earlier checkpoints stored is counted, what came after is lost.
        Raises `LeaseLost`.
        """
        self._failures = []
        with transaction() as session:
            stored = self._own(session, statements.CLOSE_AS_STORED)
            session.execute(
                update(jobs)
                .where(jobs.c.id == self.job.id, jobs.c.status.in_([*ACTIVE, JobStatus.PAUSED]))
                .values(status=JobStatus.FAILED, finished_at=utcnow(), **statements.NOT_CLAIMABLE)
            )
            status = _settle_job(session, self.job.id, [stored], returned=1)
            error = {"job_id": self.job.id, "entity_id": "system", "code": failure.code, "message": failure.message}
            session.execute(insert(entity_errors).values(error))
        self._stored(status)

    def _commit(self, write: Callable[[], str], *, insist: bool) -> str:
        """Run a write and return its status; with `insist`, until it is known to be stored or the lease has run out."""
        give_up_at = time.monotonic() + self.lease_seconds / 2
        write = repeats_conflicts(write)
        is_repeat = False
        while True:
            try:
                return write()
            except LeaseLost:
                # The first write may have been stored while this one waited.
                if not is_repeat:
                    raise
                status = self._stored_status(give_up_at)
                if status is None:
                    raise
                return status
            except SQLAlchemyError as exc:
                if not (insist and is_unavailable(exc)) or time.monotonic() > give_up_at:
                    raise
            is_repeat = True
            status = self._stored_status(give_up_at)
            if status is not None:
                return status

    def _stored_status(self, give_up_at: float) -> str | None:
        """Return the job's status if the last write took place though the answer to its commit was lost."""
        stored = self._look_up(give_up_at)
        is_mine = stored.attempt == self.attempt and stored.write_count > self.write_count
        return str(stored.status) if is_mine else None

    def _look_up(self, give_up_at: float) -> Any:
        """Return the chunk's row, to tell whether a write took place though the answer to its commit was lost.

        Looks until there is an answer: to write again without one could be to write twice.
        """
        query = (
            select(progress.c.attempt, progress.c.write_count, jobs.c.status)
            .join(jobs, jobs.c.id == progress.c.job_id)
            .where(progress.c.job_id == self.job.id, progress.c.position == self.position)
        )
        while True:
            time.sleep(random.uniform(0.05, 0.2))
            try:
                db.session.rollback()
                row = db.session.execute(query).one()
                end_read()
                return row
            except SQLAlchemyError as exc:
                if not is_unavailable(exc) or time.monotonic() > give_up_at:
                    raise

    def _write(self, session: WriteSession, statement: ReturningUpdate[Any], **values: Any) -> str:
        """Write outcomes and errors if the chunk is still this lease's; return what the statement does."""
        returned = self._own(session, statement, the_outcomes="".join(self.outcomes), **values)
        if self._failures:
            self._insert_failures(session)
        return returned

    def _insert_failures(self, session: WriteSession) -> None:
        """Store the errors, but for entities that were erased since the claim.

        The chunk's row is held until the commit, and an erasure begins with it:
        whichever comes second sees the other.
        """
        place = {"the_job": self.job.id, "the_position": self.position}
        present = session.scalar(statements.CHUNK_IDS.with_for_update(read=True), place) or ""
        rows = [row for row in self._failures if f'"{row["entity_id"]}"' in present]
        if rows:
            session.execute(insert(entity_errors), rows)

    def _own(self, session: WriteSession, statement: ReturningUpdate[Any], **values: Any) -> str:
        """Write to the chunk's progress row if it is still this lease's; return what the statement does."""
        returned: str | None = session.scalar(statement, {**self._token, **values})
        if returned is None:
            raise LeaseLost
        return returned

    @property
    def _token(self) -> dict[str, Any]:
        """What has to be so of the chunk's row for this lease to write to it."""
        place = {"the_job": self.job.id, "the_position": self.position}
        return {**place, "the_attempt": self.attempt, "the_count": self.write_count}

    def _stored(self, status: str) -> None:
        self._failures = []
        self.write_count += 1
        self._keep()
        self.job_status = status

    def _keep(self) -> None:
        self._kept = (list(self.outcomes), self.decided_count)


def parse_ids(stored_ids: str | None, position: int) -> list[str]:
    """Return a chunk's entity ids. Raises `ChunkUnreadable` where the stored text is damaged."""
    try:
        ids = json.loads(stored_ids or "")
    except ValueError as exc:
        raise ChunkUnreadable(f"chunk {position}: stored entity ids are not JSON") from exc
    if not isinstance(ids, list) or invalid_entity_ids([one for one in ids if one != ERASED_ID]):
        raise ChunkUnreadable(f"chunk {position}: expected a list of entity ids")
    return ids


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
        with transaction() as session:
            if not session.scalar(statements.IS_DUE):
                return _claim_next(session, worker, lease_seconds, scope)
    wake_paused_jobs()
    close_ended_jobs()
    with transaction() as session:
        return _take_over(session, worker, lease_seconds, scope) or _claim_next(session, worker, lease_seconds, scope)


@repeats_conflicts
def claim_of(job_id: str, worker: str, *, lease_seconds: float) -> Lease | None:
    """Lease the next chunk of one job and see to nothing else."""
    scope = Scope(job_id)
    with transaction() as session:
        return _take_over(session, worker, lease_seconds, scope) or _claim_next(session, worker, lease_seconds, scope)


def make_due(session: WriteSession, *of_jobs: ColumnElement[bool]) -> None:
    """Let the chunks that nobody holds of some jobs be claimed at once, whatever they were to wait for."""
    session.execute(
        update(progress)
        .where(
            progress.c.job_id.in_(select(jobs.c.id).where(*of_jobs)),
            progress.c.finished_at.is_(None),
            progress.c.worker.is_(None),
            progress.c.lease_expires_at > utcnow(),
        )
        .values(lease_expires_at=utcnow())
    )


@repeats_conflicts
def wake_paused_jobs() -> None:
    """Make jobs claimable again whose `resume_at` has passed."""
    with transaction() as session:
        session.execute(update(jobs).where(jobs.c.resume_at <= utcnow()).values(RESUMED))


@repeats_conflicts
def close_ended_jobs() -> None:
    """Close the chunks that nobody holds of jobs that were cancelled or failed, one job at a time."""
    while True:
        with transaction() as session:
            job_id = session.scalar(
                select(progress.c.job_id).select_from(statements.OPEN).where(statements.LEFT_BEHIND).limit(1)
            )
            if job_id is None or not close_unheld_chunks(session, job_id):
                return


def close_unheld_chunks(session: WriteSession, job_id: str) -> int:
    """Close a job's open chunks that have no live lease as they are; return how many.

    Those that another worker has locked are left to it.
    """
    rows = session.execute(
        select(progress.c.position, progress.c.outcomes, progress.c.worker)
        .where(
            progress.c.job_id == job_id,
            progress.c.finished_at.is_(None),
            or_(progress.c.worker.is_(None), progress.c.lease_expires_at <= utcnow()),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        session.execute(
            update(progress)
            .where(progress.c.job_id == job_id, progress.c.position == row.position)
            .values(finished_at=utcnow(), worker=null(), lease_expires_at=null())
        )
    if rows:
        _settle_job(
            session, job_id, [row.outcomes for row in rows], returned=sum(row.worker is not None for row in rows)
        )
    return len(rows)


def _claim_at_once(worker: str, lease_seconds: float, scope: Scope) -> tuple[bool, Lease | None]:
    """Take the next chunk that nobody has claimed in one statement; tell also whether that says all there is to say.

    It does not where something comes before a new chunk, or where the job whose
    row it waited for turned out to have no more chunks.
    """
    statement = statements.claim_at_once(scope.job_id is not None, scope.workspace_slug is not None)
    place = {"the_job": scope.job_id, "the_workspace": scope.workspace_slug}
    with single_statement() as connection:
        row = connection.execute(statement, {**place, "worker": worker, "seconds": lease_seconds}).one()
    if row.id is None:
        return not (row.is_due or row.has_work), None
    return True, _lease(row, lease_seconds, row.stored_ids, row.position, row.outcomes, attempt=1, crash_count=0)


def _claim_next(session: WriteSession, worker: str, lease_seconds: float, scope: Scope) -> Lease | None:
    """Take the next chunk that nobody has claimed, of the oldest job."""
    values = {"the_job": scope.job_id, "the_workspace": scope.workspace_slug}
    any_claimable, take = statements.claim_statements(scope.job_id is not None, scope.workspace_slug is not None)
    row = session.execute(take, values).one_or_none()
    while row is None:
        # PostgreSQL answers with no row where the one it waited for is no longer claimable.
        if session.scalar(any_claimable, values) is None:
            return None
        row = session.execute(take, values).one_or_none()
    position = row.next_chunk - 1
    size = min(row.chunk_size, row.total_count - position * row.chunk_size)
    outcomes = Outcome.UNTOUCHED * size
    stored_ids = session.scalar(
        statements.OPEN_CHUNK,
        {
            "job_id": row.id,
            "position": position,
            "attempt": 1,
            "crash_count": 0,
            "worker": worker,
            "outcomes": outcomes,
            "seconds": lease_seconds,
            "the_job": row.id,
            "the_position": position,
        },
    )
    return _lease(row, lease_seconds, stored_ids, position, outcomes, attempt=1, crash_count=0)


def _take_over(session: WriteSession, worker: str, lease_seconds: float, scope: Scope) -> Lease | None:
    """Claim an open chunk again: its worker's lease ran out, or it was released and is due.

    Those of lost workers come first: others may wait for what they had asked or reserved.
    """
    expired = (
        select(*statements.JOB_COLUMNS, progress.c.position, progress.c.worker)
        .select_from(statements.OPEN)
        .where(statements.EXPIRED)
    )
    row = session.execute(
        scope.narrow(expired)
        .order_by(
            progress.c.worker.is_(None), jobs.c.priority.desc(), jobs.c.created_at, jobs.c.id, progress.c.position
        )
        .limit(1)
        .with_for_update(of=progress, skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    was_released = row.worker is None
    status = session.scalar(
        update(jobs)
        .where(jobs.c.id == row.id, jobs.c.status.in_(ACTIVE))
        .values(in_flight=jobs.c.in_flight + int(was_released), status=JobStatus.RUNNING, pause_reason=null())
        .returning(jobs.c.status)
    )
    if status is None:
        # Paused or ended since; whoever did that, or the next claim, sees to the chunk.
        return None
    taken = session.execute(
        update(progress)
        .where(progress.c.job_id == row.id, progress.c.position == row.position)
        .values(
            attempt=progress.c.attempt + 1,
            crash_count=progress.c.crash_count + int(not was_released),
            worker=worker,
            lease_expires_at=utcnow(lease_seconds),
        )
        .returning(progress.c.attempt, progress.c.crash_count, progress.c.outcomes, progress.c.write_count)
    ).one()
    stored_ids = session.scalar(statements.CHUNK_IDS, {"the_job": row.id, "the_position": row.position})
    return _lease(row, lease_seconds, stored_ids, position=row.position, **taken._asdict())


def _lease(
    row: Any,
    lease_seconds: float,
    stored_ids: str | None,
    position: int,
    outcomes: str,
    *,
    attempt: int,
    crash_count: int,
    write_count: int = 0,
) -> Lease:
    return Lease(
        job=JobInfo(*(getattr(row, column.name) for column in statements.JOB_INFO_COLUMNS)),
        write_count=write_count,
        position=position,
        attempt=attempt,
        crash_count=crash_count,
        lease_seconds=lease_seconds,
        total=row.total_count,
        outcomes=list(outcomes),
        stored_ids=stored_ids,
    )


def _settle_job(session: WriteSession, job_id: str, closed: list[Iterable[str]], *, returned: int) -> str:
    """Add closed chunks' counts to their job and set its status; return the status.

    `returned` is how many leases ended.
    """
    status: str = session.scalars(statements.SETTLE, _settlement(job_id, closed, returned=returned)).one()
    return status


def _settlement(job_id: str, closed: list[Iterable[str]], *, returned: int) -> dict[str, Any]:
    outcomes = "".join(outcome for chunk in closed for outcome in chunk)
    counts = {f"more_{outcome.name.lower()}": outcomes.count(outcome) for outcome in DECIDED}
    return {"the_job": job_id, "returned": returned, "more": sum(counts.values()), **counts}


def _pause(session: WriteSession, job_id: str, reason: str, seconds: float | None) -> None:
    session.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.status.in_(ACTIVE))
        .values(
            status=JobStatus.PAUSED,
            claimable=false(),
            pause_reason=reason[:500],
            resume_at=null() if seconds is None else utcnow(seconds),
            paused_manually=true() if seconds is None else false(),
        )
    )


def _tell(session: WriteSession, job_id: str, reason: str) -> None:
    """Let a job that goes on say why a part of it waits."""
    goes_on = jobs.c.status.in_(ACTIVE)
    session.execute(update(jobs).where(jobs.c.id == job_id, goes_on).values(pause_reason=reason[:500]))
