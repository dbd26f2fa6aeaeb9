"""Whole numbers. Python's own parsers are too kind (`int("１_2")`), so every edge asks here."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]{1,9}")


def parse_integer(text: str, *, minimum: int, maximum: int) -> int:
    """Read a whole number of one to nine ASCII digits, or raise ValueError with what was expected."""
    if _DIGITS.fullmatch(text) is not None and minimum <= int(text) <= maximum:
        return int(text)
    raise ValueError(f"expected a whole number from {minimum} to {maximum}, digits only")
