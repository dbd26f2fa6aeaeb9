"""What a pilot says of the rest of its list: what it costs and finds, each as an interval. No database, no Flask.

Known facts enter as they are: how many entities there are of each stratum, what they cost at least and at most, and
that those outside of all strata cost and find nothing. What is estimated is, by stratum, how much of what is possible
comes about.

The intervals are to hold what comes in nine cases of ten. The spread of a stratum of which few are answered is taken to
be partly that of all. What was to be expected, by what the list's providers found before, counts like a few entities
more of the sample, and the less, the less it agrees with those: a list may be of another kind. Half an entity at either
end of what is possible is added to what was seen, so that a sample of which nobody, or everybody, was found is not
taken for certainty.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter, mul
from typing import Final

from app.enrichment.waterfall.expectations import PRIOR_WEIGHT
from app.enrichment.waterfall.sampling import Stratum
from app.values.groups import grouped

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

    @property
    def beyond_micros(self) -> int:
        """What it cost beyond what is certain."""
        return self.cost_micros - self.low_micros

    @property
    def range_micros(self) -> int:
        """What it could have cost beyond that."""
        return self.high_micros - self.low_micros


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
    counts = [stratum.count for stratum in rest]
    costs = _fit_costs(rest, sampled)
    hits = _fit_hits(rest, sampled)
    certain = sum(stratum.low_micros for stratum in rest)
    cost = _interval(counts, costs).plus(certain)
    found = _interval(counts, hits)
    whole_cost = cost.expected + sum(one.cost_micros for one in sampled)
    whole_hits = found.expected + sum(one.is_hit for one in sampled)
    return Projection(cost, found, _price(counts, (costs, whole_cost), (hits, whole_hits)))


@dataclass(frozen=True, slots=True)
class _Share:
    """How much of what was possible came about in one stratum of a sample."""

    came: Sequence[int]
    """By entity, what came about."""
    could: Sequence[int]
    """By entity, what could have."""
    foreseen: float | None
    """The share that was to be expected; None: nobody can tell."""
    weight: float = 0.0
    """For how many entities that counts."""
    overall: float = 0.0
    """The share in all strata together, for one of which nobody is answered."""

    @property
    def value(self) -> float:
        """The share, by the sample and by what was to be expected."""
        came, could = sum(self.came), sum(self.could)
        if not could:
            return self.overall
        if self.foreseen is None:
            return came / could
        # As if so many more had been sampled, of whom what was foreseen came about.
        more = self.weight * could / len(self.could)
        return (came + more * self.foreseen) / (could + more)

    @property
    def residuals(self) -> list[float]:
        """By entity, by how much its share differs from the stratum's."""
        value = self.value
        pairs = zip(self.came, self.could, strict=True)
        return [came / could - value if could else 0.0 for came, could in pairs]

    @property
    def counted(self) -> float:
        """The entities that it stands on."""
        return max(1.0, len(self.came) + self.weight)


@dataclass(frozen=True)
class _Fit:
    """How much of what was possible came about in a sample, by stratum, and how much is possible in the rest."""

    possible: Sequence[int]
    """In the rest, by stratum."""
    shares: Sequence[_Share]

    @classmethod
    def of(cls, shares: Sequence[_Share], possible: Sequence[int]) -> "_Fit":
        """Fit a sample: first by itself, and then with what was foreseen, as far as the two agree."""
        alone = cls(possible, shares)
        weight, answered = alone.weight_of_foreseen, alone.answered
        weighed = [
            replace(share, weight=0.0 if share.foreseen is None else weight * len(share.came) / answered)
            for share in shares
        ]
        return cls(possible, weighed)

    @property
    def answered(self) -> int:
        """How many entities are in the sample."""
        return sum(len(share.came) for share in self.shares)

    @property
    def expected(self) -> float:
        """What is to be expected in the rest."""
        return _dot((share.value for share in self.shares), self.possible)

    @cached_property
    def common_variance(self) -> float:
        """The variance of the residuals of all strata together, with half an entity at either end of the possible."""
        overall = self.shares[0].overall
        squares = sum(residual**2 for share in self.shares for residual in share.residuals)
        halves = (overall**2 + (1 - overall) ** 2) / 2
        freedom = max(1, self.answered - sum(bool(share.came) for share in self.shares))
        return (squares + halves) / (freedom + 1)

    @property
    def weight_of_foreseen(self) -> float:
        """For how many entities what was foreseen counts: less, the less likely it makes the sample."""
        known = [
            (share, possible)
            for share, possible in zip(self.shares, self.possible, strict=True)
            if share.foreseen is not None and share.came
        ]
        whole = sum(possible for _, possible in known)
        if not whole:
            return 0.0
        surprise = sum((share.value - (share.foreseen or 0.0)) * possible for share, possible in known) / whole
        answered = sum(len(share.came) for share, _ in known)
        variance = self.common_variance * (1 / answered + 1 / PRIOR_WEIGHT)
        return PRIOR_WEIGHT / max(1.0, surprise**2 / variance)


def _fit_costs(rest: Sequence[Stratum], sampled: Sequence[Sampled]) -> _Fit:
    """Fit what was paid beyond what is certain."""
    foreseen = [
        _foreseen(stratum, stratum.foreseen_micros - stratum.low_micros, stratum.range_micros) for stratum in rest
    ]
    shares = _shares(sampled, attrgetter("beyond_micros"), attrgetter("range_micros"), foreseen)
    return _Fit.of(shares, [stratum.range_micros for stratum in rest])


def _fit_hits(rest: Sequence[Stratum], sampled: Sequence[Sampled]) -> _Fit:
    """Fit for whom something was found."""
    foreseen = [_foreseen(stratum, stratum.foreseen_hits, stratum.count) for stratum in rest]
    shares = _shares(sampled, attrgetter("is_hit"), lambda _: 1, foreseen)
    return _Fit.of(shares, [stratum.count for stratum in rest])


def _foreseen(stratum: Stratum, amount: float, possible: int) -> float | None:
    """Return which share of what is possible was to be expected; None: of some of the stratum, nobody can tell."""
    if not possible or stratum.foreseen < stratum.count:
        return None
    return min(1.0, max(0.0, amount / possible))


def _shares(
    sampled: Sequence[Sampled],
    came: Callable[[Sampled], int],
    could: Callable[[Sampled], int],
    foreseen: Sequence[float | None],
) -> list[_Share]:
    """Return the shares of the strata, by what came about of an entity, and what could have."""
    overall = sum(map(came, sampled)) / (sum(map(could, sampled)) or 1)
    strata = grouped(sampled, attrgetter("stratum"))
    shares = []
    for number, share in enumerate(foreseen):
        of_stratum = strata.get(number, [])
        shares.append(_Share([*map(came, of_stratum)], [*map(could, of_stratum)], share, overall=overall))
    return shares


def _error(counts: Sequence[int], *terms: tuple[_Fit, float]) -> float:
    """Return by how much a sum of what was fitted, each times a factor, may differ from the truth for the rest."""
    variance = sum(_variance_in(number, count, terms) for number, count in enumerate(counts) if count)
    return _deviations(terms[0][0].answered - len(counts)) * math.sqrt(variance)


def _variance_in(number: int, count: int, terms: Sequence[tuple[_Fit, float]]) -> float:
    """Return the variance of such a sum in one stratum, of which so many are in the rest."""
    scales = [factor * fit.possible[number] / count for fit, factor in terms]
    shares = [fit.shares[number] for fit, _ in terms]
    sums = [_dot(scales, of_entity) for of_entity in zip(*(share.residuals for share in shares), strict=True)]
    squares = _dot(sums, sums)
    common = sum(scale * scale * fit.common_variance for scale, (fit, _) in zip(scales, terms, strict=True))
    freedom = max(0, len(shares[0].came) - 1) + _COMMON_WEIGHT
    counted = min(share.counted for share in shares)
    # Of the stratum's share as the sample has it, and of those in the rest around it.
    variance: float = (count * count / counted + count) * (squares + _COMMON_WEIGHT * common) / freedom
    return variance


def _deviations(freedom: int) -> float:
    """Return the deviations within which nine of ten values lie, if the deviation is itself estimated."""
    return _NORMAL_90 * (1 + (_NORMAL_90**2 + 1) / (4 * max(1, freedom)))


def _dot(left: Iterable[float], right: Iterable[float]) -> float:
    total: float = sum(map(mul, left, right))
    return total


def _interval(counts: Sequence[int], fit: _Fit) -> Interval:
    expected, error = fit.expected, _error(counts, (fit, 1.0))
    return Interval(expected, max(0.0, expected - error), min(float(sum(fit.possible)), expected + error))


def _price(counts: Sequence[int], costs: tuple[_Fit, float], hits: tuple[_Fit, float]) -> Interval | None:
    """Return what a hit costs in the whole list; the ends are so many times less and more, as of a ratio."""
    (cost_fit, cost), (hit_fit, found) = costs, hits
    if not found:
        return None
    price = cost / found
    factor = math.exp(_error(counts, (cost_fit, 1.0), (hit_fit, -price)) / cost) if cost else 1.0
    return Interval(price, price / factor, price * factor)
