"""How fast providers are called: never faster than allowed, whoever calls."""

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import rate_limits
from app.enrichment.limits.rate_limits import HORIZON_SECONDS, PACE_SHARE, LimitKey, granted, most_late
from app.extensions import db
from app.models.provider_state import provider_paces
from app.models.types import utcnow
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.settings import Limits
from tests.enrichment.helpers import expire_leases
from tests.enrichment.scenes import EMAIL, NOT_FOUND, PRICE, add, drain, enqueue, in_threads, paid, rows
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
WIDTH = 1e-6
"""Rounding of instants, in seconds."""

rates = st.lists(
    st.tuples(st.integers(1, 50), st.sampled_from([1.0, 60.0, 3600.0])),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[1],
)
requests = st.lists(st.tuples(st.floats(0, 5) | st.just(0.0), st.integers(1, 30)), min_size=1, max_size=60)


def starts(limits: Limits, asked: list[tuple[float, int]], at: datetime = NOON) -> list[float]:
    """Return the instants at which calls start, of requests that come so many seconds one after the other."""
    state: dict[str, Any] = {}
    found: list[float] = []
    for pause, wanted in asked:
        at += timedelta(seconds=pause)
        state, grant = granted(limits, state, at, wanted, 0)
        assert len(grant.starts_in) <= wanted
        assert all(0 <= one <= HORIZON_SECONDS + WIDTH for one in grant.starts_in)
        assert (grant.wait_seconds > 0) == (len(grant.starts_in) < wanted)
        found += [at.timestamp() + one for one in grant.starts_in]
    return found


def most_within(instants: list[float], seconds: float) -> int:
    """Return the most instants that any window of so many seconds holds; its end is not part of it."""
    instants = sorted(instants)
    return max(
        (
            sum(first <= one < first + seconds - WIDTH for one in instants[index:])
            for index, first in enumerate(instants)
        ),
        default=0,
    )


@given(rates, requests)
def test_no_window_holds_more_calls_than_allowed(
    allowed: list[tuple[int, float]], asked: list[tuple[float, int]]
) -> None:
    """For every rate at once, wherever the window lies, whatever is asked for and when."""
    found = starts(Limits(tuple(allowed)), asked)
    for calls, seconds in allowed:
        assert most_within(found, seconds) <= calls


@given(rates, requests, st.data())
def test_no_window_holds_more_even_if_calls_are_late(
    allowed: list[tuple[int, float]], asked: list[tuple[float, int]], data: st.DataObject
) -> None:
    """Each by another stretch, up to the one after which it would not be sent."""
    limits = Limits(tuple(allowed))
    found = starts(limits, asked)
    shares = data.draw(st.lists(st.floats(0, 1), min_size=len(found), max_size=len(found)))
    sent = [instant + share * most_late(limits) for instant, share in zip(found, shares, strict=True)]
    for calls, seconds in allowed:
        assert most_within(sent, seconds) <= calls


@given(rates, requests)
def test_calls_start_in_the_order_in_which_they_were_granted(
    allowed: list[tuple[int, float]], asked: list[tuple[float, int]]
) -> None:
    """Nobody overtakes."""
    found = starts(Limits(tuple(allowed)), asked)
    assert found == sorted(found)


@given(rates, st.integers(1, 30))
def test_waiting_as_told_gets_on(allowed: list[tuple[int, float]], wanted: int) -> None:
    """Whoever comes back when told to starts a call soon; limits starve nobody, and are not asked over and over."""
    limits, state, at, looks = Limits(tuple(allowed)), {}, NOON, 0
    for _ in range(20):
        grant = rate_limits.Grant([])
        while not grant.starts_in:
            state, grant = granted(limits, state, at, wanted, 0)
            at += timedelta(seconds=grant.wait_seconds + 0.001)
            looks += 1
    assert looks <= 20 * (1 + len(allowed))


@given(st.integers(1, 40), requests)
def test_a_day_holds_no_more_calls_than_allowed(per_day: int, asked: list[tuple[float, int]]) -> None:
    """Days are UTC's; a new one starts anew."""
    late = datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)
    found = starts(Limits(((5, 1.0),), per_day=per_day), asked, late)
    days = Counter(datetime.fromtimestamp(one, UTC).date() for one in found)
    assert all(count <= per_day for count in days.values())


def test_a_used_up_day_waits_for_midnight() -> None:
    """And the next day has its own."""
    limits = Limits(per_day=3)
    state, grant = granted(limits, {}, NOON, 5, 0)
    assert (len(grant.starts_in), grant.wait_seconds) == (3, 12 * 3600)
    _, grant = granted(limits, state, NOON + timedelta(hours=12), 5, 0)
    assert len(grant.starts_in) == 3


@given(st.integers(1, 20), st.integers(0, 30), st.integers(1, 30))
def test_no_more_calls_are_under_way_than_allowed(at_once: int, under_way: int, wanted: int) -> None:
    """What is under way counts."""
    _, grant = granted(Limits(at_once=at_once), {}, NOON, wanted, under_way)
    assert len(grant.starts_in) == max(0, min(wanted, at_once - under_way))


def test_without_limits_everything_starts_at_once() -> None:
    """Nothing is kept of it."""
    state, grant = granted(Limits(), {}, NOON, 1000, 1000)
    assert (state, grant.starts_in, grant.wait_seconds) == ({}, [0.0] * 1000, 0.0)


def test_a_rate_is_used_nearly_whole() -> None:
    """Careful does not mean slow: a minute of demand gets nine tenths of the rate."""
    found = starts(Limits(((300, 60.0),)), [(0.5, 50)] * 120)
    assert 270 <= most_within(found, 60.0) <= 300


class Clocked(FakeProvider):
    """A provider that notes when it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"name": "findymail", "price_micros": PRICE, "default": NOT_FOUND, **options})
        self.called_at: list[float] = []
        self.lock = threading.Lock()

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        with self.lock:
            self.called_at.append(time.monotonic())
        return await super().lookup(lookup, deadline=deadline)


@dataclass
class Given:
    """The instants at which calls may start that workers were given."""

    by_database: list[float] = field(default_factory=list)
    by_worker: list[float] = field(default_factory=list)
    """The same on the clock that they go by."""
    asked_at: list[float] = field(default_factory=list)
    """When each was asked for, by the database's clock."""
    uses: int = 0
    lead_seconds: float = 0.0
    """The most by which a first call was put off, so that its commit does not make it late."""

    def waste(self) -> float:
        """Return the longest that the provider was left alone while somebody waited to call it."""
        rows = sorted(zip(self.by_database, self.asked_at, strict=True))
        return max((at - max(before, asked) for (before, _), (at, asked) in pairwise(rows)), default=0.0)


@pytest.fixture
def given_instants(monkeypatch: pytest.MonkeyPatch) -> Given:
    """What is given during the test. A worker that is held up calls later than it may, which says nothing of us."""
    given, use = Given(), rate_limits.consume

    def note(session: Any, quoted: rate_limits.Allowance, count: int) -> list[float]:
        instants = use(session, quoted, count)
        asked = quoted.now.timestamp()
        given.by_worker += instants
        given.by_database += [asked + at - quoted.taken_at for at in instants]
        given.asked_at += [asked] * len(instants)
        given.uses += len(instants)
        given.lead_seconds = max(given.lead_seconds, quoted.lead_seconds)
        return instants

    monkeypatch.setattr(rate_limits, "consume", note)
    return given


def test_workers_share_a_providers_rate(context: Flask, given_instants: Given) -> None:
    """Three workers with contexts of their own stay under it together, and lose no time."""
    add(24)
    provider = Clocked(limits=Limits(((10, 1.0),)))
    for number in range(3):
        some = [f"p{number * 8 + one}" for one in range(8)]
        queue.enqueue_job("person", "findymail", some, chunk_size=4)
    in_threads(context, [lambda: drain(provider)] * 3)
    drain(provider)
    assert len(provider.called_at) == 24 <= len(given_instants.by_database)
    assert most_within(given_instants.by_database, 1.0) <= 10
    assert all(at >= may for at, may in zip(sorted(provider.called_at), sorted(given_instants.by_worker), strict=False))
    assert given_instants.waste() < given_instants.lead_seconds + 1 / 10 / PACE_SHARE + WIDTH
    check_invariants(drained=True)


def test_a_call_whose_worker_is_held_up_gets_another_instant(
    context: Flask, given_instants: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has passed by the time that it is on record; the next one is as far ahead as that took."""
    peek, held_up_seconds = rate_limits.peek, 0.25

    def peek_and_be_held_up(*args: Any, **options: Any) -> rate_limits.Allowance:
        allowance = peek(*args, **options)
        return replace(allowance, taken_at=allowance.taken_at - held_up_seconds)

    monkeypatch.setattr(rate_limits, "peek", peek_and_be_held_up)
    add(1)
    limits = Limits(((10, 1.0),))
    provider = Clocked(limits=limits)
    job_id = enqueue(1, order=["findymail"])
    drain(provider)
    assert queue.get_job(job_id).success + queue.get_job(job_id).skipped == 1
    assert len(provider.called_at) == 1 < given_instants.uses
    assert given_instants.lead_seconds >= held_up_seconds - most_late(limits)
    assert provider.called_at[0] >= given_instants.by_worker[-1]
    check_invariants(drained=True)


def test_workers_share_what_may_be_under_way_at_once(context: Flask) -> None:
    """A call whose worker is lost stops counting when it is over."""
    add(16)
    provider = Clocked(limits=Limits(at_once=3), seconds=0.03)
    for number in range(2):
        queue.enqueue_job("person", "findymail", [f"p{number * 8 + one}" for one in range(8)])
    in_threads(context, [lambda: drain(provider)] * 2)
    drain(provider)
    assert len(provider.called_at) == 16 and provider.most_at_once <= 3
    check_invariants(drained=True)


def test_a_bulk_call_counts_once(context: Flask, given_instants: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the rate, and against what is under way."""
    # However slow the machine is, no call gets another instant.
    monkeypatch.setattr(rate_limits, "most_late", lambda _: math.inf)
    add(20)
    provider = paid(bulk_size=10, default=NOT_FOUND, limits=Limits(((3, 1.0),), at_once=2))
    enqueue(20, order=["findymail"])
    drain(provider)
    assert [len(call) for call in provider.calls] == [10, 10] and given_instants.uses == 2


def test_limits_of_a_free_plan_hold_too(context: Flask, given_instants: Given) -> None:
    """A provider whose calls are set to cost nothing has its limits all the same."""
    add(8)
    provider = Clocked(limits=Limits(((4, 1.0),)), price_micros=0)
    enqueue(8, order=["findymail"])
    drain(provider)
    assert len(provider.called_at) == 8 <= len(given_instants.by_database)
    assert most_within(given_instants.by_database, 1.0) <= 4


def test_a_used_up_day_pauses_the_job_until_midnight(context: Flask) -> None:
    """With a reason that names the provider."""
    add(5)
    provider = Clocked(limits=Limits(per_day=2))
    job_id = enqueue(5, "findymail")
    drain(provider)
    view = queue.get_job(job_id)
    assert len(provider.called_at) == 2 and view.status == "paused"
    assert view.pause_reason == "Provider findymail has a limit." and view.resume_at is not None
    midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    assert abs(view.resume_at - midnight) < timedelta(seconds=60)
    check_invariants()


def test_a_provider_that_asked_to_slow_down_is_left_alone_by_all(context: Flask) -> None:
    """Also by jobs that have not heard it themselves; the longest wish counts."""
    with transaction() as session:
        rate_limits.block(session, LimitKey("findymail"), 60)
        rate_limits.block(session, LimitKey("findymail"), 5)
        grant = rate_limits.peek(session, LimitKey("findymail"), "findymail", Limits(), 3)
    assert grant.starts_in == [] and 55 < grant.wait_seconds <= 60
    add(1)
    provider = paid()
    job_id = enqueue(1, "findymail")
    drain(provider)
    assert provider.calls == [] and queue.get_job(job_id).status == "paused"
    db.session.execute(update(provider_paces).values(blocked_until=utcnow(-1)))
    db.session.commit()
    queue.resume(job_id)
    expire_leases()
    drain(provider)
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("limits", "name"), [({"": Limits()}, "p"), ({"company": Limits()}, "p"), ({"person": Limits()}, "p:person")]
)
def test_an_entity_type_with_limits_of_its_own_has_a_pace_of_its_own(limits: dict[str, Limits], name: str) -> None:
    """The others share the provider's."""
    provider = FakeProvider(name="p")
    provider.settings = replace(provider.settings, limits=limits)
    assert rate_limits.limit_key(provider, "person") == (name, "")


def test_calls_that_the_cap_refuses_leave_no_trace_but_the_pace(context: Flask) -> None:
    """No flight and no reservation is left behind by a call that did not start."""
    add(3)
    provider = Clocked(limits=Limits(((50, 1.0),)))
    enqueue(3, order=["findymail"], cap_micros=PRICE - 1)
    drain(provider)
    assert provider.called_at == [] and len(rows(provider_paces)) == 1
    check_invariants()


def test_a_slow_down_by_one_of_many_calls_holds_the_rest(context: Flask) -> None:
    """Those that had not started wait as long; those under way are stored."""
    add(12)
    slow = Answer(OutcomeClass.RATE_LIMITED, error="Too fast.", retry_after_seconds=0.3)

    class Once(Clocked):
        def _answer(self, lookup: Lookup) -> Answer:
            answer = super()._answer(lookup)
            return slow if len(self.seen) == 1 else answer

    provider = Once(default=EMAIL, limits=Limits(((20, 1.0),)))
    job_id = enqueue(12, order=["findymail"])
    drain(provider)
    assert queue.get_job(job_id).success == 12 and sum(provider.asked.values()) == 13
    with transaction() as session:
        assert session.scalar(select(provider_paces.c.blocked_until)) is not None
    check_invariants(drained=True)
