"""Workers killed at random moments: nobody is lost, nothing is decided or paid twice, every charge is explained."""

import json
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from app.demo.stand_ins import ledger
from app.enrichment import queue
from app.enrichment.waterfall.options import JobOptions
from app.extensions import db
from app.models.job import JobStatus
from tests.fakes import charges
from tests.faults.accounts import (
    decided_twice,
    found_by,
    longest_stall,
    outcomes_of,
    read_books,
    receipts_astray,
    unexplained,
)
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import calls_under_way
from tests.faults.world import Crew, add_job, has_ended
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS


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
    in_waterfall: int = 0
    """How many of the entities go through the waterfall; the others ask one provider, in jobs of their own."""
    capped: int = 0
    """How many more entities are in a job whose cap is reached."""


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
        latency=0.25,
        concurrency=20,
        in_waterfall=entities // 20,
        capped=entities // 20,
    )


JOBS_OF_ONE_PROVIDER = 4
PRICE_MICROS = 10_000
CAP_SHARE = 0.3
"""What a job's cap is of the price of all its calls; every second of them is charged."""

SHORT = Storm(kills=8, entities=200, chunk_size=10, workers=2, seconds=PATIENCE_SECONDS, in_waterfall=160, capped=40)


@pytest.mark.parametrize(
    "storm",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(_full(), id="long", marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
    ],
)
def test_kills_lose_no_entity_and_pay_nothing_twice(make_world: MakeWorld, tmp_path: Path, storm: Storm) -> None:
    """At random moments of their work, workers die; one clean drain later all is decided, and the ledger explained."""
    server = {
        "latency": storm.latency,
        "hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6",
        "usd_per_credit": [f"prospeo={PRICE_MICROS / 1_000_000}"],
    }
    world = make_world(
        server,
        ENRICH_LEASE_SECONDS=10,
        ENRICH_CONCURRENCY=storm.concurrency,
        PROSPEO_USD_PER_CREDIT=PRICE_MICROS / 1_000_000,
        PROSPEO_TIMEOUT_SECONDS=5,
    )
    cap = round(CAP_SHARE * PRICE_MICROS * storm.capped)
    capped = add_job(
        storm.capped,
        provider="prospeo",
        chunk_size=storm.chunk_size,
        options=JobOptions(cap_usd=Decimal(cap) / 1_000_000),
    )
    job_ids = _add_jobs(storm)

    def goes_on() -> bool:
        return not has_ended(job_ids) or queue.get_job(capped).status != JobStatus.PAUSED

    with Crew(world, tmp_path, storm.workers, storm.seed) as crew:
        crew.kill(storm.kills, while_=goes_on, seconds=storm.seconds, pause_seconds=storm.pause_seconds)
        settled_in = crew.drain(while_=goes_on, seconds=storm.seconds)
        queue.cancel(capped)
        settled_in += crew.drain(while_=lambda: not has_ended() or calls_under_way() > 0, seconds=PATIENCE_SECONDS)
        assert crew.errors == []
    lines = world.server.lines()
    _tell(storm, crew, lines, settled_in, capped, cap)

    assert crew.kills.count == storm.kills
    check_invariants(drained=True)
    outcomes = {entity_id: one for job_id in job_ids for entity_id, one in outcomes_of(job_id).items()}
    assert len(outcomes) == storm.entities and set(outcomes.values()) <= set("skeh")
    assert decided_twice() == []
    assert charges.paid_repeats(lines) == []
    assert unexplained(lines) == []
    if storm == SHORT:
        # Each person's receipt takes some queries.
        assert receipts_astray(lines) == []
    billed = sum(line.micros > 0 for line in lines)
    # Whose lease ran out on a machine that stood still is no kill, but others ask about its chunk again all the same.
    assert len(lines) - billed <= crew.kills.in_flight + crew.lost_leases * storm.chunk_size
    books = read_books()
    assert (books.in_flight_calls, books.reserved) == (0, 0)
    assert books.cost - books.in_doubt <= charges.total(lines) <= books.cost
    spent = {job_id: books.spent.get(f"job:{job_id}", 0) for job_id in (*job_ids, capped)}
    assert books.spent["overall"] == sum(spent.values()) == books.cost
    assert cap - PRICE_MICROS < spent[capped] <= cap
    # One that is marked when the fourth worker of its chunk dies is an error, whatever it had got by then.
    found = {entity_id for job_id in job_ids for entity_id in found_by(job_id)}
    counted = {entity_id for entity_id in found if outcomes[entity_id] not in "he"}
    assert {outcomes[entity_id] for entity_id in counted} <= {"s"}, "what was found counts, whoever went on with it"
    # Only the waterfall, which is the first job, ends in the normaliser.
    assert counted & outcomes_of(job_ids[0]).keys() <= found_by(job_ids[0], is_normalizer=True)


def _add_jobs(storm: Storm) -> list[str]:
    """Store the jobs, the waterfall's first, each of people of its own."""
    start = storm.capped
    job_ids = [add_job(storm.in_waterfall, chunk_size=storm.chunk_size, start=start)]
    start += storm.in_waterfall
    for left in range(JOBS_OF_ONE_PROVIDER, 0, -1):
        size = (storm.capped + storm.entities - start) // left
        job_ids.append(add_job(size, provider="prospeo", chunk_size=storm.chunk_size, start=start))
        start += size
    return job_ids


def _tell(storm: Storm, crew: Crew, lines: list[ledger.Line], settled_in: float, capped: str, cap_micros: int) -> None:
    books = read_books()
    billed = sum(line.micros > 0 for line in lines)
    figures = {
        "database": db.engine.dialect.name,
        "seed": storm.seed,
        "kills": crew.kills.count,
        "entities": storm.entities + storm.capped,
        "billed": billed,
        "surplus": len(lines) - billed,
        "in flight at kills": crew.kills.in_flight,
        "leases lost by the living": crew.lost_leases,
        "ledger": charges.total(lines),
        "booked": books.cost,
        "in doubt": books.in_doubt,
        "cap": cap_micros,
        "booked under the cap": books.spent[f"job:{capped}"],
        "longest stall seconds": round(longest_stall(lines), 1),
        "drained in seconds": round(settled_in, 1),
    }
    print("\n" + json.dumps(figures))
