"""Who gets through which door: every address and method, for every kind of caller."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import PROJECT_ROOT
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall import provider_keys, workspace_registry
from app.entities import exclusions, lists
from app.entities.export_files import NewExport, create_export
from app.entities.lists import NewList
from app.entities.upsert import upsert_entities
from app.models.types import new_id
from app.web import api_keys
from app.web.api_keys import Scope
from app.webhooks import endpoints
from app.webhooks.events import EventType
from tests.conftest import CRON_SECRET
from tests.security.doors import ALL, DOORS, Door, listed_doors, open_doors
from tests.security.evidence import every_row
from tests.statements import statements
from tests.web.conftest import client_with, make_key

WORKSPACE = "default"
"""Where the objects are."""
_LIKE_NAMES = ("/import", "/import-preview", "/import-refused", "/export.csv", "/export.xlsx", "/export.parquet",
               "}/receipt", "}/undo")  # fmt: skip
"""Ends of addresses that the name of an entity may look like."""
OWNED = ("job", "list", "person", "company", "exclusion", "provider key", "webhook", "export")
"""The kinds of objects that belong to a workspace."""
SCOPES: dict[str, tuple[str, ...]] = {scope: (scope,) for scope in Scope} | {"everything": tuple(Scope)}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where it makes no difference which database it is."""


def clients(app: Flask) -> dict[str, FlaskClient]:
    """Make one of every kind of caller."""
    revoked = make_key(app, *Scope)
    with app.app_context():
        api_keys.revoke_key(api_keys.list_keys()[-1].id)
    return {
        "anonymous": app.test_client(),
        "garbage": client_with(app, "tr_" + "x" * 43),
        "revoked": client_with(app, revoked),
        "cron": client_with(app, CRON_SECRET),
        **{name: client_with(app, make_key(app, *scopes)) for name, scopes in SCOPES.items()},
        "all scopes here": client_with(app, make_key(app, *Scope, workspace_slug=WORKSPACE)),
        "all scopes elsewhere": client_with(app, make_key(app, *Scope, workspace_slug="elsewhere")),
    }


def expected(caller: str, door: Door) -> int:
    """Return what a caller gets at a door, by the rules of docs/api.md."""
    if door.scope is None:
        return door.status
    if caller in {"anonymous", "garbage", "revoked"}:
        return 401
    if caller == "cron":
        return door.status if door.takes_cron_secret else 401
    if caller in SCOPES:
        return door.status if {door.scope, "admin"} & set(SCOPES[caller]) else 403
    if door.is_for_all_workspaces:
        return 403
    return 404 if caller == "all scopes elsewhere" and door.is_owned else door.status


def make_object(kind: str) -> str:
    """Make what an address names, in the one workspace, and return its name; something everybody knows otherwise."""
    if kind == "job":
        return queue.enqueue_job("person", "ai-normalizer", ["a", "b"], workspace_slug=WORKSPACE)
    if kind == "provider key":
        return provider_keys.set_key("prospeo", "a-key-of-their-own", WORKSPACE, set_by="test").provider
    if kind == "exclusion":
        exclusions.add(["acme.example"], WORKSPACE)
        return "acme.example"
    if kind == "webhook":
        # Of what does not happen here: nothing is sent.
        url, events = "https://hooks.example.com/x", [EventType.JOB_FAILED]
        return endpoints.create_endpoint(url, WORKSPACE, created_by="test", events=events)[0].id
    if kind == "export":
        return create_export(NewExport("person", "csv", WORKSPACE, "test")).id
    if kind == "list":
        return lists.create_list(NewList("person", WORKSPACE, f"list {new_id()[:13]}", "test"))[0].id
    if kind in {"person", "company"}:
        with transaction() as session:
            upsert_entities(kind, [{"id": "some/one"}], workspace_slug=WORKSPACE, session=session)
        return "some/one"
    return {"a provider": "prospeo", "a file": "docs.js", "any list": new_id()}.get(kind, "unknown")


def unknown_name(kind: str) -> str:
    """Return a name of the same form under which there is nothing."""
    return {
        "job": new_id(),
        "list": new_id(),
        "exclusion": "other.example",
        "provider key": "findymail",
        "webhook": new_id(),
        "export": new_id(),
    }.get(kind, "any/one")


def call(client: FlaskClient, method: str, address: str, name: str = "", **options: Any) -> TestResponse:
    """Send a request with an empty body."""
    query = ALL[method, address].query if (method, address) in ALL else ""
    return client.open(address.replace("{}", name) + query, method=method, buffered=True, **options)


@on_sqlite
def test_every_door_is_in_the_table(app: Flask) -> None:
    """A new address needs an entry that says who may use it."""
    assert open_doors(app) == set(ALL)


def test_the_table_says_what_the_documentation_says() -> None:
    """Whom docs/api.md lets in is who is let in here."""
    page = (PROJECT_ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    words = {
        key: "its address"
        if "callbacks" in key[1]
        else (door.scope or "none")
        + (", or the cron secret" if door.takes_cron_secret else "")
        + (", for all workspaces" if door.is_for_all_workspaces else "")
        for key, door in DOORS.items()
    }
    assert listed_doors(page) == words


@on_sqlite
def test_each_caller_gets_through_its_doors_and_no_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every door for every caller; whoever is refused has had nothing done but a look at his key."""
    # Whether a workspace has keys of its own is known from its first door on, however slow the machine is.
    monkeypatch.setattr(workspace_registry, "KEYS_SECONDS", 3600.0)
    wrong = []
    untouched: dict[str, str] = {}
    with statements(app) as sent:
        for caller, client in clients(app).items():
            for (method, address), door in ALL.items():
                if door.names and door.names not in untouched:
                    with app.app_context():
                        untouched[door.names] = make_object(door.names)
                name = untouched.get(door.names, "")
                sent.clear()
                response = call(client, method, address, name)
                wanted = expected(caller, door)
                if wanted not in {401, 403, 404}:
                    untouched.pop(door.names, None)
                # Two looks: SQLite begins the read as a statement of its own.
                is_idle = response.status_code not in {401, 403} or (
                    len(sent) <= 2 and all("api_keys" in one or one == "BEGIN" for one in sent)
                )
                challenge = response.headers.get("WWW-Authenticate")
                is_challenged = (challenge == "Bearer") is (response.status_code == 401)
                if response.status_code != wanted or not (is_idle and is_challenged):
                    wrong.append((caller, method, address, response.status_code, wanted, list(sent)))
    assert wrong == []


@pytest.mark.parametrize("kind", OWNED)
def test_what_is_another_workspaces_is_like_unknown(app: Flask, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very same answer, after the same statements, and nothing has changed."""
    # Of two calls within a second only the first would look the key up.
    monkeypatch.setattr(api_keys, "KEY_SECONDS", 0.0)
    stranger = client_with(app, make_key(app, *Scope, workspace_slug="elsewhere"))
    doors = [(method, address) for (method, address), door in ALL.items() if door.names == kind]
    assert len(doors) >= 1
    with app.app_context():
        name = make_object(kind)
        before = every_row()
    for method, address in doors:
        answers = []
        for asked in (name, unknown_name(kind)):
            with statements(app) as sent:
                response = call(stranger, method, address, asked)
            body = response.get_json()
            assert response.headers["X-Request-Id"] == body.pop("requestId")
            headers = {key: value for key, value in response.headers if key not in {"X-Request-Id", "Date"}}
            answers.append((response.status_code, body, headers, list(sent)))
        assert answers[0] == answers[1], (method, address)
        assert answers[0][0] == 404
    with app.app_context():
        assert every_row() == before


def test_a_bound_key_reaches_nothing_elsewhere_by_parameters(app: Flask) -> None:
    """Neither by naming the workspace or a job, nor in a list, a report, a file or an estimate."""
    stranger = client_with(app, make_key(app, *Scope, workspace_slug="elsewhere"))
    with app.app_context():
        objects = {kind: make_object(kind) for kind in OWNED}
        before = what_stays()
    for address in ("people", "companies", "people/export.csv", "companies/export.csv",
                    "people/export.xlsx", "companies/export.xlsx", "enrichment/jobs", "lists",
                    "enrichment/exclusions", "enrichment/exports", "enrichment/costs",
                    "enrichment/provider-keys", "enrichment/yield", "audit", "webhooks",
                    "people/some/one", "companies/some/one",
                    "people/some/one/receipt", "companies/some/one/receipt"):  # fmt: skip
        named = "&groupBy=job" if address.endswith("costs") else ""
        assert call(stranger, "GET", f"/api/{address}?workspaceSlug={WORKSPACE}{named}").status_code == 403, address
        listed = call(stranger, "GET", f"/api/{address}?workspaceSlug=elsewhere{named}")
        assert not any(name in text_of(listed) for name in objects.values()), address
    for address in (
        f"{plural}/import{step}" for plural in ("people", "companies") for step in ("", "-preview", "-refused")
    ):
        csv = {"data": b"id\nx\n", "content_type": "text/csv"}
        assert call(stranger, "POST", f"/api/{address}?workspaceSlug={WORKSPACE}", **csv).status_code == 403
    bodies = {
        "people": {"people": [{"id": "some/one", "email": "a@b.example"}]},
        "companies": {"companies": [{"id": "some/one", "name": "x"}]},
        "enrichment/jobs": {"entityType": "person", "provider": "ai-normalizer", "entityIds": ["some/one"]},
        "enrichment/estimate": {"entityType": "person", "provider": "ai-normalizer", "entityIds": ["some/one"]},
        "enrichment/exclusions": {"values": ["x.example"]},
        "enrichment/exports": {"entityType": "person"},
        "lists": {"entityType": "person", "name": "x"},
        "webhooks": {"url": "https://hooks.example.com/y"},
    }
    for address, body in bodies.items():
        json = {**body, "workspaceSlug": WORKSPACE}
        assert call(stranger, "POST", f"/api/{address}", json=json).status_code == 403, address
    own_key = "/api/enrichment/provider-keys/prospeo"
    put = call(stranger, "PUT", own_key, json={"key": "a-key-of-a-stranger", "workspaceSlug": WORKSPACE})
    deleted = call(stranger, "DELETE", f"{own_key}?workspaceSlug={WORKSPACE}")
    shown = call(stranger, "GET", f"/api/enrichment/providers?workspaceSlug={WORKSPACE}")
    assert {put.status_code, deleted.status_code, shown.status_code} == {403}
    for method in ("GET", "POST"):
        process = "/api/enrichment/jobs/process"
        assert call(stranger, method, process).get_json() == {"message": "no pending jobs"}
        asked = [call(stranger, method, f"{process}?jobId={job_id}") for job_id in (objects["job"], new_id())]
        assert {(one.status_code, one.get_json()["error"]) for one in asked} == {(404, "There is no such job.")}
    for address in ("people", "people/export.csv", "people/export.xlsx"):
        named = call(stranger, "GET", f"/api/{address}?list={objects['list']}")
        assert (named.status_code, named.get_json()["error"]) == (404, "There is no such list.")
    renamed = call(stranger, "PATCH", f"/api/lists/{objects['list']}", json={"name": "mine"})
    assert (renamed.status_code, renamed.get_json()["error"]) == (404, "There is no such list.")
    of_list = {"entityType": "person", "provider": "ai-normalizer", "list": objects["list"]}
    for address in ("enrichment/jobs", "enrichment/estimate"):
        assert call(stranger, "POST", f"/api/{address}", json=of_list).status_code == 404
    exported = {"entityType": "person", "list": objects["list"]}
    assert call(stranger, "POST", "/api/enrichment/exports", json=exported).status_code == 404
    csv = {"data": b"id\nx\n", "content_type": "text/csv"}
    assert call(stranger, "POST", f"/api/people/import?list={objects['list']}", **csv).status_code == 404
    with app.app_context():
        assert what_stays() == before


def what_stays() -> dict[str, list[str]]:
    """Return every row, but for heartbeats and events: whoever takes a file with nobody in it leaves one too."""
    return {
        name: rows for name, rows in every_row().items() if name not in {"heartbeats", "audit_events", "worker_bounds"}
    }


def text_of(response: TestResponse) -> str:
    """Return what an answer says; a workbook says it in its parts."""
    if not response.data.startswith(b"PK"):
        return response.text
    with ZipFile(BytesIO(response.data)) as workbook:
        return b"".join(map(workbook.read, workbook.namelist())).decode()


@on_sqlite
def test_head_and_options_and_unknown_methods_do_no_work(app: Flask) -> None:
    """HEAD reads at most, the others not even that, whoever asks."""
    callers = [client_with(app, make_key(app, *Scope)), client_with(app, CRON_SECRET), app.test_client()]
    with app.app_context():
        names = {door.names: make_object(door.names) for door in ALL.values() if door.names}
        before = every_row()
    # An entity may be called "import" or "a/receipt"; such a name is looked up for the methods that have no other use.
    of_names = {"GET", "DELETE"}
    known = {
        address: {method for method, other in ALL if other == address}
        | (of_names if address.endswith(_LIKE_NAMES) else set())
        for _, address in ALL
    }
    for client in callers:
        for (_, address), door in ALL.items():
            for method in {"OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - known[address]:
                with statements(app) as sent:
                    response = call(client, method, address, names.get(door.names, ""))
                assert (response.status_code, sent) == (200 if method == "OPTIONS" else 405, []), (method, address)
                assert response.text == "" or method != "OPTIONS"
            with statements(app) as sent:
                response = call(client, "HEAD", address, names.get(door.names, ""))
            assert response.data == b""
            assert "GET" in known[address] or response.status_code == 405
            assert all(one.startswith(("SELECT", "BEGIN")) and "IMMEDIATE" not in one for one in sent), sent
    with app.app_context():
        assert every_row() == before


@on_sqlite
def test_head_of_the_webhook_is_refused(app: Flask) -> None:
    """GET works there, so HEAD would."""
    for client in (client_with(app, CRON_SECRET), client_with(app, make_key(app, "admin"))):
        response = client.head("/api/enrichment/jobs/process")
        assert response.status_code == 405
        assert "HEAD" not in response.headers["Allow"]


def test_unmarked_view_is_refused(probe: FlaskClient) -> None:
    """A view whose author forgot the scope is closed, even to an admin."""
    assert probe.get("/api/probe/unmarked").status_code == 403
    assert probe.application.test_client().get("/api/probe/unmarked").status_code == 401
