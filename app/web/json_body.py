"""JSON bodies: what a caller sends, refused before anything looks at its content if it is not what it should be.

`values.strict_json` reads them. Text and numbers that one of the two databases cannot store are refused with their
paths.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from app.errors import BadRequest, Invalid, detail
from app.values import strict_json
from app.values.text import find_bad_character

MAX_DEPTH: Final = 32
MAX_DETAILS: Final = 20

_RAW_SUSPECT = re.compile("[\x7f-\x9f]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class _OutOfRange:
    """Takes the place of a number that the databases cannot hold."""


_OUT_OF_RANGE: Final = _OutOfRange()


def loads(raw: bytes) -> Any:
    """Parse a body.

    Raises `BadRequest` if it is not JSON in UTF-8 (no byte order mark, NaN or repeated key,
    nested at most 32 deep), and `Invalid` with paths if a text has a character that may not
    be stored or a number is outside 64 bits.
    """
    text = _decode(raw)
    large_numbers: list[str] = []

    def mark(digits: str) -> _OutOfRange:
        large_numbers.append(digits)
        return _OUT_OF_RANGE

    try:
        value = strict_json.loads(text, max_depth=MAX_DEPTH, on_large=mark)
    except strict_json.TooDeep as exc:
        raise BadRequest(f"The request body is nested more than {MAX_DEPTH} deep.") from exc
    except strict_json.JsonError as exc:
        raise BadRequest("The request body is not valid JSON.") from exc
    # Without an escape no text can hold a control character of the first kind or a surrogate.
    if large_numbers or "\\" in text or _RAW_SUSPECT.search(text):
        _check_values(value)
    return value


def step(path: str, key: object) -> str:
    """Return the path of a member: `entities.3.email`. A key that is not a plain name shows as `?`."""
    shown = str(key) if isinstance(key, int) or _NAME.fullmatch(str(key)) else "?"
    return f"{path}.{shown}" if path else shown


def _decode(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise BadRequest("The request body starts with a byte order mark; expected plain UTF-8.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadRequest("The request body is not valid UTF-8.") from exc


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
        yield from _problems_of_object(value, path)
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _problems(member, step(path, position))


def _problems_of_object(members: Mapping[str, Any], path: str) -> Iterator[dict[str, str]]:
    for name, member in members.items():
        if find_bad_character(name):
            yield detail(path, "expected names without control characters")
        yield from _problems(member, step(path, name))
