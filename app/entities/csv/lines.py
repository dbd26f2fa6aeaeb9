"""From the bytes of a CSV file to its lines: encoding and line ends.

Everything streams: whatever the file's size, memory holds one sample and a few blocks.

A file is in the encoding that its byte order mark says, else in the one that the caller names, else in UTF-16 if
every other byte of its start is zero. Else it is UTF-8, and lines that are not are in another encoding, which
their letters tell (`encodings`). Two encodings in one file are two files that somebody joined: each line
stands for itself. Lines that cannot be read are refused; if the start of the file cannot, the file is.

A line ends with a line feed, a carriage return, or both.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, Final

from app.entities.csv.encodings import IDEOGRAPHS, WINDOWS_1252, guess, python_codec

BLOCK_BYTES: Final = 65_536
MAX_LINE_BYTES: Final = 1_048_576

_NO_CSV: Final = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook that is old (.xls) or has a password"),
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
# Any line that is UTF-8 and not ASCII has one of these.
_UTF8_LETTER: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Lines of no clear encoding that are looked at together, and how often: it takes some milliseconds.
_MAX_EVIDENCE: Final = 400
_MAX_GUESSES: Final = 5
_MOST_BY_CHANCE: Final = 3
_THREE_BYTES: Final = "\u0800"


IsTimeOver = Callable[[], bool]
"""Asked at each block of a file but the first."""


class OutOfTime(Exception):
    """The time for reading is over; `Records.next_line` is the line to go on from."""


class CsvError(ValueError):
    """The whole file cannot be read; the message says what was expected."""


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

    def rest(self) -> Iterator[str]:
        """Return the lines that were not taken yet, for the caller to count."""
        return self._lines

    def _split(self, block: bytes | None) -> list[str]:
        if block is None:
            return [self.OVERLONG]
        names = [self._certain_codec]
        if self._is_all_guessed(block):
            names.append(python_codec(self.encoding))
        for name in names:
            with suppress(UnicodeDecodeError):
                return block.decode(name).split("\n")
        lines = block.split(b"\n")
        if not self._is_certain:
            self._learn(lines)
        return list(map(self._text, lines))

    def _is_all_guessed(self, block: bytes) -> bool:
        """Return whether no line beyond ASCII can be UTF-8, in a file whose guessed encoding has one byte a letter."""
        is_guessed = not self._is_certain and self.encoding not in _UNICODE
        return is_guessed and self.encoding not in IDEOGRAPHS and _UTF8_LETTER.search(block) is None

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


def doubt_about(candidates: Iterable[str]) -> str:
    """Describe which encodings a text may be in, and how to name one to the service."""
    names = " or ".join(candidates)
    may_be = f"they may be in {names}" if names else "they are in no encoding that is known"
    return f"{may_be}; say which by --encoding (over HTTP, by the parameter encoding or the charset of text/csv)"


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
    return _encoding_by_zeros(sample[:4096]), b""


def _encoding_by_zeros(start: bytes) -> str:
    """Return UTF-16 if every other byte of a start is zero, as it is in most Western text; else UTF-8."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    many, few = len(start) // 2 * 0.4, len(start) // 2 * 0.1
    if odd > many and even < few:
        return "utf-16-le"
    if even > many and odd < few:
        return "utf-16-be"
    return "utf-8"


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
    plain = block.replace(b"\r\n", b"\n")
    if b"\r" not in plain:
        return plain
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
