"""Where to look for what must not be there: words that are like no others, and everything that is stored."""

import secrets
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, cast, select
from sqlalchemy.engine import make_url

from app.db.session import end_read
from app.extensions import db


def canary(length: int = 14) -> str:
    """Return a word of letters alone, in lower case, that stands nowhere else: names lose digits, addresses case."""
    return "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(length))


def every_row() -> dict[str, list[str]]:
    """Return each row of each table as text, all of its columns, by table; the tables are read from the database."""
    found: dict[str, list[str]] = {}
    for name, table in _stored_tables(str(db.engine.url)).items():
        rows = db.session.execute(select(*(_as_text(column) for column in table.columns)))
        found[name] = ["\x1f".join(map(_text_of, row)) for row in rows]
    end_read()
    return found


@cache
def _stored_tables(_url: str) -> Mapping[str, Table]:
    """Read the tables from a database, once: the schema stays the same for the whole run."""
    stored = MetaData()
    stored.reflect(db.engine)
    return stored.tables


def _as_text(column: Column[Any]) -> Any:
    return column if isinstance(column.type, LargeBinary) else cast(column, Text)


def _text_of(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def tables_with(words: Iterable[str]) -> dict[str, set[str]]:
    """Return which words stand in which tables, whatever their case."""
    wanted = [word.lower() for word in words]
    found: dict[str, set[str]] = {}
    for name, rows in every_row().items():
        text = "\n".join(rows).lower()
        if here := {word for word in wanted if word in text}:
            found[name] = here
    return found


def sqlite_files(database_url: str) -> dict[str, bytes]:
    """Return the bytes of an SQLite database, of its write-ahead log and of that one's index, in lower case."""
    path = make_url(database_url).database
    assert path is not None
    files = [Path(path), Path(f"{path}-wal"), Path(f"{path}-shm")]
    return {file.name: file.read_bytes().lower() for file in files if file.exists()}


def words_in(files: dict[str, bytes], words: Iterable[str]) -> set[tuple[str, str]]:
    """Return pairs of file and word that stands in it."""
    return {(name, word) for name, data in files.items() for word in words if word.lower().encode() in data}


def texts_of(value: Any) -> set[str]:
    """Return every text inside of a JSON value."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {text for inner in value.values() for text in texts_of(inner)}
    if isinstance(value, list):
        return {text for inner in value for text in texts_of(inner)}
    return set()
