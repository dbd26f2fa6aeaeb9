"""The naive algorithm: all ids of a job in one JSON array on its row, read, cut and written back for each chunk.

Its cost grows with the square of the length, so the work is given up after `SECONDS`, which is printed with how
many entities were done by then. It has one worker: two would both work on the same chunk.
"""

import json
import sys
import time

from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, create_engine, insert, select, update

from app.config import Config
from tests.benchmarks.contestants.ids import CHUNK_SIZE, entity_ids
from tests.benchmarks.stage import on_signal

SECONDS = 10
metadata = MetaData()
naive_jobs = Table(
    "naive_jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entity_ids", JSON),
    Column("processed", Integer),
    Column("status", String(16)),
)


def main(action: str, count: int) -> None:
    """Do one of enqueue, work and verify."""
    engine = create_engine(Config.from_env().DATABASE_URL)
    metadata.create_all(engine)
    with engine.connect() as connection:
        if action == "enqueue":
            ids = entity_ids(count)
            connection.execute(naive_jobs.delete())
            connection.commit()
            with on_signal():
                connection.execute(insert(naive_jobs).values(id=1, entity_ids=ids, processed=0, status="pending"))
                connection.commit()
            return
        if action == "work":
            limit = time.monotonic() + SECONDS
            with on_signal():
                limit = time.monotonic() + SECONDS
                while time.monotonic() < limit:
                    job = connection.execute(select(naive_jobs).where(naive_jobs.c.id == 1).with_for_update()).one()
                    # What is being worked on stays in the row, so that a crash loses nothing.
                    connection.commit()
                    if not job.entity_ids:
                        break
                    rest = job.entity_ids[CHUNK_SIZE:]
                    status = "pending" if rest else "complete"
                    values = {"entity_ids": rest, "processed": job.processed + CHUNK_SIZE, "status": status}
                    connection.execute(update(naive_jobs).where(naive_jobs.c.id == 1).values(values))
                    connection.commit()
        done = connection.scalar(select(naive_jobs.c.processed))
        if action == "verify":
            assert done and done <= count, done
            print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
