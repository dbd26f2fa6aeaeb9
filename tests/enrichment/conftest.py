"""A clock for budgets that tests move by hand, and a ceiling of calls that they can count to."""

import time
from dataclasses import replace

import pytest
from flask import Flask

from app.config import config


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


@pytest.fixture
def ten_at_once(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ten entities be worked on at once, for tests that count those that are not."""
    monkeypatch.setitem(context.config, "TRANCHE", replace(config(), ENRICH_CONCURRENCY=10))
