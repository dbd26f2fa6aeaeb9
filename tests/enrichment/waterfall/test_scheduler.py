"""Which attempts become calls now: how long a bulk call waits for others. No database, and a clock that stands."""

import pytest

from app.enrichment.limits.circuit_breaker import KnownStates
from app.enrichment.queue.time_budget import Budget
from app.enrichment.waterfall.batch import Attempt
from app.enrichment.waterfall.calls_under_way import CallsUnderWay
from app.enrichment.waterfall.entity_run import EntityRun, Plan, Purpose, Step
from app.enrichment.waterfall.scheduler import Scheduler
from app.providers.base import Lookup
from tests.enrichment.conftest import BudgetClock
from tests.fakes.provider import FakeProvider

STEP = 0.125
"""Seconds that binary fractions hold exactly, as they do the instants below."""
PROVIDER = FakeProvider(price_micros=1, bulk_size=10)


def attempt(number: int) -> Attempt:
    """Return a paid attempt about one entity, at the first step of its plan."""
    run = EntityRun(number, f"p{number}", {}, Plan((PROVIDER,)))
    lookup = Lookup("person", run.entity_id, {}, request_id=f"r{number}")
    return Attempt(run, Step(Purpose.STEP, PROVIDER), lookup, f"a{number}", price_micros=1, is_local=False)


@pytest.mark.parametrize(
    ("arrivals", "asked_at", "size"),
    [
        pytest.param([0.0, 0.0], 0.5, 2, id="nobody else comes"),
        pytest.param([0.0, 0.375, 0.75], 1.25, 3, id="one after the other"),
        pytest.param([0.0, 0.625], 0.5, 1, id="too late"),
        pytest.param([0.375 * number for number in range(9)], 2.5, 7, id="not for ever"),
    ],
)
def test_a_bulk_call_waits_for_the_next_who_may_come_but_not_for_ever(
    budget_clock: BudgetClock, monkeypatch: pytest.MonkeyPatch, arrivals: list[float], asked_at: float, size: int
) -> None:
    """Each newcomer is waited for a little; calls that are not full cost a slow provider what full ones do."""
    monkeypatch.setattr("app.enrichment.waterfall.scheduler.time", budget_clock)
    scheduler, started = Scheduler("person", 0, Budget.start(600.0), KnownStates()), budget_clock.monotonic()
    to_come = [attempt(number) for number in range(len(arrivals))]
    while True:
        now = budget_clock.monotonic() - started
        while to_come and arrivals[len(arrivals) - len(to_come)] <= now:
            scheduler.add([to_come.pop(0)])
        calls = scheduler.choose(CallsUnderWay(50), lambda _: True)
        if calls:
            break
        budget_clock.move(STEP)
    assert (now, [len(call.attempts) for call in calls]) == (asked_at, [size])


def test_a_bulk_call_is_made_at_once_if_nobody_may_come(budget_clock: BudgetClock) -> None:
    """There is nothing to wait for."""
    scheduler = Scheduler("person", 0, Budget.start(600.0), KnownStates())
    scheduler.add([attempt(0), attempt(1)])
    assert [len(call.attempts) for call in scheduler.choose(CallsUnderWay(50), lambda _: False)] == [2]
