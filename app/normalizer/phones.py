"""Phone numbers to E.164.

`phone_text` finds the digits of one number in a cell. Here they are read in every way that they may be meant, and
only numbers that phonenumbers knows in their country are taken.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

from app.normalizer.phone_ranges import Number, compiled, digits_at_home, digits_of, is_given_out, is_possible, parse
from app.normalizer.phone_text import WrittenNumber, as_text, written_numbers

_FEWEST_DIGITS = 7  # of an international number, its country code included
_MOST_DIGITS = 15
_FEWEST_NATIONAL_DIGITS = 7  # unless the country's numbers are shorter
# Without the zero that its country begins numbers with; as digits alone, or in groups.
_FEWEST_BARE_DIGITS, _FEWEST_GROUPED_DIGITS = 9, 8

_LONGEST_COUNTRY_CODE = 3

_NO_DIGIT = re.compile(r"[^0-9]")
_ZERO_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")
# The switchboard's "-0" or an extension in brackets.
_EXTRA_END = re.compile(r"(.*[0-9])\s?(?:[-/]\s?0{1,2}|\([0-9]{1,5}\))")
_LAST_GROUP = re.compile(r"(.*[0-9])\s?-\s?[0-9]{1,5}")
_LONG_WITH_ZERO = re.compile(r"0[0-9]{9,}")
_PLACEHOLDER = re.compile(r"0?1?23456789?0?")
_AMERICAN_DIGITS = r"[2-9][0-9]{2}[-). ]\s?[2-9][0-9]{2}[-. ][0-9]{4}"
_AMERICAN = re.compile(rf"(?:1[-. ])?\(?{_AMERICAN_DIGITS}")
_AMERICAN_IN_BRACKETS = re.compile(rf"\({_AMERICAN_DIGITS}")
# Prefixes for mobile and long-distance calls that Mexico gave up in 2019 and 2020.
_MEXICO = "52"
_GIVEN_UP_PREFIX = re.compile(r"(?:044|045|01|1)(?=[0-9]{10}$)")


class Phone(NamedTuple):
    """A number in E.164 and whether it lies in a range that its country has given out."""

    e164: str
    is_valid: bool


def normalize_phone(candidates: Iterable[Any], country_code: str | None) -> Phone | None:
    """Return the first of the numbers that can be dialled from anywhere, or None.

    Args:
        candidates: cells with numbers, the preferred one first.
        country_code: ISO 3166 alpha-2 code for numbers without a country prefix; without it they are refused.

    Of several numbers in a cell the first counts. Extensions are dropped, since E.164 has no room for them. A
    number that is written in full, with its country prefix or the country's leading zero, need only be of a possible
    length, if no other words stand beside it; any other must lie in a range that its country has given out.
    """
    for candidate in candidates:
        if phone := _first_in(as_text(candidate), country_code):
            return phone
    return None


@functools.lru_cache(maxsize=4096)
def _first_in(cell: str, region: str | None) -> Phone | None:
    """Return the first number of a cell. Cached: colleagues share numbers, and answers repeat what was sent."""
    readings = (_read(written, region) for written in written_numbers(cell))
    return next(filter(None, readings), None)


def _read(written: WrittenNumber, region: str | None) -> Phone | None:
    """Return the number that a text stands for, possible if no reading of it is valid."""
    if number := _valid_part(written.text, region):
        return Phone(_e164(number), is_valid=True)
    number = _possible(written.text, region) if written.is_alone else None
    return Phone(_e164(number), is_valid=False) if number else None


def _e164(number: Number) -> str:
    return f"+{number.code}{number.national}"


def _valid_part(text: str, region: str | None) -> Number | None:
    """Return the valid number at the beginning of a text, without a second extension or the switchboard's "-0"."""
    return (
        _valid_match(_EXTRA_END, text, region) or _valid_head(text, region) or _valid_match(_LAST_GROUP, text, region)
    )


def _valid_match(pattern: re.Pattern[str], text: str, region: str | None) -> Number | None:
    match = pattern.fullmatch(text)
    return _valid(match.group(1), region) if match else None


def _valid_head(text: str, region: str | None) -> Number | None:
    """Return the valid number before a slash, if it is complete, else the number of the whole text."""
    for slash in re.finditer("/", text):
        number = _valid(text[: slash.start()], region)
        if number is not None and _is_complete(number):
            return number
    return _valid(text, region)


def _is_complete(number: Number) -> bool:
    """Return whether a number has at least as many digits as its country's numbers usually have."""
    return len(number.national) >= _fewest_national_digits(number.code)


@functools.cache
def _fewest_national_digits(code: str) -> int:
    """Return how many digits a complete number of a country has: as many as usual there, but seven are enough."""
    example = phonenumbers.example_number(phonenumbers.region_code_for_country_code(int(code)))
    usual = len(phonenumbers.national_significant_number(example)) if example else _FEWEST_NATIONAL_DIGITS
    return min(usual, _FEWEST_NATIONAL_DIGITS)


def _valid(text: str, region: str | None) -> Number | None:
    """Return the only valid number that a text can stand for."""
    digits = digits_of(text)
    if text.startswith("+"):
        return _international(text, digits) or _international(text, digits_of(_ZERO_IN_BRACKETS.sub("", text)))
    if region is not None:
        return _national(text, digits, region)
    return _international(text, digits[2:]) if digits.startswith("00") else None


def _national(text: str, digits: str, region: str) -> Number | None:
    """Read digits without a plus sign in a country, which may or may not begin with the country's code."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return None
    if abroad := _without_exit_code(digits, metadata.international_prefix or "00"):
        return abroad
    code = str(metadata.country_code)
    local = _parse(code + digits)
    worldwide = _parse(digits) if digits.startswith(code) else None
    if local is None:
        return worldwide or _without_exit_code(digits, "00|011")
    return _local_or_worldwide(text, code, local, worldwide)


def _local_or_worldwide(text: str, code: str, local: Number, worldwide: Number | None) -> Number | None:
    """Return which of two readings of digits is meant: without the country's code, or with it."""
    digits = digits_of(text)
    if worldwide is None:
        return local if _is_whole(text, digits, local) else None
    if worldwide == local or not _is_written_in_full(digits, local):
        return worldwide
    return worldwide if _first_group(text) == code else None


def _is_whole(text: str, digits: str, number: Number) -> bool:
    """Return whether digits are a number rather than a part of one or something else.

    Digits that are written in full are one if they are complete, any other if they look like one. How a country
    writes a number takes longest to find out: most are both.
    """
    is_complete, is_likely = _is_complete(number), _is_likely_number(text, digits)
    if is_complete == is_likely:
        return is_complete
    return is_complete if _is_written_in_full(digits, number) else is_likely


def _is_likely_number(text: str, digits: str) -> bool:
    if _AMERICAN_IN_BRACKETS.fullmatch(text) or _PLACEHOLDER.fullmatch(digits) or _is_foreign(text, digits):
        return False
    return len(digits) >= (_FEWEST_BARE_DIGITS if text.isdigit() else _FEWEST_GROUPED_DIGITS)


def _is_written_in_full(digits: str, number: Number) -> bool:
    """Return whether the digits are what the country writes, with the zero or "06" that its numbers begin with."""
    return digits == digits_at_home(number)


def _is_foreign(text: str, digits: str) -> bool:
    """Return whether the first group of digits is the code of a country that the rest is a number of."""
    first_group = _first_group(text)
    if len(first_group) > _LONGEST_COUNTRY_CODE:
        return False
    number = _parse(digits)
    return number is not None and first_group == number.code


def _first_group(text: str) -> str:
    return _NO_DIGIT.split(text.lstrip("(+"), maxsplit=1)[0]


def _without_exit_code(digits: str, prefix: str) -> Number | None:
    """Return the valid number that follows a prefix for calls abroad."""
    match = compiled(prefix).match(digits)
    return _parse(digits[match.end() :]) if match else None


def _international(text: str, digits: str) -> Number | None:
    number = _parse(digits)
    return number if number and _fits_groups(text, number) else None


def _parse(digits: str) -> Number | None:
    """Return the valid number that digits with a country code stand for."""
    number = _parse_any(digits)
    return number if number and is_given_out(number) else None


def _parse_any(digits: str) -> Number | None:
    if digits.startswith(_MEXICO):
        digits = _MEXICO + _GIVEN_UP_PREFIX.sub("", digits.removeprefix(_MEXICO), count=1)
    number = parse(digits)
    if number is None or len(number.code) + len(number.national) > _MOST_DIGITS:
        return None
    # If the library changed the end of a number, it has read another number.
    end = number.national.lstrip("0")[-6:] or "0"
    return number if digits.endswith(end) else None


def _possible(text: str, region: str | None) -> Number | None:
    """Return a number of a possible length that is written in full, though it is in no range that is known."""
    number = None if "/" in text else _written_in_full(text, region)
    if number is None or not number.national.strip("0") or not _fits_groups(text, number):
        return None
    return number if is_possible(number) else None


def _written_in_full(text: str, region: str | None) -> Number | None:
    """Return the number of a text that has its country prefix or the country's leading zero."""
    digits = digits_of(text)
    if not text.startswith("+"):
        if not digits.startswith("00"):
            return _possible_in(text, digits, region)
        digits = digits[2:]
    return _parse_any(digits) if len(digits) >= _FEWEST_DIGITS else None


def _possible_in(text: str, digits: str, region: str | None) -> Number | None:
    metadata = PhoneMetadata.metadata_for_region(region) if region else None
    if metadata is None or _PLACEHOLDER.fullmatch(digits):
        return None
    is_american = metadata.country_code == 1 and _AMERICAN.fullmatch(text) is not None
    has_zero = metadata.national_prefix == "0" and _LONG_WITH_ZERO.fullmatch(digits) is not None
    return _parse_any(f"{metadata.country_code}{digits}") if is_american or has_zero else None


def _fits_groups(text: str, number: Number) -> bool:
    """Return whether the country code ends within the first group of digits: "+8 495" is not Vietnam's +84."""
    return not text.startswith("+") or len(_first_group(text)) >= len(number.code)
