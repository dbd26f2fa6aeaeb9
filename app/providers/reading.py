"""Reading other people's JSON: values of any shape in, clean canonical values or None out.

Providers spell the same thing in several ways and leave blanks of several kinds, so adapters name
paths and let these look. None of them raises, whatever the value.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from app.values.blanks import is_placeholder
from app.values.emails import email_address


def find(value: Any, *paths: str) -> Any:
    """Return what stands at the first path that leads to something other than None.

    A path is names joined by dots; a number picks from a list: `position_groups.0.title`.
    """
    for path in paths:
        found = value
        for step in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                found = None
        if found is not None:
            return found
    return None


def text(value: Any) -> str | None:
    """Return a value as trimmed text, numbers included; None for blanks, their many spellings and other kinds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else value
    trimmed = str(value).strip()
    # Providers write "NA" for nothing; in a list of people's own making it may be Namibia's code.
    return None if is_placeholder(trimmed) or trimmed.lower() == "na" else trimmed


def integer(value: Any) -> int | None:
    """Return a whole number that may be written as text or as a float without a fraction, or None."""
    written = text(value)
    return (
        int(written) if written is not None and written.isascii() and written.isdigit() and len(written) < 16 else None
    )


def strings(value: Any) -> list[str] | None:
    """Return the texts of a list, without its blanks; a single text makes a list of one."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return [found for found in map(text, values) if found is not None] or None


def a_list(value: Any) -> list[Any] | None:
    """Return a list that is not empty, or None."""
    return value if isinstance(value, list) and value else None


def email(value: Any) -> str | None:
    """Return an e-mail address in lower case; None for what is masked (`e***@…`) or is none."""
    return email_address(value)


def joined(*values: Any) -> str | None:
    """Return the texts among the values, joined by commas."""
    return ", ".join(found for found in map(text, values) if found is not None) or None


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: not None, not blank text, not an empty list or dict."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}
