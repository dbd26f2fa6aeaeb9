"""LinkedIn pages in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values import linkedin
from app.values.linkedin import company_page, person_page


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/müller-1/",
        "linkedin.com/in/M%C3%BCller-1?trk=x",
        "http://https://de.linkedin.com/in/mu\u0308ller-1/de",
        "https://www.linkedin.com/mwlite/in/müller-1",
        "<https://linkedin.com:443/in/müller-1>",
        "in/müller-1",
    ],
)
def test_page_is_one_for_all_spellings(written: str) -> None:
    """Scheme, country, case, escapes, query and what is wrapped around make no difference."""
    page = person_page(written)
    assert page is not None
    assert (page.key, page.url) == ("in/müller-1", "https://www.linkedin.com/in/m%C3%BCller-1")


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/sales/lead/ACwAAA,NAME",
        "https://www.linkedin.com/talent/profile/AEM1",
        "https://www.linkedin.com/feed/",
        "https://notlinkedin.com/in/ada",
        "https://acme.example/?next=linkedin.com/in/ada",
        "https://www.linkedin.com/in/null",
        "https://www.linkedin.com/in/%F0",
        "ada",
        "",
        "linkedin.com/in/" + "a" * 5000,
    ],
)
def test_page_is_none_for_anything_else(written: str) -> None:
    """Only a person's own page names a person."""
    assert person_page(written) is None


def test_company_page_is_of_a_company_school_or_showcase() -> None:
    """A person's profile is no company."""
    page = company_page("https://fr.linkedin.com/company/Acme/about/")
    assert page is not None and page.key == "company/acme"
    assert company_page("https://www.linkedin.com/in/ada") is None


def test_damaged_and_old_addresses_name_whom_they_mean() -> None:
    """Nested addresses and trackers are read through, and old public pages are told apart by their numbers."""
    assert person_page("https://www.linkedin.com/in/https://www.linkedin.com/in/ada") == person_page("in/ada&trk=x")
    one, other = (person_page(f"https://www.linkedin.com/pub/john-smith/{rest}") for rest in ("1/2/3", "45/6b/789"))
    assert one is not None and other is not None and one.key != other.key
    page = person_page("https://www.linkedin.com/in/ACoAAAxYz0123456789abcdefghijKLMNOPQRST")
    assert (
        page is not None
        and page.url.endswith("/ACoAAAxYz0123456789abcdefghijKLMNOPQRST")
        and page.key == page.key.lower()
    )


_ADDRESS_PARTS = (
    *(
        "https://",
        "http:/",
        "www.",
        "de.",
        "linkedin.com",
        "/in/",
        "/company/",
        "/pub/",
        "/mwlite",
        "/",
        "ada",
        "na",
        "AC",
    ),
    *("-1", "ACoAAA", "me", "?x=1", "%41", "é", ":443", " ", "\n", "x" * 2100),
)


_IN_PARTS = st.lists(st.sampled_from(_ADDRESS_PARTS), max_size=8).map("".join)
_USUAL = st.from_regex(r"\Ahttps?://(www\.|de\.)?linkedin\.com/(in|company)/([a-z0-9-]{1,12}|na|me|null)/?\Z")


@given(_IN_PARTS | _USUAL)
def test_usual_spelling_is_read_as_any_other(written: str) -> None:
    """The quick reading of the usual spelling gives what the reading of all spellings gives."""
    assert person_page(written) == linkedin._page_by_parts(written, linkedin.PERSON_KINDS)
    assert company_page(written) == linkedin._page_by_parts(written, linkedin.COMPANY_KINDS)
