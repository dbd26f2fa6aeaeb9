"""The calls that drive the queue."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.enrichment import queue
from tests.web.conftest import Login

PROCESS = "/api/enrichment/jobs/process"
UNKNOWN = "01997b4e-0000-7000-8000-000000000000"
FIVE = {"jobId", "processed", "total", "done", "status"}


def enqueue(app: Flask, count: int, *, chunk_size: int = 2, workspace_slug: str = "default") -> str:
    """Return the id of a new job."""
    with app.app_context():
        ids = [f"p{position}" for position in range(count)]
        return queue.enqueue_job("person", "ai-normalizer", ids, chunk_size=chunk_size, workspace_slug=workspace_slug)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_to_do_is_a_message(cron: FlaskClient, method: str) -> None:
    """An empty queue is no error."""
    response = cron.open(PROCESS, method=method)
    assert (response.status_code, response.get_json()) == (200, {"message": "no pending jobs"})


def test_post_processes_one_chunk(app: Flask, cron: FlaskClient) -> None:
    """One call, one chunk; the answer has five keys and no more."""
    job_id = enqueue(app, 3)
    first = cron.post(PROCESS).get_json()
    assert first == {"jobId": job_id, "processed": 2, "total": 3, "done": False, "status": "pending"}
    second = cron.post(PROCESS).get_json()
    assert second == {"jobId": job_id, "processed": 1, "total": 3, "done": True, "status": "complete"}
    assert cron.post(PROCESS).get_json() == {"message": "no pending jobs"}


def test_post_ignores_a_body(app: Flask, cron: FlaskClient) -> None:
    """Callers that always send one, as message services do, are served."""
    enqueue(app, 1)
    assert set(cron.post(PROCESS, data=b"\xff{", content_type="text/plain").get_json()) == FIVE


def test_get_drains_the_queue(app: Flask, cron: FlaskClient) -> None:
    """The webhook works until nothing is left and answers with the last chunk and the sums."""
    enqueue(app, 3)
    last = enqueue(app, 5)
    answer = cron.get(PROCESS).get_json()
    assert set(answer) == FIVE | {"chunks", "processedTotal"}
    assert (answer["jobId"], answer["done"], answer["processed"]) == (last, True, 1)
    assert (answer["chunks"], answer["processedTotal"]) == (5, 8)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_process_keeps_to_the_named_job(app: Flask, cron: FlaskClient, method: str) -> None:
    """`jobId` chooses the job; a done one has nothing to do."""
    other, named = enqueue(app, 1), enqueue(app, 1)
    url = f"{PROCESS}?jobId={named.upper()}&maxSeconds=20"
    assert cron.open(url, method=method).get_json()["jobId"] == named
    assert cron.open(url, method=method).get_json() == {"message": "no pending jobs"}
    with app.app_context():
        assert queue.get_job(other).status == "pending"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("maxSeconds=0", 422),
        ("maxSeconds=301", 422),
        ("maxSeconds=1e1", 422),
        ("maxSeconds=", 422),
        ("max_seconds=5", 422),
        ("maxSeconds=5&maxSeconds=5", 422),
        ("jobId=x", 422),
        ("jobId=", 422),
        (f"jobId={UNKNOWN}", 404),
        ("maxSeconds=300", 200),
    ],
)
def test_process_parameters_are_checked(cron: FlaskClient, method: str, query: str, status: int) -> None:
    """A budget outside the limit and an id that is none are refused before any work."""
    assert cron.open(f"{PROCESS}?{query}", method=method).status_code == status


def test_limit_of_seconds_is_a_setting(make_app: Any) -> None:
    """`ENRICH_MAX_SECONDS` bounds what a caller may ask for."""
    client = make_app(ENRICH_MAX_SECONDS=10).test_client()
    headers = {"Authorization": "Bearer a-cron-secret-for-tests"}
    assert client.get(f"{PROCESS}?maxSeconds=11", headers=headers).status_code == 422
    assert client.get(f"{PROCESS}?maxSeconds=10", headers=headers).status_code == 200
    assert client.get(PROCESS, headers=headers).status_code == 200


def test_bound_key_drives_its_own_workspace(app: Flask, login: Login) -> None:
    """A key of one workspace neither works on another's jobs nor learns of them."""
    north, south = enqueue(app, 1, workspace_slug="north"), enqueue(app, 1, workspace_slug="south")
    client = login("process", workspace_slug="south")
    assert client.post(f"{PROCESS}?jobId={north}").status_code == 404
    answer = client.get(PROCESS).get_json()
    assert (answer["jobId"], answer["chunks"]) == (south, 1)
    assert client.get(PROCESS).get_json() == client.post(PROCESS).get_json() == {"message": "no pending jobs"}
    with app.app_context():
        assert queue.get_job(north).status == "pending"


def test_broken_chunk_is_500_and_fails_the_job(app: Flask, cron: FlaskClient, monkeypatch: Any) -> None:
    """A bug in the pipeline is answered as JSON and stored with the job."""
    job_id = enqueue(app, 1)

    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("app.enrichment.waterfall.chunk_run.ChunkRun.begin", break_down)
    response = cron.post(PROCESS)
    assert (response.status_code, response.get_json()["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    with app.app_context():
        assert queue.get_job(job_id).status == "failed"
