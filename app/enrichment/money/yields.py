"""What each provider gave for its money: finds, rates, the price of a value, and how long answers take.

Read from what was counted as the answers came (`cost_log`), a row for each job, provider and day, so that no request
counts attempts. Amounts are micro-dollars, days are UTC.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, func, select

from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.reports import in_period, period
from app.enrichment.queue.queries import get_job
from app.extensions import db
from app.models.spending import LATENCY_BOUNDS, costs
from app.values.groups import grouped

SUMMED: Final = ("calls", "cost_micros", "finds", "rejected", "turn_answers", "turn_finds", "overlaps", *LATENCIES)

Row = tuple[tuple[str, int | None], Mapping[str, int]]
"""Provider and step, and their counters by the names of `SUMMED`."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What calls came to. Rates are from 0 to 1; None: nobody has answered, or values are not what was asked for."""

    calls: int
    answers: int
    """Calls that were answered, with something or with nothing."""
    step_answers: int
    """Those of them that were asked for values; a verifier is not, nor is the normaliser after a walk."""
    finds: int
    """Answers that gave a wanted field which the entity lacked."""
    rejected: int
    """Addresses among them that a verifier called invalid."""
    turn_answers: int
    """Answers about entities of which everybody ahead in the order had answered too, without giving all."""
    turn_finds: int
    overlaps: int
    """Answers with something about entities of which a provider ahead had something too."""
    cost_micros: int
    latencies: tuple[int, ...]
    """Answers by latency: up to each of `LATENCY_BOUNDS`, and above the last."""

    @classmethod
    def add_up(cls, rows: Iterable[Row]) -> "Figures":
        """Return the figures of some rows."""
        sums = dict.fromkeys(SUMMED, 0)
        step_answers = 0
        for (_, step), row in rows:
            for name in SUMMED:
                sums[name] += row[name]
            step_answers += 0 if step is None else sum(row[name] for name in LATENCIES)
        latencies = tuple(sums.pop(name) for name in LATENCIES)
        return cls(answers=sum(latencies), step_answers=step_answers, latencies=latencies, **sums)

    @property
    def counters(self) -> dict[str, int]:
        """What they were added up from, by the names of `SUMMED`."""
        counted = {name: getattr(self, name) for name in SUMMED if name not in LATENCIES}
        return counted | dict(zip(LATENCIES, self.latencies, strict=True))

    @property
    def values(self) -> int:
        """How many finds stand: those that no verifier rejected."""
        return max(0, self.finds - self.rejected)

    @property
    def find_rate(self) -> float | None:
        """Which part of the answers gave something that is wanted."""
        return _share(self.finds, self.step_answers)

    @property
    def conditional_find_rate(self) -> float | None:
        """The same of entities of which everybody ahead had answered without giving all."""
        return _share(self.turn_finds, self.turn_answers)

    @property
    def value_cost_micros(self) -> int | None:
        """What a value cost, misses and rejected addresses paid for with it; None: there is none."""
        return round(self.cost_micros / self.values) if self.values else None

    @property
    def p50_seconds(self) -> float | None:
        """The time within which half of the answers came."""
        return percentile(self.latencies, 0.5)

    @property
    def p95_seconds(self) -> float | None:
        """The time within which 95 of 100 answers came."""
        return percentile(self.latencies, 0.95)


@dataclass(frozen=True, slots=True)
class StepYield:
    """A provider's figures at one place in the order of jobs; None: it verified or normalised."""

    step: int | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class ProviderYield:
    """A provider's figures, and those of each place that it had."""

    provider: str
    figures: Figures
    steps: list[StepYield]


@dataclass(frozen=True, slots=True)
class YieldReport:
    """Providers by step, and their total. Days are those of a period, ids those of a job or of a list."""

    rows: list[ProviderYield]
    total: Figures
    first_day: date | None = None
    last_day: date | None = None
    job_id: str | None = None
    list_id: str | None = None
    entities: int | None = None
    """The members of the list that were looked at."""
    of_entities: int | None = None
    """The members that it has."""
    calls_not_counted: int = 0
    """Calls of an older release, which did not count what came of them. They are in no figure."""
    as_of: datetime | None = None
    """When they were worked out, if they were kept; None: just now."""
    is_pending: bool = False
    """Whether newer ones, or those of more members, are being worked out."""

    @property
    def counters(self) -> list[tuple[str, int | None, dict[str, int]]]:
        """Provider, step and counters of each row, from which `make_report` makes the rows again."""
        return [(row.provider, step.step, step.figures.counters) for row in self.rows for step in row.steps]


def report_yield(
    *, first_day: date | None = None, last_day: date | None = None, workspace_slug: str | None = None
) -> YieldReport:
    """Return what providers gave from one day to another, 30 days up to today by default. Raises `Invalid`."""
    first_day, last_day = period(first_day, last_day)
    rows, not_counted = _read(in_period(first_day, last_day, workspace_slug))
    return make_report(rows, first_day=first_day, last_day=last_day, calls_not_counted=not_counted)


def job_yield(job_id: str, *, workspace_slug: str | None = None) -> YieldReport:
    """Return what providers gave for a job. Raises `JobNotFound`."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    rows, not_counted = _read([costs.c.job_id == job.id])
    return make_report(rows, job_id=job.id, calls_not_counted=not_counted)


def make_report(rows: Mapping[tuple[str, int | None], Mapping[str, int]], **about: Any) -> YieldReport:
    """Return the report of counters by provider and step: in the order of the steps, who is at none comes last."""
    in_order = sorted(rows.items(), key=lambda row: (row[0][1] is None, row[0][1], row[0][0]))
    providers = [
        ProviderYield(name, Figures.add_up(steps), [StepYield(row[0][1], Figures.add_up([row])) for row in steps])
        for name, steps in grouped(in_order, lambda row: row[0][0]).items()
    ]
    return YieldReport(providers, Figures.add_up(in_order), **about)


def percentile(latencies: Sequence[int], share: float) -> float | None:
    """Return the seconds within which a share of the answers came; None: there is none.

    Read off the ranges, as if the answers of a range were spread evenly over it. Of the last one, which is open, the
    lower bound is told.
    """
    rank = share * sum(latencies)
    edges = (0.0, *LATENCY_BOUNDS, LATENCY_BOUNDS[-1])
    for index, up_to_here in enumerate(accumulate(latencies)):
        if up_to_here and up_to_here >= rank:
            part = 1 - (up_to_here - rank) / latencies[index]
            return round(edges[index] + part * (edges[index + 1] - edges[index]), 3)
    return None


def _read(scope: Sequence[ColumnElement[bool]]) -> tuple[dict[tuple[str, int | None], dict[str, int]], int]:
    """Return the counters by provider and step, and the calls of which nothing was counted."""
    query = select(costs.c.provider, costs.c.step, *_SUMS, _NOT_COUNTED).where(*scope)
    rows = db.session.execute(query.group_by(costs.c.provider, costs.c.step)).all()
    counted = {(row.provider, row.step): {name: getattr(row, name) for name in SUMMED} for row in rows}
    not_counted = sum(row.not_counted for row in rows)
    return {key: row for key, row in counted.items() if any(row.values())}, not_counted


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _sum(value: ColumnElement[Any], *, is_counted: bool) -> ColumnElement[int]:
    # A sum of bigints is a decimal on PostgreSQL.
    condition = costs.c.counts_answers if is_counted else ~costs.c.counts_answers
    return func.sum(case((condition, value), else_=0)).cast(BigInteger)


_SUMS: Final = tuple(_sum(costs.c[name], is_counted=True).label(name) for name in SUMMED)
_NOT_COUNTED: Final = _sum(costs.c.calls, is_counted=False).label("not_counted")
