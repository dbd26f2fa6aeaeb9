"""What the entities of a job are likely to cost, by what its providers gave the workspace before.

A provider that has not answered often enough is taken at its list price: at least, it is not reached, or finds
nothing and charges nothing; at most, it charges everybody and finds nobody.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import Final

from app.enrichment.money.history import History, Leg, Prospect, look_ahead
from app.enrichment.waterfall.entity_run import Plan

PRIOR_WEIGHT: Final = 14.0
"""For how many answered entities of a pilot what was before counts. Lists differ, so that more of what was before says
no more of this one; with more weight, a list of which half as many are found as usual comes out too dear."""
_LIST_WEIGHT: Final = 5.0
"""As the mean of how few entities the cost of a whole list differs from what is usual."""
_NORMAL_90: Final = 1.645
"""The deviations within which nine of ten normal values lie."""

Route = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Likely:
    """What a job costs in nine cases of ten; `expected_micros` is None if a provider is taken at its list price."""

    expected_micros: float | None
    low_micros: float
    high_micros: float


@dataclass(frozen=True, slots=True)
class Outlooks:
    """What is to be expected of entities by the way that they go."""

    plan: Plan
    histories: Mapping[str, History]

    def prospect(self, route: Route) -> Prospect | None:
        """Return what an entity comes to that asks these providers in order; None: not all of them have a history."""
        if not self.histories.keys() >= set(route):
            return None
        return look_ahead([self._leg(name, self.histories[name]) for name in route])

    def likely(self, routes: Counter[Route], price: Callable[[str], float]) -> Likely | None:
        """Return what some entities come to; None: none of their providers has a history.

        `price` returns what a provider's answer costs by the list.
        """
        names = set(chain.from_iterable(routes))
        if self.histories.keys().isdisjoint(names):
            return None
        lows = {route: look_ahead(self._known_start(route)) for route in routes}
        highs = {route: look_ahead(self._at_worst(route, price)) for route in routes}
        low, high = _total(routes, lows), _total(routes, highs)
        is_known = self.histories.keys() >= names
        return Likely(low if is_known else None, max(0.0, low - _error(routes, lows)), high + _error(routes, highs))

    def _known_start(self, route: Route) -> list[Leg]:
        return [self._leg(name, self.histories[name]) for name in takewhile(self.histories.__contains__, route)]

    def _at_worst(self, route: Route, price: Callable[[str], float]) -> list[Leg]:
        return [self._leg(name, self.histories.get(name) or History(0, price(name), 0.0)) for name in route]

    def _leg(self, name: str, history: History) -> Leg:
        provider = self.plan.provider(name)
        charges_misses = provider is not None and provider.capabilities.charges_misses
        return Leg(history, charges_misses, self._verdict_micros())

    def _verdict_micros(self) -> float:
        verifier = self.plan.verifier
        if verifier is None or verifier.name not in self.histories:
            return 0.0
        return self.histories[verifier.name].cost_micros


def _total(routes: Counter[Route], prospects: Mapping[Route, Prospect]) -> float:
    return sum(count * prospects[route].cost_micros for route, count in routes.items())


def _error(routes: Counter[Route], prospects: Mapping[Route, Prospect]) -> float:
    """Return by how much the cost of a list may differ from what is usual."""
    variance = sum(count * prospects[route].cost_variance for route, count in routes.items())
    return _NORMAL_90 * math.sqrt(routes.total() * variance / _LIST_WEIGHT)
