"""Looking at jobs and steering them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.db.session import transaction
from app.models.chunk import entity_errors
from app.models.heartbeat import heartbeats
from app.models.job import jobs

JOB_KEYS = {
    *("id", "workspaceSlug", "entityType", "provider", "priority", "status", "pauseReason", "pausedManually"),
    *("resumeAt", "chunkSize", "total", "duplicates", "processed", "success", "errors", "skipped", "held"),
    *("percent", "etaSeconds", "stalled", "parentJobId", "createdAt", "startedAt", "finishedAt"),
    *("excluded", "costUsd", "capUsd", "waterfall", "retryFilter", "heldAcceptedAt", "listId", "stopWhen"),
}


def test_jobs_are_a_table_of_tabs_in_a_pipe(app: Flask, run: Any, add_job: Any) -> None:
    """One line a job under a line of headings, newest first, nothing cut off."""
    first, second = add_job(app), add_job(app, provider="prospeo")
    run(app, "process")
    lines = [line.split("\t") for line in run(app, "jobs").stdout.splitlines()]
    assert lines[0] == ["id", "status", "provider", "type", "progress", "errors", "cost", "cap", "age", "reason"]
    assert lines[1][:8] == [second, "paused", "prospeo", "person", "0/3", "0", "$0.00", ""]
    assert "Provider prospeo" in lines[1][9]
    assert lines[2][:6] == [first, "complete", "ai-normalizer", "person", "3/3", "0"]


def test_jobs_are_filtered_and_paged(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """Status, number and cursor choose; JSON has what the HTTP door has."""
    ids = [add_job(sqlite_app) for _ in range(3)]
    run(sqlite_app, "pause", ids[0])
    page = json.loads(run(sqlite_app, "jobs", "--limit", "2", "--json").stdout)
    assert [job["id"] for job in page["jobs"]] == [ids[2], ids[1]]
    assert set(page["jobs"][0]) == JOB_KEYS
    assert page["backlog"].pop("oldestAgeSeconds") >= 0
    assert page["backlog"] == {"claimableChunks": 4, "workersWanted": 1}
    assert "Waiting in all: 4 chunks, the oldest job for" in run(sqlite_app, "jobs").stderr
    rest = json.loads(run(sqlite_app, "jobs", "--cursor", page["nextCursor"], "--json").stdout)
    assert [job["id"] for job in rest["jobs"]] == [ids[0]]
    paused = json.loads(run(sqlite_app, "jobs", "--status", "paused", "--json").stdout)
    assert [job["id"] for job in paused["jobs"]] == [ids[0]]
    assert "No such jobs." in run(sqlite_app, "jobs", "--workspace", "elsewhere").stderr


def test_jobs_says_how_to_make_the_first(sqlite_app: Flask, run: Any) -> None:
    """An empty list tells what to do, and keeps stdout empty."""
    result = run(sqlite_app, "jobs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "enrich enqueue" in result.stderr
    assert "enrich demo" in result.stderr


@pytest.mark.parametrize(
    ("waited_minutes", "silent_minutes", "is_told"),
    [(25, None, True), (25, 11, True), (25, 2, False), (2, None, False), (2, 25, False)],
)
def test_jobs_warns_when_nobody_processes(
    sqlite_app: Flask, run: Any, add_job: Any, waited_minutes: int, silent_minutes: int | None, is_told: bool
) -> None:
    """Work that waits while nothing looks for it is pointed out: the usual mistake is a cron that is not set up."""
    add_job(sqlite_app)
    now = datetime.now(UTC)
    with sqlite_app.app_context(), transaction() as session:
        session.execute(update(jobs).values(created_at=now - timedelta(minutes=waited_minutes)))
        if silent_minutes is not None:
            at = now - timedelta(minutes=silent_minutes)
            session.execute(insert(heartbeats).values(name="drain", at=at))
    stderr = run(sqlite_app, "jobs").stderr
    assert ("Nothing has called the processor for" in stderr) is is_told


def test_show_tells_all_about_a_job(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """For people with what to do next, for programs in JSON."""
    job_id = add_job(sqlite_app, provider="prospeo")
    run(sqlite_app, "process")
    result = run(sqlite_app, "show", job_id)
    facts = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert facts["status"].strip() == "paused"
    assert facts["progress"].strip() == "0 of 3 (0 %)"
    assert "Provider prospeo" in facts["reason"]
    assert f"enrich resume {job_id}" in result.stderr
    assert set(json.loads(run(sqlite_app, "show", job_id, "--json").stdout)) == JOB_KEYS


def test_errors_are_listed_in_three_forms(sqlite_app: Flask, run: Any) -> None:
    """Text, JSON and CSV hold the same errors."""
    job_id = _job_of_unknown(sqlite_app, run)
    lines = [line.split("\t") for line in run(sqlite_app, "errors", job_id).stdout.splitlines()]
    assert lines[0] == ["entity", "code", "error", "at"]
    assert [line[:2] for line in lines[1:]] == [["x", "entity_not_found"], ["y", "entity_not_found"]]
    told = json.loads(run(sqlite_app, "errors", job_id, "--json").stdout)
    assert [set(one) for one in told] == [{"entityId", "error", "code", "at"}] * 2
    csv = run(sqlite_app, "errors", job_id, "--csv").stdout_bytes.decode("utf-8-sig").splitlines()
    assert csv[0] == "entityId,code,error,at"
    assert csv[1].startswith("x,entity_not_found,")
    assert "There may be more" in run(sqlite_app, "errors", job_id, "--limit", "1").stderr


def test_errors_cannot_steer_the_terminal(sqlite_app: Flask, run: Any) -> None:
    """A message from outside is printed as one harmless line."""
    job_id = _job_of_unknown(sqlite_app, run)
    with sqlite_app.app_context(), transaction() as session:
        session.execute(update(entity_errors).values(message="a\x1b[2Jb\tc\nd [red]e"))
    rows = run(sqlite_app, "errors", job_id).stdout.splitlines()
    assert len(rows) == 3
    assert rows[1].split("\t")[2] == "a [2Jb c d [red]e"


def test_errors_of_a_job_without_any(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """None is told in words, or as an empty list."""
    job_id = add_job(sqlite_app)
    assert run(sqlite_app, "errors", job_id).stderr == "No errors.\n"
    assert run(sqlite_app, "errors", job_id, "--json").stdout == "[]\n"


def test_a_job_is_paused_resumed_and_cancelled(app: Flask, run: Any, add_job: Any) -> None:
    """Each command prints where the job stands now."""
    job_id = add_job(app)
    assert run(app, "pause", job_id).stdout == f"Job {job_id} is paused.\n"
    assert json.loads(run(app, "show", job_id, "--json").stdout)["pausedManually"] is True
    assert run(app, "resume", job_id).stdout == f"Job {job_id} is pending.\n"
    assert json.loads(run(app, "cancel", job_id, "--json").stdout)["status"] == "cancelled"


def test_a_move_that_the_status_forbids_ends_with_2(sqlite_app: Flask, run: Any, add_job: Any) -> None:
    """The one line says what is allowed."""
    job_id = add_job(sqlite_app)
    result = run(sqlite_app, "resume", job_id)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "tranche: The job is pending; only paused jobs can be resumed.\n"


def test_errors_are_summed_up_and_retried_by_kind(sqlite_app: Flask, run: Any) -> None:
    """The sum by kind, the price of a retry of one, the retry; and what is held, accepted."""
    job_id = _job_of_unknown(sqlite_app, run)
    table = run(sqlite_app, "errors", job_id, "--summary").stdout
    assert table == "code\tprovider\terrors\nentity_not_found\t\t2\ntotal\t\t2\n"
    assert json.loads(run(sqlite_app, "errors", job_id, "--summary", "--json").stdout)["total"] == 2
    assert run(sqlite_app, "errors", job_id, "--code", "transient").stderr == "No errors.\n"
    estimate = run(sqlite_app, "retry", job_id, "--code", "entity_not_found", "--estimate")
    assert "for 2 entities" in estimate.stdout, estimate.output
    refused = run(sqlite_app, "retry", job_id, "--held")
    assert (refused.exit_code, refused.stdout) == (2, "") and "no such entities" in refused.stderr
    child = run(sqlite_app, "retry", job_id, "--code", "entity_not_found", "--cap-usd", "0.25")
    assert "tries 2 entities again" in child.stdout
    shown = run(sqlite_app, "show", child.stdout.split()[1]).stdout
    assert "code entity_not_found" in shown and "$0.25" in shown
    with sqlite_app.app_context(), transaction() as session:
        session.execute(update(jobs).where(jobs.c.id == job_id).values(held_count=1, error_count=1))
    accepted = run(sqlite_app, "accept-held", job_id)
    assert accepted.stdout == f"1 held entity of job {job_id} accepted as they are.\n"


def test_retry_makes_a_job_of_what_failed(sqlite_app: Flask, run: Any, add_people: Any) -> None:
    """The child's id is printed, and its run mends what can be mended."""
    job_id = _job_of_unknown(sqlite_app, run)
    child = json.loads(run(sqlite_app, "retry", job_id, "--json").stdout)
    assert (child["parentJobId"], child["total"], child["status"]) == (job_id, 2, "pending")
    again = run(sqlite_app, "retry", job_id)
    assert again.exit_code == 2


def _job_of_unknown(app: Flask, run: Any) -> str:
    """Return a job whose two entities failed."""
    job_id: str = run(app, "enqueue", "person", "--ids-file", "-", stdin="x\ny\n").stdout.strip()
    assert run(app, "process").exit_code == 0
    return job_id
