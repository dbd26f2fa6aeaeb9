"""Alive and ready."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from app import create_app
from app.config import Config
from app.db.session import transaction
from app.enrichment import queue
from app.extensions import db
from app.models.job import jobs
from app.models.types import utcnow
from tests.web.conftest import Login


def test_alive_needs_no_database() -> None:
    """The process is alive whatever its database does."""
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    client = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR")).test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "database_unavailable")


def test_ready_when_migrated(client: FlaskClient) -> None:
    """A migrated database is ready; nothing has happened yet."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {
        "status": "ready",
        "oldestJobAgeSeconds": None,
        "claimableChunks": 0,
        "workersWanted": 0,
        "troubles": [],
        "lastDrainAt": None,
        "lastCronAt": None,
    }


def test_not_ready_without_schema(tmp_path: Path) -> None:
    """An empty database says which command is missing."""
    app = create_app(Config(DATABASE_URL=f"sqlite:///{tmp_path}/empty.db", TESTING=True, LOG_LEVEL="ERROR"))
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()["code"]) == (503, "not_migrated")
    assert "flask db upgrade" in response.get_json()["error"]
    with app.app_context():
        db.engine.dispose()


def test_not_ready_on_another_revision(app: Flask, client: FlaskClient) -> None:
    """A schema of another age is told, and ready again once it is the right one."""
    with app.app_context():
        head = db.session.scalar(text("select version_num from alembic_version"))
        for version, status in (("0000", 503), (head, 200)):
            db.session.execute(text("update alembic_version set version_num = :version"), {"version": version})
            db.session.commit()
            assert client.get("/readyz").status_code == status


def test_ready_shows_that_nobody_drives_the_queue(app: Flask, client: FlaskClient) -> None:
    """Work that waits shows its age; the first drain and the first cron call show their times."""
    with app.app_context():
        queue.enqueue_job("person", "ai-normalizer", ["a"])
    waiting = client.get("/readyz").get_json()
    assert waiting["oldestJobAgeSeconds"] >= 0
    assert (waiting["claimableChunks"], waiting["workersWanted"]) == (1, 1)
    assert (waiting["lastDrainAt"], waiting["lastCronAt"]) == (None, None)
    with app.app_context(), transaction() as session:
        session.execute(update(jobs).values(created_at=utcnow(-3600)))
    app.extensions.pop("tranche.fleet")
    assert client.get("/readyz").get_json()["troubles"] == ["queue.neglected"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cron_call_is_remembered(client: FlaskClient, cron: FlaskClient, method: str) -> None:
    """An accepted cron call leaves its time, also when there is nothing to do."""
    cron.open("/api/enrichment/jobs/process", method=method)
    ready = client.get("/readyz").get_json()
    assert datetime.fromisoformat(ready["lastCronAt"]).tzinfo is not None
    assert ready["lastDrainAt"].endswith("Z")


def test_call_with_key_is_no_cron_call(client: FlaskClient, login: Login) -> None:
    """A key that drains says nothing about the cron."""
    login("process").post("/api/enrichment/jobs/process")
    ready: dict[str, Any] = client.get("/readyz").get_json()
    assert ready["lastCronAt"] is None and ready["lastDrainAt"] is not None
