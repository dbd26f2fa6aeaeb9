"""PgQueuer: `… pgqueuer_jobs enqueue|work|verify COUNT entity|chunk`, with PEER_URL in the environment.

As its documentation advises: asyncpg, enqueued in batches, `batch_size` well above the default of 10, since the
jobs do nothing. Its tables are logged ones (`Durability.durable`), as they are by default.
"""

import os
import sys
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from tests.benchmarks.contestants.ids import CHUNK_SIZE, entity_ids, slices
from tests.benchmarks.stage import on_signal

BATCH_SIZE = 500
JOBS_PER_ENQUEUE = 10_000


async def main(action: str, count: int, form: str) -> None:
    """Do one of the three."""
    connection = await asyncpg.connect(os.environ["PEER_URL"])
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    size = 1 if form == "entity" else CHUNK_SIZE
    if action == "enqueue":
        if not await queries.has_table("pgqueuer"):
            await queries.install()
        await connection.execute("TRUNCATE pgqueuer, pgqueuer_log, pgqueuer_statistics")
        payloads = [",".join(ids).encode() for ids in slices(entity_ids(count), size)]
        with on_signal():
            for place in range(0, len(payloads), JOBS_PER_ENQUEUE):
                some = payloads[place : place + JOBS_PER_ENQUEUE]
                await queries.enqueue(["enrich"] * len(some), list(some), [0] * len(some))
        await connection.execute("ANALYZE pgqueuer")
    elif action == "work":
        queue = PgQueuer(driver)

        @queue.entrypoint("enrich")
        async def enrich(job: Job) -> None:
            for _ in (job.payload or b"").decode().split(","):
                pass

        with on_signal():
            await queue.qm.run(
                mode=QueueExecutionMode.drain, batch_size=BATCH_SIZE, dequeue_timeout=timedelta(seconds=0.05)
            )
    else:
        assert await connection.fetchval("SELECT count(*) FROM pgqueuer") == 0
        # The finished jobs, folded into the statistics or not yet.
        done = await connection.fetchval(
            "SELECT (SELECT count(*) FROM pgqueuer_log WHERE status = 'successful' AND NOT aggregated)"
            " + (SELECT coalesce(sum(count), 0) FROM pgqueuer_statistics WHERE status = 'successful')"
        )
        assert done == -(-count // size), done
    await connection.close()


if __name__ == "__main__":
    # `pgq run` takes uvloop too.
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
