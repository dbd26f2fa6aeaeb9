"""Headcounts: from text such as ``51-200`` to the smallest and largest number of employees."""

from __future__ import annotations

import functools
import re
import unicodedata
from decimal import Decimal
from typing import Any, NamedTuple

from app.normalizer.data.headcount_words import MONTHS, SCALES, SIGNS, SOLO, Sign
from app.normalizer.text import plain_digits
from app.values.numbers import integer
from app.values.text import clipped, fold, one_line

LARGEST = 10_000_000  # no company employs more; a larger number is a mistake in the data
_LONGEST_TEXT = 100
_SPAN_OF_YEARS = 100  # "2019-2024" is a time, not a size

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("〜～∼", "~") | {"’": "'"})
# Thousands with one separator throughout, as in "1,001", "1.001", "1 001" and "1'001"; lakhs; digits alone.
_DIGITS = (
    r"[0-9]{1,3}(?P<separator>[,.' ])[0-9]{3}(?:(?P=separator)[0-9]{3}){0,2}(?![0-9])"
    r"|[0-9]{1,2}(?:,[0-9]{2}){1,2},[0-9]{3}(?![0-9])|[0-9]{1,9}"
)
_NUMBER = re.compile(
    rf"(?P<digits>{_DIGITS})(?:[.,](?P<decimals>[0-9]{{1,2}})(?![0-9.,]))?"
    rf"(?:\s?(?P<scale>{'|'.join(sorted(map(re.escape, SCALES), key=len, reverse=True))})\.?(?![a-zа-я]))?"
)


def _phrases() -> dict[str, re.Pattern[str]]:
    """Return the pattern of the words and symbols that begin with a character, the longest first."""
    alternatives: dict[str, list[str]] = {}
    for phrase in sorted(SIGNS, key=len, reverse=True):
        end = r"(?![^\W\d_])\.?" if _is_of_alphabet(phrase[-1]) else ""  # such a word stands alone
        alternatives.setdefault(phrase[0], []).append(re.escape(phrase) + end)
    return {char: re.compile("|".join(patterns)) for char, patterns in alternatives.items()}


def _is_of_alphabet(char: str) -> bool:
    return char.isalpha() and unicodedata.category(char) != "Lo"


_PHRASES = _phrases()
_NOTHING = re.compile("(?!)")

# What the numbers (n) and signs of a text make, and how the bounds follow from the numbers.
_RANGE = re.compile(r"[flw]?n[tuw]n")
_BOUND = re.compile(
    r"(?P<exact>w?n)|(?P<at_least>[lw]?np|[lp]n)|(?P<more_than>mnp?|nq|mnq)|(?P<less_than>sn|nr)|(?P<up_to>un|n[uv]|unv)"
)

_DAY_MONTH = re.compile(r"([0-9]{1,2})\s?[-/. ]?\s?([^\W\d_]{3,})\.?")
_MONTH_NUMBER = re.compile(r"([^\W\d_]{3,})\.?\s?[-/. ']?\s?([0-9]{1,2})\.?")
_EASTERN_DATE = re.compile(rf"([0-9]{{1,2}})\s?(?:月|{fold('월')})\s?([0-9]{{1,2}})\s?(?:日|{fold('일')})")
# The ranges that companies are sized by. A date is turned back only into one of these.
_USUAL_RANGES = frozenset(
    {(1, 4), (1, 5), (1, 9), (1, 10), (2, 5), (2, 9), (2, 10), (5, 9), (5, 10), (6, 9), (6, 10)}
    | {(1, 19), (1, 24), (1, 99), (5, 19), (10, 19), (10, 24), (10, 99)}
    | {(low, high) for low in (1, 2, 5, 6, 10, 11) for high in (20, 25, 49, 50)}
)
# Ranges that some tools write with a comma: "51,200" may be one of them or a number.
_RANGES_LIKE_NUMBERS = frozenset({"51,200", "101,200", "101,250", "201,500", "251,500", "11,100", "21,100"})
# "5m" is a sum of money and "5 mil" five millions, unless words for employees stand beside them.
_UNSURE_SCALES = {
    "m": re.compile(r"employ|staff|people|mitarbeit|salari|emplead"),
    "mil": re.compile(r"emplead|trabajad|funcion|colaborad|pesso|person"),
}
_ANYTHING = re.compile("")
_PAIR = re.compile(r"\[\s?([1-9][0-9]{0,6})\s?,\s?([1-9][0-9]{0,6})\s?\]")
_THOUSANDS = re.compile(r"\[[0-9]{1,3},[0-9]{3}\]")


class Headcount(NamedTuple):
    """The smallest and the largest number of employees; an open end is None."""

    lowest: int | None
    highest: int | None


class _Number(NamedTuple):
    value: int
    is_scaled: bool
    is_plain: bool  # digits alone, as a year is written


class _Token(NamedTuple):
    form: str
    """What the token is in a pattern: a sign, or "n" for a number."""
    end: int
    number: _Number | None = None


UNKNOWN = Headcount(None, None)


def normalize_headcount(value: Any) -> Headcount:
    """Return the range that a headcount stands for, `UNKNOWN` if that is not certain.

    An exact number is a range of one. ``<50`` is 1 to 49, ``10,001+`` has no highest. Words of some twenty languages
    are understood; a text with any other word is refused, and so are reversed ranges, zero, years and more than
    `LARGEST`. Dates are turned back if a spreadsheet can only have made them from a range: ``10-Jan`` and ``01. Okt``
    were ``1-10`` and ``Nov-50`` was ``11-50``.
    """
    if isinstance(value, int | float):
        return _checked(Headcount(integer(value), integer(value)))
    return _from_cell(clipped(value, _LONGEST_TEXT + 1))


@functools.lru_cache(maxsize=2048)
def _from_cell(cell: str) -> Headcount:
    """Return the range of a cell. Kept: most companies are sized by a dozen ranges."""
    text = one_line(cell, _LONGEST_TEXT + 1)
    if len(text) > _LONGEST_TEXT:
        return UNKNOWN
    return _from_text(fold(plain_digits(text).translate(_DASHES)).rstrip(" ."))


def _from_text(text: str) -> Headcount:
    core = text.strip("() ")
    if core in SOLO:
        return Headcount(1, 1)
    if pair := _PAIR.fullmatch(text):
        return _from_pair(pair)
    return UNKNOWN if core in _RANGES_LIKE_NUMBERS else _from_words(text)


def _from_words(text: str) -> Headcount:
    """Return the range of a date or of words; "sub 10", "under 10" in English and a date in Turkish, is unknown."""
    ranges = list(filter(None, (_undo_date(text), _read(text))))
    return _checked(ranges[0]) if len(ranges) == 1 else UNKNOWN


def _from_pair(pair: re.Match[str]) -> Headcount:
    """Return the range in brackets; "[1,500]" is one number or two and so unknown."""
    text = pair.group()
    if _THOUSANDS.fullmatch(text) and text.strip("[]") not in _RANGES_LIKE_NUMBERS:
        return UNKNOWN
    return _checked(Headcount(int(pair.group(1)), int(pair.group(2))))


def _read(text: str) -> Headcount | None:
    """Return the bounds that the numbers and words of a text make, None if one of its words is not known."""
    pattern, numbers = "", []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token = _number_at(text, position) or _sign_at(text, position)
        if token is None:
            return None
        if token.number is not None:
            numbers.append(token.number)
        pattern += token.form
        position = token.end
    return _bounds(pattern, numbers)


def _number_at(text: str, position: int) -> _Token | None:
    match = _NUMBER.match(text, position)
    if match is None:
        return None
    number = _number(match, text)
    return _Token("n", match.end(), number) if number else None


def _sign_at(text: str, position: int) -> _Token | None:
    """Return the word or symbol at a position, None if it is not known."""
    match = _PHRASES.get(text[position], _NOTHING).match(text, position)
    if match is None:
        return None
    sign = SIGNS.get(match.group()) or SIGNS[match.group().rstrip(".")]
    if sign is Sign.TO and _is_letter_behind_digit(text, position):
        return None  # "1e5" is no range
    return _Token(sign, match.end())


def _is_letter_behind_digit(text: str, position: int) -> bool:
    return _is_of_alphabet(text[position]) and text[position - 1 : position].isdigit()


def _bounds(pattern: str, numbers: list[_Number]) -> Headcount | None:
    if _RANGE.fullmatch(pattern):
        return _range(*numbers)
    bound = _BOUND.fullmatch(pattern)
    if bound is None:
        return None
    value = numbers[0].value
    bounds_by_form = {
        "exact": Headcount(value, value),
        "at_least": Headcount(value, None),
        "more_than": Headcount(value + 1, None),
        "less_than": Headcount(1, value - 1),
        "up_to": Headcount(1, value),
    }
    return bounds_by_form[bound.lastgroup or ""]


def _range(first: _Number, second: _Number) -> Headcount | None:
    # "5-10k" may mean 5 or 5,000: a unit only on the right decides nothing unless the numbers are close.
    is_unclear = second.is_scaled and not first.is_scaled and first.value * 100 < second.value
    if is_unclear or _are_years(first, second):
        return None
    return Headcount(first.value, second.value)


def _are_years(first: _Number, second: _Number) -> bool:
    if not (first.is_plain and second.is_plain):
        return False
    return 1900 <= first.value <= second.value <= 2100 and second.value - first.value < _SPAN_OF_YEARS


def _number(match: re.Match[str], text: str) -> _Number | None:
    """Return the value of ``1,001``, ``1.001`` (both one thousand and one), ``51.0``, ``1.2k`` or ``1万``."""
    digits, decimals, scale = match.group("digits", "decimals", "scale")
    whole = re.sub(r"[^0-9]", "", digits)
    has_groups = digits != whole
    value = Decimal(f"{whole}.{decimals or 0}") * SCALES.get(scale, 1)
    if value != int(value):
        return None
    if scale is None:
        return _Number(int(value), False, not has_groups)
    is_mixed = has_groups and scale != "m"
    is_sure = _UNSURE_SCALES.get(scale, _ANYTHING).search(text) is not None
    return _Number(int(value), True, False) if is_sure and not is_mixed else None


def _undo_date(text: str) -> Headcount | None:
    months, number = _month_and_number(text)
    ranges = {(min(month, number), max(month, number)) for month in months} & _USUAL_RANGES
    return Headcount(*ranges.pop()) if len(ranges) == 1 else None


def _month_and_number(text: str) -> tuple[frozenset[int], int]:
    """Return the months that a date's word may stand for, none if the text is no date, and the date's number."""
    if match := _EASTERN_DATE.fullmatch(text):
        return frozenset({int(match.group(1))}), int(match.group(2))
    if match := _DAY_MONTH.fullmatch(text):
        return MONTHS.get(match.group(2), frozenset()), int(match.group(1))
    if match := _MONTH_NUMBER.fullmatch(text):
        return MONTHS.get(match.group(1), frozenset()), int(match.group(2))
    return frozenset(), 0


def _checked(headcount: Headcount) -> Headcount:
    lowest, highest = headcount
    if lowest is None or not 0 <= lowest <= LARGEST:
        return UNKNOWN
    if highest is None:
        return headcount
    # LinkedIn has "0-1"; zero alone is a missing value.
    return headcount if max(lowest, 1) <= highest <= LARGEST else UNKNOWN
