"""The engines: their options, what is set up on each connection, pools and forks."""

import json
import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flask import Flask
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from app.config import Config
from app.db.failures import READ_ONLY, READ_ONLY_FILE
from app.errors import DamagedData, DatabaseUnusable
from app.extensions import db

SQLITE_WAIT_SECONDS: Final = 30.0
"""How long a write waits for its turn on SQLite before the database counts as locked."""

IDLE_SECONDS: Final = 1.0
"""A connection that was not used for this long is checked before it is used again."""

PREPARED_AFTER: Final = 5
"""Executions after which a statement is prepared, where that is possible: the driver's own default."""

IMMEDIATE: Final = "tranche_begin_immediate"
"""The execution option of a transaction that takes SQLite's write lock as it begins."""

ALONE: Final = "tranche_alone"
"""The execution option of a statement that is its own transaction on SQLite."""

IS_READ_ONLY: Final = "tranche_is_read_only"
"""Says in a connection's `info` whether it could only read when it was made."""

RUNS_STATEMENTS_ALONE: Final = "tranche_runs_statements_alone"
"""Says in a connection's `info` whether a statement on its own runs at our isolation."""

# Without the spaces that `json.dumps` writes, which are a tenth of what is stored.
_ANY_ENGINE: Final = {"hide_parameters": True, "json_serializer": json.JSONEncoder(separators=(",", ":")).encode}
_FILE_OF_SQLITE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
_ISOLATION = "read committed"
_SET_UP = """
    SELECT set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '30s', false),
           current_setting('default_transaction_isolation'), current_setting('transaction_read_only') = 'on',
           pg_backend_pid()
"""


def engine_options(config: Config) -> dict[str, Any]:
    """Return what `create_engine` is given for the configured database."""
    if config.is_sqlite:
        # The driver's own wait is kept short: its back-off grows and starves whoever waits longest.
        connect_args = {"timeout": 0.1}
        return {**_ANY_ENGINE, "connect_args": connect_args, "json_deserializer": _read_json}
    return {
        **_ANY_ENGINE,
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


def check_is_read_write(connection: Connection) -> None:
    """Raise `DatabaseUnusable` if a connection can only read."""
    # Asked anew: a standby may have been promoted, or a file made writable, since the connection was made.
    if connection.dialect.name == "postgresql":
        is_read_only = connection.exec_driver_sql("SELECT current_setting('transaction_read_only') = 'on'").scalar()
        reason = READ_ONLY
    else:
        is_read_only = _is_read_only_file(connection.engine.url, connection.exec_driver_sql(_FILE_OF_SQLITE).scalar())
        reason = READ_ONLY_FILE
    if is_read_only:
        raise DatabaseUnusable(reason)


def _is_read_only_file(url: URL, path: str | None) -> bool:
    """Return whether SQLite cannot write to its file, or put its log beside it; SQLite says so only at a write."""
    if not path:
        return False
    if url.query.get("mode") == "ro" or url.query.get("immutable") == "1":
        return True
    return not (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK))


def _set_up_postgresql(prepared: str, connection: Any, record: ConnectionPoolEntry) -> None:
    """Keep a frozen process from holding its locks for ever, and have statements prepared.

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
    record.info[RUNS_STATEMENTS_ALONE] = is_direct or isolation == _ISOLATION
    record.info[IS_READ_ONLY] = is_read_only
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
    # It is loaded by now: a service on SQLite starts without it.
    import psycopg

    idle_seconds = time.monotonic() - record.info.get("used_at", float("inf"))
    if idle_seconds < IDLE_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        # No rollback: as in `session.end_read`.
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
    record.info[IS_READ_ONLY] = _is_read_only_file(url, path)
    _insist(partial(connection.execute, "PRAGMA journal_mode=WAL"))


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(IMMEDIATE):
        _insist(partial(connection.exec_driver_sql, "BEGIN IMMEDIATE"))
    elif not options.get(ALONE):
        connection.exec_driver_sql("BEGIN")


def _insist(action: Callable[[], object]) -> None:
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
