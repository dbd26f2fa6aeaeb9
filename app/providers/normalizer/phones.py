"""Phone numbers to E.164."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from app.providers.normalizer.text import clean

_LONGEST_NUMBER = 100  # characters, extension and punctuation included


class Phone(NamedTuple):
    """A number in E.164 and whether it lies in a range that its country has given out."""

    e164: str
    is_valid: bool


def normalize_phone(candidates: Iterable[Any], country_code: str | None) -> Phone | None:
    """Return the first of the numbers that is at least possible, or None.

    Args:
        candidates: numbers as given, the preferred one first.
        country_code: ISO 3166 alpha-2 code for numbers without a country prefix; without it they are refused.

    Extensions are dropped, since E.164 has no room for them. Numbers without their area code and numbers of nothing
    but zeros are refused.
    """
    for candidate in candidates:
        text = _as_text(candidate)
        number = _parse(text, country_code) if text else None
        if number is not None:
            return Phone(
                phonenumbers.format_number(number, PhoneNumberFormat.E164), phonenumbers.is_valid_number(number)
            )
    return None


def _as_text(value: Any) -> str | None:
    """Return a number as text; spreadsheets turn numbers without a plus sign into integers."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**20 else None
    text = clean(value, _LONGEST_NUMBER + 1)
    return text if text and len(text) <= _LONGEST_NUMBER else None


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    if text.startswith("00") and region is None:
        text = "+" + text[2:]  # the international prefix of most of the world
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    number.extension = None
    return number if _is_possible(number) else None


def _is_possible(number: PhoneNumber) -> bool:
    """Tell whether a number can be dialled from anywhere, which one without its area code cannot."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == ValidationResult.IS_POSSIBLE and number.national_number != 0
