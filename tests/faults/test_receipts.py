"""Receipts, books and the providers' ledger after a storm: three accounts of the same money."""

from pathlib import Path

from app.enrichment import queue
from app.enrichment.waterfall import provider_keys
from app.enrichment.waterfall.options import JobOptions
from app.entities.undo import undo_job
from app.web import api_keys
from tests.faults.accounts import read_books, receipts_astray
from tests.faults.conftest import MakeWorld
from tests.faults.world import Crew, add_job, add_people, has_ended
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

PEOPLE = 60
OPTIONS = JobOptions(order=("findymail", "leadmagic"), verifier="leadmagic")


def test_receipts_are_the_books_and_the_ledger_to_the_micro_dollar(make_world: MakeWorld, tmp_path: Path) -> None:
    """After kills, verdicts, own keys, an accepted loss, a retry that pays again, and an undo."""
    server = {"latency": 0.1, "hit_rates": "findymail=0.4,leadmagic=0.6"}
    world = make_world(server, ENRICH_LEASE_SECONDS=2, SECRET_KEY="a-secret-key-for-the-storm")
    for provider in ("findymail", "leadmagic"):
        # The stand-ins know one key; whose account it is of is for us to tell apart.
        own = world.server.environment()[f"{provider.upper()}_API_KEY"]
        provider_keys.set_key(provider, own, "north", set_by="test")
    key, _ = api_keys.create_key("maker", ["write"])
    walked = add_job(PEOPLE, chunk_size=10, options=OPTIONS)
    of_north = add_job(PEOPLE // 2, chunk_size=10, workspace_slug="north", start=PEOPLE, options=OPTIONS)
    ids = add_people(PEOPLE // 2, start=2 * PEOPLE)
    keyed = queue.accept_job("person", "leadmagic", ids, chunk_size=10, api_key_id=key.id).job_id
    with Crew(world, tmp_path, 2, seed=20261130) as crew:
        crew.kill(6, while_=lambda: not has_ended(), seconds=PATIENCE_SECONDS)
        crew.drain(while_=lambda: not has_ended(), seconds=PATIENCE_SECONDS)
        held = [job_id for job_id in (walked, of_north, keyed) if queue.get_job(job_id).held]
        for job_id in held[1:]:
            queue.accept_held(job_id)
        for job_id in held[:1]:
            queue.retry(job_id)
        undo_job(walked)
        queue.enqueue_job("person", "findymail", ids)
        crew.drain(while_=lambda: not has_ended(), seconds=PATIENCE_SECONDS)
        assert crew.errors == []
    check_invariants(drained=True)
    lines = world.server.lines()
    assert receipts_astray(lines) == []
    books = read_books()
    print(f"\nledger {sum(line.micros for line in lines)}, booked {books.cost}, in doubt {books.in_doubt}")
    assert {line.provider for line in lines} == {"findymail", "leadmagic"} and books.cost > 0
    assert books.spent[f"key:{key.id}"] == books.spent[f"job:{keyed}"] > 0
    # With the retry, if no entity of the first job was held.
    norths = [job.id for job in queue.list_jobs(workspace_slug="north").rows]
    assert of_north in norths
    assert books.spent["workspace:north"] == sum(books.spent.get(f"job:{job_id}", 0) for job_id in norths) > 0
