"""Jobs that stop themselves: when too little is found, or a find is too dear, and how they go on."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.queue import JobView
from app.enrichment.queue.stop_rules import Counts, StopRule, Window
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.plan import job_columns
from app.extensions import db
from app.models.job import EnrichmentJob
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import EMAIL, NOT_FOUND, PRICE, add, change, drain, in_threads, paid, verdict
from tests.fakes.provider import FakeProvider, registry_of
from tests.invariants import check_invariants

LAST = 20
AT_ONCE = 10
"""Calls that one worker has under way, and half as many that are to follow."""


def start(count: int, rule: StopRule, verifier: str | None = None, chunk_size: int = 10) -> str:
    """Enqueue the first people with a rule to stop by."""
    columns = job_columns("person", "waterfall", JobOptions(verifier=verifier, stop_when=rule), "default")
    return queue.enqueue_job("person", "waterfall", ids(count), chunk_size=chunk_size, **columns)


def stored_window(job_id: str) -> Window | None:
    """Return what the job's row keeps of its last entities."""
    db.session.rollback()
    return db.session.get_one(EnrichmentJob, job_id).stop_window


def work(app: Flask, provider: FakeProvider, job_id: str) -> JobView:
    app.extensions["tranche.registry"] = registry_of(provider)
    drain(provider)
    db.session.rollback()
    return queue.get_job(job_id)


@pytest.fixture
def scene(make_app: Callable[..., Flask]) -> Flask:
    """An application whose workers ask about few at once, with a provider that is there to be asked."""
    app = make_app(ENRICH_CONCURRENCY=AT_ONCE)
    app.extensions["tranche.registry"] = registry_of(paid())
    return app


def test_a_window_holds_the_last_ones_in_few_parts() -> None:
    """It reaches back as far as the rule says, by a tenth more at most, and never grows."""
    rule, window = StopRule(100, hit_rate_under=0.5), []
    for number in range(1000):
        window = rule.extend(window, Counts(1, number >= 900, 7))
        asked = sum(part[0] for part in window)
        assert min(number + 1, 100) <= asked < 110 and len(window) <= 12
    assert sum(part[1] for part in window) == 100 and sum(part[2] for part in window) == 7 * asked
    assert rule.why_stop(window) is None
    assert rule.extend(window, Counts(500, 0, 0))[-1][0] >= 500, "a checkpoint may be larger than a window"


@pytest.mark.parametrize(
    ("rule", "counts", "reason"),
    [
        (StopRule(10, 0.5), Counts(9, 0, 9), None),
        (StopRule(10, 0.5), Counts(10, 5, 9), None),
        (StopRule(10, 0.5), Counts(10, 4, 9), "for 4 (40.0%), under the limit of 50.0%"),
        (StopRule(10, None, 50_000), Counts(10, 2, 100_000), None),
        (StopRule(10, None, 50_000), Counts(10, 2, 100_001), "$0.100, with 2 finds: more than $0.050"),
        (StopRule(10, None, 50_000), Counts(10, 0, 50_001), "with 0 finds"),
        (StopRule(10, 0.5, 0), Counts(10, 5, 0), None),
    ],
)
def test_a_rule_stops_past_its_limits_and_not_at_them(rule: StopRule, counts: Counts, reason: str | None) -> None:
    """Nor before there are as many as it looks at; with nothing found, what one find may cost is the limit."""
    told = rule.why_stop(rule.extend([], counts))
    assert told is None if reason is None else told is not None and reason in told


def test_a_job_stops_within_a_checkpoint_of_its_limit_and_goes_on_afresh(scene: Flask) -> None:
    """By hit rate: the first ones are found, then nobody; resumed, it looks at its next ones alone."""
    with scene.app_context():
        add(200)
        found = dict.fromkeys(ids(30), EMAIL)
        provider = paid(answers=found, default=NOT_FOUND, charges_misses=True)
        job_id = start(200, StopRule(LAST, hit_rate_under=0.5))
        job = work(scene, provider, job_id)
        assert (job.status, job.paused_manually, job.resume_at) == ("paused", True, None)
        assert "under the limit of 50.0%" in str(job.pause_reason)
        assert 30 + LAST / 2 <= len(provider.asked) <= 30 + LAST / 2 + LAST / 10 + 3 * AT_ONCE
        check_invariants()
        first = len(provider.asked)
        queue.resume(job_id)
        assert stored_window(job_id) is None
        assert work(scene, provider, job_id).status == "paused"
        assert first + LAST <= len(provider.asked) <= first + LAST + LAST / 10 + 3 * AT_ONCE


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_starts_after_the_checkpoint_that_passes_the_limit(
    make_app: Callable[..., Flask], workers: int
) -> None:
    """What that one, and the next one of another worker, have granted is given back: what is under way is paid."""
    app = make_app(ENRICH_CONCURRENCY=1)
    provider = paid(default=NOT_FOUND, seconds=0.002)
    app.extensions["tranche.registry"] = registry_of(provider)
    with app.app_context():
        add(60)
        job_id = start(60, StopRule(10, hit_rate_under=0.5), chunk_size=30)
    in_threads(app, [lambda: drain(provider)] * workers)
    with app.app_context():
        assert queue.get_job(job_id).status == "paused"
        assert 10 <= len(provider.asked) < 10 + workers
        check_invariants()


def test_a_job_stops_itself_with_two_workers(scene: Flask) -> None:
    """By cost: whichever is over stops both."""
    with scene.app_context():
        add(300)
        provider = paid(default=replace(NOT_FOUND, cost_micros=PRICE), seconds=0.005)
        scene.extensions["tranche.registry"] = registry_of(provider)
        job_id = start(300, StopRule(LAST, cost_per_find_over_micros=PRICE))
    in_threads(scene, [lambda: drain(provider)] * 2)
    with scene.app_context():
        job = queue.get_job(job_id)
        assert job.status == "paused" and "with 0 finds" in str(job.pause_reason)
        assert LAST <= len(provider.asked) <= LAST + LAST / 10 + 5 * AT_ONCE
        assert job.cost_micros == provider.spent_micros
        check_invariants()


def test_who_was_not_asked_about_does_not_count(scene: Flask) -> None:
    """Neither those who have everything, nor those who are not there; a rejected address is no find."""
    with scene.app_context():
        add(60, email="there@corp.example")
        change(*({"id": one, "email": None} for one in ids(60)[50:]))
        job_id = start(80, StopRule(10, hit_rate_under=1))
        provider = paid()
        assert work(scene, provider, job_id).status == "complete"
        assert len(provider.asked) == 10
        add(100)
        finder, checker = paid(), paid("findymail-verify", default=verdict("invalid"))
        scene.extensions["tranche.registry"] = registry_of(finder, verifiers=[checker])
        job_id = start(100, StopRule(10, hit_rate_under=0.1), verifier="findymail")
        drain(finder, verifiers=[checker])
        assert "something was found for 0" in str(queue.get_job(job_id).pause_reason)
