"""Clocks that are wrong or moved: those of hosts, and for tests of what the date decides, the database's own too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from app.extensions import db
from tests.faults.helpers import vary
from tests.faults.world import ROOT, World

# Python imports a module of the name sitecustomize at its start, before anything of the service.
_HOST = """
import datetime, time

_time, _time_ns, _datetime, _start = time.time, time.time_ns, datetime.datetime, time.monotonic()

class Kind(type):
    def __instancecheck__(cls, value):
        return isinstance(value, _datetime)

class datetime_(_datetime, metaclass=Kind):
    __slots__ = ()
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + datetime.timedelta(seconds=_shift())

time.time = lambda: _time() + _shift()
time.time_ns = lambda: _time_ns() + int(_shift() * 1e9)
datetime.datetime = datetime_
"""

_SQLITE = """
import sqlite3

_connect = sqlite3.connect
_clock = _connect(":memory:", check_same_thread=False)

def _strftime(*words):
    marks = ", ".join("?" * (len(words) + 1))
    return _clock.execute(f"SELECT strftime({marks})", (*words, f"{_shift()} seconds")).fetchone()[0]

def connect(*words, **options):
    connection = _connect(*words, **options)
    connection.create_function("strftime", -1, _strftime)
    return connection

sqlite3.connect = sqlite3.dbapi2.connect = connect
"""

# PostgreSQL looks into the schemas of the path in turn, and into its own first only where the path does not name it.
_POSTGRESQL = [
    "CREATE SCHEMA moved",
    "CREATE TABLE moved.clock AS SELECT 0.0::float AS ahead",
    "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS"
    " 'SELECT pg_catalog.clock_timestamp() + make_interval(secs => ahead) FROM moved.clock'",
    'ALTER DATABASE "{database}" SET search_path = moved, pg_catalog, public',
]
_POSTGRESQL_AGAIN = ['ALTER DATABASE "{database}" RESET search_path', "DROP SCHEMA moved CASCADE"]


def with_clock(world: World, folder: Path, *, first: float, then: float) -> World:
    """Return the world as a host sees it whose clock is wrong by so many seconds, and by others after a while."""
    return _on_host(world, folder, f"return {first} if time.monotonic() - _start < 1.5 else {then}", _HOST)


class MovedClock:
    """The clock of a world's hosts and of its database, as far ahead as the test says."""

    def __init__(self, world: World, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "ahead"
        self.world = _on_host(world, folder / "host", f"return float(open({str(self._file)!r}).read())", _HOST, _SQLITE)
        """The world as the hosts see it."""

    def move(self, seconds_ahead: float) -> None:
        """Let it be so far ahead from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds_ahead}", encoding="utf-8")
        os.replace(new, self._file)
        if db.engine.dialect.name == "postgresql":
            _run([f"UPDATE moved.clock SET ahead = {seconds_ahead}"])


@contextmanager
def moved_clock(world: World, folder: Path, seconds_ahead: float) -> Iterator[MovedClock]:
    """Move the clock of the hosts and of the database that connect from now on; put it back at the end."""
    is_postgresql = db.engine.dialect.name == "postgresql"
    if is_postgresql:
        _run(_POSTGRESQL)
    try:
        clock = MovedClock(world, folder)
        clock.move(seconds_ahead)
        yield clock
    finally:
        if is_postgresql:
            db.session.rollback()
            _run(_POSTGRESQL_AGAIN)


def _run(statements: list[str]) -> None:
    for statement in statements:
        db.session.execute(text(statement.format(database=db.engine.url.database)))
    db.session.commit()


def _on_host(world: World, folder: Path, shift: str, *parts: str) -> World:
    folder.mkdir()
    module = "\n".join([*parts, f"def _shift():\n    {shift}\n"])
    (folder / "sitecustomize.py").write_text(module, encoding="utf-8")
    return vary(world, PYTHONPATH=f"{folder}:{ROOT}")
