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
from datetime import UTC, datetime
from typing import Any, Final

from app.providers.adapter import PaidProvider
from app.providers.api_client import is_cost_known, unanswered
from app.providers.base import Answer, Capabilities, Lookup, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.http.client import Http
from app.providers.http.reply import NoReply, Reply
from app.providers.questions import company_host
from app.providers.reading import filled, find
from app.providers.settings import ProviderSettings
from app.values.blanks import says_nothing
from app.values.hosts import host_of, registrable_domain
from app.values.numbers import integer
from app.values.shared_hosts import is_under
from app.values.text import text, word_set

_BY_CODE: Final[Mapping[str, OutcomeClass]] = {
    "SCRAPE_DNS_RESOLUTION_ERROR": OutcomeClass.NOT_FOUND,
    "SCRAPE_NO_CACHED_DATA": OutcomeClass.NOT_FOUND,
    "UNSUPPORTED_SITE": OutcomeClass.NOT_FOUND,
    "unsafe_domain_blocked": OutcomeClass.NOT_FOUND,
}
_BY_STATUS: Final[Mapping[int, OutcomeClass]] = {
    401: OutcomeClass.AUTH_FAILED,
    402: OutcomeClass.CREDITS_EXHAUSTED,
    403: OutcomeClass.AUTH_FAILED,
    408: OutcomeClass.TRANSIENT,
    # The model could not satisfy the schema; another try may. Whoever tries again keeps count of it.
    422: OutcomeClass.TRANSIENT,
    429: OutcomeClass.RATE_LIMITED,
}
# Of the website, not of Firecrawl: refused or away for now.
_SITE_IS_AWAY = frozenset({403, 408, 429})
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
    entity_types = frozenset({"company"})
    capabilities = Capabilities(charges_misses=True)
    inputs: Mapping[str, frozenset[str]] = {"company": frozenset({"domain", "website"})}

    def __init__(self, settings: ProviderSettings, http: Http) -> None:
        super().__init__(settings)
        self._http = http

    def why_unusable(self) -> str | None:
        """Return that the key is missing, unless the address is one's own, where none is needed."""
        return super().why_unusable() if self.settings.base_url == DEFAULTS[self.name].base_url else None

    def lacks(self, lookup: Lookup) -> str | None:
        """Return that the company has no website of its own that may be looked at."""
        if _site(lookup):
            return None
        return "Firecrawl needs a company's public domain or website, and not one of a platform or mailbox provider."

    def most_micros(self, lookup: Lookup) -> int:
        """Return the price of a page with the JSON format."""
        return self.settings.price_micros("company")

    async def ask(self, lookup: Lookup, deadline: float) -> Answer:
        """Have the company's home page read."""
        key = self.settings.api_key
        try:
            reply = await self._http.request(
                "POST",
                f"{self.settings.base_url}/scrape",
                headers={"Authorization": f"Bearer {key}"} if key else None,
                json=_question(_site(lookup) or "", deadline - time.monotonic()),
                deadline=deadline,
            )
        except NoReply as error:
            return unanswered(error)
        return self.classify(reply, lookup)

    def classify(self, reply: Reply, lookup: Lookup) -> Answer:
        """Return what the reply to a question came to."""
        has_page = isinstance(find(reply.body, "data"), Mapping) and find(reply.body, "success") is not False
        return self._fetched(reply, lookup) if reply.status == 200 and has_page else self._failed(reply)

    def _fetched(self, reply: Reply, lookup: Lookup) -> Answer:
        cost_micros = self._cost_micros(reply)
        site_status = integer(find(reply.body, "data.metadata.statusCode")) or 200
        if site_status >= 400:
            is_away = site_status in _SITE_IS_AWAY or site_status >= 500
            return Answer(
                OutcomeClass.TRANSIENT if is_away else OutcomeClass.NOT_FOUND,
                raw=reply.body,
                cost_micros=cost_micros,
                error=f"The company's website answered {site_status}.",
            )
        if _is_parked(reply.body):
            error = "The company's website is a page about its domain, which is for sale."
            return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=error)
        fields = _fields(find(reply.body, "data.json"))
        if not fields:
            error = "Firecrawl found nothing of use on the company's website."
            return Answer(OutcomeClass.NOT_FOUND, raw=reply.body, cost_micros=cost_micros, error=error)
        site = _site(lookup) or ""
        fields |= {"domain": registrable_domain(site) or site, "website": f"https://{site}"}
        # The site may have led to another, whose domain says whom the answer is about.
        landed = host_of(find(reply.body, "data.metadata.url")) or site
        return Answer(OutcomeClass.SUCCESS, fields, reply.body, cost_micros, about={"domain": landed, "website": None})

    def is_about_another(self, lookup: Lookup, answer: Answer) -> bool:
        """Return whether the website has led to a platform's page, or to another company's site."""
        name = answer.fields.get("name") or self.known(lookup).fields.get("name")
        is_own = company_host(answer.about["domain"], name) is not None
        return not is_own or super().is_about_another(lookup, answer)

    def _cost_micros(self, reply: Reply) -> int:
        """Return what Firecrawl says that the page cost, or its price where it does not say."""
        credits = integer(find(reply.body, "data.metadata.creditsUsed"))
        return self.settings.price_micros("company") if credits is None else self.settings.cost_micros(credits)

    def _failed(self, reply: Reply) -> Answer:
        code = text(find(reply.body, "code")) or ""
        outcome_class = _failure_class(reply, code)
        shown = f" ({code})" if _SHORT_CODE.fullmatch(code) else ""
        return Answer(
            outcome_class,
            raw=reply.body,
            cost_micros=self.settings.cost_micros(1) if code == "SCRAPE_DNS_RESOLUTION_ERROR" else 0,
            error=f"Firecrawl answered {reply.status}{shown}.",
            retry_after_seconds=_wait_seconds(reply) if outcome_class is OutcomeClass.RATE_LIMITED else None,
            is_cost_known=is_cost_known(reply, outcome_class, is_refusal=find(reply.body, "success") is False),
            is_about_entity=code.startswith("SCRAPE_"),
        )


def _site(lookup: Lookup) -> str | None:
    """Return the host of the company's own website, from its domain or else its website, or None."""
    hosts = (host_of(lookup.fields.get(field)) for field in ("domain", "website"))
    name = lookup.fields.get("name")
    return next((host for host in hosts if host and company_host(host, name)), None)


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


def _question(site: str, seconds: float) -> dict[str, Any]:
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


def _fields(found: Any) -> dict[str, Any]:
    """Return the canonical fields among what the model said, without what it made up for want of an answer."""
    headcount = integer(find(found, "headcount")) or 0
    year = integer(find(found, "yearFounded")) or 0
    return filled(
        {
            "name": _said(find(found, "name")),
            "industry": _said(find(found, "industry")),
            "headcount": str(headcount) if 0 < headcount <= _LARGEST_HEADCOUNT else None,
            "description": _said(find(found, "description")),
            "year_founded": str(year) if _FIRST_YEAR <= year <= datetime.now(UTC).year else None,
            "location": _said(find(found, "location")),
        }
    )


def _said(value: Any) -> str | None:
    said = text(value)
    return None if said is None or says_nothing(said) or _NOT_SAID.fullmatch(said.rstrip(".")) else said


def _failure_class(reply: Reply, code: str) -> OutcomeClass:
    if code in _BY_CODE:
        return _BY_CODE[code]
    about_key_or_pace = reply.status in {401, 402, 429}
    is_about_page = reply.status == 403 and code.startswith("SCRAPE_")
    if is_about_page or (not about_key_or_pace and _SITE_ERROR.search(text(find(reply.body, "error")) or "")):
        return OutcomeClass.NOT_FOUND
    if reply.status in _BY_STATUS:
        return _BY_STATUS[reply.status]
    is_transient = reply.status < 300 or reply.status >= 500
    return OutcomeClass.TRANSIENT if is_transient else OutcomeClass.INVALID_REQUEST


def _wait_seconds(reply: Reply) -> float:
    stated = reply.retry_after_seconds()
    if stated is not None:
        return stated
    return _CONCURRENCY_SECONDS if "concurren" in reply.text.lower() else _RATE_SECONDS
