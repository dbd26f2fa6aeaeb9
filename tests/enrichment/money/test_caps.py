"""Money: reserved before each call, settled with its answer, and at no moment past a cap."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app.config import config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.caps import ALL_DAYS, Cap, Caps, Settlement, book, caps_of
from app.enrichment.money.cost_log import record_costs
from app.enrichment.queue.lease import JobInfo
from app.extensions import db
from app.models.attempt import attempts
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.spending import costs, spending
from app.models.types import new_id, utcnow
from app.providers.base import Answer, Lookup, OutcomeClass
from tests.enrichment.helpers import expire_leases
from tests.enrichment.scenes import (
    EMAIL,
    NOT_FOUND,
    PRICE,
    add,
    cost_rows,
    drain,
    enqueue,
    flight_count,
    in_threads,
    paid,
    pipeline,
    reserved,
    rows,
    spent,
)
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS


def dollars(micros: int) -> Decimal:
    return Decimal(micros) / 1_000_000


class Metered(FakeProvider):
    """A provider that keeps the sum of what it may have charged, at its most, whenever it is asked.

    A call on its way counts with the worst price until its answer is known.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"name": "findymail", "price_micros": PRICE, "default": EMAIL, **options})
        self.peak_micros = self.under_way_micros = 0

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        self.under_way_micros += self.price_micros
        self.peak_micros = max(self.peak_micros, self.spent_micros + self.under_way_micros)
        try:
            return await super().lookup(lookup, deadline=deadline)
        finally:
            self.under_way_micros -= self.price_micros


# Caps


def test_a_job_stops_at_its_cap_in_mid_chunk_and_waits_for_a_hand(context: Flask) -> None:
    """What is answered stays; a job's cap does not end with the day."""
    add(20)
    provider = Metered(seconds=0.01)
    job_id = enqueue(20, order=["findymail"], cap_micros=7 * PRICE + 1)
    drain(provider)
    view = queue.get_job(job_id)
    assert (view.status, view.success, view.resume_at, view.paused_manually) == ("paused", 7, None, True)
    assert view.pause_reason == "The job's cap of $0.140001 is reached."
    assert provider.peak_micros == provider.spent_micros == spent() == 7 * PRICE
    check_invariants()
    queue.resume(job_id)
    expire_leases()
    drain(provider)
    assert queue.get_job(job_id).status == "paused" and provider.spent_micros == 7 * PRICE


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("ENRICH_DAILY_CAP_USD", "The daily cap of $0.10 is reached (ENRICH_DAILY_CAP_USD)."),
        (
            "ENRICH_WORKSPACE_DAILY_CAP_USD",
            "The workspace's daily cap of $0.10 is reached (ENRICH_WORKSPACE_DAILY_CAP_USD).",
        ),
    ],
)
def test_a_daily_cap_pauses_until_midnight_utc(make_app: Callable[..., Flask], setting: str, words: str) -> None:
    """With the reason; at midnight the job goes on by itself."""
    with make_app(**{setting: dollars(5 * PRICE)}).app_context():
        add(12)
        provider = Metered()
        job_id = enqueue(12, order=["findymail"], chunk_size=4)
        drain(provider)
        view = queue.get_job(job_id)
        assert (view.status, view.success, view.pause_reason) == ("paused", 5, words)
        assert view.resume_at is not None
        midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
        assert timedelta() <= view.resume_at - midnight < timedelta(seconds=30)
        assert provider.peak_micros == 5 * PRICE
        check_invariants()
        move_to_yesterday()
        expire_leases()
        drain(provider)
        assert (provider.spent_micros, queue.get_job(job_id).success) == (10 * PRICE, 10)
        check_invariants()


def move_to_yesterday() -> None:
    """Let everything that was spent and paused be a day ago."""
    with transaction() as session:
        for row in session.execute(select(spending).where(spending.c.day != ALL_DAYS)).all():
            here = (spending.c.scope == row.scope, spending.c.day == row.day)
            session.execute(update(spending).where(*here).values(day=row.day - timedelta(days=1)))
        for row in session.execute(select(costs)).all():
            one = (costs.c.job_id == row.job_id, costs.c.provider == row.provider, costs.c.day == row.day)
            session.execute(update(costs).where(*one).values(day=row.day - timedelta(days=1)))
        session.execute(update(in_flight_calls).values(reserved_on=datetime.now(UTC).date() - timedelta(days=1)))
    db.session.execute(update(jobs).where(jobs.c.resume_at.is_not(None)).values(resume_at=utcnow(-1)))
    db.session.commit()


def test_a_workspaces_cap_leaves_the_others_alone(make_app: Callable[..., Flask]) -> None:
    """Each workspace has its own."""
    with make_app(ENRICH_WORKSPACE_DAILY_CAP_USD=dollars(3 * PRICE)).app_context():
        add(5)
        add(5, workspace_slug="other")
        provider = Metered()
        enqueue(5, order=["findymail"])
        enqueue(2, order=["findymail"], workspace_slug="other")
        drain(provider)
        assert (spent("workspace:default"), spent("workspace:other")) == (3 * PRICE, 2 * PRICE)
        check_invariants()


@pytest.mark.parametrize("cap_micros", [0, 1, PRICE - 1])
def test_a_cap_below_the_price_lets_nothing_through(context: Flask, cap_micros: int) -> None:
    """Not even a call that would find nothing, and so cost nothing."""
    add(2)
    provider = Metered(default=NOT_FOUND)
    job_id = enqueue(2, order=["findymail"], cap_micros=cap_micros)
    drain(provider)
    assert provider.calls == [] and queue.get_job(job_id).status == "paused" and spent() == 0
    check_invariants()


def test_a_cap_of_exactly_the_price_is_used_up(context: Flask) -> None:
    """To the last micro-dollar."""
    add(2)
    provider = Metered()
    enqueue(2, order=["findymail"], cap_micros=2 * PRICE)
    drain(provider)
    assert provider.spent_micros == 2 * PRICE
    check_invariants(drained=True)


def test_free_providers_work_under_a_cap_of_nothing(context: Flask) -> None:
    """They reserve nothing."""
    add(3)
    job_id = enqueue(3, "fake", cap_micros=0)
    drain(FakeProvider())
    assert queue.get_job(job_id).success == 3
    check_invariants(drained=True)


def test_what_was_reserved_and_not_spent_is_there_for_others(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten entities under a cap of two calls at a time: all are asked, since misses cost nothing."""
    monkeypatch.setattr("app.enrichment.waterfall.admission.CAP_WAIT_SECONDS", 0.05)
    add(10)
    provider = Metered(default=NOT_FOUND, seconds=0.02)
    job_id = enqueue(10, order=["findymail"], cap_micros=2 * PRICE)
    drain(provider)
    assert provider.asked == {f"p{number}": 1 for number in range(10)}
    assert provider.peak_micros <= 2 * PRICE and queue.get_job(job_id).success == 10
    assert (spent(), reserved()) == (0, 0)
    check_invariants(drained=True)


def test_providers_of_different_prices_share_the_caps(context: Flask) -> None:
    """The sum over both is under the job's cap at each moment, and the table says who got what."""
    add(12)
    meters = [
        Metered(name="findymail", price_micros=7_001, default=NOT_FOUND, answers={"p3": EMAIL}, seconds=0.01),
        Metered(name="prospeo", price_micros=39_000, answers={"p4": NOT_FOUND}, seconds=0.01),
    ]
    enqueue(12, order=["findymail", "prospeo"], cap_micros=200_000, chunk_size=12)
    drain(*meters)
    bought = (200_000 - 7_001) // 39_000
    assert cost_rows()["findymail"][2] <= 7_001
    assert meters[1].spent_micros in {(bought - 1) * 39_000, bought * 39_000}
    assert sum(meter.spent_micros for meter in meters) == spent() <= 200_000
    check_invariants()


def test_a_bulk_call_is_cut_to_what_the_cap_allows(context: Flask) -> None:
    """The rest of its entities wait, and are not asked."""
    add(10)
    provider = paid(bulk_size=10)
    enqueue(10, order=["findymail"], cap_micros=4 * PRICE)
    drain(provider)
    assert [len(call) for call in provider.calls] == [4] and spent() == 4 * PRICE
    check_invariants()


@pytest.mark.parametrize("is_bulk", [False, True])
def test_workers_at_once_do_not_pass_a_small_cap(make_app: Callable[..., Flask], is_bulk: bool) -> None:
    """Four workers, each with its own session, over one cap; not a micro-dollar is left unused either."""
    app = make_app(ENRICH_DAILY_CAP_USD=dollars(11 * PRICE))
    with app.app_context():
        add(40)
        provider = Metered(seconds=0.01, bulk_size=4 if is_bulk else 1)
        for number in range(2):
            queue.enqueue_job("person", "findymail", [f"p{number * 20 + one}" for one in range(20)], chunk_size=5)
        in_threads(app, [lambda: drain(provider)] * 4)
        assert provider.spent_micros == spent() == 11 * PRICE and provider.peak_micros <= 11 * PRICE
        assert reserved() == 0
        check_invariants()


# Settlement


@pytest.mark.parametrize(
    ("answer", "cost"),
    [
        (EMAIL, PRICE),
        (replace(EMAIL, cost_micros=3), 3),
        (NOT_FOUND, 0),
        (replace(NOT_FOUND, cost_micros=11), 11),
        (Answer(OutcomeClass.INVALID_REQUEST, error="Bad.", cost_micros=7), 7),
        (Answer(OutcomeClass.SUCCESS, fields={"shoe_size": 44}, cost_micros=9), 9),
        (Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, raw=object(), cost_micros=9), 9),
        (Answer(OutcomeClass.INVALID_REQUEST, error="Cut.", is_cost_known=False), PRICE),
        (RuntimeError("a bug"), PRICE),
    ],
)
def test_a_call_is_booked_at_what_it_cost(context: Flask, answer: Answer | Exception, cost: int) -> None:
    """To the micro-dollar: in the attempt, in the costs, and under each cap; what is unknown at its worst."""
    add(1)
    job_id = enqueue(1, "findymail")
    drain(paid(answers={"p0": answer}, repeat_is_free=False))
    assert [row.cost_micros for row in rows(attempts)] == [cost]
    assert [spent(scope) for scope in ("overall", "workspace:default", f"job:{job_id}")] == [cost] * 3
    assert cost_rows()["findymail"][:3] == (1, int(cost > 0), cost)
    assert (reserved(), flight_count(), queue.get_job(job_id).cost_micros) == (0, 0, cost)
    check_invariants(drained=True)


def test_costs_are_those_of_each_job_and_provider(context: Flask) -> None:
    """And the caps know their sum."""
    add(4)
    first, second = paid("findymail", {"p0": NOT_FOUND, "p1": NOT_FOUND}), paid("prospeo", price_micros=39_000)
    enqueue(4, order=["findymail", "prospeo"])
    drain(first, second)
    enqueue(4, "prospeo")
    drain(first, second)
    found = {(row.job_id, row.provider): (row.calls, row.cost_micros) for row in rows(costs)}
    assert sorted(found.values()) == [(2, 78_000), (2, 78_000), (4, 2 * PRICE)]
    assert spent() == 4 * 39_000 + 2 * PRICE == first.spent_micros + second.spent_micros
    check_invariants(drained=True)


def test_a_reservation_is_settled_on_the_day_on_which_it_was_made(context: Flask) -> None:
    """A call under way at midnight is of the day before, for the caps and in the costs."""
    add(1)

    class Overnight(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            with context.app_context():
                move_to_yesterday()
            return await super().lookup(lookup, deadline=deadline)

    enqueue(1, "findymail")
    drain(Overnight(name="findymail", price_micros=PRICE, default=EMAIL))
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    found = {(row.scope, row.day): (row.reserved_micros, row.spent_micros) for row in rows(spending)}
    assert found["overall", yesterday] == found["workspace:default", yesterday] == (0, PRICE)
    assert all(
        row.spent_micros == row.reserved_micros == 0 for row in rows(spending) if row.day not in (yesterday, ALL_DAYS)
    )
    assert [row.day for row in rows(costs)] == [yesterday]
    check_invariants(drained=True)


def test_a_server_in_another_time_zone_counts_days_in_utc(context: Flask) -> None:
    """The day of a cap is UTC's, whatever the database's own zone is."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET TIME ZONE 'Pacific/Kiritimati'"))
        assert db.session.scalar(select(utcnow())).date() == datetime.now(UTC).date()
        db.session.execute(text("SET TIME ZONE DEFAULT"))


# The book itself


COMMON = (
    Cap("job:a", 100, is_daily=False),
    Cap("overall", 250, is_daily=True),
    Cap("workspace:w", None, is_daily=True),
)
CAPS = Caps(COMMON, "w")
TODAY = datetime(2026, 11, 23, tzinfo=UTC).date()


def test_a_price_is_reserved_under_every_cap_or_under_none(context: Flask) -> None:
    """A smaller one behind one that does not fit may still pass."""
    with transaction() as session:
        booking = book(session, CAPS, [], [("p", 60), ("p", 60), ("p", 40)], TODAY)
    assert booking.granted == (True, False, True)
    assert booking.reached is None
    found = {row.scope: (row.day, row.reserved_micros) for row in rows(spending)}
    of_the_day = dict.fromkeys(("overall", "workspace:w", "provider:p", "provider:p@w"), (TODAY, 100))
    assert found == {"job:a": (ALL_DAYS, 100), **of_the_day}


def test_a_cap_is_reached_only_by_what_is_spent(context: Flask) -> None:
    """What others have reserved may come back."""
    with transaction() as session:
        book(session, CAPS, [], [("p", 100)], TODAY)
        assert book(session, CAPS, [], [("p", 100)], TODAY).reached is None
        booking = book(session, CAPS, [Settlement("p", TODAY, 100, 1)], [("p", 100)], TODAY)
    assert booking.granted == (False,) and booking.reached == COMMON[0]


def test_settlements_make_room_for_prices_of_the_same_round(context: Flask) -> None:
    """What is over is taken off first."""
    with transaction() as session:
        book(session, CAPS, [], [("p", 100)], TODAY)
        assert book(session, CAPS, [Settlement("p", TODAY, 100, 0)], [("p", 100)], TODAY).granted == (True,)


def test_a_cap_counts_each_day_anew_and_a_jobs_all_days(context: Flask) -> None:
    """The job's row has no day."""
    tomorrow = TODAY + timedelta(days=1)
    caps = Caps((Cap("job:a", 150, is_daily=False), Cap("overall", 100, is_daily=True)), "w")
    with transaction() as session:
        book(session, caps, [], [("p", 100)], TODAY)
        book(session, caps, [Settlement("p", TODAY, 100, 100)], [], tomorrow)
        assert book(session, caps, [], [("p", 60)], tomorrow).reached == caps.common[0]
        assert book(session, caps, [], [("p", 50)], tomorrow).granted == (True,)


def test_who_books_second_sees_what_the_first_has_reserved(context: Flask) -> None:
    """The last room under a cap is not given away twice: the second waits, and reads what the first has left."""
    with transaction() as session:
        book(session, CAPS, [], [("p", 10)], TODAY)
    has_booked = threading.Event()
    granted: list[bool] = []

    def first() -> None:
        with transaction() as session:
            granted.extend(book(session, CAPS, [], [("p", 60)], TODAY).granted)
            has_booked.set()
            # Long enough for the other to come to the same rows.
            time.sleep(0.3)

    def second() -> None:
        assert has_booked.wait(PATIENCE_SECONDS)
        with transaction() as session:
            granted.extend(book(session, CAPS, [], [("p", 60)], TODAY).granted)

    in_threads(context, [first, second])
    assert granted == [True, False]
    assert reserved() == 70


def test_accounts_are_locked_without_deadlock(context: Flask) -> None:
    """Workers of different jobs and workspaces book at the same time; nothing is lost."""

    def spend(number: int) -> None:
        job = JobInfo(new_id(), "person", "findymail", f"w{number % 2}")
        caps = caps_of(config(), job)
        for _ in range(15):
            with transaction() as session:
                book(session, caps, [], [("p", 10)], TODAY)
            with transaction() as session:
                settlement = Settlement("findymail", TODAY, 10, 7)
                book(session, caps, [settlement], [], TODAY + timedelta(days=1))
                record_costs(session, job, [settlement])

    in_threads(context, [lambda number=number: spend(number) for number in range(4)])
    assert (spent(), reserved()) == (4 * 15 * 7, 0)
    assert cost_rows().keys() == {"findymail"} and sum(row.cost_micros for row in rows(costs)) == spent()


def test_who_waits_for_reservations_that_last_gives_the_chunk_back(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money that pending callbacks hold may come back, in an hour: nobody sits and looks until then."""
    monkeypatch.setattr("app.enrichment.waterfall.routing.MAX_WAIT_SECONDS", 0.3)
    add(2)
    provider = paid("clay", default=Answer(OutcomeClass.SUCCESS, pending_seconds=600))
    job_id = enqueue(2, "clay", chunk_size=1, cap_micros=PRICE)
    result = queue.drain(work=pipeline(provider), time_budget=100.0)
    assert len(provider.calls) == 1 and queue.get_job(job_id).processed == 0
    assert result.chunks <= 3, "chunks are not claimed over and over"
    check_invariants()
