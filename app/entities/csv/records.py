"""From the bytes of a CSV file to its records: encoding, lines, quotes, separator.

Everything streams: whatever the file's size, memory holds one sample, a few blocks and one record. Every byte is
looked at a fixed number of times, so time grows with the size alone, whatever the bytes are.

A file is in the encoding that its byte order mark says, else in the one that the caller names, else in UTF-16 if
every other byte of its start is zero. Else it is UTF-8, and lines that are not are in another encoding, which
their letters tell (`csv_encodings`). Two encodings in one file are two files that somebody joined: each line
stands for itself. Lines that cannot be read are refused; if the start of the file cannot, the file is.

A line ends with a line feed, a carriage return, or both. Quotes follow RFC 4180, with two liberties that lose
nothing: blanks before an opening quote, and quotes inside a cell that did not start with one. A record that cannot
be read is refused alone: reading goes on with the line after the one it started on, so an open quote costs one row.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import BinaryIO, Final, NamedTuple

from app.entities.csv.encodings import IDEOGRAPHS, WINDOWS_1252, guess, python_codec

BLOCK_BYTES: Final = 65_536
MAX_LINE_BYTES: Final = 1_048_576
MAX_RECORD_CHARS: Final = 1_048_576
MAX_RECORD_LINES: Final = 1_000
MAX_CELL_CHARS: Final = 131_072

_NO_CSV: Final = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (codecs.BOM_UTF32_LE, "UTF-32 text"),
    (codecs.BOM_UTF32_BE, "UTF-32 text"),
)
_EXPECTED: Final = "expected CSV text"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNICODE: Final = frozenset({"utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"})
# Lines of no clear encoding that are looked at together, and how often: it takes some milliseconds.
_MAX_EVIDENCE: Final = 400
_MAX_GUESSES: Final = 5
_MOST_BY_CHANCE: Final = 3
_THREE_BYTES: Final = "\u0800"


IsTimeOver = Callable[[], bool]
"""Asked at each block of a file but the first."""


class OutOfTime(Exception):
    """Whoever asked for the records wants no more of them; `Records.next_line` is the line to go on from."""


class CsvError(ValueError):
    """The whole file cannot be read; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not read. The reason names the column and the rule, and no personal data."""

    line: int
    reason: str


class Record(NamedTuple):
    """The cells of one row, the line it starts on (from 1), its text, and whether a blank line stands before it."""

    line: int
    cells: list[str]
    text: str
    after_blank: bool = False


class Lines:
    """The lines of a binary stream as text, without their ends; lines can be put back.

    `encoding` is what the file is in as far as it was read: what its mark, the caller or its start says, and from
    the first line on that is not valid UTF-8 the one that was guessed. `guessed` has some of the words that were
    read by a guess; `is_in_doubt` says that none is clear, and that much of the file's start cannot be read without.
    `number` counts the lines taken, so it is the number of the last one. A line of more than
    1 MiB comes as `Lines.OVERLONG`, and one in no encoding that is known as `Lines.UNREADABLE`.
    """

    OVERLONG: Final = "overlong \x00"
    UNREADABLE: Final = "unreadable \x00"

    def __init__(self, stream: BinaryIO, encoding: str | None = None, is_time_over: IsTimeOver = lambda: False) -> None:
        sample = _read_block(stream)
        _refuse_other_formats(sample)
        self.encoding, mark = _find_encoding(sample, encoding)
        self.candidates: tuple[str, ...] = ()
        self.guessed = ""
        self.is_in_doubt = False
        self.number = 0
        self._is_certain = encoding is not None or self.encoding != "utf-8"
        self._evidence: list[bytes] = []
        self._guesses_left = _MAX_GUESSES
        blocks = _with_newlines(_utf8_blocks(_chain(sample[len(mark) :], stream, is_time_over), self.encoding))
        self._lines: Iterator[str] = chain.from_iterable(map(self._split, _whole_lines(blocks)))

    def take(self) -> str | None:
        """Return the next line, or None at the end of the file."""
        line = next(self._lines, None)
        self.number += line is not None
        return line

    def put_back(self, lines: list[str]) -> None:
        """Give back the last lines taken, in their order."""
        self._lines = chain(lines, self._lines)
        self.number -= len(lines)

    def _split(self, block: bytes | None) -> list[str]:
        if block is None:
            return [self.OVERLONG]
        try:
            return block.decode(self._certain_codec).split("\n")
        except UnicodeDecodeError:
            lines = block.split(b"\n")
        if not self._is_certain:
            self._learn(lines)
        return list(map(self._text, lines))

    @property
    def _certain_codec(self) -> str:
        """The codec of whole blocks: a file in an encoding that was guessed may still have lines in UTF-8."""
        is_unicode = self.encoding in _UNICODE or not self._is_certain
        return "utf-8" if is_unicode else python_codec(self.encoding)

    def _learn(self, lines: list[bytes]) -> None:
        """Guess the encoding from the lines that are not UTF-8, until it is clear."""
        if self.encoding != "utf-8" or not self._guesses_left:
            return
        others = [line for line in lines if not _is_utf8(line)]
        self._evidence += others[: _MAX_EVIDENCE - len(self._evidence)]
        verdict = guess(self._evidence)
        self.candidates = verdict.candidates
        if verdict.encoding is not None:
            self.encoding, self.guessed = verdict.encoding, verdict.sample
        elif self._guesses_left == _MAX_GUESSES:
            self.is_in_doubt = _are_many(len(others), len(lines) - 1)
        self._guesses_left -= 1

    def _text(self, line: bytes) -> str:
        try:
            text = line.decode(self._certain_codec)
        except UnicodeDecodeError:
            pass
        else:
            return text if self._is_certain or text.isascii() else self._second_reading(line, text)
        if self._is_certain:
            # Bytes that are no text become lone surrogates, for which the row is refused.
            return line.decode("utf-8" if self.encoding in _UNICODE else "ascii", errors="surrogateescape")
        if self.encoding == "utf-8":
            return self.UNREADABLE
        return _by_guess(line, self.encoding)

    def _second_reading(self, line: bytes, text: str) -> str:
        """Return a line that is valid UTF-8 among others that are not. A few ideographs may be that by chance."""
        if self.encoding not in IDEOGRAPHS:
            return text
        letters = [char for char in text if not char.isascii()]
        is_chance = len(letters) <= _MOST_BY_CHANCE and max(letters) < _THREE_BYTES
        return _by_guess(line, self.encoding) if is_chance else text


def _are_many(lines: int, of_lines: int) -> bool:
    """Return whether a file is hardly worth reading without so many of its lines."""
    return lines * 5 > of_lines * 3 or (lines > 1 and lines * 5 >= of_lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _by_guess(line: bytes, encoding: str) -> str:
    try:
        return line.decode(python_codec(encoding))
    except UnicodeDecodeError:
        # A few bytes mean nothing there. This makes them control characters, for which the row is refused.
        return line.decode("latin-1" if encoding == WINDOWS_1252 else "ascii", errors="surrogateescape")


class _Ending(Enum):
    """How a line leaves its last cell."""

    WHOLE = "whole"
    OPEN = "inside quotes"
    MALFORMED = "with a quote that neither ends the cell nor is doubled"


class Records:
    """The records of lines, with the refusals between them; blank lines are passed over.

    `next_line` is the line of the first that was not given yet.

    A line that leaves a quote open looks ahead for the line that closes it. Those in between are kept in `_ahead`,
    and each is looked at once: seen from a quote that was opened on any line before, all but the last are inside
    it. So if the quote turns out never to be closed well, and its line is refused, the next line with an open quote
    ends at the same place.
    """

    def __init__(self, lines: Lines, delimiter: str) -> None:
        self.lines = lines
        self.delimiter = delimiter
        self._ahead: deque[str] = deque()
        self._ahead_chars = 0
        self._ahead_ends: _Ending | None = None
        self.next_line = lines.number + 1
        self._whole, self._quoted = _cell_patterns(delimiter)

    def __iter__(self) -> Iterator[Record | Refusal]:
        delimiter, lines, ahead = self.delimiter, self.lines, self._ahead
        after_blank = False
        while (line := self._take() if ahead else lines.take()) is not None:
            if not line or line.isspace():
                after_blank = True
                continue
            number = self.next_line = lines.number - len(ahead)
            if line[0] == _MARK:
                # Of a second file that somebody joined to the first.
                line = line.lstrip(_MARK)
            if '"' in line:
                yield self._record(number, line, after_blank)
            elif line in _NO_LINE:
                yield Refusal(number, self._why_no_line(line))
            else:
                record = Record(number, line.split(delimiter), line, after_blank)
                yield record if len(line) <= MAX_CELL_CHARS else _checked(record)
            after_blank = False
            self.next_line = lines.number - len(ahead) + 1

    def _take(self) -> str:
        line = self._ahead.popleft()
        self._ahead_chars -= len(line)
        if not self._ahead:
            self._ahead_ends = None
        return line

    def _why_no_line(self, line: str) -> str:
        if line == Lines.OVERLONG:
            return f"the line is longer than {MAX_LINE_BYTES:,} bytes"
        return f"the letters cannot be told: {doubt_about(self.lines.candidates)}"

    def _record(self, number: int, line: str, after_blank: bool) -> Record | Refusal:
        cells = self._cells(line)
        if cells is not None:
            return _checked(Record(number, cells, line, after_blank))
        ending = self._ending_of(line)
        if ending is _Ending.WHOLE:
            return Refusal(number, _TOO_LONG_CELL)
        if ending is _Ending.MALFORMED:
            return Refusal(number, _MALFORMED)
        if (self._ahead_ends or self._look_ahead(len(line))) is not _Ending.WHOLE:
            return Refusal(number, "a quote is opened and not closed as a cell's quotes must be")
        text = "\n".join((line, *self._ahead))
        self._ahead.clear()
        self._ahead_chars, self._ahead_ends = 0, None
        cells = self._cells(text)
        # The quotes were looked at, so it is the limit of one cell, which is the module's own default.
        return Refusal(number, _TOO_LONG_CELL) if cells is None else _checked(Record(number, cells, text, after_blank))

    def _look_ahead(self, size: int) -> _Ending | None:
        """Read on to the line that ends the open cell, and say how; None if that is too far away."""
        take, ahead = self.lines.take, self._ahead
        size += self._ahead_chars
        ending: _Ending | None = None
        while ending is None and len(ahead) < MAX_RECORD_LINES - 1 and size < MAX_RECORD_CHARS:
            line = take()
            if line is None:
                ending = _Ending.MALFORMED
                break
            ahead.append(line)
            size += len(line) + 1
            self._ahead_chars += len(line)
            if '"' in line or line in _NO_LINE:
                ending = self._ending_inside(line)
        self._ahead_ends = ending
        return ending

    def _ending_inside(self, line: str) -> _Ending | None:
        """Say how a line ends a quoted cell that was opened before it; None if it does not."""
        if line in _NO_LINE:
            return _Ending.MALFORMED
        ending = self._ending_of('"' + line)
        return None if ending is _Ending.OPEN else ending

    def _ending_of(self, line: str) -> _Ending:
        whole = self._whole.match(line)
        end = 0 if whole is None else whole.end()
        if whole is not None and end == len(line):
            return _Ending.WHOLE
        quoted = self._quoted.match(line, end if whole is None else end + 1)
        return _Ending.OPEN if quoted is not None and quoted.end() == len(line) else _Ending.MALFORMED

    def _cells(self, text: str) -> list[str] | None:
        """Return the cells of a record, or None if its quotes are not those of whole cells or a cell is too long."""
        try:
            return next(csv.reader((text,), delimiter=self.delimiter, skipinitialspace=True, strict=True))
        except csv.Error:
            return None


_MARK: Final = "\ufeff"
_NO_LINE: Final = frozenset({Lines.OVERLONG, Lines.UNREADABLE})
_TOO_LONG_CELL: Final = f"a cell is longer than {MAX_CELL_CHARS:,} characters"
_MALFORMED: Final = "malformed quotes: a quoted cell ends with its quote, and a quote inside is doubled"


def doubt_about(candidates: Iterable[str]) -> str:
    """Say which encodings a text may be in, and how to tell the service."""
    names = " or ".join(candidates)
    may_be = f"they may be in {names}" if names else "they are in no encoding that is known"
    return f"{may_be}; say which by --encoding (over HTTP, by the parameter encoding or the charset of text/csv)"


def sample_records(lines: Iterable[str], delimiter: str) -> list[Record]:
    """Return the records that a few lines make with a delimiter."""
    sample = _ListedLines(lines)
    return [record for record in Records(sample, delimiter) if isinstance(record, Record)]


class _ListedLines(Lines):
    """Lines that were read already."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.candidates = ()
        self.number = 0
        self._lines = iter(lines)


def _cell_patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches the whole cells at the start of a line, and what matches a quoted cell that may be open.

    No quantifier ever gives anything back, so a line is looked at once.
    """
    mark = re.escape(delimiter)
    inside = r'[^"]*+(?:""[^"]*+)*+'
    cell = rf'(?: *+"{inside}"(?={mark}|\Z)|(?! *+")[^{mark}]*+)'
    return re.compile(rf"{cell}(?:{mark}{cell})*+"), re.compile(rf' *+"{inside}')


def _checked(record: Record) -> Record | Refusal:
    if len(record.text) > MAX_CELL_CHARS and max(map(len, record.cells)) > MAX_CELL_CHARS:
        return Refusal(record.line, _TOO_LONG_CELL)
    return record


def _read_block(stream: BinaryIO) -> bytes:
    """Read a block, from a stream that may give less at a time."""
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


def _find_encoding(sample: bytes, named: str | None) -> tuple[str, bytes]:
    """Return the encoding that a file's mark, else its owner, else its start says, and the mark that it starts with."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding, mark
    if named is not None:
        return ("utf-16-le" if named == "utf-16" else named), b""
    start = sample[:4096]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    pairs = len(start) // 2
    if pairs and odd > pairs * 0.4 and even < pairs * 0.1:
        return "utf-16-le", b""
    if pairs and even > pairs * 0.4 and odd < pairs * 0.1:
        return "utf-16-be", b""
    return "utf-8", b""


def _chain(sample: bytes, stream: BinaryIO, is_time_over: IsTimeOver) -> Iterator[bytes]:
    yield sample
    while block := _read_block(stream):
        if is_time_over():
            raise OutOfTime
        yield block


def _utf8_blocks(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a stream's blocks, as UTF-8 if they are UTF-16."""
    if not encoding.startswith("utf-16"):
        yield from blocks
        return
    # Lone surrogates are let through here and come out as bytes that are not valid UTF-8.
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogatepass")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", errors="surrogatepass")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        # The file ends in the middle of a character.
        yield b"\xff"


def _with_newlines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks with a newline for each line end. Tools that write CRLF twice make CR CR LF of it."""
    held = b""
    for block in blocks:
        block = held + block
        held = block[-2:] if block.endswith(b"\r\r") else block[-1:] if block.endswith(b"\r") else b""
        yield _newlines(block[: len(block) - len(held)])
    yield _newlines(held)


def _newlines(block: bytes) -> bytes:
    if b"\r" not in block:
        return block
    return block.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield blocks of whole lines without their last newline, and None for a line that is too long to hold."""
    rest = b""
    is_overlong = False
    for block in blocks:
        first, newline, others = block.partition(b"\n")
        is_overlong = is_overlong or len(rest) + len(first) > MAX_LINE_BYTES
        if not newline:
            rest = b"" if is_overlong else rest + block
            continue
        if is_overlong:
            yield None
            rest, block, is_overlong = b"", others, False
        lines, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield lines
    if rest or is_overlong:
        yield None if is_overlong else rest
