"""Errors of the databases: which mean that it cannot be used at the moment, and why."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DatabaseUnusable

READ_ONLY: Final = "it is read-only"
READ_ONLY_FILE: Final = "its file is read-only"
_LOCKED: Final = "it is locked"

_SQLITE_REASONS: Final = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY_FILE,
    sqlite3.SQLITE_IOERR: "its disk does not answer",
    sqlite3.SQLITE_CORRUPT: "its file is damaged",
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_NOTADB: "its file is not a database",
}
"""By primary result code: https://www.sqlite.org/rescode.html."""

_STATE_REASONS: Final = {
    "55P03": _LOCKED,
    "40P01": _LOCKED,
    "40001": _LOCKED,
    "25006": READ_ONLY,
    "53100": "its disk is full",
    "53300": "it has no connection left",
    "28000": "it does not know the user",
    "28P01": "it refused the password",
    "3D000": "there is no such database",
    "3F000": "it has no schema to make tables in; ALTER ROLE … SET search_path names one",
    "42501": "its role may not do that",
}
"""By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

_STATE_CLASSES_AWAY: Final = frozenset({"08", "53", "57", "58"})
"""The first two characters of the states that mean that PostgreSQL went away."""

_WORD_REASONS: Final = {
    "Connection refused": "nothing listens at that address",
    "No such file or directory": "nothing listens at that address",
    "resolve host": "its host name is not known",
    "translate host name": "its host name is not known",
    "password authentication failed": "it refused the password",
    "role": "it does not know the user",
    "database": "there is no such database",
    "timeout": "it does not answer",
}
"""By words of the driver, since a connection that was refused has no SQLSTATE."""

_CONFLICTS: Final = frozenset({"40001", "40P01"})
_MISSING: Final = frozenset({"42P01", "42703"})


def is_unavailable(error: BaseException) -> bool:
    """Return whether an exception means that the database is away, locked or full.

    As opposed to a statement that it refused, which is a bug.
    """
    return why_unavailable(error) is not None


def why_unavailable(error: BaseException) -> str | None:
    """Return a phrase that says why the database cannot be used, or None if an exception is about something else.

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


def is_missing_table(error: BaseException) -> bool:
    """Return whether an exception means that the schema has not been made."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError):
        return "no such " in str(error.orig)
    return _state(error) in _MISSING


def is_conflict(error: DBAPIError) -> bool:
    """Return whether PostgreSQL undid a transaction that may succeed if it is begun again."""
    return _state(error) in _CONFLICTS


def _why_sqlite(error: sqlite3.Error) -> str | None:
    # The extended codes keep the primary one in their last byte.
    primary_code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _SQLITE_REASONS.get(primary_code)


def _why_postgresql(error: DBAPIError) -> str | None:
    state = _state(error)
    if state in _STATE_REASONS:
        return _STATE_REASONS[state]
    if state[:2] in _STATE_CLASSES_AWAY or error.connection_invalidated:
        return "it went away"
    if not state and isinstance(error, OperationalError | InterfaceError):
        return _why_unreachable(str(error.orig))
    return None


def _why_unreachable(message: str) -> str:
    reasons = (reason for word, reason in _WORD_REASONS.items() if word in message)
    return next(reasons, "it cannot be reached")


def _state(error: DBAPIError) -> str:
    """Return the SQLSTATE, empty if there is none."""
    return getattr(error.orig, "sqlstate", None) or ""
