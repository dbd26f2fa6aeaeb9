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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.enrichment.waterfall.expectations import PRIOR_WEIGHT
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
    counts = [stratum.count for stratum in rest]
    costs = _fit_costs(rest, sampled)
    hits = _fit_hits(rest, sampled)
    certain = sum(stratum.low_micros for stratum in rest)
    cost = _interval(costs.expected, _error(counts, (costs, 1.0)), sum(costs.possible)).plus(certain)
    found = _interval(hits.expected, _error(counts, (hits, 1.0)), sum(counts))
    whole_cost = cost.expected + sum(one.cost_micros for one in sampled)
    whole_hits = found.expected + sum(one.is_hit for one in sampled)
    return Projection(cost, found, _price(counts, (costs, whole_cost), (hits, whole_hits)))


@dataclass(frozen=True, slots=True)
class _Share:
    """How much of what was possible came about in one stratum of a sample."""

    pairs: Sequence[tuple[int, int]]
    """By entity, what came about, and what could have."""
    foreseen: float | None
    """The share that was to be expected; None: nobody can tell."""
    weight: float = 0.0
    """For how many entities that counts."""
    overall: float = 0.0
    """The share in all strata together, for one of which nobody is answered."""

    @property
    def value(self) -> float:
        """The share, by the sample and by what was to be expected."""
        could = sum(pair[1] for pair in self.pairs)
        if not could:
            return self.overall
        if self.foreseen is None:
            return sum(pair[0] for pair in self.pairs) / could
        # As if so many more had been sampled, of whom what was foreseen came about.
        more = self.weight * could / len(self.pairs)
        return (sum(pair[0] for pair in self.pairs) + more * self.foreseen) / (could + more)

    @property
    def residuals(self) -> list[float]:
        """By entity, by how much its share differs from the stratum's."""
        value = self.value
        return [came / could - value if could else 0.0 for came, could in self.pairs]

    @property
    def counted(self) -> float:
        """The entities that it stands on."""
        return max(1.0, len(self.pairs) + self.weight)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How much of what was possible came about in a sample, by stratum, and how much is possible in the rest."""

    possible: Sequence[int]
    """In the rest, by stratum."""
    shares: Sequence[_Share]
    common_variance: float
    """The variance of the residuals of all strata together."""

    @classmethod
    def of(cls, shares: Sequence[_Share], possible: Sequence[int]) -> "_Fit":
        """Fit a sample: first by itself, and then with what was foreseen, as far as the two agree."""
        alone = cls(possible, shares, _common_variance(shares))
        weight = alone.weight_of_foreseen
        answered = sum(len(share.pairs) for share in shares)
        weighed = [
            replace(share, weight=0.0 if share.foreseen is None else weight * len(share.pairs) / answered)
            for share in shares
        ]
        return cls(possible, weighed, _common_variance(weighed))

    @property
    def expected(self) -> float:
        """What is to be expected in the rest."""
        return sum(share.value * possible for share, possible in zip(self.shares, self.possible, strict=True))

    @property
    def weight_of_foreseen(self) -> float:
        """For how many entities what was foreseen counts: less, the less likely it makes the sample."""
        known = [
            (share, possible)
            for share, possible in zip(self.shares, self.possible, strict=True)
            if share.foreseen is not None and share.pairs
        ]
        whole = sum(possible for _, possible in known)
        if not whole:
            return 0.0
        surprise = sum((share.value - (share.foreseen or 0.0)) * possible for share, possible in known) / whole
        answered = sum(len(share.pairs) for share, _ in known)
        variance = self.common_variance * (1 / answered + 1 / PRIOR_WEIGHT)
        return PRIOR_WEIGHT / max(1.0, surprise**2 / variance)


def _fit_costs(rest: Sequence[Stratum], sampled: Sequence[Sampled]) -> _Fit:
    """Fit what was paid beyond what is certain."""
    ranges = [stratum.high_micros - stratum.low_micros for stratum in rest]
    foreseen = [
        _foreseen(stratum, stratum.foreseen_micros - stratum.low_micros, possible)
        for stratum, possible in zip(rest, ranges, strict=True)
    ]
    pairs = [(one.cost_micros - one.low_micros, one.high_micros - one.low_micros) for one in sampled]
    return _Fit.of(_shares(sampled, pairs, foreseen), ranges)


def _fit_hits(rest: Sequence[Stratum], sampled: Sequence[Sampled]) -> _Fit:
    """Fit for whom something was found."""
    counts = [stratum.count for stratum in rest]
    foreseen = [_foreseen(stratum, stratum.foreseen_hits, stratum.count) for stratum in rest]
    return _Fit.of(_shares(sampled, [(int(one.is_hit), 1) for one in sampled], foreseen), counts)


def _foreseen(stratum: Stratum, amount: float, possible: int) -> float | None:
    """Return which share of what is possible was to be expected; None: of some of the stratum, nobody can tell."""
    if not possible or stratum.foreseen < stratum.count:
        return None
    return min(1.0, max(0.0, amount / possible))


def _shares(
    sampled: Sequence[Sampled], pairs: Sequence[tuple[int, int]], foreseen: Sequence[float | None]
) -> list[_Share]:
    overall = sum(pair[0] for pair in pairs) / (sum(pair[1] for pair in pairs) or 1)
    of_strata: list[list[tuple[int, int]]] = [[] for _ in foreseen]
    for one, pair in zip(sampled, pairs, strict=True):
        of_strata[one.stratum].append(pair)
    return [_Share(pairs, share, overall=overall) for pairs, share in zip(of_strata, foreseen, strict=True)]


def _common_variance(shares: Sequence[_Share]) -> float:
    """Return the variance of the residuals, with half an entity at either end of what is possible."""
    overall = shares[0].overall
    squares = sum(residual**2 for share in shares for residual in share.residuals)
    halves = (overall**2 + (1 - overall) ** 2) / 2
    answered = sum(len(share.pairs) for share in shares)
    freedom = max(1, answered - sum(bool(share.pairs) for share in shares))
    return (squares + halves) / (freedom + 1)


def _error(counts: Sequence[int], *terms: tuple[_Fit, float]) -> float:
    """Return by how much a sum of what was fitted, each times a factor, may differ from the truth for the rest."""
    variance = sum(_variance_in(number, count, terms) for number, count in enumerate(counts) if count)
    answered = sum(len(share.pairs) for share in terms[0][0].shares)
    return _deviations(answered - len(counts)) * math.sqrt(variance)


def _variance_in(number: int, count: int, terms: Sequence[tuple[_Fit, float]]) -> float:
    """Return the variance of such a sum in one stratum, of which so many are in the rest."""
    scales = [factor * fit.possible[number] / count for fit, factor in terms]
    shares = [fit.shares[number] for fit, _ in terms]
    sums = [
        sum(scale * residual for scale, residual in zip(scales, of_entity, strict=True))
        for of_entity in zip(*(share.residuals for share in shares), strict=True)
    ]
    squares = sum(value * value for value in sums)
    common = sum(scale * scale * fit.common_variance for scale, (fit, _) in zip(scales, terms, strict=True))
    freedom = max(0, len(shares[0].pairs) - 1) + _COMMON_WEIGHT
    counted = min(share.counted for share in shares)
    # Of the stratum's share as the sample has it, and of those in the rest around it.
    variance: float = (count * count / counted + count) * (squares + _COMMON_WEIGHT * common) / freedom
    return variance


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
