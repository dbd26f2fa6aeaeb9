"""Bugs reported to Sentry: what was raised and where, and nobody's data."""

import gzip
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.config import Config, ConfigError
from app.enrichment import queue
from app.enrichment.waterfall.loading import Loader
from app.entities import routes
from app.extensions import db
from tests.enrichment.scenes import add, enqueue, paid, pipeline
from tests.receiver import Receiver, receiver
from tests.security.evidence import canary
from tests.web.conftest import client_with, make_key

__all__ = ["receiver"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sentry(receiver: Receiver) -> Iterator[ModuleType]:
    """The library, which reports to nobody afterwards."""
    sentry_sdk = pytest.importorskip("sentry_sdk")
    yield sentry_sdk
    sentry_sdk.get_client().close()
    # Bare: what it turns on by itself would add to every request of later tests.
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)


def test_a_bug_is_reported_without_anybodys_data(
    receiver: Receiver, sentry: Any, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a request and in a worker, with data in arguments, variables, messages, statements, addresses and bodies."""
    name, domain, title, secret = (canary() for _ in range(4))
    app = make_app(SENTRY_DSN=receiver.url.replace("://", "://public@").replace("/hook", "/1"), CRON_SECRET=secret * 2)

    def broken(*arguments: Any, **options: Any) -> None:
        password, people = secret, [arguments, options]
        try:
            db.session.execute(text("SELECT :title, nothing"), {"title": title})
        except Exception as exc:
            raise RuntimeError(f"{people} {password}") from exc

    monkeypatch.setattr(routes, "store_entities", broken)
    monkeypatch.setattr(routes, "get_entity", broken)
    key = make_key(app, "admin")
    client = client_with(app, key)
    person = {"id": f"{name}@{domain}.example", "jobTitle": title}
    client.set_cookie("session", secret)
    assert client.post("/api/people", json={"people": [person]}, headers={"X-Note": title}).status_code == 500
    assert client.get(f"/api/people/{name}@{domain}.example").status_code == 500
    with app.app_context():
        add(1, email=f"{name}@{domain}.example", job_title=title)
        job_id = enqueue(1, "findymail")
        queue.process_next_chunk(work=pipeline(paid(answers={"p0": ValueError(f"{name} {secret}")})))
        enqueue(1, "findymail")
        monkeypatch.setattr(Loader, "load", broken)
        with pytest.raises(RuntimeError):
            queue.process_next_chunk(work=pipeline(paid()))
    sentry.flush(timeout=60)
    sent = b"".join(gzip.decompress(body) for _, body in receiver.taken).decode().lower()
    headers = str([headers for headers, _ in receiver.taken]).lower()
    assert sent.count('"runtimeerror"') == 3 and sent.count('"valueerror"') == 1
    assert '"request_id"' in sent and job_id in sent and '"function":"broken"' in sent.replace(" ", "")
    words = {name, domain, title, secret, secret * 2, key}
    assert [word for word in words if word.lower() in sent or word.lower() in headers] == []


def test_a_start_without_the_library_says_what_to_install(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it start with what is no address of a project; neither text quotes the setting."""
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ConfigError, match=r"SENTRY_DSN: .*\[sentry\]"):
        create_app(Config(DATABASE_URL=database_url, SENTRY_DSN="https://hunter2@host.example/1"))


def test_a_dsn_that_is_none_stops_the_start(database_url: str, sentry: Any) -> None:
    """It is a setting like any other."""
    with pytest.raises(ConfigError, match=r"SENTRY_DSN: expected") as refused:
        create_app(Config(DATABASE_URL=database_url, SENTRY_DSN="hunter2"))
    assert "hunter2" not in str(refused.value)
