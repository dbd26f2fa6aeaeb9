"""What calls cost and what came of them, added up by job, provider and day as their answers are stored.

All figures about providers are read from these few rows, so that nobody has to count attempts to show them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.db.session import WriteSession
from app.db.sql import upsert
from app.enrichment.money.caps import Settlement, Tally
from app.enrichment.queue.lease import JobInfo
from app.models.spending import LATENCY_BOUNDS, costs

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
)


def record_costs(
    session: WriteSession,
    job: JobInfo,
    settlements: Iterable[Settlement],
    *,
    order: Sequence[str] | None = None,
    rejected: Mapping[str, int] | None = None,
    today: date | None = None,
) -> None:
    """Add what calls cost, and what came of them, to what the job has on each provider.

    Costs count on the days whose caps they fall under. `order` has the names of the providers that the job asks, if
    they are known. `rejected` says how many addresses of each a verifier has called invalid; that counts `today`.
    """
    rows: dict[tuple[str, date], dict[str, Any]] = {}
    for settlement in settlements:
        if settlement.is_sent:
            _add(_row(rows, job, settlement.provider, settlement.reserved_on), settlement)
    if rejected and today is not None:
        for provider, count in rejected.items():
            _row(rows, job, provider, today)["rejected"] += count
    if not rows:
        return
    steps = {name: place for place, name in enumerate(order or (), 1)}
    values = [{**rows[key], "step": steps.get(key[0])} for key in sorted(rows)]
    upsert(session, costs, values, replaced=() if order is None else ("step",), added=COUNTERS)


def _row(rows: dict[tuple[str, date], dict[str, Any]], job: JobInfo, provider: str, day: date) -> dict[str, Any]:
    about = {"job_id": job.id, "provider": provider, "day": day, "workspace_slug": job.workspace_slug}
    return rows.setdefault((provider, day), {**about, **dict.fromkeys(COUNTERS, 0), "counts_answers": True})


def _add(row: dict[str, Any], settlement: Settlement) -> None:
    row["calls"] += 1
    row["charged_calls"] += settlement.cost_micros > 0
    row["cost_micros"] += settlement.cost_micros
    row["in_doubt_micros"] += settlement.cost_micros if settlement.is_in_doubt else 0
    if settlement.tally is not None:
        _add_tally(row, settlement.tally)


def _add_tally(row: dict[str, Any], tally: Tally) -> None:
    row[LATENCIES[bisect_left(LATENCY_BOUNDS, tally.seconds)]] += 1
    row["finds"] += tally.is_find
    row["turn_answers"] += tally.is_in_turn
    row["turn_finds"] += tally.is_in_turn and tally.is_find
    row["overlaps"] += tally.is_overlap
