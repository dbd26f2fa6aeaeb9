"""The coverage of a list: how many of its members have a value, field by field.

To count a list of a million takes some ten seconds, so nobody who looks at it waits for that: what was counted last is
kept in the list's row. A count goes through the members in the order of their ids, 1,000 in a read of its own, and no
transaction spans two of them. If its time is over before the end it leaves how far it has come in the row too, and the
next one goes on from there. Two counts at once do the work twice and no harm: each stores what is true of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf
from time import monotonic
from typing import Final

from sqlalchemy import Executable, Integer, and_, bindparam, case, func, not_, select, update

from app.db.session import end_read, transaction
from app.entities.fields import FIELDS, table_of
from app.entities.lists import ListView, get_list
from app.entities.progress import OnProgress, tell_nobody
from app.entities.read import SLICE_ROWS, has_blank
from app.errors import DamagedData
from app.extensions import db
from app.models.entity_list import entity_lists, list_members
from app.models.types import Id, utcnow


@dataclass(frozen=True, slots=True)
class FieldCoverage:
    """How many members have a value in a field, and what share of them that is, 0 to 100 with one decimal."""

    field: str
    filled: int
    percent: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a list as it was counted last; before the first count it has no fields and no time.

    `entities` are the members that it was counted over. `counting` is how many a count that has not come to the end
    has been through; None if there is none.
    """

    list_id: str
    entities: int
    fields: list[FieldCoverage]
    counted_at: datetime | None
    counting: int | None


@dataclass(slots=True)
class _Count:
    """A count on its way: the id that it has come to, and what it has counted."""

    after: str
    counted: int
    fields: dict[str, int]


def get_coverage(list_id: str, *, workspace_slug: str | None) -> Coverage:
    """Return what was counted last. Raises `ListNotFound`."""
    get_list(list_id, workspace_slug=workspace_slug)
    return _stored(list_id)


def count_coverage(
    list_id: str, *, workspace_slug: str | None, seconds: float = inf, on_progress: OnProgress = tell_nobody
) -> Coverage:
    """Count the coverage of a list, or go on with a count that was broken off, for at most some seconds.

    `on_progress` is told how many members were counted so far. Raises `ListNotFound`.
    """
    view = get_list(list_id, workspace_slug=workspace_slug)
    count = _draft(view)
    ends_at = monotonic() + seconds
    is_done = False
    while not is_done:
        is_done = _count_slice(view, count)
        on_progress(count.counted)
        if monotonic() >= ends_at:
            break
    (_store if is_done else _store_draft)(view, count)
    return _stored(list_id)


def _draft(view: ListView) -> _Count:
    """Return the count that was broken off, or one from the start."""
    draft = db.session.scalar(select(entity_lists.c.coverage_draft).where(entity_lists.c.id == view.id))
    end_read()
    names = FIELDS[view.entity_type].keys()
    # A count of an earlier release may lack a field.
    if draft is None or draft["fields"].keys() != names:
        return _Count("", 0, dict.fromkeys(names, 0))
    return _Count(draft["after"], draft["counted"], draft["fields"])


def _count_slice(view: ListView, count: _Count) -> bool:
    """Count the next members; return whether these were the last."""
    values = {"of_list": view.id, "of_workspace": view.workspace_slug, "after": count.after}
    last, seen, members, *filled = db.session.connection().execute(_slice_query(view.entity_type), values).one()
    end_read()
    if last is not None:
        count.after = last
        count.counted += members
        for name, number in zip(count.fields, filled, strict=True):
            count.fields[name] += number or 0
    return bool(seen < SLICE_ROWS)


@lru_cache
def _slice_query(entity_type: str) -> Executable:
    """Return the query that counts the members after an id: the last id, the members, and the filled by field."""
    table = table_of(entity_type)
    slice_ = (
        select(list_members.c.entity_id)
        .where(list_members.c.list_id == bindparam("of_list", type_=Id), list_members.c.entity_id > bindparam("after"))
        .order_by(list_members.c.entity_id)
        .limit(SLICE_ROWS)
        .subquery("slice")
    )
    is_member = and_(table.c.workspace_slug == bindparam("of_workspace"), table.c.id == slice_.c.entity_id)
    filled = [func.sum(case((not_(has_blank(entity_type, name)), 1), else_=0)) for name in FIELDS[entity_type]]
    return select(
        func.max(slice_.c.entity_id), func.count(slice_.c.entity_id), func.count(table.c.id, type_=Integer), *filled
    ).select_from(slice_.outerjoin(table, is_member))


def _store(view: ListView, count: _Count) -> None:
    values = {
        "coverage": count.fields,
        "coverage_of": count.counted,
        "covered_at": utcnow(),
        "coverage_draft": None,
    }
    with transaction() as session:
        session.execute(update(entity_lists).where(entity_lists.c.id == view.id).values(values))


def _store_draft(view: ListView, count: _Count) -> None:
    """Keep how far a count has come, unless the entity that it came to was erased: its id must not come back."""
    is_member = (list_members.c.list_id == view.id, list_members.c.entity_id == count.after)
    draft = {"after": count.after, "counted": count.counted, "fields": count.fields}
    with transaction() as session:
        # An erasure takes the member out first and then drops drafts, under the lock that is waited for here.
        session.execute(select(entity_lists.c.id).where(entity_lists.c.id == view.id).with_for_update())
        if session.scalar(select(list_members.c.entity_id).where(*is_member)) is not None:
            session.execute(update(entity_lists).where(entity_lists.c.id == view.id).values(coverage_draft=draft))


_STORED: Final = select(
    entity_lists.c.coverage, entity_lists.c.coverage_of, entity_lists.c.covered_at, entity_lists.c.coverage_draft
)


def _stored(list_id: str) -> Coverage:
    row = db.session.execute(_STORED.where(entity_lists.c.id == list_id)).one()
    if not isinstance(row.coverage, dict | None):
        raise DamagedData
    entities = row.coverage_of or 0
    fields = [FieldCoverage(name, filled, _percent(filled, entities)) for name, filled in (row.coverage or {}).items()]
    counting = None if row.coverage_draft is None else row.coverage_draft["counted"]
    return Coverage(list_id, entities, sorted(fields, key=_most_first), row.covered_at, counting)


def _percent(filled: int, entities: int) -> float:
    return round(100 * filled / entities, 1) if entities else 0.0


def _most_first(coverage: FieldCoverage) -> tuple[int, str]:
    return -coverage.filled, coverage.field
