"""Answers applied to entities: those of calls, of callbacks and of the rules.

What is to be stored of them gathers in `Unstored` until the next checkpoint.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog

from app.enrichment.limits.circuit_breaker import KnownStates
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.admission import PENDING_RETRY_SECONDS
from app.enrichment.waterfall.batch import (
    Attempt,
    AttemptResult,
    Batch,
    Call,
    NotAsked,
    Spared,
    Unstored,
    Verdict,
)
from app.enrichment.waterfall.dedup import fingerprint
from app.enrichment.waterfall.entity_run import EntityRun, Finding, Offer, Plan, Purpose, Step, accepted_fields
from app.entities.fields import FIELDS
from app.entities.merge import is_blank, merge_fields
from app.entities.policies import MergePolicy
from app.entities.verdicts import REJECTED, VerdictView
from app.error_reports import report
from app.errors import describe, describe_bug
from app.models.types import new_id
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass, Provider

log = structlog.get_logger(__name__)

_MERGED: Final = frozenset({OutcomeClass.SUCCESS, OutcomeClass.SKIPPED_INSUFFICIENT_INPUT})
"""Classes whose fields are written: also a skip may clear what was derived from input that has gone."""
_MERGED_OF_OWNER: Final = _MERGED | {OutcomeClass.NOT_FOUND}
"""The same of a provider that owns its fields: a miss empties them."""
_IS_DOWN: Final = frozenset({OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED})


class Terms(Protocol):
    """What answers are applied by."""

    @property
    def job(self) -> JobInfo:
        """The job that they are for."""
        ...

    @property
    def plan(self) -> Plan:
        """Whom it asks, and for what."""
        ...

    @property
    def policies(self) -> Mapping[str, MergePolicy]:
        """How they are merged, by field."""
        ...

    @property
    def retry_seconds(self) -> tuple[float, ...]:
        """How long to wait before each further try."""
        ...


@dataclass
class ResultHandler:
    """Applies what comes back for one chunk."""

    context: Terms
    states: KnownStates
    unstored: Unstored = field(default_factory=Unstored)

    def take_batch(self, calls: tuple[Call, ...]) -> Batch:
        """Return what is to be stored now, with the calls that are to start, and begin to gather anew."""
        batch = self.unstored.batch(calls, self.states.by_name)
        self.unstored = Unstored()
        return batch

    def apply(self, result: AttemptResult) -> None:
        """Apply an answer, as far as it can be stored."""
        run, step = result.attempt.run, result.attempt.step
        answer = self._storable(result.answer)
        if step.provider.name in run.repeats:
            # A repeat is free, and the call that it repeats is booked at its worst.
            answer = replace(answer, cost_micros=0, is_cost_known=True)
        result = replace(result, answer=answer)
        if answer.pending_seconds is not None:
            self._await_callback(result)
        elif step.purpose is Purpose.VERIFY:
            self._apply_verdict(result)
        else:
            self._apply_answer(result)

    def apply_local(
        self, run: EntityRun, step: Step, lookup: Lookup, answer: Answer, address: str | None = None
    ) -> None:
        """Apply an answer that no call was needed for; `address` is the one that it is about, if it verifies one."""
        now = datetime.now(UTC)
        self.apply(AttemptResult(Attempt(run, step, lookup, new_id(), address=address), answer, now, now))

    def ask_one_by_one(self, call: Call) -> None:
        """Ask about each entity of a bulk call by itself: one bad entity must not cost the others."""
        self.unstored.released += call.attempts
        for attempt in call.attempts:
            attempt.run.ask_alone()

    def accept_offer(self, run: EntityRun, offer: Offer, status: str | None = None) -> None:
        """Write a withheld address, or keep it as rejected; without a verdict (None) it is written as it came."""
        fields = {**offer.fields, **({"email_status": status} if status else {})}
        is_rejected = status == REJECTED
        self.unstored.verdicts.append(Verdict(run.entity_id, offer.attempt_id, offer.provider, fields, is_rejected))
        if not is_rejected:
            self._merge(run, fields)

    def apply_standing(self, run: EntityRun, verdict: VerdictView) -> None:
        """Do what a standing verdict says with the address that waits for one, or that the entity has."""
        attempt_id = new_id()
        self.unstored.spared.append(Spared(run.entity_id, attempt_id, verdict))
        if run.offer is not None:
            self.accept_offer(run, run.withdraw_offer(), verdict.status)
            return
        fields = {"email": run.fields["email"], "email_status": verdict.status}
        known = Verdict(run.entity_id, attempt_id, verdict.verifier, fields, is_rejected=False)
        self.unstored.verdicts.append(replace(known, verified_at=verdict.verified_at))
        self._merge(run, fields)
        run.advance()

    def apply_callback(self, run: EntityRun, in_flight_call: Any, provider: Provider) -> None:
        """Apply the answer that came by callback, or that none came."""
        entity_type = self.context.job.entity_type
        lookup = Lookup(entity_type, run.entity_id, run.fields, request_id=in_flight_call.request_id)
        read = self._read_callback(provider, lookup, in_flight_call.callback)
        answer = replace(read, cost_micros=in_flight_call.reserved_micros)
        # Pushing it again would be paying again.
        run.return_to(self.context.plan.steps.index(provider), tries=len(self.context.retry_seconds))
        attempt = Attempt(
            run,
            Step(Purpose.STEP, provider),
            lookup,
            new_id(),
            price_micros=in_flight_call.reserved_micros,
            fingerprint=fingerprint(provider, entity_type, run.fields),
            is_local=False,
        )
        is_overdue = in_flight_call.callback is None
        started_at, now = in_flight_call.started_at, datetime.now(UTC)
        self.apply(AttemptResult(attempt, answer, started_at, now, is_overdue=is_overdue))

    def note_decided(self, run: EntityRun) -> None:
        """Count a decided entity, if somebody was asked about it."""
        self.unstored.asked += run.finding is not Finding.NOTHING
        self.unstored.finds += _has_find(run)

    def note_not_asked(self, run: EntityRun, provider: str) -> None:
        """Put on record that another job's call, which is in doubt, kept this job from asking."""
        prior = run.prior[provider]
        if prior.is_of_job or prior.is_noted:
            return
        self.unstored.not_asked.append(NotAsked(run.entity_id, provider))
        run.prior[provider] = replace(prior, is_noted=True)

    def _apply_answer(self, result: AttemptResult) -> None:
        run, step, answer = result.attempt.run, result.attempt.step, result.answer
        capabilities = step.provider.capabilities
        stands_in = capabilities.rules_first and self._is_given_up(run, answer)
        merged = _MERGED_OF_OWNER if capabilities.owns_fields else _MERGED
        is_merged = stands_in or answer.outcome_class in merged
        offered = _offered(result) if is_merged else {}
        self._merge(run, offered)
        result = replace(
            result,
            offered=offered,
            is_in_turn=run.is_in_turn,
            is_overlap=run.finding is Finding.VALUE and answer.outcome_class is OutcomeClass.SUCCESS,
        )
        self._keep(result)
        if stands_in:
            answer = replace(answer, outcome_class=_class_of_rules(answer))
        run.apply(step, answer, result.attempt.id, result.instant, self.context.retry_seconds)

    def _apply_verdict(self, result: AttemptResult) -> None:
        run, answer = result.attempt.run, result.answer
        offer = run.offer
        self._keep(result)
        run.apply(result.attempt.step, answer, result.attempt.id, result.instant, self.context.retry_seconds)
        if offer is not None and run.offer is None:
            is_answered = answer.outcome_class is OutcomeClass.SUCCESS
            self.accept_offer(run, offer, answer.fields.get("email_status") if is_answered else None)

    def _keep(self, result: AttemptResult) -> None:
        """Keep a result for the next checkpoint, and what it says of its provider for the steps until then."""
        self.unstored.results.append(result)
        if result.answer.standing in _IS_DOWN:
            self.states.presume(result.attempt.provider, result.answer)

    def _storable(self, answer: Answer) -> Answer:
        """Return an answer that can be stored; of one that cannot, only what it cost."""
        try:
            return checked(answer, FIELDS[self.context.job.entity_type])
        except ValueError as exc:
            error = describe(exc)
            return Answer(
                OutcomeClass.INVALID_REQUEST,
                error=error,
                cost_micros=answer.cost_micros,
                is_cost_known=answer.is_cost_known,
                pending_seconds=answer.pending_seconds,
            )

    def _is_given_up(self, run: EntityRun, answer: Answer) -> bool:
        """Return whether a model will not be asked again for an entity, so that what the rules say stands."""
        if answer.outcome_class in {*_MERGED_OF_OWNER, OutcomeClass.RATE_LIMITED}:
            return False
        return answer.outcome_class is not OutcomeClass.TRANSIENT or run.tries >= len(self.context.retry_seconds)

    def _merge(self, run: EntityRun, offered: Mapping[str, Any]) -> None:
        changes = merge_fields(run.fields, offered, policies=self.context.policies)
        run.fields.update({name: change.new for name, change in changes.items()})

    def _await_callback(self, result: AttemptResult) -> None:
        """Leave the question on record, with its reservation, until the callback comes or is overdue."""
        self.unstored.pending.append(result)
        result.attempt.run.wait_until(time.monotonic() + PENDING_RETRY_SECONDS)

    def _read_callback(self, provider: Provider, lookup: Lookup, payload: Any) -> Answer:
        if payload is None:
            return Answer(OutcomeClass.TRANSIENT, error="The callback did not come in time.")
        try:
            return provider.read_callback(lookup, payload, FIELDS[lookup.entity_type])
        except Exception as exc:
            log.warning("callback not read", provider=provider.name, error_type=type(exc).__name__)
            return Answer(OutcomeClass.INVALID_REQUEST, error="The callback could not be read.")


def bug_answer(provider: Provider, error: BaseException, *, is_cost_known: bool) -> Answer:
    """Return the answer that stands for what a provider's own code has raised, and report that."""
    # The message may hold what the provider was asked about, so only its kind is logged and stored.
    log.warning("provider raised", provider=provider.name, error_type=type(error).__name__)
    report(error)
    return Answer(OutcomeClass.INVALID_REQUEST, error=describe_bug(error), is_cost_known=is_cost_known)


def _offered(result: AttemptResult) -> Mapping[str, Any]:
    """Return the fields of an answer that may be written."""
    attempt, answer = result.attempt, result.answer
    withholds = attempt.step.purpose is Purpose.STEP and attempt.run.must_verify(answer)
    offered = accepted_fields(answer) if withholds else answer.fields
    if attempt.address is not None:
        # So that what is said of an address is not written beside another one.
        offered = {**offered, "email": attempt.lookup.fields["email"]}
    return offered


def _has_find(run: EntityRun) -> bool:
    """Return whether this job has given an entity a wanted field; if none is wanted in particular, any."""
    if run.finding is not Finding.VALUE:
        return False
    is_given = any(not is_blank(run.fields.get(name)) for name in run.lacked)
    return is_given or run.is_satisfied or not run.plan.until


def _class_of_rules(answer: Answer) -> OutcomeClass:
    has_value = any(value is not None for value in answer.fields.values())
    return OutcomeClass.SUCCESS if has_value else OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
