"""CSV in: people and companies from the list exports of other services, and from our own.

Bytes become lines in `lines`, lines records in `records`, headers fields in `headers`, and records rows in `rows`.
Here a file's separator and header are found, and its records become rows, or refusals that say what to mend.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import BinaryIO, Final, Protocol, cast

from app.entities.csv.accepted_headers import USUAL_HEADERS
from app.entities.csv.cells import Remark
from app.entities.csv.footers import Footers, NoFooters
from app.entities.csv.headers import (
    EXTRA_FIELD,
    MAX_HEADER_CHARS,
    Column,
    Mapped,
    MappingError,
    identifying_fields,
    known_headers,
    laid_over,
    map_columns,
)
from app.entities.csv.lines import CsvError, Lines, OutOfTime, doubt_about
from app.entities.csv.plain_rows import PlainRow
from app.entities.csv.records import Record, Records, Refusal, sample_records
from app.entities.csv.rows import AnyRow, Row, RowReader, whole
from app.entities.csv.writer import unguard_formula
from app.entities.ids import IDENTIFYING_FIELDS
from app.values.entity_types import EntityType
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
_BLOCK_RECORDS: Final = 500
_BLOCK_CHARS: Final = 262_144


class RecordSource(Protocol):
    """The records of a file, with the refusals between them; `next_line` is that of the first that is to come."""

    next_line: int

    def __iter__(self) -> Iterator[Record | Refusal]: ...


class NoKeyColumn(CsvError):
    """No column of a file tells its rows apart. `columns` has what each of them means."""

    def __init__(self, message: str, columns: Sequence[Column]) -> None:
        super().__init__(message)
        self.columns = columns


class CsvReader:
    """Reads a CSV file row by row, once, in constant memory.

    Making one reads the header: `columns` says what became of each, `delimiter` is the separator
    found, `encoding` the encoding (while rows are read it may turn from utf-8 to one that is guessed),
    `plain_table` what the cells of plain rows are.
    Raises CsvError, then and not later, if the file as a whole cannot be used; a row that cannot
    is a Refusal between the rows. There may be as many refusals as lines: keep the first and count.

    The caller may name the encoding, say which column fills which field (`mapped` then has that, laid over what is
    `remembered` of such a header), and leave out what stands above a line, of which nothing is told. `on_records` is
    called with the records of each block that are rows, or are refused as such. When the caller's time is over,
    iterating ends in OutOfTime.
    """

    sheet: str | None = None
    """The sheet that is read, if the file is a workbook."""

    def __init__(
        self,
        stream: BinaryIO,
        entity_type: EntityType,
        *,
        encoding: str | None = None,
        mapped: Mapped | None = None,
        remembered: Callable[[Sequence[str]], Mapped] = lambda _: {},
        from_line: int = 1,
        is_time_over: Callable[[], bool] = lambda: False,
        on_records: Callable[[Sequence[Record]], None] | None = None,
    ) -> None:
        self.entity_type = entity_type
        self._mapped = mapped or {}
        self._on_records = on_records
        self._from_line = from_line
        self._is_time_over = is_time_over
        self._records: RecordSource | None = None
        self._records = self._open(stream, encoding)
        self._iterator = iter(self._records)
        self.header = self._read_header()
        self.mapped = laid_over(remembered(self.header), self._mapped)
        self.columns = self._mapped_columns(self.header)
        self._refuse_useless_columns()
        self._footers = NoFooters() if self.is_export else Footers(entity_type, self.columns, self.header)
        self._rows = RowReader(entity_type, self.columns, is_export=self.is_export)
        self.plain_table = self._rows.table

    def _open(self, stream: BinaryIO, encoding: str | None) -> RecordSource:
        """Find out how the file is to be read, and return its records."""
        self._lines = Lines(stream, encoding, self._is_to_end)
        self.delimiter = self._find_delimiter()
        return Records(self._lines, self.delimiter)

    def _sample(self) -> list[Record]:
        """Return the first records, which are still to come."""
        return sample_records(_peek(self._lines), self.delimiter)

    @property
    def encoding(self) -> str:
        """The encoding that the lines read so far are in."""
        return self._lines.encoding

    @property
    def guessed(self) -> str:
        """Some words that were read in an encoding that was guessed; blank if none was."""
        return self._lines.guessed

    @property
    def is_mapping_said(self) -> bool:
        """Whether the caller says anything of the columns."""
        return bool(self._mapped)

    @property
    def is_export(self) -> bool:
        """Whether the file is one of our exports: nothing else has the columns that we compute."""
        return any(column.dropped and not column.ignored for column in self.columns)

    def __iter__(self) -> Iterator[Row | Refusal]:
        for block in self.blocks():
            yield from (whole(row) if isinstance(row, PlainRow) else row for row in block)

    def blocks(self) -> Iterator[list[AnyRow | Refusal]]:
        """Yield what iterating does, a block at a time, without making a `Row` of those that are plain."""
        for block in _blocks(self._iterator):
            yield self._outcomes(block)

    def _outcomes(self, block: Sequence[Record | Refusal]) -> list[AnyRow | Refusal]:
        """Return what becomes of records; of blank ones and of those above the first line nothing does."""
        sifted = self._sifted(block)
        records = [record for record in sifted if isinstance(record, Record)]
        if self._on_records is not None and records:
            self._on_records(records)
        rows = {row.line: row for row in self._rows.read(records)}
        return [rows[outcome.line] if isinstance(outcome, Record) else outcome for outcome in sifted]

    def _sifted(self, block: Sequence[Record | Refusal]) -> list[Record | Refusal]:
        """Return the records that are to be read, with the refusals between them.

        Each is judged by itself, but for runs of those that start as rows do.
        """
        sifted: list[Record | Refusal] = []
        for are_usual, group in groupby(block, self._is_usual):
            if are_usual and self._footers.expects_rows:
                run = cast(list[Record], list(group))
                self._footers.count_rows(run)
                sifted += run
            else:
                sifted += filter(None, map(self._judged, group))
        return sifted

    def _is_usual(self, record: Record | Refusal) -> bool:
        if isinstance(record, Refusal) or record.line < self._from_line:
            return False
        return self._footers.starts_as_rows_do(record)

    def _judged(self, record: Record | Refusal) -> Record | Refusal | None:
        """Return a record that is to be read, a refusal if it names nobody, or None to pass over it."""
        if isinstance(record, Refusal):
            return record if record.line >= self._from_line else None
        reason = self._footers.why_no_row(record)
        if record.line < self._from_line:
            return None
        if reason is not None:
            return Refusal(record.line, reason, record.cells)
        if _is_blank(record):
            self._footers.blank_row()
            return None
        return record

    @property
    def next_line(self) -> int:
        """The line to go on from after `OutOfTime`."""
        return 1 if self._records is None else self._records.next_line

    def _is_to_end(self) -> bool:
        """Return whether to end here: not before some lines were read, so that repeated calls come to an end."""
        return self.next_line >= self._from_line + _LEAST_LINES and self._is_time_over()

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
        known = (known_headers(self.entity_type, record.cells, self._mapped) for record in records)
        if next(known) > 0:
            return 0
        return next((place for place, count in enumerate(islice(known, _LINES_ABOVE_HEADER - 1), 1) if count > 1), 0)

    def _read_header(self) -> list[str]:
        place = self._header_place(self._sample() or [Record(0, [], "")])
        records = (record for record in self._iterator if place == 0 or isinstance(record, Record))
        record = next(islice(records, place, None), None)
        if record is None:
            raise CsvError(f"the file has no header row; expected one such as {USUAL_HEADERS[self.entity_type]}")
        if isinstance(record, Refusal):
            raise CsvError(f"the header row, line {record.line}, cannot be read: {record.reason}")
        return _checked_header(record)

    def _mapped_columns(self, header: list[str]) -> list[Column]:
        try:
            return map_columns(self.entity_type, header, self.mapped)
        except MappingError as error:
            raise CsvError(str(error)) from error

    def _refuse_useless_columns(self) -> None:
        fields = {column.field for column in self.columns}
        usual = USUAL_HEADERS[self.entity_type]
        if fields <= {None, EXTRA_FIELD}:
            raise NoKeyColumn(
                f"no column of the first row is known; expected a header row such as {usual}", self.columns
            )
        if identifying_fields(self.entity_type, fields).isdisjoint(fields):
            needed = IDENTIFYING_FIELDS[self.entity_type]
            message = f"no column tells the rows apart; expected an id, or {needed}, in columns such as {usual}"
            raise NoKeyColumn(message, self.columns)


def _blocks(records: Iterator[Record | Refusal]) -> Iterator[list[Record | Refusal]]:
    """Yield records some at a time: columns are quicker to look at than rows.

    What breaks off the reading does so after the records before it were yielded.
    """
    failure: Exception | None = None
    while failure is None:
        block: list[Record | Refusal] = []
        chars = 0
        try:
            for record in records:
                block.append(record)
                chars += len(record.text) if isinstance(record, Record) else 0
                if len(block) == _BLOCK_RECORDS or chars >= _BLOCK_CHARS:
                    break
        except Exception as error:
            failure = error
        if not block:
            break
        yield block
    if failure is not None:
        raise failure


def _is_blank(record: Record) -> bool:
    """Return whether all cells are blank, and hold nothing either that a row is refused for."""
    if any(map(str.strip, record.cells)):
        return False
    return not any(record.cells) or find_bad_character(record.text) is None


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
