"""What a pilot says of the rest of its list: what it costs and finds, each as an interval. No database, no Flask.

Known facts enter as they are: how many entities there are of each stratum, what they cost at least and at most, and
that those outside of all strata cost and find nothing. What is estimated is, by stratum, how much of what is possible
comes about.

The intervals are to hold what comes in nine cases of ten. The spread of a stratum of which few are answered is taken to
be partly that of all. Half an entity at either end of what is possible is added to what was seen, so that a sample of
which nobody, or everybody, was found is not taken for certainty.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.enrichment.waterfall.sampling import Stratum

LEAST_ANSWERED: Final = 20
"""The entities that must be answered for a projection."""
_NORMAL_90: Final = 1.645
"""The deviations within which nine of ten normal values lie."""
_COMMON_WEIGHT: Final = 2.0
"""For how many entities of a stratum the spread of all strata together counts."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """One answered entity of a pilot: what it could cost, what it did cost, and whether something was found."""

    stratum: int
    low_micros: int
    high_micros: int
    cost_micros: int
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """An expected number, and the ends between which it lies in nine cases of ten."""

    expected: float
    low: float
    high: float

    def plus(self, known: float) -> "Interval":
        """Return the interval of a sum with what is known."""
        return Interval(self.expected + known, self.low + known, self.high + known)


@dataclass(frozen=True, slots=True)
class Projection:
    """What the rest of a pilot's list costs, in micro-dollars, and of how many entities something is found.

    `cost_per_hit_micros` is that of the whole list, the pilot included; None: nobody has been found.
    """

    cost_micros: Interval
    hits: Interval
    cost_per_hit_micros: Interval | None


def project(rest: Sequence[Stratum], sampled: Sequence[Sampled]) -> Projection | None:
    """Return what the rest of a list comes to, by the strata of its sample; None if too few are answered."""
    if len(sampled) < LEAST_ANSWERED:
        return None
    strata = [one.stratum for one in sampled]
    counts = [stratum.count for stratum in rest]
    ranges = [stratum.high_micros - stratum.low_micros for stratum in rest]
    paid = [one.cost_micros - one.low_micros for one in sampled]
    costs = _Fit.of(strata, paid, [one.high_micros - one.low_micros for one in sampled], ranges)
    hits = _Fit.of(strata, [int(one.is_hit) for one in sampled], [1] * len(sampled), counts)
    certain = sum(stratum.low_micros for stratum in rest)
    cost = _interval(costs.expected, _error(counts, (costs, 1.0)), sum(ranges)).plus(certain)
    found = _interval(hits.expected, _error(counts, (hits, 1.0)), sum(counts))
    whole_cost = cost.expected + sum(one.cost_micros for one in sampled)
    whole_hits = found.expected + sum(one.is_hit for one in sampled)
    return Projection(cost, found, _price(counts, (costs, whole_cost), (hits, whole_hits)))


@dataclass(frozen=True, slots=True)
class _Fit:
    """How much of what was possible came about in a sample, by stratum, and how much is possible in the rest."""

    possible: Sequence[int]
    """In the rest, by stratum."""
    shares: Sequence[float]
    residuals: Sequence[Sequence[float]]
    """By stratum and entity, by how much its share differs from the stratum's."""
    common_variance: float
    """The variance of the residuals of all strata together."""

    @classmethod
    def of(cls, strata: Sequence[int], came: Sequence[int], could: Sequence[int], possible: Sequence[int]) -> "_Fit":
        """Fit a sample: by entity, its stratum, what came about, and what could have."""
        pairs: list[list[tuple[int, int]]] = [[] for _ in possible]
        for stratum, pair in zip(strata, zip(came, could, strict=True), strict=True):
            pairs[stratum].append(pair)
        overall = sum(came) / (sum(could) or 1)
        shares = [_share(of_stratum, overall) for of_stratum in pairs]
        residuals = [
            [came / could - share if could else 0.0 for came, could in of_stratum]
            for share, of_stratum in zip(shares, pairs, strict=True)
        ]
        squares = sum(residual**2 for of_stratum in residuals for residual in of_stratum)
        halves = (overall**2 + (1 - overall) ** 2) / 2
        freedom = max(1, len(strata) - sum(map(bool, pairs)))
        return cls(possible, shares, residuals, (squares + halves) / (freedom + 1))

    @property
    def expected(self) -> float:
        """What is to be expected in the rest."""
        return sum(share * possible for share, possible in zip(self.shares, self.possible, strict=True))


def _share(pairs: Sequence[tuple[int, int]], overall: float) -> float:
    """Return how much came of what could; of a stratum of which nobody is answered, what did overall."""
    could = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / could if could else overall


def _error(counts: Sequence[int], *terms: tuple[_Fit, float]) -> float:
    """Return by how much a sum of what was fitted, each times a factor, may differ from the truth for the rest."""
    variance = 0.0
    for number, count in enumerate(counts):
        if not count:
            continue
        scaled = [(fit, factor * fit.possible[number] / count) for fit, factor in terms]
        residuals = [
            sum(scale * residual for (_, scale), residual in zip(scaled, of_entity, strict=True))
            for of_entity in zip(*(fit.residuals[number] for fit, _ in scaled), strict=True)
        ]
        squares = sum(residual**2 for residual in residuals)
        common = sum(scale**2 * fit.common_variance for fit, scale in scaled)
        freedom = max(0, len(residuals) - 1) + _COMMON_WEIGHT
        # Of the stratum's share as the sample has it, and of those in the rest around it.
        variance += (count**2 / max(1, len(residuals)) + count) * (squares + _COMMON_WEIGHT * common) / freedom
    decided = sum(len(residuals) for residuals in terms[0][0].residuals)
    return _deviations(decided - len(counts)) * math.sqrt(variance)


def _deviations(freedom: int) -> float:
    """Return the deviations within which nine of ten values lie, if the deviation is itself estimated."""
    return _NORMAL_90 * (1 + (_NORMAL_90**2 + 1) / (4 * max(1, freedom)))


def _interval(expected: float, error: float, most: int) -> Interval:
    return Interval(expected, max(0.0, expected - error), min(float(most), expected + error))


def _price(counts: Sequence[int], costs: tuple[_Fit, float], hits: tuple[_Fit, float]) -> Interval | None:
    """Return what a hit costs in the whole list; the ends are so many times less and more, as of a ratio."""
    (cost_fit, cost), (hit_fit, found) = costs, hits
    if not found:
        return None
    price = cost / found
    factor = math.exp(_error(counts, (cost_fit, 1.0), (hit_fit, -price)) / cost) if cost else 1.0
    return Interval(price, price / factor, price * factor)
