"""A provider's limits, shared by processes: no refusal is met, and little of what they allow is left unused."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.enrichment.limits.rate_limits import PACE_SHARE
from tests.faults.conftest import MakeWorld
from tests.faults.world import add_job, drain
from tests.patience import PATIENCE_SECONDS

LIMITS = "5/s,300/min,15 at once"
ALLOWED_RATE = 5.0
INTERVAL = 1 / ALLOWED_RATE / PACE_SHARE
FORGIVEN_SECONDS = 1 - PACE_SHARE
"""How late a call may be without falling into a second of the provider's that is full."""
CLOCK_SECONDS = 0.005
"""How exact clocks are, and how exactly they are compared."""


@pytest.mark.parametrize(
    ("people", "least_share"),
    [
        pytest.param(25, 0.8, id="short"),
        pytest.param(240, 0.9, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_two_processes_use_the_limits_and_meet_no_refusal(
    make_world: MakeWorld, tmp_path: Path, people: int, least_share: float
) -> None:
    """Their calls may start one interval after the other, start no sooner, and are refused only where one is late.

    How late is the machine's doing: between the instant at which a call may start and its arrival it has to get its
    turn in two processes.
    """
    world = make_world({"latency": 0.4, "limits": f"leadmagic={LIMITS}"}, LEADMAGIC_LIMITS=LIMITS.replace(",", ", "))
    add_job(people, provider="leadmagic", chunk_size=20)
    program = ["tests.faults.granted_flask", str(tmp_path)]
    workers = [world.start(program=program) for _ in range(2)]
    outputs = [worker.communicate(timeout=PATIENCE_SECONDS + people / 2) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    drain(world)
    stats = world.server.stats(timestamps=True)["providers"]["leadmagic"]
    granted, begun = (
        sorted(float(line) for line in (tmp_path / name).read_text().split()) for name in ("granted", "begun")
    )
    epoch = time.time() - time.monotonic()
    late = [epoch + arrival - instant for arrival, instant in zip(stats["arrivals"], begun, strict=True)]
    lost = sum(seconds for seconds in late if seconds > FORGIVEN_SECONDS)
    # What nobody got to use is lost too.
    lost += INTERVAL * (len(granted) - len(begun))
    took = begun[people - 1] - begun[0]
    print(
        f"\n{people} calls in {took:.1f} s, {(people - 1) / took:.2f}/s of {ALLOWED_RATE:g}/s, {lost:.2f} s late,"
        f" at most {stats['max_at_once']} at once, {stats['refused']} refused"
    )
    assert len(begun) == people + stats["refused"]
    assert min(after - before for before, after in pairwise(granted)) >= INTERVAL - CLOCK_SECONDS
    assert min(late) >= -CLOCK_SECONDS
    assert stats["refused"] == 0 or max(late) > FORGIVEN_SECONDS
    assert took - lost <= (people - 1) / (least_share * ALLOWED_RATE)
