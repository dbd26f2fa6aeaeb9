"""Entities through nodes that are killed, by hints that come ten times, or not at all."""

import random
import time
from argparse import Namespace

from sqlalchemy import func, select

from app.db.session import end_read
from app.extensions import db
from app.models.job import jobs
from tests.brokers import empty
from tests.fakes import charges
from tests.faults.accounts import read_books
from tests.faults.helpers import check_accounts
from tests.faults.world import add_job, has_ended
from tests.fleet import Fleet
from tests.load.scene import Scene, send_tenfold, tell, wait_until

JOBS = 10
NODES = 2
LEASE_SECONDS = 5
SERVER = {"latency": 0.05, "hit_rates": "prospeo=0.5"}


def run(scene: Scene, given: Namespace) -> None:
    """Kill and empty at even shares of the work; then check the accounts."""
    with scene.fleet(SERVER, ENRICH_CONCURRENCY=20) as fleet:
        send_tenfold(fleet)
        size = given.entities // JOBS
        for number in range(JOBS):
            add_job(size, provider="prospeo", start=number * size)
        nodes = [fleet.node(lease_seconds=LEASE_SECONDS) for _ in range(NODES)]
        for _ in range(2):
            fleet.beat()
        started = time.monotonic()
        chance = random.Random(20261130)
        total = size * JOBS
        for share in range(1, given.kills + 1):
            due = total * share // (given.kills + 2)
            wait_until(lambda due=due: _decided() >= due)
            place = chance.randrange(NODES)
            nodes[place].kill()
            nodes[place] = fleet.node(lease_seconds=LEASE_SECONDS)
            if share * given.flushes // given.kills > (share - 1) * given.flushes // given.kills:
                empty(scene.broker)
        wait_until(has_ended)
        _tell(fleet, given, time.monotonic() - started)


def _decided() -> int:
    count = db.session.scalar(select(func.sum(jobs.c.processed_count)))
    end_read()
    return int(count or 0)


def _tell(fleet: Fleet, given: Namespace, seconds: float) -> None:
    lines = check_accounts(fleet.world)
    row = db.session.execute(
        select(func.sum(jobs.c.total_count), func.sum(jobs.c.processed_count), func.sum(jobs.c.held_count))
    ).one()
    end_read()
    books = read_books()
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
        seconds=round(seconds, 1),
    )
