"""Prospeo: people with their work e-mail, and companies.

Written from Prospeo's API pages "Enrich Person", "Bulk Enrich Person", "Enrich Company", "Bulk Enrich
Company", "Rate limits" and "Error codes", read in 2026-11. From there: what a question must hold, 50
entities a bulk call, 1 credit a match and nothing for a miss, a repeat that is free and says so
(`free_enrichment`), nearly every error as status 400 with an `error_code`, and the headers that say
how long to wait.

The flags for mobile numbers stay off (they make a match cost ten times as much), and so does the one
for verified addresses only (it makes a miss of everybody else).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

from app.providers.adapter import PaidProvider
from app.providers.api_client import DEFAULT_STATUSES
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.reply import Reply
from app.providers.questions import company_host
from app.providers.reading import a_list, filled, find, full_name, joined, strings
from app.values.emails import email_address
from app.values.numbers import integer
from app.values.text import text

_CODES: Mapping[str, OutcomeClass] = {
    "NO_MATCH": OutcomeClass.NOT_FOUND,
    "NO_RESULTS": OutcomeClass.NOT_FOUND,
    "INSUFFICIENT_CREDITS": OutcomeClass.CREDITS_EXHAUSTED,
    "INVALID_API_KEY": OutcomeClass.AUTH_FAILED,
    "RATE_LIMITED": OutcomeClass.RATE_LIMITED,
    "INVALID_DATAPOINTS": OutcomeClass.INVALID_REQUEST,
    "INVALID_REQUEST": OutcomeClass.INVALID_REQUEST,
    "INVALID_FILTERS": OutcomeClass.INVALID_REQUEST,
    "INTERNAL_ERROR": OutcomeClass.TRANSIENT,
}
_EMAIL_STATUSES: Mapping[str, str] = {"VERIFIED": "valid", "UNVERIFIED": "unknown"}
_SITES = ("linkedin", "twitter", "facebook", "instagram", "youtube", "crunchbase")
_SHORTEST_WAIT_SECONDS = 1.0
_DEAREST_MATCH_CREDITS = 10
"""The price of a match with a mobile number; a total above it for each entity is no price."""


class Prospeo(PaidProvider):
    """Prospeo's enrichment of people and companies, one by one and in bulk."""

    name = "prospeo"
    title = "Prospeo"
    key_header = "X-KEY"
    # A redirect is none of Prospeo's statuses, so it is no refusal either.
    statuses: ClassVar[Mapping[int, OutcomeClass]] = {
        **DEFAULT_STATUSES,
        **dict.fromkeys(range(300, 400), OutcomeClass.TRANSIENT),
    }
    entity_types = frozenset({"person", "company"})
    capabilities = Capabilities(repeat_is_free=True, bulk_sizes=MappingProxyType({"person": 50, "company": 50}))
    # Not provider_ids: every provider writes there, and ours comes only with an answer that was no miss.
    inputs: Mapping[str, frozenset[str]] = {
        "person": frozenset(
            {"linkedin_url", "email", "first_name", "last_name", "full_name", "company", "company_domain"}
        ),
        "company": frozenset({"domain", "website", "linkedin_url"}),
    }

    def lacks(self, question: Lookup) -> str | None:
        """Return what a question of this entity type needs, if the entity lacks it."""
        if _datapoints(question):
            return None
        if question.entity_type == "company":
            return "Prospeo needs a company's domain, website or LinkedIn URL."
        return "Prospeo needs a person's LinkedIn URL, e-mail address or Prospeo id, or a full name and a company."

    def most_micros(self, question: Lookup) -> int:
        """Return the price of a match."""
        return self.settings.price_micros(question.entity_type)

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask for one entity."""
        path, data = f"/enrich-{question.entity_type}", _datapoints(question)
        return await self.call(path, {"data": data}, partial(self.parse, question=question), deadline)

    async def ask_many(self, questions: Sequence[Lookup], deadline: float) -> Sequence[Answer]:
        """Ask for up to 50 entities of one type in one call."""
        path = f"/bulk-enrich-{questions[0].entity_type}"
        data = [{"identifier": str(index), **_datapoints(question)} for index, question in enumerate(questions)]
        parse = partial(self.parse_many, questions=questions)
        return await self.call_many(path, {"data": data}, parse, deadline, len(questions))

    def parse(self, reply: Reply, question: Lookup) -> Answer:
        """Return the answer in the reply to a question about one entity."""
        return self._answer(reply.body, question)

    def parse_many(self, reply: Reply, questions: Sequence[Lookup]) -> Sequence[Answer]:
        """Return the answers in the reply to a bulk question.

        Rows belong to the entity whose index they carry as identifier, and are joined by nothing
        else. The answers' costs add up to the `total_cost` that the reply states.
        """
        rows = {text(find(row, "identifier")): row for row in a_list(reply.body.get("matched"))}
        answers = []
        for index, question in enumerate(questions):
            row = rows.get(str(index))
            answers.append(_left_out(reply, str(index)) if row is None else self._answer(row, question))
        return self._settled(answers, integer(reply.body.get("total_cost")))

    def has_result(self, reply: Reply) -> bool:
        """Return whether the reply is an object that reports no error."""
        return isinstance(reply.body, Mapping) and reply.body.get("error") is not True

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return what the error code says, whatever the status: nearly every error is a 400."""
        return _CODES.get(_code(reply) or "")

    def says_cost(self, reply: Reply) -> bool:
        """Return whether the body reports an error, although the status is good."""
        return reply.is_success and isinstance(reply.body, Mapping)

    def wait_seconds(self, reply: Reply) -> float:
        """Return when the limit that was met is reset, which Prospeo's own headers say."""
        names = ["x-minute-reset-seconds"]
        if integer(reply.headers.get("x-daily-request-left")) == 0:
            names.insert(0, "x-daily-reset-seconds")
        waits = (integer(reply.headers.get(name)) for name in names)
        return next(filter(None, waits), None) or reply.retry_after_seconds() or _SHORTEST_WAIT_SECONDS

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return the status, and the error code if it is one of those that are known."""
        if reply.is_success and not isinstance(reply.body, Mapping):
            return "Prospeo's answer could not be read."
        code = _code(reply)
        shown = f" {code}" if code in _CODES else ""
        return f"Prospeo answered {reply.status}{shown}."

    def _answer(self, record: Mapping[str, Any], question: Lookup) -> Answer:
        """Return what a record came to, at the price of a match that is not free."""
        person, company = find(record, "person"), find(record, "company")
        if not person and not company:
            return Answer(OutcomeClass.NOT_FOUND, raw=record, error="Prospeo's match is empty.")
        is_person = question.entity_type == "person"
        fields = _person_fields(person, company) if is_person else _company_fields(company)
        is_free = find(record, "free_enrichment") is True
        cost_micros = 0 if is_free else self.settings.price_micros(question.entity_type)
        if fields:
            return Answer(OutcomeClass.SUCCESS, fields=fields, raw=record, cost_micros=cost_micros)
        if find(person, "email"):
            error = "Prospeo's match has nothing but a masked address."
            return Answer(OutcomeClass.NOT_FOUND, raw=record, cost_micros=cost_micros, error=error)
        return replace(_unreadable("Prospeo's match has no field that is known here."), raw=record)

    def _settled(self, answers: list[Answer], total_credits: int | None) -> list[Answer]:
        """Make the answers' costs add up to the stated total, which is the truth if the rows say otherwise."""
        if total_credits is None or total_credits > _DEAREST_MATCH_CREDITS * len(answers):
            return answers
        total = self.settings.cost_micros(total_credits)
        if total == sum(answer.cost_micros for answer in answers):
            return answers
        bearers = _bearers(answers)
        share, rest = divmod(total, sum(bearers))
        shares = iter([share + rest] + [share] * len(answers))
        return [
            replace(answer, cost_micros=next(shares) if bears else 0)
            for answer, bears in zip(answers, bearers, strict=True)
        ]


def _left_out(reply: Reply, identifier: str) -> Answer:
    """Return the answer about an entity without a row."""
    if identifier in strings(reply.body.get("not_matched")):
        return Answer(OutcomeClass.NOT_FOUND, error="Prospeo found no match.")
    if identifier in strings(reply.body.get("invalid_datapoints")):
        return Answer(OutcomeClass.INVALID_REQUEST, error="Prospeo refused the entity's datapoints.")
    return _unreadable("Prospeo's answer left the entity out.")


def _bearers(answers: Sequence[Answer]) -> list[bool]:
    """Return which answers bear the cost: those with a price, else those that matched, else all."""
    charged = [answer.cost_micros > 0 for answer in answers]
    if any(charged):
        return charged
    matched = [answer.outcome_class is OutcomeClass.SUCCESS for answer in answers]
    return matched if any(matched) else [True] * len(answers)


def _datapoints(lookup: Lookup) -> dict[str, str]:
    """Return what the entity can be asked for by, or nothing if that is not enough."""
    is_company = lookup.entity_type == "company"
    return _company_datapoints(lookup.fields) if is_company else _person_datapoints(lookup.fields)


def _company_datapoints(fields: Mapping[str, Any]) -> dict[str, str]:
    # A name alone is no identification: Prospeo advises against it.
    return filled(
        {
            "company_website": text(fields.get("domain")) or text(fields.get("website")),
            "company_linkedin_url": text(fields.get("linkedin_url")),
        }
    )


def _person_datapoints(fields: Mapping[str, Any]) -> dict[str, str]:
    who = filled(
        {
            "person_id": text(find(fields, "provider_ids.prospeo_person_id")),
            "linkedin_url": text(fields.get("linkedin_url")),
            "email": email_address(fields.get("email")),
        }
    )
    name = filled({key: text(fields.get(key)) for key in ("first_name", "last_name", "full_name")})
    company = filled(
        {"company_name": text(fields.get("company")), "company_website": text(fields.get("company_domain"))}
    )
    is_named = full_name(fields) and company
    return who | name | company if who or is_named else {}


def _code(reply: Reply) -> str | None:
    return text(find(reply.body, "error_code"))


def _unreadable(error: str) -> Answer:
    return Answer(OutcomeClass.TRANSIENT, error=error, is_cost_known=False)


def _person_fields(person: Any, company: Any) -> dict[str, Any]:
    job = next((job for job in a_list(find(person, "job_history")) if find(job, "current") is True), None)
    place = find(person, "location")
    return filled(
        {
            **_email_fields(find(person, "email")),
            "first_name": text(find(person, "first_name")),
            "last_name": text(find(person, "last_name")),
            "full_name": text(find(person, "full_name")),
            "job_title": text(find(person, "current_job_title")),
            "headline": text(find(person, "headline")),
            "seniority": text(find(job, "seniority")),
            "departments": strings(find(job, "departments")),
            "linkedin_url": text(find(person, "linkedin_url")),
            "location": joined(find(place, "city"), find(place, "state"), find(place, "country")),
            "location_city": text(find(place, "city")),
            "location_state": text(find(place, "state")),
            "location_country": text(find(place, "country")),
            "location_country_code": text(find(place, "country_code")),
            "mobile_phone": _revealed(find(person, "mobile"), "mobile"),
            "company": text(find(company, "name")),
            "company_domain": _domain(company),
            "skills": a_list(find(person, "skills")),
            "job_history": a_list(find(person, "job_history")),
            "provider_ids": filled({"prospeo_person_id": text(find(person, "person_id"))}),
        }
    )


def _email_fields(block: Any) -> dict[str, str]:
    """Return the address with its status; nothing if it is masked, since the status is then of no address."""
    status = text(find(block, "status"))
    address = email_address(_revealed(block, "email"))
    if address is None or status == "UNAVAILABLE":
        return {}
    return {"email": address, "email_status": _EMAIL_STATUSES.get(status or "", "unknown")}


def _revealed(block: Any, name: str) -> str | None:
    value = text(find(block, name))
    is_masked = value is None or "*" in value or find(block, "revealed") is False
    return None if is_masked else value


def _company_fields(company: Any) -> dict[str, Any]:
    place = find(company, "location")
    return filled(
        {
            "name": text(find(company, "name")),
            "domain": _domain(company),
            "website": text(find(company, "website")),
            "industry": text(find(company, "industry")),
            "company_keywords": strings(find(company, "keywords")),
            "naics_codes": strings(find(company, "naics_codes", "naics", "naics_code")),
            "headcount": text(find(company, "employee_count", "employee_range")),
            "description": text(find(company, "description")),
            "company_type": text(find(company, "type")),
            "year_founded": text(find(company, "founded")),
            "revenue": text(find(company, "revenue_range_printed")),
            "location": joined(find(place, "city"), find(place, "country")),
            "hq_address": text(find(place, "address", "raw_address")),
            "hq_city": text(find(place, "city")),
            "hq_state": text(find(place, "state")),
            "hq_country": text(find(place, "country")),
            "hq_country_code": text(find(place, "country_code")),
            "hq_phone": text(find(company, "phone_hq.phone_hq")),
            "linkedin_url": text(find(company, "linkedin_url")),
            "social_urls": filled({site: text(find(company, f"{site}_url")) for site in _SITES}),
            "technologies": a_list(find(company, "technology.technology_list"))
            or strings(find(company, "technology.technology_names")),
            **_funding_fields(find(company, "funding")),
            "job_postings_active_count": integer(find(company, "job_postings.active_count")),
            "job_posting_titles": strings([find(job, "title") for job in a_list(find(company, "job_postings.jobs"))]),
            "provider_ids": filled({"prospeo_company_id": text(find(company, "company_id"))}),
        }
    )


def _funding_fields(funding: Any) -> dict[str, Any]:
    """Return what is known of a company's funding, in the spellings that have been seen; none is promised."""
    latest = find(funding, "latest", "latest_round", "last_round")
    return {
        "funding_total": integer(find(funding, "total_funding", "total", "funding_total")),
        "funding_stage_latest": text(find(funding, "latest_funding_stage"))
        or text(find(latest, "stage", "type", "round"))
        or text(latest),
        "funding_latest_date": text(find(funding, "latest_funding_date")) or text(find(latest, "date", "raised_at")),
        "funding_events": a_list(find(funding, "funding_events", "events", "rounds", "funding_rounds")),
    }


def _domain(company: Any) -> str | None:
    return company_host(find(company, "domain"), text(find(company, "name")))
