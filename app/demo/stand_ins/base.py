"""What the stand-ins have in common: a request understood, a scenario, an answer, and its charges."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import formatdate
from time import time
from typing import Any, ClassVar

from . import invented
from .ledger import Charge, Ledger
from .limits import Meter, Refusal
from .scenarios import BROKEN, EVERYWHERE, NONE, Scenario, marked

HTML = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, JSON or a text, and headers."""

    status: int
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def payload(self) -> bytes:
        """Return the body as it is sent."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status == 204 else json.dumps(self.body).encode()


def html(status: int, text: str = HTML) -> Reply:
    """Return a page in place of JSON."""
    return Reply(status, text=text, content_type="text/html")


@dataclass(slots=True)
class Call:
    """A request as far as a provider looks at it."""

    stand_in: "StandIn"
    path: str
    last: str
    """The last part of the path, if the route ends in `*`."""
    query: Mapping[str, str]
    body: Any
    scenario: Scenario = NONE
    charges: list[Charge] = field(default_factory=list)
    callbacks: list[tuple[str, Any]] = field(default_factory=list)
    """Addresses to call later, each with what to say."""

    @property
    def variant(self) -> int:
        """The scenario's variant."""
        return self.scenario.variant

    def says(self, name: str) -> bool:
        """Return whether this scenario holds."""
        return self.scenario.name == name

    def finds(self, identity: str, what: str = "") -> bool:
        """Return whether the provider has something about an entity, even if its answer breaks on the way back."""
        if self.scenario.name and self.scenario.name not in BROKEN:
            return self.scenario.name != "not_found"
        rate = self.stand_in.hit_rates.get(what or self.stand_in.name, 1.0)
        return invented.number(self.stand_in.name, what, identity) % 10_000 < rate * 10_000

    def charge(self, operation: str, identity: str, credits: Decimal | str | int, *, free_repeat: bool = False) -> bool:
        """Note what this answer costs; return whether it is a repeat."""
        repeat = self.stand_in.ledger.is_repeat(self.stand_in.name, operation, identity) or any(
            (charge.operation, charge.identity) == (operation, identity) for charge in self.charges
        )
        self.charges.append(Charge(operation, identity, Decimal(credits), free_repeat))
        return repeat

    def of_row(self, row: Any) -> "Call":
        """Return this call as it is for one row of several: with the row's own marker, and the same charges."""
        scenario = self.stand_in.marker(json.dumps(row, ensure_ascii=False)) or self.scenario
        return Call(self.stand_in, self.path, self.last, self.query, row, scenario, self.charges)


Handler = Callable[[Call], Reply]


class StandIn:
    """One provider. Its routes map method and path to a method of its own; a last part `*` stands for anything."""

    name: ClassVar[str]
    key: str
    """The one good key."""
    scenarios: ClassVar[frozenset[str]] = EVERYWHERE
    usd_per_credit: ClassVar[Decimal]
    row_level: ClassVar[frozenset[str]] = frozenset()
    """In calls about many rows, scenarios that concern the marked row alone."""
    bulk_paths: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, ledger: Ledger, meter: Meter, hit_rates: Mapping[str, float]) -> None:
        self.ledger = ledger
        self.meter = meter
        self.hit_rates = hit_rates
        self.routes: Mapping[tuple[str, str], Handler] = {}

    def marker(self, text: str) -> Scenario | None:
        """Return the scenario that a text asks for."""
        return marked(text, self.name, self.scenarios)

    def marker_of(self, call: Call) -> Scenario | None:
        """Return the scenario that a whole call asks for."""
        marker = self.marker(self.identifying_text(call))
        is_of_row = call.path in self.bulk_paths and marker is not None and marker.name in self.row_level
        return None if is_of_row else marker

    def identifying_text(self, call: Call) -> str:
        """Return the text in which markers are looked for."""
        return call.path + json.dumps([call.body, dict(call.query)], ensure_ascii=False)

    def route(self, method: str, path: str) -> tuple[Handler | None, str]:
        """Return what answers a path, or None, and the path's last part."""
        start, _, last = path.rpartition("/")
        return self.routes.get((method, path)) or self.routes.get((method, f"{start}/*")), last

    def answer(self, call: Call, handler: Handler) -> Reply:
        """Answer by the scenario."""
        instead: dict[str, Callable[[int], Reply]] = {
            "rate_limited": self.rate_limited,
            "no_credits": self.no_credits,
            "bad_key": self.bad_key,
            "bad_request": self.bad_request,
            "server_error": self.server_error,
        }
        if call.scenario.name in instead and self.is_answered_at_once(call):
            return instead[call.scenario.name](call.variant)
        return handler(call)

    def is_answered_at_once(self, call: Call) -> bool:
        """Return whether the scenario shows in this answer and not later, in a callback."""
        return True

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """Return whether the good key stands in the right header."""
        raise NotImplementedError

    def refused_headers(self, headers: Mapping[str, str]) -> Reply | None:
        """Return the refusal of a request that lacks a header it needs beside the key, or None."""
        return None

    def headers(self) -> Mapping[str, str]:
        """Return what stands in the headers of each answer."""
        return {}

    def refused(self, refusal: Refusal) -> Reply:
        """Return the 429 for a request that is really one too many."""
        return self.rate_limited(1)

    def rate_limited(self, variant: int) -> Reply:
        """Return a 429; variant 0 with the headers that this provider sends."""
        raise NotImplementedError

    def no_credits(self, variant: int) -> Reply:
        """Return that the money is gone."""
        raise NotImplementedError

    def bad_key(self, variant: int) -> Reply:
        """Return that the key is refused."""
        raise NotImplementedError

    def bad_request(self, variant: int) -> Reply:
        """Return that the request is wrong."""
        raise NotImplementedError

    def server_error(self, variant: int) -> Reply:
        """Return a fault of the provider's own."""
        raise NotImplementedError

    def no_route(self) -> Reply:
        """Return that there is nothing at the path."""
        return html(404)


def one_of(replies: Sequence[Reply], variant: int) -> Reply:
    """Return the reply for a variant."""
    return replies[variant % len(replies)]


def retry_after(variant: int) -> dict[str, str]:
    """Return Retry-After: 0 as seconds, 1 not at all, 2 as a date, 3 absurd."""
    date = formatdate(time() + 7, usegmt=True)
    return one_of_headers(({"Retry-After": "7"}, {}, {"Retry-After": date}, {"Retry-After": "999999999999"}), variant)


def one_of_headers(choices: Sequence[dict[str, str]], variant: int) -> dict[str, str]:
    """Return the headers for a variant."""
    return choices[variant % len(choices)]


def text_of(body: Any, *names: str) -> str | None:
    """Return the first of these keys of an object that holds text that is not blank."""
    for name in names:
        value = body.get(name) if isinstance(body, Mapping) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None
