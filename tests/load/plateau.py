"""More workers, up to what a provider allows: the rate ends there, and nothing is refused."""

import time
from argparse import Namespace

from app.celery_sender import NUDGE
from app.db.session import end_read
from app.enrichment import queue
from tests.faults.world import add_job
from tests.fleet import Fleet
from tests.load.scene import Scene, tell, wait_until

WARM_SECONDS = 8.0
"""Until the workers have started and the first calls have come back."""
SECONDS = 15.0
LATENCY_SECONDS = 0.8
"""Answers are counted in ranges, of which one ends at a second: `workers_wanted` takes a call to last that long."""


def run(scene: Scene, given: Namespace) -> None:
    """Count what the provider answers, with so many workers after so many."""
    allowed = f"{given.allowed}/s"
    server = {"latency": LATENCY_SECONDS, "limits": f"leadmagic={allowed}"}
    with scene.fleet(server, LEADMAGIC_LIMITS=allowed, ENRICH_CONCURRENCY=given.at_once) as fleet:
        add_job(300 * given.allowed, provider="leadmagic", chunk_size=10)
        for count in map(int, given.workers.split(",")):
            _measure(fleet, count)


def _measure(fleet: Fleet, count: int) -> None:
    wanted_before = _wanted()
    node = fleet.node(processes=count, lease_seconds=60)
    for _ in range(count):
        fleet.celery.send_task(NUDGE)
    before = _answered(fleet)
    wait_until(lambda: _answered(fleet) != before)
    time.sleep(WARM_SECONDS)
    begun, at = _answered(fleet), time.monotonic()
    time.sleep(SECONDS)
    ended, seconds = _answered(fleet), time.monotonic() - at
    wanted = _wanted()
    node.terminate()
    node.wait(60)
    rate = round((ended[0] - begun[0]) / seconds, 1)
    tell(
        "plateau",
        workers=count,
        calls_a_second=rate,
        refused=_answered(fleet)[1] - before[1],
        wanted_before=wanted_before,
        wanted=wanted,
    )


def _wanted() -> int:
    wanted = queue.backlog().workers_wanted
    end_read()
    return wanted


def _answered(fleet: Fleet) -> tuple[int, int]:
    """Return how many calls the provider has taken, and how many refused, so far."""
    counts = fleet.world.server.stats()["providers"]["leadmagic"]
    return counts["requests"] - counts["refused"], counts["refused"]
