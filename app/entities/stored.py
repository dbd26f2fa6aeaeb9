"""What is stored of many entities, read for one unit of work.

Rows stay as the driver returns them until somebody asks for the fields of one: of most rows of a repeated import no
more is asked than whether they say what is stored.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from app.db.sql import engine_name, read_processors
from app.entities.fields import Fields, table_of
from app.entities.read import columns_query
from app.extensions import db

StoredRow = tuple[Any, ...]
"""The id and the values of an entity, as the driver returns them."""


def load_stored(
    entity_type: str, ids: Sequence[str], names: tuple[str, ...], *, workspace_slug: str
) -> dict[str, StoredRow]:
    """Return the id and the named columns of each entity that exists, by id, as the driver returns them; one query."""
    parameters = {"of_workspace": workspace_slug, "ids": list(ids)}
    result = db.session.connection().execute(columns_query(entity_type, names, False), parameters)
    return {row[0]: row for row in result.cursor.fetchall()}


class Stored:
    """The named columns of entities, none of which is read twice. `rows` has those that were read and exist."""

    def __init__(self, entity_type: str, names: tuple[str, ...], workspace_slug: str) -> None:
        self.rows: dict[str, StoredRow] = {}
        self._entity_type: Final = entity_type
        self._names: Final = names
        self._workspace_slug: Final = workspace_slug
        self._processors = _processors(entity_type, names, engine_name())
        self._asked: set[str] = set()
        self._fields: dict[str, Fields] = {}

    def look(self, ids: Sequence[str]) -> None:
        """Read the entities of these ids that were not asked for yet."""
        new = [entity_id for entity_id in dict.fromkeys(ids) if entity_id not in self._asked]
        if new:
            self._asked.update(new)
            self.rows |= load_stored(self._entity_type, new, self._names, workspace_slug=self._workspace_slug)

    def read(self, ids: Sequence[str]) -> dict[str, Fields]:
        """Return the fields of the entities that exist, by id."""
        self.look(ids)
        return {entity_id: self._fields_of(entity_id) for entity_id in ids if entity_id in self.rows}

    def value(self, entity_id: str, name: str) -> Any:
        """Return one field of an entity that was read and exists."""
        place = self._names.index(name)
        value = self.rows[entity_id][place + 1]
        process = self._processors.get(place)
        return value if process is None else process(value)

    def _fields_of(self, entity_id: str) -> Fields:
        fields = self._fields.get(entity_id)
        if fields is None:
            values = list(self.rows[entity_id][1:])
            for place, process in self._processors.items():
                values[place] = process(values[place])
            fields = self._fields[entity_id] = dict(zip(self._names, values, strict=True))
        return fields


@lru_cache(maxsize=256)
def _processors(entity_type: str, names: tuple[str, ...], _engine: str) -> dict[int, Callable[[Any], Any]]:
    table = table_of(entity_type)
    return dict(read_processors([table.c[name].type for name in names]))
