"""Chunks worked on, one call after another: claim, run, close.

Anyone may call `process_next_chunk`, from as many processes and hosts as they like: it claims one chunk, works on it
within a time budget, stores what became of its entities, and returns. `drain` calls it until nothing is left.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog
from flask import current_app

from app.config import config
from app.db.failures import is_missing_table, is_unavailable
from app.db.session import end_read, repeats_conflicts, transaction
from app.db.sql import upsert
from app.enrichment.queue import claims, poison
from app.enrichment.queue.claims import Scope
from app.enrichment.queue.lease import MAX_CRASHES, Failure, Lease, WorkersLost
from app.enrichment.queue.queries import get_job, known_id
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.transitions import CLOSED_AS_IS
from app.enrichment.queue.work import EntityFunction, EntityFunctionWork, JobMustWait, Work
from app.errors import LeaseLost, describe_bug
from app.logs import trace
from app.models.heartbeat import heartbeats
from app.models.job import ACTIVE, JobStatus

log = structlog.get_logger(__name__)

MAX_IDLE_CHUNKS: Final = 10
"""Chunks in a row that decide nothing after which a drain ends: callbacks that block would hold it for ever."""
HEARTBEAT_SECONDS: Final = 5.0
"""How often at most one process writes down that it looked for work."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What one call did: `processed` entities decided by it, of the job's `total`."""

    job_id: str
    processed: int
    total: int
    done: bool
    status: str


@dataclass(frozen=True, slots=True)
class DrainResult:
    """What a drain did: chunks, entities decided in all, and the last chunk (None: nothing to do)."""

    chunks: int
    processed_total: int
    last: ChunkResult | None


def process_next_chunk(
    on_process: EntityFunction | None = None,
    *,
    work: Work | None = None,
    time_budget: float | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
) -> ChunkResult | None:
    """Claim a chunk of the oldest job that has work, process it, store progress and return.

    `on_process(entity_id, job)` is called for each entity; it may be a function or a coroutine function, and what it
    raises becomes that entity's error and nobody else's. It commits its own work. Without it every entity counts as
    processed. The service passes its own `work` instead.

    `time_budget` is in seconds (default: `ENRICH_TIME_BUDGET`); what is not decided by then can be claimed again at
    once. Returns None when there is nothing to do. Raises `JobNotFound` for a `job_id` that is none. Whatever breaks
    the chunk as a whole fails the job and is raised again; a database that is away is not the job's fault and fails
    nothing.
    """
    seconds = config().ENRICH_TIME_BUDGET if time_budget is None else time_budget
    return _process(work or EntityFunctionWork(on_process), Budget.start(seconds), job_id, workspace_slug)


def drain(
    on_process: EntityFunction | None = None,
    *,
    work: Work | None = None,
    time_budget: float | None = None,
    max_chunks: int | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
    on_chunk: Callable[[ChunkResult], None] | None = None,
) -> DrainResult:
    """Process chunk after chunk until nothing is due, or the time or number is used up.

    `time_budget` in seconds is for all chunks together; without it each chunk has `ENRICH_TIME_BUDGET`. `on_chunk` is
    told of each result.
    """
    work = work or EntityFunctionWork(on_process)
    overall = Budget.start(float("inf") if time_budget is None else time_budget)
    whole = min(overall.seconds, config().ENRICH_TIME_BUDGET)
    done, decided, idle, last = 0, 0, 0, None
    for result in islice(_chunks(work, overall, whole, Scope(job_id, workspace_slug)), max_chunks):
        done, decided, last = done + 1, decided + result.processed, result
        has_gone_on = result.processed > 0 or result.status not in ACTIVE
        idle = 0 if has_gone_on else idle + 1
        if idle and overall.seconds_left < work.least_seconds(whole):
            break
        if on_chunk is not None:
            on_chunk(result)
        if idle == MAX_IDLE_CHUNKS:
            log.warning("drain stopped without progress", chunks=idle)
            break
    return DrainResult(done, decided, last)


def _chunks(work: Work, overall: Budget, whole_seconds: float, scope: Scope) -> Iterator[ChunkResult]:
    """Process chunk after chunk and give each result, until nothing is due or the time is used up."""
    while not overall.is_used_up:
        seconds = min(overall.seconds_left, config().ENRICH_TIME_BUDGET)
        result = _process(work, Budget.start(seconds, whole_seconds), scope.job_id, scope.workspace_slug)
        if result is None:
            return
        yield result


@repeats_conflicts
def record_heartbeat(name: str) -> None:
    """Write down that something which must happen regularly happened now."""
    with transaction() as session:
        upsert(session, heartbeats, [{"name": name}], replaced=["at"])


def _process(work: Work, budget: Budget, job_id: str | None, workspace_slug: str | None) -> ChunkResult | None:
    settings = config()
    scope = Scope(known_id(job_id) if job_id else None, workspace_slug)
    _between_chunks(work)
    lease = _claim(scope, settings.ENRICH_LEASE_SECONDS)
    if lease is None:
        if job_id:
            get_job(job_id, workspace_slug=workspace_slug)
            end_read()
        return None
    with structlog.contextvars.bound_contextvars(
        job_id=lease.job.id, position=lease.position, attempt=lease.fencing_token
    ):
        log.debug("chunk claimed")
        _run(work, lease, budget, settings.ENRICH_CONCURRENCY)
    is_done = lease.job_status == JobStatus.COMPLETE
    return ChunkResult(lease.job.id, lease.decided_count, lease.total, is_done, lease.job_status)


def _between_chunks(work: Work) -> None:
    """Record that this process looks for work, and let the work do what has to be done now and then."""
    heartbeat = current_app.extensions.setdefault("tranche.heartbeat", {"at": -HEARTBEAT_SECONDS})
    if time.monotonic() - heartbeat["at"] >= HEARTBEAT_SECONDS:
        record_heartbeat("drain")
        work.between_chunks()
        heartbeat["at"] = time.monotonic()


def _claim(scope: Scope, lease_seconds: float) -> Lease | None:
    try:
        return claims.claim(_worker_name(), lease_seconds=lease_seconds, scope=scope)
    except Exception as exc:
        # A schema that is not up to date yet is no job's fault either.
        if is_unavailable(exc) or is_missing_table(exc):
            raise
        return poison.skip_poison_job(exc, _worker_name(), lease_seconds=lease_seconds, scope=scope)


def _run(work: Work, lease: Lease, budget: Budget, concurrency: int) -> None:
    """Run a claimed chunk and give it back in one way or another."""
    try:
        try:
            if lease.crash_count > MAX_CRASHES:
                raise WorkersLost(f"chunk {lease.position} has cost {lease.crash_count} workers")
            lease.read_entity_ids()
            work.run(lease, budget, concurrency=concurrency)
        except JobMustWait as exc:
            log.warning("job paused", reason=str(exc))
            lease.release(pause_reason=str(exc), pause_seconds=exc.seconds, only_if_idle=exc.only_if_idle)
        else:
            _close(lease)
    except LeaseLost:
        # Another worker has the chunk, or had it: what this one decided since its last checkpoint is void.
        log.warning("lease lost")
        lease.forget_unstored()
    except Exception as exc:
        if not is_unavailable(exc):
            _fail(lease, exc)
        raise
    except BaseException:
        # The process is told to go: SystemExit from gunicorn, an interrupt. What is decided is worth keeping.
        with suppress(Exception):
            lease.release()
        raise


def _close(lease: Lease) -> None:
    if lease.is_closed:
        pass
    elif not lease.undecided or lease.job_status in CLOSED_AS_IS:
        lease.finish()
    else:
        lease.release()
    log.debug("chunk closed" if not lease.undecided else "chunk released", decided=lease.decided_count)


def _fail(lease: Lease, error: Exception) -> None:
    log.error("chunk broke", **trace(error))
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
