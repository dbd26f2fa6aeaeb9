"""Waterfalls through the queue: order and stop rule, providers that cannot be asked, verdicts, bulk calls, tries."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.enrichment import queue
from app.enrichment.limits.circuit_breaker import CIRCUIT_SECONDS, CREDITS_SECONDS
from app.enrichment.waterfall.work_loop import Waterfall
from app.models.attempt import attempts
from app.models.in_flight_call import in_flight_calls
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.registry import Registry
from app.providers.settings import ExhaustionPolicy
from tests.enrichment.helpers import expire_leases
from tests.enrichment.scenes import (
    AWAY,
    BAD,
    EMAIL,
    NO_CREDITS,
    NOT_FOUND,
    PRICE,
    REFUSED,
    add,
    change,
    cost_rows,
    drain,
    drain_in_turn,
    enqueue,
    paid,
    person,
    pipeline,
    rows,
    spent,
    tried,
    verdict,
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants

ORDER = ("findymail", "prospeo", "leadmagic")
SLOW_DOWN = Answer(OutcomeClass.RATE_LIMITED, error="Too fast.", retry_after_seconds=0.05)
PENDING = Answer(OutcomeClass.SUCCESS, pending_seconds=600)


class Scripted(FakeProvider):
    """A provider whose answers about an entity follow one upon the other; the last one stays."""

    def __init__(self, script: list[Answer], name: str = "findymail", **options: Any) -> None:
        super().__init__(name=name, price_micros=PRICE, default=script[-1], **options)
        self.script = script

    def _answer(self, lookup: Lookup) -> Answer:
        turn = min(self.asked[lookup.entity_id], len(self.script) - 1)
        self.answers = {lookup.entity_id: self.script[turn]}
        return super()._answer(lookup)


class Losing(FakeProvider):
    """A provider during whose first call the worker loses its chunk, as if it had died."""

    lose: Callable[[], None]

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        if not self.asked:
            await asyncio.to_thread(self.lose)
        return await super().lookup(lookup, deadline=deadline)


def losing(app: Flask, name: str, **options: Any) -> Losing:
    """Make a paid provider that loses its worker."""
    provider = Losing(name=name, **{"price_micros": PRICE, "default": EMAIL, **options})

    def lose() -> None:
        with app.app_context():
            expire_leases()

    provider.lose = lose
    return provider


# Order and stop rule


def test_providers_are_asked_in_order_until_every_wanted_field_has_a_value(context: Flask) -> None:
    """Each entity stops where it is satisfied; the order is the job's, not the settings'."""
    add(3)
    first = paid("leadmagic", {"p1": NOT_FOUND, "p2": NOT_FOUND})
    second = paid("findymail", {"p2": NOT_FOUND})
    third = paid("prospeo")
    job_id = enqueue(3, order=("leadmagic", "findymail", "prospeo"))
    drain(first, second, third)
    assert (first.asked, second.asked) == ({"p0": 1, "p1": 1, "p2": 1}, {"p1": 1, "p2": 1})
    assert third.asked == {"p2": 1}
    assert [name for name, _ in tried("p2")] == ["leadmagic", "findymail", "prospeo"]
    assert queue.get_job(job_id).success == 3 and spent() == 3 * PRICE
    check_invariants(drained=True)


def test_every_wanted_field_counts(context: Flask) -> None:
    """An answer with one of two wanted fields does not end the walk, and is written all the same."""
    add(1)
    first, second = (
        paid("findymail"),
        paid("prospeo", default=Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"})),
    )
    enqueue(order=ORDER[:2], until=("email", "job_title"))
    drain(first, second, paid("leadmagic"))
    assert (person()["email"], person()["job_title"]) == ("ada@example.com", "CEO")
    assert second.asked == {"p0": 1}


def test_an_entity_that_has_what_is_wanted_is_skipped_for_free(context: Flask) -> None:
    """Nobody is asked, and nothing is spent."""
    add(2, email="own@example.com")
    provider = paid()
    job_id = enqueue(2, order=["findymail"])
    drain(provider)
    assert provider.calls == [] and queue.get_job(job_id).skipped == 2 and spent() == 0
    check_invariants(drained=True)


def test_a_missing_input_skips_the_step_and_not_the_walk(context: Flask) -> None:
    """The skip is an attempt that says why."""
    add(1)
    first, second = paid("findymail", needs="linkedin_url"), paid("prospeo")
    enqueue(order=ORDER[:2])
    drain(first, second)
    assert first.calls == [] and person()["email"] == "ada@example.com"
    assert tried() == [("findymail", "skipped_insufficient_input"), ("prospeo", "success")]
    check_invariants(drained=True)


def test_what_one_provider_found_is_input_of_the_next(context: Flask) -> None:
    """A step that lacked its input at the start of the walk is not left out for that."""
    add(1)
    first = paid("findymail", default=Answer(OutcomeClass.SUCCESS, fields={"linkedin_url": "linkedin.com/in/ada"}))
    second = paid("prospeo", needs="linkedin_url")
    enqueue(order=ORDER[:2])
    drain(first, second)
    assert second.seen[0].fields["linkedin_url"] == "linkedin.com/in/ada"


def test_an_entity_without_input_for_anybody_is_skipped(context: Flask) -> None:
    """It is no error, and costs nothing."""
    add(1)
    job_id = enqueue(order=ORDER[:2])
    drain(paid("findymail", needs="linkedin_url"), paid("prospeo", needs="company_domain"))
    assert queue.get_job(job_id).skipped == 1 and spent() == 0
    check_invariants(drained=True)


def test_the_status_of_an_address_that_is_not_written_is_not_written_either(context: Flask) -> None:
    """It would say of the entity's own address what is true of another."""
    add(1, email="own@example.com")
    found = Answer(OutcomeClass.SUCCESS, fields={"email": "ada@example.com", "email_status": "valid"})
    enqueue(order=["findymail"], until=["job_title"])
    drain(paid(default=found))
    assert (person()["email"], person()["email_status"]) == ("own@example.com", None)


# Providers that cannot be asked


@pytest.mark.parametrize("answer", [NO_CREDITS, REFUSED])
def test_a_provider_without_credits_or_key_is_gone_past(context: Flask, answer: Answer) -> None:
    """The rest of the chunk, and chunks after it, do not ask it again."""
    add(4)
    first, second = paid("findymail", default=answer), paid("prospeo")
    job_id = enqueue(4, order=ORDER[:2], chunk_size=2)
    drain_in_turn(first, second)
    assert sum(first.asked.values()) <= 2, "the calls that were under way when the first answer came"
    assert second.asked == {"p0": 1, "p1": 1, "p2": 1, "p3": 1}
    assert queue.get_job(job_id).success == 4 and cost_rows()["findymail"][2] == 0
    check_invariants(drained=True)


def test_a_provider_whose_circuit_is_open_is_gone_past(context: Flask) -> None:
    """Five failures in a row, tries included."""
    add(6)
    first, second = paid("findymail", default=AWAY), paid("prospeo")
    job_id = enqueue(6, order=ORDER[:2], chunk_size=1)
    drain_in_turn(first, second)
    assert sum(first.asked.values()) in {5, 8}, "the second entity's tries at most are ended"
    assert len(second.asked) == 6 and queue.get_job(job_id).success == 6
    check_invariants(drained=True)


@pytest.mark.parametrize("answer", [NO_CREDITS, REFUSED])
def test_an_entity_that_only_a_lost_provider_could_serve_does_not_stop_the_others(
    context: Flask, answer: Answer
) -> None:
    """Those whom another provider can serve are served before the job waits."""
    change({"id": "p0"}, {"id": "p1", "linkedin_url": "in/a"}, {"id": "p2", "linkedin_url": "in/b"})
    first, second = paid("findymail", default=answer), paid("prospeo", needs="linkedin_url")
    job_id = enqueue(3, order=ORDER[:2], chunk_size=2)
    drain_in_turn(first, second)
    assert second.asked == {"p1": 1, "p2": 1}
    view = queue.get_job(job_id)
    assert view.success == 2 and view.status == "pending" and "findymail" in (view.pause_reason or "")
    check_invariants()


@pytest.mark.parametrize(
    ("answer", "seconds", "words"),
    [
        (NO_CREDITS, CREDITS_SECONDS, "Credits are gone."),
        (REFUSED, 900, "The key is refused."),
        (AWAY, CIRCUIT_SECONDS, "The provider is away."),
    ],
)
@pytest.mark.parametrize("is_single", [True, False])
def test_a_job_is_paused_with_reason_and_time_when_nobody_can_be_asked(
    context: Flask, answer: Answer, seconds: float, words: str, is_single: bool
) -> None:
    """Whether it names the one provider or a waterfall of it; who was not asked about is no error."""
    add(10)
    provider = paid(default=answer)
    job_id = enqueue(10, "findymail", chunk_size=5) if is_single else enqueue(10, order=["findymail"], chunk_size=5)
    drain(provider)
    view = queue.get_job(job_id)
    assert view.status == "paused" and words in (view.pause_reason or "")
    assert view.resume_at is not None
    left = (view.resume_at - datetime.now(UTC)).total_seconds()
    assert seconds - 30 < left <= seconds + 1
    assert view.errors <= sum(provider.asked.values()) and spent() == 0
    check_invariants()


def test_with_the_policy_hold_only_those_who_came_to_the_provider_wait(context: Flask) -> None:
    """Entities of the same chunk and of others that are served before it go on."""
    add(4)
    first = paid("findymail", {"p0": NOT_FOUND})
    second = paid("prospeo", default=NO_CREDITS, on_exhausted=ExhaustionPolicy.HOLD)
    job_id = enqueue(4, order=ORDER, chunk_size=2)
    third = paid("leadmagic")
    drain(first, second, third)
    assert first.asked == {"p0": 1, "p1": 1, "p2": 1, "p3": 1} and third.calls == []
    view = queue.get_job(job_id)
    assert view.success == 3 and view.status != "complete"
    check_invariants()


def test_with_the_policy_pause_the_job_waits(context: Flask) -> None:
    """Also what the providers after it could have served."""
    add(2)
    first = paid("findymail", default=NO_CREDITS, on_exhausted=ExhaustionPolicy.PAUSE)
    second = paid("prospeo")
    job_id = enqueue(2, order=ORDER[:2])
    drain(first, second)
    view = queue.get_job(job_id)
    assert (view.status, view.pause_reason) == ("paused", "Provider findymail: Credits are gone.")
    assert second.calls == [] and view.resume_at is not None
    check_invariants()


# Tries


def test_a_passing_failure_is_tried_three_times_more_and_then_gone_past(context: Flask) -> None:
    """Each try is an attempt of its own."""
    add(1)
    first, second = paid("findymail", default=AWAY), paid("prospeo")
    enqueue(order=ORDER[:2])
    drain(first, second)
    assert first.asked == {"p0": 4} and second.asked == {"p0": 1}
    assert tried() == [("findymail", "transient")] * 4 + [("prospeo", "success")]
    assert cost_rows() == {"findymail": (4, 0, 0, 0), "prospeo": (1, 1, PRICE, 0)}
    check_invariants(drained=True)


def test_being_asked_to_slow_down_is_waited_for_and_is_no_try(context: Flask) -> None:
    """However often it is said."""
    add(1)
    provider = Scripted([SLOW_DOWN] * 6 + [AWAY] * 3 + [EMAIL])
    job_id = enqueue(order=["findymail"])
    drain(provider)
    assert provider.asked == {"p0": 10} and queue.get_job(job_id).success == 1 and spent() == PRICE
    check_invariants(drained=True)


def test_a_job_whose_provider_wants_a_long_pause_is_paused_for_it(context: Flask) -> None:
    """The reason says who asked for it."""
    add(3)
    provider = paid(default=replace(SLOW_DOWN, retry_after_seconds=120))
    job_id = enqueue(3, order=["findymail"])
    drain(provider)
    view = queue.get_job(job_id)
    assert view.status == "paused" and "findymail" in (view.pause_reason or "") and view.resume_at is not None
    assert timedelta(seconds=100) < view.resume_at - datetime.now(UTC) < timedelta(seconds=121)
    assert view.processed == 0
    check_invariants()


def test_an_answer_that_comes_later_does_not_pause_the_job(context: Flask) -> None:
    """The chunk waits for its callback, the chunks after it are worked on meanwhile."""
    add(2)
    first, second = paid("findymail", default=NOT_FOUND), paid("clay", default=PENDING)
    job_id = enqueue(2, order=["findymail", "clay"], chunk_size=1)
    drain(first, second)
    view = queue.get_job(job_id)
    assert (view.status, view.pause_reason) == ("pending", None)
    assert second.asked == {"p0": 1, "p1": 1} and [row.is_pending for row in rows(in_flight_calls)] == [True, True]
    check_invariants()


# Verdicts


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([verdict("valid")], "valid"),
        ([verdict("unknown")], "unknown"),
        ([AWAY], "unknown"),
        ([BAD], "unknown"),
        ([NO_CREDITS], "unknown"),
        ([SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, verdict("valid")], "valid"),
        ([AWAY, AWAY, AWAY, verdict("valid")], "valid"),
        ([NOT_FOUND], "unknown"),
    ],
)
def test_an_address_is_written_with_the_verifiers_verdict(context: Flask, answers: list[Answer], status: str) -> None:
    """A verifier that is down or does not know deletes nothing; the value stays the finder's."""
    add(1)
    finder, verifier = paid(), Scripted(answers, "leadmagic-verify", repeat_is_free=False)
    job_id = enqueue(order=["findymail"], verifier="leadmagic")
    queue.drain(work=pipeline_with(finder, verifier))
    assert (person()["email"], person()["email_status"]) == ("ada@example.com", status)
    (found,) = rows(attempts, attempts.c.provider == "findymail")
    assert "email" in found.fields_written and found.withheld is None and not found.is_rejected
    assert queue.get_job(job_id).success == 1 and finder.asked == {"p0": 1}
    check_invariants(drained=True)


def test_the_verifier_sees_the_address_that_was_found(context: Flask) -> None:
    """And the entity does not have it before."""
    add(1)
    verifier = paid("leadmagic-verify", default=verdict("valid"))
    enqueue(order=["findymail"], verifier="leadmagic")
    queue.drain(work=pipeline_with(paid(), verifier))
    assert verifier.seen[0].fields["email"] == "ada@example.com"


def test_a_rejected_address_stays_on_the_attempt_and_the_walk_goes_on(context: Flask) -> None:
    """It is paid for, kept for those who want to look, and never written; the next one is verified too."""
    add(1)
    other = Answer(OutcomeClass.SUCCESS, fields={"email": "al@example.com", "email_status": "unknown"})
    first, second = paid("findymail"), paid("prospeo", default=other)
    verifier = Scripted([verdict("invalid"), verdict("valid")], "leadmagic-verify")
    enqueue(order=ORDER[:2], verifier="leadmagic")
    queue.drain(work=pipeline_with(first, second, verifier))
    assert (person()["email"], person()["email_status"]) == ("al@example.com", "valid")
    (rejected,) = rows(attempts, attempts.c.provider == "findymail")
    assert rejected.is_rejected and rejected.withheld["email"] == "ada@example.com"
    assert "email" not in rejected.fields_written and spent() == 4 * PRICE
    check_invariants(drained=True)


def test_a_rejected_address_is_not_offered_again_by_a_later_job(context: Flask) -> None:
    """Neither found nor verified once more."""
    add(1)
    finder, verifier = paid(), paid("leadmagic-verify", default=verdict("invalid"))
    for _ in range(2):
        enqueue(order=["findymail"], verifier="leadmagic")
        queue.drain(work=pipeline_with(finder, verifier))
    assert finder.asked == verifier.asked == {"p0": 1} and person()["email"] is None
    check_invariants(drained=True)


def test_a_verifier_that_is_known_to_be_down_is_not_asked(context: Flask) -> None:
    """Its state is learned from the first entity, and the others' addresses are written as they came."""
    add(4)
    finder, verifier = paid(), paid("leadmagic-verify", default=NO_CREDITS)
    job_id = enqueue(4, order=["findymail"], verifier="leadmagic", chunk_size=1)
    work = pipeline_with(finder, verifier)
    while queue.process_next_chunk(work=work) is not None:
        pass
    assert sum(verifier.asked.values()) == 1 and queue.get_job(job_id).success == 4
    assert all(person(f"p{number}")["email"] for number in range(4))
    check_invariants(drained=True)


def test_a_worker_lost_before_the_verdict_costs_no_second_find(context: Flask) -> None:
    """The address waits on the attempt; the next worker has it verified, where a repeat is free."""
    add(1)
    finder, verifier = paid(), losing(context, "leadmagic-verify", default=verdict("valid"))
    job_id = enqueue(order=["findymail"], verifier="leadmagic")
    queue.drain(work=pipeline_with(finder, verifier))
    assert finder.asked == {"p0": 1} and verifier.asked == {"p0": 2}
    assert (person()["email"], person()["email_status"]) == ("ada@example.com", "valid")
    assert queue.get_job(job_id).success == 1, "it was this job that found it"
    check_invariants(drained=True)


def test_a_verdict_in_doubt_holds_the_entity_and_a_retry_verifies_again(context: Flask) -> None:
    """Where a repeat is not free nobody pays twice unasked; the find is not paid again at all."""
    add(1)
    verifier = losing(context, "leadmagic-verify", default=verdict("valid"), repeat_is_free=False)
    finder = paid()
    job_id = enqueue(order=["findymail"], verifier="leadmagic")
    queue.drain(work=pipeline_with(finder, verifier))
    assert queue.get_job(job_id).held == 1 and person()["email"] is None
    check_invariants(drained=True)
    queue.retry(job_id)
    queue.drain(work=pipeline_with(finder, verifier))
    assert finder.asked == {"p0": 1} and verifier.asked == {"p0": 2} and person()["email"] == "ada@example.com"
    check_invariants(drained=True)


def test_the_normaliser_runs_also_where_a_worker_was_lost_after_the_find(context: Flask) -> None:
    """What an earlier worker of this job wrote is normalised by the next, and counts as the job's success."""
    add(1)
    first = paid("findymail", default=Answer(OutcomeClass.SUCCESS, fields={"job_title": "ceo"}))
    second = losing(context, "prospeo", default=NOT_FOUND)
    titled = Answer(OutcomeClass.SUCCESS, fields={"normalized_job_title": "CEO"})
    job_id = enqueue(order=ORDER[:2])
    drain(first, second, FakeProvider(name="ai-normalizer", default=titled))
    assert person()["job_title"] == "ceo" and first.asked == {"p0": 1}
    assert person()["normalized_job_title"] == "CEO"
    assert queue.get_job(job_id).success == 1


# Bulk


def test_many_entities_are_asked_about_in_one_bulk_call(context: Flask) -> None:
    """One call for each slice of the provider's size; each entity has its attempt and its price."""
    add(23)
    provider = paid(bulk_size=10)
    enqueue(23, order=["findymail"])
    drain(provider)
    assert [len(call) for call in provider.calls] == [10, 10, 3]
    assert cost_rows() == {"findymail": (23, 23, 23 * PRICE, 0)} and len(rows(attempts)) == 23
    check_invariants(drained=True)


def test_a_bulk_call_waits_for_those_who_come_to_it_a_little_later(context: Flask) -> None:
    """Entities that come through a step before it, at different times, are asked about together."""
    add(6)
    first, second = paid("findymail", default=NOT_FOUND, seconds=0.05), paid("prospeo", bulk_size=6)
    enqueue(6, order=ORDER[:2])
    drain(first, second)
    assert [len(call) for call in second.calls] == [6]


class Poisoned(FakeProvider):
    """A provider that refuses every call with p3 in it."""

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        answer = await super().lookup(lookup, deadline=deadline)
        return BAD if lookup.entity_id == "p3" else answer

    async def lookup_many(self, lookups: Sequence[Lookup], *, deadline: float) -> Sequence[Answer]:
        answers = await super().lookup_many(lookups, deadline=deadline)
        return [BAD] * len(answers) if "p3" in self.calls[-1] else answers


def test_one_bad_entity_of_a_bulk_call_fails_alone(context: Flask) -> None:
    """The refused call cost nothing; each is asked about by itself, in calls of one."""
    add(6)
    provider = Poisoned(name="findymail", price_micros=PRICE, bulk_size=10, default=EMAIL)
    job_id = enqueue(6, order=["findymail"])
    queue.drain(work=pipeline(provider))
    assert sorted(map(len, provider.calls)) == [1, 1, 1, 1, 1, 1, 6]
    view = queue.get_job(job_id)
    assert (view.success, view.errors) == (5, 1)
    assert [row.entity_id for row in queue.list_errors(job_id).rows] == ["p3"]
    assert spent() == 5 * PRICE
    check_invariants(drained=True)


def pipeline_with(*providers: FakeProvider) -> Waterfall:
    """Return a pipeline whose verifier is the last provider, under the name that a job gives."""
    *finders, verifier = providers
    return Waterfall(
        Registry({one.name: one for one in finders}, {"leadmagic": verifier}), retry_seconds=(0.01, 0.01, 0.01)
    )
