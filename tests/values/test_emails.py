"""Which mailboxes several people read."""

import pytest

from app.values.emails import email_address, is_shared_mailbox


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
        ("i***@nordlicht.example", None),
        ("noemail@noemail.com", None),
        ("ida brandt@nordlicht.example", None),
    ],
)
def test_address_is_read_out_of_what_stands_around_it(written: str, address: str | None) -> None:
    """Labels and punctuation go; two addresses, masked and made-up ones are none."""
    assert email_address(written) == address
