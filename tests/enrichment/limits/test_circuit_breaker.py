"""Which providers are left alone: failures in a row, credits gone, keys refused; and how that ends."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker, rate_limits
from app.enrichment.limits.circuit_breaker import (
    CIRCUIT_SECONDS,
    CREDITS_SECONDS,
    PROBE_SECONDS,
    ProviderState,
    load_states,
)
from app.enrichment.limits.rate_limits import LimitKey
from app.extensions import db
from app.models.job import jobs
from app.models.provider_state import provider_paces, provider_states
from app.models.types import utcnow
from app.providers.base import Answer, OutcomeClass
from app.providers.settings import Limits
from tests.enrichment.helpers import expire_leases
from tests.enrichment.scenes import (
    AWAY,
    BAD,
    CUT_OFF,
    EMAIL,
    NO_CREDITS,
    NOT_FOUND,
    REFUSED,
    add,
    drain,
    enqueue,
    in_threads,
    paid,
    pipeline,
    rows,
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants

SLOW_DOWN = Answer(OutcomeClass.RATE_LIMITED, error="Too fast.", retry_after_seconds=1)
LACKING = Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error="There is no domain.")
DEAD_SITE = replace(AWAY, is_about_entity=True)


def note(provider: FakeProvider, *answers: Answer) -> ProviderState | None:
    """Let calls end as these answers, one transaction each; return how the provider stands."""
    for answer in answers:
        with transaction() as session:
            circuit_breaker.record(session, provider, [answer], load_states())
    return state(provider)


def state(provider: FakeProvider) -> ProviderState | None:
    db.session.rollback()
    return load_states().get(provider.name)


def cool_down() -> None:
    """Let every condition have run its time, and every pause."""
    db.session.rollback()
    db.session.execute(update(provider_states).where(provider_states.c.until.is_not(None)).values(until=utcnow(-1)))
    db.session.execute(update(jobs).where(jobs.c.resume_at.is_not(None)).values(resume_at=utcnow(-1)))
    db.session.commit()
    expire_leases()


# Entered


def test_five_failures_in_a_row_open_the_circuit(context: Flask) -> None:
    """Four do not."""
    provider = paid()
    four = note(provider, *[AWAY] * 4)
    assert four is not None and four.is_available(provider) and four.failures == 4
    five = note(provider, CUT_OFF)
    assert five is not None and five.condition == "circuit_open" and not five.is_available(provider)
    assert five.seconds_left is not None and CIRCUIT_SECONDS - 5 < five.seconds_left <= CIRCUIT_SECONDS
    assert five.describe() == "Provider findymail: No answer came."


@pytest.mark.parametrize("answer", [EMAIL, NOT_FOUND, BAD])
def test_an_answer_in_between_starts_the_count_anew(context: Flask, answer: Answer) -> None:
    """Also one that refuses the request: somebody is there."""
    provider = paid()
    found = note(provider, *[AWAY] * 4, answer, *[AWAY] * 4)
    assert found is not None and found.is_available(provider)


@pytest.mark.parametrize("answer", [NOT_FOUND, SLOW_DOWN, LACKING, BAD, EMAIL])
def test_what_is_no_failure_never_counts(context: Flask, answer: Answer) -> None:
    """A provider that is well has no row."""
    assert note(paid(), *[answer] * 12) is None


@pytest.mark.parametrize("answer", [SLOW_DOWN, LACKING])
def test_what_says_nothing_of_a_provider_leaves_the_count(context: Flask, answer: Answer) -> None:
    """Being asked to slow down is neither a failure nor a sign that the rest works."""
    provider = paid()
    found = note(provider, *[AWAY] * 4, answer)
    assert found is not None and found.failures == 4


def test_a_failure_that_lies_with_the_entity_does_not_count(context: Flask) -> None:
    """Dead websites say nothing of who was to read them."""
    add(8)
    provider = paid(default=DEAD_SITE)
    job_id = enqueue(8, order=["findymail"])
    drain(provider)
    assert queue.get_job(job_id).errors == 8 and state(provider) is None
    check_invariants(drained=True)


def test_failures_of_several_workers_add_up(context: Flask) -> None:
    """None is lost where they are noted at the same time."""
    provider = paid()
    in_threads(context, [lambda: note(provider, *[AWAY] * 6) and None] * 3)
    found = state(provider)
    assert found is not None and found.failures == 18 and found.condition == "circuit_open"


def test_a_provider_without_credits_is_left_alone_for_an_hour(context: Flask) -> None:
    """The first answer that says so is enough, and failures after it do not shorten that."""
    provider = paid()
    found = note(provider, NO_CREDITS, *[AWAY] * 6)
    assert found is not None and found.condition == "credits_exhausted" and not found.is_available(provider)
    assert found.seconds_left is not None and CREDITS_SECONDS - 5 < found.seconds_left <= CREDITS_SECONDS


def test_a_refused_key_is_not_tried_until_the_settings_change(context: Flask) -> None:
    """Time does not help; another key or address does, and its first answer clears the matter."""
    provider = paid()
    found = note(provider, REFUSED)
    cool_down()
    assert found is not None and not found.is_available(provider) and found.seconds_left is None
    for change in ({"api_key": "another"}, {"base_url": "http://127.0.0.1"}):
        other = paid()
        other.settings = replace(other.settings, **change)
        assert found.is_available(other)
    cleared = note(other, EMAIL)
    assert cleared is not None and cleared.condition == "available" and cleared.is_available(provider)


def test_credits_that_end_at_another_account_hold_nobody_up(context: Flask) -> None:
    """A key may be replaced while calls with it are under way: what those learn of its credits is of the old one."""
    provider, other = paid(), paid()
    other.settings = replace(other.settings, api_key="another")
    found = note(provider, NO_CREDITS)
    assert found is not None and found.is_available(other) and not found.needs_probe(other)
    assert not found.is_available(provider) and found.needs_probe(provider)
    cleared = note(other, EMAIL)
    assert cleared is not None and cleared.condition == "available"
    # One of an older release does not say whose credits have ended.
    assert not replace(found, settings_digest=None).is_available(other)


@pytest.mark.parametrize("answer", [NO_CREDITS, REFUSED])
def test_a_call_that_was_under_way_does_not_end_the_condition(context: Flask, answer: Answer) -> None:
    """It was sent before, and says nothing of those that come after."""
    provider = paid()
    found = note(provider, answer, EMAIL, NOT_FOUND)
    assert found is not None and not found.is_available(provider)


# Left


@pytest.mark.parametrize("answer", [AWAY, NO_CREDITS])
def test_a_single_call_is_let_through_after_the_cool_down(context: Flask, answer: Answer) -> None:
    """Its success ends the condition, for all."""
    provider = paid()
    found = note(provider, *[answer] * 5)
    assert found is not None
    with transaction() as session:
        assert not circuit_breaker.claim_probe(session, provider), "not before its time"
    cool_down()
    found = state(provider)
    assert found is not None and found.is_available(provider) and found.needs_probe(provider)
    with transaction() as session:
        assert circuit_breaker.claim_probe(session, provider)
    with transaction() as session:
        assert not circuit_breaker.claim_probe(session, provider), "not a second one"
    found = state(provider)
    assert found is not None and found.seconds_left is not None and 0 < found.seconds_left <= PROBE_SECONDS
    found = note(provider, EMAIL)
    assert found is not None and (found.condition, found.failures, found.until) == ("available", 0, None)


def test_a_probe_that_fails_opens_the_circuit_for_another_time(context: Flask) -> None:
    """One failure is enough then."""
    provider = paid()
    note(provider, *[AWAY] * 5)
    cool_down()
    with transaction() as session:
        circuit_breaker.claim_probe(session, provider)
    found = note(provider, AWAY)
    assert found is not None and found.seconds_left is not None and found.seconds_left > CIRCUIT_SECONDS - 5


def test_a_probe_that_is_lost_is_followed_by_another(context: Flask) -> None:
    """Once its time is over."""
    provider = paid()
    note(provider, *[AWAY] * 5)
    for _ in range(2):
        cool_down()
        with transaction() as session:
            assert circuit_breaker.claim_probe(session, provider)


@pytest.mark.parametrize("is_back", [True, False])
def test_workers_send_one_probe_among_them(context: Flask, is_back: bool) -> None:
    """Two workers with many entities: one call decides; if it is answered the rest follows."""
    add(12)
    provider = paid(seconds=0.1, default=EMAIL if is_back else AWAY)
    note(provider, *[AWAY] * 5)
    cool_down()
    for number in range(2):
        queue.enqueue_job("person", "findymail", [f"p{number * 6 + one}" for one in range(6)])
    in_threads(context, [lambda: queue.process_next_chunk(work=pipeline(provider, retries=0)) and None] * 2)
    assert provider.most_at_once == 1 or is_back
    assert provider.calls[0] != [] and (is_back or len(provider.calls) == 1)
    cool_down()
    drain(provider)
    if is_back:
        assert len(provider.asked) == 12 and set(provider.asked.values()) == {1}
        check_invariants(drained=True)


def test_a_job_goes_on_after_the_cool_down(context: Flask) -> None:
    """From failing to paused to complete, without a hand; what was an error stays one."""
    add(10)
    provider = paid(default=AWAY)
    job_id = enqueue(10, "findymail", chunk_size=2)
    drain(provider)
    assert queue.get_job(job_id).status == "paused"
    failed = queue.get_job(job_id).errors
    provider.default = EMAIL
    for _ in range(3):
        cool_down()
        drain(provider)
    view = queue.get_job(job_id)
    assert (view.status, view.success, view.errors) == ("complete", 10 - failed, failed)
    check_invariants(drained=True)


def test_a_reset_forgets_what_is_held_against_a_provider(context: Flask) -> None:
    """Its condition, its failures and its wish to slow down; not how far its limits are used."""
    for name in ("findymail", "prospeo"):
        note(paid(name), REFUSED)
        with transaction() as session:
            rate_limits.consume(session, rate_limits.peek(session, LimitKey(name), name, Limits(per_day=5), 2), 2)
            rate_limits.block(session, LimitKey(name), 60)
    circuit_breaker.reset("findymail")
    assert [row.provider for row in rows(provider_states)] == ["prospeo"]
    found = {row.name: row for row in rows(provider_paces)}
    assert found["findymail"].blocked_until is None and found["prospeo"].blocked_until is not None
    assert found["findymail"].state["used"] == 2


def test_a_free_provider_that_fails_is_left_alone_too(context: Flask) -> None:
    """A wait for nothing costs time."""
    add(12)
    provider = FakeProvider(default=AWAY, limits=Limits(per_day=1000))
    job_id = enqueue(12, "fake", chunk_size=3)
    drain(provider)
    assert queue.get_job(job_id).status == "paused" and sum(provider.asked.values()) < 48
    check_invariants()


def test_states_hold_across_workspaces_and_jobs(context: Flask) -> None:
    """A key is one key."""
    add(1)
    add(1, workspace_slug="other")
    provider = paid(default=NO_CREDITS)
    for slug in ("default", "other"):
        job_id = enqueue(1, "findymail", workspace_slug=slug)
        drain(provider)
        assert queue.get_job(job_id).status == "paused"
    assert provider.asked == {"p0": 1}
    check_invariants()
