"""Damaged rows: every route answers as documented, a job that cannot be worked on is marked failed, others go on."""

import io
from itertools import product
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions
from app.entities.csv.imports import import_csv
from app.entities.upsert import upsert_entities
from app.errors import DamagedData
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import entity_errors
from app.models.provider_state import provider_states
from app.models.spending import costs, spending
from app.models.types import utcnow
from app.web import api_keys
from tests.enrichment.helpers import claim, expire_leases, ids
from tests.fuzz.answers import problems_of
from tests.fuzz.damages import ANYWHERE, ON_SQLITE, REFUSED, STAYS_OPEN

SHORT: Final = 12
"""The short form takes one of so many statements."""


def _break(app: Flask, statement: str, job_id: str) -> None:
    """Run a statement as somebody who edits the database by hand."""
    parameters = {"job": job_id.replace("-", "") if db.engine.dialect.name == "sqlite" else job_id}
    used = {name: value for name, value in parameters.items() if f":{name}" in statement}
    with db.engine.connect() as connection:
        assert connection.execute(text(statement.replace(":0", "\\:0")), used).rowcount, "nothing was broken"
        connection.commit()


def _fill() -> tuple[str, str]:
    """Make a job with a chunk done, one whose worker was lost and one unclaimed, and a healthy job behind it."""
    rows = [{"id": one, "full_name": "ANN LEE", "job_title": "head of sales", "skills": ["a"]} for one in ids(6)]
    with transaction() as session:
        upsert_entities("person", rows, workspace_slug="default", session=session)
    import_csv("person", io.BytesIO(b"id,email,Notes\np4,ann@example.com,x\n"), workspace_slug="default")
    exclusions.add(["excluded.example"], "default")
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(6), chunk_size=2)
    queue.process_next_chunk(work=Waterfall())
    claim()
    expire_leases()
    _add_rows(job_id)
    return job_id, queue.enqueue_job("person", "ai-normalizer", ["p0", "p1"])


def _add_rows(job_id: str) -> None:
    """Add a row of the kinds that a normaliser alone does not leave behind."""
    attempt = {"job_id": job_id, "workspace_slug": "default", "entity_type": "person", "entity_id": "p4"}
    money = {"job_id": job_id, "provider": "findymail", "workspace_slug": "default", "calls": 1, "charged_calls": 1}
    with transaction() as session:
        session.execute(
            insert(attempts).values(
                **attempt, provider="findymail", status="success", outcome_class="success", fields_written=["email"],
                raw_answer={"a": 1}, withheld={"email": "a@b.example"}, started_at=utcnow(), finished_at=utcnow(),
            )
        )  # fmt: skip
        today = session.scalar(select(utcnow())).date()
        session.execute(insert(costs).values(**money, day=today, cost_micros=10))
        session.execute(insert(spending).values(scope="overall", day=today))
        session.execute(insert(entity_errors).values(job_id=job_id, entity_id="p0", code="x", message="x"))
        session.execute(insert(provider_states).values(provider="findymail"))


def _routes(job_id: str) -> list[tuple[str, str]]:
    reads = [
        "/readyz", "/api/people", "/api/people/p4", "/api/people/export.csv", "/api/people?missing=email",
        "/api/people/p4/receipt", f"/api/enrichment/jobs/{job_id}/errors/summary",
        f"/api/enrichment/jobs/{job_id}/retry?code=x",
        "/api/enrichment/jobs", f"/api/enrichment/jobs/{job_id}", f"/api/enrichment/jobs/{job_id}/errors",
        "/api/enrichment/costs", "/api/enrichment/costs?groupBy=day", "/api/enrichment/yield",
        "/api/enrichment/providers",
        "/api/enrichment/exclusions",
    ]  # fmt: skip
    writes = ["pause", "resume", "undo", "retry", "retry?code=x", "accept-held", "cancel"]
    return [("GET", path) for path in reads] + [("POST", f"/api/enrichment/jobs/{job_id}/{what}") for what in writes]


def _ask(client: FlaskClient, method: str, path: str) -> list[str]:
    """Return what is wrong with the answer of a route; that something stored is damaged may be said."""
    try:
        response = client.open(path, method=method)
        body = response.get_data()
    except ConnectionAbortedError:
        # An export that has begun can only break off; its log says why.
        return []
    if response.status_code == 500 and response.get_json().get("error") == DamagedData().message:
        return []
    return [f"{method} {path}: {one}" for one in problems_of(response.status_code, response.headers, body, ())]


def _drive(app: Flask, client: FlaskClient) -> list[str]:
    """Work until nothing is left, by a call and by the command; return what was wrong on the way."""
    wrong = []
    first = client.post("/api/enrichment/jobs/process")
    if first.status_code not in {200, 500} or (first.status_code == 500 and "error" not in first.get_json()):
        wrong.append(f"process answered {first.status_code}")
    for _ in range(8):
        result = app.test_cli_runner().invoke(args=["enrich", "process", "--max-seconds", "5"])
        if "Traceback" in result.output or not isinstance(result.exception, SystemExit | None):
            wrong.append(f"the command broke: {result.output} {result.exception!r}")
        if result.exit_code in {0, 5}:
            break
    return wrong


def _check(app: Flask, statement: str) -> None:
    with app.app_context():
        token = api_keys.create_key("fuzz", ["admin"])[1]
        job_id, other = _fill()
        _break(app, statement, job_id)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    wrong = [one for method, path in _routes(job_id) if method == "GET" for one in _ask(client, method, path)]
    wrong += _drive(app, client)
    with app.app_context():
        status = text("SELECT status FROM enrichment_jobs WHERE id = :id")
        if (found := db.session.scalar(status, {"id": _raw(other)})) != "complete":
            wrong.append(f"the healthy job is {found}")
        found = db.session.scalar(status, {"id": _raw(job_id)})
        if found not in {"complete", "failed", "paused"} and statement not in STAYS_OPEN:
            wrong.append(f"the damaged job is {found}")
        if found == "failed":
            named = text("SELECT count(*) FROM enrichment_errors WHERE job_id = :id AND entity_id = 'system'")
            if not db.session.scalar(named, {"id": _raw(job_id)}):
                wrong.append("the failed job has no error of the system")
        db.session.rollback()
    wrong += [one for method, path in _routes(job_id) for one in _ask(client, method, path)]
    assert not wrong, "\n".join(wrong)


def _raw(job_id: str) -> str:
    return job_id.replace("-", "") if db.engine.dialect.name == "sqlite" else job_id


CASES: Final = [*product(["sqlite"], ANYWHERE + ON_SQLITE), *product(["postgresql"], ANYWHERE)]


@pytest.mark.parametrize(("database_url", "statement"), CASES[::SHORT], indirect=["database_url"])
def test_damage_is_named_and_kept_to_its_job(app: Flask, statement: str) -> None:
    """No route answers with a bare 500, the job ends or waits in sight, and the job behind it is done."""
    _check(app, statement)


@pytest.mark.slow
@pytest.mark.parametrize(("database_url", "statement"), CASES, indirect=["database_url"])
def test_every_damage_is_named_and_kept_to_its_job(app: Flask, statement: str) -> None:
    """The same for every statement."""
    _check(app, statement)


def test_rules_of_the_database_refuse_illegal_rows(app: Flask) -> None:
    """What the CHECK constraints and foreign keys stand for cannot be broken by a statement, on either database."""
    with app.app_context():
        job_id, _ = _fill()
        for statement in REFUSED:
            with pytest.raises(IntegrityError):
                _break(app, statement, job_id)
