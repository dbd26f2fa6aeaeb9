"""Entities through nodes that are killed, by hints that come ten times, or not at all; one job comes to its cap."""

import random
import time
from argparse import Namespace
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import func, select

from app.config import config
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, JobOptions
from app.extensions import db
from app.models.job import JobStatus, jobs
from app.providers.settings import MICROS
from tests.brokers import empty
from tests.fakes import charges
from tests.faults.accounts import read_books
from tests.faults.helpers import calls_under_way, check_accounts
from tests.faults.world import add_people, has_ended
from tests.fleet import Fleet
from tests.forks import Process
from tests.load.scene import Scene, send_tenfold, tell, wait_until

JOBS = 10
NODES = 2
LEASE_SECONDS = 5
PRICE_USD = Decimal("0.039")
SERVER = {"latency": 0.05, "hit_rates": "prospeo=0.5", "usd_per_credit": f"prospeo={PRICE_USD}"}
CAPPED_SHARE = 20
"""One job has a twentieth of the entities."""
CAP_SHARE = Decimal("0.3")
"""What its cap is of the price of all its calls; every second of them is charged."""


def run(scene: Scene, given: Namespace) -> None:
    """Kill and empty at even shares of the work; then check the accounts."""
    with scene.fleet(SERVER, ENRICH_CONCURRENCY=20, PROSPEO_USD_PER_CREDIT=PRICE_USD) as fleet:
        send_tenfold(fleet)
        size, few = given.entities // JOBS, given.entities // CAPPED_SHARE
        started = time.monotonic()
        # Before the jobs: hints that nobody takes for a minute are dropped.
        people = add_people(size * JOBS + few)
        took = {"storing": time.monotonic() - started}
        nodes = [fleet.node(lease_seconds=LEASE_SECONDS) for _ in range(NODES)]
        for _ in range(2):
            fleet.beat()
        started = time.monotonic()
        cap_usd = CAP_SHARE * PRICE_USD * few
        capped = _enqueue(people[size * JOBS :], JobOptions(cap_usd=cap_usd))
        job_ids = [_enqueue(people[number * size : (number + 1) * size]) for number in range(JOBS)]
        _strike(fleet, nodes, given, size * JOBS)
        wait_until(lambda: has_ended(job_ids) and _status(capped) == JobStatus.PAUSED)
        queue.cancel(capped)
        wait_until(lambda: has_ended() and not calls_under_way())
        took["running"] = time.monotonic() - started
        _tell(fleet, given, capped, cap_usd, took)


def _enqueue(ids: list[str], options: JobOptions = DEFAULT_OPTIONS) -> str:
    return queue.enqueue_job("person", "prospeo", ids, **options.columns(config()))


def _strike(fleet: Fleet, nodes: list[Process], given: Namespace, total: int) -> None:
    """Kill a node and start another, each time that an even share of the work is done; empty the broker too."""
    chance = random.Random(20261130)
    for share in range(1, given.kills + 1):
        due = total * share // (given.kills + 2)
        wait_until(lambda due=due: _decided() >= due)
        place = chance.randrange(NODES)
        nodes[place].kill()
        nodes[place] = fleet.node(lease_seconds=LEASE_SECONDS)
        if share * given.flushes // given.kills > (share - 1) * given.flushes // given.kills:
            empty(fleet.world.settings["CELERY_BROKER_URL"])


def _status(job_id: str) -> str:
    status = queue.get_job(job_id).status
    end_read()
    return status


def _decided() -> int:
    count = db.session.scalar(select(func.sum(jobs.c.processed_count)))
    end_read()
    return int(count or 0)


def _tell(fleet: Fleet, given: Namespace, capped: str, cap_usd: Decimal, took: Mapping[str, float]) -> None:
    started = time.monotonic()
    lines = check_accounts(fleet.world)
    row = db.session.execute(
        select(func.sum(jobs.c.total_count), func.sum(jobs.c.processed_count), func.sum(jobs.c.held_count)).where(
            jobs.c.id != capped
        )
    ).one()
    end_read()
    books = read_books()
    cap, under_cap = int(cap_usd * MICROS), books.spent[f"job:{capped}"]
    assert row[0] == row[1], "everybody is decided"
    assert under_cap <= cap, "the cap holds"
    seconds = {**took, "checking": time.monotonic() - started}
    tell(
        "storm",
        entities=int(row[0]),
        decided=int(row[1]),
        held=int(row[2]),
        kills=given.kills,
        flushes=given.flushes,
        ledger=charges.total(lines),
        booked=books.cost,
        in_doubt=books.in_doubt,
        paid_twice=len(charges.paid_repeats(lines)),
        cap=cap,
        booked_under_cap=under_cap,
        seconds={name: round(value, 1) for name, value in seconds.items()},
    )
