"""What an entity is asked about by, whichever provider is asked, and what is never asked about."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.providers.adapter import PaidProvider
from app.providers.aiark import AiArk
from app.providers.base import Lookup, OutcomeClass
from app.providers.clay import Clay
from app.providers.findymail import Findymail
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from app.providers.leadmagic import LeadMagic
from app.providers.prospeo import Prospeo
from app.providers.questions import Known, company_host, known_fields, names_no_company
from app.providers.settings import ProviderSettings
from tests.patience import PATIENCE_SECONDS
from tests.providers.loopback import Canned, CannedServer, look_up, settings_of

Make = Callable[[ProviderSettings, Http], PaidProvider]

PROVIDERS: dict[str, Make] = {
    "prospeo": Prospeo,
    "aiark": AiArk,
    "leadmagic": LeadMagic,
    "findymail": Findymail,
    "firecrawl": Firecrawl,
    "clay": Clay,
}
PAGE = "https://www.linkedin.com/in/ida-brandt-1"


def made(name: str) -> PaidProvider:
    """Return a provider, for what needs no server."""
    return PROVIDERS[name](settings_of(name, "http://nowhere.example"), Http())


def question(entity_type: str, **fields: Any) -> Lookup:
    """Return a question about an entity."""
    return Lookup(entity_type, "e1", fields, request_id="q1", callback_url="https://tranche.example/1")


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("HTTPS://www.Acme.example:443/a?b#c", "acme.example"),
        ("HTTP://user@acme.com:8080/", "acme.com"),
        ("http://http://acme.com", "acme.com"),
        ("shop.acme.co.uk", "shop.acme.co.uk"),
        ("www.Straße.de/x", "xn--strae-oqa.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("acme.com, Inc", "acme.com"),
        ("ada@acme.example", "acme.example"),
        ("1.2.3.4", None),
        ("n.a", None),
        ("N/A", None),
        ("acme", None),
        ("acme ltd.", None),
        ("printer.local", None),
        ("metadata.google.internal", None),
        ("https://linkedin.com/company/acme", None),
        ("pinterest.de/acme", None),
        ("https://www.etsy.com/shop/acme", None),
        ("wa.me/4930123", None),
        ("gmail.com", None),
        ("t-online.de", None),
        (7, None),
        (None, None),
    ],
)
def test_company_host_is_the_public_host_that_is_the_companys_own(value: Any, host: str | None) -> None:
    """Every adapter reads hosts alike: platforms, mail providers, addresses and private names are no company's."""
    assert company_host(value) == host


@pytest.mark.parametrize("provider", ["prospeo", "aiark", "leadmagic", "findymail", "clay"])
@pytest.mark.parametrize(
    "name",
    [
        {"first_name": "LinkedIn", "last_name": "Member"},
        {"full_name": "LinkedIn Member"},
        {"first_name": "First Name", "last_name": "Last Name"},
        {"full_name": "Sales Team"},
    ],
)
def test_placeholder_names_are_not_asked_about(provider: str, name: dict[str, str]) -> None:
    """A name that names nobody is answered about somebody, so it is skipped with the reason and without a call."""
    server = CannedServer()
    lookup = question("person", **name, company="Nordlicht", company_domain="nordlicht.example")
    answer = look_up(PROVIDERS[provider], provider, server, lookup)
    assert (answer.outcome_class, server.sent) == (OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, [])
    assert answer.error is not None
    assert answer.error.startswith("The name is a placeholder. ")


@pytest.mark.parametrize("provider", ["prospeo", "aiark", "leadmagic", "findymail", "clay"])
def test_hidden_name_is_asked_about_by_its_page_alone(provider: str) -> None:
    """A page says who is meant, and the placeholder beside it is not sent."""
    server = CannedServer(Canned({"contact": None}))
    look_up(PROVIDERS[provider], provider, server, question("person", full_name="LinkedIn Member", linkedin_url=PAGE))
    assert PAGE in str(server.sent[0].body)
    assert "Member" not in str(server.sent[0].body)


@pytest.mark.parametrize("provider", ["prospeo", "aiark", "leadmagic", "firecrawl"])
@pytest.mark.parametrize(
    "site",
    [
        "https://www.etsy.com/shop/gamma",
        "https://www.amazon.com/shops/delta",
        "https://it.pinterest.com/gamma",
        "https://wa.me/4930123456",
        "gmail.com",
        "t-online.de",
    ],
)
def test_platforms_and_mail_providers_are_not_asked_about(provider: str, site: str) -> None:
    """The company on a platform would be answered with the platform."""
    lookup = question("company", name="Gamma Shop", website=site)
    reason = made(provider).why_insufficient(lookup)
    assert reason is not None
    assert reason.startswith("The website or domain is not the company's own public one. ")


def test_platform_is_asked_about_as_itself() -> None:
    """Etsy's own site is Etsy's."""
    assert (
        made("aiark").why_insufficient(question("company", name="Etsy, Inc.", website="https://www.etsy.com")) is None
    )


@pytest.mark.parametrize("name", ["N/A", "Self-employed", "Confidential", "Freelance", "Selbstständig", "самозанятый"])
def test_placeholder_companies_are_not_asked_about(name: str) -> None:
    """Neither the company itself nor somebody "at" it is looked up by such a name."""
    assert made("clay").why_insufficient(question("company", name=name)) is not None
    assert made("leadmagic").why_insufficient(question("person", full_name="Ida Brandt", company=name)) is not None


@pytest.mark.parametrize(
    "name", ["Confidential Records Ltd", "Test Valley Brewing", "The Freelance Factory", "Privatbank", ""]
)
def test_company_that_shares_a_word_with_a_placeholder_names_one(name: str) -> None:
    """Only the whole text is a placeholder."""
    assert not names_no_company(name)


def test_person_is_not_asked_about_by_a_shared_mailbox() -> None:
    """Several people read it, and the answer would be about one of them."""
    assert made("prospeo").why_insufficient(question("person", email="info@nordlicht.example")) is not None
    assert made("prospeo").why_insufficient(question("person", email="ida@nordlicht.example")) is None


def test_bulk_call_leaves_out_whoever_cannot_be_asked_about() -> None:
    """Each gets its reason, and nothing is sent if nobody is left."""
    lookups = [
        question("person", full_name="LinkedIn Member", company="Nordlicht"),
        question("person", linkedin_url="x"),
    ]
    answers = asyncio.run(made("prospeo").lookup_many(lookups, deadline=time.monotonic() + PATIENCE_SECONDS))
    assert [answer.outcome_class for answer in answers] == [OutcomeClass.SKIPPED_INSUFFICIENT_INPUT] * 2


def test_known_fields_are_kept_as_they_are_written() -> None:
    """Nothing that names somebody is changed on its way to a provider."""
    fields = {"full_name": "Ida Brandt", "linkedin_url": PAGE, "company": "Nordlicht", "company_domain": "Nordlicht.DE"}
    assert known_fields("person", fields).fields == fields
    assert known_fields("person", fields).remarks == ()


def test_known_fields_are_worked_out_once_for_a_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than all else that happens here before and after the call."""
    seen: list[Mapping[str, Any]] = []

    def note(entity_type: str, fields: Mapping[str, Any]) -> Known:
        seen.append(fields)
        return known_fields(entity_type, fields)

    monkeypatch.setattr("app.providers.adapter.known_fields", note)
    provider = PROVIDERS["prospeo"](settings_of("prospeo", "http://127.0.0.1:1"), Http())
    asked = question("person", linkedin_url=PAGE)
    answer = asyncio.run(provider.lookup(asked, deadline=time.monotonic() + PATIENCE_SECONDS))
    assert answer.outcome_class is OutcomeClass.TRANSIENT
    assert len(seen) == 1
