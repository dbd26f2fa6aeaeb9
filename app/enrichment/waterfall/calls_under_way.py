"""The calls that a worker has under way, for all the chunks in its hands."""

import math
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from app.async_calls import STOP_SECONDS, Calls, NotSent
from app.enrichment.waterfall.batch import Call
from app.providers.base import Answer, Provider
from app.tracing import span

AHEAD: Final = 2
"""For so many calls that are awaited at once, one is granted ahead, to begin as soon as one of those ends."""
REMEMBERED: Final = 0.95
"""The share of what was measured before that counts beside what was measured last."""
SHORTEST_SECONDS: Final = 0.001
USUAL_SECONDS: Final = 1.0
"""How long a call is taken to last with a provider that has not answered yet."""

CallResult = list[Answer] | BaseException


@dataclass(eq=False)
class CallsOfChunk:
    """The calls of one chunk: those under way, and those that have ended and are not yet applied."""

    shared: "CallsUnderWay"
    under_way: dict[str, Call] = field(default_factory=dict)
    ended: list[tuple[Call, CallResult]] = field(default_factory=list)

    def start(self, call: Call, *, deadline: float, start_at: float, start_by: float = math.inf) -> None:
        """Start a call, at an instant of the monotonic clock, or not at all if it cannot begin by another."""
        call = replace(call, started_at=datetime.now(UTC), start_at=start_at)
        self.under_way[call.id] = call
        self.shared.start(self, call, _asking(call, deadline), deadline, start_by)

    def take_ended(self) -> list[tuple[Call, CallResult]]:
        """Return what has ended, each call once."""
        ended, self.ended = self.ended, []
        return ended

    def give_up_waiting(self) -> None:
        """Give up the calls that have not begun; those that have may be paid for, and go on."""
        self.shared.calls.cancel((), unless_begun=self.under_way)


class CallsUnderWay:
    """The calls of all chunks in hand, of which at most `concurrency` are awaited at once."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.calls: Calls[str, list[Answer]] = Calls(concurrency)
        self.delay_seconds = 0.0
        """How long it took, at the worst of late, from asking a provider's limits until a call could start."""
        self._seconds: dict[str, float] = {}
        """How long calls of each provider took of late, on the average."""
        self._under_way: dict[str, tuple[CallsOfChunk, Call]] = {}
        self._chosen: list[Call] = []
        """What chunks have chosen to start in the checkpoint that comes next."""

    def __len__(self) -> int:
        return len(self._under_way)

    def __iter__(self) -> Iterator[Call]:
        yield from (call for _, call in self._under_way.values())
        yield from self._chosen

    def note_chosen(self, calls: Iterable[Call]) -> None:
        """Count calls in that are about to be started, so that the chunks of one checkpoint do not choose too many."""
        now = time.monotonic()
        self._chosen += [replace(call, start_at=now) for call in calls]

    def forget_chosen(self) -> None:
        """Count no calls in but those under way: what was chosen has started, or may not start now."""
        self._chosen = []

    def lined_up(self, provider: Provider) -> int:
        """Return how many calls of a provider are about to begin."""
        now = time.monotonic()
        calls = [call for _, call in self._under_way.values() if call.start_at > now] + self._chosen
        return sum(call.provider is provider for call in calls)

    def room(self) -> int:
        """Return how many more calls may be started now."""
        now = time.monotonic()
        begun = sum(call.start_at <= now for call in self)
        return self.concurrency + self.concurrency // AHEAD - begun

    def room_for(self, provider: Provider, wait_seconds: float) -> int:
        """Return how many more calls of a provider may be granted if they can wait so long, and no longer, to begin.

        They begin no sooner than those that were granted before them. By then, some that are under way now have ended.
        """
        now = time.monotonic()
        begin_at = max((call.start_at for call in self if call.provider is provider), default=now)
        taken = sum(max(now, self._ends_at(call)) >= max(now, begin_at) for call in self)
        ahead = min(self.concurrency / AHEAD, wait_seconds * self.concurrency / self._usual_seconds(provider))
        return self.concurrency + int(ahead) - taken

    def _ends_at(self, call: Call) -> float:
        return call.start_at + self._usual_seconds(call.provider)

    def _usual_seconds(self, provider: Provider) -> float:
        return self._seconds.get(provider.name, USUAL_SECONDS)

    def shortest_seconds(self) -> float:
        """Return how long calls of the quickest provider take, of those that have answered; 0 if none has."""
        return min(self._seconds.values(), default=0.0)

    def note_delay(self, seconds: float) -> None:
        """Note how long it took from asking a provider's limits until a call could start."""
        self.delay_seconds = max(seconds, REMEMBERED * self.delay_seconds)

    def start(
        self,
        owner: CallsOfChunk,
        call: Call,
        asking: Callable[[], Awaitable[list[Answer]]],
        deadline: float,
        start_by: float,
    ) -> None:
        """Start a call of a chunk."""
        self._under_way[call.id] = (owner, call)
        deadline += STOP_SECONDS
        self.calls.start(call.id, asking, deadline=deadline, start_at=call.start_at, start_by=start_by)

    def collect(self, seconds: float, *, linger_seconds: float, gap_seconds: float) -> None:
        """Wait for calls to end, as `Calls.collect` does, and hand each to its chunk."""
        ended = self.calls.collect(seconds, linger_seconds=linger_seconds, gap_seconds=gap_seconds)
        for call_id, result in ended:
            owner, call = self._under_way.pop(call_id)
            del owner.under_way[call_id]
            owner.ended.append((call, result))
            if not isinstance(result, NotSent):
                self._note_seconds(call.provider.name, time.monotonic() - call.start_at)

    def _note_seconds(self, provider: str, seconds: float) -> None:
        before = self._seconds.get(provider, seconds)
        self._seconds[provider] = max(SHORTEST_SECONDS, REMEMBERED * before + (1 - REMEMBERED) * seconds)


def _asking(call: Call, deadline: float) -> Callable[[], Any]:
    provider, lookups = call.provider, [attempt.lookup for attempt in call.attempts]

    async def ask() -> list[Answer]:
        with span("call provider", provider=provider.name, entities=len(lookups)):
            if len(lookups) == 1:
                return [await provider.lookup(lookups[0], deadline=deadline)]
            answers = list(await provider.lookup_many(lookups, deadline=deadline))
        if len(answers) != len(lookups):
            raise RuntimeError(f"expected {len(lookups)} answers, got {len(answers)}")
        return answers

    return ask
