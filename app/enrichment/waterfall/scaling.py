"""What the survey of a sample says of all entities: its figures times as many, with a range that is wider. No database.

The range of a whole survey holds what the job costs, for certain. That of a sample holds it as far as a sample can
tell: what one entity costs in the mean may be 2.6 standard errors off, and as many as three in the sample might have
been of a kind that is not in it, and cost nothing, or as much as anybody can. What is spent is bounded by a cap alone.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pvariance
from typing import Final, TypeVar

from app.enrichment.waterfall.expectations import Likely
from app.enrichment.waterfall.sampling import spread
from app.enrichment.waterfall.survey import Outlook, StepEstimate

_DEVIATIONS: Final = 2.6
"""The standard errors that 99 of 100 means are within."""
_UNSEEN: Final = 3.0
"""The entities of a sample that may be of another kind: of more than that, one would be in it 19 times of 20."""
_SEED: Final = 1
"""The same entities are taken each time, so that whoever looks again sees the same price."""

Item = TypeVar("Item")


def choose(items: Sequence[Item], count: int, *, seed: int = _SEED) -> list[Item]:
    """Return so many of some items, spread over them in their order; all if there are no more."""
    if len(items) <= count:
        return list(items)
    return [items[place] for place in sorted(spread(len(items), count, random.Random(seed)))]


@dataclass(frozen=True, slots=True)
class Scale:
    """How the figures of a sample become those of all."""

    times: float
    """How many entities each of the sample stands for."""
    low: float = 1.0
    """By what the least cost is multiplied besides, so that the range is wide enough."""
    high: float = 1.0
    """The same of the most."""
    unseen_micros: float = 0.0
    """The most that all may cost if nobody in the sample costs anything."""

    @classmethod
    def of(cls, outlooks: Sequence[Outlook], total: int, dearest_micros: int) -> "Scale":
        """Return the scale of a sample of `total` entities, none of which costs more than the dearest."""
        lows = [float(outlook.low_micros) for outlook in outlooks]
        highs = [float(outlook.high_micros) for outlook in outlooks]
        low, high = fmean(lows), fmean(highs)
        least = max(0.0, low - _error(lows, 0.0))
        most = high + _error(highs, max(*highs, dearest_micros))
        low_factor = least / low if low else 1.0
        high_factor = most / high if high else 1.0
        unseen = 0.0 if high else most * total
        return cls(total / len(outlooks), low_factor, high_factor, unseen)

    def count(self, counted: int) -> int:
        """Return about how many these are of all."""
        return round(counted * self.times)

    def steps(self, steps: Iterable[StepEstimate]) -> list[StepEstimate]:
        """Return what providers would be asked of all, and for how much at least and at most."""
        scaled = [
            replace(
                step,
                questions=self.count(step.questions),
                missing_input=self.count(step.missing_input),
                answered_before=self.count(step.answered_before),
                low_micros=math.floor(step.low_micros * self.times * self.low),
                high_micros=math.ceil(step.high_micros * self.times * self.high),
            )
            for step in steps
        ]
        if self.unseen_micros and scaled:
            # Nobody knows whom they would ask.
            scaled[0] = replace(scaled[0], high_micros=math.ceil(self.unseen_micros))
        return scaled

    def likely(self, likely: Likely) -> Likely:
        """Return what all cost in nine cases of ten, from what as many like the sample do."""
        return replace(likely, low_micros=likely.low_micros * self.low, high_micros=likely.high_micros * self.high)


def _error(values: Sequence[float], farthest: float) -> float:
    """Return by how much the mean of all may differ from that of a sample, towards its farthest value."""
    mean, count = fmean(values), len(values)
    of_unseen = min(1.0, _UNSEEN / count) * abs(farthest - mean)
    return _DEVIATIONS * math.sqrt(pvariance(values, mean) / count) + of_unseen
