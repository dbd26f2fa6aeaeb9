"""The chunks in one worker's hands: taken, worked on, and given back in one way or another."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from flask import current_app

from app.config import config
from app.db.failures import is_missing_table, is_unavailable
from app.db.session import repeats_conflicts, transaction
from app.db.sql import upsert
from app.enrichment.queue import claims, poison
from app.enrichment.queue.claims import Scope
from app.enrichment.queue.lease import MAX_CRASHES, Failure, Lease, WorkersLost
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.transitions import CLOSED_AS_IS
from app.error_reports import report
from app.errors import LeaseLost, describe_bug
from app.instruments import CLAIM_TIME
from app.logs import trace
from app.models.heartbeat import heartbeats
from app.models.job import ACTIVE, JobStatus
from app.tracing import span
from app.webhooks.events import EventType

log = structlog.get_logger(__name__)

MAX_IDLE_CHUNKS: Final = 10
"""Chunks in a row that decide nothing after which a drain ends: callbacks that block would hold it for ever."""
HEARTBEAT_SECONDS: Final = 5.0
"""How often at most one process writes down that it looked for work."""


class JobMustWait(Exception):
    """The job cannot go on for now: it is paused with this reason, for `seconds`; None: until somebody resumes it."""

    event = EventType.JOB_PAUSED
    """What is told of it."""

    def __init__(self, reason: str, seconds: float | None, *, only_if_idle: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.only_if_idle = only_if_idle
        """Whether other chunks of the job can go on, so that it is paused only if there are none."""


class CapReached(JobMustWait):
    """A cap is reached, under which the job's calls fall."""

    event = EventType.JOB_CAP_REACHED


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of one chunk: `processed` entities decided by this worker, of the job's `total`."""

    job_id: str
    processed: int
    total: int
    done: bool
    status: str


@dataclass
class ChunksInHand:
    """Takes chunks for a `Work`, and gives each back as what became of it demands.

    Times are in seconds.
    """

    scope: Scope
    overall: Budget
    """For all chunks together."""
    chunk_seconds: float
    """The most for one chunk."""
    least_seconds: float
    """The least in which a chunk can get on."""
    between_chunks: Callable[[], None]
    """Called every few seconds, before a claim."""
    go_on_beside: Callable[[], bool] | None = None
    """Called then too by a drain, and again and again if nothing is due, as long as there is work that is no job's."""
    most: int | None = None
    """How many chunks may be taken; None: any number."""
    on_chunk: Callable[[ChunkResult], None] | None = None
    taken: int = 0
    closed: int = 0
    decided: int = 0
    """Entities, in all chunks together."""
    beside: int = 0
    """Batches of work that is no job's."""
    last: ChunkResult | None = None
    is_out_of_time: bool = False
    """Whether no more is taken because no chunk could get on in the time that is left."""
    _leases: list[Lease] = field(default_factory=list)
    _idle: int = 0
    """How many chunks in a row have decided nothing."""
    _is_over: bool = False

    @property
    def has_time(self) -> bool:
        """Whether a further chunk can get on."""
        return self.overall.seconds_left >= self.least_seconds

    def take(self) -> Lease | None:
        """Claim the next chunk and read its entities; None if nothing is due, or nothing more may be taken.

        Raises what makes the chunk unusable, after it has failed its job.
        """
        if self._is_over or self.taken == self.most or (self.taken and self.overall.is_used_up):
            return None
        self._look_after()
        lease = self._claim()
        while lease is None and self._has_gone_on_beside():
            lease = self._claim()
        if lease is None:
            return None
        self._add(lease)
        with self.guarding(lease):
            if lease.crash_count > MAX_CRASHES:
                raise WorkersLost(f"chunk {lease.position} has cost {lease.crash_count} workers")
            lease.read_entity_ids()
        return lease

    def take_more(self, first: Lease, most: int) -> list[Lease]:
        """Claim further chunks of the job of one that was just taken; their entities are not read yet."""
        most = most if self.most is None else min(most, self.most - self.taken)
        # A chunk that has cost a worker is worked on alone.
        if most <= 0 or first.is_closed or first.crash_count or self.overall.is_used_up:
            return []
        leases = claims.claim_more(first, _worker_name(), most)
        for lease in leases:
            self._add(lease)
        return leases

    def _add(self, lease: Lease) -> None:
        log.debug("chunk claimed", job_id=lease.job.id, position=lease.position, attempt=lease.fencing_token)
        self.taken += 1
        self._leases.append(lease)

    def new_budget(self) -> Budget:
        """Start the clock of one chunk."""
        whole = min(self.overall.seconds, self.chunk_seconds)
        return Budget.start(min(self.overall.seconds_left, self.chunk_seconds), whole)

    @contextmanager
    def guarding(self, lease: Lease) -> Iterator[None]:
        """Work on a chunk. Whatever that raises, the chunk is given back as it demands, if it is still this worker's.

        Raises what breaks the chunk, after it has failed the job; and that the database is away, which is not the
        job's fault and fails nothing.
        """
        place = {"job_id": lease.job.id, "position": lease.position, "attempt": lease.fencing_token}
        with structlog.contextvars.bound_contextvars(**place):
            try:
                yield
            except JobMustWait as exc:
                log.warning("job paused", reason=str(exc))
                self._pause(lease, exc)
            except LeaseLost:
                _lose(lease)
            except Exception as exc:
                self._leases.remove(lease)
                if not is_unavailable(exc):
                    _fail(lease, exc)
                raise

    def close(self, lease: Lease) -> None:
        """Close a chunk that is decided, or give it back, unless that has happened; and count it."""
        with self.guarding(lease):
            if lease.is_closed:
                pass
            elif not lease.undecided or lease.job_status in CLOSED_AS_IS:
                lease.finish()
            else:
                lease.release()
            log.debug("chunk closed" if not lease.undecided else "chunk released", decided=lease.decided_count)
        self._leases.remove(lease)
        is_done = lease.job_status == JobStatus.COMPLETE
        self._count(ChunkResult(lease.job.id, lease.decided_count, lease.total, is_done, lease.job_status))

    def give_back(self, lease: Lease) -> None:
        """Give back a chunk that was not begun, as if it had not been taken."""
        with self.guarding(lease):
            lease.release()
            log.debug("chunk given back")
        self._leases.remove(lease)
        self.taken -= 1

    def fail_all(self, error: Exception) -> None:
        """Fail the jobs of what is in hand: the work broke outside of any one chunk, and would do so again."""
        if not is_unavailable(error):
            for lease in self._leases:
                _fail(lease, error)

    def give_back_all(self) -> None:
        """Give everything back at once: the process is told to go. What is decided is worth keeping."""
        for lease in self._leases:
            if not lease.is_closed:
                with suppress(Exception):
                    lease.release()

    def _look_after(self) -> None:
        """Record that this process looks for work, and do what has to be done now and then."""
        heartbeat = current_app.extensions.setdefault("tranche.heartbeat", {"at": -HEARTBEAT_SECONDS})
        if time.monotonic() - heartbeat["at"] >= HEARTBEAT_SECONDS:
            # Before this look is on record: it tells how long nobody had looked.
            self.between_chunks()
            self._go_on_beside()
            record_heartbeat("drain")
            heartbeat["at"] = time.monotonic()

    def _has_gone_on_beside(self) -> bool:
        """Do some of the work that is no job's, unless chunks in hand wait; return whether there was any."""
        if self._leases or self.overall.is_used_up:
            return False
        return self._go_on_beside()

    def _go_on_beside(self) -> bool:
        has_gone_on = self.go_on_beside is not None and self.go_on_beside()
        self.beside += has_gone_on
        return has_gone_on

    def _claim(self) -> Lease | None:
        lease_seconds = config().ENRICH_LEASE_SECONDS
        try:
            with CLAIM_TIME.time(), span("claim"):
                return claims.claim(_worker_name(), lease_seconds=lease_seconds, scope=self.scope)
        except Exception as exc:
            # A schema that is not up to date yet is no job's fault either.
            if is_unavailable(exc) or is_missing_table(exc):
                raise
            return poison.skip_poison_job(exc, _worker_name(), lease_seconds=lease_seconds, scope=self.scope)

    def _pause(self, lease: Lease, wait: JobMustWait) -> None:
        try:
            lease.release(
                pause_reason=str(wait),
                pause_seconds=wait.seconds,
                only_if_idle=wait.only_if_idle,
                event=wait.event,
            )
        except LeaseLost:
            _lose(lease)

    def _count(self, result: ChunkResult) -> None:
        self.closed, self.decided, self.last = self.closed + 1, self.decided + result.processed, result
        has_gone_on = result.processed > 0 or result.status not in ACTIVE
        self._idle = 0 if has_gone_on else self._idle + 1
        if self._idle and not self.has_time:
            self._is_over = self.is_out_of_time = True
            return
        if self.on_chunk is not None:
            self.on_chunk(result)
        if self._idle == MAX_IDLE_CHUNKS:
            log.warning("drain stopped without progress", chunks=self._idle)
            self._is_over = True


@repeats_conflicts
def record_heartbeat(name: str) -> None:
    """Write down that something which must happen regularly happened now."""
    with transaction() as session:
        upsert(session, heartbeats, [{"name": name}], replaced=["at"])


def _lose(lease: Lease) -> None:
    """Let go of a chunk that another worker has, or had: what was decided since the last checkpoint is void."""
    log.warning("lease lost")
    lease.forget_unstored()
    lease.is_closed = True


def _fail(lease: Lease, error: Exception) -> None:
    log.error("chunk broke", **trace(error))
    report(error)
    try:
        lease.fail(Failure("chunk_broke", describe_bug(error)))
    except LeaseLost:
        log.warning("lease lost")
    except Exception as exc:
        if is_unavailable(exc):
            raise
        # Its outcomes and the job's counts do not go together.
        poison.fail(lease.job.id, exc)


def _worker_name() -> str:
    return f"{socket.gethostname()[:64]}:{os.getpid()}:{threading.get_ident()}"
