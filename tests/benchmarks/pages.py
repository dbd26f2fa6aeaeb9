"""Each page of the console before 1,000,000 people and 200 jobs of 5,000, on SQLite: CPU of a request, at most 100 ms.

The pages are those of the address map (`tests/console/screens.py`), and filters that match nobody or everybody.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from app import create_app
from app.config import Config
from app.db.session import transaction
from app.enrichment import queue
from app.extensions import db
from app.models.audit_event import audit_events
from app.models.chunk import chunks, entity_errors, error_counts, progress
from app.models.entity_list import entity_lists
from app.models.job import jobs
from app.models.spending import costs
from app.models.types import new_id
from app.web import api_keys, sessions, users
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.servers import Servers
from tests.console.screens import screens

NAME: Final = "pages"
GOAL_MS: Final = 100.0
PEOPLE: Final = 1_000_000
JOBS, JOB_ENTITIES, CHUNK, ERRORS = 200, 5_000, 50, 100
EVENTS: Final = 100_000
NOW: Final = datetime.now(UTC)

_PEOPLE: Final = """
INSERT INTO people (workspace_slug, id, full_name, job_title, company, email, phone, extra, created_at, updated_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)
SELECT 'default', printf('p%07d', n), 'Ada Byron', 'CEO', 'Acme', CASE WHEN n % 2 THEN 'a' || n || '@acme.example' END,
       '+442079460000', '{}', '2026-11-01 00:00:00.000000', '2026-11-01 00:00:00.000000' FROM numbers
"""
_MEMBERS: Final = "INSERT INTO entity_list_members (list_id, entity_id) SELECT :list_id, id FROM people"


def run(servers: Servers, options: Options) -> list[Figure]:
    """Ask for every page, in turns."""
    url = servers.migrated("sqlite")
    app = create_app(Config(DATABASE_URL=url, SECRET_KEY="a-secret-key-for-pages", TESTING=True, LOG_LEVEL="ERROR"))
    with app.app_context():
        known = _furnish(options)
        user, _ = users.create_user("ada", "admin")
        known["user_id"] = [user.id]
        client = app.test_client()
        client.set_cookie("tranche", sessions.begin_session(user))
    paths = _paths(app, known)
    figures = {path: Figure(NAME, path, "ms", goal=f"at most {GOAL_MS:g}") for path in paths}
    for turn in range(options.runs + 1):
        for path, figure in figures.items():
            milliseconds = _milliseconds(client, path)
            if turn:
                figure.values.append(milliseconds)
    return sorted(figures.values(), key=lambda figure: -figure.median)


def _paths(app: Flask, known: dict[str, list[str]]) -> list[str]:
    list_id, entity_id = known["list_id"][0], known["entity_id"][0]
    filters = [
        "/console/people?missing=email",
        "/console/people?missing=phone",
        f"/console/people?list={list_id}",
        f"/console/people?list={list_id}&missing=phone",
        f"/console/jobs?list={list_id}",
        "/console/jobs?status=complete",
        "/console/jobs?status=failed",
        "/console/audit?action=job.cancel",
        "/console/audit?to=2020-01-01",
        f"/console/new?type=person&list={list_id}&missing=email&limit=50&provider=waterfall",
    ]
    # Of a person; there is no company.
    return [path for path in screens(app, known) if f"/companies/{entity_id}" not in path] + filters


def _milliseconds(client: FlaskClient, path: str) -> float:
    started = time.process_time()
    answer = client.get(path, buffered=True)
    taken = (time.process_time() - started) * 1000
    assert answer.status_code in {200, 302, 409, 422}, (path, answer.status_code)
    return taken


def _furnish(options: Options) -> dict[str, list[str]]:
    """Store people, a list of them all, jobs with what is recorded of them, and events; return what is known of it."""
    people, list_id = options.size(PEOPLE), new_id()
    made = [_job(list_id) for _ in range(JOBS)]
    with transaction() as session:
        session.execute(text(_PEOPLE), {"count": people})
        about = {"id": list_id, "workspace_slug": "default", "entity_type": "person", "name": "all", "made_by": "ada"}
        session.execute(insert(entity_lists), [{**about, "row_count": people, "entity_count": people}])
        session.execute(text(_MEMBERS), {"list_id": list_id.replace("-", "")})
        session.execute(insert(jobs), made)
        for job in made:
            for table, rows in _of_job(job["id"]).items():
                session.execute(insert(table), rows)
        events = [_event(made[number % JOBS]["id"]) for number in range(options.size(EVENTS))]
        session.execute(insert(audit_events), events)
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    waiting = queue.enqueue_job("person", "ai-normalizer", [f"p{number:07}" for number in range(JOB_ENTITIES)])
    key, _ = api_keys.create_key("reports", ["read"])
    return {
        "job_id": [waiting, made[0]["id"]],
        "list_id": [list_id],
        "entity_id": ["p0000001"],
        "key_id": [key.id],
    }


def _job(list_id: str) -> dict[str, Any]:
    chunk_count = JOB_ENTITIES // CHUNK
    return {
        **{"id": new_id(), "workspace_slug": "default", "entity_type": "person", "provider": "waterfall"},
        **{"priority": 0, "status": "complete", "paused_manually": False, "claimable": False, "list_id": list_id},
        **{"chunk_size": CHUNK, "chunk_count": chunk_count, "next_chunk": chunk_count, "in_flight": 0},
        **{"total_count": JOB_ENTITIES, "processed_count": JOB_ENTITIES, "error_count": ERRORS},
        **{"success_count": JOB_ENTITIES - ERRORS, "started_at": NOW, "finished_at": NOW},
    }


def _of_job(job_id: str) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of a job's chunks, errors and costs, by table."""
    positions = range(JOB_ENTITIES // CHUNK)
    ids = [f"p{number:07}" for number in range(CHUNK)]
    error = {"job_id": job_id, "code": "transient", "message": "Away.", "provider": "findymail"}
    cost = {"job_id": job_id, "day": NOW.date(), "workspace_slug": "default", "calls": JOB_ENTITIES, "step": 1}
    return {
        chunks: [{"job_id": job_id, "position": position, "entity_ids": ids} for position in positions],
        progress: [
            {"job_id": job_id, "position": position, "outcomes": "s" * CHUNK, "finished_at": NOW}
            for position in positions
        ],
        entity_errors: [{**error, "entity_id": f"p{number:07}"} for number in range(ERRORS)],
        error_counts: [{"job_id": job_id, "code": "transient", "provider": "findymail", "error_count": ERRORS}],
        costs: [{**cost, "provider": name, "took_1": JOB_ENTITIES} for name in ("findymail", "prospeo", "leadmagic")],
    }


def _event(job_id: str) -> dict[str, Any]:
    about = {"workspace_slug": "default", "actor_kind": "system", "subject_kind": "job", "subject_id": job_id}
    return {**about, "action": "job.pause", "before": {"status": "running"}, "after": {"status": "paused"}}
