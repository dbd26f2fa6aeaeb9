"""What a person who goes through the waterfall leaves in each table, and what a million attempts cost others.

Sizes are with indexes, on PostgreSQL with what stands outside of the rows too, as they are after a run and VACUUM. The
people are invented, and the fake providers answer with raw answers of their own, which are shorter than real ones.

Beside a million attempts of three years: what a scrape costs, and the search for earlier answers about 50 people; on
PostgreSQL also how long it takes to put them into partitions, step by step, and the same in partitions of each quarter.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psutil
from flask import current_app
from sqlalchemy import insert, text

from app.config import config
from app.db import partitions
from app.db.session import transaction
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.dedup import RecentAnswers
from app.enrichment.waterfall.metrics import fleet_metrics
from app.extensions import db
from app.models.attempt import attempts
from app.models.job import jobs
from app.models.spending import costs
from app.models.types import lowest_id, new_id
from app.providers.registry import current_registry
from tests.benchmarks.figures import Figure, Options, stopwatch
from tests.benchmarks.servers import DATABASES, Servers, application
from tests.benchmarks.stage import perform
from tests.fakes.process import FakeServer
from tests.faults.world import World, add_job, statuses

NAME: Final = "growth"
PEOPLE: Final = 4_000
ATTEMPTS: Final = 1_000_000
JOBS: Final = 1_000
RUNS, TIMES, YEARS = 5, 20, 3
NOW: Final = datetime.now(UTC)
HIT_RATES: Final = "findymail=0.4,prospeo=0.5,leadmagic=0.6"
FEW: Final = 0.01
"""Tables with fewer rows a person are left out: they do not grow with people."""


def run(servers: Servers, options: Options) -> list[Figure]:
    """Fill each database once, and look at it; further runs would find the same."""
    found = []
    for kind in DATABASES:
        found += _sizes(servers, kind, options.size(PEOPLE))
        with application(servers.migrated(kind)):
            _furnish(options.size(ATTEMPTS))
            found += _beside(f"beside {options.size(ATTEMPTS):,} attempts, {DATABASES[kind]}")
            if kind == "postgresql":
                found += _partition()
    with application(servers.migrated("postgresql")):
        for instant in (NOW - timedelta(days=YEARS * 365), NOW):
            # First the conversion, then what workers have added since.
            for step in partitions.plan_partitions(instant):
                partitions.run_step(step)
        _furnish(options.size(ATTEMPTS))
        found += _beside(f"beside them in {len(partitions.partitions())} partitions, PostgreSQL")
    return found


def _sizes(servers: Servers, kind: str, people: int) -> Iterator[Figure]:
    file = servers.new_file("ledger.jsonl")
    with FakeServer(file, latency=0.01, hit_rates=HIT_RATES) as server:
        world = World(servers.migrated(kind), server, {"ENRICH_TIME_BUDGET": "600"})
        with world.app():
            add_job(people)
        perform([["tests.benchmarks.worker"]], world.environment)
        with world.app():
            assert statuses() == ["complete"], statuses()
            sizes = _postgresql() if kind == "postgresql" else _sqlite()
            counts = {name: _count(name) for name in sizes}
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if counts[name] / people >= FEW:
            note = f"{counts[name] / people:.3g} rows a person, {size / counts[name]:,.0f} B a row"
            yield Figure(NAME, f"{name}, {DATABASES[kind]}", "B a person", [size / people], note=note)


def _count(table: str) -> int:
    return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def _postgresql() -> dict[str, int]:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
    query = "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(:names)"
    names = [table.name for table in db.metadata.sorted_tables]
    return {name: int(size) for name, size in db.session.execute(text(query), {"names": names})}


def _sqlite() -> dict[str, int]:
    query = """
        SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name
    """
    names = {table.name for table in db.metadata.sorted_tables}
    return {name: int(size) for name, size in db.session.execute(text(query)) if name in names}


def _beside(what: str) -> list[Figure]:
    """Return the CPU of a scrape and of a search for earlier answers, on PostgreSQL with that of its server."""
    return [
        Figure(NAME, f"a scrape {what}", "ms of CPU", _cpu_ms(_scrape), goal="at most 50"),
        Figure(NAME, f"earlier answers about 50 people {what}", "ms of CPU", _cpu_ms(_search)),
    ]


def _partition() -> Iterator[Figure]:
    for step in partitions.plan_partitions(NOW):
        with stopwatch() as seconds:
            partitions.run_step(step)
        if not step.purpose.startswith("add "):
            yield Figure(NAME, f"partitions: {step.purpose}", "s", [seconds()])


def _scrape() -> None:
    current_app.extensions.pop("tranche.fleet", None)
    fleet_metrics()


def _search() -> None:
    job = JobInfo(new_id(), "person", "waterfall", "default", created_at=NOW)
    people = [f"p{number * 1000}" for number in range(50)]
    RecentAnswers.of(job, config()).prior(people, current_registry().providers.values())
    db.session.commit()


def _cpu_ms(work: Callable[[], None]) -> list[float]:
    work()
    values = []
    for _ in range(RUNS):
        started = _cpu_seconds()
        for _ in range(TIMES):
            work()
        values.append((_cpu_seconds() - started) / TIMES * 1000)
    return values


def _cpu_seconds() -> float:
    """Return the CPU that this process has used, and the server's that answers it."""
    mine = time.process_time()
    if db.engine.dialect.name == "sqlite":
        return mine
    pid = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.rollback()
    used = psutil.Process(pid).cpu_times()
    return mine + float(used.user + used.system)


def _furnish(count: int) -> None:
    """Store attempts of jobs that have ended, of which a tenth are in no total yet, with what they cost."""
    made = [_job(is_uncounted=number % 10 == 0) for number in range(JOBS)]
    for place in range(0, count, 20_000):
        rows = [_attempt(made[number * JOBS // count]["id"], number, count) for number in range(place, place + 20_000)]
        with transaction() as session:
            session.execute(insert(attempts), rows)
    with transaction() as session:
        session.execute(insert(jobs), made)
        day = {"day": NOW.date(), "workspace_slug": "default", "calls": 300, "found": 300, "took_3": 300}
        for provider in ("findymail", "prospeo", "leadmagic"):
            session.execute(insert(costs).values(provider=provider, **day), [{"job_id": job["id"]} for job in made])
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _job(*, is_uncounted: bool) -> dict[str, Any]:
    return {
        **{"id": new_id(), "workspace_slug": "default", "entity_type": "person", "provider": "waterfall"},
        **{"priority": 0, "status": "complete", "paused_manually": False, "claimable": False},
        **{"chunk_size": 50, "chunk_count": 20, "next_chunk": 20, "in_flight": 0, "total_count": 1000},
        **{"processed_count": 1000, "success_count": 1000, "started_at": NOW, "finished_at": NOW},
        "is_uncounted": is_uncounted,
    }


def _attempt(job_id: str, number: int, count: int) -> dict[str, Any]:
    at = NOW - timedelta(days=YEARS * 365) * (1 - number / count)
    provider = ("findymail", "prospeo")[number % 2]
    about = {"entity_type": "person", "entity_id": f"p{number % 300_000}", "provider": provider}
    return {
        **{"id": lowest_id(at)[:-12] + os.urandom(6).hex(), "job_id": job_id, "workspace_slug": "default", **about},
        **{"status": "success", "outcome_class": "success", "fields_written": ["email"], "cost_micros": 20_000},
        **{"raw_answer": {"email": "ada@example.com"}, "started_at": at, "finished_at": at},
    }
