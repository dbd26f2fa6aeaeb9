"""The databases of a test run: migrated once, then copied, and emptied before each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import fasteners
from flask_migrate import upgrade
from sqlalchemy import Engine, NullPool, create_engine, text

from app import create_app
from app.config import Config
from app.extensions import db
from tests import folders
from tests.postgres import OwnPostgres

_TEMPLATE = "migrated"
_SETTINGS = (
    *("fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"),
    *("max_connections=400", "max_wal_size=256MB"),
)
"""Nobody misses the data after a power cut, every worker has several processes with pools of their own, and the files
may be in memory. Commits are synchronous all the same: entries of old rows are marked as dead only when the commit is
written, and a claim that comes before that reads more pages."""


class RunDatabases:
    """The databases that all workers of a test run share; what is missing is made by whoever needs it first.

    The folder is not under pytest's own: as root, PostgreSQL runs as another user, and any other pytest that
    starts makes that folder unreadable for others. It is in memory if there is room: on a disk, each commit to SQLite
    waits for it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls) -> "RunDatabases":
        """Make the folder."""
        folders.remove_orphans()
        return cls(folders.make(folders.quick_base()))

    def remove(self) -> None:
        """Stop the server, if there is one, and delete the folder."""
        folders.remove(self.folder)

    def sqlite(self) -> Path:
        """Return an SQLite file with the schema in it, to be copied."""
        path = self.folder / "migrated.db"
        with self._once("sqlite") as is_first:
            if is_first:
                _migrate_sqlite(path)
        return path

    def empty_sqlite(self, name: str) -> str:
        """Put an SQLite file with the schema and no row in the place of the last one of that name; return its URL."""
        path = self.folder / f"{name}.db"
        for ending in ("", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        shutil.copy(self.sqlite(), path)
        return f"sqlite:///{path}"

    def postgresql(self, name: str) -> str:
        """Make a database with the schema in it on the run's PostgreSQL server; return its URL."""
        server = OwnPostgres(self._data)
        with self._once("postgresql") as is_first:
            if is_first:
                server.make()
                server.start(*_SETTINGS)
                server.create(_TEMPLATE)
                server.migrate(_TEMPLATE)
            return server.create(name, _TEMPLATE)

    @property
    def _data(self) -> Path:
        return self.folder / "server" / "data"

    @contextmanager
    def _once(self, name: str) -> Iterator[bool]:
        """Hold a lock among the workers; True for the first of them that comes through."""
        done = self.folder / f"{name}.done"
        with fasteners.InterProcessLock(self.folder / f"{name}.lock"):
            yield not done.exists()
            done.touch()


def _migrate_sqlite(path: Path) -> None:
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="WARNING"))
    with app.app_context():
        upgrade()
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()


def empty(url: str) -> None:
    """Take every row out of a migrated database."""
    tables = [table.name for table in reversed(db.metadata.sorted_tables)]
    statements = [f"DELETE FROM {table}" for table in tables]
    with _engine(url).begin() as connection:
        if connection.dialect.name == "postgresql":
            # In one round trip.
            connection.exec_driver_sql("; ".join(statements))
        else:
            for statement in statements:
                connection.exec_driver_sql(statement)


@lru_cache
def _engine(url: str) -> Engine:
    # Of a file no connection is kept: another one takes its place.
    return create_engine(url, poolclass=NullPool if url.startswith("sqlite") else None)


def let_go(url: str) -> None:
    """Close the connection that `empty` has kept: one that is let go of while open warns."""
    _engine(url).dispose()
