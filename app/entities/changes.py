"""Write changes of people and companies, with the history that says who gave each value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Insert,
    Update,
    bindparam,
    case,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from app.db.session import WriteSession
from app.db.sql import engine_name, execute_on_sqlite, insert_rows, is_any_of, json_rows
from app.entities.fields import Fields, table_of
from app.entities.merge import Change
from app.errors import DamagedData
from app.extensions import db
from app.models.attempt import entity_revisions
from app.models.types import EntityId, utcnow

CALLER: Final = "caller"
"""The provider of values that an upsert or an import gave."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who gave a field its value, when, and what the value was before."""

    provider: str
    attempt_id: str | None
    at: datetime
    old_value: Any


@dataclass(frozen=True, slots=True)
class Writing:
    """What one provider's attempt, or a caller, changes of one entity."""

    entity_id: str
    changes: Mapping[str, Change]
    provider: str
    attempt_id: str | None = None
    job_id: str | None = None


def write_changes(session: WriteSession, entity_type: str, workspace_slug: str, writings: Iterable[Writing]) -> None:
    """Store changed fields and who changed them; on PostgreSQL as one statement whatever their number.

    If several writings concern one entity, the later overlays the former, and each leaves its revision. The caller
    has locked the rows with `load_for_update` in the same transaction: a change of a deleted entity would
    leave its revision behind.
    """
    writings = sorted((writing for writing in writings if writing.changes), key=lambda writing: writing.entity_id)
    if not writings:
        return
    values = _new_values(writings)
    revisions = [_revision(writing) for writing in writings]
    if engine_name() == "sqlite":
        _write_to_sqlite(session, entity_type, workspace_slug, values)
        about = {"workspace_slug": workspace_slug, "entity_type": entity_type}
        insert_rows(session, entity_revisions, [{**about, **revision} for revision in revisions])
    else:
        _write_to_postgresql(session, entity_type, workspace_slug, values, revisions)


def load_provenance(entity_type: str, entity_id: str, workspace_slug: str) -> dict[str, Provenance]:
    """Return, by field, who made the last change."""
    revisions = entity_revisions.c
    query = (
        select(revisions.provider, revisions.attempt_id, revisions.created_at, revisions.changes)
        .where(*about_entities(entity_type, workspace_slug, [entity_id]))
        .order_by(revisions.id)
    )
    return {
        name: Provenance(row.provider, row.attempt_id, row.created_at, change.old)
        for row in db.session.execute(query)
        for name, change in read_changes(row.changes).items()
    }


@dataclass(frozen=True, slots=True)
class Revision:
    """One write of an entity: who, when, for which job, and what it changed."""

    provider: str
    job_id: str | None
    at: datetime
    changes: dict[str, Change]


def load_history(entity_type: str, entity_id: str, workspace_slug: str, limit: int = 50) -> list[Revision]:
    """Return the last writes of an entity, newest first."""
    revisions = entity_revisions.c
    query = (
        select(revisions.provider, revisions.job_id, revisions.created_at, revisions.changes)
        .where(*about_entities(entity_type, workspace_slug, [entity_id]))
        .order_by(revisions.id.desc())
        .limit(limit)
    )
    rows = db.session.execute(query)
    return [Revision(row.provider, row.job_id, row.created_at, read_changes(row.changes)) for row in rows]


def about_entities(entity_type: str, workspace_slug: str, ids: Iterable[str]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the revisions of some entities."""
    return (
        entity_revisions.c.workspace_slug == workspace_slug,
        entity_revisions.c.entity_type == entity_type,
        is_any_of(entity_revisions.c.entity_id, ids),
    )


def read_changes(stored: Any) -> dict[str, Change]:
    """Return the changes of a revision, by field. Raises `DamagedData`."""
    if not isinstance(stored, dict) or not all(isinstance(pair, list) and len(pair) == 2 for pair in stored.values()):
        raise DamagedData
    return {name: Change(*pair) for name, pair in stored.items()}


def _new_values(writings: Iterable[Writing]) -> dict[str, Fields]:
    """Return the new values of each entity, by id."""
    values: dict[str, Fields] = {}
    for writing in writings:
        fields = values.setdefault(writing.entity_id, {})
        fields.update({name: change.new for name, change in writing.changes.items()})
    return values


def _write_to_sqlite(
    session: WriteSession, entity_type: str, workspace_slug: str, values: Mapping[str, Fields]
) -> None:
    # A row leaves out what is not to be changed: its `has_` is NULL, which is as good as false.
    rows = [{"of_workspace": workspace_slug, **row} for row in _update_rows(values)]
    execute_on_sqlite(session, _update_statement(entity_type, _changed_names(values), "sqlite"), (), rows)


def _write_to_postgresql(
    session: WriteSession,
    entity_type: str,
    workspace_slug: str,
    values: Mapping[str, Fields],
    revisions: list[dict[str, Any]],
) -> None:
    parameters = {
        "of_workspace": workspace_slug,
        "ids": list(values),
        "rows": list(_update_rows(values)),
        "revisions": revisions,
    }
    statement = _update_statement(entity_type, _changed_names(values), "postgresql")
    session.connection().execute(statement, parameters)


def _changed_names(values: Mapping[str, Fields]) -> tuple[str, ...]:
    return tuple(sorted(set[str]().union(*values.values())))


def _update_rows(values: Mapping[str, Fields]) -> Iterator[dict[str, Any]]:
    for entity_id, fields in values.items():
        row: dict[str, Any] = {"of_id": entity_id}
        for name, value in fields.items():
            row[f"has_{name}"], row[f"new_{name}"] = True, value
        yield row


def _revision(writing: Writing) -> dict[str, Any]:
    return {
        "entity_id": writing.entity_id,
        "provider": writing.provider,
        "attempt_id": writing.attempt_id,
        "job_id": writing.job_id,
        "changes": {name: [change.old, change.new] for name, change in writing.changes.items()},
    }


@lru_cache(maxsize=256)
def _update_statement(entity_type: str, names: tuple[str, ...], engine: str) -> Update:
    """Return the update of many entities, each of which sets its own fields and keeps the others.

    On PostgreSQL it also stores their revisions.
    """
    table = table_of(entity_type)
    types: dict[str, TypeEngine[Any]] = {"of_id": EntityId}
    for name in names:
        types |= {f"has_{name}": Boolean(), f"new_{name}": table.c[name].type}
    parameters: dict[str, ColumnElement[Any]] = {name: bindparam(name, type_=kind) for name, kind in types.items()}
    conditions = [table.c.workspace_slug == bindparam("of_workspace")]
    if engine != "sqlite":
        parameters = dict(json_rows(types, bindparam("rows", type_=JSON())).c.items())
        # Repeats what the join says: without it, the planner may join with the whole workspace.
        conditions.append(is_any_of(table.c.id, bindparam("ids")))
    values = {name: case((parameters[f"has_{name}"], parameters[f"new_{name}"]), else_=table.c[name]) for name in names}
    conditions.append(table.c.id == parameters["of_id"])
    updated = update(table).where(*conditions).values({**values, "updated_at": utcnow()})
    if engine == "sqlite":
        return updated
    return updated.add_cte(_insert_of_revisions(entity_type).cte("revisions"))


def _insert_of_revisions(entity_type: str) -> Insert:
    """Return the insert of the parameter `revisions`."""
    names = ("entity_id", "provider", "attempt_id", "job_id", "changes")
    types = {name: entity_revisions.c[name].type for name in names}
    revision = json_rows(types, bindparam("revisions", type_=JSON()))
    values = {
        "workspace_slug": bindparam("of_workspace"),
        "entity_type": literal(entity_type),
        **{name: revision.c[name] for name in names},
    }
    return insert(entity_revisions).from_select(list(values), select(*values.values()).select_from(revision))
