"""How the whole service stands, on all hosts together, read from the database: what `/metrics` shows of it.

Whoever is asked knows it, also of cron runs and of workers that nobody can ask. It takes some fifteen queries, of which
none reads attempts, entities, or jobs that have ended and are in the totals.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask import current_app
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.reports import CapView, today
from app.enrichment.queue import Backlog, QueueHealth
from app.enrichment.waterfall.provider_status import ProviderView, list_providers
from app.enrichment.waterfall.totals import Key, read_totals
from app.extensions import db
from app.models.chunk import progress
from app.models.job import jobs
from app.models.spending import costs
from app.models.types import utcnow
from app.models.webhook import webhook_deliveries, webhook_events

FRESH_SECONDS: Final = 5.0
"""How old the facts may be: several may scrape."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What the calls of one provider have come to today. Amounts are micro-dollars."""

    provider: str
    calls: int
    answers: int
    finds: int
    cost_micros: int
    in_doubt_micros: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """The service's state. What it says of jobs is of those that have not ended."""

    health: QueueHealth
    backlog: Backlog
    jobs: Mapping[str, int]
    """By status."""
    entities_left: int
    held_entities: int
    """Of jobs that have ended too, unless they were retried, or accepted as they are."""
    chunks: Mapping[str, int]
    """Open chunks: `leased`, `waiting` for their time or a worker, and `stalled`, whose worker is gone."""
    workers: int
    """Workers that hold a chunk."""
    providers: list[ProviderView]
    """Those that the settings allow to ask."""
    caps: list[CapView]
    """Today's, of all workspaces together: everything's, and those of providers."""
    figures: list[DayFigures]
    totals: Mapping[Key, int]
    webhooks_waiting: int
    """Deliveries that are to be made, or tried again."""
    webhooks_oldest_seconds: float
    """How long the oldest of their events has been waiting."""


def fleet() -> Fleet:
    """Return how the service stands, as of at most `FRESH_SECONDS` ago."""
    kept: _Kept = current_app.extensions.setdefault("tranche.fleet", _Kept())
    # Whoever comes while another one reads waits for him.
    with kept.lock:
        if kept.fleet is None or time.monotonic() - kept.read_at >= FRESH_SECONDS:
            kept.fleet, kept.read_at = read_fleet(), time.monotonic()
        return kept.fleet


class _Kept:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fleet: Fleet | None = None
        self.read_at = 0.0


def read_fleet() -> Fleet:
    """Read how the service stands now."""
    by_status = _unfinished()
    chunks = db.session.execute(_open_query()).one()
    waiting, oldest_seconds = _webhooks()
    facts = Fleet(
        health=queue.health(),
        backlog=queue.backlog(),
        jobs={status: count for status, (count, _) in by_status.items()},
        entities_left=sum(left for _, left in by_status.values()),
        held_entities=db.session.execute(_held_query()).scalar_one(),
        chunks={state: getattr(chunks, state) for state in ("leased", "waiting", "stalled")},
        workers=chunks.workers,
        providers=[view for view in list_providers() if view.missing is None],
        caps=reports.service_caps(),
        figures=_figures(),
        totals=read_totals(),
        webhooks_waiting=waiting,
        webhooks_oldest_seconds=oldest_seconds,
    )
    end_read()
    return facts


def _unfinished() -> dict[str, tuple[int, int]]:
    """Return how many jobs have each status, and how many entities they have left."""
    return {status: (count, entities) for status, count, entities in db.session.execute(_unfinished_query())}


def _webhooks() -> tuple[int, float]:
    waiting, oldest, now = db.session.execute(_webhooks_query()).one()
    return waiting, 0.0 if oldest is None else (now - oldest).total_seconds()


def _figures() -> list[DayFigures]:
    return [DayFigures(*row) for row in db.session.execute(_figures_query(), {"day": today()})]


# The statements, each put together once: that takes longer than to run it.


@cache
def _unfinished_query() -> Select[*tuple[Any, ...]]:
    left = func.sum(jobs.c.total_count - jobs.c.processed_count).cast(BigInteger)
    return select(jobs.c.status, func.count(), left).where(jobs.c.finished_at.is_(None)).group_by(jobs.c.status)


@cache
def _held_query() -> Select[*tuple[Any, ...]]:
    retries = jobs.alias()
    takes_held = or_(retries.c.retry_filter.is_(None), retries.c.retry_filter["held"].as_boolean())
    is_retried = exists().where(retries.c.parent_job_id == jobs.c.id, takes_held)
    held = func.coalesce(func.sum(jobs.c.held_count), 0).cast(BigInteger)
    # Written out, so that the index is known to have them all.
    is_held = and_(jobs.c.held_count > literal_column("0"), jobs.c.held_accepted_at.is_(None))
    return select(held).where(is_held, ~is_retried)


@cache
def _open_query() -> Select[*tuple[Any, ...]]:
    has_worker, is_live = progress.c.worker.is_not(None), progress.c.lease_expires_at > utcnow()
    states = {"leased": and_(has_worker, is_live), "waiting": ~has_worker, "stalled": and_(has_worker, ~is_live)}
    counts = [func.count(case((is_so, 1))).label(state) for state, is_so in states.items()]
    workers = func.count(case((states["leased"], progress.c.worker)).distinct()).label("workers")
    return select(*counts, workers).where(progress.c.finished_at.is_(None))


@cache
def _webhooks_query() -> Select[*tuple[Any, ...]]:
    source = webhook_deliveries.join(webhook_events)
    query = select(func.count(), func.min(webhook_events.c.created_at), utcnow()).select_from(source)
    return query.where(webhook_deliveries.c.next_at.is_not(None))


@cache
def _figures_query() -> Select[*tuple[Any, ...]]:
    answers: ColumnElement[int] = sum((costs.c[name] for name in LATENCIES), literal_column("0", Integer))
    counters = (costs.c.calls, answers, costs.c.finds, costs.c.cost_micros, costs.c.in_doubt_micros)
    sums = [func.sum(counter).cast(BigInteger) for counter in counters]
    query = select(costs.c.provider, *sums).where(costs.c.day == bindparam("day"))
    return query.group_by(costs.c.provider).order_by(costs.c.provider)
