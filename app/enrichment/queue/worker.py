"""The queue: what a caller may do with jobs.

A job is cut into chunks when it is enqueued. Anyone may call
`process_next_chunk`, from as many processes and hosts as they like: it claims
one chunk, works on it within a time budget, stores what became of its
entities, and returns. `drain` calls it until nothing is left.

Each function here is one unit of work: it commits, or raises with nothing
changed.
"""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, Text, case, false, insert, null, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app.config import config
from app.db.failures import is_missing_table, is_unavailable
from app.db.session import WriteSession, end_read, engine_name, repeats_conflicts, transaction
from app.enrichment.queue import leases, poison
from app.enrichment.queue.entity_ids import UniqueIds, unique_ids
from app.enrichment.queue.leases import Failure, JobInfo, Lease, Scope, WorkersLost
from app.enrichment.queue.options import DEFAULT_OPTIONS, JobOptions, read_options
from app.enrichment.queue.queries import (
    EntityErrorView,
    JobView,
    QueueHealth,
    get_job,
    health,
    known_id,
    list_errors,
    list_jobs,
)
from app.enrichment.queue.time_budget import Budget, stop_requested
from app.enrichment.queue.transitions import CLOSED_AS_IS, RESUMED
from app.enrichment.queue.work import EntityFunction, run_entity_function
from app.enrichment.waterfall.chunk_run import PATIENCE_SHARE, Waterfall
from app.enrichment.waterfall.plan import JobMustWait, make_plan
from app.enrichment.waterfall.recovery import forget_old_answers, recover_lost_calls
from app.entities.exclusions import is_any_excluded, without_excluded
from app.errors import (
    EmptyJob,
    IdempotencyKeyReused,
    Invalid,
    JobStateConflict,
    LeaseLost,
    ProviderNotAvailable,
    describe_bug,
    detail,
)
from app.extensions import db
from app.logs import trace
from app.models.chunk import DECIDED, ERASED_ID, Outcome, chunks, progress
from app.models.heartbeat import heartbeats
from app.models.job import ACTIVE, ENDED, JobStatus, jobs
from app.models.types import new_id, utcnow
from app.providers.registry import Registry
from app.values.entity_types import ENTITY_TYPES
from app.values.identifiers import SLUG_RULE, is_slug

__all__ = [
    "ChunkResult",
    "DrainResult",
    "Enqueued",
    "EntityErrorView",
    "JobView",
    "QueueHealth",
    "accept_job",
    "cancel",
    "drain",
    "enqueue_job",
    "get_job",
    "health",
    "list_errors",
    "list_jobs",
    "pause",
    "process_next_chunk",
    "record_heartbeat",
    "resume",
    "retry",
    "stop_requested",
]

log = structlog.get_logger(__name__)

MAX_CHUNK_SIZE = 1000
IDS_PER_INSERT = 50_000
"""Entity ids that one statement stores, so that a long list takes no more memory than a short one."""
MAX_IDLE_CHUNKS = 10
"""Chunks in a row that decide nothing after which a drain ends: callbacks that block would hold it for ever."""
HEARTBEAT_SECONDS = 5.0
"""How often at most one process writes down that it looked for work."""


_RETRIED = (Outcome.ERROR, Outcome.HELD)


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


@dataclass(frozen=True, slots=True)
class Enqueued:
    """An accepted job; a replay is the answer that an earlier call with the same key got."""

    job_id: str
    total: int
    duplicates: int
    excluded: int
    status: str
    is_replay: bool


def enqueue_job(
    entity_type: str,
    provider: str,
    entity_ids: Iterable[str],
    *,
    chunk_size: int = 50,
    workspace_slug: str = "default",
    priority: int = 0,
    idempotency_key: str | None = None,
    options: JobOptions = DEFAULT_OPTIONS,
) -> str:
    """Store a job and return its id.

    Repeated ids are kept once, in first-seen order. A list is checked in
    memory, any other iterable is spooled to disk, so its length does not
    matter. Entities that are excluded in the workspace are left out. `terms`
    say how it is to be enriched, where that is not as in the settings. Raises
    `EmptyJob` (a `ValueError`) without ids and `Invalid` for anything that is
    not as documented.
    """
    request = _Request(entity_type, provider, chunk_size, workspace_slug, priority, options)
    return _enqueue(request, entity_ids, idempotency_key=idempotency_key).job_id


def accept_job(
    entity_type: str,
    provider: str,
    entity_ids: Iterable[str],
    *,
    chunk_size: int | None = None,
    workspace_slug: str = "default",
    priority: int = 0,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
    before: Callable[[WriteSession], None] | None = None,
    options: JobOptions = DEFAULT_OPTIONS,
) -> Enqueued:
    """Do what `enqueue_job` does for a caller outside, who also learns whether the provider can work.

    `before` runs in the same transaction, ahead of the job. `request_hash`
    tells requests under one idempotency key apart where there is more to them
    than the arguments here. Raises `ProviderNotAvailable`, which says what to
    set, and `IdempotencyKeyReused`.
    """
    size = config().ENRICH_CHUNK_SIZE if chunk_size is None else chunk_size
    request = _Request(entity_type, provider, size, workspace_slug, priority, options)
    insist_on_provider(entity_type, provider, request.options)
    return _enqueue(request, entity_ids, idempotency_key=idempotency_key, request_hash=request_hash, before=before)


def insist_on_provider(entity_type: str, provider: str, options: JobOptions) -> None:
    """Raise `ProviderNotAvailable`, with what to set, where nobody could be asked as things are set."""
    registry: Registry = current_app.extensions["tranche.registry"]
    try:
        make_plan(JobInfo("", entity_type, provider, "", options.options()), registry, config())
    except JobMustWait as exc:
        raise ProviderNotAvailable(str(exc), details=[detail("provider", str(exc))]) from None


def process_next_chunk(
    on_process: EntityFunction | Waterfall | None = None,
    *,
    time_budget: float | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
) -> ChunkResult | None:
    """Claim a chunk of the oldest job that has work, process it, store progress and return.

    `on_process(entity_id, job)` is called for each entity; it may be a function
    or a coroutine function, and what it raises becomes that entity's error and
    nobody else's. It commits its own work. Without it every entity counts as
    processed. The service passes its `Pipeline`.

    `time_budget` is in seconds (default: `ENRICH_TIME_BUDGET`); what is not
    decided by then can be claimed again at once. Returns None when there is
    nothing to do. Raises `JobNotFound` for a `job_id` that is none. Whatever
    breaks the chunk as a whole fails the job and is raised again; a database
    that is away is not the job's fault and fails nothing.
    """
    seconds = config().ENRICH_TIME_BUDGET if time_budget is None else time_budget
    return _process(on_process, Budget.start(seconds), job_id, workspace_slug)


def _process(
    on_process: EntityFunction | Waterfall | None, budget: Budget, job_id: str | None, workspace_slug: str | None
) -> ChunkResult | None:
    settings = config()
    scope = Scope(known_id(job_id) if job_id else None, workspace_slug)
    _note_drain()
    try:
        lease = leases.claim(_worker_name(), lease_seconds=settings.ENRICH_LEASE_SECONDS, scope=scope)
    except Exception as exc:
        # A schema that is not up to date yet is no job's fault either.
        if is_unavailable(exc) or is_missing_table(exc):
            raise
        lease = poison.skip_poison_job(exc, _worker_name(), lease_seconds=settings.ENRICH_LEASE_SECONDS, scope=scope)
    if lease is None:
        if job_id:
            get_job(job_id, workspace_slug=workspace_slug)
            end_read()
        return None
    with structlog.contextvars.bound_contextvars(job_id=lease.job.id, position=lease.position, attempt=lease.attempt):
        log.debug("chunk claimed")
        _work(lease, on_process, budget, settings.ENRICH_CONCURRENCY)
    is_done = lease.job_status == JobStatus.COMPLETE
    return ChunkResult(lease.job.id, lease.decided_count, lease.total, is_done, lease.job_status)


def drain(
    on_process: EntityFunction | Waterfall | None,
    *,
    time_budget: float | None = None,
    max_chunks: int | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
    on_chunk: Callable[[ChunkResult], None] | None = None,
) -> DrainResult:
    """Process chunk after chunk until nothing is due, or the time or number is used up.

    `time_budget` in seconds is for all chunks together; without it each chunk
    has `ENRICH_TIME_BUDGET`. `on_chunk` is told of each result.
    """
    per_chunk = config().ENRICH_TIME_BUDGET
    overall = Budget.start(float("inf") if time_budget is None else time_budget)
    whole = min(overall.seconds, per_chunk)
    done, decided, idle, last = 0, 0, 0, None
    while not overall.is_used_up and (max_chunks is None or done < max_chunks) and idle < MAX_IDLE_CHUNKS:
        seconds = min(overall.seconds_left, per_chunk)
        result = _process(on_process, Budget.start(seconds, whole), job_id, workspace_slug)
        if result is None:
            break
        done, decided, last = done + 1, decided + result.processed, result
        idle = 0 if result.processed or result.status not in ACTIVE else idle + 1
        if idle and overall.seconds_left < PATIENCE_SHARE * whole:
            # Too little is left for a paid call.
            break
        if on_chunk is not None:
            on_chunk(result)
    if idle == MAX_IDLE_CHUNKS:
        log.warning("drain stopped without progress", chunks=idle)
    return DrainResult(done, decided, last)


def pause(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Stop a job until it is resumed by hand; chunks under way stop at their next checkpoint.

    A job that the service has paused for a time is held too. Raises
    `JobNotFound` and `JobStateConflict`.
    """
    values = {
        "status": JobStatus.PAUSED,
        "claimable": false(),
        "paused_manually": true(),
        "resume_at": null(),
        "pause_reason": "by hand",
    }
    pausable = or_(jobs.c.status.in_(ACTIVE), jobs.c.resume_at.is_not(None))
    return _move(job_id, workspace_slug, pausable, values, "pending or running jobs can be paused")


def resume(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Let a paused job go on with all of its chunks, also those that were to wait for a provider.

    Raises `JobNotFound` and `JobStateConflict`.
    """
    is_paused = jobs.c.status == JobStatus.PAUSED
    return _move(job_id, workspace_slug, is_paused, RESUMED, "paused jobs can be resumed", make_due=True)


def cancel(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """End a job: chunks under way stop at their next checkpoint, what is decided stays.

    Raises `JobNotFound` and `JobStateConflict`.
    """
    values = {
        "status": case((jobs.c.in_flight > 0, JobStatus.CANCELLING), else_=JobStatus.CANCELLED),
        "finished_at": case((jobs.c.in_flight > 0, null()), else_=utcnow()),
        "claimable": false(),
        "paused_manually": false(),
        "resume_at": null(),
        "pause_reason": null(),
    }
    has_not_ended = jobs.c.status.in_([*ACTIVE, JobStatus.PAUSED])
    rule = "jobs that have not ended can be cancelled"
    return _move(job_id, workspace_slug, has_not_ended, values, rule, close_unheld=True)


def retry(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Enqueue a child job of the failed and held entities of a job that ended, and return it.

    Of a cancelled or failed job also the entities that it never reached. A job
    is retried once; what fails again is retried from the child. Raises
    `JobNotFound` and `JobStateConflict`.
    """
    leases.close_ended_jobs()
    job = get_job(job_id, workspace_slug=workspace_slug)
    if job.status not in ENDED:
        raise JobStateConflict(f"The job is {job.status}; only jobs that have ended can be retried.")
    if _has_open_chunks(job.id):
        raise JobStateConflict("The job still has chunks under way; try again when their leases have ended.")
    options = read_options(job.options)
    request = _Request(job.entity_type, job.provider, job.chunk_size, job.workspace_slug, job.priority, options)
    try:
        child = _enqueue(request, _unsuccessful_ids(job.id), parent_job_id=job.id, cap_micros=job.cap_micros)
    except EmptyJob as exc:
        raise JobStateConflict("The job has no failed or held entities, so there is nothing to retry.") from exc
    except IntegrityError as exc:
        raise JobStateConflict("The job was retried before; retry the job that came of it.") from exc
    return get_job(child.job_id)


@repeats_conflicts
def record_heartbeat(name: str) -> None:
    """Write down that something which must happen regularly happened now."""
    dialect = postgresql if engine_name() == "postgresql" else sqlite
    statement = dialect.insert(heartbeats).values(name=name, at=utcnow())
    with transaction() as session:
        session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": utcnow()}))


@dataclass(frozen=True, slots=True)
class _Request:
    """What a job is made of, apart from its ids. Raises `Invalid` when made of anything else."""

    entity_type: str
    provider: str
    chunk_size: int
    workspace_slug: str
    priority: int
    options: JobOptions = DEFAULT_OPTIONS

    def __post_init__(self) -> None:
        _expect(self.entity_type in ENTITY_TYPES, "entityType", "expected person or company")
        _expect(is_slug(self.provider), "provider", "expected a provider's name")
        _expect(is_slug(self.workspace_slug), "workspaceSlug", f"expected {SLUG_RULE}")
        _expect(_is_within(self.chunk_size, 1, MAX_CHUNK_SIZE), "chunkSize", f"expected 1 to {MAX_CHUNK_SIZE}")
        _expect(_is_within(self.priority, -1000, 1000), "priority", "expected -1000 to 1000")
        object.__setattr__(self, "options", self.options.checked(self.entity_type, self.provider))


def _enqueue(
    request: _Request,
    entity_ids: Iterable[object],
    *,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
    parent_job_id: str | None = None,
    before: Callable[[WriteSession], None] | None = None,
    **extra: Any,
) -> Enqueued:
    _expect(not isinstance(entity_ids, str | bytes), "entityIds", "expected a list of entity ids")
    with unique_ids(entity_ids) as ids:
        if ids.kept == 0:
            raise EmptyJob(details=[detail("entityIds", "expected at least one id")])
        if idempotency_key is None:
            return _insert_job(request, ids, {"parent_job_id": parent_job_id, **extra}, before)
        key = {"idempotency_key": idempotency_key, "request_hash": request_hash or _hash(request, ids)}
        earlier = _find_replay(request, key)
        if earlier is not None:
            return earlier
        try:
            return _insert_job(request, ids, {**key, **extra}, before)
        except IntegrityError:
            # The same key at the same moment: the other call won.
            earlier = _find_replay(request, key)
            if earlier is None:
                raise
            return earlier


@repeats_conflicts
def _insert_job(
    request: _Request, ids: UniqueIds, extra: dict[str, Any], before: Callable[[WriteSession], None] | None
) -> Enqueued:
    job_id = new_id()
    with transaction() as session, _included(request, ids, before, session) as kept:
        if kept.kept == 0:
            raise EmptyJob("All of the entities are excluded.", details=[detail("entityIds", "expected one to enrich")])
        columns = {
            "id": job_id,
            "workspace_slug": request.workspace_slug,
            "entity_type": request.entity_type,
            "provider": request.provider,
            "priority": request.priority,
            "chunk_size": request.chunk_size,
            "chunk_count": -(-kept.kept // request.chunk_size),
            "total_count": kept.kept,
            "duplicate_count": ids.repeated,
            "excluded_count": ids.kept - kept.kept,
            "claimable": True,
            "options": request.options.options(),
            "cap_micros": request.options.cap_micros(config()),
        }
        session.execute(insert(jobs).values(**{**columns, **extra}))
        chunk_rows = (
            {"job_id": job_id, "position": position, "entity_ids": chunk}
            for position, chunk in enumerate(kept.slices(request.chunk_size))
        )
        while some := list(islice(chunk_rows, max(1, IDS_PER_INSERT // request.chunk_size))):
            session.execute(insert(chunks), some)
        excluded = ids.kept - kept.kept
    log.info("job enqueued", job_id=job_id, provider=request.provider, total=kept.kept, duplicates=ids.repeated)
    return Enqueued(job_id, kept.kept, ids.repeated, excluded, JobStatus.PENDING, is_replay=False)


@contextmanager
def _included(
    request: _Request, ids: UniqueIds, before: Callable[[WriteSession], None] | None, session: WriteSession
) -> Iterator[UniqueIds]:
    """Give the ids without those of excluded entities, after what has to be stored before the job."""
    if before is not None:
        before(session)
    if not is_any_excluded(request.workspace_slug):
        yield ids
        return
    every = (entity_id for some in ids.slices(1000) for entity_id in some)
    with unique_ids(without_excluded(request.entity_type, every, request.workspace_slug)) as kept:
        yield kept


def _find_replay(request: _Request, key: dict[str, str]) -> Enqueued | None:
    row = db.session.execute(
        select(jobs.c.id, jobs.c.total_count, jobs.c.duplicate_count, jobs.c.excluded_count, jobs.c.request_hash).where(
            jobs.c.workspace_slug == request.workspace_slug, jobs.c.idempotency_key == key["idempotency_key"]
        )
    ).one_or_none()
    end_read()
    if row is None:
        return None
    if row.request_hash != key["request_hash"]:
        raise IdempotencyKeyReused
    return Enqueued(row.id, row.total_count, row.duplicate_count, row.excluded_count, JobStatus.PENDING, is_replay=True)


def _hash(request: _Request, ids: UniqueIds) -> str:
    digest = hashlib.sha256(json.dumps([request.entity_type, request.provider, request.chunk_size]).encode())
    digest.update(str(request.priority).encode())
    if request.options != DEFAULT_OPTIONS:
        digest.update(request.options.shape().encode())
    for some in ids.slices(1000):
        digest.update(json.dumps(some).encode())
    return digest.hexdigest()


def _work(lease: Lease, on_process: EntityFunction | Waterfall | None, budget: Budget, concurrency: int) -> None:
    """Run a claimed chunk and give it back in one way or another."""
    try:
        try:
            if lease.crash_count > leases.MAX_CRASHES:
                raise WorkersLost(f"chunk {lease.position} has cost {lease.crash_count} workers")
            lease.read_entity_ids()
            if isinstance(on_process, Waterfall):
                on_process.run(lease, budget, concurrency=concurrency)
            else:
                run_entity_function(lease, on_process, budget, concurrency=concurrency)
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


@repeats_conflicts
def _move(
    job_id: str,
    workspace_slug: str | None,
    allowed: ColumnElement[bool],
    values: dict[str, Any],
    rule: str,
    *,
    close_unheld: bool = False,
    make_due: bool = False,
) -> JobView:
    """Change a job's status where it is one that allows it."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    with transaction() as session:
        if close_unheld:
            leases.close_unheld_chunks(session, job.id)
        if make_due:
            leases.make_due(session, jobs.c.id == job.id, allowed)
        moved = session.execute(
            update(jobs).where(jobs.c.id == job.id, allowed).values(**values).returning(jobs.c.status)
        ).one_or_none()
        status = session.scalar(select(jobs.c.status).where(jobs.c.id == job.id))
        # Closing what nobody held may have been all that was missing.
        if moved is None and not (status == JobStatus.COMPLETE != job.status):
            raise JobStateConflict(f"The job is {status}; only {rule}.")
    log.info("job moved", job_id=job.id, status=status)
    return get_job(job.id)


def _has_open_chunks(job_id: str) -> bool:
    query = select(progress.c.job_id).where(progress.c.job_id == job_id, progress.c.finished_at.is_(None)).limit(1)
    return db.session.scalar(query) is not None


def _unsuccessful_ids(job_id: str) -> Iterator[str]:
    """Give the ids of a job that ended in error, held or undecided, in order; a list that is damaged gives none."""
    joined = chunks.outerjoin(
        progress, (progress.c.job_id == chunks.c.job_id) & (progress.c.position == chunks.c.position)
    )
    query = (
        select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("ids"), progress.c.outcomes)
        .select_from(joined)
        .where(chunks.c.job_id == job_id)
        .order_by(chunks.c.position)
        .execution_options(yield_per=100)
    )
    with db.session.execute(query) as rows:
        for row in rows:
            with suppress(leases.ChunkUnreadable):
                ids = leases.parse_ids(row.ids, row.position)
                outcomes = row.outcomes or Outcome.UNTOUCHED * len(ids)
                for entity_id, outcome in zip(ids, outcomes, strict=False):
                    if entity_id != ERASED_ID and (outcome not in DECIDED or outcome in _RETRIED):
                        yield entity_id


def _note_drain() -> None:
    """Record the heartbeat of the drain, now and then."""
    state = current_app.extensions.setdefault("tranche.heartbeat", {"at": -HEARTBEAT_SECONDS})
    if time.monotonic() - state["at"] >= HEARTBEAT_SECONDS:
        record_heartbeat("drain")
        recover_lost_calls()
        forget_old_answers()
        state["at"] = time.monotonic()


def _worker_name() -> str:
    return f"{socket.gethostname()[:64]}:{os.getpid()}:{threading.get_ident()}"


def _expect(is_met: bool, path: str, message: str) -> None:
    if not is_met:
        raise Invalid(f"{path}: {message}.", details=[detail(path, message)])


def _is_within(value: object, minimum: int, maximum: int) -> bool:
    return type(value) is int and minimum <= value <= maximum
