"""A provider's limits, shared by processes: no refusal is met, and little of what they allow is left unused."""

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.world import add_job, drain

LIMITS = "5/s,300/min,15 at once"
ALLOWED_RATE = 5.0


@pytest.mark.parametrize(
    ("people", "least_share"),
    [
        pytest.param(25, 0.8, id="short"),
        pytest.param(240, 0.9, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_two_processes_use_the_limits_and_meet_no_refusal(
    make_world: MakeWorld, people: int, least_share: float
) -> None:
    """Between the first arrival and the last, at least the share of the calls that the provider allows is made."""
    world = make_world({"latency": 0.4, "limits": f"leadmagic={LIMITS}"}, LEADMAGIC_LIMITS=LIMITS.replace(",", ", "))
    add_job(people, provider="leadmagic", chunk_size=20)
    workers = [world.start() for _ in range(2)]
    outputs = [worker.communicate(timeout=60 + people / 2) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    drain(world)
    stats = world.server.stats(timestamps=True)["providers"]["leadmagic"]
    arrivals = stats["arrivals"]
    rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    print(
        f"\n{len(arrivals)} calls in {arrivals[-1] - arrivals[0]:.1f} s, {rate:.2f}/s of {ALLOWED_RATE:g}/s,"
        f" at most {stats['max_at_once']} at once, {stats['refused']} refused"
    )
    assert stats["refused"] == 0
    assert len(arrivals) == people
    assert rate >= least_share * ALLOWED_RATE
