"""A checkpoint's transaction: answers and charges in, reservations and calls on record for what starts next.

The order of the statements is the same for every worker, so that no two wait for each other: the chunk's own row, its
entities, the providers' states and rate limits, the calls in flight, the caps. The caps come last, since every worker
needs them; of a job that may stop itself, its own row comes after them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from app.db.session import WriteSession
from app.enrichment.limits import circuit_breaker
from app.enrichment.limits.circuit_breaker import ProviderState
from app.enrichment.money.caps import Booking, Settlement, Tally, book
from app.enrichment.money.cost_log import record_costs
from app.enrichment.queue import stop_rules
from app.enrichment.queue.stop_rules import Counts
from app.enrichment.waterfall import admission, in_flight
from app.enrichment.waterfall.attempt_log import Written, stored_class, write_answers, write_model_cache
from app.enrichment.waterfall.batch import Admission, AttemptResult, Batch, JobContext, ReachedCap
from app.enrichment.waterfall.dedup import PARTIAL
from app.models.spending import CallOutcome
from app.models.types import utcnow
from app.providers.base import DEFINITE, Answer, OutcomeClass, Provider
from app.values.days import seconds_to_midnight


def store_batch(session: WriteSession, context: JobContext, batch: Batch) -> Admission:
    """Store a batch in the caller's transaction, and return which of its calls may start."""
    written = write_answers(session, context, batch)
    write_model_cache(session, batch)
    states = _record_health(session, batch)
    if not (batch.moves_calls or written.rejected):
        is_stopped = stop_rules.add_counts(session, context.job, Counts(batch.asked, batch.finds))
        return Admission(gone=written.gone, is_stopped=is_stopped)
    gone = set(written.gone) | admission.find_gone(context, batch.calls)
    limited = admission.limit(session, context.job, batch, states)
    now = _latest_clock(session, limited)
    settlements = _close_calls(session, batch, written, now)
    opening = admission.open_calls(session, context, limited, gone, now)
    prices = [(attempt.provider.name, attempt.price_micros) for attempt in opening.attempts]
    booking = book(session, context.caps, settlements, prices, now.date(), known=context.accounts)
    granted, over_cap = admission.grant(session, limited, opening, booking)
    order = [provider.name for provider in context.plan.steps]
    rejected = {(provider, now.date()): count for provider, count in written.rejected.items()}
    record_costs(session, context.job, settlements, order=order, rejected=rejected)
    cost_micros = sum(settlement.cost_micros for settlement in settlements)
    is_stopped = stop_rules.add_counts(session, context.job, Counts(batch.asked, batch.finds, cost_micros))
    return Admission(
        granted,
        {**admission.refusals_of(limited), **opening.refused, **over_cap},
        opening.prior,
        opening.entities,
        frozenset(gone),
        _reached(booking, now),
        is_stopped,
        circuit_breaker.load_states(context.own_accounts),
    )


def _latest_clock(session: WriteSession, limited: Sequence[admission.Limited]) -> datetime:
    """Return the database's clock. The latest allowance's: an earlier one may predate a lock wait."""
    clocks = [provider.allowance.now for provider in limited]
    return max(clocks) if clocks else session.connection().scalars(_CLOCK).one()


_CLOCK: Final = select(utcnow())


def _close_calls(session: WriteSession, batch: Batch, written: Written, now: datetime) -> list[Settlement]:
    """Take what has ended off the record, and return what it cost."""
    for result in batch.pending:
        deadline = now + timedelta(seconds=result.answer.pending_seconds or 0.0)
        in_flight.mark_pending(session, result.attempt.request_id, deadline)
    answered = {result.attempt.request_id: result for result in batch.results if not result.attempt.is_local}
    released = {attempt.request_id for attempt in batch.released}
    lost = {call.request_id for call in (*batch.lost, *batch.replaced)}
    closed = in_flight.close_calls(session, [*answered, *released, *lost])
    settlements = []
    for request_id, row in closed.items():
        answer = answered.get(request_id)
        cost, is_in_doubt = _cost(answer, row, is_lost=request_id in lost)
        tally = None if answer is None else _tally(answer, written)
        reserved = (row.provider, row.reserved_on, row.reserved_micros)
        is_sent = request_id not in released
        outcome = CallOutcome.ERRORS if answer is None else _outcome(answer)
        settlements.append(Settlement(*reserved, cost, is_in_doubt, is_sent=is_sent, outcome=outcome, tally=tally))
    return settlements


_OUTCOMES: Final[Mapping[str, CallOutcome]] = {
    OutcomeClass.SUCCESS: CallOutcome.FOUND,
    PARTIAL: CallOutcome.FOUND,
    OutcomeClass.NOT_FOUND: CallOutcome.NOT_FOUND,
    OutcomeClass.RATE_LIMITED: CallOutcome.RATE_LIMITED,
}


def _outcome(result: AttemptResult) -> CallOutcome:
    return _OUTCOMES.get(stored_class(result.answer, result.attempt.provider), CallOutcome.ERRORS)


def _tally(result: AttemptResult, written: Written) -> Tally | None:
    """Return what came of a question; None if it was not answered, or its entity was erased meanwhile."""
    is_answered = stored_class(result.answer, result.attempt.provider) in {*DEFINITE, PARTIAL}
    if not is_answered or result.attempt.entity_id in written.gone:
        return None
    return Tally(
        (result.finished_at - result.started_at).total_seconds(),
        is_find=result.attempt.id in written.finds,
        is_in_turn=result.is_in_turn,
        is_overlap=result.is_overlap,
    )


def _cost(result: AttemptResult | None, in_flight_call: Any, *, is_lost: bool) -> tuple[int, bool]:
    """Return what a call is booked at, and whether that is a guess: the worst price if nobody knows."""
    if is_lost:
        return in_flight_call.reserved_micros, True
    if result is None:
        return 0, False
    if not result.answer.is_cost_known:
        return max(result.answer.cost_micros, result.attempt.price_micros), True
    return result.answer.cost_micros, False


def _record_health(session: WriteSession, batch: Batch) -> Mapping[str, ProviderState]:
    """Record how the calls of each provider ended, and return the providers' states after that.

    A bulk call counts once, by its most telling answer.
    """
    providers: dict[str, Provider] = {}
    answers: dict[str, dict[str, list[Answer]]] = {}
    for result in (*batch.results, *batch.pending):
        attempt = result.attempt
        if attempt.is_local or result.answer.is_about_entity:
            continue
        name = attempt.provider.name
        providers[name] = attempt.provider
        of_call = answers.setdefault(name, {}).setdefault(result.call_id or attempt.id, [])
        of_call.append(result.answer)
    states = dict(batch.states)
    for name in sorted(answers):
        telling = [circuit_breaker.most_telling(of_call) for of_call in answers[name].values()]
        state = circuit_breaker.record(session, providers[name], telling, batch.states)
        if state is not None:
            states[name] = state
    return states


def _reached(booking: Booking, now: datetime) -> ReachedCap | None:
    cap = booking.reached
    if cap is None:
        return None
    return ReachedCap(cap, seconds_to_midnight(now) + 1 if cap.is_daily else None)
