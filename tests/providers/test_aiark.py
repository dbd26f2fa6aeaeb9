"""AI Ark: what it is asked, whose record it answers with, and what that costs."""

import asyncio
import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from app.entities.fields import RAW_FIELDS
from app.providers.aiark import AiArk
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import Reply
from tests.patience import PATIENCE_SECONDS
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, serving, settings_of

COMPANY_MICROS, PERSON_MICROS, EMAIL_MICROS = 1_000, 5_000, 10_000
LINKEDIN = "https://www.linkedin.com/in/ada-byron-x"

COMPANY = {
    "id": "c9",
    "summary": {
        "name": "Acme",
        "description": "Sums for everybody.",
        "industry": "software development",
        "type": "PRIVATELY_HELD",
        "founded_year": 2009,
        "staff": {"total": 120, "range": {"start": 51, "end": 200}},
    },
    "link": {
        "website": "https://acme.example",
        "domain": "acme.example",
        "linkedin": "https://www.linkedin.com/company/acme-x",
        "twitter": "https://twitter.com/acme-x",
        "facebook": None,
    },
    "location": {
        "headquarter": {
            "raw_address": "1 Mill St, Leeds",
            "city": "Leeds",
            "state": "England",
            "country": "United Kingdom",
            "postal_code": "LS1",
        },
        "locations": [{"city": "Leeds"}],
    },
    "financial": {
        "revenue": {"annual": {"amount": "10M-25M", "start": 10000000, "end": 25000000}},
        "aberdeen": {"it_spend": 400000},
    },
    "technologies": [{"name": "Nginx", "category": "Web server"}],
    "industries": ["software development"],
    "keywords": ["analytics"],
    "hashtags": [],
    "naics": [511210],
}
PERSON = {
    "id": "a1",
    "identifier": "ada-byron-x",
    "profile": {
        "first_name": "Ada",
        "last_name": "Byron",
        "full_name": "Ada Byron",
        "title": None,
        "headline": "Analytics lead",
        "summary": "Counts.",
        "birth_date": {"year": 1600},
        "picture": {"source": "https://img.example/a.png"},
    },
    "link": {"linkedin": LINKEDIN, "twitter": None},
    "location": {
        "default": "Leeds, England, United Kingdom",
        "city": "Leeds",
        "state": "England",
        "country": "United Kingdom",
    },
    "department": {"seniority": "head", "departments": ["data"], "functions": ["analytics"]},
    "position_groups": [
        {"company": {"id": "c9", "name": "Acme"}, "profile_positions": [{"title": "Head of Analytics"}]}
    ],
    "educations": [{"school": "Leeds"}],
    "certifications": [],
    "skills": ["sql"],
    "languages": {"primary": "en", "other": None},
    "company": COMPANY,
}
VALID = {"address": "Ada@acme.example", "status": "VALID", "domainType": "SMTP", "found": True}
INVALID = {"address": "byron@acme.example", "status": "INVALID", "subStatus": "MAILBOX_NOT_FOUND"}
EXPORTED = {**PERSON, "email": {"state": "DONE", "output": [INVALID, VALID]}}

PERSON_FIELDS = {
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "job_title": "Head of Analytics",
    "headline": "Analytics lead",
    "seniority": "head",
    "departments": ["data"],
    "functions": ["analytics"],
    "linkedin_url": LINKEDIN,
    "location": "Leeds, England, United Kingdom",
    "location_city": "Leeds",
    "location_state": "England",
    "location_country": "United Kingdom",
    "company": "Acme",
    "company_domain": "acme.example",
    "profile_summary": "Counts.",
    "profile_image_url": "https://img.example/a.png",
    "skills": ["sql"],
    "job_history": PERSON["position_groups"],
    "education": [{"school": "Leeds"}],
    "languages": ["en"],
    "provider_ids": {"aiark_person_id": "a1"},
}
EMAIL_FIELDS = {"email": "ada@acme.example", "email_status": "valid"}
COMPANY_FIELDS = {
    "name": "Acme",
    "domain": "acme.example",
    "website": "https://acme.example",
    "industry": "software development",
    "industries": ["software development"],
    "company_keywords": ["analytics"],
    "naics_codes": ["511210"],
    "headcount": "120",
    "description": "Sums for everybody.",
    "company_type": "PRIVATELY_HELD",
    "year_founded": "2009",
    "revenue": "10M-25M",
    "location": "1 Mill St, Leeds",
    "hq_address": "1 Mill St, Leeds",
    "hq_city": "Leeds",
    "hq_state": "England",
    "hq_country": "United Kingdom",
    "hq_postal_code": "LS1",
    "office_locations": [{"city": "Leeds"}],
    "linkedin_url": "https://www.linkedin.com/company/acme-x",
    "social_urls": {"linkedin": "https://www.linkedin.com/company/acme-x", "twitter": "https://twitter.com/acme-x"},
    "technologies": [{"name": "Nginx", "category": "Web server"}],
    "it_spend": 400000,
    "provider_ids": {"aiark_company_id": "c9"},
}

EVE = {"first_name": "Eve", "last_name": "Nyman", "full_name": "Eve Nyman"}
BY_URL = Lookup("person", "p1", {"linkedin_url": LINKEDIN})
BY_NAME = Lookup("person", "p1", {"full_name": "Ada Byron", "company_domain": "acme.example"})
BY_DOMAIN = Lookup("company", "c1", {"domain": "acme.example"})
BY_PAGE = Lookup("company", "c1", {"linkedin_url": "https://www.linkedin.com/company/acme-x"})


def page(*rows: Any, total: int | None = None) -> dict[str, Any]:
    """Return a page of a search."""
    return {"content": list(rows), "totalElements": len(rows) if total is None else total, "trackId": "t-1"}


def a_company(domain: str, **more: Any) -> dict[str, Any]:
    """Return a small row about a company."""
    return {"id": f"id-{domain}", "summary": {"name": domain}, "link": {"domain": domain, **more}}


def by_domain(*domains: str) -> list[Lookup]:
    """Return questions about companies."""
    return [Lookup("company", domain, {"domain": domain}) for domain in domains]


def aiark(clock: Any = time.monotonic) -> AiArk:
    """Return the provider, for what needs no server."""
    return AiArk(settings_of("aiark", "http://nowhere.example"), Http(), clock)


def read_companies(given: Reply, lookups: Sequence[Lookup]) -> Sequence[Answer]:
    """Return what a reply to a search for companies comes to."""
    client = aiark()
    return client.read_many(given, partial(client.parse_companies, questions=lookups), len(lookups))


def read_search(given: Reply, lookup: Lookup) -> Answer:
    """Return what a reply to a search for a person comes to."""
    client = aiark()
    return client.read(given, partial(client.parse_search, question=lookup))


def read_export(given: Reply) -> Answer:
    """Return what a reply to an export comes to."""
    client = aiark()
    return client.read(given, client.parse_export)


def ask(server: CannedServer, lookup: Lookup) -> Answer:
    """Ask one question against a server on loopback."""
    return look_up(AiArk, "aiark", server, lookup)


def ask_many(server: CannedServer, lookups: Sequence[Lookup]) -> Sequence[Answer]:
    """Ask a bulk question against a server on loopback."""

    async def run() -> Sequence[Answer]:
        async with serving(server) as url:
            provider = AiArk(settings_of("aiark", url), Http())
            return await provider.lookup_many(lookups, deadline=time.monotonic() + PATIENCE_SECONDS)

    return asyncio.run(run())


def reply(body: Any, status: int = 200, *, text: str | None = None) -> Reply:
    """Return a reply as the client gives it; with a `text` it is no JSON."""
    return Reply(status, {}, body if text is None else None, json.dumps(body) if text is None else text, text is None)


def spring(status: int, error: str = "Error") -> dict[str, Any]:
    """Return an error's body in AI Ark's form."""
    return {"timestamp": "2026-11-01T00:00:00Z", "status": status, "error": error, "path": "/v1/people"}


# What is sent


@pytest.mark.parametrize(
    ("lookup", "account"),
    [
        (BY_DOMAIN, {"domain": {"any": {"include": ["acme.example"]}}}),
        (
            Lookup("company", "c1", {"website": "https://www.Acme.example/about"}),
            {"domain": {"any": {"include": ["acme.example"]}}},
        ),
        (
            Lookup("company", "c1", {"linkedin_url": "http://uk.linkedin.com/company/Acme-X/?trk=1"}),
            {"linkedin": {"any": {"include": ["https://www.linkedin.com/company/acme-x"]}}},
        ),
    ],
)
def test_company_is_searched_with_filter_page_and_size(lookup, account):
    """Page and size are required, rows are charged, and the filter has the grammar that is not ignored."""
    server = CannedServer(Canned(page(COMPANY)))
    answer = ask(server, lookup)
    (sent,) = server.sent
    assert (sent.method, sent.path) == ("POST", "/v1/companies")
    assert sent.body == {"page": 0, "size": 1, "account": account}
    assert sent.headers["X-TOKEN"] == API_KEY
    assert not sent.headers["User-Agent"].startswith("Python")
    assert answer.outcome_class is OutcomeClass.SUCCESS


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"linkedin_url": "linkedin.com/in/Ada-Byron-X/"}, {"url": LINKEDIN}),
        ({"linkedin_url": LINKEDIN, "provider_ids": {"aiark_person_id": "a1"}}, {"id": "a1"}),
    ],
)
def test_person_is_exported_by_exactly_one_key(fields, body):
    """A person who is known by AI Ark's id or by profile takes one call."""
    server = CannedServer(Canned(EXPORTED))
    answer = ask(server, Lookup("person", "p1", fields))
    (sent,) = server.sent
    assert (sent.path, sent.body) == ("/v1/people/export/single", body)
    assert sent.headers["X-TOKEN"] == API_KEY
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, EMAIL_MICROS)


@pytest.mark.parametrize(
    "fields",
    [
        {"full_name": "Ada Byron", "company_domain": "https://www.acme.example/"},
        {"first_name": "Ada", "last_name": "Byron", "company_domain": "acme.example"},
        {
            "full_name": "Ada Byron",
            "company_domain": "acme.example",
            "linkedin_url": "https://www.linkedin.com/sales/lead/1",
        },
    ],
)
def test_person_by_name_is_searched_and_then_exported_by_id(fields):
    """A name and a domain find one row, whose id finds the address; both are paid."""
    server = CannedServer(Canned(page(PERSON)), Canned(EXPORTED))
    answer = ask(server, Lookup("person", "p1", fields))
    search, export = server.sent
    assert (search.path, search.body) == (
        "/v1/people",
        {
            "page": 0,
            "size": 1,
            "account": {"domain": {"any": {"include": ["acme.example"]}}},
            "contact": {"fullName": {"any": {"include": {"mode": "STRICT", "content": ["Ada Byron"]}}}},
        },
    )
    assert (export.path, export.body) == ("/v1/people/export/single", {"id": "a1"})
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS | EMAIL_FIELDS)
    assert answer.cost_micros == PERSON_MICROS + EMAIL_MICROS
    assert answer.raw == {"search": page(PERSON), "export": EXPORTED}


@pytest.mark.parametrize(
    "lookup",
    [
        Lookup("person", "p1", {"full_name": "Ada Byron"}),
        Lookup("person", "p1", {"first_name": "Ada", "company_domain": "acme.example"}),
        Lookup("person", "p1", {"full_name": "Ada Byron", "company_domain": "gmail.com"}),
        Lookup("person", "p1", {"linkedin_url": "https://www.linkedin.com/company/acme-x"}),
        Lookup("person", "p1", {"email": "ada@acme.example"}),
        Lookup("company", "c1", {"name": "Acme"}),
        Lookup("company", "c1", {"linkedin_url": LINKEDIN}),
        Lookup("company", "c1", {"website": "https://www.facebook.com/acme"}),
    ],
)
def test_lookup_is_skipped_without_sufficient_input(lookup):
    """Nothing is sent for an entity that a search could not be narrowed to."""
    server = CannedServer()
    answer = ask(server, lookup)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, 0)
    assert answer.error == aiark().why_insufficient(lookup)
    assert server.sent == []


@pytest.mark.parametrize(
    ("lookup", "micros"),
    [(BY_DOMAIN, COMPANY_MICROS), (BY_URL, EMAIL_MICROS), (BY_NAME, PERSON_MICROS + EMAIL_MICROS)],
)
def test_worst_price_counts_the_calls_that_the_input_needs(lookup, micros):
    """A person who has to be searched for first costs the row as well as the address."""
    assert aiark().worst_price_micros(lookup) == micros


# What is read


def test_company_maps_every_field_from_a_full_row():
    """Each field is read from its path and fits its column."""
    (answer,) = read_companies(reply(page(COMPANY)), [BY_DOMAIN])
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, COMPANY_MICROS)
    assert answer.fields == COMPANY_FIELDS
    assert answer.raw == page(COMPANY)
    checked(answer, RAW_FIELDS["company"])


def test_person_maps_every_field_from_a_full_record():
    """Each field is read from its path, the sentinel of a birth date from none, and all fit their columns."""
    answer = read_export(reply(EXPORTED))
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == PERSON_FIELDS | EMAIL_FIELDS
    assert answer.raw == EXPORTED
    checked(answer, RAW_FIELDS["person"])


def test_person_is_read_from_a_summary_block():
    """Callbacks name the profile's block otherwise."""
    record = {"summary": {"full_name": "Ada Byron", "title": "CTO"}, "email": {"output": [VALID]}, "id": "a1"}
    fields = read_export(reply(record)).fields
    assert (fields["full_name"], fields["job_title"]) == ("Ada Byron", "CTO")


@pytest.mark.parametrize(
    "body", [page(EXPORTED), {"data": EXPORTED}, {"data": {"content": [EXPORTED]}}, {"results": [EXPORTED]}, [EXPORTED]]
)
def test_record_is_found_in_every_envelope(body):
    """The service wraps records in several ways."""
    answer = read_export(reply(body))
    assert answer.fields == PERSON_FIELDS | EMAIL_FIELDS


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        ({"output": [INVALID, VALID]}, EMAIL_FIELDS),
        ({"output": [{**VALID, "domainType": "CATCH_ALL"}]}, {**EMAIL_FIELDS, "email_status": "catch_all"}),
        ({"value": "ada@acme.example"}, EMAIL_FIELDS),
        ({"value": "ada@acme.example", "domainType": "CATCH_ALL"}, {**EMAIL_FIELDS, "email_status": "catch_all"}),
        ("ada@acme.example", EMAIL_FIELDS),
    ],
)
def test_address_is_read_in_each_shape(block, fields):
    """Version 1 lists addresses with their verdicts, version 2 gives one value, and some answers a bare text."""
    answer = read_export(reply({"data": {"email": block}}))
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, fields)
    assert answer.cost_micros == EMAIL_MICROS


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": {"status": 404, "error": "Not Found"}},
        spring(404),
        page(),
        [],
        {**PERSON, "email": None},
        {**PERSON, "email": {"state": "DONE", "output": []}},
        {**PERSON, "email": {"state": "DONE", "output": [INVALID]}},
        {
            **PERSON,
            "email": {"state": "DONE", "output": [{"address": None, "status": "INVALID", "subStatus": "EMPTY"}]},
        },
        {**PERSON, "email": {"state": "DONE", "output": [{**VALID, "found": False}]}},
        {**PERSON, "email": {"state": "DONE", "output": [{**VALID, "address": "a**@acme.example"}]}},
        {**PERSON, "email": {"state": "DONE", "output": [{"address": "ada@acme.example"}]}},
        {**PERSON, "email": {"value": "ada@acme.example", "status": "INVALID"}},
    ],
)
def test_export_is_not_found_and_free_without_a_valid_address(body):
    """An export is for the address; each spelling of a miss costs nothing."""
    answer = read_export(reply(body))
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (OutcomeClass.NOT_FOUND, 0, True)


def test_export_is_transient_and_free_while_it_is_processing():
    """An address that is still looked for is neither there nor missing."""
    body = {**PERSON, "email": {"state": "PROCESSING", "output": []}}
    answer = read_export(reply(body))
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (OutcomeClass.TRANSIENT, 0, True)


# Whose record it is


@pytest.mark.parametrize(
    ("fields", "record"),
    [
        (BY_URL.fields, {**EXPORTED, "identifier": "eve", "link": {"linkedin": "https://linkedin.com/in/eve"}}),
        (BY_URL.fields, {**EXPORTED, "identifier": None, "link": {"linkedin": "https://linkedin.com/in/ada"}}),
        ({"provider_ids": {"aiark_person_id": "a1"}}, {**EXPORTED, "id": "a2"}),
        ({**BY_URL.fields, "full_name": "Ada Byron", "company": "Acme"}, {**EXPORTED, "profile": EVE, "company": {}}),
    ],
)
def test_export_of_somebody_else_is_not_found_and_charged(fields, record):
    """Another person's record is a miss, and its address is paid all the same."""
    answer = ask(CannedServer(Canned(record)), Lookup("person", "p1", fields))
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, EMAIL_MICROS)


def test_export_of_a_renamed_page_is_a_success():
    """Pages are renamed: the name and the company together say whose record it is."""
    fields = {"linkedin_url": "https://www.linkedin.com/in/ada-old", "full_name": "Ada Byron", "company": "Acme"}
    answer = ask(CannedServer(Canned(EXPORTED)), Lookup("person", "p1", fields))
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, EMAIL_MICROS)
    assert answer.fields["email"] == "ada@acme.example"


@pytest.mark.parametrize("url", ["http://linkedin.com/in/ADA-byron-x/", "https://de.linkedin.com/in/ada-byron-x?l=de"])
def test_export_belongs_to_the_profile_in_any_spelling(url):
    """Profiles are compared by their slug."""
    record = {**EXPORTED, "identifier": None, "link": {"linkedin": url}}
    assert ask(CannedServer(Canned(record)), BY_URL).outcome_class is OutcomeClass.SUCCESS


@pytest.mark.parametrize(
    ("lookup", "row"),
    [
        (BY_DOMAIN, a_company("other.example")),
        (BY_DOMAIN, {"id": "c1", "summary": {"name": "acme.example"}}),
        (BY_PAGE, a_company("acme.example", linkedin="https://www.linkedin.com/company/acme-y")),
    ],
)
def test_company_of_another_key_is_not_found_and_charged(lookup, row):
    """Filters that are ignored bring anybody's row, which is charged and not stored."""
    (answer,) = read_companies(reply(page(row, total=9000)), [lookup])
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, COMPANY_MICROS)


def test_company_search_without_rows_is_not_found_and_free():
    """An empty page costs nothing."""
    (answer,) = read_companies(reply(page()), [BY_DOMAIN])
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.NOT_FOUND, 0)


@pytest.mark.parametrize(
    ("asked", "profile", "domain", "outcome"),
    [
        ("José  GARCÍA", {"full_name": "Jose Garcia"}, "acme.example", OutcomeClass.SUCCESS),
        (
            "Ada Byron",
            {"full_name": "Ada K. Byron", "first_name": "Ada", "last_name": "Byron"},
            "www.Acme.example",
            None,
        ),
        ("Ada Byron", {"full_name": "Ada Lovelace"}, "acme.example", OutcomeClass.NOT_FOUND),
        ("Ada Byron", {"full_name": "Ada Byron"}, "other.example", OutcomeClass.NOT_FOUND),
        ("Ada Byron", {"full_name": "Ada Byron"}, None, OutcomeClass.NOT_FOUND),
        ("Ada Byron", {}, "acme.example", OutcomeClass.NOT_FOUND),
    ],
)
def test_searched_person_has_the_name_and_the_domain(asked, profile, domain, outcome):
    """A namesake elsewhere and a colleague with another name are somebody else; spelling does not matter."""
    row = {"id": "a1", "profile": profile, "company": {"link": {"domain": domain}}}
    lookup = Lookup("person", "p1", {"full_name": asked, "company_domain": "acme.example"})
    answer = read_search(reply(page(row)), lookup)
    assert answer.outcome_class is (outcome or OutcomeClass.SUCCESS)
    assert answer.cost_micros == PERSON_MICROS


def test_search_charges_every_row():
    """A page that is longer than asked for is charged in full, and the person may stand anywhere on it."""
    stranger = {**PERSON, "id": "a0", "profile": {"full_name": "Eve"}}
    answer = read_search(reply(page(stranger, PERSON)), BY_NAME)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, 2 * PERSON_MICROS)
    assert answer.fields["provider_ids"] == {"aiark_person_id": "a1"}


def test_person_by_name_is_not_exported_where_the_search_finds_somebody_else():
    """Nothing more is paid for the wrong person."""
    server = CannedServer(Canned(page({**PERSON, "profile": {"full_name": "Eve"}})))
    answer = ask(server, BY_NAME)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.NOT_FOUND, PERSON_MICROS)
    assert len(server.sent) == 1


# A search that was paid, and an export that failed


@pytest.mark.parametrize(
    ("export", "trouble", "seconds"),
    [
        (Canned(spring(404), 404), None, None),
        (Canned(spring(402), 402), OutcomeClass.CREDITS_EXHAUSTED, None),
        (Canned(spring(403, "Forbidden"), 403), OutcomeClass.AUTH_FAILED, None),
        (Canned(spring(500), 500), OutcomeClass.TRANSIENT, None),
        (Canned(spring(429), 429), OutcomeClass.RATE_LIMITED, 60),
        (Canned(spring(401), 401), OutcomeClass.RATE_LIMITED, 300),
        (Canned({**PERSON, "email": {"state": "PROCESSING"}}), OutcomeClass.TRANSIENT, None),
    ],
)
def test_searched_fields_are_a_success_with_what_became_of_the_export(export, trouble, seconds):
    """What the search brought is kept and charged; a miss makes it whole, anything else leaves the address open."""
    answer = ask(CannedServer(Canned(page(PERSON)), export), BY_NAME)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS)
    assert (answer.cost_micros, answer.is_cost_known) == (PERSON_MICROS, True)
    assert (answer.trouble, answer.retry_after_seconds) == (trouble, seconds)
    assert (answer.error is None) == (trouble is None)


def test_searched_person_is_kept_and_address_charged_where_the_export_is_somebody_elses():
    """The address of another record is paid and not stored."""
    stranger = {**EXPORTED, "id": "a2", "identifier": "eve", "link": {}, "profile": EVE}
    answer = ask(CannedServer(Canned(page(PERSON)), Canned(stranger)), BY_NAME)
    assert (answer.fields, answer.trouble) == (PERSON_FIELDS, None)
    assert answer.cost_micros == PERSON_MICROS + EMAIL_MICROS


def test_searched_fields_are_a_success_at_the_worst_cost_where_the_export_is_lost():
    """An export whose answer cannot be read may have been charged."""
    answer = ask(CannedServer(Canned(page(PERSON)), Canned(text="<html>")), BY_NAME)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS)
    assert answer.trouble is OutcomeClass.TRANSIENT
    assert (answer.cost_micros, answer.is_cost_known) == (PERSON_MICROS + EMAIL_MICROS, False)


def test_searched_fields_are_a_success_where_the_export_breaks_off():
    """A connection that ends without an answer to the export leaves the searched fields."""
    canned = CannedServer(Canned(page(PERSON)))

    async def breaking(request: Any) -> Any:
        if request.path.endswith("/single"):
            request.transport.close()
        return await canned(request)

    answer = look_up(AiArk, "aiark", breaking, BY_NAME)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS)
    assert (answer.cost_micros, answer.is_cost_known) == (PERSON_MICROS + EMAIL_MICROS, False)


# Errors


@pytest.mark.parametrize(
    ("given", "outcome", "seconds"),
    [
        (reply(spring(404), 404), OutcomeClass.NOT_FOUND, None),
        (reply(spring(429), 429), OutcomeClass.RATE_LIMITED, 60),
        (reply(spring(400, "Too many pending requests"), 400), OutcomeClass.RATE_LIMITED, 60),
        (reply(spring(429), 200), OutcomeClass.RATE_LIMITED, 60),
        (reply(spring(402), 402), OutcomeClass.CREDITS_EXHAUSTED, None),
        (reply(None, 402, text=""), OutcomeClass.CREDITS_EXHAUSTED, None),
        (reply(spring(403, "Not enough credits"), 403), OutcomeClass.CREDITS_EXHAUSTED, None),
        (reply(spring(403, "Payment required"), 403), OutcomeClass.CREDITS_EXHAUSTED, None),
        (reply(spring(403, "Forbidden"), 403), OutcomeClass.AUTH_FAILED, None),
        (reply(spring(401), 401), OutcomeClass.AUTH_FAILED, None),
        (reply(spring(400), 400), OutcomeClass.INVALID_REQUEST, None),
        (reply(spring(422), 422), OutcomeClass.INVALID_REQUEST, None),
        (reply(None, 403, text="error code: 1010"), OutcomeClass.TRANSIENT, None),
        (reply(None, 403, text=" <!DOCTYPE html> credit"), OutcomeClass.TRANSIENT, None),
        (reply(spring(409), 409), OutcomeClass.TRANSIENT, None),
        (reply(spring(500), 500), OutcomeClass.TRANSIENT, None),
        (reply(None, 302, text=""), OutcomeClass.TRANSIENT, None),
    ],
)
def test_error_is_classified_by_status_and_body(given, outcome, seconds):
    """Statuses 400, 401 and 403 have several meanings, which the body tells apart; every call reads them alike."""
    single = read_export(given)
    search = read_search(given, BY_NAME)
    bulk = read_companies(given, by_domain("a.example", "b.example"))
    for answer in (single, search, *bulk):
        assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (outcome, 0, True)
        assert answer.retry_after_seconds == seconds
        assert answer.error and not answer.fields


@pytest.mark.parametrize(
    "given", [reply(None, text="<html>"), reply("text"), reply({}), reply(None, 504, text="<html>")]
)
def test_unreadable_answer_is_transient_at_unknown_cost(given):
    """An answer that cannot be read may have been charged."""
    (company,) = read_companies(given, [BY_DOMAIN])
    for answer in (company, read_export(given), read_search(given, BY_NAME)):
        assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


@pytest.mark.parametrize(
    ("seconds", "outcome", "wait"),
    [(599, OutcomeClass.RATE_LIMITED, 300), (601, OutcomeClass.AUTH_FAILED, None)],
)
def test_refused_export_is_a_throttle_only_where_the_key_worked_lately(seconds, outcome, wait):
    """Quick exports end in 401 with a good key; ten minutes after the last success the key is taken to be bad."""
    now = [1000.0]

    async def run() -> list[Answer]:
        async with serving(CannedServer(Canned(spring(401), 401), Canned(EXPORTED), Canned(spring(401), 401))) as url:
            provider = AiArk(settings_of("aiark", url), Http(), lambda: now[0])
            answers = []
            for passed in (0.0, 0.0, float(seconds)):
                now[0] += passed
                answers.append(await provider.lookup(BY_URL, deadline=time.monotonic() + PATIENCE_SECONDS))
            return answers

    first, second, third = asyncio.run(run())
    assert (first.outcome_class, second.outcome_class) == (OutcomeClass.AUTH_FAILED, OutcomeClass.SUCCESS)
    assert (third.outcome_class, third.retry_after_seconds) == (outcome, wait)


def test_lookup_is_transient_at_known_cost_where_no_connection_is_made():
    """A question that never left cannot have been charged, whichever it is."""
    provider = AiArk(settings_of("aiark", "http://127.0.0.1:1"), Http())
    lookups = [BY_DOMAIN, BY_PAGE]
    answers = asyncio.run(provider.lookup_many(lookups, deadline=time.monotonic() + PATIENCE_SECONDS))
    assert {(one.outcome_class, one.is_cost_known) for one in answers} == {(OutcomeClass.TRANSIENT, True)}


# Bulk


def test_bulk_searches_companies_by_domain_and_by_page_in_one_call_each():
    """Many domains go into one search, pages into another, and who has neither is not asked for."""
    page_row = a_company("c.example", linkedin="https://linkedin.com/company/c-page/")
    server = CannedServer(Canned(page(a_company("b.example"), a_company("a.example"))), Canned(page(page_row)))
    by_page = Lookup("company", "c", {"linkedin_url": "https://www.linkedin.com/company/c-page"})
    answers = ask_many(server, [by_page, *by_domain("a.example", "b.example"), Lookup("company", "n", {"name": "N"})])
    first, second = server.sent
    assert first.body == {
        "page": 0,
        "size": 2,
        "account": {"domain": {"any": {"include": ["a.example", "b.example"]}}},
    }
    assert second.body == {
        "page": 0,
        "size": 1,
        "account": {"linkedin": {"any": {"include": ["https://www.linkedin.com/company/c-page"]}}},
    }
    assert [answer.fields.get("domain") for answer in answers] == ["c.example", "a.example", "b.example", None]
    assert [answer.cost_micros for answer in answers] == [COMPANY_MICROS, COMPANY_MICROS, COMPANY_MICROS, 0]
    assert answers[3].outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT


def test_bulk_answers_carry_their_own_row():
    """What is kept of a bulk answer is the entity's row and nobody else's."""
    rows = [a_company("a.example"), a_company("b.example")]
    answers = read_companies(reply(page(*rows)), by_domain("b.example", "a.example", "c.example"))
    assert [answer.raw for answer in answers] == [rows[1], rows[0], None]
    assert answers[2].outcome_class is OutcomeClass.NOT_FOUND


@pytest.mark.parametrize(
    ("rows", "costs"),
    [
        (["a.example", "b.example"], [1, 1, 0]),
        (["b.example", "b.example"], [0, 2, 0]),
        (["x.example", "b.example", "y.example"], [2, 1, 0]),
        ([], [0, 0, 0]),
    ],
)
def test_bulk_costs_add_up_to_the_returned_rows(rows, costs):
    """Every row is charged: doubles to their company, strangers to the first of the batch."""
    lookups = by_domain("a.example", "b.example", "c.example")
    answers = read_companies(reply(page(*map(a_company, rows))), lookups)
    assert [answer.cost_micros for answer in answers] == [COMPANY_MICROS * cost for cost in costs]


def test_bulk_takes_the_first_of_several_rows_of_a_domain():
    """The service's own order decides between rows of one domain."""
    rows = [{**a_company("a.example"), "id": "first"}, {**a_company("a.example"), "id": "second"}]
    answers = read_companies(reply(page(*rows)), by_domain("a.example", "b.example"))
    assert answers[0].fields["provider_ids"] == {"aiark_company_id": "first"}


def test_bulk_asks_once_for_two_entities_of_one_domain():
    """Two entities of one company share its row, which is charged once."""
    server = CannedServer(Canned(page(a_company("a.example"))))
    answers = ask_many(server, by_domain("a.example", "www.a.example"))
    assert server.sent[0].body["size"] == 1
    assert [answer.fields["domain"] for answer in answers] == ["a.example", "a.example"]
    assert [answer.cost_micros for answer in answers] == [COMPANY_MICROS, 0]


def test_bulk_company_is_tried_again_where_doubles_filled_the_page():
    """A company that was crowded out by another's doubles is not known to be missing."""
    rows = [a_company("a.example"), a_company("a.example")]
    lookups = by_domain("a.example", "b.example")
    answers = read_companies(reply(page(*rows, total=3)), lookups)
    assert [answer.outcome_class for answer in answers] == [OutcomeClass.SUCCESS, OutcomeClass.TRANSIENT]
    assert [answer.cost_micros for answer in answers] == [2 * COMPANY_MICROS, 0]
