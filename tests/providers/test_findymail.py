"""Findymail: what is sent, what each reply comes to, which fields are read, and what it costs."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from app.entities.fields import FIELDS
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.findymail import Findymail, FindymailVerifier
from app.providers.http.client import Http
from app.providers.http.reply import Reply
from app.providers.settings import ProviderSettings
from tests.patience import CUT_OFF_SECONDS
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, settings_of

SETTINGS = settings_of("findymail", "http://127.0.0.1")


def read_contact(given: Reply, settings: ProviderSettings) -> Answer:
    """Return what a search's reply comes to."""
    client = Findymail(settings, Http())
    return client.read(given, client.parse_contact)


def read_verdict(given: Reply, settings: ProviderSettings) -> Answer:
    """Return what a verification's reply comes to."""
    client = FindymailVerifier(settings, Http())
    return client.read(given, client.parse_verdict)


CREDIT = SETTINGS.price_micros("finder")
READERS = [read_contact, read_verdict]

PAGE = "https://www.linkedin.com/in/ada-byron-x"
CONTACT = {
    "id": 41,
    "name": "Ada Byron",
    "email": "Ada@Acme.example",
    "domain": "acme.example",
    "company": "Acme",
    "linkedin_url": PAGE,
    "job_title": "Head of Analytics",
    "city": "Leeds",
    "region": "England",
    "country": "United Kingdom",
    "company_city": "York",
    "company_region": "Yorkshire",
    "company_country": "GB",
}
FIELDS_OF_CONTACT = {
    "email": "ada@acme.example",
    "email_status": "valid",
    "first_name": "Ada",
    "last_name": "Byron",
    "full_name": "Ada Byron",
    "job_title": "Head of Analytics",
    "linkedin_url": PAGE,
    "location": "Leeds, England, United Kingdom",
    "location_city": "Leeds",
    "location_state": "England",
    "location_country": "United Kingdom",
    "company": "Acme",
    "company_domain": "acme.example",
    "provider_ids": {"findymail_contact_id": "41"},
}


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body, or with a page where the body is text."""
    if isinstance(body, str):
        return Reply(status, headers or {}, None, body, is_json=False)
    return Reply(status, headers or {}, body, json.dumps(body), is_json=True)


def found(**changes: Any) -> Reply:
    """A reply with a contact in which some values are others."""
    return reply({"contact": {**CONTACT, **changes}})


def person(**fields: Any) -> Lookup:
    """A question about a person."""
    return Lookup("person", "per_1", fields)


# What is sent


@pytest.mark.parametrize(
    ("fields", "path", "body"),
    [
        (
            {"linkedin_url": PAGE, "full_name": "Ada Byron", "company_domain": "acme.example"},
            "/api/search/business-profile",
            {"linkedin_url": PAGE},
        ),
        (
            {"full_name": "Ada Byron", "first_name": "A.", "last_name": "B.", "company_domain": "acme.example"},
            "/api/search/name",
            {"name": "Ada Byron", "domain": "acme.example"},
        ),
        (
            {"first_name": "Ada", "last_name": "Byron", "company_domain": "https://WWW.acme.example/x"},
            "/api/search/name",
            {"name": "Ada Byron", "domain": "acme.example"},
        ),
        (
            # Opens only for whoever made the list, so it is no profile that could be searched.
            {
                "linkedin_url": "https://www.linkedin.com/sales/lead/AC1",
                "full_name": "Ada Byron",
                "company_domain": "acme.example",
            },
            "/api/search/name",
            {"name": "Ada Byron", "domain": "acme.example"},
        ),
    ],
)
def test_question_is_the_closest_one_for_what_is_known(fields: Any, path: str, body: dict[str, str]) -> None:
    """The profile counts before the name, and nothing is sent beside what is needed."""
    server = CannedServer(Canned({"contact": None}))
    look_up(Findymail, "findymail", server, person(**fields))
    [sent] = server.sent
    assert (sent.method, sent.path, sent.body) == ("POST", path, body)
    assert sent.headers["Authorization"] == f"Bearer {API_KEY}"
    assert not sent.query


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"linkedin_url": ""},
        {"linkedin_url": "in/ada-byron-x"},
        {"linkedin_url": "https://www.linkedin.com/company/acme-x"},
        {"full_name": "Ada Byron"},
        {"full_name": "Ada Byron", "company": "Acme"},
        {"full_name": "Ada Byron", "company_domain": "gmail.com"},
        {"full_name": "Ada Byron", "company_domain": "acme"},
        {"first_name": "Ada", "company_domain": "acme.example"},
        {"email": "ada@acme.example"},
    ],
)
def test_lookup_is_skipped_without_a_call_where_input_is_missing(fields: dict[str, Any]) -> None:
    """What cannot be asked is said so before it is asked, and costs nothing."""
    server = CannedServer()
    answer = look_up(Findymail, "findymail", server, person(**fields))
    assert server.sent == []
    assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
    assert answer.error == Findymail(SETTINGS, Http()).why_insufficient(person(**fields))
    assert answer.cost_micros == 0


def test_provider_says_what_a_question_costs_and_is_made_of() -> None:
    """A finder may be asked again for nothing, a verifier may not."""
    finder, verifier = Findymail(SETTINGS, Http()), FindymailVerifier(SETTINGS, Http())
    assert finder.inputs == {
        "person": {"linkedin_url", "full_name", "first_name", "last_name", "company_domain"},
    }
    assert verifier.inputs == {"person": {"email"}}
    assert (finder.capabilities.repeat_is_free, verifier.capabilities.repeat_is_free) == (True, False)
    assert finder.why_insufficient(person(linkedin_url=PAGE)) is None
    assert finder.worst_price_micros(person(linkedin_url=PAGE)) == CREDIT
    assert verifier.worst_price_micros(person(email="ada@acme.example")) == SETTINGS.price_micros("verify")


def test_key_is_needed_by_both_and_is_the_same() -> None:
    """Without a key both say which variable to set."""
    settings = settings_of("findymail", "http://127.0.0.1", api_key=None)
    for made in (Findymail(settings, Http()), FindymailVerifier(settings, Http())):
        assert made.why_unusable() == f"Provider {made.name} has no key; set FINDYMAIL_API_KEY."


# What replies come to


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reply({"message": "Not found"}, 404), OutcomeClass.NOT_FOUND),
        (reply("", 404), OutcomeClass.NOT_FOUND),
        (reply({"message": "Too many concurrent requests"}, 429), OutcomeClass.RATE_LIMITED),
        (reply("", 429), OutcomeClass.RATE_LIMITED),
        (reply("", 402), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"message": "Subscription paused"}, 423), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"error": "Not enough credits"}, 200), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"message": "You have no more credits."}, 200), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"error": {"message": "NO CREDITS"}}, 200), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"error": "not_enough_credits"}, 500), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"error": "Verifier credits used up"}, 403), OutcomeClass.CREDITS_EXHAUSTED),
        (reply({"message": "Unauthenticated."}, 401), OutcomeClass.AUTH_FAILED),
        (reply({"error": "Forbidden"}, 403), OutcomeClass.AUTH_FAILED),
        (reply("<html>", 403), OutcomeClass.AUTH_FAILED),
        (reply({"error": "bad"}, 400), OutcomeClass.INVALID_REQUEST),
        (reply("<html>", 405), OutcomeClass.INVALID_REQUEST),
        (reply({"message": "x", "errors": {"domain": ["bad"]}}, 422), OutcomeClass.INVALID_REQUEST),
        # Domains and addresses that are quoted say nothing of our credits.
        (reply({"message": "The domain credit-bank.example is bad."}, 422), OutcomeClass.INVALID_REQUEST),
        (reply({"message": "ada@credit-bank is bad"}, 422), OutcomeClass.INVALID_REQUEST),
        (reply("", 302), OutcomeClass.INVALID_REQUEST),
        (reply({"message": "Server Error"}, 500), OutcomeClass.TRANSIENT),
        (reply("<html>", 504), OutcomeClass.TRANSIENT),
        (reply("<html>", 200), OutcomeClass.TRANSIENT),
        (reply("", 200), OutcomeClass.TRANSIENT),
        (reply([], 200), OutcomeClass.TRANSIENT),
        (reply(None, 200), OutcomeClass.TRANSIENT),
        (reply({"error": "Something broke"}, 200), OutcomeClass.TRANSIENT),
    ],
)
def test_failure_has_one_class_whatever_was_asked(read: Any, given: Reply, expected: OutcomeClass) -> None:
    """The body's error counts before the status, and what is no result delivers nothing and costs nothing."""
    answer = read(given, SETTINGS)
    assert answer.outcome_class is expected
    assert (answer.fields, answer.cost_micros) == ({}, 0)
    assert answer.raw == (given.body if given.is_json else given.text)
    assert answer.error.startswith("Findymail ")
    assert f"(status {given.status})" in answer.error


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("given", "is_known"),
    [
        (reply("<html>", 200), False),
        (reply([], 200), False),
        (reply({"error": "Something broke"}, 200), False),
        (reply("<html>", 502), False),
        (reply({"message": "Server Error"}, 500), True),
        (reply({"error": "Not enough credits"}, 200), True),
        (reply("", 429), True),
    ],
)
def test_cost_is_unknown_where_nobody_says_whether_it_was_charged(read: Any, given: Reply, is_known: bool) -> None:
    """A result that cannot be read, or a gateway's page, may stand for a charged call; a refusal does not."""
    assert read(given, SETTINGS).is_cost_known is is_known


@pytest.mark.parametrize(("headers", "seconds"), [({}, 2.0), ({"retry-after": "5"}, 5.0), ({"retry-after": "0"}, 0.0)])
def test_wait_is_two_seconds_when_rate_limited_without_a_header(headers: dict[str, str], seconds: float) -> None:
    """The limit is on calls at once, so it is soon over; a header would count, should one ever come."""
    assert read_contact(reply({}, 429, headers), SETTINGS).retry_after_seconds == seconds
    assert read_contact(reply({}, 500, headers), SETTINGS).retry_after_seconds is None


@pytest.mark.parametrize(
    "given",
    [
        reply({"contact": None}),
        reply({}),
        reply({"contact": {}}, 201),
        reply({"contact": []}),
        reply("", 204),
        reply({"contact": None, "message": "Nothing found."}),
        reply({"contact": None, "error": None}),
        found(email=None),
        found(email=""),
        found(email="  "),
        # An address stands in the contact, and nowhere else.
        reply({"email": "ada@acme.example"}),
    ],
)
def test_contact_is_not_found_without_an_address(given: Reply) -> None:
    """A miss is free, in every form that it comes in."""
    answer = read_contact(given, SETTINGS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.NOT_FOUND, {})
    assert (answer.cost_micros, answer.is_cost_known, answer.raw) == (0, True, given.body)
    assert answer.error == "Findymail has nothing."


@pytest.mark.parametrize("address", ["a***@acme.example", "ada at acme"])
def test_unusable_address_is_a_miss_that_is_paid_for(address: str) -> None:
    """The vendor charges for what it takes for an address."""
    answer = read_contact(found(email=address), SETTINGS)
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, CREDIT)


def test_address_is_delivered_whatever_is_said_beside_it() -> None:
    """What was paid for is not lost to a remark about credits."""
    body = {"contact": CONTACT, "message": "That was your last credit."}
    answer = read_contact(reply(body), SETTINGS)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SUCCESS, CREDIT)


def test_address_in_a_refusal_is_not_delivered() -> None:
    """Only a 2xx gives an address out."""
    answer = read_contact(reply({"contact": CONTACT}, 500), SETTINGS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.TRANSIENT, {})


# Fields


def test_contact_fills_every_field() -> None:
    """Each field of a person comes from its place in the contact; the company's place is not the person's."""
    given = found()
    answer = read_contact(given, SETTINGS)
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == FIELDS_OF_CONTACT
    assert (answer.cost_micros, answer.raw) == (CREDIT, given.body)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"first_name": "Augusta Ada", "last_name": "King"}, ("Augusta Ada", "King", "Ada Byron")),
        ({"first_name": "Ada", "last_name": ""}, ("Ada", "Byron", "Ada Byron")),
        ({"first_name": "ADA", "last_name": "byron"}, ("ADA", "byron", "Ada Byron")),
        ({"name": "Byron, Ada"}, ("Ada", "Byron", "Byron, Ada")),
        ({"name": "Madonna"}, ("Madonna", None, "Madonna")),
        ({"name": "김민준"}, (None, None, "김민준")),
        ({"name": None}, (None, None, None)),
        ({"name": None, "first_name": "Ada", "last_name": "Byron"}, ("Ada", "Byron", None)),
    ],
)
def test_name_is_split_where_its_parts_are_missing(changes: dict[str, Any], expected: tuple[str | None, ...]) -> None:
    """Parts that are given count; the full name is split for the others where the order of its words is known."""
    fields = read_contact(found(**changes), SETTINGS).fields
    assert tuple(fields.get(name) for name in ("first_name", "last_name", "full_name")) == expected


def test_blank_values_are_left_out() -> None:
    """A contact of which only the address is known fills that alone."""
    blank = dict.fromkeys(CONTACT, "")
    answer = read_contact(reply({"contact": {**blank, "email": "ada@acme.example", "city": "Leeds"}}), SETTINGS)
    assert answer.fields == {
        "email": "ada@acme.example",
        "email_status": "valid",
        "location": "Leeds",
        "location_city": "Leeds",
    }


ODD_VALUES: list[Any] = [None, "", " ", 0, 7, -1.5, True, [], {}, [[]], {"x": {"y": []}}, "text", ["a"]]


@pytest.mark.parametrize("name", [*CONTACT, "first_name", "last_name"])
def test_answer_can_be_stored_whatever_kind_a_value_is(name: str) -> None:
    """A value of an unexpected kind is left out, and never breaks the entity."""
    for value in ODD_VALUES:
        checked(read_contact(found(**{name: value}), SETTINGS), FIELDS["person"])


# Against a server


def test_address_is_found_through_a_server() -> None:
    """A found address is delivered and costs a credit."""
    answer = look_up(Findymail, "findymail", CannedServer(Canned({"contact": CONTACT})), person(linkedin_url=PAGE))
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, FIELDS_OF_CONTACT)
    assert answer.cost_micros == CREDIT


@pytest.mark.parametrize("made", [Findymail, FindymailVerifier])
def test_call_without_a_reply_is_transient_with_unknown_cost(made: Any) -> None:
    """A server that takes the question and says nothing may have charged for it."""

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets the event")

    lookup = person(linkedin_url=PAGE, email="ada@acme.example")
    answer = look_up(made, "findymail", hang, lookup, seconds=CUT_OFF_SECONDS)
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


# The verifier


@pytest.mark.parametrize(("is_verified", "verdict"), [(True, "valid"), (False, "invalid")])
def test_verdict_is_delivered_and_charged_either_way(is_verified: bool, verdict: str) -> None:
    """An attempt costs a verifier credit, whatever it says; the address alone is sent."""
    server = CannedServer(Canned({"email": "ada@acme.example", "verified": is_verified, "provider": "Google"}))
    answer = look_up(FindymailVerifier, "findymail", server, person(email="Ada@Acme.example", full_name="Ada Byron"))
    [sent] = server.sent
    assert (sent.method, sent.path, sent.body) == ("POST", "/api/verify", {"email": "ada@acme.example"})
    assert sent.headers["Authorization"] == f"Bearer {API_KEY}"
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, {"email_status": verdict})
    assert answer.cost_micros == SETTINGS.price_micros("verify")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "Not enough credits", "verified": False}, OutcomeClass.CREDITS_EXHAUSTED),
        ({"error": "Mail server is away", "verified": False}, OutcomeClass.TRANSIENT),
    ],
)
def test_error_is_no_verdict_whatever_stands_beside_it(body: dict[str, Any], expected: OutcomeClass) -> None:
    """An outage must not make good addresses invalid."""
    answer = read_verdict(reply(body), SETTINGS)
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (expected, {}, 0)


@pytest.mark.parametrize("given", [reply({}), reply({"verified": None}), reply({"verified": "yes"}), reply("", 204)])
def test_missing_verdict_is_not_understood(given: Reply) -> None:
    """Without a yes or no nothing is delivered, and the attempt may have been charged."""
    answer = read_verdict(given, SETTINGS)
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.TRANSIENT, {})
    assert answer.is_cost_known is False


@pytest.mark.parametrize("fields", [{}, {"email": None}, {"email": "ada"}, {"email": "a***@acme.example"}])
def test_verifier_skips_without_an_address(fields: dict[str, Any]) -> None:
    """What is no address is not asked about."""
    server = CannedServer()
    answer = look_up(FindymailVerifier, "findymail", server, person(**fields))
    assert server.sent == []
    assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
    assert answer.error == "There is no e-mail address to verify."
