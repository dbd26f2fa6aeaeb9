"""What has come back: answers of calls, of callbacks and of the rules, taken into the walks that they belong to.

What is to be stored of them gathers in a round until the next transaction.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from app.enrichment.limits import circuit_breaker
from app.enrichment.waterfall.admission import PENDING_RETRY_SECONDS
from app.enrichment.waterfall.batch import Attempt, AttemptResult, Batch, ChunkContext, NotAsked, Verdict
from app.enrichment.waterfall.dedup import fingerprint
from app.enrichment.waterfall.entity_run import EntityRun, Plan, Purpose, Step, accepted_fields
from app.entities.fields import FIELDS
from app.entities.merge import merge_fields
from app.errors import describe
from app.models.types import new_id
from app.providers.answers import checked
from app.providers.base import Answer, Lookup, OutcomeClass, Provider
from app.providers.registry import NORMALIZER

log = structlog.get_logger(__name__)

_MERGED: Final = frozenset({OutcomeClass.SUCCESS, OutcomeClass.SKIPPED_INSUFFICIENT_INPUT})
"""Classes whose fields are written: also a skip may clear what was derived from input that has gone."""
_MERGED_OF_NORMALIZER: Final = _MERGED | {OutcomeClass.NOT_FOUND}
"""The same of the normaliser, whose model may be certain of nothing about input that has changed."""


@dataclass
class ResultHandler:
    """Takes in what comes back for one chunk."""

    context: ChunkContext
    plan: Plan
    retry_seconds: Sequence[float]
    batch: Batch = field(default_factory=Batch)
    """What is to be stored with the next transaction."""
    states: dict[str, circuit_breaker.ProviderState] = field(default_factory=dict)
    """How the providers are, as far as is known, by name."""

    def take(self, ended: AttemptResult) -> None:
        """Take in the answer to a question, as far as it can be stored."""
        run, step, answer = ended.asked.run, ended.asked.step, self._fit(ended.answer)
        if step.provider.name in run.in_doubt_with:
            # A repeat is free, and the call that it repeats is booked at its worst.
            answer = replace(answer, cost_micros=0, is_cost_known=True)
        ended = replace(ended, answer=answer)
        if answer.pending_seconds is not None:
            self._await_callback(ended)
            return
        if step.purpose is Purpose.VERIFY:
            self._take_verdict(ended)
            return
        verifies = step.purpose is Purpose.STEP and run.must_verify(answer)
        offered = accepted_fields(answer) if verifies else answer.fields
        is_normalizer = step.provider.name == NORMALIZER
        is_given_up = is_normalizer and self._is_given_up(run, answer)
        is_merged = is_given_up or answer.outcome_class in (_MERGED_OF_NORMALIZER if is_normalizer else _MERGED)
        if is_merged:
            run.fields.update({name: change.new for name, change in self._merge(run.fields, offered).items()})
        ended = replace(ended, offered=offered if is_merged else {})
        self.batch.ended.append(ended)
        self._note_trouble(ended)
        if is_given_up:
            answer = replace(answer, outcome_class=_class_of_rules(answer))
        run.take(step, answer, ended.asked.attempt_id, time.monotonic(), self.retry_seconds)

    def take_answer(self, run: EntityRun, step: Step, lookup: Lookup, answer: Answer) -> None:
        """Take in an answer that no call was needed for."""
        now = datetime.now(UTC)
        self.take(AttemptResult(Attempt(run, step, lookup, attempt_id=new_id()), answer, now, now))

    def accept(self, run: EntityRun, status: str | None) -> None:
        """Write a withheld address, or keep it as rejected; without a verdict (None) it is written as it came."""
        assert run.offer is not None
        offer, run.offer = run.offer, None
        fields = {**offer.fields, **({"email_status": status} if status else {})}
        is_rejected = status == "invalid"
        self.batch.verdicts.append(Verdict(run.entity_id, offer.attempt_id, offer.provider, fields, is_rejected))
        if not is_rejected:
            run.fields.update({name: change.new for name, change in self._merge(run.fields, fields).items()})

    def take_callback(self, run: EntityRun, in_flight_call: Any, provider: Provider) -> None:
        """Take in the answer that came by callback, or that none came."""
        lookup = Lookup(self.context.job.entity_type, run.entity_id, run.fields, request_id=in_flight_call.request_id)
        answer = replace(
            self._read_callback(provider, lookup, in_flight_call.callback), cost_micros=in_flight_call.reserved_micros
        )
        # Pushing it again would be paying again.
        run.tries = len(self.retry_seconds)
        run.position = self.plan.steps.index(provider)
        asked = Attempt(
            run,
            Step(Purpose.STEP, provider),
            lookup,
            attempt_id=new_id(),
            price_micros=in_flight_call.reserved_micros,
            fingerprint=fingerprint(provider, self.context.job.entity_type, run.fields),
            is_local=False,
        )
        is_overdue = in_flight_call.callback is None
        self.take(AttemptResult(asked, answer, in_flight_call.started_at, datetime.now(UTC), is_overdue=is_overdue))

    def note_not_asked(self, run: EntityRun, provider: str) -> None:
        """Put on record that another job's call, which is in doubt, kept this job from asking."""
        prior = run.prior[provider]
        if prior.is_of_job or prior.is_noted:
            return
        self.batch.not_asked.append(NotAsked(run.entity_id, provider))
        run.prior[provider] = replace(prior, is_noted=True)

    def _fit(self, answer: Answer) -> Answer:
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
        """Tell whether the model will not be asked again for an entity, so that what the rules say stands."""
        if answer.outcome_class in {*_MERGED_OF_NORMALIZER, OutcomeClass.RATE_LIMITED}:
            return False
        return answer.outcome_class is not OutcomeClass.TRANSIENT or run.tries >= len(self.retry_seconds)

    def _merge(self, current: Mapping[str, Any], offered: Mapping[str, Any]) -> Any:
        return merge_fields(current, offered, policies=self.context.policies)

    def _note_trouble(self, ended: AttemptResult) -> None:
        """Let the walks that follow in this round know what an answer says of its provider."""
        provider, answer = ended.asked.step.provider, ended.answer
        if answer.standing in {OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED}:
            self.states[provider.name] = circuit_breaker.presumed(provider, answer, self.states.get(provider.name))

    def _take_verdict(self, ended: AttemptResult) -> None:
        run, answer = ended.asked.run, ended.answer
        self.batch.ended.append(ended)
        self._note_trouble(ended)
        offer = run.offer
        run.take(ended.asked.step, answer, ended.asked.attempt_id, time.monotonic(), self.retry_seconds)
        if run.offer is None and offer is not None:
            run.offer = offer
            status = answer.fields.get("email_status") if answer.outcome_class is OutcomeClass.SUCCESS else None
            self.accept(run, status)

    def _await_callback(self, ended: AttemptResult) -> None:
        """Leave the question on record, with its reservation, until the callback comes or is overdue."""
        self.batch.pending.append(ended)
        ended.asked.run.wait_until(time.monotonic() + PENDING_RETRY_SECONDS)

    def _read_callback(self, provider: Provider, lookup: Lookup, payload: Any) -> Answer:
        if payload is None:
            return Answer(OutcomeClass.TRANSIENT, error="The callback did not come in time.")
        try:
            read: Callable[..., Answer] = provider.read_callback
            return read(lookup, payload, FIELDS[lookup.entity_type])
        except Exception as exc:
            log.warning("callback not read", provider=provider.name, error_type=type(exc).__name__)
            return Answer(OutcomeClass.INVALID_REQUEST, error="The callback could not be read.")


def _class_of_rules(answer: Answer) -> OutcomeClass:
    has_value = any(value is not None for value in answer.fields.values())
    return OutcomeClass.SUCCESS if has_value else OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
