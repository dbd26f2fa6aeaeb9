"""What a dry run would have written so far, for the rows that follow."""

import json
import marshal
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from app.entities.fields import Fields

Drafted = Fields | tuple[Any, ...]
"""The fields of an entity, or what they are made of when they are read: in most cases they never are."""

_ENTITIES_A_PART: Final = 32
"""Entities that are written together: a row of the file for each takes longer than to read some in vain."""

_WRITE_PARTS: Final = "INSERT INTO parts VALUES (?, ?)"
# Two ids of a part may have one hash.
_WRITE_PLACES: Final = (
    f"INSERT OR IGNORE INTO places SELECT value, :first + key / {_ENTITIES_A_PART} FROM json_each(:hashes)"
)


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
        self._file.execute("CREATE TABLE places (hash INTEGER, part INTEGER, PRIMARY KEY (hash, part)) WITHOUT ROWID")
        self._parts = 0
        # Never committed: a transaction for each row would take ten times as long.
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def read(self, ids: Iterable[str]) -> dict[str, Fields]:
        """Return what was written of each of these entities that anything was written of."""
        query = (
            "SELECT entities FROM parts WHERE number IN"
            " (SELECT part FROM json_each(?) JOIN places ON places.hash = json_each.value) ORDER BY number"
        )
        wanted = set(ids)
        drafted: dict[str, Fields] = {}
        for (entities,) in self._file.execute(query, [_hashes(wanted)]):
            for entity_id, written in marshal.loads(entities).items():
                if entity_id in wanted:
                    fields = self._unfold(*written) if isinstance(written, tuple) else written
                    drafted.setdefault(entity_id, {}).update(fields)
        return drafted

    def write(self, entities: Mapping[str, Drafted]) -> None:
        """Write what is known of entities, values as JSON has them."""
        pairs = iter(entities.items())
        first = self._parts
        parts = []
        while part := dict(islice(pairs, _ENTITIES_A_PART)):
            parts.append((self._parts, marshal.dumps(part)))
            self._parts += 1
        self._file.executemany(_WRITE_PARTS, parts)
        # All hashes as one parameter, which takes half the time of a row for each.
        self._file.execute(_WRITE_PLACES, {"first": first, "hashes": _hashes(entities)})


def _hashes(ids: Iterable[str]) -> str:
    return json.dumps(list(map(hash, ids)))
