"""A PostgreSQL server that is killed in the middle of paid work, and started again."""

import time
from collections.abc import Iterator

import pytest

from app.db.session import end_read
from app.enrichment import queue
from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import calls_under_way, check_accounts, drain_here, end, tell
from tests.faults.world import add_job, wait_until
from tests.postgres import OwnPostgres, own_postgres


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    """A PostgreSQL that may be killed."""
    with own_postgres() as started:
        yield started


@pytest.fixture
def database_url(server: OwnPostgres) -> str:
    """The database of a server of the test's own."""
    return server.url


@pytest.mark.parametrize(
    "kills",
    [pytest.param(2, id="short"), pytest.param(25, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_postgresql_killed_in_mid_chunk_loses_nothing_that_was_stored_or_paid_for(
    make_world: MakeWorld, server: OwnPostgres, kills: int
) -> None:
    """The postmaster and all its children die and are started again; workers go on, and no answer is lost."""
    settings = {"ENRICH_CONCURRENCY": 3, "LEADMAGIC_TIMEOUT_SECONDS": 15}
    world = make_world({"latency": 0.2}, ENRICH_LEASE_SECONDS=30, **settings)
    job_id = add_job(30 * kills, provider="leadmagic", chunk_size=10)
    workers = [world.run("work", "--exit-when-empty") for _ in range(2)]
    accepted, killed, away = [job_id], 0, 0.0
    for kill in range(kills):
        wait_until(lambda kill=kill: calls_under_way() > 0 and len(world.server.lines()) > 30 * kill + 5)
        # A job that was accepted just before must be there afterwards.
        accepted.append(queue.enqueue_job("person", "ai-normalizer", [f"p{kill}"]))
        killed += server.kill()
        since = time.monotonic()
        server.start()
        away = max(away, time.monotonic() - since)
        end_read()
    for worker in workers:
        code, errors = end(worker)
        assert code == 0, errors
        assert "Traceback" not in errors
    drain_here()
    assert [queue.get_job(one).status for one in accepted] == ["complete"] * (kills + 1)
    end_read()
    lines = check_accounts(world)
    tell(world, kills=kills, processes=killed, away=f"{away:.1f} s")
    assert len(lines) == 30 * kills
    assert set(outcomes_of(job_id).values()) == {"s"}
