"""Rows that wait for work or are to go: looked for first without SQLite's write lock, which others may need."""

from typing import Any

from sqlalchemy import Column, Select, delete

from app.db.session import end_read, transaction
from app.extensions import db


def has_any(query: Select[Any]) -> bool:
    """Return whether a query finds a row, and end the read."""
    found = db.session.scalar(query.limit(1)) is not None
    end_read()
    return found


def delete_found(key: Column[Any], query: Select[Any]) -> int:
    """Delete the rows whose keys a query finds, in a transaction of its own if there are any; return how many."""
    if not has_any(query):
        return 0
    with transaction() as session:
        return session.connection().execute(delete(key.table).where(key.in_(query))).rowcount
