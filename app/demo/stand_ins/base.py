"""What the stand-ins have in common: a request understood, a scenario, an answer, and its charges."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import formatdate
from time import time
from typing import Any, ClassVar

from . import invented
from .invented import Choice, Company, Person
from .ledger import Charge, Ledger
from .limits import Meter, Refusal
from .scenarios import ANSWERED, BROKEN, EVERYWHERE, NONE, OTHER_FORM, Scenario, marked

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


class Instead(Exception):
    """Ends the work on a call: `reply` is answered in place of what it would have come to."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


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

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body, if it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def is_other_form(self) -> bool:
        """Whether the provider is to spell its answer in its other form, `ok:1`."""
        return self.scenario == OTHER_FORM

    def says(self, *names: str) -> bool:
        """Return whether this scenario holds, or one of several."""
        return self.scenario.name in names

    def text(self, *names: str) -> str:
        """Return the first of these texts that the body has. Raises `Instead` if it has none."""
        text = text_of(self.body, *names)
        if text is None:
            raise Instead(self.stand_in.wrong())
        return text

    def status(self, statuses: Sequence[Choice]) -> Choice:
        """Return what is said of an address: the first status, or another one in the scenario `email_status`."""
        return one_of(statuses, self.variant if self.says("email_status") else 0)

    def shown(self, who: Person) -> Person:
        """Return whom the answer is about: in the scenario `wrong_person` somebody else."""
        return invented.somebody_else(who) if self.says("wrong_person") else who

    def shown_company(self, company: Company) -> Company:
        """Return which company the answer is about: in the scenario `wrong_person` another one."""
        return Company("elsewhere.example") if self.says("wrong_person") else company

    def insist(self, identity: str, miss: Reply) -> None:
        """Raise `Instead` with the miss unless the provider has something about an entity."""
        if not self.finds(identity):
            raise Instead(miss)

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
Replies = Mapping[str, Sequence[Reply]]


class StandIn:
    """One provider. Its routes map method and path to a method of its own; a last part `*` stands for anything."""

    name: ClassVar[str]
    key: str
    """The one good key."""
    key_header: ClassVar[str] = "Authorization"
    key_prefix: ClassVar[str] = ""
    """What stands before the key in its header."""
    replies: ClassVar[Replies]
    """What is answered in place of a result, by scenario and variant."""
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
        name = call.scenario.name
        if name in ANSWERED and self.is_answered_at_once(call):
            return self.rate_limited(call.variant) if name == "rate_limited" else self.reply(name, call.variant)
        try:
            return handler(call)
        except Instead as instead:
            return instead.reply

    def reply(self, scenario: str, variant: int = 0) -> Reply:
        """Return what is answered in a scenario."""
        return one_of(self.replies[scenario], variant)

    def wrong(self) -> Reply:
        """Return that the request is wrong."""
        return self.reply("bad_request")

    def is_answered_at_once(self, call: Call) -> bool:
        """Return whether the scenario shows in this answer and not later, in a callback."""
        return True

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """Return whether the good key stands in its header."""
        return headers.get(self.key_header) == self.key_prefix + self.key

    def check_headers(self, headers: Mapping[str, str]) -> None:
        """Raise `Instead` if a request lacks a header that it needs beside the key."""

    def headers(self) -> Mapping[str, str]:
        """Return what stands in the headers of each answer."""
        return {}

    def refused(self, refusal: Refusal) -> Reply:
        """Return the 429 for a request that is really one too many."""
        return self.rate_limited(0)

    def rate_limited(self, variant: int) -> Reply:
        """Return a 429; variant 0 with the headers that this provider sends."""
        return self.reply("rate_limited", variant)

    def no_route(self) -> Reply:
        """Return that there is nothing at the path."""
        return html(404)


def always(reply: Reply) -> Handler:
    """Return what gives each call the same answer."""
    return lambda call: reply


def one_of(choices: Sequence[Choice], variant: int) -> Choice:
    """Return the choice for a variant."""
    return choices[variant % len(choices)]


def retry_after(variant: int) -> dict[str, str]:
    """Return Retry-After: 0 as seconds, 1 not at all, 2 as a date, 3 absurd."""
    date = formatdate(time() + 7, usegmt=True)
    return one_of(({"Retry-After": "7"}, {}, {"Retry-After": date}, {"Retry-After": "999999999999"}), variant)


def text_of(body: Any, *names: str) -> str | None:
    """Return the first of these keys of an object that holds text that is not blank."""
    for name in names:
        value = body.get(name) if isinstance(body, Mapping) else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def texts_of(value: Any) -> list[str]:
    """Return the texts of a list that are not empty; nothing for what is no list."""
    return [text for text in value if isinstance(text, str) and text] if isinstance(value, list) else []


def asked_company(body: Any, domain: str, linkedin: str, name: str) -> Company:
    """Return the company that a request names under these keys."""
    return invented.company(domain=text_of(body, domain), linkedin=text_of(body, linkedin), name=text_of(body, name))
