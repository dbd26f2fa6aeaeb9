"""Transactions and engine settings that make SQLite and PostgreSQL behave alike.

Reads use `db.session` as it is. Every write goes through `transaction()`,
which is one unit of work: it commits at the end of the block, or nothing of it
happened.
"""

import json
import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
import structlog
from flask import Flask
from flask_sqlalchemy.session import Session
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import scoped_session
from sqlalchemy.pool import ConnectionPoolEntry

from app.config import Config
from app.errors import DamagedData, DatabaseUnusable
from app.extensions import db

log = structlog.get_logger(__name__)

SQLITE_WAIT_SECONDS = 30.0
"""How long a write waits for its turn on SQLite before the database counts as locked."""

SCRUB_SECONDS = 5.0
"""How long an erasure waits until nobody reads from the write-ahead log any more."""

IDLE_SECONDS = 1.0
"""A connection that was not used for this long is checked before it is used again."""

PREPARED_AFTER = 5
"""Executions after which a statement is prepared, where that is possible: the driver's own default."""

CONFLICT_TRIES = 5
"""How often a unit of work is begun that the database keeps undoing for the sake of others."""

P = ParamSpec("P")
T = TypeVar("T")

WriteSession = scoped_session[Session]
"""What `transaction()` hands out."""

_LOCKED = "it is locked"
_READ_ONLY = "it is read-only"
_READ_ONLY_FILE = "its file is read-only"
_FILE_OF_SQLITE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
_IMMEDIATE = "tranche_begin_immediate"
_IS_WRITING = "tranche_is_writing"
_IS_READ_ONLY = "tranche_is_read_only"
_ISOLATION = "read committed"
_RUNS_STATEMENTS_ALONE = "tranche_runs_statements_alone"
_SET_UP = """
    SELECT set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '30s', false),
           current_setting('default_transaction_isolation'), current_setting('transaction_read_only') = 'on',
           pg_backend_pid()
"""


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
        connection = db.session.connection(execution_options={_IMMEDIATE: True})
        if connection.info.get(_IS_READ_ONLY):
            # Also a transaction that turns out to have nothing to write must not look like one that wrote.
            _check_is_read_write(connection)
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
                if not _is_conflict(exc):
                    raise
            # Whoever it met is given the time to end.
            time.sleep(random.uniform(0.01, 0.1))
        return unit(*args, **kwargs)

    return run


def _is_conflict(error: DBAPIError) -> bool:
    """Return whether the database undid a transaction that may succeed if it is begun again."""
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def check_writable() -> None:
    """Raise `DatabaseUnusable` if the database can only be read.

    For who would otherwise find out only once there is something to write.
    """
    db.session.rollback()
    _check_is_read_write(db.session.connection())
    end_read()


def _check_is_read_write(connection: Connection) -> None:
    # Asked anew: a standby may have been promoted, or a file made writable, since the connection was made.
    if connection.dialect.name == "postgresql":
        is_read_only = connection.exec_driver_sql("SELECT current_setting('transaction_read_only') = 'on'").scalar()
        reason = _READ_ONLY
    else:
        is_read_only = _is_read_only_file(connection.engine.url, connection.exec_driver_sql(_FILE_OF_SQLITE).scalar())
        reason = _READ_ONLY_FILE
    if is_read_only:
        raise DatabaseUnusable(reason)


def _is_read_only_file(url: URL, path: str | None) -> bool:
    """Return whether SQLite cannot write to its file, or not put its log beside it; SQLite tells only who writes."""
    if not path:
        return False
    is_opened_so = url.query.get("mode") == "ro" or url.query.get("immutable") == "1"
    return is_opened_so or not (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK))


@contextmanager
def single_statement() -> Iterator[Connection]:
    """Hand out a connection for one statement that is its own transaction, for PostgreSQL.

    Begin and commit would each cost a round trip more. They are sent only if the session's default isolation
    is not ours: a statement on its own runs at that. A read that came before is ended first, as with
    `transaction`.
    """
    if db.session.info.get(_IS_WRITING):
        raise RuntimeError("a unit of work cannot hold another one")
    db.session.rollback()
    with db.engine.connect() as connection:
        if connection.info.get(_RUNS_STATEMENTS_ALONE):
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
    """Empty SQLite's write-ahead log, which holds pages as they stood before an erasure; False where that failed.

    SQLite itself would write over the log from its start, some day, and leave its end as it is.
    It cannot be emptied while anybody reads from it or writes, so this waits a little; a long
    export that is under way may outlast that. PostgreSQL has no such file within our reach.
    """
    if engine_name() != "sqlite":
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


def engine_options(config: Config) -> dict[str, Any]:
    """Return what `create_engine` is given for the configured database."""
    if config.is_sqlite:
        # The driver's own wait is kept short: its back-off grows and starves whoever waits longest.
        return {"connect_args": {"timeout": 0.1}, "hide_parameters": True, "json_deserializer": _read_json}
    return {
        "hide_parameters": True,
        # With each BEGIN, so that neither the database's default nor a pooler has a say in it.
        "isolation_level": "READ COMMITTED",
        "pool_size": config.DATABASE_POOL_SIZE,
        "max_overflow": 0,
        "pool_timeout": 10,
        # Nothing else may depend on a server session, so that PgBouncer can pool by transaction.
        "connect_args": {
            "connect_timeout": 5,
            # Until `_set_up_postgresql` knows better.
            "prepare_threshold": None,
            "application_name": "tranche",
            # Not what the role, the database or the environment say.
            "client_encoding": "utf8",
            # A host that vanished is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "tcp_user_timeout": 30_000,
        },
    }


def _read_json(stored: str | bytes) -> Any:
    """Parse a stored JSON value, which SQLite lets anybody change into something else."""
    try:
        return json.loads(stored)
    except ValueError as exc:
        raise DamagedData from exc


def init_app(app: Flask, config: Config) -> None:
    """Attach what each kind of database needs to the application's engine."""
    # libpq sends this when it connects, and poolers keep it apart for each client. psycopg reads times in no other
    # style, which a role or a database may have as its default.
    os.environ["PGDATESTYLE"] = "ISO"
    with app.app_context():
        engine = db.engine
    _engines.add(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_set_up_sqlite, engine.url))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", partial(_set_up_postgresql, config.DATABASE_PREPARED_STATEMENTS))
        event.listen(engine, "checkout", _ping_if_idle)
        event.listen(engine, "checkin", _note_use)


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _forget_connections() -> None:
    """Drop the parent's connections without closing them; shared ones would mix up answers."""
    for engine in _engines:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an exception means that the database is away, locked or full.

    As opposed to a statement that it refused, which is a bug.
    """
    return why_unavailable(error) is not None


def why_unavailable(error: BaseException) -> str | None:
    """Return a phrase that says why the database cannot be used, or None where that is not the matter.

    A fixed phrase: what the driver says may quote the URL.
    """
    if isinstance(error, DatabaseUnusable):
        return error.reason
    if isinstance(error, PoolTimeout):
        return "all its connections are in use"
    if is_missing_table(error):
        return None
    # What sets up a new connection raises the driver's own errors.
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _why_sqlite(cause)
    return _why_postgresql(error) if isinstance(error, DBAPIError) else None


def _why_sqlite(error: sqlite3.Error) -> str | None:
    # https://www.sqlite.org/rescode.html; the extended codes keep the primary one in their last byte.
    reasons = {
        sqlite3.SQLITE_BUSY: _LOCKED,
        sqlite3.SQLITE_LOCKED: _LOCKED,
        sqlite3.SQLITE_READONLY: _READ_ONLY_FILE,
        sqlite3.SQLITE_IOERR: "its disk does not answer",
        sqlite3.SQLITE_CORRUPT: "its file is damaged",
        sqlite3.SQLITE_FULL: "its disk is full",
        sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
        sqlite3.SQLITE_NOTADB: "its file is not a database",
    }
    return reasons.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)


def _why_postgresql(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    # https://www.postgresql.org/docs/current/errcodes-appendix.html; a refused connection has no code, only words.
    reasons = {
        "55P03": _LOCKED,
        "40P01": _LOCKED,
        "40001": _LOCKED,
        "25006": _READ_ONLY,
        "53100": "its disk is full",
        "53300": "it has no connection left",
        "28000": "it does not know the user",
        "28P01": "it refused the password",
        "3D000": "there is no such database",
        "3F000": "it has no schema to make tables in; ALTER ROLE … SET search_path names one",
        "42501": "its role may not do that",
    }
    words = {
        "Connection refused": "nothing listens at that address",
        "No such file or directory": "nothing listens at that address",
        "resolve host": "its host name is not known",
        "translate host name": "its host name is not known",
        "password authentication failed": "it refused the password",
        "role": "it does not know the user",
        "database": "there is no such database",
        "timeout": "it does not answer",
    }
    if state in reasons:
        return reasons[state]
    if state[:2] in {"08", "53", "57", "58"} or error.connection_invalidated:
        return "it went away"
    if not state and isinstance(error, OperationalError | InterfaceError):
        return next((reason for word, reason in words.items() if word in str(error.orig)), "it cannot be reached")
    return None


def is_missing_table(error: BaseException) -> bool:
    """Tell whether an exception means that the schema has not been made."""
    if not isinstance(error, DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in {"42P01", "42703"} or (
        isinstance(error.orig, sqlite3.OperationalError) and "no such " in str(error.orig)
    )


def _set_up_postgresql(prepared: str, connection: Any, record: ConnectionPoolEntry) -> None:
    """Let a process that is frozen with a lock in its hands not stop everybody else, and have statements prepared.

    The time-outs are a guard, on which nothing else rests: a pooler may hand them to another of its clients, or
    lose them. A prepared statement behind a pooler may come to a server process that does not know its name or,
    worse, knows another client's by it. A pooler shows when a connection is made: the process that it says is
    behind it is not the one that answers. The default isolation, which only a statement on its own runs at, is
    therefore changed on direct connections alone. Raises `DatabaseUnusable`.
    """
    _check_encoding(connection)
    *_, isolation, is_read_only, process = connection.execute(_SET_UP).fetchone()
    is_direct = process == connection.info.backend_pid
    if is_direct and isolation != _ISOLATION:
        connection.execute("SELECT set_config('default_transaction_isolation', %s, false)", [_ISOLATION])
    connection.commit()
    record.info[_RUNS_STATEMENTS_ALONE] = is_direct or isolation == _ISOLATION
    record.info[_IS_READ_ONLY] = is_read_only
    if prepared == "true" or (prepared == "auto" and is_direct):
        connection.prepare_threshold = PREPARED_AFTER


def _check_encoding(connection: Any) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding in {"UTF8", None}:
        return
    connection.close()
    raise DatabaseUnusable(
        f"its encoding is {encoding}, which cannot hold every name; expected UTF8,"
        " as CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0 makes it"
    )


def _ping_if_idle(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Check a connection that has been idle; one that died is replaced by the pool.

    `pool_pre_ping` would ask before every transaction, which a chunk that costs
    nothing else can feel.
    """
    if time.monotonic() - record.info.get("used_at", float("inf")) >= IDLE_SECONDS:
        try:
            connection.execute("SELECT 1")
            # As in `end_read`.
            connection.commit()
        except psycopg.Error as exc:
            raise DisconnectionError from exc


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _set_up_sqlite(url: URL, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    # None: the driver starts no transaction of its own; `_begin_sqlite` does.
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    (path,) = connection.execute(_FILE_OF_SQLITE).fetchone()
    record.info[_IS_READ_ONLY] = _is_read_only_file(url, path)
    _insist(lambda: connection.execute("PRAGMA journal_mode=WAL"))


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_IMMEDIATE):
        _insist(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    else:
        connection.exec_driver_sql("BEGIN")


def _insist(action: Any) -> None:
    """Try until the write lock is ours; a short random pause between tries keeps the turns fair."""
    deadline = time.monotonic() + SQLITE_WAIT_SECONDS
    while True:
        try:
            action()
        except (OperationalError, sqlite3.OperationalError) as exc:
            if "locked" not in str(exc) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.01))
        else:
            return


def engine_name(engine: Engine | None = None) -> str:
    """Return `sqlite` or `postgresql`."""
    return (engine or db.engine).dialect.name
