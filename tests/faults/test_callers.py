"""Who calls the webhook: fifty at once, one that hangs up, one whose server is told to stop or reload meanwhile."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from app.db.session import end_read
from app.enrichment import queue
from tests.conftest import CRON_SECRET
from tests.faults.accounts import outcomes_of
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import calls_arrived, calls_under_way, check_accounts, drain_here, tell
from tests.faults.world import ROOT, World, add_job, has_ended, wait_until
from tests.patience import PATIENCE_SECONDS

WEBHOOK = "/api/enrichment/jobs/process"


@contextmanager
def gunicorn(world: World) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Run the service as it is deployed, on a free port; give the process and the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**world.environment, "CRON_SECRET": CRON_SECRET, "WEB_CONCURRENCY": "2"}
    environment.pop("GUNICORN_CMD_ARGS", None)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _is_up(port))
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_up(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _send(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", WEBHOOK, headers={"Authorization": f"Bearer {CRON_SECRET}"})
    return connection


def _call(port: int) -> tuple[int, dict[str, Any]]:
    connection = _send(port)
    try:
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_fifty_calls_at_once_decide_and_pay_everything_once(make_world: MakeWorld) -> None:
    """Each is answered with 200; together they decide each entity once, however often the same delivery comes."""
    world = make_world({"latency": 0.02}, ENRICH_LEASE_SECONDS=20)
    jobs = [add_job(40, start=10 + 40 * number, chunk_size=10) for number in range(3)]
    with gunicorn(world) as (_, port), ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(_call, [port] * 50))
        assert {status for status, _ in answers} == {200}
        wait_until(has_ended)
    assert sum(answer.get("processedTotal", 0) for _, answer in answers) == 120
    for job_id in jobs:
        assert set(outcomes_of(job_id).values()) <= {"s", "e"}
    check_accounts(world)
    tell(world, calls=50)


def test_work_goes_on_when_the_caller_hangs_up(make_world: MakeWorld) -> None:
    """What was started for a caller that has gone is decided and booked all the same."""
    world = make_world({"latency": 0.2}, ENRICH_LEASE_SECONDS=5)
    job_id = add_job(20, chunk_size=10)
    with gunicorn(world) as (_, port):
        connection = _send(port)
        wait_until(lambda: calls_under_way() > 0)
        connection.close()
        wait_until(has_ended)
    assert len(outcomes_of(job_id)) == 20
    check_accounts(world)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_server_told_to_stop_in_mid_call_loses_no_paid_answer(make_world: MakeWorld, number: signal.Signals) -> None:
    """Answers under way are awaited and stored, the rest is given back, and the caller is answered."""
    world = make_world({"latency": 0.5}, ENRICH_CONCURRENCY=5, ENRICH_LEASE_SECONDS=20)
    job_id = add_job(60, provider="leadmagic", chunk_size=60)
    with gunicorn(world) as (process, port):
        connection = _send(port)
        # A call is on record before it is sent, and one that was not sent yet is not made any more.
        wait_until(lambda: calls_arrived(world, "leadmagic") > 0)
        os.kill(process.pid, number)
        signalled_at = time.monotonic()
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        assert answer.status == 200 and body["status"] == "pending"
        assert time.monotonic() - signalled_at < 20
    assert queue.get_job(job_id).processed == body["processedTotal"] < 60
    end_read()
    paid = len(world.server.lines())
    assert paid > 0
    drain_here()
    assert set(outcomes_of(job_id).values()) <= {"s", "e"}, "nothing is held"
    # An entity whose answer was stored needs no second call, decided or not.
    assert calls_arrived(world, "leadmagic") == 60
    check_accounts(world)
    tell(world, paid_at_the_stop=paid)
