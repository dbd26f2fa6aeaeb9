"""How long one process call may work, by this worker's own monotonic clock."""

import threading
import time
from dataclasses import dataclass
from typing import Self

stop_requested = threading.Event()
"""Set when the process is asked to end: every chunk under way stops and is released."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A number of seconds that started to run when this was made."""

    seconds: float
    deadline: float
    whole_seconds: float
    """What the caller gave for all chunks together, by which single calls are measured: the last chunk of a
    drain has little left, and a call that is cut short may have been paid in vain."""

    @classmethod
    def start(cls, seconds: float, whole_seconds: float | None = None) -> Self:
        """Start the clock."""
        return cls(seconds, time.monotonic() + seconds, seconds if whole_seconds is None else whole_seconds)

    @property
    def seconds_left(self) -> float:
        """What is left of it; negative once it is overrun."""
        return self.deadline - time.monotonic()

    @property
    def is_used_up(self) -> bool:
        """Whether no further work may start."""
        return self.seconds_left <= 0 or stop_requested.is_set()
