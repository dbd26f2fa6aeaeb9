"""Which entities of a list a pilot takes: some of each kind, spread over the list. No database, no Flask.

Entities are of one kind if the same decides what they cost: whom they ask, as far as that is known without asking, and
by which fields. A kind is a stratum of the sample if enough of it is in there; the others are taken together, first
those that ask the same providers. Who costs nothing for certain is counted and not sampled, unless everybody does.

Who may cost more gets more than an equal share, though less than would be best for the cost alone: the sample is to
say who is found, too. Each stratum is cut into equal parts in the order of the list, and of each part one entity is
taken, by chance; the seed decides which.
"""

import itertools
import math
import random
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.enrichment.waterfall.survey import Outlook

_OWN_SHARE: Final = 3.0
"""The entities that a sample must have of a kind for it to be a stratum of its own."""
_LEAST_WEIGHT: Final = 0.2
"""The weight of an entity that costs nothing, next to one of the dearest."""

_Groups = Mapping[tuple[object, ...], list[int]]
"""Numbers of kinds, by what those of a group have in common."""


@dataclass(slots=True)
class Stratum:
    """Entities of a kind, or of several: how many, and what they cost at least and at most, all together."""

    route: tuple[str, ...] = ()
    """Whom they ask, in order; empty: not all the same."""
    inputs: tuple[str, ...] = ()
    """The fields by which they ask; empty: not all the same."""
    count: int = 0
    low_micros: int = 0
    high_micros: int = 0
    foreseen: int = 0
    """How many of them go ways that were gone often enough before."""
    foreseen_micros: float = 0.0
    """What these cost by that, all together."""
    foreseen_hits: float = 0.0

    def add(self, outlook: Outlook, times: int = 1) -> None:
        """Count an entity so many times."""
        self.count += times
        self.low_micros += times * outlook.low_micros
        self.high_micros += times * outlook.high_micros
        if outlook.prospect is not None:
            self.foreseen += times
            self.foreseen_micros += times * outlook.prospect.cost_micros
            self.foreseen_hits += times * outlook.prospect.hit_rate

    def take_out(self, outlook: Outlook) -> None:
        """Count an entity no more."""
        self.add(outlook, -1)

    def take_in(self, kind: "Stratum") -> None:
        """Count the entities of another kind, too."""
        self.count += kind.count
        self.low_micros += kind.low_micros
        self.high_micros += kind.high_micros
        self.foreseen += kind.foreseen
        self.foreseen_micros += kind.foreseen_micros
        self.foreseen_hits += kind.foreseen_hits

    @property
    def range_micros(self) -> int:
        """By how much what all of them cost may differ."""
        return self.high_micros - self.low_micros

    @property
    def spread_micros(self) -> float:
        """By how much the costs of one of its entities may differ."""
        return self.range_micros / self.count


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample: the strata of its list, and for each position in the list that it takes, in order, the stratum."""

    strata: list[Stratum]
    chosen: Mapping[int, int]


@dataclass
class Census:
    """All entities of a list, by kind, in the order of the list. It keeps four bytes of each."""

    kinds: list[Stratum] = field(default_factory=list)
    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    """The numbers of the kinds, by route, inputs, and whether their entities are excluded."""
    _kind_of: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, outlook: Outlook) -> None:
        """Count the next entity of the list."""
        name = (outlook.route, outlook.inputs, outlook.is_excluded)
        number = self._numbers.setdefault(name, len(self.kinds))
        if number == len(self.kinds):
            self.kinds.append(Stratum(outlook.route, outlook.inputs))
        self.kinds[number].add(outlook)
        self._kind_of.append(number)

    def draw(self, size: int, seed: int) -> Draw:
        """Return a sample of `size` entities, or all if there are no more."""
        sampled = self._sampled_kinds()
        weights = _weigh(sampled)
        groups = list(_group(sampled, weights, size).values())
        strata = [_join([self.kinds[number] for number in group]) for group in groups]
        shares = _allocate(strata, [_sum_of(group, weights) for group in groups], size)
        stratum_of = {number: stratum for stratum, group in enumerate(groups) for number in group}
        return Draw(strata, dict(self._find(stratum_of, _choose_places(strata, shares, seed))))

    def _sampled_kinds(self) -> dict[int, Stratum]:
        """Return who is sampled: those who ask somebody; if nobody does, those who are not excluded."""
        asking = {number: kind for number, kind in enumerate(self.kinds) if kind.route or kind.high_micros}
        included = {number: self.kinds[number] for name, number in self._numbers.items() if not name[-1]}
        return asking or included or dict(enumerate(self.kinds))

    def _find(self, stratum_of: Mapping[int, int], places: Sequence[set[int]]) -> Iterator[tuple[int, int]]:
        """Give position and stratum of whoever stands at a chosen place of its stratum."""
        seen: Counter[int] = Counter()
        for position, kind in enumerate(self._kind_of):
            stratum = stratum_of.get(kind)
            if stratum is None:
                continue
            if seen[stratum] in places[stratum]:
                yield position, stratum
            seen[stratum] += 1


def _weigh(kinds: Mapping[int, Stratum]) -> dict[int, float]:
    """Return what share of a sample each kind is to have, of any whole."""
    widest = max((kind.spread_micros for kind in kinds.values()), default=0.0) or 1.0
    return {
        number: kind.count * max(_LEAST_WEIGHT, math.sqrt(kind.spread_micros / widest))
        for number, kind in kinds.items()
    }


def _group(kinds: Mapping[int, Stratum], weights: Mapping[int, float], size: int) -> _Groups:
    groups: _Groups = {(kind.route, kind.inputs): [number] for number, kind in kinds.items()}
    groups = _join_small(groups, weights, size, length=1)
    return _join_small(groups, weights, size, length=0)


def _join_small(groups: _Groups, weights: Mapping[int, float], size: int, *, length: int) -> _Groups:
    """Join the groups that a sample would have too little of, by so many of the parts of their names."""
    least = _OWN_SHARE * sum(weights.values()) / size
    joined: dict[tuple[object, ...], list[int]] = {}
    for name, members in groups.items():
        is_large = _sum_of(members, weights) >= least
        joined.setdefault(name if is_large else name[:length], []).extend(members)
    return joined


def _join(kinds: Sequence[Stratum]) -> Stratum:
    first = kinds[0]
    is_one_route = all(kind.route == first.route for kind in kinds)
    joined = Stratum(first.route if is_one_route else (), first.inputs if len(kinds) == 1 else ())
    for kind in kinds:
        joined.take_in(kind)
    return joined


def _allocate(strata: Sequence[Stratum], weights: Sequence[float], size: int) -> list[int]:
    """Return how many a sample takes of each stratum: two if it can, so that one says how they differ."""
    shares = [0] * len(strata)
    for _ in range(min(size, sum(stratum.count for stratum in strata))):
        # Whoever is the farthest behind its share gets the next place.
        behind = {
            number: (shares[number] < 2, weights[number] / (shares[number] + 1))
            for number, stratum in enumerate(strata)
            if shares[number] < stratum.count
        }
        shares[max(behind, key=behind.__getitem__)] += 1
    return shares


def _sum_of(numbers: Sequence[int], weights: Mapping[int, float]) -> float:
    return sum(map(weights.__getitem__, numbers))


def _choose_places(strata: Sequence[Stratum], shares: Sequence[int], seed: int) -> list[set[int]]:
    """Return the places in each stratum that the sample takes."""
    return [
        spread(stratum.count, share, random.Random(f"{seed} {number}"))
        for number, (stratum, share) in enumerate(zip(strata, shares, strict=True))
    ]


def spread(count: int, share: int, numbers: random.Random) -> set[int]:
    """Return one place of each of `share` equal parts of `count` entities.

    Not the same place of each: lists repeat themselves, and every n-th may be of one sort.
    """
    bounds = [turn * count // share for turn in range(share + 1)] if share else []
    return {numbers.randrange(start, end) for start, end in itertools.pairwise(bounds)}
