"""What a dry run would have written so far, for the rows that follow."""

import json
import marshal
import sqlite3
from collections.abc import Iterable, Mapping

from app.entities.fields import Fields


class Draft:
    """Entities by id, in a file of their own, so that memory stays the same however many there are.

    What is written is appended; of one entity the later fields are laid over the earlier ones.
    """

    def __init__(self) -> None:
        # An empty name is a private temporary file that SQLite deletes by itself.
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("CREATE TABLE entities (hash INTEGER, id TEXT, fields BLOB)")
        self._file.execute("CREATE INDEX entities_by_hash ON entities (hash)")
        # Never committed: a transaction for each row would take ten times as long.
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def read(self, ids: Iterable[str]) -> dict[str, Fields]:
        """Return what was written of each of these entities that anything was written of."""
        # The index is of numbers, which take a third of the room of ids.
        query = (
            "SELECT entities.id, entities.fields FROM json_each(?) JOIN entities ON entities.hash = json_each.value"
            " ORDER BY entities.rowid"
        )
        hashes = json.dumps(list(map(hash, ids)))
        drafted: dict[str, Fields] = {}
        for entity_id, fields in self._file.execute(query, [hashes]):
            drafted.setdefault(entity_id, {}).update(marshal.loads(fields))
        return drafted

    def write(self, entities: Mapping[str, Fields]) -> None:
        """Write the fields of entities, values as JSON has them."""
        rows = [(hash(entity_id), entity_id, marshal.dumps(fields)) for entity_id, fields in entities.items()]
        self._file.executemany("INSERT INTO entities VALUES (?, ?, ?)", rows)
