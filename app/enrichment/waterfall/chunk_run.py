"""One chunk through the provider or the waterfall of its job.

The entities are loaded in one query and handed out as plain dataclasses; the calls run on the loop thread; the calling
thread answers what takes no call, and stores what comes back (`saving`). No transaction is open while a provider is
asked.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

from app.async_calls import STOP_SECONDS, NotSent
from app.config import Config
from app.enrichment.limits.circuit_breaker import KnownStates, most_telling
from app.enrichment.queue.in_hand import CapReached
from app.enrichment.queue.lease import Lease
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.work import CHECKPOINT_SECONDS
from app.enrichment.waterfall import routing
from app.enrichment.waterfall.batch import Admission, AttemptResult, Batch, Call, Granted, JobContext
from app.enrichment.waterfall.calls_under_way import CallResult, CallsOfChunk, CallsUnderWay
from app.enrichment.waterfall.loading import Loader
from app.enrichment.waterfall.results import ResultHandler, bug_answer
from app.enrichment.waterfall.routing import Router
from app.enrichment.waterfall.scheduler import Scheduler
from app.instruments import PROVIDER_CALLS, PROVIDER_SECONDS
from app.providers.base import Answer, OutcomeClass, Provider
from app.providers.registry import Registry


class ChunkRun:
    """One chunk in this worker's hands: route, admit, start, store, until nothing more can be done.

    It owns the clocks; its calls are `CallsOfChunk`'s, runs between calls the router's, attempts that are lined up the
    scheduler's, what came back the result handler's. Who waits for calls, and has what came back stored, is `WorkLoop`,
    for all chunks together.
    """

    def __init__(
        self,
        context: JobContext,
        lease: Lease,
        budget: Budget,
        under_way: CallsUnderWay,
        registry: Registry,
        settings: Config,
    ) -> None:
        self.context = context
        self.lease = lease
        self.budget = budget
        self.results = ResultHandler(context, KnownStates())
        self.router = Router(context, lease, settings, self.results)
        self.scheduler = Scheduler(context.job.entity_type, lease.position, budget, self.results.states)
        self.loader = Loader(context, lease, self.results, registry.providers.values())
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

    def go_on(self) -> Batch | None:
        """Take in what has come back, and return what is to be stored of it now, with the calls that are to start."""
        self._apply_ended()
        calls = self._choose()
        self.shared.note_chosen(calls)
        return self._take_batch(calls) if self._must_save(calls) else None

    def follow(self, calls: Iterable[Call], admission: Admission, seconds: float) -> None:
        """Start what was granted, and take back what was not, after a checkpoint that took so many seconds."""
        self.saved_at, self.save_seconds = time.monotonic(), seconds
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

    def can_go_on(self) -> bool:
        """Return whether there is something to wait for, and time for it."""
        if self.lease.is_closed:
            return False
        if self.calls.under_way:
            self.idle_since = None
            if self._is_stopped:
                self.calls.give_up_waiting()
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

    def give_up(self) -> Batch | None:
        """Decide what waits as to be tried later, and return what is left to store."""
        self.calls.give_up_waiting()
        if self.lease.is_closed or not self.lease.undecided:
            return None
        self.router.give_up_waiting(is_all=self.scheduler.is_empty and not self.budget.is_used_up)
        return None if self.results.unstored.is_empty else self._take_batch(())

    def end(self) -> None:
        """Say when the undecided entities are worth another claim. Raises `JobMustWait` if the job has to be paused."""
        lease, router = self.lease, self.router
        if lease.is_closed or not lease.undecided:
            return
        router.note_long_wait()
        if (wait := router.must_wait) is None:
            return
        if not wait.only_if_idle:
            lease.retry_in_seconds = 0.0
        if not lease.is_stopped:
            raise wait

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

    def _choose(self) -> tuple[Call, ...]:
        """Line up what can go on, and return the calls that are to start now."""
        is_busy = not self.scheduler.is_empty or bool(self.calls.under_way)
        self.scheduler.add(self.router.next_attempts(is_busy=is_busy, is_stopped=self._is_stopped))
        self.router.look_again(self.scheduler.take_unavailable())
        # Asked anew: to find the next steps may have shown that the job has to wait.
        return () if self._is_stopped else tuple(self.scheduler.choose(self.shared, self._may_come))

    def _may_come(self, step_index: int) -> bool:
        """Return whether somebody is on the way to a step of the waterfall."""
        in_calls = (attempt.run.step_index for call in self.calls.under_way.values() for attempt in call.attempts)
        return any(index < step_index for index in chain(self.router.steps_ahead(), in_calls))

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
        if isinstance(result, NotSent):
            self.results.unstored.released += call.attempts
        answers = _answers(call, result)
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

    def _take_batch(self, calls: tuple[Call, ...]) -> Batch:
        return replace(self.results.take_batch(calls), delay_seconds=self.shared.delay_seconds)


def _answers(call: Call, result: CallResult) -> list[Answer] | None:
    """Return an answer for each entity of a call; None if it was not sent."""
    if isinstance(result, list):
        return result
    if isinstance(result, NotSent):
        return None
    if isinstance(result, TimeoutError):
        error = "The provider took longer than the time budget."
        return [Answer(OutcomeClass.TRANSIENT, error=error, is_cost_known=False)] * len(call.attempts)
    return [bug_answer(call.provider, result, is_cost_known=False)] * len(call.attempts)


def _count(call: Call, answers: Sequence[Answer], ended_at: datetime) -> None:
    provider = call.provider.name
    PROVIDER_CALLS.labels(provider, str(most_telling(answers).outcome_class)).inc()
    if call.started_at is not None:
        PROVIDER_SECONDS.labels(provider).observe((ended_at - call.started_at).total_seconds())


def _is_refused(answer: Answer) -> bool:
    return answer.outcome_class is OutcomeClass.INVALID_REQUEST and answer.is_cost_known and not answer.cost_micros
