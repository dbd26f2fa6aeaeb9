"""`flask enrich process`: what cron calls."""

import json
import os
import pty
import re
import sys
from typing import Any

import pytest
from flask import Flask

from app.entities import export_work
from app.entities.export_files import NewExport, create_export
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS


def test_process_drains_the_queue_in_silence(app: Flask, run: Any, add_job: Any, job_of: Any) -> None:
    """Where nobody watches, success says nothing."""
    jobs = [add_job(app, 5), add_job(app, 3)]
    result = run(app, "process")
    assert (result.exit_code, result.output) == (0, "")
    assert [job_of(app, job).status for job in jobs] == ["complete", "complete"]
    assert [job_of(app, job).success for job in jobs] == [5, 3]


def test_process_says_what_it_did_when_asked(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """`--verbose` is one line on stderr."""
    add_job(sqlite_app, 5)
    result = run(sqlite_app, "process", "--verbose")
    assert result.stdout == ""
    assert re.fullmatch(r"Done: 5 entities in 3 chunks of 1 job, [0-9.]+ s\.\n", result.stderr)


def test_process_prints_one_json_object(app: Flask, run: Any, add_job: Any) -> None:
    """`--json` is one object on stdout, in camelCase, with the last chunk's five keys."""
    first, second = add_job(app, 3), add_job(app, 1)
    result = run(app, "process", "--json")
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "chunks": 3,
        "processedTotal": 4,
        "jobs": [first, second],
        "status": "done",
        "last": {"jobId": second, "processed": 1, "total": 1, "done": True, "status": "complete"},
    }


def test_process_prints_json_with_nothing_to_do(sqlite_app: Flask, run: Any) -> None:
    """No chunk, no last one."""
    assert json.loads(run(sqlite_app, "process", "--json").stdout) == {
        "chunks": 0,
        "processedTotal": 0,
        "jobs": [],
        "status": "nothing to do",
        "last": None,
    }


def test_process_says_how_much_it_wrote_of_exports(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """Alone they are something that was done, and beside chunks they are told with them."""

    def ask() -> None:
        with sqlite_app.app_context():
            create_export(NewExport("person", "csv", "default", "test"))

    ask()
    told = json.loads(run(sqlite_app, "process", "--json").stdout)
    assert (told["status"], told["chunks"], told["otherBatches"]) == ("done", 0, 1)
    ask()
    add_job(sqlite_app, 1)
    said = run(sqlite_app, "process", "--verbose").stderr
    assert re.fullmatch(r"Done: 1 entity in 1 chunk of 1 job, 1 batch of exports and figures, [0-9.]+ s\.\n", said)


def test_process_stops_after_so_many_chunks(sqlite_app: Flask, run: Any, add_job: Any, job_of: Any) -> None:
    """`--max-chunks` leaves the rest for the next run, and the last of it is no longer cut short."""
    job_id = add_job(sqlite_app, 5)
    endings = [json.loads(run(sqlite_app, "process", "--max-chunks", "2", "--json").stdout) for _ in range(2)]
    assert [(one["chunks"], one["status"]) for one in endings] == [(2, "chunks used up"), (1, "done")]
    assert job_of(sqlite_app, job_id).processed == 5


def test_process_does_not_say_that_all_is_done_while_an_export_waits(
    sqlite_app: Flask, run: Any, add_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whose parts it wrote one, before its only chunk."""
    monkeypatch.setattr(export_work, "SLICE_ROWS", 1)
    monkeypatch.setattr(export_work, "PART_PAGES", 1)
    add_job(sqlite_app, 2)
    with sqlite_app.app_context():
        create_export(NewExport("person", "csv", "default", "test"))
    told = [json.loads(run(sqlite_app, "process", *limit, "--json").stdout) for limit in (["--max-chunks", "1"], [])]
    assert [(one["status"], one["otherBatches"]) for one in told] == [("chunks used up", 1), ("done", 1)]


def test_process_of_all_chunks_allowed_is_done(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """A limit that is met when nothing is left is not what ended the run."""
    add_job(sqlite_app, 4)
    assert json.loads(run(sqlite_app, "process", "--max-chunks", "2", "--json").stdout)["status"] == "done"


def test_process_works_on_one_job_alone(sqlite_app: Flask, run: Any, add_job: Any, job_of: Any) -> None:
    """`--job` leaves older jobs where they are."""
    older, wanted = add_job(sqlite_app), add_job(sqlite_app)
    assert run(sqlite_app, "process", "--job", wanted.upper()).exit_code == 0
    assert [job_of(sqlite_app, job).status for job in (older, wanted)] == ["pending", "complete"]


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        pytest.param("rules", {}, id="rules take long"),
        pytest.param("slow", {"AI_NORMALIZER_LIMITS": "50/min"}, id="limits let few calls start"),
    ],
)
def test_process_stops_when_its_time_is_used_up(
    mode: str, settings: dict[str, str], start: Any, sqlite_app: Flask, add_job: Any, job_of: Any
) -> None:
    """`--max-seconds` ends within a chunk, what is decided stays, and nothing remains leased."""
    job_id = add_job(sqlite_app, 400, chunk_size=100)
    program = ["tests.cli.altered_flask", mode]
    process = start("process", "--max-seconds", "3", "--json", program=program, **settings)
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert told["status"] == "time used up"
    job = job_of(sqlite_app, job_id)
    assert (job.status, job.processed) == ("pending", told["processedTotal"])
    assert 0 < job.processed <= 20


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_process_shows_a_bar_on_a_terminal(sqlite_app: Flask, sqlite_url: str, add_job: Any) -> None:
    """Somebody who watches sees entities, chunks, rate, ETA and errors, and how it ended."""
    add_job(sqlite_app, 130, chunk_size=50)
    code, shown = _run_on_terminal(sqlite_url, "process")
    assert code == 0
    assert re.search(r"130/130 entities .* 3 chunks .*ETA.* 0 errors", shown)
    assert "Done: 130 entities in 3 chunks of 1 job" in shown


def _run_on_terminal(database_url: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal; return its exit code and what one would have seen."""
    environment = {**os.environ, "DATABASE_URL": database_url, "TERM": "xterm", "COLUMNS": "100"}
    leader, follower = pty.openpty()
    shown = b""
    with Process(["flask", "enrich", *arguments], environment, terminal=follower) as process:
        os.close(follower)
        try:
            while block := os.read(leader, 65536):
                shown += block
        except OSError:
            # How Linux says that nobody has the other end open any more.
            pass
        os.close(leader)
        code = process.wait(PATIENCE_SECONDS)
    return code, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
