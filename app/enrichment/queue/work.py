"""What is done with a claimed chunk: the `Work` that the queue is handed, and a caller's function as one.

The queue knows neither provider nor price. Whatever can run a chunk under a lease and a time budget is a `Work`: the
service's own (`app.enrichment.waterfall`), or a function that a caller passes, for each entity.
"""

import asyncio
import inspect
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from app.async_calls import STOP_SECONDS, Calls, NotSent
from app.config import config
from app.enrichment.queue.in_hand import ChunksInHand
from app.enrichment.queue.lease import Failure, JobInfo, Lease
from app.enrichment.queue.rounds import Rounds
from app.enrichment.queue.time_budget import Budget
from app.errors import describe
from app.models.chunk import Outcome

EntityFunction = Callable[[str, JobInfo], Any]
"""`on_process(entity_id, job)`, a function or a coroutine function."""

Checkpoint = Callable[[Lease], None]
"""Stores what is decided of a chunk so far."""

CHECKPOINT_SECONDS: Final = 0.5
"""How often outcomes are stored if an entity costs nothing to run again."""

CALL_SHARE: Final = 0.9
"""The share of `ENRICH_TIME_BUDGET` after which a single call is given up as an error, or it would be
started again for ever. A call that is cut off because less than that was left is not: it runs again."""

LINED_UP: Final = 2
"""For each coroutine that is awaited, so many are handed to the loop, so that the next begins without a wait."""


class Work(Protocol):
    """Takes chunks and works on them."""

    def run(self, chunks: ChunksInHand, *, concurrency: int) -> None:
        """Take chunks until none is left, and decide as many of the entities of each as its budget allows.

        At most `concurrency` entities are worked on at once. May have several chunks in hand. What is done with one
        is done under `chunks.guarding`, which sees to errors; raise `JobMustWait` there to pause the job. Each chunk
        is handed back with `chunks.close`.
        """

    def least_seconds(self, whole_seconds: float) -> float:
        """Return the least time in which a chunk can get on, of a budget of `whole_seconds`."""

    def between_chunks(self) -> None:
        """Do one small batch of what has to be done now and then; called every few seconds, before a claim."""

    def go_on_beside(self, workspace_slug: str | None) -> bool:
        """Do one small batch of the work that is no job's, of a workspace or of all; return whether there was any.

        Drains alone call it: every few seconds, before a claim, and again and again if nothing is due.
        """


class EntityFunctionWork:
    """Calls a function for each entity; without one, every entity counts as processed.

    What the function raises becomes that entity's error and nobody else's. A plain function runs in the calling
    thread, a coroutine function on the loop's.
    """

    def __init__(self, on_process: EntityFunction | None) -> None:
        self._function = on_process

    def run(self, chunks: ChunksInHand, *, concurrency: int) -> None:
        """Work on one chunk after another."""
        rounds = Rounds(chunks)
        rounds.run(lambda lease: self._run_chunk(lease, rounds.checkpoint, chunks.new_budget(), concurrency))

    def _run_chunk(self, lease: Lease, checkpoint: Checkpoint, budget: Budget, concurrency: int) -> None:
        for index in lease.undecided:
            if is_suspect(lease, index):
                decide_suspect(lease, index)
        if self._function is None:
            _count_as_processed(lease)
        elif _is_coroutine_function(self._function):
            _await_all(lease, self._function, checkpoint, budget, concurrency)
        else:
            _call_each(lease, self._function, checkpoint, budget)

    def least_seconds(self, whole_seconds: float) -> float:
        """Return 0: a function may be quick."""
        return 0.0

    def between_chunks(self) -> None:
        """Do nothing: a function leaves nothing behind."""

    def go_on_beside(self, workspace_slug: str | None) -> bool:
        """Do nothing: a function is for jobs."""
        return False


def is_suspect(lease: Lease, index: int) -> bool:
    """Return whether an entity is the one that costs the chunk its workers: the last of several died over it."""
    return lease.needs_caution and lease.outcomes[index] is Outcome.INTENT


def decide_suspect(lease: Lease, index: int) -> None:
    """Let an entity that costs its chunk the workers become an error, so that the others can go on."""
    message = f"The worker was lost {lease.crash_count} times over this chunk, the last time on this entity."
    lease.decide(index, Outcome.ERROR, Failure("worker_lost", message))


def _count_as_processed(lease: Lease) -> None:
    for index in lease.undecided:
        lease.decide(index, Outcome.SUCCESS)


def _call_each(lease: Lease, function: EntityFunction, checkpoint: Checkpoint, budget: Budget) -> None:
    stored_at = time.monotonic()
    for index in lease.undecided:
        if budget.is_used_up or lease.is_stopped:
            return
        if lease.needs_caution:
            _mark(lease, index)
        try:
            _refuse_awaitable(function(lease.entity_ids[index], lease.job))
        except Exception as exc:
            _decide_error(lease, index, exc)
        else:
            lease.decide(index, Outcome.SUCCESS)
        if lease.needs_caution or time.monotonic() - stored_at >= CHECKPOINT_SECONDS:
            checkpoint(lease)
            stored_at = time.monotonic()


def _await_all(
    lease: Lease, function: EntityFunction, checkpoint: Checkpoint, budget: Budget, concurrency: int
) -> None:
    """Await the function for every undecided entity.

    A chunk that keeps costing its workers runs one entity at a time, each marked beforehand.
    """
    if not lease.needs_caution:
        _await_some(lease, lease.undecided, function, checkpoint, budget, concurrency)
        return
    for index in lease.undecided:
        if budget.is_used_up or lease.is_stopped:
            return
        _mark(lease, index)
        _await_some(lease, [index], function, checkpoint, budget, 1)
        lease.checkpoint()


def _await_some(
    lease: Lease,
    indices: Iterable[int],
    function: EntityFunction,
    checkpoint: Checkpoint,
    budget: Budget,
    concurrency: int,
) -> None:
    """Await the function for some entities, storing what has ended at least each `CHECKPOINT_SECONDS`."""
    calls: Calls[int, Any] = Calls(concurrency)
    left = deque(indices)
    stored_at = time.monotonic()
    try:
        while (left or calls) and not (budget.is_used_up or lease.is_stopped):
            while left and len(calls) < concurrency * LINED_UP:
                _start(calls, lease, left.popleft(), function, budget)
            until_checkpoint = stored_at + CHECKPOINT_SECONDS - time.monotonic()
            left.extend(_collect(calls, lease, min(until_checkpoint, budget.seconds_left), budget))
            if time.monotonic() >= stored_at + CHECKPOINT_SECONDS:
                checkpoint(lease)
                stored_at = time.monotonic()
    finally:
        calls.cancel(calls.keys)
    # A call that blocks the loop cannot be cancelled; it is left behind.
    for index, result in calls.collect_all(calls.keys, STOP_SECONDS):
        if not isinstance(result, asyncio.CancelledError | NotSent):
            _decide(lease, index, result, budget)


def _collect(calls: Calls[int, Any], lease: Lease, seconds: float, budget: Budget) -> list[int]:
    """Decide the entities whose calls end within some seconds; return those whose calls never began."""
    not_begun = []
    for index, result in calls.collect(max(0.0, seconds)):
        if isinstance(result, NotSent):
            not_begun.append(index)
        else:
            _decide(lease, index, result, budget)
    return not_begun


def _start(calls: Calls[int, Any], lease: Lease, index: int, function: EntityFunction, budget: Budget) -> None:
    seconds = CALL_SHARE * config().ENRICH_TIME_BUDGET
    entity_id = lease.entity_ids[index]
    calls.start(index, lambda: function(entity_id, lease.job), deadline=budget.deadline, seconds=seconds)


def _decide(lease: Lease, index: int, result: object, budget: Budget) -> None:
    """Decide an entity by what its call returned or raised; one that the budget's end has cut off runs again."""
    if not isinstance(result, BaseException):
        lease.decide(index, Outcome.SUCCESS)
    elif not isinstance(result, TimeoutError) or time.monotonic() < budget.deadline:
        _decide_error(lease, index, result)


def _mark(lease: Lease, index: int) -> None:
    lease.outcomes[index] = Outcome.INTENT
    lease.checkpoint()


def _decide_error(lease: Lease, index: int, error: BaseException) -> None:
    code = "timed_out" if isinstance(error, TimeoutError) else "callback_error"
    lease.decide(index, Outcome.ERROR, Failure(code, describe(error)))


def _refuse_awaitable(result: object) -> None:
    """Raise if a plain function gave back a coroutine, which nobody would await."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("on_process returned an awaitable; pass the coroutine function itself")


def _is_coroutine_function(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
