"""Which attempts become calls now: room, rate limits, time, and company for bulk calls."""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from app.enrichment.limits import rate_limits
from app.enrichment.limits.circuit_breaker import KnownStates
from app.enrichment.queue.time_budget import Budget
from app.enrichment.waterfall.batch import Attempt, Call
from app.enrichment.waterfall.calls_under_way import CallsUnderWay
from app.enrichment.waterfall.entity_run import EntityRun
from app.models.types import new_id
from app.providers.base import Provider

BULK_WAIT_SECONDS: Final = 0.5
"""How long entities wait for the next that may come to the same bulk call."""
BULK_MOST_SECONDS: Final = 2.5
"""How long they wait for all that may come."""
PATIENCE_SHARE: Final = 0.6
"""The share of a whole budget that one paid call may take, so that calls can start for the rest of it."""

_Group = tuple[str, int, bool]
"""What attempts have in common that may share a bulk call: the provider, the entity if it is asked about alone, and
whether they are repeats."""


@dataclass
class _Filling:
    """A bulk call that waits for others: for the next of them, and not for ever."""

    count: int = 0
    next_until: float = 0.0
    last_until: float = field(default_factory=lambda: time.monotonic() + BULK_MOST_SECONDS)

    def until(self, count: int) -> float:
        """Return until when it waits, of so many that have come."""
        if count > self.count:
            self.count, self.next_until = count, time.monotonic() + BULK_WAIT_SECONDS
        return min(self.next_until, self.last_until)


@dataclass
class Scheduler:
    """Lines attempts up by provider and makes calls of them.

    It owns the lines (`_ready`), and until when the next bulk call of a provider waits for others (`_filling`).
    """

    entity_type: str
    position: int
    """The chunk that the attempts are of."""
    budget: Budget
    states: KnownStates
    _ready: dict[_Group, deque[Attempt]] = field(default_factory=dict)
    _filling: dict[str, _Filling] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no attempt is lined up."""
        return not self._ready

    @property
    def has_time(self) -> bool:
        """Whether an attempt is lined up that there is time for."""
        return any(self._has_time(attempts[0].provider) for attempts in self._ready.values())

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Line attempts up."""
        for attempt in attempts:
            name = attempt.provider.name
            alone = attempt.run.index + 1 if attempt.run.asks_alone else 0
            # A bulk call's cost is known only in total, of which a repeat would take a share that the others are
            # charged for.
            group = (name, alone, name in attempt.run.repeats)
            self._ready.setdefault(group, deque()).append(attempt)

    def take_unavailable(self) -> list[EntityRun]:
        """Take out the attempts whose provider has become unavailable since they were lined up."""
        runs = []
        for group, attempts in list(self._ready.items()):
            if not self.states.is_available(attempts[0].provider):
                runs += [attempt.run for attempt in self._ready.pop(group)]
        return runs

    def take_gone(self, gone: Collection[str]) -> list[EntityRun]:
        """Take out the attempts about entities that were erased or excluded."""
        runs = []
        for group, attempts in list(self._ready.items()):
            runs += [attempt.run for attempt in attempts if attempt.entity_id in gone]
            left = deque(attempt for attempt in attempts if attempt.entity_id not in gone)
            if left:
                self._ready[group] = left
            else:
                del self._ready[group]
        return runs

    def choose(self, under_way: CallsUnderWay, may_come: Callable[[int], bool]) -> list[Call]:
        """Return the calls that are to start now, as far as there is room and time for them.

        `may_come` says whether somebody is on the way to a step of the waterfall.
        """
        chosen: list[Call] = []
        room = under_way.room() if self._ready else 0
        # Those that have come furthest first: they end soonest, and what comes after them is kept busy.
        for group, attempts in sorted(self._ready.items(), key=lambda item: -item[1][0].run.step_index):
            provider = attempts[0].provider
            room_for_provider = under_way.room_for(provider, self._longest_wait(provider))
            most = min(room, len(chosen) + self._most_to_ask(provider, under_way), room_for_provider)
            while attempts and len(chosen) < most and self._may_start(attempts, may_come):
                chosen.append(self._call(provider, attempts))
            if not attempts:
                del self._ready[group]
        return chosen

    def lines(self) -> Counter[Provider]:
        """Count the attempts that are lined up, by provider."""
        return Counter(attempt.provider for attempts in self._ready.values() for attempt in attempts)

    def patience(self, provider: Provider) -> float:
        """Return how long a call may take, in seconds."""
        return min(provider.settings.timeout_seconds, PATIENCE_SHARE * self.budget.whole_seconds)

    def first_instant(self) -> float:
        """Return the instant of the monotonic clock at which the first bulk call waits no longer; infinity: none."""
        now = time.monotonic()
        ends = (filling.until(0) for filling in self._filling.values())
        return min((end for end in ends if end > now), default=float("inf"))

    def _call(self, provider: Provider, attempts: deque[Attempt]) -> Call:
        size = min(self._bulk_size(provider, attempts), len(attempts))
        taken = tuple(attempts.popleft() for _ in range(size))
        return Call(new_id(), provider, taken, self.patience(provider), self.position)

    def _longest_wait(self, provider: Provider) -> float:
        """Return how long a call may wait, once it might start, for another one to end."""
        return rate_limits.most_late(provider.settings.limits_for(self.entity_type))

    def _most_to_ask(self, provider: Provider, under_way: CallsUnderWay) -> int:
        """Return how many more calls its limits could allow at all: more would only keep room from others."""
        limits = provider.settings.limits_for(self.entity_type)
        most = rate_limits.most_lined_up(limits) - under_way.lined_up(provider)
        if limits.at_once is not None:
            most = min(most, limits.at_once - sum(call.provider is provider for call in under_way))
        return max(0, most)

    def _bulk_size(self, provider: Provider, attempts: deque[Attempt]) -> int:
        return 1 if attempts[0].run.asks_alone else provider.capabilities.bulk_sizes.get(self.entity_type, 1)

    def _may_start(self, attempts: deque[Attempt], may_come: Callable[[int], bool]) -> bool:
        provider = attempts[0].provider
        if not self._has_time(provider):
            self._filling.pop(provider.name, None)
            return False
        return not self._fills_up(provider, attempts, may_come)

    def _has_time(self, provider: Provider) -> bool:
        return self.budget.seconds_left >= self.patience(provider)

    def _fills_up(self, provider: Provider, attempts: deque[Attempt], may_come: Callable[[int], bool]) -> bool:
        """Return whether a bulk call is better made a little later, when others have come to the same step."""
        name, count = provider.name, len(attempts)
        if count < self._bulk_size(provider, attempts) and may_come(attempts[0].run.step_index):
            filling = self._filling.setdefault(name, _Filling())
            if time.monotonic() < filling.until(count):
                return True
        self._filling.pop(name, None)
        return False
