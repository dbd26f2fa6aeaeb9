"""Several worker processes on one database: shared drains, killed, stopped and late workers."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.db.session import transaction
from app.enrichment import queue
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.attempt import attempts
from tests.enrichment.helpers import expire_leases, ids, job_row, progress_rows
from tests.forks import Process
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

WORKER = "tests.enrichment.worker"
Start = Callable[..., Process]

# An order that no worker can blur: every first claim of a chunk, numbered by the database itself.
CLAIM_LOG = {
    "sqlite": [
        "CREATE TABLE claim_log (n INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT)",
        "CREATE TRIGGER claim_log AFTER INSERT ON enrichment_chunk_progress"
        " BEGIN INSERT INTO claim_log (job_id) VALUES (NEW.job_id); END",
    ],
    "postgresql": [
        "CREATE TABLE claim_log (n BIGINT GENERATED ALWAYS AS IDENTITY, job_id UUID)",
        "CREATE FUNCTION claim_log() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO claim_log (job_id) VALUES (NEW.job_id); RETURN NEW; END $$",
        "CREATE TRIGGER claim_log AFTER INSERT ON enrichment_chunk_progress FOR EACH ROW EXECUTE FUNCTION claim_log()",
    ],
}


@pytest.fixture
def claim_log(context: Flask) -> Iterator[Callable[[], list[str]]]:
    """Record the order of claims in the database; call it for the job ids in that order."""
    kind = db.engine.dialect.name
    for statement in CLAIM_LOG[kind]:
        db.session.execute(text(statement))
    db.session.commit()

    def read() -> list[str]:
        rows = db.session.execute(text("SELECT job_id FROM claim_log ORDER BY n")).all()
        return [str(row.job_id).replace("-", "") for row in rows]

    yield read
    db.session.rollback()
    if kind == "postgresql":
        db.session.execute(text("DROP FUNCTION claim_log CASCADE"))
        db.session.execute(text("DROP TABLE claim_log"))
        db.session.commit()


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    """What a worker process finds around it."""
    return {**os.environ, "DATABASE_URL": database_url, "LOG_LEVEL": "WARNING"}


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """The file that callbacks write to."""
    return tmp_path / "witness"


@pytest.fixture
def start(environment: dict[str, str], witness: Path) -> Iterator[Start]:
    """Start worker processes; those that are left at the end are killed."""
    started: list[Process] = []

    def run(*, seconds: float = 0.0, stays_at: str | None = None, **settings: Any) -> Process:
        around = {**environment, **{name: str(value) for name, value in settings.items()}}
        started.append(Process([WORKER, str(witness), str(seconds), *filter(None, [stays_at])], around))
        return started[-1]

    yield run
    for process in started:
        process.end()


def calls(witness: Path, kind: str) -> Counter[str]:
    """Count the callback's starts or ends by entity id."""
    if not witness.exists():
        return Counter()
    lines = [line.split() for line in witness.read_text().splitlines()]
    return Counter(line[2] for line in lines if line[0] == kind)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def assert_oldest_first(claimed: list[str], jobs: list[str]) -> None:
    """No job's first chunk is claimed before the last chunk of every older one."""
    assert claimed == sorted(claimed, key=[job.replace("-", "") for job in jobs].index)


@pytest.mark.parametrize(("crew", "count"), [(4, 250), pytest.param(8, 1000, marks=pytest.mark.slow)])
def test_processes_decide_every_entity_exactly_once(
    start: Start, claim_log: Callable[[], list[str]], witness: Path, crew: int, count: int
) -> None:
    """20 jobs of many entities: nobody sees a locked database, nothing runs twice, jobs are taken in order."""
    jobs = [queue.enqueue_job("person", "ai-normalizer", ids(count, f"j{n}-")) for n in range(20)]
    processes = [start() for _ in range(crew)]
    outputs = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0] * crew
    assert "".join(errors for _, errors in outputs) == ""
    assert sum(int(output.split()[1]) for output, _ in outputs) == 20 * count
    assert calls(witness, "end") == Counter(ids_of for n in range(20) for ids_of in ids(count, f"j{n}-"))
    assert_oldest_first(claim_log(), jobs)
    check_invariants(drained=True)


@pytest.mark.parametrize(
    ("crew", "count"), [(3, 15), pytest.param(8, 1000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_command_lines_drain_twenty_jobs(
    environment: dict[str, str], claim_log: Callable[[], list[str]], crew: int, count: int
) -> None:
    """`flask enrich process`, as cron starts it: everybody is normalised once, in the order of the jobs."""
    jobs = []
    for number in range(20):
        people = [{"id": entity_id, "full_name": "JOHN MCDONALD"} for entity_id in ids(count, f"j{number}-")]
        with transaction() as session:
            upsert_entities("person", people, workspace_slug="default", session=session)
        chunk_size = 5 if count == 15 else 50
        jobs.append(queue.enqueue_job("person", "ai-normalizer", [p["id"] for p in people], chunk_size=chunk_size))
    with ExitStack() as stack:
        command = ["flask", "enrich", "process", "--json"]
        processes = [stack.enter_context(Process(command, environment)) for _ in range(crew)]
        outputs = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
        assert "".join(errors for _, errors in outputs) == ""
        assert [process.returncode for process in processes] == [0] * crew
    assert sum(json.loads(output)["processedTotal"] for output, _ in outputs) == 20 * count
    attempted = Counter(db.session.scalars(select(attempts.c.entity_id)).all())
    assert attempted == Counter(entity_id for number in range(20) for entity_id in ids(count, f"j{number}-"))
    assert_oldest_first(claim_log(), jobs)
    check_invariants(drained=True)


def test_a_killed_workers_chunk_is_taken_over_after_the_lease(context: Flask, start: Start, witness: Path) -> None:
    """What was decided is not run again; only the entity at hand when the kill came is."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(5), chunk_size=5)
    victim = start(seconds=0.6, stays_at="p2", ENRICH_LEASE_SECONDS=3600)
    wait_until(lambda: calls(witness, "start").total() == 3)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    decided = calls(witness, "end")
    assert set(decided) == {"p0", "p1"}
    # A callback takes longer than it is between two checkpoints, so both are stored before the third begins.
    assert queue.get_job(job_id).processed == 2
    assert start().communicate(timeout=PATIENCE_SECONDS)[0] == "0 0\n", "the lease still runs"
    expire_leases()
    assert queue.get_job(job_id).stalled
    assert start().communicate(timeout=PATIENCE_SECONDS)[0] == "1 3\n"
    assert calls(witness, "start") == Counter(p0=1, p1=1, p2=2, p3=1, p4=1)
    assert [(row.attempt, row.crash_count) for row in progress_rows(job_id)] == [(2, 1)]
    check_invariants(drained=True)


def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on(
    context: Flask, start: Start, witness: Path
) -> None:
    """SIGSTOP, takeover, SIGCONT: what the late worker writes does not count."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(4), chunk_size=4)
    late = start(seconds=0.6, stays_at="p1")
    wait_until(lambda: calls(witness, "start").total() == 2)
    late.send_signal(signal.SIGSTOP)
    expire_leases()
    assert start().communicate(timeout=PATIENCE_SECONDS)[0] == "1 3\n"
    before = (job_row(job_id), progress_rows(job_id))
    assert before[0].status == "complete"
    witness.with_suffix(".go").touch()
    late.send_signal(signal.SIGCONT)
    output, errors = late.communicate(timeout=PATIENCE_SECONDS)
    assert late.returncode == 0 and output == "1 1\n", "it counts what it stored before it was stopped"
    assert "lease lost" in errors
    assert (job_row(job_id), progress_rows(job_id)) == before
    check_invariants(drained=True)


def test_no_transaction_is_open_while_entities_are_worked_on(context: Flask, start: Start, witness: Path) -> None:
    """PostgreSQL sees every session of a busy worker as idle; SQLite lets another writer in meanwhile."""
    queue.enqueue_job("person", "ai-normalizer", ids(3), chunk_size=3)
    start(stays_at="p0")
    wait_until(lambda: calls(witness, "start").total() == 1)
    if db.engine.dialect.name == "postgresql":
        rows = db.session.execute(
            text(
                "SELECT state FROM pg_stat_activity WHERE application_name = 'tranche'"
                " AND datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).all()
        assert rows and {row.state for row in rows} == {"idle"}
        db.session.rollback()
    queue.enqueue_job("person", "ai-normalizer", ["other"])
    assert calls(witness, "end").total() == 0, "the first callback is still running"


@pytest.mark.slow
def test_a_budget_of_five_seconds_holds_against_callbacks_of_one_second(context: Flask) -> None:
    """It returns in under 6.5 seconds with what was done stored and the rest claimable at once."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(50))
    started = time.monotonic()
    result = queue.process_next_chunk(lambda *_: time.sleep(1), time_budget=5)
    assert time.monotonic() - started < 6.5
    assert result is not None and result.processed in (5, 6)
    assert queue.get_job(job_id).processed == result.processed
    assert queue.drain(None).processed_total == 50 - result.processed
    check_invariants(drained=True)
