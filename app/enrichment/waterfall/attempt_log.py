"""What was answered, put on record: values merged into entities, attempts, changes, verdicts, what a model taught."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, select, update

from app.db.session import WriteSession
from app.db.sql import insert_rows, is_any_of
from app.enrichment.waterfall.batch import AttemptResult, Batch, ChunkContext, NotAsked, Verdict
from app.enrichment.waterfall.dedup import NOT_ASKED, PARTIAL
from app.enrichment.waterfall.entity_run import IN_DOUBT, Purpose, withheld_fields
from app.entities import model_cache
from app.entities.changes import Writing, write_changes
from app.entities.merge import Change, merge_fields
from app.entities.policies import MergePolicy
from app.entities.read import load_for_update
from app.models.attempt import AttemptStatus, attempts, field_changes
from app.models.types import new_id
from app.providers.base import DEFINITE, Answer, OutcomeClass, Provider

LOST_ERROR: Final = "The worker was lost during the call."
NOT_ASKED_ERROR: Final = "Another job may have paid for this answer, which never came; a retry asks again."


def write_answers(session: WriteSession, context: ChunkContext, current: Batch) -> None:
    """Merge what was answered into the entities as they are now, and record attempts and changes.

    Of an entity that was erased meanwhile neither value nor attempt is written.
    """
    job = context.job
    ids = {one.asked.run.entity_id for one in current.ended} | {one.entity_id for one in current.verdicts}
    ids |= {row.entity_id for row in (*current.lost, *current.replaced, *current.not_asked)}
    if not ids:
        return
    entities = load_for_update(job.entity_type, sorted(ids), workspace_slug=job.workspace_slug)
    current.gone = ids - entities.keys()
    changed_at = _changed_at(session, context, entities)
    writings: list[Writing] = []
    rows = []
    for one in current.ended:
        entity_id = one.asked.run.entity_id
        if entity_id not in entities:
            continue
        changes = _merge(context, entities[entity_id], one.offered, changed_at.get(entity_id, {}), one.started_at)
        writings.append(Writing(entity_id, changes, one.asked.step.provider.name, one.asked.attempt_id))
        rows.append(_attempt_row(context, one, sorted(changes)))
    rows += [
        _lost_row(context, in_flight_call, IN_DOUBT)
        for in_flight_call in current.lost
        if in_flight_call.entity_id in entities
    ]
    rows += [
        _lost_row(context, in_flight_call, OutcomeClass.TRANSIENT)
        for in_flight_call in current.replaced
        if in_flight_call.entity_id in entities
    ]
    rows += [_not_asked_row(context, step) for step in current.not_asked if step.entity_id in entities]
    insert_rows(session, attempts, rows)
    for verdict in current.verdicts:
        if verdict.entity_id in entities:
            writings += _apply_verdict(session, context, verdict, entities[verdict.entity_id])
    write_changes(session, job.entity_type, job.workspace_slug, writings)


def _merge(
    context: ChunkContext,
    entity: dict[str, Any],
    offered: Mapping[str, Any],
    changed_at: Mapping[str, datetime],
    asked_at: datetime | None,
) -> dict[str, Change]:
    """Return what an offer changes, and change the entity in hand accordingly."""
    changes = merge_fields(entity, offered, policies=context.policies, changed_at=changed_at, asked_at=asked_at)
    entity.update({name: change.new for name, change in changes.items()})
    return changes


def _changed_at(session: WriteSession, context: ChunkContext, ids: Iterable[str]) -> dict[str, dict[str, datetime]]:
    """Return when fields that may be replaced were changed last, by entity; nothing where no field may be."""
    names = [name for name, policy in context.policies.items() if policy is MergePolicy.REPLACE]
    if not names:
        return {}
    query = (
        select(field_changes.c.entity_id, field_changes.c.field, func.max(field_changes.c.created_at).label("at"))
        .where(
            field_changes.c.workspace_slug == context.job.workspace_slug,
            field_changes.c.entity_type == context.job.entity_type,
            is_any_of(field_changes.c.entity_id, ids),
            field_changes.c.field.in_(names),
        )
        .group_by(field_changes.c.entity_id, field_changes.c.field)
    )
    found: dict[str, dict[str, datetime]] = {}
    for row in session.connection().execute(query):
        found.setdefault(row.entity_id, {})[row.field] = row.at
    return found


def _apply_verdict(
    session: WriteSession, context: ChunkContext, verdict: Verdict, entity: dict[str, Any]
) -> list[Writing]:
    """Write an address that was withheld, or mark it as rejected; either is seen on the attempt that brought it.

    Returns what is still to be written of the entity.
    """
    mine = attempts.c.id == verdict.attempt_id
    if verdict.is_rejected:
        session.execute(update(attempts).where(mine).values(is_rejected=True))
        return []
    changes = _merge(context, entity, verdict.fields, {}, None)
    before = session.scalar(select(attempts.c.fields_written).where(mine)) or []
    written = sorted({*before, *changes})
    session.execute(update(attempts).where(mine).values(withheld=None, fields_written=written))
    return [Writing(verdict.entity_id, changes, verdict.provider, verdict.attempt_id)]


def _attempt_row(context: ChunkContext, ended: AttemptResult, fields_written: list[str]) -> dict[str, Any]:
    answer, asked = ended.answer, ended.asked
    verifies = asked.step.purpose is Purpose.STEP and _is_withheld(ended)
    return {
        **_about(context, asked.run.entity_id, asked.step.provider.name),
        "id": asked.attempt_id,
        "status": _STATUSES.get(answer.outcome_class, AttemptStatus.ERROR),
        "outcome_class": IN_DOUBT if ended.is_overdue else _stored_class(answer, asked.step.provider),
        "fields_written": fields_written,
        "cost_micros": answer.cost_micros if answer.is_cost_known else max(answer.cost_micros, asked.price_micros),
        "raw_answer": answer.raw if context.keeps_raw else None,
        "error": answer.error,
        "fingerprint": asked.fingerprint,
        "withheld": withheld_fields(answer) if verifies else None,
        "started_at": ended.started_at,
        "finished_at": ended.finished_at,
    }


def _stored_class(answer: Answer, provider: Provider) -> str:
    if not (answer.is_cost_known or answer.standing in DEFINITE or provider.repeat_is_free):
        return IN_DOUBT
    return PARTIAL if answer.trouble is not None else str(answer.outcome_class)


def _is_withheld(ended: AttemptResult) -> bool:
    return "email" in ended.answer.fields and "email" not in ended.offered and ended.answer.outcome_class in DEFINITE


def _lost_row(context: ChunkContext, in_flight_call: Any, outcome_class: str) -> dict[str, Any]:
    return {
        **_about(context, in_flight_call.entity_id, in_flight_call.provider),
        **_WITHOUT_ANSWER,
        "id": new_id(),
        "status": AttemptStatus.ERROR,
        "outcome_class": str(outcome_class),
        "cost_micros": in_flight_call.reserved_micros,
        "error": LOST_ERROR,
        "started_at": in_flight_call.started_at,
        "finished_at": in_flight_call.deadline_at,
    }


def _not_asked_row(context: ChunkContext, step: NotAsked) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        **_about(context, step.entity_id, step.provider),
        **_WITHOUT_ANSWER,
        "id": new_id(),
        "status": AttemptStatus.SKIPPED,
        "outcome_class": NOT_ASKED,
        "cost_micros": 0,
        "error": NOT_ASKED_ERROR,
        "started_at": now,
        "finished_at": now,
    }


_WITHOUT_ANSWER: Final[Mapping[str, Any]] = {
    "fields_written": [],
    "raw_answer": None,
    "fingerprint": None,
    "withheld": None,
}


def _about(context: ChunkContext, entity_id: str, provider: str) -> dict[str, Any]:
    return {
        "job_id": context.job.id,
        "workspace_slug": context.job.workspace_slug,
        "entity_type": context.job.entity_type,
        "entity_id": entity_id,
        "provider": provider,
    }


_STATUSES: Mapping[OutcomeClass, AttemptStatus] = {
    # "Not found" is an answer: the entity is done, though nothing was written.
    OutcomeClass.SUCCESS: AttemptStatus.SUCCESS,
    OutcomeClass.NOT_FOUND: AttemptStatus.SUCCESS,
    OutcomeClass.SKIPPED_INSUFFICIENT_INPUT: AttemptStatus.SKIPPED,
}


def write_cache(session: WriteSession, current: Batch) -> None:
    entries = {key: value for one in current.ended for key, value in one.answer.cache_entries.items()}
    if entries:
        model_cache.save(session, entries)
