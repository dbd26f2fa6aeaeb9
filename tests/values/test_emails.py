"""E-mail addresses in one spelling, and which mailboxes several people read."""

import re

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from app.values import emails
from app.values.emails import address_spelling, email_address, is_shared_mailbox
from app.values.hosts import ascii_host


@pytest.mark.parametrize(
    "local",
    [
        "info",
        "INFO",
        "praxis",
        "einkauf",
        "office",
        "sales.emea",
        "info2",
        "praxis-lind",
        "kontakt",
        "bureau",
        "secretaria",
        "biuro",
        "hr",
        "it",
    ],
)
def test_address_of_a_role_is_shared(local: str) -> None:
    """An address that names a role and not a person identifies nobody, in any language."""
    assert is_shared_mailbox(f"{local}@nordlicht.example")


@pytest.mark.parametrize("local", ["ida.brandt", "ida", "hr.mueller", "it.smith", "salesman", "brandt.info"])
def test_address_of_a_person_is_not_shared(local: str) -> None:
    """A role's letters within a name make no role."""
    assert not is_shared_mailbox(f"{local}@nordlicht.example")


@given(st.text("ai.9_+-é", max_size=9))
def test_first_part_of_a_mailbox_is_what_a_split_gives(local: str) -> None:
    """Cutting at one separator after the other finds the first of them all."""
    assert emails._first_part(local) == re.split(r"[._+-]|(?<=[a-z])(?=[0-9])", local, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ida@nordlicht.example (work)", "ida@nordlicht.example"),
        ("ida@nordlicht.example [private]", "ida@nordlicht.example"),
        ("Work: ida@nordlicht.example", "ida@nordlicht.example"),
        ("ida@nordlicht.example - office", "ida@nordlicht.example"),
        ("ida@nordlicht.example.", "ida@nordlicht.example"),
        ("Ida Brandt <ida@nordlicht.example>", "ida@nordlicht.example"),
        ("ida@nordlicht.example ole@fjord.example", None),
        ("ida@nordlicht.example <ole@fjord.example>", None),
        ("i***@nordlicht.example", None),
        ("noemail@noemail.com", None),
        ("ida brandt@nordlicht.example", None),
    ],
)
def test_address_is_read_out_of_what_stands_around_it(written: str, address: str | None) -> None:
    """Labels and punctuation go; two addresses, masked and made-up ones are none."""
    assert email_address(written) == address


@given(
    st.from_regex(
        # Quotes at its ends stand around an address, and not in it.
        r"[a-zA-Z0-9_.+ßéŁžЯ-](?:[a-zA-Z0-9_.+'ßéŁžЯ-]{0,68}[a-zA-Z0-9_.+ßéŁžЯ-])?"
        r"@[a-z0-9.-]{1,30}\.(?:com|de|example|test|local|localhost|x1|c)",
        fullmatch=True,
    )
)
def test_plain_address_is_read_as_the_validator_reads_it(address: str) -> None:
    """The short way for plain addresses says what the validator says, but for hosts that are none."""
    try:
        expected = validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        expected = None
    if ascii_host(address.rpartition("@")[2]) is None:
        expected = None
    assert address_spelling(address) == expected


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
        ("mailto:x", None),
        ("e***@example.com", None),
        ("@", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_email_is_lower_cased_or_refused(raw: object, email: str | None) -> None:
    """The syntax decides; nothing is looked up."""
    assert email_address(raw) == email
