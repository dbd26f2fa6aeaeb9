"""One entity on its way through the plan: the next step, and the decision. No database, no HTTP, no Flask.

A plan is the order of providers and the fields that are wanted. Each entity goes along it: a step is left out if the
entity lacks its input, skipped if its provider cannot be asked now or has answered before, and the run ends when every
wanted field has a value or nobody is left to ask. What was written is normalised last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Any, Final

from app.enrichment.waterfall.retries import is_retried
from app.entities.merge import is_blank
from app.models.chunk import Outcome
from app.providers.base import DEFINITE, Answer, OutcomeClass, Provider
from app.values.emails import email_address

IN_DOUBT: Final = "in_doubt"
"""The outcome class of an attempt of which nobody knows whether it was paid."""
REPEATABLE: Final = "repeatable"
"""What a prior attempt is called that may have been paid without an answer, if its provider repeats it for free."""
UNAVAILABLE: Final = "provider_unavailable"
"""The code of the error that no provider could be asked."""
_IS_DOWN: Final = frozenset({OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED})


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
    """What a step is for."""

    STEP = auto()
    VERIFY = auto()
    NORMALIZE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What a run does next: ask a provider, for a purpose."""

    purpose: Purpose
    provider: Provider


@dataclass(frozen=True, slots=True)
class Decision:
    """How a run ended. A code and a message come with an error, and the provider, if it was one's."""

    outcome: Outcome
    code: str = ""
    message: str = ""
    provider: str = ""


class State(Enum):
    """Where a run stands. Each step leads from one of the first three through `IN_CALL` back to one of them."""

    TO_ASK = auto()
    """The next provider of the plan is to be asked."""
    TO_VERIFY = auto()
    """An address waits for the verifier."""
    TO_NORMALIZE = auto()
    """Nobody is left to ask, and what was written is to be normalised."""
    WAITING = auto()
    """Nothing is to be done before `ready_at`."""
    IN_CALL = auto()
    """Its attempt is lined up, or under way."""
    DECIDED = auto()
    """Nothing is left to be done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to ask, in order, and for what. Without `until` every provider is asked once."""

    steps: tuple[Provider, ...]
    until: tuple[str, ...] = ()
    verifier: Provider | None = None
    normalizer: Provider | None = None
    """The provider that runs on what was written."""

    @property
    def is_single(self) -> bool:
        """Whether the job names one provider and not a waterfall."""
        return not self.until

    @property
    def verifiers(self) -> tuple[Provider, ...]:
        """Who is asked about addresses: before they are written, or of a job that names a verifier, that are there."""
        providers = (provider for provider in (*self.steps, self.verifier) if provider is not None)
        return tuple(provider for provider in providers if provider.capabilities.verifies)

    def provider(self, name: str) -> Provider | None:
        """Return the step's provider or verifier of a name, if the plan has it."""
        known = {provider.name: provider for provider in (*self.steps, self.verifier) if provider is not None}
        return known.get(name)

    def step(self, state: State, index: int) -> Step | None:
        """Return what a run asks next that stands so, at the provider of that index; None: nobody."""
        if state is State.TO_VERIFY and self.verifier is not None:
            return Step(Purpose.VERIFY, self.verifier)
        if state is State.TO_ASK:
            return Step(Purpose.STEP, self.steps[index])
        if state is State.TO_NORMALIZE and self.normalizer is not None:
            return Step(Purpose.NORMALIZE, self.normalizer)
        return None


class Finding(IntEnum):
    """What this job has learned of an entity so far."""

    NOTHING = 0
    ANSWER = 1
    """A provider has answered, with nothing."""
    VALUE = 2
    """A provider had something, which is written."""


@dataclass
class EntityRun:
    """One entity on its way along the plan. Only its own methods change it, but for `fields` and `prior`."""

    index: int
    """Its place in the chunk."""
    entity_id: str
    fields: dict[str, Any]
    plan: Plan
    prior: dict[str, PriorAnswer] = field(default_factory=dict)
    """By provider's name."""
    state: State = State.TO_ASK
    ready_at: float = 0.0
    """The instant of the monotonic clock before which it waits."""
    waits_for: str = ""
    """Why it waits, in a sentence that may become the reason of a pause; empty: it is a short wait."""
    step_index: int = 0
    tries: int = 0
    """How often the step at hand was tried again."""
    offer: Offer | None = None
    finding: Finding = Finding.NOTHING
    answered: set[str] = field(default_factory=set)
    """The providers that have answered in this run."""
    failure: tuple[str, str, str] | None = None
    """Code, message and provider of the last thing that went wrong."""
    skipped: list[str] = field(default_factory=list)
    """Why providers were skipped that could not be asked."""
    repeats: set[str] = field(default_factory=set)
    """The providers that were asked already without it being known how that ended, and whose repeat is free."""
    is_in_doubt: bool = False
    """Whether something may have been paid whose answer nobody has."""
    asks_alone: bool = False
    """Whether it is asked about by itself, after a bulk call with it was refused."""
    found_nobody: bool = False
    """Whether every provider that fits this entity was unavailable, though others could be asked."""
    uses_rules_only: bool = False
    """Whether the normaliser's model is not to be asked again."""
    lacked: tuple[str, ...] = field(init=False)
    """The wanted fields that had no value at first."""

    def __post_init__(self) -> None:
        self.lacked = tuple(name for name in self.plan.until if is_blank(self.fields.get(name)))

    # Where it stands

    def next_step(self) -> Step | Decision:
        """Return what is to be done next, as far as the run itself knows."""
        self.state = self._next_state()
        return self.plan.step(self.state, self.step_index) or self._decision()

    @property
    def provider_ahead(self) -> Provider | None:
        """The provider that it asks next, as far as the run itself knows; None: nobody."""
        step = self.plan.step(self._next_state(), self.step_index)
        return step.provider if step is not None else None

    def _next_state(self) -> State:
        if self.state is State.DECIDED:
            return State.DECIDED
        if self.offer is not None and self.plan.verifier is not None:
            return State.TO_VERIFY
        if self.step_index < len(self.plan.steps) and not self.is_satisfied:
            return State.TO_ASK
        if self.finding is Finding.VALUE and self.plan.normalizer is not None:
            return State.TO_NORMALIZE
        return State.DECIDED

    @property
    def is_satisfied(self) -> bool:
        """Whether every wanted field has a value."""
        for name in self.plan.until:
            if is_blank(self.fields.get(name)):
                return False
        return bool(self.plan.until)

    def address(self, step: Step) -> str | None:
        """Return the address that a step has verified; None: it verifies none."""
        if not step.provider.capabilities.verifies:
            return None
        return email_address((self.fields if self.offer is None else self.offer.fields).get("email"))

    @property
    def addresses(self) -> set[str]:
        """The addresses that it may have verified next: the one at hand, and those that wait on earlier attempts."""
        step = self.plan.step(self._next_state(), self.step_index)
        at_hand = self.address(step) if step is not None else None
        return _withheld_addresses(self.prior.values()) | ({at_hand} if at_hand is not None else set())

    @property
    def waits_alone(self) -> bool:
        """Whether it waits for a reason of its own, which other entities at the same step do not have."""
        is_repeat = self.step_index < len(self.plan.steps) and self.may_be_paid(self.plan.steps[self.step_index].name)
        return self.found_nobody or is_repeat

    def may_be_paid(self, provider: str) -> bool:
        """Return whether a provider may have been paid for an answer that never came, and would repeat it for free."""
        prior = self.prior.get(provider)
        return provider in self.repeats or (prior is not None and prior.outcome_class == REPEATABLE)

    @property
    def is_in_turn(self) -> bool:
        """Whether everybody ahead of the step at hand has answered, without giving all that is wanted."""
        ahead = {provider.name for provider in self.plan.steps[: self.step_index]} - self.answered
        return all(name in self.prior and self.prior[name].outcome_class in DEFINITE for name in ahead)

    def must_verify(self, answer: Answer) -> bool:
        """Return whether the address of a step's answer is to be withheld until a verifier has seen it."""
        is_new = is_blank(self.fields.get("email")) and not is_blank(answer.fields.get("email"))
        return self.plan.verifier is not None and is_new and answer.outcome_class is OutcomeClass.SUCCESS

    # What happens to it

    def resume(self) -> None:
        """Take into account what this job learned of the entity before the chunk was claimed again."""
        own = {name: prior for name, prior in self.prior.items() if prior.is_of_job}
        self.finding = _finding_of(own.values())
        self.repeats |= {name for name, prior in own.items() if prior.outcome_class == REPEATABLE}
        # A provider may have been taken out of the plan meanwhile that would have repeated its answer for free.
        has_lost_repeat = any(self.plan.provider(name) is None for name in self.repeats)
        self.is_in_doubt = has_lost_repeat or _has_doubt(self.plan, self.prior)

    def wait_until(self, instant: float, reason: str = "") -> None:
        """Do not go on before an instant of the monotonic clock."""
        self.state = State.WAITING
        self.ready_at = instant
        self.waits_for = reason

    def line_up(self) -> None:
        """Note that its next attempt is lined up."""
        self.state = State.IN_CALL

    def ask_alone(self) -> None:
        """Ask about it by itself: a bulk call with it was refused."""
        self.asks_alone = True

    def repeat_call(self, provider: str) -> None:
        """Ask a provider again whose call may have been paid; its repeat is free."""
        self.repeats.add(provider)

    def use_rules_only(self) -> None:
        """Do not ask the normaliser's model again."""
        self.uses_rules_only = True

    def start_again(self, instant: float, reason: str) -> None:
        """Go the whole way once more, at an instant at which somebody may be there to be asked."""
        self.step_index = 0
        self.skipped = []
        self.found_nobody = True
        self.wait_until(instant, reason)

    def return_to(self, step_index: int, tries: int) -> None:
        """Go back to the step that an answer belongs to which came later, after so many tries."""
        self.step_index = step_index
        self.tries = tries

    def hold(self) -> None:
        """Ask nobody else: what may have been paid already is for a person or a retry to decide."""
        self.is_in_doubt = True
        self.offer = None
        self.step_index = len(self.plan.steps)
        self.tries = 0

    def skip_provider(self, reason: str) -> None:
        """Go on without a provider that cannot be asked now."""
        self.skipped.append(reason)
        self.advance()

    def advance(self) -> None:
        """Leave the step at hand behind."""
        self.step_index += 1
        self.tries = 0
        self.asks_alone = False

    def withdraw_offer(self) -> Offer:
        """Return the address that waits for a verdict, and wait for none."""
        assert self.offer is not None
        offer, self.offer = self.offer, None
        return offer

    def apply_prior(self, prior: PriorAnswer) -> None:
        """Go on past a provider that has answered before."""
        provider = self.plan.steps[self.step_index].name
        if prior.is_lost:
            self.hold()
            return
        if prior.outcome_class == IN_DOUBT:
            self.is_in_doubt = True
        elif prior.withheld and not prior.is_rejected:
            self.offer = Offer(prior.attempt_id, provider, prior.withheld)
        self.advance()

    def apply(self, step: Step, answer: Answer, attempt_id: str, now: float, retry: Sequence[float]) -> None:
        """Take in an answer. `fields` are brought up to date by the caller."""
        provider = step.provider
        if answer.outcome_class is OutcomeClass.RATE_LIMITED:
            seconds = answer.retry_after_seconds or 1.0
            self.wait_until(now + seconds, f"Provider {provider.name} asked to slow down.")
        elif is_retried(answer, provider, self.tries, retry):
            self.wait_until(now + retry[self.tries])
            self.tries += 1
            if not answer.is_cost_known:
                self.repeats.add(provider.name)
        elif step.purpose is Purpose.VERIFY:
            # The verdict is the caller's to act on.
            self.offer = None
            self.tries = 0
        elif step.purpose is Purpose.NORMALIZE:
            self.state = State.DECIDED
        else:
            self._apply_step(step, answer, attempt_id)

    def _apply_step(self, step: Step, answer: Answer, attempt_id: str) -> None:
        if answer.outcome_class in _IS_DOWN:
            # Stays at the step: what becomes of it is for whoever knows the provider's state and policy.
            return
        if answer.outcome_class in DEFINITE:
            self._apply_definite(step, answer, attempt_id)
        else:
            if answer.outcome_class is not OutcomeClass.SKIPPED_INSUFFICIENT_INPUT:
                self._note_trouble(step, answer)
            self.is_in_doubt |= self.may_be_paid(step.provider.name)
        self.advance()

    def _apply_definite(self, step: Step, answer: Answer, attempt_id: str) -> None:
        has_value = answer.outcome_class is OutcomeClass.SUCCESS
        self.answered.add(step.provider.name)
        self.finding = max(self.finding, Finding.VALUE if has_value else Finding.ANSWER)
        if self.must_verify(answer):
            self.offer = Offer(attempt_id, step.provider.name, withheld_fields(answer))
        if answer.trouble is not None:
            self._note_trouble(step, answer)

    def _note_trouble(self, step: Step, answer: Answer) -> None:
        """Note why a step's question stays open; without what it was for, the run ends as an error."""
        reason = answer.error or "The provider gave no reason."
        if answer.standing in _IS_DOWN and not self.plan.is_single:
            self.skipped.append(f"Provider {step.provider.name}: {reason}")
        else:
            self.failure = (str(answer.standing), reason, step.provider.name)
        self.is_in_doubt |= not answer.is_cost_known

    def _decision(self) -> Decision:
        has_answer = self.finding is not Finding.NOTHING
        if self.is_satisfied:
            return Decision(Outcome.SUCCESS if has_answer else Outcome.SKIPPED)
        if self.is_in_doubt:
            return Decision(Outcome.HELD)
        if self.failure is not None:
            return Decision(Outcome.ERROR, *self.failure)
        if self.skipped and not self.plan.is_single:
            return Decision(Outcome.ERROR, UNAVAILABLE, self.skipped[-1])
        return Decision(Outcome.SUCCESS if has_answer else Outcome.SKIPPED)


def _has_doubt(plan: Plan, priors: Mapping[str, PriorAnswer]) -> bool:
    """Return whether a step of this job is in doubt: the run may go on behind it. A verdict takes nothing away."""
    verifier = plan.verifier.name if plan.verifier else None
    in_doubt = [prior for name, prior in priors.items() if name != verifier and prior.outcome_class == IN_DOUBT]
    return any(prior.is_of_job or prior.is_noted for prior in in_doubt)


def _withheld_addresses(priors: Iterable[PriorAnswer]) -> set[str]:
    """Return the addresses that wait for a verdict."""
    withheld = [prior.withheld for prior in priors if prior.withheld and not prior.is_rejected]
    addresses = (email_address(fields.get("email")) for fields in withheld)
    return {address for address in addresses if address is not None}


def _finding_of(answers: Iterable[PriorAnswer]) -> Finding:
    classes = {answer.outcome_class for answer in answers}
    if OutcomeClass.SUCCESS in classes:
        return Finding.VALUE
    return Finding.NOTHING if classes.isdisjoint(DEFINITE) else Finding.ANSWER


def withheld_fields(answer: Answer) -> dict[str, Any]:
    """Return the fields of an answer that wait for a verdict: the address and what is said of it."""
    return {name: answer.fields[name] for name in ("email", "email_status") if name in answer.fields}


def accepted_fields(answer: Answer) -> dict[str, Any]:
    """Return the fields of an answer that do not wait for a verdict."""
    return {name: value for name, value in answer.fields.items() if name not in ("email", "email_status")}
