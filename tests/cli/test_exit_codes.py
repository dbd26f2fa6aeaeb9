"""How commands end: an exit code for each kind of trouble, and one line that says what it was."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.engine import make_url

from app.enrichment.waterfall.chunk_run import ChunkRun
from tests.patience import PATIENCE_SECONDS

SECRET_WORD = "a-secret-word"
NOBODY_LISTENS = f"postgresql://somebody:{SECRET_WORD}@127.0.0.1:1/none"
_CANNOT_BE_USED = "tranche: The database cannot be used"
UNKNOWN_JOB = "01a20925-66e2-7d61-95fb-61e65a184066"


def _sibling(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def assert_one_line(result: Result) -> None:
    assert result.stderr.startswith("tranche: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["process", "--no-such-option"],
        ["no-such-command"],
        ["process", "--max-chunks", "1_0"],
        ["process", "--max-chunks", "１２"],
        ["process", "--max-chunks", "1e3"],
        ["process", "--max-seconds", "0"],
        ["process", "--max-seconds", "-1"],
        ["process", "--max-seconds", " 5"],
        ["process", "--job", UNKNOWN_JOB],
        ["process", "--job", "no-uuid"],
        ["show", UNKNOWN_JOB],
        ["errors", UNKNOWN_JOB],
        ["pause", UNKNOWN_JOB],
        ["enqueue", "person"],
        ["enqueue", "person", "--all", "--missing", "email"],
        ["enqueue", "person", "--missing", "no_such_field"],
        ["enqueue", "person", "--all", "--workspace", "Not A Slug"],
        ["enqueue", "person", "--all", "--provider", "nobody"],
        ["enqueue", "person", "--all", "--chunk-size", "1001"],
        ["enqueue", "person", "--all", "--priority", "-1001"],
        ["enqueue", "person", "--all", "--idempotency-key", "two words"],
        ["enqueue", "animal", "--all"],
        ["enqueue", "person", "--ids-file", "/no/such/file"],
        ["import", "person", "/no/such/file"],
        ["export", "person", "-o", "/no/such/folder/file"],
        ["jobs", "--limit", "201"],
        ["jobs", "--cursor", "nonsense"],
        ["keys", "create", "--name", "x", "--scopes", "everything"],
        ["keys", "revoke", UNKNOWN_JOB],
    ],
)
def test_usage_ends_with_2_and_one_line(sqlite_app: Flask, run: Any, arguments: list[str]) -> None:
    """What the command line gets wrong is told in one line."""
    result = run(sqlite_app, *arguments)
    assert result.exit_code == 2
    assert_one_line(result)


@pytest.mark.parametrize("arguments", [[], ["keys"]])
def test_a_bare_group_prints_its_help(sqlite_app: Flask, run: Any, arguments: list[str]) -> None:
    """Without a command one sees which there are."""
    result = run(sqlite_app, *arguments)
    assert result.exit_code == 2
    assert "Commands:" in result.output


def test_a_provider_that_cannot_work_ends_with_3(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """A provider that is known but not usable as things are set is a matter of configuration."""
    add_job(sqlite_app)
    result = run(sqlite_app, "enqueue", "person", "--all", "--provider", "prospeo")
    assert result.exit_code == 3
    assert_one_line(result)


def test_a_bad_setting_ends_with_3_without_its_value(start: Any) -> None:
    """A setting that cannot be used is named, and its value is not."""
    process = start("process", CRON_SECRET="too-short-word")
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stdout) == (3, "")
    assert "CRON_SECRET" in stderr
    assert "too-short-word" not in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["process"], ["process", "--json"], ["jobs"], ["keys", "list"]])
def test_an_unreachable_database_ends_with_4(app_on: Callable[..., Flask], run: Any, arguments: list[str]) -> None:
    """A database that does not answer is told apart from a bug, without its password."""
    result = run(app_on(NOBODY_LISTENS), *arguments)
    assert result.exit_code == 4
    assert_one_line(result)
    assert "The database cannot be used: nothing listens at that address. DATABASE_URL says" in result.stderr
    assert SECRET_WORD not in result.stderr


def test_a_migration_of_an_unreachable_database_ends_with_4(start: Any) -> None:
    """`flask db upgrade` says in one line that nobody answers, without the password."""
    process = start("upgrade", group="db", DATABASE_URL=NOBODY_LISTENS)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stdout) == (4, "")
    assert stderr == f"{_CANNOT_BE_USED}: nothing listens at that address. DATABASE_URL says which one it is.\n"


def test_a_migration_of_a_missing_database_ends_with_4(start: Any, migrated_postgresql: str) -> None:
    """`flask db upgrade` tells a wrong name from a wrong address."""
    process = start("upgrade", group="db", DATABASE_URL=_sibling(migrated_postgresql, "no_such_one"))
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, stdout) == (4, "")
    assert stderr == f"{_CANNOT_BE_USED}: there is no such database. DATABASE_URL says which one it is.\n"


@pytest.mark.parametrize("content", [b"", b"this is no database, but long enough to look like one" * 20])
def test_a_file_without_a_schema_ends_with_4(
    app_on: Callable[..., Flask], run: Any, tmp_path: Path, content: bytes
) -> None:
    """A file that is empty or no database at all cannot be worked with."""
    path = tmp_path / "other.db"
    path.write_bytes(content)
    result = run(app_on(f"sqlite:///{path}"), "process")
    assert result.exit_code == 4
    assert_one_line(result)
    assert ("flask db upgrade" in result.stderr) == (content == b"")


def test_a_postgresql_without_a_schema_ends_with_4(
    app_on: Callable[..., Flask], run: Any, migrated_postgresql: str
) -> None:
    """PostgreSQL's word for a missing table is understood too."""
    with psycopg.connect(migrated_postgresql, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS without_schema")
        connection.execute("CREATE DATABASE without_schema")
    result = run(app_on(_sibling(migrated_postgresql, "without_schema")), "process")
    assert result.exit_code == 4
    assert_one_line(result)
    assert "flask db upgrade" in result.stderr


def test_a_locked_database_ends_with_4(
    sqlite_app: Flask, sqlite_url: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is not let go within the wait is the database's trouble."""
    monkeypatch.setattr("app.db.engines.SQLITE_WAIT_SECONDS", 0.2)
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    result = run(sqlite_app, "process")
    holder.close()
    assert result.exit_code == 4
    assert_one_line(result)


def test_a_bug_ends_with_1_and_tells_no_data(
    sqlite_app: Flask, run: Any, add_job: Any, job_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug is told by kind and place; its message, which may hold anybody's data, is not."""
    job_id = add_job(sqlite_app)
    _break_pipeline(monkeypatch)
    result = run(sqlite_app, "process")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("tranche: this is a bug: RuntimeError at app/")
    assert SECRET_WORD not in result.output
    assert "Traceback" not in result.output
    assert job_of(sqlite_app, job_id).status == "failed"


def test_only_what_is_unusual_is_logged(
    capsys: pytest.CaptureFixture[str],
    app_on: Callable[..., Flask],
    sqlite_url: str,
    run: Any,
    add_job: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A job that comes and goes leaves no line in cron's mail; one that breaks leaves one, without data."""
    # Made here, since the log goes to where stderr is at that moment.
    app = app_on(sqlite_url, LOG_LEVEL="INFO")
    add_job(app)
    assert "job enqueued" in capsys.readouterr().err
    job_id = run(app, "enqueue", "person", "--all").stdout.strip()
    run(app, "cancel", job_id)
    assert capsys.readouterr().err == ""
    _break_pipeline(monkeypatch)
    run(app, "process")
    logged = capsys.readouterr().err
    assert logged.count("\n") == 1
    assert json.loads(logged)["kinds"] == ["RuntimeError"]


def test_a_bug_shows_its_traceback_when_debugging(
    app_on: Callable[..., Flask], sqlite_url: str, run: Any, add_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOG_LEVEL=DEBUG is for whoever looks for the bug."""
    app = app_on(sqlite_url, LOG_LEVEL="DEBUG")
    add_job(app)
    _break_pipeline(monkeypatch)
    result = run(app, "process")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def _break_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError(SECRET_WORD)

    monkeypatch.setattr(ChunkRun, "begin", run)


def test_a_job_paused_by_the_pipeline_ends_with_5(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """A run that left a job paused says so by its exit code and why in one line."""
    job_id = add_job(sqlite_app, provider="prospeo")
    result = run(sqlite_app, "process")
    assert result.exit_code == 5
    last = result.stderr.splitlines()[-1]
    assert job_id in last
    assert "Provider prospeo" in last
    assert "until" in last


def test_all_work_paused_ends_with_5(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """Where all that is left is paused there is nothing to do, but not because all is done."""
    job_id = add_job(sqlite_app)
    assert run(sqlite_app, "pause", job_id).exit_code == 0
    result = run(sqlite_app, "process", "--json")
    assert result.exit_code == 5
    assert '"status": "paused"' in result.stdout
    assert "by hand" in result.stderr
    assert run(sqlite_app, "process", "--job", job_id).exit_code == 5


def test_a_paused_job_does_not_matter_to_another(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """A run for one job ends by that job alone."""
    run(sqlite_app, "pause", add_job(sqlite_app))
    other = add_job(sqlite_app)
    assert run(sqlite_app, "process", "--job", other).exit_code == 0
    assert run(sqlite_app, "process").exit_code == 5


def test_a_paused_job_does_not_matter_while_work_is_left(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """A run that was cut short by its limit did not end because of a pause."""
    run(sqlite_app, "pause", add_job(sqlite_app))
    add_job(sqlite_app, 5)
    result = run(sqlite_app, "process", "--max-chunks", "1", "--json")
    assert result.exit_code == 0
    assert '"status": "chunks used up"' in result.stdout


@pytest.mark.parametrize("times", [1, 2])
def test_nothing_to_do_ends_with_0(sqlite_app: Flask, run: Any, times: int) -> None:
    """An empty queue is a good end, again and again."""
    for _ in range(times):
        result = run(sqlite_app, "process")
    assert (result.exit_code, result.output) == (0, "")
