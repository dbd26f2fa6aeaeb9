"""From the lines of a CSV file to its records: quotes and the separator.

Memory holds one record, and every character is looked at a fixed number of times, so time grows with the size
alone, whatever the file holds.

Quotes follow RFC 4180, with two liberties that lose nothing: blanks before an opening quote, and quotes inside a cell
that did not start with one. A record that cannot be read is refused alone: reading goes on with the line after the
one it started on, so an open quote costs one row.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from app.entities.csv.lines import MAX_LINE_BYTES, Lines, doubt_about

MAX_RECORD_CHARS: Final = 1_048_576
MAX_RECORD_LINES: Final = 1_000
MAX_CELL_CHARS: Final = 131_072


@dataclass(slots=True)
class Refusal:
    """A row that was not read. The reason names the column and the rule, and no personal data; `cells` has what stood
    there, as far as it could be read.

    Not frozen, though not to be changed: a file may be refused line by line, and a frozen class is slower to make.
    """

    line: int
    reason: str
    cells: Sequence[str] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class Record:
    """The cells of one row, the line it starts on (from 1), its text, and whether a blank line stands before it.

    Not frozen, though not to be changed: each line makes one.
    """

    line: int
    cells: list[str]
    text: str
    after_blank: bool = False


class _Ending(Enum):
    """How a line leaves its last cell."""

    WHOLE = "whole"
    OPEN = "inside quotes"
    MALFORMED = "with a quote that neither ends the cell nor is doubled"


class Records:
    """The records of lines, with the refusals between them; blank lines are passed over.

    `next_line` is the line of the first record that was not yielded yet.

    A line that leaves a quote open looks ahead for the line that closes it. Those in between are kept in `_ahead`,
    and each is looked at once: seen from a quote that was opened on any line before, all but the last are inside
    it. So if the quote turns out never to be closed well, and its line is refused, the next line with an open quote
    ends at the same place.
    """

    def __init__(self, lines: Lines, delimiter: str) -> None:
        self.lines = lines
        self.delimiter = delimiter
        self._source: Iterator[str] = iter(())
        self._ahead: deque[str] = deque()
        self._ahead_chars = 0
        self._ahead_ends: _Ending | None = None
        self._joined = 0
        self.next_line = lines.number + 1
        self._whole, self._quoted = _cell_patterns(delimiter)
        self._text_to_read: list[str] = []
        texts = iter(self._text_to_read.pop, None)
        self._csv_reader = csv.reader(texts, delimiter=delimiter, skipinitialspace=True, strict=True)

    def __iter__(self) -> Iterator[Record | Refusal]:
        delimiter, ahead = self.delimiter, self._ahead
        source = self._source = self.lines.rest()
        number = self.lines.number
        after_blank = False
        while (line := self._take() if ahead else next(source, None)) is not None:
            number += 1
            if not line or line.isspace():
                after_blank = True
                continue
            if '"' in line or line[0] == _MARK or line[-1] == _LAST_OF_NO_LINE or len(line) > MAX_CELL_CHARS:
                self.next_line = number
                yield self._unusual(number, line, after_blank)
                number += self._joined
            else:
                yield Record(number, line.split(delimiter), line, after_blank)
            after_blank = False
            self.next_line = number + 1

    def _take(self) -> str:
        line = self._ahead.popleft()
        self._ahead_chars -= len(line)
        if not self._ahead:
            self._ahead_ends = None
        return line

    def _unusual(self, number: int, line: str, after_blank: bool) -> Record | Refusal:
        """Read a line that is not just cells between separators."""
        self._joined = 0
        if line[0] == _MARK:
            # Of a second file that somebody joined to the first.
            line = line.lstrip(_MARK)
        if '"' in line:
            return self._quoted_record(number, line, after_blank)
        if line in _NO_LINE:
            return Refusal(number, self._why_no_line(line))
        return _checked(Record(number, line.split(self.delimiter), line, after_blank))

    def _why_no_line(self, line: str) -> str:
        if line == Lines.OVERLONG:
            return f"the line is longer than {MAX_LINE_BYTES:,} bytes"
        return f"the letters cannot be told: {doubt_about(self.lines.candidates)}"

    def _quoted_record(self, number: int, line: str, after_blank: bool) -> Record | Refusal:
        # A line with an odd number of quotes most likely leaves a cell open.
        cells = self._cells(line) if line.count('"') % 2 == 0 else None
        if cells is not None:
            return _checked(Record(number, cells, line, after_blank))
        ending = self._ending_of(line)
        if ending is _Ending.WHOLE and (cells := self._cells(line)) is not None:
            return _checked(Record(number, cells, line, after_blank))
        if ending is _Ending.WHOLE:
            return Refusal(number, _TOO_LONG_CELL)
        if ending is _Ending.MALFORMED:
            return Refusal(number, _MALFORMED, [line])
        if (self._ahead_ends or self._look_ahead(len(line))) is not _Ending.WHOLE:
            return Refusal(number, "a quote is opened and not closed as a cell's quotes must be", [line])
        text = "\n".join((line, *self._ahead))
        self._joined = len(self._ahead)
        self._ahead.clear()
        self._ahead_chars, self._ahead_ends = 0, None
        cells = self._cells(text)
        # The quotes were looked at, so it is the limit of one cell, which is the module's own default.
        return Refusal(number, _TOO_LONG_CELL) if cells is None else _checked(Record(number, cells, text, after_blank))

    def _look_ahead(self, size: int) -> _Ending | None:
        """Read on to the line that ends the open cell, and say how; None if that is too far away."""
        source, ahead = self._source, self._ahead
        size += self._ahead_chars
        ending: _Ending | None = None
        while ending is None and len(ahead) < MAX_RECORD_LINES - 1 and size < MAX_RECORD_CHARS:
            line = next(source, None)
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
        """Return how a line ends a quoted cell that was opened before it; None if it does not."""
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
        self._text_to_read.append(text)
        try:
            return next(self._csv_reader)
        except (csv.Error, IndexError):
            # Out of texts: the last cell is open.
            return None


_MARK: Final = "\ufeff"
_NO_LINE: Final = frozenset({Lines.OVERLONG, Lines.UNREADABLE})
_LAST_OF_NO_LINE: Final = "\x00"
_TOO_LONG_CELL: Final = f"a cell is longer than {MAX_CELL_CHARS:,} characters"
_MALFORMED: Final = "malformed quotes: a quoted cell ends with its quote, and a quote inside is doubled"


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
