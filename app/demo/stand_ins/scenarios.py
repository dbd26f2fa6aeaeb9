"""How a stand-in behaves: as it should, or in one of the ways in which real ones do not.

A scenario is written `name` or `name:variant`, where the variant is a number that picks one spelling of
the same thing (it wraps around). Which one holds for a request is decided in this order:

1. a marker in an identifying input (domain, LinkedIn slug, name, e-mail address, a text to normalise):
   `x-` and the scenario's name with dashes, `-` and a variant if wanted, as `x-server-error-acme.example`,
   `ada-x-garbage--acme-example`, `x-not-found-1.example`. With a provider's name after the `x-` it holds there
   alone: `x-leadmagic-server-error-acme.example`;
2. `PUT /_control/scenario`, for a provider and perhaps a part of the path, for so many requests;
3. the server's start options;
4. none: there is an answer as often as the provider's hit rate says, decided by a hash of provider and entity.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PROVIDERS = ("prospeo", "aiark", "leadmagic", "findymail", "firecrawl", "clay", "anthropic", "openai")

ANSWERED = frozenset({"rate_limited", "no_credits", "bad_key", "bad_request", "server_error"})
"""What is answered in place of the result; nothing is charged."""
BROKEN = frozenset({"slow", "garbage", "hang", "drip", "huge", "gzip_bomb", "redirect", "reset", "reset_before"})
"""What goes wrong on the way back."""
FREE = frozenset({"redirect", "reset_before"})
"""Those of them in which the work was not done, so that nothing is charged."""
EVERYWHERE = ANSWERED | BROKEN | {"ok", "not_found"}
"""What each provider can do."""
OF_SOME = frozenset(
    {
        "no_email",
        "email_status",
        "masked",
        "wrong_person",
        "partial_bulk",
        "throttled",
        "async_slow",
        "duplicate_callback",
        "no_callback",
        "schema_violation",
        "refusal",
        "truncated",
        "unsupported_schema",
    }
)
"""What only some providers can do."""

# Longest first, so that `reset_before` is not read as `reset`.
_NAMES = "|".join(name.replace("_", "[-_]") for name in sorted(EVERYWHERE | OF_SOME, key=len, reverse=True))
_MARKER = re.compile(rf"(?<![a-z])x-(?:({'|'.join(PROVIDERS)})-)?({_NAMES})(?:-(\d+))?(?![a-z])")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to behave; without a name: by the hit rate."""

    name: str = ""
    variant: int = 0


NONE = Scenario()
OTHER_FORM = Scenario("ok", 1)
"""An answer as it should be, in the other form that the provider has for it."""


def parse(text: str) -> Scenario:
    """Read `name` or `name:variant`. Raises ValueError."""
    name, _, written = text.partition(":")
    variant = written or "0"
    if name not in EVERYWHERE | OF_SOME or not variant.isdigit():
        raise ValueError(f"not a scenario: {text}")
    return Scenario(name, int(variant))


def marked(text: str, provider: str, known: frozenset[str]) -> Scenario | None:
    """Return the scenario that a text's marker asks of a provider, or None. Those it does not know are passed by."""
    if "x-" not in (lowered := text.lower()):
        return None
    for match in _MARKER.finditer(lowered):
        asked, written, variant = match.group(1, 2, 3)
        name = written.replace("-", "_")
        if asked in (None, provider) and name in known:
            return Scenario(name, int(variant or 0))
    return None


@dataclass(slots=True)
class _Order:
    provider: str
    path: str
    scenario: Scenario
    times: int | None


class Scenarios:
    """The scenarios that hold at the moment."""

    def __init__(self, from_start: dict[str, Scenario]) -> None:
        self._from_start = from_start
        self._orders: list[_Order] = []

    def order(self, provider: str, scenario: Scenario | None, times: int | None, path: str = "") -> None:
        """Let a scenario hold for the next so many requests (None: for all) whose path contains `path`.

        It takes the place of earlier orders for the same provider and path; None takes them back.
        """
        self._orders = [order for order in self._orders if (order.provider, order.path) != (provider, path)]
        if scenario is not None:
            self._orders.append(_Order(provider, path, scenario, times))

    def forget(self) -> None:
        """Take back all orders."""
        self._orders.clear()

    def ordered(self, provider: str, path: str) -> Scenario:
        """Return what holds for a request without a marker, and count it."""
        for order in self._orders:
            if order.provider == provider and order.path in path and order.times != 0:
                order.times = None if order.times is None else order.times - 1
                return order.scenario
        return self._from_start.get(provider, NONE)


def parse_start(options: Iterable[str]) -> dict[str, Scenario]:
    """Read `leadmagic=server_error` options."""
    pairs = (option.partition("=") for option in options)
    return {provider: parse(scenario) for provider, _, scenario in pairs}
