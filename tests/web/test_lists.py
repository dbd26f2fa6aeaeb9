"""Lists over HTTP: an import makes one, and it selects for jobs, exports and coverage."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.enrichment.money import routes as money_routes
from app.entities import coverage, lists
from app.entities.exports import FORMATS
from app.models.types import new_id
from tests.web.conftest import Login, client_with, make_key

LISTS = "/api/lists"
JOB = {"entityType": "person", "provider": "ai-normalizer"}


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything in every workspace."""
    return login("admin")


def imported(client: FlaskClient, text: str, file_name: str = "Berlin leads.csv", **query: str) -> Any:
    """Import a file as a browser's form does and return the report."""
    data = {"file": (text_file(text), file_name)}
    response = client.post("/api/people/import", data=data, query_string=query)
    assert response.status_code == 200, response.text
    return response.get_json()


def text_file(text: str) -> Any:
    """Return a text as an upload."""
    return io.BytesIO(text.encode())


def ids_of(client: FlaskClient, reference: str, **query: str) -> list[str]:
    """Return the ids of a list's members."""
    response = client.get("/api/people", query_string={"list": reference, **query})
    assert response.status_code == 200, response.text
    return [one["id"] for one in response.get_json()["people"]]


def test_an_import_makes_a_list_and_another_one_if_it_names_none(admin: FlaskClient) -> None:
    """It tells file, tool, maker and rows; refused rows are in none; a named list takes what is new."""
    csv = "id,Email,Apollo Contact Id\np1,ann@b.example,x\n" + "p2,bob@b.example,y\n,,\nno id!,,\n"
    report = imported(admin, csv)
    view = admin.get(f"{LISTS}/{report['listId']}").get_json()
    told = {name: view[name] for name in ("name", "fileName", "tool", "madeBy", "rows", "entities", "entityType")}
    assert told == {
        "name": "Berlin leads", "fileName": "Berlin leads.csv", "tool": "Apollo", "madeBy": "API key for a test",
        "rows": 2, "entities": 2, "entityType": "person",
    }  # fmt: skip
    assert imported(admin, csv)["listName"] == "Berlin leads (2)"
    again = imported(admin, "id,Email\np2,bob@b.example\np3,cem@b.example\n", list="Berlin leads")
    assert again["listId"] == report["listId"]
    assert ids_of(admin, "Berlin leads") == ["p1", "p2", "p3"]
    assert ids_of(admin, "Berlin leads", limit="1", cursor="p1") == ["p2"]
    assert ids_of(admin, "Berlin leads (2)") == ["p1", "p2"]
    assert imported(admin, "id,Email\np4,d@b.example\n", list="Autumn")["listName"] == "Autumn"
    page = admin.get(f"{LISTS}?limit=2&entityType=person").get_json()
    assert [one["name"] for one in page["lists"]] == ["Autumn", "Berlin leads (2)"]
    rest = admin.get(f"{LISTS}?cursor={page['nextCursor']}").get_json()
    assert [(one["name"], one["rows"], one["entities"]) for one in rest["lists"]] == [("Berlin leads", 4, 3)]


def test_an_import_without_rows_makes_no_list(admin: FlaskClient) -> None:
    """Nor does a dry run."""
    assert imported(admin, "id,Email\nno id!,a@b.example\n")["listId"] is None
    assert imported(admin, "id,Email\np1,a@b.example\n", dryRun="true")["listId"] is None
    assert admin.get(LISTS).get_json()["lists"] == []


def test_a_list_is_a_selection_for_jobs_estimates_and_exports(admin: FlaskClient) -> None:
    """Alone, or with a field that is missing; the same key answers the same, though nothing is missing by then."""
    list_id = imported(admin, "id,Email,Shoe size\np1,ann@b.example,38\np2,,\n")["listId"]
    imported(admin, "id,Email,Hat size\np3,,7\n", "Else.csv")
    made = admin.post("/api/enrichment/jobs", json={**JOB, "list": "Berlin leads"})
    assert (made.status_code, made.get_json()["total"]) == (201, 2)
    assert admin.get(made.headers["Location"]).get_json()["listId"] == list_id
    assert admin.post(f"{made.headers['Location']}/cancel").status_code == 200
    assert admin.post(f"{made.headers['Location']}/retry").get_json()["listId"] == list_id
    admin.post("/api/enrichment/jobs", json={**JOB, "list": list_id, "pilot": 1})
    admin.post("/api/enrichment/jobs", json={**JOB, "entityIds": ["p1"]})
    jobs = admin.get(f"/api/enrichment/jobs?listId={list_id}").get_json()["jobs"]
    assert [(job["total"], job["listId"]) for job in jobs] == [(1, list_id), (2, list_id), (2, list_id)]
    missing = {**JOB, "list": "Berlin leads", "missing": "email"}
    assert admin.post("/api/enrichment/estimate", json=missing).get_json()["total"] == 1
    key = {"Idempotency-Key": "once"}
    first = admin.post("/api/enrichment/jobs", json=missing, headers=key)
    assert first.get_json()["total"] == 1
    admin.post("/api/people", json={"people": [{"id": "p2", "email": "b@b.example"}]})
    second = admin.post("/api/enrichment/jobs", json=missing, headers=key)
    assert (second.get_json()["jobId"], second.status_code) == (first.get_json()["jobId"], 201)
    assert admin.post("/api/enrichment/jobs", json=missing).get_json()["code"] == "empty_job"
    exported = admin.get("/api/people/export.csv?list=Berlin leads").text.splitlines()
    assert exported[0].removeprefix("\ufeff").split(",")[:4] == ["id", "Email", "Shoe size", "normalized_first_name"]
    assert [line.split(",")[:3] for line in exported[1:]] == [["p1", "ann@b.example", "38"], ["p2", "b@b.example", ""]]
    workbook = admin.get("/api/people/export.xlsx?list=Berlin leads").data
    told = admin.post(
        "/api/people/import?dryRun=true", data=workbook, content_type=FORMATS["xlsx"].media_type
    ).get_json()
    assert [column["header"] for column in told["columns"]][:3] == ["id", "Email", "Shoe size"]
    assert (told["total"], told["unchanged"]) == (2, 2)


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({**JOB, "list": "x", "entityIds": ["p1"]}, 422, "entityIds"),
        ({**JOB, "missing": "email", "entityIds": ["p1"]}, 422, "missing"),
        ({**JOB, "list": "mine", "missing": "shoeSize"}, 422, "missing"),
        ({**JOB, "list": "x"}, 404, None),
        ({**JOB, "entityType": "company", "list": "mine"}, 422, "list"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(
    admin: FlaskClient, body: dict[str, Any], status: int, path: str | None
) -> None:
    """With what was expected, and where."""
    admin.post(LISTS, json={"entityType": "person", "name": "mine"})
    for address in ("/api/enrichment/jobs", "/api/enrichment/estimate"):
        answer = admin.post(address, json=body)
        assert answer.status_code == status, answer.text
        assert [one["path"] for one in answer.get_json().get("details", [])] == ([path] if path else [])


def test_a_list_is_made_renamed_and_deleted_and_its_members_stay(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are given once in a workspace; unknown and repeated ids are told."""
    monkeypatch.setattr(lists, "_MEMBERS_A_DELETION", 1)
    admin.post("/api/people", json={"people": [{"id": "p1"}, {"id": "p2"}]})
    body = {"entityType": "person", "name": "mine", "entityIds": ["p1", "p2", "p1", "p9"]}
    made = admin.post(LISTS, json=body)
    assert (made.status_code, made.get_json()["entities"], made.get_json()["leftOut"]) == (201, 2, 2)
    address = made.headers["Location"]
    assert admin.post(LISTS, json=body).status_code == 409
    admin.post(LISTS, json={"entityType": "company", "name": "other"})
    assert admin.patch(address, json={"name": "other"}).status_code == 409
    assert admin.patch(address, json={"name": "ours"}).get_json()["name"] == "ours"
    for name in (" x", "a\tb", new_id(), "x" * 201):
        assert admin.patch(address, json={"name": name}).status_code == 422, name
    assert admin.post("/api/people/import?list=other", data="id\nx\n", content_type="text/csv").status_code == 422
    assert admin.delete(address).status_code == 204
    assert admin.get(address).status_code == admin.delete(address).status_code == 404
    assert len(admin.get("/api/people").get_json()["people"]) == 2


def test_coverage_is_what_was_counted_last(admin: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted in parts, goes on where its time was over, and counts white space as nothing."""
    monkeypatch.setattr(coverage, "SLICE_ROWS", 2)
    coverage._slice_query.cache_clear()
    people = [{"id": f"p{n}", "email": f"{n}@b.example" if n % 2 else " ", "skills": []} for n in range(5)]
    admin.post("/api/people", json={"people": people})
    list_id = admin.post(LISTS, json={"entityType": "person", "name": "m", "entityIds": ["p0", "p1", "p3", "p4"]}).json[
        "id"
    ]
    address = f"{LISTS}/{list_id}/coverage"
    assert admin.get(address).get_json() == {
        "listId": list_id, "entities": 0, "fields": [], "countedAt": None, "counting": None,
    }  # fmt: skip
    with app.app_context():
        begun = coverage.count_coverage(list_id, workspace_slug=None, seconds=0)
    assert (begun.counting, begun.counted_at) == (2, None)
    counted = admin.post(address).get_json()
    assert (counted["entities"], counted["counting"]) == (4, None)
    assert counted["fields"][0] == {"field": "email", "filled": 2, "percent": 50.0}
    assert {one["filled"] for one in counted["fields"][1:]} == {0}
    assert admin.get(address).get_json() == counted
    coverage._slice_query.cache_clear()


def test_an_erasure_takes_its_entity_out_of_lists_and_counts(admin: FlaskClient, app: Flask) -> None:
    """Also out of a count that has come to it, which else would keep its id."""
    admin.post("/api/people", json={"people": [{"id": "p1"}, {"id": "p2"}]})
    made = [
        admin.post(LISTS, json={"entityType": "person", "name": name, "entityIds": ["p1", "p2"]}).get_json()["id"]
        for name in ("m", "n")
    ]
    with app.app_context():
        view = lists.get_list(made[0], workspace_slug=None)
        count = coverage._Count("p2", 2, {})
        coverage._store_draft(view, count)
    assert admin.get(f"{LISTS}/{made[0]}/coverage").get_json()["counting"] == 2
    assert admin.delete("/api/people/p2").status_code == 204
    assert [admin.get(f"{LISTS}/{list_id}").get_json()["entities"] for list_id in made] == [1, 1]
    with app.app_context():
        coverage._store_draft(view, count)
    assert admin.get(f"{LISTS}/{made[0]}/coverage").get_json()["counting"] is None
    assert ids_of(admin, "m") == ["p1"]


def test_lists_of_two_workspaces_may_bear_one_name(app: Flask) -> None:
    """Each sees its own members under it."""
    clients = [client_with(app, make_key(app, "admin", workspace_slug=slug)) for slug in ("default", "north")]
    for number, client in enumerate(clients):
        imported(client, f"id,Email\np1,a@b.example\nq{number},b@b.example\n", "same.csv")
    assert [ids_of(client, "same") for client in clients] == [["p1", "q0"], ["p1", "q1"]]
    assert [len(client.get(LISTS).get_json()["lists"]) for client in clients] == [1, 1]


def test_an_estimate_looks_at_some_of_a_list(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all members it says how many they are; those without a value are looked for among the first by id."""
    rows = "".join(f"p{number},{'' if number > 3 else 'a@b.example'}\n" for number in range(9))
    imported(admin, "id,Email\n" + rows)
    ask = {**JOB, "list": "Berlin leads"}
    monkeypatch.setattr(money_routes, "MOST_SURVEYED", 2)
    whole = admin.post("/api/enrichment/estimate", json=ask).get_json()
    assert (whole["total"], whole["sampled"], whole["hasMore"]) == (9, 2, False)
    given = admin.post("/api/enrichment/estimate", json={**JOB, "entityIds": ["p1", "p2", "p1", "p3"]}).get_json()
    assert (given["total"], given["sampled"], given["duplicates"]) == (3, 2, 1)
    ask["missing"] = "email"
    found = admin.post("/api/enrichment/estimate", json=ask).get_json()
    assert (found["total"], found["sampled"], found["hasMore"]) == (5, 2, False)
    monkeypatch.setattr(money_routes, "LOOKS_AT", 6)
    found = admin.post("/api/enrichment/estimate", json=ask).get_json()
    assert (found["total"], found["sampled"], found["hasMore"]) == (9, 2, True), "all members may lack it"
    monkeypatch.setattr(money_routes, "LOOKS_AT", 3)
    found = admin.post("/api/enrichment/estimate", json=ask).get_json()
    assert (found["total"], found["sampled"], found["hasMore"]) == (9, 2, True), "found by the second search"
    monkeypatch.setattr(money_routes, "SEARCHES", 1)
    none = admin.post("/api/enrichment/estimate", json=ask)
    assert none.status_code == 422 and "None of the first 3 people by id" in none.get_json()["error"]
    other = admin.post("/api/enrichment/estimate", json={**ask, "workspaceSlug": "other"})
    assert other.status_code == 404, "another workspace's list"
