"""Reading other people's JSON: values of any shape in, clean canonical values or None out.

Providers spell the same thing in several ways and leave blanks of several kinds, so adapters name
paths and let these look. None of them raises, whatever the value.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.values.text import text


def find(value: Any, *paths: str) -> Any:
    """Return what stands at the first path that leads to something other than None.

    A path is names joined by dots; a number picks from a list: `position_groups.0.title`.
    """
    for path in paths:
        found = value
        for step in path.split("."):
            found = _member(found, step)
        if found is not None:
            return found
    return None


def _member(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def strings(value: Any) -> list[str]:
    """Return the texts of a list, without its blanks; a single text makes a list of one."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return [*filter(None, map(text, values))]


def a_list(value: Any) -> list[Any]:
    """Return a list, or an empty one for what is none."""
    return value if isinstance(value, list) else []


def joined(*values: Any) -> str | None:
    """Return the texts among the values, joined by commas."""
    return ", ".join(filter(None, map(text, values))) or None


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: not None, not blank text, not an empty list or dict."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def full_name(fields: Mapping[str, Any]) -> str | None:
    """Return a person's full name, put together from both of its parts if it is not written as one."""
    name = text(fields.get("full_name"))
    first, last = text(fields.get("first_name")), text(fields.get("last_name"))
    if name is None and first and last:
        return f"{first} {last}"
    return name
