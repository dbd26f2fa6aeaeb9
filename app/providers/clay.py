"""Clay: a row is pushed to a table's webhook, and the table calls back with what it found.

Written from Clay's pages "Webhook integration", "HTTP API integration" and "Plans and billing", read
in 2026-11. From there: one JSON object is one row, the push is acknowledged with a bare 2xx, the
webhook can ask for a token in `x-clay-webhook-auth`, and a row costs credits whatever comes of it.
A second push makes a second row and runs everything again, so a row is never pushed again by itself.

What the table is sent and what it must send back is our own contract. It is sent the names and
values of `Lookup.fields` with `request_id`, `callback_url` and `entity`. It sends back one object
with the same `request_id`, a `status`, and the fields under `person` or `company`, or side by side.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.providers.adapter import PaidProvider
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.reply import Reply
from app.providers.questions import company_host
from app.providers.reading import filled, find, full_name
from app.values.emails import email_address
from app.values.numbers import integer
from app.values.text import text

_SENT: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("linkedin_url", "first_name", "last_name", "full_name", "email", "company", "company_domain"),
    "company": ("name", "domain", "website", "linkedin_url"),
}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")


class Clay(PaidProvider):
    """A Clay table with a webhook at its start and an HTTP call at its end."""

    name = "clay"
    title = "Clay's webhook"
    key_header = "x-clay-webhook-auth"
    operation = "row"
    entity_types = frozenset(_SENT)
    capabilities = Capabilities(charges_misses=True, answers_later=True)
    inputs: Mapping[str, frozenset[str]] = {entity_type: frozenset(fields) for entity_type, fields in _SENT.items()}

    def why_unusable(self) -> str | None:
        """Return that the webhook's address is missing, or None; a key is not needed."""
        if self.settings.base_url:
            return None
        return f"Provider {self.name} has no webhook; set {self.settings.prefix}_BASE_URL to the table's webhook URL."

    def lacks(self, question: Lookup) -> str | None:
        """Return what tells the entity from others, if it has nothing of that kind."""
        names = _sent(question).keys()
        if question.entity_type == "company":
            has_key = bool(names & {"domain", "linkedin_url", "name"})
            return None if has_key else "Clay needs a company's domain, LinkedIn URL or name."
        is_named = full_name(question.fields) and names & {"company", "company_domain"}
        if is_named or names & {"linkedin_url", "email"}:
            return None
        return "Clay needs a person's LinkedIn URL or e-mail address, or a name and a company."

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Push the entity's row; what the table finds comes by callback."""
        if not (question.callback_url and question.request_id):
            # Nobody would hear of the answer, so it must not be paid for.
            error = "There is no address that Clay could call back."
            return Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=error)
        row = {
            "request_id": question.request_id,
            "callback_url": question.callback_url,
            "entity": question.entity_type,
            **_sent(question),
        }
        return await self.call("", row, self.parse, deadline)

    def parse(self, reply: Reply) -> Answer:
        """Return that a row was taken, and is charged."""
        return Answer(
            OutcomeClass.SUCCESS,
            raw=reply.body,
            cost_micros=self.settings.price_micros(self.operation),
            pending_seconds=float(self.settings.options["CALLBACK_SECONDS"]),
        )

    def read_callback(self, lookup: Lookup, payload: Any, kinds: Mapping[str, str]) -> Answer:
        """Return what a callback's answer to a question came to; see the function of this name."""
        return self.about_asked(self.question(lookup), read_callback(lookup.entity_type, payload, kinds))

    def has_result(self, reply: Reply) -> bool:
        """Return True: the acknowledgement's body says nothing."""
        return True

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return the status."""
        return f"{self.title} answered {reply.status}."


def read_callback(entity_type: str, payload: Any, kinds: Mapping[str, str]) -> Answer:
    """Return what a table's callback came to for an entity.

    `kinds` gives the entity type's fields with what each holds: text, list, dict, integer or boolean.
    The payload is one object, alone, in a list or under `items`; names may be written in any style
    (`jobTitle`, `job_title`, `Job Title`), unknown ones are passed over, and values are turned into
    what the field holds, or left out. Nothing is charged: the push was.
    """
    row = _one_row(payload)
    if row is None:
        return Answer(OutcomeClass.TRANSIENT, raw=payload, error="Clay's callback was not one row.")
    if _says_not_found(row):
        return Answer(OutcomeClass.NOT_FOUND, raw=payload, error="Clay's table found nothing.")
    if fields := _fields(_values_of(row, entity_type), kinds):
        return Answer(OutcomeClass.SUCCESS, fields, payload)
    if _says_no_credits(row):
        return Answer(OutcomeClass.CREDITS_EXHAUSTED, raw=payload, error="Clay's table is out of credits.")
    return Answer(OutcomeClass.NOT_FOUND, raw=payload, error="Clay's table found nothing.")


def _sent(question: Lookup) -> dict[str, str]:
    return filled({field: text(question.fields.get(field)) for field in _SENT[question.entity_type]})


def _one_row(payload: Any) -> Mapping[str, Any] | None:
    rows = payload.get("items", payload) if isinstance(payload, Mapping) else payload
    row = rows[0] if isinstance(rows, list) and len(rows) == 1 else rows
    return row if isinstance(row, Mapping) else None


def _squashed(name: Any) -> str:
    """Return the key by which spellings of one name are equal: `jobTitle`, `job_title`, `Job Title`."""
    return _NOT_IN_NAMES.sub("", str(name).lower())


def _text_under(row: Mapping[str, Any], squashed: str) -> str | None:
    """Return the text under a name of the row that is spelled like this, or None."""
    return next((found for name in row if _squashed(name) == squashed and (found := text(row[name]))), None)


def _values_of(row: Mapping[str, Any], entity_type: str) -> Mapping[str, Any]:
    values = find(row, entity_type)
    return values if isinstance(values, Mapping) else row


def _says_not_found(row: Mapping[str, Any]) -> bool:
    return any(_squashed(name) == "status" and _squashed(value) == "notfound" for name, value in row.items())


def _says_no_credits(row: Mapping[str, Any]) -> bool:
    return any("credit" in (_text_under(row, name) or "").lower() for name in ("status", "error"))


def _fields(values: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    # The normalised forms are derived here, and taken from nobody.
    names = {_squashed(name): name for name in kinds if not name.startswith("normalized_")}
    fields: dict[str, Any] = {}
    for key, value in values.items():
        name = names.get(_squashed(key))
        if name is not None and name not in fields:
            read = email_address(value) if name == "email" else _READERS[kinds[name]](value)
            fields |= filled({name: read})
    return _without_strange_hosts(fields)


def _without_strange_hosts(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without a domain that is a platform's or a mail provider's: it would name another company."""
    for name, company in (("domain", "name"), ("company_domain", "company")):
        if name in fields:
            fields = {**fields, name: company_host(fields[name], fields.get(company))}
    return filled(fields)


def _a_list(value: Any) -> list[Any]:
    members = value if isinstance(value, list) else [text(value)]
    return [member for member in members if member not in (None, "", [], {})]


def _a_dict(value: Any) -> dict[str, Any] | None:
    return filled(value) if isinstance(value, Mapping) else None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


_READERS: Final = {"text": text, "list": _a_list, "dict": _a_dict, "integer": integer, "boolean": _boolean}
