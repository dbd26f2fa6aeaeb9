"""Coroutines run from synchronous code: one event loop in a daemon thread of each process.

A loop in a thread of its own is the only form of a hard deadline that does not
wait for stuck name lookups: `asyncio.run` joins its helper threads before it
returns. The calling thread keeps the database session, so no session crosses
threads.
"""

import asyncio
import math
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Result = TypeVar("Result")

STOP_SECONDS = 0.2
"""How long cancelled calls may take to end."""

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


class NotSent(Exception):
    """A call was given up before it began: what it would have cost was not spent."""


class Calls(Generic[Key, Result]):
    """Calls under way on the loop thread, started one by one; what has ended is collected by the caller.

    At most `at_once` of them are awaited at the same time. The others are
    lined up, so that a call that ends makes way for the next at once and not
    when the calling thread has had a look.
    """

    def __init__(self, at_once: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._ended: queue.SimpleQueue[tuple[Key, Result | BaseException]] = queue.SimpleQueue()
        self._keys: set[Key] = set()
        self._starting: deque[Coroutine[Any, Any, None]] = deque()
        self._begun: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._given_up: set[Key] = set()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> set[Key]:
        """The calls that have not been collected."""
        return set(self._keys)

    def start(
        self,
        key: Key,
        call: Callable[[], Awaitable[Result]],
        *,
        deadline: float,
        start_at: float = 0.0,
        start_by: float = math.inf,
        seconds: float = math.inf,
    ) -> None:
        """Await `call()` from `start_at` to the `deadline`, on the monotonic clock, where it ends as a TimeoutError.

        So it does `seconds` after it began. A call that cannot begin by `start_by`, has lost a quarter of its time
        before it could, or is cancelled by then, ends as `NotSent`.
        """
        begin_at = max(start_at, time.monotonic())
        running = self._run(key, call, begin_at, min(start_by, begin_at + (deadline - begin_at) / 4), deadline, seconds)
        self._keys.add(key)
        self._starting.append(running)
        if len(self._starting) == 1:
            # What is started before the loop gets there needs no waking up of its own.
            _event_loop().call_soon_threadsafe(self._start_all)

    def _start_all(self) -> None:
        """Make tasks of what is to start, on the loop's own thread. Each keeps itself in `_tasks` as it begins."""
        while self._starting:
            asyncio.get_running_loop().create_task(self._starting.popleft())

    def collect(
        self, seconds: float, *, linger_seconds: float = 0.0, gap_seconds: float = math.inf
    ) -> list[tuple[Key, Result | BaseException]]:
        """Return the calls that have ended, having waited for a first one so many seconds.

        Once there is one, others may join it for `linger_seconds`, as long as
        they follow each other within `gap_seconds`.
        """
        ended: list[tuple[Key, Result | BaseException]] = []
        until = last = time.monotonic() + seconds
        while self._keys and (call := self._next_ended(until)) is not None:
            now = time.monotonic()
            if not ended:
                last = min(last, now + linger_seconds)
            until = min(last, now + gap_seconds)
            ended.append(call)
        return ended

    def collect_all(self, keys: Collection[Key], seconds: float) -> list[tuple[Key, Result | BaseException]]:
        """Return the calls that have ended by the time that all of `keys` have, at most so many seconds from now."""
        ended: list[tuple[Key, Result | BaseException]] = []
        until = time.monotonic() + seconds
        while not self._keys.isdisjoint(keys) and (call := self._next_ended(until)) is not None:
            ended.append(call)
        return ended

    def _next_ended(self, until: float) -> tuple[Key, Result | BaseException] | None:
        try:
            key, result = self._ended.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        self._keys.remove(key)
        return key, result

    def cancel(self, keys: Iterable[Key], *, unless_begun: Iterable[Key] = ()) -> None:
        """Break off some calls, which end as a CancelledError, and others unless they have begun."""
        broken_off, given_up = set(keys), {*keys, *unless_begun}

        def cancel() -> None:
            # On the loop's own thread: a call that begins at this moment has either begun or will not.
            self._given_up |= given_up
            for key, task in self._tasks.items():
                if key in broken_off or (key in given_up and key not in self._begun):
                    task.cancel()

        if not self._keys.isdisjoint(given_up):
            _event_loop().call_soon_threadsafe(cancel)

    async def _run(
        self,
        key: Key,
        call: Callable[[], Awaitable[Result]],
        start_at: float,
        start_by: float,
        deadline: float,
        seconds: float,
    ) -> None:
        try:
            task = asyncio.current_task()
            if task is not None:
                self._tasks[key] = task
            await asyncio.sleep(start_at - time.monotonic())
            async with self._slots:
                if key in self._given_up or time.monotonic() > start_by:
                    raise NotSent
                self._begun.add(key)
                async with asyncio.timeout(min(seconds, deadline - time.monotonic())):
                    self._ended.put((key, await call()))
        except BaseException as exc:
            # SystemExit too: let through, it would end the loop of the whole process.
            self._ended.put((key, exc if key in self._begun else NotSent()))
        finally:
            self._tasks.pop(key, None)
            self._begun.discard(key)
            self._given_up.discard(key)


def measure_lag(report: Callable[[float], None]) -> None:
    """Have the loop report after how many seconds it came round to doing so."""
    asked_at = time.monotonic()
    _event_loop().call_soon_threadsafe(lambda: report(time.monotonic() - asked_at))


def _event_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="tranche-loop", daemon=True).start()
        return _loop


def _forget_loop() -> None:
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


# The parent's loop thread does not exist in a forked child.
os.register_at_fork(after_in_child=_forget_loop)
