"""How many calls may be granted: those that could not begin in time would waste what a provider allows."""

import math

import pytest

from app.enrichment.waterfall.batch import Call
from app.enrichment.waterfall.calls_under_way import AHEAD, USUAL_SECONDS, CallsOfChunk, CallsUnderWay
from tests.enrichment.conftest import BudgetClock
from tests.fakes.provider import FakeProvider

LATER = 600.0
"""So far ahead that no call begins but by the clock of the test."""


def test_calls_are_granted_as_far_as_there_are_places_when_they_begin(
    budget_clock: BudgetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are under way then take a place; those that have ended by then take none."""
    monkeypatch.setattr("app.enrichment.waterfall.calls_under_way.time", budget_clock)
    provider, under_way = FakeProvider(price_micros=1), CallsUnderWay(4)
    owner, begin_at = CallsOfChunk(under_way), budget_clock.monotonic() + LATER

    def start(name: str, start_at: float) -> None:
        owner.start(Call(name, provider, (), 1.0, 0), deadline=start_at + LATER, start_at=start_at)

    assert under_way.room_for(provider, 0.0) == 4
    for number in range(4):
        start(f"c{number}", begin_at)
    assert under_way.room_for(provider, 0.0) == 0
    budget_clock.move(LATER + USUAL_SECONDS / 2)
    assert under_way.room_for(provider, 0.0) == 0
    assert under_way.room_for(provider, math.inf) == 4 // AHEAD
    start("next", begin_at + 2 * USUAL_SECONDS)
    assert under_way.room_for(provider, 0.0) == 3
    owner.give_up_waiting()
