"""Pages of a list: rows, and the cursor that leads to the rows after them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement

from app.errors import Invalid, detail
from app.models.types import parse_id

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """One page of a list; `next_cursor` is None on the last."""

    rows: list[Record]
    next_cursor: str | None


def page_of(records: Sequence[Record], limit: int, cursor_of: Callable[[Record], str]) -> Page[Record]:
    """Return the first `limit` records as a page, from a query that asked for one more.

    The extra record only shows that another page follows; the cursor is taken from the last record of this page.
    """
    rows = list(records[:limit])
    has_more = len(records) > limit
    return Page(rows, cursor_of(rows[-1]) if has_more else None)


def after(column: Any, cursor: object) -> list[ColumnElement[bool]]:
    """Return the condition for the rows that follow a cursor in rising order; none for the first page."""
    return [] if cursor is None else [column > cursor]


def before(column: Any, cursor: object) -> list[ColumnElement[bool]]:
    """Return the condition for the rows that follow a cursor in falling order; none for the first page."""
    return [] if cursor is None else [column < cursor]


def read_id(cursor: str | None) -> str | None:
    """Return the id that a cursor holds; None: there is no cursor. Raises `Invalid` for one that no page gave."""
    if cursor is None:
        return None
    last_id = parse_id(cursor)
    if last_id is None:
        raise bad_cursor()
    return last_id


def bad_cursor() -> Invalid:
    """Return the error for a cursor that no page gave."""
    message = "expected a cursor that an earlier page gave"
    return Invalid(f"The cursor is not valid: {message}.", details=[detail("cursor", message)])
