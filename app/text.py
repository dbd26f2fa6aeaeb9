"""What counts as text, as an entity id and as a whole number, wherever input comes from.

SQLite and PostgreSQL disagree on what they store (U+0000 and lone surrogates pass in one and fail
in the other), and Python's own parsers are too kind (`int("１_2")`), so every edge asks here.
"""

import re
from collections.abc import Iterable
from typing import Final

ENTITY_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_.:@/-]{1,128}")
ENTITY_ID_RULE: Final = "1 to 128 characters of A-Z, a-z, 0-9, _ . : @ / -"
MAX_INVALID_IDS: Final = 20

SLUG_RULE: Final = "1 to 64 characters of a-z, 0-9, _ and -, the first a letter or digit"

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ENTITY_IDS = re.compile(r"(?:[A-Za-z0-9_.:@/-]{1,128}\n)*+")
_BAD_CHARACTER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
TEXT_PATTERN: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
"""What stored text looks like, for JSON Schema; a lone surrogate is no character there."""

_INTEGER = re.compile(r"[0-9]{1,9}")


def is_entity_id(value: object) -> bool:
    """Say whether a value is a text of 1 to 128 ASCII characters that ids may have."""
    return isinstance(value, str) and ENTITY_ID_PATTERN.fullmatch(value) is not None


def is_slug(value: object) -> bool:
    """Say whether a value is a text that names a workspace or a provider."""
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def invalid_entity_ids(values: Iterable[object]) -> list[int]:
    """Return the positions, from 0, of the first values that are no entity ids: at most 20."""
    values = values if isinstance(values, list) else list(values)
    if _are_entity_ids(values):
        return []
    positions = []
    for position, value in enumerate(values):
        if not is_entity_id(value):
            positions.append(position)
            if len(positions) == MAX_INVALID_IDS:
                break
    return positions


def storable(text: str) -> str:
    """Return a text with line ends as newlines and a question mark for each character that stored text may not have."""
    return _BAD_CHARACTER.sub("?", text.replace("\r\n", "\n").replace("\r", "\n"))


def find_bad_character(text: str) -> str | None:
    """Describe the first character that stored text may not have, or return None.

    Refused are lone surrogates and control characters other than tab and newline. A carriage
    return is one of those: callers turn line ends into newlines first. Positions count from 1.
    """
    # Most text is printable, and asking that is ten times faster than the search.
    if text.isprintable():
        return None
    found = _BAD_CHARACTER.search(text)
    if found is None:
        return None
    kind = "lone surrogate" if "\ud800" <= found.group() <= "\udfff" else "control character"
    return f"{kind} U+{ord(found.group()):04X} at position {found.start() + 1}"


def without_bad_characters(text: str) -> str:
    """Return a text without the characters that `find_bad_character` looks for."""
    return text if text.isprintable() else _BAD_CHARACTER.sub("", text)


def parse_integer(text: str, *, minimum: int, maximum: int) -> int:
    """Read a whole number of one to nine ASCII digits, or raise ValueError with what was expected."""
    if _INTEGER.fullmatch(text) is not None and minimum <= int(text) <= maximum:
        return int(text)
    raise ValueError(f"expected a whole number from {minimum} to {maximum}, digits only")


def _are_entity_ids(values: list[object]) -> bool:
    """Check all values with one match, a third of the time of one match each."""
    try:
        # A value that is no text ends in TypeError, and one with a newline of its own
        # makes more lines than there are values.
        text = "\n".join(values) + "\n" if values else ""  # type: ignore[arg-type]
    except TypeError:
        return False
    return _ENTITY_IDS.fullmatch(text) is not None and text.count("\n") == len(values)
