"""The stand-in for LeadMagic: finders, validation, profile and company search."""

from decimal import Decimal
from typing import Any, ClassVar

from . import invented
from .base import Call, Replies, Reply, StandIn, asked_company, html, one_of, retry_after, text_of
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


def _error(status: int, code: str) -> dict[str, Any]:
    error = {"type": "error", "title": code, "status": status, "code": code, "docs": "https://docs.example"}
    return {"success": False, "errors": [error], "meta": {"request_id": "r-1", "timestamp": "2026-11-01T00:00:00Z"}}


class LeadMagic(StandIn):
    """A miss is a 200 with nulls, or a JSON 404; what was charged stands in `credits_consumed`.

    not_found: null with status `not_found`, null with status null, 404 in both forms; email_status: the five;
    wrong_person: another company, profile, contact and address; ok:1 the older spelling of companies and profiles.
    Repeats are charged.
    """

    name = "leadmagic"
    key = "good-leadmagic-key"
    key_header = "X-API-Key"
    usd_per_credit = Decimal("0.005")
    scenarios = EVERYWHERE | {"email_status", "wrong_person"}
    replies: ClassVar[Replies] = {
        # In both forms.
        "no_credits": (
            Reply(402, _error(402, "insufficient_credits")),
            Reply(402, {"error": "Payment Required", "message": "Insufficient credits"}),
        ),
        "bad_key": (Reply(401, _error(401, "invalid_api_key")), Reply(403, {"error": "Forbidden"})),
        # 2 is a wrong route: a 404 that is no JSON.
        "bad_request": (
            Reply(400, _error(400, "validation_error")),
            Reply(422, _error(422, "validation_error")),
            html(404),
        ),
        "server_error": (Reply(500, _error(500, "internal_error")), html(502), html(503)),
    }

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

    def refused(self, refusal: Refusal) -> Reply:
        """Say when there is room again."""
        seconds = str(int(refusal.seconds) + 1)
        return Reply(
            429, _error(429, "rate_limit_exceeded"), headers={"Retry-After": seconds, "RateLimit-Reset": seconds}
        )

    def rate_limited(self, variant: int) -> Reply:
        """0 seconds, 1 nothing, 2 a date, 3 absurd, 4 the other header alone."""
        headers = one_of((*map(retry_after, range(4)), {"RateLimit-Reset": "7"}), variant)
        return Reply(429, _error(429, "rate_limit_exceeded"), headers=headers)

    def _finder(self, call: Call) -> Reply:
        named = _named(call.body)
        call.text("domain", "company_name")
        domain = text_of(call.body, "domain")
        if not named or invented.host_of(domain) in {"example.com", "example.org", "test.com"}:
            return self.wrong()
        who = invented.person(**named, domain=domain, company_name=text_of(call.body, "company_name"))
        call.insist(who.identity, _miss(call, email=None, **named, domain=domain))
        call.charge("finder", who.identity, 1)
        return Reply(200, _found(call, call.shown(who)))

    def _validation(self, call: Call) -> Reply:
        email = call.text("email")
        if "@" not in email:
            return self.wrong()
        who = invented.person(email=email)
        call.charge("validation", who.identity, "0.25")
        status = "unknown" if call.says("not_found") else call.status(EMAIL_STATUSES)
        spelled = "status" if call.is_other_form else "email_status"
        answer = {"email": call.shown(who).email, spelled: status, "credits_consumed": 0.25, "message": "Done."}
        return Reply(200, {**answer, "is_domain_catch_all": "catch_all" in status, **_employer(who.company)})

    def _profile(self, call: Call) -> Reply:
        who = invented.person(linkedin=call.text("profile_url"))
        call.insist(who.identity, _miss(call, profile_url=None))
        call.charge("profile", who.identity, 1)
        return Reply(200, _profile(call, call.shown(who)))

    def _profile_email(self, call: Call) -> Reply:
        who = invented.person(linkedin=call.text("profile_url"))
        call.insist(who.identity, _miss(call, email=None))
        call.charge("profile_email", who.identity, 5)
        return Reply(
            200, {"profile_url": who.linkedin_url, "email": who.email, "status": "valid", "credits_consumed": 5}
        )

    def _profile_of_email(self, call: Call) -> Reply:
        who = invented.person(email=call.text("work_email", "personal_email"))
        call.insist(who.identity, _miss(call, profile_url=None))
        call.charge("profile_of_email", who.identity, 10)
        return Reply(200, {"profile_url": who.linkedin_url, "credits_consumed": 10})

    def _mobile(self, call: Call) -> Reply:
        call.text("work_email", "personal_email", "profile_url")
        email, url = text_of(call.body, "work_email", "personal_email"), text_of(call.body, "profile_url")
        who = invented.person(email=email, linkedin=url)
        call.insist(who.identity, _miss(call, mobile_number=None))
        call.charge("mobile", who.identity, 5)
        return Reply(200, {"mobile_number": who.mobile, "credits_consumed": 5})

    def _company_search(self, call: Call) -> Reply:
        asked = _asked_company(call)
        call.charge("company", asked.identity, 1)
        shown = call.shown_company(asked)
        return Reply(200, _older_company(shown) if call.is_other_form else _company(shown))

    def _funding(self, call: Call) -> Reply:
        asked = _asked_company(call)
        call.charge("funding", asked.identity, 4)
        return Reply(200, {"companyName": asked.name, "fundingTotal": asked.funding_total, "credits_consumed": 4})

    def _credits(self, call: Call) -> Reply:
        is_frozen = call.says("no_credits")
        return Reply(200, {"credits": 1000, "is_frozen": is_frozen, "credits_frozen": 0, "credits_liquid": 1000})

    def is_answered_at_once(self, call: Call) -> bool:
        """The credits call tells of frozen credits in its body."""
        return not (call.path == "v1/credits" and call.says("no_credits"))


def _miss(call: Call, **empty: str | None) -> Reply:
    nulls = {**empty, "credits_consumed": 0, "message": "Not found."}
    statuses = (Reply(200, {**nulls, "status": "not_found"}), Reply(200, {**nulls, "status": None}))
    gone = (Reply(404, _error(404, "not_found")), Reply(404, {"error": "Not found", "message": "No result."}))
    return one_of((*statuses, *gone), call.variant)


def _named(body: Any) -> dict[str, Any]:
    first, last, full = (text_of(body, name) for name in ("first_name", "last_name", "full_name"))
    if first and last:
        return {"first_name": first, "last_name": last}
    return {"full_name": full} if full else {}


def _asked_company(call: Call) -> Company:
    """Return the company that is asked about. Raises `Instead` if none is, or nothing is known of it."""
    names = ("company_domain", "profile_url", "company_name")
    call.text(*names)
    company = asked_company(call.body, *names)
    call.insist(company.identity, _miss(call))
    return company


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
    status = call.status(EMAIL_STATUSES)
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
    about, work, schools = "bio", "work_experience", "education"
    if call.is_other_form:
        about, work, schools = "about", "experiences", "educations"
    history = [{"title": who.title, "company": who.company.name}]
    education = [{"school": "Open University"}]
    return {
        "profile_url": who.linkedin_url,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "full_name": who.full_name,
        "professional_title": who.title,
        "headline": who.headline,
        about: who.summary,
        "company_name": who.company.name,
        "company_website": who.company.website,
        "company_industry": who.company.industry,
        "company_size": "51-200",
        "company_linkedin_url": who.company.linkedin_url,
        "location": f"{city}, {country}",
        "country": country,
        work: history,
        schools: education,
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
