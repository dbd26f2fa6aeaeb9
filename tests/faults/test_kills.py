"""Workers killed at random moments: nobody is lost, nothing is decided or paid twice, every charge is explained."""

import json
import os
from dataclasses import dataclass

import pytest

from app.extensions import db
from tests.fakes import ledger
from tests.faults.accounts import decided_twice, found_by, longest_stall, outcomes_of, read_books, unexplained
from tests.faults.conftest import MakeWorld
from tests.faults.world import Crew, add_job, drain, has_ended
from tests.invariants import check_invariants


@dataclass(frozen=True)
class Storm:
    """How many are killed over how many entities."""

    kills: int
    entities: int
    chunk_size: int
    workers: int
    seconds: float
    pause_seconds: float = 0.0
    """After each kill, on average, so that most chunks are not run with caution, one entity at a time."""
    seed: int = 20261123
    latency: float = 0.1
    concurrency: int = 10
    waterfall: int | None = None
    """How many of the entities go through the waterfall; the others ask one provider, in jobs of their own."""


def _full() -> Storm:
    """Return the full storm, as the environment may resize it: STORM_KILLS, STORM_ENTITIES and STORM_SEED."""
    entities = int(os.environ.get("STORM_ENTITIES", "100000"))
    return Storm(
        kills=int(os.environ.get("STORM_KILLS", "1000")),
        entities=entities,
        chunk_size=50,
        workers=3,
        seconds=7000,
        pause_seconds=0.2,
        seed=int(os.environ.get("STORM_SEED", "20261123")),
        latency=0.01,
        concurrency=20,
        waterfall=entities // 20,
    )


JOBS_OF_ONE_PROVIDER = 4

SHORT = Storm(kills=6, entities=160, chunk_size=10, workers=2, seconds=60)


@pytest.mark.parametrize(
    "storm",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(_full(), id="long", marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
    ],
)
def test_kills_lose_no_entity_and_pay_nothing_twice(make_world: MakeWorld, storm: Storm) -> None:
    """At random moments of their work, workers die; one clean drain later all is decided, and the ledger explained."""
    server = {"latency": storm.latency, "hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6"}
    world = make_world(server, ENRICH_LEASE_SECONDS=2, ENRICH_CONCURRENCY=storm.concurrency)
    job_ids = _add_jobs(storm)
    with Crew(world, storm.workers, storm.seed) as crew:
        crew.kill(storm.kills, while_=lambda: not has_ended(), seconds=storm.seconds, pause_seconds=storm.pause_seconds)
        assert not crew.errors
    settled_in = drain(world, seconds=storm.seconds)
    lines = world.server.lines()
    _tell(storm, crew, lines, settled_in)

    assert crew.kills.count == storm.kills
    check_invariants(drained=True)
    outcomes = {entity_id: one for job_id in job_ids for entity_id, one in outcomes_of(job_id).items()}
    assert len(outcomes) == storm.entities and set(outcomes.values()) <= set("skeh")
    assert decided_twice() == []
    assert ledger.paid_repeats(lines) == []
    assert unexplained(lines) == []
    billed = sum(line.micros > 0 for line in lines)
    assert len(lines) - billed <= crew.kills.in_flight
    books = read_books()
    assert (books.flights, books.reserved) == (0, 0)
    assert books.cost - books.in_doubt <= ledger.total(lines) <= books.cost
    assert books.spent["overall"] == sum(books.spent.get(f"job:{job_id}", 0) for job_id in job_ids) == books.cost
    # One that is marked when the fourth worker of its chunk dies is an error, whatever it had got by then.
    found = {entity_id for job_id in job_ids for entity_id in found_by(job_id)}
    counted = {entity_id for entity_id in found if outcomes[entity_id] not in "he"}
    assert {outcomes[entity_id] for entity_id in counted} <= {"s"}, "what was found counts, whoever went on with it"
    # Only the waterfall, which is the first job, ends in the normaliser.
    assert counted & outcomes_of(job_ids[0]).keys() <= found_by(job_ids[0], is_normalizer=True)


def _add_jobs(storm: Storm) -> list[str]:
    """Store the jobs, the waterfall's first, each of people of its own."""
    in_waterfall = storm.entities if storm.waterfall is None else storm.waterfall
    job_ids = [add_job(in_waterfall, chunk_size=storm.chunk_size)]
    start = in_waterfall
    for left in range(JOBS_OF_ONE_PROVIDER, 0, -1):
        size = (storm.entities - start) // left
        if size:
            job_ids.append(add_job(size, provider="prospeo", chunk_size=storm.chunk_size, start=start))
            start += size
    return job_ids


def _tell(storm: Storm, crew: Crew, lines: list[ledger.Line], settled_in: float) -> None:
    books = read_books()
    billed = sum(line.micros > 0 for line in lines)
    figures = {
        "database": db.engine.dialect.name,
        "seed": storm.seed,
        "kills": crew.kills.count,
        "entities": storm.entities,
        "billed": billed,
        "surplus": len(lines) - billed,
        "in flight at kills": crew.kills.in_flight,
        "ledger": ledger.total(lines),
        "booked": books.cost,
        "in doubt": books.in_doubt,
        "longest stall seconds": round(longest_stall(lines), 1),
        "drained in seconds": round(settled_in, 1),
    }
    print("\n" + json.dumps(figures))
