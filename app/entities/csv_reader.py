"""CSV in: people and companies from the list exports of other services, and from our own.

Bytes become records in `csv_records`, headers become fields in `csv_headers`, cells become values
in `csv_cells`; here a record becomes a row with an id, or a refusal that says what to mend.

Cells are stripped of white space around them, and a blank one says nothing about its field. So
does a placeholder ("N/A", "-", "unknown") in a column that we have a field for. A row may have
fewer cells than the header, as many programs leave trailing blanks out, but not more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final

from app.entities.csv_cells import CellError, Convert, converter, is_placeholder, text_or_nothing
from app.entities.csv_headers import (
    EXTRA_FIELD,
    ID_FIELD,
    MAX_HEADER_CHARS,
    USUAL_HEADERS,
    Column,
    known_headers,
    map_columns,
)
from app.entities.csv_records import CsvError, Lines, Record, Records, Refusal, sample_records
from app.entities.csv_writer import unguard_formula
from app.entities.ids import IDENTIFYING_FIELDS, EntityType, derive_id
from app.text import ENTITY_ID_RULE, find_bad_character, is_entity_id

__all__ = ["Column", "CsvError", "CsvReader", "Refusal", "Row"]

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_COLUMNS: Final = 500
_SAMPLE_LINES: Final = 60
_SAMPLE_CHARS: Final = 262_144
_SAMPLE_RECORDS: Final = 20
# LinkedIn's own exports and CRM reports put a few lines of remarks above the header.
_LINES_ABOVE_HEADER: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One entity of the file.

    `fields` has the fields that the row says something about, lists and dicts as such; `extra` the
    cells of columns that no field stands for. The id is the row's own, or one derived from its
    fields, which two rows about the same entity share.
    """

    line: int
    fields: dict[str, Any]
    extra: dict[str, str]
    id: str
    id_is_derived: bool


class CsvReader:
    """Reads a CSV file row by row, once, in constant memory.

    Making one reads the header: `columns` says what became of each, `delimiter` is the separator
    found, `encoding` the encoding (while rows are read it may turn from utf-8 to windows-1252).
    Raises CsvError, then and not later, when the file as a whole cannot be used; a row that cannot
    is a Refusal between the rows. There may be as many refusals as lines: keep the first and count.
    """

    def __init__(self, stream: BinaryIO, entity_type: EntityType) -> None:
        self.entity_type = entity_type
        self._lines = Lines(stream)
        self.delimiter = self._find_delimiter()
        self._records = iter(Records(self._lines, self.delimiter))
        self.columns = map_columns(entity_type, self._read_header())
        self._refuse_useless_columns()
        self._steps = self._plan()

    @property
    def encoding(self) -> str:
        """The encoding that the lines read so far are in."""
        return self._lines.encoding

    def __iter__(self) -> Iterator[Row | Refusal]:
        for record in self._records:
            outcome = self._row(record) if isinstance(record, Record) else record
            if outcome is not None:
                yield outcome

    def _find_delimiter(self) -> str:
        """Return what Excel's `sep=` line says, else the separator that makes the most of the start."""
        lines = _peek(self._lines)
        if not lines:
            raise CsvError(f"the file is empty; expected a header row such as {USUAL_HEADERS[self.entity_type]}")
        if lines[0].lower().startswith(("sep=", '"sep=')):
            self._lines.take()
            delimiter = lines[0].strip('"')[4:] or ","
            if delimiter not in DELIMITERS:
                raise CsvError("the sep= line names another separator than a comma, semicolon, tab or pipe")
            return delimiter
        return max(DELIMITERS, key=lambda mark: self._fitness(lines, mark))

    def _fitness(self, lines: list[str], delimiter: str) -> tuple[int, int, int]:
        """Rate a separator: headers known, rows as wide as the header, width."""
        records = sample_records(lines, delimiter)[: _SAMPLE_RECORDS + _LINES_ABOVE_HEADER]
        if not records:
            return 0, 0, 0
        place = self._header_place(records)
        header = records[place].cells
        alike = sum(len(record.cells) == len(header) > 1 for record in records[place + 1 :])
        return known_headers(self.entity_type, header), alike, len(header)

    def _header_place(self, records: list[Record]) -> int:
        """Return which record is the header: the first, unless one soon after is known for certain."""
        places = range(min(len(records), _LINES_ABOVE_HEADER))
        if known_headers(self.entity_type, records[0].cells) > 0:
            return 0
        return next((i for i in places if known_headers(self.entity_type, records[i].cells) > 1), 0)

    def _read_header(self) -> list[str]:
        place = self._header_place(sample_records(_peek(self._lines), self.delimiter) or [Record(0, [], "")])
        records = (record for record in self._records if place == 0 or isinstance(record, Record))
        record = next(islice(records, place, None), None)
        if record is None:
            raise CsvError(f"the file has no header row; expected one such as {USUAL_HEADERS[self.entity_type]}")
        if isinstance(record, Refusal):
            raise CsvError(f"the header row, line {record.line}, cannot be read: {record.reason}")
        return _checked_header(record)

    def _refuse_useless_columns(self) -> None:
        fields = {column.field for column in self.columns}
        usual = USUAL_HEADERS[self.entity_type]
        if fields <= {None, EXTRA_FIELD}:
            raise CsvError(f"no column of the first row is known; expected a header row such as {usual}")
        if not _can_identify(self.entity_type, fields):
            needed = IDENTIFYING_FIELDS[self.entity_type]
            raise CsvError(f"no column tells the rows apart; expected an id, or {needed}, in columns such as {usual}")

    def _plan(self) -> list[tuple[int, Column, Convert]]:
        """Return the columns to read, the most trusted of each field first."""
        kept = [(index, column) for index, column in enumerate(self.columns) if not column.dropped]
        kept.sort(key=lambda step: (step[1].is_fallback, step[1].rank))
        return [
            (index, column, converter(self.entity_type, column.field, column.key) if column.field else text_or_nothing)
            for index, column in kept
        ]

    def _row(self, record: Record) -> Row | Refusal | None:
        """Turn a record into a row; None when all its cells are blank."""
        cells, width = record.cells, len(self.columns)
        if find_bad_character(record.text) is not None:
            return Refusal(record.line, self._describe_bad(cells))
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        elif any(cell.strip() for cell in cells[width:]):
            return Refusal(record.line, f"the row has {len(cells)} cells, the header {width}")
        try:
            fields, extra = self._values(cells)
        except CellError as error:
            return Refusal(record.line, str(error))
        if not fields and not extra and not any(cell.strip() for cell in cells):
            return None
        return self._identified(record.line, fields, extra)

    def _values(self, cells: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        fields: dict[str, Any] = {}
        extra: dict[str, str] = {}
        for index, column, convert in self._steps:
            cell = cells[index].strip()
            if not cell:
                continue
            if cell[0] == "'":
                cell = unguard_formula(cell).strip()
            if column.field is None:
                extra[column.header] = cell
                continue
            if column.is_fallback:
                extra[column.header] = cell
            if is_placeholder(cell, column.field):
                continue
            value: Any = cell if convert is text_or_nothing else _converted(convert, cell, column.header)
            if value is None:
                extra[column.header] = cell
            elif column.field == EXTRA_FIELD:
                extra.update({name: text for name, text in value.items() if isinstance(text, str) and text})
            else:
                _put(fields, column, value)
        return fields, extra

    def _identified(self, line: int, fields: dict[str, Any], extra: dict[str, str]) -> Row | Refusal:
        entity_id = fields.pop(ID_FIELD, None)
        if entity_id is not None:
            if not is_entity_id(entity_id):
                return Refusal(line, f"column {self._header_of(ID_FIELD)!r}: an id has {ENTITY_ID_RULE}")
            return Row(line, fields, extra, entity_id, False)
        entity_id = derive_id(self.entity_type, fields)
        if entity_id is None:
            return Refusal(line, f"the row needs an id, or {IDENTIFYING_FIELDS[self.entity_type]}")
        return Row(line, fields, extra, entity_id, True)

    def _header_of(self, field: str) -> str:
        return next(column.header for column in self.columns if column.field == field)

    def _describe_bad(self, cells: list[str]) -> str:
        for index, cell in enumerate(cells):
            bad = find_bad_character(cell)
            if bad is not None:
                name = repr(self.columns[index].header) if index < len(self.columns) else str(index + 1)
                return f"column {name}: {bad}"
        return "the row holds a control character"


def _peek(lines: Lines) -> list[str]:
    """Return the next lines and put them back; blank ones at the start are passed over for good."""
    taken: list[str] = []
    chars = 0
    while len(taken) < _SAMPLE_LINES and chars < _SAMPLE_CHARS and (line := lines.take()) is not None:
        if taken or line.strip():
            taken.append(line)
            chars += len(line)
    lines.put_back(taken)
    return taken


def _checked_header(record: Record) -> list[str]:
    headers = [unguard_formula(cell.strip().lstrip("\ufeff")) for cell in record.cells]
    while len(headers) > MAX_COLUMNS and not headers[-1]:
        headers.pop()
    if len(headers) > MAX_COLUMNS:
        raise CsvError(f"the header row has {len(headers)} columns; expected at most {MAX_COLUMNS}")
    if any(len(header) > MAX_HEADER_CHARS for header in headers):
        raise CsvError(f"a header is longer than {MAX_HEADER_CHARS} characters")
    bad = find_bad_character(record.text)
    if bad is not None:
        raise CsvError(f"the header row holds a {bad}; expected CSV text")
    if any("." in header.partition("@")[2] for header in headers):
        raise CsvError("the first row holds an email address; expected a header row above the data")
    return headers


def _can_identify(entity_type: EntityType, fields: set[str | None]) -> bool:
    if entity_type == "company":
        return not fields.isdisjoint({ID_FIELD, "domain", "website", "linkedin_url", "name"})
    return not fields.isdisjoint({ID_FIELD, "linkedin_url", "email"}) or (
        not fields.isdisjoint({"full_name", "last_name"}) and not fields.isdisjoint({"company", "company_domain"})
    )


def _converted(convert: Convert, cell: str, header: str) -> Any:
    try:
        return convert(cell)
    except CellError as error:
        raise CellError(f"column {header!r}: {error}") from None


def _put(fields: dict[str, Any], column: Column, value: Any) -> None:
    """Store a value unless a more trusted column gave one; entries of a dict field come together."""
    field = column.field or ""
    if column.key is not None:
        fields.setdefault(field, {}).setdefault(column.key, value)
    elif value and isinstance(value, dict):
        fields[field] = {**fields.get(field, {}), **value}
    elif value not in ([], {}):
        fields.setdefault(field, value)
