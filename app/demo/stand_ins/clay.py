"""The stand-in for Clay: a table's webhook that takes rows, and the callbacks that the table's last column sends."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from . import invented
from .base import Call, Reply, StandIn, html, one_of, text_of
from .limits import Refusal
from .scenarios import EVERYWHERE


class Clay(StandIn):
    """A row is taken with a bare 200 and charged; what was found comes later, to the row's `callback_url`.

    In the callback: not_found: by status, all blank; no_credits:1 an error text; async_slow: after five times the
    delay; duplicate_callback: twice; no_callback: never; wrong_person: about somebody else; ok:1 numbers as text and
    empty cells.
    """

    name = "clay"
    key = "good-clay-token"
    usd_per_credit = Decimal("0.056")
    scenarios = EVERYWHERE | {"async_slow", "duplicate_callback", "no_callback", "wrong_person"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {("POST", "webhook/*"): self._push}

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """The table has a token, which stands in x-clay-webhook-auth."""
        return headers.get("x-clay-webhook-auth") == self.key

    def identifying_text(self, call: Call) -> str:
        """Where to call back says nothing of the entity, nor does the source's id."""
        row = call.body if isinstance(call.body, dict) else {}
        return " ".join(str(value) for name, value in row.items() if name not in ("callback_url", "request_id"))

    def is_answered_at_once(self, call: Call) -> bool:
        """A table without credits may take the row all the same."""
        return not (call.says("no_credits") and call.variant % 2)

    def refused(self, refusal: Refusal) -> Reply:
        """Without any header."""
        return self.rate_limited(0)

    def rate_limited(self, variant: int) -> Reply:
        """Without any header."""
        return Reply(429, {"message": "Too many requests"})

    def no_credits(self, variant: int) -> Reply:
        """By status."""
        return Reply(402, {"message": "Not enough credits"})

    def bad_key(self, variant: int) -> Reply:
        """Either status."""
        return one_of((Reply(401, {"message": "Unauthorized"}), Reply(403, {"message": "Forbidden"})), variant)

    def bad_request(self, variant: int) -> Reply:
        """2 is a source that is gone."""
        unreadable = Reply(422, {"message": "Invalid JSON"})
        return one_of((unreadable, Reply(400, {"message": "Bad request"}), html(404), html(413)), variant)

    def server_error(self, variant: int) -> Reply:
        """As JSON and as pages."""
        return one_of((Reply(500, {"message": "Internal error"}), html(502), html(503)), variant)

    def _push(self, call: Call) -> Reply:
        row = call.body
        if not isinstance(row, dict):
            return self.bad_request(0)
        identity = _company(row).identity if row.get("entity") == "company" else _person(row).identity
        call.charge("row", identity, 1)
        url = text_of(row, "callback_url")
        if url and not call.says("no_callback"):
            call.callbacks += [(url, _callback(call, row, identity))] * (2 if call.says("duplicate_callback") else 1)
        return Reply(200, {"success": True})


def _callback(call: Call, row: dict[str, Any], identity: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"request_id": row.get("request_id"), "status": "found"}
    if call.says("no_credits"):
        return {**answer, "status": "error", "error": "Out of credits"}
    if not call.finds(identity):
        blank = {**answer, "person": {"email": ""}, "company": {"name": "", "industry": ""}}
        return {**answer, "status": "not_found"} if call.variant % 2 == 0 else blank
    values = _company_values(call, row) if row.get("entity") == "company" else _person_values(call, row)
    return answer | values


def _person(row: dict[str, Any]) -> invented.Person:
    return invented.person(
        first_name=text_of(row, "first_name"),
        last_name=text_of(row, "last_name"),
        full_name=text_of(row, "full_name"),
        linkedin=text_of(row, "linkedin_url"),
        email=text_of(row, "email"),
        domain=text_of(row, "company_domain"),
    )


def _company(row: dict[str, Any]) -> invented.Company:
    return invented.company(
        domain=text_of(row, "domain", "company_domain", "website"),
        linkedin=text_of(row, "linkedin_url"),
        name=text_of(row, "name", "company_name"),
    )


def _person_values(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    who = invented.somebody_else(_person(row)) if call.says("wrong_person") else _person(row)
    person = {"email": who.email, "job_title": who.title, "linkedin_url": who.linkedin_url, "mobile_phone": ""}
    company = {"name": who.company.name, "industry": who.company.industry}
    return {"person": person, "company": company}


def _company_values(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    company = invented.Company("elsewhere.example") if call.says("wrong_person") else _company(row)
    is_text = call.says("ok") and call.variant == 1
    count = str(company.headcount) if is_text else company.headcount
    values = {"name": company.name, "domain": company.domain, "industry": company.industry, "headcount": count}
    return {"company": {**values, "description": "" if is_text else company.description}}
