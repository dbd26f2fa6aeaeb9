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

    @classmethod
    def start(cls, seconds: float) -> Self:
        """Start the clock."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        """What is left of it; negative once it is overrun."""
        return self.deadline - time.monotonic()

    @property
    def is_used_up(self) -> bool:
        """Whether no further work may start."""
        return self.seconds_left <= 0 or stop_requested.is_set()
