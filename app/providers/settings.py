"""A provider's settings: its key, address, prices and limits. A leaf of the import graph.

Prices and limits change with the plan that was bought, so all of them are settings; the defaults
are what the providers' pages said when each was read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

MICROS = 1_000_000
"""Micro-dollars in a dollar. Amounts of money are whole micro-dollars everywhere."""

_PERIODS: Mapping[str, float] = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast a provider may be called. One bulk call counts once."""

    rates: tuple[tuple[int, float], ...] = ()
    """Pairs (calls, seconds): at most so many calls in so many seconds."""
    at_once: int | None = None
    per_day: int | None = None
    """Calls a day, UTC."""


class ExhaustionPolicy(StrEnum):
    """What becomes of the work in a waterfall when a provider's credits are gone."""

    SKIP = "skip"
    """The walk goes past the provider until its cool-down has ended."""
    HOLD = "hold"
    """Entities that have come to the provider wait for it."""
    PAUSE = "pause"
    """The job is paused until the cool-down has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """The settings of one provider. A provider with `options` has a class of its own, which checks them."""

    prefix: str
    """How its variables begin, such as `PROSPEO`."""
    base_url: str = field(repr=False)
    """Where it is called; may be a secret, such as the URL of a webhook."""
    api_key: str | None = field(default=None, repr=False)
    account: str = ""
    """Whose the key is: a workspace's, by its slug, or the service's own (empty). Pace, health and credits go by it."""
    why_no_key: str | None = None
    """Why the account's key cannot be used, as a sentence. Nothing stands in for it: that would be paid by others."""
    usd_per_credit: Decimal = Decimal(0)
    credits: Mapping[str, Decimal]
    """The price of each operation in credits."""
    limits: Mapping[str, Limits]
    """By entity type; under the empty name those of the other types."""
    timeout_seconds: float = 15.0
    """How long one call may take."""
    on_exhausted: ExhaustionPolicy = ExhaustionPolicy.SKIP
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings that only this provider has, by the rest of the variable's name, such as `MODEL`."""

    def check(self) -> None:
        """Raise ValueError, naming the variable and what was expected, if an option does not fit."""
        return

    @property
    def callback_secret(self) -> str | None:
        """The secret that callbacks of this provider must bring along; None: they need none."""
        return self.options.get("CALLBACK_SECRET") or None

    def expect(self, is_met: bool, name: str, expected: str) -> None:
        """Raise ValueError about one of the provider's variables unless its value fits."""
        if not is_met:
            raise ValueError(f"{self.prefix}_{name}: expected {expected}")

    def price_micros(self, operation: str) -> int:
        """Return what an operation costs in micro-dollars, rounded up."""
        return self.cost_micros(self.credits[operation])

    def cost_micros(self, credits: Decimal | int) -> int:
        """Return what a number of credits costs in micro-dollars, rounded up."""
        return int((credits * self.usd_per_credit * MICROS).to_integral_value(ROUND_CEILING))

    def limits_for(self, entity_type: str) -> Limits:
        """Return the limits of calls about an entity type."""
        return self.limits.get(entity_type, self.limits.get("", Limits()))


def parse_limits(text: str) -> dict[str, Limits]:
    """Read limits such as `5/s, 300/min, 2000/day, 15 at once; company: 500/min`.

    Raises ValueError with what was expected.
    """
    limits: dict[str, Limits] = {}
    for part in text.split(";"):
        name, _, rest = part.rpartition(":")
        if name.strip() not in {"", "person", "company"} or name.strip() in limits:
            raise ValueError("expected limits such as 5/s, 300/min, 2000/day, 15 at once; company: 500/min")
        limits[name.strip()] = _parse_one(rest)
    return limits


def _parse_one(text: str) -> Limits:
    rates: list[tuple[int, float]] = []
    at_once = per_day = None
    for word in filter(None, (word.strip() for word in text.split(","))):
        match = re.fullmatch(r"([1-9][0-9]{0,8})(?:/(s|min|h|day)| (at once))", word)
        if match is None:
            raise ValueError("expected limits such as 5/s, 300/min, 2000/day, 15 at once")
        calls = int(match[1])
        if match[3]:
            at_once = calls
        elif match[2] == "day":
            per_day = calls
        else:
            rates.append((calls, _PERIODS[match[2]]))
    return Limits(tuple(rates), at_once, per_day)
