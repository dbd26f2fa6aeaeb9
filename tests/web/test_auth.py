"""Who may call what."""

from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from app.web import auth
from tests.conftest import CRON_SECRET
from tests.web.conftest import client_with, make_key

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
