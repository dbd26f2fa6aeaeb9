"""Lists of entity ids: as a caller gives them, of any length, and as a chunk keeps them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Text, func

from app.errors import EmptyJob, Invalid, detail
from app.models.chunk import ERASED_ID
from app.values.identifiers import ENTITY_ID_RULE, invalid_entity_ids, is_entity_id

_QUOTED_ERASED_ID: Final = f'"{ERASED_ID}"'


class ChunkUnreadable(ValueError):
    """The chunk's stored entity ids are not the list that was enqueued."""


class UniqueIds(Protocol):
    """Checked ids: how many were kept, how many were repetitions, and the ids again in slices."""

    kept: int
    repeated: int

    def slices(self, size: int) -> Iterator[list[str]]:
        """Give the ids in order, `size` at a time."""
        ...


@contextmanager
def unique_ids(entity_ids: Iterable[object]) -> Iterator[UniqueIds]:
    """Check ids and drop repetitions, for as long as a block takes.

    A list is handled in memory, where its caller has it anyway; anything else
    is spooled to a temporary file, so that a file of millions of ids takes
    constant memory. Raises `Invalid` for what is not an entity id.
    """
    if isinstance(entity_ids, Sequence):
        yield _InMemory(entity_ids)
        return
    # An empty name is a private temporary file that SQLite deletes by itself.
    with closing(sqlite3.connect("", isolation_level=None)) as file:
        yield _OnDisk(file, entity_ids)


@contextmanager
def some_unique_ids(entity_ids: Iterable[object]) -> Iterator[UniqueIds]:
    """Check ids as `unique_ids` does, for as long as a block takes. Raises `EmptyJob` if there are none."""
    with unique_ids(entity_ids) as ids:
        if ids.kept == 0:
            raise EmptyJob(details=[detail("entityIds", "expected at least one id")])
        yield ids


def parse_ids(stored_ids: str | None, position: int) -> list[str]:
    """Return a chunk's entity ids. Raises `ChunkUnreadable` if the stored text is damaged."""
    try:
        ids = json.loads(stored_ids or "")
    except ValueError as exc:
        raise ChunkUnreadable(f"chunk {position}: stored entity ids are not JSON") from exc
    if not isinstance(ids, list) or invalid_entity_ids([entity_id for entity_id in ids if entity_id != ERASED_ID]):
        raise ChunkUnreadable(f"chunk {position}: expected a list of entity ids")
    return ids


def count_erased(stored_ids: str) -> int:
    """Return in how many places of a stored list an entity was erased."""
    return stored_ids.count(_QUOTED_ERASED_ID)


def erased_in(ids: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the expression that counts the same in a column of lists."""
    text = ids.cast(Text)
    without = func.length(func.replace(text, _QUOTED_ERASED_ID, ""))
    return (func.length(text) - without) // len(_QUOTED_ERASED_ID)


def _checked(entity_ids: Iterable[object]) -> Iterator[str]:
    for position, entity_id in enumerate(entity_ids):
        if not is_entity_id(entity_id):
            message = f"expected {ENTITY_ID_RULE}"
            raise Invalid(
                f"Entity id number {position + 1} is not valid: {message}.",
                details=[detail(f"entityIds.{position}", message)],
            )
        yield str(entity_id)


class _InMemory:
    def __init__(self, entity_ids: Sequence[object]) -> None:
        self._ids = list(dict.fromkeys(_checked(entity_ids)))
        self.kept = len(self._ids)
        self.repeated = len(entity_ids) - self.kept

    def slices(self, size: int) -> Iterator[list[str]]:
        for start in range(0, self.kept, size):
            yield self._ids[start : start + size]


class _OnDisk:
    def __init__(self, file: sqlite3.Connection, entity_ids: Iterable[object]) -> None:
        self._file = file
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16000"):
            self._file.execute(f"PRAGMA {pragma}")
        self._file.execute("CREATE TABLE ids (position INTEGER PRIMARY KEY, id TEXT UNIQUE)")
        self._file.execute("BEGIN")
        seen = 0
        ids = _checked(entity_ids)
        while rows := list(islice(ids, 10_000)):
            self._file.executemany("INSERT OR IGNORE INTO ids (id) VALUES (?)", ((entity_id,) for entity_id in rows))
            seen += len(rows)
        self.kept: int = self._file.execute("SELECT count(*) FROM ids").fetchone()[0]
        self.repeated = seen - self.kept

    def slices(self, size: int) -> Iterator[list[str]]:
        cursor = self._file.execute("SELECT id FROM ids ORDER BY position")
        while rows := cursor.fetchmany(size):
            yield [entity_id for (entity_id,) in rows]
