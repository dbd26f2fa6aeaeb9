"""XLSX out: a workbook of one sheet, written as its rows come.

Every cell is text, of the format "Text": nothing is run, and a spreadsheet takes away neither a leading zero nor a
plus sign, even from a cell that somebody edits. So formulas need none of the apostrophes that guard them in CSV; only
a text that itself begins like a guarded formula gets one more, since the import takes one off.

The texts stand in the cells and not in a table of shared ones, which would have to be held until the end: memory
stays the same whatever the number of rows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from app.entities.csv.writer import cell_text, unguard_formula
from app.entities.xlsx.parts import HEADER_STYLE, PARTS, SHEET, SHEET_END, TEXT_STYLE, sheet_start
from app.errors import Invalid

MAX_ROWS: Final = 1_048_576
"""The rows of a sheet, the header among them: the limit of the format."""
MAX_CELL_UNITS: Final = 32_767
"""What a cell holds, in UTF-16 code units, of which an emoji is two."""
CUT_MARK: Final = "… (cut at the 32,767 characters of a cell; the CSV export has all of it)"
"""How a text ends that is too long for a cell."""

TOO_MANY_ROWS: Final = f"An XLSX file holds at most {MAX_ROWS - 1:,} rows below its header; export as CSV instead."

_BLOCK_BYTES: Final = 262_144
# A streamed sheet must stay below 2 GiB: beyond, an archive has a newer form, which not every program reads.
_MAX_SHEET_BYTES: Final = 2**31 - 2**24
_LEVEL: Final = 3

# What XML does not have or reads as something else, and the wide spaces, which may be all that is in a cell.
_UNUSUAL: Final = re.compile(
    "[\x01-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff\ufffe\uffff]"
)
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_EDGE: Final = "\0"
"""Stands around each text of a row while the row is looked at as one, which is quicker than text by text."""

_END: Final = "</t></is></c>"
_STARTS: Final = {style: f'<c s="{style}" t="inlineStr"><is><t>' for style in (TEXT_STYLE, HEADER_STYLE)}
_KEEPING_STARTS: Final = {style: start[:-1] + ' xml:space="preserve">' for style, start in _STARTS.items()}
_WITHOUT_TEXT: Final = [(starts[TEXT_STYLE] + _END).encode() for starts in (_STARTS, _KEEPING_STARTS)]
_BLANK: Final = f'<c s="{TEXT_STYLE}"/>'.encode()


class TooLargeForSheet(Invalid):
    """There is more than a sheet holds."""


def xlsx_blocks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write a header and rows as a workbook, in blocks, as the rows come.

    The header goes out before a row is asked for. Values become the text that they have in CSV, without the
    apostrophes that guard formulas there. Blank ones have no cell, what XML has no character for is left out, and a
    text that is too long for a cell is cut and ends in `CUT_MARK`.

    Raises TooLargeForSheet, after some of the blocks, if there are more rows or bytes than a sheet holds.
    """
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:  # type: ignore[call-overload]
        for name, xml in PARTS.items():
            with archive.open(name, "w") as part:
                part.write(xml.encode())
        with archive.open(SHEET, "w") as sheet:
            for block in _sheet_blocks(header, rows):
                sheet.write(block)
                if compressed := sink.taken():
                    yield compressed
    yield sink.taken()


class _Sink:
    """Takes what an archive writes, to be taken from here."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _sheet_blocks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield the sheet's XML, first its start with the header."""
    yield sheet_start(len(header)).encode() + _row(1, header, HEADER_STYLE)
    lines: list[bytes] = []
    held = size = 0
    for number, row in enumerate(rows, 2):
        if number > MAX_ROWS:
            raise TooLargeForSheet(TOO_MANY_ROWS)
        line = _row(number, row, TEXT_STYLE)
        lines.append(line)
        held += len(line)
        if held >= _BLOCK_BYTES:
            block = _block(lines)
            size += len(block)
            if size > _MAX_SHEET_BYTES:
                raise TooLargeForSheet("An XLSX file cannot hold so much text; export it as CSV.")
            yield block
            lines.clear()
            held = 0
    yield _block(lines) + SHEET_END.encode()


def _block(lines: Sequence[bytes]) -> bytes:
    block = b"".join(lines)
    for cell in _WITHOUT_TEXT:
        block = block.replace(cell, _BLANK)
    return block


def _row(number: int, row: Sequence[Any], style: int) -> bytes:
    """Return a row. Its cells do not say where they stand, which ECMA-376 leaves open and readers count."""
    texts = [value if value.__class__ is str else cell_text(value) for value in row]
    line = _EDGE + _EDGE.join(texts) + _EDGE
    start = _STARTS[style]
    if not _is_plain(line, len(texts)):
        line = _EDGE + _EDGE.join(map(_mended, texts)) + _EDGE
        start = _KEEPING_STARTS[style]
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # XML takes a carriage return that stands there by itself for a newline.
    line = line.replace("\r", "&#13;")
    return f'<row r="{number}">{start}{line[1:-1].replace(_EDGE, _END + start)}{_END}</row>'.encode()


def _is_plain(line: str, cells: int) -> bool:
    """Return whether the texts of a row need no mending."""
    if _UNUSUAL.search(line) is not None or len(line) > MAX_CELL_UNITS or line.count(_EDGE) != cells + 1:
        return False
    has_space_at_edge = "\0 " in line or " \0" in line
    # An apostrophe at the start may be a guard, and `_x` of an escape.
    return not (has_space_at_edge or "\0'" in line or "_x" in line)


def _mended(text: str) -> str:
    """Return a text as a cell can hold it, so that the import reads what was there."""
    if text.isspace():
        return ""
    text = _NO_XML.sub("", text)
    if unguard_formula(text) != text:
        text = "'" + text
    return _ESCAPE.sub("_x005F_", _cut(text))


def _cut(text: str) -> str:
    """Return a text that fits a cell."""
    if len(text) * 2 <= MAX_CELL_UNITS or len(text.encode("utf-16-le")) // 2 <= MAX_CELL_UNITS:
        return text
    room = MAX_CELL_UNITS - len(CUT_MARK)
    # Half of a pair at the end is dropped.
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore") + CUT_MARK
