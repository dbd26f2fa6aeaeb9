"""XLSX in: the rows of a sheet, read as those of a CSV file are.

A sheet's cells become the texts that a CSV file would have for them, and from there on everything is the same:
headers, cells, rows, reports. The line of a row is its number in the sheet.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from app.entities.csv.headers import Mapped
from app.entities.csv.lines import CsvError, OutOfTime
from app.entities.csv.reader import CsvReader
from app.entities.csv.records import Record, Refusal
from app.entities.csv.writer import cell_text
from app.entities.xlsx.checked import DAMAGED, checked_copy
from app.entities.xlsx.writer import CUT_MARK
from app.values.entity_types import EntityType

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

WORKBOOK_START: Final = b"PK\x03\x04"
"""How every workbook begins, and every other zip archive."""

_MEMORY_BYTES: Final = 1_048_576
_SAMPLE_RECORDS: Final = 30
_NAMES_SHOWN: Final = 20
# The digits of a spreadsheet's numbers; what has more was rounded, and cells say so by an exponent.
_MOST_EXACT: Final = 1e15


class SheetRecords:
    """The rows of a sheet as records; blank ones are passed over. `next_line` is the row to go on from."""

    def __init__(self, rows: Iterator[list[Any]], is_to_end: Callable[[], bool]) -> None:
        self.next_line = 1
        self._rows = _numbered(rows)
        self._is_to_end = is_to_end

    def sample(self) -> list[Record]:
        """Return the first records, which are still to come."""
        taken = list(islice(self._rows, _SAMPLE_RECORDS))
        self._rows = chain(taken, self._rows)
        return taken

    def __iter__(self) -> Iterator[Record | Refusal]:
        for record in self._rows:
            self.next_line = record.line
            if self._is_to_end():
                raise OutOfTime
            yield record
            self.next_line = record.line + 1


class XlsxReader(CsvReader):
    """Reads a sheet of a workbook row by row, once: the one that is named, else the first that is not hidden.

    Making one reads the whole sheet, and raises CsvError if that cannot be.
    """

    def __init__(
        self,
        stream: BinaryIO,
        entity_type: EntityType,
        *,
        sheet: str | None = None,
        mapped: Mapped | None = None,
        remembered: Callable[[Sequence[str]], Mapped] = lambda _: {},
        from_line: int = 1,
        is_time_over: Callable[[], bool] = lambda: False,
        on_records: Callable[[Sequence[Record]], None] | None = None,
    ) -> None:
        self._sheet_name = sheet
        super().__init__(
            stream,
            entity_type,
            mapped=mapped,
            remembered=remembered,
            from_line=from_line,
            is_time_over=is_time_over,
            on_records=on_records,
        )

    def _open(self, stream: BinaryIO, _encoding: str | None) -> SheetRecords:
        self.delimiter = ""
        with SpooledTemporaryFile(max_size=_MEMORY_BYTES) as file:
            copyfileobj(stream, file)
            self.sheet, rows = _read_sheet(cast(BinaryIO, file), self._sheet_name)
        self._sheet = SheetRecords(rows, self._is_to_end)
        return self._sheet

    def _sample(self) -> list[Record]:
        return self._sheet.sample()

    @property
    def encoding(self) -> str:
        """What stands in a report for the encoding."""
        return "xlsx"

    @property
    def guessed(self) -> str:
        """Nothing is guessed."""
        return ""


def _numbered(rows: Iterator[list[Any]]) -> Iterator[Record]:
    after_blank = False
    for line, row in enumerate(rows, 1):
        cells = [value if value.__class__ is str else _text(value) for value in row]
        text = ",".join(cells)
        if "\r" in text or CUT_MARK in text:
            cells = list(map(_readable, cells))
            text = ",".join(cells)
        if any(map(str.strip, cells)):
            yield Record(line, cells, text, after_blank)
            after_blank = False
        else:
            after_blank = True


def _text(value: Any) -> str:
    """Return what a CSV file would have for a value that is no text."""
    if isinstance(value, float):
        return _digits(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else cell_text(value)


def _digits(number: float) -> str:
    if abs(number) >= _MOST_EXACT:
        return f"{number:.14E}"
    return str(int(number)) if number.is_integer() else repr(number)


def _readable(text: str) -> str:
    """Return a text with newlines for line ends; one that an export had to cut says nothing."""
    return "" if text.endswith(CUT_MARK) else text.replace("\r\n", "\n").replace("\r", "\n")


def _read_sheet(stream: BinaryIO, name: str | None) -> tuple[str, Iterator[list[Any]]]:
    """Return a sheet's name and its rows."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise CsvError(
            "it is an Excel workbook, which needs python-calamine: install Tranche with its extra [xlsx],"
            " or save the list as CSV"
        ) from error
    with checked_copy(stream) as path:
        try:
            with CalamineWorkbook.from_path(path) as workbook:
                sheet = _chosen(workbook, name)
                return sheet.name, sheet.iter_rows()
        except CalamineError as error:
            raise CsvError(DAMAGED) from error


def _chosen(workbook: "CalamineWorkbook", name: str | None) -> "CalamineSheet":
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    if name is None:
        if not visible:
            raise CsvError("every sheet of the workbook is hidden; name the one to read by sheet")
        return workbook.get_sheet_by_name(visible[0])
    if name not in {sheet.name for sheet in sheets}:
        shown = ", ".join(map(repr, visible[:_NAMES_SHOWN]))
        raise CsvError(f"the workbook has no sheet {name!r}; expected one of {shown}")
    return workbook.get_sheet_by_name(name)
