"""Much that is taken a part at a time: rows page by page, and anything else in slices."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from app.db.pages import Page
from app.db.session import end_read

T = TypeVar("T")


def all_rows(read: Callable[..., Page[T]], page_size: int = 1000) -> Iterator[T]:
    """Yield the rows of all pages; `read` takes `limit` and `cursor`. No transaction stays open between two rows."""
    cursor: str | None = None
    while True:
        page = read(limit=page_size, cursor=cursor)
        end_read()
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def slices(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of so many, the last one of what is left."""
    values = iter(values)
    while part := list(islice(values, size)):
        yield part
