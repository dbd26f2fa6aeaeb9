"""Requests a second through gunicorn as the project sets it up, from a client in a process of its own."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.enrichment import queue
from app.web.api_keys import create_key
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.servers import DATABASES, Servers, application
from tests.benchmarks.stage import ROOT, environment, perform

NAME = "requests"
COUNT = 800
"""Requests of one kind in one run; all of a run together are fewer than those after which a worker is replaced."""
WARMING = 50
CONCURRENCY = 8
"""Requests at once: as many as a worker has threads."""


def run(servers: Servers, options: Options) -> list[Figure]:
    """Start gunicorn anew for each run on each database, and send both kinds of request."""
    count = options.size(COUNT)
    note = f"{count} requests, {CONCURRENCY} at once, one gunicorn process of 8 threads, access by API key"
    figures: dict[tuple[str, str], Figure] = {}
    places = {}
    for kind in DATABASES:
        url = servers.migrated(kind)
        with application(url):
            _, key = create_key("benchmark", ["read", "write", "process"])
            job_id = queue.enqueue_job("person", "ai-normalizer", ["p1", "p2"])
            queue.pause(job_id)
        places[kind] = (url, key, job_id)
    for _ in range(options.runs):
        for kind, (url, key, job_id) in places.items():
            with _gunicorn(url) as address:
                for method, path, what in (
                    ("POST", "/api/enrichment/jobs/process", "POST process, nothing to do"),
                    ("GET", f"/api/enrichment/jobs/{job_id}", "GET a job"),
                ):
                    command = ["tests.benchmarks.load", method, address + path]
                    perform([[*command, str(WARMING), str(CONCURRENCY)]], {"TOKEN": key})
                    seconds = perform([[*command, str(count), str(CONCURRENCY)]], {"TOKEN": key})
                    figure = Figure(NAME, f"{what}, {DATABASES[kind]}", "requests/s", note=note)
                    figures.setdefault((kind, what), figure).values.append(count / seconds)
    return list(figures.values())


@contextmanager
def _gunicorn(url: str) -> Iterator[str]:
    """Run it on a free port of this machine; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"DATABASE_URL": url, "LOG_LEVEL": "WARNING", "WEB_CONCURRENCY": "1"}
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(settings), stdin=subprocess.DEVNULL)
    try:
        _wait_until_up(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "gunicorn does not come up"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
