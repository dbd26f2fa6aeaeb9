"""The stand-in for Firecrawl v2: scrape, and extract and batch scrape with their polls."""

from decimal import Decimal
from typing import Any, ClassVar

from . import invented
from .base import Call, Replies, Reply, StandIn, always, html, one_of, retry_after, text_of, texts_of
from .invented import Company
from .limits import Refusal
from .scenarios import EVERYWHERE


def _error(text: str) -> dict[str, Any]:
    return {"success": False, "error": text}


_DNS = "DNS resolution failed for hostname. Please verify the URL is correct and the domain exists."
_UNFETCHED = {
    3: Reply(500, _error(_DNS)),
    4: Reply(404, {**_error("No cached page"), "code": "SCRAPE_NO_CACHED_DATA"}),
    6: Reply(200, {**_error(_DNS), "code": "SCRAPE_DNS_RESOLUTION_ERROR"}),
}
_FAULT = Reply(500, {**_error("An unexpected error occurred"), "code": "UNKNOWN_ERROR"})


class Firecrawl(StandIn):
    """Each fetched page is charged: 1 credit, 5 with JSON, found or not.

    not_found: empty facts, implausible facts, target page 404, host that does not resolve (free), no cached page
    (free), target page 410, host that does not resolve as a 200 (1 credit); server_error: 500, 408, 502, 503, 504,
    target page 503 (charged), 422 (the model could not); async_slow: five polls say `scraping`; ok:1 some facts empty;
    wrong_person: the site leads to another company's, to a platform, and to a shop of domains.
    """

    name = "firecrawl"
    key = "fc-good-firecrawl-key"
    key_prefix = "Bearer "
    usd_per_credit = Decimal("0.0045")
    scenarios = EVERYWHERE | {"async_slow", "wrong_person"}
    replies: ClassVar[Replies] = {
        "no_credits": (Reply(402, _error("Payment Required: Insufficient credits")),),
        "bad_key": (Reply(401, _error("Unauthorized: Invalid token")), Reply(403, _error("Forbidden"))),
        "bad_request": (
            Reply(400, _error("Invalid URL")),
            Reply(409, _error("Conflict")),
            Reply(413, _error("Payload too large")),
        ),
        # The faults of the service; 5, a broken target page, is answered by the scrape.
        "server_error": (
            _FAULT,
            Reply(408, _error("Request Timeout")),
            html(502),
            html(503),
            html(504),
            _FAULT,
            Reply(422, _error("The model could not satisfy the schema")),
        ),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._runs: dict[str, tuple[str, list[Company], int]] = {}
        self.routes = {
            ("POST", "scrape"): self._scrape,
            ("POST", "extract"): self._start,
            ("GET", "extract/*"): self._poll,
            ("POST", "batch/scrape"): self._start,
            ("GET", "batch/scrape/*"): self._poll,
            ("DELETE", "batch/scrape/*"): always(Reply(200, {"status": "cancelled"})),
            ("GET", "team/credit-usage"): always(Reply(200, {"success": True, "data": {"remainingCredits": 1000}})),
        }

    def refused(self, refusal: Refusal) -> Reply:
        """Say when there is room again, unless too many run at once."""
        if refusal.period == "at once":
            return Reply(429, _error("Concurrency limit reached"))
        return Reply(429, _error("Rate limit exceeded"), headers={"Retry-After": str(int(refusal.seconds) + 1)})

    def rate_limited(self, variant: int) -> Reply:
        """0 seconds, 1 nothing, 2 a date, 3 absurd, 4 too many at once."""
        text = "Concurrency limit reached" if variant % 5 == 4 else "Rate limit exceeded"
        return Reply(429, _error(text), headers=one_of((*map(retry_after, range(4)), {}), variant))

    def no_route(self) -> Reply:
        """Say so as JSON."""
        return Reply(404, _error("Not found"))

    def is_answered_at_once(self, call: Call) -> bool:
        """A broken target page is a 200, and charged."""
        return not (call.says("server_error") and call.variant % 7 == 5)

    def _scrape(self, call: Call) -> Reply:
        url = text_of(call.body, "url")
        if url is None or not _is_timeout(call.body.get("timeout", 60_000)):
            return Reply(400, _error("Bad Request: url and a timeout of 1000 to 300000 expected"))
        company = invented.company(domain=url)
        if not call.finds(company.identity) and call.variant % 7 in _UNFETCHED:
            unfetched = _UNFETCHED[call.variant % 7]
            if unfetched.status == 200:
                call.charge("page", company.identity, 1)
            return unfetched
        has_json = _wants_json(call.body)
        call.charge("page", company.identity, 5 if has_json else 1)
        return Reply(200, {"success": True, "data": _page(call, company, has_json)})

    def _start(self, call: Call) -> Reply:
        urls = call.fields.get("urls")
        hosts = texts_of(urls)
        if hosts != urls:
            return Reply(400, _error("Bad Request: urls expected"))
        run = str(len(self._runs) + 1)
        companies = [invented.company(domain=host) for host in hosts]
        for company in companies:
            call.charge("page", company.identity, 5)
        self._runs[run] = (call.path, companies, 5 if call.says("async_slow") else 0)
        return Reply(200, {"success": True, "id": run, "invalidURLs": []})

    def _poll(self, call: Call) -> Reply:
        kind, companies, polls = self._runs.get(call.last, ("nothing", [], 0))
        if not call.path.startswith(kind):
            return Reply(404, _error("Job not found"))
        if polls:
            self._runs[call.last] = (kind, companies, polls - 1)
            status = "processing" if kind == "extract" else "scraping"
            return Reply(200, {"success": True, "status": status, "data": []})
        pages = [_page(call, company, True) for company in companies]
        data: Any = pages
        if kind != "batch/scrape":
            data = pages[0]["json"] if pages else {}
        count = {"total": len(pages), "completed": len(pages), "creditsUsed": 5 * len(pages)}
        return Reply(200, {"success": True, "status": "completed", "data": data, **count})


def _is_timeout(value: Any) -> bool:
    return type(value) is int and 1000 <= value <= 300_000


def _wants_json(body: dict[str, Any]) -> bool:
    formats = body.get("formats")
    return isinstance(formats, list) and any(map(_is_of_json, formats))


def _is_of_json(wish: Any) -> bool:
    return isinstance(wish, dict) and wish.get("type") == "json" and isinstance(wish.get("schema"), dict)


def _page(call: Call, company: Company, has_json: bool) -> dict[str, Any]:
    status = _target_status(call)
    metadata = {"title": company.name, "sourceURL": company.website, "url": f"{company.website}/"}
    if call.says("wrong_person"):
        company = Company(("elsewhere.example", "facebook.com", "hugedomains.com")[call.variant % 3])
        metadata |= {"title": company.name, "url": f"{company.website}/pages/1"}
    page = {"metadata": {**metadata, "statusCode": status, "error": None, "contentType": "text/html"}}
    return page | ({"json": _facts(call, company, status)} if has_json else {"markdown": "# Hello"})


def _target_status(call: Call) -> int:
    if call.says("server_error"):
        return 503
    if call.says("not_found"):
        return (200, 200, 404, 200, 200, 410, 200)[call.variant % 7]
    return 200


def _facts(call: Call, company: Company, status: int) -> dict[str, Any]:
    nothing = {"name": "", "industry": None, "headcount": None, "description": "", "yearFounded": None, "location": ""}
    implausible = {"name": "N/A", "industry": "Unknown", "headcount": -5, "description": "n/a", "yearFounded": 12}
    if status != 200 or not call.finds(company.identity):
        return implausible if call.says("not_found") and call.variant % 7 == 1 else nothing
    city, _, country, _, _ = company.place
    facts = {
        "name": company.name,
        "industry": company.industry,
        "headcount": company.headcount,
        "description": company.description,
        "yearFounded": company.founded,
        "location": f"{city}, {country}",
    }
    if call.is_other_form:
        facts |= {"headcount": 0, "yearFounded": "N/A"}
    return facts
