"""A worker killed at each effect that it has, one after the other: whatever it had begun, the next one puts right."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.db.session import transaction
from app.extensions import db
from tests.enrichment.helpers import expire_leases
from tests.fakes import charges
from tests.faults.accounts import decided_twice, outcomes_of, read_books, unexplained
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import drain_here
from tests.faults.world import ROOT, World, add_job
from tests.invariants import check_invariants

SEED = 20261126
PEOPLE = 4
SAMPLE = 8


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(SAMPLE, id="short"),
        pytest.param(None, id="all", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_kill_at_any_boundary_is_made_good_by_one_drain(make_world: MakeWorld, sample: int | None) -> None:
    """Wherever a worker dies, before or after an effect, nobody is lost and nothing is paid or decided twice."""
    # Everybody is missed by the first provider and found by the second, so each run passes the same boundaries.
    world = make_world({"hit_rates": "findymail=0,prospeo=1,leadmagic=1"}, ENRICH_CONCURRENCY=1)
    with _workers(world) as workers:
        count = _count(world, workers)
        numbers = list(range(1, count + 1))
        if sample is not None:
            numbers = sorted(random.Random(SEED).sample(numbers, sample))
        kills = surplus = 0
        for number in numbers:
            was_killed, free = _kill_at(world, workers, number)
            kills += was_killed
            surplus += free
    print(f"\ndatabase {db.engine.dialect.name}, boundaries {count}, tried {len(numbers)}, kills {kills}, ", end="")
    print(f"ended before {len(numbers) - kills}, surplus {surplus}")
    # A run may pass a few less than the one that was counted, since two threads take turns.
    assert kills >= 0.9 * len(numbers) - 1


@contextmanager
def _workers(world: World) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.faults.boundary_worker"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=world.environment, stdin=pipe, stdout=pipe, text=True) as workers:
        try:
            yield workers
        finally:
            workers.kill()


def _run(workers: "subprocess.Popen[str]", number: int) -> tuple[int, int]:
    assert workers.stdin is not None and workers.stdout is not None
    workers.stdin.write(f"{number}\n")
    workers.stdin.flush()
    code, passed = workers.stdout.readline().split()
    return int(code), int(passed)


def _begin(number: int) -> str:
    """Empty the database and store a job; of other people each time, since the server remembers whom it charged."""
    with transaction() as session:
        for table in reversed(db.metadata.sorted_tables):
            session.execute(table.delete())
    return add_job(PEOPLE, chunk_size=2, start=number * PEOPLE)


def _count(world: World, workers: "subprocess.Popen[str]") -> int:
    _begin(0)
    code, passed = _run(workers, 0)
    assert code == 0 and passed > 20
    check_invariants(drained=True)
    assert {line.provider for line in world.server.lines()} >= {"prospeo"}
    return passed


def _kill_at(world: World, workers: "subprocess.Popen[str]", number: int) -> tuple[bool, int]:
    """Kill a worker there and check what is left after a drain; return whether it died, and the free repeats."""
    before = len(world.server.lines())
    job_id = _begin(number)
    code, _ = _run(workers, number)
    assert code in (0, -signal.SIGKILL), f"boundary {number}"
    expire_leases()
    drain_here()

    lines, books = world.server.lines(before), read_books()
    where = f"boundary {number}"
    check_invariants(drained=True)
    assert len(outcomes_of(job_id)) == PEOPLE, where
    assert decided_twice() == [], where
    assert unexplained(lines) == [], where
    assert charges.paid_repeats(lines) == [], where
    assert books.cost - books.in_doubt <= charges.total(lines) <= books.cost, where
    assert (books.in_flight_calls, books.reserved) == (0, 0), where
    return code != 0, sum(line.micros == 0 for line in lines)
