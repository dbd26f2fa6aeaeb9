"""The stand-in for LeadMagic: finders, validation, profile and company search."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from . import invented
from .base import Call, Reply, StandIn, html, one_of, one_of_headers, retry_after, text_of
from .invented import Company, Person
from .limits import Refusal
from .scenarios import EVERYWHERE

EMAIL_STATUSES = ("valid", "valid_catch_all", "catch_all", "invalid", "unknown")
_ALIASES = {
    "email-finder": "v1/people/email-finder",
    "email-validate": "v1/people/email-validation",
    "profile-search": "v1/people/profile-search",
    "company-search": "v1/companies/company-search",
}


class LeadMagic(StandIn):
    """A miss is a 200 with nulls, or a JSON 404; what was charged stands in `credits_consumed`.

    not_found: null with status `not_found`, null with status null, 404 in both forms; email_status: the five;
    wrong_person: another company, profile, contact and address; ok:1 the older spelling of companies and profiles.
    Repeats are charged.
    """

    name = "leadmagic"
    key = "good-leadmagic-key"
    usd_per_credit = Decimal("0.005")
    scenarios = EVERYWHERE | {"email_status", "wrong_person"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        routes = {
            "v1/people/email-finder": self._finder,
            "v1/people/email-validation": self._validation,
            "v1/people/profile-search": self._profile,
            "v1/people/b2b-profile-email": self._profile_email,
            "v1/people/b2b-profile": self._profile_of_email,
            "v1/people/mobile-finder": self._mobile,
            "v1/companies/company-search": self._company_search,
            "v1/companies/company-funding": self._funding,
        }
        aliases = {alias: routes[path] for alias, path in _ALIASES.items()}
        self.routes = {("POST", path): handler for path, handler in (routes | aliases).items()}
        self.routes[("GET", "v1/credits")] = self._credits

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """The key stands in X-API-Key."""
        return headers.get("X-API-Key") == self.key

    def refused(self, refusal: Refusal) -> Reply:
        """Say when there is room again."""
        seconds = str(int(refusal.seconds) + 1)
        return Reply(
            429, _error(429, "rate_limit_exceeded"), headers={"Retry-After": seconds, "RateLimit-Reset": seconds}
        )

    def rate_limited(self, variant: int) -> Reply:
        """0 seconds, 1 nothing, 2 a date, 3 absurd, 4 the other header alone."""
        headers = one_of_headers((*map(retry_after, range(4)), {"RateLimit-Reset": "7"}), variant)
        return Reply(429, _error(429, "rate_limit_exceeded"), headers=headers)

    def no_credits(self, variant: int) -> Reply:
        """In both forms."""
        older = {"error": "Payment Required", "message": "Insufficient credits"}
        return one_of((Reply(402, _error(402, "insufficient_credits")), Reply(402, older)), variant)

    def bad_key(self, variant: int) -> Reply:
        """Either status."""
        return one_of((Reply(401, _error(401, "invalid_api_key")), Reply(403, {"error": "Forbidden"})), variant)

    def bad_request(self, variant: int) -> Reply:
        """2 is a wrong route: a 404 that is no JSON."""
        coded = _error(400, "validation_error")
        return one_of((Reply(400, coded), Reply(422, _error(422, "validation_error")), html(404)), variant)

    def server_error(self, variant: int) -> Reply:
        """The three statuses."""
        return one_of((Reply(500, _error(500, "internal_error")), html(502), html(503)), variant)

    def _finder(self, call: Call) -> Reply:
        named = _named(call.body)
        if not named or not text_of(call.body, "domain", "company_name"):
            return self.bad_request(0)
        domain = text_of(call.body, "domain")
        if invented.host_of(domain) in {"example.com", "example.org", "test.com"}:
            return self.bad_request(0)
        who = invented.person(**named, domain=domain, company_name=text_of(call.body, "company_name"))
        if not call.finds(who.identity):
            return self._miss(call, {"email": None, **named, "domain": domain})
        call.charge("finder", who.identity, 1)
        return Reply(200, _found(call, invented.somebody_else(who) if call.says("wrong_person") else who))

    def _validation(self, call: Call) -> Reply:
        email = text_of(call.body, "email")
        if email is None or "@" not in email:
            return self.bad_request(0)
        who = invented.person(email=email)
        call.charge("validation", who.identity, "0.25")
        status = "valid"
        if call.says("not_found"):
            status = "unknown"
        elif call.says("email_status"):
            status = EMAIL_STATUSES[call.variant % 5]
        spelled = "status" if call.says("ok") and call.variant == 1 else "email_status"
        shown = invented.somebody_else(who).email if call.says("wrong_person") else email
        answer = {"email": shown, spelled: status, "credits_consumed": 0.25, "message": "Done."}
        return Reply(200, {**answer, "is_domain_catch_all": "catch_all" in status, **_employer(who.company)})

    def _profile(self, call: Call) -> Reply:
        who = self._by_profile(call)
        if who is None:
            return self.bad_request(0)
        if not call.finds(who.identity):
            return self._miss(call, {"profile_url": None})
        call.charge("profile", who.identity, 1)
        shown = invented.somebody_else(who) if call.says("wrong_person") else who
        return Reply(200, _profile(call, shown))

    def _profile_email(self, call: Call) -> Reply:
        who = self._by_profile(call)
        if who is None:
            return self.bad_request(0)
        if not call.finds(who.identity):
            return self._miss(call, {"email": None})
        call.charge("profile_email", who.identity, 5)
        return Reply(
            200, {"profile_url": who.linkedin_url, "email": who.email, "status": "valid", "credits_consumed": 5}
        )

    def _profile_of_email(self, call: Call) -> Reply:
        email = text_of(call.body, "work_email", "personal_email")
        if email is None:
            return self.bad_request(0)
        who = invented.person(email=email)
        if not call.finds(who.identity):
            return self._miss(call, {"profile_url": None})
        call.charge("profile_of_email", who.identity, 10)
        return Reply(200, {"profile_url": who.linkedin_url, "credits_consumed": 10})

    def _mobile(self, call: Call) -> Reply:
        email, url = text_of(call.body, "work_email", "personal_email"), text_of(call.body, "profile_url")
        if not email and not url:
            return self.bad_request(0)
        who = invented.person(email=email, linkedin=url)
        if not call.finds(who.identity):
            return self._miss(call, {"mobile_number": None})
        call.charge("mobile", who.identity, 5)
        return Reply(200, {"mobile_number": who.mobile, "credits_consumed": 5})

    def _company_search(self, call: Call) -> Reply:
        asked = _asked_company(call.body)
        if asked is None:
            return self.bad_request(0)
        if not call.finds(asked.identity):
            return self._miss(call, {})
        call.charge("company", asked.identity, 1)
        shown = Company("elsewhere.example") if call.says("wrong_person") else asked
        return Reply(200, _older_company(shown) if call.says("ok") and call.variant == 1 else _company(shown))

    def _funding(self, call: Call) -> Reply:
        asked = _asked_company(call.body)
        if asked is None:
            return self.bad_request(0)
        if not call.finds(asked.identity):
            return self._miss(call, {})
        call.charge("funding", asked.identity, 4)
        return Reply(200, {"companyName": asked.name, "fundingTotal": asked.funding_total, "credits_consumed": 4})

    def _credits(self, call: Call) -> Reply:
        is_frozen = call.says("no_credits")
        return Reply(200, {"credits": 1000, "is_frozen": is_frozen, "credits_frozen": 0, "credits_liquid": 1000})

    def is_answered_at_once(self, call: Call) -> bool:
        """The credits call tells of frozen credits in its body."""
        return not (call.path == "v1/credits" and call.says("no_credits"))

    def _miss(self, call: Call, empty: dict[str, Any]) -> Reply:
        nulls = {**empty, "credits_consumed": 0, "message": "Not found."}
        statuses = (Reply(200, {**nulls, "status": "not_found"}), Reply(200, {**nulls, "status": None}))
        gone = (Reply(404, _error(404, "not_found")), Reply(404, {"error": "Not found", "message": "No result."}))
        return one_of((*statuses, *gone), call.variant)

    def _by_profile(self, call: Call) -> Person | None:
        url = text_of(call.body, "profile_url")
        return invented.person(linkedin=url) if url else None


def _named(body: Any) -> dict[str, Any]:
    first, last, full = (text_of(body, name) for name in ("first_name", "last_name", "full_name"))
    if first and last:
        return {"first_name": first, "last_name": last}
    return {"full_name": full} if full else {}


def _asked_company(body: Any) -> Company | None:
    domain, url, name = (text_of(body, key) for key in ("company_domain", "profile_url", "company_name"))
    return invented.company(domain=domain, linkedin=url, name=name) if domain or url or name else None


def _error(status: int, code: str) -> dict[str, Any]:
    error = {"type": "error", "title": code, "status": status, "code": code, "docs": "https://docs.example"}
    return {"success": False, "errors": [error], "meta": {"request_id": "r-1", "timestamp": "2026-11-01T00:00:00Z"}}


def _employer(company: Company) -> dict[str, Any]:
    city, state, country, _, postal_code = company.place
    return {
        "mx_record": f"mx.{company.domain}",
        "mx_provider": "Google",
        "has_mx": True,
        "company_name": company.name,
        "company_industry": company.industry,
        "company_size": "51-200",
        "company_founded": str(company.founded),
        "company_type": "private",
        "company_linkedin_url": company.linkedin_url.removeprefix("https://www."),
        "company_facebook_url": company.social_url("facebook"),
        "company_twitter_url": company.social_url("twitter"),
        "company_location": {
            "name": city,
            "locality": city,
            "region": state,
            "country": country.lower(),
            "postal_code": postal_code,
        },
    }


def _found(call: Call, who: Person) -> dict[str, Any]:
    status = EMAIL_STATUSES[call.variant % 5] if call.says("email_status") else "valid"
    return {
        "email": who.email,
        "status": status,
        "credits_consumed": 1,
        "message": "Valid email found.",
        "first_name": who.first_name,
        "last_name": who.last_name,
        "domain": who.domain,
        "is_domain_catch_all": "catch_all" in status,
        "employment_verified": True,
        **_employer(who.company),
    }


def _profile(call: Call, who: Person) -> dict[str, Any]:
    city, _, country, _, _ = who.place
    is_older = call.says("ok") and call.variant == 1
    history = [{"title": who.title, "company": who.company.name}]
    education = [{"school": "Open University"}]
    return {
        "profile_url": who.linkedin_url,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "full_name": who.full_name,
        "professional_title": who.title,
        "headline": who.headline,
        "about" if is_older else "bio": who.summary,
        "company_name": who.company.name,
        "company_website": who.company.website,
        "company_industry": who.company.industry,
        "company_size": "51-200",
        "company_linkedin_url": who.company.linkedin_url,
        "location": f"{city}, {country}",
        "country": country,
        "experiences" if is_older else "work_experience": history,
        "educations" if is_older else "education": education,
        "credits_consumed": 1,
    }


def _company(company: Company) -> dict[str, Any]:
    city, state, country, _, _ = company.place
    return {
        "companyName": company.name,
        "companyId": f"l_{company.slug}",
        "industry": company.industry,
        "employeeCount": company.headcount,
        "employeeRange": "51-200",
        "founded": company.founded,
        "headquarters": {"city": city, "state": state, "country": country},
        "b2b_profile_url": company.linkedin_url,
        "website_url": company.website,
        "description": company.description,
        "specialities": company.keywords,
        "locations": [{"city": city, "country": country}],
        "credits_consumed": 1,
    }


def _older_company(company: Company) -> dict[str, Any]:
    city, state, country, _, _ = company.place
    return {
        "company_name": company.name,
        "industry": company.industry,
        "employee_count": company.headcount,
        "employee_count_range": {"start": 51, "end": 200},
        "tagline": company.description,
        "website_url": company.website,
        "founded_on": {"year": company.founded},
        "url": company.linkedin_url,
        "locations": [{"city": city, "state": state, "country": country}],
        "specialities": company.keywords,
        "credits_consumed": 1,
    }
