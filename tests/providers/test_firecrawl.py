"""Firecrawl: the question it is asked, and what each kind of reply means and costs."""

from typing import Any

import pytest

from app.entities.fields import RAW_FIELDS
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from tests.providers.loopback import API_KEY, Canned, CannedServer, look_up, settings_of

CREDIT_MICROS = 4_500
PAGE_MICROS = 5 * CREDIT_MICROS
FACTS = {
    "name": "Acme",
    "industry": "Software",
    "headcount": 120,
    "description": "Makes anvils.",
    "yearFounded": 2009,
    "location": "Leeds, UK",
}


def page(facts: Any = FACTS, **metadata: Any) -> Canned:
    """Return the reply for a fetched page with these facts on it."""
    return Canned({"success": True, "data": {"json": facts, "metadata": {"statusCode": 200, **metadata}}})


def refusal(status: int, error: str = "no", **more: Any) -> Canned:
    """Return a refusal in Firecrawl's form."""
    return Canned({"success": False, "error": error, **more}, status)


def a_company(**fields: Any) -> Lookup:
    """Return a question about a company with these fields."""
    return Lookup("company", "c1", fields or {"domain": "acme.example"})


def ask(server: CannedServer, lookup: Lookup | None = None, **changes: Any) -> Answer:
    """Ask a server on loopback about one company."""
    return look_up(Firecrawl, "firecrawl", server, lookup or a_company(), path="/v2", **changes)


def firecrawl(base_url: str, **changes: Any) -> Firecrawl:
    """Return the provider with other settings than the default ones."""
    return Firecrawl(settings_of("firecrawl", base_url, **changes), Http())


def test_question_asks_for_json_within_the_time_left() -> None:
    """The home page is asked for with our schema, at the price that is reserved, and given up before we do."""
    server = CannedServer(page())
    ask(server, seconds=100.0)
    (sent,) = server.sent
    assert (sent.method, sent.path, sent.query) == ("POST", "/v2/scrape", {})
    assert sent.headers["Authorization"] == f"Bearer {API_KEY}"
    assert sent.body["url"] == "https://acme.example"
    (json_format,) = sent.body["formats"]
    assert json_format["type"] == "json"
    assert set(json_format["schema"]["properties"]) == set(FACTS)
    assert 50_000 < sent.body["timeout"] <= 99_000
    assert (sent.body["onlyMainContent"], sent.body["proxy"], sent.body["parsers"]) == (True, "basic", [])


def test_question_never_sets_a_timeout_that_the_api_refuses() -> None:
    """The API takes 1,000 ms or more, and no answer is expected in less."""
    server = CannedServer(page())
    ask(server, seconds=1.5)
    assert server.sent[0].body["timeout"] == 1_000


def test_question_has_no_key_in_it_when_self_hosted_without() -> None:
    """A server of one's own needs no key, and is then sent no header for it."""
    server = CannedServer(page())
    assert ask(server, api_key=None).outcome_class is OutcomeClass.SUCCESS
    assert "Authorization" not in server.sent[0].headers


def test_provider_needs_a_key_only_in_the_cloud() -> None:
    """Without a key the cloud service is unusable, another address is not."""
    cloud = DEFAULTS["firecrawl"].base_url
    assert "FIRECRAWL_API_KEY" in (firecrawl(cloud, api_key=None).why_unusable() or "")
    assert firecrawl(cloud).why_unusable() is None
    assert firecrawl("http://localhost:3002/v2", api_key=None).why_unusable() is None


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"domain": "Acme.COM"}, "https://acme.com"),
        ({"website": "http://www.acme.co.uk/about?x=1"}, "https://www.acme.co.uk"),
        ({"website": "shop.acme.com:8080/x"}, "https://shop.acme.com"),
        ({"domain": "gmail.com", "website": "https://acme.com"}, "https://acme.com"),
        ({"domain": "acme.com", "website": "https://other.com"}, "https://acme.com"),
    ],
)
def test_question_is_about_the_domain_or_else_the_website(fields: dict[str, Any], url: str) -> None:
    """The first of domain and website that is the company's own gives the host, and nothing but the host."""
    server = CannedServer(page())
    ask(server, a_company(**fields))
    assert server.sent[0].body["url"] == url


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Acme"},
        {"domain": "", "website": "N/A"},
        {"domain": "gmail.com"},
        {"website": "https://mail.yahoo.com"},
        {"website": "https://www.linkedin.com/company/acme"},
        {"domain": "localhost"},
        {"domain": "printer.local"},
        {"website": "http://metadata.google.internal/"},
        {"website": "http://169.254.169.254/latest"},
        {"website": "http://2130706433/"},
        {"website": "http://[::1]/"},
        {"website": "http://[broken"},
        {"domain": 7},
    ],
)
def test_question_is_not_asked_without_a_public_website_of_its_own(fields: dict[str, Any]) -> None:
    """Nothing is asked about platforms, mailbox providers and hosts of private networks."""
    server = CannedServer(page())
    answer = ask(server, a_company(**fields))
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, 0)
    assert answer.error == firecrawl("http://x.example").why_insufficient(a_company(**fields))
    assert not server.sent


def test_answer_has_the_facts_and_the_site_that_gave_them() -> None:
    """The model's facts get their canonical names, and the site becomes domain and website."""
    answer = ask(CannedServer(page()))
    assert (answer.outcome_class, answer.cost_micros, answer.error) == (OutcomeClass.SUCCESS, PAGE_MICROS, None)
    assert answer.fields == {
        "name": "Acme",
        "industry": "Software",
        "headcount": "120",
        "description": "Makes anvils.",
        "year_founded": "2009",
        "location": "Leeds, UK",
        "domain": "acme.example",
        "website": "https://acme.example",
    }
    assert checked(answer, RAW_FIELDS["company"]) == answer


def test_answer_of_a_platform_itself_is_a_success_without_a_name_on_the_page() -> None:
    """The platform's own name, as it was asked for, says that the site is its own."""
    facts = page({"headcount": 120}, url="https://www.linkedin.com/")
    answer = ask(CannedServer(facts), a_company(name="LinkedIn", domain="linkedin.com"))
    assert (answer.outcome_class, answer.fields["headcount"]) == (OutcomeClass.SUCCESS, "120")


@pytest.mark.parametrize(("credits", "micros"), [(1, CREDIT_MICROS), (9, 9 * CREDIT_MICROS), ("x", PAGE_MICROS)])
def test_answer_costs_what_the_reply_says(credits: Any, micros: int) -> None:
    """A whole number of credits in the reply is the charge; without one it is the page's price."""
    assert ask(CannedServer(page(creditsUsed=credits))).cost_micros == micros


@pytest.mark.parametrize(
    "facts",
    [
        {},
        None,
        "text",
        {"name": "", "industry": None, "headcount": 0},
        {"headcount": -5, "yearFounded": 1492},
        {"headcount": 99_999_999_999, "yearFounded": 2999},
        {"name": "N/A", "industry": "Unknown", "description": "Not specified.", "location": "not available"},
        {"name": ["Acme"], "description": {"text": "x"}, "yearFounded": True},
    ],
)
def test_answer_is_not_found_and_charged_when_the_facts_are_no_good(facts: Any) -> None:
    """Blanks and values that cannot be true are no facts; the page was fetched all the same."""
    answer = ask(CannedServer(page(facts)))
    assert (answer.outcome_class, answer.fields, answer.cost_micros) == (OutcomeClass.NOT_FOUND, {}, PAGE_MICROS)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, OutcomeClass.NOT_FOUND),
        (403, OutcomeClass.TRANSIENT),
        (404, OutcomeClass.NOT_FOUND),
        (410, OutcomeClass.NOT_FOUND),
        (429, OutcomeClass.TRANSIENT),
        (500, OutcomeClass.TRANSIENT),
        (503, OutcomeClass.TRANSIENT),
    ],
)
def test_answer_is_charged_when_the_website_itself_answers_an_error(status: int, expected: OutcomeClass) -> None:
    """An error page is a fetched page: no fact is taken from it, and its price is known."""
    answer = ask(CannedServer(page(statusCode=status)))
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (expected, PAGE_MICROS, True)
    assert not answer.fields


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal(400), OutcomeClass.INVALID_REQUEST),
        (refusal(401), OutcomeClass.AUTH_FAILED),
        (refusal(402), OutcomeClass.CREDITS_EXHAUSTED),
        (refusal(403, "Forbidden"), OutcomeClass.AUTH_FAILED),
        (refusal(403, "This website is no longer supported, please reach out"), OutcomeClass.NOT_FOUND),
        (refusal(403, "Denied", code="SCRAPE_MEDIA_ACCESS_DENIED"), OutcomeClass.NOT_FOUND),
        (refusal(403, "Denied", code="UNSUPPORTED_SITE"), OutcomeClass.NOT_FOUND),
        (refusal(404), OutcomeClass.INVALID_REQUEST),
        (refusal(404, code="SCRAPE_NO_CACHED_DATA"), OutcomeClass.NOT_FOUND),
        (refusal(408), OutcomeClass.TRANSIENT),
        (refusal(409), OutcomeClass.INVALID_REQUEST),
        (refusal(413), OutcomeClass.INVALID_REQUEST),
        (refusal(422), OutcomeClass.TRANSIENT),
        (refusal(429), OutcomeClass.RATE_LIMITED),
        (refusal(500, code="UNKNOWN_ERROR"), OutcomeClass.TRANSIENT),
        (refusal(500, "DNS resolution failed for hostname"), OutcomeClass.NOT_FOUND),
        (refusal(500, "Blocked by robots.txt"), OutcomeClass.NOT_FOUND),
        (refusal(503), OutcomeClass.TRANSIENT),
        (refusal(200), OutcomeClass.TRANSIENT),
        (Canned({}, 307, {"Location": "http://127.0.0.1:1/"}), OutcomeClass.INVALID_REQUEST),
    ],
)
def test_answer_is_free_when_the_api_refuses(reply: Canned, expected: OutcomeClass) -> None:
    """Errors of the API cost nothing, and code, text and status say what is to be done."""
    answer = ask(CannedServer(reply))
    assert (answer.outcome_class, answer.cost_micros, answer.is_cost_known) == (expected, 0, True)


def test_answer_costs_a_credit_when_the_host_does_not_resolve() -> None:
    """A host name that leads nowhere is a miss, comes as status 200, and is charged as one credit."""
    reply = refusal(200, "DNS resolution failed", code="SCRAPE_DNS_RESOLUTION_ERROR")
    answer = ask(CannedServer(reply))
    assert (answer.outcome_class, answer.cost_micros) == (OutcomeClass.NOT_FOUND, CREDIT_MICROS)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (refusal(429, "Rate limit exceeded"), 60.0),
        (refusal(429, "Concurrency limit reached"), 5.0),
        (Canned({"success": False, "error": "Concurrency limit reached"}, 429, {"Retry-After": "17"}), 17.0),
    ],
)
def test_answer_says_how_long_to_wait_when_rate_limited(reply: Canned, seconds: float) -> None:
    """The header says it, or else which of the two limits was met."""
    assert ask(CannedServer(reply)).retry_after_seconds == seconds


@pytest.mark.parametrize(
    "reply",
    [
        Canned(text="<h1>It works</h1>"),
        Canned([]),
        Canned({"success": True}),
        Canned({"success": True, "data": []}),
        Canned(status=502, text="<h1>Bad gateway</h1>"),
    ],
)
def test_answer_may_have_been_charged_when_it_is_unreadable(reply: Canned) -> None:
    """Where neither a page nor a refusal came back, nobody knows what it cost."""
    answer = ask(CannedServer(reply))
    assert (answer.outcome_class, answer.is_cost_known) == (OutcomeClass.TRANSIENT, False)


def test_answer_costs_nothing_when_nothing_was_sent() -> None:
    """Without time left no call is made."""
    server = CannedServer(page())
    answer = ask(server, seconds=0.0)
    assert (answer.outcome_class, answer.is_cost_known, server.sent) == (OutcomeClass.TRANSIENT, True, [])


def test_error_names_status_and_code_and_nothing_of_the_body() -> None:
    """What is kept of an error is our own sentence, with the vendor's code where it is a plain one."""
    answers = [
        ask(CannedServer(refusal(500, "secret of acme.example", code=code))) for code in ("UNKNOWN_ERROR", "<b>x</b>")
    ]
    assert [answer.error for answer in answers] == [
        "Firecrawl answered 500 (UNKNOWN_ERROR).",
        "Firecrawl answered 500.",
    ]


def test_worst_price_is_a_page_with_json() -> None:
    """Five credits are the most that a question costs."""
    assert firecrawl("http://x.example").worst_price_micros(a_company()) == PAGE_MICROS
