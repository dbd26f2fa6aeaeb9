"""The form of every error answer."""

import sqlite3
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app import create_app, logs
from app.config import Config
from app.extensions import db
from app.models import EnrichmentJob
from app.web.blueprint import flatten
from app.web.error_answers import answer_error

MARKER = "zq7marker"


def assert_error(response: TestResponse, status: int, code: str) -> dict[str, object]:
    """Check the form that all error answers have, and return the body."""
    assert (response.status_code, response.mimetype) == (status, "application/json")
    body: dict[str, object] = response.get_json()
    assert body["code"] == code
    assert body["requestId"] == response.headers["X-Request-Id"]
    assert isinstance(body["error"], str) and body["error"]
    assert set(body) <= {"error", "code", "requestId", "details", "retryAfter"}
    assert MARKER not in response.text
    return body


def test_unknown_address_is_404_without_echo(client: FlaskClient) -> None:
    """An address that nothing stands under is 404 and is not repeated."""
    assert_error(client.get(f"/api/{MARKER}"), 404, "not_found")
    # The client would take the first part of such an address for a host.
    assert_error(client.get("/", environ_overrides={"PATH_INFO": f"//api//{MARKER}"}), 404, "not_found")


def test_malformed_job_id_is_404(probe: FlaskClient) -> None:
    """A path id that cannot be one is like an unknown one."""
    assert_error(probe.get(f"/api/enrichment/jobs/{MARKER}"), 404, "not_found")
    assert_error(probe.post("/api/enrichment/jobs/1/pause"), 404, "not_found")


def test_wrong_method_is_405_with_allow(probe: FlaskClient) -> None:
    """A method that an address does not know is 405, and Allow names those that it knows."""
    response = probe.put("/api/enrichment/jobs/process")
    assert_error(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


def test_missing_credential_is_401_with_challenge(client: FlaskClient) -> None:
    """Without a credential the answer names the scheme that is expected."""
    response = client.get("/api/enrichment/jobs")
    assert_error(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_large_body_is_413(probe: FlaskClient) -> None:
    """A body of more than 16 MiB is refused by its length."""
    response = probe.post("/api/probe/any", data=b"x" * (16 * 1024 * 1024 + 1), content_type="application/json")
    assert_error(response, 413, "payload_too_large")


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (16 * 1024 * 1024 + 1, 413)])
def test_large_body_without_length_is_413(probe: FlaskClient, size: int, status: int) -> None:
    """A body in chunks, whose length nobody says, is not cut off in silence."""
    response = probe.post(
        "/api/probe/any",
        input_stream=BytesIO(b"{}" + b" " * (size - 2)),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-7", "application/xml", ""])
def test_other_media_type_is_415(probe: FlaskClient, content_type: str) -> None:
    """Only application/json in UTF-8 is taken."""
    assert_error(probe.post("/api/probe/any", data=b"{}", content_type=content_type), 415, "unsupported_media_type")


def test_encoded_body_is_415(probe: FlaskClient) -> None:
    """A compressed body is refused instead of being read as broken JSON."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert_error(probe.post("/api/probe/any", data=b"{}", headers=headers), 415, "unsupported_media_type")


def test_details_are_at_most_twenty(probe: FlaskClient) -> None:
    """However much is wrong, 20 details are told."""
    body = assert_error(probe.get("/api/probe/raise/conflict"), 409, "conflict")
    assert len(body["details"]) == 20  # type: ignore[arg-type]


def test_details_have_paths_in_camel_case(probe: FlaskClient) -> None:
    """A detail says where in the input, by position and outside name, and never what stood there."""
    rows = [{}, {"maxSize": 5000}, {"someText": MARKER}, {MARKER[:3] + " x": 1, "other": 1}]
    body = assert_error(probe.post("/api/probe/rows", json={"rows": rows}), 422, "invalid")
    assert sorted(body["details"], key=lambda entry: entry["path"]) == [  # type: ignore[call-overload]
        {"path": "rows.1.maxSize", "message": "expected a whole number from 1 to 1000"},
        {"path": "rows.2.someText", "message": "expected text of 1 to 5 characters"},
        {"path": "rows.3.?", "message": "is not known here"},
        {"path": "rows.3.other", "message": "is not known here"},
    ]


def test_missing_field_and_wrong_shape_are_422(probe: FlaskClient) -> None:
    """A missing member, a null and a body of the wrong kind each say what was expected."""
    body = assert_error(probe.post("/api/probe/rows", json={}), 422, "invalid")
    assert body["details"] == [{"path": "rows", "message": "is required"}]
    body = assert_error(probe.post("/api/probe/rows", json={"rows": None}), 422, "invalid")
    assert body["details"] == [{"path": "rows", "message": "may not be null"}]
    body = assert_error(probe.post("/api/probe/rows", json={"rows": [1]}), 422, "invalid")
    assert body["details"] == [{"path": "rows.0", "message": "expected an object"}]
    assert_error(probe.post("/api/probe/list", json={}), 422, "invalid")
    assert probe.post("/api/probe/list", json=[]).get_json() == []


@pytest.mark.parametrize(("kind", "seconds"), [("too-many", 7), ("unavailable", 5), ("locked", 5)])
def test_retry_after_is_in_header_and_body(probe: FlaskClient, kind: str, seconds: int) -> None:
    """429 and 503 say in both places how long to wait."""
    response = probe.get(f"/api/probe/raise/{kind}")
    assert response.status_code in {429, 503}
    assert response.headers["Retry-After"] == str(seconds)
    assert response.get_json()["retryAfter"] == seconds


@pytest.mark.parametrize("kind", ["bug", "app-bug", "refused", "marshmallow"])
def test_bug_is_500_without_internals(probe: FlaskClient, kind: str) -> None:
    """A bug is answered without its message, its SQL or its stack, in tests as in production."""
    response = probe.get(f"/api/probe/raise/{kind}")
    assert_error(response, 500, "internal_error")
    assert "example.com" not in response.text and "select" not in response.text


def test_locked_database_is_503(probe: FlaskClient) -> None:
    """A database that is locked is not a bug."""
    body = assert_error(probe.get("/api/probe/raise/locked"), 503, "database_unavailable")
    assert "select" not in str(body["error"])


def test_absent_database_is_503() -> None:
    """A database server that does not answer is 503 on every address that needs it."""
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    app = create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR"))
    response = app.test_client().get("/api/enrichment/jobs", headers={"Authorization": "Bearer tr_abc"})
    assert_error(response, 503, "database_unavailable")


def test_missing_table_says_what_to_run(context: Flask) -> None:
    """A database without our tables is told apart from one that is away."""
    db.session.connection().exec_driver_sql("alter table enrichment_jobs rename to elsewhere")
    with pytest.raises(Exception, match="enrichment_jobs") as caught:
        db.session.query(EnrichmentJob).all()
    with context.test_request_context():
        response = answer_error(caught.value)
    db.session.rollback()
    assert response.status_code == 503
    assert response.get_json()["code"] == "not_migrated"
    assert "flask db upgrade" in response.get_json()["error"]


def test_full_disk_is_503(context: Flask) -> None:
    """A full disk is the database's trouble and not a bug."""
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    error = OperationalError("insert", {}, full)
    with context.test_request_context():
        assert answer_error(error).status_code == 503


def test_bug_is_logged_without_personal_data(probe: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The log says where it happened; messages, which may hold values, stay out."""
    # The probe's log was set up before this test's output was caught.
    logs.configure(Config(LOG_LEVEL="ERROR"))
    for kind, name in (("bug", "ValueError"), ("refused", "ProgrammingError")):
        probe.get(f"/api/probe/raise/{kind}")
        logged = capsys.readouterr().err
        assert name in logged and "conftest.py" in logged
        assert "example.com" not in logged


def test_untrusted_host_is_400(migrated_sqlite: object) -> None:
    """A host name that is not among the trusted ones is refused."""
    app = create_app(Config(DATABASE_URL=f"sqlite:///{migrated_sqlite}", TRUSTED_HOSTS=("api.example",), TESTING=True))
    response = app.test_client().get("/healthz", headers={"Host": MARKER})
    assert_error(response, 400, "bad_request")
    with app.app_context():
        db.engine.dispose()


def test_flatten_walks_nested_messages() -> None:
    """Messages of fields, lists and whole schemas become paths."""
    messages = {"entities": {3: {"email": ["a", "b"]}, 4: {"_schema": ["c"]}}, "_schema": ["d"]}
    assert [(entry["path"], entry["message"]) for entry in flatten(messages)] == [
        ("entities.3.email", "a"),
        ("entities.3.email", "b"),
        ("entities.4", "c"),
        ("", "d"),
    ]
