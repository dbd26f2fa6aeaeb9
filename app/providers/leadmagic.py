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
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import partial
from types import MappingProxyType
from typing import Any

from app.providers.adapter import PaidProvider, PaidVerifier, with_second_call
from app.providers.api_client import PHRASES
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.reply import Reply
from app.providers.questions import company_host, known_fields, linkedin_page
from app.providers.reading import a_list, filled, find, joined, strings
from app.values.emails import email_address
from app.values.numbers import integer
from app.values.text import text

_FINDER = "/v1/people/email-finder"
_PROFILE = "/v1/people/profile-search"
_COMPANY = "/v1/companies/company-search"

_NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "person": "LeadMagic needs a name with a company or its domain, or a LinkedIn URL.",
        "company": "LeadMagic needs a domain, a website or a LinkedIn URL; a name alone is too loose.",
    }
)

_NOTHING = f"LeadMagic {PHRASES[OutcomeClass.NOT_FOUND]}."
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


class _LeadMagicApi(PaidProvider):
    """What the provider and the verifier share: the key, how calls fail, and what the body says that they cost."""

    title = "LeadMagic"
    key_header = "X-API-Key"

    def has_result(self, reply: Reply) -> bool:
        """Return whether the reply is an object that reports no error."""
        return isinstance(reply.body, Mapping) and not find(reply.body, "errors.0", "error")

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return what a 404 means: that there is nothing, or, without an object, that the path is wrong or retired."""
        if reply.status != 404:
            return None
        return OutcomeClass.NOT_FOUND if isinstance(reply.body, Mapping) else OutcomeClass.INVALID_REQUEST

    def says_cost(self, reply: Reply) -> bool:
        """Return whether the body states the credits."""
        return _credits_consumed(reply) is not None

    def failure_micros(self, reply: Reply) -> int:
        """Return what the body says was charged."""
        return self._cost_micros(reply, None)

    def wait_seconds(self, reply: Reply) -> float | None:
        """Return what the headers ask for: Retry-After, else the reset of the limit."""
        seconds = reply.retry_after_seconds()
        if seconds is not None:
            return seconds
        reset = integer(find(reply.headers, "ratelimit-reset", "x-ratelimit-reset"))
        return float(reset) if reset is not None and reset <= _LONGEST_RESET_SECONDS else None

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return what went wrong, with the error code if it looks like one."""
        code = text(find(reply.body, "errors.0.code"))
        shown = f", {code}" if code and _CODE.fullmatch(code) else ""
        return f"{self.title} {PHRASES[outcome_class]} (status {reply.status}{shown})."

    def _result(self, fields: Mapping[str, Any], reply: Reply, charged_operation: str | None) -> Answer:
        cost_micros = self._cost_micros(reply, charged_operation)
        if fields:
            return Answer(OutcomeClass.SUCCESS, fields=fields, raw=reply.body, cost_micros=cost_micros)
        return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=_NOTHING)

    def _cost_micros(self, reply: Reply, charged_operation: str | None) -> int:
        """Return what the body says was charged; if it is silent, the price of the operation, if that was charged."""
        credits = _credits_consumed(reply)
        if credits is not None:
            return self.settings.cost_micros(credits)
        return self.settings.price_micros(charged_operation) if charged_operation else 0


class LeadMagic(_LeadMagicApi):
    """Finds a person's address by name and company, or by profile and then address; a company by its domain."""

    name = "leadmagic"
    entity_types = frozenset({"person", "company"})
    inputs: Mapping[str, frozenset[str]] = MappingProxyType(
        {
            "person": frozenset({"first_name", "last_name", "full_name", "company", "company_domain", "linkedin_url"}),
            "company": frozenset({"domain", "website", "linkedin_url"}),
        }
    )

    def lacks(self, question: Lookup) -> str | None:
        """Return what a finder, profile or company call lacks, or None."""
        if question.entity_type == "company":
            request = _company_request(question.fields)
        else:
            request = _finder_request(question.fields) or _profile_request(question.fields)
        return None if request else _NEEDS[question.entity_type]

    def most_micros(self, question: Lookup) -> int:
        """Return the price of the one call, or of both if a profile has to be searched first."""
        if question.entity_type == "company":
            return self.settings.price_micros("company")
        finder = self.settings.price_micros("finder")
        return finder if _finder_request(question.fields) else finder + self.settings.price_micros("profile")

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask for one person, with two calls if only the profile's URL is known, or for one company."""
        if question.entity_type == "company":
            request = _company_request(question.fields)
            parse = partial(self.parse_company, asked_domain=request.get("company_domain"))
            return await self.call(_COMPANY, request, parse, deadline)
        if request := _finder_request(question.fields):
            return await self.call(_FINDER, request, self.parse_finder, deadline)
        return await self._find_by_profile(question, deadline)

    async def _find_by_profile(self, question: Lookup, deadline: float) -> Answer:
        request = _profile_request(question.fields)
        # The address of somebody else is not to be paid for too.
        profile = self.about_asked(question, await self.call(_PROFILE, request, self.parse_profile, deadline))
        next_request = _finder_request(known_fields("person", profile.fields).fields)
        if not next_request:
            return profile
        contact = await self.call(_FINDER, next_request, self.parse_finder, deadline)
        raw = {"profile": profile.raw, "finder": contact.raw}
        return with_second_call(profile, contact, raw, self.settings.price_micros("finder"))

    def parse_finder(self, reply: Reply) -> Answer:
        """Return the address in the e-mail finder's reply.

        Without one it is a miss: the names and company facts beside it are echoes of the question.
        """
        body = _snake_case(reply.body)
        fields = _person_fields(body)
        is_charged = _text(body, "email", "work_email") is not None
        return self._result(fields if "email" in fields else {}, reply, "finder" if is_charged else None)

    def parse_profile(self, reply: Reply) -> Answer:
        """Return the profile in the search's reply. The profile's URL alone is no find: it was the question."""
        body = _snake_case(reply.body)
        fields = _person_fields(body)
        is_found = bool(fields.keys() - {"linkedin_url"}) and _status_word(body) != "not_found"
        return self._result(fields, reply, "profile") if is_found else self._result({}, reply, None)

    def parse_company(self, reply: Reply, asked_domain: str | None = None) -> Answer:
        """Return the company in the search's reply; a reply without any field of a company is a miss."""
        fields = _company_fields(_snake_case(reply.body))
        if not fields:
            return self._result({}, reply, None)
        stated_domain = company_host(fields.get("website"), fields.get("name"))
        answer = self._result(filled({**fields, "domain": asked_domain or stated_domain}), reply, "company")
        # The domain that was asked for says nothing of whom the answer is about.
        return replace(answer, about={"domain": stated_domain})


class LeadMagicVerifier(_LeadMagicApi, PaidVerifier):
    """Judges whether mail to a person's address arrives. Charged each time, whatever it says."""

    name = "leadmagic-verify"
    path = "/v1/people/email-validation"
    operation = "validation"
    capabilities = Capabilities(charges_misses=True, verifies=LeadMagic.name)

    def parse_verdict(self, reply: Reply) -> Answer:
        """Return the verdict in a validation's reply. `unknown`, and words not known here, are verdicts too."""
        body = _snake_case(reply.body)
        if not body.keys() & {"email_status", "status"}:
            return self.failed(reply, OutcomeClass.TRANSIENT)
        word = _status_word(body)
        if word is None:
            return self._result({}, reply, None)
        answer = self._result({"email_status": _EMAIL_STATUSES.get(word, "unknown")}, reply, self.operation)
        return replace(answer, about={"email": body.get("email")})


def _finder_request(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the request to the e-mail finder, empty if the name or the company is missing."""
    first, last = text(fields.get("first_name")), text(fields.get("last_name"))
    full_name = text(fields.get("full_name"))
    domain = company_host(fields.get("company_domain"), fields.get("company"))
    name = {"first_name": first, "last_name": last} if first and last else filled({"full_name": full_name})
    company = {"domain": domain} if domain else filled({"company_name": text(fields.get("company"))})
    return {**name, **company} if name and company else {}


def _profile_request(fields: Mapping[str, Any]) -> dict[str, str]:
    return filled({"profile_url": _linkedin("person", fields.get("linkedin_url"))})


def _company_request(fields: Mapping[str, Any]) -> dict[str, str]:
    name = fields.get("name")
    domain = company_host(fields.get("domain"), name) or company_host(fields.get("website"), name)
    if domain:
        return {"company_domain": domain}
    return filled({"profile_url": _linkedin("company", fields.get("linkedin_url"))})


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
            "provider_ids": filled({"leadmagic_company_id": _text(body, "company_id")}),
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
    return text(value) if linkedin_page(entity_type, value) else None


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
