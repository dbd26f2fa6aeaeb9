"""Clay: the row that is pushed, what the reply to it means, and what a callback brings."""

from typing import Any

import pytest

from app.entities.fields import FIELDS
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.clay import Clay, read_callback
from app.providers.http.client import Http
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, settings_of

WEBHOOK_PATH = "/v3/sources/webhook/a-source"
ROW_MICROS = 56_000
CALLBACK_URL = "https://tranche.example/callbacks/clay/1"
PERSON = {
    "first_name": "Ada",
    "last_name": "Byron",
    "company_domain": "acme.example",
    "linkedin_url": "https://www.linkedin.com/in/ada-byron-x",
    "job_title": "Countess",
    "email": "",
}


def a_lookup(entity_type: str = "person", fields: dict[str, Any] | None = None, **others: Any) -> Lookup:
    """Return a question about Ada Byron, or with other fields."""
    known = PERSON if fields is None else fields
    return Lookup(entity_type, "e1", known, **{"request_id": "q1", "callback_url": CALLBACK_URL, **others})


def push(server: CannedServer, lookup: Lookup | None = None, **changes: Any) -> Answer:
    """Push one row to a server on loopback."""
    return look_up(Clay, "clay", server, lookup or a_lookup(), path=WEBHOOK_PATH, **changes)


def callback(payload: Any, entity_type: str = "person") -> Answer:
    """Read a callback with the real fields of an entity type."""
    return read_callback(entity_type, payload, FIELDS[entity_type])


def clay(base_url: str = "http://127.0.0.1:1", **changes: Any) -> Clay:
    """Return the provider with other settings than the default ones."""
    return Clay(settings_of("clay", base_url, **changes), Http())


def test_push_sends_known_fields_and_where_to_call_back() -> None:
    """The row holds the question's name, the callback and what is known; blanks and other fields stay out."""
    server = CannedServer(Canned({"success": True}))
    push(server)
    (sent,) = server.sent
    assert (sent.method, sent.path, sent.query) == ("POST", WEBHOOK_PATH, {})
    assert sent.headers["x-clay-webhook-auth"] == API_KEY
    assert sent.body == {
        "request_id": "q1",
        "callback_url": CALLBACK_URL,
        "entity": "person",
        "first_name": "Ada",
        "last_name": "Byron",
        "company_domain": "acme.example",
        "linkedin_url": "https://www.linkedin.com/in/ada-byron-x",
    }


def test_push_sends_a_company_with_its_own_fields() -> None:
    """A company's row holds name, domain, website and LinkedIn URL."""
    server = CannedServer()
    push(server, a_lookup("company", {"name": "Acme", "domain": "acme.example", "industry": "Software"}))
    assert server.sent[0].body == {
        "request_id": "q1",
        "callback_url": CALLBACK_URL,
        "entity": "company",
        "name": "Acme",
        "domain": "acme.example",
    }


def test_push_sends_no_token_without_key() -> None:
    """A webhook without a token gets no header for one."""
    server = CannedServer()
    push(server, api_key=None)
    assert "x-clay-webhook-auth" not in server.sent[0].headers


@pytest.mark.parametrize("reply", [Canned({"success": True}), Canned({}, 202), Canned(text="OK")])
def test_push_is_pending_and_charged_when_taken(reply: Canned) -> None:
    """Whatever stands in a 2xx, the row was taken: it is charged, and its answer comes later."""
    answer = push(CannedServer(reply), options={"CALLBACK_SECONDS": "90"})
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert (answer.pending_seconds, answer.cost_micros, answer.is_cost_known) == (90.0, ROW_MICROS, True)
    assert not answer.fields


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, OutcomeClass.INVALID_REQUEST),
        (400, OutcomeClass.INVALID_REQUEST),
        (401, OutcomeClass.AUTH_FAILED),
        (402, OutcomeClass.CREDITS_EXHAUSTED),
        (403, OutcomeClass.AUTH_FAILED),
        (404, OutcomeClass.INVALID_REQUEST),
        (413, OutcomeClass.INVALID_REQUEST),
        (422, OutcomeClass.INVALID_REQUEST),
        (429, OutcomeClass.RATE_LIMITED),
        (500, OutcomeClass.TRANSIENT),
        (503, OutcomeClass.TRANSIENT),
    ],
)
def test_push_has_its_class_and_no_price_when_refused(status: int, expected: OutcomeClass) -> None:
    """A refused row is not charged, and the status says what is to be done."""
    answer = push(CannedServer(Canned({"message": "no"}, status)))
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (expected, 0, True)
    assert (answer.error, answer.pending_seconds) == (f"Clay's webhook answered {status}.", None)


def test_push_waits_as_long_as_it_is_told_when_rate_limited() -> None:
    """Retry-After of a 429 is passed on."""
    answer = push(CannedServer(Canned({}, 429, {"Retry-After": "7"})))
    assert answer.retry_after_seconds == 7.0


def test_push_may_have_been_charged_when_a_gateway_answers() -> None:
    """An HTML page with 502 does not tell whether the row came through."""
    answer = push(CannedServer(Canned(status=502, text="<h1>Bad gateway</h1>")))
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


def test_push_is_not_charged_when_nothing_was_sent() -> None:
    """Without time left no row is pushed."""
    server = CannedServer()
    answer = push(server, seconds=0.0)
    assert (answer.outcome_class, answer.is_cost_known, server.sent) == (OutcomeClass.TRANSIENT, True, [])


@pytest.mark.parametrize("missing", [{"callback_url": None}, {"request_id": ""}])
def test_push_is_not_made_when_nobody_could_hear_the_answer(missing: dict[str, Any]) -> None:
    """A row whose answer could not come back is not paid for."""
    server = CannedServer()
    answer = push(server, a_lookup(**missing))
    assert (answer.outcome_class, server.sent) == (OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, [])


@pytest.mark.parametrize(
    ("entity_type", "fields", "is_enough"),
    [
        ("person", {"linkedin_url": "https://www.linkedin.com/in/ada"}, True),
        ("person", {"email": "ada@acme.example"}, True),
        ("person", {"full_name": "Ada Byron", "company": "Acme"}, True),
        ("person", {"first_name": "Ada", "last_name": "Byron", "company_domain": "acme.example"}, True),
        ("person", {"first_name": "Ada", "company": "Acme"}, False),
        ("person", {"full_name": "Ada Byron"}, False),
        ("person", {"company": "Acme"}, False),
        ("person", {"linkedin_url": " ", "email": None}, False),
        ("company", {"domain": "acme.example"}, True),
        ("company", {"linkedin_url": "https://www.linkedin.com/company/acme"}, True),
        ("company", {"name": "Acme"}, True),
        ("company", {"industry": "Software"}, False),
        ("company", {}, False),
    ],
)
def test_input_is_enough_when_it_tells_the_entity_from_others(
    entity_type: str, fields: dict[str, Any], is_enough: bool
) -> None:
    """A row that no table could make anything of is not pushed."""
    lookup = a_lookup(entity_type, fields)
    assert (clay().why_insufficient(lookup) is None) == is_enough
    if not is_enough:
        server = CannedServer()
        assert push(server, lookup).outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
        assert not server.sent


def test_provider_is_unusable_without_webhook_and_usable_without_key() -> None:
    """The webhook's address is the one setting that Clay needs."""
    assert "CLAY_BASE_URL" in (clay("").why_unusable() or "")
    assert clay(api_key=None).why_unusable() is None


def test_worst_price_is_one_row() -> None:
    """A push costs one row at most."""
    assert clay().worst_price_micros(a_lookup()) == ROW_MICROS


@pytest.mark.parametrize(
    "payload",
    [
        {"request_id": "q1", "status": "found", "person": {"email": "Ada@Acme.example", "job_title": "Head"}},
        {"requestId": "q1", "Email": "ada@acme.example", "jobTitle": "Head"},
        {"Request ID": "q1", "E-mail": "?", "email": "ada@acme.example", "Job Title": "Head"},
        {"items": [{"request_id": "q1", "person": {"email": "ada@acme.example", "jobTitle": " Head "}}]},
        [{"request_id": "q1", "email": "ada@acme.example", "job_title": "Head", "job_colour": "red"}],
    ],
)
def test_callback_is_read_in_every_shape(payload: Any) -> None:
    """One object, a list of one, `items`, nested or flat, and any style of names come to the same."""
    answer = callback(payload)
    assert answer.outcome_class is OutcomeClass.SUCCESS
    assert answer.fields == {"email": "ada@acme.example", "job_title": "Head"}
    assert (answer.raw, answer.cost_micros, answer.pending_seconds) == (payload, 0, None)


def test_callback_is_read_when_only_the_company_came() -> None:
    """A company's fields need no e-mail address beside them, and numbers may be written as text."""
    company = {
        "name": "Acme",
        "headcount": 120,
        "yearFounded": "2009",
        "itSpend": "5000",
        "industries": "Software",
        "technologies": ["Python", "", None],
        "social_urls": {"x": "https://x.example/acme", "y": ""},
        "revenue": "",
        "founded": "no such field",
    }
    answer = callback({"request_id": "q1", "company": company}, "company")
    assert answer.fields == {
        "name": "Acme",
        "headcount": "120",
        "year_founded": "2009",
        "it_spend": 5000,
        "industries": ["Software"],
        "technologies": ["Python"],
        "social_urls": {"x": "https://x.example/acme"},
    }
    assert checked(answer, FIELDS["company"]) == answer


def test_callback_never_writes_normalized_fields() -> None:
    """The normalised forms are made here."""
    answer = callback({"normalized_email": "a@b.example", "normalizedEmailIsFree": True})
    assert answer.outcome_class is OutcomeClass.NOT_FOUND


def test_callback_drops_values_of_the_wrong_kind() -> None:
    """What a field cannot hold is left out, and the rest is kept."""
    person = {"email": "a***@acme.example", "job_title": {"x": 1}, "provider_ids": "p1", "headline": "Countess"}
    assert callback({"person": person}).fields == {"headline": "Countess"}


@pytest.mark.parametrize(
    "payload",
    [
        {"request_id": "q1", "status": "not_found"},
        {"request_id": "q1", "status": "Not Found", "person": {"email": "ada@acme.example"}},
        {"request_id": "q1", "status": "found", "person": {"email": "", "job_title": "N/A", "skills": []}},
        {"request_id": "q1", "person": {}},
        {},
    ],
)
def test_callback_is_not_found_when_blank_or_said_so(payload: Any) -> None:
    """An empty row, or one that says so, is an answer: there is nothing."""
    assert callback(payload).outcome_class is OutcomeClass.NOT_FOUND


@pytest.mark.parametrize("payload", [{"status": "Out of Credits"}, {"status": "error", "error": "no credits left"}])
def test_callback_says_that_credits_are_gone(payload: Any) -> None:
    """A table without credits says so in its status or error."""
    answer = callback(payload)
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.CREDITS_EXHAUSTED, 0)


def test_callback_keeps_what_came_before_credits_ran_out() -> None:
    """Values that were paid for are not thrown away for an error beside them."""
    answer = callback({"error": "no credits for phone", "person": {"email": "ada@acme.example"}})
    assert (answer.outcome_class, answer.fields) == (OutcomeClass.SUCCESS, {"email": "ada@acme.example"})


@pytest.mark.parametrize("domain", ["https://www.facebook.com/acme", "gmail.com", "1.2.3.4"])
def test_callback_never_gives_a_company_a_platforms_domain(domain: str) -> None:
    """A domain that is nobody's own would join unrelated companies."""
    assert callback({"company": {"name": "Acme", "domain": domain}}, "company").fields == {"name": "Acme"}
    assert callback({"person": {"headline": "CEO", "companyDomain": domain}}).fields == {"headline": "CEO"}


@pytest.mark.parametrize(
    ("entity_type", "asked", "person"),
    [
        ("person", PERSON, {"full_name": "Zacharias Quill", "email": "zacharias.quill@elsewhere.example"}),
        ("person", PERSON, {"linkedinUrl": "https://www.linkedin.com/in/quill-9", "job_title": "CEO"}),
        ("person", PERSON, {"email": "zacharias.quill@elsewhere.example"}),
        ("company", {"name": "Acme", "domain": "acme.example"}, {"name": "Elsewhere", "domain": "elsewhere.example"}),
    ],
)
def test_callback_about_somebody_else_is_not_found(entity_type: str, asked: Any, person: Any) -> None:
    """A table that mixes up its rows writes nothing of one into the other; what came is kept."""
    payload = {"request_id": "q1", entity_type: person}
    answer = clay().read_callback(a_lookup(entity_type, asked), payload, FIELDS[entity_type])
    assert (answer.outcome_class, answer.fields, answer.raw) == (OutcomeClass.NOT_FOUND, {}, payload)


def test_callback_about_the_one_who_was_asked_for_is_a_success() -> None:
    """A callback need not repeat the name."""
    payload = {"request_id": "q1", "person": {"email": "ada@acme.example", "job_title": "Head"}}
    answer = clay().read_callback(a_lookup(), payload, FIELDS["person"])
    assert (answer.outcome_class, answer.fields["job_title"]) == (OutcomeClass.SUCCESS, "Head")


@pytest.mark.parametrize("payload", [None, 1, "text", [], [1], [{}, {}], {"items": []}, {"items": [{}, {}]}])
def test_callback_is_unreadable_when_it_is_not_one_row(payload: Any) -> None:
    """Anything but one row answers no question."""
    assert callback(payload).outcome_class is OutcomeClass.TRANSIENT
