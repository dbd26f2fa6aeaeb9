"""CSV in: people and companies from the list exports of other services, and from our own.

Bytes become records in `records`, headers become fields in `headers`, cells become values
in `cells`; here a record becomes a row with an id, or a refusal that says what to mend.

Cells are stripped of white space around them, and a blank one says nothing about its field. So
does a placeholder ("N/A", "-", "unknown") in a column that we have a field for. A row may have
fewer cells than the header, as many programs leave trailing blanks out, but not more.

What tools do to cells is undone in columns that we have a field for: `="00123"`, `&ouml;`, and the `.0` of a long
number. A number that a spreadsheet rounded is refused. Of several addresses, phones or sites in one cell the first
is the field's value. None of this touches our own exports, which hold what is stored.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple

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
    mend,
    text_or_nothing,
)
from app.entities.csv.footers import Footers
from app.entities.csv.headers import (
    EXTRA_FIELD,
    ID_FIELD,
    MAX_HEADER_CHARS,
    USUAL_HEADERS,
    Column,
    Mapped,
    MappingError,
    known_headers,
    map_columns,
)
from app.entities.csv.lines import CsvError, Lines, OutOfTime, doubt_about
from app.entities.csv.records import Record, Records, Refusal, sample_records
from app.entities.csv.writer import unguard_formula
from app.entities.ids import IDENTIFYING_FIELDS, Identity, has_placeholder_for_name, identify
from app.values.blanks import FILLERS, WORDS
from app.values.entity_types import EntityType
from app.values.identifiers import ENTITY_ID_RULE, is_entity_id
from app.values.numbers import integer
from app.values.text import find_bad_character

__all__ = ["Column", "CsvError", "CsvReader", "OutOfTime", "Refusal", "Remark", "Row"]

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_COLUMNS: Final = 500
_SAMPLE_LINES: Final = 60
_SAMPLE_CHARS: Final = 262_144
_SAMPLE_RECORDS: Final = 20
# LinkedIn's own exports and CRM reports put a few lines of remarks above the header.
_LINES_ABOVE_HEADER: Final = 10
_LEAST_LINES: Final = 1000
# A row without any of these is about nobody, which is seen at once.
_IDENTIFYING: Final[Mapping[EntityType, frozenset[str]]] = {
    "person": frozenset({"linkedin_url", "email", "full_name", "last_name"}),
    "company": frozenset({"linkedin_url", "domain", "website", "name"}),
}
_GUARDS: Final = frozenset("'=<")
# What a cell starts with that may be under a guard, or a placeholder that is not a word.
_SIGNS: Final = _GUARDS.union(FILLERS)
_STRUCTURED: Final = frozenset({array, json_object, integer})

Doubt = Callable[[str], object]
"""Tells by a cell's characters whether it is worth a second look."""


@dataclass(slots=True)
class Row:
    """One entity of the file, not to be changed. Not frozen: each row makes one, and a frozen class is slower to make.

    `fields` has the fields that the row says something about, lists and dicts as such; `extra` the
    cells of columns that no field stands for. The id is the row's own, or one derived from its
    fields, which two rows about the same entity share; `identity` has what it was derived from.
    `former_id` is the id that the cells as they stand would give, where it is another: an import of
    an earlier version may have stored that.
    """

    line: int
    fields: dict[str, Any]
    extra: dict[str, str]
    id: str
    id_is_derived: bool
    identity: Identity | None = field(default=None, compare=False)
    remarks: tuple[Remark, ...] = ()
    former_id: str | None = None


class _Contents:
    """What the cells of a row say; `before` has the cells of fields whose value is not the cell as it stands."""

    __slots__ = ("before", "extra", "fields", "remarks")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.extra: dict[str, str] = {}
        self.remarks: list[Remark] = []
        self.before: dict[str, str] = {}


class _Step(NamedTuple):
    """How the cells of a column are read: `doubt` is None if an ampersand is all to doubt, `convert` for text."""

    place: int
    column: Column
    field: str | None
    doubt: Doubt | None
    convert: Convert | None


class CsvReader:
    """Reads a CSV file row by row, once, in constant memory.

    Making one reads the header: `columns` says what became of each, `delimiter` is the separator
    found, `encoding` the encoding (while rows are read it may turn from utf-8 to one that is guessed).
    Raises CsvError, then and not later, when the file as a whole cannot be used; a row that cannot
    is a Refusal between the rows. There may be as many refusals as lines: keep the first and count.

    The caller may name the encoding, say which column fills which field, and leave out what stands
    above a line, of which nothing is told. When the caller's time is over, iterating ends in OutOfTime.
    """

    def __init__(
        self,
        stream: BinaryIO,
        entity_type: EntityType,
        *,
        encoding: str | None = None,
        mapped: Mapped | None = None,
        from_line: int = 1,
        is_time_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.entity_type = entity_type
        self._mapped = mapped or {}
        self._from_line = from_line
        self._is_time_over = is_time_over
        self._records: Records | None = None
        self._lines = Lines(stream, encoding, self._is_to_end)
        self.delimiter = self._find_delimiter()
        self._records = Records(self._lines, self.delimiter)
        self._iterator = iter(self._records)
        header = self._read_header()
        self.columns = self._mapped_columns(header)
        self._refuse_useless_columns()
        self._footers = None if self.is_export else Footers(entity_type, self.columns, header)
        self._steps = self._plan()
        self._width = len(self.columns)
        self._needed = f"the row needs an id, or {IDENTIFYING_FIELDS[entity_type]}"

    @property
    def encoding(self) -> str:
        """The encoding that the lines read so far are in."""
        return self._lines.encoding

    @property
    def guessed(self) -> str:
        """Some words that were read in an encoding that was guessed; blank if none was."""
        return self._lines.guessed

    @property
    def is_export(self) -> bool:
        """Whether the file is one of our exports: nothing else has the columns that we compute."""
        return any(column.dropped and not column.ignored for column in self.columns)

    def __iter__(self) -> Iterator[Row | Refusal]:
        for record in self._iterator:
            outcome = self._outcome(record) if isinstance(record, Record) else record
            if outcome is not None and outcome.line >= self._from_line:
                yield outcome

    @property
    def next_line(self) -> int:
        """The line to go on from after `OutOfTime`."""
        return 1 if self._records is None else self._records.next_line

    def _is_to_end(self) -> bool:
        """Return whether to end here: not before some lines were read, so that whoever goes on comes to an end."""
        return self.next_line >= self._from_line + _LEAST_LINES and self._is_time_over()

    def _outcome(self, record: Record) -> Row | Refusal | None:
        reason = self._footers.why_no_row(record) if self._footers is not None else None
        if reason is not None:
            return Refusal(record.line, reason)
        return None if record.line < self._from_line else self._row(record)

    def _find_delimiter(self) -> str:
        """Return what Excel's `sep=` line says, else the separator that makes the most of the start."""
        lines = _peek(self._lines)
        if not lines:
            raise CsvError(f"the file is empty; expected a header row such as {USUAL_HEADERS[self.entity_type]}")
        if self._lines.is_in_doubt:
            raise CsvError(f"its letters cannot be told: {doubt_about(self._lines.candidates)}")
        if lines[0].lower().startswith(("sep=", '"sep=')):
            self._lines.take()
            return _named_delimiter(lines[0])
        return max(DELIMITERS, key=lambda mark: self._fitness(lines, mark))

    def _fitness(self, lines: list[str], delimiter: str) -> tuple[int, int, int]:
        """Rate a separator: headers known, rows as wide as the header, width."""
        records = sample_records(lines, delimiter)[: _SAMPLE_RECORDS + _LINES_ABOVE_HEADER]
        if not records:
            return 0, 0, 0
        place = self._header_place(records)
        header = records[place].cells
        alike = sum(len(record.cells) == len(header) > 1 for record in records[place + 1 :])
        return known_headers(self.entity_type, header, self._mapped), alike, len(header)

    def _header_place(self, records: list[Record]) -> int:
        """Return which record is the header: the first, unless one soon after is known for certain."""
        places = range(min(len(records), _LINES_ABOVE_HEADER))
        if known_headers(self.entity_type, records[0].cells, self._mapped) > 0:
            return 0
        return next((i for i in places if known_headers(self.entity_type, records[i].cells, self._mapped) > 1), 0)

    def _read_header(self) -> list[str]:
        place = self._header_place(sample_records(_peek(self._lines), self.delimiter) or [Record(0, [], "")])
        records = (record for record in self._iterator if place == 0 or isinstance(record, Record))
        record = next(islice(records, place, None), None)
        if record is None:
            raise CsvError(f"the file has no header row; expected one such as {USUAL_HEADERS[self.entity_type]}")
        if isinstance(record, Refusal):
            raise CsvError(f"the header row, line {record.line}, cannot be read: {record.reason}")
        return _checked_header(record)

    def _mapped_columns(self, header: list[str]) -> list[Column]:
        try:
            return map_columns(self.entity_type, header, self._mapped)
        except MappingError as error:
            raise CsvError(str(error)) from error

    def _refuse_useless_columns(self) -> None:
        fields = {column.field for column in self.columns}
        usual = USUAL_HEADERS[self.entity_type]
        if fields <= {None, EXTRA_FIELD}:
            raise CsvError(f"no column of the first row is known; expected a header row such as {usual}")
        if not _can_identify(self.entity_type, fields):
            needed = IDENTIFYING_FIELDS[self.entity_type]
            raise CsvError(f"no column tells the rows apart; expected an id, or {needed}, in columns such as {usual}")

    def _plan(self) -> list[_Step]:
        """Return the columns to read, the most trusted of each field first."""
        kept = [(index, column) for index, column in enumerate(self.columns) if not column.dropped]
        kept.sort(key=lambda step: (step[1].is_fallback, step[1].rank))
        return [self._step(index, column) for index, column in kept]

    def _step(self, index: int, column: Column) -> _Step:
        if column.field is None:
            return _Step(index, column, None, _no_doubt, None)
        convert = converter(self.entity_type, column.field, column.key)
        is_text = convert is text_or_nothing and column.key is None
        pattern = IN_DOUBT.get(column.field)
        doubt: Doubt | None = pattern.search if pattern is not None else None
        if self.is_export or convert in _STRUCTURED:
            doubt = _no_doubt
        return _Step(index, column, column.field, doubt, None if is_text else convert)

    def _row(self, record: Record) -> Row | Refusal | None:
        """Turn a record into a row; None when all its cells are blank."""
        if find_bad_character(record.text) is not None:
            return Refusal(record.line, self._describe_bad(record.cells))
        cells, width = list(map(str.strip, record.cells)), self._width
        if not any(cells):
            if self._footers is not None:
                self._footers.blank_row()
            return None
        if len(cells) < width:
            cells += [""] * (width - len(cells))
        elif any(cells[width:]):
            return Refusal(record.line, f"the row has {len(cells)} cells, the header {width}")
        try:
            contents = self._contents(cells)
        except CellError as error:
            return Refusal(record.line, str(error))
        return self._identified(record.line, contents)

    def _contents(self, cells: list[str]) -> _Contents:
        contents = _Contents()
        fields, extra = contents.fields, contents.extra
        for index, column, name, doubt, convert in self._steps:
            cell = cells[index]
            if not cell:
                continue
            is_odd = cell[0] in _SIGNS or cell.casefold() in WORDS
            if is_odd:
                cell = self._unguarded(cell, name or "")
            if name is None:
                extra[column.header] = cell
                continue
            if column.is_fallback:
                extra[column.header] = cell
            if is_odd and is_placeholder(cell, name):
                continue
            if "&" in cell if doubt is None else doubt(cell):
                cell = _mended(cell, column, contents)
                if not cell:
                    continue
            if convert is None:
                fields.setdefault(name, cell)
            else:
                _put_converted(contents, column, convert, cell)
        return contents

    def _unguarded(self, cell: str, field: str) -> str:
        if cell[0] == "'":
            return unguard_formula(cell).strip()
        return cell if self.is_export else bare(cell, field)

    def _identified(self, line: int, contents: _Contents) -> Row | Refusal:
        fields, extra, before = contents.fields, contents.extra, contents.before
        own_id = fields.pop(ID_FIELD, None)
        if own_id is not None and not is_entity_id(own_id):
            return Refusal(line, f"column {self._header_of(ID_FIELD)!r}: an id has {ENTITY_ID_RULE}")
        identity = self._identity(fields) if own_id is None else None
        entity_id = identity.id if identity is not None else own_id
        if entity_id is None:
            is_nobody = has_placeholder_for_name(self.entity_type, fields)
            return Refusal(line, f"the name is a placeholder; {self._needed}" if is_nobody else self._needed)
        former_id = self._former_id(fields, before, own_id) if before else None
        is_other = former_id is not None and former_id != entity_id
        remarks = tuple(contents.remarks)
        return Row(line, fields, extra, entity_id, own_id is None, identity, remarks, former_id if is_other else None)

    def _identity(self, fields: dict[str, Any]) -> Identity | None:
        if _IDENTIFYING[self.entity_type].isdisjoint(fields):
            return None
        return identify(self.entity_type, fields)

    def _former_id(self, fields: dict[str, Any], before: dict[str, str], own_id: str | None) -> str | None:
        if own_id is None:
            former = {**fields, **before}
            identity = identify(self.entity_type, former)
            return None if identity is None else identity.earlier_id or identity.id
        former_id = before.get(ID_FIELD, own_id)
        return former_id if is_entity_id(former_id) else None

    def _header_of(self, field: str) -> str:
        return next(column.header for column in self.columns if column.field == field)

    def _describe_bad(self, cells: list[str]) -> str:
        for index, cell in enumerate(cells):
            bad = find_bad_character(cell)
            if bad is not None:
                name = repr(self.columns[index].header) if index < len(self.columns) else str(index + 1)
                return f"column {name}: {bad}"
        return "the row holds a control character"


def _no_doubt(_: str) -> None:
    """Say that no cell of a column is worth a second look."""


def _mended(cell: str, column: Column, contents: _Contents) -> str:
    """Return what a doubtful cell means for its field, and note what else there is to it."""
    try:
        mended = mend(cell, column.header, column.field or "")
    except CellError as error:
        raise CellError(f"column {column.header!r}: {error}") from None
    if mended.remark is not None:
        contents.remarks.append(mended.remark)
    if mended.rest and not column.is_fallback:
        contents.extra[column.header] = mended.rest
    if mended.value != cell and column.key is None:
        contents.before.setdefault(column.field or "", cell)
    return mended.value


def _named_delimiter(line: str) -> str:
    """Return the separator that Excel's line names. Saved again, the line is padded: `sep=,,,` or `"sep=;",,`."""
    named = line.strip('" \t,;|')[4:] or line.strip('"')[4:]
    delimiter = named[:1] or ","
    if delimiter not in DELIMITERS or named.strip('" \t,;|'):
        raise CsvError("the sep= line names another separator than a comma, semicolon, tab or pipe")
    return delimiter


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


def _put_converted(contents: _Contents, column: Column, convert: Convert, cell: str) -> None:
    value = _converted(convert, cell, column.header)
    if value is None:
        contents.extra[column.header] = cell
    elif column.field == EXTRA_FIELD:
        contents.extra.update({name: text for name, text in value.items() if isinstance(text, str) and text})
    else:
        _put(contents.fields, column, value)


def _put(fields: dict[str, Any], column: Column, value: Any) -> None:
    """Store a value unless a more trusted column gave one; entries of a dict field come together."""
    field = column.field or ""
    if column.key is not None:
        fields.setdefault(field, {}).setdefault(column.key, value)
    elif value and isinstance(value, dict):
        fields[field] = {**fields.get(field, {}), **value}
    elif value not in ([], {}):
        fields.setdefault(field, value)
