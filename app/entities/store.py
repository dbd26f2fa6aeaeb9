"""People and companies in the database: read, upsert, write what providers gave, erase.

Entities are plain dicts of field to value, which cross threads and end with no session. A
workspace is always named, since two workspaces may hold the same id.

Rows are locked in one order, by id, and an upsert adds its new rows before it locks old ones, so
that no two transactions wait for each other: whoever waits to add a row holds no lock on an old
one, and whoever waits for an old row has nothing left to add. Statements that carry many rows
take them as one JSON parameter on PostgreSQL (a fifth of the time of one statement a row) and as
`executemany` on SQLite.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from app.database import WriteSession, engine_name, scrub_log, transaction
from app.entities.fields import EXTRA, FIELDS, RAW_FIELDS, field_named, table_of
from app.entities.learned import learned_keys
from app.entities.merge import Change, differs, is_blank
from app.errors import DamagedData, EntityNotFound, Invalid
from app.extensions import db
from app.models.attempt import attempts, field_changes
from app.models.cached_value import cached_values
from app.models.chunk import ERASED_ID, chunks, entity_errors
from app.models.flight import flights
from app.models.job import jobs
from app.models.types import EntityId, utcnow

CALLER: Final = "caller"
"""The provider of values that an upsert or an import gave."""

SLICE_ROWS: Final = 1000
"""Rows of one statement or page."""

Fields = dict[str, Any]
Combine = Callable[[Fields, Fields], Fields]
OnChange = Callable[[int, Mapping[str, Change]], None]
"""Called with the position of a row that changes values of an entity that was there, and with what it changes."""

_Given = tuple[int, Fields]
"""The position of a row, and its fields without the id."""

# What `is_blank` strips from text, for the database to strip: every character that Python takes for white space.
_WHITE_SPACE: Final = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What became of the rows of an upsert. They add up to the rows given, repeated ids included."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "UpsertCounts") -> "UpsertCounts":
        return UpsertCounts(
            self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who gave a field the value that it has, when, and what stood there before."""

    provider: str
    attempt_id: str | None
    at: datetime
    old_value: Any


@dataclass(frozen=True, slots=True)
class EntityView:
    """A person or company as it stands. `provenance` is filled where one entity is asked for."""

    id: str
    workspace_slug: str
    fields: Fields
    extra: dict[str, str]
    created_at: datetime
    updated_at: datetime
    provenance: dict[str, Provenance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntityPage:
    """One page of a list; `next_cursor` is None on the last."""

    rows: list[EntityView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Writing:
    """What one provider's attempt, or a caller, changes of one entity."""

    entity_id: str
    changes: Mapping[str, Change]
    provider: str
    attempt_id: str | None = None


def load(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> dict[str, Fields]:
    """Return the fields of each entity that exists, by id; one query."""
    return _read(entity_type, ids, workspace_slug, FIELDS[entity_type])


def load_columns(
    entity_type: str, ids: Sequence[str], names: Iterable[str], *, workspace_slug: str
) -> dict[str, Fields]:
    """Return some columns, `extra` among them if asked for, of each entity that exists, by id; one query."""
    return _read(entity_type, ids, workspace_slug, names)


def existing(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> set[str]:
    """Return those of the ids under which there is an entity."""
    return set(_read(entity_type, ids, workspace_slug, ()))


def load_for_update(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> dict[str, Fields]:
    """Return what `load` returns, with the rows locked until the transaction ends.

    For use inside of `transaction()`. One call a transaction: rows are locked in the order of
    their ids, and a second call would break that order.
    """
    return _read(entity_type, ids, workspace_slug, FIELDS[entity_type], is_locking=True)


def write_changes(session: WriteSession, entity_type: str, workspace_slug: str, writings: Iterable[Writing]) -> None:
    """Store changed fields and who changed them, as one statement on PostgreSQL whatever their number.

    Of several writings of one entity the later is laid over the former, and each leaves its
    history. The caller holds the rows by `load_for_update` in the same transaction: a change of an
    entity that is gone would leave its history behind.
    """
    writings = sorted((one for one in writings if one.changes), key=lambda one: one.entity_id)
    if not writings:
        return
    values: dict[str, Fields] = {}
    for one in writings:
        values.setdefault(one.entity_id, {}).update({name: change.new for name, change in one.changes.items()})
    names = tuple(sorted({name for fields in values.values() for name in fields}))
    statement = _update_statement(entity_type, names, engine_name())
    if engine_name() == "sqlite":
        unchanged = {f"has_{name}": False for name in names} | {f"new_{name}": None for name in names}
        rows = [{"of_workspace": workspace_slug, **unchanged, **row} for row in _update_rows(values)]
        session.connection().execute(statement, rows)
        insert_rows(session, field_changes, list(_history(entity_type, workspace_slug, writings)))
        return
    # By writing: to say of each field whom it is about would be most of what is sent.
    history = [
        {
            "entity_id": one.entity_id,
            "provider": one.provider,
            "attempt_id": one.attempt_id,
            "changes": [
                {"field": name, "old_value": change.old, "new_value": change.new}
                for name, change in one.changes.items()
            ],
        }
        for one in writings
    ]
    given = {
        "of_workspace": workspace_slug,
        "ids": list(values),
        "rows": list(_update_rows(values)),
        "history": history,
    }
    session.connection().execute(statement, given)


def upsert_entities(
    entity_type: str,
    rows: Iterable[Fields],
    *,
    workspace_slug: str,
    session: WriteSession,
    combine: Combine | None = None,
    also_read: Iterable[str] = (),
    on_change: OnChange | None = None,
) -> UpsertCounts:
    """Add or change entities by `id`, in the caller's transaction.

    A row holds `id`, raw fields and `extra`. A field that is given replaces, None clears, one that
    is not given stays; `extra` merges by key. A changed value of an entity that was there leaves a
    field change by `caller`; a new entity leaves none. If an id comes twice, what becomes of the
    later row, its count and its history are as if it came in an upsert of its own. `combine` makes
    the new values out of the stored and the given ones, where that is not it. It sees the stored
    values of the fields that some row gives, and of `also_read`. `on_change` may raise, which ends
    the transaction.

    Anything but raw fields raises ValueError. Any number of rows, all in memory.
    """
    combine = combine or _replaced
    given = _by_id(entity_type, rows)
    names = sorted({name for of_one in given.values() for _, fields in of_one for name in fields}.union(also_read))
    upsert = _Upsert(session, entity_type, workspace_slug, names, combine, on_change)
    counts = UpsertCounts()
    while given:
        done, given = upsert.run(given)
        counts += done
    return counts


def get_entity(entity_type: str, entity_id: str, *, workspace_slug: str) -> EntityView:
    """Return an entity with the provenance of each field that has a value or ever changed.

    A value without a change was given by the caller when the entity was made. Raises
    `EntityNotFound`.
    """
    table = table_of(entity_type)
    row = db.session.execute(select(table).where(*_is_entity(table, entity_id, workspace_slug))).one_or_none()
    if row is None:
        raise EntityNotFound
    view = _view(entity_type, row)
    changed = _provenance(entity_type, entity_id, workspace_slug)
    given = {**view.fields, EXTRA: view.extra}
    for name, value in given.items():
        if name in changed:
            view.provenance[name] = changed[name]
        elif not is_blank(value):
            view.provenance[name] = Provenance(CALLER, None, view.created_at, None)
    return view


def list_entities(
    entity_type: str,
    *,
    workspace_slug: str,
    cursor: str | None = None,
    limit: int = 50,
    missing: str | None = None,
    updated_since: datetime | None = None,
) -> EntityPage:
    """Return a page of a workspace's entities in the order of their ids.

    `cursor` is the `next_cursor` of the page before. `missing` keeps those whose field is blank,
    `updated_since` those changed then or later. Raises `Invalid` for an unknown field.
    """
    table = table_of(entity_type)
    query = select(table).where(table.c.workspace_slug == workspace_slug).order_by(table.c.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(table.c.id > cursor)
    if missing is not None:
        query = query.where(has_blank(entity_type, missing))
    if updated_since is not None:
        query = query.where(table.c.updated_at >= updated_since)
    views = [_view(entity_type, row) for row in db.session.execute(query)]
    return EntityPage(views[:limit], views[limit - 1].id if len(views) > limit else None)


def select_ids(
    entity_type: str, *, workspace_slug: str, missing: str | None = None, all_: bool = False
) -> Iterator[str]:
    """Yield the ids of the entities whose field is blank, or of `all_`, page by page.

    No cursor stays open between pages, so the ids may be stored in a transaction as they come.
    Raises `Invalid`, before the first, where neither or an unknown field is asked for.
    """
    if (missing is None) == (not all_):
        raise Invalid("Expected either a field that is missing or all entities.")
    table = table_of(entity_type)
    query = select(table.c.id).where(table.c.workspace_slug == workspace_slug).order_by(table.c.id).limit(SLICE_ROWS)
    if missing is not None:
        query = query.where(has_blank(entity_type, missing))
    return _paged_ids(table, query)


def erase(entity_type: str, entity_id: str, *, workspace_slug: str) -> None:
    """Delete an entity and everything recorded about it, in one transaction.

    Gone are its row, its attempts with the raw answers, the history of its fields, its errors, and
    what a model made of its values, for whomever else that was kept. In the lists of ids of the
    workspace's jobs it is replaced by `ERASED_ID`, so that every list keeps its length and its
    order, by which outcomes are stored; a job that has not come to it yet skips it. Costs stay
    counted in the jobs and budgets, which name nobody. Exclusions stay: they keep it from coming
    back. An id that is only in those records, because its entity never was, is erased from them as
    well.

    It reads every list of ids of the workspace: a second or two for ten million. On SQLite, what is
    deleted is overwritten and the write-ahead log emptied, unless somebody reads from it for long.
    On PostgreSQL, dead rows are in its files until they are vacuumed. Backups are not reached from here.

    Raises `EntityNotFound` where nothing is recorded under the id.
    """
    table = table_of(entity_type)
    owned = select(jobs.c.id).where(jobs.c.workspace_slug == workspace_slug, jobs.c.entity_type == entity_type)
    deletions = [
        # The entity's row before the others: whoever is about to write about it holds a lock on that.
        delete(table).where(*_is_entity(table, entity_id, workspace_slug)),
        *(
            delete(about).where(
                about.c.workspace_slug == workspace_slug,
                about.c.entity_type == entity_type,
                about.c.entity_id == entity_id,
            )
            for about in (attempts, field_changes)
        ),
        delete(entity_errors).where(entity_errors.c.job_id.in_(owned), entity_errors.c.entity_id == entity_id),
    ]
    about_it = (
        flights.c.workspace_slug == workspace_slug,
        flights.c.entity_type == entity_type,
        flights.c.entity_id == entity_id,
    )
    # Money is reserved under a call that is under way, so its row stays, without saying whom it is about.
    anonymous = (
        update(flights)
        .where(*about_it)
        .values(entity_id=literal(ERASED_ID).concat(flights.c.request_id.cast(Text)), callback=None)
    )
    with transaction() as session:
        # The lists first: a worker that is about to store an error holds its chunk until it has.
        found = _erase_from_chunks(session, owned, entity_id)
        learned = _learned_from(entity_type, entity_id, workspace_slug)
        found += sum(session.connection().execute(statement).rowcount for statement in (*deletions, anonymous))
        if not found:
            raise EntityNotFound
        session.connection().execute(delete(cached_values).where(cached_values.c.key.in_(learned)))
    scrub_log()


def has_blank(entity_type: str, name: str) -> ColumnElement[bool]:
    """Return the condition that a field, in either spelling, is blank as `is_blank` says.

    Raises `Invalid` where it is no field.
    """
    found = field_named(entity_type, name)
    if found is None:
        raise Invalid(f"Expected a field of a {entity_type}, such as {next(iter(FIELDS[entity_type]))}.")
    value, kind = table_of(entity_type).c[found], FIELDS[entity_type][found]
    if kind == "text":
        return or_(value.is_(None), func.trim(value, _WHITE_SPACE) == "")
    if kind in {"list", "dict"}:
        return or_(value.is_(None), value.cast(Text).in_(("[]", "{}")))
    return value.is_(None)


def insert_rows(session: WriteSession, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns, as one statement on PostgreSQL.

    Values are what JSON can hold, and instants. A default that Python computes is not applied, one in SQL is.
    """
    if not rows:
        return
    if engine_name() == "sqlite":
        session.connection().execute(insert(table), rows)
    else:
        session.connection().execute(_insert_from_json(table, tuple(rows[0])), {"rows": _for_json(rows)})


def insert_absent(session: WriteSession, table: Table, rows: Sequence[Mapping[str, Any]], key: str) -> set[Any]:
    """Insert rows, as `insert_rows` does, but for those that meet one that is there; return the others' `key`s.

    They are inserted in the order given.
    """
    if not rows:
        return set()
    if engine_name() == "sqlite":
        added = sqlite.insert(table).on_conflict_do_nothing().returning(table.c[key])
        return set(session.connection().execute(added, rows).scalars())
    copy = _insert_from_json(table, tuple(rows[0])).on_conflict_do_nothing().returning(table.c[key])
    return set(session.connection().execute(copy, {"rows": _for_json(rows)}).scalars())


def load_cached(keys: Iterable[str]) -> dict[str, Any]:
    """Return what has been learned under the keys, as far as there is something."""
    rows = db.session.connection().execute(
        select(cached_values.c.key, cached_values.c.value).where(cached_values.c.key.in_(list(keys)))
    )
    return {row.key: row.value for row in rows}


def save_cached(session: WriteSession, learned: Mapping[str, Any]) -> None:
    """Keep what was learned; what is there already stays."""
    dialect = postgresql if engine_name() == "postgresql" else sqlite
    rows = [{"key": key, "value": learned[key]} for key in sorted(learned)]
    session.connection().execute(dialect.insert(cached_values).on_conflict_do_nothing(), rows)


# Reading


def _read(
    entity_type: str, ids: Sequence[str], workspace_slug: str, names: Iterable[str], *, is_locking: bool = False
) -> dict[str, Fields]:
    if not ids:
        return {}
    names = tuple(names)
    query = _read_query(entity_type, names, is_locking, engine_name())
    given = {"of_workspace": workspace_slug, "ids": list(ids)}
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in db.session.connection().execute(query, given)}


@lru_cache(maxsize=256)
def _read_query(entity_type: str, names: tuple[str, ...], is_locking: bool, engine: str) -> Select[Any]:
    """Return the query of many entities by `ids`. It is kept: to put it together takes longer than to run it."""
    table = table_of(entity_type)
    query = select(table.c.id, *(table.c[name] for name in names)).where(
        table.c.workspace_slug == bindparam("of_workspace"), has_any_given(table.c.id, engine)
    )
    return query.order_by(table.c.id).with_for_update(key_share=True) if is_locking else query


def has_any(id_column: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a column is one of many ids, as one parameter whatever their number."""
    engine = engine_name()
    return _is_in(id_column, literal(list(ids), _LIST_OF_IDS[engine]), engine)


def has_any_given(id_column: ColumnElement[str], engine: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of the list `ids` that is given when the statement runs."""
    return _is_in(id_column, bindparam("ids", type_=_LIST_OF_IDS[engine]), engine)


def _is_in(id_column: ColumnElement[str], ids: ColumnElement[Any], engine: str) -> ColumnElement[bool]:
    if engine == "sqlite":
        return id_column.in_(select(func.json_each(ids).table_valued("value").c.value))
    return id_column == any_(ids)


_LIST_OF_IDS: Final[dict[str, TypeEngine[Any]]] = {"sqlite": JSON(), "postgresql": ARRAY(EntityId)}


def _is_entity(table: Table, entity_id: str, workspace_slug: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.workspace_slug == workspace_slug, table.c.id == entity_id


def _texts(extra: Any) -> dict[str, str]:
    """Return what is kept beside the fields. Raises `DamagedData` where it is something else."""
    if extra is not None and not isinstance(extra, dict):
        raise DamagedData
    return extra or {}


def _view(entity_type: str, row: Row[Any]) -> EntityView:
    """Return an entity from a row of its whole table."""
    values = dict(zip(table_of(entity_type).c.keys(), row, strict=True))
    return EntityView(
        id=values["id"],
        workspace_slug=values["workspace_slug"],
        fields={name: values[name] for name in FIELDS[entity_type]},
        extra=_texts(values[EXTRA]),
        created_at=values["created_at"],
        updated_at=values["updated_at"],
    )


def _provenance(entity_type: str, entity_id: str, workspace_slug: str) -> dict[str, Provenance]:
    about = (
        field_changes.c.workspace_slug == workspace_slug,
        field_changes.c.entity_type == entity_type,
        field_changes.c.entity_id == entity_id,
    )
    latest = select(func.max(field_changes.c.id)).where(*about).group_by(field_changes.c.field)
    rows = db.session.execute(select(field_changes).where(*about, field_changes.c.id.in_(latest)))
    return {row.field: Provenance(row.provider, row.attempt_id, row.created_at, row.old_value) for row in rows}


def _paged_ids(table: Table, query: Any) -> Iterator[str]:
    ids = list(db.session.scalars(query))
    while ids:
        yield from ids
        ids = list(db.session.scalars(query.where(table.c.id > ids[-1])))


# Writing


def _replaced(stored: Fields, given: Fields) -> Fields:
    """Return the values after an upsert: what is given replaces, `extra` merges by key."""
    if EXTRA not in given:
        return given
    return {**given, EXTRA: {**(stored.get(EXTRA) or {}), **(given[EXTRA] or {})} or None}


def changes_of(stored: Fields, given: Fields, combine: Combine) -> dict[str, Change]:
    """Return what differs after `given` is laid over the stored values."""
    return {
        name: Change(stored.get(name), value)
        for name, value in combine(stored, given).items()
        if differs(stored.get(name), value)
    }


def _by_id(entity_type: str, rows: Iterable[Fields]) -> dict[str, list[_Given]]:
    """Return the rows of each entity, in the order of ids."""
    known = {"id", EXTRA, *RAW_FIELDS[entity_type]}
    given: dict[str, list[_Given]] = {}
    for position, row in enumerate(rows):
        if not row.keys() <= known:
            raise ValueError(f"expected raw fields of a {entity_type}, not {', '.join(sorted(row.keys() - known))}")
        fields = {name: value for name, value in row.items() if name != "id"}
        given.setdefault(row["id"], []).append((position, fields))
    return dict(sorted(given.items()))


@dataclass(frozen=True, slots=True)
class _Upsert:
    """One upsert into one workspace, of rows that give some of the columns `names`."""

    session: WriteSession
    entity_type: str
    workspace_slug: str
    names: Sequence[str]
    combine: Combine
    on_change: OnChange | None

    def run(self, given: dict[str, list[_Given]]) -> tuple[UpsertCounts, dict[str, list[_Given]]]:
        """Add what is missing and change what differs; return the counts and the rows to try again.

        Those are of entities that were erased between the look and the lock. Most rows of a
        repeated import say nothing new, which is seen without a lock.
        """
        seen = self._read(list(given))
        absent = {key: rows[0][1] for key, rows in given.items() if key not in seen}
        created = self._insert(absent)
        seen.update({key: absent[key] for key in created})
        rest = {key: rows[1:] if key in created else rows for key, rows in given.items()}
        others = {key: rows for key, rows in rest.items() if self._may_differ(seen.get(key), rows)}
        locked = self._read(list(others), is_locking=True)
        writings = [one for key, stored in locked.items() for one in self._lay_over(key, stored, others[key])]
        write_changes(self.session, self.entity_type, self.workspace_slug, writings)
        gone = {key: rows for key, rows in others.items() if key not in locked}
        decided = sum(len(rows) for key, rows in given.items() if key not in gone)
        return UpsertCounts(len(created), len(writings), decided - len(created) - len(writings)), gone

    def _may_differ(self, seen: Fields | None, rows: Sequence[_Given]) -> bool:
        return seen is None or any(changes_of(seen, fields, self.combine) for _, fields in rows)

    def _lay_over(self, entity_id: str, stored: Fields, rows: Sequence[_Given]) -> Iterator[Writing]:
        """Yield what each row that changes something writes, laid over the stored values and the rows before it."""
        standing = dict(stored)
        for position, fields in rows:
            changes = changes_of(standing, fields, self.combine)
            if not changes:
                continue
            if self.on_change is not None:
                self.on_change(position, changes)
            standing.update({name: change.new for name, change in changes.items()})
            yield Writing(entity_id, changes, CALLER)

    def _read(self, ids: Sequence[str], *, is_locking: bool = False) -> dict[str, Fields]:
        return _read(self.entity_type, ids, self.workspace_slug, self.names, is_locking=is_locking)

    def _insert(self, given: Mapping[str, Fields]) -> set[str]:
        """Insert entities in the order given, and return the ids of those that nobody else inserted."""
        created: set[str] = set()
        blank = dict.fromkeys(self.names)
        rows = [{"workspace_slug": self.workspace_slug, "id": key, **blank, **given[key]} for key in given]
        for start in range(0, len(rows), SLICE_ROWS):
            part = rows[start : start + SLICE_ROWS]
            created.update(_insert_where_absent(self.session, table_of(self.entity_type), part))
        return created


def _insert_where_absent(session: WriteSession, table: Table, rows: list[Fields]) -> Iterable[str]:
    if engine_name() == "postgresql":
        return insert_absent(session, table, rows, "id")
    # The write lock is ours, so what was not there a moment ago is not there now.
    session.connection().execute(insert(table), rows)
    return [row["id"] for row in rows]


def _update_rows(values: Mapping[str, Fields]) -> Iterator[dict[str, Any]]:
    for entity_id, fields in values.items():
        row: dict[str, Any] = {"of_id": entity_id}
        for name, value in fields.items():
            row[f"has_{name}"], row[f"new_{name}"] = True, value
        yield row


def _history(entity_type: str, workspace_slug: str, writings: Iterable[Writing]) -> Iterator[dict[str, Any]]:
    for one in writings:
        for name, change in one.changes.items():
            yield {
                "workspace_slug": workspace_slug,
                "entity_type": entity_type,
                "entity_id": one.entity_id,
                "field": name,
                "old_value": change.old,
                "new_value": change.new,
                "provider": one.provider,
                "attempt_id": one.attempt_id,
            }


@lru_cache(maxsize=256)
def _update_statement(entity_type: str, names: tuple[str, ...], engine: str) -> Update:
    """Return the update of many entities of which each sets fields of its own, and keeps the others.

    On PostgreSQL it also stores their history.
    """
    table = table_of(entity_type)
    types: dict[str, TypeEngine[Any]] = {"of_id": EntityId}
    for name in names:
        types |= {f"has_{name}": Boolean(), f"new_{name}": table.c[name].type}
    given: dict[str, ColumnElement[Any]] = {name: bindparam(name, type_=kind) for name, kind in types.items()}
    which = [table.c.workspace_slug == bindparam("of_workspace")]
    if engine != "sqlite":
        given = dict(_json_rows(types, bindparam("rows", type_=JSON())).c.items())
        # Says again what the join says: without, the planner may join with the whole workspace.
        which.append(has_any_given(table.c.id, engine))
    values = {name: case((given[f"has_{name}"], given[f"new_{name}"]), else_=table.c[name]) for name in names}
    updated = update(table).where(*which, table.c.id == given["of_id"]).values({**values, "updated_at": utcnow()})
    if engine == "sqlite":
        return updated
    return updated.add_cte(_insert_of_history(entity_type).cte("history"))


def _insert_of_history(entity_type: str) -> postgresql.Insert:
    """Return the insert of what is given as `history`: one row for each field of each writing."""
    of_writing = {name: field_changes.c[name].type for name in ("entity_id", "provider", "attempt_id")}
    of_change = {name: field_changes.c[name].type for name in ("field", "old_value", "new_value")}
    writing = _json_rows({**of_writing, "changes": JSON()}, bindparam("history", type_=JSON()))
    change = _json_rows(of_change, writing.c.changes, name="change")
    values = {
        "workspace_slug": bindparam("of_workspace"),
        "entity_type": literal(entity_type),
        **{name: writing.c[name] for name in of_writing},
        **{name: change.c[name] for name in of_change},
    }
    rows = select(*values.values()).select_from(writing.join(change, true()))
    return postgresql.insert(field_changes).from_select(list(values), rows)


@lru_cache(maxsize=256)
def _insert_from_json(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    given = _json_rows({name: table.c[name].type for name in names}, bindparam("rows", type_=JSON()))
    return postgresql.insert(table).from_select(names, select(*(given.c[name] for name in names)))


def _for_json(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for row in rows
    ]


def _json_rows(
    types: Mapping[str, TypeEngine[Any]], given: ColumnElement[Any], *, name: str = "given"
) -> TableValuedAlias:
    """Return the rows of a JSON value as a table, for PostgreSQL; what a row leaves out is NULL."""
    columns = [column(field, kind) for field, kind in types.items()]
    return func.json_to_recordset(given).table_valued(*columns, name=name).render_derived(with_types=True)


def _learned_from(entity_type: str, entity_id: str, workspace_slug: str) -> set[str]:
    """Return the cache's keys for what an entity's fields hold and have held."""
    fields = _read(entity_type, [entity_id], workspace_slug, RAW_FIELDS[entity_type], is_locking=True).get(entity_id)
    if fields is None:
        return set()
    history = db.session.execute(
        select(field_changes.c.field, field_changes.c.old_value).where(
            field_changes.c.workspace_slug == workspace_slug,
            field_changes.c.entity_type == entity_type,
            field_changes.c.entity_id == entity_id,
        )
    )
    return learned_keys(entity_type, entity_id, fields, [(row.field, row.old_value) for row in history])


def _erase_from_chunks(session: WriteSession, owned: Select[Any], entity_id: str) -> int:
    """Put `ERASED_ID` for an id in the lists of some jobs; return how many lists held it.

    The stored text is edited, so that a list that cannot be read is rid of the id as well. An id
    has no character that JSON escapes, so it stands between its quotes or not at all.
    """
    written, old, new = chunks.c.entity_ids.cast(Text), f'"{entity_id}"', f'"{ERASED_ID}"'
    query = (
        select(chunks.c.job_id, chunks.c.position, written.label("ids"))
        # On SQLite, LIKE takes upper and lower case for the same.
        .where(chunks.c.job_id.in_(owned), written.contains(old, autoescape=True))
        .order_by(chunks.c.job_id, chunks.c.position)
        .with_for_update(key_share=True)
    )
    rows = [row for row in session.connection().execute(query).all() if old in row.ids]
    for row in rows:
        ids: ColumnElement[Any] = literal(row.ids.replace(old, new), Text)
        place = (chunks.c.job_id == row.job_id, chunks.c.position == row.position)
        # SQLite knows no such type, and a cast to it makes a number.
        stored = ids if engine_name() == "sqlite" else ids.cast(JSON)
        session.connection().execute(update(chunks).where(*place).values(entity_ids=stored))
    return len(rows)
