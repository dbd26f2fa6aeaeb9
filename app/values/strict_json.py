"""JSON from outside, read more strictly than the standard library reads it.

The standard library takes NaN, keeps the last of two members with one name, reads a long integer in quadratic time
and a deep nesting into a RecursionError. Neither orjson nor msgspec refuses repeated names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from typing import Any, Final, NoReturn

from app.values.numbers import fits_64_bits

# 19 digits and a sign. A longer number is out of range without being converted, which takes quadratic time.
_LONGEST_INTEGER: Final = 20
_TOO_LARGE: Final = "JSON holds a number that is too large"
_NOT_FINITE: Final = "JSON holds a number that is not finite"

OnLarge = Callable[[str], Any]
"""From the digits of a number beyond 64 bits to what stands in its place; may raise."""


class JsonError(ValueError):
    """A text is not JSON, or not JSON that is taken; the message says why, without the text."""


class NotJson(JsonError):
    """The text is not JSON."""


class NotFinite(JsonError):
    """A number is NaN, infinite or too large for a float."""


class TooLarge(JsonError):
    """A number does not fit in 64 bits."""


class RepeatedName(JsonError):
    """An object has two members with the same name, of which some parsers take the first and others the last."""


class TooDeep(JsonError):
    """Arrays and objects are nested too deep."""


def refuse_large(digits: str) -> NoReturn:
    """Raise `TooLarge`, or `NotFinite` if the number is too large even for a float."""
    if digits.lstrip("-").isdigit() or math.isfinite(float(digits)):
        raise TooLarge(_TOO_LARGE)
    raise NotFinite(_NOT_FINITE)


def loads(
    text: str, *, max_depth: int, on_large: OnLarge | None = refuse_large, refuses_repeated_names: bool = True
) -> Any:
    """Parse a text, in time linear in its length. Raises the subclasses of `JsonError`.

    Args:
        text: the JSON, without a byte order mark.
        max_depth: how many arrays and objects may stand in each other.
        on_large: gives what stands in the place of a number beyond 64 bits, which one of the two databases changes or
            refuses; None takes such a number as it is.
        refuses_repeated_names: without it the last of several members with one name counts.
    """
    decoder = json.JSONDecoder(
        parse_constant=_refuse_constant,
        object_pairs_hook=_unique if refuses_repeated_names else None,
        parse_int=partial(_integer, on_large) if on_large else None,
        parse_float=partial(_float, on_large) if on_large else None,
    )
    try:
        value = decoder.decode(text)
    except JsonError:
        raise
    except RecursionError as exc:
        raise _too_deep(max_depth) from exc
    except json.JSONDecodeError as exc:
        raise NotJson("it is not JSON") from exc
    except ValueError as exc:
        # Python converts no integer of thousands of digits.
        raise TooLarge(_TOO_LARGE) from exc
    if text.count("[") + text.count("{") > max_depth and _is_deeper(value, max_depth):
        raise _too_deep(max_depth)
    return value


def _integer(on_large: OnLarge, digits: str) -> Any:
    if len(digits) > _LONGEST_INTEGER:
        return on_large(digits)
    value = int(digits)
    return value if fits_64_bits(value) else on_large(digits)


def _float(on_large: OnLarge, digits: str) -> Any:
    value = float(digits)
    return value if fits_64_bits(value) else on_large(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise NotFinite(_NOT_FINITE)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RepeatedName("JSON has two members of one name in an object")
    return members


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether arrays and objects stand in each other more than `levels` deep."""
    containers = _containers([value])
    for _ in range(levels):
        containers = _containers(chain.from_iterable(map(_members, containers)))
    return bool(containers)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list))]


def _members(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _too_deep(max_depth: int) -> TooDeep:
    return TooDeep(f"JSON is nested deeper than {max_depth}")
