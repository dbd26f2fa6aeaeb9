"""What the entities of an export have: the fields with a value, and the names of what is kept beside them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, case, func, not_, or_, select

from app.db.sql import engine_name, select_json_keys
from app.entities.fields import EXTRA, RAW_FIELDS, table_of
from app.entities.read import SLICE_ROWS, has_blank
from app.extensions import db
from app.models.entity_list import list_members
from app.values.entity_types import EntityType


class FilledFields:
    """Looks at the entities of a workspace, or of one of its lists."""

    def __init__(self, entity_type: EntityType, workspace_slug: str, list_id: str | None) -> None:
        self._entity_type = entity_type
        self._of_list = list_id is not None
        self._parameters = {"of_workspace": workspace_slug, **({"of_list": list_id} if list_id is not None else {})}

    def fields(self) -> list[str]:
        """Return the raw fields that some entity has a value for."""
        names = list(RAW_FIELDS[self._entity_type])
        # The first rows tell most of them, and of the others few rows have anything but NULL.
        filled = self._filled(names, is_of_first_rows=True)
        others = [name for name in names if name not in filled]
        if others:
            filled |= self._filled(others, is_of_first_rows=False)
        return [name for name in names if name in filled]

    def extra_keys(self) -> set[str]:
        """Return every name under which something is kept beside the fields."""
        query = _query_of_extra_keys(self._entity_type, engine_name(), of_list=self._of_list)
        return set(db.session.scalars(query, self._parameters))

    def _filled(self, names: Sequence[str], *, is_of_first_rows: bool) -> set[str]:
        """Return the fields for which an entity, of the first ones or of all, has a value."""
        query = _query_of_filled(
            self._entity_type, tuple(names), of_list=self._of_list, is_of_first_rows=is_of_first_rows
        )
        row = db.session.execute(query, self._parameters).one()
        return {name for name, is_filled in zip(names, row, strict=True) if is_filled}


@lru_cache(maxsize=256)
def _query_of_filled(
    entity_type: EntityType, names: tuple[str, ...], *, of_list: bool, is_of_first_rows: bool
) -> Select[Any]:
    """Return the query that tells which fields have a value. Kept: to build it may cost more than to run it."""
    table = table_of(entity_type)
    key, is_included = table.c.id, _is_included(table, of_list=of_list)
    condition: ColumnElement[bool]
    if is_of_first_rows:
        condition = key.in_(select(key).where(*is_included).order_by(key).limit(SLICE_ROWS))
    else:
        condition = or_(*(table.c[name].is_not(None) for name in names))
    has_any = [func.max(case((not_(has_blank(entity_type, name)), 1), else_=0)) for name in names]
    return select(*has_any).where(*is_included, condition)


@lru_cache
def _query_of_extra_keys(entity_type: EntityType, _engine: str, *, of_list: bool) -> Select[str]:
    """Return the query for the names; the databases spell it differently."""
    table = table_of(entity_type)
    query = select_json_keys(table, EXTRA).distinct()
    return query.where(*_is_included(table, of_list=of_list), table.c.extra.is_not(None))


def _is_included(table: Table, *, of_list: bool) -> list[ColumnElement[bool]]:
    """Return the conditions for entities `of_workspace`, and `of_list` if it is a list's."""
    is_included: list[ColumnElement[bool]] = [table.c.workspace_slug == bindparam("of_workspace")]
    if of_list:
        members = select(list_members.c.entity_id).where(list_members.c.list_id == bindparam("of_list"))
        is_included.append(table.c.id.in_(members))
    return is_included
