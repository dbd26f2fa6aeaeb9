"""From the record of a CSV file to a row: cells become values in `cells`, here they become fields with an id.

Cells are stripped of white space around them, and a blank one says nothing about its field. So
does a placeholder ("N/A", "-", "unknown") in a column that we have a field for. A row may have
fewer cells than the header, as many programs leave trailing blanks out, but not more.

What tools do to cells is undone in columns that we have a field for: `="00123"`, `&ouml;`, and the `.0` of a long
number. A number that a spreadsheet rounded is refused. Of several addresses, phones or sites in one cell the first
is the field's value. None of this touches our own exports, which hold what is stored.

Nearly every cell is plain text that is stored as it is. That much is seen from its first character, or from one look
for what its column may have, a column of a block of records at a time, so that a text that is repeated is looked at
once; only rows with other cells are read cell by cell.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final, NamedTuple

from app.entities.csv.cells import (
    IN_DOUBT,
    CellError,
    Convert,
    Remark,
    array,
    bare,
    converter,
    is_placeholder,
    json_object,
    linkedin_url,
    mend,
    text_or_nothing,
    website,
)
from app.entities.csv.headers import EXTRA_FIELD, ID_FIELD, Column
from app.entities.csv.plain_rows import PlainRow, PlainTable, filled
from app.entities.csv.records import Record, Refusal
from app.entities.csv.writer import unguard_formula
from app.entities.ids import (
    IDENTIFYING_FIELDS,
    NAME_FIELDS,
    Identity,
    has_placeholder_for_name,
    id_of_key,
    identify,
    keys_by_addresses,
)
from app.values.blanks import FILLERS, WORDS
from app.values.entity_types import EntityType
from app.values.identifiers import ENTITY_ID_RULE, is_entity_id
from app.values.numbers import integer
from app.values.text import find_bad_character

_GUARDS: Final = frozenset("'=<")
_SIGNS: Final = _GUARDS.union(FILLERS)
"""What a cell starts with that may be under a guard, or a placeholder that is not a word."""
_PLAIN_STARTS: Final = frozenset(string.ascii_letters + string.digits + "+") - {
    letter for word in WORDS for letter in (word[0], word[0].upper())
}
"""What a cell starts with that is neither of those nor a word that stands for nothing."""
_STRUCTURED: Final = frozenset({array, json_object, integer})
_AS_IT_STANDS: Final = frozenset({linkedin_url, website})
"""What returns the cell itself, or None."""

Doubt = Callable[[str], object]
"""Returns whether the characters of a cell make it worth a second look."""


@dataclass(slots=True)
class Row:
    """One entity of the file, not to be changed. Not frozen: each row makes one, and a frozen class is slower to make.

    `fields` has the fields that the row says something about, lists and dicts as such; `extra` the
    cells of columns that mean no field. The id is the row's own, or one derived from its
    fields, which two rows about the same entity share; `identity` has what it was derived from.
    `former_id` is the id that the cells as they stand would give, if it is another: an import of
    an earlier version may have stored that. `chars` is about how many characters the row has.
    """

    line: int
    fields: dict[str, Any]
    extra: dict[str, str]
    id: str
    id_is_derived: bool
    identity: Identity | None = field(default=None, compare=False)
    remarks: tuple[Remark, ...] = ()
    former_id: str | None = None
    chars: int = field(default=0, compare=False)


AnyRow = Row | PlainRow


def whole(row: PlainRow) -> Row:
    """Return a plain row with all its parts."""
    fields, table = filled(row.table.names, row.cells), row.table
    identity = Identity(table.entity_type, row.key, row.id, fields)
    return Row(row.line, fields, row.extra, row.id, True, identity, (), None, row.chars)


class _Contents:
    """What the cells of a row say; `before` has the cells of fields whose value is not the cell as it stands."""

    __slots__ = ("before", "extra", "fields", "remarks")

    def __init__(self, fields: dict[str, Any], extra: dict[str, str]) -> None:
        self.fields = fields
        self.extra = extra
        self.remarks: list[Remark] = []
        self.before: dict[str, str] = {}


class _Reading(NamedTuple):
    """How the cells of a column are read that are not just text; `doubt` tells which of them are mended.

    `field` is blank if the column has none.
    """

    column: Column
    field: str
    doubt: Doubt
    convert: Convert


_Step = tuple[int, str | None, str, Doubt | None, _Reading]
"""A column: its place, its field if it has one, its header, what tells unusual cells from others, how these are read.

A plain tuple: it is unpacked for each cell.
"""


class RowReader:
    """Turns the records of one table into rows."""

    def __init__(self, entity_type: EntityType, columns: Sequence[Column], *, is_export: bool) -> None:
        self.entity_type = entity_type
        self.columns = columns
        self._is_export = is_export
        self._steps = self._plan()
        # Of a column of any other kind each cell is read by itself.
        plain = [step for step in self._steps if step[3] is not _always]
        self._columns_of_fields = [(place, name) for place, name, *_ in plain if name is not None]
        self._columns_beside = [(place, header) for place, name, header, *_ in plain if name is None]
        self._has_own_ids = any(column.field == ID_FIELD for column in columns)
        names = dict.fromkeys((*(name for _, name in self._columns_of_fields), *NAME_FIELDS[entity_type]))
        self.table = PlainTable(entity_type, tuple(names), tuple(header for _, header in self._columns_beside))
        self._needed = f"the row needs an id, or {IDENTIFYING_FIELDS[entity_type]}"

    def read(self, records: Sequence[Record]) -> list[AnyRow | Refusal]:
        """Turn records that each have a cell that is not blank into rows, or refusals with their cells."""
        even = {row.line: row for row in self._rows_of_columns(records)}
        return [even.get(record.line) or self._row(record) for record in records]

    def _rows_of_columns(self, records: Sequence[Record]) -> list[AnyRow | Refusal]:
        """Turn those records into rows of which every cell is stored as it stands."""
        width = len(self.columns)
        regular = [record for record in records if _is_regular(record, width)]
        if not regular:
            return []
        columns = [list(map(str.strip, cells)) for cells in zip(*(record.cells for record in regular), strict=True)]
        odd = self._odd_places(columns)
        if odd:
            is_even = [place not in odd for place in range(len(regular))]
            regular = list(compress(regular, is_even))
            columns = [list(compress(cells, is_even)) for cells in columns]
        return self._even_rows(regular, columns)

    def _even_rows(self, records: Sequence[Record], columns: Sequence[Sequence[str]]) -> list[AnyRow | Refusal]:
        """Turn records whose cells are stored as they stand, given by columns too, into rows."""
        fields = {name: columns[place] for place, name in self._columns_of_fields}
        blanks = (None,) * len(records)
        keys: Sequence[str | None] = blanks
        if fields and not self._has_own_ids:
            keys = keys_by_addresses(self.entity_type, fields)
        by_name = [_or_none(fields[name]) if name in fields else blanks for name in self.table.names]
        beside = [_or_none(columns[place]) for place, _ in self._columns_beside]
        others_by_row = list(zip(*beside, strict=True)) if beside else [()] * len(records)
        table, kind = self.table, self.entity_type
        rows = zip(records, keys, zip(*by_name, strict=True), others_by_row, strict=True)
        return [
            self._identified(record, _Contents(filled(table.names, cells), filled(table.headers, others)))
            if key is None
            else PlainRow(record.line, id_of_key(kind, key), key, cells, others, len(record.text), table)
            for record, key, cells, others in rows
        ]

    def _odd_places(self, columns: Sequence[Sequence[str]]) -> set[int]:
        """Return which rows have a cell that is more, or less, than the text that it is."""
        places: set[int] = set()
        for step in self._steps:
            cells = columns[step[0]]
            odd = self._odd_cells(set(cells), step)
            if odd:
                places.update(place for place, cell in enumerate(cells) if cell in odd)
        return places

    def _odd_cells(self, cells: set[str], step: _Step) -> set[str]:
        """Return which of the different cells of a column are not stored as they stand, and nothing else."""
        _, _, _, is_unusual, reading = step
        cells.discard("")
        if is_unusual is _always:
            return cells
        doubtful = {cell for cell in cells if cell[0] not in _PLAIN_STARTS and _is_odd(cell)}
        if is_unusual is not None:
            doubtful.update(filter(is_unusual, cells))
        return {cell for cell in doubtful if not self._stands_for_itself(cell, reading)}

    def _stands_for_itself(self, cell: str, reading: _Reading) -> bool:
        """Return whether reading a cell at length gives the cell, and nothing else."""
        contents = _Contents({}, {})
        try:
            self._read_at_length(cell, reading, contents, is_odd=_is_odd(cell))
        except CellError:
            return False
        column = reading.column
        fields, extra = ({}, {column.header: cell}) if column.field is None else ({column.field: cell}, {})
        is_nothing_else = not contents.remarks and not contents.before
        return is_nothing_else and contents.fields == fields and contents.extra == extra

    def _row(self, record: Record) -> Row | Refusal:
        """Turn a record into a row, cell by cell."""
        try:
            return self._identified(record, self._contents(self._checked_cells(record)))
        except CellError as error:
            return Refusal(record.line, str(error), record.cells)

    def _checked_cells(self, record: Record) -> list[str]:
        """Return a cell for each column. Raises CellError if a record has more, or what cannot be stored."""
        if find_bad_character(record.text) is not None:
            raise CellError(self._describe_bad(record.cells))
        cells, width = list(map(str.strip, record.cells)), len(self.columns)
        if any(cells[width:]):
            raise CellError(f"the row has {len(cells)} cells, the header {width}")
        return cells + [""] * (width - len(cells))

    def _plan(self) -> list[_Step]:
        """Return the columns to read, the most trusted of each field first."""
        kept = [(index, column) for index, column in enumerate(self.columns) if not column.dropped]
        kept.sort(key=lambda step: (step[1].is_fallback, step[1].rank))
        return [self._step(index, column) for index, column in kept]

    def _step(self, index: int, column: Column) -> _Step:
        if column.field is None:
            return index, None, column.header, None, _Reading(column, "", _no_doubt, text_or_nothing)
        convert = converter(self.entity_type, column.field, column.key)
        pattern = IN_DOUBT.get(column.field)
        doubt: Doubt = _has_ampersand if pattern is None else pattern.search
        if self._is_export or convert in _STRUCTURED:
            doubt = _no_doubt
        is_unusual = doubt if convert is text_or_nothing else _unless_as_it_stands(convert, doubt)
        if column.key is not None or column.is_fallback:
            is_unusual = _always
        return index, column.field, column.header, is_unusual, _Reading(column, column.field, doubt, convert)

    def _contents(self, cells: Sequence[str]) -> _Contents:
        contents = _Contents({}, {})
        fields, extra = contents.fields, contents.extra
        for place, name, header, is_unusual, reading in self._steps:
            cell = cells[place]
            if not cell:
                continue
            is_odd = cell[0] not in _PLAIN_STARTS and _is_odd(cell)
            if is_odd or (is_unusual is not None and is_unusual(cell)):
                self._read_at_length(cell, reading, contents, is_odd=is_odd)
            elif name is None:
                extra[header] = cell
            elif name not in fields:
                fields[name] = cell
        return contents

    def _read_at_length(self, cell: str, reading: _Reading, contents: _Contents, *, is_odd: bool) -> None:
        """Read a cell that starts with something unusual or belongs to a column that is not just text."""
        column, field = reading.column, reading.field
        if is_odd:
            cell = self._unguarded(cell, field)
        if not field or column.is_fallback:
            contents.extra[column.header] = cell
        if not field or (is_odd and is_placeholder(cell, field)):
            return
        try:
            if reading.doubt(cell):
                cell = _mended(cell, reading, contents)
            if cell:
                _put_converted(cell, reading, contents)
        except CellError as error:
            raise CellError(f"column {column.header!r}: {error}") from None

    def _unguarded(self, cell: str, field: str) -> str:
        if cell[0] == "'":
            return unguard_formula(cell).strip()
        return cell if self._is_export else bare(cell, field)

    def _identified(self, record: Record, contents: _Contents) -> Row | Refusal:
        own_id = contents.fields.pop(ID_FIELD, None)
        if own_id is None:
            return self._with_derived_id(record, contents)
        if not is_entity_id(own_id):
            reason = f"column {self._header_of(ID_FIELD)!r}: an id has {ENTITY_ID_RULE}"
            return Refusal(record.line, reason, record.cells)
        former_id = contents.before.get(ID_FIELD, own_id)
        is_other = former_id != own_id and is_entity_id(former_id)
        return _row_of(record, contents, own_id, former_id=former_id if is_other else None)

    def _with_derived_id(self, record: Record, contents: _Contents) -> Row | Refusal:
        fields = contents.fields
        identity = identify(self.entity_type, fields)
        if identity is None:
            is_nobody = has_placeholder_for_name(self.entity_type, fields)
            reason = f"the name is a placeholder; {self._needed}" if is_nobody else self._needed
            return Refusal(record.line, reason, record.cells)
        former_id = self._former_id(contents, identity) if contents.before else None
        return _row_of(record, contents, identity.id, identity, former_id)

    def _former_id(self, contents: _Contents, identity: Identity) -> str | None:
        """Return the id that the cells as they stand would give, if it is another."""
        former = identify(self.entity_type, {**contents.fields, **contents.before})
        if former is None:
            return None
        former_id = former.earlier_id or former.id
        return former_id if former_id != identity.id else None

    def _header_of(self, field: str) -> str:
        return next(column.header for column in self.columns if column.field == field)

    def _describe_bad(self, cells: list[str]) -> str:
        for index, cell in enumerate(cells):
            bad = find_bad_character(cell)
            if bad is not None:
                name = repr(self.columns[index].header) if index < len(self.columns) else str(index + 1)
                return f"column {name}: {bad}"
        return "the row holds a control character"


def _row_of(
    record: Record, contents: _Contents, row_id: str, identity: Identity | None = None, former_id: str | None = None
) -> Row:
    return Row(
        record.line,
        contents.fields,
        contents.extra,
        row_id,
        identity is not None,
        identity,
        tuple(contents.remarks),
        former_id,
        len(record.text),
    )


def _is_regular(record: Record, width: int) -> bool:
    """Return whether a record has as many cells as there are columns, and nothing that cannot be stored."""
    text = record.text
    return len(record.cells) == width and (text.isprintable() or find_bad_character(text) is None)


def _or_none(cells: Sequence[str]) -> Sequence[str | None]:
    return [cell or None for cell in cells] if "" in cells else cells


def _is_odd(cell: str) -> bool:
    """Return whether a cell may be under a guard, or stand for nothing."""
    return cell[0] in _SIGNS or cell.casefold() in WORDS


def _has_ampersand(cell: str) -> bool:
    return "&" in cell


def _no_doubt(_: str) -> None:
    """Return None: no cell of the column is worth a second look."""


def _always(_: str) -> bool:
    """Return True: each cell of the column is read at length."""
    return True


def _unless_as_it_stands(convert: Convert, doubt: Doubt) -> Doubt:
    """Return what tells the cells that are not the field's value as they stand."""
    if convert not in _AS_IT_STANDS:
        return _always
    return lambda cell: doubt(cell) or convert(cell) is None


def _mended(cell: str, reading: _Reading, contents: _Contents) -> str:
    """Return what a doubtful cell means for its field, and note what else there is to it."""
    column = reading.column
    mended = mend(cell, column.header, reading.field)
    if mended.remark is not None:
        contents.remarks.append(mended.remark)
    if mended.rest and not column.is_fallback:
        contents.extra[column.header] = mended.rest
    if mended.value != cell and column.key is None:
        contents.before.setdefault(reading.field, cell)
    return mended.value


def _put_converted(cell: str, reading: _Reading, contents: _Contents) -> None:
    value = reading.convert(cell)
    if value is None:
        contents.extra[reading.column.header] = cell
    elif reading.field == EXTRA_FIELD:
        contents.extra.update({name: text for name, text in value.items() if isinstance(text, str) and text})
    else:
        _put(contents.fields, reading.field, reading.column.key, value)


def _put(fields: dict[str, Any], field: str, key: str | None, value: Any) -> None:
    """Store a value unless a more trusted column gave one; entries of a dict field come together."""
    if key is not None:
        fields.setdefault(field, {}).setdefault(key, value)
    elif value and isinstance(value, dict):
        fields[field] = {**fields.get(field, {}), **value}
    elif value not in ([], {}):
        fields.setdefault(field, value)
