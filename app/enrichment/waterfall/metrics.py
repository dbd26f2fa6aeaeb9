"""The metrics in Prometheus' text form: of the whole service, and of the processes behind one address.

They name neither workspaces nor jobs nor entities: those are many, and whose they are is nobody else's business.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import instruments
from app.enrichment.money.reports import CapView
from app.enrichment.waterfall.fleet import DayFigures, Fleet, fleet
from app.enrichment.waterfall.provider_status import ProviderView
from app.enrichment.waterfall.totals import ANSWERS, ENDED_JOBS, Key
from app.models.job import ENDED
from app.models.spending import CallOutcome
from app.providers.settings import MICROS

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_OUTCOMES: Final = ("success", "error", "skipped", "held")
_SUMS: Final = (
    ("answers", ANSWERS, 1, "Questions that were answered."),
    ("answer_seconds", "latency_ms_sum", 1000, "How long those answers took in all."),
    ("spent_usd", "cost_micros", MICROS, "What was spent."),
)
"""Counters by provider: name, what it is in the totals, by what that is divided, and what it says."""

Samples = Iterable[tuple[list[str], float]]
"""Values, each with those of its labels."""


def all_metrics() -> str:
    """Return what is known of the whole service, and what this process and those that it shares a folder with count."""
    registry = instruments.registry()
    registry.register(_FleetCollector(fleet()))
    return generate_latest(registry).decode()


def fleet_metrics() -> str:
    """Return what is known of the whole service alone."""
    registry = CollectorRegistry()
    registry.register(_FleetCollector(fleet()))
    return generate_latest(registry).decode()


class _FleetCollector(Collector):
    def __init__(self, facts: Fleet) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self._facts
        yield from _of_queue(facts)
        yield from _of_providers(facts.providers)
        yield from _of_today(facts.figures)
        yield from _of_caps(facts.caps)
        yield from _of_totals(facts.totals)


def _of_queue(facts: Fleet) -> Iterator[Metric]:
    backlog, health = facts.backlog, facts.health
    yield _gauge("queue_claimable_chunks", "Chunks that could be claimed now.", backlog.claimable_chunks)
    yield _gauge("queue_oldest_seconds", "Age of the oldest job that has one.", backlog.oldest_age_seconds or 0)
    yield _gauge("workers_wanted", "Workers that could be kept busy with them.", backlog.workers_wanted)
    yield _gauge("workers", "Workers that hold a chunk.", facts.workers)
    yield _gauge("entities_left", "Undecided entities of jobs that have not ended.", facts.entities_left)
    yield _gauge("held_entities", "Entities of which a person is to decide.", facts.held_entities)
    yield _family("jobs", "Jobs that have not ended.", ["status"], (([name], n) for name, n in facts.jobs.items()))
    yield _gauge("webhooks_waiting", "Webhooks to be sent, or sent again.", facts.webhooks_waiting)
    yield _gauge("webhooks_oldest_seconds", "Since the oldest of their events.", facts.webhooks_oldest_seconds)
    chunks = (([state], count) for state, count in facts.chunks.items())
    yield _family("open_chunks", "Chunks that were claimed and are not done.", ["state"], chunks)
    ages = (("drain", "anything looked for work"), ("cron", "the cron webhook was called"))
    for name, event in ages:
        age = getattr(health, f"last_{name}_age_seconds")
        about = f"Since {event}; infinite: that has not happened."
        yield _gauge(f"last_{name}_age_seconds", about, math.inf if age is None else age)


def _of_providers(providers: list[ProviderView]) -> Iterator[Metric]:
    label = ["provider"]
    available = _values(providers, "name", "is_available")
    yield _family("provider_available", "Whether a provider is asked at present.", label, available)
    conditions = (([view.name, view.condition], 1) for view in providers)
    yield _family("provider_condition", "How a provider stands.", ["provider", "condition"], conditions)
    failures = _values(providers, "name", "failures")
    yield _family("provider_failures_in_row", "Failed calls in a row.", label, failures)
    calls = _values(providers, "name", "calls_under_way")
    yield _family("calls_in_flight", "Calls that are under way.", label, calls)


def _of_today(figures: list[DayFigures]) -> Iterator[Metric]:
    label = ["provider"]
    for name, about in (("calls", "Questions sent"), ("answers", "Questions answered"), ("finds", "Answers of use")):
        yield _family(f"{name}_today", f"{about} today (UTC).", label, _values(figures, "provider", name))
    spent = _values(figures, "provider", "cost_micros", unit=MICROS)
    yield _family("spent_today_usd", "Spent today (UTC).", label, spent)
    in_doubt = _values(figures, "provider", "in_doubt_micros", unit=MICROS)
    yield _family("in_doubt_today_usd", "The part of it that nobody is sure was charged.", label, in_doubt)


def _of_caps(caps: list[CapView]) -> Iterator[Metric]:
    limits, reserved, used = [], [], []
    for cap in caps:
        if cap.cap_micros is not None:
            label = [cap.provider or cap.scope]
            limits.append((label, cap.cap_micros / MICROS))
            reserved.append((label, cap.reserved_micros / MICROS))
            used.append((label, cap.used_ratio or 0))
    yield _family("cap_usd", "Daily caps.", ["scope"], limits)
    yield _family("cap_reserved_usd", "Reserved under a cap for calls under way.", ["scope"], reserved)
    yield _family("cap_used_ratio", "Spent and reserved, as a part of the cap.", ["scope"], used)


def _of_totals(totals: Mapping[Key, int]) -> Iterator[Metric]:
    ended = (([str(status)], totals.get((ENDED_JOBS, status), 0)) for status in ENDED)
    yield _counter("jobs_ended", "Jobs that have ended.", ["status"], ended)
    entities = (([outcome], totals.get((f"{outcome}_count", ""), 0)) for outcome in _OUTCOMES)
    yield _counter("entities", "Entities of chunks that are done, by what became of them.", ["outcome"], entities)
    takeovers = totals.get(("takeover_count", ""), 0)
    yield _counter("lease_takeovers", "Chunks that were taken over, their worker lost.", [], [([], takeovers)])
    providers = sorted({label for name, label in totals if name == ANSWERS})
    questions = (([name, outcome], totals[outcome, name]) for name in providers for outcome in CallOutcome)
    about = "Questions sent, one for each entity, by what came of them."
    yield _counter("questions", about, ["provider", "outcome"], questions)
    for name, column, unit, about in _SUMS:
        sums = (([provider], totals[column, provider] / unit) for provider in providers)
        yield _counter(name, about, ["provider"], sums)


def _values(rows: Iterable[object], label: str, name: str, *, unit: int = 1) -> Samples:
    """Return a value of each row, in a unit, under the row's own label."""
    return (([getattr(row, label)], getattr(row, name) / unit) for row in rows)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tranche_{name}", about, value=value)


def _counter(name: str, about: str, labels: list[str], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(f"tranche_{name}", about, labels=labels), samples)


def _family(name: str, about: str, labels: list[str], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"tranche_{name}", about, labels=labels), samples)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, samples: Samples) -> Metric:
    for label_values, value in samples:
        family.add_metric(label_values, value)
    return family
