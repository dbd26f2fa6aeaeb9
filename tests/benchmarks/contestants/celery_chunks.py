"""Celery: `… celery_chunks enqueue|work|verify COUNT chunk PROCESSES`, with PEER_URL in the environment.

`enrich.chunks(ids, 50)` on Valkey, acknowledged late; results are ignored, so nothing is kept of an entity or of a
chunk. The workers wait at an empty queue until they are told to take from the full one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import redis

from tests.benchmarks.contestants.celery_app import app, enrich
from tests.benchmarks.contestants.ids import CHUNK_SIZE, entity_ids
from tests.benchmarks.stage import ROOT, on_signal

SECONDS = 300


def main(action: str, count: int, processes: int) -> None:
    """Do one of enqueue and work, which verifies too."""
    broker = redis.Redis.from_url(os.environ["PEER_URL"])
    if action == "enqueue":
        broker.flushall()
        arguments = [(entity_id,) for entity_id in entity_ids(count)]
        with on_signal():
            enrich.chunks(arguments, CHUNK_SIZE).apply_async()
        assert broker.llen("chunks") == count // CHUNK_SIZE
    elif action == "work":
        worker = _start(processes)
        try:
            with on_signal():
                app.control.add_consumer("chunks")
                _wait(lambda: not broker.llen("chunks") and not broker.hlen("unacked"))
            done = [stats["total"].get("celery.starmap", 0) for stats in app.control.inspect().stats().values()]
            assert sum(done) == count // CHUNK_SIZE, done
        finally:
            worker.terminate()
            worker.wait(30)


def _start(processes: int) -> "subprocess.Popen[bytes]":
    """Start a worker and wait until it answers. One process is the solo pool, which has no parent to hand out work."""
    pool = ["--pool=solo"] if processes == 1 else ["--pool=prefork", f"--concurrency={processes}"]
    quiet = ["--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    name = "tests.benchmarks.contestants.celery_app"
    python = [sys.executable, "-W", "ignore:You're running the worker with superuser privileges"]
    command = [*python, "-m", "celery", "-A", name, "worker", "-Q", "empty", *pool, *quiet]
    # Its banner goes to standard output.
    worker = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait(lambda: bool(app.control.ping(timeout=0.5)))
    return worker


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the Celery worker does not get on"
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[4]) if len(sys.argv) > 4 else 1)
