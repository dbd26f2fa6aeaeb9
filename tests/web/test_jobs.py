"""Jobs over HTTP."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.enrichment import queue
from app.extensions import db
from app.models import EnrichmentJob, Person
from tests.web.conftest import Login, client_with, make_key

JOBS = "/api/enrichment/jobs"
UNKNOWN = "01997b4e-0000-7000-8000-000000000000"
REQUEST = {"entityType": "person", "provider": "ai-normalizer", "entityIds": ["a", "b", "a"]}


@pytest.fixture
def writer(login: Login) -> FlaskClient:
    """A client that may read and write in all workspaces."""
    return login("read", "write")


def count(app: Flask, model: type[Any]) -> int:
    """Return how many rows a table has."""
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def make_failed_job(app: Flask) -> str:
    """Return the id of a complete job, all of whose entities failed."""

    def fail(entity_id: str, job: object) -> None:
        raise ValueError("no")

    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", ["a", "b", "c"])
        queue.drain(fail, job_id=job_id)
    return job_id


def test_job_is_accepted_with_its_address(writer: FlaskClient) -> None:
    """201 says what was kept and where to look."""
    response = writer.post(JOBS, json=REQUEST)
    assert response.status_code == 201
    body = response.get_json()
    job_id = body.pop("jobId")
    assert body == {"total": 2, "duplicates": 1, "status": "pending", "excluded": 0}
    assert response.headers["Location"] == f"{JOBS}/{job_id}"
    assert "Idempotent-Replayed" not in response.headers
    job = writer.get(response.headers["Location"]).get_json()
    assert (job["id"], job["total"], job["workspaceSlug"], job["chunkSize"]) == (job_id, 2, "default", 50)


def test_job_is_shown_in_camel_case(writer: FlaskClient) -> None:
    """A job has its request, counts, percent, estimate and times, the times in UTC with Z."""
    request = {**REQUEST, "chunkSize": 7.0, "workspaceSlug": "north", "priority": -5}
    job = writer.get(writer.post(JOBS, json=request).headers["Location"]).get_json()
    assert set(job) == (
        {"id", "workspaceSlug", "entityType", "provider", "priority", "status", "pauseReason", "pausedManually"}
        | {"resumeAt", "chunkSize", "total", "duplicates", "processed", "success", "errors", "skipped", "held"}
        | {"percent", "etaSeconds", "stalled", "parentJobId", "createdAt", "startedAt", "finishedAt"}
        | {"excluded", "costUsd", "capUsd", "waterfall", "retryFilter", "heldAcceptedAt", "listId", "stopWhen"}
    )
    assert (job["chunkSize"], job["workspaceSlug"], job["priority"], job["percent"]) == (7, "north", -5, 0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", job["createdAt"])
    assert (job["startedAt"], job["etaSeconds"], job["stalled"]) == (None, None, False)
    assert (job["excluded"], job["costUsd"], job["capUsd"], job["waterfall"]) == (0, 0, None, None)


def test_job_without_entities_is_refused(app: Flask, writer: FlaskClient) -> None:
    """An empty list is told in the words that callers know."""
    for empty in ({"entityIds": []}, {"entities": []}):
        response = writer.post(JOBS, json={"entityType": "person", "provider": "ai-normalizer", **empty})
        assert (response.status_code, response.get_json()["code"]) == (422, "empty_job")
        assert response.get_json()["error"] == "Cannot enqueue job with empty entityIds"
    assert count(app, EnrichmentJob) == 0


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"entityType": "place"}, "entityType"),
        ({"entityType": None}, "entityType"),
        ({"provider": "No Such"}, "provider"),
        ({"provider": "nobody"}, "provider"),
        ({"provider": 7}, "provider"),
        ({"entityIds": "abc"}, "entityIds"),
        ({"entityIds": ["a", "b c"]}, "entityIds.1"),
        ({"entityIds": ["a", 7]}, "entityIds.1"),
        ({"entityIds": ["a", "x" * 129]}, "entityIds.1"),
        ({"entityIds": ["a", "é"]}, "entityIds.1"),
        ({"entities": [{"id": "a"}]}, "entityIds"),
        ({"chunkSize": 0}, "chunkSize"),
        ({"chunkSize": 1001}, "chunkSize"),
        ({"chunkSize": "7"}, "chunkSize"),
        ({"chunkSize": True}, "chunkSize"),
        ({"chunkSize": 7.5}, "chunkSize"),
        ({"priority": 1001}, "priority"),
        ({"priority": -1001}, "priority"),
        ({"workspaceSlug": "North"}, "workspaceSlug"),
        ({"workspaceSlug": ""}, "workspaceSlug"),
        ({"workspace_slug": "north"}, "workspace_slug"),
        ({"more": 1}, "more"),
    ],
)
def test_bad_request_is_422_with_path(app: Flask, writer: FlaskClient, change: dict[str, Any], path: str) -> None:
    """Each part of a request is checked, and nothing is stored."""
    response = writer.post(JOBS, json={**REQUEST, **change})
    assert response.status_code == 422
    assert [entry["path"] for entry in response.get_json()["details"]] == [path]
    assert count(app, EnrichmentJob) == 0


def test_missing_list_is_422(writer: FlaskClient) -> None:
    """A job needs ids or entities."""
    response = writer.post(JOBS, json={"entityType": "person", "provider": "ai-normalizer"})
    assert (response.status_code, response.get_json()["code"]) == (422, "invalid")


def test_bad_ids_are_named_up_to_twenty(writer: FlaskClient) -> None:
    """A list full of bad ids makes a short answer that does not repeat them."""
    response = writer.post(JOBS, json={**REQUEST, "entityIds": ["zq7 marker"] * 100})
    assert [entry["path"] for entry in response.get_json()["details"]] == [f"entityIds.{i}" for i in range(20)]
    assert "marker" not in response.text


def test_entities_are_stored_with_the_job(app: Flask, writer: FlaskClient) -> None:
    """People may come with the job; they are there when the answer is."""
    people = [{"id": "a", "firstName": "Ada"}, {"id": "b", "email": "b@example.com"}]
    response = writer.post(
        JOBS, json={"entityType": "person", "provider": "ai-normalizer", "entities": people, "workspaceSlug": "north"}
    )
    assert (response.status_code, response.get_json()["total"]) == (201, 2)
    with app.app_context():
        assert db.session.get_one(Person, ("north", "a")).first_name == "Ada"


def test_bad_entity_is_422_and_stores_nothing(app: Flask, writer: FlaskClient) -> None:
    """An entity that is not valid is named by position and field."""
    people = [{"id": "a"}, {"id": "b", "firstName": 7}, {"id": "c d"}, {"id": "e", "salary": 1}, {"firstName": "x"}]
    response = writer.post(JOBS, json={"entityType": "person", "provider": "ai-normalizer", "entities": people})
    assert response.status_code == 422
    paths = {entry["path"] for entry in response.get_json()["details"]}
    assert paths == {"entities.1.firstName", "entities.2.id", "entities.3.salary", "entities.4.id"}
    assert (count(app, EnrichmentJob), count(app, Person)) == (0, 0)


@pytest.mark.parametrize("entities", [{}, "abc", [7], [None], [[]], [{"id": "a"}] * 10_001])
def test_entities_are_a_list_of_objects(writer: FlaskClient, entities: Any) -> None:
    """Anything else is refused, and more than 10,000 too."""
    body = {"entityType": "person", "provider": "ai-normalizer", "entities": entities}
    assert writer.post(JOBS, json=body).status_code == 422


def test_replay_gets_the_same_answer(app: Flask, writer: FlaskClient) -> None:
    """A repeated request with its key makes no second job, also when the first has moved on."""
    headers = {"Idempotency-Key": "key-1"}
    first = writer.post(JOBS, json=REQUEST, headers=headers)
    with app.app_context():
        queue.drain(None)
    second = writer.post(JOBS, json=REQUEST, headers=headers)
    assert (second.status_code, second.get_json()) == (201, first.get_json())
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count(app, EnrichmentJob) == 1


def test_key_with_another_request_is_422(writer: FlaskClient) -> None:
    """A key stands for one request; in another workspace it is another key."""
    headers = {"Idempotency-Key": "key-1"}
    assert writer.post(JOBS, json=REQUEST, headers=headers).status_code == 201
    response = writer.post(JOBS, json={**REQUEST, "entityIds": ["c"]}, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = writer.post(JOBS, json={**REQUEST, "workspaceSlug": "north"}, headers=headers)
    assert (elsewhere.status_code, "Idempotent-Replayed" in elsewhere.headers) == (201, False)


def test_key_with_other_fields_is_422(app: Flask, writer: FlaskClient) -> None:
    """Two requests with equal ids and different fields are different, and the second stores nothing."""
    headers = {"Idempotency-Key": "key-1"}
    request = {"entityType": "person", "provider": "ai-normalizer"}
    for name, status in (("Ada", 201), ("Eve", 422), ("Ada", 201)):
        body = {**request, "entities": [{"id": "a", "firstName": name}]}
        assert writer.post(JOBS, json=body, headers=headers).status_code == status
    with app.app_context():
        assert db.session.get_one(Person, ("default", "a")).first_name == "Ada"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é", "a\tb"])
def test_bad_key_is_422(writer: FlaskClient, key: str) -> None:
    """A key is 1 to 255 visible ASCII characters."""
    assert writer.post(JOBS, json=REQUEST, headers={"Idempotency-Key": key}).status_code == 422


def test_concurrent_requests_with_one_key_make_one_job(app: Flask) -> None:
    """However many calls race, one makes the job and all get its answer."""
    client_key = make_key(app, "write")

    def call(_: int) -> Any:
        return client_with(app, client_key).post(JOBS, json=REQUEST, headers={"Idempotency-Key": "key-1"})

    with ThreadPoolExecutor(6) as threads:
        responses = list(threads.map(call, range(12)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.get_json()["jobId"] for response in responses}) == 1
    assert sum("Idempotent-Replayed" not in response.headers for response in responses) == 1
    assert count(app, EnrichmentJob) == 1


def test_jobs_are_listed_in_pages(writer: FlaskClient) -> None:
    """Newest first; the cursor leads through all of them, once each."""
    made = [writer.post(JOBS, json=REQUEST).get_json()["jobId"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = writer.get(f"{JOBS}?limit=2{cursor}").get_json()
        assert set(page) == {"jobs", "nextCursor"}
        seen += [job["id"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert sorted(seen) == sorted(made) and seen == sorted(seen, reverse=True)


def test_jobs_are_filtered(writer: FlaskClient) -> None:
    """By status and by workspace."""
    first = writer.post(JOBS, json=REQUEST).get_json()["jobId"]
    second = writer.post(JOBS, json={**REQUEST, "workspaceSlug": "north"}).get_json()["jobId"]
    writer.post(f"{JOBS}/{first}/pause")
    for query, expected in (("status=paused", [first]), ("workspaceSlug=north", [second]), ("status=failed", [])):
        assert [job["id"] for job in writer.get(f"{JOBS}?{query}").get_json()["jobs"]] == expected


@pytest.mark.parametrize(
    "query", ["status=open", "limit=0", "limit=201", "limit=x", "cursor=x", "cursor=", "cursor=%00", "page=2"]
)
def test_bad_list_query_is_422(writer: FlaskClient, query: str) -> None:
    """A filter or cursor that means nothing is told."""
    assert writer.get(f"{JOBS}?{query}").status_code == 422


def test_errors_are_listed_in_pages(app: Flask, writer: FlaskClient) -> None:
    """An array of the failed entities; headers lead to the next page."""
    url = f"{JOBS}/{make_failed_job(app)}/errors"
    first = writer.get(f"{url}?limit=2")
    assert [set(error) for error in first.get_json()] == [{"entityId", "error", "code", "at"}] * 2
    assert first.headers["Link"] == f'<{url}?limit=2&cursor={first.headers["X-Next-Cursor"]}>; rel="next"'
    second = writer.get(f"{url}?limit=2&cursor={first.headers['X-Next-Cursor']}")
    assert "Link" not in second.headers and "X-Next-Cursor" not in second.headers
    assert [error["entityId"] for error in first.get_json() + second.get_json()] == ["a", "b", "c"]
    assert writer.get(f"{url}?cursor=x").status_code == 422


def test_job_is_steered(app: Flask, writer: FlaskClient) -> None:
    """Pause, resume and cancel answer with the job, and with 409 where its state forbids it."""
    url = writer.post(JOBS, json=REQUEST).headers["Location"]
    for action, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled")):
        response = writer.post(f"{url}/{action}")
        assert (response.status_code, response.get_json()["status"]) == (200, status)
    for action in ("pause", "resume", "cancel"):
        response = writer.post(f"{url}/{action}")
        assert (response.status_code, response.get_json()["code"]) == (409, "job_state")


def test_retry_makes_a_child_job(app: Flask, writer: FlaskClient) -> None:
    """What failed goes into a job of its own, once."""
    job_id = make_failed_job(app)
    child = writer.post(f"{JOBS}/{job_id}/retry").get_json()
    assert (child["parentJobId"], child["total"], child["status"]) == (job_id, 3, "pending")
    assert writer.post(f"{JOBS}/{job_id}/retry").status_code == 409


def test_errors_are_summed_up_and_retried_by_kind(app: Flask, writer: FlaskClient) -> None:
    """The sum by kind, the list of a kind, the price of its retry, the retry, and what is held, accepted."""
    job_id = make_failed_job(app)
    url = f"{JOBS}/{job_id}"
    summary = writer.get(f"{url}/errors/summary").get_json()
    [kind] = summary["kinds"]
    assert (summary["total"], summary["held"], kind["provider"], kind["count"]) == (3, 0, None, 3)
    assert len(writer.get(f"{url}/errors?code={kind['code']}").get_json()) == 3
    assert writer.get(f"{url}/errors?code=transient").get_json() == []
    paged = writer.get(f"{url}/errors?code={kind['code']}&limit=1").headers["Link"]
    assert f"code={kind['code']}" in paged
    estimate = writer.get(f"{url}/retry?code={kind['code']}").get_json()
    assert (estimate["total"], estimate["highUsd"]) == (3, 0)
    assert writer.get(f"{url}/retry?provider=prospeo").status_code == 409
    child = writer.post(f"{url}/retry?code={kind['code']}").get_json()
    assert (child["parentJobId"], child["retryFilter"], child["total"]) == (job_id, {"code": kind["code"]}, 3)
    for query in (f"?code={kind['code']}", "", "?held=true"):
        assert writer.post(f"{url}/retry{query}").status_code == 409
    assert writer.post(f"{url}/accept-held").get_json()["error"] == "The job has no held entities."
    for query in ("held=true&code=x", "code=Not%20a%20code", "held=1"):
        assert writer.post(f"{url}/retry?{query}").status_code == 422


@pytest.mark.parametrize(
    ("method", "tail"),
    [("GET", ""), ("GET", "/errors"), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel"), ("POST", "/retry")],
)
def test_other_workspace_is_like_unknown(app: Flask, login: Login, method: str, tail: str) -> None:
    """A key bound to one workspace learns nothing of another's jobs, not even that they are there."""
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", ["a"], workspace_slug="north")
    client = login("read", "write", workspace_slug="south")
    answers = []
    for asked in (job_id, UNKNOWN):
        response = client.open(f"{JOBS}/{asked}{tail}", method=method, headers={"X-Request-Id": "same"})
        answers.append((response.status_code, response.get_json()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_bound_key_stays_in_its_workspace(login: Login) -> None:
    """A bound key writes and lists its own workspace and is refused by name elsewhere."""
    north, anyone = login("read", "write", workspace_slug="north"), login("read", "write")
    own = north.post(JOBS, json=REQUEST).get_json()["jobId"]
    anyone.post(JOBS, json=REQUEST)
    assert [(job["id"], job["workspaceSlug"]) for job in north.get(JOBS).get_json()["jobs"]] == [(own, "north")]
    assert len(anyone.get(JOBS).get_json()["jobs"]) == 2
    assert north.get(f"{JOBS}?workspaceSlug=default").status_code == 403
    assert north.post(JOBS, json={**REQUEST, "workspaceSlug": "default"}).status_code == 403
    assert north.post(JOBS, json={**REQUEST, "workspaceSlug": "north"}).status_code == 201
