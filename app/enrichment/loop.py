"""Coroutines run from synchronous code: one event loop in a daemon thread of each process.

A loop in a thread of its own is the only form of a hard deadline that does not
wait for stuck name lookups: `asyncio.run` joins its helper threads before it
returns. The calling thread keeps the database session, so no session crosses
threads.
"""

import asyncio
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

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
