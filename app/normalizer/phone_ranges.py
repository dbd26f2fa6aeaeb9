"""Digits as numbers of a country, by the tables of phonenumbers, in fewer steps than the library takes.

The library finds out what kind of number it has before it says that it is one, twice for countries that share a code,
and looks for letters and extensions. Here it is asked only if a prefix changes a number. A test holds both to the same
answers.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    REGION_CODE_FOR_NON_GEO_ENTITY,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
)
from phonenumbers.phonemetadata import PhoneNumberDesc

_LONGEST_CODE = 3
_FEWEST_DIGITS, _MOST_DIGITS = 4, 15  # of a number within its country
_NORTH_AMERICA = "1"
_NO_DIGIT = re.compile(r"[^0-9]")


class Number(NamedTuple):
    """A telephone number: the country code, and the number within the country with the zeros that belong to it."""

    code: str
    national: str


def digits_of(text: str) -> str:
    """Return the digits 0 to 9 of a text."""
    return _NO_DIGIT.sub("", text)


def parse(digits: str) -> Number | None:
    """Return what `phonenumbers.parse` makes of digits with a country code, None if it refuses them."""
    code = _country_code(digits)
    national = digits[len(code) :]
    if code == "" or not _FEWEST_DIGITS <= len(national) <= _MOST_DIGITS:
        return _parse_by_library(digits)
    bare = _without_prefix(national, _countries(code)[0])
    return _parse_by_library(digits) if bare[:1] in {"", "0"} else Number(code, bare)


def is_given_out(number: Number) -> bool:
    """Return whether a number is in a range that its country has given out, as `phonenumbers.is_valid_number` does."""
    countries = _countries(number.code)
    if len(countries) == 1:
        return _is_in_range(number.national, countries[0])
    for country in countries:
        if country.leading_digits is None:
            if _is_in_range(number.national, country):
                return True
        elif compiled(country.leading_digits).match(number.national):
            return _is_in_range(number.national, country)
    return False


def is_possible(number: Number) -> bool:
    """Return whether a number is as long as numbers of its country are."""
    reason = phonenumbers.is_possible_number_with_reason(_as_phone_number(number))
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


def digits_at_home(number: Number) -> str:
    """Return the digits that a country writes a number of its own with: "06" or a zero in front, for many."""
    if number.code == _NORTH_AMERICA:
        return number.national  # as the library says, which takes ten times as long
    return digits_of(phonenumbers.format_number(_as_phone_number(number), PhoneNumberFormat.NATIONAL))


def _country_code(digits: str) -> str:
    """Return the country code that digits begin with, "" if there is none."""
    for size in range(1, _LONGEST_CODE + 1):
        if digits[:size] in _CODES:
            return digits[:size]
    return ""


_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def _without_prefix(national: str, country: PhoneMetadata) -> str:
    """Return a number without the prefix for calls within the country; "" if the prefix changes more than that.

    As in the library, digits that look like a prefix are part of a number that would not be one without them.
    """
    prefix = country.national_prefix_for_parsing
    match = compiled(prefix).match(national) if prefix else None
    if match is None:
        return national
    numbers = country.general_desc
    if country.national_prefix_transform_rule or numbers is None:
        return ""
    bare = national[match.end() :]
    is_lost = _fits_pattern(national, numbers) and not _fits_pattern(bare, numbers)
    return national if is_lost or not _may_have_length(len(bare), numbers) else bare


def _may_have_length(length: int, numbers: PhoneNumberDesc) -> bool:
    """Return whether the library takes a prefix off if that many digits are left: as many as needed, or too many."""
    if length in numbers.possible_length_local_only:
        return False
    return length in numbers.possible_length or length > numbers.possible_length[-1]


def _parse_by_library(digits: str) -> Number | None:
    try:
        number = phonenumbers.parse("+" + digits, None)
    except NumberParseException:
        return None
    return Number(str(number.country_code), phonenumbers.national_significant_number(number))


def _as_phone_number(number: Number) -> PhoneNumber:
    """Return a number as the library has it, which counts all zeros in front but the last digit."""
    zeros = len(number.national) - len(number.national[:-1].lstrip("0")) - 1
    return PhoneNumber(
        country_code=int(number.code),
        national_number=int(number.national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


@functools.cache
def _countries(code: str) -> tuple[PhoneMetadata, ...]:
    """Return the tables of the countries that share a code; the first has most of its numbers."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if regions == (REGION_CODE_FOR_NON_GEO_ENTITY,):
        tables = [PhoneMetadata.metadata_for_nongeo_region(int(code))]
    else:
        tables = list(map(PhoneMetadata.metadata_for_region, regions))
    return tuple(filter(None, tables))


def _is_in_range(national: str, country: PhoneMetadata) -> bool:
    if not _fits(national, country.general_desc):
        return False
    kinds_by_use = (
        country.fixed_line, country.mobile, country.toll_free, country.premium_rate, country.shared_cost,
        country.voip, country.personal_number, country.pager, country.uan, country.voicemail,
    )  # fmt: skip
    return any(_fits(national, kind) for kind in kinds_by_use)


def _fits(national: str, kind: PhoneNumberDesc | None) -> bool:
    if kind is None or (kind.possible_length and len(national) not in kind.possible_length):
        return False
    return _fits_pattern(national, kind)


def _fits_pattern(national: str, kind: PhoneNumberDesc) -> bool:
    pattern = kind.national_number_pattern
    return bool(pattern) and compiled(pattern).fullmatch(national) is not None


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the tables, which are too many for the memory of `re`."""
    return re.compile(pattern)
