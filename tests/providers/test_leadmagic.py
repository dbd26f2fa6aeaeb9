"""LeadMagic: what is sent, what each reply comes to, which fields are read, and what it costs."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from app.entities.fields import FIELDS
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import Reply
from app.providers.leadmagic import LeadMagic, LeadMagicVerifier
from app.providers.settings import ProviderSettings
from tests.patience import CUT_OFF_SECONDS
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, settings_of

SETTINGS = settings_of("leadmagic", "http://127.0.0.1")


def read_finder(given: Reply, settings: ProviderSettings) -> Answer:
    """Return what the e-mail finder's reply comes to."""
    client = LeadMagic(settings, Http())
    return client.read(given, client.parse_finder)


def read_profile(given: Reply, settings: ProviderSettings) -> Answer:
    """Return what the profile search's reply comes to."""
    client = LeadMagic(settings, Http())
    return client.read(given, client.parse_profile)


def read_company(given: Reply, settings: ProviderSettings, asked_domain: str | None = None) -> Answer:
    """Return what the company search's reply comes to."""
    client = LeadMagic(settings, Http())
    return client.read(given, partial(client.parse_company, asked_domain=asked_domain))


def read_verdict(given: Reply, settings: ProviderSettings) -> Answer:
    """Return what the validation's reply comes to."""
    client = LeadMagicVerifier(settings, Http())
    return client.read(given, client.parse_verdict)


CREDIT = SETTINGS.price_micros("finder")
READERS = [read_finder, read_profile, read_company, read_verdict]

ADA = {"first_name": "Ada", "last_name": "Byron", "company_domain": "acme.example"}
ADA_PAGE = {"linkedin_url": "https://www.linkedin.com/in/ada-byron-x"}
FOUND = {
    "email": "Ada@Acme.example",
    "status": "valid",
    "credits_consumed": 1,
    "message": "Valid email found.",
    "first_name": "Ada",
    "last_name": "Byron",
    "domain": "acme.example",
    "is_domain_catch_all": False,
    "company_name": "Acme",
    "company_location": {"name": "Leeds", "country": "united kingdom"},
}
MISSED = {**FOUND, "email": None, "status": None, "credits_consumed": 0, "message": "Not found."}
PROFILE = {
    "credits_consumed": 1,
    "profile_url": "https://www.linkedin.com/in/ada-byron-x",
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "professional_title": "Head of Analytics",
    "headline": "Numbers",
    "bio": "Counts things.",
    "company_name": "Acme",
    "company_website": "https://www.acme.example/about",
    "location": "Leeds, England",
    "country": "United Kingdom",
    "work_experience": [{"company": "Acme"}],
    "education": [{"school": "Leeds"}],
}


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body, or with a page where the body is text."""
    if isinstance(body, str):
        return Reply(status, headers or {}, None, body, is_json=False)
    return Reply(status, headers or {}, body, json.dumps(body), is_json=True)


def person(**fields: Any) -> Lookup:
    """A question about a person."""
    return Lookup("person", "per_1", fields)


def company(**fields: Any) -> Lookup:
    """A question about a company."""
    return Lookup("company", "com_1", fields)


def leadmagic(settings: ProviderSettings = SETTINGS) -> LeadMagic:
    """The provider as it is made for a process."""
    return LeadMagic(settings, Http())


def verifier(settings: ProviderSettings = SETTINGS) -> LeadMagicVerifier:
    """The verifier as it is made for a process."""
    return LeadMagicVerifier(settings, Http())


def ask(server: Any, lookup: Lookup, **changes: Any) -> Answer:
    """Ask the provider one question against a server."""
    return look_up(LeadMagic, "leadmagic", server, lookup, **changes)


# What is sent


@pytest.mark.parametrize(
    ("lookup", "path", "body"),
    [
        (
            person(**ADA, full_name="Ada K. Byron", company="Acme", **ADA_PAGE),
            "/v1/people/email-finder",
            {"first_name": "Ada", "last_name": "Byron", "domain": "acme.example"},
        ),
        (
            person(first_name="Ada", full_name="Ada Byron", company="Acme"),
            "/v1/people/email-finder",
            {"full_name": "Ada Byron", "company_name": "Acme"},
        ),
        (
            person(full_name="Ada Byron", company_domain="HTTPS://www.Acme.example/x", company="Acme"),
            "/v1/people/email-finder",
            {"full_name": "Ada Byron", "domain": "acme.example"},
        ),
        (
            # The mailbox of everybody is nobody's company.
            person(full_name="Ada Byron", company_domain="gmail.com", company="Acme"),
            "/v1/people/email-finder",
            {"full_name": "Ada Byron", "company_name": "Acme"},
        ),
        (
            person(**ADA_PAGE, first_name="Ada", company="Acme"),
            "/v1/people/profile-search",
            {"profile_url": "https://www.linkedin.com/in/ada-byron-x"},
        ),
        (
            company(domain="WWW.Acme.example", website="https://other.example", linkedin_url="x", name="Acme"),
            "/v1/companies/company-search",
            {"company_domain": "acme.example"},
        ),
        (
            company(website="https://acme.example/about"),
            "/v1/companies/company-search",
            {"company_domain": "acme.example"},
        ),
        (
            company(domain="linkedin.com", linkedin_url="linkedin.com/company/acme-x", name="Acme"),
            "/v1/companies/company-search",
            {"profile_url": "linkedin.com/company/acme-x"},
        ),
    ],
)
def test_question_is_the_closest_one_for_what_is_known(lookup: Lookup, path: str, body: dict[str, str]) -> None:
    """Each combination of fields goes to one call, with the key in its header and no more data than is needed."""
    server = CannedServer(Canned({"message": "Not found.", "credits_consumed": 0}))
    ask(server, lookup)
    [sent] = server.sent
    assert (sent.method, sent.path, sent.body) == ("POST", path, body)
    assert sent.headers["X-API-Key"] == API_KEY
    assert not sent.query


@pytest.mark.parametrize(
    "lookup",
    [
        person(),
        person(first_name="Ada", last_name="Byron"),
        person(first_name="Ada", company="Acme"),
        person(full_name="n/a", company_domain="acme.example"),
        person(full_name="Ada Byron", company_domain="gmail.com"),
        person(linkedin_url="https://www.linkedin.com/company/acme-x"),
        person(linkedin_url="https://www.linkedin.com/sales/lead/AC1"),
        company(name="Acme"),
        company(domain="localhost", name="Acme"),
        company(linkedin_url="https://www.linkedin.com/in/ada-byron-x"),
    ],
)
def test_lookup_is_skipped_without_a_call_where_input_is_missing(lookup: Lookup) -> None:
    """What cannot be asked is said so before it is asked, and costs nothing."""
    server = CannedServer()
    answer = ask(server, lookup)
    assert server.sent == []
    assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
    assert answer.error == leadmagic().why_insufficient(lookup)
    assert answer.cost_micros == 0


def test_inputs_are_the_fields_that_questions_are_made_of() -> None:
    """Every field that a question is made of is named, and is a field of the entity."""
    assert leadmagic().inputs["person"] == {*ADA, *ADA_PAGE, "full_name", "company"}
    assert leadmagic().inputs["company"] == {"domain", "website", "linkedin_url"}
    assert all(leadmagic().inputs[kind] <= FIELDS[kind].keys() for kind in ("person", "company"))
    assert verifier().inputs == {"person": {"email"}}


def test_key_is_needed_by_both_and_is_the_same() -> None:
    """Without a key both say which variable to set."""
    settings = settings_of("leadmagic", "http://127.0.0.1", api_key=None)
    for made in (leadmagic(settings), verifier(settings)):
        assert made.why_unusable() == f"Provider {made.name} has no key; set LEADMAGIC_API_KEY."
    assert leadmagic().why_unusable() is None
    assert (leadmagic().capabilities.repeat_is_free, verifier().capabilities.repeat_is_free) == (False, False)


# What replies come to


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reply({"error": "x", "message": "y"}, 404), OutcomeClass.NOT_FOUND),
        (reply("<html>Cannot POST</html>", 404), OutcomeClass.INVALID_REQUEST),
        (reply("", 404), OutcomeClass.INVALID_REQUEST),
        (reply({"error": "slow"}, 429), OutcomeClass.RATE_LIMITED),
        (reply("", 429), OutcomeClass.RATE_LIMITED),
        (reply({"error": "pay"}, 402), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"error": "key"}, 401), OutcomeClass.AUTH_FAILED),
        (reply("", 403), OutcomeClass.AUTH_FAILED),
        (reply({"success": False, "errors": [{"code": "INVALID_DOMAIN"}]}, 400), OutcomeClass.INVALID_REQUEST),
        (reply({"error": "bad"}, 422), OutcomeClass.INVALID_REQUEST),
        (reply("", 301), OutcomeClass.INVALID_REQUEST),
        (reply({"error": "us"}, 500), OutcomeClass.TRANSIENT),
        (reply("<html>", 502), OutcomeClass.TRANSIENT),
        (reply("", 503), OutcomeClass.TRANSIENT),
        (reply("<html>", 200), OutcomeClass.TRANSIENT),
        (reply("", 204), OutcomeClass.TRANSIENT),
        (reply([FOUND], 200), OutcomeClass.TRANSIENT),
        (reply("valid", 200), OutcomeClass.TRANSIENT),
        (reply(None, 200), OutcomeClass.TRANSIENT),
        (reply({"success": False, "errors": [{"code": "OOPS"}]}, 200), OutcomeClass.TRANSIENT),
        (reply({"error": "oops"}, 200), OutcomeClass.TRANSIENT),
    ],
)
def test_failure_has_one_class_whatever_was_asked(read: Any, given: Reply, expected: OutcomeClass) -> None:
    """What is no result is classified by status and form alone, delivers nothing and keeps what came."""
    answer = read(given, SETTINGS)
    assert answer.outcome_class is expected
    assert answer.fields == {}
    assert answer.raw == (given.body if given.is_json else given.text)
    assert answer.error.startswith("LeadMagic ")
    assert f"status {given.status}" in answer.error


@pytest.mark.parametrize(
    ("given", "is_known"),
    [
        (reply("<html>", 200), False),
        (reply([], 200), False),
        (reply({"error": "oops", "credits_consumed": 0}, 200), True),
        (reply("<html>", 502), False),
        (reply({"error": "us"}, 500), True),
        (reply("", 404), True),
        (reply({"error": "slow"}, 429), True),
    ],
)
def test_cost_is_unknown_where_nobody_says_whether_it_was_charged(given: Reply, is_known: bool) -> None:
    """A result that cannot be read, or a gateway's page, may stand for a charged call; a refusal does not."""
    assert read_finder(given, SETTINGS).is_cost_known is is_known


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7", "ratelimit-reset": "30"}, 7.0),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": "31"}, 31.0),
        ({"ratelimit-reset": "1795000000"}, None),
        ({"ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_wait_is_read_from_the_headers_when_rate_limited(headers: dict[str, str], seconds: float | None) -> None:
    """`Retry-After` counts first, then the reset, unless it is an instant or no number."""
    assert read_finder(reply({}, 429, headers), SETTINGS).retry_after_seconds == seconds


def test_wait_is_not_read_from_other_replies() -> None:
    """The headers about limits come with every reply, and only count with a 429."""
    assert read_finder(reply(MISSED, 200, {"ratelimit-reset": "30"}), SETTINGS).retry_after_seconds is None
    assert read_finder(reply({}, 500, {"retry-after": "30"}), SETTINGS).retry_after_seconds is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INVALID_DOMAIN", "LeadMagic refuses the request (status 400, INVALID_DOMAIN)."),
        ("ada@acme.example is refused", "LeadMagic refuses the request (status 400)."),
        ("X" * 41, "LeadMagic refuses the request (status 400)."),
        (None, "LeadMagic refuses the request (status 400)."),
    ],
)
def test_error_names_the_code_and_nothing_else_of_the_body(code: Any, error: str) -> None:
    """Texts of the vendor may hold personal data, so only a short code in capitals is repeated."""
    body = {"success": False, "errors": [{"type": "t", "title": "ada@acme.example", "status": 400, "code": code}]}
    assert read_finder(reply(body, 400), SETTINGS).error == error


# The finder


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("valid", {"email": "ada@acme.example", "email_status": "valid"}),
        ("VALID", {"email": "ada@acme.example", "email_status": "valid"}),
        ("valid_catch_all", {"email": "ada@acme.example", "email_status": "catch_all"}),
        ("catch_all", {"email": "ada@acme.example", "email_status": "catch_all"}),
        ("unknown", {"email": "ada@acme.example", "email_status": "unknown"}),
        ("brand_new", {"email": "ada@acme.example"}),
        (None, {"email": "ada@acme.example"}),
        (200, {"email": "ada@acme.example"}),
    ],
)
def test_found_address_is_delivered_with_its_status(status: Any, expected: dict[str, str]) -> None:
    """Every status of an address that may arrive is kept; policy decides later."""
    answer = read_finder(reply({**FOUND, "status": status}), SETTINGS)
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert {key: value for key, value in answer.fields.items() if key.startswith("email")} == expected


@pytest.mark.parametrize(
    "body",
    [
        MISSED,
        {**FOUND, "status": "invalid"},
        {**FOUND, "status": "not_found"},
        {**MISSED, "email": ""},
        {**MISSED, "email": "a***@acme.example"},
        {"message": "Not found.", "credits_consumed": 0},
        {},
    ],
)
def test_finder_has_not_found_anything_without_a_usable_address(body: dict[str, Any]) -> None:
    """Names and company facts beside an empty address are echoes, and no find."""
    answer = read_finder(reply(body), SETTINGS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.NOT_FOUND, {})
    assert answer.raw == body
    assert answer.error == "LeadMagic has nothing."


@pytest.mark.parametrize(
    ("consumed", "cost_micros"),
    [
        ({"credits_consumed": 1}, CREDIT),
        ({"creditsConsumed": 1.0}, CREDIT),
        ({"credits_consumed": "1"}, CREDIT),
        ({"credits_consumed": 0}, 0),
        ({"credits_consumed": 0.25}, CREDIT // 4),
        ({"credits_consumed": "0.05"}, CREDIT // 20),
        ({"credits_consumed": 2}, 2 * CREDIT),
        ({"credits_consumed": None}, CREDIT),
        ({"credits_consumed": "one"}, CREDIT),
        ({"credits_consumed": True}, CREDIT),
        ({"credits_consumed": -1}, CREDIT),
        ({"credits_consumed": "NaN"}, CREDIT),
        ({"credits_consumed": 1e300}, CREDIT),
        ({}, CREDIT),
    ],
)
def test_cost_is_what_the_body_says_was_consumed(consumed: dict[str, Any], cost_micros: int) -> None:
    """`credits_consumed` is the truth in any form of number; without one, a found address costs its price."""
    body = {key: value for key, value in FOUND.items() if key != "credits_consumed"}
    assert read_finder(reply(body | consumed), SETTINGS).cost_micros == cost_micros


@pytest.mark.parametrize(
    ("body", "cost_micros"),
    [
        (MISSED, 0),
        ({"email": None}, 0),
        ({**FOUND, "status": "invalid"}, CREDIT),
        ({"email": "ada@acme.example", "status": "invalid"}, CREDIT),
        ({"email": None, "credits_consumed": 1}, CREDIT),
    ],
)
def test_miss_costs_what_was_charged_for_it(body: dict[str, Any], cost_micros: int) -> None:
    """A miss is free unless the body says otherwise, or gave an address that is of no use."""
    assert read_finder(reply(body), SETTINGS).cost_micros == cost_micros


def test_prices_are_those_of_the_settings() -> None:
    """Another plan's price of a credit counts wherever an amount is named."""
    settings = settings_of("leadmagic", "http://127.0.0.1", usd_per_credit=Decimal("0.02"))
    assert read_finder(reply(FOUND), settings).cost_micros == 20_000
    assert leadmagic(settings).worst_price_micros(person(**ADA)) == 20_000


# Fields


PERSON_FIELDS = {
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "job_title": "Head of Analytics",
    "headline": "Numbers",
    "linkedin_url": "https://www.linkedin.com/in/ada-byron-x",
    "location": "Leeds, England",
    "location_country": "United Kingdom",
    "company": "Acme",
    "company_domain": "acme.example",
    "profile_summary": "Counts things.",
    "job_history": [{"company": "Acme"}],
    "education": [{"school": "Leeds"}],
}


def camel_case(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same body in the other spelling, at every depth but in lists."""

    def spelled(name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    return {spelled(name): camel_case(value) if isinstance(value, Mapping) else value for name, value in body.items()}


@pytest.mark.parametrize("body", [PROFILE, camel_case(PROFILE)], ids=["snake_case", "camelCase"])
def test_profile_fills_every_field_in_either_spelling(body: dict[str, Any]) -> None:
    """Each field of a person comes from its place in a profile."""
    answer = read_profile(reply(body), SETTINGS)
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == PERSON_FIELDS
    assert (answer.cost_micros, answer.raw) == (CREDIT, body)


def test_profile_is_read_under_its_other_names() -> None:
    """The vendor's pages name some fields in two ways."""
    other_names = {"bio": "about", "work_experience": "experiences", "education": "educations"}
    body = {other_names.get(name, name): value for name, value in PROFILE.items()}
    assert read_profile(reply(body), SETTINGS).fields == PERSON_FIELDS
    blank = {**body, "bio": "", "workExperience": [], "education": []}
    assert read_profile(reply(blank), SETTINGS).fields == PERSON_FIELDS


@pytest.mark.parametrize(
    "body",
    [
        {"credits_consumed": 0, "message": "Profile not found"},
        {"profile_url": PROFILE["profile_url"], "credits_consumed": 0},
        {**dict.fromkeys(PROFILE), "credits_consumed": 0},
        {**PROFILE, "status": "not_found", "credits_consumed": 0},
        {},
    ],
)
def test_profile_is_not_found_where_only_the_question_comes_back(body: dict[str, Any]) -> None:
    """The profile's URL was the question, so alone it is no find; a miss is free."""
    answer = read_profile(reply(body), SETTINGS)
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, 0)


@pytest.mark.parametrize("body", [FOUND, camel_case(FOUND)], ids=["snake_case", "camelCase"])
def test_finder_fills_what_it_knows_of_the_person(body: dict[str, Any]) -> None:
    """Beside the address the finder gives names and the employer; the company's place is not the person's."""
    assert read_finder(reply(body), SETTINGS).fields == {
        "email": "ada@acme.example",
        "email_status": "valid",
        "first_name": "Ada",
        "last_name": "Byron",
        "company": "Acme",
        "company_domain": "acme.example",
    }


def test_person_is_read_under_the_names_of_related_calls() -> None:
    """Addresses, their status and mobile numbers are read where the other calls about people put them."""
    body = {"work_email": "ada@acme.example", "email_status": "catch_all", "mobile_number": "+441130000000"}
    assert read_finder(reply(body), SETTINGS).fields == {
        "email": "ada@acme.example",
        "email_status": "catch_all",
        "mobile_phone": "+441130000000",
    }


@pytest.mark.parametrize("page", ["ada-byron-x", "in/ada-byron-x", "https://acme.example/ada", "", 7, None])
def test_profile_url_is_left_out_where_it_is_no_linkedin_page(page: Any) -> None:
    """A slug or another site's page is not a person's LinkedIn URL."""
    assert "linkedin_url" not in read_profile(reply({**PROFILE, "profile_url": page}), SETTINGS).fields


CURRENT_COMPANY = {
    "companyName": "Acme",
    "companyId": 77,
    "industry": "Software",
    "employeeCount": 120,
    "employeeRange": "51-200",
    "founded": 2009,
    "headquarters": {"city": "Leeds", "state": "England", "country": "United Kingdom"},
    "b2b_profile_url": "https://www.linkedin.com/company/acme-x",
    "credits_consumed": 1,
}
CURRENT_FIELDS = {
    "name": "Acme",
    "domain": "acme.example",
    "industry": "Software",
    "headcount": "120",
    "year_founded": "2009",
    "location": "Leeds, England, United Kingdom",
    "hq_city": "Leeds",
    "hq_state": "England",
    "hq_country": "United Kingdom",
    "linkedin_url": "https://www.linkedin.com/company/acme-x",
    "provider_ids": {"leadmagic_company_id": "77"},
}
OLDER_COMPANY = {
    "company_name": "Acme",
    "industry": "Software",
    "employee_count": "120",
    "employee_count_range": {"start": 51, "end": 200},
    "description": "",
    "tagline": "We count.",
    "website_url": "https://www.acme.example/",
    "founded_on": {"year": 2009},
    "url": "linkedin.com/company/acme-x",
    "locations": [{"city": "Leeds", "state": "England", "country": "GB"}, {"city": "York"}],
    "specialities": ["Counting", " ", "Sums"],
    "company_type": "private",
    "company_linkedin_url": "linkedin.com/company/acme-x",
    "company_facebook_url": "facebook.com/acme",
    "company_twitter_url": "twitter.com/acme",
    "company_location": {"postal_code": "LS1"},
}
OLDER_FIELDS = {
    "name": "Acme",
    "domain": "acme.example",
    "website": "https://www.acme.example/",
    "industry": "Software",
    "company_keywords": ["Counting", "Sums"],
    "headcount": "120",
    "description": "We count.",
    "company_type": "private",
    "year_founded": "2009",
    "linkedin_url": "linkedin.com/company/acme-x",
    "location": "Leeds, England, GB",
    "hq_city": "Leeds",
    "hq_state": "England",
    "hq_country": "GB",
    "hq_postal_code": "LS1",
    "office_locations": OLDER_COMPANY["locations"],
    "social_urls": {
        "linkedin": "linkedin.com/company/acme-x",
        "facebook": "facebook.com/acme",
        "twitter": "twitter.com/acme",
    },
}


@pytest.mark.parametrize(
    ("body", "asked_domain", "fields"),
    [
        (CURRENT_COMPANY, "acme.example", CURRENT_FIELDS),
        (OLDER_COMPANY, None, OLDER_FIELDS),
        (camel_case(OLDER_COMPANY), None, OLDER_FIELDS),
        ({"companyName": "", "foundedOn": None, **OLDER_COMPANY}, None, OLDER_FIELDS),
        ({**OLDER_COMPANY, "website_url": None}, "acme.example", {**OLDER_FIELDS, "website": None}),
        (OLDER_COMPANY, "acme-group.example", {**OLDER_FIELDS, "domain": "acme-group.example"}),
    ],
    ids=["current", "older", "older in camelCase", "both spellings", "no website", "another website"],
)
def test_company_fills_every_field_in_either_form(
    body: dict[str, Any], asked_domain: str | None, fields: dict[str, Any]
) -> None:
    """Each field of a company comes from its place in the current and in the older body."""
    answer = read_company(reply(body), SETTINGS, asked_domain)
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == {name: value for name, value in fields.items() if value is not None}
    assert answer.cost_micros == CREDIT


@pytest.mark.parametrize(
    ("body", "headcount"),
    [
        ({"employeeRange": "51-200"}, "51-200"),
        ({"employeeCount": None, "employee_count_range": {"start": 51, "end": 200}}, "51-200"),
        ({"employeeCountRange": {"start": 10001, "end": None}}, "10001+"),
        ({"employee_count_range": {"start": None, "end": 10}, "name": "x"}, None),
        ({"employeeCount": 1200.0}, "1200"),
    ],
)
def test_headcount_is_the_range_where_no_count_is_given(body: dict[str, Any], headcount: str | None) -> None:
    """The range stands in for a count that is missing."""
    assert read_company(reply({"industry": "x", **body}), SETTINGS).fields.get("headcount") == headcount


def test_headquarters_are_read_from_one_place_alone() -> None:
    """The town of one office and the country of another would make a place that does not exist."""
    body = {"headquarters": {"country": "France"}, "locations": [{"city": "Leeds", "country": "GB"}]}
    fields = read_company(reply(body), SETTINGS).fields
    assert (fields["location"], fields["hq_country"], "hq_city" in fields) == ("France", "France", False)
    body["headquarters"] = {"country": ""}
    assert read_company(reply(body), SETTINGS).fields["location"] == "Leeds, GB"


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Company not found", "credits_consumed": 0},
        {"companyName": None, "industry": "", "headquarters": {}, "locations": []},
        {},
    ],
)
def test_company_is_not_found_without_any_field_of_one(body: dict[str, Any]) -> None:
    """The domain of the question is no find."""
    answer = read_company(reply(body), SETTINGS, "acme.example")
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, 0)


ODD_VALUES: list[Any] = [None, "", " ", 0, 7, -1.5, True, [], {}, [[]], {"x": {"y": []}}, "text", ["a"]]


@pytest.mark.parametrize("name", sorted({*FOUND, *PROFILE, *CURRENT_COMPANY, *OLDER_COMPANY}))
def test_answer_can_be_stored_whatever_kind_a_value_is(name: str) -> None:
    """A value of an unexpected kind is left out, and never breaks the entity."""
    for value in ODD_VALUES:
        for read, body in ((read_finder, FOUND), (read_profile, PROFILE), (read_verdict, {"status": "valid"})):
            checked(read(reply({**body, name: value}), SETTINGS), FIELDS["person"])
        for body in (CURRENT_COMPANY, OLDER_COMPANY):
            checked(read_company(reply({**body, name: value}), SETTINGS), FIELDS["company"])


# Against a server


def test_company_is_found_through_a_server() -> None:
    """The domain that was asked for comes with the company."""
    answer = ask(CannedServer(Canned(CURRENT_COMPANY)), company(website="https://acme.example"))
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, CURRENT_FIELDS)


def test_address_is_found_with_one_call_where_name_and_company_are_known() -> None:
    """A profile is not paid for where the finder can be asked at once."""
    server = CannedServer(Canned(FOUND))
    answer = ask(server, person(**ADA, **ADA_PAGE))
    assert len(server.sent) == 1
    assert (answer.fields["email"], answer.cost_micros, answer.raw) == ("ada@acme.example", CREDIT, FOUND)


def test_placeholder_domain_is_left_to_be_refused() -> None:
    """The vendor refuses domains such as example.com, which is its answer and not ours."""
    server = CannedServer(Canned({"errors": [{"code": "INVALID_DOMAIN"}]}, status=400))
    answer = ask(server, person(full_name="Ada Byron", company_domain="example.com"))
    assert server.sent[0].body["domain"] == "example.com"
    assert answer.outcome_class is OutcomeClass.INVALID_REQUEST


@pytest.mark.parametrize(
    ("lookup", "credits"),
    [
        (person(**ADA, **ADA_PAGE), 1),
        (person(**ADA_PAGE), 2),
        (company(domain="acme.example"), 1),
    ],
)
def test_worst_price_covers_every_call_of_the_question(lookup: Lookup, credits: int) -> None:
    """What is reserved is enough for both calls where two may be made."""
    assert leadmagic().worst_price_micros(lookup) == credits * CREDIT


def test_address_is_found_with_two_calls_where_only_the_profile_is_known() -> None:
    """The profile's name and website are the finder's question; costs add up and both replies are kept."""
    server = CannedServer(Canned(PROFILE), Canned(FOUND))
    answer = ask(server, person(**ADA_PAGE))
    assert [sent.path for sent in server.sent] == ["/v1/people/profile-search", "/v1/people/email-finder"]
    assert server.sent[1].body == {"first_name": "Ada", "last_name": "Byron", "domain": "acme.example"}
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == {**PERSON_FIELDS, "email": "ada@acme.example", "email_status": "valid"}
    assert answer.raw == {"profile": PROFILE, "finder": FOUND}
    assert (answer.cost_micros, answer.is_cost_known) == (2 * CREDIT, True)


def test_second_call_is_made_with_the_company_name_where_there_is_no_website() -> None:
    """A full name and the company's name are enough."""
    body = {"full_name": "Ada Byron", "company_name": "Acme", "credits_consumed": 1}
    server = CannedServer(Canned(body), Canned(MISSED))
    ask(server, person(**ADA_PAGE))
    assert server.sent[1].body == {"full_name": "Ada Byron", "company_name": "Acme"}


@pytest.mark.parametrize(
    ("second", "trouble"),
    [
        (Canned(MISSED), None),
        (Canned({"error": "none"}, status=404), None),
        (Canned({"error": "slow"}, status=429, headers={"Retry-After": "9"}), OutcomeClass.RATE_LIMITED),
        (Canned({"error": "pay"}, status=402), OutcomeClass.CREDITS_EXHAUSTED),
        (Canned({"error": "key"}, status=401), OutcomeClass.AUTH_FAILED),
        (Canned({"error": "bad"}, status=400), OutcomeClass.INVALID_REQUEST),
        (Canned({"error": "us"}, status=500), OutcomeClass.TRANSIENT),
    ],
)
def test_profile_is_delivered_with_what_became_of_the_second_call(second: Canned, trouble: OutcomeClass | None) -> None:
    """The profile is paid for, so it is not lost; a miss makes it whole, and anything else leaves the address open."""
    answer = ask(CannedServer(Canned(PROFILE), second), person(**ADA_PAGE))
    assert (answer.outcome_class, answer.trouble) == (OutcomeClass.SUCCESS, trouble)
    assert (answer.error is None) == (trouble is None)
    assert answer.retry_after_seconds == (9.0 if trouble is OutcomeClass.RATE_LIMITED else None)
    assert answer.fields == PERSON_FIELDS
    assert answer.raw == {"profile": PROFILE, "finder": second.body}
    assert (answer.cost_micros, answer.is_cost_known) == (CREDIT, True)


def test_charged_miss_of_the_second_call_is_added_to_the_cost() -> None:
    """An address that is of no use costs what the body says."""
    second = Canned({**FOUND, "status": "invalid"})
    answer = ask(CannedServer(Canned(PROFILE), second), person(**ADA_PAGE))
    assert answer.fields == PERSON_FIELDS
    assert (answer.cost_micros, answer.trouble) == (2 * CREDIT, None)


@pytest.mark.parametrize("status", [200, 502])
def test_worst_price_counts_where_the_second_reply_cannot_be_read(status: int) -> None:
    """The second call may have been charged, so its price counts and the cost is said to be uncertain."""
    answer = ask(CannedServer(Canned(PROFILE), Canned(text="<html>", status=status)), person(**ADA_PAGE))
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS)
    assert answer.trouble is OutcomeClass.TRANSIENT
    assert (answer.cost_micros, answer.is_cost_known) == (2 * CREDIT, False)


def test_worst_price_counts_where_the_second_call_has_no_reply() -> None:
    """A call that was sent and cut off may have been charged."""

    async def hang_second(request: web.Request) -> web.StreamResponse:
        if request.path == "/v1/people/profile-search":
            return web.json_response(PROFILE)
        await asyncio.Event().wait()
        raise AssertionError("nothing sets the event")

    answer = ask(hang_second, person(**ADA_PAGE), seconds=CUT_OFF_SECONDS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, PERSON_FIELDS)
    assert (answer.cost_micros, answer.is_cost_known) == (2 * CREDIT, False)


@pytest.mark.parametrize(
    "body",
    [
        {"full_name": "Ada Byron"},
        {"company_name": "Acme"},
        {"full_name": "Ada Byron", "company_name": "Self-employed"},
        {"full_name": "LinkedIn Member", "company_name": "Acme"},
    ],
)
def test_profile_is_delivered_alone_where_it_is_too_thin_for_the_finder(body: dict[str, str]) -> None:
    """Without a name or a company, or with a placeholder for one, nothing more is asked and charged."""
    server = CannedServer(Canned({**body, "credits_consumed": 1}))
    answer = ask(server, person(**ADA_PAGE))
    assert len(server.sent) == 1
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, CREDIT)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (Canned({"credits_consumed": 0}), OutcomeClass.NOT_FOUND),
        (Canned({"error": "slow"}, status=429, headers={"Retry-After": "9"}), OutcomeClass.RATE_LIMITED),
        (Canned({"error": "pay"}, status=402), OutcomeClass.CREDITS_EXHAUSTED),
        (Canned(text="<html>", status=404), OutcomeClass.INVALID_REQUEST),
        (Canned({"error": "us"}, status=503), OutcomeClass.TRANSIENT),
    ],
)
def test_first_call_decides_alone_where_it_finds_no_profile(first: Canned, expected: OutcomeClass) -> None:
    """Without a profile there is nothing to ask the finder."""
    server = CannedServer(first)
    answer = ask(server, person(**ADA_PAGE))
    assert len(server.sent) == 1
    assert (answer.outcome_class, answer.cost_micros) == (expected, 0)
    assert answer.retry_after_seconds == (9.0 if first.status == 429 else None)


def test_call_without_a_reply_is_transient_with_unknown_cost() -> None:
    """A server that takes the question and says nothing may have charged for it."""

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets the event")

    answer = ask(hang, person(**ADA), seconds=CUT_OFF_SECONDS)
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


# The verifier


@pytest.mark.parametrize("name", ["email_status", "emailStatus", "status"])
@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("valid", "valid"),
        ("valid_catch_all", "catch_all"),
        ("catch_all", "catch_all"),
        ("invalid", "invalid"),
        ("unknown", "unknown"),
        ("Unknown ", "unknown"),
        ("brand_new", "unknown"),
    ],
)
def test_verdict_is_delivered_whatever_it_is(name: str, word: str, verdict: str) -> None:
    """Every verdict is an answer and is charged, `unknown` too."""
    answer = read_verdict(reply({"email": "ada@acme.example", name: word}), SETTINGS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, {"email_status": verdict})
    assert answer.cost_micros == SETTINGS.price_micros("validation") == CREDIT // 4


def test_verdict_costs_what_the_body_says_was_consumed() -> None:
    """Older plans pay another price for a validation."""
    body = {"email_status": "valid", "status": "not the verdict", "credits_consumed": 0.05}
    answer = read_verdict(reply(body), SETTINGS)
    assert (answer.fields, answer.cost_micros) == ({"email_status": "valid"}, CREDIT // 20)


@pytest.mark.parametrize(
    ("body", "expected", "is_cost_known"),
    [
        ({"email": "ada@acme.example", "email_status": None}, OutcomeClass.NOT_FOUND, True),
        ({"status": ""}, OutcomeClass.NOT_FOUND, True),
        ({"email": "ada@acme.example"}, OutcomeClass.TRANSIENT, False),
        ({}, OutcomeClass.TRANSIENT, False),
    ],
)
def test_missing_verdict_delivers_nothing(body: dict[str, Any], expected: OutcomeClass, is_cost_known: bool) -> None:
    """A null verdict is a miss; a body that has no place for one is not understood."""
    answer = read_verdict(reply(body), SETTINGS)
    assert (answer.outcome_class, answer.fields) == (expected, {})
    assert (answer.cost_micros, answer.is_cost_known) == (0, is_cost_known)


def test_verifier_sends_the_address_and_nothing_else() -> None:
    """Names are optional to the vendor, so they stay here."""
    server = CannedServer(Canned({"email_status": "valid", "credits_consumed": 0.25}))
    answer = look_up(LeadMagicVerifier, "leadmagic", server, person(**ADA, email="Ada@Acme.example"))
    [sent] = server.sent
    assert (sent.path, sent.body) == ("/v1/people/email-validation", {"email": "ada@acme.example"})
    assert sent.headers["X-API-Key"] == API_KEY
    assert (answer.fields, answer.cost_micros) == ({"email_status": "valid"}, CREDIT // 4)
    assert verifier().worst_price_micros(person(email="ada@acme.example")) == CREDIT // 4


@pytest.mark.parametrize("fields", [{}, {"email": None}, {"email": "ada"}, {"email": "a***@acme.example"}])
def test_verifier_skips_without_an_address(fields: dict[str, Any]) -> None:
    """What is no address is not asked about."""
    server = CannedServer()
    answer = look_up(LeadMagicVerifier, "leadmagic", server, person(**fields))
    assert server.sent == []
    assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
    assert answer.error == verifier().why_insufficient(person(**fields))
