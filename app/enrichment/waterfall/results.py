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
from app.enrichment.waterfall.batch import Asked, Desk, Ended, NotAsked, Round, Verdict
from app.enrichment.waterfall.dedup import fingerprint
from app.enrichment.waterfall.entity_run import Plan, Purpose, Question, Walk, accepted_fields
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
class Landings:
    """Takes in what comes back for one chunk."""

    desk: Desk
    plan: Plan
    retry_seconds: Sequence[float]
    round: Round = field(default_factory=Round)
    """What is to be stored with the next transaction."""
    states: dict[str, circuit_breaker.State] = field(default_factory=dict)
    """How the providers are, as far as is known, by name."""

    def take(self, ended: Ended) -> None:
        """Take in the answer to a question, as far as it can be stored."""
        walk, question, answer = ended.asked.walk, ended.asked.question, self._fit(ended.answer)
        if question.provider.name in walk.in_doubt_with:
            # A repeat is free, and the call that it repeats is booked at its worst.
            answer = replace(answer, cost_micros=0, is_cost_known=True)
        ended = replace(ended, answer=answer)
        if answer.pending_seconds is not None:
            self._await_callback(ended)
            return
        if question.purpose is Purpose.VERIFY:
            self._take_verdict(ended)
            return
        verifies = question.purpose is Purpose.STEP and walk.must_verify(answer)
        offered = accepted_fields(answer) if verifies else answer.fields
        is_normalizer = question.provider.name == NORMALIZER
        is_given_up = is_normalizer and self._is_given_up(walk, answer)
        is_merged = is_given_up or answer.outcome_class in (_MERGED_OF_NORMALIZER if is_normalizer else _MERGED)
        if is_merged:
            walk.fields.update({name: change.new for name, change in self._merge(walk.fields, offered).items()})
        ended = replace(ended, offered=offered if is_merged else {})
        self.round.ended.append(ended)
        self._note_trouble(ended)
        if is_given_up:
            answer = replace(answer, outcome_class=_class_of_rules(answer))
        walk.take(question, answer, ended.asked.attempt_id, time.monotonic(), self.retry_seconds)

    def take_answer(self, walk: Walk, question: Question, lookup: Lookup, answer: Answer) -> None:
        """Take in an answer that no call was needed for."""
        now = datetime.now(UTC)
        self.take(Ended(Asked(walk, question, lookup, attempt_id=new_id()), answer, now, now))

    def accept(self, walk: Walk, status: str | None) -> None:
        """Write a withheld address, or keep it as rejected; without a verdict (None) it is written as it came."""
        assert walk.offer is not None
        offer, walk.offer = walk.offer, None
        fields = {**offer.fields, **({"email_status": status} if status else {})}
        is_rejected = status == "invalid"
        self.round.verdicts.append(Verdict(walk.entity_id, offer.attempt_id, offer.provider, fields, is_rejected))
        if not is_rejected:
            walk.fields.update({name: change.new for name, change in self._merge(walk.fields, fields).items()})

    def take_callback(self, walk: Walk, flight: Any, provider: Provider) -> None:
        """Take in the answer that came by callback, or that none came."""
        lookup = Lookup(self.desk.job.entity_type, walk.entity_id, walk.fields, request_id=flight.request_id)
        answer = replace(self._read_callback(provider, lookup, flight.callback), cost_micros=flight.reserved_micros)
        # Pushing it again would be paying again.
        walk.tries = len(self.retry_seconds)
        walk.position = self.plan.steps.index(provider)
        asked = Asked(
            walk,
            Question(Purpose.STEP, provider),
            lookup,
            attempt_id=new_id(),
            price_micros=flight.reserved_micros,
            fingerprint=fingerprint(provider, self.desk.job.entity_type, walk.fields),
            is_local=False,
        )
        is_overdue = flight.callback is None
        self.take(Ended(asked, answer, flight.started_at, datetime.now(UTC), is_overdue=is_overdue))

    def note_not_asked(self, walk: Walk, provider: str) -> None:
        """Put on record that another job's call, which is in doubt, kept this job from asking."""
        earlier = walk.earlier[provider]
        if earlier.is_of_job or earlier.is_noted:
            return
        self.round.not_asked.append(NotAsked(walk.entity_id, provider))
        walk.earlier[provider] = replace(earlier, is_noted=True)

    def _fit(self, answer: Answer) -> Answer:
        """Return an answer that can be stored; of one that cannot, only what it cost."""
        try:
            return checked(answer, FIELDS[self.desk.job.entity_type])
        except ValueError as exc:
            error = describe(exc)
            return Answer(
                OutcomeClass.INVALID_REQUEST,
                error=error,
                cost_micros=answer.cost_micros,
                is_cost_known=answer.is_cost_known,
                pending_seconds=answer.pending_seconds,
            )

    def _is_given_up(self, walk: Walk, answer: Answer) -> bool:
        """Tell whether the model will not be asked again for an entity, so that what the rules say stands."""
        if answer.outcome_class in {*_MERGED_OF_NORMALIZER, OutcomeClass.RATE_LIMITED}:
            return False
        return answer.outcome_class is not OutcomeClass.TRANSIENT or walk.tries >= len(self.retry_seconds)

    def _merge(self, current: Mapping[str, Any], offered: Mapping[str, Any]) -> Any:
        return merge_fields(current, offered, policies=self.desk.policies)

    def _note_trouble(self, ended: Ended) -> None:
        """Let the walks that follow in this round know what an answer says of its provider."""
        provider, answer = ended.asked.question.provider, ended.answer
        if answer.standing in {OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED}:
            self.states[provider.name] = circuit_breaker.presumed(provider, answer, self.states.get(provider.name))

    def _take_verdict(self, ended: Ended) -> None:
        walk, answer = ended.asked.walk, ended.answer
        self.round.ended.append(ended)
        self._note_trouble(ended)
        offer = walk.offer
        walk.take(ended.asked.question, answer, ended.asked.attempt_id, time.monotonic(), self.retry_seconds)
        if walk.offer is None and offer is not None:
            walk.offer = offer
            status = answer.fields.get("email_status") if answer.outcome_class is OutcomeClass.SUCCESS else None
            self.accept(walk, status)

    def _await_callback(self, ended: Ended) -> None:
        """Leave the question on record, with its reservation, until the callback comes or is overdue."""
        self.round.pending.append(ended)
        ended.asked.walk.wait_until(time.monotonic() + PENDING_RETRY_SECONDS)

    def _read_callback(self, provider: Provider, lookup: Lookup, payload: Any) -> Answer:
        if payload is None:
            return Answer(OutcomeClass.TRANSIENT, error="The callback did not come in time.")
        try:
            read: Callable[..., Answer] = provider.read_callback  # type: ignore[attr-defined]
            return read(lookup, payload, FIELDS[lookup.entity_type])
        except Exception as exc:
            log.warning("callback not read", provider=provider.name, error_type=type(exc).__name__)
            return Answer(OutcomeClass.INVALID_REQUEST, error="The callback could not be read.")


def _class_of_rules(answer: Answer) -> OutcomeClass:
    has_value = any(value is not None for value in answer.fields.values())
    return OutcomeClass.SUCCESS if has_value else OutcomeClass.SKIPPED_INSUFFICIENT_INPUT
