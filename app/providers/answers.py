"""What a provider answered, made fit to be stored.

Answers come from outside: they may hold text that one of the databases would
refuse, or values of another kind than the field has. One bad answer must cost
its own entity and nobody else's.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.providers.base import Answer
from app.values.numbers import fits_64_bits
from app.values.text import without_bad_characters

_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "dict": lambda value: isinstance(value, dict),
    "integer": lambda value: type(value) is int and fits_64_bits(value),
    "boolean": lambda value: isinstance(value, bool),
}


class UnfitAnswer(ValueError):
    """An answer has a field that the entity does not have, or a value of the wrong kind."""


def checked(answer: Answer, kinds: Mapping[str, str]) -> Answer:
    """Return an answer that both databases can store.

    `kinds` says for each field of the entity what it holds. Raises `UnfitAnswer`
    naming the field, without its value.
    """
    for field, value in answer.fields.items():
        _check_kind(field, value, kinds)
    return replace(
        answer,
        fields={field: _storable(value) for field, value in answer.fields.items()},
        raw=_storable(answer.raw),
        error=_storable(answer.error[:500]) if answer.error else None,
        cache_entries={key: _storable(value) for key, value in answer.cache_entries.items() if len(key) <= 128},
    )


def _check_kind(field: str, value: Any, kinds: Mapping[str, str]) -> None:
    if field not in kinds:
        raise UnfitAnswer(f"the answer has an unknown field: {field[:64]}")
    if value is not None and not _KINDS[kinds[field]](value):
        raise UnfitAnswer(f"the answer's {field} is not {kinds[field]}")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        # Taken out and not refused, as at the edge: the answer may have been paid for.
        return value if value.isprintable() else without_bad_characters(value.replace("\r\n", "\n"))
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_storable, value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int | float | None):
        return value
    raise UnfitAnswer(f"the answer holds a {type(value).__name__}")
