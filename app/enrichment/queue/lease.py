"""A chunk in a worker's hands: checkpoint, finish, release, fail.

A chunk is claimed in one short transaction (`claims`) and worked on outside of any. The number that the claim got is
the lease's fencing token: it stands in the WHERE of every later write, together with "not finished" and "lease not
run out". No row means that the lease is lost, and nothing of that write counts.

Locks are taken in one order everywhere, a chunk's progress row before its job's row, except for a new claim, whose
progress row nobody else can know yet. Every instant that a lease is judged by comes from the database's clock.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, literal, or_, select
from sqlalchemy.sql.dml import ReturningUpdate

from app.db.session import WriteSession, repeats_conflicts, single_statement, transaction
from app.db.sql import engine_name
from app.enrichment.queue import closing, commits, failures, transitions
from app.enrichment.queue.entity_ids import ChunkUnreadable, parse_ids
from app.enrichment.queue.transitions import CLOSED_AS_IS
from app.errors import LeaseLost
from app.models.chunk import DECIDED, ERASED_ID, Outcome, entity_errors, progress
from app.models.job import ACTIVE, JobStatus, jobs
from app.models.types import new_id, utcnow
from app.webhooks.events import EventType, announce_job

Store = Callable[[WriteSession], None]
"""What else belongs into the transaction that stores outcomes."""
StoreAll = Callable[[WriteSession, Sequence["Lease"]], None]
"""The same for several chunks, told of those that are still held."""

MAX_CRASHES = 10
"""Takeovers by crash after which a chunk is given up: what kills its workers is not one of its entities."""

CRASHES_BEFORE_CAUTION = 3
"""Takeovers by crash after which a chunk's entities run one at a time."""


class WorkersLost(RuntimeError):
    """The chunk has cost so many workers that it is given up."""


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
    api_key_id: str | None = field(default=None, compare=False)
    """The API key that made it."""
    stop_when: Mapping[str, Any] | None = field(default=None, compare=False)
    """When it stops itself, as `stop_rules.StopRule` stores it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an entity is decided as an error: a code for programs, a sentence for people."""

    code: str
    message: str
    provider: str = ""
    """Whose answer it was; empty: nobody's, or that of several."""


@dataclass(eq=False)
class Lease:
    """A chunk in this worker's hands: its entities, what is decided of them, and the right to write it.

    `outcomes` holds one `Outcome` for each of `entity_ids`. Changes stay in
    memory until `checkpoint`, `finish` or `release` stores them.
    """

    job: JobInfo
    position: int
    fencing_token: int
    """The number of the claim: who writes with an older one has lost the lease."""
    crash_count: int
    lease_seconds: float
    total: int
    outcomes: list[str]
    stored_ids: str | None = field(repr=False)
    """The chunk's entity ids as they stand in the database: a JSON array, if nothing has damaged it."""
    write_count: int = 0
    """How often a holder has written the chunk's row, as far as this one knows."""
    job_status: str = JobStatus.RUNNING
    is_stopped: bool = False
    """Whether the job was paused, cancelled or failed, as of the last checkpoint."""
    entity_ids: list[str] = field(default_factory=list)
    decided_count: int = 0
    """Entities decided since the claim."""
    is_closed: bool = False
    """Whether the chunk is out of this worker's hands: finished, given back, failed or lost."""
    retry_in_seconds: float = 0.0
    """When the undecided entities are worth another claim, if the chunk is released."""
    _failures: list[dict[str, Any]] = field(default_factory=list)
    _kept: tuple[list[str], int] = field(default=([], 0))
    """Outcomes and count as they stand in the database."""

    @property
    def undecided(self) -> list[int]:
        """Positions within the chunk that still need work."""
        return [index for index, outcome in enumerate(self.outcomes) if outcome not in DECIDED]

    @property
    def is_plain(self) -> bool:
        """Whether to close it takes nothing but its outcomes."""
        return not (self.is_closed or self._failures or self.undecided)

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
            kind = {"code": failure.code, "provider": failure.provider}
            self._failures.append({**row, **kind, "message": failure.message[:500]})

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

    def checkpoint(self, store: Store | None = None) -> None:
        """Store what is decided so far and renew the lease, as `checkpoint_all` does. Raises `LeaseLost`."""
        checkpoint_all([self], lambda session, _: store and store(session))

    def finish(self, store: Store | None = None) -> None:
        """Close the chunk and add its counts to the job, as `checkpoint_all` does. Raises `LeaseLost`."""
        if store is not None or self._failures or engine_name() != "postgresql":
            checkpoint_all([self], lambda session, _: store and store(session), ending=[self])
            return
        write = repeats_conflicts(self._finish_at_once)
        self.note_stored(write())
        self.is_closed = True

    def _finish_at_once(self) -> str:
        """Close the chunk and settle its job in one statement."""
        values = {
            **closing.counts(self.job.id, [self.outcomes], returned=1),
            "the_outcomes": "".join(self.outcomes),
            "event_id": new_id(),
        }
        with single_statement() as connection:
            status: str | None = connection.scalar(transitions.FINISH_AT_ONCE, {**self.token, **values})
        if status is None:
            raise LeaseLost
        return status

    @repeats_conflicts
    def release(
        self,
        *,
        pause_reason: str | None = None,
        pause_seconds: float | None = None,
        only_if_idle: bool = False,
        event: EventType = EventType.JOB_PAUSED,
    ) -> None:
        """Give the chunk back unfinished; what is decided stays. Raises `LeaseLost`.

        It may be claimed again after its `retry_in_seconds`. With a `pause_reason`
        the whole job is paused with it, for `pause_seconds`; None: until it is
        resumed by hand; `event` is what is told of that. With `only_if_idle`, a job that has other chunks to go
        on with only tells the reason. Where what it waits for may have changed
        since the claim, it is due at once, and nothing is paused.
        """
        # This worker lives, so no entity of it is under suspicion.
        self.outcomes = [Outcome.UNTOUCHED if mark == Outcome.INTENT else mark for mark in self.outcomes]
        with self._writing(transitions.GIVE_BACK, seconds=self.retry_in_seconds) as (session, is_due):
            if is_due:
                pause_reason = None
            if pause_reason is not None and only_if_idle and self._has_other_work(session):
                session.execute(transitions.tell_reason(self.job.id, pause_reason))
            elif pause_reason is not None:
                paused = session.connection().execute(transitions.pause_job(self.job.id, pause_reason, pause_seconds))
                if paused.rowcount:
                    announce_job(session, self.job.id, JobStatus.PAUSED, event)
            status = closing.add_counts(session, self.job.id, [], returned=1)
        self.note_stored(status)
        self.is_closed = True
        if status in CLOSED_AS_IS:
            closing.close_ended_jobs()

    def _has_other_work(self, session: WriteSession) -> bool:
        """Return whether the job has a chunk that nobody has claimed, or that is due before this one."""
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
            stored = self._own(session, transitions.CLOSE_AS_STORED)
            session.execute(transitions.fail_job(self.job.id))
            status = closing.add_counts(session, self.job.id, [stored], returned=1)
            announce_job(session, self.job.id, JobStatus.FAILED)
            failures.store_system_error(session, self.job.id, failure.code, failure.message)
        self.note_stored(status)
        self.is_closed = True

    @property
    def mark(self) -> commits.Mark:
        """Its chunk's row as it stands before the next write."""
        return commits.Mark(self.job.id, self.position, self.fencing_token, self.write_count)

    def renew(self, session: WriteSession) -> str:
        """Store the outcomes and renew the lease, in the caller's transaction; return the job's status.

        Raises `LeaseLost`.
        """
        # A chunk that gets on is not given up, however many workers it costs.
        crashes = min(self.crash_count, CRASHES_BEFORE_CAUTION) if self.decided_count else self.crash_count
        values = {"seconds": self.lease_seconds, "the_crashes": crashes}
        return str(self._own(session, transitions.RENEW, the_outcomes="".join(self.outcomes), **values))

    def close(self, session: WriteSession) -> str:
        """Store the outcomes and close the chunk, in the caller's transaction. Raises `LeaseLost`.

        Its job's status is not known before its counts are added.
        """
        self._own(session, transitions.CLOSE, the_outcomes="".join(self.outcomes))
        return self.job_status

    def insert_failures(self, session: WriteSession) -> list[dict[str, Any]]:
        """Store the errors, but for entities that were erased since the claim; return what was stored.

        The chunk's row is held until the commit, and an erasure begins with it:
        whichever comes second sees the other.
        """
        if not self._failures:
            return []
        place = {"the_job": self.job.id, "the_position": self.position}
        present = session.scalar(transitions.CHUNK_IDS.with_for_update(read=True), place) or ""
        rows = [row for row in self._failures if f'"{row["entity_id"]}"' in present]
        if rows:
            session.execute(insert(entity_errors), rows)
        return rows

    @contextmanager
    def _writing(self, statement: ReturningUpdate[Any], **values: Any) -> Iterator[tuple[WriteSession, Any]]:
        """Write outcomes and errors if the chunk is still this lease's, in a transaction that others add to.

        Gives the session, and what the statement returns. The errors are counted last: the job's other workers may
        count the same kinds.
        """
        with transaction() as session:
            returned = self._own(session, statement, the_outcomes="".join(self.outcomes), **values)
            stored = self.insert_failures(session)
            yield session, returned
            failures.add_counts(session, stored)

    def _own(self, session: WriteSession, statement: ReturningUpdate[Any], **values: Any) -> Any:
        """Write to the chunk's progress row if it is still this lease's; return what the statement does."""
        returned = session.connection().scalar(statement, {**self.token, **values})
        if returned is None:
            raise LeaseLost
        return returned

    @property
    def token(self) -> dict[str, Any]:
        """What has to be so of the chunk's row for this lease to write to it."""
        place = {"the_job": self.job.id, "the_position": self.position}
        return {**place, "the_attempt": self.fencing_token, "the_count": self.write_count}

    def note_stored(self, status: str) -> None:
        """Note that a write of this lease is stored, and the job's status as of then."""
        self._failures = []
        self.write_count += 1
        self._keep()
        self.job_status = status
        self.is_stopped = status not in ACTIVE

    def _keep(self) -> None:
        self._kept = (list(self.outcomes), self.decided_count)


def checkpoint_all(
    leases: Iterable[Lease],
    store: StoreAll | None = None,
    *,
    ending: Collection[Lease] = (),
    insist: bool = False,
) -> list[Lease]:
    """Store what is decided of chunks of one job, in one transaction with what `store` writes.

    The leases are renewed; chunks in `ending` are closed, and counted. `store(session, held)` runs after the tokens
    were checked, so that of a lease that is lost nothing is written. Returns the leases that are still held; raises
    `LeaseLost` if there are none. With `insist`, a database that is away for a moment is tried again while the leases
    last, and `store` may run more than once: answers that were paid for are not given up lightly.
    """
    in_order = sorted(leases, key=lambda lease: lease.position)
    job_id, held = in_order[0].job.id, in_order

    def write() -> str:
        nonlocal held
        with transaction() as session:
            statuses = _keep(session, in_order, ending)
            errors = [row for lease in statuses for row in lease.insert_failures(session)]
            if store is not None:
                store(session, list(statuses))
            status = next(iter(statuses.values()))
            ended = [lease.outcomes for lease in statuses if lease in ending]
            if ended:
                status = closing.add_counts(session, job_id, ended, returned=len(ended))
            # Last: the job's other workers may count the same kinds.
            failures.add_counts(session, errors)
            held = list(statuses)
        return status

    marks = [lease.mark for lease in in_order]
    status = commits.commit(write, marks, give_up_after=in_order[0].lease_seconds / 2, insist=insist)
    for lease in held:
        lease.note_stored(status)
        lease.is_closed = lease in ending
    return held


def _keep(session: WriteSession, leases: Iterable[Lease], ending: Collection[Lease]) -> dict[Lease, str]:
    """Renew leases, or close their chunks; return those that are still held, with the job's status before that.

    Raises `LeaseLost` if there are none.
    """
    statuses: dict[Lease, str] = {}
    for lease in leases:
        with suppress(LeaseLost):
            statuses[lease] = lease.close(session) if lease in ending else lease.renew(session)
    if not statuses:
        raise LeaseLost
    return statuses
