"""Connections to the database that are cut, or go silent, in the middle of paid work."""

import random
import time
from dataclasses import dataclass

import pytest

from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import (
    attempts_of_chunks,
    calls_under_way,
    check_accounts,
    drain_here,
    end,
    has_live_lease,
    snapshot,
    tell,
    vary,
)
from tests.faults.proxy import Proxy
from tests.faults.world import World, add_job, has_ended, wait_until
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass(frozen=True)
class Cuts:
    """How often all connections are cut while so many are asked about."""

    cuts: int
    entities: int
    seed: int = 20261126


def _keep_two(world: World) -> None:
    """Replace workers that have ended: one does where all that is left is a claim that a cut has lost."""
    while len([worker for worker in world.started if worker.poll() is None]) < 2:
        world.run("work", "--exit-when-empty")


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Cuts(8, 36), id="short"),
        pytest.param(Cuts(100, 900), id="long", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_cut_connections_lose_no_answer_that_was_paid_for(make_world: MakeWorld, database_url: str, plan: Cuts) -> None:
    """Two workers that go on by themselves, cut at random moments, decide everybody without a doubt or a repeat."""
    world = _world(make_world)
    job_id = add_job(plan.entities, provider="leadmagic", chunk_size=10)
    chance = random.Random(plan.seed)
    cuts = links = 0
    with Proxy(database_url) as proxy:
        through = vary(world, database_url=proxy.url)
        deadline = time.monotonic() + max(PATIENCE_SECONDS, plan.entities)
        while not has_ended():
            assert time.monotonic() < deadline, "the work does not get on"
            wait_until(lambda: _keep_two(through) or calls_under_way() > 0 or has_ended())
            time.sleep(chance.uniform(0.05, 0.4))
            if cuts < plan.cuts and (cut := proxy.cut()):
                cuts, links = cuts + 1, links + cut
        for worker in through.started:
            code, errors = end(worker)
            assert code == 0 and "Traceback" not in errors, errors
    assert cuts == plan.cuts
    drain_here()
    lines = check_accounts(world)
    tell(world, seed=plan.seed, cuts=cuts, connections=links, crashes=sum(row[1] for row in attempts_of_chunks()))
    assert len(lines) == plan.entities
    assert set(outcomes_of(job_id).values()) == {"s"}


def test_worker_whose_database_is_silent_past_its_lease_writes_nothing_afterwards(
    make_world: MakeWorld, database_url: str
) -> None:
    """What it sends is held back until another worker has its chunk; when it gets through, it does not count."""
    world = _world(make_world)
    job_id = add_job(8, provider="leadmagic", chunk_size=8)
    with Proxy(database_url) as proxy:
        late = vary(world, database_url=proxy.url).start()
        wait_until(lambda: calls_under_way() > 0 and len(world.server.lines()) > 1)
        proxy.hold()
        wait_until(lambda: not has_live_lease())
        drain_here()
        stored, lines = snapshot(), world.server.lines()
        proxy.release()
        code, errors = end(late)
    assert code == 0 and "lease lost" in errors
    assert snapshot() == stored and world.server.lines() == lines
    assert attempts_of_chunks() == [(2, 1)]
    outcomes = "".join(outcomes_of(job_id).values())
    assert len(outcomes) == 8 and 0 < outcomes.count("h") == 8 - outcomes.count("s")
    check_accounts(world)
    tell(world, held=outcomes.count("h"))


def _world(make_world: MakeWorld, **settings: object) -> World:
    settings = {"ENRICH_LEASE_SECONDS": 4, "ENRICH_CONCURRENCY": 3, "LEADMAGIC_TIMEOUT_SECONDS": 2, **settings}
    # Longer than a lease is left without being renewed, so that renewals are cut too.
    return make_world({"latency": 0.6}, **settings)
