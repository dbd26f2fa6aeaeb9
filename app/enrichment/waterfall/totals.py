"""What has come of everything so far, for counters that only ever rise: jobs, entities, takeovers, and calls.

Nobody adds to a shared row as things happen, as all workers would wait for it. The figures of a job stand in its own
row and in its costs, and once it has ended for good they are added to the totals, some jobs at a time. Whoever asks
reads the totals and the few jobs that are not among them yet. So nothing is counted twice or left out, however many
jobs there have been, and whatever was deleted since.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, exists, func, literal_column, select, update

from app.db.found import has_any
from app.db.session import repeats_conflicts, transaction
from app.db.sql import upsert
from app.enrichment.money.cost_log import LATENCIES
from app.extensions import db
from app.models.chunk import progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import ENDED, jobs
from app.models.spending import CallOutcome, costs
from app.models.total import totals

BATCH_JOBS: Final = 500
"""How many jobs are added to the totals at a time."""
OF_JOBS: Final = ("success_count", "error_count", "skipped_count", "held_count", "takeover_count")
OF_COSTS: Final = (*CallOutcome, "latency_ms_sum", "cost_micros")
ANSWERS: Final = "answers"
ENDED_JOBS: Final = "ended_jobs"

Key = tuple[str, str]
"""What is counted, and the status or provider that it is counted by, or the empty text."""


def read_totals() -> Mapping[Key, int]:
    """Return what all jobs have come to: those that are counted, and those that are not yet."""
    sums = _sums(_of_uncounted())
    for name, label, value in db.session.execute(select(totals)):
        sums[name, label] += value
    return sums


@repeats_conflicts
def count_ended_jobs(limit: int = BATCH_JOBS) -> int:
    """Add to the totals jobs of which nothing will change any more; return how many."""
    ended = _ended_for_good().limit(limit)
    if not has_any(ended):
        return 0
    with transaction() as session:
        # Another worker may be counting them.
        job_ids = session.scalars(ended.with_for_update(of=jobs, skip_locked=True)).all()
        sums = _sums(_statements(jobs.c.id.in_(job_ids)))
        rows = [{"name": name, "label": label, "value": value} for (name, label), value in sorted(sums.items())]
        if rows:
            upsert(session, totals, rows, added=["value"])
        session.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(is_uncounted=False))
    return len(job_ids)


def _ended_for_good() -> Select[Any]:
    # Of a job that failed or was cancelled, chunks may still be closed and calls be booked.
    is_open = exists().where(progress.c.job_id == jobs.c.id, progress.c.finished_at.is_(None))
    has_calls = exists().where(in_flight_calls.c.job_id == jobs.c.id)
    return select(jobs.c.id).where(jobs.c.is_uncounted, jobs.c.finished_at.is_not(None), ~is_open, ~has_calls)


def _sums(statements: tuple[Select[Any], Select[Any]]) -> Counter[Key]:
    by_status, by_provider = statements
    sums: Counter[Key] = Counter()
    for status, count, *values in db.session.execute(by_status):
        if status in ENDED:
            sums[ENDED_JOBS, status] = count
        for name, value in zip(OF_JOBS, values, strict=True):
            sums[name, ""] += value
    for provider, *values in db.session.execute(by_provider):
        for name, value in zip((*OF_COSTS, ANSWERS), values, strict=True):
            sums[name, provider] = value
    return sums


@cache
def _of_uncounted() -> tuple[Select[Any], Select[Any]]:
    # Once: to put them together takes longer than to run them.
    return _statements(jobs.c.is_uncounted)


def _statements(of_jobs: ColumnElement[bool]) -> tuple[Select[Any], Select[Any]]:
    """Return the queries for what some jobs come to: by status, and of their costs by provider."""
    answers: ColumnElement[int] = sum((costs.c[name] for name in LATENCIES), literal_column("0", Integer))
    figures = [*(costs.c[name] for name in OF_COSTS), answers]
    counts = [_sum(jobs.c[name]) for name in OF_JOBS]
    amounts = [_sum(figure) for figure in figures]
    source = jobs.join(costs, costs.c.job_id == jobs.c.id)
    return (
        select(jobs.c.status, func.count(), *counts).where(of_jobs).group_by(jobs.c.status),
        select(costs.c.provider, *amounts).select_from(source).where(of_jobs).group_by(costs.c.provider),
    )


def _sum(figure: ColumnElement[int]) -> ColumnElement[int]:
    return func.sum(figure).cast(BigInteger)
