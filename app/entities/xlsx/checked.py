"""Workbooks of strangers, checked before a reader opens them.

A workbook is a zip archive, of which some kilobytes may unpack to gigabytes, or to two cells at opposite corners of a
sheet. The reader holds a sheet as a full rectangle, and ends the process if there is no memory for it. So what is read
is a copy, made here of the parts that matter while they are counted: whatever the archive says of itself, its reader
meets nothing but what was counted.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Final
from xml.parsers import expat
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.entities.csv.lines import CsvError

MAX_BYTES: Final = 200_000_000
"""What the parts of a workbook may come to, unpacked."""
MAX_RATIO: Final = 100
"""How many times larger than the archive they may be, from `_RATIO_COUNTS_FROM` on: small ones do no harm."""
MAX_COLUMNS: Final = 16_384
MAX_CELLS: Final = 16_000_000
"""Cells of the rectangle around everything that a sheet holds; the reader takes 32 bytes for each."""
DAMAGED: Final = "the Excel workbook is damaged; expected a whole one, or CSV text"

_RATIO_COUNTS_FROM: Final = 20_000_000
_BLOCK_BYTES: Final = 1_048_576
_WORKBOOK: Final = "xl/workbook.xml"
_TEXTS: Final = (".xml", ".rels")
_PLACE: Final = re.compile(r"([A-Za-z]{1,7})([0-9]{1,9})")


@contextmanager
def checked_copy(stream: BinaryIO) -> Iterator[str]:
    """Yield the path of a copy of a workbook that can be opened. Raises CsvError if it cannot, or is too large."""
    try:
        with ZipFile(stream) as archive, NamedTemporaryFile(suffix=".xlsx") as file:
            with ZipFile(file, "w", ZIP_STORED) as copy:
                _copy(_needed_parts(archive, stream), archive, copy)
            file.flush()
            yield file.name
    except (BadZipFile, EOFError, NotImplementedError, expat.ExpatError) as error:
        raise CsvError(DAMAGED) from error


def _needed_parts(archive: ZipFile, stream: BinaryIO) -> list[ZipInfo]:
    """Return the parts that say what stands in the cells."""
    parts = {part.filename: part for part in archive.infolist()}
    if _WORKBOOK not in parts:
        raise CsvError("the file is a zip archive, but no Excel workbook (.xlsx); expected CSV text or such a workbook")
    if any(part.flag_bits & 1 for part in parts.values()):
        raise CsvError("the Excel workbook is encrypted; save it without a password")
    needed = [part for name, part in parts.items() if name.endswith(_TEXTS) and name.startswith(("xl/", "_rels/", "["))]
    _check_size(sum(part.file_size for part in needed), stream)
    return needed


def _check_size(size: int, stream: BinaryIO) -> None:
    packed = stream.seek(0, 2)
    if size > MAX_BYTES:
        raise CsvError(f"the Excel workbook unpacks to more than {MAX_BYTES // 1_000_000} MB; save the list as CSV")
    if size > _RATIO_COUNTS_FROM and size > packed * MAX_RATIO:
        raise CsvError(f"the Excel workbook unpacks to more than {MAX_RATIO} times its size; save the list as CSV")


def _copy(parts: list[ZipInfo], archive: ZipFile, copy: ZipFile) -> None:
    for part in parts:
        counter = _CellCounter()
        with archive.open(part) as source, copy.open(part.filename, "w") as target:
            # No more comes than the archive says that there is, and that was looked at.
            while block := source.read(_BLOCK_BYTES):
                counter.read(block)
                target.write(block)
            counter.read(b"", is_last=True)


class _CellCounter:
    """Counts the rectangle around the cells of a part that hold something."""

    def __init__(self) -> None:
        self._row = self._column = 0
        self._rows = self._columns = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def read(self, block: bytes, *, is_last: bool = False) -> None:
        """Count what is in a block."""
        self._parser.Parse(block, is_last)
        if self._columns > MAX_COLUMNS:
            raise CsvError(f"a sheet has more than {MAX_COLUMNS:,} columns")
        if self._rows * self._columns > MAX_CELLS:
            raise CsvError(
                f"a sheet has something in row {self._rows:,} and in column {self._columns:,}, and so more than"
                f" {MAX_CELLS:,} cells; delete what stands beside the list, or save it as CSV"
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._column += 1
            if "r" in attributes:
                self._go_to(attributes["r"])
        elif name == "row":
            self._row, self._column = self._row + 1, 0
            if "r" in attributes:
                self._go_to("A" + attributes["r"])
                self._column = 0
        elif self._column > self._columns or self._row > self._rows:
            # Anything in a cell.
            self._columns, self._rows = max(self._columns, self._column), max(self._rows, self._row)

    def _go_to(self, reference: str) -> None:
        match = _PLACE.fullmatch(reference)
        if match is not None:
            self._column, self._row = _column_number(match[1]), int(match[2])


@lru_cache(maxsize=MAX_COLUMNS)
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _refuse_doctype(*_: object) -> None:
    raise CsvError("the Excel workbook declares a document type, which none does that a spreadsheet saved")
