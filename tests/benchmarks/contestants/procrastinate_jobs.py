"""Procrastinate: `… procrastinate_jobs enqueue|work|verify COUNT entity|chunk`, with PEER_URL in the environment.

As its documentation advises: psycopg's pool, `batch_defer_async`, coroutine functions with `concurrency`. Finished
jobs are kept (the default), which is where each entity's own outcome is found.
"""

import asyncio
import sys

from tests.benchmarks.contestants.ids import CHUNK_SIZE, entity_ids, slices
from tests.benchmarks.contestants.procrastinate_app import app, connector, enrich
from tests.benchmarks.stage import on_signal

CONCURRENCY = 50
JOBS_PER_ENQUEUE = 1000


async def main(action: str, count: int, form: str) -> None:
    """Do one of the three."""
    size = 1 if form == "entity" else CHUNK_SIZE
    async with app.open_async():
        if action == "enqueue":
            found = await connector.execute_query_one_async("SELECT to_regclass('procrastinate_jobs') AS name")
            if found["name"] is None:
                await app.schema_manager.apply_schema_async()
            await connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
            arguments = [{"ids": ",".join(ids)} for ids in slices(entity_ids(count), size)]
            with on_signal():
                for place in range(0, len(arguments), JOBS_PER_ENQUEUE):
                    await enrich.batch_defer_async(*arguments[place : place + JOBS_PER_ENQUEUE])
            await connector.execute_query_async("ANALYZE procrastinate_jobs")
        elif action == "work":
            with on_signal():
                await app.run_worker_async(wait=False, concurrency=CONCURRENCY, install_signal_handlers=False)
        else:
            query = "SELECT status::text, count(*) AS number FROM procrastinate_jobs GROUP BY status"
            rows = await connector.execute_query_all_async(query)
            assert [(row["status"], row["number"]) for row in rows] == [("succeeded", -(-count // size))], rows


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
