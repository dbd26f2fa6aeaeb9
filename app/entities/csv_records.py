"""From the bytes of a CSV file to its records: encoding, lines, quotes, separator.

Everything streams: whatever the file's size, memory holds one sample, one block and one record.

A file is UTF-8 or UTF-16 when it says so by a byte order mark, or UTF-16 when every other byte of
its start is zero. Else each line is read as UTF-8 by itself, and as Windows-1252 where it is not
valid UTF-8. That needs no second look at a stream that cannot be rewound, and a first umlaut in
the last line of the file is still read right. Bytes that are no text in any of these become
control characters or lone surrogates, for which the row is refused.

Quotes follow RFC 4180, with two liberties that lose nothing: blanks before an opening quote, and
quotes inside a cell that did not start with one. A record that cannot be read is refused alone:
reading goes on with the line after the one it started on, so an open quote costs one row.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

BLOCK_BYTES: Final = 65_536
MAX_LINE_BYTES: Final = 1_048_576
MAX_RECORD_CHARS: Final = 1_048_576
MAX_RECORD_LINES: Final = 1_000
MAX_CELL_CHARS: Final = 131_072
# Reading on from the line after a refused record reads its other lines again. A file made to do
# that at every line would cost the square of its size, so there is an end to it: after this many
# characters (and 100 for each line) a quoted cell may no longer span lines.
MAX_REREAD_CHARS: Final = 32 * 1_048_576

_NO_CSV: Final = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (codecs.BOM_UTF32_LE, "UTF-32 text"),
    (codecs.BOM_UTF32_BE, "UTF-32 text"),
)
_EXPECTED: Final = "expected CSV text in UTF-8, UTF-16 or Windows-1252"


class CsvError(ValueError):
    """The whole file cannot be read; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not read. The reason names the column and the rule, never what the cell holds."""

    line: int
    reason: str


class Record(NamedTuple):
    """The cells of one row, the line it starts on (from 1), and its text, for checks of all at once."""

    line: int
    cells: list[str]
    text: str


class Lines:
    """The lines of a binary stream as text, without their ends; lines can be put back.

    `encoding` is utf-8, utf-8-sig, utf-16-le, utf-16-be or windows-1252: what the start says, and
    windows-1252 from the first line on that is not valid UTF-8. `number` counts the lines taken,
    so it is the number of the last one. A line of more than 1 MiB comes as `Lines.OVERLONG`.
    """

    OVERLONG: Final = "overlong \x00"

    def __init__(self, stream: BinaryIO) -> None:
        sample = _read_sample(stream)
        _refuse_other_formats(sample)
        self.encoding, mark = _detect_encoding(sample)
        self.number = 0
        self._put_back: deque[str] = deque()
        self._lines = _split(_utf8_blocks(sample[len(mark) :], stream, self.encoding))

    def take(self) -> str | None:
        """Return the next line, or None at the end of the file."""
        if self._put_back:
            self.number += 1
            return self._put_back.popleft()
        try:
            line = next(self._lines)
        except StopIteration:
            return None
        self.number += 1
        return self.OVERLONG if line is None else self._text(line)

    def put_back(self, lines: list[str]) -> None:
        """Give back the last lines taken, in their order."""
        self._put_back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _text(self, line: bytes) -> str:
        text = self._decoded(line)
        if "\r" in text:
            # A lone carriage return inside a line is a line end within a cell.
            text = text.removesuffix("\r").replace("\r", "\n")
        return text

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            if self.encoding not in ("utf-8", "windows-1252"):
                return line.decode("utf-8", errors="surrogateescape")
        self.encoding = "windows-1252"
        try:
            return line.decode("windows-1252")
        except UnicodeDecodeError:
            # Five bytes mean nothing there. This makes them the control characters of their number.
            return line.decode("latin-1")


class Records:
    """The records of lines, with the refusals between them; blank lines are passed over."""

    def __init__(self, lines: Lines, delimiter: str) -> None:
        self.lines = lines
        self.delimiter = delimiter
        self._opening = re.compile(rf'(?:\A|{re.escape(delimiter)}) *"')
        self._reread_chars = 0

    def __iter__(self) -> Iterator[Record | Refusal]:
        take, delimiter = self.lines.take, self.delimiter
        while (line := take()) is not None:
            if '"' in line:
                yield self._quoted(line)
            elif line is Lines.OVERLONG:
                yield Refusal(self.lines.number, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            elif "\n" in line:
                yield Refusal(self.lines.number, "a lone carriage return stands outside quotes")
            elif line.strip():
                yield _checked(Record(self.lines.number, line.split(delimiter), line))

    def _quoted(self, line: str) -> Record | Refusal:
        start = self.lines.number
        # An even number of quotes nearly always means a whole record.
        if line.count('"') % 2 == 0:
            record = self._parse(start, line)
            if isinstance(record, Record):
                return record
        if self._is_open(line, inside=False):
            return self._spanning(start, line)
        return self._parse(start, line)

    def _spanning(self, start: int, line: str) -> Record | Refusal:
        """Read on from a line that ends inside a quoted cell."""
        further: list[str] = []
        size = len(line)
        while len(further) < self._lines_ahead() and size < MAX_RECORD_CHARS:
            following = self.lines.take()
            if following is None:
                break
            further.append(following)
            size += len(following) + 1
            if following is Lines.OVERLONG:
                break
            if not self._is_open(following, inside=True):
                record = self._parse(start, "\n".join((line, *further)))
                if isinstance(record, Record) or record.reason == _TOO_LONG_CELL:
                    return record
                break
        self._reread_chars += size + 100 * len(further)
        self.lines.put_back(further)
        return Refusal(start, "a quote is opened and not closed as a cell's quotes must be")

    def _lines_ahead(self) -> int:
        return MAX_RECORD_LINES - 1 if self._reread_chars < MAX_REREAD_CHARS else 0

    def _is_open(self, text: str, *, inside: bool) -> bool:
        """Say whether a text ends inside a quoted cell, given whether it starts there."""
        position = 0
        while True:
            if not inside:
                opening = self._opening.search(text, position)
                if opening is None:
                    return False
                position = opening.end()
            position = text.find('"', position)
            if position < 0:
                return True
            inside = text.startswith('"', position + 1)
            position += 2 if inside else 1

    def _parse(self, start: int, text: str) -> Record | Refusal:
        try:
            cells = next(csv.reader((text,), delimiter=self.delimiter, skipinitialspace=True, strict=True))
        except csv.Error as error:
            # The limit of one cell is the csv module's own default, and told apart by its words alone.
            reason = _TOO_LONG_CELL if "field limit" in str(error) else _MALFORMED
            return Refusal(start, reason)
        return _checked(Record(start, cells, text))


_TOO_LONG_CELL: Final = f"a cell is longer than {MAX_CELL_CHARS:,} characters"
_MALFORMED: Final = "malformed quotes: a quoted cell ends with its quote, and a quote inside is doubled"


def sample_records(lines: Iterable[str], delimiter: str) -> list[Record]:
    """Return the records that a few lines make with a delimiter."""
    sample = _ListedLines(lines)
    return [record for record in Records(sample, delimiter) if isinstance(record, Record)]


class _ListedLines(Lines):
    """Lines that were read already."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.encoding = "utf-8"
        self.number = 0
        self._put_back = deque(lines)
        self._lines = iter(())


def _checked(record: Record) -> Record | Refusal:
    if len(record.text) > MAX_CELL_CHARS and max(map(len, record.cells)) > MAX_CELL_CHARS:
        return Refusal(record.line, _TOO_LONG_CELL)
    return record


def _read_sample(stream: BinaryIO) -> bytes:
    """Read the first block, from a stream that may give less at a time."""
    parts = []
    missing = BLOCK_BYTES
    while missing > 0 and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _refuse_other_formats(sample: bytes) -> None:
    for start, what in _NO_CSV:
        if sample.startswith(start):
            raise CsvError(f"the file is {what}; {_EXPECTED}")


def _detect_encoding(sample: bytes) -> tuple[str, bytes]:
    """Return the encoding that the start of a file shows, and the mark that it starts with."""
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    )
    for mark, encoding in marks:
        if sample.startswith(mark):
            return encoding, mark
    start = sample[:4096]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    pairs = len(start) // 2
    if pairs and odd > pairs * 0.4 and even < pairs * 0.1:
        return "utf-16-le", b""
    if pairs and even > pairs * 0.4 and odd < pairs * 0.1:
        return "utf-16-be", b""
    return "utf-8", b""


def _utf8_blocks(sample: bytes, stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield a stream's blocks, as UTF-8 where it is UTF-16, with newlines where it has only returns."""
    blocks = _blocks(sample, stream)
    if encoding.startswith("utf-16"):
        blocks = _from_utf16(blocks, encoding)
    first = next(blocks, b"")
    has_returns_only = b"\r" in first[:-1] and b"\n" not in first
    for block in _chain(first, blocks):
        yield block.replace(b"\r", b"\n") if has_returns_only else block


def _blocks(sample: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield sample
    while block := stream.read(BLOCK_BYTES):
        yield block


def _chain(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _from_utf16(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    # Lone surrogates are let through here and come out as bytes that are not valid UTF-8.
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogatepass")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", errors="surrogatepass")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        # The file ends in the middle of a character.
        yield b"\xff"


def _split(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield the lines of blocks without their newlines, and None for one that is too long to hold."""
    rest = b""
    is_overlong = False
    for block in blocks:
        parts = (rest + block).split(b"\n")
        rest = parts.pop()
        for part in parts:
            yield None if is_overlong or len(part) > MAX_LINE_BYTES else part
            is_overlong = False
        if len(rest) > MAX_LINE_BYTES:
            rest, is_overlong = b"", True
    if rest or is_overlong:
        yield None if is_overlong else rest
