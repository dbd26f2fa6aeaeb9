"""The service's own work on a chunk: its entities through the job's provider or waterfall.

The entities are loaded in one query and handed out as plain dataclasses; the
calls run on the loop thread; the calling thread stores what comes back. Each
round is one transaction: the answers that have come, with values, attempts,
charges and outcomes, and the reservations and intents of the calls that start
next. Those start when it has committed. No transaction is open while a
provider is asked.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import structlog

from app.async_calls import STOP_SECONDS, Calls, NotSent
from app.config import config
from app.db.session import end_read
from app.enrichment.limits import circuit_breaker, rate_limits
from app.enrichment.money.caps import caps_of
from app.enrichment.queue.lease import Failure, Lease
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.work import CALL_SHARE, CHECKPOINT_SECONDS, JobMustWait, decide_suspect, is_suspect
from app.enrichment.waterfall import in_flight, recovery
from app.enrichment.waterfall.admission import PENDING_RETRY_SECONDS, SHARED_WAIT_SECONDS
from app.enrichment.waterfall.batch import Attempt, AttemptResult, Batch, Call, ChunkContext
from app.enrichment.waterfall.callbacks import callback_url
from app.enrichment.waterfall.checkpoint import store_batch
from app.enrichment.waterfall.dedup import RecentAnswers, fingerprint, is_answered
from app.enrichment.waterfall.entity_run import (
    IN_DOUBT,
    RETRY_SECONDS,
    Decision,
    EntityRun,
    Plan,
    PriorAnswer,
    Purpose,
    Step,
)
from app.enrichment.waterfall.plan import UNUSABLE_SECONDS, make_plan
from app.enrichment.waterfall.results import ResultHandler
from app.entities import model_cache
from app.entities.exclusions import Exclusions
from app.entities.read import load_entities
from app.errors import describe_bug
from app.models.chunk import Outcome
from app.models.types import new_id
from app.providers import identity
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.registry import NORMALIZER, Registry, current_registry
from app.providers.settings import ExhaustionPolicy

log = structlog.get_logger(__name__)

PATIENCE_SHARE: Final = 0.6
"""The share of a whole budget that one paid call may take, so that calls can start for the rest of it."""
LINGER_SECONDS: Final = 0.015
"""How long an answer waits at most for others to be stored with it; twice as long where no call waits to start."""
GAP_SECONDS: Final = 0.01
"""How long the last answers of a chunk wait for each next one."""
AHEAD: Final = 2
"""For so many calls that are awaited at once, one is granted ahead, to begin as soon as one of those ends."""
BULK_WAIT_SECONDS: Final = 0.5
"""How long entities wait for others that may come to the same bulk call."""
RETURN_SECONDS: Final = 86_400.0
"""How long a provider may be unavailable until entities wait no longer for its free repeat, but are held. Whoever buys
credits does so within a day; without a bound, their jobs would never end."""
MAX_WAIT_SECONDS: Final = 5.0
"""The longest that a worker waits with a chunk in its hands for something to become possible."""


class Waterfall:
    """Runs a chunk's entities through the provider or the waterfall that the job names."""

    def __init__(self, registry: Registry | None = None, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._registry = registry
        self._retry_seconds = retry_seconds

    def run(self, lease: Lease, budget: Budget, *, concurrency: int) -> None:
        """Decide as many of the chunk's entities as the budget allows.

        Raises `LeaseLost`, and `JobMustWait` where the job has to be paused.
        """
        # Read here: in its first use on the loop's thread it would hold up the calls that are due then.
        identity.load()
        registry = self._registry or current_registry()
        plan = make_plan(lease.job, registry, config())
        ChunkRun(lease, budget, concurrency, plan, registry, self._retry_seconds).run()

    def least_seconds(self, whole_seconds: float) -> float:
        """Return the time that a paid call may take: with less left, none starts."""
        return PATIENCE_SHARE * whole_seconds

    def between_chunks(self) -> None:
        """Book what lost workers have left behind, and forget raw answers that are old: one small batch of each."""
        recovery.recover_lost_calls()
        recovery.forget_old_answers()


@dataclass
class ChunkRun:
    """One chunk in this worker's hands."""

    lease: Lease
    budget: Budget
    concurrency: int
    plan: Plan
    registry: Registry
    retry_seconds: Sequence[float]
    flying: dict[str, Call] = field(default_factory=dict)
    fresh: list[EntityRun] = field(default_factory=list)
    """Walks whose next question is to be found."""
    waiting: list[EntityRun] = field(default_factory=list)
    """Walks that cannot go on before their `ready_at`."""
    ready: dict[tuple[str, int, bool, bool], deque[Attempt]] = field(default_factory=dict)
    """Questions that can be asked, by provider; those of a bulk call stand together, free ones and repeats apart."""
    queued: list[EntityRun] = field(default_factory=list)
    """Walks of a cautious chunk that have not had their turn."""
    must_wait: JobMustWait | None = None
    idle_since: float | None = None
    """Since when nothing is under way."""
    saved_at: float = field(default_factory=time.monotonic)
    save_seconds: float = 0.0
    """How long the last transaction took."""
    filling_until: dict[str, float] = field(default_factory=dict)
    """By provider, until when its next bulk call waits for others."""

    def __post_init__(self) -> None:
        self.job = self.lease.job
        self.calls: Calls[str, list[Answer]] = Calls(self.concurrency)
        self.settings = config()
        self.context = ChunkContext(
            self.lease,
            RecentAnswers.of(self.job, self.settings),
            caps_of(self.settings, self.job),
            self.settings.merge_policies.get(self.job.entity_type, {}),
            keeps_raw=self.settings.ENRICH_RAW_ANSWER_DAYS > 0,
        )
        self.results = ResultHandler(self.context, self.plan, self.retry_seconds)

    # The rounds

    def run(self) -> None:
        """Go round until every entity is decided, or nothing more can be done now."""
        self._load()
        try:
            while not self.lease.is_closed:
                self._advance()
                chosen = self._choose()
                local = [call for call in chosen if call.is_local]
                paid = [call for call in chosen if not call.is_local]
                self._start_local(local)
                if local and not paid and self._has_paid_answer:
                    # What is answered here joins the answers that it follows from, where nobody waits for those.
                    self._take_all(self.calls.collect_all({call.id for call in local}, LINGER_SECONDS))
                    continue
                if self._must_save(paid):
                    self._save(paid)
                if self.lease.is_closed or not self._wait():
                    break
        finally:
            self.calls.cancel([key for key, call in self.flying.items() if call.is_local])
        if not self.lease.is_closed and self.lease.undecided:
            self._give_up()

    def _must_save(self, paid: Sequence[Call]) -> bool:
        is_last = not self.lease.undecided and not self.calls
        is_late = time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS
        is_idle = not (self.calls or self.results.batch.is_empty)
        return bool(paid) or is_last or is_late or is_idle or self._has_paid_answer

    @property
    def _has_paid_answer(self) -> bool:
        return any(not ended.asked.is_local for ended in self.results.batch.ended)

    def _wait(self) -> bool:
        """Wait for calls to end, or for a walk to become ready; False where waiting is over."""
        if self.calls:
            self.idle_since = None
            return self._wait_for_calls()
        now = time.monotonic()
        self.idle_since = self.idle_since or now
        seconds = self._seconds_to_next()
        # What others have under way may be lost, and to be settled by whoever takes over their chunk: maybe this one.
        patience = self.idle_since + MAX_WAIT_SECONDS - now
        if self._is_stopped or seconds > min(patience, self.budget.seconds_left):
            return False
        time.sleep(min(seconds, SHARED_WAIT_SECONDS))
        return True

    def _wait_for_calls(self) -> bool:
        if self._is_stopped:
            self.calls.cancel([key for key, call in self.flying.items() if call.is_local])
        flies_paid = any(not call.is_local for call in self.flying.values())
        # Calls are over by the budget's end; one that blocks the loop is left behind.
        left = self.budget.seconds_left + 2 * STOP_SECONDS
        if left <= 0:
            return False
        # Longer rounds cost fewer commits; the calls that are granted ahead fill the time.
        linger = min(LINGER_SECONDS, self.save_seconds) if flies_paid or self.ready else CHECKPOINT_SECONDS
        gap = linger
        if flies_paid and not self.ready:
            # Nothing waits to be granted, so that only the number of commits matters.
            linger, gap = 2 * LINGER_SECONDS, GAP_SECONDS
        seconds = min(CHECKPOINT_SECONDS, left, self._seconds_to_next())
        self._take_all(self.calls.collect(seconds, linger_seconds=linger, gap_seconds=gap))
        return True

    @property
    def _is_stopped(self) -> bool:
        return self.budget.is_used_up or self.lease.is_stopped or self.must_wait is not None

    def _seconds_to_next(self) -> float:
        """Return how long until something that is not in a call can go on; infinity where nothing can."""
        if self._is_stopped:
            return float("inf")
        if self.fresh:
            return 0.001
        now = time.monotonic()
        instants = [run.ready_at for run in self.waiting]
        instants += [until for until in self.filling_until.values() if until > now]
        return max(0.001, min(instants, default=float("inf")) - now)

    def _give_up(self) -> None:
        """Say when the undecided entities are worth another claim, storing what is left to store."""
        now = time.monotonic()
        for run in self.waiting:
            self.lease.decide(run.index, Outcome.RETRY_LATER)
        if self.waiting and not (self.fresh or self.ready or self.budget.is_used_up):
            self.lease.retry_in_seconds = max(0.0, min(run.ready_at for run in self.waiting) - now)
        if not self.results.batch.is_empty:
            self._save([])
        if self.must_wait is None and self.waiting and self.lease.retry_in_seconds > MAX_WAIT_SECONDS:
            self.must_wait = self._nobody_to_ask() or self._some_wait()
        if self.must_wait is not None and not self.must_wait.only_if_idle:
            self.lease.retry_in_seconds = 0.0
        if self.must_wait is not None and not self.lease.is_stopped:
            raise self.must_wait

    def _some_wait(self) -> JobMustWait | None:
        """Return why what is left of the chunk waits. All of it at its first step: other chunks would wait too."""
        reasons = {run.waits_for for run in self.waiting if run.waits_for}
        if not reasons:
            return None
        is_all = all(run.waits_for and run.position == 0 and not run.waits_alone for run in self.waiting)
        return JobMustWait(min(reasons), self.lease.retry_in_seconds, only_if_idle=not is_all)

    # What is known at the start

    def _load(self) -> None:
        lease, job = self.lease, self.job
        ids = [lease.entity_ids[index] for index in lease.undecided]
        known = load_entities(job.entity_type, ids, workspace_slug=job.workspace_slug)
        excluded = Exclusions.load_for(job.entity_type, known.values(), job.workspace_slug)
        asked = [*self.plan.steps, *filter(None, [self.plan.verifier])]
        is_paid = any(self._is_paid(provider) for provider in asked)
        prior = self._earlier(ids) if is_paid else {}
        left = in_flight.of_chunk(job.id, lease.position) if is_paid else {}
        self.results.states = circuit_breaker.load_states() if is_paid else {}
        end_read()
        for index in lease.undecided:
            entity_id = lease.entity_ids[index]
            if entity_id not in known:
                _decide_missing(lease, index)
            elif excluded and excluded.excludes(job.entity_type, known[entity_id]):
                lease.decide(index, Outcome.SKIPPED)
            else:
                run = EntityRun(index, entity_id, known[entity_id], self.plan, prior=prior.get(entity_id, {}))
                run.resume()
                resume = self._give_up_suspect if is_suspect(lease, index) else self._resume
                resume(run, left.pop(entity_id, []))
        self.results.batch.lost += [in_flight_call for rows in left.values() for in_flight_call in rows]
        if self.fresh:
            self.must_wait = self._nobody_to_ask()
        if lease.needs_caution:
            self.queued, self.fresh = self.fresh, []

    def _is_paid(self, provider: Provider) -> bool:
        return provider.name != NORMALIZER or (provider.why_unusable() is None and not provider.repeat_is_free)

    def _earlier(self, ids: Sequence[str]) -> dict[str, dict[str, PriorAnswer]]:
        """Return what providers have answered before, also those that the plan has no more."""
        verifiers = [self.plan.verifier] if self.plan.verifier is not None else []
        return self.context.gate.prior(ids, self.registry.providers.values(), verifiers)

    def _give_up_suspect(self, run: EntityRun, left: Sequence[Any]) -> None:
        """Decide an entity that the last of several workers was lost over: held if it may have been paid for."""
        if any(in_flight_call.is_pending or in_flight_call.callback is not None for in_flight_call in left):
            # To wait for an answer, and to read one that has come and is paid for, costs no worker.
            self._resume(run, left)
            return
        for in_flight_call in left:
            provider = self._provider_named(in_flight_call.provider)
            is_free = provider is not None and provider.repeat_is_free
            (self.results.batch.replaced if is_free else self.results.batch.lost).append(in_flight_call)
        is_in_doubt = any(one.is_of_job and one.outcome_class == IN_DOUBT for one in run.prior.values())
        if left or run.in_doubt_with or is_in_doubt:
            self.lease.decide(run.index, Outcome.HELD)
        else:
            decide_suspect(self.lease, run.index)

    def _resume(self, run: EntityRun, left: Sequence[Any]) -> None:
        """Go on with an entity whose earlier worker left calls on record: answered since, pending, or in doubt."""
        if any(
            in_flight_call.is_pending and in_flight_call.callback is None and not in_flight_call.is_overdue
            for in_flight_call in left
        ):
            # The other calls stay on record until that answer has come, or is overdue.
            run.wait_until(time.monotonic() + PENDING_RETRY_SECONDS)
            self._rest(run)
            return
        given_up = [in_flight_call for in_flight_call in left if not self._take_left(run, in_flight_call)]
        if given_up:
            self.results.batch.lost += given_up
            self.lease.decide(run.index, Outcome.HELD)
        else:
            self._rest(run)

    def _take_left(self, run: EntityRun, in_flight_call: Any) -> bool:
        """Take in a call that an earlier worker left on record; False if its answer can no longer be had."""
        provider = self._provider_named(in_flight_call.provider)
        if in_flight_call.callback is not None or in_flight_call.is_pending:
            if provider is None:
                # The settings have changed: nobody is left who could read it.
                return False
            self.results.take_callback(run, in_flight_call, provider)
        elif in_flight_call.provider == NORMALIZER:
            self.results.batch.lost.append(in_flight_call)
            run.has_only_rules = True
        elif provider is not None and provider.repeat_is_free:
            run.in_doubt_with.add(in_flight_call.provider)
            self.results.batch.replaced.append(in_flight_call)
        else:
            return False
        return True

    def _provider_named(self, name: str) -> Provider | None:
        known = {provider.name: provider for provider in (*self.plan.steps, self.plan.verifier) if provider}
        return known.get(name)

    def _nobody_to_ask(self) -> JobMustWait | None:
        """Return why the job has to wait, where everybody whom it could ask is unavailable."""
        states = [self.results.states.get(provider.name) for provider in self.plan.steps]
        held = [
            state
            for state, provider in zip(states, self.plan.steps, strict=True)
            if state is not None and not state.is_available(provider) and provider.name != NORMALIZER
        ]
        if len(held) < len(self.plan.steps):
            return None
        soonest = min(held, key=lambda state: state.seconds_left or float("inf"))
        return JobMustWait(soonest.describe(), soonest.seconds_left or UNUSABLE_SECONDS)

    # Walks

    def _rest(self, run: EntityRun) -> None:
        """Take a walk that is in no call; where it goes on is found in the next round."""
        (self.waiting if run.ready_at > time.monotonic() else self.fresh).append(run)

    def _advance(self) -> None:
        """Bring every walk that may go on to its next question, or to its end."""
        soon = time.monotonic() + MAX_WAIT_SECONDS
        is_busy = self.fresh or self.ready or self.flying or any(run.ready_at <= soon for run in self.waiting)
        if self.queued and not is_busy and not self._is_stopped:
            run = self.queued.pop(0)
            self.lease.outcomes[run.index] = Outcome.INTENT
            self.lease.checkpoint()
            self.fresh.append(run)
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            self._rest(run)
        runs, self.fresh = self.fresh, []
        found = [one for run in runs if (one := self._next_step(run)) is not None]
        for asked in self._with_prices(found):
            alone = asked.run.index + 1 if asked.run.is_alone else 0
            name = asked.step.provider.name
            # What costs nothing needs nothing on record, and does not wait for what does. A bulk call's cost is known
            # only in total, of which a repeat would take a share that the others are charged for.
            key = (name, alone, asked.is_local, name in asked.run.in_doubt_with)
            self.ready.setdefault(key, deque()).append(asked)

    def _next_step(self, run: EntityRun) -> tuple[EntityRun, Step, Lookup] | None:
        """Return a walk's next question; None where it has ended, waits, or has to be looked at again."""
        while True:
            step = run.step()
            if isinstance(step, Decision):
                self._decide(run, step)
                return None
            if not self._can_ask(run, step):
                if run.ready_at > time.monotonic() or self.must_wait is not None:
                    self._rest(run)
                    return None
                continue
            lookup = self._lookup(run, step)
            reason = step.provider.why_insufficient(lookup)
            if reason is None:
                return run, step, lookup
            self.results.take_answer(run, step, lookup, Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason))

    def _with_prices(self, found: Sequence[tuple[EntityRun, Step, Lookup]]) -> list[Attempt]:
        """Return questions with the most that each can cost; a model is told what the cache knows."""
        keys = {key for _, step, lookup in found for key in step.provider.cache_keys(lookup)}
        cached = model_cache.load(keys) if keys else {}
        if keys:
            end_read()
        priced = []
        for run, step, lookup in found:
            known = replace(lookup, cached=cached) if cached else lookup
            asked = Attempt(run, step, known, attempt_id=new_id())
            if not step.provider.is_local(known):
                digest = fingerprint(step.provider, self.job.entity_type, run.fields)
                price = step.provider.worst_price_micros(known)
                asked = replace(asked, price_micros=price, fingerprint=digest, is_local=False)
            priced.append(asked)
        return priced

    def _decide(self, run: EntityRun, end: Decision) -> None:
        failure = Failure(end.code, end.message) if end.outcome is Outcome.ERROR else None
        if end.outcome is Outcome.ERROR and not run.has_answer and run.passed and run.failure is None:
            # Nobody could be asked at all: that is the providers' matter, not the entity's.
            run.start_again(time.monotonic() + self._soonest(), end.message)
            self.waiting.append(run)
            return
        self.lease.decide(run.index, end.outcome, failure)

    def _pause(self, wait: JobMustWait) -> None:
        self.must_wait = self.must_wait or wait

    def _soonest(self) -> float:
        left = [
            self.results.states[one.name].seconds_left for one in self.plan.steps if one.name in self.results.states
        ]
        return max(1.0, min((seconds for seconds in left if seconds is not None), default=UNUSABLE_SECONDS))

    def _can_ask(self, run: EntityRun, step: Step) -> bool:
        """Tell whether a question may be asked; where not, the walk has gone on, waits, or the job must."""
        provider = step.provider
        prior = run.prior.get(provider.name)
        if step.purpose is Purpose.STEP and prior is not None:
            asked = fingerprint(provider, self.job.entity_type, run.fields)
            if is_answered(prior, asked):
                self._take_prior(run, prior)
                return False
        if step.purpose is Purpose.VERIFY and prior is not None and prior.is_lost:
            self.results.note_not_asked(run, provider.name)
            run.hold()
            return False
        if provider.name == NORMALIZER and run.has_only_rules:
            self._fall_back_to_rules(run, step)
            return False
        state = self.results.states.get(provider.name)
        if state is None or state.is_available(provider):
            return True
        return self._pass_over(run, step, state)

    def _take_prior(self, run: EntityRun, prior: PriorAnswer) -> None:
        if prior.outcome_class == IN_DOUBT:
            self.results.note_not_asked(run, self.plan.steps[run.position].name)
        run.take_prior(prior)
        if run.offer is not None and self.plan.verifier is None:
            self.results.accept(run, None)

    def _pass_over(self, run: EntityRun, step: Step, state: circuit_breaker.ProviderState) -> bool:
        policy = step.provider.settings.on_exhausted
        may_be_paid = run.may_be_paid(step.provider.name)
        if step.purpose is Purpose.VERIFY:
            self.results.accept(run, None)
        elif step.provider.name == NORMALIZER:
            self._fall_back_to_rules(run, step)
        elif self.plan.is_single or policy is ExhaustionPolicy.PAUSE:
            self._pause(JobMustWait(state.describe(), state.seconds_left or UNUSABLE_SECONDS))
        elif may_be_paid and policy is ExhaustionPolicy.SKIP and not _may_return_soon(state):
            run.hold()
        elif may_be_paid or policy is ExhaustionPolicy.HOLD:
            run.wait_until(time.monotonic() + (state.seconds_left or UNUSABLE_SECONDS), state.describe())
        else:
            run.skip_provider(state.describe())
        return False

    def _fall_back_to_rules(self, run: EntityRun, step: Step) -> None:
        lookup = self._lookup(run, step)
        self.results.take_answer(run, step, lookup, step.provider.rules(lookup))

    def _lookup(self, run: EntityRun, step: Step) -> Lookup:
        fields: Mapping[str, Any] = run.fields
        if step.purpose is Purpose.VERIFY and run.offer is not None:
            fields = {**run.fields, **run.offer.fields}
        lookup = Lookup(self.job.entity_type, run.entity_id, fields, request_id=new_id())
        if not step.provider.answers_later:
            return lookup
        return replace(lookup, callback_url=callback_url(self.settings, lookup.request_id))

    # Calls

    def _choose(self) -> list[Call]:
        """Return the calls that are to start now, as far as there is room and time for them."""
        now = time.monotonic()
        due = sum(call.start_at <= now for call in self.flying.values())
        room = self.concurrency + self.concurrency // AHEAD - due
        chosen: list[Call] = []
        # Those who have come furthest first: they end soonest, and what comes after them is kept busy.
        for key, group in sorted(self.ready.items(), key=lambda item: -item[1][0].run.position):
            provider = group[0].step.provider
            most = len(chosen) + self._most_to_ask(provider, now)
            state = self.results.states.get(provider.name)
            if state is not None and not state.is_available(provider):
                # It was when they were lined up.
                self.fresh += [asked.run for asked in self.ready.pop(key)]
                continue
            while group and len(chosen) < min(room, most) and self._may_start(provider, group):
                size = self._bulk_size(provider, group)
                some = [group.popleft() for _ in range(min(size, len(group)))]
                chosen.append(Call(new_id(), provider, some, self._patience(provider)))
            if not group:
                del self.ready[key]
        return chosen

    def _most_to_ask(self, provider: Provider, now: float) -> int:
        """Return how many more calls its limits could allow at all: more would only keep room from others."""
        limits = provider.settings.limits_for(self.job.entity_type)
        flying = [call for call in self.flying.values() if call.provider is provider]
        lined_up = sum(call.start_at > now for call in flying)
        bounds = [rate_limits.most_lined_up(limits) - lined_up]
        if limits.at_once is not None:
            bounds.append(limits.at_once - len(flying))
        return max(0, min(bounds))

    def _bulk_size(self, provider: Provider, group: Sequence[Attempt]) -> int:
        return 1 if group[0].run.is_alone else provider.bulk_sizes.get(self.job.entity_type, 1)

    def _may_start(self, provider: Provider, group: Sequence[Attempt]) -> bool:
        if self._is_stopped:
            return False
        if group[0].is_local:
            return True
        if self.budget.seconds_left < self._patience(provider):
            self.filling_until.pop(provider.name, None)
            return False
        return not self._fills_up(provider, group)

    def _fills_up(self, provider: Provider, group: Sequence[Attempt]) -> bool:
        """Tell whether a bulk call is better made a little later, when others have come to the same step."""
        now = time.monotonic()
        if len(group) < self._bulk_size(provider, group) and self._may_come(group[0].run.position):
            until = self.filling_until.setdefault(provider.name, now + BULK_WAIT_SECONDS)
            if now < until:
                return True
        self.filling_until.pop(provider.name, None)
        return False

    def _may_come(self, position: int) -> bool:
        """Tell whether somebody is on the way to a step of the waterfall."""
        flying = (asked.run for call in self.flying.values() for asked in call.asked)
        return any(run.position < position for run in chain(self.fresh, self.waiting, flying))

    def _patience(self, provider: Provider) -> float:
        """Return how long a call may take, in seconds."""
        return min(provider.settings.timeout_seconds, PATIENCE_SHARE * self.budget.whole_seconds)

    def _start_local(self, calls: Iterable[Call]) -> None:
        for call in calls:
            limit = time.monotonic() + CALL_SHARE * self.settings.ENRICH_TIME_BUDGET
            self._start(call, deadline=min(limit, self.budget.deadline), start_at=0.0)

    def _start(self, call: Call, *, deadline: float, start_at: float) -> None:
        call.started_at = datetime.now(UTC)
        call.start_at = start_at
        self.flying[call.id] = call
        grace = 0.0 if call.is_local else STOP_SECONDS
        self.calls.start(call.id, _asking(call, deadline), deadline=deadline + grace, start_at=start_at)

    # Answers

    def _take_all(self, ended: Iterable[tuple[str, "list[Answer] | BaseException"]]) -> None:
        for key, result in ended:
            self._take(self.flying.pop(key), result)

    def _take(self, call: Call, result: "list[Answer] | BaseException") -> None:
        """Take in what became of a call."""
        self.results.batch.ended_calls.add(call.id)
        if isinstance(result, NotSent):
            self.results.batch.released += [] if call.is_local else call.asked
            self.fresh += [asked.run for asked in call.asked]
            return
        answers = self._answers_of(call, result)
        if answers is None:
            self.fresh += [asked.run for asked in call.asked]
            return
        if len(call.asked) > 1 and all(_is_refused(one) for one in answers):
            # One bad entity must not cost the others: each is asked about by itself.
            self.results.batch.released += call.asked
            for asked in call.asked:
                asked.run.is_alone = True
            self.fresh += [asked.run for asked in call.asked]
            return
        for asked, answer in zip(call.asked, answers, strict=True):
            self.results.take(AttemptResult(asked, answer, call.started_at, datetime.now(UTC), call_id=call.id))
            self._rest(asked.run)

    def _answers_of(self, call: Call, result: "list[Answer] | BaseException") -> "list[Answer] | None":
        """Return an answer for each entity of a call; None where it was broken off and nothing is known to be lost."""
        if isinstance(result, list):
            return result
        is_cut = not isinstance(result, Exception) or (
            isinstance(result, TimeoutError) and time.monotonic() >= self.budget.deadline
        )
        if call.is_local and is_cut:
            return None
        if isinstance(result, TimeoutError):
            error = "The provider took longer than the time budget."
            return [Answer(OutcomeClass.TRANSIENT, error=error, is_cost_known=call.is_local)] * len(call.asked)
        # The message may hold what the provider was asked about, so only its kind is logged and stored.
        log.warning("provider raised", provider=call.provider.name, error_type=type(result).__name__)
        unknown = Answer(OutcomeClass.INVALID_REQUEST, error=describe_bug(result), is_cost_known=call.is_local)
        return [unknown] * len(call.asked)

    # Storing

    def _save(self, calls: Sequence[Call]) -> None:
        """Store the round with what `calls` need to start, and start those that may."""
        current, self.results.batch = self.results.batch, Batch()
        current.calls = list(calls)
        current.states = self.results.states
        is_last = not self.lease.undecided and not self.calls and not calls
        save = self.lease.finish if is_last else self.lease.checkpoint
        # Answers that are on their way are given up with the chunk, where its lease cannot be renewed.
        has_paid = current.has_money or any(not call.is_local for call in self.flying.values())
        started_at = time.monotonic()
        try:
            save(lambda session: store_batch(session, self.context, current), insist=has_paid)
        except BaseException:
            # An outcome must not be stored later without what it stands for.
            self.lease.forget_unstored()
            raise
        self.saved_at = time.monotonic()
        self.save_seconds = self.saved_at - started_at
        self._learn(current)

    def _learn(self, stored: Batch) -> None:
        """Start what was granted, and remember why the rest was not."""
        now = time.monotonic()
        if stored.fresh_states is not None:
            self.results.states = stored.fresh_states
        for call in stored.calls:
            granted = stored.granted.get(call.id)
            refused = [asked for asked in call.asked if granted is None or asked not in granted.asked]
            for asked in refused:
                wait = stored.waits.get(asked.attempt_id, 0.05)
                asked.run.wait_until(now + wait, stored.reasons.get(asked.attempt_id, ""))
                asked.run.prior.update(stored.prior.get(asked.run.entity_id, {}))
                asked.run.fields.update(stored.entities.get(asked.run.entity_id, {}))
                self._rest(asked.run)
            if granted is not None:
                self._start_granted(replace(call, asked=granted.asked), granted.start_at)
        self._drop(stored.gone)
        if stored.reached is not None:
            self._pause(JobMustWait(stored.reached.describe(), stored.reached_seconds))

    def _start_granted(self, call: Call, start_at: float) -> None:
        """Start a call that is on record, unless the transaction took so long that it could outlast the budget."""
        now = time.monotonic()
        deadline = max(now, start_at) + call.patience
        if deadline > self.budget.deadline + STOP_SECONDS or now - start_at > call.patience / 4:
            self.results.batch.released += call.asked
            self.fresh += [asked.run for asked in call.asked]
        else:
            self._start(call, deadline=deadline, start_at=max(now, start_at))

    def _drop(self, gone: Collection[str]) -> None:
        """Leave off from entities that were erased or excluded."""
        if not gone:
            return
        for runs in (self.fresh, self.waiting):
            self._skip([run for run in runs if run.entity_id in gone])
            runs[:] = [run for run in runs if run.entity_id not in gone]
        for key, group in list(self.ready.items()):
            self._skip([asked.run for asked in group if asked.run.entity_id in gone])
            self.ready[key] = deque(asked for asked in group if asked.run.entity_id not in gone)
            if not self.ready[key]:
                del self.ready[key]

    def _skip(self, runs: Sequence[EntityRun]) -> None:
        """Decide entities as skipped."""
        for run in runs:
            self.lease.decide(run.index, Outcome.SKIPPED)


def _may_return_soon(state: circuit_breaker.ProviderState) -> bool:
    """Tell whether a provider is worth waiting for: nobody knows when a refused key will be changed."""
    return state.until is not None and state.seconds_held <= RETURN_SECONDS


def _is_refused(answer: Answer) -> bool:
    return answer.outcome_class is OutcomeClass.INVALID_REQUEST and answer.is_cost_known and not answer.cost_micros


def _asking(call: Call, deadline: float) -> Callable[[], Any]:
    provider, lookups = call.provider, [asked.lookup for asked in call.asked]

    async def ask() -> list[Answer]:
        if len(lookups) == 1:
            return [await provider.lookup(lookups[0], deadline=deadline)]
        answers = list(await provider.lookup_many(lookups, deadline=deadline))
        if len(answers) != len(lookups):
            raise RuntimeError(f"expected {len(lookups)} answers, got {len(answers)}")
        return answers

    return ask


def _decide_missing(lease: Lease, index: int) -> None:
    message = f"There is no {lease.job.entity_type} with this id in workspace {lease.job.workspace_slug}."
    lease.decide(index, Outcome.ERROR, Failure("entity_not_found", message))
