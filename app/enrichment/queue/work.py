"""One claimed chunk through a caller's function, entity by entity, under a budget.

Three kinds of work: nothing at all, a plain function in the calling thread, a
coroutine function on the loop thread. The pipeline uses the last of them too.
"""

import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.async_calls import run_many
from app.config import config
from app.enrichment.queue.leases import Failure, JobInfo, Lease
from app.enrichment.queue.time_budget import Budget
from app.errors import describe
from app.models.chunk import Outcome

EntityFunction = Callable[[str, JobInfo], Any]
"""`on_process(entity_id, job)`, a function or a coroutine function."""

CHECKPOINT_SECONDS = 0.5
"""How often outcomes are stored where an entity costs nothing to run again."""

CALL_SHARE = 0.9
"""The share of `ENRICH_TIME_BUDGET` after which a single call is given up as an error, or it would be
started again for ever. A call that is cut off because less than that was left is not: it runs again."""


def run_entity_function(lease: Lease, on_process: EntityFunction | None, budget: Budget, *, concurrency: int) -> None:
    """Decide as many of the chunk's entities as the budget allows. Raises `LeaseLost`."""
    for index in lease.undecided:
        if is_suspect(lease, index):
            decide_suspect(lease, index)
    if on_process is None:
        for index in lease.undecided:
            lease.decide(index, Outcome.SUCCESS)
    elif _is_coroutine_function(on_process):
        run_concurrently(
            lease,
            lambda index: on_process(lease.entity_ids[index], lease.job),
            lambda finished: _store_results(lease, finished),
            budget,
            concurrency=concurrency,
        )
    else:
        _call_each(lease, on_process, budget)


def run_concurrently(
    lease: Lease,
    call: Callable[[int], Awaitable[Any]],
    store: Callable[[Sequence[tuple[int, Any]]], None],
    budget: Budget,
    *,
    concurrency: int,
) -> None:
    """Await `call(index)` for each undecided entity and hand what has finished to `store`.

    `store` must checkpoint, even where it is handed nothing: that renews the
    lease and tells whether the job was stopped. It may finish the chunk. A chunk that keeps costing its
    workers runs one entity at a time, each marked beforehand.
    """
    undecided = lease.undecided
    groups = [[index] for index in undecided] if lease.needs_caution else [undecided]
    for group in groups:
        if budget.is_used_up or lease.is_stopped:
            return
        if lease.needs_caution:
            _mark(lease, group[0])
        for finished in run_many(
            call,
            group,
            concurrency=concurrency,
            deadline=budget.deadline,
            call_seconds=CALL_SHARE * config().ENRICH_TIME_BUDGET,
            every_seconds=CHECKPOINT_SECONDS,
            should_stop=lambda: budget.is_used_up or lease.is_stopped,
        ):
            store(finished)
            if lease.is_closed:
                return


def is_suspect(lease: Lease, index: int) -> bool:
    """Tell whether an entity is the one that costs the chunk its workers: the last of several died over it."""
    return lease.needs_caution and lease.outcomes[index] is Outcome.INTENT


def decide_suspect(lease: Lease, index: int) -> None:
    """Let an entity that costs its chunk the workers become an error, so that the others can go on."""
    message = f"The worker was lost {lease.crash_count} times over this chunk, the last time on this entity."
    lease.decide(index, Outcome.ERROR, Failure("worker_lost", message))


def _call_each(lease: Lease, on_process: EntityFunction, budget: Budget) -> None:
    stored_at = time.monotonic()
    for index in lease.undecided:
        if budget.is_used_up or lease.is_stopped:
            return
        if lease.needs_caution:
            _mark(lease, index)
        try:
            _refuse_awaitable(on_process(lease.entity_ids[index], lease.job))
        except Exception as exc:
            _decide_error(lease, index, exc)
        else:
            lease.decide(index, Outcome.SUCCESS)
        if lease.needs_caution or time.monotonic() - stored_at >= CHECKPOINT_SECONDS:
            lease.checkpoint()
            stored_at = time.monotonic()


def _store_results(lease: Lease, finished: Sequence[tuple[int, Any]]) -> None:
    for index, result in finished:
        if isinstance(result, BaseException):
            _decide_error(lease, index, result)
        else:
            lease.decide(index, Outcome.SUCCESS)
    lease.checkpoint()


def _mark(lease: Lease, index: int) -> None:
    lease.outcomes[index] = Outcome.INTENT
    lease.checkpoint()


def _decide_error(lease: Lease, index: int, error: BaseException) -> None:
    code = "timed_out" if isinstance(error, TimeoutError) else "callback_error"
    lease.decide(index, Outcome.ERROR, Failure(code, describe(error)))


def _refuse_awaitable(result: object) -> None:
    """Raise where a plain function gave back a coroutine, which nobody would await."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("on_process returned an awaitable; pass the coroutine function itself")


def _is_coroutine_function(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
