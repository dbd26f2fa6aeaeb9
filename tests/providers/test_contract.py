"""What every provider owes the pipeline, over HTTP against servers that behave as the vendors do, well and badly."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.demo.stand_ins import invented, ledger
from app.entities.fields import FIELDS
from app.providers.ai_normalizer.provider import AiNormalizer
from app.providers.aiark import AiArk
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.clay import Clay
from app.providers.defaults import DEFAULTS
from app.providers.findymail import Findymail, FindymailVerifier
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from app.providers.leadmagic import LeadMagic, LeadMagicVerifier
from app.providers.prospeo import Prospeo
from app.providers.settings import ProviderSettings
from tests.fakes import charges
from tests.fakes.process import KEYS, FakeServer
from tests.patience import CUT_OFF_SECONDS, PATIENCE_SECONDS
from tests.providers.loopback import Canned, CannedServer, serving

SUCCESS = OutcomeClass.SUCCESS
NOT_FOUND = OutcomeClass.NOT_FOUND
RATE_LIMITED = OutcomeClass.RATE_LIMITED
CREDITS_EXHAUSTED = OutcomeClass.CREDITS_EXHAUSTED
AUTH_FAILED = OutcomeClass.AUTH_FAILED
INVALID_REQUEST = OutcomeClass.INVALID_REQUEST
TRANSIENT = OutcomeClass.TRANSIENT

GIVEN = object()
"""In a table of expected fields: some value, whose form is the provider's own."""
NOBODY_CALLS_BACK = "http://127.0.0.1:9/callbacks/clay"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """One provider asked about one entity type in one way."""

    id: str
    make: Callable[[ProviderSettings, Http], Provider]
    name: str
    """In the table of defaults."""
    vendor: str
    entity_type: str
    known: Sequence[str] = ()
    """The fields that the question is made of."""
    options: Mapping[str, str] = field(default_factory=dict)

    def settings(self, server: FakeServer, **changes: Any) -> ProviderSettings:
        """Return the provider's settings, with the server in the vendor's place."""
        default = DEFAULTS[self.name]
        settings = replace(
            default,
            base_url=server.base_url(self.vendor),
            api_key=KEYS[self.vendor],
            options={**default.options, **self.options},
        )
        return replace(settings, **changes)

    def lookup(self, scenario: str) -> Lookup:
        """Return a question about an entity that nobody has asked about, marked with a scenario."""
        number = next(_numbers)
        marker = f"x-{self.vendor}-{scenario.replace('_', '-').replace(':', '-')}"
        fields = self._texts(marker, number) if self.name == "ai-normalizer" else self._facts(marker, number)
        return Lookup(
            self.entity_type,
            f"entity-{number}",
            {name: fields[name] for name in self.known},
            request_id=f"request-{number}",
            callback_url=NOBODY_CALLS_BACK,
        )

    def _facts(self, marker: str, number: int) -> dict[str, Any]:
        domain = f"{marker}-acme{number}.example"
        who = invented.person(full_name="Ada Byron", domain=domain)
        if self.entity_type == "company":
            return {"domain": domain, "linkedin_url": who.company.linkedin_url}
        person = {"first_name": "Ada", "last_name": "Byron", "linkedin_url": who.linkedin_url, "email": who.email}
        return {**person, "company_domain": domain}

    def _texts(self, marker: str, number: int) -> dict[str, Any]:
        return {"job_title": f"Wizard of light bulbs {marker} q{number}", "industry": f"Zeppelins {marker} q{number}"}


PROSPEO_PERSON = Case("prospeo-person", Prospeo, "prospeo", "prospeo", "person", ("linkedin_url",))
PROSPEO_BY_NAME = replace(PROSPEO_PERSON, id="prospeo-by-name", known=("first_name", "last_name", "company_domain"))
PROSPEO_COMPANY = Case("prospeo-company", Prospeo, "prospeo", "prospeo", "company", ("domain",))
AIARK_PERSON = Case("aiark-person", AiArk, "aiark", "aiark", "person", ("linkedin_url",))
AIARK_BY_NAME = replace(AIARK_PERSON, id="aiark-by-name", known=("first_name", "last_name", "company_domain"))
AIARK_COMPANY = Case("aiark-company", AiArk, "aiark", "aiark", "company", ("domain",))
AIARK_BY_PAGE = replace(AIARK_COMPANY, id="aiark-by-page", known=("linkedin_url",))
LEADMAGIC_PERSON = Case(
    "leadmagic-person", LeadMagic, "leadmagic", "leadmagic", "person", ("first_name", "last_name", "company_domain")
)
LEADMAGIC_BY_PROFILE = replace(LEADMAGIC_PERSON, id="leadmagic-by-profile", known=("linkedin_url",))
LEADMAGIC_COMPANY = Case("leadmagic-company", LeadMagic, "leadmagic", "leadmagic", "company", ("domain",))
LEADMAGIC_VERIFIER = Case("leadmagic-verify", LeadMagicVerifier, "leadmagic", "leadmagic", "person", ("email",))
FINDYMAIL_PERSON = Case("findymail-person", Findymail, "findymail", "findymail", "person", ("linkedin_url",))
FINDYMAIL_BY_NAME = replace(
    FINDYMAIL_PERSON, id="findymail-by-name", known=("first_name", "last_name", "company_domain")
)
FINDYMAIL_VERIFIER = Case("findymail-verify", FindymailVerifier, "findymail", "findymail", "person", ("email",))
FIRECRAWL_COMPANY = Case("firecrawl-company", Firecrawl, "firecrawl", "firecrawl", "company", ("domain",))
CLAY_PERSON = Case("clay-person", Clay, "clay", "clay", "person", ("linkedin_url", "first_name", "last_name"))
CLAY_COMPANY = Case("clay-company", Clay, "clay", "clay", "company", ("domain",))
ANTHROPIC_PERSON = Case("anthropic-person", AiNormalizer, "ai-normalizer", "anthropic", "person", ("job_title",))
ANTHROPIC_COMPANY = replace(ANTHROPIC_PERSON, id="anthropic-company", entity_type="company", known=("industry",))
OPENAI_PERSON = replace(ANTHROPIC_PERSON, id="openai-person", vendor="openai", options={"API": "openai"})
OPENAI_COMPANY = replace(ANTHROPIC_COMPANY, id="openai-company", vendor="openai", options={"API": "openai"})

PROSPEO = (PROSPEO_PERSON, PROSPEO_BY_NAME, PROSPEO_COMPANY)
AIARK = (AIARK_PERSON, AIARK_BY_NAME, AIARK_COMPANY, AIARK_BY_PAGE)
LEADMAGIC_FINDERS = (LEADMAGIC_PERSON, LEADMAGIC_BY_PROFILE, LEADMAGIC_COMPANY)
LEADMAGIC = (*LEADMAGIC_FINDERS, LEADMAGIC_VERIFIER)
FINDYMAIL_FINDERS = (FINDYMAIL_PERSON, FINDYMAIL_BY_NAME)
FINDYMAIL = (*FINDYMAIL_FINDERS, FINDYMAIL_VERIFIER)
FIRECRAWL = (FIRECRAWL_COMPANY,)
CLAY = (CLAY_PERSON, CLAY_COMPANY)
ANTHROPIC = (ANTHROPIC_PERSON, ANTHROPIC_COMPANY)
OPENAI = (OPENAI_PERSON, OPENAI_COMPANY)
MODELS = (*ANTHROPIC, *OPENAI)
CASES = (*PROSPEO, *AIARK, *LEADMAGIC, *FINDYMAIL, *FIRECRAWL, *CLAY, *MODELS)

REFUSALS: Sequence[tuple[Sequence[Case], str, int, OutcomeClass]] = (
    (PROSPEO, "no_credits", 2, CREDITS_EXHAUSTED),
    (PROSPEO, "bad_key", 4, AUTH_FAILED),
    (PROSPEO, "bad_request", 3, INVALID_REQUEST),
    (PROSPEO, "server_error", 4, TRANSIENT),
    (PROSPEO, "not_found", 2, NOT_FOUND),
    (AIARK, "no_credits", 2, CREDITS_EXHAUSTED),
    (AIARK, "bad_key", 2, AUTH_FAILED),
    (AIARK, "bad_request", 2, INVALID_REQUEST),
    (AIARK, "server_error", 4, TRANSIENT),
    (AIARK, "not_found", 3, NOT_FOUND),
    ((AIARK_PERSON,), "no_email", 3, NOT_FOUND),
    ((AIARK_PERSON,), "async_slow", 1, TRANSIENT),
    (LEADMAGIC, "no_credits", 2, CREDITS_EXHAUSTED),
    (LEADMAGIC, "bad_key", 2, AUTH_FAILED),
    (LEADMAGIC, "bad_request", 3, INVALID_REQUEST),
    (LEADMAGIC, "server_error", 3, TRANSIENT),
    (LEADMAGIC_FINDERS, "not_found", 4, NOT_FOUND),
    (FINDYMAIL, "no_credits", 4, CREDITS_EXHAUSTED),
    (FINDYMAIL, "bad_key", 2, AUTH_FAILED),
    (FINDYMAIL, "bad_request", 3, INVALID_REQUEST),
    (FINDYMAIL, "server_error", 3, TRANSIENT),
    (FINDYMAIL_FINDERS, "not_found", 5, NOT_FOUND),
    (FIRECRAWL, "no_credits", 1, CREDITS_EXHAUSTED),
    (FIRECRAWL, "bad_key", 2, AUTH_FAILED),
    (FIRECRAWL, "bad_request", 3, INVALID_REQUEST),
    (FIRECRAWL, "server_error", 7, TRANSIENT),
    (FIRECRAWL, "not_found", 7, NOT_FOUND),
    (CLAY, "no_credits", 1, CREDITS_EXHAUSTED),
    (CLAY, "bad_key", 2, AUTH_FAILED),
    (CLAY, "bad_request", 4, INVALID_REQUEST),
    (CLAY, "server_error", 3, TRANSIENT),
    (ANTHROPIC, "no_credits", 4, CREDITS_EXHAUSTED),
    (ANTHROPIC, "unsupported_schema", 1, INVALID_REQUEST),
    (OPENAI, "no_credits", 3, CREDITS_EXHAUSTED),
    (MODELS, "bad_key", 2, AUTH_FAILED),
    (MODELS, "bad_request", 3, INVALID_REQUEST),
    (MODELS, "server_error", 3, TRANSIENT),
    (MODELS, "truncated", 1, TRANSIENT),
    (MODELS, "schema_violation", 2, TRANSIENT),
)
"""Cases, a scenario, its variants, and the class that all of them are."""

ANSWERING_AT_ONCE = (*PROSPEO, *AIARK, *LEADMAGIC, *FINDYMAIL, *FIRECRAWL)

GATEWAYS: Sequence[Canned] = (
    Canned(text="<h1>Bad gateway</h1>", status=502),
    Canned(text="<h1>Gateway time-out</h1>", status=504),
    Canned(text="", status=503),
    Canned(text='{"error": "it was a', status=500),
    Canned("upstream request timeout", status=500),
    Canned({"message": "Endpoint request timed out"}, status=504),
    Canned({"title": "Error 524: A timeout occurred"}, status=524),
    Canned(text="<h1>Request time-out</h1>", status=408),
)
"""What stands in front of a provider may say, having sent the question on or not."""

WAITS: Sequence[tuple[Sequence[Case], int, float, float]] = (
    (PROSPEO, 0, 7, 7),
    (PROSPEO, 1, 1, 1),
    (PROSPEO, 2, 3600, 3600),
    (AIARK, 0, 60, 60),
    (LEADMAGIC, 0, 7, 7),
    (LEADMAGIC, 2, 5, 8),
    (LEADMAGIC, 3, 3600, 86_400),
    (LEADMAGIC, 4, 7, 7),
    (FINDYMAIL, 0, 1, 60),
    (FIRECRAWL, 0, 7, 7),
    (FIRECRAWL, 1, 60, 60),
    (FIRECRAWL, 2, 5, 8),
    (FIRECRAWL, 3, 3600, 86_400),
    (FIRECRAWL, 4, 5, 5),
    (MODELS, 0, 7, 7),
    (MODELS, 2, 5, 8),
    (MODELS, 3, 3600, 86_400),
)
"""Cases, a variant of a rate limit, and between how many seconds its answer says to wait."""

EMAIL_STATUSES: Sequence[tuple[Sequence[Case], Sequence[str]]] = (
    ((PROSPEO_PERSON, PROSPEO_BY_NAME), ("valid", "unknown")),
    ((AIARK_PERSON, AIARK_BY_NAME), ("valid", "catch_all")),
    ((LEADMAGIC_PERSON,), ("valid", "catch_all", "catch_all")),
    ((LEADMAGIC_VERIFIER,), ("valid", "catch_all", "catch_all", "invalid", "unknown")),
    ((FINDYMAIL_VERIFIER,), ("valid", "invalid")),
)
"""Cases, and the canonical status for each of the vendor's own, in the order of the variants."""


def _of_person(who: invented.Person) -> dict[str, dict[str, Any]]:
    """Return what each provider should say of a person, by case."""
    city, state, country, code, _ = who.place
    name = {"first_name": who.first_name, "last_name": who.last_name, "full_name": who.full_name}
    email = {"email": who.email, "email_status": "valid"}
    work = {"company": who.company.name, "company_domain": who.domain}
    place = {"location_city": city, "location_state": state, "location_country": country, "location": GIVEN}
    job = {"job_title": who.title, "linkedin_url": who.linkedin_url}
    profile = {"headline": who.headline, "job_history": GIVEN}
    prospeo = {
        **name, **email, **work, **place, **job, **profile, "location_country_code": code, "skills": who.skills,
        "seniority": who.job[1], "departments": [who.job[3]], "provider_ids": {"prospeo_person_id": who.id},
    }  # fmt: skip
    aiark = {
        **name, **email, **work, **place, **job, **profile, "skills": who.skills, "seniority": who.job[2],
        "departments": [who.job[3].lower()], "functions": [who.job[4]], "profile_summary": who.summary,
        "profile_image_url": who.picture, "education": GIVEN, "certifications": GIVEN, "languages": GIVEN,
        "provider_ids": {"aiark_person_id": who.id},
    }  # fmt: skip
    found = {"first_name": who.first_name, "last_name": who.last_name, **email, **work}
    by_profile = {
        **found, **job, **profile, "full_name": who.full_name, "location": GIVEN, "location_country": country,
        "profile_summary": who.summary, "education": GIVEN,
    }  # fmt: skip
    findymail = {**name, **email, **work, **place, **job, "provider_ids": GIVEN}
    return {
        "prospeo-person": prospeo,
        "prospeo-by-name": prospeo,
        "aiark-person": aiark,
        "aiark-by-name": aiark,
        "leadmagic-person": found,
        "leadmagic-by-profile": by_profile,
        "leadmagic-verify": {"email_status": "valid"},
        "findymail-person": findymail,
        "findymail-by-name": findymail,
        "findymail-verify": {"email_status": "valid"},
    }


def _of_company(company: invented.Company) -> dict[str, dict[str, Any]]:
    """Return what each provider should say of a company, by case."""
    city, state, country, code, postal_code = company.place
    facts = {"name": company.name, "domain": company.domain, "headcount": company.headcount}
    told = {"description": company.description, "year_founded": company.founded, "website": company.website}
    place = {"hq_city": city, "hq_state": state, "hq_country": country, "location": GIVEN}
    page = {"linkedin_url": company.linkedin_url}
    more = {"hq_address": company.address, "revenue": company.revenue, "social_urls": GIVEN, "technologies": GIVEN}
    prospeo = {
        **facts, **told, **place, **page, **more, "industry": company.industry, "company_type": GIVEN,
        "hq_country_code": code, "hq_phone": company.phone, "company_keywords": company.keywords,
        "naics_codes": ["511210"], "funding_total": company.funding_total, "job_postings_active_count": 1,
        "job_posting_titles": ["Data Engineer"], "provider_ids": GIVEN,
    }  # fmt: skip
    aiark = {
        **facts, **told, **place, **page, **more, "industry": company.industry.lower(), "company_type": GIVEN,
        "hq_postal_code": postal_code, "office_locations": GIVEN, "industries": [company.industry.lower()],
        "company_keywords": company.keywords, "hashtags": ["#work"], "naics_codes": ["511210"],
        "it_spend": company.it_spend, "provider_ids": GIVEN,
    }  # fmt: skip
    leadmagic = {
        **facts, **told, **place, **page, "industry": company.industry, "office_locations": GIVEN,
        "company_keywords": company.keywords, "provider_ids": GIVEN,
    }  # fmt: skip
    return {
        "prospeo-company": prospeo,
        "aiark-company": aiark,
        "aiark-by-page": aiark,
        "leadmagic-company": leadmagic,
        "firecrawl-company": {**facts, **told, "industry": company.industry, "location": GIVEN},
    }


def _expected(case: Case, lookup: Lookup) -> dict[str, Any]:
    if case.entity_type == "company":
        known = lookup.fields
        company = invented.company(domain=known.get("domain"), linkedin=known.get("linkedin_url"))
        return _of_company(company)[case.id]
    fields = lookup.fields
    who = invented.person(
        first_name=fields.get("first_name"),
        last_name=fields.get("last_name"),
        domain=fields.get("company_domain"),
        linkedin=fields.get("linkedin_url"),
        email=fields.get("email"),
    )
    return _of_person(replace(who, known_email=None))[case.id]


def _is_as(expected: Any, given: Any) -> bool:
    """Compare leniently where the canonical form is somebody else's matter: numbers as text, more ids than one."""
    if expected is GIVEN:
        return given not in (None, "", [], {})
    if isinstance(expected, dict):
        return isinstance(given, dict) and expected.items() <= given.items()
    return given == expected if isinstance(expected, list) else str(given) == str(expected)


@dataclass
class Asked:
    """What came of a question, and what the vendor did."""

    answer: Answer
    lines: list[ledger.Line]
    seconds: float
    worst_micros: int

    def check_money(self) -> None:
        """Assert that the answer's cost is the vendor's, and that no more than the worst price was charged."""
        charged = charges.total(self.lines)
        assert charged <= self.worst_micros
        if self.answer.is_cost_known:
            assert self.answer.cost_micros == charged


def _ask(server: FakeServer, case: Case, scenario: str, seconds: float = PATIENCE_SECONDS, **changes: Any) -> Asked:
    provider = case.make(case.settings(server, **changes), Http())
    lookup = case.lookup(scenario)
    before = len(server.lines())
    start = time.monotonic()
    answer = asyncio.run(provider.lookup(lookup, deadline=start + seconds))
    asked = Asked(answer, server.lines(before), time.monotonic() - start, provider.worst_price_micros(lookup))
    _check_silence(answer, lookup, server)
    return asked


async def _at_once(provider: Provider, lookups: Sequence[Lookup], deadline: float) -> list[Answer]:
    return await asyncio.gather(*(provider.lookup(lookup, deadline=deadline) for lookup in lookups))


def _check_silence(answer: Answer, lookup: Lookup, server: FakeServer) -> None:
    """Assert that an error gives away no personal data, key or address."""
    said = answer.error or ""
    secrets = [str(value) for value in lookup.fields.values()] + [*KEYS.values(), server.url, "127.0.0.1", "@", "http"]
    assert [secret for secret in secrets if secret in said] == []
    assert (answer.standing is SUCCESS) == (not said)


def _each(table: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Spread rows of (cases, …) to one parameter for each case."""
    return [
        pytest.param(case, *rest, id="-".join([case.id, *map(str, rest)])) for cases, *rest in table for case in cases
    ]


class TestContract:
    """The contract of one call."""

    @pytest.mark.parametrize("variant", [0, 1])
    @pytest.mark.parametrize("case", [case for case in CASES if case not in MODELS + CLAY], ids=lambda case: case.id)
    def test_lookup_fills_the_canonical_fields_when_found(
        self, fake_server: FakeServer, case: Case, variant: int
    ) -> None:
        """Each field that the vendor has comes under its canonical name, in either spelling of the vendor."""
        provider = case.make(case.settings(fake_server), Http())
        lookup = case.lookup(f"ok:{variant}")
        before = len(fake_server.lines())
        answer = asyncio.run(provider.lookup(lookup, deadline=time.monotonic() + PATIENCE_SECONDS))
        expected = _expected(case, lookup)
        for name in _LEFT_OUT.get((case.id, variant), ()):
            del expected[name]
        wrong = {
            name: answer.fields.get(name) for name in expected if not _is_as(expected[name], answer.fields.get(name))
        }
        assert answer.outcome_class is SUCCESS
        assert wrong == {}
        assert checked(answer, FIELDS[case.entity_type]).fields == answer.fields, "of the kinds that are stored"
        assert "*" not in "".join(map(str, answer.fields.values())), "a masked value"
        assert answer.is_cost_known
        assert answer.cost_micros == charges.total(fake_server.lines(before)) <= provider.worst_price_micros(lookup)

    @pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
    def test_lookup_normalizes_by_the_model_at_the_price_of_its_tokens(
        self, fake_server: FakeServer, case: Case
    ) -> None:
        """What the rules leave open is filled by the model."""
        asked = _ask(fake_server, case, "ok")
        name = "normalized_job_title" if case.entity_type == "person" else "normalized_industry"
        assert asked.answer.outcome_class is SUCCESS
        assert asked.answer.fields[name]
        assert asked.answer.cost_micros == charges.total(asked.lines) > 0
        asked.check_money()

    @pytest.mark.parametrize("case", OPENAI, ids=lambda case: case.id)
    def test_lookup_falls_back_where_the_server_has_no_schemas(self, fake_server: FakeServer, case: Case) -> None:
        """Servers that speak the API without its schema parameter can be used."""
        asked = _ask(fake_server, case, "unsupported_schema:1")
        assert asked.answer.outcome_class is SUCCESS
        asked.check_money()

    @pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
    def test_lookup_takes_no_word_outside_the_vocabulary(self, fake_server: FakeServer, case: Case) -> None:
        """A value that is not in the vocabulary is not stored."""
        asked = _ask(fake_server, case, "schema_violation:2")
        assert "Something Else Entirely" not in asked.answer.fields.values()
        asked.check_money()

    @pytest.mark.parametrize("scenario", ["not_found", "refusal"])
    @pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
    def test_lookup_is_not_skipped_where_the_model_was_asked_and_says_nothing_certain(
        self, fake_server: FakeServer, case: Case, scenario: str
    ) -> None:
        """Low confidence and a refusal are paid answers; what the rules made of the text may stand beside them."""
        asked = _ask(fake_server, case, scenario)
        expected = {SUCCESS, NOT_FOUND} if case.entity_type == "person" else {NOT_FOUND}
        assert asked.answer.outcome_class in expected
        assert asked.answer.cost_micros == charges.total(asked.lines) > 0

    @pytest.mark.parametrize("case", CLAY, ids=lambda case: case.id)
    def test_push_leaves_the_answer_pending_and_costs_a_row(self, fake_server: FakeServer, case: Case) -> None:
        """A row that was taken is charged, and what it brings comes later."""
        asked = _ask(fake_server, case, "no_callback")
        assert asked.answer.pending_seconds
        assert asked.answer.cost_micros == charges.total(asked.lines) > 0

    @pytest.mark.parametrize(("case", "scenario", "variants", "expected"), _each(REFUSALS))
    def test_lookup_gives_the_class_of_each_spelling(
        self, fake_server: FakeServer, case: Case, scenario: str, variants: int, expected: OutcomeClass
    ) -> None:
        """All the ways in which a vendor says the same thing come to the same class, at the vendor's price."""
        for variant in range(variants):
            asked = _ask(fake_server, case, f"{scenario}:{variant}")
            assert asked.answer.outcome_class is expected, f"variant {variant}: {asked.answer.error}"
            asked.check_money()

    @pytest.mark.parametrize("case", ANSWERING_AT_ONCE, ids=lambda case: case.id)
    def test_answer_about_somebody_else_is_not_found_at_its_cost(self, fake_server: FakeServer, case: Case) -> None:
        """Nothing of a stranger is stored; what the answer cost is booked, and the answer is kept as it came."""
        for variant in range(3 if case in FIRECRAWL else 1):
            asked = _ask(fake_server, case, f"wrong_person:{variant}")
            assert (asked.answer.outcome_class, asked.answer.fields) == (NOT_FOUND, {})
            assert asked.answer.error
            assert asked.answer.raw
            asked.check_money()

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_gateways_answer_leaves_the_cost_unknown(self, fake_server: FakeServer, case: Case) -> None:
        """Nobody knows what was charged behind a gateway that answers in the provider's place."""

        async def ask(canned: Canned) -> Answer:
            async with serving(CannedServer(canned)) as url:
                provider = case.make(case.settings(fake_server, base_url=url), Http())
                return await provider.lookup(case.lookup("ok"), deadline=time.monotonic() + PATIENCE_SECONDS)

        for canned in GATEWAYS:
            answer = asyncio.run(ask(canned))
            assert (answer.outcome_class, answer.is_cost_known) == (TRANSIENT, False), canned

    @pytest.mark.parametrize(("case", "variant", "least", "most"), _each(WAITS))
    def test_rate_limit_says_how_long_to_wait(
        self, fake_server: FakeServer, case: Case, variant: int, least: float, most: float
    ) -> None:
        """The wait comes from the vendor's headers where there are some."""
        asked = _ask(fake_server, case, f"rate_limited:{variant}")
        assert asked.answer.outcome_class is RATE_LIMITED
        assert asked.answer.retry_after_seconds is not None
        assert least <= asked.answer.retry_after_seconds <= most
        assert (asked.answer.cost_micros, asked.answer.is_cost_known, asked.lines) == (0, True, [])

    @pytest.mark.parametrize("case", [*AIARK, *CLAY, *MODELS, *LEADMAGIC], ids=lambda case: case.id)
    def test_rate_limit_is_one_without_headers_too(self, fake_server: FakeServer, case: Case) -> None:
        """A limit is told by its status, or by its text, alone."""
        assert _ask(fake_server, case, "rate_limited:1").answer.outcome_class is RATE_LIMITED

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_lookup_ends_by_its_deadline(self, fake_server: FakeServer, case: Case) -> None:
        """A server that does not come to an end costs no more time than was given; what it charged is unknown."""
        provider = case.make(case.settings(fake_server), Http())
        lookups = [case.lookup(scenario) for scenario in ("hang", "slow", "drip")]
        before = len(fake_server.lines())
        start = time.monotonic()
        answers = asyncio.run(_at_once(provider, lookups, start + CUT_OFF_SECONDS))
        assert time.monotonic() - start < 25, "the slow one would answer after 30"
        assert [answer.outcome_class for answer in answers] == [TRANSIENT] * 3
        assert not any(answer.is_cost_known for answer in answers)
        assert charges.total(fake_server.lines(before)) <= sum(map(provider.worst_price_micros, lookups))

    @pytest.mark.parametrize("scenario", ["huge", "gzip_bomb", "reset", "reset_before"])
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_lookup_is_transient_at_an_unknown_cost_where_the_answer_is_unusable(
        self, fake_server: FakeServer, case: Case, scenario: str
    ) -> None:
        """Too much of an answer, and none at all, may have been charged."""
        asked = _ask(fake_server, case, scenario)
        assert asked.answer.outcome_class is TRANSIENT
        assert not asked.answer.is_cost_known
        asked.check_money()

    @pytest.mark.parametrize("case", [case for case in CASES if case not in CLAY], ids=lambda case: case.id)
    def test_garbage_is_transient_at_an_unknown_cost(self, fake_server: FakeServer, case: Case) -> None:
        """A good status with a page, half an answer, or a number under it may have been charged."""
        for variant in range(3):
            asked = _ask(fake_server, case, f"garbage:{variant}")
            assert asked.answer.outcome_class is TRANSIENT, f"variant {variant}"
            assert not asked.answer.is_cost_known, f"variant {variant}"
            asked.check_money()

    @pytest.mark.parametrize("case", CLAY, ids=lambda case: case.id)
    def test_push_is_pending_whatever_a_good_status_says(self, fake_server: FakeServer, case: Case) -> None:
        """Nobody documents what stands in the acknowledgement."""
        asked = _ask(fake_server, case, "garbage")
        assert asked.answer.pending_seconds
        asked.check_money()

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_redirect_is_not_followed(self, fake_server: FakeServer, case: Case) -> None:
        """The key goes nowhere else, and an address inside of one's own network is not called."""
        asked = _ask(fake_server, case, "redirect")
        assert asked.answer.outcome_class in {TRANSIENT, INVALID_REQUEST}
        assert fake_server.stats()["followed_redirects"] == 0
        asked.check_money()

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_refused_key_is_told_apart(self, fake_server: FakeServer, case: Case) -> None:
        """A key that the vendor does not know is refused, and nothing is charged."""
        asked = _ask(fake_server, case, "ok", api_key="no-such-key")
        assert asked.answer.outcome_class is AUTH_FAILED
        assert (asked.answer.cost_micros, asked.lines) == (0, [])
        assert "no-such-key" not in (asked.answer.error or "")

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_closed_port_is_transient_and_free(self, fake_server: FakeServer, case: Case) -> None:
        """What was never sent was never charged."""
        asked = _ask(fake_server, case, "ok", base_url="http://127.0.0.1:9")
        assert asked.answer.outcome_class is TRANSIENT
        assert (asked.answer.is_cost_known, asked.answer.cost_micros) == (True, 0)

    @pytest.mark.parametrize("case", [case for case in CASES if case not in MODELS], ids=lambda case: case.id)
    def test_lookup_is_skipped_without_a_call_for_lack_of_input(self, fake_server: FakeServer, case: Case) -> None:
        """An entity of which nothing is known is not asked about."""
        provider = case.make(case.settings(fake_server), Http())
        before = fake_server.stats()["providers"][case.vendor]["requests"]
        lookup = Lookup(case.entity_type, "nobody", {}, request_id="r", callback_url=NOBODY_CALLS_BACK)
        answer = asyncio.run(provider.lookup(lookup, deadline=time.monotonic() + PATIENCE_SECONDS))
        assert answer.outcome_class is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
        assert provider.why_insufficient(lookup)
        assert fake_server.stats()["providers"][case.vendor]["requests"] == before

    @pytest.mark.parametrize(("case", "expected"), _each(EMAIL_STATUSES))
    def test_email_status_is_turned_into_the_canonical_one(
        self, fake_server: FakeServer, case: Case, expected: Sequence[str]
    ) -> None:
        """Each vendor's word for an address has its canonical one."""
        asked = [_ask(fake_server, case, f"email_status:{variant}") for variant in range(len(expected))]
        assert [one.answer.fields.get("email_status") for one in asked] == list(expected)
        for one in asked:
            one.check_money()

    @pytest.mark.parametrize(
        ("case", "scenario"),
        [(PROSPEO_PERSON, "masked"), (PROSPEO_PERSON, "no_email"), (AIARK_BY_NAME, "no_email")],
        ids=["prospeo-masked", "prospeo-no-email", "aiark-no-email"],
    )
    def test_person_is_found_without_an_address_where_it_is_masked_or_missing(
        self, fake_server: FakeServer, case: Case, scenario: str
    ) -> None:
        """The rest of what was paid for is kept, and a masked address never."""
        asked = _ask(fake_server, case, scenario)
        assert asked.answer.outcome_class is SUCCESS
        assert "email" not in asked.answer.fields
        assert "email_status" not in asked.answer.fields
        asked.check_money()

    def test_throttled_export_leaves_the_person_and_says_to_wait(self, fake_server: FakeServer) -> None:
        """A 401 on an export, just after the key worked, is no matter of the key."""
        asked = _ask(fake_server, AIARK_BY_NAME, "throttled")
        assert asked.answer.outcome_class in {SUCCESS, RATE_LIMITED}
        assert asked.answer.retry_after_seconds == 300
        asked.check_money()

    @pytest.mark.parametrize("case", [*PROSPEO, *AIARK, *LEADMAGIC, *FINDYMAIL, *FIRECRAWL], ids=lambda case: case.id)
    def test_repeat_is_free_where_the_provider_says_so(self, fake_server: FakeServer, case: Case) -> None:
        """`repeat_is_free` is what the vendor does. Only Prospeo's answer tells; the cost is never too low."""
        provider = case.make(case.settings(fake_server), Http())
        lookup = case.lookup("ok")
        asyncio.run(provider.lookup(lookup, deadline=time.monotonic() + PATIENCE_SECONDS))
        before = len(fake_server.lines())
        again = asyncio.run(provider.lookup(lookup, deadline=time.monotonic() + PATIENCE_SECONDS))
        charged = charges.total(fake_server.lines(before))
        assert again.outcome_class is SUCCESS
        assert (charged == 0) == provider.capabilities.repeat_is_free
        assert again.cost_micros >= charged
        if case.vendor == "prospeo":
            assert again.cost_micros == 0


# What a variant's answer does not hold, by case and variant of `ok`.
_LEFT_OUT: Mapping[tuple[str, int], Sequence[str]] = {
    ("aiark-person", 1): ("headline",),
    ("aiark-by-name", 1): ("headline",),
    ("leadmagic-company", 1): ("provider_ids",),
    ("firecrawl-company", 1): ("headcount", "year_founded"),
}


class TestBulk:
    """The contract of calls about several entities."""

    def _ask_many(
        self, server: FakeServer, case: Case, scenarios: Sequence[str], seconds: float = PATIENCE_SECONDS
    ) -> tuple[list[Answer], list[Lookup], list[ledger.Line]]:
        provider = case.make(case.settings(server), Http())
        lookups = [case.lookup(scenario) for scenario in scenarios]
        before = len(server.lines())
        answers = asyncio.run(provider.lookup_many(lookups, deadline=time.monotonic() + seconds))
        return list(answers), lookups, server.lines(before)

    @pytest.mark.parametrize("case", PROSPEO, ids=lambda case: case.id)
    def test_each_row_has_its_own_outcome(self, fake_server: FakeServer, case: Case) -> None:
        """Matched, not matched and invalid rows come in one answer; only matches are charged."""
        scenarios = ("ok", "ok", "not_found", "bad_request")
        answers, lookups, lines = self._ask_many(fake_server, case, scenarios)
        classes = [answer.outcome_class for answer in answers]
        assert classes == [SUCCESS, SUCCESS, NOT_FOUND, INVALID_REQUEST]
        assert sum(answer.cost_micros for answer in answers) == charges.total(lines) > 0
        name = "domain" if case.entity_type == "company" else "company_domain"
        assert [answer.fields[name] for answer in answers[:2]] == [_expected(case, one)[name] for one in lookups[:2]]

    @pytest.mark.parametrize("case", PROSPEO, ids=lambda case: case.id)
    def test_row_about_somebody_else_is_not_found_and_the_others_are(self, fake_server: FakeServer, case: Case) -> None:
        """Rows are joined by their place, so each is compared with the entity that has it."""
        answers, _, lines = self._ask_many(fake_server, case, ("ok", "wrong_person", "ok"))
        assert [answer.outcome_class for answer in answers] == [SUCCESS, NOT_FOUND, SUCCESS]
        assert answers[1].fields == {}
        assert sum(answer.cost_micros for answer in answers) == charges.total(lines)
        assert all(answer.cost_micros for answer in answers)

    @pytest.mark.parametrize("case", [AIARK_COMPANY, AIARK_BY_PAGE], ids=lambda case: case.id)
    def test_companies_of_one_search_keep_apart(self, fake_server: FakeServer, case: Case) -> None:
        """Each row goes to the company that it is about."""
        answers, lookups, lines = self._ask_many(fake_server, case, ("ok", "ok", "ok"))
        expected = [_expected(case, one)["name"] for one in lookups]
        assert [answer.fields["name"] for answer in answers] == expected
        assert sum(answer.cost_micros for answer in answers) == charges.total(lines) > 0

    @pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
    def test_texts_of_one_request_share_its_price(self, fake_server: FakeServer, case: Case) -> None:
        """The shares add up to what the model charged."""
        answers, _, lines = self._ask_many(fake_server, case, ("ok", "ok", "ok"))
        assert [answer.outcome_class for answer in answers] == [SUCCESS] * 3
        assert len(lines) == 1
        assert sum(answer.cost_micros for answer in answers) == charges.total(lines)

    @pytest.mark.parametrize("case", [*PROSPEO, AIARK_COMPANY, *MODELS], ids=lambda case: case.id)
    def test_every_row_may_have_been_charged_where_no_answer_came(self, fake_server: FakeServer, case: Case) -> None:
        """A bulk call that was cut off leaves the price of each row unknown."""
        answers, _, _ = self._ask_many(fake_server, case, ("reset", "ok"))
        assert [answer.outcome_class for answer in answers] == [TRANSIENT] * 2
        assert not any(answer.is_cost_known for answer in answers)
