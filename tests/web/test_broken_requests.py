"""Requests that break off, are framed wrongly or come from a careless proxy, over sockets to the real server."""

import json
import os
import shutil
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import Config
from app.enrichment.waterfall.callbacks import sign
from app.extensions import db
from tests.conftest import CRON_SECRET
from tests.forks import Process
from tests.web.conftest import make_key

SECRET_KEY = "a-secret-key-for-tests"
REQUEST_ID = "01997b4e-0000-7000-8000-000000000000"
CALLBACK = f"/api/enrichment/callbacks/{REQUEST_ID}/{sign(SECRET_KEY, REQUEST_ID)}"

_JOB = b'{"entityType":"person","provider":"ai-normalizer","entityIds":["p1"]}'
_PEOPLE = b'{"people":[{"id":"p1","fullName":"Ida Brandt"}]}'
_COMPANIES = b'{"companies":[{"id":"c1","name":"Nordlicht"}]}'
_CSV = b"id,full_name\np1,Ida Brandt\n"
_FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n' + _CSV + b"\r\n--b--\r\n"

BODIES = {
    "/api/enrichment/jobs": ("application/json", _JOB),
    "/api/enrichment/estimate": ("application/json", _JOB),
    "/api/enrichment/exclusions": ("application/json", b'{"values":["acme.example"]}'),
    "/api/people": ("application/json", _PEOPLE),
    "/api/companies": ("application/json", _COMPANIES),
    "/api/people/import": ("text/csv", _CSV),
    "/api/companies/import": ("text/csv", b"id,name\nc1,Nordlicht\n"),
    "/api/people/import?workspaceSlug=default": ("multipart/form-data; boundary=b", _FORM),
    CALLBACK: ("application/json", b'{"status":"not_found"}'),
}
"""Every address that takes a body, each with one that it takes."""


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def broken_framings(body: bytes) -> dict[str, bytes]:
    """Return bodies in chunks, each framed wrongly at some point after its content has come, or before."""
    whole = _chunk(body)
    return {
        "a size that is no number": b"ZZ\r\n" + body + b"\r\n0\r\n\r\n",
        "a negative size": b"-5\r\n" + body + b"\r\n0\r\n\r\n",
        "an empty size": b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a size with a space": b" %x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        "a size with 0x": b"0x%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        "a size with an underscore": b"1_0\r\n" + body + b"\r\n0\r\n\r\n",
        "a size line without an end": b"1" * 20_000,
        "a bad extension": b'%x;a="\r\n' % len(body) + body + b"\r\n0\r\n\r\n",
        "a chunk longer than its size": b"%x\r\n" % (len(body) - 1) + body + b"\r\n0\r\n\r\n",
        "a chunk that breaks off": b"%x\r\n" % (len(body) + 10) + body,
        "no line break after a chunk": b"%x\r\n" % len(body) + body + b"0\r\n\r\n",
        "a bad size after the content": whole + b"ZZ\r\n",
        "no last chunk": whole,
        "a trailer without an end": whole + b"0\r\nX-Trailer: 1\r\n",
        "a trailer without a name": whole + b"0\r\n: x\r\n\r\n",
        "a forged trailer": whole + b"0\r\nContent-Length: 5\r\n\r\n",
        "a trailer too long": whole + b"0\r\nX-Trailer: " + b"x" * 20_000 + b"\r\n\r\n",
    }


@dataclass(frozen=True)
class Server:
    """A gunicorn with the project's settings, and the database behind it."""

    port: int
    key: str
    database: Path
    log: Path

    def send(self, raw: bytes, *, ends: bool = True) -> list[tuple[int, dict[str, str], bytes]]:
        """Send bytes, by default with an end after them, and return the answers until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            try:
                connection.sendall(raw)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
                received = b"".join(iter(lambda: connection.recv(65_536), b""))
            except ConnectionResetError:
                received = b""
        return list(_answers(received))

    def post(self, path: str, headers: bytes, body: bytes, **options: Any) -> list[tuple[int, dict[str, str], bytes]]:
        """Send a POST with a key, whatever its headers and body say of each other."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\nConnection: close\r\n"
        return self.send(head.encode() + headers + b"\r\n\r\n" + body, **options)

    def get(self, path: str, headers: str = "") -> tuple[int, dict[str, str], bytes]:
        """Send a GET and return its one answer."""
        (answer,) = self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode())
        return answer

    def stored(self) -> dict[str, int]:
        """Count the rows of what a request may store."""
        tables = ("enrichment_jobs", "people", "companies", "exclusions", "import_files")
        with sqlite3.connect(self.database) as connection:
            return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def _answers(received: bytes) -> Iterator[tuple[int, dict[str, str], bytes]]:
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        yield int(status_line.split()[1]), headers, rest[:length]
        received = rest[length:]


def _start(folder: Path, database: Path, **settings: str) -> tuple[Process, int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{database}",
        "CRON_SECRET": CRON_SECRET,
        "SECRET_KEY": SECRET_KEY,
        "PUBLIC_URL": "https://tranche.example",
        "WEB_CONCURRENCY": "1",
        **settings,
    }
    with (folder / "log").open("wb") as log:
        process = Process(["gunicorn", "--bind", f"127.0.0.1:{port}"], environment, output=log.fileno())
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process, port
    raise AssertionError((folder / "log").read_text())


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole module, with the prefix `/behind` for who comes from an address of a proxy."""
    folder = tmp_path_factory.mktemp("server")
    database = folder / "served.db"
    shutil.copy(migrated_sqlite, database)
    app = create_app(Config(DATABASE_URL=f"sqlite:///{database}", TESTING=True, LOG_LEVEL="ERROR"))
    key = make_key(app, "read", "write", "process")
    with app.app_context():
        db.engine.dispose()
    process, port = _start(folder, database)
    yield Server(port, key, database, folder / "log")
    process.end()


def assert_refused(answers: list[tuple[int, dict[str, str], bytes]], status: int, code: str) -> None:
    """Check that there is one answer, with an error in the form of all errors."""
    assert len(answers) == 1
    came, headers, body = answers[0]
    assert (came, headers["content-type"]) == (status, "application/json")
    error = json.loads(body)
    assert (error["code"], error["requestId"]) == (code, headers["x-request-id"])
    assert set(error) == {"error", "code", "requestId"}


@pytest.mark.parametrize("path", BODIES)
def test_broken_chunks_are_400_and_store_nothing(server: Server, path: str) -> None:
    """A body in chunks that is framed wrongly is the caller's mistake, at every address that takes one."""
    content_type, body = BODIES[path]
    headers = f"Transfer-Encoding: chunked\r\nContent-Type: {content_type}".encode()
    before = server.stored()
    for name, framed in broken_framings(body).items():
        answers = server.post(path, headers, framed)
        try:
            assert_refused(answers, 400, "bad_request")
        except AssertionError as exc:
            raise AssertionError(f"{name}: {answers}") from exc
    assert server.stored() == before


@pytest.mark.parametrize("path", BODIES)
def test_a_body_shorter_than_announced_is_400_and_stores_nothing(server: Server, path: str) -> None:
    """What came of a body may be valid by itself, and is not what was sent."""
    content_type, body = BODIES[path]
    before = server.stored()
    for missing, sent in ((10, body), (1, body), (len(body), b""), (1, body[:-1])):
        headers = f"Content-Length: {len(sent) + missing}\r\nContent-Type: {content_type}".encode()
        assert_refused(server.post(path, headers, sent), 400, "bad_request")
    assert server.stored() == before


def test_a_long_import_that_breaks_off_stores_nothing(server: Server) -> None:
    """Not even the slices that would have been stored before the end."""
    rows = b"".join(b"p%d,Ida Brandt\n" % number for number in range(3000))
    csv = b"id,full_name\n" + rows
    before = server.stored()
    for headers, body in (
        (b"Content-Length: %d" % (len(csv) + 1), csv),
        (b"Transfer-Encoding: chunked", _chunk(csv) + b"ZZ\r\n"),
    ):
        answers = server.post("/api/people/import", headers + b"\r\nContent-Type: text/csv", body)
        assert_refused(answers, 400, "bad_request")
    assert server.stored() == before


def test_broken_bodies_leave_one_line_each_and_no_trace(server: Server) -> None:
    """The line of the request says what broke; the bodies are not quoted."""
    already = len(server.log.read_text().splitlines())
    for path in ("/api/people", CALLBACK):
        server.post(path, b"Transfer-Encoding: chunked\r\nContent-Type: application/json", b"ZZ-marker\r\n")
        server.post(path, b"Content-Length: 99\r\nContent-Type: application/json", b"{}")
    lines = [json.loads(line) for line in server.log.read_text().splitlines()[already:]]
    assert [(line["event"], line["status"], line["broken_body"]) for line in lines] == [
        ("request answered", 400, "InvalidChunkSize"),
        ("request answered", 400, "Truncated"),
    ] * 2
    assert "marker" not in str(lines) and "frames" not in str(lines)


def test_a_reset_in_mid_body_leaves_one_line(server: Server) -> None:
    """Nobody is left to answer, and nothing went wrong here."""
    before, already = server.stored(), len(server.log.read_text().splitlines())
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = f"POST /api/people HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n"
        length = len(_PEOPLE) + 1
        head += f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + _PEOPLE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deadline = time.monotonic() + 60
    while len(lines := server.log.read_text().splitlines()[already:]) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [json.loads(line)["status"] for line in lines] == [400]
    assert server.stored() == before


def test_whole_bodies_are_taken(server: Server) -> None:
    """Chunks as they should be, with extensions and trailers, and the right length."""
    chunked = b"Transfer-Encoding: chunked\r\nContent-Type: application/json"
    for framed in (
        _chunk(_PEOPLE) + b"0\r\n\r\n",
        b'%X;a=b;c="d"\r\n%b\r\n000\r\nX-Trailer: 1\r\n\r\n' % (len(_PEOPLE), _PEOPLE),
        b"".join(_chunk(_PEOPLE[place : place + 7]) for place in range(0, len(_PEOPLE), 7)) + b"0\r\n\r\n",
    ):
        ((status, _, body),) = server.post("/api/people", chunked, framed)
        assert status == 200 and json.loads(body).keys() == {"created", "updated", "unchanged"}
    headers = b"Content-Length: %d\r\nContent-Type: multipart/form-data; boundary=b" % len(_FORM)
    ((status, _, body),) = server.post("/api/people/import", headers, _FORM)
    assert (status, json.loads(body)["total"]) == (200, 1)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /healthz HTTP/9.9\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"get /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nA: \x00\r\n\r\n", 400),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nA: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nExpect: a miracle\r\n\r\n", 417),
        (b"POST /api/people HTTP/1.1\r\nTransfer-Encoding: sorcery\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST /api/people HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
    ],
    ids=lambda value: None if isinstance(value, int) else value[:40].decode("latin-1") + str(len(value)),
)
def test_what_is_no_request_is_answered_in_json(server: Server, raw: bytes, status: int) -> None:
    """What the server cannot read never reaches the application and is answered in its form all the same."""
    assert_refused(server.send(raw), status, "bad_request")


def test_an_unread_broken_body_has_one_answer(server: Server) -> None:
    """A request that is refused before its body is read is not answered a second time for its body."""
    head = b"POST /api/people HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answers = server.send(head + b"ZZ\r\n")
    assert [status for status, _, _ in answers] == [401]


def test_a_path_outside_of_the_prefix_is_404(server: Server) -> None:
    """A prefix that a header names is part of the path, and what is not under it is not there."""
    assert_refused([server.get("/healthz", "SCRIPT_NAME: /behind\r\n")], 404, "not_found")
    assert_refused([server.get("/behindhealthz", "SCRIPT_NAME: /behind\r\n")], 404, "not_found")
    assert_refused([server.get("/behind/nothing", "SCRIPT_NAME: /behind\r\n")], 404, "not_found")
    assert server.get("/behind/healthz", "SCRIPT_NAME: /behind\r\n")[0] == 200
    assert server.get("/behind/healthz", "SCRIPT_NAME: /behind/\r\n")[0] == 200


def test_links_have_the_prefix_of_a_proxy(server: Server) -> None:
    """A proxy that takes the prefix off the path is told links with it; a prefix that cannot be one changes nothing."""
    head = f"Authorization: Bearer {server.key}\r\nContent-Type: application/json\r\nContent-Length: {len(_JOB)}\r\n"
    for sent, prefix in (("/behind", "/behind"), ("/far, /behind/", "/behind"), ("//evil.example", ""), ("/", "")):
        request = f"POST /api/enrichment/jobs HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Prefix: {sent}\r\n{head}\r\n"
        ((status, headers, _),) = server.send(request.encode() + _JOB)
        assert status == 201 and headers["location"].startswith(f"{prefix}/api/enrichment/jobs/")
