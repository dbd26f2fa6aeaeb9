"""What is no credential is refused, however it is written, and secrets are compared so that time tells nothing.

A measurement of time belongs to no everyday test: on a busy machine it says what one wants to hear. What makes it
true is checked in its place: secrets are compared as digests by `hmac.compare_digest`, and a key is looked up by its
digest, which a caller cannot steer.
"""

import ast
import hashlib
import http.client
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import PROJECT_ROOT, Config, ConfigError
from app.extensions import db
from tests.conftest import CRON_SECRET
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS
from tests.web.conftest import make_key

ADDRESSES = ("/api/enrichment/jobs", "/api/enrichment/jobs/process")
SECRET_WORDS = {"secret", "signature", "digest", "password", "api_key", "sha256"}
COMPARISONS = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


@pytest.fixture
def server(migrated_sqlite: Path, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A real gunicorn, and a good key; once it has ended, neither that nor the cron secret is in what it logged."""
    path = tmp_path / "served.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="WARNING"))
    key = make_key(app, "read")
    with app.app_context():
        db.engine.dispose()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"DATABASE_URL": f"sqlite:///{path}", "CRON_SECRET": CRON_SECRET, "LOG_LEVEL": "DEBUG"}
    environment = {**os.environ, **settings, "WEB_CONCURRENCY": "1"}
    process = Process(["gunicorn", "--bind", f"127.0.0.1:{port}"], environment)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_up(port):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        yield port, key
    finally:
        process.terminate()
        output = "".join(process.communicate(timeout=PATIENCE_SECONDS))
        process.end()
    assert "request answered" in output
    for secret in (key, CRON_SECRET):
        assert secret not in output


def is_up(port: int) -> bool:
    """Tell whether the server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def raw(port: int, address: str, *headers: bytes) -> bytes:
    """Send a request with headers as they are, and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        lines = [f"GET {address} HTTP/1.1".encode(), b"Host: localhost", b"Connection: close", *headers]
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)


def test_hostile_header_never_opens_a_real_server(server: tuple[int, str]) -> None:
    """Sent byte by byte as they are: 401 with a challenge, or refused before it is a request; never 5xx, never in."""
    port, key = server
    good, digest = key.encode(), hashlib.sha256(key.encode()).hexdigest().encode()
    name = b"Authorization: "
    hostile = {
        "bytes": [name + b"Bearer \xff\xfe"],
        "letters": [name + "Bearer tr_é".encode()],
        "empty": [b"Authorization:"],
        "scheme alone": [name + b"Bearer"],
        "spaces alone": [name + b"Bearer   "],
        "long": [name + b"Bearer tr_" + b"x" * 8000],
        "too long": [name + b"Bearer tr_" + b"x" * 100_000],
        "two": [name + b"Bearer " + good, name + b"Bearer " + good],
        "two different": [name + b"Bearer x", name + b"Bearer " + good],
        "basic": [name + b"Basic " + good],
        "tab": [name + b"Bearer\t" + good],
        "NUL": [name + b"Bearer " + good + b"\0"],
        "space inside": [name + b"Bearer " + good[:10] + b" " + good[10:]],
        "digest": [name + b"Bearer " + digest],
        "digest as a key": [name + b"Bearer tr_" + digest],
        "beginning": [name + b"Bearer " + good[:-1]],
        "and more": [name + b"Bearer " + good + b"x"],
        "upper case": [name + b"Bearer " + good.upper()],
        "quoted": [name + b'Bearer "' + good + b'"'],
        "folded": [name + b"Bearer", b" " + good],
        "no name": [good],
    }
    for what, headers in hostile.items():
        for address in ADDRESSES:
            answer = raw(port, address, *headers)
            status = int(answer.split(b" ", 2)[1]) if answer else 0
            assert status in {401, 400, 431} or (status == 0 and what == "too long"), (what, answer[:200])
            assert (b"\r\nWWW-Authenticate: Bearer\r\n" in answer) is (status == 401), what
            assert status != 400 or what in {"NUL", "folded", "no name"}, what
    for scheme in (b"Bearer", b"bearer", b"BEARER"):
        assert raw(port, ADDRESSES[0], name + scheme + b" " + good).startswith(b"HTTP/1.1 200 ")


def test_empty_secret_is_no_secret(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Neither as a setting, nor where somebody gets it past the settings: nothing equals it."""
    for name in ("CRON_SECRET", "SECRET_KEY"):
        with pytest.raises(ConfigError):
            Config(**{name: ""})
    path = tmp_path / "empty.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    config = Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="ERROR")
    object.__setattr__(config, "CRON_SECRET", "")
    client = create_app(config).test_client()
    for value in ("", "Bearer", "Bearer ", "Bearer  ", 'Bearer ""'):
        response = client.get(ADDRESSES[1], environ_overrides={"HTTP_AUTHORIZATION": value})
        assert response.status_code == 401
    with client.application.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_key_of_a_workspace_without_anything_sees_nothing(app: Flask) -> None:
    """A workspace is a name on what it holds, so one whose last entity and job are gone is an empty one."""
    client = app.test_client()
    headers = {"Authorization": f"Bearer {make_key(app, 'read', workspace_slug='gone')}"}
    assert client.get("/api/enrichment/jobs", headers=headers).get_json()["jobs"] == []
    assert client.get("/api/people", headers=headers).get_json()["people"] == []


def test_no_secret_is_compared_by_its_letters() -> None:
    """In all of the service no `==` or `in` has a secret on one of its sides; digests go through compare_digest."""
    found = [
        f"{file.relative_to(PROJECT_ROOT)}:{line}"
        for file in sorted((PROJECT_ROOT / "app").rglob("*.py"))
        # The normaliser calls the words of a title tokens.
        if file.name != "title_roles.py"
        for line in plain_comparisons(file.read_text(encoding="utf-8"))
    ]
    # Keys, links and sessions are looked up by their digests in the database; settings that a provider refused, and the
    # headers of a file, are known by theirs.
    allowed = {
        "app/web/api_keys.py",
        "app/web/sessions.py",
        "app/web/users.py",
        "app/enrichment/limits/circuit_breaker.py",
        "app/entities/csv/mappings.py",
    }
    assert {place for place in found if place.partition(":")[0] not in allowed} == set()
    assert sum(place.startswith("app/web/api_keys.py") for place in found) == 1
    assert plain_comparisons("if given == secret: pass\nx = api_key != other\nok = a.token in b") == [1, 2, 3]
    for file in ("app/web/auth.py", "app/enrichment/waterfall/callbacks.py"):
        assert "hmac.compare_digest(" in (PROJECT_ROOT / file).read_text(encoding="utf-8")


def plain_comparisons(source: str) -> list[int]:
    """Return the lines with a comparison of something that is called like a secret, but not with None."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(
            isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in node.ops
        ):
            names = {called(side) for side in (node.left, *node.comparators)}
            if "token" in names or any(word in name for name in names for word in SECRET_WORDS):
                lines.append(node.lineno)
    return lines


def called(side: ast.expr) -> str:
    """Return the name of one side of a comparison, in lower case."""
    if isinstance(side, ast.Attribute):
        return side.attr.lower()
    return side.id.lower() if isinstance(side, ast.Name) else ""
