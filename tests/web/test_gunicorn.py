"""The server's settings, tried on the real server."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import PROJECT_ROOT
from app.db.session import end_read, transaction
from app.enrichment import queue
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from tests.conftest import CRON_SECRET
from tests.forks import Process
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

# In place of the service: a request that works until the process is told to stop, like a chunk.
_APPLICATION = """
from pathlib import Path
from app.enrichment.queue.time_budget import stop_requested

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/work":
        Path(__file__).with_name("working").touch()
        return [b"stopped" if stop_requested.wait(250) else b"ran out"]
    return [b"up"]
"""

# The service itself, with a provider that takes its time.
_SLOW_SERVICE = """
import asyncio
from app import create_app
from app.providers.ai_normalizer import provider
from app.providers.ai_normalizer.provider import AiNormalizer

lookup = AiNormalizer.lookup

async def slow_lookup(self, asked, *, deadline):
    await asyncio.sleep(1.2)
    return await lookup(self, asked, deadline=deadline)

provider.BULK_SIZES = {}
AiNormalizer.lookup = slow_lookup
AiNormalizer.local_answer = lambda *_: None
app = create_app()
"""

Start = Callable[..., tuple[Process, int]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start gunicorn with the project's settings on a free port."""
    started: list[Process] = []

    def run(application: str = _APPLICATION, **settings: str) -> tuple[Process, int]:
        (tmp_path / "worker_app.py").write_text(application, encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WEB_CONCURRENCY": "1"}
        # A server that is killed leaves its folder of metrics behind.
        environment["TMPDIR"] = str(tmp_path)
        environment.pop("GUNICORN_CMD_ARGS", None)
        environment.update(settings)
        process = Process(["gunicorn", "--bind", f"127.0.0.1:{port}", "worker_app:app"], environment)
        started.append(process)
        _wait_until_up(process, port)
        return process, port

    yield run
    for process in started:
        process.end()


def _wait_until_up(process: Process, port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _ask(port, "/").close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("gunicorn did not start")


def _ask(port: int, path: str, **headers: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", path, headers=headers)
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_chunk_under_way_stops_when_the_server_is_told_to(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    """TERM and a reload reach the work of an active request, whose answer still arrives."""
    process, port = start()
    connection = _ask(port, "/work")
    while not (tmp_path / "working").exists():
        time.sleep(0.02)
    process.send_signal(number)
    assert connection.getresponse().read() == b"stopped"
    connection.close()


def test_a_stop_gives_the_chunk_back_with_what_was_decided(start: Start, context: Flask, database_url: str) -> None:
    """TERM in mid-chunk: the caller gets an answer, the lease is returned, and another worker goes on at once."""
    people = [{"id": f"p{number}", "job_title": "CEO"} for number in range(40)]
    with transaction() as session:
        upsert_entities("person", people, workspace_slug="default", session=session)
    job_id = queue.enqueue_job("person", "ai-normalizer", [person["id"] for person in people])
    settings = {"DATABASE_URL": database_url, "CRON_SECRET": CRON_SECRET, "ENRICH_CONCURRENCY": "5"}
    settings["AI_NORMALIZER_LIMITS"] = "5 at once"
    process, port = start(_SLOW_SERVICE, **settings)
    connection = _ask(port, "/api/enrichment/jobs/process", Authorization=f"Bearer {CRON_SECRET}")
    while queue.get_job(job_id).processed == 0:
        end_read()
        time.sleep(0.05)
    end_read()
    process.send_signal(signal.SIGTERM)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert (answer["jobId"], answer["status"]) == (job_id, "pending")
    assert 0 < answer["processedTotal"] < 40
    view = queue.get_job(job_id)
    assert (view.status, view.processed) == ("pending", answer["processedTotal"])
    assert queue.drain(work=Waterfall()).processed_total == 40 - view.processed
    check_invariants(drained=True)


def test_settings_fit_the_service() -> None:
    """Threads fit the database pool, and a stop leaves time for a whole budget."""
    settings: dict[str, object] = {}
    exec((PROJECT_ROOT / "gunicorn.conf.py").read_text(encoding="utf-8"), settings)
    assert settings["worker_class"] == "gthread" and settings["control_socket_disable"] is True
    assert settings["threads"] == 8 and settings["graceful_timeout"] == 40
    assert "preload_app" not in settings


def test_vercel_calls_the_webhook_every_minute() -> None:
    """The platform's file names our address and the file that holds the application."""
    settings = json.loads((PROJECT_ROOT / "vercel.json").read_text(encoding="utf-8"))
    assert settings["crons"] == [{"path": "/api/enrichment/jobs/process", "schedule": "* * * * *"}]
    assert list(settings["functions"]) == ["wsgi.py"]
    assert (PROJECT_ROOT / "wsgi.py").exists()
