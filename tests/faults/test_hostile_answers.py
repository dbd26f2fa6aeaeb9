"""A server that hangs, drips, pours or sends a bomb: one call costs no more than its deadline, and little memory."""

import math
import subprocess
import time
from dataclasses import dataclass

import psutil
import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.attempt import attempts
from tests.faults.accounts import read_books
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import vary
from tests.faults.world import World, add_job
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

PATIENT = {"ENRICH_TIME_BUDGET": round(PATIENCE_SECONDS), "ENRICH_LEASE_SECONDS": round(PATIENCE_SECONDS)}
LATE_SECONDS = 0.5
MOST_GROWTH_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """What one worker's one call came to."""

    seconds: float
    most_bytes: int
    outcome_class: str


# Which database it is makes no difference to what a server can do to a worker.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scenario", ["hang", "drip", "huge", "gzip_bomb"])
def test_hostile_answer_costs_its_deadline_and_little_memory(make_world: MakeWorld, scenario: str) -> None:
    """The call ends by its deadline, the worker grows by at most 16 MiB over one that gets a good answer."""
    world = make_world(LEADMAGIC_TIMEOUT_SECONDS=60, **PATIENT)
    good = _ask_about_one(world, 10)
    world.server.order("leadmagic", scenario)
    # On a slow machine a call takes its time to get to the server, and its end to be noticed.
    slowness = 10 * good.seconds
    timeout_seconds = max(2, math.ceil(slowness))
    bad = _ask_about_one(vary(world, LEADMAGIC_TIMEOUT_SECONDS=timeout_seconds), 11)
    growth = bad.most_bytes - good.most_bytes
    print(f"\n{db.engine.dialect.name} {scenario}: {bad.seconds:.2f} s, {growth / 1024 / 1024:+.1f} MiB")
    assert (good.outcome_class, bad.outcome_class) == ("success", "in_doubt")
    assert bad.seconds <= timeout_seconds + max(LATE_SECONDS, slowness)
    assert growth <= MOST_GROWTH_BYTES
    assert read_books().reserved == 0
    check_invariants(drained=True)


def _ask_about_one(world: World, number: int) -> Seen:
    """Let a worker ask LeadMagic, whose calls are not repeated, about one person."""
    job_id = add_job(1, provider="leadmagic", start=number)
    worker = world.start()
    most_bytes = _watch(worker)
    _, errors = worker.communicate(timeout=PATIENCE_SECONDS)
    assert (worker.returncode, errors) == (0, "")
    row = db.session.execute(
        select(attempts.c.started_at, attempts.c.finished_at, attempts.c.outcome_class).where(
            attempts.c.job_id == job_id, attempts.c.provider == "leadmagic"
        )
    ).one()
    db.session.rollback()
    return Seen((row.finished_at - row.started_at).total_seconds(), most_bytes, row.outcome_class)


def _watch(worker: "subprocess.Popen[str]") -> int:
    """Return the most memory that a process has held, once it has ended."""
    process, most = psutil.Process(worker.pid), 0
    while worker.poll() is None:
        try:
            most = max(most, process.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.005)
    return most
