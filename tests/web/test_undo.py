"""Undoing a job over HTTP."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.enrichment import queue
from app.models.types import new_id
from tests.web.conftest import Login

JOBS = "/api/enrichment/jobs"
REQUEST: dict[str, Any] = {
    "entityType": "person",
    "provider": "ai-normalizer",
    "entities": [{"id": "a", "fullName": "ANN LEE"}],
}


def normalised_name(client: FlaskClient) -> Any:
    """Return what the job writes."""
    return client.get("/api/people/a").get_json()["normalizedFullName"]


def test_job_is_undone(login: Login) -> None:
    """The answer counts the fields; a second call changes nothing."""
    client = login("admin")
    job_id = client.post(JOBS, json=REQUEST).get_json()["jobId"]
    client.post(f"{JOBS}/process")
    assert normalised_name(client) == "Ann Lee"
    response = client.post(f"{JOBS}/{job_id}/undo")
    assert (response.status_code, response.get_json()["kept"]) == (200, 0)
    assert response.get_json()["restored"] >= 1
    assert normalised_name(client) is None
    assert client.post(f"{JOBS}/{job_id}/undo").get_json() == {"restored": 0, "kept": 0}


def test_job_that_works_is_409_and_another_workspaces_is_404(app: Flask, login: Login) -> None:
    """The answer says what to do first, and tells nothing of other workspaces."""
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", ["a"])
    response = login("write").post(f"{JOBS}/{job_id}/undo")
    assert (response.status_code, response.get_json()["code"]) == (409, "job_state")
    assert "pause or cancel" in response.get_json()["error"]
    north = login("write", workspace_slug="north")
    for unknown in (job_id, new_id()):
        assert north.post(f"{JOBS}/{unknown}/undo").status_code == 404


def test_a_field_is_undone(login: Login) -> None:
    """By name in the spelling of JSON; the answer says what came back, and why there is nothing to."""
    client = login("write", "read")
    for title in ("Boss", "Chief"):
        client.post("/api/people", json={"people": [{"id": "a/b", "jobTitle": title}]})
    answer = {"field": "jobTitle", "value": "Boss", "replaced": "Chief", "provider": "caller"}
    address = "/api/people/a/b/undo?field=jobTitle"
    assert client.post(f"{address}&dryRun=true").get_json() == {**answer, "dryRun": True}
    assert client.post(address).get_json() == {**answer, "dryRun": False}
    assert client.get("/api/people/a/b").get_json()["jobTitle"] == "Boss"
    refused = client.post("/api/people/a/b/undo?field=email")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    assert client.post("/api/people/a/b/undo?field=nonsense").get_json()["details"][0]["path"] == "field"
    assert client.post("/api/people/a/b/undo").status_code == 422
    assert login("write", workspace_slug="north").post(address).status_code == 404
