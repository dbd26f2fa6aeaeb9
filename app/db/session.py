"""Sessions and units of work.

Reads use `db.session` as it is. Every write goes through `transaction()`, which is one unit of work: it commits at the
end of the block, or nothing of it happened.

Statements that run most often, or whose result needs a `rowcount`, are executed on `session.connection()`, the core
connection of the session's transaction: it spares the ORM's own work on each statement and row. All others are
executed on the session.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import structlog
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session

from app.db.engines import ALONE, IMMEDIATE, IS_READ_ONLY, RUNS_STATEMENTS_ALONE, check_is_read_write
from app.db.failures import is_conflict
from app.extensions import db

log = structlog.get_logger(__name__)

SCRUB_SECONDS: Final = 5.0
"""How long an erasure waits until nobody reads from the write-ahead log any more."""

CONFLICT_TRIES: Final = 5
"""How often a unit of work is begun if the database keeps undoing it for the sake of others."""

P = ParamSpec("P")
T = TypeVar("T")

WriteSession = scoped_session[Session]
"""What `transaction()` hands out."""

_IS_WRITING: Final = "tranche_is_writing"


@contextmanager
def transaction() -> Iterator[WriteSession]:
    """Open a write transaction on `db.session`; commit at the end, or roll back and raise.

    A read that came before is ended first, so the block sees the newest rows.
    SQLite takes its write lock at the start: a transaction that reads first and
    writes later would fail with "database is locked" as soon as two overlap.
    """
    if db.session.info.get(_IS_WRITING):
        raise RuntimeError("a unit of work cannot hold another one")
    db.session.rollback()
    try:
        connection = db.session.connection(execution_options={IMMEDIATE: True})
        if connection.info.get(IS_READ_ONLY):
            # Also a transaction that turns out to have nothing to write must not look like one that wrote.
            check_is_read_write(connection)
        db.session.info[_IS_WRITING] = True
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        db.session.info.pop(_IS_WRITING, None)


def repeats_conflicts(unit: Callable[P, T]) -> Callable[P, T]:
    """Decorate a unit of work to run again if PostgreSQL undid it to end a deadlock or to keep others' order.

    All of it was undone, so nothing happens twice in the database; what it changed elsewhere must bear a
    repetition.
    """

    @wraps(unit)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(CONFLICT_TRIES - 1):
            try:
                return unit(*args, **kwargs)
            except DBAPIError as exc:
                if not is_conflict(exc):
                    raise
            # Whoever it met is given the time to end.
            time.sleep(random.uniform(0.01, 0.1))
        return unit(*args, **kwargs)

    return run


def check_writable() -> None:
    """Raise `DatabaseUnusable` if the database can only be read.

    For callers that would otherwise find out only once there is something to write.
    """
    db.session.rollback()
    check_is_read_write(db.session.connection())
    end_read()


@contextmanager
def single_statement() -> Iterator[Connection]:
    """Hand out a connection for one statement that is its own transaction; on SQLite for one that only reads.

    Begin and commit would each cost a round trip more. PostgreSQL is sent them only if the session's default isolation
    is not ours: a statement on its own runs at that. A read that came before is ended first, as with
    `transaction`.
    """
    if db.session.registry.has():
        if db.session.info.get(_IS_WRITING):
            raise RuntimeError("a unit of work cannot hold another one")
        db.session.rollback()
    with _one_statement() as connection:
        yield connection


@contextmanager
def single_query() -> Iterator[Connection]:
    """Hand out a connection for one query, whose rows are read before the block ends.

    A session in the middle of a transaction hands out its own, so that the query sees what was changed in it. Else the
    query is its own transaction, as with `single_statement`, and no session is made for it.
    """
    if db.session.registry.has() and db.session().in_transaction():
        yield db.session.connection()
        return
    with _one_statement() as connection:
        yield connection


@contextmanager
def _one_statement() -> Iterator[Connection]:
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            yield connection.execution_options(**{ALONE: True})
        elif connection.info.get(RUNS_STATEMENTS_ALONE):
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
        else:
            with connection.begin():
                yield connection


def end_read() -> None:
    """End the transaction that a read opened, so that none stays open while a provider is asked.

    With a commit: at a rollback psycopg forgets every statement that it has prepared on the connection.
    """
    db.session.commit()


def scrub_log() -> bool:
    """Empty SQLite's write-ahead log, which holds pages as they stood before an erasure; return False if that failed.

    SQLite itself would write over the log from its start, some day, and leave its end as it is.
    It cannot be emptied while anybody reads from it or writes, so this waits a little; a long
    export may outlast the wait. PostgreSQL has no such file within our reach.
    """
    if db.engine.dialect.name != "sqlite":
        return True
    db.session.rollback()
    connection = db.engine.raw_connection()
    try:
        deadline = time.monotonic() + SCRUB_SECONDS
        while connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                log.warning("write-ahead log in use", waited_seconds=SCRUB_SECONDS)
                return False
            time.sleep(random.uniform(0.001, 0.01))
        return True
    finally:
        connection.close()
