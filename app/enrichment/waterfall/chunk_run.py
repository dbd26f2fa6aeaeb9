"""The service's own work on a chunk: its entities through the job's provider or waterfall.

The entities are loaded in one query and handed out as plain dataclasses; the calls run on the loop thread; the calling
thread stores what comes back. Each checkpoint is one transaction: the answers that have come, with values, attempts,
charges and outcomes, and the reservations of the calls that start next. Those start when it has committed. No
transaction is open while a provider is asked.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import structlog

from app.async_calls import STOP_SECONDS, Calls, NotSent
from app.config import Config, config
from app.db.session import WriteSession
from app.enrichment.limits.circuit_breaker import KnownStates
from app.enrichment.money.caps import caps_of
from app.enrichment.queue.lease import Lease
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.work import CALL_SHARE, CHECKPOINT_SECONDS, JobMustWait
from app.enrichment.waterfall import recovery, routing
from app.enrichment.waterfall.admission import SHARED_WAIT_SECONDS
from app.enrichment.waterfall.batch import Admission, AttemptResult, Call, ChunkContext
from app.enrichment.waterfall.checkpoint import store_batch
from app.enrichment.waterfall.dedup import RecentAnswers
from app.enrichment.waterfall.entity_run import EntityRun, Plan
from app.enrichment.waterfall.loading import Loader
from app.enrichment.waterfall.plan import make_plan
from app.enrichment.waterfall.results import ResultHandler
from app.enrichment.waterfall.retries import RETRY_SECONDS
from app.enrichment.waterfall.routing import Router
from app.enrichment.waterfall.scheduler import PATIENCE_SHARE, Scheduler
from app.errors import describe_bug
from app.providers import answer_match
from app.providers.base import Answer, OutcomeClass
from app.providers.registry import Registry, current_registry

log = structlog.get_logger(__name__)

LINGER_SECONDS: Final = 0.015
"""How long an answer waits at most for others to be stored with it; twice as long if no call waits to start."""
GAP_SECONDS: Final = 0.01
"""How long the last answers of a chunk wait for each next one."""


class Waterfall:
    """Runs a chunk's entities through the provider or the waterfall that the job names: the queue's `Work`."""

    def __init__(self, registry: Registry | None = None, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._registry = registry
        self._retry_seconds = tuple(retry_seconds)

    def run(self, lease: Lease, budget: Budget, *, concurrency: int) -> None:
        """Decide as many of the chunk's entities as the budget allows.

        Raises `LeaseLost`, and `JobMustWait` if the job has to be paused.
        """
        # Read here: in its first use on the loop's thread it would hold up the calls that are due then.
        answer_match.load()
        settings = config()
        registry = self._registry or current_registry()
        plan = make_plan(lease.job, registry, settings)
        context = _context(lease, plan, settings, self._retry_seconds)
        ChunkRun(context, budget, concurrency, registry, settings).run()

    def least_seconds(self, whole_seconds: float) -> float:
        """Return the time that a paid call may take: with less left, none starts."""
        return PATIENCE_SHARE * whole_seconds

    def between_chunks(self) -> None:
        """Book what lost workers have left behind, and forget raw answers that are old: one small batch of each."""
        recovery.recover_lost_calls()
        recovery.forget_old_answers()


def _context(lease: Lease, plan: Plan, settings: Config, retry_seconds: tuple[float, ...]) -> ChunkContext:
    job = lease.job
    return ChunkContext(
        lease,
        job,
        plan,
        RecentAnswers.of(job, settings),
        caps_of(settings, job),
        settings.merge_policies.get(job.entity_type, {}),
        retry_seconds,
        keeps_raw=settings.ENRICH_RAW_ANSWER_DAYS > 0,
    )


class ChunkRun:
    """One chunk in this worker's hands: route, admit, start, collect, until nothing more can be done.

    It owns the calls under way and the clocks; runs between calls are the router's, attempts that are lined up the
    scheduler's, what came back the result handler's.
    """

    def __init__(
        self, context: ChunkContext, budget: Budget, concurrency: int, registry: Registry, settings: Config
    ) -> None:
        self.context = context
        self.lease = context.lease
        self.budget = budget
        self.settings = settings
        self.results = ResultHandler(context, KnownStates())
        self.router = Router(context, settings, self.results)
        self.scheduler = Scheduler(context.job.entity_type, budget, concurrency, self.results.states)
        self.loader = Loader(context, self.results, registry.providers.values())
        self.calls: Calls[str, list[Answer]] = Calls(concurrency)
        self.under_way: dict[str, Call] = {}
        self.idle_since: float | None = None
        self.saved_at = time.monotonic()
        self.save_seconds = 0.0
        """How long the last transaction took."""

    def run(self) -> None:
        """Go round until every entity is decided, or nothing more can be done now."""
        self.router.begin(self.loader.load())
        try:
            while not self.lease.is_closed and self._go_round():
                pass
        finally:
            self._cancel_local()
        if not self.lease.is_closed and self.lease.undecided:
            self._give_up()

    def _go_round(self) -> bool:
        """Start what can start, store what has come back, and wait; False if nothing more can be done now."""
        local, paid = self._choose()
        self._start_local(local)
        if local and not paid and self.results.unstored.has_paid_result:
            # What is answered here joins the answers that it follows from, as nobody waits for those.
            self._apply_all(self.calls.collect_all({call.id for call in local}, LINGER_SECONDS))
            return True
        if self._must_save(paid):
            self._save(paid)
        return not self.lease.is_closed and self._wait()

    # What starts

    def _choose(self) -> tuple[list[Call], tuple[Call, ...]]:
        """Line up what can go on, and return the calls that start now: those that are answered here, and the paid."""
        is_busy = not self.scheduler.is_empty or bool(self.under_way)
        self.scheduler.add(self.router.next_attempts(is_busy=is_busy, is_stopped=self._is_stopped))
        self.router.look_again(self.scheduler.take_unavailable())
        # Asked anew: to find the next steps may have shown that the job has to wait.
        if self._is_stopped:
            return [], ()
        chosen = self.scheduler.choose(self.under_way, self._may_come)
        return [call for call in chosen if call.is_local], tuple(call for call in chosen if not call.is_local)

    def _may_come(self, step_index: int) -> bool:
        """Return whether somebody is on the way to a step of the waterfall."""
        in_calls = (attempt.run.step_index for call in self.under_way.values() for attempt in call.attempts)
        return any(index < step_index for index in chain(self.router.steps_ahead(), in_calls))

    def _start_local(self, calls: Iterable[Call]) -> None:
        for call in calls:
            limit = time.monotonic() + CALL_SHARE * self.settings.ENRICH_TIME_BUDGET
            self._start(call, deadline=min(limit, self.budget.deadline), start_at=0.0)

    def _start_granted(self, call: Call, start_at: float) -> None:
        """Start a call that is on record, unless the transaction took so long that it could outlast the budget."""
        now = time.monotonic()
        deadline = max(now, start_at) + call.patience
        if deadline > self.budget.deadline + STOP_SECONDS or now - start_at > call.patience / 4:
            self.results.unstored.released += call.attempts
            self.router.look_again(attempt.run for attempt in call.attempts)
        else:
            self._start(call, deadline=deadline, start_at=max(now, start_at))

    def _start(self, call: Call, *, deadline: float, start_at: float) -> None:
        self.under_way[call.id] = replace(call, started_at=datetime.now(UTC), start_at=start_at)
        grace = 0.0 if call.is_local else STOP_SECONDS
        self.calls.start(call.id, _asking(call, deadline), deadline=deadline + grace, start_at=start_at)

    def _cancel_local(self) -> None:
        self.calls.cancel([call_id for call_id, call in self.under_way.items() if call.is_local])

    # What is waited for

    def _wait(self) -> bool:
        """Wait for calls to end, or for a run to become ready; False if waiting is over."""
        if self.under_way:
            self.idle_since = None
            return self._wait_for_calls()
        now = time.monotonic()
        self.idle_since = self.idle_since or now
        seconds = self._seconds_to_next()
        # What others have under way may be lost, and to be settled by whoever takes over their chunk: maybe this one.
        patience = self.idle_since + routing.MAX_WAIT_SECONDS - now
        if self._is_stopped or seconds > min(patience, self.budget.seconds_left):
            return False
        time.sleep(min(seconds, SHARED_WAIT_SECONDS))
        return True

    def _wait_for_calls(self) -> bool:
        if self._is_stopped:
            self._cancel_local()
        # Calls are over by the budget's end; one that blocks the loop is left behind.
        seconds_left = self.budget.seconds_left + 2 * STOP_SECONDS
        if seconds_left <= 0:
            return False
        linger, gap = self._linger_seconds()
        seconds = min(CHECKPOINT_SECONDS, seconds_left, self._seconds_to_next())
        self._apply_all(self.calls.collect(seconds, linger_seconds=linger, gap_seconds=gap))
        return True

    def _linger_seconds(self) -> tuple[float, float]:
        """Return how long an answer waits for others to be stored with it, and how long for each next one.

        Longer rounds cost fewer commits; the calls that are granted ahead fill the time.
        """
        is_paid = any(not call.is_local for call in self.under_way.values())
        if is_paid and self.scheduler.is_empty:
            # Nothing waits to be granted, so that only the number of commits matters.
            return 2 * LINGER_SECONDS, GAP_SECONDS
        linger = CHECKPOINT_SECONDS if self.scheduler.is_empty else min(LINGER_SECONDS, self.save_seconds)
        return linger, linger

    def _seconds_to_next(self) -> float:
        """Return how long until something that is not in a call can go on; infinity if nothing can."""
        if self._is_stopped:
            return float("inf")
        if self.router.has_fresh:
            return 0.001
        first = min(self.router.first_instant(), self.scheduler.first_instant())
        return max(0.001, first - time.monotonic())

    @property
    def _is_stopped(self) -> bool:
        return self.router.must_wait is not None or self.lease.is_stopped or self.budget.is_used_up

    # What came back

    def _apply_all(self, ended: Iterable[tuple[str, list[Answer] | BaseException]]) -> None:
        for call_id, result in ended:
            self.results.unstored.ended_calls.add(call_id)
            self._apply(self.under_way.pop(call_id), result)

    def _apply(self, call: Call, result: list[Answer] | BaseException) -> None:
        """Apply what became of a call."""
        runs = [attempt.run for attempt in call.attempts]
        if isinstance(result, NotSent):
            self.results.unstored.released += () if call.is_local else call.attempts
            self.router.look_again(runs)
            return
        answers = _answers(call, result, self.budget.deadline)
        if answers is None:
            self.router.look_again(runs)
            return
        if len(runs) > 1 and all(_is_refused(answer) for answer in answers):
            self._ask_one_by_one(call, runs)
            return
        now, instant = datetime.now(UTC), time.monotonic()
        for attempt, answer in zip(call.attempts, answers, strict=True):
            started_at = call.started_at or now
            self.results.apply(AttemptResult(attempt, answer, started_at, now, call_id=call.id, instant=instant))
        self.router.add(runs)

    def _ask_one_by_one(self, call: Call, runs: Sequence[EntityRun]) -> None:
        """Ask about each entity of a bulk call by itself: one bad entity must not cost the others."""
        self.results.unstored.released += call.attempts
        for run in runs:
            run.ask_alone()
        self.router.look_again(runs)

    # What is stored

    def _must_save(self, paid: Sequence[Call]) -> bool:
        unstored = self.results.unstored
        if paid or time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            return True
        if self.under_way:
            return unstored.has_paid_result
        return not unstored.is_empty or not self.lease.undecided

    def _save(self, calls: tuple[Call, ...]) -> None:
        """Store what has come back with what `calls` need to start, and start those that may."""
        batch = self.results.take_batch(calls)
        admission = Admission()

        def store(session: WriteSession) -> None:
            nonlocal admission
            admission = store_batch(session, self.context, batch)

        is_last = not calls and not self.under_way and not self.lease.undecided
        save = self.lease.finish if is_last else self.lease.checkpoint
        # Answers that are on their way are given up with the chunk, if its lease cannot be renewed.
        has_paid = batch.has_money or any(not call.is_local for call in self.under_way.values())
        started_at = time.monotonic()
        try:
            save(store, insist=has_paid)
        except BaseException:
            # An outcome must not be stored later without what it stands for.
            self.lease.forget_unstored()
            raise
        self.saved_at = time.monotonic()
        self.save_seconds = self.saved_at - started_at
        self._follow(calls, admission)

    def _follow(self, calls: Iterable[Call], admission: Admission) -> None:
        """Start what was granted, and take back what was not."""
        if admission.states is not None:
            self.results.states.replace(admission.states)
        for call in calls:
            self.router.refuse(call, admission)
            granted = admission.granted.get(call.id)
            if granted is not None:
                self._start_granted(replace(call, attempts=granted.attempts), granted.start_at)
        if admission.gone:
            self.router.drop(admission.gone)
            self.router.skip(self.scheduler.take_gone(admission.gone))
        if admission.reached is not None:
            self.router.pause(JobMustWait(admission.reached.cap.describe(), admission.reached.seconds))

    def _give_up(self) -> None:
        """Say when the undecided entities are worth another claim, storing what is left to store."""
        lease, router = self.lease, self.router
        router.give_up_waiting(is_all=self.scheduler.is_empty and not self.budget.is_used_up)
        if not self.results.unstored.is_empty:
            self._save(())
        router.note_long_wait()
        wait = router.must_wait
        if wait is None:
            return
        if not wait.only_if_idle:
            lease.retry_in_seconds = 0.0
        if not lease.is_stopped:
            raise wait


def _answers(call: Call, result: list[Answer] | BaseException, deadline: float) -> list[Answer] | None:
    """Return an answer for each entity of a call; None if it was broken off and nothing is known to be lost."""
    if isinstance(result, list):
        return result
    is_late = isinstance(result, TimeoutError) and time.monotonic() >= deadline
    if call.is_local and (is_late or not isinstance(result, Exception)):
        return None
    if isinstance(result, TimeoutError):
        error = "The provider took longer than the time budget."
        return [Answer(OutcomeClass.TRANSIENT, error=error, is_cost_known=call.is_local)] * len(call.attempts)
    # The message may hold what the provider was asked about, so only its kind is logged and stored.
    log.warning("provider raised", provider=call.provider.name, error_type=type(result).__name__)
    unknown = Answer(OutcomeClass.INVALID_REQUEST, error=describe_bug(result), is_cost_known=call.is_local)
    return [unknown] * len(call.attempts)


def _is_refused(answer: Answer) -> bool:
    return answer.outcome_class is OutcomeClass.INVALID_REQUEST and answer.is_cost_known and not answer.cost_micros


def _asking(call: Call, deadline: float) -> Callable[[], Any]:
    provider, lookups = call.provider, [attempt.lookup for attempt in call.attempts]

    async def ask() -> list[Answer]:
        if len(lookups) == 1:
            return [await provider.lookup(lookups[0], deadline=deadline)]
        answers = list(await provider.lookup_many(lookups, deadline=deadline))
        if len(answers) != len(lookups):
            raise RuntimeError(f"expected {len(lookups)} answers, got {len(answers)}")
        return answers

    return ask
