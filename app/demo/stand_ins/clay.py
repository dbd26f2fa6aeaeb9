"""The stand-in for Clay: a table's webhook that takes rows, and the callbacks that the table's last column sends."""

from decimal import Decimal
from typing import Any, ClassVar

from . import invented
from .base import Call, Replies, Reply, StandIn, html, one_of, text_of
from .invented import Company, Person
from .scenarios import EVERYWHERE


class Clay(StandIn):
    """A row is taken with a bare 200 and charged; what was found comes later, to the row's `callback_url`.

    In the callback: not_found: by status, all blank; no_credits:1 an error text; async_slow: after five times the
    delay; duplicate_callback: twice; no_callback: never; wrong_person: about somebody else; ok:1 numbers as text and
    empty cells.
    """

    name = "clay"
    key = "good-clay-token"
    key_header = "x-clay-webhook-auth"
    usd_per_credit = Decimal("0.056")
    scenarios = EVERYWHERE | {"async_slow", "duplicate_callback", "no_callback", "wrong_person"}
    replies: ClassVar[Replies] = {
        "rate_limited": (Reply(429, {"message": "Too many requests"}),),
        "no_credits": (Reply(402, {"message": "Not enough credits"}),),
        "bad_key": (Reply(401, {"message": "Unauthorized"}), Reply(403, {"message": "Forbidden"})),
        # 2 is a source that is gone.
        "bad_request": (
            Reply(422, {"message": "Invalid JSON"}),
            Reply(400, {"message": "Bad request"}),
            html(404),
            html(413),
        ),
        "server_error": (Reply(500, {"message": "Internal error"}), html(502), html(503)),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {("POST", "webhook/*"): self._push}

    def identifying_text(self, call: Call) -> str:
        """Where to call back says nothing of the entity, nor does the source's id."""
        return " ".join(str(call.fields[name]) for name in call.fields if name not in ("callback_url", "request_id"))

    def is_answered_at_once(self, call: Call) -> bool:
        """A table without credits may take the row all the same."""
        return not (call.says("no_credits") and call.variant % 2)

    def _push(self, call: Call) -> Reply:
        row = call.body
        if not isinstance(row, dict):
            return self.wrong()
        asked = _company(row) if row.get("entity") == "company" else _person(row)
        call.charge("row", asked.identity, 1)
        url = text_of(row, "callback_url")
        if url and not call.says("no_callback"):
            times = 2 if call.says("duplicate_callback") else 1
            call.callbacks += [(url, {"request_id": row.get("request_id"), **_found(call, asked)})] * times
        return Reply(200, {"success": True})


def _found(call: Call, asked: Company | Person) -> dict[str, Any]:
    if call.says("no_credits"):
        return {"status": "error", "error": "Out of credits"}
    if not call.finds(asked.identity):
        blank = {"status": "found", "person": {"email": ""}, "company": {"name": "", "industry": ""}}
        return one_of(({"status": "not_found"}, blank), call.variant)
    values = _company_values(call, asked) if isinstance(asked, Company) else _person_values(call, asked)
    return {"status": "found", **values}


def _person(row: dict[str, Any]) -> Person:
    return invented.person(
        first_name=text_of(row, "first_name"),
        last_name=text_of(row, "last_name"),
        full_name=text_of(row, "full_name"),
        linkedin=text_of(row, "linkedin_url"),
        email=text_of(row, "email"),
        domain=text_of(row, "company_domain"),
    )


def _company(row: dict[str, Any]) -> Company:
    return invented.company(
        domain=text_of(row, "domain", "company_domain", "website"),
        linkedin=text_of(row, "linkedin_url"),
        name=text_of(row, "name", "company_name"),
    )


def _person_values(call: Call, asked: Person) -> dict[str, Any]:
    who = call.shown(asked)
    person = {"email": who.email, "job_title": who.title, "linkedin_url": who.linkedin_url, "mobile_phone": ""}
    company = {"name": who.company.name, "industry": who.company.industry}
    return {"person": person, "company": company}


def _company_values(call: Call, asked: Company) -> dict[str, Any]:
    company = call.shown_company(asked)
    values = {
        "name": company.name,
        "domain": company.domain,
        "industry": company.industry,
        "headcount": company.headcount,
        "description": company.description,
    }
    if call.is_other_form:
        values |= {"headcount": str(company.headcount), "description": ""}
    return {"company": values}
