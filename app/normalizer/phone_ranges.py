"""Digits as numbers of a country, by the tables of phonenumbers, in fewer steps than the library takes.

The library finds out what kind of number it has before it says that it is one, twice for countries that share a code,
and looks for letters, extensions and prefixes. Here it is asked only if there may be a prefix. A test holds both to
the same answers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import chain

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, REGION_CODE_FOR_NON_GEO_ENTITY, PhoneMetadata, PhoneNumber
from phonenumbers.phonemetadata import PhoneNumberDesc

_LONGEST_CODE = 3
_FEWEST_DIGITS, _MOST_DIGITS = 4, 15  # of a number within its country


def parse(digits: str) -> PhoneNumber:
    """Return what `phonenumbers.parse` does of digits with a country code; raises its `NumberParseException`."""
    code = _country_code(digits)
    national = digits[len(code) :]
    is_usual = code != "" and _FEWEST_DIGITS <= len(national) <= _MOST_DIGITS
    if not is_usual or national.startswith("0") or _may_have_prefix(code, national):
        return phonenumbers.parse("+" + digits, None)
    return PhoneNumber(country_code=int(code), national_number=int(national))


def is_given_out(number: PhoneNumber) -> bool:
    """Return whether a number is in a range that its country has given out, as `phonenumbers.is_valid_number` does."""
    national = phonenumbers.national_significant_number(number)
    country = _country_of(number.country_code or 0, national)
    return country is not None and _is_in_range(national, country)


def _country_of(code: int, national: str) -> PhoneMetadata | None:
    countries = _countries(code)
    if len(countries) == 1:
        return countries[0]
    return next((country for country in countries if _is_of(national, country)), None)


def _is_of(national: str, country: PhoneMetadata) -> bool:
    """Return whether a number belongs to one of the countries that share its code."""
    if country.leading_digits is None:
        return _is_in_range(national, country)
    return _compiled(country.leading_digits).match(national) is not None


def _country_code(digits: str) -> str:
    """Return the country code that digits begin with, "" if there is none."""
    codes = (digits[:size] for size in range(1, _LONGEST_CODE + 1))
    return next((code for code in codes if code in _codes()), "")


@functools.cache
def _codes() -> frozenset[str]:
    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def _may_have_prefix(code: str, national: str) -> bool:
    """Return whether a number may begin with a prefix for calls within the country, which is no part of it."""
    prefix = _countries(int(code))[0].national_prefix_for_parsing
    return bool(prefix) and _compiled(prefix).match(national) is not None


@functools.cache
def _countries(code: int) -> tuple[PhoneMetadata, ...]:
    """Return the tables of the countries that share a code, the one that most of its numbers belong to first."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    if regions == (REGION_CODE_FOR_NON_GEO_ENTITY,):
        tables = [PhoneMetadata.metadata_for_nongeo_region(code)]
    else:
        tables = [PhoneMetadata.metadata_for_region(region) for region in regions]
    return tuple(filter(None, tables))


def _is_in_range(national: str, country: PhoneMetadata) -> bool:
    if not _fits(national, country.general_desc):
        return False
    return any(_fits(national, kind) for kind in _kinds(country))


def _kinds(country: PhoneMetadata) -> Iterable[PhoneNumberDesc | None]:
    """Return the ranges of a country by their kind, those of most numbers first."""
    return chain(
        (country.fixed_line, country.mobile, country.toll_free, country.premium_rate, country.shared_cost),
        (country.voip, country.personal_number, country.pager, country.uan, country.voicemail),
    )


def _fits(national: str, kind: PhoneNumberDesc | None) -> bool:
    if kind is None or not kind.national_number_pattern:
        return False
    if kind.possible_length and len(national) not in kind.possible_length:
        return False
    return _compiled(kind.national_number_pattern).fullmatch(national) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
