"""The same list twice: the second time costs nothing."""

from tests.fakes import charges
from tests.faults.accounts import outcomes_of, read_books
from tests.faults.conftest import MakeWorld
from tests.faults.world import add_job, drain
from tests.invariants import check_invariants


def test_same_job_twice_bills_nothing_the_second_time(make_world: MakeWorld) -> None:
    """Neither those who were found nor those whom nobody knows are asked about again."""
    world = make_world({"hit_rates": "findymail=0.4,prospeo=0.5,leadmagic=0.6"})
    first = add_job(60, chunk_size=20)
    drain(world)
    before, asked = world.server.lines(), _requests(world.server.stats())
    second = add_job(60, chunk_size=20)
    drain(world)
    assert before and world.server.lines() == before
    assert _requests(world.server.stats()) == asked
    assert read_books().cost == charges.total(before)
    assert len(outcomes_of(first)) == len(outcomes_of(second)) == 60
    check_invariants(drained=True)


def _requests(stats: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    return {name: counts["requests"] for name, counts in stats["providers"].items()}
