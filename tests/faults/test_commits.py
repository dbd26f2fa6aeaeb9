"""A COMMIT that is lost, or whose reply is: whoever made it cannot know which, and must not write or pay twice."""

from itertools import count

import pytest
from sqlalchemy import func, select

from app import create_app
from app.config import Config
from app.db.session import end_read
from app.extensions import db
from app.models.job import jobs
from app.web import api_keys
from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import attempts_of_chunks, check_accounts, drain_here, end, tell, vary
from tests.faults.proxy import Proxy
from tests.faults.world import World, add_job, add_people

ENQUEUE = "INSERT INTO enrichment_jobs"
STEPS = {
    "claim": "INSERT INTO enrichment_chunk_progress",
    "intents": "INSERT INTO enrichment_flights",
    "answers": "INSERT INTO enrichment_attempts",
    "finish": "UPDATE enrichment_chunk_progress SET worker=NULL, lease_expires_at=NULL",
}
"""What marks the transaction of each step that a worker takes with a chunk."""
SHORT_LEASE: dict[str, object] = {"ENRICH_LEASE_SECONDS": 2, "LEADMAGIC_TIMEOUT_SECONDS": 2}
"""Of a worker that leaves a chunk behind; those who go on with it keep theirs, however slow the machine is."""
DELIVERED = pytest.mark.parametrize("is_delivered", [True, False], ids=["reply", "commit"])

# SQLite's commits are calls within the process;
# there tests/enrichment/waterfall/test_in_doubt.py stands in for the loss.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@DELIVERED
@pytest.mark.parametrize("key", [None, "list-42"], ids=["without-key", "with-key"])
def test_lost_commit_of_an_enqueue_makes_no_second_job_and_pays_once(
    make_world: MakeWorld, database_url: str, key: str | None, is_delivered: bool
) -> None:
    """The caller is told to try again; with a key that finds the first job, and without one nobody is paid twice."""
    world = make_world()
    ids = add_people(4)
    body = {"entityType": "person", "provider": "leadmagic", "entityIds": ids}
    secret = api_keys.create_key("for a test", ["write"], None)[1]
    headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
    with Proxy(database_url) as proxy:
        app = create_app(Config.from_env({**world.environment, "DATABASE_URL": proxy.url}))
        loss = proxy.lose(ENQUEUE, is_delivered=is_delivered)
        refused = app.test_client().post("/api/enrichment/jobs", json=body, headers=headers)
        assert loss.has_happened.is_set()
        assert (refused.status_code, refused.get_json()["code"]) == (503, "database_unavailable")
        assert int(refused.headers["Retry-After"]) == refused.get_json()["retryAfter"]
        assert _count_jobs() == int(is_delivered), "the service does not make it again by itself"
        accepted = app.test_client().post("/api/enrichment/jobs", json=body, headers=headers)
        assert accepted.status_code == 201
        assert accepted.headers.get("Idempotent-Replayed") == ("true" if key and is_delivered else None)
        with app.app_context():
            db.engine.dispose()
    assert _count_jobs() == (2 if is_delivered and key is None else 1)
    drain_here()
    # A second job finds the answers that the first one has paid for.
    expected = "s" if _count_jobs() == 1 else "k"
    assert set(outcomes_of(accepted.get_json()["jobId"]).values()) == {expected}
    assert len(check_accounts(world)) == 4


@DELIVERED
def test_lost_claim_is_left_to_the_next_worker(make_world: MakeWorld, database_url: str, is_delivered: bool) -> None:
    """Nothing has been paid for, so the worker ends; a claim that was stored runs out, and no entity is held."""
    world = _world(make_world)
    job_id = add_job(6, provider="leadmagic", chunk_size=3)
    with Proxy(database_url) as proxy:
        loss = proxy.lose(STEPS["claim"], is_delivered=is_delivered)
        code, errors = end(vary(world, database_url=proxy.url, **SHORT_LEASE).start())
        assert loss.has_happened.is_set()
    assert code == 4 and errors.count("\n") == 1, errors
    drain_here()
    assert set(outcomes_of(job_id).values()) == {"s"}
    assert attempts_of_chunks() == [(2, 1) if is_delivered else (1, 0), (1, 0)]
    assert len(check_accounts(world)) == 6


@DELIVERED
def test_lost_commits_of_what_is_paid_for_are_made_once_by_the_same_worker(
    make_world: MakeWorld, database_url: str, is_delivered: bool
) -> None:
    """It looks up what was stored and goes on."""
    world = _world(make_world)
    job_id = add_job(6, provider="leadmagic", chunk_size=3)
    with Proxy(database_url) as proxy:
        losses = [proxy.lose(STEPS[step], is_delivered=is_delivered) for step in ("intents", "answers")]
        code, errors = end(vary(world, database_url=proxy.url).start())
        assert [loss.has_happened.is_set() for loss in losses] == [True] * 2
    assert (code, errors) == (0, "")
    assert set(outcomes_of(job_id).values()) == {"s"}, "nobody is held: no answer was lost"
    assert attempts_of_chunks() == [(1, 0), (1, 0)]
    assert len(check_accounts(world)) == 6
    tell(world, lost="replies" if is_delivered else "commits", cuts=len(losses))


@DELIVERED
def test_lost_finish_without_answers_is_left_to_the_next_worker(
    make_world: MakeWorld, database_url: str, is_delivered: bool
) -> None:
    """Where everything was known before, there is nothing to be lost by ending."""
    world = _world(make_world)
    add_job(6, provider="leadmagic", chunk_size=3)
    drain_here()
    job_id = add_job(6, provider="leadmagic", chunk_size=3)
    with Proxy(database_url) as proxy:
        loss = proxy.lose(STEPS["finish"], is_delivered=is_delivered)
        code, errors = end(vary(world, database_url=proxy.url, **SHORT_LEASE).start())
        assert loss.has_happened.is_set()
    assert code == 4 and errors.count("\n") == 1, errors
    drain_here()
    assert set(outcomes_of(job_id).values()) == {"k"}
    assert sorted(attempts_of_chunks()) == sorted([(1, 0)] * 3 + [(1, 0) if is_delivered else (2, 1)])
    assert len(check_accounts(world)) == 6


@DELIVERED
def test_lost_commit_of_a_finish_with_answers_is_made_once(
    make_world: MakeWorld, database_url: str, is_delivered: bool
) -> None:
    """Where the last answers say that there is nothing, they come with the finish, and the worker insists on it."""
    world = make_world({"hit_rates": "leadmagic=0"}, ENRICH_CONCURRENCY=2)
    job_id = add_job(4, provider="leadmagic", chunk_size=2)
    with Proxy(database_url) as proxy:
        loss = proxy.lose(STEPS["finish"], is_delivered=is_delivered)
        code, errors = end(vary(world, database_url=proxy.url).start())
        assert loss.has_happened.is_set()
    assert (code, errors) == (0, "")
    assert set(outcomes_of(job_id).values()) == {"s"}
    assert attempts_of_chunks() == [(1, 0), (1, 0)]
    assert check_accounts(world) == []
    assert world.server.stats()["providers"]["leadmagic"]["requests"] == 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
@DELIVERED
@pytest.mark.parametrize("provider", ["waterfall", "leadmagic"])
def test_whichever_commit_is_lost_nothing_is_written_or_paid_twice(
    make_world: MakeWorld, database_url: str, provider: str, is_delivered: bool
) -> None:
    """Each of a worker's commits in turn, from its first to its last."""
    world = _world(make_world)
    for cuts in count():
        job_id = add_job(6, provider=provider, start=10 + 6 * cuts, chunk_size=3)
        with Proxy(database_url) as proxy:
            loss = proxy.lose("", is_delivered=is_delivered, skip=cuts)
            code, errors = end(vary(world, database_url=proxy.url, **SHORT_LEASE).start())
            assert code in (0, 4), errors
            if not loss.has_happened.is_set():
                break
        drain_here()
        check_accounts(world)
        assert set(outcomes_of(job_id).values()) == {"s"}
    assert cuts > 8
    tell(world, cuts=cuts, lost="reply" if is_delivered else "commit", provider=provider)


def _world(make_world: MakeWorld) -> World:
    return make_world({"latency": 0.02, "hit_rates": "findymail=0.4,prospeo=0.5"}, ENRICH_CONCURRENCY=2)


def _count_jobs() -> int:
    count = db.session.scalar(select(func.count()).select_from(jobs)) or 0
    end_read()
    return count
