"""E-mail addresses, phone numbers and company domains."""

import pytest

from app.normalizer.people import normalize_person
from app.normalizer.phones import normalize_phone
from app.values.emails import email_address
from app.values.hosts import is_mail_provider, own_domain
from app.values.shared_hosts import mail_providers


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("John.Doe@Example.COM", "john.doe@example.com"),
        ("mailto:a@example.com", "a@example.com"),
        ("MAILTO:a@example.com?subject=hello", "a@example.com"),
        ("<a@example.com>", "a@example.com"),
        ("John Doe <a@example.com>", "a@example.com"),
        ("'a@example.com',", "a@example.com"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("josé@example.com", "josé@example.com"),
        ("a@example", None),
        ("a@example..com", None),
        ("a b@example.com", None),
        ("a@example.com; b@example.com", None),
        ("a@localhost", None),
        ("email_not_unlocked@domain.com", None),
        ("Email_Not_Unlocked@Domain.com", None),
        ("<email-not-available@domain.com>", None),
        ("ann@domain.com", "ann@domain.com"),
        ("email_not_unlocked@acme.com", "email_not_unlocked@acme.com"),
        ("a" * 400 + "@example.com", None),
        ("@", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_email_is_lower_cased_or_refused(raw: object, email: str | None) -> None:
    """The syntax decides; nothing is looked up."""
    assert email_address(raw) == email


def test_an_address_that_was_not_given_out_names_no_company() -> None:
    """A placeholder is neither an address nor the domain of somebody's company."""
    found = normalize_person({"email": "email_not_unlocked@domain.com"})
    assert (found["normalized_email"], found["normalized_email_is_free"]) == (None, None)
    assert found["normalized_company_domain"] is None


def test_free_mail_domains_are_domains_in_lower_case() -> None:
    """A domain in another spelling would never be met."""
    assert len(mail_providers()) >= 100
    assert all(email_address(f"a@{domain}") == f"a@{domain}" for domain in mail_providers())
    assert is_mail_provider("gmail.com")
    assert not is_mail_provider("example.com")


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


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.acme.co.uk/about?x=1", "acme.co.uk"),
        ("WWW.Acme.com", "acme.com"),
        ("//shop.acme.com", "acme.com"),
        ("http://user:secret@acme.com:8080/x", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("acme.github.io", "acme.github.io"),
        ("https://www.linkedin.com/company/acme", None),
        ("facebook.com/acme", None),
        ("gmail.com", None),
        ("localhost", None),
        ("acme", None),
        ("127.0.0.1", None),
        ("http://[::1]/", None),
        ("co.uk", None),
        ("report.docx", None),
        ("-acme.com", None),
        ("a..com", None),
        ("http://", None),
        (None, None),
        (5, None),
    ],
)
def test_company_domain_is_the_registrable_one(raw: object, domain: str | None) -> None:
    """What the company registered is kept; addresses that say nothing about a company are refused."""
    assert own_domain(raw) == domain
