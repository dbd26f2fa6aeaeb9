"""Jobs as callers see them: counts with live progress, and the state of the queue."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import accumulate, groupby, islice
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)

from app.db.pages import Page, page_of, read_id
from app.db.session import single_query
from app.db.spread import every_nth
from app.enrichment.queue.entity_ids import ChunkUnreadable, erased_in, parse_ids
from app.errors import DamagedData, JobNotFound
from app.extensions import db
from app.models.chunk import DECIDED, ERASED_ID, Outcome, chunks, entity_errors, progress
from app.models.heartbeat import heartbeats
from app.models.job import ACTIVE, JobStatus, jobs
from app.models.spending import costs
from app.models.types import parse_id, utcnow


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with its progress up to the last checkpoint.

    `percent` has one decimal and is 100 only when all is decided; `eta_seconds`
    is None unless the job is running and has decided something; `stalled` means
    that it runs, but no worker holds a live lease.
    """

    id: str
    workspace_slug: str
    entity_type: str
    provider: str
    priority: int
    status: str
    pause_reason: str | None
    paused_manually: bool
    resume_at: datetime | None
    chunk_size: int
    total: int
    duplicates: int
    excluded: int
    processed: int
    success: int
    errors: int
    skipped: int
    held: int
    percent: float
    eta_seconds: int | None
    stalled: bool
    options: dict[str, Any] | None
    cap_micros: int | None
    stop_when: dict[str, Any] | None
    """When it stops itself, as `stop_rules.StopRule` stores it."""
    cost_micros: int
    """What it has spent so far; calls under way are not in it."""
    list_id: str | None
    """The list that it was made of, all or some of it."""
    parent_job_id: str | None
    retry_filter: dict[str, Any] | None
    """Which entities of the parent it retries; None: all that were left."""
    held_accepted_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """Whether somebody calls the processor: the age of the oldest job with work, and the last calls."""

    oldest_job_age_seconds: float | None
    last_drain_at: datetime | None
    last_cron_at: datetime | None
    last_drain_age_seconds: float | None = None
    """By the database's clock, as the other ages."""
    last_cron_age_seconds: float | None = None


def get_job(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Return one job. Raises `JobNotFound`, also for a job of another workspace."""
    values = {"the_job": known_id(job_id), "the_workspace": workspace_slug}
    views = _views(_one_job(is_bound=workspace_slug is not None), values)
    if not views:
        raise JobNotFound
    return views[0]


@cache
def _one_job(*, is_bound: bool) -> Select[Any]:
    """Return the query for one job. Cached: building it costs more than running it."""
    query = select(jobs).where(jobs.c.id == bindparam("the_job"))
    if is_bound:
        query = query.where(jobs.c.workspace_slug == bindparam("the_workspace"))
    return _with_progress(query)


def list_jobs(
    *,
    workspace_slug: str | None = None,
    status: str | None = None,
    parent_job_id: str | None = None,
    list_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[JobView]:
    """Return jobs, newest first; with `parent_job_id` the retries of that job, with `list_id` those made of a list.

    Raises `Invalid` for a cursor that no page gave.
    """
    last_id = read_id(cursor)
    wanted = {"workspace_slug": workspace_slug, "status": status, "parent_job_id": parent_job_id, "list_id": list_id}
    given = {name: value for name, value in wanted.items() if value is not None}
    query = _many_jobs(tuple(given), is_further=last_id is not None)
    values = {f"the_{name}": value for name, value in given.items()}
    views = _views(query, {**values, "the_last": last_id, "the_limit": limit + 1})
    return page_of(views, limit, attrgetter("id"))


@cache
def _many_jobs(names: tuple[str, ...], *, is_further: bool) -> Select[Any]:
    """Return the query for a page of jobs of which these columns are as wanted. Cached, as that for one job is."""
    query = select(jobs).order_by(jobs.c.id.desc()).limit(bindparam("the_limit", type_=Integer))
    query = query.where(*(jobs.c[name] == bindparam(f"the_{name}") for name in names))
    return _with_progress(query.where(jobs.c.id < bindparam("the_last")) if is_further else query)


def held_ids(job_id: str, *, limit: int) -> list[str]:
    """Return the ids of a job's held entities, in order, at most `limit`."""
    return list(islice(ids_with(job_id, {Outcome.HELD}), limit))


SEARCHED_ENTITIES: Final = 200_000
"""In how many entities of jobs one entity is looked for: some 20 ms."""
_WITH_PROGRESS: Final = chunks.outerjoin(
    progress, (progress.c.job_id == chunks.c.job_id) & (progress.c.position == chunks.c.position)
)
UNDECIDED: Final = frozenset(Outcome) - DECIDED
TO_RETRY: Final = UNDECIDED | {Outcome.ERROR, Outcome.HELD}
"""What a retry may take."""
CHUNKS_LISTED: Final = 2000
CHUNKS_READ: Final = 50

_EVERY: Final = true()


def ids_with(job_id: str, wanted: Set[Outcome], of_chunks: ColumnElement[bool] = _EVERY) -> Iterator[str]:
    """Give a job's entity ids by outcome, in order; a list that is damaged gives none.

    Entities of a chunk that was never claimed are untouched.
    """
    for _, entity_id, outcome in outcomes_of(job_id, and_(_has_any(wanted), of_chunks)):
        if entity_id != ERASED_ID and outcome in wanted:
            yield entity_id


def some_ids_with(job_id: str, wanted: Set[Outcome]) -> list[str]:
    """Return some of what `ids_with` gives: those of some chunks, spread over the first that have any."""
    positions = (
        select(chunks.c.position)
        .select_from(_WITH_PROGRESS)
        .where(chunks.c.job_id == job_id, _has_any(wanted))
        .order_by(chunks.c.position)
        .limit(CHUNKS_LISTED)
    )
    chosen = every_nth(db.session.scalars(positions).all(), CHUNKS_READ)
    return list(ids_with(job_id, wanted, chunks.c.position.in_(chosen)))


def count_erased_in(job_id: str, wanted: Set[Outcome], *, is_locking: bool = False) -> int:
    """Count the places in a job's chunks with such outcomes whose entity was erased.

    If that locks, no more of them are until the commit.
    """
    places = (
        select(erased_in(chunks.c.entity_ids).label("erased"))
        .select_from(_WITH_PROGRESS)
        .where(chunks.c.job_id == job_id, _has_any(wanted))
    )
    if is_locking:
        places = places.with_for_update(read=True, of=chunks)
    return db.session.scalar(select(func.sum(places.subquery().c.erased))) or 0


def _has_any(wanted: Set[Outcome]) -> ColumnElement[bool]:
    """Return the condition that a chunk has an entity with one of some outcomes: few have, once a job has ended."""
    others = "".join(sorted(frozenset(Outcome) - wanted))
    has_any = func.trim(progress.c.outcomes, others) != ""
    return or_(has_any, progress.c.outcomes.is_(None)) if Outcome.UNTOUCHED in wanted else has_any


def outcomes_of(job_id: str, of_chunks: ColumnElement[bool] = _EVERY) -> Iterator[tuple[tuple[int, int], str, str]]:
    """Give a job's entities in order: chunk and place in it, id, and outcome; a list that is damaged gives none."""
    query = (
        select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("ids"), progress.c.outcomes)
        .select_from(_WITH_PROGRESS)
        .where(chunks.c.job_id == job_id, of_chunks)
        .order_by(chunks.c.position)
        .execution_options(yield_per=100)
    )
    with db.session.execute(query) as rows:
        for row in rows:
            with suppress(ChunkUnreadable):
                ids = parse_ids(row.ids, row.position)
                outcomes = row.outcomes or Outcome.UNTOUCHED * len(ids)
                for place, (entity_id, outcome) in enumerate(zip(ids, outcomes, strict=False)):
                    yield (row.position, place), entity_id, outcome


def find_outcomes(entity_id: str, totals: Mapping[str, int]) -> dict[str, Outcome]:
    """Return what became of an entity in some jobs, which come with their numbers of entities.

    No index leads from an entity to its chunk. So jobs are looked through as long as they come to `SEARCHED_ENTITIES`,
    and those that are left out are missing, like those without the entity.
    """
    ids_text = chunks.c.entity_ids.cast(Text)
    query = (
        select(chunks.c.job_id, chunks.c.position, ids_text.label("ids"), progress.c.outcomes)
        .select_from(_WITH_PROGRESS)
        .where(chunks.c.job_id.in_(_that_can_be_searched(totals)))
        .where(ids_text.contains(f'"{entity_id}"', autoescape=True))
    )
    found: dict[str, Outcome] = {}
    for row in db.session.execute(query):
        with suppress(ChunkUnreadable, ValueError):
            place = parse_ids(row.ids, row.position).index(entity_id)
            outcomes = (row.outcomes or "").ljust(place + 1, Outcome.UNTOUCHED)
            found[row.job_id] = Outcome(outcomes[place])
    return found


def first_errors(entity_id: str, job_ids: Sequence[str]) -> dict[str, str]:
    """Return the message of an entity's error in some jobs, by job. It looks through all errors of the jobs."""
    if not job_ids:
        return {}
    query = select(entity_errors.c.job_id, entity_errors.c.message).where(
        entity_errors.c.job_id.in_(job_ids), entity_errors.c.entity_id == entity_id
    )
    return dict(db.session.execute(query).all())


def _that_can_be_searched(totals: Mapping[str, int]) -> list[str]:
    """Return the jobs, the shortest first, that come to as many entities as may be looked through."""
    job_ids = sorted(totals, key=totals.__getitem__)
    looked_at = list(accumulate(totals[job_id] for job_id in job_ids))
    return job_ids[: bisect_right(looked_at, SEARCHED_ENTITIES)]


def health() -> QueueHealth:
    """Return how long work has been waiting and when somebody last looked for it."""
    oldest, now = db.session.connection().execute(_oldest_work()).one()
    beats = {row.name: row.at for row in db.session.connection().execute(_BEATS)}
    age = None if oldest is None else (now - oldest).total_seconds()
    ages = {name: (now - at).total_seconds() for name, at in beats.items()}
    return QueueHealth(age, beats.get("drain"), beats.get("cron"), ages.get("drain"), ages.get("cron"))


@cache
def _oldest_work() -> Select[Any, Any]:
    """Return the query for the time of the oldest job with work, and that of now. Cached, as those for jobs are."""
    waiting = union_all(
        select(jobs.c.created_at).where(jobs.c.claimable),
        select(jobs.c.created_at)
        .join(progress, progress.c.job_id == jobs.c.id)
        .where(progress.c.finished_at.is_(None), jobs.c.status.in_(ACTIVE)),
        select(jobs.c.created_at).where(jobs.c.resume_at <= utcnow()),
    ).subquery()
    return select(func.min(waiting.c.created_at), utcnow())


_BEATS: Final = select(heartbeats)


def known_id(job_id: str) -> str:
    """Return a job id in its usual spelling. Raises `JobNotFound` for what cannot be one."""
    parsed = parse_id(job_id)
    if parsed is None:
        raise JobNotFound
    return parsed


def _with_progress(query: Select[Any]) -> Select[Any]:
    """Return the query for the jobs of another, newest first, each with its open chunks.

    One statement: between two, a chunk could end, and be counted twice or not at all.
    """
    page = query.subquery("page")
    is_live = progress.c.worker.is_not(None) & (progress.c.lease_expires_at > utcnow())
    joined = page.outerjoin(progress, (progress.c.job_id == page.c.id) & progress.c.finished_at.is_(None))
    spent = select(func.coalesce(func.sum(costs.c.cost_micros), 0)).where(costs.c.job_id == page.c.id).scalar_subquery()
    return (
        select(
            page,
            utcnow().label("now"),
            progress.c.outcomes,
            is_live.label("is_live"),
            # A sum of bigints is a decimal on PostgreSQL.
            spent.cast(BigInteger).label("cost_micros"),
        )
        .select_from(joined)
        .order_by(page.c.id.desc())
    )


def _views(query: Select[Any], values: Mapping[str, Any] | None = None) -> list[JobView]:
    try:
        with single_query() as connection:
            rows = connection.execute(query, values).all()
        return [_view(list(chunks)) for _, chunks in groupby(rows, key=attrgetter("id"))]
    except (TypeError, ZeroDivisionError) as exc:
        # SQLite keeps text in a column of numbers, if that is what it is given.
        raise DamagedData from exc


def _view(rows: Sequence[Row[Any]]) -> JobView:
    """Make a view of one job's rows, one for each open chunk, or a single one without any."""
    row = rows[0]
    live = "".join(chunk.outcomes or "" for chunk in rows)
    processed = row.processed_count + sum(map(live.count, DECIDED))
    is_running = row.status == JobStatus.RUNNING
    return JobView(
        id=row.id,
        workspace_slug=row.workspace_slug,
        entity_type=row.entity_type,
        provider=row.provider,
        priority=row.priority,
        status=row.status,
        pause_reason=row.pause_reason,
        paused_manually=row.paused_manually,
        resume_at=row.resume_at,
        chunk_size=row.chunk_size,
        total=row.total_count,
        duplicates=row.duplicate_count,
        excluded=row.excluded_count,
        processed=processed,
        success=row.success_count + live.count(Outcome.SUCCESS),
        errors=row.error_count + live.count(Outcome.ERROR),
        skipped=row.skipped_count + live.count(Outcome.SKIPPED),
        held=row.held_count + live.count(Outcome.HELD),
        percent=processed * 1000 // row.total_count / 10,
        eta_seconds=_eta_seconds(row, processed) if is_running else None,
        stalled=is_running and not any(chunk.is_live for chunk in rows),
        options=row.options,
        cap_micros=row.cap_micros,
        stop_when=row.stop_when,
        cost_micros=row.cost_micros,
        list_id=row.list_id,
        parent_job_id=row.parent_job_id,
        retry_filter=row.retry_filter,
        held_accepted_at=row.held_accepted_at,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _eta_seconds(row: Row[Any], processed: int) -> int | None:
    """Estimate from the job's mean rate since its first claim."""
    elapsed: float = (row.now - row.started_at).total_seconds()
    if processed == 0:
        return None
    left: int = row.total_count - processed
    return round(left * elapsed / processed)
