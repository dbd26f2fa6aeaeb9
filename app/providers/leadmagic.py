"""LeadMagic: people's addresses and profiles, companies, and a verifier of addresses.

Written from the pages "Making API calls" and "Developer experience", the reference of API v1
(leadmagic.io/docs/v1) and LeadMagic's published OpenAPI description, read in 2026-11. From there:

- credits: e-mail finder, profile search and company search 1 each, if found; validation 0.25,
  always. `credits_consumed` in the body is what was really charged;
- statuses: 200 for found and for not found alike, 400 and 422 refused, 401 and 403 the key, 402 no
  credits, 404 not found or a wrong path, 429 too fast, with `Retry-After` or `RateLimit-Reset`.

The vendor's pages disagree on the spelling of names in answers (`companyName`, `company_name`),
so both are read everywhere. That a repeat were free is said nowhere.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import partial
from types import MappingProxyType
from typing import Any

from app.providers.adapter import PaidProvider, PaidVerifier
from app.providers.api_client import is_cost_known, unanswered
from app.providers.base import DEFINITE, Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.questions import company_host, known_fields
from app.providers.reading import a_list, filled, find, joined, strings
from app.providers.settings import ProviderSettings
from app.values.emails import email_address
from app.values.linkedin import company_page, person_page
from app.values.numbers import integer
from app.values.text import text

_FINDER = "/v1/people/email-finder"
_PROFILE = "/v1/people/profile-search"
_VALIDATION = "/v1/people/email-validation"
_COMPANY = "/v1/companies/company-search"

_NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "person": "LeadMagic needs a name with a company or its domain, or a LinkedIn URL.",
        "company": "LeadMagic needs a domain, a website or a LinkedIn URL; a name alone is too loose.",
    }
)

_CLASSES: Mapping[int, OutcomeClass] = MappingProxyType(
    {
        401: OutcomeClass.AUTH_FAILED,
        402: OutcomeClass.CREDITS_EXHAUSTED,
        403: OutcomeClass.AUTH_FAILED,
        408: OutcomeClass.TRANSIENT,
        429: OutcomeClass.RATE_LIMITED,
    }
)
_ERRORS: Mapping[OutcomeClass, str] = MappingProxyType(
    {
        OutcomeClass.NOT_FOUND: "LeadMagic has nothing",
        OutcomeClass.RATE_LIMITED: "LeadMagic asks to slow down",
        OutcomeClass.CREDITS_EXHAUSTED: "LeadMagic has no credits left",
        OutcomeClass.AUTH_FAILED: "LeadMagic refuses the key",
        OutcomeClass.INVALID_REQUEST: "LeadMagic refuses the request",
        OutcomeClass.TRANSIENT: "LeadMagic gave no usable answer",
    }
)
_EMAIL_STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "valid": "valid",
        "valid_catch_all": "catch_all",
        "catch_all": "catch_all",
        "invalid": "invalid",
        "unknown": "unknown",
    }
)
_WITHOUT_EMAIL = frozenset({"invalid", "not_found"})
_CODE = re.compile(r"[A-Z_]{1,40}")
_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The dearest call costs 10 (b2b-profile). What is far above is a misreading, not a charge.
_MOST_CREDITS = 100
# A reset further away than a day is an instant, not a number of seconds.
_LONGEST_RESET_SECONDS = 86_400


class _LeadMagicCalls(PaidProvider):
    """What the provider and the verifier share: how a call is made."""

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        super().__init__(settings)
        self._http = http

    async def _call(
        self, path: str, question: Mapping[str, str], read: Callable[[Reply, ProviderSettings], Answer], deadline: float
    ) -> Answer:
        try:
            reply = await self._http.request(
                "POST",
                self.settings.base_url + path,
                headers={"X-API-Key": self.settings.api_key or ""},
                json=question,
                deadline=deadline,
            )
        except NoReply as error:
            return unanswered(error)
        return read(reply, self.settings)


class LeadMagic(_LeadMagicCalls):
    """Finds a person's address by name and company, or by profile and then address; a company by its domain."""

    name = "leadmagic"
    entity_types = frozenset({"person", "company"})
    inputs: Mapping[str, frozenset[str]] = MappingProxyType(
        {
            "person": frozenset({"first_name", "last_name", "full_name", "company", "company_domain", "linkedin_url"}),
            "company": frozenset({"domain", "website", "linkedin_url"}),
        }
    )

    def lacks(self, lookup: Lookup) -> str | None:
        """Return what a finder, profile or company call lacks, or None."""
        if lookup.entity_type == "company":
            question = _company_question(lookup.fields)
        else:
            question = _finder_question(lookup.fields) or _profile_question(lookup.fields)
        return None if question else _NEEDS[lookup.entity_type]

    def most_micros(self, lookup: Lookup) -> int:
        """Return the price of the one call, or of both where a profile has to be searched first."""
        if lookup.entity_type == "company":
            return self.settings.price_micros("company")
        finder = self.settings.price_micros("finder")
        return finder if _finder_question(lookup.fields) else finder + self.settings.price_micros("profile")

    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Ask for one person, with two calls if only the profile's URL is known, or for one company."""
        if lookup.entity_type == "company":
            return await self._find_company(_company_question(lookup.fields), deadline)
        question = _finder_question(lookup.fields)
        if question:
            return await self._call(_FINDER, question, read_finder, deadline)
        return await self._find_by_profile(lookup, deadline)

    async def _find_company(self, question: Mapping[str, str], deadline: float) -> Answer:
        read = partial(read_company, asked_domain=question.get("company_domain"))
        return await self._call(_COMPANY, question, read, deadline)

    async def _find_by_profile(self, lookup: Lookup, deadline: float) -> Answer:
        profile = await self._call(_PROFILE, _profile_question(lookup.fields), read_profile, deadline)
        # The address of somebody else is not to be paid for too.
        profile = self.about_asked(lookup, profile)
        next_question = _finder_question(known_fields("person", profile.fields).fields)
        if not next_question:
            return profile
        found = await self._call(_FINDER, next_question, read_finder, deadline)
        return _both(profile, found, self.settings.price_micros("finder"))


class LeadMagicVerifier(_LeadMagicCalls, PaidVerifier):
    """Says whether mail to a person's address arrives. Charged each time, whatever it says."""

    name = "leadmagic-verify"
    capabilities = Capabilities(charges_misses=True, verifies=LeadMagic.name)

    def most_micros(self, lookup: Lookup) -> int:
        """Return the price of a validation."""
        return self.settings.price_micros("validation")

    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Ask about the address; the answer's one field is `email_status`, which may be `unknown`."""
        address = email_address(lookup.fields.get("email")) or ""
        return await self._call(_VALIDATION, {"email": address}, read_verdict, deadline)


def read_finder(reply: Reply, settings: ProviderSettings) -> Answer:
    """Return what the e-mail finder's reply comes to.

    Without an address it is a miss: the names and company facts beside it are echoes of the question.
    """
    failed_class = _failed_class(reply)
    if failed_class is not None:
        return _failure(failed_class, reply, settings)
    body = _snake_case(reply.body)
    fields = _person_fields(body)
    cost_micros = _cost_micros(reply, settings, "finder" if _text(body, "email", "work_email") else None)
    return _result(fields if "email" in fields else {}, reply, cost_micros)


def read_profile(reply: Reply, settings: ProviderSettings) -> Answer:
    """Return what the profile search's reply comes to. The profile's URL alone is no find: it was the question."""
    failed_class = _failed_class(reply)
    if failed_class is not None:
        return _failure(failed_class, reply, settings)
    body = _snake_case(reply.body)
    fields = _person_fields(body)
    is_found = bool(fields.keys() - {"linkedin_url"}) and _status_word(body) != "not_found"
    return _result(fields if is_found else {}, reply, _cost_micros(reply, settings, "profile" if is_found else None))


def read_company(reply: Reply, settings: ProviderSettings, asked_domain: str | None = None) -> Answer:
    """Return what the company search's reply comes to; a reply without any field of a company is a miss."""
    failed_class = _failed_class(reply)
    if failed_class is not None:
        return _failure(failed_class, reply, settings)
    fields = _company_fields(_snake_case(reply.body))
    cost_micros = _cost_micros(reply, settings, "company" if fields else None)
    if not fields:
        return _result({}, reply, cost_micros)
    said_domain = company_host(fields.get("website"), fields.get("name"))
    found = _result(filled({**fields, "domain": asked_domain or said_domain}), reply, cost_micros)
    # The domain that was asked for says nothing of whom the answer is about.
    return replace(found, about={"domain": said_domain})


def read_verdict(reply: Reply, settings: ProviderSettings) -> Answer:
    """Return what the validation's reply comes to. `unknown`, and words not known here, are verdicts too."""
    failed_class = _failed_class(reply)
    if failed_class is not None:
        return _failure(failed_class, reply, settings)
    body = _snake_case(reply.body)
    if not body.keys() & {"email_status", "status"}:
        return _failure(OutcomeClass.TRANSIENT, reply, settings)
    word = _status_word(body)
    if word is None:
        return _result({}, reply, _cost_micros(reply, settings, None))
    verdict = _EMAIL_STATUSES.get(word, "unknown")
    judged = _result({"email_status": verdict}, reply, _cost_micros(reply, settings, "validation"))
    return replace(judged, about={"email": body.get("email")})


def _finder_question(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the question to the e-mail finder, empty where the name or the company is missing."""
    first, last = text(fields.get("first_name")), text(fields.get("last_name"))
    full_name = text(fields.get("full_name"))
    domain = company_host(fields.get("company_domain"), fields.get("company"))
    name = {"first_name": first, "last_name": last} if first and last else filled({"full_name": full_name})
    company = {"domain": domain} if domain else filled({"company_name": text(fields.get("company"))})
    return {**name, **company} if name and company else {}


def _profile_question(fields: Mapping[str, Any]) -> dict[str, str]:
    page = _linkedin("person", fields.get("linkedin_url"))
    return {"profile_url": page} if page else {}


def _company_question(fields: Mapping[str, Any]) -> dict[str, str]:
    name = fields.get("name")
    domain = company_host(fields.get("domain"), name) or company_host(fields.get("website"), name)
    if domain:
        return {"company_domain": domain}
    page = _linkedin("company", fields.get("linkedin_url"))
    return {"profile_url": page} if page else {}


def _both(profile: Answer, found: Answer, finder_micros: int) -> Answer:
    """Return a found profile with what the finder added to it.

    The profile is paid for, so it is delivered whatever became of the second call; where that may have been
    charged, its price counts.
    """
    has_failed = found.outcome_class not in DEFINITE
    return replace(
        profile,
        fields={**profile.fields, **found.fields},
        raw={"profile": profile.raw, "finder": found.raw},
        cost_micros=profile.cost_micros + (found.cost_micros if found.is_cost_known else finder_micros),
        is_cost_known=found.is_cost_known,
        retry_after_seconds=found.retry_after_seconds,
        trouble=found.outcome_class if has_failed else None,
        error=found.error if has_failed else None,
    )


def _failed_class(reply: Reply) -> OutcomeClass | None:
    """Return what a reply without a result comes to, or None where there is a result to be read."""
    is_object = isinstance(reply.body, Mapping)
    if 200 <= reply.status < 300:
        return None if is_object and not find(reply.body, "errors.0", "error") else OutcomeClass.TRANSIENT
    if reply.status == 404 and is_object:
        # A page or nothing at all instead means that the path is wrong, or was retired.
        return OutcomeClass.NOT_FOUND
    if reply.status >= 500:
        return OutcomeClass.TRANSIENT
    return _CLASSES.get(reply.status, OutcomeClass.INVALID_REQUEST)


def _failure(outcome_class: OutcomeClass, reply: Reply, settings: ProviderSettings) -> Answer:
    is_rate_limited = outcome_class is OutcomeClass.RATE_LIMITED
    code = text(find(reply.body, "errors.0.code"))
    words = [f"status {reply.status}"] + ([code] if code and _CODE.fullmatch(code) else [])
    return Answer(
        outcome_class,
        raw=_raw(reply),
        cost_micros=_cost_micros(reply, settings, None),
        error=f"{_ERRORS[outcome_class]} ({', '.join(words)}).",
        retry_after_seconds=_retry_after_seconds(reply) if is_rate_limited else None,
        is_cost_known=is_cost_known(reply, outcome_class, is_refusal=_credits_consumed(reply) is not None),
    )


def _result(fields: Mapping[str, Any], reply: Reply, cost_micros: int) -> Answer:
    if fields:
        return Answer(OutcomeClass.SUCCESS, fields=fields, raw=reply.body, cost_micros=cost_micros)
    error = f"{_ERRORS[OutcomeClass.NOT_FOUND]}."
    return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=error)


def _raw(reply: Reply) -> Any:
    return reply.body if reply.is_json else reply.text


def _retry_after_seconds(reply: Reply) -> float | None:
    seconds = reply.retry_after_seconds()
    if seconds is not None:
        return seconds
    reset = integer(find(reply.headers, "ratelimit-reset", "x-ratelimit-reset"))
    return float(reset) if reset is not None and reset <= _LONGEST_RESET_SECONDS else None


def _cost_micros(reply: Reply, settings: ProviderSettings, charged_operation: str | None) -> int:
    """Return what the body says was charged; where it is silent, the price of the operation, if that was charged."""
    credits = _credits_consumed(reply)
    if credits is not None:
        return settings.cost_micros(credits)
    return settings.price_micros(charged_operation) if charged_operation else 0


def _credits_consumed(reply: Reply) -> Decimal | None:
    written = text(find(reply.body, "credits_consumed", "creditsConsumed"))
    try:
        credits = Decimal(written or "")
    except InvalidOperation:
        return None
    return credits if credits.is_finite() and 0 <= credits <= _MOST_CREDITS else None


def _person_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    company = _text(body, "company_name")
    domain = company_host(body.get("domain"), company)
    return filled(
        {
            **_email_fields(body),
            "first_name": _text(body, "first_name"),
            "last_name": _text(body, "last_name"),
            "full_name": _text(body, "full_name"),
            "job_title": _text(body, "professional_title"),
            "headline": _text(body, "headline"),
            "linkedin_url": _linkedin("person", body.get("profile_url")),
            "location": _text(body, "location"),
            "location_country": _text(body, "country"),
            "mobile_phone": _text(body, "mobile_number"),
            "company": company,
            "company_domain": domain or company_host(body.get("company_website"), company),
            "profile_summary": _text(body, "bio", "about"),
            "job_history": a_list(body.get("work_experience")) or a_list(body.get("experiences")),
            "education": a_list(body.get("education")) or a_list(body.get("educations")),
        }
    )


def _email_fields(body: Mapping[str, Any]) -> dict[str, str | None]:
    word = _status_word(body)
    address = email_address(_text(body, "email", "work_email"))
    if address is None or word in _WITHOUT_EMAIL:
        return {}
    return {"email": address, "email_status": _EMAIL_STATUSES.get(word or "")}


def _status_word(body: Mapping[str, Any]) -> str | None:
    """Return the status of an address in lower case; `unknown` is a word here, and not a blank."""
    words = [word.strip().lower() for word in map(body.get, ("email_status", "status")) if isinstance(word, str)]
    return next(filter(None, words), None)


def _company_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    company_id = _text(body, "company_id")
    return filled(
        {
            "name": _text(body, "company_name"),
            "website": _text(body, "website_url"),
            "industry": _text(body, "industry"),
            "company_keywords": strings(body.get("specialities")),
            "headcount": _headcount(body),
            "description": _text(body, "description", "tagline"),
            "company_type": _text(body, "company_type"),
            "year_founded": _text(body, "founded", "founded_on.year"),
            "linkedin_url": _linkedin("company", body.get("b2b_profile_url")) or _linkedin("company", body.get("url")),
            **_headquarters_fields(body),
            "office_locations": a_list(body.get("locations")),
            "social_urls": filled(
                {site: _text(body, f"company_{site}_url") for site in ("linkedin", "facebook", "twitter")}
            ),
            "provider_ids": {"leadmagic_company_id": company_id} if company_id else None,
        }
    )


def _headcount(body: Mapping[str, Any]) -> str | None:
    """Return the count as text, else the range that stands in its place: `51-200`, `10001+`."""
    start, end = _text(body, "employee_count_range.start"), _text(body, "employee_count_range.end")
    span = f"{start}-{end}" if end else f"{start}+"
    return _text(body, "employee_count", "employee_range") or (span if start else None)


def _headquarters_fields(body: Mapping[str, Any]) -> dict[str, str | None]:
    # Read from one of the two places as a whole: the first office may be in another town.
    places = (find(body, "headquarters"), find(body, "locations.0"))
    parts = [[_text(place, name) for name in ("city", "state", "country")] for place in places]
    city, state, country = next(filter(any, parts), [None, None, None])
    return {
        "location": joined(city, state, country),
        "hq_city": city,
        "hq_state": state,
        "hq_country": country,
        "hq_postal_code": _text(body, "company_location.postal_code"),
    }


def _text(value: Any, *paths: str) -> str | None:
    """Return the first text that is not blank among those at the paths."""
    return next(filter(None, (text(find(value, path)) for path in paths)), None)


def _linkedin(entity_type: str, value: Any) -> str | None:
    """Return an address as it is written, if it is a LinkedIn page of such an entity."""
    page = text(value)
    read = person_page if entity_type == "person" else company_page
    return page if page and "linkedin.com" in page.lower() and read(page) else None


def _snake_case(value: Any) -> Any:
    """Return an object with its names in snake_case, at every depth but in lists, which are delivered as they are.

    Where a name stands in both spellings, the one with a value counts.
    """
    if not isinstance(value, Mapping):
        return value
    named: dict[str, Any] = {}
    for name, inner in value.items():
        spelling = _WORD_EDGE.sub("_", name).lower()
        if named.get(spelling) in (None, ""):
            named[spelling] = _snake_case(inner)
    return named
