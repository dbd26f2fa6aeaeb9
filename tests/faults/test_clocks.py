"""Hosts whose clocks are wrong, or jump: leases go by the database's clock, budgets by one that never jumps."""

from pathlib import Path

import pytest

from tests.faults.accounts import outcomes_of
from tests.faults.clocks import with_clock
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import attempts_of_chunks, check_accounts, end, tell
from tests.faults.world import add_job


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((3600, 3600), (-3600, -3600), id="skewed"),
        pytest.param((0, 86_400), (0, -86_400), id="jumping"),
    ],
)
def test_wrong_clocks_take_no_chunk_from_anybody(
    make_world: MakeWorld, tmp_path: Path, one: tuple[float, float], other: tuple[float, float]
) -> None:
    """Two hosts share a job: each chunk is claimed once, and each call is paid once."""
    world = make_world({"latency": 0.15}, ENRICH_LEASE_SECONDS=20)
    job_id = add_job(60, chunk_size=10)
    hosts = [with_clock(world, tmp_path / f"host{n}", first=a, then=b) for n, (a, b) in enumerate([one, other])]
    workers = [host.start() for host in hosts]
    assert [end(worker) for worker in workers] == [(0, ""), (0, "")]
    assert attempts_of_chunks() == [(1, 0)] * 6
    assert len(outcomes_of(job_id)) == 60
    check_accounts(world)
    tell(world, shifts=f"{one} and {other}")
