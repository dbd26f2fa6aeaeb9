"""The stand-in for AI Ark: people and company search, reverse lookup, single export in both versions, mobile finder."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from . import invented
from .base import Call, Reply, StandIn, html, one_of, text_of
from .invented import Company, Person
from .scenarios import EVERYWHERE

EMAIL_STATES = (("VALID", "SMTP"), ("VALID", "CATCH_ALL"), ("INVALID", "SMTP"))
_SCRIPTS = ("python", "aiohttp", "curl", "go-http-client")
_ENVELOPES = ("content", "content", "data", "results")


class AiArk(StandIn):
    """A search engine: what it does not understand of a filter it passes over, and then answers with anybody.

    not_found: empty page, 404; wrong_person: a page with somebody else; no_email: the export finds no address
    (`data` null, nested 404, empty value); email_status: VALID, CATCH_ALL, INVALID; async_slow: the export is
    PROCESSING five times; throttled: the export alone says 401; ok:1 title only under `position_groups`, ok:2 and
    ok:3 other envelopes. Each returned row is charged, and each address that is found.
    """

    name = "aiark"
    key = "good-aiark-key"
    usd_per_credit = Decimal("0.01")
    scenarios = EVERYWHERE | {"wrong_person", "no_email", "email_status", "async_slow", "throttled"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._polls: dict[str, int] = {}
        self.routes = {
            ("POST", "v1/companies"): self._companies,
            ("POST", "v1/people"): self._people,
            ("POST", "v1/people/reverse-lookup"): self._reverse_lookup,
            ("POST", "v1/people/mobile-phone-finder"): self._mobile,
            ("POST", "v1/people/export/single"): self._export_v1,
            ("POST", "v2/people/export/single"): self._export_v2,
            ("GET", "v1/payments/credits"): lambda call: Reply(200, {"total": 1000}),
        }

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """The key stands in X-TOKEN."""
        return headers.get("X-TOKEN") == self.key

    def refused_headers(self, headers: Mapping[str, str]) -> Reply | None:
        """The gateway refuses clients that do not name themselves."""
        agent = headers.get("User-Agent", "").lower()
        return html(403, "error code: 1010") if not agent or agent.startswith(_SCRIPTS) else None

    def identifying_text(self, call: Call) -> str:
        """An id names a person too."""
        who = invented.from_id(text_of(call.body, "id") or "")
        return super().identifying_text(call) + (f" {who}" if who else "")

    def rate_limited(self, variant: int) -> Reply:
        """No headers; 1 as a 400."""
        pending = Reply(400, _error(400, "Too many pending requests"))
        return one_of((Reply(429, _error(429, "Too Many Requests")), pending), variant)

    def refused(self, refusal: Any) -> Reply:
        """Always the 429."""
        return self.rate_limited(0)

    def no_credits(self, variant: int) -> Reply:
        """By status, and by a text under another status."""
        told = Reply(403, _error(403, "Insufficient credits"))
        return one_of((Reply(402, _error(402, "Payment Required")), told), variant)

    def bad_key(self, variant: int) -> Reply:
        """Either status."""
        return one_of((Reply(401, _error(401, "Unauthorized")), Reply(403, _error(403, "Forbidden"))), variant)

    def bad_request(self, variant: int) -> Reply:
        """Either status."""
        return one_of(
            (Reply(400, _error(400, "Bad Request")), Reply(422, _error(422, "Unprocessable Entity"))), variant
        )

    def server_error(self, variant: int) -> Reply:
        """5xx, and the gateway's block, which is no matter of the key."""
        coded = Reply(500, _error(500, "Internal Server Error"))
        return one_of((coded, html(502), html(503), html(403, "error code: 1010")), variant)

    def no_route(self) -> Reply:
        """Say so in the service's own form."""
        return Reply(404, _error(404, "No handler found"))

    def _companies(self, call: Call) -> Reply:
        if (wrong := _wrong_page(call.body)) is not None:
            return wrong
        asked = _asked_companies(call.body.get("account"))
        if call.says("wrong_person") or not asked:
            companies = [who.company for who in _strangers(call.body["size"])]
        else:
            companies = [company for company in asked if call.finds(company.identity)]
        return self._page(call, [(company.identity, _company(company)) for company in companies], "company", "0.1")

    def _people(self, call: Call) -> Reply:
        if (wrong := _wrong_page(call.body)) is not None:
            return wrong
        asked = _asked_people(call.body)
        is_anybody = call.says("wrong_person") or not asked
        people = _strangers(call.body["size"]) if is_anybody else [who for who in asked if call.finds(who.identity)]
        return self._page(call, [(who.identity, _person(call, who)) for who in people], "person", "0.5")

    def _page(self, call: Call, rows: list[tuple[str, Any]], operation: str, credits: str) -> Reply:
        size = call.body["size"]
        if not rows and call.says("not_found") and call.variant % 2:
            return Reply(404, _error(404, "Not Found"))
        shown = rows[:size] if call.body["page"] == 0 else []
        for identity, _ in shown:
            call.charge(operation, identity, credits)
        content = [row for _, row in shown]
        return Reply(200, _envelope(call, content, size, len(rows)))

    def _reverse_lookup(self, call: Call) -> Reply:
        search = text_of(call.body, "search")
        if search is None:
            return Reply(400, _error(400, "search is required"))
        who = invented.person(email=search if "@" in search else None, full_name=None if "@" in search else search)
        if not call.finds(who.identity):
            return Reply(404, _error(404, "Not Found"))
        call.charge("person", who.identity, "0.5")
        return Reply(200, _person(call, who))

    def _mobile(self, call: Call) -> Reply:
        linkedin = text_of(call.body, "linkedin")
        name, domain = text_of(call.body, "name"), text_of(call.body, "domain")
        if not linkedin and not (name and domain):
            return Reply(400, _error(400, "linkedin, or domain and name, required"))
        who = invented.person(linkedin=linkedin, full_name=name, domain=domain)
        if not call.finds(who.identity):
            return Reply(404, _error(404, "Not Found"))
        call.charge("mobile", who.identity, 5)
        return Reply(200, {"id": who.id, "linkedin": who.linkedin_url, "data": [[who.mobile]]})

    def _export_v1(self, call: Call) -> Reply:
        if (refused := self._refused_export(call)) is not None:
            return refused
        who = _exported(call)
        if not self._has_email(call, who) and call.variant % 3 == 0:
            return Reply(404, _error(404, "Not Found"))
        email = {"state": "PROCESSING", "output": []} if self._is_processing(call, who) else self._output(call, who)
        return Reply(200, {**_person(call, who), "email": email})

    def _export_v2(self, call: Call) -> Reply:
        if (refused := self._refused_export(call)) is not None:
            return refused
        who = _exported(call)
        if self._is_processing(call, who):
            return Reply(200, {"status": 200, "data": {**_person(call, who), "email": {"state": "PROCESSING"}}})
        if not self._has_email(call, who):
            return Reply(200, _v2_miss(_person(call, who), call.variant))
        status, kind = _email_state(call)
        call.charge("email", who.identity, 1 if status == "VALID" else 0)
        email = {"value": who.email, "state": "DONE", "status": status, "domainType": kind}
        return Reply(200, {"status": 200, "data": {**_person(call, who), "email": email}})

    def _refused_export(self, call: Call) -> Reply | None:
        if call.says("throttled"):
            return Reply(401, _error(401, "Unauthorized"))
        if not text_of(call.body, "id", "url"):
            return Reply(400, _error(400, "id or url is required"))
        return None

    def _has_email(self, call: Call, who: Person) -> bool:
        is_known = call.finds(who.identity) and call.finds(who.identity, "aiark.email")
        return is_known and not call.says("no_email")

    def _is_processing(self, call: Call, who: Person) -> bool:
        if not call.says("async_slow"):
            return False
        self._polls[who.identity] = self._polls.get(who.identity, 0) + 1
        return self._polls[who.identity] % 6 != 0

    def _output(self, call: Call, who: Person) -> dict[str, Any]:
        if not self._has_email(call, who):
            invalid = {"address": None, "status": "INVALID", "subStatus": "EMPTY", "found": False}
            return {"state": "DONE", "output": [invalid] if call.variant % 3 == 1 else []}
        status, kind = _email_state(call)
        call.charge("email", who.identity, 1 if status == "VALID" else 0)
        verdict = {
            "address": who.email,
            "status": status,
            "domainType": kind,
            "found": True,
            "free": False,
            "generic": False,
        }
        return {"state": "DONE", "output": [{**verdict, "subStatus": "", "mx": {"found": True, "provider": "Google"}}]}


def _email_state(call: Call) -> tuple[str, str]:
    return EMAIL_STATES[call.variant % 3] if call.says("email_status") else EMAIL_STATES[0]


def _v2_miss(person: dict[str, Any], variant: int) -> dict[str, Any]:
    choices: tuple[dict[str, Any], ...] = (
        {"status": 200, "data": None},
        {"status": 200, "data": {"status": 404, "error": "Not Found"}},
        {"status": 404, "error": "Not Found", "data": None},
        {"status": 200, "data": {**person, "email": {"value": None}}},
    )
    return choices[variant % len(choices)]


def _error(status: int, error: str) -> dict[str, Any]:
    return {"timestamp": int(time.time() * 1000), "status": status, "error": error, "path": "/api"}


def _wrong_page(body: Any) -> Reply | None:
    page, size = (body.get("page"), body.get("size")) if isinstance(body, dict) else (None, None)
    if type(page) is not int or type(size) is not int or page < 0 or not 0 <= size <= 100:
        return Reply(400, _error(400, "page and size are required"))
    return None


def _asked_companies(account: Any) -> list[Company]:
    by_domain = [invented.company(domain=host) for host in _included(account, "domain")]
    by_page = [invented.company(linkedin=url) for url in _included(account, "linkedin")]
    by_name = [invented.company(name=name) for name in _content(account, "name")]
    return by_domain + by_page + by_name


def _asked_people(body: dict[str, Any]) -> list[Person]:
    contact = body.get("contact")
    domains = _included(body.get("account"), "domain")
    people = [invented.person(linkedin=url, domain=None) for url in _included(contact, "linkedin")]
    # Without a company, whoever has the name; the first may be anywhere.
    hosts = domains or [f"any{place}.example" for place in range(9)]
    for name in _content(contact, "fullName"):
        people += [invented.person(full_name=name, domain=host) for host in hosts]
    return people or [invented.person(domain=host, full_name="Quentin First") for host in domains]


def _included(block: Any, name: str) -> list[str]:
    """Return what a filter `{any|all: {include: […]}}` asks for; nothing if it is spelled otherwise."""
    return _texts(_include(block, name))


def _content(block: Any, name: str) -> list[str]:
    """Return what a filter `{any: {include: {mode, content: […]}}}` asks for."""
    include = _include(block, name)
    is_known = isinstance(include, dict) and include.get("mode") in ("SMART", "WORD", "STRICT")
    return _texts(include.get("content")) if is_known else []


def _include(block: Any, name: str) -> Any:
    wanted = block.get(name) if isinstance(block, dict) else None
    either = (wanted.get("any") or wanted.get("all")) if isinstance(wanted, dict) else None
    return either.get("include") if isinstance(either, dict) else None


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str) and text] if isinstance(value, list) else []


def _strangers(count: int) -> list[Person]:
    return [invented.person(full_name="Ursula Random", domain=f"random{place}.example") for place in range(count)]


def _exported(call: Call) -> Person:
    url = text_of(call.body, "url") or "nobody"
    who = invented.from_id(text_of(call.body, "id") or "") or invented.person(linkedin=url)
    return invented.somebody_else(who) if call.says("wrong_person") else who


def _envelope(call: Call, content: list[Any], size: int, count: int) -> Any:
    name = _ENVELOPES[call.variant % 4] if call.says("ok") else "content"
    return {
        name: content,
        "size": size,
        "totalElements": count,
        "totalPages": 1,
        "number": call.body["page"],
        "numberOfElements": len(content),
        "first": True,
        "last": True,
        "empty": not content,
        "trackId": "t-1",
    }


def _person(call: Call, who: Person) -> dict[str, Any]:
    city, state, country, _, _ = who.place
    is_untitled = call.says("ok") and call.variant == 1
    return {
        "id": who.id,
        "identifier": who.slug,
        "profile": {
            "first_name": who.first_name,
            "last_name": who.last_name,
            "full_name": who.full_name,
            "title": None if is_untitled else who.title,
            "headline": None if is_untitled else who.headline,
            "summary": who.summary,
            "birth_date": "1600-01-01",
            "picture": {"source": who.picture},
        },
        "link": {"linkedin": who.linkedin_url, "twitter": None},
        "location": {"default": f"{city}, {state}, {country}", "city": city, "state": state, "country": country},
        "department": {"seniority": who.job[2], "departments": [who.job[3].lower()], "functions": [who.job[4]]},
        "position_groups": [
            {
                "company": {"id": "c9", "name": who.company.name},
                "date": {"start": {"year": who.since}, "end": None},
                "profile_positions": [{"title": who.title, "company": who.company.name}],
            }
        ],
        "educations": [{"school": "Open University"}],
        "certifications": [{"name": "Certified"}],
        "skills": who.skills,
        "languages": {"primary": "en"},
        "company": _company(who.company),
    }


def _company(company: Company) -> dict[str, Any]:
    city, state, country, _, postal_code = company.place
    return {
        "id": f"a_{company.slug}",
        "summary": {
            "name": company.name,
            "description": company.description,
            "industry": company.industry.lower(),
            "type": "PRIVATELY_HELD",
            "founded_year": company.founded,
            "staff": {"total": company.headcount, "range": {"start": 51, "end": 200}},
        },
        "link": {
            "website": company.website,
            "domain": company.domain,
            "linkedin": company.linkedin_url,
            **{site: company.social_url(site) for site in ("twitter", "facebook", "crunchbase")},
        },
        "location": {
            "headquarter": {
                "raw_address": company.address,
                "city": city,
                "state": state,
                "country": country,
                "postal_code": postal_code,
            },
            "locations": [{"city": city, "country": country}],
        },
        "financial": {
            "revenue": {"annual": {"amount": company.revenue, "start": 10_000_000, "end": 25_000_000}},
            "funding": {"total": company.funding_total},
            "aberdeen": {"it_spend": company.it_spend},
        },
        "technologies": [{"name": name, "category": "Tool"} for name in company.technologies],
        "industries": [company.industry.lower()],
        "keywords": company.keywords,
        "hashtags": ["#work"],
        "naics": ["511210"],
    }
