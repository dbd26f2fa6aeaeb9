"""Whole numbers."""

import pytest

from app.values.numbers import parse_integer


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
