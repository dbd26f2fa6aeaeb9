"""Eight workers at once on one database, all with paid work."""

import json
from pathlib import Path

from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.forked import Forge
from tests.faults.helpers import attempts_of_chunks, check_accounts, tell
from tests.faults.world import add_job, statuses

WORKERS = 8
PEOPLE = 320


def test_eight_workers_share_paid_work_and_none_of_it_is_done_twice(make_world: MakeWorld, tmp_path: Path) -> None:
    """Everybody is asked about once, each worker gets its share of the chunks, and nobody meets a locked database."""
    world = make_world({"latency": 0.25}, ENRICH_CONCURRENCY=4)
    job_id = add_job(PEOPLE, provider="findymail", chunk_size=5)
    forge = Forge(world.environment, tmp_path, "--json")
    workers = [forge.start() for _ in range(WORKERS)]
    try:
        codes = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
        forge.close()
    assert codes == [0] * WORKERS, statuses()
    # A log line beside the JSON would be an error.
    shares = [json.loads(worker.output())["processedTotal"] for worker in workers]
    assert sum(shares) == PEOPLE
    assert min(shares) >= PEOPLE / WORKERS / 4, shares
    assert outcomes_of(job_id) == dict.fromkeys((f"p{number}" for number in range(PEOPLE)), "s")
    assert attempts_of_chunks() == [(1, 0)] * (PEOPLE // 5)
    lines = check_accounts(world)
    assert len(lines) == PEOPLE, "nobody was asked about twice, not even for nothing"
    tell(world, workers=WORKERS, shares=f"{min(shares)} to {max(shares)}")
