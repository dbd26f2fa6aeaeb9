"""Small steps that tests of the outside world's faults take."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text

from app.db.session import end_read
from app.demo.stand_ins import ledger
from app.enrichment import queue
from app.enrichment.waterfall.totals import count_ended_jobs
from app.enrichment.waterfall.work_loop import Waterfall
from app.extensions import db
from app.models.chunk import progress
from app.models.heartbeat import heartbeats
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.types import utcnow
from tests.fakes import charges
from tests.faults.accounts import decided_twice, longest_stall, read_books, unexplained
from tests.faults.world import World, has_ended, statuses, wait_until
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS


def vary(world: World, *, database_url: str | None = None, **settings: object) -> World:
    """Return the same world as another worker sees it: by another address of the database, with other settings."""
    changed = {**world.settings, **{name: str(value) for name, value in settings.items()}}
    return replace(world, database_url=database_url or world.database_url, settings=changed)


def end(worker: "subprocess.Popen[str]", seconds: float = PATIENCE_SECONDS) -> tuple[int, str]:
    """Wait for a worker; return its exit code and what it said on standard error."""
    try:
        _, errors = worker.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        worker.kill()
        _, errors = worker.communicate()
        raise AssertionError(f"a worker has not ended after {seconds:g} s: {statuses()} {errors}") from None
    return worker.returncode, errors


def drain_here(seconds: float = PATIENCE_SECONDS) -> float:
    """Let this process be the worker until every job has ended; return how long that took."""
    started = time.monotonic()
    while not has_ended():
        assert time.monotonic() - started < seconds, f"jobs have not ended after {seconds:g} s: {statuses()}"
        if queue.drain(work=Waterfall()).last is None:
            # What others had in their hands is due only when their lease has run out.
            time.sleep(0.05)
        end_read()
    return time.monotonic() - started


def check_accounts(world: World) -> list[ledger.Line]:
    """Assert what holds of any drained world in which no paid call may be repeated; return the ledger's lines."""
    check_invariants(drained=True)
    lines, books = world.server.lines(), read_books()
    assert (books.in_flight_calls, books.reserved) == (0, 0)
    assert charges.total(lines) <= books.cost, "every charge is booked"
    assert books.cost - books.in_doubt <= charges.total(lines), "what is booked and not in doubt was charged"
    assert charges.paid_repeats(lines) == []
    assert decided_twice() == []
    assert unexplained(lines) == []
    return lines


def tell(world: World, **figures: object) -> None:
    """Print what came of a test, as figures."""
    lines = world.server.lines()
    billed = sum(line.micros > 0 for line in lines)
    entities = db.session.scalar(select(func.sum(jobs.c.total_count)))
    end_read()
    common = {"entities": entities, "billed": billed, "surplus": len(lines) - billed}
    common |= {"longest stall": f"{longest_stall(lines):.1f} s"}
    told = {"database": db.engine.dialect.name, **figures, **common}
    print("\n" + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items()))


def calls_under_way() -> int:
    """Return how many paid calls are on record as under way."""
    count = db.session.scalar(select(func.count()).select_from(in_flight_calls)) or 0
    end_read()
    return count


def calls_arrived(world: World, provider: str) -> int:
    """Return how many calls a provider has got."""
    arrived: int = world.server.stats()["providers"][provider]["requests"]
    return arrived


def has_live_lease() -> bool:
    """Tell whether any chunk is in the hands of a worker whose lease has not run out."""
    is_live = progress.c.worker.is_not(None) & (progress.c.lease_expires_at > utcnow())
    found = db.session.scalar(select(func.count()).where(progress.c.finished_at.is_(None), is_live))
    end_read()
    return bool(found)


def attempts_of_chunks() -> list[tuple[int, int]]:
    """Return how often each chunk was claimed, and how many of its workers crashed."""
    query = select(progress.c.attempt, progress.c.crash_count).order_by(progress.c.job_id, progress.c.position)
    rows = db.session.execute(query).all()
    end_read()
    return [(row.attempt, row.crash_count) for row in rows]


def snapshot() -> dict[str, list[str]]:
    """Return everything that is stored, but for heartbeats; ended jobs are counted first, as by any drain."""
    count_ended_jobs()
    stored = {}
    for table in db.metadata.sorted_tables:
        if table is not heartbeats:
            stored[table.name] = sorted(repr(row) for row in db.session.execute(select(table)).all())
    end_read()
    return stored


def stop_in_mid_call(
    worker: "subprocess.Popen[str]", *, is_due: Callable[[], bool], have_arrived: Callable[[], bool]
) -> None:
    """Stop a worker with SIGSTOP once a condition holds, at a moment with calls under way and no transaction open.

    One that is stopped within one keeps everybody from writing, which is a matter of its own. Nor is it stopped while
    it sends a call, which would be on its way before anything could look at the time again: `have_arrived` tells
    whether the provider has got all calls that can have begun.
    """
    wait_until(is_due)

    def is_stopped() -> bool:
        worker.send_signal(signal.SIGSTOP)
        if have_arrived() and not _holds_locks() and calls_under_way():
            return True
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.02)
        return False

    wait_until(is_stopped)


def _holds_locks() -> bool:
    if db.engine.dialect.name == "sqlite":
        connection = sqlite3.connect(str(db.engine.url.database), timeout=0.2, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            connection.close()
        return False
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tranche' AND state <> 'idle'"
        " AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    busy: Any = db.session.scalar(query)
    end_read()
    return bool(busy)
