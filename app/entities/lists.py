"""Lists of people and companies: made by an import or by hand, named, shown, renamed, deleted.

A list says which entities belong together and nothing about them: to delete it deletes no entity, and an entity may be
in any number of lists. Its counts are kept in its row, by whoever adds or erases, so nothing is counted to show it.

A member never outlives its entity: whoever adds members locks their rows against deletion until it has committed, and
an erasure deletes the row first and the members after it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import JSON, Insert, Table, bindparam, delete, func, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app.audit.events import record
from app.db.pages import Page, page_of
from app.db.session import WriteSession, repeats_conflicts, transaction
from app.db.sql import engine_name, insert_missing, is_any_of
from app.entities.fields import table_of
from app.entities.pages import slices
from app.entities.read import select_ids
from app.errors import Conflict, Invalid, ListNotFound, detail
from app.extensions import db
from app.models.audit_event import Action
from app.models.entity_list import MAX_NAME_CHARS, entity_lists, list_members
from app.models.types import Id, new_id, parse_id, utcnow
from app.values.entity_types import PLURALS, EntityType
from app.values.text import find_bad_character, storable

NAME_RULE: Final = f"1 to {MAX_NAME_CHARS} characters without control characters, and no UUID"
_MEMBERS_A_STATEMENT: Final = 1000
_MEMBERS_A_DELETION: Final = 10_000


@dataclass(frozen=True, slots=True)
class ListView:
    """A list as stored."""

    id: str
    workspace_slug: str
    entity_type: EntityType
    name: str
    file_name: str | None
    tool: str | None
    made_by: str
    row_count: int
    entity_count: int
    created_at: datetime
    changed_at: datetime


_COLUMNS: Final = tuple(entity_lists.c[name] for name in ListView.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class NewList:
    """What a list is made of, apart from its members. `columns` is the header row of its file."""

    entity_type: EntityType
    workspace_slug: str
    name: str
    made_by: str
    file_name: str | None = None
    tool: str | None = None
    columns: list[list[str | None]] | None = None


def list_lists(
    *,
    workspace_slug: str | None,
    entity_type: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ListView]:
    """Return a page of the lists of a workspace, or of all, the newest first."""
    query = select(*_COLUMNS).order_by(entity_lists.c.id.desc()).limit(limit + 1)
    if workspace_slug is not None:
        query = query.where(entity_lists.c.workspace_slug == workspace_slug)
    if entity_type is not None:
        query = query.where(entity_lists.c.entity_type == entity_type)
    if cursor is not None:
        query = query.where(entity_lists.c.id < cursor)
    views = [ListView(*row) for row in db.session.execute(query)]
    return page_of(views, limit, lambda view: view.id)


def get_list(list_id: str, *, workspace_slug: str | None) -> ListView:
    """Return a list by its id, of any workspace if that is None. Raises `ListNotFound`."""
    query = select(*_COLUMNS).where(entity_lists.c.id == list_id)
    if workspace_slug is not None:
        query = query.where(entity_lists.c.workspace_slug == workspace_slug)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise ListNotFound
    return ListView(*row)


def find_list(reference: str, *, workspace_slug: str, entity_type: str | None = None) -> ListView:
    """Return a workspace's list by its name or id.

    Raises `ListNotFound`, and `Invalid` if `entity_type` is given and the list is one of the other.
    """
    view = _named(reference, workspace_slug)
    if view is None:
        raise ListNotFound
    _expect_type(view, entity_type)
    return view


def list_id_of(reference: str | None, *, workspace_slug: str, entity_type: str) -> str | None:
    """Return the id of the list that is named, if one is. Raises what `find_list` does."""
    if reference is None:
        return None
    return find_list(reference, workspace_slug=workspace_slug, entity_type=entity_type).id


def ids_of_list(reference: str, entity_type: str, *, workspace_slug: str, missing: str | None = None) -> Iterator[str]:
    """Yield the ids of a list's members, or of those whose field is blank.

    Raises `ListNotFound` and `Invalid`, before the first id.
    """
    view = find_list(reference, workspace_slug=workspace_slug, entity_type=entity_type)
    return select_ids(entity_type, workspace_slug=workspace_slug, missing=missing, list_id=view.id)


def find_target(reference: str, *, workspace_slug: str, entity_type: EntityType) -> ListView | None:
    """Return the list that an import is to add to; None if there is none of that name yet, and it may be made.

    Raises `ListNotFound` for an unknown id, and `Invalid` for a list of the other entity type or an unusable name.
    """
    view = _named(reference, workspace_slug)
    if view is not None:
        _expect_type(view, entity_type)
    elif parse_id(reference) is not None:
        raise ListNotFound
    else:
        checked_name(reference)
    return view


def create_list(new: NewList, entity_ids: Iterable[str] = ()) -> tuple[ListView, int]:
    """Make a list of some entities; return it, and how many ids were left out as unknown or repeated.

    Any number of ids, in one transaction. Raises `Invalid` for an unusable name, `Conflict` if it is taken.
    """
    checked_name(new.name)
    given = added = 0
    with transaction() as session:
        list_id = _insert(session, new, new.name)
        if list_id is None:
            raise _taken()
        for part in slices(entity_ids, _MEMBERS_A_STATEMENT):
            given += len(part)
            added += _add(session, new.entity_type, new.workspace_slug, list_id, part)
        _note_added(session, list_id, rows=0, added=added)
        _record(session, Action.LIST_CREATE, list_id, new.workspace_slug)
    return get_list(list_id, workspace_slug=None), given - added


def rename_list(list_id: str, name: str, *, workspace_slug: str | None) -> ListView:
    """Give a list another name. Raises `ListNotFound`, `Invalid` for an unusable name, `Conflict` if it is taken."""
    checked_name(name)
    view = get_list(list_id, workspace_slug=workspace_slug)
    try:
        with transaction() as session:
            renaming = update(entity_lists).where(entity_lists.c.id == list_id).values(name=name)
            if session.connection().execute(renaming).rowcount and name != view.name:
                _record(session, Action.LIST_RENAME, list_id, view.workspace_slug)
    except IntegrityError as exc:
        raise _taken() from exc
    return get_list(list_id, workspace_slug=workspace_slug)


def delete_list(list_id: str, *, workspace_slug: str | None) -> None:
    """Delete a list and none of its entities. Raises `ListNotFound`.

    Members go in batches, so that nobody waits long; a deletion that breaks off can be called again.
    """
    view = get_list(list_id, workspace_slug=workspace_slug)
    while _delete_members(list_id):
        pass
    with transaction() as session:
        # The row first: whoever adds members and comes after it finds no list, and undoes them.
        deleted = session.connection().execute(delete(entity_lists).where(entity_lists.c.id == list_id)).rowcount
        session.execute(delete(list_members).where(list_members.c.list_id == list_id))
        if deleted:
            _record(session, Action.LIST_DELETE, list_id, view.workspace_slug)


def checked_name(name: str) -> str:
    """Return a name that a list may have. Raises `Invalid`."""
    is_usable = name.strip() == name and 1 <= len(name) <= MAX_NAME_CHARS
    if not is_usable or find_bad_character(name) or not name.isprintable() or parse_id(name) is not None:
        raise Invalid(f"The name of a list has {NAME_RULE}.", details=[detail("name", f"expected {NAME_RULE}")])
    return name


def storable_name(text: str) -> str | None:
    """Return a file's name as a list's name may be, cut and without what cannot be stored; None if nothing is left."""
    name = "".join(filter(str.isprintable, storable(text))).strip()[:MAX_NAME_CHARS].strip()
    return None if not name or parse_id(name) is not None else name


def open_list(session: WriteSession, new: NewList) -> ListView:
    """Make the list of an import under its name or, if that is taken, under the next free `name (2)`."""
    taken = set(
        session.scalars(
            select(entity_lists.c.name).where(
                entity_lists.c.workspace_slug == new.workspace_slug,
                entity_lists.c.name.startswith(new.name[: MAX_NAME_CHARS - 10], autoescape=True),
            )
        )
    )
    number = 1
    while True:
        name = new.name if number == 1 else f"{new.name[: MAX_NAME_CHARS - 10]} ({number})"
        number += 1
        # Somebody may take the name at the same moment.
        if name not in taken and (list_id := _insert(session, new, name)) is not None:
            row = session.execute(select(*_COLUMNS).where(entity_lists.c.id == list_id)).one()
            return ListView(*row)


def add_members(session: WriteSession, to: ListView, entity_ids: Sequence[str], *, rows: int) -> None:
    """Add entities that the caller's transaction has seen or stored to a list; members are passed over.

    On SQLite, whose write lock is the caller's, all of them are there. Elsewhere those that were erased meanwhile are
    passed over too. Raises `Conflict` if the list was deleted meanwhile.
    """
    if engine_name() == "sqlite":
        values = {"of_list": to.id, "ids": sorted(set(entity_ids))}
        added = session.connection().execute(_INSERT_KNOWN_INTO_SQLITE, values).rowcount
    else:
        added = _add(session, to.entity_type, to.workspace_slug, to.id, entity_ids)
    _note_added(session, to.id, rows=rows, added=added)


def drop_member(session: WriteSession, entity_type: str, entity_id: str, workspace_slug: str) -> int:
    """Take an erased entity out of every list of its workspace; return how many it was in.

    Counts of coverage that are under way are dropped: they tell the id that they have come to.
    """
    lists = select(entity_lists.c.id).where(
        entity_lists.c.workspace_slug == workspace_slug, entity_lists.c.entity_type == entity_type
    )
    is_it = (list_members.c.list_id.in_(lists), list_members.c.entity_id == entity_id)
    left = list(session.scalars(delete(list_members).where(*is_it).returning(list_members.c.list_id)))
    count = entity_lists.c.entity_count - 1
    changes = {"entity_count": count, "coverage_draft": None, "changed_at": utcnow()}
    for list_id in sorted(left):
        session.execute(update(entity_lists).where(entity_lists.c.id == list_id).values(changes))
    return len(left)


def _record(session: WriteSession, action: Action, list_id: str, workspace_slug: str) -> None:
    """Put down a change of a list, without its name, which may be anybody's."""
    record(session, action, "list", list_id, workspace_slug=workspace_slug)


def _named(reference: str, workspace_slug: str) -> ListView | None:
    list_id = parse_id(reference)
    is_it = entity_lists.c.name == reference if list_id is None else entity_lists.c.id == list_id
    query = select(*_COLUMNS).where(entity_lists.c.workspace_slug == workspace_slug, is_it)
    row = db.session.execute(query).one_or_none()
    return None if row is None else ListView(*row)


def _expect_type(view: ListView, entity_type: str | None) -> None:
    if entity_type not in {None, view.entity_type}:
        kind = PLURALS[view.entity_type]
        expected = f"expected a list of {'companies' if kind == 'people' else 'people'}"
        raise Invalid(f"The list is one of {kind}; {expected}.", details=[detail("list", expected)])


def _taken() -> Conflict:
    return Conflict("There is a list of that name in the workspace already.")


def _insert(session: WriteSession, new: NewList, name: str) -> str | None:
    """Insert a list and return its id; None if the name is taken."""
    list_id = new_id()
    row = {
        "id": list_id,
        "workspace_slug": new.workspace_slug,
        "entity_type": new.entity_type,
        "name": name,
        "file_name": new.file_name,
        "tool": new.tool,
        "columns": new.columns,
        "made_by": new.made_by,
        "row_count": 0,
        "entity_count": 0,
    }
    return list_id if insert_missing(session, entity_lists, [row], "id") else None


@repeats_conflicts
def _delete_members(list_id: str) -> int:
    some = select(list_members.c.entity_id).where(list_members.c.list_id == list_id).limit(_MEMBERS_A_DELETION)
    is_one = (list_members.c.list_id == list_id, list_members.c.entity_id.in_(some))
    with transaction() as session:
        return session.connection().execute(delete(list_members).where(*is_one)).rowcount


def _add(session: WriteSession, entity_type: str, workspace_slug: str, list_id: str, ids: Sequence[str]) -> int:
    """Add those of the ids that belong to an entity and are no members yet; return how many these are."""
    statement = _insert_of_members(entity_type, engine_name())
    values = {"of_list": list_id, "of_workspace": workspace_slug, "ids": list(ids)}
    return session.connection().execute(statement, values).rowcount


def _note_added(session: WriteSession, list_id: str, *, rows: int, added: int) -> None:
    result = session.connection().execute(_NOTE_ADDED, {"of_list": list_id, "more_rows": rows, "more": added})
    if result.rowcount == 0:
        raise Conflict("The list was deleted meanwhile.")


@lru_cache
def _insert_of_members(entity_type: str, engine: str) -> Insert:
    """Return the insert of members by `ids`; it locks their entities, in order, against deletion."""
    table: Table = table_of(entity_type)
    query = (
        select(bindparam("of_list", type_=Id), table.c.id)
        .where(table.c.workspace_slug == bindparam("of_workspace"), is_any_of(table.c.id, bindparam("ids")))
        .order_by(table.c.id)
        .with_for_update(read=True, key_share=True)
    )
    insertion: Any = sqlite.insert(list_members) if engine == "sqlite" else postgresql.insert(list_members)
    made: Insert = insertion.from_select(["list_id", "entity_id"], query).on_conflict_do_nothing()
    # Else the number of rows is gone with the cursor, which an insert closes at once.
    return made.execution_options(preserve_rowcount=True)


def _insert_known_into_sqlite() -> Insert:
    """Return the insert of members by `ids` that are all of entities, which takes a third of the time of looking."""
    ids = func.json_each(bindparam("ids", type_=JSON())).table_valued("value")
    # Without a condition, SQLite would take the conflict's ON for that of a join.
    query = select(bindparam("of_list", type_=Id), ids.c.value).where(true())
    insertion = sqlite.insert(list_members).from_select(["list_id", "entity_id"], query)
    made: Insert = insertion.on_conflict_do_nothing()
    return made.execution_options(preserve_rowcount=True)


_INSERT_KNOWN_INTO_SQLITE: Final = _insert_known_into_sqlite()

_NOTE_ADDED: Final = (
    update(entity_lists)
    .where(entity_lists.c.id == bindparam("of_list", type_=Id))
    .values(
        row_count=entity_lists.c.row_count + bindparam("more_rows"),
        entity_count=entity_lists.c.entity_count + bindparam("more"),
        changed_at=utcnow(),
    )
)
