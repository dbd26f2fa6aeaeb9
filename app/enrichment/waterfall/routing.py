"""The next step of each entity, and whether it can be taken now."""

import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.config import Config
from app.db.session import end_read
from app.enrichment.limits.circuit_breaker import KnownStates, ProviderState
from app.enrichment.queue.in_hand import JobMustWait
from app.enrichment.queue.lease import Failure, Lease
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.batch import Admission, Attempt, Call, JobContext
from app.enrichment.waterfall.callbacks import callback_url
from app.enrichment.waterfall.dedup import fingerprint, is_answered
from app.enrichment.waterfall.entity_run import (
    IN_DOUBT,
    UNAVAILABLE,
    Decision,
    EntityRun,
    Finding,
    Plan,
    PriorAnswer,
    Purpose,
    Step,
)
from app.enrichment.waterfall.plan import UNUSABLE_SECONDS
from app.enrichment.waterfall.results import ResultHandler, bug_answer
from app.entities.verdicts import VerdictView, standing_verdicts
from app.models.chunk import Outcome
from app.models.types import new_id
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.settings import ExhaustionPolicy

RETURN_SECONDS: Final = 86_400.0
"""How long a provider may be unavailable until entities wait no longer for its free repeat, but are held. Whoever buys
credits does so within a day; without a bound, their jobs would never end."""
SHORT_WAIT_SECONDS: Final = 2.0
"""The wait up to which a run is taken to be held up by the limits of a provider, and not by trouble with it."""
HERE_SECONDS: Final = 0.1
"""For how long at most entities are answered without calls until calls that have ended are looked at again."""
RUNS_AT_ONCE: Final = 100
"""How many entities are led to their next step together."""
MAX_WAIT_SECONDS: Final = 5.0
"""The longest that a worker waits with a chunk in its hands for something to become possible."""

_NextAttempt = tuple[EntityRun, Step, Lookup]


@dataclass
class Router:
    """Leads entities that are in no call to their next step.

    It owns the runs whose next step is to be found (`_fresh`), those that cannot go on before an instant (`_waiting`),
    and those of a cautious chunk that have not had their turn (`_queued`).
    """

    context: JobContext
    lease: Lease
    settings: Config
    results: ResultHandler
    must_wait: JobMustWait | None = None
    """Why the job has to wait, once something says so."""
    _fresh: list[EntityRun] = field(default_factory=list)
    _waiting: list[EntityRun] = field(default_factory=list)
    _queued: deque[EntityRun] = field(default_factory=deque)
    _verdicts: Mapping[str, VerdictView] = field(default_factory=dict)
    """The standing verdicts on the addresses that runs may have verified next, by address."""

    @property
    def states(self) -> KnownStates:
        """The providers' states."""
        return self.results.states

    # Runs in and out

    def begin(self, runs: Iterable[EntityRun]) -> None:
        """Take the runs of a chunk; if it needs caution, they go on one by one."""
        self.add(runs)
        if self._fresh:
            self.must_wait = _why_nobody(self.context.plan, self.states)
        if self.lease.needs_caution:
            self._queued.extend(self._fresh)
            self._fresh = []

    def add(self, runs: Iterable[EntityRun]) -> None:
        """Take runs that are in no call."""
        now = time.monotonic()
        for run in runs:
            (self._waiting if run.ready_at > now else self._fresh).append(run)

    def look_again(self, runs: Iterable[EntityRun]) -> None:
        """Take runs whose next step is to be found anew."""
        self._fresh.extend(runs)

    def refuse(self, call: Call, admission: Admission) -> None:
        """Take back the runs of a call that may not start, with what is known of them by now."""
        now = time.monotonic()
        granted = admission.granted.get(call.id)
        going = granted.attempts if granted is not None else ()
        for attempt in call.attempts:
            if attempt in going:
                continue
            refusal = admission.refused.get(attempt.id)
            run = attempt.run
            run.wait_until(now + (refusal.wait_seconds if refusal else 0.05), refusal.reason if refusal else "")
            run.prior.update(admission.prior.get(run.entity_id, {}))
            run.fields.update(admission.entities.get(run.entity_id, {}))
            self.add([run])

    def drop(self, gone: Collection[str]) -> None:
        """Decide entities as skipped that were erased or excluded."""
        self.skip(run for run in (*self._fresh, *self._waiting) if run.entity_id in gone)
        self._fresh = [run for run in self._fresh if run.entity_id not in gone]
        self._waiting = [run for run in self._waiting if run.entity_id not in gone]

    def skip(self, runs: Iterable[EntityRun]) -> None:
        """Decide entities as skipped."""
        for run in runs:
            self.lease.decide(run.index, Outcome.SKIPPED)

    def pause(self, wait: JobMustWait) -> None:
        """Let the job wait, unless it has to anyway."""
        self.must_wait = self.must_wait or wait

    # What is known of them

    @property
    def has_fresh(self) -> bool:
        """Whether the next step of a run is to be found."""
        return bool(self._fresh)

    def lines(self) -> Counter[Provider]:
        """Count the runs that are in no call, by the provider that they ask next."""
        ahead = (run.provider_ahead for run in (*self._fresh, *self._waiting))
        return Counter(provider for provider in ahead if provider is not None)

    @property
    def waits_for_limit(self) -> bool:
        """Whether a run waits, for a short time, until the limits of a provider let it be asked."""
        soon = time.monotonic() + SHORT_WAIT_SECONDS
        return any(run.waits_for and run.ready_at <= soon for run in self._waiting)

    def first_instant(self) -> float:
        """Return the instant of the monotonic clock at which the first waiting run can go on; infinity: none."""
        return min((run.ready_at for run in self._waiting), default=float("inf"))

    def steps_ahead(self) -> Iterable[int]:
        """Give the steps at which runs are that are in no call."""
        return (run.step_index for run in (*self._fresh, *self._waiting))

    def give_up_waiting(self, *, is_all: bool) -> None:
        """Decide waiting runs as to be tried later; `is_all` says that nothing else of the chunk is left."""
        for run in self._waiting:
            self.lease.decide(run.index, Outcome.RETRY_LATER)
        if self._waiting and is_all and not self._fresh:
            self.lease.retry_in_seconds = max(0.0, self.first_instant() - time.monotonic())

    def note_long_wait(self) -> None:
        """Let the job wait, if what is left of the chunk waits for long."""
        if self.must_wait is None and self._waiting and self.lease.retry_in_seconds > MAX_WAIT_SECONDS:
            why_nobody = _why_nobody(self.context.plan, self.states)
            self.must_wait = why_nobody or _why_some(self._waiting, self.lease.retry_in_seconds)

    # The next step

    def next_attempts(self, *, is_busy: bool, is_stopped: bool) -> list[Attempt]:
        """Bring every run that may go on to its next call, or to its end; what takes no call is answered at once.

        `is_busy` says whether attempts are lined up or under way, `is_stopped` that nothing more is to be asked. Leaves
        the rest for the next time after `HERE_SECONDS`.
        """
        if not is_stopped:
            self._begin_queued(is_busy=is_busy)
        waiting, self._waiting = self._waiting, []
        self.add(waiting)
        runs, self._fresh = deque(self._fresh), []
        attempts: list[Attempt] = []
        until = time.monotonic() + HERE_SECONDS
        while runs and time.monotonic() < until:
            taken = [runs.popleft() for _ in range(min(len(runs), RUNS_AT_ONCE))]
            self._load_verdicts(taken)
            asking = [asked for run in taken if (asked := self._next_attempt(run)) is not None]
            if is_stopped:
                self.look_again(run for run, _, _ in asking)
            else:
                found, answered = self._answer_here(asking, until)
                attempts += found
                runs += answered
        self._fresh += runs
        return attempts

    def _answer_here(self, asking: Sequence[_NextAttempt], until: float) -> tuple[list[Attempt], list[EntityRun]]:
        """Apply what is answered without a call; return the other attempts, and the answered runs that can go on.

        Those beyond the first that an instant of the monotonic clock leaves no time for are looked at again.
        """
        attempts: list[Attempt] = []
        answered: list[EntityRun] = []
        for place, (run, step, lookup) in enumerate(_with_cache(asking)):
            if place and time.monotonic() >= until:
                self.look_again(run for run, _, _ in asking[place:])
                break
            answer = _local_answer(step.provider, lookup)
            if answer is None:
                attempts.append(_attempt(run, step, lookup, self.context.job.entity_type))
                continue
            self.results.apply_local(run, step, lookup, answer, run.address(step))
            (self._waiting if run.ready_at > time.monotonic() else answered).append(run)
        return attempts, answered

    def _load_verdicts(self, runs: Iterable[EntityRun]) -> None:
        addresses = set().union(*(run.addresses for run in runs)) if self.context.plan.verifiers else ()
        self._verdicts = standing_verdicts(addresses, self.context.job.workspace_slug)
        if addresses:
            end_read()

    def _begin_queued(self, *, is_busy: bool) -> None:
        """Let the next run of a cautious chunk begin, if nothing else goes on; its entity is marked beforehand."""
        goes_on = is_busy or self._fresh or self.first_instant() <= time.monotonic() + MAX_WAIT_SECONDS
        if not self._queued or goes_on:
            return
        run = self._queued.popleft()
        self.lease.outcomes[run.index] = Outcome.INTENT
        self.lease.checkpoint()
        self._fresh.append(run)

    def _next_attempt(self, run: EntityRun) -> _NextAttempt | None:
        """Return what a run asks next; None if it has ended, waits, or has to be looked at again."""
        while True:
            step = run.next_step()
            if isinstance(step, Decision):
                self._decide(run, step)
                return None
            if not self._can_ask(run, step):
                if run.ready_at > time.monotonic() or self.must_wait is not None:
                    self.add([run])
                    return None
                continue
            lookup = _lookup(run, step, self.context.job.entity_type, self.settings)
            reason = step.provider.why_insufficient(lookup)
            if reason is None:
                run.line_up()
                return run, step, lookup
            self.results.apply_local(run, step, lookup, Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error=reason))

    def _decide(self, run: EntityRun, decision: Decision) -> None:
        is_error = decision.outcome is Outcome.ERROR
        if is_error and decision.code == UNAVAILABLE and run.finding is Finding.NOTHING:
            # Nobody could be asked at all: that is the providers' matter, not the entity's.
            run.start_again(time.monotonic() + _soonest_return(self.context.plan, self.states), decision.message)
            self._waiting.append(run)
            return
        failure = Failure(decision.code, decision.message, decision.provider) if is_error else None
        self.lease.decide(run.index, decision.outcome, failure)
        self.results.note_decided(run)

    def _can_ask(self, run: EntityRun, step: Step) -> bool:
        """Return whether a step may be taken now; if not, the run has gone on, waits, or the job must."""
        provider = step.provider
        if self._is_judged(run, step):
            return False
        prior = run.prior.get(provider.name)
        if prior is not None and self._is_settled_by(run, step, prior):
            return False
        if provider.capabilities.rules_first and run.uses_rules_only:
            self._fall_back_to_rules(run, step)
            return False
        state = self.states.get(provider.name)
        if state is None or state.is_available(provider):
            return True
        self._pass_over(run, step, state)
        return False

    def _is_judged(self, run: EntityRun, step: Step) -> bool:
        """Apply a standing verdict on the address that a step is to have verified; return whether there was one."""
        verdict = self._verdicts.get(run.address(step) or "")
        if verdict is not None:
            self.results.apply_standing(run, verdict)
        return verdict is not None

    def _is_settled_by(self, run: EntityRun, step: Step, prior: PriorAnswer) -> bool:
        """Apply a prior answer if it makes the step needless; return whether it did."""
        name = step.provider.name
        if step.purpose is Purpose.STEP:
            if not is_answered(prior, fingerprint(step.provider, self.context.job.entity_type, run.fields)):
                return False
            if prior.outcome_class == IN_DOUBT:
                self.results.note_not_asked(run, name)
            run.apply_prior(prior)
            if run.offer is not None and self.context.plan.verifier is None:
                self.results.accept_offer(run, run.withdraw_offer())
            return True
        if step.purpose is Purpose.VERIFY and prior.is_lost:
            self.results.note_not_asked(run, name)
            run.hold()
            return True
        return False

    def _pass_over(self, run: EntityRun, step: Step, state: ProviderState) -> None:
        """Do what the settings say of a provider that is unavailable."""
        policy = step.provider.settings.on_exhausted
        may_be_paid = run.may_be_paid(step.provider.name)
        seconds = state.seconds_left or UNUSABLE_SECONDS
        if self._does_without(run, step):
            return
        if self.context.plan.is_single or policy is ExhaustionPolicy.PAUSE:
            self.pause(JobMustWait(state.describe(), seconds))
        elif may_be_paid and policy is ExhaustionPolicy.SKIP and not _may_return_soon(state):
            run.hold()
        elif may_be_paid or policy is ExhaustionPolicy.HOLD:
            run.wait_until(time.monotonic() + seconds, state.describe())
        else:
            run.skip_provider(state.describe())

    def _does_without(self, run: EntityRun, step: Step) -> bool:
        """Go on without a verifier's verdict, or with what the rules say instead of a model; False for other steps."""
        if step.purpose is Purpose.VERIFY:
            self.results.accept_offer(run, run.withdraw_offer())
            return True
        if step.provider.capabilities.rules_first:
            self._fall_back_to_rules(run, step)
            return True
        return False

    def _fall_back_to_rules(self, run: EntityRun, step: Step) -> None:
        lookup = _lookup(run, step, self.context.job.entity_type, self.settings)
        self.results.apply_local(run, step, lookup, step.provider.rules(lookup))


def _lookup(run: EntityRun, step: Step, entity_type: str, settings: Config) -> Lookup:
    fields: Mapping[str, Any] = run.fields
    if step.purpose is Purpose.VERIFY and run.offer is not None:
        fields = {**run.fields, **run.offer.fields}
    lookup = Lookup(entity_type, run.entity_id, fields, request_id=new_id())
    if not step.provider.capabilities.answers_later:
        return lookup
    return replace(lookup, callback_url=callback_url(settings, lookup.request_id))


def _soonest_return(plan: Plan, known: KnownStates) -> float:
    """Return the seconds after which the first provider of the plan may be available again."""
    states = [known.get(provider.name) for provider in plan.steps]
    left = [state.seconds_left for state in states if state is not None and state.seconds_left is not None]
    return max(1.0, min(left, default=UNUSABLE_SECONDS))


def _why_nobody(plan: Plan, known: KnownStates) -> JobMustWait | None:
    """Return why the job has to wait if every provider that it could ask is unavailable."""
    unavailable = []
    for provider in plan.steps:
        state = known.get(provider.name)
        if state is None or state.is_available(provider) or provider.capabilities.rules_first:
            return None
        unavailable.append(state)
    soonest = min(unavailable, key=lambda state: state.seconds_left or float("inf"))
    return JobMustWait(soonest.describe(), soonest.seconds_left or UNUSABLE_SECONDS)


def _why_some(waiting: Sequence[EntityRun], seconds: float) -> JobMustWait | None:
    """Return why what is left of a chunk waits. All of it at its first step: other chunks would wait too."""
    reasons = {run.waits_for for run in waiting if run.waits_for}
    if not reasons:
        return None
    is_all = all(run.waits_for and run.step_index == 0 and not run.waits_alone for run in waiting)
    return JobMustWait(min(reasons), seconds, only_if_idle=not is_all)


def _may_return_soon(state: ProviderState) -> bool:
    """Return whether a provider is worth waiting for: nobody knows when a refused key will be changed."""
    return state.until is not None and state.seconds_held <= RETURN_SECONDS


def _with_cache(asking: Sequence[_NextAttempt]) -> Sequence[_NextAttempt]:
    """Tell a model what the cache knows of the texts that it is to be asked about."""
    keys = {key for _, step, lookup in asking for key in step.provider.cache_keys(lookup)}
    if not keys:
        return asking
    cached = model_cache.load(keys)
    end_read()
    return [(run, step, replace(lookup, cached=cached)) for run, step, lookup in asking]


def _local_answer(provider: Provider, lookup: Lookup) -> Answer | None:
    try:
        return provider.local_answer(lookup)
    except Exception as exc:
        return bug_answer(provider, exc, is_cost_known=True)


def _attempt(run: EntityRun, step: Step, lookup: Lookup, entity_type: str) -> Attempt:
    """Return the attempt that a call is to be made for, with the most that it can cost."""
    provider = step.provider
    return Attempt(
        run,
        step,
        lookup,
        new_id(),
        price_micros=provider.worst_price_micros(lookup),
        fingerprint=fingerprint(provider, entity_type, run.fields),
        is_local=False,
        address=run.address(step),
    )
