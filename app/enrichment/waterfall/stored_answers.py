"""What providers have answered about some entities, read back from what is on record of it.

An attempt keeps which fields it wrote, the history of the entity has their values, and what was withheld stands on the
attempt itself. What a provider gave beside a value that was there is not on record, and counts as not given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, select

from app.db.sql import is_any_of
from app.enrichment.queue.lease import JobInfo
from app.enrichment.waterfall.attempt_log import LOST_ERROR
from app.enrichment.waterfall.dedup import PARTIAL, VERDICT_STANDS
from app.enrichment.waterfall.entity_run import IN_DOUBT
from app.entities.changes import about_entities, read_changes
from app.entities.read import load_entities
from app.entities.undo import REDO, UNDO
from app.entities.verdicts import REJECTED
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.providers.base import Answer, OutcomeClass
from app.providers.names import finder_of


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
    about = {"workspace_slug": job.workspace_slug}
    fields = load_entities(job.entity_type, ids, **about)
    revisions = _revisions(job, ids)
    records = {}
    rows = {key: list(of) for key, of in groupby(_attempts(job, ids), attrgetter("entity_id"))}
    for entity_id, now in fields.items():
        history, about_it = revisions.get(entity_id, []), rows.get(entity_id, [])
        record = OnRecord(_fields_at(now, history, started_at or _first_asked_at(about_it)))
        _add_answers(record, about_it, _given(history), job)
        records[entity_id] = record
    return records


def _add_answers(record: OnRecord, rows: Sequence[Row[Any]], given: Mapping[str, dict[str, Any]], job: JobInfo) -> None:
    finders = [row for row in rows if finder_of(row.provider) == row.provider]
    verifiers = [row for row in rows if finder_of(row.provider) != row.provider]
    for provider, tries in _by_provider(finders, job):
        last = tries[-1]
        is_prior = _is_prior(last, job)
        fields = {**given.get(last.id, {}), **_object(last.withheld)}
        record.answers[provider] = _stored(tries, fields, is_prior=is_prior)
        said = [] if is_prior or "email" not in fields else list(_verdicts_on(last, finders, verifiers))
        if said:
            status = REJECTED if last.is_rejected else fields.get("email_status")
            record.verdicts[provider] = _stored(said, {"email_status": status})


def _is_prior(row: Row[Any], job: JobInfo) -> bool:
    is_of_other = row.job_id != job.id
    return is_of_other and job.created_at is not None and bool(row.started_at < job.created_at)


def _by_provider(rows: Sequence[Row[Any]], job: JobInfo) -> Iterator[tuple[str, list[Row[Any]]]]:
    """Give the tries of each provider: those of the job or, if it made none, those of the last job that did."""
    by_provider: dict[str, list[Row[Any]]] = {}
    for row in rows:
        if _was_sent(row):
            by_provider.setdefault(row.provider, []).append(row)
    for provider, tries in by_provider.items():
        own = [row for row in tries if row.job_id == job.id]
        yield provider, own or [row for row in tries if row.job_id == tries[-1].job_id]


def _verdicts_on(offer: Row[Any], finders: Iterable[Row[Any]], verifiers: Iterable[Row[Any]]) -> Iterator[Row[Any]]:
    """Give what verifiers were asked of an address: nobody else is asked before they have answered."""
    later = [row.started_at for row in finders if row.started_at > offer.started_at and row.job_id == offer.job_id]
    end = min(later, default=None)
    for row in verifiers:
        is_next = row.job_id == offer.job_id and row.started_at >= offer.finished_at
        if is_next and _says_something(row) and (end is None or row.started_at < end):
            yield row


def _says_something(row: Row[Any]) -> bool:
    """Return whether a question was sent, or was spared because a verdict stood."""
    return _was_sent(row) or row.outcome_class == VERDICT_STANDS


def _was_sent(row: Row[Any]) -> bool:
    # Only a question that was sent has a fingerprint; a call whose worker was lost was sent, too.
    return row.fingerprint is not None or row.error == LOST_ERROR


def _stored(tries: Sequence[Row[Any]], fields: Mapping[str, Any], *, is_prior: bool = False) -> StoredAnswer:
    last = tries[-1]
    sent = [row for row in tries if _was_sent(row)]
    seconds = (last.finished_at - last.started_at).total_seconds()
    cost = sum(row.cost_micros for row in tries)
    return StoredAnswer(_answer(last, fields), len(sent), cost, seconds, is_prior)


def _answer(row: Row[Any], fields: Mapping[str, Any]) -> Answer:
    outcome_class, trouble = _CLASSES.get(row.outcome_class, (row.outcome_class, None))
    is_in_doubt = row.outcome_class == IN_DOUBT or (outcome_class == OutcomeClass.TRANSIENT and row.cost_micros > 0)
    return Answer(
        OutcomeClass(outcome_class),
        fields=fields if outcome_class == OutcomeClass.SUCCESS else {},
        cost_micros=row.cost_micros,
        error=row.error,
        is_cost_known=not is_in_doubt,
        trouble=trouble,
    )


_CLASSES: Final[Mapping[str, tuple[str, OutcomeClass | None]]] = {
    PARTIAL: (OutcomeClass.SUCCESS, OutcomeClass.TRANSIENT),
    IN_DOUBT: (OutcomeClass.TRANSIENT, None),
    VERDICT_STANDS: (OutcomeClass.SUCCESS, None),
}


def _first_asked_at(rows: Iterable[Row[Any]]) -> datetime | None:
    return next((row.started_at for row in rows if _was_sent(row)), None)


def _fields_at(now: Mapping[str, Any], history: Iterable[Row[Any]], instant: datetime | None) -> dict[str, Any]:
    """Return an entity's fields as they were at an instant; None: as they are now."""
    fields = dict(now)
    if instant is None:
        return fields
    for row in reversed([row for row in history if row.created_at >= instant]):
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


def _attempts(job: JobInfo, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the attempts about some entities, by entity and then in their order."""
    query = select(*_COLUMNS).where(
        attempts.c.workspace_slug == job.workspace_slug,
        attempts.c.entity_type == job.entity_type,
        is_any_of(attempts.c.entity_id, ids),
    )
    return db.session.execute(query.order_by(attempts.c.entity_id, attempts.c.started_at, attempts.c.id)).all()


def _revisions(job: JobInfo, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the history of some entities, the oldest first."""
    query = select(entity_revisions).where(*about_entities(job.entity_type, job.workspace_slug, ids))
    revisions: dict[str, list[Row[Any]]] = {}
    for row in db.session.execute(query.order_by(entity_revisions.c.id)):
        revisions.setdefault(row.entity_id, []).append(row)
    return revisions


_COLUMNS: Final = tuple(
    attempts.c[name]
    for name in (
        *("id", "job_id", "entity_id", "provider", "outcome_class", "withheld", "is_rejected", "cost_micros"),
        *("fingerprint", "error", "started_at", "finished_at"),
    )
)
