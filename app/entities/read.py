"""Read people and companies: by id, page by page, or locked for a change.

Entities are plain dicts of field to value, which cross threads and outlive every session. A workspace is always
named, because two workspaces may hold the same id.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Table, Text, bindparam, func, or_, select, true

from app.db.pages import Page, page_of
from app.db.spread import count_keys, spread_keys
from app.db.sql import is_any_of
from app.entities.changes import CALLER, Provenance, load_provenance
from app.entities.fields import EXTRA, FIELDS, Fields, field_named, table_of
from app.entities.merge import is_blank
from app.errors import DamagedData, EntityNotFound, Invalid
from app.extensions import db
from app.models.entity_list import list_members

SLICE_ROWS: Final = 1000
"""Rows of one statement or page."""

Load = Callable[[Sequence[str]], Mapping[str, Fields]]
"""Returns some fields of those entities of a list of ids that exist."""

# What `is_blank` strips from text, for the database to strip: every character that Python takes for white space.
_WHITE_SPACE: Final = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


@dataclass(slots=True)
class EntityView:
    """A person or company as stored. Only `get_entity` fills `provenance`.

    Not frozen, though not to be changed: each row of an export makes one.
    """

    id: str
    workspace_slug: str
    fields: Fields
    extra: dict[str, str]
    created_at: datetime
    updated_at: datetime
    provenance: dict[str, Provenance] = field(default_factory=dict)


def load_entities(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> dict[str, Fields]:
    """Return the fields of each entity that exists, by id; one query."""
    return load_columns(entity_type, ids, FIELDS[entity_type], workspace_slug=workspace_slug)


def load_for_update(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> dict[str, Fields]:
    """Return what `load_entities` returns, with the rows locked until the transaction ends.

    For use inside `transaction()`, once per transaction: rows are locked in the order of their ids, and a second
    call would break that order.
    """
    return load_columns(entity_type, ids, FIELDS[entity_type], workspace_slug=workspace_slug, is_locking=True)


def existing_ids(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> set[str]:
    """Return the ids that belong to an entity."""
    return set(load_columns(entity_type, ids, (), workspace_slug=workspace_slug))


def hold_existing(entity_type: str, ids: Sequence[str], *, workspace_slug: str) -> set[str]:
    """Keep entities from being erased until the transaction ends; return the ids that belong to one."""
    parameters = {"of_workspace": workspace_slug, "ids": list(ids)}
    return set(db.session.connection().scalars(_holding_query(entity_type), parameters))


def load_columns(
    entity_type: str, ids: Sequence[str], names: Iterable[str], *, workspace_slug: str, is_locking: bool = False
) -> dict[str, Fields]:
    """Return the named columns, which may include `extra`, of each entity that exists, by id; one query.

    With `is_locking`, the rule of `load_for_update` holds.
    """
    if not ids:
        return {}
    names = tuple(names)
    query = columns_query(entity_type, names, is_locking)
    parameters = {"of_workspace": workspace_slug, "ids": list(ids)}
    keys = ("id", *names)
    entities: dict[str, Fields] = {}
    for row in db.session.connection().execute(query, parameters).all():
        fields = dict(zip(keys, row, strict=True))
        entities[fields.pop("id")] = fields
    return entities


class StoredOnce:
    """Reads entities by id for one unit of work, and none of them twice."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._asked: set[str] = set()
        self._stored: dict[str, Fields] = {}

    def read(self, ids: Sequence[str]) -> dict[str, Fields]:
        """Return the entities that exist, by id."""
        new = [entity_id for entity_id in ids if entity_id not in self._asked]
        if new:
            self._asked.update(new)
            self._stored.update(self._load(new))
        return {entity_id: self._stored[entity_id] for entity_id in ids if entity_id in self._stored}


def get_entity(entity_type: str, entity_id: str, *, workspace_slug: str) -> EntityView:
    """Return an entity with the provenance of each field that has a value or ever changed.

    A value without a change was given by the caller when the entity was created. Raises `EntityNotFound`.
    """
    table = table_of(entity_type)
    names = tuple(FIELDS[entity_type])
    query = _rows_with(entity_type, names).where(table.c.workspace_slug == workspace_slug, table.c.id == entity_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise EntityNotFound
    view = _view(names, row)
    changed = load_provenance(entity_type, entity_id, workspace_slug)
    values = {**view.fields, EXTRA: view.extra}
    for name, value in values.items():
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
    list_id: str | None = None,
    looks_at: int | None = None,
    names: Sequence[str] | None = None,
    condition: ColumnElement[bool] | None = None,
) -> Page[EntityView]:
    """Return a page of a workspace's entities in the order of their ids.

    `cursor` is the `next_cursor` of the page before. `missing` keeps entities whose field is blank,
    `updated_since` those changed then or later, `list_id` those of a list. With `looks_at` no more entities than that
    are looked at: the page may be short of them, or empty, and lead on. With `names` the fields of those names alone
    are read, and with `condition` those entities that meet it. Raises `Invalid` for an unknown field.
    """
    table = table_of(entity_type)
    names = tuple(FIELDS[entity_type]) if names is None else names
    query, key = _in_order(_rows_with(entity_type, names), table, workspace_slug, list_id)
    end = None if looks_at is None else _end_of_look(table, workspace_slug, list_id, cursor, looks_at)
    query = query.where(*_between(table, key, cursor, end)).limit(limit + 1)
    if missing is not None:
        query = query.where(has_blank(entity_type, missing))
    if updated_since is not None:
        query = query.where(table.c.updated_at >= updated_since)
    if condition is not None:
        query = query.where(condition)
    views = [_view(names, row) for row in db.session.execute(query).all()]
    page = page_of(views, limit, lambda view: view.id)
    return page if page.next_cursor is not None else Page(page.rows, end)


def select_ids(
    entity_type: str,
    *,
    workspace_slug: str,
    missing: str | None = None,
    all_: bool = False,
    list_id: str | None = None,
) -> Iterator[str]:
    """Yield the ids of the entities whose field is blank, of a list, of both, or of `all_`, page by page.

    No cursor stays open between pages, so the ids may be stored in a transaction as they come.
    Raises `Invalid`, before the first id, unless one of them is asked for, and for an unknown field.
    """
    if (missing is None and list_id is None) == (not all_):
        raise Invalid("Expected a field that is missing, a list, or all entities.")
    table = table_of(entity_type)
    query, key = _in_order(select(table.c.id), table, workspace_slug, list_id)
    if missing is not None:
        query = query.where(has_blank(entity_type, missing))
    return _paged_ids(query.limit(SLICE_ROWS), table, key)


def find_missing(
    entity_type: str,
    missing: str,
    *,
    workspace_slug: str,
    list_id: str | None = None,
    cursor: str | None = None,
    limit: int,
    looks_at: int,
) -> Page[str]:
    """Return the ids of the first entities whose field is blank, of a workspace or of one of its lists.

    No more entities than `looks_at` are looked at: the page may be short of `limit`, or empty, and lead on. `cursor`
    is the `next_cursor` of the page before. Raises `Invalid` for an unknown field.
    """
    table = table_of(entity_type)
    query, key = _in_order(select(table.c.id), table, workspace_slug, list_id)
    end = _end_of_look(table, workspace_slug, list_id, cursor, looks_at)
    query = query.where(*_between(table, key, cursor, end), has_blank(entity_type, missing))
    page = page_of(list(db.session.scalars(query.limit(limit + 1))), limit, str)
    return page if page.next_cursor is not None else Page(page.rows, end)


def spread_ids(
    entity_type: str,
    count: int,
    *,
    workspace_slug: str,
    list_id: str | None = None,
    within: int,
    total: int | None = None,
) -> tuple[list[str], int]:
    """Return at least `count` ids, spread over the first `within` of a workspace or of a list, and how many these are.

    All of them if they are few. `total` is how many there are at all, if that is known.
    """
    key, is_of_it = _key_of(table_of(entity_type), workspace_slug, list_id)
    return spread_keys(key, [is_of_it], count, within=within, total=total)


def count_ids(
    entity_type: str, *, workspace_slug: str, list_id: str | None = None, within: int, total: int | None = None
) -> int:
    """Return how many there are among the first `within` of a workspace or of a list, as `spread_ids` does."""
    key, is_of_it = _key_of(table_of(entity_type), workspace_slug, list_id)
    return count_keys(key, [is_of_it], within=within, total=total)


def has_more_than(count: int, entity_type: str, *, workspace_slug: str, list_id: str | None = None) -> bool:
    """Return whether a workspace, or a list, has more entities than that; as many are counted, and no more."""
    query, _ = _in_order(select(true()), table_of(entity_type), workspace_slug, list_id)
    return db.session.scalar(query.offset(count).limit(1)) is not None


def has_blank(entity_type: str, name: str) -> ColumnElement[bool]:
    """Return the condition that a field, in either spelling, is blank in the sense of `is_blank`.

    Raises `Invalid` for an unknown field.
    """
    field_name = field_named(entity_type, name)
    if field_name is None:
        raise Invalid(f"Expected a field of a {entity_type}, such as {next(iter(FIELDS[entity_type]))}.")
    value, kind = table_of(entity_type).c[field_name], FIELDS[entity_type][field_name]
    if kind == "text":
        return or_(value.is_(None), func.trim(value, _WHITE_SPACE) == "")
    if kind in {"list", "dict"}:
        return or_(value.is_(None), value.cast(Text).in_(("[]", "{}")))
    return value.is_(None)


@lru_cache(maxsize=256)
def columns_query(entity_type: str, names: tuple[str, ...], is_locking: bool) -> Select[Any]:
    """Return the query of many entities by `ids`. Cached: building it costs more than running it."""
    table = table_of(entity_type)
    query = select(table.c.id, *(table.c[name] for name in names)).where(
        table.c.workspace_slug == bindparam("of_workspace"), is_any_of(table.c.id, bindparam("ids"))
    )
    return query.order_by(table.c.id).with_for_update(key_share=True) if is_locking else query


@lru_cache
def _holding_query(entity_type: str) -> Select[Any]:
    """Return the query that locks entities by `ids`, in order, against deletion and nothing else."""
    in_order = columns_query(entity_type, (), False).order_by(table_of(entity_type).c.id)
    return in_order.with_for_update(read=True, key_share=True)


def _rows_with(entity_type: str, names: Sequence[str]) -> Select[Any]:
    """Return the query of entities, with these of their fields, whose rows `_view` reads."""
    table = table_of(entity_type)
    beside = ("id", "workspace_slug", EXTRA, "created_at", "updated_at")
    return select(*(table.c[name] for name in (*beside, *names)))


def _view(names: Sequence[str], row: Row[*tuple[Any, ...]]) -> EntityView:
    """Return an entity from a row of `_rows_with`. Raises `DamagedData` if `extra` is not an object."""
    entity_id, workspace_slug, extra, created_at, updated_at, *values = row
    if extra is not None and not isinstance(extra, dict):
        raise DamagedData
    fields = dict(zip(names, values, strict=True))
    return EntityView(entity_id, workspace_slug, fields, extra or {}, created_at, updated_at)


def _in_order(
    query: Select[Any], table: Table, workspace_slug: str, list_id: str | None
) -> tuple[Select[Any], ColumnElement[str]]:
    """Return a query of a workspace's entities, or of a list's, by id, and the column whose order that is.

    Of a list it is that of the members: the database then goes through them, however many entities there are.
    """
    query = query.where(table.c.workspace_slug == workspace_slug)
    if list_id is None:
        return query.order_by(table.c.id), table.c.id
    members = list_members.c
    query = query.join(list_members, members.entity_id == table.c.id).where(members.list_id == list_id)
    return query.order_by(members.entity_id), members.entity_id


def _end_of_look(table: Table, workspace_slug: str, list_id: str | None, cursor: str | None, count: int) -> str | None:
    """Return the id that so many entities after a cursor come to; None: there are fewer."""
    key, is_of_it = _key_of(table, workspace_slug, list_id)
    ids = select(key).where(is_of_it).order_by(key)
    if cursor is not None:
        ids = ids.where(key > cursor)
    return db.session.scalar(ids.offset(count - 1).limit(1))


def _key_of(table: Table, workspace_slug: str, list_id: str | None) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    """Return the column of a workspace's ids, or of a list's, and the condition that it is one of them."""
    if list_id is None:
        return table.c.id, table.c.workspace_slug == workspace_slug
    return list_members.c.entity_id, list_members.c.list_id == list_id


def _between(table: Table, key: ColumnElement[str], cursor: str | None, end: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions on the ids of a page: after the cursor, and up to an end.

    Both of the members and of the entities: PostgreSQL does not tell one from the other, and would rather read all
    entities than believe that nobody lacks a field.
    """
    ids = [key] if key is table.c.id else [key, table.c.id]
    after = [] if cursor is None else [column > cursor for column in ids]
    return after if end is None else [*after, *(column <= end for column in ids)]


def _paged_ids(query: Select[Any], table: Table, key: ColumnElement[str]) -> Iterator[str]:
    ids = list(db.session.scalars(query))
    while ids:
        yield from ids
        ids = list(db.session.scalars(query.where(*_between(table, key, ids[-1], None))))
