"""AI Ark: companies, people, and people's work e-mail.

Written from AI Ark's API pages "Company Search", "People Search", "Export Single Person With Email",
"Credits" and "Rate limits", read in 2026-11. From there: `page` and `size` that every search must
have, the grammar of filters, the shape of records, 0.1 credits for each company and 0.5 for each
person that a search returns, 1 credit for a valid address, nothing for a miss.

A lookup is a search that is narrowed to one record. Filters that the service does not know are
ignored without a word, so each record is compared with what was asked for. Other clients report
that about ten quick exports make the service answer 401 for 5 to 10 minutes although the key is
good, and that the service in front of it refuses clients without a User-Agent of their own.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

from app.providers.adapter import PaidProvider, with_second_call
from app.providers.answer_match import Match, judge
from app.providers.api_client import DEFAULT_STATUSES
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import Reply
from app.providers.questions import company_host, linkedin_page
from app.providers.reading import a_list, filled, find, full_name, strings
from app.providers.settings import ProviderSettings
from app.values.emails import email_address
from app.values.numbers import integer
from app.values.text import text

_COMPANIES = "/v1/companies"
_PEOPLE = "/v1/people"
_EXPORT = "/v1/people/export/single"

_ENVELOPES = ("content", "data", "results")
_RECORD_KEYS = frozenset({"id", "email", "profile", "summary", "link"})
_SITES = ("linkedin", "twitter", "facebook", "crunchbase")
_MONEY_WORDS = re.compile(r"credit|payment|billing|balance|quota", re.IGNORECASE)

_WAIT_SECONDS = 60.0
"""AI Ark names no header for it; its counters are reset every 60 s."""
_THROTTLED_SECONDS = 300.0
_WORKED_LATELY_SECONDS = 600.0


class AiArk(PaidProvider):
    """AI Ark's search of companies and people, and its export of one person with an e-mail address.

    The one thing that an instance remembers is when the key last worked, to tell a refused key from
    exports that are throttled.
    """

    name = "aiark"
    title = "AI Ark"
    key_header = "X-TOKEN"
    statuses: ClassVar[Mapping[int, OutcomeClass]] = {
        **DEFAULT_STATUSES,
        # A redirect is none of AI Ark's statuses, so it is no refusal either.
        **dict.fromkeys(range(300, 400), OutcomeClass.TRANSIENT),
        404: OutcomeClass.NOT_FOUND,
        409: OutcomeClass.TRANSIENT,
    }
    entity_types = frozenset({"person", "company"})
    capabilities = Capabilities(bulk_sizes=MappingProxyType({"company": 50}))
    # Not provider_ids: every provider writes there, and ours comes only with an answer that was no miss.
    inputs: Mapping[str, frozenset[str]] = {
        "person": frozenset({"linkedin_url", "first_name", "last_name", "full_name", "company_domain"}),
        "company": frozenset({"domain", "website", "linkedin_url"}),
    }

    def __init__(self, settings: ProviderSettings, http: Http, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, http)
        self._clock = clock
        self._worked_at: float | None = None

    def lacks(self, question: Lookup) -> str | None:
        """Return what a question of this entity type needs, if the entity lacks it."""
        if question.entity_type == "company":
            _, value = _company_key(question.fields)
            return None if value else "AI Ark needs a company's domain or LinkedIn URL."
        is_named = full_name(question.fields) and _employers_host(question.fields)
        if is_named or _export_key(question.fields):
            return None
        return "AI Ark needs a person's LinkedIn URL or AI Ark id, or a full name and the company's domain."

    def most_micros(self, question: Lookup) -> int:
        """Return the price of a company's row, or of an address and of the search that may come before it."""
        if question.entity_type == "company":
            return self.settings.price_micros("company")
        is_searched = _export_key(question.fields) is None
        return self.settings.price_micros("email") + (self.settings.price_micros("person") if is_searched else 0)

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask for one entity; a person who is known by name and company only takes two calls."""
        if question.entity_type == "company":
            return (await self._ask_companies([question], deadline))[0]
        if request := _export_key(question.fields):
            return await self._export(request, deadline)
        return await self._find_by_name(question, deadline)

    async def ask_many(self, questions: Sequence[Lookup], deadline: float) -> Sequence[Answer]:
        """Ask for companies in one search by domain and one by LinkedIn page."""
        if questions[0].entity_type == "person":
            return await super().ask_many(questions, deadline)
        indexes_by_filter: dict[str, list[int]] = {"domain": [], "linkedin": []}
        for index, question in enumerate(questions):
            filter_name, _ = _company_key(question.fields)
            indexes_by_filter[filter_name].append(index)
        answers: dict[int, Answer] = {}
        for indexes in filter(None, indexes_by_filter.values()):
            companies = await self._ask_companies([questions[index] for index in indexes], deadline)
            answers |= zip(indexes, companies, strict=True)
        return [answers[index] for index in range(len(questions))]

    async def send(self, path: str, question: Any, deadline: float) -> Reply | Answer:
        """Post a question, and remember if the key was accepted."""
        reply = await super().send(path, question, deadline)
        if isinstance(reply, Reply) and reply.is_success:
            self._worked_at = self._clock()
        return reply

    # Replies

    def parse_companies(self, reply: Reply, questions: Sequence[Lookup]) -> Sequence[Answer]:
        """Return what the reply to a search for companies says of each of them.

        The questions are all by domain or all by LinkedIn page. Every returned row is charged: to the
        company that it is about, or to the first one if it is about none of them.
        """
        rows = _records(reply.body) or []
        keys = [_company_key(question.fields) for question in questions]
        owners = [_index_of_owner(row, keys) for row in rows]
        charged = Counter(owner or 0 for owner in owners)
        is_cut = None not in owners and _is_cut(reply.body, rows)
        answers = []
        for index, key in enumerate(keys):
            row = _row_about(key, rows)
            raw = reply.body if len(keys) == 1 else row
            cost_micros = charged[index] * self.settings.price_micros("company")
            answers.append(replace(_company_answer(row, is_cut), raw=raw, cost_micros=cost_micros))
        return answers

    def parse_search(self, reply: Reply, question: Lookup) -> Answer:
        """Return the person in the reply to a search by name and company; each row is charged."""
        rows = _records(reply.body) or []
        # Filters may have been ignored, so a row has to be of the person surely.
        is_same = (row for row in rows if judge("person", question.fields, _stated(row)) is Match.SAME)
        row = next(is_same, None)
        cost_micros = len(rows) * self.settings.price_micros("person")
        if row is None:
            return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=_not_found(rows))
        return Answer(OutcomeClass.SUCCESS, fields=_person_fields(row), raw=reply.body, cost_micros=cost_micros)

    def parse_export(self, reply: Reply) -> Answer:
        """Return the person in the reply to an export; an address is what it is for, and what it costs."""
        rows = _records(reply.body) or []
        row = next(iter(rows), None)
        if not row:
            return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, error=_not_found(rows))
        if address := _email_fields(row):
            fields = _person_fields(row) | address
            cost_micros = self.settings.price_micros("email")
            return Answer(OutcomeClass.SUCCESS, fields, reply.body, cost_micros, about=_stated(row))
        if find(row, "email.state") == "PROCESSING":
            return Answer(OutcomeClass.TRANSIENT, raw=reply.body, error="AI Ark is still looking for the address.")
        return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, error="AI Ark found no valid address.")

    def has_result(self, reply: Reply) -> bool:
        """Return whether there are records to read, if only an empty list."""
        return _records(reply.body) is not None

    def status(self, reply: Reply) -> int:
        """Return the reply's status, or that of the error which a reply with a good status holds."""
        inner = integer(find(reply.body, "status", "data.status")) or 0
        return inner if reply.status < 300 and 400 <= inner < 600 else reply.status

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return what two of the statuses mean by their text: 400 may be a limit, and 403 of several kinds."""
        status = self.status(reply)
        if status == 400 and "too many pending" in reply.text.lower():
            return OutcomeClass.RATE_LIMITED
        return _class_of_403(reply.text) if status == 403 else None

    def wait_seconds(self, reply: Reply) -> float:
        """Return what the header asks for, else how long AI Ark counts calls."""
        return reply.retry_after_seconds() or _WAIT_SECONDS

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return the status, unless it was good."""
        status = self.status(reply)
        return "AI Ark's answer could not be read." if 200 <= status < 300 else f"AI Ark answered {status}."

    # Calls

    async def _ask_companies(self, questions: Sequence[Lookup], deadline: float) -> Sequence[Answer]:
        request = _companies_search(questions)
        parse = partial(self.parse_companies, questions=questions)
        return await self.call_many(_COMPANIES, request, parse, deadline, len(questions))

    async def _find_by_name(self, question: Lookup, deadline: float) -> Answer:
        parse = partial(self.parse_search, question=question)
        searched = await self.call(_PEOPLE, _person_search(question.fields), parse, deadline)
        person_id = text(find(searched.fields, "provider_ids.aiark_person_id"))
        if person_id is None:
            return searched
        exported = await self._export({"id": person_id}, deadline)
        # The address of somebody else is not to be put beside the person who was found.
        person = self.question(replace(question, fields={**question.fields, **searched.fields}))
        exported = self.about_asked(person, exported)
        raw = {"search": searched.raw, "export": exported.raw}
        return with_second_call(searched, exported, raw, self.settings.price_micros("email"))

    async def _export(self, request: Mapping[str, str], deadline: float) -> Answer:
        reply = await self.send(_EXPORT, request, deadline)
        if isinstance(reply, Answer):
            return reply
        if self.status(reply) == 401 and self._has_worked_lately():
            # The key is good: too many exports came at once.
            throttled = self.failed(reply, OutcomeClass.RATE_LIMITED)
            return replace(throttled, retry_after_seconds=_THROTTLED_SECONDS)
        return self.read(reply, self.parse_export)

    def _has_worked_lately(self) -> bool:
        return self._worked_at is not None and self._clock() - self._worked_at <= _WORKED_LATELY_SECONDS


# Questions


def _company_key(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return the filter that names a company, and its value there, "" without one; a name alone is a loose search."""
    hosts = (company_host(fields.get(name), fields.get("name")) for name in ("domain", "website"))
    if host := next(filter(None, hosts), None):
        return "domain", host
    page = linkedin_page("company", fields.get("linkedin_url"))
    return "linkedin", page.url if page else ""


def _export_key(fields: Mapping[str, Any]) -> dict[str, str] | None:
    """Return what a person can be exported by: exactly one of AI Ark's id and the LinkedIn URL."""
    if person_id := text(find(fields, "provider_ids.aiark_person_id")):
        return {"id": person_id}
    page = linkedin_page("person", fields.get("linkedin_url"))
    return {"url": page.url} if page else None


def _companies_search(questions: Sequence[Lookup]) -> dict[str, Any]:
    keys = dict.fromkeys(_company_key(question.fields) for question in questions)
    wanted: dict[str, list[str]] = {}
    for filter_name, value in keys:
        wanted.setdefault(filter_name, []).append(value)
    account = {filter_name: {"any": {"include": values}} for filter_name, values in wanted.items()}
    return {"page": 0, "size": len(keys), "account": account}


def _person_search(fields: Mapping[str, Any]) -> dict[str, Any]:
    name, domain = full_name(fields), _employers_host(fields)
    return {
        "page": 0,
        "size": 1,  # Rows are charged.
        "account": {"domain": {"any": {"include": [domain]}}},
        "contact": {"fullName": {"any": {"include": {"mode": "STRICT", "content": [name]}}}},
    }


def _employers_host(fields: Mapping[str, Any]) -> str | None:
    return company_host(fields.get("company_domain"), fields.get("company"))


# Replies


def _class_of_403(body: str) -> OutcomeClass:
    """Return who refused: the service in front, which knows nothing of keys, or AI Ark, for money or the key."""
    if "error code: 1010" in body or body.lstrip().startswith("<"):
        return OutcomeClass.TRANSIENT
    return OutcomeClass.CREDITS_EXHAUSTED if _MONEY_WORDS.search(body) else OutcomeClass.AUTH_FAILED


def _records(body: Any) -> list[Mapping[str, Any]] | None:
    """Return the records of a body: in an envelope, as a bare list, or one by itself; None if it holds none."""
    if isinstance(body, list):
        return [row for row in body if isinstance(row, Mapping)]
    if not isinstance(body, Mapping):
        return None
    for name in _ENVELOPES:
        if name in body:
            return [] if body[name] is None else _records(body[name])
    return [body] if body.keys() & _RECORD_KEYS else None


def _not_found(rows: Sequence[Any]) -> str:
    return "AI Ark answered about somebody else." if rows else "AI Ark found nothing."


def _row_about(key: tuple[str, str], rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((row for row in rows if key in _row_keys(row)), None)


def _row_keys(row: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    """Return what a company's row could have been asked by."""
    page = linkedin_page("company", find(row, "link.linkedin"))
    return {("domain", _host_of_row(row)), ("linkedin", page.url if page else None)}


def _is_cut(body: Any, rows: Sequence[Any]) -> bool:
    """Return whether there are more rows than came: what is missing here may stand on the next page."""
    return 0 < len(rows) < (integer(find(body, "totalElements")) or 0)


def _index_of_owner(row: Mapping[str, Any], keys: Sequence[tuple[str, str]]) -> int | None:
    """Return which of the companies that were asked for a row is about."""
    row_keys = _row_keys(row)
    return next((index for index, key in enumerate(keys) if key in row_keys), None)


def _host_of_row(company: Any) -> str | None:
    return company_host(find(company, "link.domain"), text(find(company, "summary.name")))


def _stated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person's fields, with the page that the record's slug stands for if it has no other."""
    slug = text(find(row, "identifier"))
    stated = _person_fields(row)
    if slug:
        stated.setdefault("linkedin_url", f"https://www.linkedin.com/in/{slug}")
    return stated


# Fields


def _company_answer(row: Mapping[str, Any] | None, is_cut: bool) -> Answer:
    if row is not None:
        return Answer(OutcomeClass.SUCCESS, fields=_company_fields(row))
    if is_cut:
        return Answer(OutcomeClass.TRANSIENT, error="AI Ark's page was full before it came to this company.")
    return Answer(OutcomeClass.NOT_FOUND, error="AI Ark returned no row about this company.")


def _company_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    address = text(find(row, "location.headquarter.raw_address"))
    return filled(
        {
            "name": text(find(row, "summary.name")),
            "domain": _host_of_row(row),
            "website": text(find(row, "link.website")),
            "industry": text(find(row, "summary.industry")),
            "industries": a_list(find(row, "industries")),
            "company_keywords": a_list(find(row, "keywords")),
            "hashtags": a_list(find(row, "hashtags")),
            "naics_codes": strings(find(row, "naics")),
            "headcount": text(find(row, "summary.staff.total")),
            "description": text(find(row, "summary.description")),
            "company_type": text(find(row, "summary.type")),
            "year_founded": text(find(row, "summary.founded_year")),
            "revenue": text(find(row, "financial.revenue.annual.amount")),
            "location": address,
            "hq_address": address,
            "hq_city": text(find(row, "location.headquarter.city")),
            "hq_state": text(find(row, "location.headquarter.state")),
            "hq_country": text(find(row, "location.headquarter.country")),
            "hq_postal_code": text(find(row, "location.headquarter.postal_code")),
            "office_locations": a_list(find(row, "location.locations")),
            "linkedin_url": text(find(row, "link.linkedin")),
            "social_urls": filled({site: text(find(row, f"link.{site}")) for site in _SITES}),
            "technologies": a_list(find(row, "technologies")),
            "it_spend": integer(find(row, "financial.aberdeen.it_spend")),
            "provider_ids": filled({"aiark_company_id": text(find(row, "id"))}),
        }
    )


def _person_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person's fields without the address. Callbacks name the first block `summary`."""
    block = find(row, "profile", "summary")
    return filled(
        {
            "first_name": text(find(block, "first_name")),
            "last_name": text(find(block, "last_name")),
            "full_name": text(find(block, "full_name")),
            "job_title": text(find(block, "title")) or text(find(row, "position_groups.0.profile_positions.0.title")),
            "headline": text(find(block, "headline")),
            "seniority": text(find(row, "department.seniority")),
            "departments": strings(find(row, "department.departments")),
            "functions": strings(find(row, "department.functions")),
            "linkedin_url": text(find(row, "link.linkedin")),
            "location": text(find(row, "location.default")),
            "location_city": text(find(row, "location.city")),
            "location_state": text(find(row, "location.state")),
            "location_country": text(find(row, "location.country")),
            "company": text(find(row, "company.summary.name")),
            "company_domain": _host_of_row(find(row, "company")),
            "profile_summary": text(find(block, "summary")),
            "profile_image_url": text(find(block, "picture.source")),
            "skills": a_list(find(row, "skills")),
            "job_history": a_list(find(row, "position_groups")),
            "education": a_list(find(row, "educations")),
            "certifications": a_list(find(row, "certifications")),
            "languages": _languages(find(row, "languages")),
            "provider_ids": filled({"aiark_person_id": text(find(row, "id"))}),
        }
    )


def _languages(value: Any) -> list[Any]:
    """Return languages as a list: the values of an object such as `{"primary": "en"}`, or the list that came."""
    return strings(list(value.values())) if isinstance(value, Mapping) else a_list(value)


def _email_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the first valid address with its status: of `email.output[]`, or the one that `email` itself is."""
    block = find(row, "email")
    outputs, unstated = a_list(find(block, "output")), ""
    if not outputs:
        outputs, unstated = [block if isinstance(block, Mapping) else {"value": block}], "VALID"
    for output in outputs:
        address = email_address(find(output, "address", "value"))
        if address and _is_valid(output, unstated):
            is_catch_all = find(output, "domainType") == "CATCH_ALL"
            return {"email": address, "email_status": "catch_all" if is_catch_all else "valid"}
    return {}


def _is_valid(output: Any, unstated: str) -> bool:
    """Return whether an address counts; `unstated` is its status if it has none of its own."""
    status = text(find(output, "status")) or unstated
    return status == "VALID" and find(output, "found") is not False
