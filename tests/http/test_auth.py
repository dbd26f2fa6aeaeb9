"""Who may call what."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select
from werkzeug.routing import Rule

from app import auth
from app.auth import PUBLIC, Scope
from app.errors import Invalid, NotFound
from app.extensions import db
from app.models import ApiKey
from app.models.types import new_id
from tests.conftest import CRON_SECRET
from tests.http.conftest import Login, client_with, make_key

PROCESS = "/api/enrichment/jobs/process"
HOSTILE = [
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer  ",
    "Bearer é",
    "Bearer \xff\xfe",
    "Bearer tr_\u00e9",
    "Bearer \u5bc6",
    f"Bearer {CRON_SECRET} ",
    f"Bearer {CRON_SECRET},Bearer {CRON_SECRET}",
    f"Bearer {CRON_SECRET}\u00a0",
    f"Basic {CRON_SECRET}",
    "Basic Og==",
    "Bearer tr_" + "x" * 100_000,
    "Bearer tr_" + "x" * 43,
    "Bearer tr_",
    "Bearer null",
    "Bearer None",
    CRON_SECRET,
    "Digest a=b",
    "Bearer " + CRON_SECRET[:-1],
    "Bearer " + CRON_SECRET.upper(),
]


def closed_calls(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Yield each rule that needs a credential, with its methods and an address."""
    samples = {"uuid": new_id(), "path": "some/id", "string": "some"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            converters = {"PathConverter": "path", "UUIDConverter": "uuid"}
            values = {
                name: samples[converters.get(type(converter).__name__, "string")]
                for name, converter in rule._converters.items()
            }
            with app.test_request_context():
                url = app.url_for(rule.endpoint, **values)
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield rule, method, url


def scope_of(app: Flask, rule: Rule, method: str) -> str | None:
    """Return the scope that a view is marked with."""
    with app.test_request_context(method=method):
        view = app.view_functions[rule.endpoint]
        view_class = getattr(view, "view_class", None)
        handler = getattr(view_class, method.lower(), None) or getattr(view_class, "get", None) if view_class else view
        return getattr(handler, "required_scope", None)


def test_every_closed_view_names_its_scope(app: Flask) -> None:
    """No view of the service is without a mark."""
    calls = list(closed_calls(app))
    assert len(calls) > 10
    assert [(rule.rule, method) for rule, method, _ in calls if scope_of(app, rule, method) is None] == []


def test_every_closed_address_is_401_without_credential(app: Flask, client: FlaskClient) -> None:
    """Nothing but the public addresses answers a stranger."""
    for _rule, method, url in closed_calls(app):
        assert (method, url, client.open(url, method=method).status_code) == (method, url, 401)


def test_every_closed_address_is_403_with_other_scopes(app: Flask) -> None:
    """A key without the view's scope is refused, whatever else it may do."""
    clients = {
        scope: client_with(app, make_key(app, *set(Scope) - {scope, Scope.ADMIN}))
        for scope in (Scope.READ, Scope.WRITE, Scope.PROCESS, Scope.ADMIN)
    }
    for rule, method, url in closed_calls(app):
        scope = Scope(scope_of(app, rule, method) or "")
        assert (method, url, clients[scope].open(url, method=method).status_code) == (method, url, 403)


def test_every_closed_address_is_open_to_its_scope_and_to_admin(app: Flask) -> None:
    """The scope that a view names is enough, and admin implies it."""
    clients = {scope: client_with(app, make_key(app, scope)) for scope in Scope}
    for rule, method, url in closed_calls(app):
        for scope in (Scope(scope_of(app, rule, method) or ""), Scope.ADMIN):
            assert clients[scope].open(url, method=method).status_code not in {401, 403}, (method, url)


def test_cron_secret_opens_the_process_calls_only(app: Flask, cron: FlaskClient) -> None:
    """The cron secret is good for one address."""
    for rule, method, url in closed_calls(app):
        expected = rule.rule == PROCESS
        assert (cron.open(url, method=method).status_code == 200) is expected, (method, url)


def test_unmarked_view_is_refused(probe: FlaskClient) -> None:
    """A view whose author forgot the scope is closed, even to an admin."""
    assert probe.get("/api/probe/unmarked").status_code == 403
    assert probe.application.test_client().get("/api/probe/unmarked").status_code == 401


def test_public_addresses_need_no_credential(client: FlaskClient) -> None:
    """Health and the documents are open."""
    for url in ("/healthz", "/readyz", "/api/openapi.json", "/api/docs", "/api/docs/assets/docs.js"):
        assert client.get(url, buffered=True).status_code == 200


def test_head_never_works_on_process(login: Login, cron: FlaskClient) -> None:
    """HEAD of the webhook is refused before anything runs, whoever asks."""
    for client in (cron, login("admin")):
        response = client.head(PROCESS)
        assert response.status_code == 405
        assert "HEAD" not in response.headers["Allow"]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_credential_is_401(app: Flask, value: str) -> None:
    """What is no credential of ours is 401 and never a bug, on both kinds of address."""
    client = app.test_client()
    environ = {"HTTP_AUTHORIZATION": value}
    for method, url in (("GET", "/api/enrichment/jobs"), ("GET", PROCESS), ("POST", PROCESS)):
        response = client.open(url, method=method, environ_overrides=environ)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_is_taken_in_any_case(app: Flask, scheme: str) -> None:
    """The scheme's name has no case, and may be followed by several spaces."""
    headers = {"Authorization": f"{scheme}  {CRON_SECRET}"}
    assert app.test_client().get(PROCESS, headers=headers).status_code == 200


@pytest.mark.parametrize("value", [None, "Bearer ", "Bearer x", "Bearer None", "Bearer " + CRON_SECRET])
def test_door_is_shut_and_says_so_without_secret(make_app: Any, value: str | None) -> None:
    """With no secret configured no token opens the webhook, and the answer names the setting."""
    client = make_app(CRON_SECRET=None).test_client()
    response = client.get(PROCESS, headers={"Authorization": value} if value else {})
    assert response.status_code == 401
    assert "CRON_SECRET is not set" in response.get_json()["error"]


def test_key_drives_the_queue_without_secret(make_app: Any) -> None:
    """A key with the scope does not need the secret to be set."""
    app = make_app(CRON_SECRET=None)
    assert client_with(app, make_key(app, "process")).post(PROCESS).status_code == 200


def test_refused_cron_call_is_logged_without_token(make_app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A renamed secret shows in the log; the token that was sent does not."""
    app = make_app(LOG_LEVEL="INFO")
    key = make_key(app, "read")
    client = app.test_client()
    for token in ("wrong-token-of-cron", key):
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "vercel-cron/1.0"}
        assert client.get(f"{PROCESS}?maxSeconds=1", headers=headers).status_code in {401, 403}
    logged = capsys.readouterr().err
    assert logged.count("process call refused") == 2
    assert '"is_from_cron": true' in logged and "request answered" in logged
    for secret in ("wrong-token-of-cron", key, CRON_SECRET, "maxSeconds"):
        assert secret not in logged


def test_accepted_calls_log_no_token(make_app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does a token that was good."""
    app = make_app(LOG_LEVEL="DEBUG")
    key = make_key(app, "admin")
    client_with(app, CRON_SECRET).post(PROCESS)
    client_with(app, key).get("/api/enrichment/jobs")
    logged = capsys.readouterr().err
    assert "request answered" in logged
    assert key not in logged and CRON_SECRET not in logged


def test_no_transaction_is_open_after_authentication(app: Flask) -> None:
    """Provider calls may follow, and none may hold a transaction."""
    key = make_key(app, "read")
    with app.test_request_context("/api/enrichment/jobs", headers={"Authorization": f"Bearer {key}"}):
        app.preprocess_request()
        assert auth.principal().kind == "key"
        assert not db.session.registry().in_transaction()


def test_key_is_stored_as_digest_only(context: Flask) -> None:
    """Who reads the database learns no key."""
    view, secret = auth.create_key("reader", ["read", "read"], "north")
    assert re.fullmatch(r"tr_[A-Za-z0-9_-]{43}", secret)
    row = db.session.execute(select(ApiKey)).scalar_one()
    values = [getattr(row, column.key) for column in inspect(ApiKey).column_attrs]
    assert not any(secret[3:] in str(value) for value in values)
    assert (view.scopes, view.workspace_slug, view.revoked_at) == (["read"], "north", None)
    assert auth.list_keys() == [view]


@pytest.mark.parametrize(
    ("name", "scopes", "workspace_slug"),
    [
        ("", ["read"], None),
        ("x" * 101, ["read"], None),
        ("a\0", ["read"], None),
        ("a", [], None),
        ("a", ["root"], None),
        ("a", ["read"], "North"),
        ("a", ["read"], ""),
    ],
)
def test_key_is_refused_with_bad_parts(context: Flask, name: str, scopes: list[str], workspace_slug: Any) -> None:
    """A key has a name, known scopes and the name of a workspace, or none."""
    with pytest.raises(Invalid):
        auth.create_key(name, scopes, workspace_slug)


def test_revoked_key_is_401(app: Flask, login: Login) -> None:
    """A revoked key is like an unknown one; to revoke it again changes nothing."""
    client = login("read")
    assert client.get("/api/enrichment/jobs").status_code == 200
    with app.app_context():
        key_id = auth.list_keys()[0].id
        revoked = auth.revoke_key(key_id)
        assert revoked.revoked_at is not None
        assert auth.revoke_key(key_id) == revoked
    assert client.get("/api/enrichment/jobs").status_code == 401


@pytest.mark.parametrize("key_id", ["", "x", "01997b4e-0000-7000-8000-000000000000"])
def test_unknown_key_cannot_be_revoked(context: Flask, key_id: str) -> None:
    """A mistyped id is told."""
    with pytest.raises(NotFound, match="no such key"):
        auth.revoke_key(key_id)
