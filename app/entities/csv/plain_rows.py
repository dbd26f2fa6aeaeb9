"""Rows whose cells are stored as they stand, as nearly all are.

Made a block of records at a time, and of the cells alone: the dictionaries that other rows come with take longer to
fill than the cells to read, and most imports and previews can do without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.entities.csv.cells import Remark
from app.entities.fields import EXTRA, Fields
from app.entities.ids import Identity
from app.entities.stored import Stored
from app.values.entity_types import EntityType


@dataclass(frozen=True, slots=True)
class PlainTable:
    """What the cells of the plain rows of a file are: `names` of fields, and `headers` of columns that fill none."""

    entity_type: EntityType
    names: tuple[str, ...]
    headers: tuple[str, ...]

    def fields(self, cells: Sequence[str | None], beside: Sequence[str | None]) -> Fields:
        """Return the fields of a row with these cells, with what is kept beside them."""
        fields = filled(self.names, cells)
        return {**fields, EXTRA: filled(self.headers, beside)} if any(beside) else fields


class PlainRow:
    """A row with the id that its `key` implies, one of its addresses; a `Row` for whoever asks for its parts.

    `cells` has the text of each field of the table, None if it is blank, and `beside` the other cells. Not to be
    changed.
    """

    __slots__ = ("_fields", "_identity", "beside", "cells", "chars", "id", "key", "line", "table")

    id_is_derived: ClassVar[bool] = True
    remarks: ClassVar[tuple[Remark, ...]] = ()
    former_id: ClassVar[str | None] = None

    def __init__(
        self,
        line: int,
        row_id: str,
        key: str,
        cells: tuple[str | None, ...],
        beside: tuple[str | None, ...],
        chars: int,
        table: PlainTable,
    ) -> None:
        self.line = line
        self.id = row_id
        self.key = key
        self.cells = cells
        self.beside = beside
        self.chars = chars
        self.table = table
        self._fields: dict[str, Any] | None = None
        self._identity: Identity | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that the row says something about."""
        if self._fields is None:
            self._fields = filled(self.table.names, self.cells)
        return self._fields

    @property
    def extra(self) -> dict[str, str]:
        """The cells of columns that mean no field, by header."""
        return filled(self.table.headers, self.beside) if any(self.beside) else {}

    @property
    def identity(self) -> Identity:
        """What the id was derived from."""
        if self._identity is None:
            self._identity = Identity(self.table.entity_type, self.key, self.id, self.fields)
        return self._identity


def filled(names: Sequence[str], cells: Sequence[str | None]) -> dict[str, Any]:
    """Return the cells that are not blank, by name."""
    return {name: cell for name, cell in zip(names, cells, strict=True) if cell}


def are_apart(rows: Sequence[Any]) -> bool:
    """Return whether no two rows are about one entity, if nobody was stored before them and none has its own id."""
    return len({row.id for row in rows}) == len(rows) and not any(row.former_id for row in rows)


def as_stored(rows: Sequence[Any], stored: Stored) -> list[bool]:
    """Return which rows are plain, and say nothing of the entity of their id that is not stored.

    `stored` has looked at these ids, and the names of its columns start with those of the rows' table.
    """
    known_row = stored.rows.get
    return [
        isinstance(row, PlainRow)
        and (known := known_row(row.id)) is not None
        and known[1 : len(row.cells) + 1] == row.cells
        and (not any(row.beside) or _is_part(row.extra, stored.value(row.id, EXTRA)))
        for row in rows
    ]


def _is_part(extra: dict[str, str], stored: Any) -> bool:
    return isinstance(stored, dict) and extra.items() <= stored.items()
