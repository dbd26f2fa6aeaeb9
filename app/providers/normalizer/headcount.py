"""Headcounts: from text such as ``51-200`` to the smallest and largest number of employees."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from app.providers.normalizer.text import clean

LARGEST = 10_000_000  # no company employs more; a larger number is a mistake in the data
_LONGEST_TEXT = 100

_SOLO = frozenset(
    {"self-employed", "self employed", "selfemployed", "myself only", "just me", "only me", "solo", "sole proprietor"}
    | {"sole trader", "one person", "1 person", "freelance", "freelancer"}
)
_FILLER = re.compile(
    r"\b(?:employees?|staff(?: members)?|people|persons?|ftes?|team members|members|workers|headcount|company size|size"
    r"|approx(?:imately)?|about|around|circa|ca|roughly|between|from)\b|[~≈:]"
)
_NUMBER = r"([0-9]{1,3}(?:[,.' ][0-9]{3}){1,3}(?![0-9])|[0-9]{1,9}(?:[.,][0-9]{1,2}(?=\s?[km]))?)\s?([km])?"
_RANGE = re.compile(rf"{_NUMBER}\s?(?:-|to|and|until|through)\s?{_NUMBER}")
_SINGLE = re.compile(_NUMBER)
_AT_LEAST = re.compile(rf"(?:{_NUMBER}\s?(?:\+|plus|or more|and more|and above|and over|and up))")
_AT_LEAST_PREFIX = re.compile(rf"(?:at least|>=|≥|min(?:imum)?|\+)\s?{_NUMBER}\+?")
_ABOVE = re.compile(rf"(?:>|more than|over|above|greater than)\s?{_NUMBER}\+?")
_BELOW = re.compile(rf"(?:<|less than|under|below|fewer than)\s?{_NUMBER}")
_AT_MOST = re.compile(rf"(?:<=|≤|up to|at most|max(?:imum)?)\s?{_NUMBER}")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−〜～", "-"))

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_DAY_MONTH = re.compile(r"([0-9]{1,2})[- ]([a-z]{3})")
_MONTH_NUMBER = re.compile(r"([a-z]{3})[- ]([0-9]{1,2})")
# The ranges that companies are sized by. Only a date that stands for one of these is turned back.
_USUAL_RANGES = frozenset(
    {(1, 4), (1, 5), (1, 9), (1, 10), (2, 5), (2, 10), (5, 9), (5, 10), (6, 10), (10, 19), (10, 20), (10, 49), (10, 50)}
    | {(11, 20), (11, 25), (11, 49), (11, 50)}
)


class Headcount(NamedTuple):
    """The smallest and the largest number of employees; an open end is None."""

    lowest: int | None
    highest: int | None


UNKNOWN = Headcount(None, None)


def normalize_headcount(value: Any) -> Headcount:
    """Return the range that a headcount stands for, `UNKNOWN` when that is not certain.

    An exact number is a range of one. ``<50`` is 1 to 49, ``10,001+`` has no highest. Reversed ranges, zero and
    more than `LARGEST` are refused. Dates are turned back where a spreadsheet can only have made them from a
    range: ``10-Jan`` was ``1-10`` and ``Nov-50`` was ``11-50``.
    """
    if isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int | float):
        return _exact(value)
    text = clean(value, _LONGEST_TEXT + 1)
    if text is None or len(text) > _LONGEST_TEXT:
        return UNKNOWN
    return _from_text(text.lower())


def _exact(number: float) -> Headcount:
    is_count = 1 <= number <= LARGEST and number == int(number)
    return Headcount(int(number), int(number)) if is_count else UNKNOWN


def _from_text(text: str) -> Headcount:
    if text.strip(" ()") in _SOLO:
        return Headcount(1, 1)
    text = " ".join(_FILLER.sub(" ", text.translate(_DASHES)).split()).strip(" ()[]")
    return _checked(_read_range(text) or _read_bound(text) or _undo_date(text) or UNKNOWN)


def _read_range(text: str) -> Headcount | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    lowest, highest = _number(*match.group(1, 2)), _number(*match.group(3, 4))
    # "5-10k" may mean 5 or 5,000: a unit only on the right decides nothing unless the numbers are close.
    is_unclear = match.group(4) is not None and match.group(2) is None and lowest * 100 < highest
    return UNKNOWN if is_unclear else Headcount(lowest, highest)


def _read_bound(text: str) -> Headcount | None:
    if match := _SINGLE.fullmatch(text.removesuffix(".0")):
        return Headcount(_number(*match.groups()), _number(*match.groups()))
    if match := _AT_LEAST.fullmatch(text) or _AT_LEAST_PREFIX.fullmatch(text):
        return Headcount(_number(*match.groups()), None)
    if match := _ABOVE.fullmatch(text):
        return Headcount(_number(*match.groups()) + 1, None)
    if match := _AT_MOST.fullmatch(text):
        return Headcount(1, _number(*match.groups()))
    if match := _BELOW.fullmatch(text):
        return Headcount(1, _number(*match.groups()) - 1)
    return None


def _number(digits: str, unit: str | None) -> int:
    """Return the value of ``1,001``, ``1.001`` (both one thousand and one), ``1.2k`` or ``2m``."""
    if unit is None:
        return int(re.sub(r"[^0-9]", "", digits))
    whole, _, fraction = re.sub(r"[,' ]", ".", digits).partition(".")
    if len(fraction) > 2:  # "1.200k" is no way to write a headcount
        return LARGEST + 1
    return int(whole + fraction.ljust(6, "0")) // (1000 if unit == "k" else 1)


def _undo_date(text: str) -> Headcount | None:
    if match := _DAY_MONTH.fullmatch(text):
        day, month = int(match.group(1)), _MONTHS.get(match.group(2), 0)
        readings = {(month, day), (day, month)} & _USUAL_RANGES
    elif match := _MONTH_NUMBER.fullmatch(text):
        readings = {(_MONTHS.get(match.group(1), 0), int(match.group(2)))} & _USUAL_RANGES
    else:
        return None
    return Headcount(*readings.pop()) if len(readings) == 1 else None


def _checked(headcount: Headcount) -> Headcount:
    lowest, highest = headcount
    if lowest is None or not 0 <= lowest <= LARGEST:
        return UNKNOWN
    if highest is None:
        return headcount
    # LinkedIn has "0-1"; zero alone is a missing value.
    return headcount if 1 <= highest <= LARGEST and lowest <= highest else UNKNOWN
