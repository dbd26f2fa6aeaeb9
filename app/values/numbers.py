"""Numbers. Python's own parsers are too kind (`int("１_2")`), so every edge asks here."""

from __future__ import annotations

import re
from typing import Any, Final

MAX_INTEGER: Final = 10**15
"""The largest amount that a field can have."""

_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_AMOUNT: Final = re.compile(r"\$?\s?(?:[0-9]{1,16}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0{1,2})?")


def parse_integer(text: str, *, minimum: int, maximum: int) -> int:
    """Read a whole number of one to nine ASCII digits, or raise ValueError with what was expected.

    Settings, options and queries are read this way: people write them for this service alone.
    """
    if _DIGITS.fullmatch(text) is not None and minimum <= int(text) <= maximum:
        return int(text)
    raise ValueError(f"expected a whole number from {minimum} to {maximum}, digits only")


def integer(value: Any) -> int | None:
    """Return a whole amount from 0 to `MAX_INTEGER`, or None.

    Cells and other people's JSON are read this way: a number without a fraction, or a text such as "12000000",
    "12,000,000" or "$12,000,000.00".
    """
    if isinstance(value, str):
        value = _amount(value.strip())
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_INTEGER else None


def fits_64_bits(number: float) -> bool:
    """Return whether a number is within the range of 64 bits, beyond which the two databases give back two values.

    PostgreSQL keeps 1e300 as the whole number that it is, SQLite as the text. NaN is not in it.
    """
    return -(2**63) <= number < 2**63


def _amount(text: str) -> int | None:
    if _AMOUNT.fullmatch(text) is None:
        return None
    return int(text.partition(".")[0].lstrip("$").replace(",", ""))
