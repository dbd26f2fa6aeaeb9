"""Answers of two calls of which the second failed: fields are written, the question stays open, trouble is heard."""

from typing import Any

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.models.attempt import attempts
from app.models.provider_state import ProviderCondition, provider_paces
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.scenes import (
    EMAIL,
    NOT_FOUND,
    PRICE,
    add,
    cost_rows,
    drain,
    drain_in_turn,
    enqueue,
    paid,
    person,
    reserved,
    rows,
    spent,
    tried,
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants

SEARCH_MICROS = 5_000
DOWN = (OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED)


def partial(trouble: OutcomeClass, **changes: Any) -> Answer:
    """Return what a search brought whose second call ended in trouble."""
    given = {"cost_micros": SEARCH_MICROS, "error": "The second call failed.", **changes}
    return Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, trouble=trouble, **given)


def two_calls(trouble: OutcomeClass, **changes: Any) -> FakeProvider:
    """Make a provider whose repeat is not free and whose second call always ends in trouble."""
    return paid("aiark", default=partial(trouble, **changes), repeat_is_free=False)


def end_of(job_id: str) -> tuple[int, int, int, list[str]]:
    """Return how many entities of a job ended as success, error and held, and the codes of its errors."""
    view = queue.get_job(job_id)
    return view.success, view.errors, view.held, [error.code for error in queue.list_errors(job_id).rows]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (OutcomeClass.CREDITS_EXHAUSTED, "provider_unavailable"),
        (OutcomeClass.AUTH_FAILED, "provider_unavailable"),
        (OutcomeClass.RATE_LIMITED, "rate_limited"),
        (OutcomeClass.TRANSIENT, "transient"),
        (OutcomeClass.INVALID_REQUEST, "invalid_request"),
    ],
)
def test_partial_answer_is_written_and_the_entity_ends_as_an_error(
    context: Flask, trouble: OutcomeClass, code: str
) -> None:
    """Without the address, where nobody else finds it: an error that a retry can mend. The search is paid once."""
    add(1)
    first, second = two_calls(trouble), paid("prospeo", default=NOT_FOUND)
    job_id = enqueue(order=("aiark", "prospeo"))
    drain(first, second)
    assert person()["job_title"] == "CEO"
    assert tried() == [("aiark", "partial"), ("prospeo", "not_found")]
    (attempt,) = rows(attempts, attempts.c.provider == "aiark")
    assert (attempt.status, attempt.fields_written, attempt.cost_micros) == ("success", ["job_title"], SEARCH_MICROS)
    assert attempt.error == "The second call failed."
    assert end_of(job_id) == (0, 1, 0, [code])
    assert (first.asked["p0"], spent(), reserved()) == (1, SEARCH_MICROS, 0)
    check_invariants(drained=True)


def test_partial_answer_is_a_success_where_the_next_provider_finds_the_rest(context: Flask) -> None:
    """The trouble is the provider's and not the entity's."""
    add(1)
    job_id = enqueue(order=("aiark", "prospeo"))
    drain(two_calls(OutcomeClass.TRANSIENT), paid("prospeo"))
    assert end_of(job_id) == (1, 0, 0, [])
    assert (person()["email"], person()["job_title"]) == ("ada@example.com", "CEO")


def test_partial_answer_is_a_success_where_it_has_what_is_wanted(context: Flask) -> None:
    """Nobody waits for the address of whom a job title was wanted."""
    add(1)
    job_id = enqueue(order=("aiark",), until=("job_title",))
    drain(two_calls(OutcomeClass.CREDITS_EXHAUSTED))
    assert end_of(job_id) == (1, 0, 0, [])


def test_partial_answer_leaves_the_question_open(context: Flask) -> None:
    """The next job asks the same provider again; a whole answer would have closed the gate."""
    add(1)
    enqueue(order=("aiark",))
    drain(two_calls(OutcomeClass.TRANSIENT))
    job_id = enqueue(order=("aiark",))
    drain(paid("aiark", repeat_is_free=False))
    assert tried() == [("aiark", "partial"), ("aiark", "success")]
    assert (end_of(job_id), person()["email"]) == ((1, 0, 0, []), "ada@example.com")


@pytest.mark.parametrize("trouble", DOWN)
def test_provider_is_left_alone_after_a_partial_answer_that_tells_of_it(context: Flask, trouble: OutcomeClass) -> None:
    """Credits and keys that are gone at the second call are gone for all who come after."""
    add(3)
    first, second = two_calls(trouble), paid("prospeo")
    enqueue(3, order=("aiark", "prospeo"), chunk_size=1)
    drain_in_turn(first, second)
    assert circuit_breaker.load_states()["aiark"].condition == ProviderCondition(str(trouble))
    assert circuit_breaker.load_states()["aiark"].reason == "The second call failed."
    assert (first.asked.total(), second.asked.total()) == (1, 3)


def test_provider_counts_a_failure_for_each_partial_answer_of_a_server_that_is_away(context: Flask) -> None:
    """Five in a row open the circuit, although each of them brought fields."""
    add(6)
    first = two_calls(OutcomeClass.TRANSIENT)
    enqueue(6, order=("aiark", "prospeo"), chunk_size=1)
    drain_in_turn(first, paid("prospeo"))
    assert circuit_breaker.load_states()["aiark"].condition == ProviderCondition.CIRCUIT_OPEN
    assert first.asked.total() == circuit_breaker.FAILURES_TO_OPEN


@pytest.mark.parametrize("seconds", [None, 300.0])
def test_provider_is_slowed_down_by_a_partial_answer(context: Flask, seconds: float | None) -> None:
    """A limit that the second call met holds for all calls, also where it does not say how long."""
    add(1)
    enqueue(order=("aiark", "prospeo"))
    drain(two_calls(OutcomeClass.RATE_LIMITED, retry_after_seconds=seconds), paid("prospeo"))
    (pace,) = rows(provider_paces, provider_paces.c.name == "aiark")
    assert pace.blocked_until is not None
    assert "aiark" not in circuit_breaker.load_states()


def test_job_of_one_provider_ends_a_partial_entity_as_an_error_and_is_paused_with_the_rest(context: Flask) -> None:
    """Nobody else can be asked, so those that were not asked wait for the credits."""
    add(3)
    provider = two_calls(OutcomeClass.CREDITS_EXHAUSTED)
    job_id = enqueue(3, "aiark", chunk_size=1)
    drain_in_turn(provider)
    assert end_of(job_id) == (0, 1, 0, ["credits_exhausted"])
    assert (queue.get_job(job_id).status, provider.asked.total()) == ("paused", 1)


def test_partial_answer_at_an_unknown_cost_is_in_doubt_and_held(context: Flask) -> None:
    """The second call may have been charged: booked at the worst, written, and for a person to decide."""
    add(1)
    job_id = enqueue(order=("aiark", "prospeo"))
    provider = two_calls(OutcomeClass.TRANSIENT, cost_micros=PRICE, is_cost_known=False)
    drain(provider, paid("prospeo", default=NOT_FOUND))
    assert tried() == [("aiark", "in_doubt"), ("prospeo", "not_found")]
    (attempt,) = rows(attempts, attempts.c.provider == "aiark")
    assert (attempt.status, attempt.cost_micros, person()["job_title"]) == ("success", PRICE, "CEO")
    assert end_of(job_id) == (0, 0, 1, [])
    assert cost_rows()["aiark"] == (1, 1, PRICE, PRICE)
    check_invariants(drained=True)


def test_whole_answer_of_two_calls_is_no_trouble(context: Flask) -> None:
    """What the tests above are measured against."""
    add(1)
    job_id = enqueue(order=("aiark",))
    drain(paid("aiark", default=EMAIL, repeat_is_free=False))
    assert (tried(), end_of(job_id)) == ([("aiark", "success")], (1, 0, 0, []))
