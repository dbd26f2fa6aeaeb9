"""What calls cost and what came of them, added up by job, provider and day as their answers are stored.

All figures about providers are read from these few rows, so that nobody has to count attempts to show them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from app.db.session import WriteSession
from app.db.sql import upsert
from app.enrichment.money.caps import Settlement, Tally
from app.enrichment.queue.lease import JobInfo
from app.models.spending import LATENCY_BOUNDS, CallOutcome, costs

LATENCIES: Final = tuple(f"took_{number}" for number in range(1, len(LATENCY_BOUNDS) + 2))
"""The columns with the answers by latency."""
COUNTERS: Final = (
    "calls",
    "charged_calls",
    "cost_micros",
    "in_doubt_micros",
    "finds",
    "rejected",
    "turn_answers",
    "turn_finds",
    "overlaps",
    *LATENCIES,
    "latency_ms_sum",
    *CallOutcome,
)

_Key = tuple[str, date]
"""A provider and a day."""
_NONE: Final[Mapping[_Key, int]] = MappingProxyType({})


def record_costs(
    session: WriteSession,
    job: JobInfo,
    settlements: Iterable[Settlement],
    *,
    order: Sequence[str] | None = None,
    rejected: Mapping[_Key, int] = _NONE,
) -> None:
    """Add what calls cost, and what came of them, to what the job has on each provider.

    Costs count on the days whose caps they fall under. `order` has the names of the providers that the job asks, if
    they are known. `rejected` says, by provider and day, how many addresses a verifier has called invalid.
    """
    rows = _rows(job, settlements, rejected)
    if not rows:
        return
    replaced = () if order is None else ("step",)
    steps = {name: place for place, name in enumerate(order or (), 1)}
    # In one order everywhere, as workers on the same job wait for each other's rows.
    values = [{**rows[provider, day], "step": steps.get(provider)} for provider, day in sorted(rows)]
    upsert(session, costs, values, replaced=replaced, added=COUNTERS)


def _rows(job: JobInfo, settlements: Iterable[Settlement], rejected: Mapping[_Key, int]) -> dict[_Key, dict[str, Any]]:
    """Return what is to be added, by provider and day."""
    rows: dict[_Key, dict[str, Any]] = {}
    for settlement in settlements:
        if settlement.is_sent:
            _add(_row(rows, job, settlement.provider, settlement.reserved_on), settlement)
    for (provider, day), count in rejected.items():
        _row(rows, job, provider, day)["rejected"] += count
    return rows


def _row(rows: dict[_Key, dict[str, Any]], job: JobInfo, provider: str, day: date) -> dict[str, Any]:
    about = {"job_id": job.id, "provider": provider, "day": day, "workspace_slug": job.workspace_slug}
    return rows.setdefault((provider, day), {**about, **dict.fromkeys(COUNTERS, 0), "counts_answers": True})


def _add(row: dict[str, Any], settlement: Settlement) -> None:
    row["calls"] += 1
    row[settlement.outcome] += 1
    row["charged_calls"] += settlement.cost_micros > 0
    row["cost_micros"] += settlement.cost_micros
    row["in_doubt_micros"] += settlement.cost_micros if settlement.is_in_doubt else 0
    if settlement.tally is not None:
        _add_tally(row, settlement.tally)


def _add_tally(row: dict[str, Any], tally: Tally) -> None:
    row[LATENCIES[bisect_left(LATENCY_BOUNDS, tally.seconds)]] += 1
    row["latency_ms_sum"] += round(tally.seconds * 1000)
    row["finds"] += tally.is_find
    row["turn_answers"] += tally.is_in_turn
    row["turn_finds"] += tally.is_in_turn and tally.is_find
    row["overlaps"] += tally.is_overlap
