"""A round of a chunk as one transaction: answers and charges in, reservations and intents for what starts next.

The order of the statements is the same for every worker, so that no two wait
for each other: the chunk's own row, its entities, the providers' states and
paces, the flights, the caps. The caps come last, since every worker needs them.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.db.session import WriteSession
from app.enrichment.limits import circuit_breaker
from app.enrichment.money.caps import Settlement, book, record_costs
from app.enrichment.waterfall import admission, in_flight
from app.enrichment.waterfall.attempt_log import write_answers, write_cache
from app.enrichment.waterfall.batch import AttemptResult, Batch, ChunkContext
from app.models.types import utcnow
from app.providers.base import Answer, Provider
from app.values.days import seconds_to_midnight


def store_batch(session: WriteSession, context: ChunkContext, current: Batch) -> None:
    """Store a round in the caller's transaction, and note in it which calls may start."""
    current.forget_results()
    write_answers(session, context, current)
    write_cache(session, current)
    _note_health(session, current)
    if not current.has_money and not current.released and not current.replaced:
        return
    admission.note_gone(context, current)
    paced = admission.limit(session, context.job, current)
    # The latest, where there is one: that query may have waited for its row.
    now = max((one.quote.now for one in paced), default=None) or session.scalars(select(utcnow())).one()
    settlements = _close(session, current, now)
    opened = admission.open_calls(session, context, current, paced, now)
    booking = book(
        session, context.caps, settlements, [one.price_micros for one in opened], now.date(), known=context.accounts
    )
    admission.confirm(session, current, paced, opened, booking)
    if booking.reached is not None:
        current.reached = booking.reached
        current.reached_seconds = seconds_to_midnight(now) + 1 if booking.reached.is_daily else None
    record_costs(session, context.job, settlements)
    current.fresh_states = circuit_breaker.load_states()


def _close(session: WriteSession, current: Batch, now: datetime) -> list[Settlement]:
    """Take what has ended off the record, and return what it cost."""
    for one in current.pending:
        deadline = now + timedelta(seconds=one.answer.pending_seconds or 0.0)
        in_flight.mark_pending(session, one.asked.lookup.request_id, deadline)
    answered = {one.asked.lookup.request_id: one for one in current.ended if not one.asked.is_local}
    released = {asked.lookup.request_id for asked in current.released}
    lost = {in_flight_call.request_id for in_flight_call in (*current.lost, *current.replaced)}
    closed = in_flight.close_calls(session, [*answered, *released, *lost])
    settlements = []
    for request_id, row in closed.items():
        cost, is_in_doubt = _cost(answered.get(request_id), row, is_lost=request_id in lost)
        settlement = Settlement(
            row.provider, row.reserved_on, row.reserved_micros, cost, is_in_doubt, is_sent=request_id not in released
        )
        settlements.append(settlement)
    return settlements


def _cost(ended: AttemptResult | None, in_flight_call: Any, *, is_lost: bool) -> tuple[int, bool]:
    """Return what a call is booked at, and whether that is a guess: the worst, where nobody knows."""
    if is_lost:
        return in_flight_call.reserved_micros, True
    if ended is None:
        return 0, False
    if not ended.answer.is_cost_known:
        return max(ended.answer.cost_micros, ended.asked.price_micros), True
    return ended.answer.cost_micros, False


def _note_health(session: WriteSession, current: Batch) -> None:
    calls: dict[str, list[Answer]] = {}
    by_provider: dict[str, tuple[Provider, list[list[Answer]]]] = {}
    for one in (*current.ended, *current.pending):
        if one.asked.is_local or one.answer.is_about_entity:
            continue
        provider, call_id = one.asked.step.provider, one.call_id or one.asked.attempt_id
        if call_id not in calls:
            calls[call_id] = []
            by_provider.setdefault(provider.name, (provider, []))[1].append(calls[call_id])
        calls[call_id].append(one.answer)
    for name in sorted(by_provider):
        provider, answers = by_provider[name]
        circuit_breaker.record(
            session, provider, [circuit_breaker.most_telling(some) for some in answers], current.states
        )
