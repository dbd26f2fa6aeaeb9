"""A clock for budgets that tests move by hand."""

import time

import pytest


class BudgetClock:
    """Stands still until it is moved; it starts at the real time, by which calls on the loop thread are cut off."""

    def __init__(self) -> None:
        self._now = time.monotonic()

    def monotonic(self) -> float:
        """Return its time, as `time.monotonic` does."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let seconds pass."""
        self._now += seconds


@pytest.fixture
def budget_clock(monkeypatch: pytest.MonkeyPatch) -> BudgetClock:
    """The clock of all budgets of this test."""
    clock = BudgetClock()
    monkeypatch.setattr("app.enrichment.queue.time_budget.time", clock)
    return clock
