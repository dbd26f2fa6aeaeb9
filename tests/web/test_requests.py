"""What every answer has: an id, headers, a log line."""

import errno
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.http import errors

from tests.web.conftest import client_with, make_key


@pytest.mark.parametrize("given", ["abc", "A.b_c-9", "x" * 64])
def test_request_id_is_kept(probe: FlaskClient, given: str) -> None:
    """A caller's usable id is used, so that both logs can be joined."""
    assert probe.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "é", "<script>", 'a"b'])
def test_request_id_is_made_where_unusable(probe: FlaskClient, given: str) -> None:
    """Anything else is replaced and never echoed."""
    made = probe.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert made != given and len(made) == 32


@pytest.mark.parametrize("url", ["/healthz", "/nothing", "/api/docs", "/api/enrichment/jobs", "/api/probe/raise/bug"])
def test_security_headers_are_on_every_answer(probe: FlaskClient, url: str) -> None:
    """Good or bad, an answer gives a browser nothing to run, frame, sniff or keep."""
    headers = probe.get(url).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert "Server" not in headers


def test_strict_transport_is_asked_for_over_https(probe: FlaskClient) -> None:
    """Only a secure answer asks for secure ones from then on."""
    headers = probe.get("/healthz", base_url="https://localhost").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_log_line_has_rule_and_no_path(make_app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a request: ids in paths and query strings may be personal data."""
    app = make_app(LOG_LEVEL="INFO")
    client = client_with(app, make_key(app, "read"))
    job_id = "01997b4e-0000-7000-8000-000000000000"
    client.get(f"/api/enrichment/jobs/{job_id}", headers={"X-Request-Id": "mine"})
    client.open("/healthz?secret=1", method="BREW")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    first, second = (line for line in lines if line["event"] == "request answered")
    assert first["rule"] == "/api/enrichment/jobs/<uuid:job_id>"
    assert (first["method"], first["status"], first["request_id"]) == ("GET", 404, "mine")
    assert first["duration_ms"] >= 0
    assert (second["method"], second["status"], second["rule"]) == ("other", 405, None)
    assert job_id not in str(lines) and "secret" not in str(lines)


class _BrokenStream(io.RawIOBase):
    """A body of which a part comes, and then an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._has_begun = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give a byte, then fail."""
        if self._has_begun:
            raise self._error
        self._has_begun = True
        buffer[:1] = b"{"
        return 1


_GUNICORN: list[Exception] = [
    errors.NoMoreData(),
    errors.InvalidChunkSize(b"ZZ"),
    errors.ChunkMissingTerminator(b""),
    errors.InvalidChunkExtension("x"),
    errors.InvalidHeader("x"),
    errors.InvalidHeaderName("x"),
    errors.LimitRequestHeaders("x"),
    errors.ObsoleteFolding("x"),
]
_SYSTEM: list[Exception] = [ConnectionResetError(104, "x"), BrokenPipeError(), TimeoutError(), EOFError(), ValueError()]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/api/probe/any", "application/json"),
        ("/api/people/import", "text/csv"),
        ("/api/people/import", "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_that_cannot_be_read_is_400(probe: FlaskClient, path: str, content_type: str) -> None:
    """However a server tells that the rest of a body does not come."""
    for error in [*_GUNICORN, *_SYSTEM]:
        environ = {"wsgi.input": _BrokenStream(error), "wsgi.input_terminated": True, "CONTENT_LENGTH": "99"}
        response = probe.post(path, content_type=content_type, environ_overrides=environ)
        assert (response.status_code, response.get_json()["code"]) == (400, "bad_request"), error


def test_no_room_for_an_upload_is_503(probe: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full folder for temporary files is no bug and may be over soon."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.entities.import_routes.copyfileobj", fail)
    response = probe.post("/api/people/import", data=b"id,full_name\np1,Ida Brandt\n", content_type="text/csv")
    assert (response.status_code, response.get_json()["code"]) == (503, "unavailable")
    assert response.headers["Retry-After"] == "5"
