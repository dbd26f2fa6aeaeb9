"""Calls on the loop thread: which begin, and which are given up."""

import asyncio
import threading
import time

from app.async_calls import Calls, NotSent


def test_a_call_that_cannot_begin_in_time_is_not_sent() -> None:
    """Whether its time was over before, or while all places were taken; those that may be late begin."""
    begun: list[str] = []
    may_end = threading.Event()
    calls: Calls[str, str] = Calls(1)

    async def ask(name: str) -> str:
        begun.append(name)
        while name == "first" and not may_end.is_set():
            await asyncio.sleep(0.001)
        return name

    deadline = time.monotonic() + 3600
    calls.start("first", lambda: ask("first"), deadline=deadline)
    calls.start("passed", lambda: ask("passed"), deadline=deadline, start_by=time.monotonic() - 1)
    start_by = time.monotonic() + 0.02
    calls.start("waits", lambda: ask("waits"), deadline=deadline, start_by=start_by)
    calls.start("patient", lambda: ask("patient"), deadline=deadline)
    while time.monotonic() <= start_by:
        time.sleep(0.001)
    may_end.set()
    results = dict(calls.collect_all({"first", "passed", "waits", "patient"}, 3600))
    assert begun == ["first", "patient"] == [name for name, result in results.items() if result == name]
    assert isinstance(results["passed"], NotSent) and isinstance(results["waits"], NotSent)
