"""Reads DATABASE_URL: what hosting panels and other tools hand out, as SQLAlchemy and psycopg understand it.

Names of parameters are repeated in errors, their values are not: a value may be a secret.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_BACKENDS: Final = frozenset({"sqlite", "sqlite+pysqlite", "postgresql+psycopg"})
_SQLITE_PARAMETERS: Final = frozenset({"uri", "timeout", "check_same_thread", "cached_statements"})
"""What sqlite3 takes. Not `isolation_level` and `detect_types`, which the service sets or relies on."""
_MAX_SOCKET_PATH_BYTES: Final = 107
_MAX_HOST_CHARACTERS: Final = 253

_POOL_SIZES: Final = (
    "checkout_timeout",
    "connection_limit",
    "conn_health_checks",
    "conn_max_age",
    "idle_timeout",
    "max_overflow",
    "max_pool_size",
    "min_pool_size",
    "pool",
    "pool_health_check_period",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conn_lifetime_jitter",
    "pool_max_conns",
    "pool_min_conns",
    "pool_recycle",
    "pool_size",
    "pool_timeout",
    "reaping_frequency",
    "single_use_connections",
)
"""The connections of one process are DATABASE_POOL_SIZE; another client's pool has no say in it."""
_PREPARED_STATEMENTS: Final = (
    "default_query_exec_mode",
    "description_cache_capacity",
    "prepareThreshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "statement_cache_capacity",
    "statement_cache_mode",
    "statement_cache_size",
)
"""Statements are prepared as DATABASE_PREPARED_STATEMENTS says, by default never behind a pooler."""
_NOTES: Final = ("pgbouncer", "supa", "workaround")
"""Notes of Supabase, Prisma and Vercel that a pooler is in between, which each connection finds out by itself."""
_CLIENTS: Final = ("command_timeout", "socket_timeout", "uselibpqcompat")
"""How one other client waits or reads this URL."""

_IGNORED: Final[Mapping[str, frozenset[str] | None]] = {
    **dict.fromkeys((*_POOL_SIZES, *_PREPARED_STATEMENTS, *_NOTES, *_CLIENTS)),
    # The tables are in the schema `public` unless the role says otherwise.
    **dict.fromkeys(("schema", "currentSchema", "search_path", "schema_search_path"), frozenset({"public"})),
    # Text is sent in UTF-8 whatever the URL says.
    **dict.fromkeys(("encoding", "charset"), frozenset({"utf8", "utf-8", "unicode"})),
    # libpq encrypts if the server does, and checks no certificate unless `sslmode` says so.
    "ssl": frozenset({"false", "0"}),
    "sslaccept": frozenset({"accept_invalid_certs"}),
}
"""Parameters that other tools understand and that change nothing here, each with the values of which that is true."""
_TRANSLATED: Final = {
    ("ssl", "true"): ("sslmode", "require"),
    ("ssl", "1"): ("sslmode", "require"),
    ("sslmode", "no-verify"): ("sslmode", "require"),
}
"""What other drivers write, and libpq's own words for it."""
_ADVICE: Final = {
    **dict.fromkeys(
        ("schema", "currentSchema", "search_path", "schema_search_path"),
        "name the schema with ALTER ROLE … SET search_path, which also holds behind a pooler",
    ),
    **dict.fromkeys(("ssl", "sslaccept"), "say sslmode=require, or sslmode=verify-full with sslrootcert"),
    **dict.fromkeys(
        ("statement_timeout", "lock_timeout", "timezone", "TimeZone"), "set it with ALTER ROLE … SET instead"
    ),
}


def read_database_url(text: str) -> str:
    """Return the URL for SQLAlchemy. Raises ValueError with what is wrong and without any value."""
    # Heroku and Vercel write postgres://, which SQLAlchemy does not know.
    text = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text.strip())
    url = _parsed(text)
    if url.drivername not in _BACKENDS:
        raise ValueError("expected a sqlite:// or postgresql:// URL")
    if url.drivername.startswith("sqlite"):
        _check_sqlite(url)
        return text
    query = _understood(url.query)
    _check_postgresql(url.set(query=query))
    return text if query == url.query else url.set(query=query).render_as_string(hide_password=False)


def _parsed(text: str) -> URL:
    try:
        text.encode()
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Without its cause, which quotes what it could not read: a part of the URL, or all of it.
        raise ValueError("expected a URL such as postgresql://user:password@host/name") from None
    if any("\0" in str(part) for part in (*url, *url.query.values())):
        raise ValueError("expected a URL without control characters")
    return url


def _check_sqlite(url: URL) -> None:
    if any((url.username, url.password, url.host, url.port)):
        raise ValueError("expected sqlite:///path, with three slashes, and no user or host")
    # With `uri=true` the rest are SQLite's own.
    others = url.query.keys() - {"isolation_level", "detect_types"} if "uri" in url.query else frozenset()
    for name in url.query:
        if name not in _SQLITE_PARAMETERS | others:
            raise ValueError(f"{_named(name)} is not taken here")
    _connect_arguments(url)


def _check_postgresql(url: URL) -> None:
    arguments = _connect_arguments(url)
    for host in str(arguments.get("host", "")).split(","):
        _check_host(host)
    _check_values(arguments)


def _understood(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that libpq knows: without what means nothing here, and translated."""
    # Loaded here and below, because a service on SQLite starts without it.
    from psycopg import pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    understood: dict[str, Any] = {}
    for name, value in query.items():
        if not isinstance(value, str):
            # Several hosts are written as one parameter each.
            if name != "host":
                raise ValueError(f"{_named(name)} is there more than once")
            understood[name] = value
            continue
        harmless = _IGNORED.get(name, frozenset())
        if harmless is None or value.lower() in harmless:
            continue
        name, value = _TRANSLATED.get((name, value.lower()), (name, value))
        if name not in known:
            raise ValueError(f"{_named(name)} is not taken here{_advice(name)}")
        understood.setdefault(name, value)
    return understood


def _connect_arguments(url: URL) -> dict[str, Any]:
    try:
        _, arguments = url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise ValueError("expected parameters with values of their kind") from None
    return dict(arguments)


def _check_host(host: str) -> None:
    """Refuse a host that cannot be looked up, which Python tells as an error of its text and not of a connection."""
    if host.startswith(("/", "@")):
        if len(os.fsencode(f"{host}/.s.PGSQL.65535")) > _MAX_SOCKET_PATH_BYTES:
            raise ValueError("the path of the host's socket is too long")
        return
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("the host name is not one: a part of it is empty or too long") from None
    if len(host) > _MAX_HOST_CHARACTERS:
        raise ValueError("the host name is too long")


def _check_values(arguments: Mapping[str, Any]) -> None:
    """Have libpq itself judge the values."""
    if _is_taken(arguments):
        return
    for name in arguments:
        if _is_taken({other: value for other, value in arguments.items() if other != name}):
            raise ValueError(f"{_named(name)} has a value that PostgreSQL's client library does not take")
    raise ValueError("the parameters have values that PostgreSQL's client library does not take")


def _is_taken(arguments: Mapping[str, Any]) -> bool:
    """Return whether libpq would try to connect. It is sent to a socket that cannot be, so that nobody is asked."""
    import psycopg
    from psycopg import pq

    nowhere = {"host": "/dev/null", "hostaddr": None, "port": str(arguments.get("port", "")).partition(",")[0] or None}
    try:
        text = psycopg.conninfo.make_conninfo(**{**arguments, **nowhere})
    except psycopg.ProgrammingError:
        return False
    attempt = pq.PGconn.connect_start(text.encode())
    is_taken = attempt.error_message.startswith(b"connection to server on socket")
    attempt.finish()
    return is_taken


def _advice(name: str) -> str:
    return f"; {_ADVICE[name]}" if name in _ADVICE else ""


def _named(name: str) -> str:
    """Return a parameter as it may be shown: by its name, unless that may be a part of something else."""
    return f"the parameter {name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}", name) else "a parameter"
