"""Pages of a list: rows, and the cursor that leads to the rows after them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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
