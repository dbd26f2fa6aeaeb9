"""Who gets to see and to do what in the console: every page and form, for every kind of caller."""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.console import access
from app.db.session import transaction
from app.db.sql import insert_missing
from app.enrichment import queue
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models import ApiKey
from app.models.entity_list import entity_lists
from app.models.export import exports
from app.models.types import utcnow
from app.models.user import user_sessions
from app.models.user import users as users_table
from app.models.webhook import webhook_endpoints
from app.web import users
from tests.console.conftest import SignedIn, browser
from tests.security.doors import addresses_of
from tests.security.evidence import every_row
from tests.statements import statements
from tests.web.conftest import client_with, make_key

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Door:
    """Who is let in, and what is answered to whoever is, with an empty form and a job that is there."""

    scope: str
    status: int = 200


_JOB = "/console/jobs/{}"
_LIST = "/console/lists/{}"
_EXPORT = "/console/exports/{}"
_KEY = "/console/keys/{}"
_USER = "/console/users/{}"
_WEBHOOK = "/console/webhooks/{}"
LIST_ID, KEY_ID, USER_ID, EXPORT_ID, WEBHOOK_ID = (
    f"01900000-0000-7000-8000-00000000000{number}" for number in range(1, 6)
)
DOORS = {
    ("GET", "/"): Door("open", 302),
    ("GET", "/console"): Door("read"),
    ("GET", "/console/assets/{}"): Door("open", 404),
    ("GET", "/console/sign-in"): Door("open"),
    ("POST", "/console/sign-in"): Door("open", 403),
    ("POST", "/console/sign-out"): Door("read", 303),
    ("GET", "/console/sso"): Door("open", 404),
    ("GET", "/console/sso/return"): Door("open", 404),
    ("GET", "/console/link/{}"): Door("open", 404),
    ("POST", "/console/link/{}"): Door("open", 404),
    ("GET", "/console/jobs"): Door("read"),
    ("GET", _JOB): Door("read"),
    ("GET", f"{_JOB}/{{}}"): Door("write"),
    ("POST", f"{_JOB}/{{}}"): Door("write", 303),
    ("GET", f"{_JOB}/errors"): Door("read"),
    ("GET", f"{_JOB}/retry"): Door("write"),
    ("POST", f"{_JOB}/retry"): Door("write", 409),
    ("GET", f"{_JOB}/pilot"): Door("read", 409),
    ("POST", f"{_JOB}/pilot"): Door("write", 409),
    ("GET", f"{_JOB}/accept-held"): Door("write"),
    ("POST", f"{_JOB}/accept-held"): Door("write", 409),
    ("GET", "/console/new"): Door("write"),
    ("POST", "/console/new"): Door("write", 422),
    ("GET", "/console/import"): Door("write"),
    ("POST", "/console/import"): Door("write", 422),
    ("POST", "/console/import/run"): Door("write", 422),
    ("POST", "/console/import/refused"): Door("write", 422),
    ("GET", "/console/lists"): Door("read"),
    ("GET", _LIST): Door("read"),
    ("POST", f"{_LIST}/name"): Door("write", 422),
    ("POST", f"{_LIST}/coverage"): Door("write", 303),
    ("GET", f"{_LIST}/delete"): Door("write"),
    ("POST", f"{_LIST}/delete"): Door("write", 422),
    ("GET", "/console/{}"): Door("read"),
    ("GET", "/console/{}/{}"): Door("read"),
    ("GET", "/console/{}/{}/undo"): Door("write", 409),
    ("POST", "/console/{}/{}/undo"): Door("write", 409),
    ("GET", "/console/{}/{}/erase"): Door("admin"),
    ("POST", "/console/{}/{}/erase"): Door("admin", 422),
    ("GET", "/console/{}/export"): Door("write"),
    ("POST", "/console/{}/export"): Door("write", 303),
    ("GET", "/console/{}/export.{}"): Door("write"),
    ("GET", "/console/exports"): Door("write"),
    ("GET", f"{_EXPORT}/file"): Door("write", 409),
    ("POST", f"{_EXPORT}/delete"): Door("write", 303),
    ("GET", f"{_JOB}/undo"): Door("write"),
    ("POST", f"{_JOB}/undo"): Door("write", 422),
    ("GET", "/console/exclusions"): Door("read"),
    ("POST", "/console/exclusions"): Door("write", 303),
    ("GET", "/console/costs"): Door("read"),
    ("GET", "/console/providers"): Door("read"),
    ("POST", "/console/providers/{}/reset"): Door("admin", 303),
    ("POST", "/console/providers/{}/key"): Door("admin", 422),
    ("GET", "/console/yield"): Door("read"),
    ("GET", f"{_JOB}/yield"): Door("read"),
    ("GET", f"{_JOB}/what-if"): Door("read"),
    ("GET", f"{_LIST}/yield"): Door("read"),
    ("GET", f"{_LIST}/what-if"): Door("read"),
    ("GET", "/console/caps"): Door("admin"),
    ("GET", "/console/caps/set"): Door("admin", 422),
    ("POST", "/console/caps/set"): Door("admin", 422),
    ("GET", "/console/caps/remove"): Door("admin", 422),
    ("POST", "/console/caps/remove"): Door("admin", 422),
    ("GET", "/console/audit"): Door("admin"),
    ("GET", "/console/keys"): Door("admin"),
    ("POST", "/console/keys"): Door("admin", 422),
    ("GET", f"{_KEY}/revoke"): Door("admin"),
    ("POST", f"{_KEY}/revoke"): Door("admin", 422),
    ("GET", "/console/webhooks"): Door("admin"),
    ("POST", "/console/webhooks"): Door("admin", 422),
    ("GET", _WEBHOOK): Door("admin"),
    ("GET", f"{_WEBHOOK}/{{}}"): Door("admin"),
    ("POST", f"{_WEBHOOK}/{{}}"): Door("admin", 422),
    ("GET", "/console/users"): Door("admin"),
    ("POST", "/console/users"): Door("admin", 422),
    ("GET", _USER): Door("admin"),
    ("GET", f"{_USER}/{{}}"): Door("admin"),
    ("POST", f"{_USER}/{{}}"): Door("admin", 422),
    ("GET", "/console/process"): Door("process"),
    ("POST", "/console/process"): Door("process"),
}


def call(client: FlaskClient, method: str, address: str, job_id: str) -> TestResponse:
    """Knock, with what is there in the address where there is room for it."""
    return client.open(path_of(address, job_id), method=method, buffered=True)


def path_of(address: str, job_id: str) -> str:
    """Return the path of an address, with what is there in the one workspace."""
    if address == "/console/{}":
        return "/console/people"
    if address.startswith((_LIST, _EXPORT)):
        return address.format(LIST_ID if address.startswith(_LIST) else EXPORT_ID)
    if address.startswith((_KEY, _USER)):
        return address.format(KEY_ID if address.startswith(_KEY) else USER_ID, "disable")
    if address.startswith(_WEBHOOK):
        return address.format(WEBHOOK_ID, "remove")
    known = {
        "/console/{}/{}": ("people", "a"),
        "/console/{}/{}/undo": ("people", "a"),
        "/console/{}/{}/erase": ("people", "a"),
        "/console/{}/export": ("people",),
        "/console/{}/export.{}": ("people", "xlsx"),
        "/console/providers/{}/reset": ("prospeo",),
        "/console/providers/{}/key": ("prospeo",),
    }
    names = known.get(address)
    for name in names or (job_id, "cancel"):
        address = address.replace("{}", name, 1)
    return f"{address}?field=email" if address.endswith("/a/undo") else address


def new_job() -> str:
    """Make a person, a list, an export, a key, a user and a job in the one workspace."""
    with transaction() as session:
        upsert_entities("person", [{"id": "a"}], workspace_slug="default", session=session)
        insert_missing(session, entity_lists, [LIST], "id")
        insert_missing(session, exports, [EXPORT], "id")
        insert_missing(session, ApiKey.__table__, [KEY], "id")
        insert_missing(session, users_table, [USER], "id")
        insert_missing(session, webhook_endpoints, [WEBHOOK], "id")
    return queue.enqueue_job("person", "ai-normalizer", ["a", "b"])


def expected(caller: str, door: Door, address: str) -> int:
    """Return what a caller gets at a door."""
    if door.scope == "open":
        return 302 if address.endswith("sign-in") and caller not in OUTSIDERS else door.status
    if caller in OUTSIDERS:
        return 302
    role = caller.partition(" ")[0]
    if not {door.scope, "admin"} & access.SCOPES[role]:
        return 403
    is_bound = caller.endswith("elsewhere")
    is_owned = address.startswith((_JOB, _LIST, _EXPORT, _KEY, _USER, _WEBHOOK, "/console/{}/{}"))
    if is_bound and address.startswith(("/console/providers/{}/reset", "/console/caps")):
        return 403
    return 404 if is_bound and is_owned else door.status


LIST = {
    "id": LIST_ID,
    "workspace_slug": "default",
    "entity_type": "person",
    "name": "spring",
    "made_by": "ada",
    "row_count": 0,
    "entity_count": 0,
}
EXPORT = {
    "id": EXPORT_ID,
    "workspace_slug": "default",
    "entity_type": "person",
    "file_format": "csv",
    "status": "waiting",
    "created_by": "ada",
    **dict.fromkeys(("entities_done", "row_count", "byte_count", "part_count", "attempt", "lost_workers"), 0),
}
KEY = {"id": KEY_ID, "name": "reports", "secret_sha256": "0" * 64, "scopes": ["read"], "workspace_slug": "default"}
USER = {"id": USER_ID, "name": "ada", "role": "viewer", "workspace_slug": "default"}
WEBHOOK = {
    **{"id": WEBHOOK_ID, "workspace_slug": "default", "url": "https://hooks.example.com/x", "created_by": "ada"},
    **{"encrypted_secret": "x", "event_types": ["job.failed"]},
}
OUTSIDERS = ("anonymous", "expired", "disabled", "with a key")


def callers(app: Flask, signed_in: SignedIn) -> dict[str, FlaskClient]:
    """Make one of every kind."""
    found = {role: signed_in(role) for role in access.SCOPES}
    found |= {f"{role} elsewhere": signed_in(role, workspace_slug="elsewhere") for role in access.SCOPES}
    found |= {"expired": signed_in(name="late"), "disabled": signed_in(name="gone")}
    with app.app_context():
        users.disable_user("gone")
        late = next(user.id for user in users.list_users() if user.name == "late")
        ended = update(user_sessions).where(user_sessions.c.user_id == late)
        db.session.execute(ended.values(seen_at=utcnow(-13 * 3600.0)))
        db.session.commit()
    found["anonymous"] = browser(app)
    found["with a key"] = client_with(app, make_key(app, "admin"))
    found["with a key"].environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return found


@on_sqlite
def test_every_page_and_form_is_in_the_table(app: Flask) -> None:
    """A new address needs an entry that says who may use it, and says the same itself."""
    found = {(method, address): rule.endpoint for method, address, rule in addresses_of(app) if is_ours(rule)}
    assert set(found) == set(DOORS)
    for key, endpoint in found.items():
        assert getattr(app.view_functions[endpoint], "console_scope", None) == DOORS[key].scope, key


def only_reads(statement: str) -> bool:
    """Return whether a statement changes nothing, nor takes the lock for it."""
    return statement.startswith(("SELECT", "BEGIN")) and "IMMEDIATE" not in statement


def is_ours(rule: object) -> bool:
    """Return whether a rule is one of the console's."""
    return str(getattr(rule, "endpoint", "")).startswith("console.")


@on_sqlite
def test_each_caller_gets_through_its_doors_and_no_other(app: Flask, signed_in: SignedIn) -> None:
    """Role by page by action; who has no session is led to the sign-in, and has had nothing done."""
    wrong = []
    with app.app_context():
        kept = new_job()
    for caller, client in callers(app, signed_in).items():
        for (method, address), door in DOORS.items():
            if address in {"/console/sign-in", "/console/sign-out"} and method == "POST":
                continue
            with statements(app) as sent:
                response = call(client, method, address, kept)
            if method == "POST" and address.startswith((_JOB, _EXPORT)) and response.status_code == door.status:
                with app.app_context():
                    kept = new_job()
            is_refused = response.status_code in {302, 403, 404} and door.scope != "open"
            # Whoever takes a file is put down in the audit log.
            is_recorded = address.endswith("/export.{}")
            must_be_idle = is_refused or (method == "GET" and not is_recorded)
            is_idle = all(map(only_reads, sent)) or not must_be_idle
            if response.status_code != expected(caller, door, address) or not is_idle:
                wrong.append((caller, method, address, response.status_code, sent))
            assert response.headers["Cache-Control"] == "no-store"
    assert wrong == []


@on_sqlite
def test_no_form_of_another_site_does_anything(app: Flask, signed_in: SignedIn) -> None:
    """By the browser's word or, from one that gives none, by the origin; without either it is refused too."""
    client = signed_in("admin")
    client.environ_base.pop("HTTP_SEC_FETCH_SITE")
    forged = [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {},
    ]
    with app.app_context():
        job_id = new_job()
        before = every_row()
    for method, address in DOORS:
        if method == "POST":
            for headers in forged:
                assert client.post(path_of(address, job_id), headers=headers).status_code == 403, (address, headers)
    with app.app_context():
        assert every_row() == before
    from_here = client.post(f"/console/jobs/{job_id}/cancel", headers={"Origin": "http://localhost"})
    assert from_here.status_code == 303


@on_sqlite
def test_a_cookie_opens_nothing_of_the_api(app: Flask, signed_in: SignedIn) -> None:
    """The API takes keys alone."""
    client = signed_in("admin")
    for method, address, rule in addresses_of(app):
        if not is_ours(rule) and address.startswith("/api/enrichment") and "callbacks" not in address:
            assert call(client, method, address, "x").status_code in {401, 404}, address
    assert client.get("/api/enrichment/jobs").status_code == 401


@on_sqlite
def test_head_does_no_work(app: Flask, signed_in: SignedIn) -> None:
    """HEAD reads at most."""
    client = signed_in("admin")
    with app.app_context():
        job_id = new_job()
    for method, address in DOORS:
        with statements(app) as sent:
            response = call(client, "HEAD", address, job_id)
        assert response.data == b"" and (("GET", address) in DOORS) is (response.status_code != 405), (method, address)
        assert all(map(only_reads, sent)), sent
