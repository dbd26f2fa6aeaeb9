"""Pages in headers, for a list whose body is a bare array."""

from typing import Any, Final

PAGE_HEADERS: Final[dict[str, Any]] = {
    "Link": {"schema": {"type": "string"}, "description": 'The next page, with `rel="next"`.'},
    "X-Next-Cursor": {"schema": {"type": "string"}, "description": "The `cursor` of the next page."},
}
"""Their part of the OpenAPI document."""


def page_headers(next_cursor: str, next_url: str) -> dict[str, str]:
    """Return the headers that lead to the next page."""
    return {"Link": f'<{next_url}>; rel="next"', "X-Next-Cursor": next_cursor}
