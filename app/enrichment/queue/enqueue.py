"""Jobs in: accept a list of entity ids, once for each idempotency key, and retry what failed."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.audit.events import record
from app.config import config, micros
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.enrichment.queue import closing
from app.enrichment.queue.child_jobs import ALL, Retry, RetryFilter
from app.enrichment.queue.entity_ids import UniqueIds, some_unique_ids, unique_ids
from app.enrichment.queue.pilots import NOTHING_LEFT, NewPilot, Rest
from app.enrichment.queue.queries import JobView, get_job
from app.enrichment.queue.stop_rules import StopRule
from app.entities.exclusions import is_any_excluded, without_excluded
from app.entities.read import SLICE_ROWS, hold_existing
from app.errors import EmptyJob, IdempotencyKeyReused, JobStateConflict, detail, expect
from app.extensions import db
from app.hints import hint
from app.models.audit_event import Action
from app.models.chunk import chunks
from app.models.job import JobStatus, jobs
from app.models.types import new_id
from app.values.entity_types import ENTITY_TYPES
from app.values.identifiers import SLUG_RULE, is_slug

log = structlog.get_logger(__name__)

MAX_CHUNK_SIZE: Final = 1000
IDS_PER_INSERT: Final = 50_000
"""Entity ids that one statement stores, so that a long list takes no more memory than a short one."""
CAP_OF_SETTINGS: Final = -1
"""The cap of a job that asks for none: `ENRICH_JOB_CAP_USD`."""


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
    options: Mapping[str, Any] | None = None,
    cap_micros: int | None = CAP_OF_SETTINGS,
    stop_when: Mapping[str, Any] | None = None,
) -> str:
    """Store a job and return its id.

    Repeated ids are kept once, in first-seen order. A list is checked in memory, any other iterable is spooled to
    disk, so its length does not matter. Entities that are excluded in the workspace are left out.

    `options` are for whoever does the work, and are stored as they are (`waterfall.options.JobOptions` makes them);
    `cap_micros` is the most that the job may spend, None: without limit; `stop_when` says when it stops itself, as a
    `StopRule` stores it. Raises `EmptyJob` (a `ValueError`) without
    ids and `Invalid` for anything that is not as documented.
    """
    request = _Request(
        entity_type, provider, chunk_size, workspace_slug, priority, options, cap_micros, stop_when=stop_when
    )
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
    pilot: NewPilot | None = None,
    options: Mapping[str, Any] | None = None,
    cap_micros: int | None = CAP_OF_SETTINGS,
    stop_when: Mapping[str, Any] | None = None,
    api_key_id: str | None = None,
    list_id: str | None = None,
    is_selection: bool = False,
) -> Enqueued:
    """Do what `enqueue_job` does, and return all there is to say of it.

    `chunk_size` is `ENRICH_CHUNK_SIZE` by default. `before` runs in the same transaction, ahead of the job, and `pilot`
    is stored in it, behind.
    `request_hash` tells requests under one idempotency key apart if there is more to them than the arguments here.
    `api_key_id` is the key that makes it, whose daily cap its calls fall under; `list_id` the list whose members it is
    of, all or some. Ids of a selection are of entities that are stored: if one of them was erased since the ids were
    read, they do not make a job.
    Raises `IdempotencyKeyReused` too, and `JobStateConflict` for that.
    """
    size = config().ENRICH_CHUNK_SIZE if chunk_size is None else chunk_size
    request = _Request(
        entity_type, provider, size, workspace_slug, priority, options, cap_micros, api_key_id, stop_when, list_id
    )
    steps = _Steps(before or do_nothing, pilot.store if pilot is not None else do_nothing, is_selection)
    return _enqueue(request, entity_ids, idempotency_key=idempotency_key, request_hash=request_hash, steps=steps)


def retry(
    job_id: str,
    *,
    workspace_slug: str | None = None,
    chosen: RetryFilter = ALL,
    cap_micros: int | None = None,
    api_key_id: str | None = None,
) -> JobView:
    """Enqueue a child job of the failed and held entities of a job that ended, or of some of them, and return it.

    Without a filter, of a cancelled or failed job also the entities that it never reached. An entity is retried once
    from a job; what fails again is retried from the child. It may spend `cap_micros`; None: as much as the job might.
    Its calls fall under the cap of the key that makes the retry, `api_key_id`.
    Raises `JobNotFound` and `JobStateConflict`.
    """
    closing.close_ended_jobs()
    retry = Retry.of(job_id, chosen, workspace_slug=workspace_slug)
    request = _Request.like(retry.job, cap_micros, api_key_id)
    child = {"parent_job_id": retry.job.id, "retry_filter": chosen.stored()}
    try:
        enqueued = _enqueue(request, retry.entity_ids(), child=child, steps=_Steps(retry.check))
    except EmptyJob as exc:
        raise JobStateConflict(retry.why_nothing()) from exc
    return get_job(enqueued.job_id)


def continue_pilot(
    job_id: str,
    *,
    workspace_slug: str | None = None,
    cap_micros: int | None = None,
    stop_when: StopRule | None = None,
    api_key_id: str | None = None,
) -> JobView:
    """Enqueue the rest of a pilot's list, by the terms of the pilot, and return the job.

    It may spend `cap_micros`, and stops itself by `stop_when`; None: as the pilot. Its calls fall under the cap of the
    key that continues, `api_key_id`. Raises `JobNotFound`, `Invalid` for a rule that cannot be followed, and
    `JobStateConflict` if the job is no pilot, has not ended, or was continued before.
    """
    rest = Rest.of(job_id, workspace_slug=workspace_slug)
    try:
        request = _Request.like(rest.job, cap_micros, api_key_id)
        if stop_when is not None:
            request = replace(request, stop_when=stop_when.checked().stored())
        enqueued = _enqueue(request, rest.entity_ids(), steps=_Steps(after=rest.settle))
    except EmptyJob as exc:
        raise JobStateConflict(NOTHING_LEFT) from exc
    return get_job(enqueued.job_id)


def do_nothing(*_: object) -> None:
    """Add nothing to the transaction of a job."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """What else belongs into the transaction of a job: ahead of it, and behind it, with its id and total.

    Ahead of it also the entities of a selection are held.
    """

    before: Callable[[WriteSession], None] = do_nothing
    after: Callable[[WriteSession, str, int], None] = do_nothing
    is_selection: bool = False


_ALONE: Final = _Steps()
_NO_CHILD: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Request:
    """What a job is made of, apart from its ids. Raises `Invalid` when made of anything else."""

    entity_type: str
    provider: str
    chunk_size: int
    workspace_slug: str
    priority: int
    options: Mapping[str, Any] | None
    cap_micros: int | None
    api_key_id: str | None = None
    stop_when: Mapping[str, Any] | None = None
    list_id: str | None = None

    def __post_init__(self) -> None:
        expect(self.entity_type in ENTITY_TYPES, "entityType", "expected person or company")
        expect(is_slug(self.provider), "provider", "expected a provider's name")
        expect(is_slug(self.workspace_slug), "workspaceSlug", f"expected {SLUG_RULE}")
        expect(_is_within(self.chunk_size, 1, MAX_CHUNK_SIZE), "chunkSize", f"expected 1 to {MAX_CHUNK_SIZE}")
        expect(_is_within(self.priority, -1000, 1000), "priority", "expected -1000 to 1000")

    @classmethod
    def like(cls, job: JobView, cap_micros: int | None, api_key_id: str | None) -> "_Request":
        """Return a request by the terms of a job, made by another key, with a cap of its own if there is one."""
        return cls(
            job.entity_type,
            job.provider,
            job.chunk_size,
            job.workspace_slug,
            job.priority,
            job.options,
            job.cap_micros if cap_micros is None else cap_micros,
            api_key_id,
            job.stop_when,
            job.list_id,
        )


def _enqueue(
    request: _Request,
    entity_ids: Iterable[object],
    *,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
    child: Mapping[str, Any] = _NO_CHILD,
    steps: _Steps = _ALONE,
) -> Enqueued:
    expect(not isinstance(entity_ids, str | bytes), "entityIds", "expected a list of entity ids")
    if idempotency_key is not None and request_hash is not None:
        # Before the ids are read: those of a selection may be others by now, or none.
        earlier = _find_replay(request, {"idempotency_key": idempotency_key, "request_hash": request_hash})
        if earlier is not None:
            return earlier
    with some_unique_ids(entity_ids) as ids:
        if idempotency_key is None:
            return _insert_job(request, ids, child, steps)
        key = {"idempotency_key": idempotency_key, "request_hash": request_hash or _hash(request, ids)}
        return _find_replay(request, key) or _insert_once(request, ids, key, steps)


def _insert_once(request: _Request, ids: UniqueIds, key: dict[str, Any], steps: _Steps) -> Enqueued:
    """Insert a job under an idempotency key, unless another call does so at the same moment."""
    try:
        return _insert_job(request, ids, key, steps)
    except IntegrityError:
        earlier = _find_replay(request, key)
        if earlier is None:
            raise
        return earlier


@repeats_conflicts
def _insert_job(request: _Request, ids: UniqueIds, extra: Mapping[str, Any], steps: _Steps) -> Enqueued:
    job_id = new_id()
    with transaction() as session, _included(request, ids, steps, session) as kept:
        if kept.kept == 0:
            raise EmptyJob("All of the entities are excluded.", details=[detail("entityIds", "expected one to enrich")])
        chunk_count = -(-kept.kept // request.chunk_size)
        columns = {
            "id": job_id,
            "workspace_slug": request.workspace_slug,
            "entity_type": request.entity_type,
            "provider": request.provider,
            "priority": request.priority,
            "chunk_size": request.chunk_size,
            "chunk_count": chunk_count,
            "total_count": kept.kept,
            "duplicate_count": ids.repeated,
            "excluded_count": ids.kept - kept.kept,
            "claimable": True,
            "options": request.options,
            "cap_micros": _cap_of(request),
            "stop_when": request.stop_when,
            "api_key_id": request.api_key_id,
            "list_id": request.list_id,
            **extra,
        }
        session.execute(insert(jobs).values(**columns))
        chunk_rows = (
            {"job_id": job_id, "position": position, "entity_ids": chunk}
            for position, chunk in enumerate(kept.slices(request.chunk_size))
        )
        while rows := list(islice(chunk_rows, max(1, IDS_PER_INSERT // request.chunk_size))):
            session.execute(insert(chunks), rows)
        steps.after(session, job_id, kept.kept)
        excluded = ids.kept - kept.kept
        _record(session, columns)
    log.info("job enqueued", job_id=job_id, provider=request.provider, total=kept.kept, duplicates=ids.repeated)
    hint(chunk_count)
    return Enqueued(job_id, kept.kept, ids.repeated, excluded, JobStatus.PENDING, is_replay=False)


def _record(session: WriteSession, job: Mapping[str, Any]) -> None:
    """Put down who made a job; a retry is done to the job that it is of."""
    retried = job.get("parent_job_id")
    action = Action.JOB_ENQUEUE if retried is None else Action.JOB_RETRY
    after = {
        "jobId": job["id"],
        "provider": job["provider"],
        "total": job["total_count"],
        "capMicros": job["cap_micros"],
    }
    record(session, action, "job", retried or job["id"], workspace_slug=job["workspace_slug"], after=after)


@contextmanager
def _included(request: _Request, ids: UniqueIds, steps: _Steps, session: WriteSession) -> Iterator[UniqueIds]:
    """Give the ids without those of excluded entities, after what has to be done before the job."""
    steps.before(session)
    if steps.is_selection:
        hold_entities(request.entity_type, ids, request.workspace_slug)
    if not is_any_excluded(request.workspace_slug):
        yield ids
        return
    every = chain.from_iterable(ids.slices(1000))
    with unique_ids(without_excluded(request.entity_type, every, request.workspace_slug)) as kept:
        yield kept


def hold_entities(entity_type: str, ids: UniqueIds, workspace_slug: str) -> None:
    """Keep the entities of a selection from being erased until the transaction ends.

    Raises `JobStateConflict` if one was erased since the ids were read: its id would come back.
    """
    for part in ids.slices(SLICE_ROWS):
        if len(hold_existing(entity_type, part, workspace_slug=workspace_slug)) < len(part):
            raise JobStateConflict("Entities of the selection were erased meanwhile; try again.")


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
    if request.options or request.cap_micros != CAP_OF_SETTINGS:
        digest.update(json.dumps([request.options, request.cap_micros], sort_keys=True).encode())
    if request.stop_when is not None:
        digest.update(json.dumps(request.stop_when, sort_keys=True).encode())
    for ids_of_slice in ids.slices(1000):
        digest.update(json.dumps(ids_of_slice).encode())
    return digest.hexdigest()


def _cap_of(request: _Request) -> int | None:
    return micros(config().ENRICH_JOB_CAP_USD) if request.cap_micros == CAP_OF_SETTINGS else request.cap_micros


def _is_within(value: object, minimum: int, maximum: int) -> bool:
    return type(value) is int and minimum <= value <= maximum
