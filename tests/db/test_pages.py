"""Pages of a list."""

import pytest

from app.db.pages import Page, page_of


@pytest.mark.parametrize(
    ("records", "page"),
    [
        ([], Page([], None)),
        (["a"], Page(["a"], None)),
        (["a", "b"], Page(["a", "b"], None)),
        (["a", "b", "c"], Page(["a", "b"], "B")),
    ],
)
def test_page_has_a_cursor_only_if_another_follows(records: list[str], page: Page[str]) -> None:
    """The query asks for one record more than a page; the cursor is that of the page's last record."""
    assert page_of(records, 2, str.upper) == page
