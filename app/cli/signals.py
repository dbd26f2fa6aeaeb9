"""Stopping when the process is told to: the first signal ends the work in good order, the second at once."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from app.enrichment.queue.time_budget import stop_requested

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_STOPPING = b"\nStopping after the entity under way; once more to stop at once.\n"


@contextmanager
def stop_on_signals() -> Iterator[list[int]]:
    """Set `stop_requested` on SIGTERM and SIGINT; yield the list of the signals that came.

    The chunk under way is released within a moment, and nothing is claimed after it. A second
    signal raises SystemExit, on which the chunk is released too; a third one kills.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        # Signals belong to the main thread; elsewhere they are somebody else's.
        yield received
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            # Nobody may wait on this event in the main thread: the handler would need the lock of that wait.
            stop_requested.set()
            if sys.stderr.isatty():
                os.write(2, _STOPPING)
            return
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(128 + number)

    try:
        with handled_by(handle):
            yield received
    finally:
        stop_requested.clear()


@contextmanager
def handled_by(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have a function handle the signals that say to stop, for as long as the context is open."""
    before = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
