"""Fixtures: an application on SQLite and on a real PostgreSQL, emptied before each test."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from app import create_app, logs
from app.config import Config
from app.extensions import db
from tests.databases import RunDatabases, empty, let_go
from tests.fakes.fixtures import fake_server, shared_fake_server

__all__ = ["fake_server", "shared_fake_server"]

# How long an example takes says something about the machine alone, which may be busy.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# What is loaded and collected stays: to look for garbage meanwhile, again and again, takes a tenth of that time.
gc.disable()

# Told to keep no bytecode, each of the many processes that tests start would compile the application anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

CRON_SECRET = "a-cron-secret-for-tests"
SECRET_KEY = "a-secret-key-for-tests"
TIERS = {"browser", "faults", "fuzz", "package"}


RUN_DATABASES = pytest.StashKey[RunDatabases]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder for the databases of this run, or take it from the process that started this worker."""
    folder = getattr(config, "workerinput", {}).get("databases")
    if folder is None:
        # What ends a run ends it in order, as Ctrl-C does: else its server and its folder would be left.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
    config.stash[RUN_DATABASES] = RunDatabases(Path(folder)) if folder else RunDatabases.make()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of the folder."""
    node.workerinput["databases"] = str(node.config.stash[RUN_DATABASES].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder once all workers have ended."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN_DATABASES].remove()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run one worker more than there are cores: tests wait, for a pause or an answer, a fifth of their time.

    Not where tests kill processes by the dozen, of which each has some of its own.
    """
    cores = os.cpu_count() or 1
    return cores + 1 if _is_left_out("faults", config) else cores


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even load the tests of a tier that is left out."""
    is_tier = collection_path.parent == Path(__file__).parent and collection_path.name in TIERS
    return True if is_tier and _is_left_out(collection_path.name, config) else None


def _is_left_out(tier: str, config: pytest.Config) -> bool:
    return f"not {tier}" in config.option.markexpr


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a tier's folder the tier's marker, ahead of the selection by markers."""
    for item in items:
        # Within the project: the folder that it was cloned into may have any name.
        for tier in TIERS & set(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(tier)


def pytest_collection_finish() -> None:
    """Keep what is there for the whole run out of garbage collections, and let the full ones be rare.

    Each would take most of a second, and all together an eighth of the run.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], 1000)


@pytest.fixture(scope="session", autouse=True)
def _no_outside_settings() -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in Config.__dataclass_fields__:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)


@pytest.fixture(scope="session")
def migrated_sqlite(request: pytest.FixtureRequest) -> Path:
    """An SQLite file with the schema in it, to be copied."""
    return request.config.stash[RUN_DATABASES].sqlite()


@pytest.fixture(scope="session")
def migrated_postgresql(request: pytest.FixtureRequest, worker_id: str) -> Iterator[str]:
    """The URL of this worker's own PostgreSQL database, with the schema in it."""
    url = request.config.stash[RUN_DATABASES].postgresql(worker_id)
    yield url
    let_go(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, worker_id: str) -> str:
    """The URL of a migrated, empty database, this worker's own; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        return request.config.stash[RUN_DATABASES].empty_sqlite(worker_id)
    url: str = request.getfixturevalue("migrated_postgresql")
    empty(url)
    return url


@pytest.fixture
def make_app(database_url: str) -> Iterator[Callable[..., Flask]]:
    """Make applications on the test's database: `make_app(ENRICH_LEASE_SECONDS=1)`."""
    made: list[Flask] = []

    def make(**settings: Any) -> Flask:
        made.append(_create(database_url, **settings) if settings or made else usual_app(database_url))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            # To connect to a server takes longer than many a test; the next one goes on with these connections.
            if app is not _keep_app(database_url) or db.engine.dialect.name == "sqlite":
                db.engine.dispose()


def _create(database_url: str, **settings: Any) -> Flask:
    settings = {"CRON_SECRET": CRON_SECRET, "SECRET_KEY": SECRET_KEY, "LOG_LEVEL": "WARNING", **settings}
    return create_app(Config(DATABASE_URL=database_url, TESTING=True, **settings))


def usual_app(database_url: str) -> Flask:
    """Return the application of most tests, which is made once: to make it takes longer than most tests."""
    app = _keep_app(database_url)
    logs.configure(app.config["TRANCHE"])
    for name in ("registry", "workspace_registries", "heartbeat", "worker_bounds", "fleet", "watchdog"):
        app.extensions.pop(f"tranche.{name}", None)
    return app


@cache
def _keep_app(database_url: str) -> Flask:
    return _create(database_url)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """An application on the test's database; no context is pushed."""
    return make_app()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call services directly."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that sends no credential of itself."""
    return app.test_client()
