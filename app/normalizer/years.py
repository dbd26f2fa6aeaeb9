"""Years of foundation."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import Any

from app.normalizer.text import only
from app.values.numbers import integer
from app.values.text import one_line

_EARLIEST = 1000
_YEAR_OF_START = dt.datetime.now(dt.UTC).year
_LONGEST_TEXT = 60  # longer text is prose, and a year in it may be about anything
_YEAR = re.compile(r"(?<![0-9.,-])[0-9]{4}(?![0-9])")


def normalize_year(value: Any) -> int | None:
    """Return the year in a text (``1998``, ``est. 2003``, ``1998.0``), or None unless there is exactly one.

    Years before 1000 or after the current one are refused.
    """
    year = _year_in_text(value[: _LONGEST_TEXT + 1]) if isinstance(value, str) else integer(value)
    if year is None or year < _EARLIEST:
        return None
    # The clock is asked only about a year that the process has not seen begin.
    return year if year <= _YEAR_OF_START or year <= dt.datetime.now(dt.UTC).year else None


@functools.lru_cache(maxsize=1024)
def _year_in_text(value: str) -> int | None:
    text = one_line(value, _LONGEST_TEXT + 1)
    if len(text) > _LONGEST_TEXT:
        return None
    return only(set(map(int, _YEAR.findall(text))))
