"""`flask enrich work`: a service that stops when it is told to and waits for its database."""

import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from app.cli.signals import stop_on_signals
from app.enrichment.queue.time_budget import stop_requested
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

SLOW = ["tests.cli.altered_flask", "slow"]
STUCK = ["tests.cli.altered_flask", "stuck"]
NOBODY_LISTENS = "postgresql://somebody@127.0.0.1:1/none"


def test_work_drains_and_ends_when_empty(app: Flask, run: Any, add_job: Any, job_of: Any) -> None:
    """`--exit-when-empty` makes the service a run."""
    job_id = add_job(app, 5)
    assert run(app, "work", "--exit-when-empty").exit_code == 0
    assert job_of(app, job_id).status == "complete"
    assert not stop_requested.is_set()


def test_work_releases_its_chunk_on_a_signal(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any, run: Any
) -> None:
    """Told to stop, it ends with its calls cut off; no chunk stays leased, and nothing that was done is done again."""
    job_id = add_job(sqlite_app, 300, chunk_size=100)
    process = start("work", program=SLOW)
    wait_until(lambda: job_of(sqlite_app, job_id).processed > 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    job = job_of(sqlite_app, job_id)
    assert job.status == "pending"
    assert 0 < job.processed <= 20, "it does not wait for what has no end"
    with sqlite_app.app_context():
        check_invariants()
    assert _leased_chunks(sqlite_app) == 0

    assert run(sqlite_app, "process").exit_code == 0
    done = job_of(sqlite_app, job_id)
    assert (done.status, done.success) == ("complete", 300)
    assert _answers(sqlite_app) == 300


def test_work_stops_at_once_on_a_second_signal(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any
) -> None:
    """A chunk that does not heed the first signal is left by the second, and still released."""
    job_id = add_job(sqlite_app)
    process = start("work", program=STUCK)
    wait_until(lambda: job_of(sqlite_app, job_id).status == "running")
    process.send_signal(signal.SIGTERM)
    assert "told\n" in iter(process.stdout.readline, "")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert job_of(sqlite_app, job_id).status == "pending"
    assert _leased_chunks(sqlite_app) == 0


def test_process_releases_its_chunk_on_a_signal(
    sqlite_app: Flask, start: Any, add_job: Any, job_of: Any, wait_until: Any
) -> None:
    """A run that was stopped, by Ctrl-C or otherwise, says so by its exit code."""
    job_id = add_job(sqlite_app, 300, chunk_size=100)
    process = start("process", "--json", program=SLOW)
    wait_until(lambda: job_of(sqlite_app, job_id).processed > 0)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + signal.SIGINT
    assert '"status": "stopped"' in stdout
    assert job_of(sqlite_app, job_id).status == "pending"


def test_stop_on_signals_leaves_everything_as_it_was() -> None:
    """In a process that goes on, such as a test's, a stop ends with the command that it was meant for."""
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as received:
        signal.raise_signal(signal.SIGTERM)
        assert stop_requested.is_set()
    assert received == [signal.SIGTERM]
    assert not stop_requested.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_work_waits_for_a_database_that_is_away(start: Any) -> None:
    """It goes on trying, says so in its log, and stops as quickly as ever."""
    process = start("work", DATABASE_URL=NOBODY_LISTENS)
    line = process.stderr.readline() + process.stderr.readline()
    assert "waiting for the database" in line
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in process.stderr.read()


def test_work_goes_on_when_the_database_is_back(
    app_on: Callable[..., Flask], start: Any, migrated_sqlite: Path, tmp_path: Path, wait_until: Any, add_job: Any
) -> None:
    """A database that is not migrated yet is waited for, too."""
    path = tmp_path / "later.db"
    process = start("work", "--exit-when-empty", DATABASE_URL=f"sqlite:///{path}")
    assert "worker started" in process.stderr.readline()
    assert "not migrated" in process.stderr.readline()
    # With the job in it when it is there: the worker ends where it finds nothing.
    ready = shutil.copy(migrated_sqlite, tmp_path / "ready.db")
    job_id = add_job(app_on(f"sqlite:///{ready}"))
    with sqlite3.connect(ready) as source, sqlite3.connect(path) as target:
        source.backup(target)
    source.close()
    target.close()
    assert process.wait(PATIENCE_SECONDS) == 0
    assert _status(path, job_id) == "complete"


def test_work_goes_on_after_a_bug(sqlite_app: Flask, run: Any, add_job: Any, job_of: Any) -> None:
    """A job that breaks is failed, and the next one is worked on."""
    broken = add_job(sqlite_app)
    with sqlite_app.app_context():
        _damage(sqlite_app, broken)
    healthy = add_job(sqlite_app)
    assert run(sqlite_app, "work", "--exit-when-empty").exit_code == 0
    assert [job_of(sqlite_app, job).status for job in (broken, healthy)] == ["failed", "complete"]


def _path(app: Flask) -> str:
    return str(app.config["SQLALCHEMY_DATABASE_URI"]).removeprefix("sqlite:///")


def _query(path: str | Path, statement: str, *values: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _leased_chunks(app: Flask) -> int:
    statement = "select count(*) from enrichment_chunk_progress where finished_at is null and worker is not null"
    return int(_query(_path(app), statement)[0][0])


def _answers(app: Flask) -> int:
    """Count the attempts, without those that were cut off."""
    return int(_query(_path(app), "select count(*) from enrichment_attempts where outcome_class = 'success'")[0][0])


def _status(path: Path, job_id: str) -> str:
    return str(_query(path, "select status from enrichment_jobs where id = ?", job_id.replace("-", ""))[0][0])


def _damage(app: Flask, job_id: str) -> None:
    _query(_path(app), "update enrichment_chunks set entity_ids = '[' where job_id = ?", job_id.replace("-", ""))
