"""The list that the rows of an import go into: one that the caller names, or one that is made with the first rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from app.db.session import WriteSession, end_read
from app.entities.csv.headers import Column
from app.entities.csv.recorded_headers import described
from app.entities.csv.tools import tool_of
from app.entities.lists import ListView, NewList, add_members, find_target, open_list, storable_name
from app.values.entity_types import PLURALS, EntityType


@dataclass(frozen=True, slots=True)
class Listing:
    """What is to be said of the list that an import makes: its name, which file it is of, and who brings it.

    `name` is the name or the id of a list to add to; one that there is not yet is made under that name. Without it a
    new list is made, called as the file is.
    """

    name: str | None = None
    file_name: str | None = None
    made_by: str = "caller"


class ListOfImport:
    """The list of one import. Made in vain if no row is stored."""

    def __init__(self, listing: Listing, entity_type: EntityType, workspace_slug: str) -> None:
        """Find the list that is named. Raises `ListNotFound` or `Invalid` if rows cannot be added to it."""
        self._listing = listing
        self._entity_type = entity_type
        self._workspace_slug = workspace_slug
        self.view: ListView | None = None
        if listing.name is not None:
            self.view = find_target(listing.name, workspace_slug=workspace_slug, entity_type=entity_type)
            end_read()

    def add(self, session: WriteSession, columns: Sequence[Column], ids: Sequence[str]) -> ListView | None:
        """Add the entities of stored rows, and return the list, which is there once the transaction has committed."""
        if not ids:
            return self.view
        view = self.view or open_list(session, self._new(columns))
        add_members(session, view, ids, rows=len(ids))
        return view

    def told(self) -> dict[str, Any]:
        """Return what a report says of the list."""
        return {} if self.view is None else {"list_id": self.view.id, "list_name": self.view.name}

    def _new(self, columns: Sequence[Column]) -> NewList:
        file_name = storable_name(self._listing.file_name or "")
        stem = storable_name(PurePath(self._listing.file_name or "").stem)
        return NewList(
            self._entity_type,
            self._workspace_slug,
            self._listing.name or stem or PLURALS[self._entity_type],
            self._listing.made_by,
            file_name=file_name,
            tool=tool_of(column.header for column in columns),
            columns=[[column.header, described(column)] for column in columns if not column.dropped],
        )
