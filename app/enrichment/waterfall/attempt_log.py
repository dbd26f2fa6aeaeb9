"""What was answered, put on record: values merged into entities, attempts, changes, verdicts, the model cache."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, update

from app.db.session import WriteSession
from app.db.sql import insert_rows
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall import model_cache
from app.enrichment.waterfall.batch import AttemptResult, Batch, JobContext, NotAsked, Spared, Verdict
from app.enrichment.waterfall.dedup import NOT_ASKED, PARTIAL, VERDICT_STANDS
from app.enrichment.waterfall.entity_run import IN_DOUBT, Purpose, withheld_fields
from app.entities.changes import Writing, about_entities, read_changes, write_changes
from app.entities.merge import Change, merge_fields
from app.entities.policies import MergePolicy
from app.entities.read import load_for_update
from app.entities.verdicts import REJECTED, store_verdicts
from app.models.attempt import AttemptStatus, attempts, entity_revisions
from app.models.types import new_id
from app.providers.base import DEFINITE, Answer, OutcomeClass, Provider
from app.values.emails import email_address

LOST_ERROR: Final = "The worker was lost during the call."
NOT_ASKED_ERROR: Final = "Another job may have paid for this answer, which never came; a retry asks again."


@dataclass(frozen=True, slots=True)
class Written:
    """What became of answers that were to be written."""

    gone: frozenset[str] = frozenset()
    """Entities that were erased meanwhile: neither value nor attempt of them is written."""
    finds: frozenset[str] = frozenset()
    """The attempts that gave something that is wanted."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """How many addresses of each provider a verifier has called invalid, each counted once."""


def write_answers(session: WriteSession, context: JobContext, batch: Batch) -> Written:
    """Merge what was answered into the entities as they are now, and record attempts and changes."""
    job = context.job
    ids = _entities_of(batch)
    if not ids:
        return Written()
    entities = load_for_update(job.entity_type, sorted(ids), workspace_slug=job.workspace_slug)
    changed_at = _changed_at(session, context, entities)
    results = [result for result in batch.results if result.attempt.entity_id in entities]
    writings, rows = _write_results(context, results, entities, changed_at)
    unanswered = [row for row in _unanswered_rows(job, batch) if row["entity_id"] in entities]
    insert_rows(session, attempts, [*rows, *unanswered])
    rejected: Counter[str] = Counter()
    for verdict in batch.verdicts:
        if verdict.entity_id in entities:
            rejected[verdict.provider] += _reject(session, verdict)
            times = changed_at.get(verdict.entity_id, {})
            writings += _apply_verdict(session, context, verdict, entities[verdict.entity_id], times)
    store_verdicts(session, job.workspace_slug, _verdict_rows(results, entities))
    write_changes(session, job.entity_type, job.workspace_slug, writings)
    finds = frozenset(row["id"] for row in rows if is_find(row["fields_written"], row["withheld"], context.plan.until))
    return Written(frozenset(ids - entities.keys()), finds, +rejected)


def is_find(fields_written: Collection[str], withheld: Collection[str] | None, wanted: Collection[str]) -> bool:
    """Return whether an attempt gave a wanted field; if none is wanted in particular, any field.

    An address that waits for a verifier is given, too, and stays so if it is rejected.
    """
    given = {*fields_written, *(withheld or ())}
    return not given.isdisjoint(wanted) if wanted else bool(given)


def _write_results(
    context: JobContext,
    results: Iterable[AttemptResult],
    entities: Mapping[str, dict[str, Any]],
    changed_at: Mapping[str, Mapping[str, datetime]],
) -> tuple[list[Writing], list[dict[str, Any]]]:
    """Merge results into the entities in hand; return what is to be written of them, and the attempts' rows."""
    writings, rows = [], []
    for result in results:
        attempt = result.attempt
        times = changed_at.get(attempt.entity_id, {})
        changes = _merge(context, entities[attempt.entity_id], result.offered, times, result.started_at)
        writings.append(Writing(attempt.entity_id, changes, attempt.provider.name, attempt.id, context.job.id))
        rows.append(_attempt_row(context, result, sorted(changes)))
    return writings, rows


def _unanswered_rows(job: JobInfo, batch: Batch) -> Iterator[dict[str, Any]]:
    """Give the attempts of calls that lost workers left behind, and of questions that were not asked."""
    for call in batch.lost:
        yield lost_row(job, call, IN_DOUBT)
    for call in batch.replaced:
        yield lost_row(job, call, OutcomeClass.TRANSIENT)
    for question in batch.not_asked:
        yield _not_asked_row(job, question)
    for spared in batch.spared:
        yield _spared_row(job, spared)


def _verdict_rows(results: Iterable[AttemptResult], entities: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give what verifiers have said of addresses that stay on record of the entities in hand.

    A rejected one does, on the attempt that brought it. A verdict on any other would outlast the person's erasure.
    """
    for result in results:
        attempt, status = result.attempt, result.answer.fields.get("email_status")
        if attempt.address is None or status is None or result.answer.outcome_class is not OutcomeClass.SUCCESS:
            continue
        is_theirs = email_address(entities[attempt.entity_id].get("email")) == attempt.address
        if status == REJECTED or is_theirs:
            said = {"address": attempt.address, "status": status, "verifier": attempt.provider.name}
            yield {**said, "verified_at": result.finished_at}


def _entities_of(batch: Batch) -> set[str]:
    answered = {result.attempt.entity_id for result in batch.results}
    judged = {verdict.entity_id for verdict in batch.verdicts}
    unanswered = {record.entity_id for record in (*batch.lost, *batch.replaced, *batch.not_asked, *batch.spared)}
    return answered | judged | unanswered


def _merge(
    context: JobContext,
    entity: dict[str, Any],
    offered: Mapping[str, Any],
    changed_at: Mapping[str, datetime],
    asked_at: datetime | None,
) -> dict[str, Change]:
    """Return what an offer changes, and change the entity in hand accordingly."""
    changes = merge_fields(entity, offered, policies=context.policies, changed_at=changed_at, asked_at=asked_at)
    entity.update({name: change.new for name, change in changes.items()})
    return changes


def _changed_at(session: WriteSession, context: JobContext, ids: Iterable[str]) -> dict[str, dict[str, datetime]]:
    """Return when fields that may be replaced were changed last, by entity; nothing if no field may be."""
    names = {name for name, policy in context.policies.items() if policy is MergePolicy.REPLACE}
    if not names:
        return {}
    revisions = entity_revisions.c
    query = (
        select(revisions.entity_id, revisions.created_at, revisions.changes)
        .where(*about_entities(context.job.entity_type, context.job.workspace_slug, ids))
        .order_by(revisions.id)
    )
    changed_at: dict[str, dict[str, datetime]] = {}
    for row in session.connection().execute(query):
        at = dict.fromkeys(names & read_changes(row.changes).keys(), row.created_at)
        changed_at.setdefault(row.entity_id, {}).update(at)
    return changed_at


def _reject(session: WriteSession, verdict: Verdict) -> int:
    """Mark an address as rejected on the attempt that brought it; return 1, or 0 if it is not, or was before."""
    if not verdict.is_rejected:
        return 0
    is_new = (attempts.c.id == verdict.attempt_id, ~attempts.c.is_rejected)
    return session.connection().execute(update(attempts).where(*is_new).values(is_rejected=True)).rowcount


def _apply_verdict(
    session: WriteSession,
    context: JobContext,
    verdict: Verdict,
    entity: dict[str, Any],
    changed_at: Mapping[str, datetime],
) -> list[Writing]:
    """Write an address that was withheld, which is seen on the attempt that brought it.

    Returns what is still to be written of the entity.
    """
    is_attempt = attempts.c.id == verdict.attempt_id
    if verdict.is_rejected:
        return []
    changes = _merge(context, entity, verdict.fields, changed_at, verdict.verified_at)
    before = session.scalar(select(attempts.c.fields_written).where(is_attempt)) or []
    written = sorted({*before, *changes})
    session.execute(update(attempts).where(is_attempt).values(withheld=None, fields_written=written))
    return [Writing(verdict.entity_id, changes, verdict.provider, verdict.attempt_id, context.job.id)]


def _attempt_row(context: JobContext, result: AttemptResult, fields_written: list[str]) -> dict[str, Any]:
    answer, attempt = result.answer, result.attempt
    is_withheld = attempt.step.purpose is Purpose.STEP and _is_withheld(result)
    return {
        **_about(context.job, attempt.entity_id, attempt.provider.name),
        "id": attempt.id,
        "status": _STATUSES.get(answer.outcome_class, AttemptStatus.ERROR),
        "outcome_class": IN_DOUBT if result.is_overdue else stored_class(answer, attempt.provider),
        "fields_written": fields_written,
        "cost_micros": answer.cost_micros if answer.is_cost_known else max(answer.cost_micros, attempt.price_micros),
        "raw_answer": answer.raw if context.keeps_raw else None,
        "error": answer.error,
        "fingerprint": attempt.fingerprint,
        "withheld": withheld_fields(answer) if is_withheld else None,
        "started_at": result.started_at,
        "finished_at": result.finished_at,
    }


def stored_class(answer: Answer, provider: Provider) -> str:
    """Return what an attempt is recorded as that had this answer."""
    if not (answer.is_cost_known or answer.standing in DEFINITE or provider.capabilities.repeat_is_free):
        return IN_DOUBT
    return PARTIAL if answer.trouble is not None else str(answer.outcome_class)


def _is_withheld(result: AttemptResult) -> bool:
    has_address = "email" in result.answer.fields and "email" not in result.offered
    return has_address and result.answer.outcome_class in DEFINITE


def lost_row(job: JobInfo, in_flight_call: Any, outcome_class: str) -> dict[str, Any]:
    """Return the attempt of a call whose worker was lost, booked at what was reserved for it."""
    return {
        **_about(job, in_flight_call.entity_id, in_flight_call.provider),
        **_WITHOUT_ANSWER,
        "id": new_id(),
        "status": AttemptStatus.ERROR,
        "outcome_class": str(outcome_class),
        "cost_micros": in_flight_call.reserved_micros,
        "error": LOST_ERROR,
        "started_at": in_flight_call.started_at,
        "finished_at": in_flight_call.deadline_at,
    }


def _not_asked_row(job: JobInfo, question: NotAsked) -> dict[str, Any]:
    return _skipped_row(job, question.entity_id, question.provider, new_id(), NOT_ASKED, NOT_ASKED_ERROR)


def _spared_row(job: JobInfo, spared: Spared) -> dict[str, Any]:
    verdict = spared.verdict
    error = (
        f"It called the address {verdict.status} on {verdict.verified_at:%Y-%m-%d}, which holds until"
        f" {verdict.expires_at:%Y-%m-%d}."
    )
    return _skipped_row(job, spared.entity_id, verdict.verifier, spared.attempt_id, VERDICT_STANDS, error)


def _skipped_row(
    job: JobInfo, entity_id: str, provider: str, attempt_id: str, outcome_class: str, error: str
) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        **_about(job, entity_id, provider),
        **_WITHOUT_ANSWER,
        "id": attempt_id,
        "status": AttemptStatus.SKIPPED,
        "outcome_class": outcome_class,
        "cost_micros": 0,
        "error": error,
        "started_at": now,
        "finished_at": now,
    }


_WITHOUT_ANSWER: Final[Mapping[str, Any]] = {
    "fields_written": [],
    "raw_answer": None,
    "fingerprint": None,
    "withheld": None,
}


def _about(job: JobInfo, entity_id: str, provider: str) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "workspace_slug": job.workspace_slug,
        "entity_type": job.entity_type,
        "entity_id": entity_id,
        "provider": provider,
        "is_rejected": False,
    }


_STATUSES: Mapping[OutcomeClass, AttemptStatus] = {
    # "Not found" is an answer: the entity is done, though nothing was written.
    OutcomeClass.SUCCESS: AttemptStatus.SUCCESS,
    OutcomeClass.NOT_FOUND: AttemptStatus.SUCCESS,
    OutcomeClass.SKIPPED_INSUFFICIENT_INPUT: AttemptStatus.SKIPPED,
}


def write_model_cache(session: WriteSession, batch: Batch) -> None:
    """Keep what a model has answered about texts, for whoever asks about the same."""
    entries = {key: value for result in batch.results for key, value in result.answer.cache_entries.items()}
    if entries:
        model_cache.save(session, entries)
