"""Calls of which nobody knows whether they were paid: workers lost in mid-call, cut-off answers, lost commits."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy.session import Session
from sqlalchemy import Text, select, update

from app.enrichment import queue
from app.enrichment.waterfall.batch import Admission
from app.enrichment.waterfall.checkpoint import store_batch
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.recovery import recover_lost_calls
from app.entities import exclusions
from app.extensions import db
from app.models.attempt import attempts
from app.models.in_flight_call import in_flight_calls
from app.models.types import utcnow
from app.providers.base import Answer, Lookup
from app.providers.settings import Limits
from app.web import api_keys
from tests.enrichment.helpers import claim, database_away, expire_leases, job_row
from tests.enrichment.scenes import (
    BAD,
    CUT_OFF,
    EMAIL,
    NOT_FOUND,
    PRICE,
    add,
    change,
    cost_rows,
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
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants, check_money


class Interfering(FakeProvider):
    """A provider during whose first calls something else happens."""

    def __init__(self, app: Flask, action: Callable[[], Any], *, times: int = 1, **options: Any) -> None:
        super().__init__(**{"name": "findymail", "price_micros": PRICE, "default": EMAIL, **options})
        self.app, self.action, self.times = app, action, times

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        if self.times:
            self.times -= 1
            await asyncio.to_thread(self._act)
        return await super().lookup(lookup, deadline=deadline)

    def _act(self) -> None:
        with self.app.app_context():
            self.action()


def forgetful(app: Flask, **options: Any) -> Interfering:
    """Make a provider whose first answer finds its worker gone."""
    return Interfering(app, expire_leases, **options)


def overdue() -> None:
    """Let every call on record be over long since."""
    db.session.rollback()
    db.session.execute(update(in_flight_calls).values(deadline_at=utcnow(-3600)))
    db.session.commit()


# A worker lost in mid-call


def test_a_call_that_may_be_repeated_for_free_is_repeated_and_booked_once(context: Flask) -> None:
    """Its provider charges for one of the two; the books say the same."""
    add(1)
    provider = forgetful(context)
    job_id = enqueue(1, "findymail")
    drain(provider)
    assert provider.asked == {"p0": 2} and queue.get_job(job_id).success == 1
    assert person()["email"] == "ada@example.com"
    assert spent() == cost_rows()["findymail"][2] == PRICE
    check_invariants(drained=True)


def test_a_repeat_that_finds_nothing_leaves_the_first_call_at_its_worst(context: Flask) -> None:
    """Never less than what may have been charged is booked, and never more than one price."""
    add(1)
    provider = forgetful(context, default=NOT_FOUND)
    enqueue(1, "findymail")
    drain(provider)
    assert provider.asked == {"p0": 2} and spent() in {0, PRICE}
    check_invariants(drained=True)


def test_a_call_that_may_have_been_paid_is_held_for_a_person(context: Flask) -> None:
    """Counted and listed, its cost at its worst; nobody asks again of himself."""
    add(2)
    provider = forgetful(context, repeat_is_free=False, answers={"p1": NOT_FOUND}, seconds=0.05)
    job_id = enqueue(2, "findymail")
    drain(provider)
    view = queue.get_job(job_id)
    assert (view.status, view.held, view.processed) == ("complete", 2, 2), "both were under way"
    assert provider.asked == {"p0": 1, "p1": 1}
    assert tried("p0") == tried("p1") == [("findymail", "in_doubt")]
    assert {row.cost_micros for row in rows(attempts)} == {PRICE}
    assert cost_rows() == {"findymail": (2, 2, 2 * PRICE, 2 * PRICE)} and view.cost_micros == 2 * PRICE
    assert {row.error for row in rows(attempts)} == {"The worker was lost during the call."}
    check_invariants(drained=True)
    drain(provider)
    assert provider.asked == {"p0": 1, "p1": 1}


def test_a_retry_asks_again_about_what_is_held(context: Flask) -> None:
    """Nothing else does it; what was booked stays booked."""
    add(3)
    provider = forgetful(context, repeat_is_free=False)
    job_id = enqueue(3, "findymail", chunk_size=1)
    drain_in_turn(provider)
    view = queue.get_job(job_id)
    assert (view.held, view.success) == (1, 2)
    child = queue.retry(job_id)
    assert child.total == 1
    drain(provider)
    assert queue.get_job(child.id).success == 1 and sum(provider.asked.values()) == 4
    assert spent() == 4 * PRICE
    check_invariants(drained=True)


@pytest.mark.usefixtures("ten_at_once")
def test_entities_that_were_not_under_way_go_on_after_a_lost_worker(context: Flask) -> None:
    """Those that were decided are not asked again, those that had not come up are asked once."""
    add(30)
    provider = Interfering(context, lambda: None, repeat_is_free=False, seconds=0.01)
    job_id = enqueue(30, "findymail")

    is_first = threading.Lock()

    def lose_in_the_middle() -> None:
        # Calls are under way at once: only one of them may do it.
        if len(provider.calls) > 14 and is_first.acquire(blocking=False):
            expire_leases()

    provider.action, provider.times = lose_in_the_middle, 30
    drain(provider)
    view = queue.get_job(job_id)
    assert view.status == "complete" and set(provider.asked.values()) == {1}
    assert view.held + view.success == 30 and 0 < view.held <= 20
    assert spent() == 30 * PRICE
    check_invariants(drained=True)


def test_a_walk_after_a_lost_worker_does_not_repeat_earlier_steps(context: Flask) -> None:
    """The misses before it hold."""
    add(1)
    first = paid("findymail", default=NOT_FOUND)
    second = Interfering(context, expire_leases, name="prospeo")
    job_id = enqueue(order=["findymail", "prospeo"])
    drain(first, second)
    assert first.asked == {"p0": 1} and second.asked == {"p0": 2} and queue.get_job(job_id).success == 1
    check_invariants(drained=True)


def test_a_bulk_call_of_a_lost_worker_is_held_for_each_of_its_entities(context: Flask) -> None:
    """Each is in doubt for itself."""
    add(5)

    class Bulk(Interfering):
        async def lookup_many(self, lookups: Any, *, deadline: float) -> Any:
            if self.times:
                self.times -= 1
                await asyncio.to_thread(self._act)
            return await super().lookup_many(lookups, deadline=deadline)

    provider = Bulk(context, expire_leases, repeat_is_free=False, bulk_size=10)
    job_id = enqueue(5, "findymail")
    drain(provider)
    assert queue.get_job(job_id).held == 5 and spent() == 5 * PRICE and len(provider.calls) == 1
    check_invariants(drained=True)


def test_a_chunk_that_waits_for_what_a_lost_worker_reserved_makes_way_for_it(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is but one worker, and it gets to the lost one's chunk though an older chunk wants to go on first."""
    monkeypatch.setattr("app.enrichment.waterfall.routing.MAX_WAIT_SECONDS", 0.2)
    monkeypatch.setattr("app.enrichment.waterfall.admission.CAP_WAIT_SECONDS", 0.05)
    add(4)
    job_id = enqueue(4, "findymail", chunk_size=2, cap_micros=2 * PRICE)
    claim("idle")
    provider = forgetful(context, default=NOT_FOUND, limits=Limits(at_once=2))
    # Both answers: one that came before the lease is gone would be stored.
    provider.times = 2
    queue.process_next_chunk(work=pipeline(provider))
    assert (flight_count(), reserved(f"job:{job_id}")) == (2, 2 * PRICE)
    while queue.get_job(job_id).status != "paused":
        # On a busy machine the older chunk may wait often enough to end a drain. Without a way to the lost worker's
        # chunk there would be no end to it, and the test's own time would run out.
        drain(provider)
    assert (flight_count(), reserved(), queue.get_job(job_id).status) == (0, 0, "paused")
    assert set(provider.asked) == {"p2", "p3"}
    check_invariants()


class Totalling(Interfering):
    """A provider that charges a bulk call as a whole, and nobody twice; each answer tells an equal share of it."""

    charged: set[str]

    async def lookup_many(self, lookups: Any, *, deadline: float) -> Any:
        self.charged = getattr(self, "charged", set())
        new = {lookup.entity_id for lookup in lookups} - self.charged
        self.charged |= new
        self.spent_micros += PRICE * len(new)
        self.calls.append([lookup.entity_id for lookup in lookups])
        if self.times:
            self.times -= 1
            await asyncio.to_thread(self._act)
        share = PRICE * len(new) // len(lookups)
        return [replace(EMAIL, cost_micros=share) for _ in lookups]


def test_a_bulk_call_has_none_but_repeats_or_no_repeats(context: Flask) -> None:
    """A share of what the others cost would be taken for the cost of a repeat, which is booked already."""
    add(4)

    def lose_worker() -> None:
        expire_leases()
        provider.bulk_sizes = {"person": 4}

    provider = Totalling(context, lose_worker, bulk_size=2, limits=Limits(at_once=1))
    job_id = enqueue(4, "findymail")
    drain(provider)
    assert sorted(provider.calls) == [["p0", "p1"], ["p0", "p1"], ["p2", "p3"]]
    assert queue.get_job(job_id).success == 4
    assert spent() == provider.spent_micros == 4 * PRICE
    check_invariants(drained=True)


# Answers that were cut off


def test_a_cut_off_answer_of_a_single_provider_is_held(context: Flask) -> None:
    """Where a repeat is not free it is not tried again; its cost is booked at its worst."""
    add(1)
    provider = paid(default=CUT_OFF, repeat_is_free=False)
    job_id = enqueue(1, "findymail")
    drain(provider)
    assert provider.asked == {"p0": 1} and queue.get_job(job_id).held == 1
    assert tried() == [("findymail", "in_doubt")] and cost_rows()["findymail"] == (1, 1, PRICE, PRICE)
    check_invariants(drained=True)


@pytest.mark.parametrize(("answer", "outcome"), [(EMAIL, "success"), (NOT_FOUND, "held")])
def test_a_walk_goes_on_past_a_cut_off_answer(context: Flask, answer: Answer, outcome: str) -> None:
    """What the next provider finds settles the entity; what it does not find leaves it held."""
    add(1)
    first, second = paid("findymail", default=CUT_OFF, repeat_is_free=False), paid("prospeo", default=answer)
    job_id = enqueue(order=["findymail", "prospeo"])
    drain(first, second)
    assert getattr(queue.get_job(job_id), outcome) == 1 and first.asked == second.asked == {"p0": 1}
    check_invariants(drained=True)


def test_a_cut_off_answer_that_may_be_repeated_is_booked_once(context: Flask) -> None:
    """The provider says that it charges for one of them."""
    add(1)

    class Cut(FakeProvider):
        def _answer(self, lookup: Lookup) -> Answer:
            answer = super()._answer(lookup)
            return CUT_OFF if self.asked["p0"] < 3 else answer

    provider = Cut(name="findymail", price_micros=PRICE, default=EMAIL)
    job_id = enqueue(1, "findymail")
    drain(provider)
    assert provider.asked == {"p0": 3} and queue.get_job(job_id).success == 1 and spent() == PRICE
    check_invariants(drained=True)


def test_a_call_over_its_time_is_cut_off_and_held(context: Flask) -> None:
    """It is not waited for beyond the budget, and its reservation does not stay."""
    add(1)
    provider = paid(seconds=30, repeat_is_free=False)
    job_id = enqueue(1, "findymail")
    while not provider.calls:
        # A slow machine may have to give the call back before it is sent.
        queue.process_next_chunk(work=pipeline(provider), time_budget=0.6)
    assert queue.get_job(job_id).held == 1 and (spent(), reserved(), flight_count()) == (PRICE, 0, 0)
    check_invariants(drained=True)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), RuntimeError("a bug"), asyncio.CancelledError()])
def test_a_provider_that_raises_is_in_doubt(context: Flask, error: BaseException) -> None:
    """Whatever it raises, the process lives, and other entities are not touched."""
    add(3)

    class Raising(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            if lookup.entity_id == "p1":
                raise error
            return await super().lookup(lookup, deadline=deadline)

    job_id = enqueue(3, "findymail")
    drain(Raising(name="findymail", price_micros=PRICE, default=EMAIL, repeat_is_free=False))
    view = queue.get_job(job_id)
    assert (view.success, view.held) == (2, 1) and spent() == 3 * PRICE
    check_invariants(drained=True)


# Flights that nobody comes back for


def test_a_retry_does_not_ask_again_what_was_answered_after_a_lost_call(context: Flask) -> None:
    """The lost call ends, on record, when its time would have been up: later than the repeat that was answered."""
    add(1)
    provider = forgetful(context)
    other = paid("prospeo", default=BAD)
    job_id = enqueue(1, order=["findymail", "prospeo"], until=["job_title"])
    drain(provider, other)
    assert (queue.get_job(job_id).errors, provider.asked, spent()) == (1, {"p0": 2}, PRICE)
    queue.retry(job_id)
    drain(provider, other)
    assert (other.asked, provider.asked, spent()) == ({"p0": 2}, {"p0": 2}, PRICE)
    check_invariants(drained=True)


def test_a_call_of_a_cancelled_jobs_lost_worker_is_settled(context: Flask) -> None:
    """At its worst, once it is overdue by more than a lease; Findymail's repeats are free, so others may ask again."""
    add(2)
    provider = forgetful(context)
    job_id = enqueue(2, "findymail", chunk_size=1)
    queue.process_next_chunk(work=pipeline(provider))
    queue.cancel(job_id)
    assert queue.get_job(job_id).status == "cancelled"
    assert recover_lost_calls() == 0 and (flight_count(), reserved(), spent()) == (1, PRICE, 0)
    check_money()
    overdue()
    assert recover_lost_calls() == 1
    assert (flight_count(), reserved(), spent()) == (0, 0, PRICE)
    assert tried() == [("findymail", "transient")] and cost_rows() == {"findymail": (1, 1, PRICE, PRICE)}
    assert recover_lost_calls() == 0
    check_invariants(drained=True)


def test_a_lost_call_is_settled_under_the_cap_of_the_key_that_made_the_job(context: Flask) -> None:
    """Else what was reserved under it would stand for the rest of the day, and what was spent would not count."""
    key, _ = api_keys.create_key("maker", ["write"])
    scope = f"key:{key.id}"
    add(1)
    job_id = queue.accept_job("person", "findymail", ["p0"], api_key_id=key.id).job_id
    queue.process_next_chunk(work=pipeline(forgetful(context)))
    queue.cancel(job_id)
    assert (reserved(scope), spent(scope)) == (PRICE, 0)
    overdue()
    assert recover_lost_calls() == 1
    assert (reserved(scope), spent(scope)) == (0, PRICE)
    check_invariants(drained=True)


def test_calls_that_somebody_comes_back_for_are_left_alone(context: Flask) -> None:
    """Of a job that can still be claimed, and of a worker that still holds its lease, be the job paused or not."""
    add(1)
    settled: list[int] = []

    def look() -> None:
        overdue()
        settled.append(recover_lost_calls())
        queue.pause(queue.list_jobs().rows[0].id)
        settled.append(recover_lost_calls())

    job_id = enqueue(1, "findymail")
    drain(Interfering(context, look))
    assert settled == [0, 0] and queue.get_job(job_id).success == 1 and spent() == PRICE
    check_invariants(drained=True)


def test_a_lost_call_of_a_running_job_waits_for_the_next_worker(context: Flask) -> None:
    """It is the one who decides the entity."""
    add(1)
    provider = forgetful(context, repeat_is_free=False)
    job_id = enqueue(1, "findymail")
    queue.process_next_chunk(work=pipeline(provider))
    overdue()
    assert recover_lost_calls() == 0 and flight_count() == 1
    drain(provider)
    assert queue.get_job(job_id).held == 1
    check_invariants(drained=True)


def test_a_lost_call_of_a_paused_job_frees_its_question_for_others(context: Flask) -> None:
    """The paused job finds it in doubt when it goes on."""
    add(1)
    provider = forgetful(context, repeat_is_free=False)
    job_id = enqueue(1, "findymail")
    queue.process_next_chunk(work=pipeline(provider))
    queue.pause(job_id)
    overdue()
    assert recover_lost_calls() == 1
    second = enqueue(1, "findymail")
    drain(provider)
    assert queue.get_job(second).success == 1
    queue.resume(job_id)
    drain(provider)
    assert provider.asked == {"p0": 2} and queue.get_job(job_id).status == "complete"
    check_invariants(drained=True)


# Erasure


@pytest.mark.parametrize("answer", [EMAIL, NOT_FOUND, CUT_OFF])
def test_an_erasure_in_mid_call_keeps_the_money_and_nothing_else(context: Flask, answer: Answer) -> None:
    """The id is nowhere afterwards, and what the call cost is in the books."""
    add(2)
    provider = Interfering(context, erase_first, default=answer, repeat_is_free=False)
    job_id = enqueue(2, "findymail", chunk_size=1)
    drain(provider)
    assert spent() == (2 * PRICE if answer is CUT_OFF else provider.spent_micros)
    assert job_row(job_id).processed_count == 2 and (reserved(), flight_count()) == (0, 0)
    assert_gone("p0")
    check_invariants(drained=True)


def test_nobody_is_asked_about_an_entity_that_was_erased_in_mid_walk(context: Flask) -> None:
    """The providers that would come next are neither told of it nor paid."""
    add(2)
    first, second = Interfering(context, erase_first, default=NOT_FOUND), paid("prospeo")
    enqueue(2, order=["findymail", "prospeo"], chunk_size=1)
    drain(first, second)
    assert second.asked == {"p1": 1}
    assert_gone("p0")
    check_invariants(drained=True)


def test_nobody_is_asked_about_an_entity_that_was_excluded_in_mid_walk(context: Flask) -> None:
    """An exclusion holds from the next call on, not from the next chunk."""
    change({"id": "p0", "company_domain": "acme.example"}, {"id": "p1", "company_domain": "other.example"})
    exclude = partial(exclusions.add, ["acme.example"], "default")
    first, second = Interfering(context, exclude, default=NOT_FOUND), paid("prospeo")
    job_id = enqueue(2, order=["findymail", "prospeo"], chunk_size=1)
    drain(first, second)
    assert second.asked == {"p1": 1}
    assert (queue.get_job(job_id).skipped, queue.get_job(job_id).success) == (1, 1)
    check_invariants(drained=True)


def erase_first() -> None:
    """Erase p0, as a caller would."""
    erase_entity("person", "p0", workspace_slug="default")


def test_an_erasure_after_a_lost_worker_keeps_the_money_and_nothing_else(context: Flask) -> None:
    """The call is still on record, about nobody."""
    add(1)
    provider = forgetful(context, repeat_is_free=False)
    enqueue(1, "findymail")
    queue.process_next_chunk(work=pipeline(provider))
    erase_entity("person", "p0", workspace_slug="default")
    assert (flight_count(), reserved()) == (1, PRICE)
    assert_gone("p0")
    drain(provider)
    assert spent() == PRICE
    assert_gone("p0")
    check_invariants(drained=True)


def assert_gone(entity_id: str) -> None:
    """Assert that no column that may name an entity does."""
    db.session.rollback()
    for table in db.metadata.sorted_tables:
        for name in {"entity_id", "entity_ids", "raw_answer"} & set(table.columns.keys()):
            found = db.session.scalars(select(table.c[name].cast(Text)))
            assert not [text for text in found if entity_id in (text or "")], f"{table.name}.{name}"


# Lost replies to COMMIT


@pytest.mark.parametrize("times_away_after", [0, 1, 3])
@pytest.mark.parametrize("chunk_size", [1, 2])
@pytest.mark.parametrize("which", range(4))
def test_a_lost_reply_to_a_commit_stores_and_pays_nothing_twice(
    context: Flask, monkeypatch: pytest.MonkeyPatch, which: int, times_away_after: int, chunk_size: int
) -> None:
    """Whichever commit of the work it was, of one chunk or of two; also if the database stays away for some looks."""
    add(2)
    first, second = paid("findymail", {"p0": NOT_FOUND}), paid("prospeo")
    job_id = enqueue(2, order=["findymail", "prospeo"], chunk_size=chunk_size)
    lose_commit(monkeypatch, which, times_away_after)
    drain(first, second)
    monkeypatch.undo()
    view = queue.get_job(job_id)
    assert (view.status, view.success) == ("complete", 2)
    assert first.asked == {"p0": 1, "p1": 1} and second.asked == {"p0": 1}
    assert spent() == first.spent_micros + second.spent_micros == 2 * PRICE
    check_invariants(drained=True)


@pytest.mark.parametrize("chunk_size", [1, 2])
@pytest.mark.parametrize("which", range(4))
def test_a_commit_that_did_not_take_place_is_made_again(
    context: Flask, monkeypatch: pytest.MonkeyPatch, which: int, chunk_size: int
) -> None:
    """Answers that were paid for are not given up lightly."""
    add(2)
    first, second = paid("findymail", {"p0": NOT_FOUND}), paid("prospeo")
    job_id = enqueue(2, order=["findymail", "prospeo"], chunk_size=chunk_size)
    lose_commit(monkeypatch, which, 0, is_stored=False)
    drain(first, second)
    monkeypatch.undo()
    assert queue.get_job(job_id).success == 2 and first.asked == {"p0": 1, "p1": 1} and second.asked == {"p0": 1}
    check_invariants(drained=True)


def lose_commit(monkeypatch: pytest.MonkeyPatch, which: int, times_away_after: int, *, is_stored: bool = True) -> None:
    """Lose the reply to one commit of a round, and then as many tries of anything else as said."""
    commit, execute = Session.commit, Session.execute
    left = {"rounds": which, "away": 0}
    is_round = {"now": False}

    def noting(*args: Any) -> Admission:
        admission = store_batch(*args)
        is_round["now"] = True
        return admission

    def losing(self: Session) -> None:
        is_this = is_round["now"] and left["rounds"] == 0
        left["rounds"] -= is_round["now"]
        is_round["now"] = False
        if not is_this or is_stored:
            commit(self)
        if is_this:
            left["away"] = times_away_after
            raise database_away()

    def away(self: Session, *args: Any, **options: Any) -> Any:
        if left["away"]:
            left["away"] -= 1
            raise database_away()
        return execute(self, *args, **options)

    monkeypatch.setattr("app.enrichment.waterfall.saving.store_batch", noting)
    monkeypatch.setattr(Session, "commit", losing)
    monkeypatch.setattr(Session, "execute", away)
