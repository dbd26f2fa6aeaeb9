"""Workers killed at random moments: nobody is lost, nothing is decided or paid twice, every charge is explained."""

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


SHORT = Storm(kills=6, entities=160, chunk_size=10, workers=2, seconds=60)
LONG = Storm(kills=200, entities=5000, chunk_size=10, workers=3, seconds=1500, pause_seconds=0.5)


@pytest.mark.parametrize(
    "storm",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(2400)]),
    ],
)
def test_kills_lose_no_entity_and_pay_nothing_twice(make_world: MakeWorld, storm: Storm) -> None:
    """At random moments of their work, workers die; one clean drain later all is decided, and the ledger explained."""
    server = {"latency": 0.1, "hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6"}
    world = make_world(server, ENRICH_LEASE_SECONDS=2)
    job_id = add_job(storm.entities, chunk_size=storm.chunk_size)
    with Crew(world, storm.workers, storm.seed) as crew:
        crew.kill(storm.kills, while_=lambda: not has_ended(), seconds=storm.seconds, pause_seconds=storm.pause_seconds)
        assert not crew.errors
    settled_in = drain(world, seconds=storm.seconds)
    lines = world.server.lines()
    _tell(storm, crew, lines, settled_in)

    assert crew.kills.count == storm.kills
    check_invariants(drained=True)
    outcomes = outcomes_of(job_id)
    assert len(outcomes) == storm.entities and set(outcomes.values()) <= set("skeh")
    assert decided_twice() == []
    assert ledger.paid_repeats(lines) == []
    assert unexplained(lines) == []
    billed = sum(line.micros > 0 for line in lines)
    assert len(lines) - billed <= crew.kills.in_flight
    books = read_books()
    assert (books.flights, books.reserved) == (0, 0)
    assert books.cost - books.in_doubt <= ledger.total(lines) <= books.cost
    assert books.spent["overall"] == books.spent[f"job:{job_id}"] == books.cost
    # One that is marked when the fourth worker of its chunk dies is an error, whatever it had got by then.
    counted = {entity_id for entity_id in found_by(job_id) if outcomes[entity_id] not in "he"}
    assert {outcomes[entity_id] for entity_id in counted} <= {"s"}, "what was found counts, whoever went on with it"
    assert counted <= found_by(job_id, is_normalizer=True)


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
        "longest stall": f"{longest_stall(lines):.1f} s",
        "drained in": f"{settled_in:.1f} s",
    }
    print("\n" + ", ".join(f"{name} {value}" for name, value in figures.items()))
