"""Ids derived from what a row says."""

import re
from typing import Any

import pytest

from app.entities.ids import identify
from app.values.entity_types import EntityType
from app.values.hosts import own_host
from app.values.identifiers import is_entity_id
from app.values.linkedin import person_page

ANNA = {
    "linkedin_url": "https://www.linkedin.com/in/anna-muster",
    "email": "Anna@muster.example",
    "full_name": "Anna Muster",
    "company": "Muster GmbH",
    "company_domain": "muster.example",
}


def derive_id(entity_type: EntityType, fields: dict[str, Any]) -> str | None:
    """Return the id that a row's own fields imply."""
    identity = identify(entity_type, fields)
    return None if identity is None else identity.id


def person(**fields: Any) -> str | None:
    return derive_id("person", fields)


def company(**fields: Any) -> str | None:
    return derive_id("company", fields)


def test_id_is_a_prefixed_digest_and_a_valid_entity_id() -> None:
    """A derived id has a prefix of its type and 24 hex digits, and says nothing in clear."""
    assert re.fullmatch(r"per_[0-9a-f]{24}", person(**ANNA) or "")
    assert re.fullmatch(r"com_[0-9a-f]{24}", company(name="Muster GmbH") or "")
    assert is_entity_id(person(**ANNA))


def test_id_never_changes_between_releases() -> None:
    """Lists imported before an upgrade keep their ids after it."""
    assert person(email="anna@muster.example") == "per_116c47baec3d7090ae55522d"
    assert company(domain="muster.example") == "com_8fdbc26402c92472e0a82b7e"


@pytest.mark.parametrize(
    ("entity_type", "fields", "ids"),
    [
        (
            "person",
            {"email": "lind@berg.example", "full_name": "Dr. Ole Lind"},
            ["per_7e15fb1862d07c5e1d650c43", "per_bfc32f28a0bf81132f5ad709"],
        ),
        (
            "company",
            {"domain": "mall.example", "name": "Beta Nails GmbH"},
            ["com_522e99a614774d007f3b3085", "com_5b263d4baea5565df3d5fb8f"],
        ),
    ],
)
def test_ids_of_entities_kept_apart_never_change_between_releases(
    entity_type: EntityType, fields: dict[str, str], ids: list[str]
) -> None:
    """An entity that shares its key is found under the id of an earlier release, and of this one in a later."""
    identity = identify(entity_type, fields)
    assert identity is not None
    assert identity.apart_ids == ids
    assert identity.apart_id == ids[-1]


def test_id_does_not_depend_on_other_fields_or_their_order() -> None:
    """Only the strongest key counts, so a fuller export of the list gives the same id."""
    assert person(**ANNA) == person(linkedin_url=ANNA["linkedin_url"])
    assert person(**ANNA, job_title="CEO") == person(**dict(reversed(ANNA.items())))


@pytest.mark.parametrize(
    "url",
    [
        "http://linkedin.com/in/anna-muster/",
        "linkedin.com/in/Anna-Muster",
        "https://de.linkedin.com/in/anna-muster/de?trk=abc#top",
        "WWW.LINKEDIN.COM/in/anna-muster/en-us",
        "/in/anna-muster",
    ],
)
def test_person_id_is_one_for_all_spellings_of_a_linkedin_url(url: str) -> None:
    """Scheme, sub-domain, case, query, locale and slash make no difference."""
    assert person(linkedin_url=url) == person(**ANNA)


def test_linkedin_names_are_compared_decoded() -> None:
    """Percent escapes and letters are the same name."""
    escaped, letters = "https://www.linkedin.com/in/m%C3%BCller-1", "https://www.linkedin.com/in/mu\u0308ller-1"
    assert person(linkedin_url=escaped) == person(linkedin_url=letters) == person(linkedin_url="in/müller-1")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/company/muster",
        "https://www.linkedin.com/sales/lead/ACwAAAB,NAME_SEARCH,xyz",
        "https://notlinkedin.com/in/anna",
        "https://muster.example/in/anna",
        "anna-muster",
        "",
    ],
)
def test_person_is_not_known_by_a_url_that_is_no_profile(url: str) -> None:
    """Many people share such an address, so it must not make them one."""
    assert person_page(url) is None
    assert person(linkedin_url=url, email=ANNA["email"]) == person(email="anna@muster.example")


def test_person_is_known_by_email_whatever_its_case() -> None:
    """Addresses are compared in lower case."""
    assert person(email="ANNA@Muster.example") == person(email="mailto:anna@muster.example")


@pytest.mark.parametrize(
    "email", ["anna", "anna@", "@muster.example", "a@b@c.example", "anna @muster.example", "a@b", "a@."]
)
def test_person_is_not_known_by_what_is_no_email(email: str) -> None:
    """A broken address identifies nobody, so that two people with the same broken one stay two."""
    assert person(email=email) is None


def test_person_with_a_shared_mailbox_is_known_by_name_first() -> None:
    """Two people behind info@ are two, as long as they have names."""
    anna = person(email="info@muster.example", full_name="Anna Muster", company="Muster")
    ben = person(email="info@muster.example", full_name="Ben Muster", company="Muster")
    assert anna != ben
    assert anna == person(full_name="Anna Muster", company="Muster")
    assert person(email="info@muster.example") is not None


@pytest.mark.parametrize("name", ["LinkedIn Member", "Sales Team", "First Name Last Name", "N/A N/A"])
def test_placeholder_in_a_names_place_identifies_nobody(name: str) -> None:
    """A row that names nobody has no id of its own, unless it has an address or a page."""
    assert person(full_name=name, company="Nordlicht") is None
    assert person(full_name=name, email="ida@nordlicht.example") == person(email="ida@nordlicht.example")
    assert company(name="Self-employed") is None


def test_person_is_known_by_name_and_company() -> None:
    """Case, white space and how the name is divided make no difference."""
    whole = person(full_name="Anna  MUSTER", company=" muster gmbh")
    assert whole == person(first_name="anna", last_name="Muster", company="Muster GmbH")
    assert whole != person(full_name="Anna Muster", company="Other GmbH")
    assert person(full_name="Anna Muster", company_domain="https://www.muster.example/x") == person(
        full_name="Anna Muster", company_domain="muster.example", company="Muster"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"full_name": "Anna Muster"},
        {"first_name": "Anna", "company": "Muster"},
        {"job_title": "CEO", "company": "M"},
    ],
)
def test_person_has_no_id_when_nothing_tells_it_apart(fields: dict[str, str]) -> None:
    """A name without a company, or a company without a name, could be many people."""
    assert derive_id("person", fields) is None


@pytest.mark.parametrize(
    "website",
    [
        "https://www.Muster.example/de?x=1",
        "muster.example",
        "http://muster.example:8080",
        "muster.example.",
        "//muster.example",
    ],
)
def test_company_id_is_one_for_all_spellings_of_its_address(website: str) -> None:
    """The host alone counts, be it in the domain or the website."""
    assert company(website=website, name="Other") == company(domain="muster.example")


def test_company_host_is_one_in_both_spellings_of_an_international_name() -> None:
    """A domain with an umlaut and its ASCII form are the same."""
    assert own_host("www.münchen-muster.example") == own_host("xn--mnchen-muster-wob.example")


@pytest.mark.parametrize(
    "text",
    [
        "https://www.facebook.com/muster",
        "gmail.com",
        "localhost",
        "n.a.",
        "10.0.0.1",
        "a..b",
        "muster",
        "",
        "http://",
        "-",
    ],
)
def test_company_is_not_known_by_a_host_that_many_share(text: str) -> None:
    """A page on a social network and what is no host leave the company to its other fields."""
    assert own_host(text) is None
    assert company(website=text, name="Muster GmbH") == company(name="muster gmbh")


def test_company_is_known_by_linkedin_then_by_name_and_country() -> None:
    """Without an address the LinkedIn page counts, and then name and country."""
    url = "https://www.linkedin.com/company/Muster-GmbH/about/"
    assert company(linkedin_url=url, name="A") == company(linkedin_url="linkedin.com/company/muster-gmbh")
    assert company(name="Muster", hq_country="Germany") != company(name="Muster", hq_country="Austria")
    assert company(industry="Software") is None


def test_id_ignores_values_of_another_type_and_of_absurd_length() -> None:
    """What cannot be an address costs no time and raises nothing."""
    assert person(email=["a@b.example"], linkedin_url=7) is None
    assert person(email="a@" + "." * 1_000_000) is None
    assert company(domain="a." * 1_000_000 + "example") is None
