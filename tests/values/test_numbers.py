"""Whole numbers."""

from typing import Any

import pytest

from app.values.numbers import MAX_INTEGER, fits_64_bits, integer, parse_integer


def test_integer_is_read_from_ascii_digits() -> None:
    """One to nine ASCII digits within the bounds are a number."""
    assert parse_integer("007", minimum=0, maximum=10) == 7
    assert parse_integer("999999999", minimum=1, maximum=999_999_999) == 999_999_999


@pytest.mark.parametrize(
    "text", ["", "1_0", "１２", "٣", " 7", "7 ", "+7", "-7", "1e3", "7.0", "1000000000", "true", "11", "0"]
)
def test_integer_is_refused_in_any_other_form(text: str) -> None:
    """What Python's int() would also take, and what is out of bounds, says what was expected."""
    with pytest.raises(ValueError, match="expected a whole number from 1 to 10, digits only"):
        parse_integer(text, minimum=1, maximum=10)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (0, 0),
        (7.0, 7),
        ("7", 7),
        (" 7 ", 7),
        ("007", 7),
        ("7.0", 7),
        ("7.00", 7),
        ("12,000,000", 12_000_000),
        ("$12,000,000.00", 12_000_000),
        ("$ 5", 5),
        (MAX_INTEGER, MAX_INTEGER),
        (str(MAX_INTEGER), MAX_INTEGER),
    ],
)
def test_amount_is_read_as_lists_and_providers_write_it(value: Any, number: int) -> None:
    """A number without a fraction, or a text with thousands, a dollar sign or cents of zero, is an amount."""
    assert integer(value) == number


@pytest.mark.parametrize(
    "value",
    [
        True, None, [], {}, -1, 7.5, float("nan"), float("inf"), 1e300, MAX_INTEGER + 1, 10**30,
        "", "-1", "+1", "7.5", "7.000", "1,00", "1,0000", "1_000", "1 000", "1.000.000", "1e3", "٧", "７", "5k", "€5",
        "N/A", "0" * 17, str(MAX_INTEGER + 1), "1" * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_amount(value: Any) -> None:
    """Fractions, signs, other separators, other digits and what is too large are None; nothing raises."""
    assert integer(value) is None


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        (2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False), (0.5, True), (1e300, False),
        (float("inf"), False), (float("nan"), False),
    ],
)  # fmt: skip
def test_databases_hold_numbers_of_64_bits(number: float, fits: bool) -> None:
    """Both databases give back what they were given, up to 64 bits."""
    assert fits_64_bits(number) is fits
