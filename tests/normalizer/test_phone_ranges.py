"""Numbers and nothing else: read by shorter ways, with what the longer ones say."""

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumberFormat

from app.normalizer import phone_ranges
from app.normalizer.phone_ranges import Number
from app.normalizer.phone_text import written_numbers


def _examples() -> list[str]:
    """Return the digits of a number of each kind in each country."""
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    kinds = phonenumbers.PhoneNumberType.values()
    numbers = [phonenumbers.example_number_for_type(region, kind) for region in regions for kind in kinds]
    numbers += [phonenumbers.example_number_for_non_geo_entity(code) for code in COUNTRY_CODE_TO_REGION_CODE]
    return [phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:] for number in numbers if number]


_EXAMPLES = _examples()
_digits = st.text("0123456789", max_size=12)
_numbers = st.one_of(
    st.tuples(st.sampled_from(sorted(COUNTRY_CODE_TO_REGION_CODE)).map(str), _digits).map("".join),
    st.tuples(st.sampled_from(_EXAMPLES), st.integers(2, 13), _digits).map(lambda cut: cut[0][: cut[1]] + cut[2]),
    st.text("0123456789", max_size=20),
)


def by_library(digits: str) -> tuple[Number, bool, bool, str] | None:
    """Return the number that digits stand for to phonenumbers, whether it is valid and possible, and its digits."""
    try:
        number = phonenumbers.parse("+" + digits, None)
    except NumberParseException:
        return None
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    is_possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return (
        Number(code, national),
        phonenumbers.is_valid_number(number),
        is_possible,
        "".join(filter(str.isdigit, at_home)),
    )


def by_rules(digits: str) -> tuple[Number, bool, bool, str] | None:
    """Return the same by the shorter way."""
    number = phone_ranges.parse(digits)
    if number is None:
        return None
    is_valid, is_possible = phone_ranges.is_given_out(number), phone_ranges.is_possible(number)
    return number, is_valid, is_possible, phone_ranges.digits_at_home(number)


def test_examples_are_what_the_library_says() -> None:
    """A number of each kind in each country, and that number with a digit more, is read as the library reads it."""
    digits = [*_EXAMPLES, *(f"{example}7" for example in _EXAMPLES[::5])]
    assert [number for number in digits if by_rules(number) != by_library(number)] == []


@given(_numbers)
def test_any_digits_are_what_the_library_says(digits: str) -> None:
    """Any digits are read as the library reads them."""
    assert by_rules(digits) == by_library(digits)


@given(st.text("0123456789 +()-/", min_size=1, max_size=16))
def test_number_alone_is_what_the_rules_make_of_it(cell: str) -> None:
    """Blanks around a number, which keep it from being alone, change nothing about it."""
    assert list(written_numbers(cell)) == list(written_numbers(f" {cell} "))
