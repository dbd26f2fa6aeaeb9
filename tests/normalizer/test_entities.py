"""A person and a company as a whole."""

import socket
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from app.normalizer.companies import normalize_company
from app.normalizer.people import normalize_person


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("the rules asked the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield


def test_person_is_normalized_as_a_whole() -> None:
    """Every column is filled from its raw ones, without a network."""
    person = {
        "full_name": "Dr. ANNA MCDONALD, PhD",
        "job_title": "VP of Sales | Dad",
        "email": "Anna.McDonald@Mail.Acme.co.uk",
        "mobile_phone": "020 7946 0018",
        "location": "London, UK",
    }
    assert normalize_person(person) == {
        "normalized_first_name": "Anna",
        "normalized_last_name": "McDonald",
        "normalized_full_name": "Anna McDonald",
        "normalized_job_title": "VP of Sales",
        "normalized_seniority": "VP",
        "normalized_email": "anna.mcdonald@mail.acme.co.uk",
        "normalized_email_is_free": False,
        "normalized_phone": "+442079460018",
        "normalized_phone_is_valid": True,
        "normalized_country_code": "GB",
        "normalized_company_domain": "acme.co.uk",
    }


def test_company_is_normalized_as_a_whole() -> None:
    """Every column is filled from its raw ones, without a network."""
    company = {
        "name": "ACME LOGISTICS GMBH",
        "domain": "n/a",
        "website": "https://www.acme.de/about",
        "industry": "Freight Forwarding",
        "headcount": "51-200",
        "location": "Greater Munich Metropolitan Area",
        "year_founded": "Founded in 1998",
    }
    assert normalize_company(company) == {
        "normalized_name": "Acme Logistics",
        "normalized_domain": "acme.de",
        "normalized_industry": "Logistics & Supply Chain",
        "normalized_headcount_min": 51,
        "normalized_headcount_max": 200,
        "normalized_country_code": "DE",
        "normalized_year_founded": 1998,
    }


@pytest.mark.parametrize("normalize", [normalize_person, normalize_company])
def test_nothing_in_gives_none_in_every_column(normalize: Any) -> None:
    """An empty entity has all its normalised columns, each None."""
    assert set(normalize({}).values()) == {None}


@pytest.mark.parametrize(
    ("company_domain", "email", "expected"),
    [
        ("https://acme.com/x", "a@other.com", "acme.com"),
        (None, "a@mail.acme.com", "acme.com"),
        ("linkedin.com/company/acme", "a@acme.com", "acme.com"),
        (None, "a@gmail.com", None),
        ("gmail.com", "a@gmail.com", None),
        (None, "a@linkedin.com", "linkedin.com"),
        (None, "not an address", None),
    ],
)
def test_company_domain_of_a_person_falls_back_to_the_address(
    company_domain: str | None, email: str, expected: str | None
) -> None:
    """An address at work names the company, a private one and a profile page do not."""
    result = normalize_person({"company_domain": company_domain, "email": email})
    assert result["normalized_company_domain"] == expected
    assert result["normalized_email_is_free"] == (None if "@" not in email else email == "a@gmail.com")


def test_phone_is_read_in_the_country_of_the_person() -> None:
    """A national number needs a country; without one it stays open."""
    assert (
        normalize_person({"phone": "030 901820", "location_country": "Deutschland"})["normalized_phone"]
        == "+4930901820"
    )
    assert normalize_person({"phone": "030 901820"})["normalized_phone"] is None
