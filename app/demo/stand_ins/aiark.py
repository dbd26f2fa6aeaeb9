"""The stand-in for AI Ark: people and company search, reverse lookup, single export in both versions, mobile finder."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from . import invented
from .base import Call, Instead, Replies, Reply, StandIn, always, html, one_of, text_of, texts_of
from .invented import Company, Person
from .scenarios import EVERYWHERE

EMAIL_STATES = (("VALID", "SMTP"), ("VALID", "CATCH_ALL"), ("INVALID", "SMTP"))
_Shown = TypeVar("_Shown", Person, Company)
_SCRIPTS = ("python", "aiohttp", "curl", "go-http-client")
_ENVELOPES = ("content", "content", "data", "results")


def _refused(status: int, error: str) -> Reply:
    return Reply(status, {"timestamp": int(time.time() * 1000), "status": status, "error": error, "path": "/api"})


_NOT_FOUND = _refused(404, "Not Found")


class AiArk(StandIn):
    """A search engine: what it does not understand of a filter it passes over, and then answers with anybody.

    not_found: empty page, 404; wrong_person: a page with somebody else; no_email: the export finds no address
    (`data` null, nested 404, empty value); email_status: VALID, CATCH_ALL, INVALID; async_slow: the export is
    PROCESSING five times; throttled: the export alone says 401; ok:1 title only under `position_groups`, ok:2 and
    ok:3 other envelopes. Each returned row is charged, and each address that is found.
    """

    name = "aiark"
    key = "good-aiark-key"
    key_header = "X-TOKEN"
    usd_per_credit = Decimal("0.01")
    scenarios = EVERYWHERE | {"wrong_person", "no_email", "email_status", "async_slow", "throttled"}
    replies: ClassVar[Replies] = {
        # Without headers, and as a 400.
        "rate_limited": (_refused(429, "Too Many Requests"), _refused(400, "Too many pending requests")),
        # By status, and by a text under another status.
        "no_credits": (_refused(402, "Payment Required"), _refused(403, "Insufficient credits")),
        "bad_key": (_refused(401, "Unauthorized"), _refused(403, "Forbidden")),
        "bad_request": (_refused(400, "Bad Request"), _refused(422, "Unprocessable Entity")),
        # The last is the gateway's block, which is no matter of the key.
        "server_error": (
            _refused(500, "Internal Server Error"),
            html(502),
            html(503),
            html(403, "error code: 1010"),
        ),
    }

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
            ("GET", "v1/payments/credits"): always(Reply(200, {"total": 1000})),
        }

    def check_headers(self, headers: Mapping[str, str]) -> None:
        """Refuse clients that do not name themselves, as the gateway does."""
        agent = headers.get("User-Agent", "").lower()
        if not agent or agent.startswith(_SCRIPTS):
            raise Instead(html(403, "error code: 1010"))

    def identifying_text(self, call: Call) -> str:
        """An id names a person too."""
        who = invented.from_id(text_of(call.body, "id"))
        return super().identifying_text(call) + (f" {who}" if who else "")

    def no_route(self) -> Reply:
        """Say so in the service's own form."""
        return _refused(404, "No handler found")

    def _companies(self, call: Call) -> Reply:
        _check_page(call.fields)
        asked = _asked_companies(call.body.get("account"))
        strangers = [who.company for who in _strangers(call.body["size"])]
        shown = _shown(call, asked, strangers)
        return self._page(call, [(company.identity, _company(company)) for company in shown], "company", "0.1")

    def _people(self, call: Call) -> Reply:
        _check_page(call.fields)
        shown = _shown(call, _asked_people(call.body), _strangers(call.body["size"]))
        return self._page(call, [(who.identity, _person(call, who)) for who in shown], "person", "0.5")

    def _page(self, call: Call, rows: list[tuple[str, Any]], operation: str, credits: str) -> Reply:
        size = call.body["size"]
        if not rows and call.says("not_found") and call.variant % 2:
            return _NOT_FOUND
        shown = rows[:size] if call.body["page"] == 0 else []
        for identity, _ in shown:
            call.charge(operation, identity, credits)
        content = [row for _, row in shown]
        return Reply(200, _envelope(call, content, size, len(rows)))

    def _reverse_lookup(self, call: Call) -> Reply:
        search = text_of(call.body, "search")
        if search is None:
            return _refused(400, "search is required")
        who = invented.person(email=search) if "@" in search else invented.person(full_name=search)
        call.insist(who.identity, _NOT_FOUND)
        call.charge("person", who.identity, "0.5")
        return Reply(200, _person(call, who))

    def _mobile(self, call: Call) -> Reply:
        linkedin = text_of(call.body, "linkedin")
        name, domain = text_of(call.body, "name"), text_of(call.body, "domain")
        if not linkedin and not (name and domain):
            return _refused(400, "linkedin, or domain and name, required")
        who = invented.person(linkedin=linkedin, full_name=name, domain=domain)
        call.insist(who.identity, _NOT_FOUND)
        call.charge("mobile", who.identity, 5)
        return Reply(200, {"id": who.id, "linkedin": who.linkedin_url, "data": [[who.mobile]]})

    def _export_v1(self, call: Call) -> Reply:
        who = _exported(call)
        if not self._has_email(call, who) and call.variant % 3 == 0:
            return _NOT_FOUND
        email = {"state": "PROCESSING", "output": []} if self._is_processing(call, who) else self._output(call, who)
        return Reply(200, {**_person(call, who), "email": email})

    def _export_v2(self, call: Call) -> Reply:
        who = _exported(call)
        if self._is_processing(call, who):
            return Reply(200, {"status": 200, "data": {**_person(call, who), "email": {"state": "PROCESSING"}}})
        if not self._has_email(call, who):
            return Reply(200, one_of(_v2_misses(_person(call, who)), call.variant))
        status, kind = call.status(EMAIL_STATES)
        call.charge("email", who.identity, 1 if status == "VALID" else 0)
        email = {"value": who.email, "state": "DONE", "status": status, "domainType": kind}
        return Reply(200, {"status": 200, "data": {**_person(call, who), "email": email}})

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
        status, kind = call.status(EMAIL_STATES)
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


def _v2_misses(person: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"status": 200, "data": None},
        {"status": 200, "data": {"status": 404, "error": "Not Found"}},
        {"status": 404, "error": "Not Found", "data": None},
        {"status": 200, "data": {**person, "email": {"value": None}}},
    ]


def _check_page(fields: Mapping[str, Any]) -> None:
    """Raise `Instead` unless a search says which page it is for, and how many rows are on it."""
    page, size = fields.get("page"), fields.get("size")
    if type(page) is not int or type(size) is not int or page < 0 or not 0 <= size <= 100:
        raise Instead(_refused(400, "page and size are required"))


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
    return texts_of(_include(block, name))


def _content(block: Any, name: str) -> list[str]:
    """Return what a filter `{any: {include: {mode, content: […]}}}` asks for."""
    include = _include(block, name)
    is_known = isinstance(include, dict) and include.get("mode") in ("SMART", "WORD", "STRICT")
    return texts_of(include.get("content")) if is_known else []


def _include(block: Any, name: str) -> Any:
    try:
        return (block[name].get("any") or block[name]["all"])["include"]
    except (AttributeError, KeyError, TypeError):
        return None


def _shown(call: Call, asked: list[_Shown], strangers: list[_Shown]) -> list[_Shown]:
    """Return whom a search shows: who was asked for and is known, or anybody if it understood nothing."""
    if call.says("wrong_person") or not asked:
        return strangers
    return [entity for entity in asked if call.finds(entity.identity)]


def _strangers(count: int) -> list[Person]:
    return [invented.person(full_name="Ursula Random", domain=f"random{place}.example") for place in range(count)]


def _exported(call: Call) -> Person:
    """Return whom an export is about. Raises `Instead` if it is refused."""
    if call.says("throttled"):
        raise Instead(_refused(401, "Unauthorized"))
    if not text_of(call.body, "id", "url"):
        raise Instead(_refused(400, "id or url is required"))
    url = text_of(call.body, "url") or "nobody"
    return call.shown(invented.from_id(text_of(call.body, "id")) or invented.person(linkedin=url))


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
    title, headline = (None, None) if call.is_other_form else (who.title, who.headline)
    return {
        "id": who.id,
        "identifier": who.slug,
        "profile": {
            "first_name": who.first_name,
            "last_name": who.last_name,
            "full_name": who.full_name,
            "title": title,
            "headline": headline,
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
