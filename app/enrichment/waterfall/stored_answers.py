"""What providers have answered about some entities, read back from what is on record of it.

An attempt keeps which fields it wrote, the history of the entity has their values, and what was withheld stands on the
attempt itself. What a provider gave beside a value that was there is not on record, and counts as not given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, select

from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.charges import is_in_doubt
from app.enrichment.waterfall.dedup import PARTIAL, VERDICT_STANDS
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.enrichment.waterfall.stored_attempts import attempts_about, was_sent
from app.entities.changes import about_entities, read_changes
from app.entities.read import load_entities
from app.entities.undo import REDO, UNDO
from app.entities.verdicts import REJECTED
from app.extensions import db
from app.models.attempt import entity_revisions
from app.providers.base import Answer, OutcomeClass
from app.providers.names import VERIFIERS
from app.values.groups import grouped


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The last of a provider's answers to one question, and what all tries of it came to."""

    answer: Answer
    calls: int
    cost_micros: int
    seconds: float
    is_prior: bool = False
    """Whether it was there before the job, so that the job did not ask."""


@dataclass(slots=True)
class OnRecord:
    """What is known of one entity: its fields at the start, and who answered what."""

    fields: dict[str, Any]
    answers: dict[str, StoredAnswer] = field(default_factory=dict)
    """By provider's name."""
    verdicts: dict[str, StoredAnswer] = field(default_factory=dict)
    """What a verifier said of the address, by the name of the provider that brought it."""


def read_answers(job: JobInfo, started_at: datetime | None, ids: Sequence[str]) -> dict[str, OnRecord]:
    """Return what is on record of some entities of a job, by id; those that are not there any more are left out.

    Fields are as they were when the job started; None: when the first question about the entity was sent. Answers are
    the job's own, else what others have learned.
    """
    fields = load_entities(job.entity_type, ids, workspace_slug=job.workspace_slug)
    history = _history(job, ids)
    rows = attempts_about(job.entity_type, job.workspace_slug, ids)
    return {
        entity_id: _on_record(job, started_at, now, history.get(entity_id, []), rows.get(entity_id, []))
        for entity_id, now in fields.items()
    }


def _on_record(
    job: JobInfo,
    started_at: datetime | None,
    now: dict[str, Any],
    history: Sequence[Row[Any]],
    rows: Sequence[Row[Any]],
) -> OnRecord:
    first_asked_at = next((row.started_at for row in rows if was_sent(row)), _NEVER)
    record = OnRecord(_fields_at(now, history, started_at or first_asked_at))
    given = _given(history)
    by_job = grouped(rows, attrgetter("job_id"))
    for provider, tries in _by_provider(rows, job):
        last = tries[-1]
        fields = {**given.get(last.id, {}), **_object(last.withheld)}
        answer = _stored(tries, fields, is_prior=_is_prior(last, job))
        record.answers[provider] = answer
        # Of an answer from before the job, nobody asks what became of its address.
        said = _verdicts_on(last, by_job[last.job_id]) if "email" in fields and not answer.is_prior else []
        if said:
            status = REJECTED if last.is_rejected else fields.get("email_status")
            record.verdicts[provider] = _stored(said, {"email_status": status})
    return record


def _is_prior(row: Row[Any], job: JobInfo) -> bool:
    is_of_other = row.job_id != job.id
    return is_of_other and job.created_at is not None and bool(row.started_at < job.created_at)


def _by_provider(rows: Iterable[Row[Any]], job: JobInfo) -> Iterator[tuple[str, list[Row[Any]]]]:
    """Give the tries of each finder: those of the job or, if it made none, those of the last job that did."""
    sent = [row for row in rows if row.provider not in VERIFIERS and was_sent(row)]
    for provider, tries in grouped(sent, attrgetter("provider")).items():
        by_job = grouped(tries, attrgetter("job_id"))
        yield provider, by_job.get(job.id) or by_job[tries[-1].job_id]


def _verdicts_on(offer: Row[Any], rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return what verifiers were asked of an address, of a job's attempts.

    Nobody else is asked before they have answered. A verdict that stood has spared the question.
    """
    of_verifiers = grouped(rows, lambda row: row.provider in VERIFIERS)
    later = (row.started_at for row in of_verifiers.get(False, []) if row.started_at > offer.started_at)
    end = min(later, default=_NEVER)
    asked = [row for row in of_verifiers.get(True, []) if was_sent(row) or row.outcome_class == VERDICT_STANDS]
    return [row for row in asked if offer.finished_at <= row.started_at < end]


def _stored(tries: Sequence[Row[Any]], fields: Mapping[str, Any], *, is_prior: bool = False) -> StoredAnswer:
    last = tries[-1]
    seconds = (last.finished_at - last.started_at).total_seconds()
    cost = sum(row.cost_micros for row in tries)
    return StoredAnswer(_answer(last, fields), sum(map(was_sent, tries)), cost, seconds, is_prior)


def _answer(row: Row[Any], fields: Mapping[str, Any]) -> Answer:
    outcome_class, trouble = _CLASSES.get(row.outcome_class, (row.outcome_class, None))
    return Answer(
        OutcomeClass(outcome_class),
        fields=fields if outcome_class == OutcomeClass.SUCCESS else {},
        cost_micros=row.cost_micros,
        error=row.error,
        is_cost_known=not is_in_doubt(row.outcome_class, row.cost_micros),
        trouble=trouble,
    )


_CLASSES: Final[Mapping[str, tuple[str, OutcomeClass | None]]] = {
    PARTIAL: (OutcomeClass.SUCCESS, OutcomeClass.TRANSIENT),
    IN_DOUBT: (OutcomeClass.TRANSIENT, None),
    VERDICT_STANDS: (OutcomeClass.SUCCESS, None),
}


def _fields_at(now: Mapping[str, Any], history: Sequence[Row[Any]], instant: datetime) -> dict[str, Any]:
    """Return an entity's fields as they were at an instant."""
    fields = dict(now)
    for row in reversed(history):
        if row.created_at >= instant:
            fields.update({name: change.old for name, change in read_changes(row.changes).items() if name in fields})
    return fields


def _given(history: Iterable[Row[Any]]) -> dict[str, dict[str, Any]]:
    """Return the values that each attempt wrote."""
    given: dict[str, dict[str, Any]] = {}
    for row in history:
        if row.attempt_id is not None and row.provider not in {UNDO, REDO}:
            values = {name: change.new for name, change in read_changes(row.changes).items()}
            given.setdefault(row.attempt_id, {}).update(values)
    return given


def _object(stored: Any) -> dict[str, Any]:
    return stored if isinstance(stored, dict) else {}


def _history(job: JobInfo, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the revisions of some entities by entity, the oldest first."""
    query = select(entity_revisions).where(*about_entities(job.entity_type, job.workspace_slug, ids))
    return grouped(db.session.execute(query.order_by(entity_revisions.c.id)), attrgetter("entity_id"))


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
