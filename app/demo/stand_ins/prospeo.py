"""The stand-in for Prospeo: enrich-person, enrich-company, both in bulk, and account-information."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from . import invented
from .base import Call, Replies, Reply, StandIn, asked_company, html, one_of, text_of
from .invented import Company, Person
from .limits import Refusal
from .scenarios import EVERYWHERE

EMAIL_STATUSES = ("VERIFIED", "UNVERIFIED")
_NAMED = ("company_website", "company_linkedin_url", "company_name")


def _error(code: str, **more: str) -> dict[str, Any]:
    return {"error": True, "error_code": code, **more}


def _refused(code: str, status: int = 400, **more: str) -> Reply:
    return Reply(status, _error(code, **more))


class Prospeo(StandIn):
    """Nearly all of its errors are a 400 with an `error_code`.

    not_found: NO_MATCH, NO_RESULTS (in bulk: `not_matched`); masked: an address with asterisks, `revealed` false;
    no_email: status UNAVAILABLE; email_status: VERIFIED, UNVERIFIED; partial_bulk: the third row in four is not
    matched, the fourth invalid; ok:1 with the mobile revealed. Charged for each match, a repeat is free.
    """

    name = "prospeo"
    key = "good-prospeo-key"
    key_header = "X-KEY"
    usd_per_credit = Decimal("0.039")
    scenarios = EVERYWHERE | {"masked", "no_email", "email_status", "partial_bulk", "wrong_person"}
    row_level = frozenset({"ok", "not_found", "masked", "no_email", "email_status", "wrong_person", "bad_request"})
    bulk_paths = frozenset({"bulk-enrich-person", "bulk-enrich-company"})
    replies: ClassVar[Replies] = {
        # By code, and by status alone.
        "no_credits": (_refused("INSUFFICIENT_CREDITS"), html(402)),
        # Both statuses that are documented, and bare ones.
        "bad_key": (_refused("INVALID_API_KEY", 401), _refused("INVALID_API_KEY"), html(403), html(401)),
        "bad_request": (_refused("INVALID_REQUEST"), _refused("INVALID_DATAPOINTS"), _refused("INVALID_FILTERS")),
        # With either status of the code, and from the gateway.
        "server_error": (_refused("INTERNAL_ERROR", 500), _refused("INTERNAL_ERROR"), html(502), html(503)),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {
            ("POST", "enrich-person"): self._one,
            ("POST", "enrich-company"): self._one,
            ("POST", "bulk-enrich-person"): self._many,
            ("POST", "bulk-enrich-company"): self._many,
            ("GET", "account-information"): self._account,
        }

    def headers(self) -> Mapping[str, str]:
        """Return how much is left of the minute, if there is a limit."""
        minute = self.meter.left("min")
        if minute is None:
            return {}
        calls, left, seconds = minute
        return {
            "x-minute-rate-limit": str(calls),
            "x-minute-request-left": str(left),
            "x-minute-reset-seconds": str(int(seconds) + 1),
        }

    def refused(self, refusal: Refusal) -> Reply:
        """The headers are always those of the minute and the day; one second's are its limit alone."""
        headers = {
            "s": {"x-second-rate-limit": str(refusal.calls)},
            "day": {"x-daily-request-left": "0", "x-daily-reset-seconds": str(int(refusal.seconds) + 1)},
        }
        return Reply(429, _error("RATE_LIMITED"), headers=headers.get(refusal.period, {}))

    def rate_limited(self, variant: int) -> Reply:
        """0 the minute is used up, 1 without headers, 2 the day is used up."""
        minute = {"x-minute-rate-limit": "300", "x-minute-request-left": "0", "x-minute-reset-seconds": "7"}
        day = {"x-daily-rate-limit": "2000", "x-daily-request-left": "0", "x-daily-reset-seconds": "3600"}
        return Reply(429, _error("RATE_LIMITED"), headers=one_of((minute, {}, minute | day), variant))

    def _one(self, call: Call) -> Reply:
        kind = call.path.removeprefix("enrich-")
        data = call.fields.get("data")
        if not isinstance(data, dict):
            return _refused("INVALID_REQUEST", message="data: field required")
        if not _is_sufficient(kind, data):
            return _refused("INVALID_DATAPOINTS")
        match, repeat = self._match(call, kind, data, call.body)
        if match is None:
            return _refused(one_of(("NO_MATCH", "NO_RESULTS"), call.variant))
        return Reply(200, {"error": False, "free_enrichment": repeat, **match})

    def _many(self, call: Call) -> Reply:
        rows = call.fields.get("data")
        if not isinstance(rows, list) or not 0 < len(rows) <= 50 or not all(map(_is_row, rows)):
            return _refused("INVALID_REQUEST", message="data: 1 to 50 objects with an identifier required")
        kind = call.path.removeprefix("bulk-enrich-")
        answer: dict[str, Any] = {"error": False, "matched": [], "not_matched": [], "invalid_datapoints": []}
        paid = 0
        for place, row in enumerate(rows):
            paid += self._add(answer, call.of_row(row), kind, place, call.body)
        return Reply(200, {**answer, "total_cost": paid})

    def _add(self, answer: dict[str, Any], call: Call, kind: str, place: int, flags: Any) -> int:
        row = call.body
        # In a partial answer, of each four one is invalid and one is found nowhere.
        quarter = place % 4 if call.says("partial_bulk") else 0
        if call.says("bad_request") or not _is_sufficient(kind, row) or quarter == 3:
            answer["invalid_datapoints"].append(row["identifier"])
            return 0
        match, repeat = (None, False) if quarter == 2 else self._match(call, kind, row, flags)
        if match is None:
            answer["not_matched"].append(row["identifier"])
            return 0
        answer["matched"].append({"identifier": row["identifier"], **match})
        return 0 if repeat else 1

    def _match(self, call: Call, kind: str, data: Any, flags: Any) -> tuple[dict[str, Any] | None, bool]:
        """Return what is known, or None, and whether it was charged before."""
        if kind == "company":
            return self._match_company(call, data)
        who = person_of(data)
        has_email = not call.says("masked", "no_email")
        if not call.finds(who.identity) or (flags.get("only_verified_email") and not has_email):
            return None, False
        is_mobile = bool(flags.get("enrich_mobile") or flags.get("only_verified_mobile"))
        what, credits = ("mobile", 10) if is_mobile else ("person", 1)
        repeat = call.charge(what, who.identity, credits, free_repeat=True)
        shown = call.shown(who)
        return {"person": _person(call, shown, is_mobile), "company": _company(shown.company)}, repeat

    def _match_company(self, call: Call, data: Any) -> tuple[dict[str, Any] | None, bool]:
        asked = asked_company(data, "company_website", "company_linkedin_url", "company_name")
        if not call.finds(asked.identity):
            return None, False
        repeat = call.charge("company", asked.identity, 1, free_repeat=True)
        return {"company": _company(call.shown_company(asked))}, repeat

    def _account(self, call: Call) -> Reply:
        account = {"remaining_credits": 1000, "used_credits": 0, "current_plan": "Starter"}
        return Reply(
            200, {"error": False, "response": {**account, "next_quota_renewal_date": time.strftime("%Y-%m-%d")}}
        )


def person_of(data: Any) -> Person:
    """Return whom a `data` object is about."""
    from_id = invented.from_id(text_of(data, "person_id"))
    return from_id or invented.person(
        first_name=text_of(data, "first_name"),
        last_name=text_of(data, "last_name"),
        full_name=text_of(data, "full_name"),
        linkedin=text_of(data, "linkedin_url"),
        email=text_of(data, "email"),
        domain=text_of(data, "company_website") or _host_of_company(data),
        company_name=text_of(data, "company_name"),
    )


def _host_of_company(data: Any) -> str | None:
    linkedin = text_of(data, "company_linkedin_url")
    return invented.company(linkedin=linkedin).domain if linkedin else None


def _is_row(row: Any) -> bool:
    return text_of(row, "identifier") is not None


def _is_sufficient(kind: str, data: Any) -> bool:
    if kind == "company":
        return text_of(data, *_NAMED) is not None
    has_name = text_of(data, "full_name") or (text_of(data, "first_name") and text_of(data, "last_name"))
    return bool(text_of(data, "linkedin_url", "email", "person_id") or (has_name and text_of(data, *_NAMED)))


def _person(call: Call, who: Person, is_mobile: bool) -> dict[str, Any]:
    city, state, country, code, _ = who.place
    return {
        "person_id": who.id,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "full_name": who.full_name,
        "linkedin_url": who.linkedin_url,
        "headline": who.headline,
        "current_job_title": who.title,
        "skills": who.skills,
        "job_history": [
            {
                "company_name": "Formerly",
                "title": "Trainee",
                "current": False,
                "start_year": 2001,
                "seniority": "Entry",
            },
            {
                "company_name": who.company.name,
                "title": who.title,
                "current": True,
                "start_year": who.since,
                "departments": [who.job[3]],
                "seniority": who.job[1],
            },
        ],
        "email": _email(call, who),
        "mobile": _mobile(who, is_mobile or call.is_other_form),
        "location": {"city": city, "state": state, "country": country, "country_code": code},
    }


def _email(call: Call, who: Person) -> dict[str, Any]:
    if call.says("no_email"):
        return {"status": "UNAVAILABLE", "revealed": False, "email": None, "verification_method": None}
    is_masked = call.says("masked")
    address = f"{who.email[0]}***@{who.email.partition('@')[2]}" if is_masked else who.email
    verdict = {"status": call.status(EMAIL_STATUSES), "verification_method": "SMTP"}
    return {**verdict, "revealed": not is_masked, "email": address}


def _mobile(who: Person, is_revealed: bool) -> dict[str, Any]:
    shown = who.mobile if is_revealed else "+44 7700 ******"
    return {"status": "VERIFIED", "revealed": is_revealed, "mobile": shown}


def _company(company: Company) -> dict[str, Any]:
    city, state, country, code, _ = company.place
    return {
        "company_id": f"c_{company.slug}",
        "name": company.name,
        "domain": company.domain,
        "website": company.website,
        "description": company.description,
        "industry": company.industry,
        "employee_count": company.headcount,
        "employee_range": "101-200",
        "founded": company.founded,
        "type": "Private",
        "linkedin_url": company.linkedin_url,
        **{
            f"{site}_url": company.social_url(site)
            for site in ("twitter", "facebook", "instagram", "youtube", "crunchbase")
        },
        "phone_hq": {"phone_hq": company.phone},
        "location": {
            "raw_address": company.address,
            "city": city,
            "state": state,
            "country": country,
            "country_code": code,
        },
        "revenue_range_printed": company.revenue,
        "technology": {
            "count": len(company.technologies),
            "technology_names": company.technologies,
            "technology_list": [{"name": name, "category": "Tool"} for name in company.technologies],
        },
        "funding": _funding(company),
        "job_postings": {"active_count": 1, "jobs": [{"title": "Data Engineer"}]},
        "keywords": company.keywords,
        "naics_codes": ["511210"],
        "logo": f"https://img.example/{company.slug}.png",
    }


def _funding(company: Company) -> dict[str, Any]:
    """Spell it in one of the three ways that are known of."""
    total, latest, events = invented.pick(
        (
            ("total", "latest", "events"),
            ("total_funding", "latest_round", "rounds"),
            ("funding_total", "last_round", "funding_rounds"),
        ),
        company.domain,
    )
    event = {"stage": "Series A", "date": "2024-05-01", "amount": company.funding_total}
    return {total: company.funding_total, latest: event, events: [event]}
