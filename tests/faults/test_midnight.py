"""Midnight UTC comes while calls are under way, and while a job waits for it with its cap reached."""

import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.db.session import end_read
from app.enrichment import queue
from app.extensions import db
from app.models.in_flight_call import in_flight_calls
from app.models.spending import costs, spending
from tests.fakes import charges
from tests.faults.accounts import decided_twice
from tests.faults.clocks import moved_clock
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import end, tell
from tests.faults.world import add_job, has_ended, wait_until
from tests.invariants import check_invariants

PRICE = 10_000
"""Micro-dollars a call."""
CAP = 10 * PRICE
BEFORE_SECONDS = 300.0
"""How long before midnight the clock stands at first: less than a lease, so that its step breaks none."""


def test_midnight_begins_a_new_day_for_caps_and_costs(make_world: MakeWorld, tmp_path: Path) -> None:
    """A job that had reached its workspace's cap goes on by itself, and spends the next day's; calls that were under
    way stay on the day on which they were reserved."""
    world = make_world(
        {"latency": 0.5, "usd_per_credit": [f"findymail={PRICE / 1e6}"]},
        LOG_LEVEL="ERROR",
        ENRICH_LEASE_SECONDS=600,
        ENRICH_CONCURRENCY=4,
        ENRICH_WORKSPACE_DAILY_CAP_USD=CAP / 1e6,
        FINDYMAIL_USD_PER_CREDIT=PRICE / 1e6,
    )
    now = datetime.now(UTC)
    # Not the next one, so that the clock always goes forward.
    tomorrow = now.date() + timedelta(days=2)
    midnight = datetime.combine(tomorrow, datetime.min.time(), UTC)
    today, to_midnight = tomorrow - timedelta(days=1), (midnight - now).total_seconds()
    with moved_clock(world, tmp_path / "clock", to_midnight - BEFORE_SECONDS) as clock:
        early = add_job(25, provider="findymail", chunk_size=5, workspace_slug="early")
        worker = clock.world.run("work", "--poll-seconds", "1")
        wait_until(lambda: _is_paused(early, midnight))
        assert _spent() == {("early", today): CAP}

        late = add_job(10, provider="findymail", workspace_slug="late", start=100)
        wait_until(lambda: bool(_reserved_on()))
        under_way = _reserved_on()
        clock.move(to_midnight + 2)
        wait_until(lambda: has_ended([late]))
        wait_until(lambda: _is_paused(early, midnight + timedelta(days=1)))
        worker.send_signal(signal.SIGTERM)
        code, errors = end(worker)

    assert (code, errors) == (0, "")
    assert under_way and set(under_way) == {today}
    spent, lines = _spent(), world.server.lines()
    assert (spent["early", today], spent["early", tomorrow]) == (CAP, CAP)
    assert spent["late", today] >= under_way[today] * PRICE
    assert spent["late", today] + spent["late", tomorrow] == 10 * PRICE
    assert _booked() == spent
    assert charges.total(lines) == spent.total() == 30 * PRICE
    assert (len(lines), charges.paid_repeats(lines), decided_twice()) == (30, [], [])
    check_invariants()
    tell(world, before_midnight=spent["late", today] // PRICE, after=spent["late", tomorrow] // PRICE)


def _is_paused(job_id: str, until: datetime) -> bool:
    job: Any = queue.get_job(job_id)
    end_read()
    return job.status == "paused" and timedelta() <= job.resume_at - until < timedelta(seconds=30)


def _reserved_on() -> Counter[date]:
    """Return how many calls are under way, by the day on which they were reserved."""
    days = Counter(db.session.scalars(select(in_flight_calls.c.reserved_on)).all())
    end_read()
    return days


def _spent() -> Counter[tuple[str, date]]:
    """Return what the workspaces' caps have seen, by workspace and day; nothing may be reserved beside it."""
    rows = db.session.execute(select(spending).where(spending.c.scope.like("workspace:%"))).all()
    end_read()
    return Counter({(row.scope.removeprefix("workspace:"), row.day): row.spent_micros for row in rows})


def _booked() -> Counter[tuple[str, date]]:
    """Return the costs of the jobs, by workspace and day."""
    booked: Counter[tuple[str, date]] = Counter()
    for row in db.session.execute(select(costs)).all():
        booked[row.workspace_slug, row.day] += row.cost_micros
    end_read()
    return booked
