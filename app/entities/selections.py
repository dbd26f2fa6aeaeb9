"""Whom a job would be of, as far as a request looks: some of them, and how many they are.

Of a list, or of all, the first are counted along an index and some of them read, spread over these. Who has no value
in a field, or an address that was verified too long ago, is looked for among so many at a time, by id.
"""

from dataclasses import dataclass
from typing import Any, Final

from app.db.pages import Page
from app.entities.lists import ListView
from app.entities.read import count_ids, find_missing, spread_ids
from app.entities.readiness import find_stale

_MOST_FOUND: Final = 500
"""Of those without a value, so many are found at a time: each id is read."""
_MOST_JUDGED: Final = 60
"""People whose address may be stale that a page looks at more closely, some 0.1 ms each."""


@dataclass(frozen=True, slots=True)
class Selected:
    """Ids of some who are selected, or of all, and how many they are; `next_cursor`: where to look for further ones."""

    ids: list[str]
    total: int
    next_cursor: str | None = None
    is_at_most: bool = False
    """Whether they may be fewer than `total`."""


@dataclass(frozen=True, slots=True)
class Selecting:
    """Who is selected: of a workspace, or of one of its lists, all, or those who are searched for."""

    entity_type: str
    workspace_slug: str
    in_list: ListView | None = None
    missing: str | None = None
    """A field in which they have no value."""
    is_stale: bool = False
    """Whether their address was verified too long ago."""

    @property
    def is_searched(self) -> bool:
        """Whether each entity has to be looked at to know whether it is one of them."""
        return self.is_stale or self.missing is not None

    @property
    def list_id(self) -> str | None:
        """The id of the list; None: of all."""
        return None if self.in_list is None else self.in_list.id

    @property
    def found_at_a_time(self) -> int:
        """How many of those who are searched for a page or an estimate finds."""
        return _MOST_JUDGED if self.missing is None else _MOST_FOUND

    def some(self, count: int, *, within: int) -> Selected:
        """Return at least `count` of the first `within` who are not searched for, or all if they are few."""
        return Selected(*spread_ids(self.entity_type, count, **self._all, within=within))

    def count_all(self, *, within: int) -> int:
        """Return how many of the first `within` there are, whether they are searched for or not."""
        return count_ids(self.entity_type, **self._all, within=within)

    def search(self, *, limit: int, looks_at: int, cursor: str | None = None) -> Selected:
        """Return those found among the next `looks_at` after a cursor, `limit` at most; more may be further on.

        Raises `Invalid` for an unknown field.
        """
        found = self._search(limit, looks_at, cursor)
        return Selected(found.rows, len(found.rows), found.next_cursor)

    @property
    def _all(self) -> dict[str, Any]:
        members = None if self.in_list is None else self.in_list.entity_count
        return {"workspace_slug": self.workspace_slug, "list_id": self.list_id, "total": members}

    def _search(self, limit: int, looks_at: int, cursor: str | None) -> Page[str]:
        about: dict[str, Any] = {"workspace_slug": self.workspace_slug, "list_id": self.list_id}
        about |= {"cursor": cursor, "looks_at": looks_at}
        if self.missing is None:
            return find_stale(**about, limit=limit)
        return find_missing(self.entity_type, self.missing, **about, limit=limit)
