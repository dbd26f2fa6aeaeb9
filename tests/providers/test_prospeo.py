"""Prospeo: what it is asked, and what its answers come to."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from app.entities.fields import RAW_FIELDS
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.http.client import Http
from app.providers.http.reply import Reply
from app.providers.prospeo import Prospeo
from tests.patience import PATIENCE_SECONDS
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, serving, settings_of

PRICE_MICROS = 39_000

PERSON = {
    "person_id": "p_001",
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "linkedin_url": "https://www.linkedin.com/in/ada-byron-x",
    "headline": "Analytics lead",
    "current_job_title": "Head of Analytics",
    "skills": ["sql"],
    "job_history": [
        {
            "company_name": "Old Co",
            "title": "Analyst",
            "current": False,
            "departments": ["Sales"],
            "seniority": "Entry",
        },
        {"company_name": "Acme", "title": "Head", "current": True, "departments": ["Data"], "seniority": "Head"},
    ],
    "email": {"status": "VERIFIED", "revealed": True, "email": "Ada@acme.example", "verification_method": "SMTP"},
    "mobile": {"status": "VERIFIED", "revealed": False, "mobile": "+44 7700 ******"},
    "location": {"city": "Leeds", "state": "England", "country": "United Kingdom", "country_code": "GB"},
}
COMPANY = {
    "company_id": "c_001",
    "name": "Acme",
    "domain": "Acme.example",
    "website": "https://acme.example",
    "industry": "Software",
    "employee_count": 120,
    "employee_range": "101-200",
    "description": "Sums for everybody.",
    "founded": 2009,
    "type": "Private",
    "linkedin_url": "https://www.linkedin.com/company/acme-x",
    "twitter_url": "https://twitter.com/acme-x",
    "facebook_url": "",
    "crunchbase_url": None,
    "phone_hq": {"phone_hq": "+44 113 000 0000"},
    "location": {
        "raw_address": "1 Mill St, Leeds",
        "city": "Leeds",
        "state": "England",
        "country": "United Kingdom",
        "country_code": "GB",
    },
    "revenue_range_printed": "$10M-$25M",
    "naics_codes": [511210],
    "technology": {
        "count": 1,
        "technology_names": ["Nginx"],
        "technology_list": [{"name": "Nginx", "category": "Web server"}],
    },
    "funding": {
        "total_funding": 2500000,
        "latest_funding_stage": "Seed",
        "latest_funding_date": "2024-05-01",
        "funding_events": [{"type": "Seed", "amount": 2500000}],
    },
    "job_postings": {"active_count": 1, "jobs": [{"title": "Data Engineer"}]},
    "keywords": ["analytics"],
}
FOUND = {"error": False, "free_enrichment": False, "person": PERSON, "company": COMPANY}

PERSON_FIELDS = {
    "email": "ada@acme.example",
    "email_status": "valid",
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "job_title": "Head of Analytics",
    "headline": "Analytics lead",
    "seniority": "Head",
    "departments": ["Data"],
    "linkedin_url": "https://www.linkedin.com/in/ada-byron-x",
    "location": "Leeds, England, United Kingdom",
    "location_city": "Leeds",
    "location_state": "England",
    "location_country": "United Kingdom",
    "location_country_code": "GB",
    "company": "Acme",
    "company_domain": "acme.example",
    "skills": ["sql"],
    "job_history": PERSON["job_history"],
    "provider_ids": {"prospeo_person_id": "p_001"},
}
COMPANY_FIELDS = {
    "name": "Acme",
    "domain": "acme.example",
    "website": "https://acme.example",
    "industry": "Software",
    "company_keywords": ["analytics"],
    "naics_codes": ["511210"],
    "headcount": "120",
    "description": "Sums for everybody.",
    "company_type": "Private",
    "year_founded": "2009",
    "revenue": "$10M-$25M",
    "location": "Leeds, United Kingdom",
    "hq_address": "1 Mill St, Leeds",
    "hq_city": "Leeds",
    "hq_state": "England",
    "hq_country": "United Kingdom",
    "hq_country_code": "GB",
    "hq_phone": "+44 113 000 0000",
    "linkedin_url": "https://www.linkedin.com/company/acme-x",
    "social_urls": {"linkedin": "https://www.linkedin.com/company/acme-x", "twitter": "https://twitter.com/acme-x"},
    "technologies": [{"name": "Nginx", "category": "Web server"}],
    "funding_total": 2500000,
    "funding_stage_latest": "Seed",
    "funding_latest_date": "2024-05-01",
    "funding_events": [{"type": "Seed", "amount": 2500000}],
    "job_postings_active_count": 1,
    "job_posting_titles": ["Data Engineer"],
    "provider_ids": {"prospeo_company_id": "c_001"},
}


def person(number: int = 1, **fields: Any) -> Lookup:
    """Return a question about a person, by LinkedIn URL where no fields are given."""
    return Lookup("person", f"p{number}", fields or {"linkedin_url": f"https://www.linkedin.com/in/person-{number}"})


def company(**fields: Any) -> Lookup:
    """Return a question about a company, by domain where no fields are given."""
    return Lookup("company", "c1", fields or {"domain": "acme.example"})


def prospeo() -> Prospeo:
    """Return the provider, for what needs no server."""
    return Prospeo(settings_of("prospeo", "http://nowhere.example"), Http())


def read(given: Reply, lookup: Lookup) -> Answer:
    """Return what a reply about one entity comes to."""
    client = prospeo()
    return client.read(given, partial(client.parse, question=lookup))


def read_many(given: Reply, lookups: Sequence[Lookup]) -> Sequence[Answer]:
    """Return what a reply about several entities comes to."""
    client = prospeo()
    return client.read_many(given, partial(client.parse_many, questions=lookups), len(lookups))


def ask(server: CannedServer, lookup: Lookup) -> Answer:
    """Ask one question against a server on loopback."""
    return look_up(Prospeo, "prospeo", server, lookup)


def ask_many(server: CannedServer, lookups: Sequence[Lookup]) -> Sequence[Answer]:
    """Ask a bulk question against a server on loopback."""

    async def run() -> Sequence[Answer]:
        async with serving(server) as url:
            provider = Prospeo(settings_of("prospeo", url), Http())
            return await provider.lookup_many(lookups, deadline=time.monotonic() + PATIENCE_SECONDS)

    return asyncio.run(run())


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None, is_json: bool = True) -> Reply:
    """Return a reply as the client gives it."""
    return Reply(status, headers or {}, body, json.dumps(body), is_json)


def error_reply(code: str, status: int = 400, **headers: str) -> Reply:
    """Return an error in Prospeo's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply({"error": True, "error_code": code}, status, named)


# What is sent


def test_person_is_asked_with_wrapped_data_and_key_header():
    """The datapoints stand under `data`, the key in its header, and no flag that costs more is set."""
    server = CannedServer(Canned(FOUND))
    ask(server, person(linkedin_url="https://www.linkedin.com/in/ada-byron-x", email="ada@acme.example"))
    (sent,) = server.sent
    assert (sent.method, sent.path) == ("POST", "/enrich-person")
    assert sent.headers["X-KEY"] == API_KEY
    assert sent.headers["Content-Type"].startswith("application/json")
    assert sent.body == {
        "data": {"linkedin_url": "https://www.linkedin.com/in/ada-byron-x", "email": "ada@acme.example"}
    }


def test_company_is_asked_by_website_and_linkedin_page():
    """A company is asked for by its domain and its page, not by its name."""
    server = CannedServer(Canned({"error": False, "company": COMPANY}))
    ask(server, company(name="Acme", domain="acme.example", linkedin_url="https://linkedin.com/company/acme-x"))
    (sent,) = server.sent
    assert sent.path == "/enrich-company"
    assert sent.body == {
        "data": {"company_website": "acme.example", "company_linkedin_url": "https://linkedin.com/company/acme-x"}
    }


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        (
            {"linkedin_url": "https://linkedin.com/in/Ada-Byron-x"},
            {"linkedin_url": "https://linkedin.com/in/Ada-Byron-x"},
        ),
        ({"email": "A@acme.example"}, {"email": "a@acme.example"}),
        ({"provider_ids": {"prospeo_person_id": "p_001"}}, {"person_id": "p_001"}),
        (
            {"first_name": "Ada", "last_name": "Byron", "company": "Acme"},
            {"first_name": "Ada", "last_name": "Byron", "company_name": "Acme"},
        ),
        (
            {"full_name": "Ada Byron", "company_domain": "acme.example"},
            {"full_name": "Ada Byron", "company_website": "acme.example"},
        ),
    ],
)
def test_person_is_asked_with_each_sufficient_combination(fields, data):
    """Each combination that the API accepts is enough, and is sent under the API's own names."""
    server = CannedServer(Canned(FOUND))
    assert ask(server, person(**fields)).outcome_class is OutcomeClass.SUCCESS
    assert server.sent[0].body["data"] == data


@pytest.mark.parametrize(
    "lookup",
    [
        person(first_name="Ada", last_name="Byron"),
        person(first_name="Ada", company="Acme"),
        person(company="Acme", company_domain="acme.example"),
        person(email="a***@acme.example"),
        person(full_name="Ada Byron", company_domain="gmail.com"),
        person(provider_ids={"aiark_person_id": "a1"}),
        company(name="Acme"),
        company(website="https://www.linkedin.com/company/acme-x"),
        company(domain="Acme Ltd."),
    ],
)
def test_lookup_is_skipped_without_a_sufficient_combination(lookup):
    """Nothing is sent for an entity that cannot be identified."""
    server = CannedServer()
    answer = ask(server, lookup)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, 0)
    assert answer.error == prospeo().why_insufficient(lookup)
    assert server.sent == []


def test_worst_price_is_one_match():
    """A match costs a credit of the plan, for people and companies alike."""
    assert prospeo().worst_price_micros(person()) == prospeo().worst_price_micros(company()) == PRICE_MICROS


def test_provider_is_unusable_without_key():
    """The reason names the setting that is missing."""
    assert "PROSPEO_API_KEY" in (Prospeo(DEFAULTS["prospeo"], Http()).why_unusable() or "")


# What is read


@pytest.mark.parametrize(
    ("lookup", "fields"),
    [(person(linkedin_url=PERSON["linkedin_url"]), PERSON_FIELDS), (company(), COMPANY_FIELDS)],
)
def test_answer_maps_every_field_from_a_full_record(lookup, fields):
    """Each field is read from its path, a person's record fills person's fields only, and all fit the columns."""
    server = CannedServer(Canned(FOUND))
    answer = ask(server, lookup)
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (OutcomeClass.SUCCESS, 39_000, True)
    assert answer.fields == fields
    assert answer.raw == FOUND
    checked(answer, RAW_FIELDS[lookup.entity_type])


def test_answer_costs_nothing_for_a_repeat():
    """A repeat is free, and says so."""
    answer = read(reply({**FOUND, "free_enrichment": True}), person())
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, 0)


@pytest.mark.parametrize(
    "address",
    [
        {"status": "VERIFIED", "revealed": False, "email": "a**@acme.example"},
        {"status": "VERIFIED", "revealed": False, "email": "ada@acme.example"},
        {"status": "VERIFIED", "revealed": True, "email": "a**@acme.example"},
        {"status": "UNAVAILABLE", "revealed": True, "email": "ada@acme.example"},
        None,
    ],
)
def test_masked_address_is_left_out_and_the_rest_is_a_success(address):
    """Neither a masked address nor its status is stored; the other fields are."""
    answer = read(reply({**FOUND, "person": {**PERSON, "email": address}}), person())
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == {
        name: value for name, value in PERSON_FIELDS.items() if name not in {"email", "email_status"}
    }


def test_match_is_not_found_where_it_has_only_a_masked_address():
    """A match of which nothing can be stored is a miss, and yet a match that is charged."""
    body = {"error": False, "person": {"email": {"status": "VERIFIED", "revealed": False, "email": "a**@acme.example"}}}
    answer = read(reply(body), person())
    assert (answer.outcome_class, answer.cost_micros, answer.fields) == (OutcomeClass.NOT_FOUND, PRICE_MICROS, {})


def test_unverified_address_is_stored_as_unknown():
    """An address that Prospeo could not verify keeps that it is unverified."""
    address = {"status": "UNVERIFIED", "revealed": True, "email": "ada@acme.example"}
    answer = read(reply({**FOUND, "person": {**PERSON, "email": address}}), person())
    assert (answer.fields["email"], answer.fields["email_status"]) == ("ada@acme.example", "unknown")


def test_mobile_is_stored_only_where_it_is_revealed():
    """A number that Prospeo gives away is taken; none is ever asked for."""
    mobile = {"status": "VERIFIED", "revealed": True, "mobile": "+44 7700 900000"}
    answer = read(reply({**FOUND, "person": {**PERSON, "mobile": mobile}}), person())
    assert answer.fields["mobile_phone"] == "+44 7700 900000"
    masked = {**mobile, "mobile": "+44 7700 ******"}
    answer = read(reply({**FOUND, "person": {**PERSON, "mobile": masked}}), person())
    assert "mobile_phone" not in answer.fields


@pytest.mark.parametrize(
    ("funding", "fields"),
    [
        (
            {"total": 5, "latest": {"stage": "Series A", "date": "2025-01-02"}, "rounds": [{"x": 1}]},
            {
                "funding_total": 5,
                "funding_stage_latest": "Series A",
                "funding_latest_date": "2025-01-02",
                "funding_events": [{"x": 1}],
            },
        ),
        ({"funding_total": 5, "last_round": "Seed"}, {"funding_total": 5, "funding_stage_latest": "Seed"}),
        (None, {}),
        ("none", {}),
    ],
)
def test_funding_is_read_in_every_spelling(funding, fields):
    """The funding's spellings differ, and none is needed."""
    answer = read(reply({"error": False, "company": {**COMPANY, "funding": funding}}), company())
    assert {name: value for name, value in answer.fields.items() if name.startswith("funding_")} == fields


@pytest.mark.parametrize("body", [{"error": False}, {"error": False, "person": None, "company": None}])
def test_answer_is_not_found_without_person_and_company(body):
    """An empty match is an answer that costs nothing."""
    answer = read(reply(body), person())
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.NOT_FOUND, 0)


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (error_reply("NO_MATCH"), OutcomeClass.NOT_FOUND),
        (error_reply("NO_RESULTS"), OutcomeClass.NOT_FOUND),
        (error_reply("NO_MATCH", 200), OutcomeClass.NOT_FOUND),
        (error_reply("INSUFFICIENT_CREDITS"), OutcomeClass.CREDITS_EXHAUSTED),
        (error_reply("INSUFFICIENT_CREDITS", 429), OutcomeClass.CREDITS_EXHAUSTED),
        (reply(None, 402, is_json=False), OutcomeClass.CREDITS_EXHAUSTED),
        (error_reply("INVALID_API_KEY"), OutcomeClass.AUTH_FAILED),
        (error_reply("INVALID_API_KEY", 401), OutcomeClass.AUTH_FAILED),
        (reply({}, 401), OutcomeClass.AUTH_FAILED),
        (reply({}, 403), OutcomeClass.AUTH_FAILED),
        (error_reply("INVALID_REQUEST"), OutcomeClass.INVALID_REQUEST),
        (error_reply("INVALID_DATAPOINTS"), OutcomeClass.INVALID_REQUEST),
        (error_reply("INVALID_FILTERS"), OutcomeClass.INVALID_REQUEST),
        (error_reply("SOMETHING_NEW"), OutcomeClass.INVALID_REQUEST),
        (reply({}, 404), OutcomeClass.INVALID_REQUEST),
        (error_reply("INTERNAL_ERROR"), OutcomeClass.TRANSIENT),
        (error_reply("INTERNAL_ERROR", 500), OutcomeClass.TRANSIENT),
        (error_reply("SOMETHING_NEW", 200), OutcomeClass.TRANSIENT),
        (reply({}, 503), OutcomeClass.TRANSIENT),
        (reply(None, 301, is_json=False), OutcomeClass.TRANSIENT),
        (error_reply("RATE_LIMITED", 429), OutcomeClass.RATE_LIMITED),
        (reply(None, 429, is_json=False), OutcomeClass.RATE_LIMITED),
    ],
)
def test_error_is_classified_by_its_code_before_its_status(given, outcome):
    """Nearly every error has status 400, so the code in the body decides, and the status where there is none."""
    answer = read(given, person())
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (outcome, 0, True)
    assert answer.error and not answer.fields


@pytest.mark.parametrize(
    "given",
    [
        reply(None, is_json=False),
        reply([FOUND]),
        reply({"error": False, "person": {"unknown": 1}}),
        reply({"error": False, "person": "Ada"}),
        reply(None, 502, is_json=False),
    ],
)
def test_unreadable_answer_is_transient_at_unknown_cost(given):
    """An answer that cannot be read may have been charged."""
    answer = read(given, person())
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_daily_request_left": "0", "x_daily_reset_seconds": "3600", "x_minute_reset_seconds": "12"}, 3600),
        ({"x_daily_request_left": "7", "x_daily_reset_seconds": "3600", "x_minute_reset_seconds": "12"}, 12),
        ({"x_daily_request_left": "0", "x_minute_reset_seconds": "12"}, 12),
        ({"x_minute_reset_seconds": "soon"}, 1),
        ({"x_minute_reset_seconds": "0"}, 1),
        ({"retry_after": "30"}, 30),
        ({}, 1),
    ],
)
def test_rate_limit_waits_for_the_limit_that_was_met(headers, seconds):
    """Prospeo's headers say when the day's and the minute's limits are reset."""
    answer = read(error_reply("RATE_LIMITED", 429, **headers), person())
    assert answer.retry_after_seconds == seconds


def test_unknown_code_is_not_repeated_in_the_error():
    """The error is a sentence of ours; what a stranger wrote stays out of it."""
    answer = read(error_reply("no match for ada@acme.example"), person())
    assert answer.error == "Prospeo answered 400."


def test_lookup_is_transient_at_unknown_cost_for_a_page_of_html():
    """HTML with status 200, over a real connection, may be a charged answer that was lost."""
    answer = ask(CannedServer(Canned(text="<html>hello</html>")), person())
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


def test_lookup_is_transient_at_known_cost_where_no_connection_is_made():
    """A question that never left cannot have been charged."""
    provider = Prospeo(settings_of("prospeo", "http://127.0.0.1:1"), Http())
    for answers in (
        [asyncio.run(provider.lookup(person(), deadline=time.monotonic() + PATIENCE_SECONDS))],
        asyncio.run(provider.lookup_many([person(1), person(2)], deadline=time.monotonic() + PATIENCE_SECONDS)),
    ):
        assert {(answer.outcome_class, answer.is_cost_known) for answer in answers} == {(OutcomeClass.TRANSIENT, True)}


# Bulk


def row(identifier: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a matched row with a person of that name."""
    return {"identifier": identifier, "person": {"full_name": name}, "company": None, **more}


def test_bulk_is_asked_with_positions_as_identifiers():
    """Each entity carries its position among those that are asked, under the same wrapper."""
    server = CannedServer(Canned({"error": False, "matched": [], "not_matched": ["0", "1"]}))
    ask_many(server, [person(1), Lookup("person", "nobody", {}), person(2)])
    (sent,) = server.sent
    assert sent.path == "/bulk-enrich-person"
    assert sent.headers["X-KEY"] == API_KEY
    assert sent.body == {
        "data": [
            {"identifier": "0", "linkedin_url": "https://www.linkedin.com/in/person-1"},
            {"identifier": "1", "linkedin_url": "https://www.linkedin.com/in/person-2"},
        ]
    }


def test_bulk_answers_are_joined_by_identifier_alone():
    """Matched, not matched, refused, left out and not asked: each entity gets its own answer, whatever the order."""
    first = row("0", "Ada Byron")
    third = row("2", "Grace Hopper")
    body = {
        "error": False,
        "total_cost": 2,
        "matched": [third, first],
        "not_matched": ["1"],
        "invalid_datapoints": ["3"],
    }
    server = CannedServer(Canned(body))
    lookups = [person(number) for number in range(1, 6)]
    answers = ask_many(server, [*lookups, Lookup("person", "nobody", {})])
    assert [answer.outcome_class for answer in answers] == [
        OutcomeClass.SUCCESS,
        OutcomeClass.NOT_FOUND,
        OutcomeClass.SUCCESS,
        OutcomeClass.INVALID_REQUEST,
        OutcomeClass.TRANSIENT,
        OutcomeClass.SKIPPED_INSUFFICIENT_INPUT,
    ]
    assert [answer.fields.get("full_name") for answer in answers[:3]] == ["Ada Byron", None, "Grace Hopper"]
    assert [answer.raw for answer in answers[:4]] == [first, None, third, None]
    assert [answer.is_cost_known for answer in answers] == [True, True, True, True, False, True]
    assert [answer.cost_micros for answer in answers] == [PRICE_MICROS, 0, PRICE_MICROS, 0, 0, 0]


def test_bulk_asks_companies_at_their_own_address():
    """Companies have a bulk call of their own, and rows without a person."""
    body = {"error": False, "total_cost": 1, "matched": [{"identifier": "0", "company": COMPANY}]}
    server = CannedServer(Canned(body))
    (answer,) = ask_many(server, [company()])
    assert server.sent[0].path == "/bulk-enrich-company"
    assert server.sent[0].body == {"data": [{"identifier": "0", "company_website": "acme.example"}]}
    assert (answer.fields, answer.cost_micros) == (COMPANY_FIELDS, PRICE_MICROS)


@pytest.mark.parametrize(
    ("total", "flags", "costs"),
    [
        (3, (None, None, None), [39_000, 39_000, 39_000]),
        (None, (None, True, False), [39_000, 0, 39_000]),
        ("many", (None, None, None), [39_000, 39_000, 39_000]),
        (1, (None, None, None), [13_000, 13_000, 13_000]),
        (0, (None, None, None), [0, 0, 0]),
        (1, (None, True, True), [39_000, 0, 0]),
        (4, (None, True, None), [78_000, 0, 78_000]),
        (2, (True, True, True), [26_000, 26_000, 26_000]),
        (31, (None, None, None), [39_000, 39_000, 39_000]),
    ],
)
def test_bulk_costs_add_up_to_the_stated_total(total, flags, costs):
    """The stated total is the truth; the rows that are not free share it, and an absurd total is no price."""
    rows = [row(str(place), "Ada", free_enrichment=flag) for place, flag in enumerate(flags)]
    body = {"error": False, "total_cost": total, "matched": rows}
    answers = read_many(reply(body), [person(number) for number in range(3)])
    assert [answer.cost_micros for answer in answers] == costs


def test_bulk_rest_of_a_share_stays_in_the_sum():
    """A total that does not divide evenly loses nothing."""
    rows = [row(str(place), "Ada") for place in range(7)]
    body = {"error": False, "total_cost": 1, "matched": rows}
    answers = read_many(reply(body), [person(number) for number in range(7)])
    assert sum(answer.cost_micros for answer in answers) == PRICE_MICROS


def test_bulk_stated_total_is_booked_where_nobody_matched():
    """Even a total without a match is booked, on all of them."""
    body = {"error": False, "total_cost": 1, "matched": [], "not_matched": ["0", "1"]}
    answers = read_many(reply(body), [person(1), person(2)])
    assert [answer.cost_micros for answer in answers] == [19_500, 19_500]


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (error_reply("INSUFFICIENT_CREDITS"), OutcomeClass.CREDITS_EXHAUSTED),
        (error_reply("INVALID_API_KEY"), OutcomeClass.AUTH_FAILED),
        (error_reply("RATE_LIMITED", 429, x_minute_reset_seconds="9"), OutcomeClass.RATE_LIMITED),
        (error_reply("INTERNAL_ERROR", 500), OutcomeClass.TRANSIENT),
        (reply(None, is_json=False), OutcomeClass.TRANSIENT),
    ],
)
def test_bulk_answers_carry_one_class_where_the_call_failed(given, outcome):
    """A call that failed as a whole failed for each of its entities, in the same way."""
    answers = read_many(given, [person(1), person(2)])
    assert [answer.outcome_class for answer in answers] == [outcome, outcome]
    assert {answer.retry_after_seconds for answer in answers} == {9 if outcome is OutcomeClass.RATE_LIMITED else None}
    assert {(answer.cost_micros, answer.raw) for answer in answers} == {(0, None)}


def test_bulk_sends_nothing_where_nobody_can_be_asked():
    """Entities that lack input are answered without a call."""
    server = CannedServer()
    (answer,) = ask_many(server, [Lookup("person", "nobody", {})])
    assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
    assert server.sent == []
