"""The command line as its users meet it: in this process by a runner, and as a process of its own."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from app.config import Config
from app.db.session import transaction
from app.enrichment import queue
from app.entities.upsert import upsert_entities
from app.extensions import db
from tests.conftest import RUN_DATABASES, usual_app
from tests.forks import Process
from tests.patience import PATIENCE_SECONDS

Run = Callable[..., Result]


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, worker_id: str) -> str:
    """The URL of a migrated, empty SQLite database, for tests where the kind of database does not matter."""
    return request.config.stash[RUN_DATABASES].empty_sqlite(f"{worker_id}-cli")


@pytest.fixture
def app_on() -> Iterator[Callable[..., Flask]]:
    """Make applications on any database: `app_on(url, LOG_LEVEL="DEBUG")`."""
    made: list[Flask] = []

    def make(url: str, **settings: Any) -> Flask:
        made.append(create_app(Config(DATABASE_URL=url, TESTING=True, **{"LOG_LEVEL": "WARNING", **settings})))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def sqlite_app(sqlite_url: str) -> Iterator[Flask]:
    """An application on `sqlite_url`."""
    app = usual_app(sqlite_url)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def run(app: Flask, *arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run `flask enrich …` in this process."""
    return app.test_cli_runner().invoke(args=["enrich", *arguments], input=stdin)


@pytest.fixture(name="run")
def run_fixture() -> Callable[..., Result]:
    """`run(app, "jobs", "--json")`."""
    return run


@pytest.fixture
def add_people() -> Callable[[Flask, int], list[str]]:
    """Store people `p0`, `p1`, … whom the normaliser can work on, and return their ids."""

    def add(app: Flask, count: int) -> list[str]:
        rows = [{"id": f"p{number}", "full_name": "ANN LEE", "job_title": "head of sales"} for number in range(count)]
        with app.app_context(), transaction() as session:
            upsert_entities("person", rows, workspace_slug="default", session=session)
        return [row["id"] for row in rows]

    return add


@pytest.fixture
def add_job(add_people: Callable[[Flask, int], list[str]]) -> Callable[..., str]:
    """Store people and a job of them, and return its id: `add_job(app, 3, provider="prospeo")`."""

    def add(app: Flask, count: int = 3, *, provider: str = "ai-normalizer", chunk_size: int = 2) -> str:
        ids = add_people(app, count)
        with app.app_context():
            return queue.enqueue_job("person", provider, ids, chunk_size=chunk_size)

    return add


@pytest.fixture
def job_of() -> Callable[[Flask, str], queue.JobView]:
    """Look at a job: `job_of(app, job_id)`."""

    def look(app: Flask, job_id: str) -> queue.JobView:
        with app.app_context():
            return queue.get_job(job_id)

    return look


Start = Callable[..., Process]


@pytest.fixture
def start(sqlite_url: str) -> Iterator[Start]:
    """Start `flask enrich …`, or another group, as a process: `start("work", SOME_SETTING="x", program=[…])`."""
    started: list[Process] = []

    def go(*arguments: str, program: Sequence[str] = ("flask",), group: str = "enrich", **settings: str) -> Process:
        environment = {**os.environ, "DATABASE_URL": sqlite_url, **settings}
        started.append(Process([*program, group, *arguments], environment))
        return started[-1]

    yield go
    for process in started:
        process.end()


def wait_until(is_true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[..., None]:
    """`wait_until(lambda: …)`."""
    return wait_until
