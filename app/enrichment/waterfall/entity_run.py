"""Which provider next for one entity, and when to stop. No database, no HTTP, no Flask.

A plan is the order of providers and the fields that are wanted. Each entity
walks along it: a step is left out where the entity lacks its input, gone past
where its provider cannot be asked now or has answered before, and the walk
ends when every wanted field has a value or nobody is left to ask. What was
written is normalised last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from app.entities.merge import is_blank
from app.models.chunk import Outcome
from app.providers.base import DEFINITE, Answer, OutcomeClass, Provider

IN_DOUBT: Final = "in_doubt"
"""The outcome class of an attempt of which nobody knows whether it was paid."""
REPEATABLE: Final = "repeatable"
"""What the gate calls an attempt that may have been paid without an answer, if its provider repeats it for free."""
RETRY_SECONDS: Final = (1.0, 2.0, 4.0)
"""How long to wait before each further try of a call that failed for a passing reason."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to ask, in order, and for what. Without `until` every provider is asked once."""

    steps: tuple[Provider, ...]
    until: tuple[str, ...] = ()
    verifier: Provider | None = None
    normalizer: Provider | None = None
    """Who runs on what was written."""

    @property
    def is_single(self) -> bool:
        """Whether the job names one provider and not a waterfall."""
        return not self.until


@dataclass(frozen=True, slots=True)
class PriorAnswer:
    """What a provider answered before, recently enough to count."""

    attempt_id: str
    outcome_class: str
    misses: frozenset[str | None]
    """The fingerprints of the questions to which it had nothing."""
    withheld: Mapping[str, Any] | None
    is_rejected: bool
    is_of_job: bool
    """Whether it was this very job that asked."""
    is_lost: bool = False
    """Whether the worker was lost with the answer, so that nobody decided to go on without it."""
    is_noted: bool = False
    """Whether this job has an attempt on record that says that it did not ask because of this one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An address that waits for the verifier's verdict, with the rest of what came with it."""

    attempt_id: str
    provider: str
    fields: Mapping[str, Any]


class Purpose(Enum):
    """What a question is asked for."""

    STEP = auto()
    VERIFY = auto()
    NORMALIZE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """The next question of a walk."""

    purpose: Purpose
    provider: Provider


@dataclass(frozen=True, slots=True)
class Decision:
    """How a walk ended. A code and a message come with an error."""

    outcome: Outcome
    code: str = ""
    message: str = ""


@dataclass
class EntityRun:
    """One entity on its way along the plan."""

    index: int
    """Its place in the chunk."""
    entity_id: str
    fields: dict[str, Any]
    plan: Plan
    prior: dict[str, PriorAnswer] = field(default_factory=dict)
    """By provider's name."""
    ready_at: float = 0.0
    """Not to be asked about before this instant of the monotonic clock."""
    waits_for: str = ""
    """Why it is not ready, in a sentence that may become the reason of a pause; empty: it is a short wait."""
    is_alone: bool = False
    """Whether it is asked about by itself, after a bulk call with it was refused."""
    in_doubt_with: set[str] = field(default_factory=set)
    """The providers that were asked already without it being known how that ended, and whose repeat is free."""
    position: int = 0
    tries: int = 0
    offer: Offer | None = None
    has_answer: bool = False
    is_written: bool = False
    is_normalized: bool = False
    is_in_doubt: bool = False
    found_nobody: bool = False
    """Whether none of those could be asked who can be asked about this entity, though others could."""
    passed: list[str] = field(default_factory=list)
    """Why providers were gone past that could not be asked."""
    failure: tuple[str, str] | None = None
    """Code and message of the last thing that went wrong."""
    has_only_rules: bool = False
    """Whether the normaliser's model is not to be asked again."""

    def resume(self) -> None:
        """Take into account what this job has learned of the entity when it was claimed before."""
        mine = [prior for prior in self.prior.values() if prior.is_of_job]
        self.has_answer = any(prior.outcome_class in DEFINITE for prior in mine)
        self.is_written = any(prior.outcome_class == OutcomeClass.SUCCESS for prior in mine)
        doubts = {name for name, one in self.prior.items() if one.is_of_job and one.outcome_class == REPEATABLE}
        self.in_doubt_with |= doubts
        verifier = self.plan.verifier.name if self.plan.verifier else None
        # A provider that was taken out of the plan meanwhile cannot repeat its answer.
        is_unrepeatable = not doubts <= {*(provider.name for provider in self.plan.steps), verifier}
        # The walk may go on behind the step of one that was gone past in doubt. A verdict in doubt takes nothing away.
        self.is_in_doubt = is_unrepeatable or any(
            one.outcome_class == IN_DOUBT and (one.is_of_job or one.is_noted) and name != verifier
            for name, one in self.prior.items()
        )

    def wait_until(self, instant: float, reason: str = "") -> None:
        """Do not go on before an instant of the monotonic clock."""
        self.ready_at = instant
        self.waits_for = reason

    def start_again(self, instant: float, reason: str) -> None:
        """Go the whole way once more, at an instant at which somebody may be there to be asked."""
        self.position = 0
        self.passed = []
        self.found_nobody = True
        self.wait_until(instant, reason)

    def step(self) -> Step | Decision:
        """Return what is to be done next, as far as the walk itself knows."""
        if self.offer is not None and self.plan.verifier is not None:
            return Step(Purpose.VERIFY, self.plan.verifier)
        if self.position < len(self.plan.steps) and not self.is_satisfied:
            return Step(Purpose.STEP, self.plan.steps[self.position])
        if self.is_written and not self.is_normalized and self.plan.normalizer is not None:
            return Step(Purpose.NORMALIZE, self.plan.normalizer)
        return self._end()

    @property
    def is_satisfied(self) -> bool:
        """Whether every wanted field has a value."""
        return bool(self.plan.until) and not any(is_blank(self.fields.get(name)) for name in self.plan.until)

    @property
    def waits_alone(self) -> bool:
        """Whether it waits for a reason of its own, which other entities at the same step do not have."""
        is_repeat = self.position < len(self.plan.steps) and self.may_be_paid(self.plan.steps[self.position].name)
        return self.found_nobody or is_repeat

    def may_be_paid(self, provider: str) -> bool:
        """Tell whether a provider may have been paid for an answer that never came, and would repeat it for free."""
        prior = self.prior.get(provider)
        return provider in self.in_doubt_with or (prior is not None and prior.outcome_class == REPEATABLE)

    def hold(self) -> None:
        """Ask nobody else: what may have been paid already is for a person or a retry to decide."""
        self.is_in_doubt = True
        self.offer = None
        self.position = len(self.plan.steps)
        self.tries = 0

    def skip_provider(self, reason: str) -> None:
        """Go on without a provider that cannot be asked now."""
        self.passed.append(reason)
        self.advance()

    def take_prior(self, prior: PriorAnswer) -> None:
        """Go on past a provider that has answered before."""
        provider = self.plan.steps[self.position].name
        if prior.is_lost:
            self.hold()
            return
        if prior.outcome_class == IN_DOUBT:
            self.is_in_doubt = True
        elif prior.withheld and not prior.is_rejected:
            self.offer = Offer(prior.attempt_id, provider, prior.withheld)
        self.advance()

    def take(self, step: Step, answer: Answer, attempt_id: str, now: float, retry: Sequence[float]) -> None:
        """Take in an answer. `fields` are brought up to date by the caller."""
        if answer.outcome_class is OutcomeClass.RATE_LIMITED:
            self.wait_until(
                now + (answer.retry_after_seconds or 1.0), f"Provider {step.provider.name} asked to slow down."
            )
            return
        may_repeat = answer.is_cost_known or step.provider.repeat_is_free
        if answer.outcome_class is OutcomeClass.TRANSIENT and may_repeat and self.tries < len(retry):
            self.wait_until(now + retry[self.tries])
            self.tries += 1
            if not answer.is_cost_known:
                self.in_doubt_with.add(step.provider.name)
            return
        if step.purpose is Purpose.VERIFY:
            self._take_verdict(answer)
        elif step.purpose is Purpose.NORMALIZE:
            self.is_normalized = True
        else:
            self._take_step(step, answer, attempt_id)

    def _take_step(self, step: Step, answer: Answer, attempt_id: str) -> None:
        code = answer.outcome_class
        if code in DEFINITE:
            self.has_answer = True
            if code is OutcomeClass.SUCCESS:
                self.is_written = True
            if self.must_verify(answer):
                self.offer = Offer(attempt_id, step.provider.name, withheld_fields(answer))
            if answer.trouble is not None:
                self._take_trouble(step, answer)
        elif code is OutcomeClass.SKIPPED_INSUFFICIENT_INPUT:
            self.is_in_doubt |= self.may_be_paid(step.provider.name)
        elif code in {OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED}:
            # Stays at the step: what becomes of it is for whoever knows the provider's state and policy.
            return
        else:
            self._take_trouble(step, answer)
            self.is_in_doubt |= self.may_be_paid(step.provider.name)
        self.advance()

    def _take_trouble(self, step: Step, answer: Answer) -> None:
        """Note why a step's question stays open; without what it was for, the walk ends as an error."""
        reason = answer.error or "The provider gave no reason."
        is_down = answer.standing in {OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED}
        if is_down and not self.plan.is_single:
            self.passed.append(f"Provider {step.provider.name}: {reason}")
        else:
            self.failure = (str(answer.standing), reason)
        self.is_in_doubt |= not answer.is_cost_known

    def _take_verdict(self, answer: Answer) -> None:
        assert self.offer is not None
        self.offer = None
        self.tries = 0

    def must_verify(self, answer: Answer) -> bool:
        """Tell whether the address of a step's answer is to be withheld until a verifier has seen it."""
        is_new = is_blank(self.fields.get("email")) and not is_blank(answer.fields.get("email"))
        return self.plan.verifier is not None and is_new and answer.outcome_class is OutcomeClass.SUCCESS

    def advance(self) -> None:
        """Leave the step at hand behind."""
        self.position += 1
        self.tries = 0
        self.is_alone = False

    def _end(self) -> Decision:
        if self.is_satisfied and (self.has_answer or self.is_written):
            return Decision(Outcome.SUCCESS)
        if self.is_satisfied:
            return Decision(Outcome.SKIPPED)
        if self.is_in_doubt:
            return Decision(Outcome.HELD)
        if self.failure is not None:
            return Decision(Outcome.ERROR, *self.failure)
        if self.passed and not self.plan.is_single:
            return Decision(Outcome.ERROR, "provider_unavailable", self.passed[-1])
        if self.has_answer:
            return Decision(Outcome.SUCCESS)
        return Decision(Outcome.SKIPPED)


def withheld_fields(answer: Answer) -> dict[str, Any]:
    """Return the fields of an answer that wait for a verdict: the address and what is said of it."""
    return {name: answer.fields[name] for name in ("email", "email_status") if name in answer.fields}


def accepted_fields(answer: Answer) -> dict[str, Any]:
    """Return the fields of an answer that do not wait for a verdict."""
    return {name: value for name, value in answer.fields.items() if name not in ("email", "email_status")}
