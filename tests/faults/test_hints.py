"""Celery drives the queue, and its broker does what it likes: nobody is lost, nothing is decided or paid twice."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from app import hints
from app.celery_sender import NUDGE, WIDTH
from app.db.session import end_read
from app.extensions import db
from app.models.chunk import progress
from app.web import api_keys
from tests.brokers import empty, free_port, running_broker
from tests.faults.conftest import MakeWorld
from tests.faults.helpers import check_accounts, tell
from tests.faults.world import World, add_job, has_ended, wait_until
from tests.fleet import Fleet
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS

celery = pytest.importorskip("celery", reason="needs the extra celery")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """The URL of a broker."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_broker())
        except LookupError as exc:
            pytest.skip(str(exc))
        yield url


@pytest.fixture
def make_fleet(tmp_path: Path) -> Iterator[Callable[[World], Fleet]]:
    """Make a fleet, which ends with the test."""
    fleets: list[Fleet] = []

    def make(world: World) -> Fleet:
        fleets.append(Fleet(world, tmp_path))
        return fleets[-1]

    yield make
    for fleet in fleets:
        said = fleet.end()
        assert "Traceback" not in said and "drain broke off" not in said, said


def test_hints_tenfold_a_broker_that_forgets_and_a_killed_node_cost_nothing(
    make_world: MakeWorld, make_fleet: Callable[[World], Fleet], broker: str
) -> None:
    """Hints alone drive the queue at first; then they are lost, with a node; and what no hint told of, ticks find."""
    empty(broker)
    limited = {"PROSPEO_LIMITS": "20/s", "ENRICH_CONCURRENCY": 5, "CELERY_BROKER_URL": broker}
    world = make_world({"latency": 0.2, "hit_rates": "prospeo=0.5"}, **limited)
    fleet = make_fleet(world)
    # Only a node that is to die has a lease that runs out soon.
    victim, _ = fleet.node(lease_seconds=2), fleet.node(lease_seconds=3600)
    add_job(20, provider="prospeo", chunk_size=5)
    wait_until(has_ended, PATIENCE_SECONDS)

    start = 20
    while not is_busy(victim):
        # The other node may be the quicker one by far.
        assert start < 2000, "one of two nodes is never busy"
        add_job(120, provider="prospeo", chunk_size=5, start=start)
        start += 120
        for _ in range(10 * 24):
            fleet.celery.send_task(NUDGE)
        wait_until(lambda: is_busy(victim) or has_ended(), PATIENCE_SECONDS)
    victim.kill()
    empty(broker)
    for _ in range(2):
        fleet.beat()
    wait_until(has_ended, PATIENCE_SECONDS)

    del current_app.extensions[hints.SENDER]
    add_job(10, provider="prospeo", chunk_size=5, start=start)
    wait_until(has_ended, PATIENCE_SECONDS)
    tell(world)
    check_accounts(world)


def is_busy(node: Process) -> bool:
    """Tell whether a process of a node holds a chunk."""
    pids = {child.pid for child in psutil.Process(node.pid).children(recursive=True)}
    holders = db.session.scalars(select(progress.c.worker).where(progress.c.finished_at.is_(None))).all()
    end_read()
    return any(int(worker.split(":")[-2]) in pids for worker in holders if worker)


def status_of_a_job(client: FlaskClient, key: str, number: int) -> int:
    """Make a job over HTTP; return the answer's status."""
    body = {"entityType": "person", "provider": "ai-normalizer", "entityIds": [f"p{number}"]}
    return client.post("/api/enrichment/jobs", json=body, headers={"Authorization": f"Bearer {key}"}).status_code


@pytest.mark.parametrize("is_silent", [True, False], ids=["silent", "refused"])
def test_a_broker_that_is_away_delays_nobody_who_makes_a_job(
    make_app: Callable[..., Flask],
    is_silent: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A silent one takes a connection and never answers: that blocks one thread, for which nobody waits."""
    senders: list[threading.Thread] = []
    send_task = celery.Celery.send_task

    def watched(self: Any, *args: Any, **options: Any) -> Any:
        senders.append(threading.current_thread())
        return send_task(self, *args, **options)

    monkeypatch.setattr(celery.Celery, "send_task", watched)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1] if is_silent else free_port()
        app = make_app(CELERY_BROKER_URL=f"redis://:hunter2@127.0.0.1:{port}/0")
        client = app.test_client()
        sender = app.extensions[hints.SENDER]
        with app.app_context():
            key = api_keys.create_key("for a test", ["write"])[1]
        assert status_of_a_job(client, key, 0) == 201
        if is_silent:
            connection, _ = listener.accept()
            assert connection.recv(1), "the thread has asked the broker, and waits for an answer"
        statuses = [status_of_a_job(client, key, number) for number in range(1, 2 * WIDTH)]
        assert statuses == [201] * len(statuses)
        assert sender.waiting.qsize() <= WIDTH
        if is_silent:
            # It asked for nothing, and it was not asked again: whoever sends still waits for the first answer.
            connection.close()
    sender.waiting.join()
    assert len(set(senders)) == 1 and threading.current_thread() not in senders
    said = capsys.readouterr().err
    assert "hints not sent" in said and "hunter2" not in said
