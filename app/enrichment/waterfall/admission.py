"""Admission control: which calls may start now.

A call needs room under its provider's rate limits, nobody else asking the same, no recent answer, and room under the
caps. Each of these can turn an attempt away; what it had been given before is given back in the same transaction, so
that an attempt that waits uses nothing up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from app.db.session import WriteSession
from app.enrichment.limits import circuit_breaker, rate_limits
from app.enrichment.limits.circuit_breaker import ProviderState
from app.enrichment.limits.rate_limits import Allowance, LimitKey
from app.enrichment.money.caps import Booking
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import in_flight
from app.enrichment.waterfall.batch import Attempt, AttemptResult, Batch, Call, Granted, JobContext, Refusal
from app.enrichment.waterfall.dedup import is_answered
from app.enrichment.waterfall.entity_run import PriorAnswer, Purpose
from app.entities.exclusions import Exclusions
from app.entities.read import hold_existing, load_entities
from app.entities.verdicts import standing_verdicts
from app.models.provider_state import ProviderCondition
from app.providers.base import OutcomeClass, Provider

SHARED_WAIT_SECONDS: Final = 0.25
"""When to look again whether another job's call about the same entity is over."""
PENDING_RETRY_SECONDS: Final = 30.0
"""When to look again for an answer that comes by callback, if it does not come earlier."""
CAP_WAIT_SECONDS: Final = 1.0
"""When to look again whether a cap has room, once calls under way are settled."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A call that its provider's limits allow, some seconds after the allowance was taken."""

    call: Call
    starts_in: float


@dataclass(frozen=True, slots=True)
class Limited:
    """What the rate limits and the circuit breaker of one provider allow now."""

    allowance: Allowance
    slots: tuple[Slot, ...]
    refused: Mapping[str, Refusal]
    """By attempt."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The attempts that were put on record, and what is known of the others."""

    attempts: tuple[Attempt, ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    prior: Mapping[str, Mapping[str, PriorAnswer]] = field(default_factory=dict)
    entities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def find_gone(context: JobContext, calls: Sequence[Call]) -> set[str]:
    """Return which entities of calls that want to start have been erased or excluded since they were read.

    The others cannot be erased before the transaction ends, so that no call is opened behind an erasure's back. This
    comes before the rate limits are locked: for those, every worker waits.
    """
    if not calls:
        return set()
    job = context.job
    fields = {attempt.entity_id: attempt.run.fields for call in calls for attempt in call.attempts}
    present = hold_existing(job.entity_type, list(fields), workspace_slug=job.workspace_slug)
    exclusions = Exclusions.load_for(job.entity_type, fields.values(), job.workspace_slug)
    if exclusions:
        present = {entity_id for entity_id in present if not exclusions.excludes(job.entity_type, fields[entity_id])}
    return fields.keys() - present


def limit(session: WriteSession, job: JobInfo, batch: Batch, states: Mapping[str, ProviderState]) -> list[Limited]:
    """Lock the rate limits of the providers that are to be called, and return the calls that they allow.

    Providers that asked to slow down are left alone from now on, and those that this very batch has found to be in
    trouble: `states` are as they are by now.
    """
    blocks = _blocks(job, batch.results)
    calls: dict[LimitKey, list[Call]] = {}
    for call in batch.calls:
        calls.setdefault(rate_limits.limit_key(call.provider, job.entity_type), []).append(call)
    limited = []
    for key in sorted({*blocks, *calls}):
        if key in blocks:
            rate_limits.block(session, key, blocks[key])
        if key in calls:
            limited.append(_limit_provider(session, job, batch, states, key, calls[key]))
    return limited


def refusals_of(limited: Iterable[Limited]) -> dict[str, Refusal]:
    """Return what limits have refused, by attempt."""
    refused: dict[str, Refusal] = {}
    for provider in limited:
        refused.update(provider.refused)
    return refused


def open_calls(
    session: WriteSession, context: JobContext, limited: Iterable[Limited], gone: set[str], now: datetime
) -> Opening:
    """Put what may start on record, but for attempts that somebody else makes or has made."""
    wanted = _wanted(limited, gone)
    if not wanted:
        return Opening()
    rows = [_in_flight_row(context, attempt, slot, now) for slot, attempt in wanted]
    request_ids = in_flight.open_calls(session, rows)
    opened, busy = _split(wanted, request_ids)
    prior = _prior_answers(context, opened)
    judged = standing_verdicts(_addresses(opened), context.job.workspace_slug)
    answered = [attempt for attempt in opened if attempt.address in judged or _is_answered(attempt, prior)]
    refused = {**_busy_refusals(session, context, busy), **{attempt.id: Refusal(0.0) for attempt in answered}}
    turned_away = [attempt.entity_id for attempt in (*busy, *answered)]
    entities = load_entities(context.job.entity_type, turned_away, workspace_slug=context.job.workspace_slug)
    going = tuple(attempt for attempt in opened if attempt.id not in refused)
    return Opening(going, refused, prior, entities)


def _addresses(attempts: Iterable[Attempt]) -> list[str]:
    """Return the addresses that attempts have verified."""
    return [attempt.address for attempt in attempts if attempt.address is not None]


def _wanted(limited: Iterable[Limited], gone: set[str]) -> list[tuple[Slot, Attempt]]:
    """Return the attempts that limits allow, but for entities that are gone, each with its call's slot."""
    slots = [slot for provider in limited for slot in provider.slots]
    return [(slot, attempt) for slot in slots for attempt in slot.call.attempts if attempt.entity_id not in gone]


def _split(wanted: Iterable[tuple[Slot, Attempt]], request_ids: set[str]) -> tuple[list[Attempt], list[Attempt]]:
    """Return the attempts that are on record by now, and those that another job makes."""
    attempts = [attempt for _, attempt in wanted]
    opened = [attempt for attempt in attempts if attempt.request_id in request_ids]
    return opened, [attempt for attempt in attempts if attempt.request_id not in request_ids]


def grant(
    session: WriteSession, limited: Iterable[Limited], opening: Opening, booking: Booking
) -> tuple[dict[str, Granted], dict[str, Refusal]]:
    """Return what starts and when, by call, and what the caps refuse, by attempt.

    Attempts that do not start are taken off the record.
    """
    booked = {attempt.id for attempt, fits in zip(opening.attempts, booking.granted, strict=True) if fits}
    granted: dict[str, Granted] = {}
    taken_back: list[str] = []
    for provider in limited:
        granted |= _grant_provider(session, provider, booked)
        allowed = [attempt for slot in provider.slots for attempt in slot.call.attempts]
        taken_back += [attempt.request_id for attempt in allowed if attempt.id not in booked]
    # Rows that are another job's have other request ids, and stay.
    in_flight.close_calls(session, taken_back)
    over_cap = {attempt.id: Refusal(CAP_WAIT_SECONDS) for attempt in opening.attempts if attempt.id not in booked}
    return granted, over_cap


def _grant_provider(session: WriteSession, provider: Limited, booked: set[str]) -> dict[str, Granted]:
    """Use up the provider's limits for each of its calls that has a booked attempt; return those, by call."""
    calls = [slot.call for slot in provider.slots]
    attempts = {call.id: tuple(attempt for attempt in call.attempts if attempt.id in booked) for call in calls}
    starting = {call_id: of_call for call_id, of_call in attempts.items() if of_call}
    allowance = provider.allowance
    instants = rate_limits.consume(session, allowance, len(starting))
    most_late = rate_limits.most_late(allowance.limits)
    return {
        call_id: Granted(of_call, start_at, start_at + most_late, allowance.taken_at)
        for (call_id, of_call), start_at in zip(starting.items(), instants, strict=True)
    }


def _blocks(job: JobInfo, results: Iterable[AttemptResult]) -> dict[LimitKey, float]:
    """Return how long providers want to be left alone, by their limit."""
    blocks: dict[LimitKey, float] = {}
    for result in results:
        seconds = result.answer.retry_after_seconds
        if seconds or result.answer.standing is OutcomeClass.RATE_LIMITED:
            key = rate_limits.limit_key(result.attempt.provider, job.entity_type)
            blocks[key] = max(blocks.get(key, 0.0), seconds or 1.0)
    return blocks


def _limit_provider(
    session: WriteSession,
    job: JobInfo,
    batch: Batch,
    states: Mapping[str, ProviderState],
    key: LimitKey,
    calls: Sequence[Call],
) -> Limited:
    provider = calls[0].provider
    allowed, refused = _probe(session, states.get(provider.name), provider, calls)
    limits = provider.settings.limits_for(job.entity_type)
    allowance = rate_limits.peek(
        session,
        key,
        provider.name,
        limits,
        len(allowed),
        ended=batch.ended_calls,
        delay_seconds=batch.delay_seconds,
    )
    starting = allowed[: len(allowance.starts_in)]
    waiting = allowed[len(allowance.starts_in) :]
    refused |= _refuse(waiting, Refusal(allowance.wait_seconds, f"Provider {provider.name} has a limit."))
    slots = tuple(Slot(call, starts_in) for call, starts_in in zip(starting, allowance.starts_in, strict=True))
    return Limited(allowance, slots, refused)


def _probe(
    session: WriteSession, state: ProviderState | None, provider: Provider, calls: Sequence[Call]
) -> tuple[Sequence[Call], dict[str, Refusal]]:
    """Return the calls that the provider's state allows: if it was in trouble a single one, and only here."""
    if state is None or state.condition == ProviderCondition.AVAILABLE:
        return calls, {}
    if not state.is_available(provider):
        return [], _refuse(calls, Refusal(0.0, state.describe()))
    if not state.needs_probe(provider):
        return calls, {}
    allowed = calls[:1] if circuit_breaker.claim_probe(session, provider) else []
    refusal = Refusal(circuit_breaker.PROBE_SECONDS / 10, state.describe())
    return allowed, _refuse(calls[len(allowed) :], refusal)


def _refuse(calls: Iterable[Call], refusal: Refusal) -> dict[str, Refusal]:
    return {attempt.id: refusal for call in calls for attempt in call.attempts}


def _busy_refusals(session: WriteSession, context: JobContext, attempts: Sequence[Attempt]) -> dict[str, Refusal]:
    """Say when to look again at attempts that another job makes."""
    entity_ids = [attempt.entity_id for attempt in attempts]
    far_off = in_flight.unlikely_soon(session, context.job, entity_ids, _addresses(attempts))
    refused = {}
    for attempt in attempts:
        is_far = not far_off.isdisjoint({(attempt.entity_id, attempt.provider.name), attempt.address})
        refused[attempt.id] = Refusal(PENDING_RETRY_SECONDS if is_far else SHARED_WAIT_SECONDS)
    return refused


def _prior_answers(context: JobContext, attempts: Iterable[Attempt]) -> Mapping[str, Mapping[str, PriorAnswer]]:
    """Return what providers have answered meanwhile.

    Asked after the calls are on record: whoever answered before that has stored it by now.
    """
    checked = [attempt for attempt in attempts if attempt.step.purpose is not Purpose.NORMALIZE]
    providers = {attempt.provider.name: attempt.provider for attempt in checked}
    return context.recent.prior([attempt.entity_id for attempt in checked], providers.values())


def _is_answered(attempt: Attempt, prior: Mapping[str, Mapping[str, PriorAnswer]]) -> bool:
    answer = prior.get(attempt.entity_id, {}).get(attempt.provider.name)
    if attempt.step.purpose is Purpose.NORMALIZE:
        return False
    if attempt.step.purpose is Purpose.VERIFY:
        return answer is not None and answer.is_lost
    return is_answered(answer, attempt.fingerprint or "")


def _in_flight_row(context: JobContext, attempt: Attempt, slot: Slot, now: datetime) -> dict[str, Any]:
    job, call = context.job, slot.call
    return {
        "workspace_slug": job.workspace_slug,
        "entity_type": job.entity_type,
        "entity_id": attempt.entity_id,
        "provider": call.provider.name,
        "account": call.provider.settings.account,
        "request_id": attempt.request_id,
        "call_id": call.id,
        "job_id": job.id,
        "position": call.position,
        "reserved_micros": attempt.price_micros,
        "reserved_on": now.date(),
        "is_pending": False,
        "address": attempt.address,
        "deadline_at": now + timedelta(seconds=slot.starts_in + call.patience),
    }
