"""The receipt of an entity: who was asked about it, what that gave, and what it cost by which rule.

It is made of what is on record anyway: attempts, the history of the entity, calls under way. Its total is what the
books have on the entity, to the micro-dollar.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Table, and_, case, func, or_, select

from app.db.pages import Page, after, page_of, read_id
from app.enrichment.queue.queries import get_job
from app.enrichment.waterfall.charges import CHARGE_TEXTS, Charge, charge_of, operation_of
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.enrichment.waterfall.stored_attempts import names_in, was_sent
from app.enrichment.waterfall.walks import Walk, describe_walks
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.entities.changes import load_provenance
from app.entities.read import existing_ids
from app.entities.verdicts import VerdictView, verdict_on
from app.errors import EntityNotFound
from app.extensions import db
from app.models.attempt import attempts
from app.models.in_flight_call import in_flight_calls
from app.models.types import matching, utcnow
from app.providers.base import OutcomeClass, Provider
from app.providers.names import NORMALIZER, VERIFIERS
from app.providers.registry import current_registry
from app.values.groups import grouped


class Purpose(StrEnum):
    """What an attempt was for."""

    STEP = "step"
    VERIFY = "verify"
    NORMALIZE = "normalize"


class CallState(StrEnum):
    """How a call that has no answer yet stands."""

    CALLING = "calling"
    WAITING = "waiting"
    """The question was taken; the answer comes by callback."""
    LOST = "lost"
    """It is overdue. Its worker is gone, or is about to say what came of it."""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One attempt."""

    attempt_id: str
    job_id: str
    provider: str
    purpose: Purpose
    outcome_class: str
    error: str | None
    started_at: datetime
    seconds: float | None
    """How long the answer took; None: nobody was called, or no answer came."""
    fields_written: list[str]
    fields_standing: list[str]
    """Those of them that nobody has changed since."""
    withheld: list[str]
    """Fields of the answer that were not written."""
    verdict: str | None
    """What a verifier said of the address that the attempt brought: `accepted` or `rejected`; None: nothing."""
    verifier: str | None
    """Who said it."""
    cost_micros: int
    charge: Charge
    operation: str | None
    """The operation of the provider's present price list that costs as much; None: there is none, or several."""

    @property
    def rule(self) -> str:
        """The price rule in words."""
        return CHARGE_TEXTS[self.charge]


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that has no answer yet. What is reserved for it is in no total."""

    job_id: str
    provider: str
    state: CallState
    started_at: datetime
    reserved_micros: int


@dataclass(frozen=True, slots=True)
class ReceiptTotal:
    """What all attempts came to, those of other pages too."""

    attempts: int
    charged: int
    cost_micros: int
    in_doubt_micros: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One page of an entity's attempts, oldest first, with how the walks that they belong to ended."""

    entity_type: str
    entity_id: str
    workspace_slug: str
    page: Page[ReceiptLine]
    open_calls: list[OpenCall]
    walks: list[Walk]
    total: ReceiptTotal
    verdict: VerdictView | None
    """What a verifier said last of the address that a person has."""


def make_receipt(
    entity_type: str,
    entity_id: str,
    *,
    workspace_slug: str,
    job_id: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Receipt:
    """Return the receipt of an entity, or of what one job did about it.

    `cursor` is the `next_cursor` of the page before. Raises `EntityNotFound`, `JobNotFound`, and `Invalid` for a
    cursor that no page gave.
    """
    if not existing_ids(entity_type, [entity_id], workspace_slug=workspace_slug):
        raise EntityNotFound
    if job_id is not None:
        job_id = get_job(job_id, workspace_slug=workspace_slug).id
    subject = _Subject(entity_type, entity_id, workspace_slug, job_id)
    rows = db.session.execute(subject.page_query(limit, cursor)).all()
    page = page_of(rows, limit, attrgetter("id"))
    lines = _lines(subject, page.rows)
    open_calls = subject.open_calls()
    entries: list[ReceiptLine | OpenCall] = [*lines, *open_calls]
    job_ids = [job_id] if job_id is not None else dict.fromkeys(entry.job_id for entry in entries)
    return Receipt(
        entity_type,
        entity_id,
        workspace_slug,
        Page(lines, page.next_cursor),
        open_calls,
        describe_walks(entity_type, entity_id, workspace_slug, list(job_ids)),
        subject.total(),
        verdict_on(entity_id, workspace_slug) if entity_type == "person" else None,
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a receipt is about, and the job that it is narrowed to."""

    entity_type: str
    entity_id: str
    workspace_slug: str
    job_id: str | None

    def page_query(self, limit: int, cursor: str | None) -> Select[Any]:
        """Return the query for a page of attempts, and one more."""
        query = select(*_COLUMNS).where(*self._is_about_it(attempts), *after(attempts.c.id, read_id(cursor)))
        return query.order_by(attempts.c.id).limit(limit + 1)

    def total(self) -> ReceiptTotal:
        """Add up all attempts: as many as one entity has."""
        row = db.session.execute(select(*_SUMS).where(*self._is_about_it(attempts))).one()
        return ReceiptTotal(**row._mapping)

    def open_calls(self) -> list[OpenCall]:
        """Return the calls that have no answer yet."""
        is_overdue = (in_flight_calls.c.deadline_at <= utcnow()).label("is_overdue")
        query = select(in_flight_calls, is_overdue).where(*self._is_about_it(in_flight_calls))
        rows = db.session.execute(query.order_by(in_flight_calls.c.started_at))
        return [OpenCall(row.job_id, row.provider, _state(row), row.started_at, row.reserved_micros) for row in rows]

    def verdicts(self, since: datetime, limit: int) -> Sequence[Row[Any]]:
        """Return the attempts of verifiers since an instant, in order."""
        names = [verifier.name for verifier in current_registry().verifiers.values()]
        query = select(*_COLUMNS).where(
            *self._is_about_it(attempts), attempts.c.provider.in_(names), attempts.c.started_at >= since
        )
        return db.session.execute(query.order_by(attempts.c.started_at, attempts.c.id).limit(limit)).all()

    def _is_about_it(self, table: Table) -> list[ColumnElement[bool]]:
        return [
            table.c.workspace_slug == self.workspace_slug,
            table.c.entity_type == self.entity_type,
            table.c.entity_id == self.entity_id,
            *matching(table.c.job_id, self.job_id),
        ]


def _state(call: Row[Any]) -> CallState:
    if call.callback is not None:
        return CallState.WAITING
    if call.is_overdue:
        return CallState.LOST
    return CallState.WAITING if call.is_pending else CallState.CALLING


def _lines(subject: _Subject, rows: Sequence[Row[Any]]) -> list[ReceiptLine]:
    registry = workspace_registry(subject.workspace_slug)
    providers = {provider.name: provider for provider in (*registry.providers.values(), *registry.verifiers.values())}
    provenance = load_provenance(subject.entity_type, subject.entity_id, subject.workspace_slug)
    standing = grouped(provenance, lambda name: provenance[name].attempt_id)
    verifiers = _verifiers(subject, rows)
    return [_line(row, providers.get(row.provider), standing.get(row.id, []), verifiers.get(row.id)) for row in rows]


def _verifiers(subject: _Subject, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Return who gave the verdict on the address of an attempt, by attempt."""
    offers = [row for row in rows if _has_address(row)]
    if not offers:
        return {}
    verdicts = subject.verdicts(min(row.finished_at for row in offers), 2 * len(rows))
    # The verifier is asked next: nobody else is until its answer has come.
    next_ones = [bisect_left(verdicts, offer.finished_at, key=attrgetter("started_at")) for offer in offers]
    judged = zip(offers, next_ones, strict=True)
    return {offer.id: verdicts[place].provider for offer, place in judged if place < len(verdicts)}


def _has_address(row: Row[Any]) -> bool:
    """Return whether an attempt brought an address that a verifier may have been asked about."""
    names = (*names_in(row.withheld), *names_in(row.fields_written))
    return _purpose(row.provider) is Purpose.STEP and "email" in names


def _line(row: Row[Any], provider: Provider | None, standing: Sequence[str], verifier: str | None) -> ReceiptLine:
    written = names_in(row.fields_written)
    verdict = "rejected" if row.is_rejected else None
    if "email" in written and verifier is not None:
        verdict = "accepted"
    return ReceiptLine(
        attempt_id=row.id,
        job_id=row.job_id,
        provider=row.provider,
        purpose=_purpose(row.provider),
        outcome_class=row.outcome_class,
        error=row.error,
        started_at=row.started_at,
        seconds=(row.finished_at - row.started_at).total_seconds() if row.fingerprint is not None else None,
        fields_written=written,
        fields_standing=[name for name in written if name in standing],
        withheld=names_in(row.withheld),
        verdict=verdict,
        verifier=verifier if verdict is not None else None,
        cost_micros=row.cost_micros,
        charge=charge_of(row.outcome_class, row.cost_micros, provider, is_called=was_sent(row)),
        operation=operation_of(row.cost_micros, provider),
    )


def _purpose(provider: str) -> Purpose:
    return _OTHER_PURPOSES.get(provider, Purpose.STEP)


_OTHER_PURPOSES: Final[Mapping[str, Purpose]] = {
    NORMALIZER: Purpose.NORMALIZE,
    **dict.fromkeys(VERIFIERS, Purpose.VERIFY),
}


_COLUMNS: Final = tuple(
    column for column in attempts.c if column.name not in {"raw_answer", "workspace_slug", "entity_type", "entity_id"}
)
_COST = attempts.c.cost_micros
_IS_IN_DOUBT = or_(
    attempts.c.outcome_class == IN_DOUBT, and_(attempts.c.outcome_class == OutcomeClass.TRANSIENT, _COST > 0)
)


def _sum(value: ColumnElement[Any], name: str) -> ColumnElement[int]:
    # A sum of bigints is a decimal on PostgreSQL, and of no rows at all it is null.
    return func.coalesce(func.sum(value), 0).cast(BigInteger).label(name)


_SUMS: Final = (
    func.count().label("attempts"),
    _sum(case((_COST > 0, 1), else_=0), "charged"),
    _sum(_COST, "cost_micros"),
    _sum(case((_IS_IN_DOUBT, _COST), else_=0), "in_doubt_micros"),
)
