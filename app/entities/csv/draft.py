"""What a dry run would have written so far, for the rows that follow."""

import json
import marshal
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.entities.fields import Fields
from app.entities.pages import slices

Drafted = Fields | tuple[Any, ...]
"""The fields of an entity, or what they are made of when they are read: in most cases they never are."""

_ENTITIES_A_PART: Final = 32
"""Entities that are written together: a row of the file for each takes longer than to read some in vain."""

# In which parts of the file the entities of some hashes are.
_PARTS_OF: Final = " UNION ALL ".join(
    f"SELECT part FROM json_each(:hashes) JOIN {table} ON hash = value" for table in ("first", "later")
)
_READ: Final = f"SELECT entities FROM parts WHERE number IN ({_PARTS_OF}) ORDER BY number"
_WRITE_PARTS: Final = "INSERT INTO parts VALUES (?, ?)"
# All hashes are one parameter, which takes half the time of a row for each. Two ids may have one hash.
_PLACES: Final = f"SELECT value, :number + key / {_ENTITIES_A_PART} FROM json_each(:hashes)"
_WRITE_FIRST: Final = f"INSERT OR IGNORE INTO first {_PLACES}"
_WRITE_LATER: Final = f"INSERT OR IGNORE INTO later {_PLACES}"


class Draft:
    """Entities by id, in a file of their own, so that memory stays the same however many there are.

    What is written is appended; of one entity the later fields are laid over the earlier ones. `unfold` makes fields
    of what is written as a tuple.
    """

    def __init__(self, unfold: Callable[..., Fields]) -> None:
        self._unfold = unfold
        # An empty name is a private temporary file that SQLite deletes by itself.
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("CREATE TABLE parts (number INTEGER PRIMARY KEY, entities BLOB)")
        # By numbers, which take a third of the room of ids.
        self._file.execute("CREATE TABLE first (hash INTEGER PRIMARY KEY, part INTEGER)")
        self._file.execute("CREATE TABLE later (hash INTEGER, part INTEGER, PRIMARY KEY (hash, part)) WITHOUT ROWID")
        self._parts = 0
        # Never committed: a transaction for each row would take ten times as long.
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def read(self, ids: Iterable[str]) -> dict[str, Fields]:
        """Return what was written of each of these entities that anything was written of."""
        wanted = set(ids)
        drafted: dict[str, Fields] = {}
        for (entities,) in self._file.execute(_READ, {"hashes": _hashes(wanted)}):
            for entity_id, written in marshal.loads(entities).items():
                if entity_id in wanted:
                    fields = self._unfold(*written) if isinstance(written, tuple) else written
                    drafted.setdefault(entity_id, {}).update(fields)
        return drafted

    def add(self, entities: Mapping[str, Drafted]) -> bool:
        """Write what is known of entities, if nothing was written of any of them before; return whether that is so."""
        places = {"number": self._parts, "hashes": _hashes(entities)}
        if self._file.execute(_WRITE_FIRST, places).rowcount < len(entities):
            # Of the others it is noted, for nothing, that they are in parts that are not written.
            self._parts += len(entities) // _ENTITIES_A_PART + 1
            return False
        self._write_parts(entities)
        return True

    def write(self, entities: Mapping[str, Drafted]) -> None:
        """Write what is known of entities, values as JSON has them."""
        self._file.execute(_WRITE_LATER, {"number": self._parts, "hashes": _hashes(entities)})
        self._write_parts(entities)

    def _write_parts(self, entities: Mapping[str, Drafted]) -> None:
        parts = []
        for pairs in slices(entities.items(), _ENTITIES_A_PART):
            parts.append((self._parts, marshal.dumps(dict(pairs))))
            self._parts += 1
        self._file.executemany(_WRITE_PARTS, parts)


def _hashes(ids: Iterable[str]) -> str:
    return json.dumps(list(map(hash, ids)))
