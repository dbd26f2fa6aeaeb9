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

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from app.normalizer.names import normalize_name
from app.providers.adapter import PaidProvider, PaidVerifier
from app.providers.api_client import DEFAULT_STATUSES, PHRASES
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.http.reply import Reply
from app.providers.questions import company_host
from app.providers.reading import filled, find, full_name, joined
from app.values.emails import email_address
from app.values.hosts import bare_host
from app.values.text import text

_BY_PROFILE = "/api/search/business-profile"
_BY_NAME = "/api/search/name"

_NOTHING = f"Findymail {PHRASES[OutcomeClass.NOT_FOUND]}."
# The limit is on calls at once, so a place is free again soon. No page gives a number.
_RETRY_AFTER_SECONDS = 2.0


class _FindymailApi(PaidProvider):
    """What the provider and the verifier share: the key, and how calls fail."""

    title = "Findymail"
    key_prefix = "Bearer "
    statuses: ClassVar[Mapping[int, OutcomeClass]] = {
        **DEFAULT_STATUSES,
        404: OutcomeClass.NOT_FOUND,
        423: OutcomeClass.CREDITS_EXHAUSTED,
    }

    def has_result(self, reply: Reply) -> bool:
        """Return whether the reply is empty by intent, or an object that reports no error."""
        return reply.status == 204 or (isinstance(reply.body, Mapping) and not reply.body.get("error"))

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return that credits are gone if the body says so, whatever the status."""
        return OutcomeClass.CREDITS_EXHAUSTED if _speaks_of_credits(reply.body) else None

    def wait_seconds(self, reply: Reply) -> float:
        """Return what the header asks for, else a short while."""
        seconds = reply.retry_after_seconds()
        return _RETRY_AFTER_SECONDS if seconds is None else seconds


class Findymail(_FindymailApi):
    """Finds a person's address by LinkedIn URL, else by name and company domain. Only verified ones come back."""

    name = "findymail"
    operation = "finder"
    entity_types = frozenset({"person"})
    capabilities = Capabilities(repeat_is_free=True)
    inputs: Mapping[str, frozenset[str]] = MappingProxyType(
        {"person": frozenset({"linkedin_url", "full_name", "first_name", "last_name", "company_domain"})}
    )

    def lacks(self, question: Lookup) -> str | None:
        """Return that there is neither a profile nor a name with a domain, or None."""
        if _request(question.fields):
            return None
        return "Findymail needs a LinkedIn URL, or a full name with a company domain."

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Ask for one person's address."""
        request = _request(question.fields)
        path = _BY_PROFILE if "linkedin_url" in request else _BY_NAME
        return await self.call(path, request, self.parse_contact, deadline)

    def failure(self, reply: Reply) -> Answer | None:
        """Return what a reply without an address came to. An address was paid for, so it counts before any error."""
        has_address = reply.is_success and email_address(find(reply.body, "contact.email")) is not None
        return None if has_address else super().failure(reply)

    def parse_contact(self, reply: Reply) -> Answer:
        """Return the contact in a search's reply; one without an address is a miss."""
        written = find(reply.body, "contact.email")
        # An address that cannot be used, such as a masked one, was charged all the same.
        cost_micros = self.settings.price_micros(self.operation) if text(written) else 0
        if email_address(written) is None:
            return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=_NOTHING)
        fields = _person_fields(find(reply.body, "contact"))
        return Answer(OutcomeClass.SUCCESS, fields=fields, raw=reply.body, cost_micros=cost_micros)


class FindymailVerifier(_FindymailApi, PaidVerifier):
    """Judges whether mail to a person's address arrives. Charged for each attempt."""

    name = "findymail-verify"
    path = "/api/verify"
    operation = "verify"
    capabilities = Capabilities(charges_misses=True, verifies=Findymail.name)

    def parse_verdict(self, reply: Reply) -> Answer:
        """Return the verdict in a verification's reply: `valid` or `invalid`.

        A reply with an error in it is no verdict, whatever else it says: an outage must not make addresses invalid.
        """
        is_verified = find(reply.body, "verified")
        if not isinstance(is_verified, bool):
            return self.failed(reply, OutcomeClass.TRANSIENT)
        return Answer(
            OutcomeClass.SUCCESS,
            fields={"email_status": "valid" if is_verified else "invalid"},
            raw=reply.body,
            cost_micros=self.settings.price_micros(self.operation),
            about={"email": find(reply.body, "email")},
        )


def _request(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the request for a person's address, empty if there is neither a profile nor a name with a domain."""
    if page := text(fields.get("linkedin_url")):
        return {"linkedin_url": page}
    name = full_name(fields)
    host = bare_host(fields.get("company_domain"))
    return {"name": name, "domain": host} if name and host else {}


def _speaks_of_credits(body: Any) -> bool:
    """Return whether the error is about credits; a domain or address that it quotes (credit.example) is not."""
    sentences = [text(find(body, path)) for path in ("error", "error.message", "message")]
    words = " ".join(filter(None, sentences)).lower().split()
    return any("credit" in word and "@" not in word and "." not in word.strip(".") for word in words)


def _person_fields(contact: Mapping[str, Any]) -> dict[str, Any]:
    first, last, full = (text(contact.get(name)) for name in ("first_name", "last_name", "name"))
    split = normalize_name(first, last, full)
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
            "provider_ids": filled({"findymail_contact_id": text(contact.get("id"))}),
        }
    )
