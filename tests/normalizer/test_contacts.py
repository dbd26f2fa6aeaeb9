"""E-mail addresses and phone numbers of people."""

import pytest

from app.normalizer.people import normalize_person
from app.normalizer.phones import normalize_phone


def test_an_address_that_was_not_given_out_names_no_company() -> None:
    """A placeholder is neither an address nor the domain of somebody's company."""
    found = normalize_person({"email": "email_not_unlocked@domain.com"})
    assert (found["normalized_email"], found["normalized_email_is_free"]) == (None, None)
    assert found["normalized_company_domain"] is None


@pytest.mark.parametrize(
    ("phone", "mobile", "country", "expected"),
    [
        ("+1 (415) 555-2671", None, None, ("+14155552671", True)),
        ("(415) 555-2671", None, "US", ("+14155552671", True)),
        ("(415) 555-2671", None, None, None),
        ("030 901820 ext. 12", None, "DE", ("+4930901820", True)),
        ("0049 30 901820", None, None, ("+4930901820", True)),
        ("tel:+14155552671", None, None, ("+14155552671", True)),
        (14155552671, None, "US", ("+14155552671", True)),
        ("+1 555 0100", None, None, None),
        ("555-0100", None, "US", None),
        ("555-0100", "(415) 555-2671", "US", ("+14155552671", True)),
        ("000-000-0000", None, "US", None),
        ("+1 000 000 0000", None, None, None),
        ("0000000000", None, "DE", None),
        ("00000000000000", None, None, None),
        ("call me", "+49 30 901820", None, ("+4930901820", True)),
        (None, "+49 30 901820", None, ("+4930901820", True)),
        ("030 901820 (office)", None, "DE", ("+4930901820", True)),
        ("Tel.: 030 901820 / Fax: 030 901821", None, "DE", ("+4930901820", True)),
        ("49 151 23456789", None, "DE", ("+4915123456789", True)),
        ("030 901820/21", None, "DE", ("+4930901820", True)),
        ("+49 30 901820; +49 30 901821", None, None, ("+4930901820", True)),
        ("044 55 1234 5678", None, "MX", ("+525512345678", True)),
        ("4930901820.0", None, "DE", ("+4930901820", True)),
        ("07700 900123", None, "GB", ("+447700900123", False)),
        ("4.93E+11", None, "DE", None),
        ("+8 (495) 123-45-67", None, "RU", None),
        ("33 1 23 45 67 89", None, "DE", None),
        ("1-800-FLOWERS", None, "US", None),
        ("see website 2024", None, "DE", None),
        ("05.10.1986", "+49 30 901820", "DE", ("+4930901820", True)),
        ("12", None, "US", None),
        ("1" * 5000, None, "US", None),
        (None, None, "US", None),
        (True, {}, "US", None),
    ],
)
def test_phone_is_given_in_e164(
    phone: object, mobile: object, country: str | None, expected: tuple[str, bool] | None
) -> None:
    """The first possible number wins, read in the person's country; extensions are dropped."""
    assert normalize_phone((phone, mobile), country) == expected
