"""Which calls may start now: the provider's pace, nobody else asking, no earlier answer, and room under the caps.

Each of these can turn a question away. What it had been given before is given
back in the same transaction, so that a question that waits uses nothing up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.db.session import WriteSession
from app.enrichment.limits import circuit_breaker, rate_limits
from app.enrichment.limits.rate_limits import Allowance
from app.enrichment.money.caps import Booking
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import in_flight
from app.enrichment.waterfall.batch import Attempt, Batch, Call, ChunkContext, Granted
from app.enrichment.waterfall.dedup import is_answered
from app.enrichment.waterfall.entity_run import Purpose
from app.entities.exclusions import Exclusions
from app.entities.read import existing_ids, load_entities
from app.providers.base import OutcomeClass, Provider

SHARED_WAIT_SECONDS: Final = 0.25
"""When to look again whether another job's call about the same entity is over."""
PENDING_RETRY_SECONDS: Final = 30.0
"""When to look again for an answer that comes by callback, if it does not come earlier."""
CAP_WAIT_SECONDS: Final = 1.0
"""When to look again whether a cap has room, once calls under way are settled."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A call that its provider's limits allow, some seconds after the quote."""

    call: Call
    starts_in: float


@dataclass(frozen=True, slots=True)
class Limited:
    """What the limits of one provider allow now."""

    quote: Allowance
    slots: list[Slot]


def note_gone(context: ChunkContext, current: Batch) -> None:
    """Note which entities of questions that want to start have been erased or excluded since they were read.

    This comes before the paces are locked: for those, every worker waits.
    """
    fields = {one.run.entity_id: one.run.fields for call in current.calls for one in call.asked}
    there = existing_ids(context.job.entity_type, list(fields), workspace_slug=context.job.workspace_slug)
    excluded = Exclusions.load_for(context.job.entity_type, fields.values(), context.job.workspace_slug)
    if excluded:
        there = {name for name in there if not excluded.excludes(context.job.entity_type, fields[name])}
    current.gone |= fields.keys() - there


def limit(session: WriteSession, job: JobInfo, current: Batch) -> list[Limited]:
    """Lock the paces of the providers that are to be called, and return the calls that their limits allow.

    Providers that asked to slow down are left alone from now on.
    """
    blocks = _blocks(job, current)
    wanted: dict[str, list[Call]] = {}
    for call in current.calls:
        wanted.setdefault(_limit_key(call.provider, job), []).append(call)
    paced = []
    for name in sorted({*blocks, *wanted}):
        if name in blocks:
            rate_limits.block(session, name, blocks[name])
        if name in wanted:
            paced.append(_limit_one(session, job, current, name, wanted[name]))
    return paced


def open_calls(
    session: WriteSession, context: ChunkContext, current: Batch, paced: Sequence[Limited], now: datetime
) -> list[Attempt]:
    """Put what may start on record; return the questions that nobody else asks or has asked."""
    slots = [slot for one in paced for slot in one.slots]
    asked = [one for slot in slots for one in slot.call.asked if one.run.entity_id not in current.gone]
    rows = [_in_flight_row(context, one, slot, now) for slot in slots for one in slot.call.asked if one in asked]
    opened = in_flight.open_calls(session, rows)
    mine = [one for one in asked if one.lookup.request_id in opened]
    _note_busy(session, context, current, [one for one in asked if one.lookup.request_id not in opened])
    kept = _unanswered(context, current, mine)
    others = [one.run.entity_id for one in asked if one not in kept]
    current.entities = load_entities(context.job.entity_type, others, workspace_slug=context.job.workspace_slug)
    return kept


def confirm(
    session: WriteSession, current: Batch, paced: Sequence[Limited], opened: Sequence[Attempt], booking: Booking
) -> None:
    """Note which questions start and when, and give back what the others had been given."""
    going = {one.attempt_id for one, is_granted in zip(opened, booking.granted, strict=True) if is_granted}
    home: list[str] = []
    for one in paced:
        calls = []
        for slot in one.slots:
            granted = [asked for asked in slot.call.asked if asked.attempt_id in going]
            calls += [(slot.call.id, granted)] if granted else []
            home += [asked.lookup.request_id for asked in slot.call.asked if asked.attempt_id not in going]
        for (call_id, granted), start_at in zip(
            calls, rate_limits.consume(session, one.quote, len(calls)), strict=True
        ):
            current.granted[call_id] = Granted(granted, start_at)
    current.waits |= {one.attempt_id: CAP_WAIT_SECONDS for one in opened if one.attempt_id not in going}
    # Rows that are another job's have other request ids, and stay.
    in_flight.close_calls(session, home)


def _blocks(job: JobInfo, current: Batch) -> dict[str, float]:
    """Return how long providers want to be left alone, by the name of their pace."""
    blocks: dict[str, float] = {}
    for one in current.ended:
        seconds = one.answer.retry_after_seconds
        if seconds or one.answer.standing is OutcomeClass.RATE_LIMITED:
            name = _limit_key(one.asked.step.provider, job)
            blocks[name] = max(blocks.get(name, 0.0), seconds or 1.0)
    return blocks


def _limit_one(session: WriteSession, job: JobInfo, current: Batch, name: str, calls: Sequence[Call]) -> Limited:
    provider = calls[0].provider
    allowed = _probing(session, current, provider, calls)
    limits = provider.settings.limits_for(job.entity_type)
    quote = rate_limits.peek(session, name, provider.name, limits, len(allowed), ended=current.ended_calls)
    _refuse(current, allowed[len(quote.starts_in) :], quote.wait_seconds, f"Provider {provider.name} has a limit.")
    return Limited(quote, [Slot(call, starts_in) for call, starts_in in zip(allowed, quote.starts_in, strict=False)])


def _probing(session: WriteSession, current: Batch, provider: Provider, calls: Sequence[Call]) -> Sequence[Call]:
    """Return the calls that the provider's health allows: of one that was in trouble a single one, and only here."""
    state = current.states.get(provider.name)
    if state is None or not state.needs_probe:
        return calls
    allowed = calls[: int(circuit_breaker.claim_probe(session, provider.name))]
    _refuse(current, calls[len(allowed) :], circuit_breaker.PROBE_SECONDS / 10, state.describe())
    return allowed


def _refuse(current: Batch, calls: Sequence[Call], seconds: float, reason: str) -> None:
    for call in calls:
        for asked in call.asked:
            current.waits[asked.attempt_id] = seconds
            current.reasons[asked.attempt_id] = reason


def _limit_key(provider: Provider, job: JobInfo) -> str:
    return rate_limits.limit_key(provider.name, job.entity_type, provider.settings.limits)


def _note_busy(session: WriteSession, context: ChunkContext, current: Batch, asked: Sequence[Attempt]) -> None:
    """Say when to look again at questions that another job is asking."""
    far_off = in_flight.unlikely_soon(session, context.job, [one.run.entity_id for one in asked])
    for one in asked:
        is_far = (one.run.entity_id, one.step.provider.name) in far_off
        current.waits[one.attempt_id] = PENDING_RETRY_SECONDS if is_far else SHARED_WAIT_SECONDS


def _unanswered(context: ChunkContext, current: Batch, mine: Sequence[Attempt]) -> list[Attempt]:
    """Return the questions that nobody has answered meanwhile.

    Asked after the flights are on record: whoever answered before that has
    stored it by now.
    """
    gated = [one for one in mine if one.step.purpose is not Purpose.NORMALIZE]
    current.prior = context.gate.prior(
        [one.run.entity_id for one in gated], _asked_for(gated, Purpose.STEP), _asked_for(gated, Purpose.VERIFY)
    )
    answered = [one for one in gated if _is_already_answered(one, current)]
    current.waits |= {one.attempt_id: 0.0 for one in answered}
    return [one for one in mine if one not in answered]


def _is_already_answered(asked: Attempt, current: Batch) -> bool:
    prior = current.prior.get(asked.run.entity_id, {}).get(asked.step.provider.name)
    if asked.step.purpose is Purpose.VERIFY:
        return prior is not None and prior.is_lost
    return is_answered(prior, asked.fingerprint or "")


def _asked_for(asked: Sequence[Attempt], purpose: Purpose) -> list[Provider]:
    """Return the providers of questions with a purpose, each once."""
    return list({one.step.provider.name: one.step.provider for one in asked if one.step.purpose is purpose}.values())


def _in_flight_row(context: ChunkContext, asked: Attempt, slot: Slot, now: datetime) -> dict[str, Any]:
    job, call = context.job, slot.call
    return {
        "workspace_slug": job.workspace_slug,
        "entity_type": job.entity_type,
        "entity_id": asked.run.entity_id,
        "provider": call.provider.name,
        "request_id": asked.lookup.request_id,
        "call_id": call.id,
        "job_id": job.id,
        "position": context.lease.position,
        "reserved_micros": asked.price_micros,
        "reserved_on": now.date(),
        "is_pending": False,
        "deadline_at": now + timedelta(seconds=slot.starts_in + call.patience),
    }
