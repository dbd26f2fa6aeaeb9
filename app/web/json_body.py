"""JSON bodies, read more strictly than the standard library does.

The standard library takes NaN, keeps the last of two equal keys, gives up with a
RecursionError on deep nesting, and hands out text and numbers that one of the two databases
cannot store. Here all of that is refused before anything looks at the content.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NoReturn

from app.errors import BadRequest, Invalid, detail
from app.values.text import find_bad_character

MAX_DEPTH: Final = 32
MAX_DETAILS: Final = 20

# An unterminated string runs to the end of the body; without that, each of its quotes would be
# tried as the start of another string, which takes quadratic time.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_RAW_SUSPECT = re.compile("[\x7f-\x9f]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class _OutOfRange:
    """Stands where a number was that the databases cannot hold."""


_OUT_OF_RANGE: Final = _OutOfRange()


def loads(raw: bytes) -> Any:
    """Parse a body.

    Raises `BadRequest` where it is not JSON in UTF-8 (no byte order mark, NaN or repeated key,
    nested at most 32 deep), and `Invalid` with paths where a text has a character that may not
    be stored or a number is outside 64 bits.
    """
    text = _decode(raw)
    _check_depth(raw)
    decoder = _Decoder()
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError) as exc:
        raise BadRequest("The request body is not valid JSON.") from exc
    # Without an escape no text can hold a control character of the first kind or a surrogate.
    if decoder.is_out_of_range or "\\" in text or _RAW_SUSPECT.search(text):
        _check_values(value)
    return value


def step(path: str, key: object) -> str:
    """Return the path of a member: `entities.3.email`. A key that is no plain name shows as `?`."""
    shown = str(key) if isinstance(key, int) or (isinstance(key, str) and _NAME.fullmatch(key)) else "?"
    return f"{path}.{shown}" if path else shown


def _decode(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise BadRequest("The request body starts with a byte order mark; expected plain UTF-8.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadRequest("The request body is not valid UTF-8.") from exc


def _check_depth(raw: bytes) -> None:
    """Refuse deep nesting without recursion: each round takes away the innermost pairs."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRING.sub(b"", raw).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        length = len(brackets)
        brackets = brackets.replace(b"[]", b"")
        if len(brackets) == length:
            break
    if brackets:
        raise BadRequest(f"The request body is nested more than {MAX_DEPTH} deep, or its brackets do not match.")


class _Decoder(json.JSONDecoder):
    """A decoder that refuses what JSON does not have and marks what the databases do not."""

    def __init__(self) -> None:
        super().__init__(
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
            parse_int=self._integer,
            parse_float=self._float,
        )
        self.is_out_of_range = False

    def _integer(self, digits: str) -> int | _OutOfRange:
        # 19 digits and a sign; longer ones are not even converted, which takes quadratic time.
        if len(digits) <= 20 and -(2**63) <= (value := int(digits)) < 2**63:
            return value
        return self._out_of_range()

    def _float(self, digits: str) -> float | _OutOfRange:
        value = float(digits)
        # PostgreSQL keeps 1e300 as the whole number that it is, SQLite as the text: they would give back two values.
        return value if -(2**63) <= value < 2**63 else self._out_of_range()

    def _out_of_range(self) -> _OutOfRange:
        self.is_out_of_range = True
        return _OUT_OF_RANGE


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated key")
    return members


def _check_values(value: Any) -> None:
    details = list(islice(_problems(value, ""), MAX_DETAILS))
    if details:
        raise Invalid("The request body is not valid.", details=details)


def _problems(value: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(value, str):
        if bad := find_bad_character(value):
            yield detail(path, f"expected text without control characters; found {bad}")
    elif value is _OUT_OF_RANGE:
        yield detail(path, "expected a number that fits in 64 bits")
    elif isinstance(value, dict):
        for key, member in value.items():
            if find_bad_character(key):
                yield detail(path, "expected names without control characters")
            yield from _problems(member, step(path, key))
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _problems(member, step(path, position))
