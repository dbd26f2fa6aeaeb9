"""All rows of a list that is read page by page."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from app.db.pages import Page
from app.db.session import end_read

Row = TypeVar("Row")


def all_rows(read: Callable[..., Page[Row]], page_size: int = 1000) -> Iterator[Row]:
    """Yield the rows of all pages; `read` takes `limit` and `cursor`. No transaction stays open between two rows."""
    cursor: str | None = None
    while True:
        page = read(limit=page_size, cursor=cursor)
        end_read()
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return
