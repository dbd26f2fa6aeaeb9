"""What the jobs of a workspace have found and paid, by provider, and what is to be expected of a way along some.

Read off what was counted as answers came (`cost_log`), of jobs that asked for the same: an order may differ, the
wanted fields may not, since they decide the price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, select

from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.reports import today
from app.extensions import db
from app.models.job import jobs
from app.models.spending import costs

LEAST_ANSWERS: Final = 50
"""The answers of a provider from which on its history counts."""
DAYS: Final = 90
"""How far back it reaches."""
_END: Final = (0.0, 0.0)
"""What is still to come, and the mean of its square, once something was found."""
_SUMMED: Final = ("cost_micros", "finds", "rejected", "turn_answers", "turn_finds", *LATENCIES)


@dataclass(frozen=True, slots=True)
class History:
    """What one provider has given: rates are from 0 to 1, a cost is what an answer has cost in the mean."""

    answers: int
    cost_micros: float
    find_rate: float
    """Of entities of which nobody ahead in the order had given all."""
    rejected_rate: float = 0.0
    """The share of its finds that a verifier has called invalid."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is to be expected of an entity that asks some providers in order, as far as these are known."""

    cost_micros: float = 0.0
    cost_variance: float = 0.0
    hit_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """One provider on the way of an entity: its history, and whether it charges without a find too."""

    history: History
    charges_misses: bool
    verdict_micros: float = 0.0
    """What it costs to have a find verified."""


def look_ahead(legs: Sequence[Leg]) -> Prospect:
    """Return what the way along some providers comes to, which ends with the first find that is not rejected."""
    cost, square, hit_rate = 0.0, 0.0, 0.0
    for leg in reversed(legs):
        history = leg.history
        hit = history.find_rate * (1 - history.rejected_rate)
        charge_of_find, charge_of_miss = _charges(leg)
        rejected = history.find_rate - hit
        missed = 1 - history.find_rate
        after = (cost, square)
        ways = [(hit, charge_of_find, _END), (rejected, charge_of_find, after), (missed, charge_of_miss, after)]
        cost = sum(share * (charge + mean) for share, charge, (mean, _) in ways)
        square = sum(share * (charge**2 + 2 * charge * mean + of_square) for share, charge, (mean, of_square) in ways)
        hit_rate = hit + (1 - hit) * hit_rate
    return Prospect(cost, max(0.0, square - cost**2), hit_rate)


def _charges(leg: Leg) -> tuple[float, float]:
    """Return what a find costs, its verdict included, and what a miss does."""
    history = leg.history
    if leg.charges_misses or not history.find_rate:
        return history.cost_micros + leg.verdict_micros, history.cost_micros
    return history.cost_micros / history.find_rate + leg.verdict_micros, 0.0


def read_history(
    entity_type: str, provider: str, options: Mapping[str, Any] | None, *, workspace_slug: str
) -> dict[str, History]:
    """Return the history of each provider that has answered often enough, in jobs that asked for the same."""
    values = {"workspace": workspace_slug, "since": today() - timedelta(days=DAYS)}
    added: dict[str, dict[str, int]] = {}
    for row in db.session.connection().execute(_HISTORY, {**values, "kind": entity_type, "job_provider": provider}):
        if _asks_for(row.options) == _asks_for(options):
            sums_of = added.setdefault(row.provider, dict.fromkeys(_SUMMED, 0))
            for name in _SUMMED:
                sums_of[name] += getattr(row, name)
    histories = {name: _history(sums_of) for name, sums_of in added.items()}
    return {name: history for name, history in histories.items() if history.answers >= LEAST_ANSWERS}


# Built once: putting it together costs more than running it. A sum of bigints is a decimal on PostgreSQL.
_HISTORY: Final = (
    select(
        costs.c.provider,
        jobs.c.options,
        *(func.sum(costs.c[name]).cast(BigInteger).label(name) for name in _SUMMED),
    )
    .join(jobs, jobs.c.id == costs.c.job_id)
    .where(costs.c.workspace_slug == bindparam("workspace"), costs.c.day >= bindparam("since"))
    .where(costs.c.counts_answers, jobs.c.entity_type == bindparam("kind"))
    .where(jobs.c.provider == bindparam("job_provider"))
    .group_by(costs.c.provider, jobs.c.options)
)


def _asks_for(options: Any) -> Sequence[str] | None:
    """Return the fields that a job wants, if it says so itself."""
    return options.get("until") if isinstance(options, dict) else None


def _history(sums: Mapping[str, int]) -> History:
    answers = sum(sums[name] for name in LATENCIES)
    is_in_turn = sums["turn_answers"] >= LEAST_ANSWERS
    finds, asked = (sums["turn_finds"], sums["turn_answers"]) if is_in_turn else (sums["finds"], answers)
    return History(
        answers,
        sums["cost_micros"] / max(1, answers),
        min(1.0, finds / max(1, asked)),
        min(1.0, sums["rejected"] / max(1, sums["finds"])),
    )
