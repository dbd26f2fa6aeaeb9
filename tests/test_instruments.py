"""What processes count together: exact, and in as few files as processes have lived at once."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.config import PROJECT_ROOT
from tests.patience import PATIENCE_SECONDS

# The module alone: to load the service would take longer than all the rest.
_LOAD = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("instruments", {str(PROJECT_ROOT / "app" / "instruments.py")!r})
instruments = importlib.util.module_from_spec(spec)
spec.loader.exec_module(instruments)
"""
# Two processes at a time, twelve in all, each after its fork; half of them are killed.
_FORKS = """
import os, signal, sys

def live(is_killed):
    for _ in range(50):
        instruments.HTTP_REQUESTS.labels("/x", "GET", "2xx").inc()
        instruments.HTTP_SECONDS.labels("/x", "GET").observe(0.02)
    os.kill(os.getpid(), signal.SIGKILL) if is_killed else os._exit(0)

instruments.HTTP_REQUESTS.labels("/x", "GET", "2xx").inc()
for _ in range(6):
    children = [os.fork() or live(is_killed) for is_killed in (True, False)]
    for child in children:
        os.waitpid(child, 0)
from prometheus_client import generate_latest
sys.stdout.write(generate_latest(instruments.registry()).decode())
"""
_SERVICE = """
from prometheus_client import generate_latest

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/metrics":
        return [generate_latest(instruments.registry())]
    instruments.HTTP_REQUESTS.labels(environ["PATH_INFO"], "GET", "2xx").inc()
    return [b"ok"]
"""


def kinds(folder: Path) -> dict[str, int]:
    """Return how many files of each kind there are: by the word that they begin with."""
    names = [path.name.partition("_")[0] for path in folder.iterdir()]
    return {name: names.count(name) for name in names}


def test_numbers_add_up_over_processes_that_come_and_go(tmp_path: Path) -> None:
    """Also of those that were killed; and whoever comes next takes a place that has become free."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [sys.executable, "-c", _LOAD + _FORKS]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert 'tranche_http_requests_total{method="GET",rule="/x",status="2xx"} 601.0' in told
    assert 'tranche_http_request_seconds_count{method="GET",rule="/x"} 600.0' in told
    # The first process stays, and two more live at a time.
    assert kinds(tmp_path) == {"place": 3, "counter": 3, "histogram": 3}


@pytest.mark.slow
def test_gunicorn_leaves_as_many_files_as_it_has_workers(tmp_path: Path) -> None:
    """Eight workers that end after 30 requests each have counted 2,000 requests exactly, in eight places."""
    (tmp_path / "counting.py").write_text(_LOAD + _SERVICE, encoding="utf-8")
    folder = tmp_path / "metrics"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = ["--bind", f"127.0.0.1:{port}", "--workers", "8", "--max-requests", "30", "--max-requests-jitter", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *told, "counting:app"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PROMETHEUS_MULTIPROC_DIR": str(folder)},
    )
    try:
        for _ in range(2000):
            ask(port, "/x")
        told_at_last = ask(port, "/metrics").decode()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert 'tranche_http_requests_total{method="GET",rule="/x",status="2xx"} 2000.0' in told_at_last
    found = kinds(folder)
    print(json.dumps(found))
    # A worker that takes the place of another may begin before that one has ended.
    assert set(found) == {"place", "counter", "histogram"}
    assert 8 <= found["counter"] == found["histogram"] == found["place"] <= 16


def ask(port: int, path: str) -> bytes:
    """Return the answer to a request, which is sent again if nobody takes it: a worker that ends refuses it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()
