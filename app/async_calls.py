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
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Result = TypeVar("Result")

STOP_SECONDS = 0.2
"""How long cancelled calls may take to end."""

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def run_many(
    call: Callable[[Key], Awaitable[Result]],
    keys: Iterable[Key],
    *,
    concurrency: int,
    deadline: float,
    call_seconds: float,
    every_seconds: float,
    should_stop: Callable[[], bool],
) -> Iterator[list[tuple[Key, Result | BaseException]]]:
    """Await `call(key)` for every key, some at once, and yield what has finished from time to time.

    Yields a list, possibly empty, at least each `every_seconds`, so that the
    caller can renew its lease. A call that takes longer than `call_seconds`
    yields a TimeoutError. At the `deadline` (of the monotonic clock), or when
    the caller says stop, unfinished calls are cancelled and yield nothing; what
    has finished by then is yielded last.
    """
    finished: queue.SimpleQueue[tuple[Key, Result | BaseException] | None] = queue.SimpleQueue()
    everything = _call_all(call, iter(keys), concurrency, deadline, call_seconds, finished.put)
    future = asyncio.run_coroutine_threadsafe(everything, _event_loop())
    # Whatever ends it, the caller is woken.
    future.add_done_callback(lambda _future: finished.put(None))
    try:
        is_open = True
        while is_open:
            ready, is_open = _collect(finished, min(every_seconds, deadline - time.monotonic()))
            if is_open and (should_stop() or time.monotonic() >= deadline):
                future.cancel()
                # A call that blocks the loop cannot be cancelled; it is left behind.
                late, _ = _collect(finished, STOP_SECONDS)
                ready, is_open = ready + late, False
            yield ready
    finally:
        future.cancel()


async def _call_all(
    call: Callable[[Any], Awaitable[Any]],
    keys: Iterator[Any],
    concurrency: int,
    deadline: float,
    call_seconds: float,
    report: Callable[[tuple[Any, Any]], None],
) -> None:
    async def work() -> None:
        # The iterator is shared: each worker takes the next key when it is free.
        for key in keys:
            try:
                async with asyncio.timeout(call_seconds):
                    result = await call(key)
            except asyncio.CancelledError as exc:
                if _is_being_cancelled():
                    raise
                report((key, exc))
            except BaseException as exc:
                # SystemExit too: let through, it would end the loop of the whole process.
                report((key, exc))
            else:
                report((key, result))
            # A call that never waited must not keep the others, and the deadline, from their turn.
            await asyncio.sleep(0)

    try:
        async with asyncio.timeout(deadline - time.monotonic()), asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except TimeoutError:
        pass


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
        self._futures: dict[Key, Future[None]] = {}
        self._begun: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._futures)

    def start(self, key: Key, call: Callable[[], Awaitable[Result]], *, deadline: float, start_at: float = 0.0) -> None:
        """Await `call()` from `start_at` to the `deadline`, on the monotonic clock, where it ends as a TimeoutError.

        A call that has lost a quarter of its time before it could begin, or is
        cancelled by then, ends as `NotSent`.
        """
        running = self._run(key, call, start_at, deadline)
        self._futures[key] = asyncio.run_coroutine_threadsafe(running, _event_loop())

    def collect(
        self, seconds: float, *, linger_seconds: float = 0.0, gap_seconds: float = math.inf
    ) -> list[tuple[Key, Result | BaseException]]:
        """Return the calls that have ended, having waited for a first one so many seconds.

        Once there is one, others may join it for `linger_seconds`, as long as
        they follow each other within `gap_seconds`.
        """
        ended: list[tuple[Key, Result | BaseException]] = []
        until = last = time.monotonic() + seconds
        while self._futures and (one := self._next_ended(until)) is not None:
            now = time.monotonic()
            if not ended:
                last = min(last, now + linger_seconds)
            until = min(last, now + gap_seconds)
            ended.append(one)
        return ended

    def collect_all(self, keys: Collection[Key], seconds: float) -> list[tuple[Key, Result | BaseException]]:
        """Return the calls that have ended by the time that all of `keys` have, at most so many seconds from now."""
        ended: list[tuple[Key, Result | BaseException]] = []
        until = time.monotonic() + seconds
        while not self._futures.keys().isdisjoint(keys) and (one := self._next_ended(until)) is not None:
            ended.append(one)
        return ended

    def _next_ended(self, until: float) -> tuple[Key, Result | BaseException] | None:
        try:
            key, result = self._ended.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        del self._futures[key]
        return key, result

    def cancel(self, keys: Iterable[Key] = ()) -> None:
        """Break off some calls, which end as a CancelledError, and all that have not begun. No other begins."""
        broken_off = set(keys)

        def cancel() -> None:
            # On the loop's own thread: a call that begins at this moment has either begun or will not.
            self._is_closed = True
            for key, task in self._tasks.items():
                if key in broken_off or key not in self._begun:
                    task.cancel()

        if self._futures:
            _event_loop().call_soon_threadsafe(cancel)

    async def _run(self, key: Key, call: Callable[[], Awaitable[Result]], start_at: float, deadline: float) -> None:
        try:
            task = asyncio.current_task()
            if task is not None:
                self._tasks[key] = task
            start_at = max(start_at, time.monotonic())
            await asyncio.sleep(start_at - time.monotonic())
            async with self._slots:
                if self._is_closed or time.monotonic() - start_at > (deadline - start_at) / 4:
                    raise NotSent
                self._begun.add(key)
                async with asyncio.timeout(deadline - time.monotonic()):
                    self._ended.put((key, await call()))
        except BaseException as exc:
            # SystemExit too: let through, it would end the loop of the whole process.
            self._ended.put((key, exc if key in self._begun else NotSent()))
        finally:
            self._tasks.pop(key, None)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _collect(finished: "queue.SimpleQueue[Result | None]", seconds: float) -> tuple[list[Result], bool]:
    """Gather results until the time is up; the flag tells whether more may come."""
    until = time.monotonic() + seconds
    ready: list[Result] = []
    while (left := until - time.monotonic()) > 0:
        try:
            result = finished.get(timeout=left)
        except queue.Empty:
            break
        if result is None:
            return ready, False
        ready.append(result)
    return ready, True


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
