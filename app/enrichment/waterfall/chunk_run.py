"""One chunk through the provider or the waterfall of its job.

The entities are loaded in one query and handed out as plain dataclasses; the calls run on the loop thread; the calling
thread stores what comes back. Each checkpoint is one transaction: the answers that have come, with values, attempts,
charges and outcomes, and the reservations of the calls that start next. Those start when it has committed. No
transaction is open while a provider is asked.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final

import structlog

from app.async_calls import STOP_SECONDS, NotSent
from app.config import Config
from app.db.session import WriteSession
from app.enrichment.limits.circuit_breaker import KnownStates, most_telling
from app.enrichment.queue.in_hand import CapReached
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.work import CALL_SHARE, CHECKPOINT_SECONDS
from app.enrichment.waterfall import routing
from app.enrichment.waterfall.batch import Admission, AttemptResult, Call, ChunkContext, Granted
from app.enrichment.waterfall.calls_under_way import CallResult, CallsOfChunk, CallsUnderWay
from app.enrichment.waterfall.checkpoint import store_batch
from app.enrichment.waterfall.loading import Loader
from app.enrichment.waterfall.results import ResultHandler
from app.enrichment.waterfall.routing import Router
from app.enrichment.waterfall.scheduler import Scheduler
from app.error_reports import report
from app.errors import describe_bug
from app.instruments import CHECKPOINT_TIME, PROVIDER_CALLS, PROVIDER_SECONDS
from app.providers.base import Answer, OutcomeClass, Provider
from app.providers.registry import Registry
from app.tracing import span

log = structlog.get_logger(__name__)

LINGER_SECONDS: Final = 0.015
"""How long an answer waits at most for others to be stored with it; twice as long if no call waits to start."""


class ChunkRun:
    """One chunk in this worker's hands: route, admit, start, store, until nothing more can be done.

    It owns the clocks; its calls are `CallsOfChunk`'s, runs between calls the router's, attempts that are lined up the
    scheduler's, what came back the result handler's. Who waits for calls is `WorkLoop`, for all chunks together.
    """

    def __init__(
        self, context: ChunkContext, budget: Budget, under_way: CallsUnderWay, registry: Registry, settings: Config
    ) -> None:
        self.context = context
        self.lease = context.lease
        self.budget = budget
        self.settings = settings
        self.results = ResultHandler(context, KnownStates())
        self.router = Router(context, settings, self.results)
        self.scheduler = Scheduler(context.job.entity_type, budget, self.results.states)
        self.loader = Loader(context, self.results, registry.providers.values())
        self.shared = under_way
        self.calls = CallsOfChunk(under_way)
        self.is_winding_down = False
        """Whether nothing more is to start: what is under way is waited for, and the rest given back."""
        self.idle_since: float | None = None
        self.saved_at = time.monotonic()
        self.save_seconds = 0.0
        """How long the last transaction took."""

    def begin(self) -> None:
        """Load the entities. Raises `JobMustWait` if the job has to be paused."""
        self.router.begin(self.loader.load())

    def go_on(self) -> bool:
        """Start what can start and store what has come back, without waiting for calls of providers.

        Returns False once the chunk is closed, or nothing more can be done with it now. Raises `LeaseLost`.
        """
        self._apply_ended()
        local, paid = self._choose()
        self._start_local(local)
        while local and not paid and self.results.unstored.has_paid_result:
            # What is answered here joins the answers that it follows from, as nobody waits for those.
            self.shared.collect_all({call.id for call in local}, LINGER_SECONDS)
            self._apply_ended()
            local, paid = self._choose()
            self._start_local(local)
        if self._must_save(paid):
            self._save(paid)
        return not self.lease.is_closed and self._can_wait()

    def end(self) -> None:
        """Say when the undecided entities are worth another claim, and store what is left to store.

        Raises `LeaseLost`, and `JobMustWait` if the job has to be paused.
        """
        self.calls.cancel_local()
        if not self.lease.is_closed and self.lease.undecided:
            self._give_up()

    # What others see of it

    @property
    def is_cautious(self) -> bool:
        """Whether no other chunk should be in the same hands: it may cost its worker, as it did before."""
        return self.lease.needs_caution or (self.lease.crash_count > 0 and not self.lease.decided_count)

    @property
    def is_idle(self) -> bool:
        """Whether it has no call, and nothing to do before something else has happened."""
        return self.idle_since is not None and not self.calls.under_way and not self.calls.ended

    def lines(self) -> Counter[Provider]:
        """Count the entities that are in no call, by the provider that they ask next."""
        return self.router.lines() + self.scheduler.lines()

    @property
    def has_line(self) -> bool:
        """Whether attempts are lined up to become calls."""
        return not self.scheduler.is_empty

    def seconds_to_next(self) -> float:
        """Return how long until something of it can go on that is not in a call, or its time is up."""
        seconds = self._seconds_to_next()
        return min(seconds, self._seconds_for_calls()) if self.calls.under_way else seconds

    # What starts

    def _choose(self) -> tuple[list[Call], tuple[Call, ...]]:
        """Line up what can go on, and return the calls that start now: those that are answered here, and the paid."""
        is_busy = not self.scheduler.is_empty or bool(self.calls.under_way)
        self.scheduler.add(self.router.next_attempts(is_busy=is_busy, is_stopped=self._is_stopped))
        self.router.look_again(self.scheduler.take_unavailable())
        # Asked anew: to find the next steps may have shown that the job has to wait.
        if self._is_stopped:
            return [], ()
        chosen = self.scheduler.choose(self.shared, self._may_come)
        return [call for call in chosen if call.is_local], tuple(call for call in chosen if not call.is_local)

    def _may_come(self, step_index: int) -> bool:
        """Return whether somebody is on the way to a step of the waterfall."""
        in_calls = (attempt.run.step_index for call in self.calls.under_way.values() for attempt in call.attempts)
        return any(index < step_index for index in chain(self.router.steps_ahead(), in_calls))

    def _start_local(self, calls: Iterable[Call]) -> None:
        for call in calls:
            limit = time.monotonic() + CALL_SHARE * self.settings.ENRICH_TIME_BUDGET
            self.calls.start(call, deadline=min(limit, self.budget.deadline), start_at=0.0)

    def _start_granted(self, call: Call, granted: Granted) -> None:
        """Start a call that is on record, unless the transaction took so long that it could outlast the budget.

        Nor does one start if the job was stopped by the time that it was put on record.
        """
        now = time.monotonic()
        self.shared.note_delay(now - granted.allowed_at)
        start_at = max(now, granted.start_at)
        deadline = start_at + call.patience
        is_late = deadline > self.budget.deadline + STOP_SECONDS or now - granted.start_at > call.patience / 4
        if is_late or self.lease.is_stopped:
            self.results.unstored.released += call.attempts
            self.router.look_again(attempt.run for attempt in call.attempts)
        else:
            self.calls.start(call, deadline=deadline, start_at=start_at, start_by=granted.start_by)

    # What is waited for

    def _can_wait(self) -> bool:
        """Return whether there is something to wait for, and time for it."""
        if self.calls.under_way:
            self.idle_since = None
            if self._is_stopped:
                self.calls.cancel_local()
            return self._seconds_for_calls() > 0
        now = time.monotonic()
        # While other chunks have calls under way, this worker is not idle.
        self.idle_since = now if self.shared else self.idle_since or now
        if self.shared and self.scheduler.has_time and not self._is_stopped:
            # It is those calls that leave no room, or use up the limits of a provider.
            return True
        # What others have under way may be lost, and to be settled by whoever takes over their chunk: maybe this one.
        patience = self.idle_since + routing.MAX_WAIT_SECONDS - now
        return not self._is_stopped and self._seconds_to_next() <= min(patience, self.budget.seconds_left)

    def _seconds_for_calls(self) -> float:
        """Return how long calls are waited for: they are over by the budget's end, but for one that blocks the loop."""
        return self.budget.seconds_left + 2 * STOP_SECONDS

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
        has_to_stop = self.router.must_wait is not None or self.lease.is_stopped or self.is_winding_down
        return has_to_stop or self.budget.is_used_up

    # What came back

    def _apply_ended(self) -> None:
        for call, result in self.calls.take_ended():
            self.results.unstored.ended_calls.add(call.id)
            self._apply(call, result)

    def _apply(self, call: Call, result: CallResult) -> None:
        """Apply what became of a call."""
        runs = [attempt.run for attempt in call.attempts]
        if isinstance(result, NotSent) and not call.is_local:
            self.results.unstored.released += call.attempts
        answers = _answers(call, result, self.budget.deadline)
        if answers is None:
            self.router.look_again(runs)
            return
        if len(runs) > 1 and all(_is_refused(answer) for answer in answers):
            self.results.ask_one_by_one(call)
            self.router.look_again(runs)
            return
        now, instant = datetime.now(UTC), time.monotonic()
        _count(call, answers, now)
        for attempt, answer in zip(call.attempts, answers, strict=True):
            started_at = call.started_at or now
            self.results.apply(AttemptResult(attempt, answer, started_at, now, call_id=call.id, instant=instant))
        self.router.add(runs)

    # What is stored

    def _must_save(self, paid: Sequence[Call]) -> bool:
        unstored = self.results.unstored
        if paid or time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            return True
        if self.calls.under_way:
            return unstored.has_paid_result
        return not unstored.is_empty or not self.lease.undecided

    def _save(self, calls: tuple[Call, ...]) -> None:
        """Store what has come back with what `calls` need to start, and start those that may."""
        batch = replace(self.results.take_batch(calls), delay_seconds=self.shared.delay_seconds)
        admission = Admission()

        def store(session: WriteSession) -> None:
            nonlocal admission
            admission = store_batch(session, self.context, batch)

        is_last = not calls and not self.calls.under_way and not self.lease.undecided
        save = self.lease.finish if is_last else self.lease.checkpoint
        started_at = time.monotonic()
        try:
            with span("finish" if is_last else "checkpoint", job_id=self.context.job.id):
                # Answers that are on their way are given up with the chunk, if its lease cannot be renewed.
                save(store, insist=batch.has_money or self.calls.has_paid)
        except BaseException:
            # An outcome must not be stored later without what it stands for.
            self.lease.forget_unstored()
            raise
        self.saved_at = time.monotonic()
        self.save_seconds = self.saved_at - started_at
        CHECKPOINT_TIME.observe(self.save_seconds)
        self._follow(calls, admission)

    def _follow(self, calls: Iterable[Call], admission: Admission) -> None:
        """Start what was granted, and take back what was not."""
        if admission.states is not None:
            self.results.states.replace(admission.states)
        self.lease.is_stopped |= admission.is_stopped
        for call in calls:
            self.router.refuse(call, admission)
            if (granted := admission.granted.get(call.id)) is not None:
                self._start_granted(replace(call, attempts=granted.attempts), granted)
        if admission.gone:
            self.router.drop(admission.gone)
            self.router.skip(self.scheduler.take_gone(admission.gone))
        if admission.reached is not None:
            self.router.pause(CapReached(admission.reached.cap.describe(), admission.reached.seconds))

    def _give_up(self) -> None:
        """Say when the undecided entities are worth another claim, storing what is left to store."""
        lease, router = self.lease, self.router
        router.give_up_waiting(is_all=self.scheduler.is_empty and not self.budget.is_used_up)
        if not self.results.unstored.is_empty:
            self._save(())
        router.note_long_wait()
        if (wait := router.must_wait) is None:
            return
        if not wait.only_if_idle:
            lease.retry_in_seconds = 0.0
        if not lease.is_stopped:
            raise wait


def _answers(call: Call, result: CallResult, deadline: float) -> list[Answer] | None:
    """Return an answer for each entity of a call; None if it was not sent, or broken off and nothing is lost."""
    if isinstance(result, list):
        return result
    if isinstance(result, NotSent):
        return None
    is_late = isinstance(result, TimeoutError) and time.monotonic() >= deadline
    if call.is_local and (is_late or not isinstance(result, Exception)):
        return None
    if isinstance(result, TimeoutError):
        error = "The provider took longer than the time budget."
        return [Answer(OutcomeClass.TRANSIENT, error=error, is_cost_known=call.is_local)] * len(call.attempts)
    # The message may hold what the provider was asked about, so only its kind is logged and stored.
    log.warning("provider raised", provider=call.provider.name, error_type=type(result).__name__)
    report(result)
    unknown = Answer(OutcomeClass.INVALID_REQUEST, error=describe_bug(result), is_cost_known=call.is_local)
    return [unknown] * len(call.attempts)


def _count(call: Call, answers: Sequence[Answer], ended_at: datetime) -> None:
    if call.is_local:
        return
    provider = call.provider.name
    PROVIDER_CALLS.labels(provider, str(most_telling(answers).outcome_class)).inc()
    if call.started_at is not None:
        PROVIDER_SECONDS.labels(provider).observe((ended_at - call.started_at).total_seconds())


def _is_refused(answer: Answer) -> bool:
    return answer.outcome_class is OutcomeClass.INVALID_REQUEST and answer.is_cost_known and not answer.cost_micros
