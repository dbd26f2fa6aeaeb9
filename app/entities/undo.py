"""Putting back what a job wrote, or what was changed last in one field.

The history of a field says who gave each value and which value it replaced. A job's values are taken
back if they are the latest and unchanged; what was changed since is kept. An undo is a change like any
other, so the history goes on, and one job can be undone after another, the latest first. The last change
of a single field is taken back whoever made it; if that is an undo, it is redone.

An undo of a job goes through the job's chunks in order, some 1,000 entities a transaction, with the rows locked
in the order of their ids. If it breaks off, it is run again: what was put back stays.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, Text, select

from app.audit.events import record
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.entities.changes import Writing, about_entities, read_changes, write_changes
from app.entities.fields import FIELDS, Fields, field_named, is_of_kind
from app.entities.keep_days import insist_on_kept
from app.entities.merge import Change, differs
from app.entities.progress import OnProgress, tell_nobody
from app.entities.read import SLICE_ROWS, load_entities, load_for_update
from app.errors import Conflict, DamagedData, EntityNotFound, Invalid, JobNotFound, JobStateConflict, detail
from app.extensions import db
from app.models.attempt import entity_revisions
from app.models.audit_event import Action
from app.models.chunk import chunks, progress
from app.models.job import ACTIVE, jobs
from app.models.types import parse_id, utcnow
from app.values.identifiers import is_entity_id
from app.values.spellings import camel_case

log = structlog.get_logger(__name__)

UNDO: Final = "undo"
"""The provider of values that an undo put back."""
REDO: Final = "redo"
"""The provider of values that the undo of an undo put back."""


@dataclass(frozen=True, slots=True)
class UndoCounts:
    """Fields that got their former value back, and fields that kept a newer one."""

    restored: int = 0
    kept: int = 0

    def __add__(self, other: "UndoCounts") -> "UndoCounts":
        return UndoCounts(self.restored + other.restored, self.kept + other.kept)


@dataclass(frozen=True, slots=True)
class FieldUndo:
    """What became of a field: the value that it got back, and the one that was taken back."""

    field: str
    value: Any
    replaced: Any
    provider: str
    """Who gave what was taken back: a provider, `caller`, `undo` or `redo`."""
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """A change of a field, and who made it."""

    provider: str
    job_id: str | None
    attempt_id: str | None
    change: Change


def undo_job(job_id: str, *, workspace_slug: str | None = None, on_progress: OnProgress = tell_nobody) -> UndoCounts:
    """Give every field that a job changed its former value, unless it was changed since.

    The job's outcomes and costs stay. Undone again, it restores nothing. `on_progress` is told after each transaction
    how many entities were looked at so far.
    Raises `JobNotFound`, also for a job of another workspace, and `JobStateConflict` while it may
    still write, even if another worker resumes it halfway through.
    """
    job = _find_job(job_id, workspace_slug)
    counts, seen = UndoCounts(), 0
    _insist_on_rest(job.id)
    for ids in _pages(job):
        with transaction() as session:
            _insist_on_rest(job.id)
            put_back = _undo(session, job, ids)
            if put_back.restored and not counts.restored:
                # With the first values: how many there will be is not known yet.
                record(session, Action.JOB_UNDO, "job", job.id, workspace_slug=job.workspace_slug)
        counts += put_back
        seen += len(ids)
        on_progress(seen)
    log.info("job undone", job_id=job.id, restored=counts.restored, kept=counts.kept)
    return counts


@repeats_conflicts
def undo_field(
    entity_type: str, entity_id: str, field: str, *, workspace_slug: str, is_dry_run: bool = False
) -> FieldUndo:
    """Give a field of an entity the value that it had before its last change, or say what that would be.

    What a job changed several times in a row is taken back as a whole. Undone again, the field has the value that was
    taken back. Raises `EntityNotFound`, `Invalid` for an unknown field, and `Conflict` if its history does not lead to
    the value that it has.
    """
    name = field_named(entity_type, field)
    if name is None:
        example = next(iter(FIELDS[entity_type]))
        message = f"expected the name of a field, such as {example}"
        raise Invalid(f"field: {message}.", details=[detail("field", message)])
    if is_dry_run:
        undone, _ = _undone_field(load_entities, entity_type, entity_id, name, workspace_slug)
        end_read()
        return replace(undone, is_dry_run=True)
    with transaction() as session:
        undone, writing = _undone_field(load_for_update, entity_type, entity_id, name, workspace_slug)
        write_changes(session, entity_type, workspace_slug, [writing])
        after = {"field": camel_case(name)}
        record(session, Action.ENTITY_UNDO, entity_type, entity_id, workspace_slug=workspace_slug, after=after)
        log.info("field undone", entity_type=entity_type, field=name)
    return undone


def _undone_field(
    load: Callable[..., dict[str, Fields]], entity_type: str, entity_id: str, field: str, workspace_slug: str
) -> tuple[FieldUndo, Writing]:
    """Return what becomes of a field, and the change that makes it so. Raises what `undo_field` does."""
    entity = load(entity_type, [entity_id], workspace_slug=workspace_slug).get(entity_id)
    if entity is None:
        raise EntityNotFound
    steps = _steps_of(entity_type, workspace_slug, [entity_id]).get(entity_id, {}).get(field, [])
    writing = _taken_back(entity_type, entity_id, field, entity.get(field), steps)
    change = writing.changes[field]
    return FieldUndo(field, change.new, change.old, steps[-1].provider, is_dry_run=False), writing


def _taken_back(entity_type: str, entity_id: str, field: str, value: Any, steps: Sequence[_Step]) -> Writing:
    """Return the change that takes back the last one of a field. Raises `Conflict`."""
    standing = _standing(steps)
    if not standing and (not steps or steps[-1].provider != UNDO):
        raise Conflict("The field has not been changed since it was given, so there is nothing to undo.")
    if differs(value, steps[-1].change.new):
        raise Conflict("The field has a value that its history does not know, so nothing is put back.")
    if steps[-1].provider == UNDO:
        former, provider, attempt_id = steps[-1].change.old, REDO, _undone(steps).attempt_id
    else:
        former, provider, attempt_id = _last_run(standing)[0].change.old, UNDO, None
    if not is_of_kind(former, FIELDS[entity_type][field]):
        raise DamagedData
    if not differs(value, former):
        raise Conflict("The last changes of the field have left it as it was, so there is nothing to undo.")
    return Writing(entity_id, {field: Change(value, former)}, provider, attempt_id)


def _find_job(job_id: str, workspace_slug: str | None) -> Row[Any]:
    query: Select[Any] = select(
        jobs.c.id, jobs.c.workspace_slug, jobs.c.entity_type, jobs.c.chunk_size, jobs.c.finished_at
    )
    query = query.where(jobs.c.id == parse_id(job_id))
    if workspace_slug is not None:
        query = query.where(jobs.c.workspace_slug == workspace_slug)
    job = db.session.execute(query).one_or_none()
    if job is None:
        raise JobNotFound
    insist_on_kept(job.finished_at, "ENRICH_JOB_KEEP_DAYS", "ENRICH_HISTORY_KEEP_DAYS")
    return job


def _insist_on_rest(job_id: str) -> None:
    """Raise `JobStateConflict` if a worker may be writing for the job, or soon could."""
    status = db.session.scalar(select(jobs.c.status).where(jobs.c.id == job_id))
    if status in ACTIVE:
        raise JobStateConflict(f"The job is {status}; pause or cancel it first.")
    is_leased = select(progress.c.job_id).where(
        progress.c.job_id == job_id,
        progress.c.finished_at.is_(None),
        progress.c.worker.is_not(None),
        progress.c.lease_expires_at > utcnow(),
    )
    # Workers of a paused or cancelled job stop at their next checkpoint, and store what they have.
    if db.session.scalar(is_leased.limit(1)) is not None:
        raise JobStateConflict("The job still has chunks under way; try again when their leases have ended.")


def _pages(job: Row[Any]) -> Iterator[list[str]]:
    """Yield the ids of the chunks that were ever claimed, some 1,000 at a time; no read stays open between."""
    query = (
        select(chunks.c.position, chunks.c.entity_ids.cast(Text).label("ids"))
        .join(progress, (progress.c.job_id == chunks.c.job_id) & (progress.c.position == chunks.c.position))
        .where(chunks.c.job_id == job.id)
        .order_by(chunks.c.position)
        .limit(max(1, SLICE_ROWS // job.chunk_size))
    )
    rows = db.session.execute(query).all()
    while rows:
        end_read()
        yield [entity_id for row in rows for entity_id in _ids_in(row.ids)]
        rows = db.session.execute(query.where(chunks.c.position > rows[-1].position)).all()
    end_read()


def _ids_in(text: str) -> list[str]:
    """Return the ids of a chunk; none if they cannot be read, since nothing was written for them."""
    with suppress(ValueError):
        ids = json.loads(text)
        if isinstance(ids, list):
            return [entity_id for entity_id in ids if is_entity_id(entity_id)]
    return []


def _undo(session: WriteSession, job: Row[Any], ids: Sequence[str]) -> UndoCounts:
    kinds = FIELDS[job.entity_type]
    current = load_for_update(job.entity_type, ids, workspace_slug=job.workspace_slug)
    changes: dict[str, dict[str, Change]] = {}
    restored = kept = 0
    for entity_id, field, steps in _histories(job, list(current)):
        run = _last_run(steps)
        value = current[entity_id].get(field)
        former = run[0].change.old
        if run[-1].job_id != job.id or differs(value, run[-1].change.new):
            kept += any(step.job_id == job.id for step in steps)
        elif differs(value, former):
            if field not in kinds or not is_of_kind(former, kinds[field]):
                raise DamagedData
            changes.setdefault(entity_id, {})[field] = Change(value, former)
            restored += 1
    writings = [Writing(entity_id, fields, UNDO) for entity_id, fields in changes.items()]
    write_changes(session, job.entity_type, job.workspace_slug, writings)
    return UndoCounts(restored, kept)


def _histories(job: Row[Any], ids: list[str]) -> Iterator[tuple[str, str, list[_Step]]]:
    """Yield the changes that stand of each field of some entities, oldest first."""
    for entity_id, by_field in _steps_of(job.entity_type, job.workspace_slug, ids).items():
        for field, steps in by_field.items():
            standing = _standing(steps)
            if standing:
                yield entity_id, field, standing


def _steps_of(entity_type: str, workspace_slug: str, ids: list[str]) -> dict[str, dict[str, list[_Step]]]:
    """Return all changes of some entities by field, oldest first."""
    revisions = entity_revisions.c
    query = (
        select(revisions.entity_id, revisions.provider, revisions.job_id, revisions.attempt_id, revisions.changes)
        .where(*about_entities(entity_type, workspace_slug, ids))
        .order_by(revisions.entity_id, revisions.id)
    )
    steps: dict[str, dict[str, list[_Step]]] = {}
    for row in db.session.execute(query):
        by_field = steps.setdefault(row.entity_id, {})
        for field, change in read_changes(row.changes).items():
            by_field.setdefault(field, []).append(_Step(row.provider, row.job_id, row.attempt_id, change))
    return steps


def _standing(steps: Iterable[_Step]) -> list[_Step]:
    """Return the changes that no undo has taken back, or that were redone since."""
    standing: list[_Step] = []
    undone: list[_Step] = []
    for step in steps:
        if step.provider == UNDO and standing:
            undone = _last_run(standing)
            del standing[-len(undone) :]
        elif step.provider == REDO:
            standing += undone
        else:
            standing.append(step)
    return standing


def _undone(steps: Sequence[_Step]) -> _Step:
    """Return the change that the last step, an undo, has taken back: the last of its run."""
    standing = _standing(steps[:-1])
    return standing[-1] if standing else steps[-1]


def _last_run(steps: Sequence[_Step]) -> list[_Step]:
    """Return the last changes that are of one job, the last change's; one without a job is a run of its own."""
    first = len(steps) - 1
    while first and steps[-1].job_id is not None and steps[first - 1].job_id == steps[-1].job_id:
        first -= 1
    return list(steps[first:])
