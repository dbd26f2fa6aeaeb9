"""What may have been paid without an answer: no job asks again unless a retry does, and nobody forgets it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.enrichment.limits.circuit_breaker import load_states
from app.enrichment.queue.lease import CRASHES_BEFORE_CAUTION
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.recovery import recover_lost_calls
from app.enrichment.waterfall.work_loop import Waterfall
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.provider_state import provider_states
from app.models.types import utcnow
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.settings import ExhaustionPolicy
from tests.enrichment.helpers import claim, expire_leases, progress_rows
from tests.enrichment.scenes import (
    AWAY,
    BAD,
    CUT_OFF,
    EMAIL,
    NO_CREDITS,
    NOT_FOUND,
    PRICE,
    REFUSED,
    add,
    drain,
    drain_in_turn,
    enqueue,
    flight_count,
    paid,
    person,
    pipeline,
    reserved,
    rows,
    spent,
    tried,
    verdict,
)
from tests.fakes.provider import FakeProvider, registry_of
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS


class Losing(FakeProvider):
    """A provider whose first calls are answered to nobody: their workers have lost their chunks."""

    def __init__(self, app: Flask, name: str = "leadmagic", *, times: int = 1, **options: Any) -> None:
        super().__init__(**{"name": name, "price_micros": PRICE, "default": EMAIL, "repeat_is_free": False, **options})
        self.app, self.times = app, times

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        await self._lose()
        return await super().lookup(lookup, deadline=deadline)

    async def lookup_many(self, lookups: Any, *, deadline: float) -> Any:
        await self._lose()
        return await super().lookup_many(lookups, deadline=deadline)

    async def _lose(self) -> None:
        if self.times:
            self.times -= 1
            await asyncio.to_thread(self._expire)

    def _expire(self) -> None:
        with self.app.app_context():
            expire_leases()


class Cutting(FakeProvider):
    """A provider that charges its first calls and cuts their answers off."""

    def __init__(self, name: str = "findymail", *, times: int, then: Answer = EMAIL, **options: Any) -> None:
        super().__init__(name=name, price_micros=PRICE, default=then, **options)
        self.times = times

    def _answer(self, lookup: Lookup) -> Answer:
        answer = super()._answer(lookup)
        if self.times:
            self.times -= 1
            return CUT_OFF
        return answer


WAITS = Answer(OutcomeClass.SUCCESS, pending_seconds=600, cost_micros=PRICE)
"""What a provider says whose answer comes by callback."""


def clay() -> FakeProvider:
    """Make a provider that answers by callback, with an address for everybody."""
    provider = paid("clay", default=WAITS, repeat_is_free=False)
    provider.read_callback = lambda *_: EMAIL
    return provider


def change_flights(*conditions: Any, **values: Any) -> None:
    """Change the calls on record, and let their chunks be due."""
    db.session.rollback()
    with transaction() as session:
        session.execute(update(in_flight_calls).where(*conditions).values(**values))
    expire_leases()


def outcomes(job_id: str) -> str:
    """Return the outcomes of a job, in order."""
    return "".join(row.outcomes for row in progress_rows(job_id))


def leave_alone(provider: FakeProvider, *answers: Answer) -> None:
    """Let a provider be left alone after these answers."""
    db.session.rollback()
    with transaction() as session:
        circuit_breaker.record(session, provider, answers, load_states())


def cool_down() -> None:
    """Let every condition of a provider, every pause and every wait have run its time."""
    db.session.rollback()
    with transaction() as session:
        session.execute(update(provider_states).where(provider_states.c.until.is_not(None)).values(until=utcnow(-1)))
    let_jobs_go_on()


def let_jobs_go_on() -> None:
    """Let every pause and every wait of jobs have run its time."""
    db.session.rollback()
    with transaction() as session:
        session.execute(update(jobs).where(jobs.c.resume_at.is_not(None)).values(resume_at=utcnow(-1)))
    expire_leases()


# Other jobs


def test_no_job_asks_again_about_what_is_in_doubt_until_a_retry_does(context: Flask) -> None:
    """Jobs that were there from the start hold the entity too, and so do later ones; the retry of any asks again."""
    add(1)
    provider = Losing(context)
    job_ids = [enqueue(1, "leadmagic") for _ in range(2)]
    drain(provider)
    job_ids.append(enqueue(order=["leadmagic"]))
    drain(provider)
    assert [outcomes(job_id) for job_id in job_ids] == ["h", "h", "h"]
    assert provider.asked == {"p0": 1} and spent() == PRICE
    notes = rows(attempts, attempts.c.outcome_class == "not_asked")
    assert [(row.job_id, row.status, row.cost_micros) for row in notes] == [
        (job_id, "skipped", 0) for job_id in job_ids[1:]
    ]
    child = queue.retry(job_ids[1])
    drain(provider)
    assert outcomes(child.id) == "s" and provider.asked == {"p0": 2} and spent() == 2 * PRICE
    check_invariants(drained=True)


def test_a_definite_answer_to_the_retry_is_the_answer_for_all(context: Flask) -> None:
    """After it the gate is as ever: a miss holds for its question."""
    add(1)
    provider = Losing(context, default=NOT_FOUND)
    first = enqueue(1, "leadmagic")
    drain(provider)
    queue.retry(first)
    drain(provider)
    later = enqueue(1, "leadmagic")
    drain(provider)
    assert outcomes(later) == "k" and provider.asked == {"p0": 2}


def test_a_retry_that_is_lost_as_well_is_in_doubt_again(context: Flask) -> None:
    """For itself and for all, until it is retried in its turn."""
    add(1)
    provider = Losing(context, times=2)
    child = queue.retry(_lost_job(provider))
    drain(provider)
    other = enqueue(1, "leadmagic")
    drain(provider)
    assert outcomes(child.id) == outcomes(other) == "h" and provider.asked == {"p0": 2}
    grandchild = queue.retry(child.id)
    drain(provider)
    assert outcomes(grandchild.id) == "s" and provider.asked == {"p0": 3} and spent() == 3 * PRICE
    check_invariants(drained=True)


def test_two_retries_repeat_one_call_once_where_the_first_of_them_is_lost(context: Flask) -> None:
    """The second was enqueued before that call was made, so it did not ask for its repetition."""
    add(1)
    provider = Losing(context, times=2)
    first = _lost_job(provider)
    second = enqueue(1, "leadmagic")
    drain(provider)
    children = [queue.retry(job_id).id for job_id in (first, second)]
    drain(provider)
    assert [outcomes(job_id) for job_id in children] == ["h", "h"] and provider.asked == {"p0": 2}
    check_invariants(drained=True)


def test_a_retry_of_a_job_that_had_nothing_to_do_with_the_call_does_not_repeat_it(context: Flask) -> None:
    """It goes on with what was never reached; that is no wish to pay again."""
    add(1)
    provider = Losing(context)
    never_reached = enqueue(1, "leadmagic")
    queue.cancel(never_reached)
    _lost_job(provider)
    child = queue.retry(never_reached)
    drain(provider)
    assert outcomes(child.id) == "h" and provider.asked == {"p0": 1}
    check_invariants(drained=True)


def test_a_doubt_is_over_when_a_find_would_be(context: Flask) -> None:
    """What was paid for is asked for anew after its time, whether it was seen or not."""
    add(1)
    provider = Losing(context)
    _lost_job(provider)
    for days, expected in ((89, "h"), (91, "s")):
        at = utcnow(-86400.0 * days)
        with transaction() as session:
            session.execute(update(attempts).values(started_at=at, finished_at=at))
        later = enqueue(1, "leadmagic")
        drain(provider)
        assert outcomes(later) == expected


def test_what_is_repeated_for_free_is_repeated_by_another_job(context: Flask) -> None:
    """Nobody pays for it, so nobody has to ask for it."""
    add(1)
    provider = Losing(context, "findymail", repeat_is_free=True)
    first = enqueue(1, "findymail")
    queue.process_next_chunk(work=pipeline(provider))
    queue.cancel(first)
    _settle(provider)
    second = enqueue(1, "findymail")
    drain(provider)
    assert outcomes(second) == "s" and provider.asked == {"p0": 2}
    check_invariants(drained=True)


def test_another_waterfall_pays_nobody_else_for_what_a_lost_worker_may_have_paid(context: Flask) -> None:
    """It holds the entity as the first one does, and the other entities go on."""
    add(2)
    first, second = Losing(context, answers={"p1": NOT_FOUND}), paid("prospeo")
    jobs_ = [enqueue(2, order=["leadmagic", "prospeo"], chunk_size=1) for _ in range(2)]
    drain_in_turn(first, second)
    assert outcomes(jobs_[0]) == "hs" and outcomes(jobs_[1])[0] == "h"
    assert first.asked == {"p0": 1, "p1": 1} and second.asked == {"p1": 1}
    check_invariants(drained=True)


@pytest.mark.parametrize(("answer", "first", "second"), [(EMAIL, "s", "k"), (NOT_FOUND, "h", "h")])
def test_another_waterfall_goes_on_past_a_cut_off_answer_as_the_first_does(
    context: Flask, answer: Answer, first: str, second: str
) -> None:
    """What the next provider finds settles the entity for both; what it does not find leaves it held for both."""
    add(1)
    cut, next_one = paid("leadmagic", default=CUT_OFF, repeat_is_free=False), paid("prospeo", default=answer)
    job_ids = [enqueue(order=["leadmagic", "prospeo"]) for _ in range(2)]
    drain(cut, next_one)
    assert [outcomes(job_id) for job_id in job_ids] == [first, second]
    assert cut.asked == next_one.asked == {"p0": 1}
    check_invariants(drained=True)


def test_another_job_does_not_have_an_address_verified_while_its_verdict_is_in_doubt(context: Flask) -> None:
    """A verdict is paid for as well; the retry asks for it again."""
    add(1)
    finder, verifier = paid(), Losing(context, "leadmagic-verify", default=verdict("valid"))
    work = Waterfall(registry_of(finder, verifiers=[verifier]), retry_seconds=(0.01,))
    job_ids = [enqueue(order=["findymail"], verifier="leadmagic") for _ in range(2)]
    queue.drain(work=work, time_budget=PATIENCE_SECONDS)
    assert [outcomes(job_id) for job_id in job_ids] == ["h", "h"]
    child = queue.retry(job_ids[1])
    queue.drain(work=work, time_budget=PATIENCE_SECONDS)
    assert outcomes(child.id) == "k" and person()["email_status"] == "valid"
    assert (finder.asked, verifier.asked) == ({"p0": 1}, {"p0": 2})
    check_invariants(drained=True)


def test_an_address_of_two_people_is_verified_once_more_if_its_worker_is_lost(context: Flask) -> None:
    """The one is held, the other has it verified; a retry finds the verdict and pays nothing."""
    add(2)
    finder, verifier = paid(), Losing(context, "leadmagic-verify", default=verdict("invalid"))
    job_id = enqueue(2, order=["findymail"], verifier="leadmagic")
    drain(finder, verifiers=[verifier])
    assert sorted(outcomes(job_id)) == ["h", "s"] and verifier.asked.total() == 2
    child = queue.retry(job_id)
    drain(finder, verifiers=[verifier])
    assert outcomes(child.id) == "k" and verifier.asked.total() == 2
    assert all(row.is_rejected for row in rows(attempts, attempts.c.provider == "findymail"))
    check_invariants(drained=True)


def test_a_bulk_call_in_doubt_closes_the_gate_for_each_of_its_entities(context: Flask) -> None:
    """And for no other entity of the next job."""
    add(4)
    provider = Losing(context, bulk_size=3)
    enqueue(3, "leadmagic")
    drain(provider)
    second = enqueue(4, "leadmagic")
    drain(provider)
    assert outcomes(second) == "hhhs" and provider.asked == {"p0": 1, "p1": 1, "p2": 1, "p3": 1}
    check_invariants(drained=True)


def test_a_row_whose_callback_never_came_is_not_pushed_by_another_job(context: Flask) -> None:
    """It was charged; the job that pushed it has an error, and its retry pushes again."""
    add(1)
    provider = paid("clay", default=Answer(OutcomeClass.SUCCESS, pending_seconds=600, cost_micros=PRICE))
    provider.repeat_is_free = False
    first = enqueue(1, "clay")
    drain(provider)
    with transaction() as session:
        session.execute(update(in_flight_calls).values(deadline_at=utcnow(-1)))
    expire_leases()
    drain(provider)
    second = enqueue(1, "clay")
    drain(provider)
    assert (outcomes(first), outcomes(second)) == ("e", "h") and provider.asked == {"p0": 1}
    provider.default = EMAIL
    child = queue.retry(first)
    drain(provider)
    assert outcomes(child.id) == "s" and provider.asked == {"p0": 2}
    check_invariants(drained=True)


@pytest.mark.parametrize("callback", [None, {"status": "found"}])
def test_an_entity_whose_callback_nobody_can_read_any_more_is_held(context: Flask, callback: Any) -> None:
    """Its row was charged, so no other provider is paid before somebody has looked."""
    add(1)
    first, second = clay(), paid("prospeo")
    job_id = enqueue(order=["clay", "prospeo"])
    drain(first, second)
    change_flights(callback=callback, deadline_at=utcnow(-1))
    first.why_unusable = lambda: "There is no address."  # type: ignore[method-assign]
    drain(first, second)
    assert outcomes(job_id) == "h" and second.asked == {} and spent() == PRICE
    check_invariants(drained=True)


@pytest.mark.parametrize("is_of_another_job", [True, False])
def test_a_cut_off_answer_is_not_forgotten_while_a_callback_is_waited_for(
    context: Flask, is_of_another_job: bool
) -> None:
    """The callback brings nothing, so that the entity is held as it would be at once."""
    add(1)
    first, second = paid("leadmagic", default=CUT_OFF, repeat_is_free=False), clay()
    second.read_callback = lambda *_: NOT_FOUND
    if is_of_another_job:
        enqueue(order=["leadmagic"])
        drain(first)
    job_id = enqueue(order=["leadmagic", "clay"])
    drain(first, second)
    change_flights(callback={"status": "not_found"})
    drain(first, second)
    assert outcomes(job_id) == "h" and first.asked == second.asked == {"p0": 1}
    check_invariants(drained=True)


def test_every_call_that_a_lost_worker_left_is_settled_though_the_entity_is_held(context: Flask) -> None:
    """The entity is held for one of them; the other one is booked and on record too."""
    add(1)
    providers = [paid(name, default=WAITS, repeat_is_free=False) for name in ("leadmagic", "prospeo")]
    job_id = _leave_two_calls(*providers, is_pending=False)
    drain(*providers)
    assert outcomes(job_id) == "h" and flight_count() == reserved() == 0 and spent() == 2 * PRICE
    assert sorted(tried()) == [("leadmagic", "in_doubt"), ("prospeo", "in_doubt")]
    check_invariants(drained=True)


def test_an_answer_that_may_still_come_is_waited_for_before_the_entity_is_held(context: Flask) -> None:
    """It is paid for, so it is written, whatever became of the other call."""
    add(1)
    first, second = clay(), paid("prospeo", default=WAITS, repeat_is_free=False)
    job_id = _leave_two_calls(first, second, is_pending=True)
    change_flights(in_flight_calls.c.provider == "prospeo", is_pending=False)
    drain(first, second)
    assert outcomes(job_id) == "r" and flight_count() == 2
    change_flights(in_flight_calls.c.provider == "clay", callback={"status": "found"})
    drain(first, second)
    assert outcomes(job_id) == "h" and person()["email"] == "ada@example.com"
    assert flight_count() == reserved() == 0 and spent() == 2 * PRICE
    check_invariants(drained=True)


def _leave_two_calls(first: FakeProvider, second: FakeProvider, *, is_pending: bool) -> str:
    """Run a job whose worker is lost over an entity about which two providers are asked; return its id."""
    job_id = enqueue(order=[first.name, second.name])
    # The first was not set up then.
    drain(second)
    change_flights(position=9)
    drain(first, second)
    change_flights(position=0, is_pending=is_pending)
    assert flight_count() == 2
    return job_id


def test_an_erased_entity_leaves_no_doubt_behind(context: Flask) -> None:
    """Who comes under its id later is somebody else."""
    add(1)
    provider = Losing(context)
    _lost_job(provider)
    erase_entity("person", "p0", workspace_slug="default")
    add(1)
    later = enqueue(1, "leadmagic")
    drain(provider)
    assert outcomes(later) == "s"


def test_a_doubt_of_another_workspace_closes_no_gate(context: Flask) -> None:
    """Its entity of the same id is another one."""
    add(1)
    add(1, workspace_slug="other")
    provider = Losing(context)
    _lost_job(provider)
    other = enqueue(1, "leadmagic", workspace_slug="other")
    drain(provider)
    assert outcomes(other) == "s"


def _lost_job(provider: FakeProvider) -> str:
    """Run a job whose only call is lost with its worker; return its id."""
    job_id = enqueue(1, "leadmagic")
    drain(provider)
    assert outcomes(job_id) == "h"
    return job_id


def _settle(provider: FakeProvider) -> None:
    """Let calls of lost workers be settled, as if their time was over."""
    with transaction() as session:
        session.execute(update(in_flight_calls).values(deadline_at=utcnow(-3600)))
    assert recover_lost_calls() == 1


# Providers that are left alone while an answer may be waiting


def reset() -> None:
    """Do what somebody does who has bought credits."""
    circuit_breaker.reset("findymail")


@pytest.mark.parametrize(
    ("answers", "last", "see_to_it"), [([AWAY] * 5, EMAIL, cool_down), ([NO_CREDITS], NOT_FOUND, reset)]
)
def test_a_repeat_waits_for_its_provider_where_that_is_left_alone(
    context: Flask, answers: list[Answer], last: Answer, see_to_it: Callable[[], None]
) -> None:
    """The entity is not taken past it, nor forgotten: it is asked about as soon as the provider can be."""
    add(2)
    first, second = Losing(context, "findymail", repeat_is_free=True, default=last), paid("prospeo")
    job_id = enqueue(2, order=["findymail", "prospeo"], chunk_size=1)
    queue.process_next_chunk(work=pipeline(first, second))
    leave_alone(first, *answers)
    drain(first, second)
    view = queue.get_job(job_id)
    assert (view.status, outcomes(job_id)) == ("pending", "rs") and second.asked == {"p1": 1}
    assert view.pause_reason is not None and "findymail" in view.pause_reason
    check_invariants()
    see_to_it()
    drain(first, second)
    assert outcomes(job_id) == "ss" and first.asked == {"p0": 2}
    assert second.asked == ({"p1": 1} if last is EMAIL else {"p0": 1, "p1": 1})
    assert spent() == PRICE * (2 if last is EMAIL else 3), "the repeat is not booked again"
    check_invariants(drained=True)


def test_a_repeat_of_a_provider_that_refuses_the_key_is_held(context: Flask) -> None:
    """Nobody knows when the key will be changed; the retry then asks for free."""
    add(1)
    first, second = Losing(context, "findymail", repeat_is_free=True), paid("prospeo")
    job_id = enqueue(order=["findymail", "prospeo"])
    queue.process_next_chunk(work=pipeline(first, second))
    leave_alone(first, REFUSED)
    drain(first, second)
    assert outcomes(job_id) == "h" and second.asked == {}
    circuit_breaker.reset("findymail")
    child = queue.retry(job_id)
    drain(first, second)
    assert outcomes(child.id) == "s" and second.asked == {} and person()["email"] == "ada@example.com"
    check_invariants(drained=True)


def test_an_entity_whose_provider_left_the_plan_with_its_answer_is_held(context: Flask) -> None:
    """The one that may have been paid cannot be asked any more."""
    add(1)
    first, second = Losing(context, "findymail", repeat_is_free=True), paid("prospeo", default=NOT_FOUND)
    job_id = enqueue(order=["findymail", "prospeo"])
    queue.process_next_chunk(work=pipeline(first, second))
    leave_alone(first, NO_CREDITS)
    drain(first, second)
    first.why_unusable = lambda: "There is no key."  # type: ignore[method-assign]
    cool_down()
    drain(first, second)
    assert outcomes(job_id) == "h"
    check_invariants(drained=True)


def test_another_jobs_free_repeat_is_waited_for_too(context: Flask) -> None:
    """The answer may be there for the asking, whoever has paid for it."""
    add(1)
    first, second = Losing(context, "findymail", repeat_is_free=True), paid("prospeo")
    lost = enqueue(1, "findymail")
    queue.process_next_chunk(work=pipeline(first, second))
    queue.cancel(lost)
    _settle(first)
    leave_alone(first, NO_CREDITS)
    job_id = enqueue(order=["findymail", "prospeo"])
    drain(first, second)
    assert outcomes(job_id) == "r" and second.asked == {}
    cool_down()
    drain(first, second)
    assert outcomes(job_id) == "s" and second.asked == {}
    check_invariants(drained=True)


@pytest.mark.parametrize(
    ("answers", "is_probed", "is_of_another_job"),
    [
        ([AWAY] * 5, True, False),
        ([NO_CREDITS], True, False),
        ([NO_CREDITS], False, False),
        ([NO_CREDITS], True, True),
    ],
)
def test_a_repeat_is_not_waited_for_longer_than_a_day(
    context: Flask, answers: list[Answer], is_probed: bool, is_of_another_job: bool
) -> None:
    """Each call that it is tried with fails and renews its time: the entity is held, and its job ends."""
    add(1)
    first, second = Losing(context, "findymail", repeat_is_free=True), paid("prospeo")
    job_id = enqueue(order=["findymail", "prospeo"])
    queue.process_next_chunk(work=pipeline(first, second))
    if is_of_another_job:
        queue.cancel(job_id)
        _settle(first)
        job_id = enqueue(order=["findymail", "prospeo"])
    leave_alone(first, *answers)
    first.default = answers[0]
    for seconds, expected in ((86_000, "r"), (86_500, "h")):
        with transaction() as session:
            session.execute(update(provider_states).values(changed_at=utcnow(-seconds)))
        let_jobs_go_on()
        if is_probed:
            cool_down()
        drain(first, second)
        assert outcomes(job_id) == expected
    assert second.asked == {} and queue.get_job(job_id).status == "complete"
    first.default = EMAIL
    circuit_breaker.reset("findymail")
    child = queue.retry(job_id)
    drain(first, second)
    assert outcomes(child.id) == "s" and second.asked == {}
    check_invariants(drained=True)


@pytest.mark.parametrize("then", [CUT_OFF, AWAY, BAD])
def test_an_answer_that_cannot_be_had_after_a_cut_off_one_leaves_the_entity_held(context: Flask, then: Answer) -> None:
    """However the repeats end, the first call may have been paid."""
    add(1)
    provider = Cutting(times=1, then=then)
    job_id = enqueue(1, "findymail")
    drain(provider)
    assert outcomes(job_id) == "h" and spent() == PRICE
    check_invariants(drained=True)


def test_a_circuit_that_opens_over_cut_off_answers_does_not_take_the_entity_past_them(context: Flask) -> None:
    """The worker lives and has been cut off five times; the next tries wait for the provider."""
    add(1)
    first, second = Cutting(times=5), paid("prospeo")
    job_id = enqueue(order=["findymail", "prospeo"])
    queue.drain(work=pipeline(first, second, retries=9), time_budget=PATIENCE_SECONDS)
    assert outcomes(job_id) == "r" and second.asked == {} and first.asked == {"p0": 5}
    cool_down()
    queue.drain(work=pipeline(first, second, retries=9), time_budget=PATIENCE_SECONDS)
    assert outcomes(job_id) == "s" and second.asked == {} and spent() == PRICE
    check_invariants(drained=True)


@pytest.mark.parametrize("repeat_is_free", [True, False])
def test_an_entity_that_costs_a_chunk_its_workers_in_a_paid_call_is_held(context: Flask, repeat_is_free: bool) -> None:
    """It may have been paid for, so it is no error; it is not tried again of itself either."""
    add(2)
    provider = Losing(context, repeat_is_free=repeat_is_free)
    job_id = enqueue(2, "leadmagic")
    for _ in range(CRASHES_BEFORE_CAUTION):
        claim("lost")
        expire_leases()
    drain(provider)
    assert outcomes(job_id) == "hs" and queue.list_errors(job_id).rows == []
    assert provider.asked == {"p0": 1, "p1": 1} and spent() == 2 * PRICE
    check_invariants(drained=True)


@pytest.mark.parametrize("is_pending", [True, False])
def test_a_callback_is_read_for_an_entity_that_cost_a_chunk_its_workers(context: Flask, is_pending: bool) -> None:
    """Its answer is there and paid for, whether the worker was lost before or after Clay had taken the row."""
    add(1)
    provider = clay()
    job_id = enqueue(1, "clay")
    drain(provider)
    change_flights(is_pending=is_pending, callback={"status": "found"})
    for _ in range(CRASHES_BEFORE_CAUTION):
        claim("lost")
        expire_leases()
    with transaction() as session:
        session.execute(update(progress).values(outcomes="i"))
    drain(provider)
    assert outcomes(job_id) == "s" and person()["email"] == "ada@example.com"
    assert provider.asked == {"p0": 1} and spent() == PRICE and flight_count() == 0
    check_invariants(drained=True)


# One call counts once


@pytest.mark.parametrize("size", [6, 50])
def test_a_bulk_call_whose_answer_is_lost_is_one_failure(context: Flask, size: int) -> None:
    """However many entities were in it: what is paid for is fetched by the repeat, which is free."""
    add(size)
    provider = Cutting(times=size, bulk_size=50)
    job_id = enqueue(size, "findymail")
    # Less than it takes to go through the answers of a call.
    queue.drain(work=Waterfall(registry_of(provider), retry_seconds=(0.0005,)))
    # Whoever failed together is due together: the repeat is one call again.
    assert [len(call) for call in provider.calls] == [size, size]
    assert outcomes(job_id) == "s" * size and set(provider.asked.values()) == {2}
    check_invariants(drained=True)


def test_failed_bulk_calls_open_the_circuit_as_single_ones_do(context: Flask) -> None:
    """Five of them, not four."""
    add(6)
    provider = paid(default=AWAY, bulk_size=6)
    enqueue(6, "findymail")
    queue.drain(work=pipeline(provider, retries=9), time_budget=PATIENCE_SECONDS)
    assert len(provider.calls) == 5 and load_states()["findymail"].condition == "circuit_open"


@pytest.mark.parametrize(
    ("odd", "condition"),
    [(EMAIL, "available"), (NOT_FOUND, "available"), (NO_CREDITS, "credits_exhausted"), (REFUSED, "auth_failed")],
)
def test_a_bulk_call_with_mixed_answers_says_one_thing_of_its_provider(
    context: Flask, odd: Answer, condition: str
) -> None:
    """Whoever answers about one entity is there, whatever becomes of the others; credits and keys weigh more."""
    add(6)
    provider = paid(answers={"p3": odd}, default=AWAY, bulk_size=6)
    leave_alone(provider, *[AWAY] * 4)
    enqueue(6, "findymail")
    queue.drain(work=pipeline(provider, retries=0), time_budget=PATIENCE_SECONDS)
    assert load_states()["findymail"].condition == condition


# What waits is due when somebody has seen to it


def test_a_job_that_is_resumed_after_credits_were_bought_goes_on_at_once(context: Flask) -> None:
    """Its entities were to wait an hour."""
    add(4)
    first = paid("findymail", default=NO_CREDITS, on_exhausted=ExhaustionPolicy.HOLD)
    second = paid("prospeo", default=NOT_FOUND)
    job_id = enqueue(4, order=["prospeo", "findymail"])
    drain(first, second)
    assert (queue.get_job(job_id).status, outcomes(job_id)) == ("paused", "rrrr")
    first.default = EMAIL
    circuit_breaker.reset("findymail")
    queue.resume(job_id)
    drain(first, second)
    assert outcomes(job_id) == "ssss"
    check_invariants(drained=True)


def test_a_resumed_job_goes_on_with_chunks_that_were_to_wait(context: Flask) -> None:
    """All of it, at once; a provider that is still left alone is not asked for that."""
    add(4)
    first = paid("findymail", default=NO_CREDITS, on_exhausted=ExhaustionPolicy.HOLD)
    job_id = enqueue(4, order=["findymail"], chunk_size=2)
    drain(first)
    asked = dict(first.asked)
    assert queue.get_job(job_id).status == "paused"
    with transaction() as session:
        session.execute(update(progress).values(lease_expires_at=utcnow(3600)))
    queue.resume(job_id)
    drain(first)
    assert queue.get_job(job_id).status == "paused" and first.asked == asked
    with transaction() as session:
        session.execute(update(progress).values(lease_expires_at=utcnow(3600)))
    first.default = EMAIL
    circuit_breaker.reset("findymail")
    queue.resume(job_id)
    drain(first)
    assert outcomes(job_id) == "ssss"
    check_invariants(drained=True)
