"""How much a stand-in is asked, and the refusal of what is past its limits."""

import re
import time
from collections import deque
from dataclasses import dataclass, field

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused, and when the window has room again. `seconds` is 0 if too many run at once."""

    calls: int
    period: str
    seconds: float


@dataclass(slots=True)
class Window:
    """At most so many requests in any stretch of so long, by the exact times of arrival."""

    calls: int
    period: str
    accepted: deque[float] = field(default_factory=deque)

    def refusal(self, now: float) -> Refusal | None:
        """Return why a request that arrives now is one too many, or None."""
        length = _SECONDS[self.period]
        while self.accepted and self.accepted[0] <= now - length:
            self.accepted.popleft()
        if len(self.accepted) < self.calls:
            return None
        return Refusal(self.calls, self.period, self.accepted[0] + length - now)


@dataclass(slots=True)
class Limits:
    """The limits of one provider."""

    windows: list[Window] = field(default_factory=list)
    at_once: int | None = None


def parse_limits(text: str) -> dict[str, Limits]:
    """Read `prospeo=5/s,300/min,15 at once;findymail=30 at once`."""
    limits = {}
    for part in filter(None, text.split(";")):
        name, _, words = part.partition("=")
        limits[name.strip()] = _parse_one(words)
    return limits


def _parse_one(words: str) -> Limits:
    limits = Limits()
    for word in words.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:/(s|min|h|day)| at once)\s*", word)
        if match is None:
            raise ValueError(f"not a limit: {word}")
        if match[2]:
            limits.windows.append(Window(int(match[1]), match[2]))
        else:
            limits.at_once = int(match[1])
    return limits


class Meter:
    """Counts the requests of one provider, and refuses by its limits. A refused request uses up nothing."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.requests = self.refused = self.at_once = self.max_at_once = 0
        self.arrivals: deque[float] = deque(maxlen=200_000)

    def arrive(self) -> Refusal | None:
        """Count a request; return why it is refused, or None. `leave` must follow if it is not."""
        now = time.monotonic()
        self.requests += 1
        self.arrivals.append(now)
        refusal = self._refusal(now)
        if refusal:
            self.refused += 1
            return refusal
        for window in self.limits.windows:
            window.accepted.append(now)
        self.at_once += 1
        self.max_at_once = max(self.max_at_once, self.at_once)
        return None

    def leave(self) -> None:
        """Count a request as over."""
        self.at_once -= 1

    def left(self, period: str) -> tuple[int, int, float] | None:
        """Return calls, calls left and seconds to the next free one of a window, or None without such a window."""
        for window in self.limits.windows:
            if window.period == period:
                full = window.refusal(time.monotonic())
                return window.calls, window.calls - len(window.accepted), full.seconds if full else 0.0
        return None

    def _refusal(self, now: float) -> Refusal | None:
        if self.limits.at_once is not None and self.at_once >= self.limits.at_once:
            return Refusal(self.limits.at_once, "at once", 0.0)
        return next(filter(None, (window.refusal(now) for window in self.limits.windows)), None)
