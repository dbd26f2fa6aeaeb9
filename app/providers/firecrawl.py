"""Firecrawl: facts about a company, read by a model off the company's own website.

Written from Firecrawl's API pages "Scrape", "Errors", "Rate limits", "Billing" and "Enhanced mode",
read in 2026-11. From there: `POST /scrape` with the JSON format, a `timeout` of 1,000 to 300,000 ms,
1 credit a page and 4 for the JSON format, a fetched page charged whatever stands on it, errors of the
API not charged. The source of their server, which is public, adds that a host name that does not
resolve comes back as status 200 without success and costs 1 credit, and that sites which Firecrawl
refuses on principle come back as 403, which says nothing about the key.

A page that was fetched is charged even where the website itself answered with an error, so those
answers carry their price. Asking for a website again is charged again, cached or not.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Final

from app.providers.adapter import PaidProvider
from app.providers.api_client import DEFAULT_STATUSES
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.http.reply import Reply
from app.providers.questions import company_host
from app.providers.reading import filled, find
from app.values.blanks import says_nothing
from app.values.hosts import host_of, registrable_domain
from app.values.numbers import integer
from app.values.shared_hosts import is_under
from app.values.text import text, word_set

_CODES: Final[Mapping[str, OutcomeClass]] = {
    "SCRAPE_DNS_RESOLUTION_ERROR": OutcomeClass.NOT_FOUND,
    "SCRAPE_NO_CACHED_DATA": OutcomeClass.NOT_FOUND,
    "UNSUPPORTED_SITE": OutcomeClass.NOT_FOUND,
    "unsafe_domain_blocked": OutcomeClass.NOT_FOUND,
}
# Of the website, not of Firecrawl: refused or away for now.
_SITE_IS_AWAY = frozenset({403, 408, 429})
# Statuses about our key, money or pace, whatever the error says.
_ABOUT_US = frozenset({401, 402, 429})
_SITE_ERROR = re.compile(
    r"dns resolution|name_not_resolved|robots\.txt|blocklisted|(?:not currently|no longer) supported|"
    r"not support this site",
    re.IGNORECASE,
)
# Where a website leads whose name is for sale or has run out.
_PARKING_HOSTS = word_set(
    """
    sedo.com sedoparking.com dan.com afternic.com hugedomains.com parkingcrew.net bodis.com above.com epik.com
    undeveloped.com efty.com buydomains.com domainmarket.com squadhelp.com atom.com brandbucket.com namecheap.com
    godaddy.com secureserver.net networksolutions.com register.com uniregistry.com namebright.com dynadot.com
    porkbun.com domainnamesales.com expireddomains.com parklogic.com skenzo.com voodoo.com trafficz.com nic.ru
    reg.ru domaining.com saw.com venture.com spaceship.com ionos.com ionos.de strato.de united-domains.de
    elitedomains.de nicsell.com domainname.de onamae.com muumuu-domain.com
    """
)
_PARKED = re.compile(
    r"\b(?:domain(?: ?name)?|website|web address)\b.{0,40}\b(?:is|may be|could be) (?:available )?(?:for sale|parked|"
    r"expired|available for purchase)|(?:buy|purchase|acquire|own) this domain|domain (?:is )?parking|parked domain|"
    r"domain[- ]?(?:kaufen|steht zum verkauf|zu verkaufen|geparkt)|domaine? (?:est )?(?:à|a) vendre|"
    r"dominio (?:está |esta |è |e )?(?:en|à|a|in) vend?ita|dominio en venta|dominio à venda|domínio (?:está )?à venda|"
    r"(?:domein|domeinnaam) (?:is |staat )?te koop|domena (?:jest )?na sprzedaż|домен.{0,20}прода",
    re.IGNORECASE,
)
_SHORT_CODE = re.compile(r"[A-Z_]{1,40}")
_NOT_SAID = re.compile(r"not? (?:specified|mentioned|stated|found|disclosed|listed|data|information)", re.IGNORECASE)

_RATE_SECONDS = 60.0
_CONCURRENCY_SECONDS = 5.0
# What the API's own time limit leaves to the way there and back, so that it gives up first: its answer is
# free and certain, ours is neither.
_MARGIN_SECONDS = 1.0
_SHORTEST_MS, _LONGEST_MS = 1000, 300_000
_FIRST_YEAR = 1700
_LARGEST_HEADCOUNT = 10_000_000

_PROMPT = "Extract facts about the company that owns this website. Leave out what the page does not say."
_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "industry": {"type": "string"},
        "headcount": {"type": "number"},
        "description": {"type": "string"},
        "yearFounded": {"type": "number"},
        "location": {"type": "string"},
    },
}


class Firecrawl(PaidProvider):
    """Firecrawl's scrape call, of companies only; the cloud service, or one that runs next to us."""

    name = "firecrawl"
    operation = "company"
    title = "Firecrawl"
    # A server of one's own needs none.
    key_prefix = "Bearer "
    statuses: ClassVar[Mapping[int, OutcomeClass]] = {
        **DEFAULT_STATUSES,
        # The model could not satisfy the schema; another try may. Callers count the tries.
        422: OutcomeClass.TRANSIENT,
    }
    entity_types = frozenset({"company"})
    capabilities = Capabilities(charges_misses=True)
    inputs: Mapping[str, frozenset[str]] = {"company": frozenset({"domain", "website"})}

    def why_unusable(self) -> str | None:
        """Return that the key is missing, unless the address is one's own, where none is needed."""
        return super().why_unusable() if self.settings.base_url == DEFAULTS[self.name].base_url else None

    def lacks(self, question: Lookup) -> str | None:
        """Return that the company has no public website of its own, or None."""
        if _site(question):
            return None
        return "Firecrawl needs a company's public domain or website, and not one of a platform or mailbox provider."

    async def ask(self, question: Lookup, deadline: float) -> Answer:
        """Have the company's home page read."""
        site = _site(question)
        request = _request(site, deadline - time.monotonic())
        return await self.call("/scrape", request, partial(self.parse, site=site), deadline)

    def parse(self, reply: Reply, site: str) -> Answer:
        """Return what the page of a site came to. It was fetched, so it is charged."""
        cost_micros = self._cost_micros(reply)
        fields = _fields(find(reply.body, "data.json"))
        if miss := _miss(reply.body, fields):
            return replace(miss, raw=reply.body, cost_micros=cost_micros)
        fields |= {"domain": registrable_domain(site) or site, "website": f"https://{site}"}
        # The site may have led to another, whose domain says whom the answer is about.
        landed = host_of(find(reply.body, "data.metadata.url")) or site
        return Answer(OutcomeClass.SUCCESS, fields, reply.body, cost_micros, about={"domain": landed, "website": None})

    def is_about_another(self, question: Lookup, answer: Answer) -> bool:
        """Return whether the website has led to a platform's page, or to another company's site."""
        name = answer.fields.get("name") or question.fields.get("name")
        is_own = company_host(answer.about["domain"], name) is not None
        return not is_own or super().is_about_another(question, answer)

    def failure(self, reply: Reply) -> Answer | None:
        """Return what a reply without a page came to; an error of the scrape is the website's."""
        failure = super().failure(reply)
        return failure and replace(failure, is_about_entity=_code(reply).startswith("SCRAPE_"))

    def has_result(self, reply: Reply) -> bool:
        """Return whether the reply holds a page."""
        has_page = isinstance(find(reply.body, "data"), Mapping)
        return reply.status == 200 and has_page and find(reply.body, "success") is not False

    def refusal(self, reply: Reply) -> OutcomeClass | None:
        """Return what the code says, or that the error is about the website, which then has nothing for us."""
        if self.has_result(reply):
            return None
        code = _code(reply)
        if code in _CODES:
            return _CODES[code]
        if reply.status == 403 and code.startswith("SCRAPE_"):
            return OutcomeClass.NOT_FOUND
        is_about_site = reply.status not in _ABOUT_US and _SITE_ERROR.search(text(find(reply.body, "error")) or "")
        return OutcomeClass.NOT_FOUND if is_about_site else None

    def says_cost(self, reply: Reply) -> bool:
        """Return whether the body itself says that the call failed."""
        return find(reply.body, "success") is False

    def failure_micros(self, reply: Reply) -> int:
        """Return the credit that a host name costs which does not resolve."""
        return self.settings.cost_micros(1) if _code(reply) == "SCRAPE_DNS_RESOLUTION_ERROR" else 0

    def wait_seconds(self, reply: Reply) -> float:
        """Return what the header asks for, else how long the limit lasts that was met."""
        seconds = reply.retry_after_seconds()
        if seconds is not None:
            return seconds
        return _CONCURRENCY_SECONDS if "concurren" in reply.text.lower() else _RATE_SECONDS

    def sentence(self, reply: Reply, outcome_class: OutcomeClass) -> str:
        """Return the status, and the code if it looks like one."""
        code = _code(reply)
        shown = f" ({code})" if _SHORT_CODE.fullmatch(code) else ""
        return f"Firecrawl answered {reply.status}{shown}."

    def _cost_micros(self, reply: Reply) -> int:
        """Return what Firecrawl says that the page cost, or its price if it does not say."""
        credits = integer(find(reply.body, "data.metadata.creditsUsed"))
        return self.settings.price_micros(self.operation) if credits is None else self.settings.cost_micros(credits)


def _miss(body: Any, fields: Mapping[str, Any]) -> Answer | None:
    """Return the answer about a fetched page that says nothing of the company, or None."""
    site_status = integer(find(body, "data.metadata.statusCode")) or 200
    if site_status >= 400:
        is_away = site_status in _SITE_IS_AWAY or site_status >= 500
        outcome_class = OutcomeClass.TRANSIENT if is_away else OutcomeClass.NOT_FOUND
        return Answer(outcome_class, error=f"The company's website answered {site_status}.")
    if _is_parked(body):
        error = "The company's website is a page about its domain, which is for sale."
        return Answer(OutcomeClass.NOT_FOUND, error=error)
    if not fields:
        return Answer(OutcomeClass.NOT_FOUND, error="Firecrawl found nothing of use on the company's website.")
    return None


def _code(reply: Reply) -> str:
    return text(find(reply.body, "code")) or ""


def _site(lookup: Lookup) -> str:
    """Return the host of the company's own website, from its domain or else its website; empty: it has none."""
    hosts = (host_of(lookup.fields.get(field)) for field in ("domain", "website"))
    name = lookup.fields.get("name")
    return next((host for host in hosts if host and company_host(host, name)), "")


def _is_parked(body: Any) -> bool:
    """Return whether the page only says that the domain is for sale or has run out."""
    if is_under(host_of(find(body, "data.metadata.url")) or "", _PARKING_HOSTS - {_asked_host(body)}):
        return True
    texts = (find(body, path) for path in ("data.metadata.title", "data.metadata.description", "data.json.description"))
    return any(_PARKED.search(said) for said in map(text, texts) if said)


def _asked_host(body: Any) -> str:
    """Return the registrable domain of the address that was asked for: a registrar's own site is its own."""
    host = host_of(find(body, "data.metadata.sourceURL")) or ""
    return registrable_domain(host) or host


def _request(site: str, seconds: float) -> dict[str, Any]:
    left_ms = int((seconds - _MARGIN_SECONDS) * 1000)
    return {
        "url": f"https://{site}",
        "formats": [{"type": "json", "schema": _SCHEMA, "prompt": _PROMPT}],
        "onlyMainContent": True,
        "timeout": min(max(left_ms, _SHORTEST_MS), _LONGEST_MS),
        # What is not said here may cost more than the price that is reserved: another proxy 4 credits, a
        # PDF one for each of its pages.
        "proxy": "basic",
        "parsers": [],
    }


def _fields(page: Any) -> dict[str, Any]:
    """Return the canonical fields among what the model said, without what it made up for want of an answer."""
    headcount = integer(find(page, "headcount")) or 0
    year = integer(find(page, "yearFounded")) or 0
    return filled(
        {
            "name": _said(find(page, "name")),
            "industry": _said(find(page, "industry")),
            "headcount": str(headcount) if 0 < headcount <= _LARGEST_HEADCOUNT else None,
            "description": _said(find(page, "description")),
            "year_founded": str(year) if _FIRST_YEAR <= year <= datetime.now(UTC).year else None,
            "location": _said(find(page, "location")),
        }
    )


def _said(value: Any) -> str | None:
    said = text(value)
    return None if said is None or says_nothing(said) or _NOT_SAID.fullmatch(said.rstrip(".")) else said
