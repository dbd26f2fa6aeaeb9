"""CSV out: the form that spreadsheets open without guessing and without running anything.

UTF-8 with a byte order mark (Excel takes a file without one for the local code page), comma,
CRLF, RFC 4180 quotes. A spreadsheet runs a cell that starts like a formula, and our values come
from strangers, so such a cell gets an apostrophe in front, which spreadsheets read as "this is
text". The reader takes exactly that apostrophe off again, so export and import are inverses.
"""

import codecs
import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from types import NoneType
from typing import Any, Final

from app.entities.pages import slices

BLOCK_CHARS: Final = 65_536
_ROWS_A_PART: Final = 500
_TO_QUOTE: Final = frozenset(',"\r\n')

# What a spreadsheet may take for a formula: one of = + - @ (or the full-width form, which East
# Asian versions fold) after any white space, or a leading tab or line end. Apostrophes in front
# count as part of the start, so that a value that itself begins with '= is told apart from a
# guarded one.
_FORMULA = re.compile("'*(?:[\t\r\n]|[\\s\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
# A signed number computes nothing. A phone number with blanks or brackets is not one of these.
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")
_FIRST_OF_FORMULA: Final = frozenset("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u200b\ufeff")
# Made once: making one takes longer than to write a short list.
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_PLAIN_STARTS: Final = frozenset(string.ascii_letters + string.digits)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write a header and rows as CSV, in blocks of whole lines, as the rows come.

    The header goes out at once, later lines in blocks of about 64 KiB. `cell_text` says how values are written.
    """
    yield codecs.BOM_UTF8 + _line([guard_formula(name) for name in header]).encode()
    lines: list[str] = []
    chars = 0
    for line in map(_line, chain.from_iterable(map(_written, slices(rows, _ROWS_A_PART)))):
        lines.append(line)
        chars += len(line)
        if chars >= BLOCK_CHARS:
            yield "".join(lines).encode()
            lines, chars = [], 0
    if lines:
        yield "".join(lines).encode()


def _written(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[str]]:
    """Return the cells of rows, column by column if they have as many: in some columns nothing stands at all."""
    if len(set(map(len, rows))) > 1 or not rows[0]:
        return map(_cells, rows)
    return zip(*map(_cells, zip(*rows, strict=True)), strict=True)


def _cells(values: Sequence[Any]) -> list[str]:
    """Return the cells of a row or of a column."""
    if values.count(None) == len(values):
        return [""] * len(values)
    # Nearly all are texts of a harmless start, which takes no call to see.
    return [value if type(value) is str and value[:1] in _PLAIN_STARTS else _cell(value) for value in values]


def _line(cells: Sequence[str]) -> str:
    """Return a line with its end. Few have a cell that needs quotes, which is seen from the line."""
    line = ",".join(cells)
    is_plain = '"' not in line and "\n" not in line and "\r" not in line and line.count(",") == len(cells) - 1
    if not is_plain or len(cells) == 1:
        line = ",".join(map(_quoted, cells)) or '""' * len(cells)
    return line + "\r\n"


def _quoted(cell: str) -> str:
    is_plain = _TO_QUOTE.isdisjoint(cell)
    return cell if is_plain else '"' + cell.replace('"', '""') + '"'


def guard_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run, and leave others as they are."""
    if not text or (text[0] not in _FIRST_OF_FORMULA and not text[0].isspace()):
        return text
    if _FORMULA.match(text) is None or _NUMBER.fullmatch(text) is not None:
        return text
    return "'" + text


def unguard_formula(text: str) -> str:
    """Take the apostrophe off again that `guard_formula` put there."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) is not None else text


def cell_text(value: Any) -> str:
    """Return the text of a value in a file, unguarded.

    Lists and dicts are compact JSON, dates ISO 8601. Nothing is blank, and so are blank text, an empty list and an
    empty dict.
    """
    return _TEXTS.get(type(value), str)(value)


def _text(text: str) -> str:
    """Return a text; a blank one says nothing, here as on import."""
    return "" if text.isspace() else text


def _json(value: Any) -> str:
    return _COMPACT.encode(value) if value else ""


_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    str: _text,
    NoneType: lambda _: "",
    bool: {True: "true", False: "false"}.__getitem__,
    **dict.fromkeys((list, tuple, dict), _json),
    date: date.isoformat,
    datetime: datetime.isoformat,
}
"""What writes a value of a type."""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if value.__class__ is datetime:
        # Each row has two, and none starts like a formula.
        return str(value.isoformat())
    return guard_formula(cell_text(value))
