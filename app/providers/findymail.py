"""Findymail: people's verified addresses, by LinkedIn URL or by name and domain, and a verifier.

Written from the API reference (app.findymail.com/docs) and the pages on the API and on pricing
(www.findymail.com), read in 2026-11. From there:

- credits: 1 finder credit for a found address, nothing for a miss, and a repeat is free; 1 verifier
  credit, from a pool of its own, for each attempt;
- statuses: 401 the key, 402 no credits, 404 not found, 422 refused, 423 subscription paused, 429
  too many calls at once, without a header that says for how long.

An empty pool has also been seen as a 200 with `{"error": "Not enough credits"}`, so the body is
read before the status is believed. What a 403 means is not documented.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.normalizer.names import normalize_name
from app.providers.adapter import PaidProvider, PaidVerifier
from app.providers.api_client import is_cost_known, unanswered
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.questions import company_host
from app.providers.reading import filled, find, joined
from app.providers.settings import ProviderSettings
from app.values.emails import email_address
from app.values.hosts import bare_host
from app.values.text import text

_BY_PROFILE = "/api/search/business-profile"
_BY_NAME = "/api/search/name"
_VERIFY = "/api/verify"

_CLASSES: Mapping[int, OutcomeClass] = MappingProxyType(
    {
        401: OutcomeClass.AUTH_FAILED,
        402: OutcomeClass.CREDITS_EXHAUSTED,
        403: OutcomeClass.AUTH_FAILED,
        404: OutcomeClass.NOT_FOUND,
        408: OutcomeClass.TRANSIENT,
        423: OutcomeClass.CREDITS_EXHAUSTED,
        429: OutcomeClass.RATE_LIMITED,
    }
)
_ERRORS: Mapping[OutcomeClass, str] = MappingProxyType(
    {
        OutcomeClass.NOT_FOUND: "Findymail has nothing",
        OutcomeClass.RATE_LIMITED: "Findymail asks to slow down",
        OutcomeClass.CREDITS_EXHAUSTED: "Findymail has no credits left",
        OutcomeClass.AUTH_FAILED: "Findymail refuses the key",
        OutcomeClass.INVALID_REQUEST: "Findymail refuses the request",
        OutcomeClass.TRANSIENT: "Findymail gave no usable answer",
    }
)
# The limit is on calls at once, so a place is free again soon. No page gives a number.
_RETRY_AFTER_SECONDS = 2.0


class _FindymailCalls(PaidProvider):
    """What the provider and the verifier share: how a call is made."""

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        super().__init__(settings)
        self._http = http

    async def _call(
        self, path: str, question: Mapping[str, str], read: Callable[[Reply, ProviderSettings], Answer], deadline: float
    ) -> Answer:
        try:
            reply = await self._http.request(
                "POST",
                self.settings.base_url + path,
                headers={"Authorization": f"Bearer {self.settings.api_key or ''}"},
                json=question,
                deadline=deadline,
            )
        except NoReply as error:
            return unanswered(error)
        return read(reply, self.settings)


class Findymail(_FindymailCalls):
    """Finds a person's address by LinkedIn URL, else by name and company domain. Only verified ones come back."""

    name = "findymail"
    entity_types = frozenset({"person"})
    capabilities = Capabilities(repeat_is_free=True)
    inputs: Mapping[str, frozenset[str]] = MappingProxyType(
        {"person": frozenset({"linkedin_url", "full_name", "first_name", "last_name", "company_domain"})}
    )

    def lacks(self, lookup: Lookup) -> str | None:
        """Return that there is neither a profile nor a name with a domain, or None."""
        if _question(lookup.fields) is not None:
            return None
        return "Findymail needs a LinkedIn URL, or a full name with a company domain."

    def most_micros(self, lookup: Lookup) -> int:
        """Return the price of a found address."""
        return self.settings.price_micros("finder")

    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Ask for one person's address."""
        question = _question(lookup.fields) or {}
        path = _BY_PROFILE if "linkedin_url" in question else _BY_NAME
        return await self._call(path, question, read_contact, deadline)


class FindymailVerifier(_FindymailCalls, PaidVerifier):
    """Says whether mail to a person's address arrives. Charged for each attempt."""

    name = "findymail-verify"
    capabilities = Capabilities(charges_misses=True, verifies=Findymail.name)

    def most_micros(self, lookup: Lookup) -> int:
        """Return the price of an attempt."""
        return self.settings.price_micros("verify")

    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Ask about the address; the answer's one field is `email_status`: `valid` or `invalid`."""
        address = email_address(lookup.fields.get("email")) or ""
        return await self._call(_VERIFY, {"email": address}, read_verdict, deadline)


def read_contact(reply: Reply, settings: ProviderSettings) -> Answer:
    """Return what a search's reply comes to; a contact without an address is a miss."""
    failed_class = _failed_class(reply)
    address = find(reply.body, "contact.email") if _is_success(reply) else None
    # An address was paid for, so it counts before any word beside it.
    if failed_class is not None and not email_address(address):
        return _failure(failed_class, reply)
    # One that cannot be used, such as a masked one, was charged all the same.
    cost_micros = settings.price_micros("finder") if text(address) else 0
    if email_address(address):
        fields = _person_fields(find(reply.body, "contact"))
        return Answer(OutcomeClass.SUCCESS, fields=fields, raw=reply.body, cost_micros=cost_micros)
    error = f"{_ERRORS[OutcomeClass.NOT_FOUND]}."
    return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=error)


def read_verdict(reply: Reply, settings: ProviderSettings) -> Answer:
    """Return what a verification's reply comes to.

    A reply with an error in it is no verdict, whatever else it says: an outage must not make addresses invalid.
    """
    failed_class = _failed_class(reply)
    if failed_class is not None:
        return _failure(failed_class, reply)
    is_verified = find(reply.body, "verified")
    if not isinstance(is_verified, bool):
        return _failure(OutcomeClass.TRANSIENT, reply)
    return Answer(
        OutcomeClass.SUCCESS,
        fields={"email_status": "valid" if is_verified else "invalid"},
        raw=reply.body,
        cost_micros=settings.price_micros("verify"),
        about={"email": find(reply.body, "email")},
    )


def _question(fields: Mapping[str, Any]) -> dict[str, str] | None:
    if page := text(fields.get("linkedin_url")):
        return {"linkedin_url": page}
    first, last = text(fields.get("first_name")), text(fields.get("last_name"))
    name = text(fields.get("full_name")) or (f"{first} {last}" if first and last else None)
    host = bare_host(fields.get("company_domain"))
    return {"name": name, "domain": host} if name and host else None


def _is_success(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _failed_class(reply: Reply) -> OutcomeClass | None:
    """Return what a reply without a result comes to, or None where there is a result to be read."""
    if _speaks_of_credits(reply.body):
        return OutcomeClass.CREDITS_EXHAUSTED
    if _is_success(reply):
        is_readable = reply.status == 204 or (isinstance(reply.body, Mapping) and not reply.body.get("error"))
        return None if is_readable else OutcomeClass.TRANSIENT
    if reply.status >= 500:
        return OutcomeClass.TRANSIENT
    return _CLASSES.get(reply.status, OutcomeClass.INVALID_REQUEST)


def _speaks_of_credits(body: Any) -> bool:
    """Tell whether the error is about credits; a domain or address that it quotes (credit.example) is not."""
    sentences = [text(find(body, path)) for path in ("error", "error.message", "message")]
    words = " ".join(filter(None, sentences)).lower().split()
    return any("credit" in word and "@" not in word and "." not in word.strip(".") for word in words)


def _failure(outcome_class: OutcomeClass, reply: Reply) -> Answer:
    return Answer(
        outcome_class,
        raw=reply.body if reply.is_json else reply.text,
        error=f"{_ERRORS[outcome_class]} (status {reply.status}).",
        retry_after_seconds=_retry_after_seconds(reply) if outcome_class is OutcomeClass.RATE_LIMITED else None,
        is_cost_known=is_cost_known(reply, outcome_class),
    )


def _retry_after_seconds(reply: Reply) -> float:
    seconds = reply.retry_after_seconds()
    return _RETRY_AFTER_SECONDS if seconds is None else seconds


def _person_fields(contact: Mapping[str, Any]) -> dict[str, Any]:
    first, last, full = (text(contact.get(name)) for name in ("first_name", "last_name", "name"))
    split = normalize_name(first, last, full)
    contact_id = text(contact.get("id"))
    city, region, country = (text(contact.get(name)) for name in ("city", "region", "country"))
    return filled(
        {
            "email": email_address(contact.get("email")),
            "email_status": "valid",  # no other addresses are given out
            "first_name": first or split.first,
            "last_name": last or split.last,
            "full_name": full,
            "job_title": text(contact.get("job_title")),
            "linkedin_url": text(contact.get("linkedin_url")),
            "location": joined(city, region, country),
            "location_city": city,
            "location_state": region,
            "location_country": country,
            "company": text(contact.get("company")),
            "company_domain": company_host(contact.get("domain"), contact.get("company")),
            "provider_ids": {"findymail_contact_id": contact_id} if contact_id else None,
        }
    )
