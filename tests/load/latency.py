"""How long a small job takes from its enqueue to its end, by who drives the queue; and how long the enqueue takes."""

import random
import socket
import statistics
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.config import Config
from app.db.session import end_read
from app.enrichment import queue
from app.extensions import db
from app.models.job import jobs
from tests.brokers import free_port
from tests.faults.world import World, add_people, has_ended
from tests.load.scene import Scene, tell, wait_until
from tests.web.conftest import client_with, make_key

SERVER = {"latency": 0.05, "hit_rates": "prospeo=0.5"}
ENTITIES = 5
CRON_SECONDS = 60.0
REQUESTS = 100
LOAD_SECONDS = 5.0


def run(scene: Scene, given: Namespace) -> None:
    """Measure each driver with the same kind of jobs, at random moments."""
    with scene.fleet(SERVER) as fleet:
        fleet.node(lease_seconds=60)
        _measure("hints", given.jobs, 1.0)
    for name, driver, pause_seconds in (("work", _work, 2.5), ("cron", _cron, CRON_SECONDS / given.jobs)):
        # Nobody takes the hints.
        with scene.fleet(SERVER) as fleet, driver(fleet.world):
            _measure(name, given.jobs, pause_seconds)


def run_enqueue(scene: Scene, _: Namespace) -> None:
    """Measure how long `POST /jobs` takes without a broker, with one, with one that refuses, and with a silent one."""
    with scene.fleet(SERVER) as fleet, socket.create_server(("127.0.0.1", 0)) as silent:
        brokers = {
            "none": None,
            "valkey": scene.broker,
            "refused": f"redis://127.0.0.1:{free_port()}/0",
            "silent": f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
        }
        clients = {name: _client(fleet.world, url) for name, url in brokers.items()}
        for client in clients.values():
            _post(client, "warm")
        # Celery is loaded by then, by the threads that send.
        time.sleep(LOAD_SECONDS)
        seconds: dict[str, list[float]] = {name: [] for name in brokers}
        # In turns, so that whoever else is busy slows down all of them.
        for number in range(REQUESTS):
            for name, client in clients.items():
                seconds[name].append(_post(client, f"{name}{number}"))
    for name, values in seconds.items():
        _tell("enqueue", f"broker {name}", values)


@contextmanager
def _work(world: World) -> Iterator[None]:
    worker = world.run("work")
    yield
    worker.end()


@contextmanager
def _cron(world: World) -> Iterator[None]:
    is_over = threading.Event()

    def call() -> None:
        while not is_over.wait(CRON_SECONDS):
            world.start().communicate(timeout=CRON_SECONDS)

    thread = threading.Thread(target=call)
    thread.start()
    yield
    is_over.set()
    thread.join()


def _measure(driver: str, count: int, pause_seconds: float) -> None:
    """Enqueue jobs at random moments, the first two to warm up; tell how long they took by the database's clock."""
    chance = random.Random(20261130)
    people = add_people(ENTITIES * (count + 2))
    for number in range(count + 2):
        _enqueue(people[ENTITIES * number : ENTITIES * (number + 1)])
        if number < 2:
            wait_until(has_ended)
        time.sleep(pause_seconds * chance.uniform(0.5, 1.5))
    wait_until(has_ended)
    rows = db.session.execute(select(jobs.c.created_at, jobs.c.finished_at).order_by(jobs.c.created_at)).all()
    end_read()
    _tell("latency", driver, [(row.finished_at - row.created_at).total_seconds() for row in rows[2:]])


def _enqueue(ids: Sequence[str]) -> None:
    queue.enqueue_job("person", "prospeo", ids)


def _client(world: World, broker_url: str | None) -> FlaskClient:
    app = create_app(Config(DATABASE_URL=world.database_url, LOG_LEVEL="ERROR", CELERY_BROKER_URL=broker_url))
    return client_with(app, make_key(app, "write"))


def _post(client: FlaskClient, entity_id: str) -> float:
    body = {"entityType": "person", "provider": "ai-normalizer", "entityIds": [entity_id]}
    started = time.perf_counter()
    status = client.post("/api/enrichment/jobs", json=body).status_code
    seconds = time.perf_counter() - started
    assert status == 201
    return seconds


def _tell(part: str, driver: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    values = {"median": statistics.median(ordered), "p95": p95, "max": ordered[-1]}
    tell(part, by=driver, count=len(ordered), **{f"{name}_ms": round(1000 * one, 1) for name, one in values.items()})
