"""The service on both databases at once."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Config
from app.extensions import db
from app.models import ApiKey
from app.web import api_keys


@dataclass(frozen=True)
class Both:
    """One application on SQLite and one on PostgreSQL, each with a client that may do anything."""

    apps: Sequence[Flask]
    clients: Sequence[FlaskClient]

    def empty(self) -> None:
        """Delete everything but the keys."""
        for app in self.apps:
            empty(app)


def empty(app: Flask) -> None:
    """Delete everything but the keys."""
    with app.app_context():
        for table in reversed(db.metadata.sorted_tables):
            if table is not ApiKey.__table__:
                db.session.execute(table.delete())
        db.session.commit()


@pytest.fixture(scope="module")
def both(migrated_sqlite: Path, migrated_postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Make the two applications; what hypothesis runs a hundred times is too dear to do that each time."""
    path = tmp_path_factory.mktemp("both") / "test.db"
    shutil.copy(migrated_sqlite, path)
    apps, clients = [], []
    for url in (f"sqlite:///{path}", migrated_postgresql):
        apps.append(create_app(Config(DATABASE_URL=url, TESTING=True, LOG_LEVEL="ERROR")))
        with apps[-1].app_context():
            for table in reversed(db.metadata.sorted_tables):
                db.session.execute(table.delete())
            db.session.commit()
            token = api_keys.create_key("fuzz", ["admin"])[1]
        clients.append(apps[-1].test_client())
        clients[-1].environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    yield Both(apps, clients)
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
