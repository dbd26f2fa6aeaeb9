"""A disk that becomes full: callers are told so, nothing is half written, and all goes on once there is room."""

import shutil
from collections.abc import Iterator

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db.session import end_read
from app.extensions import db
from app.models.attempt import attempts
from app.models.company import Company
from app.models.job import jobs
from app.web import api_keys
from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.helpers import attempts_of_chunks, calls_under_way, check_accounts, drain_here, end, tell
from tests.faults.world import World, add_job, wait_until
from tests.invariants import check_invariants
from tests.postgres import own_postgres

# An empty PostgreSQL takes some 24 MB without its log of changes, an empty SQLite not one.
MEGABYTES = {"sqlite": 24, "postgresql": 48}


@pytest.fixture(params=["sqlite", "postgresql"])
def disk(request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """A disk that holds the database and little more."""
    with small_disk(MEGABYTES[request.param]) as mounted:
        yield mounted


@pytest.fixture
def database_url(request: pytest.FixtureRequest, disk: SmallDisk) -> Iterator[str]:
    """The database on the small disk."""
    if request.node.callspec.params["disk"] == "sqlite":
        path = disk.path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
    else:
        with own_postgres(disk.path) as server:
            yield server.url


def test_full_disk_is_503_and_exit_4_and_work_goes_on_with_room(make_world: MakeWorld, disk: SmallDisk) -> None:
    """Nothing of what was refused is there; what was accepted before is done afterwards, and every charge is booked."""
    world = _world(make_world, ENRICH_LEASE_SECONDS=4, LEADMAGIC_TIMEOUT_SECONDS=2)
    job_id = add_job(6, provider="leadmagic", chunk_size=3)
    client, writer = _client()
    before = _counts()
    ballast = disk.fill()
    refused = client.post("/api/enrichment/jobs", json=_long_list(), headers=writer)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "database_unavailable")
    assert "Retry-After" in refused.headers
    assert client.get("/readyz").status_code == 200, "it can still be read"
    code, errors = end(world.start())
    assert code == 4 and errors.splitlines()[-1].endswith("its disk is full. DATABASE_URL says which one it is.")
    assert "Traceback" not in errors
    assert _counts() == before
    check_invariants()
    disk.make_room()
    accepted = client.post("/api/enrichment/jobs", json=_long_list(), headers=writer)
    assert accepted.status_code == 201
    drain_here()
    outcomes = "".join(outcomes_of(job_id).values())
    # What was asked when nothing could be stored any more is for a person to look at.
    assert len(outcomes) == 6 and set(outcomes) <= set("sh") and "s" in outcomes
    check_accounts(world)
    tell(world, ballast=ballast, held=outcomes.count("h"))


def test_answers_wait_for_room_when_the_disk_fills_up_in_mid_chunk(make_world: MakeWorld, disk: SmallDisk) -> None:
    """A worker insists on storing what was paid for: with room again, while its lease lasts, nobody is held."""
    world = _world(make_world, latency=0.9, ENRICH_LEASE_SECONDS=40, LEADMAGIC_TIMEOUT_SECONDS=20)
    job_id = add_job(6, provider="leadmagic", chunk_size=6)
    worker = world.start()
    wait_until(lambda: calls_under_way() > 0)
    disk.fill()
    assert _count(attempts) == 0
    stuck = {"looks": 0, "at": -1}

    def cannot_store() -> bool:
        unstored = len(world.server.lines()) - _count(attempts)
        stuck["looks"] = stuck["looks"] + 1 if unstored > 0 and unstored == stuck["at"] else 0
        stuck["at"] = unstored
        return stuck["looks"] > 25

    wait_until(cannot_store)
    assert worker.poll() is None
    disk.make_room()
    code, errors = end(worker)
    # The driver may log that it left off in the middle of several rows.
    assert code == 0 and "Traceback" not in errors, errors
    assert set(outcomes_of(job_id).values()) == {"s"}
    assert attempts_of_chunks() == [(1, 0)]
    assert len(check_accounts(world)) == 6
    tell(world, unstored=stuck["at"])


def test_erasure_is_refused_as_a_whole_when_the_disk_is_full(make_world: MakeWorld, disk: SmallDisk) -> None:
    """A person is erased with everything on record, or not at all."""
    world = _world(make_world)
    add_job(3, provider="leadmagic")
    drain_here()
    client, writer = _client()
    disk.fill()
    answer = client.delete("/api/people/p1", headers=writer)
    assert answer.status_code in (204, 503)
    is_there = client.get("/api/people/p1", headers=writer).status_code == 200
    assert is_there == (answer.status_code == 503)
    assert db.engine.dialect.name == "postgresql" or is_there, "SQLite cannot even delete without room"
    check_invariants(drained=True)
    disk.make_room()
    if is_there:
        assert client.delete("/api/people/p1", headers=writer).status_code == 204
    assert client.get("/api/people/p1", headers=writer).status_code == 404
    check_invariants(drained=True)
    assert len(world.server.lines()) == 3


def _world(make_world: MakeWorld, latency: float = 0.1, **settings: object) -> World:
    return make_world({"latency": latency}, ENRICH_CONCURRENCY=3, **settings)


def _client() -> tuple[FlaskClient, dict[str, str]]:
    secret = api_keys.create_key("for a test", ["read", "write"], None)[1]
    return current_app.test_client(), {"Authorization": f"Bearer {secret}"}


def _long_list() -> dict[str, object]:
    companies = [{"id": f"c{number}", "name": f"Company {number} " * 20} for number in range(3000)]
    return {"entityType": "company", "provider": "ai-normalizer", "entities": companies, "chunkSize": 1000}


def _count(table: object) -> int:
    count = db.session.scalar(select(func.count()).select_from(table)) or 0
    end_read()
    return count


def _counts() -> tuple[int, int, int]:
    return _count(jobs), _count(Company), _count(attempts)
