"""Which stored entity a row of a file is about, if any.

A row with an id of its own is about the entity of that id; a row without one, about the entity that its keys lead to.
Either can turn out to bear another name. Then the row is never laid over that entity: without an id it is kept apart,
under an id made of key and name; with one it is in conflict, since only its owner can say which of the two is right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.entities.ids import KEY_FIELDS, EntityType, Identity, have_other_keys
from app.providers.identity import companies, names
from app.providers.identity.companies import Firm
from app.providers.identity.names import Resemblance
from app.providers.reading import text

Fields = Mapping[str, Any]

NAME_FIELDS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "person": ("first_name", "last_name", "full_name"),
    "company": ("name",),
}
MATCH_COLUMNS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    entity_type: (*names, *KEY_FIELDS[entity_type], "created_at") for entity_type, names in NAME_FIELDS.items()
}
"""What `ReadNames` returns of an entity."""


@dataclass(frozen=True, slots=True)
class Match:
    """The entity that a row is about.

    `shared_with` is the entity with the same key and another name, if there is one. `is_conflict` says that the row's
    own id is that entity's; else the row is kept apart, under `id`.
    """

    id: str
    shared_with: str | None = None
    is_conflict: bool = False


def are_others(entity_type: EntityType, fields: Fields, other: Fields, *, may_be_renamed: bool) -> bool:
    """Return whether the names say that two records with one key are about two entities.

    People may take another surname and keep their page or their id: with `may_be_renamed` the first name decides.
    """
    if entity_type == "company":
        known, told = Firm(text(fields.get("name"))), Firm(text(other.get("name")))
        return companies.compare(known, told) is Resemblance.UNLIKE or companies.name_two_places(known, told)
    likeness = names.compare(fields, other)
    if likeness is Resemblance.AKIN and may_be_renamed:
        return not names.share_first_name(fields, other)
    return likeness in {Resemblance.UNLIKE, Resemblance.AKIN}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row to be matched: its id, and its identity unless that id is its own."""

    id: str
    identity: Identity | None
    fields: Fields


ReadNames = Callable[[list[str]], Mapping[str, Fields]]
"""Returns the `MATCH_COLUMNS` of those entities of a list of ids that exist; drafts have no `created_at`."""


class Matcher:
    """Matches the rows of one part of a file, in their order, with stored entities and with each other.

    With `replaces_names`, a row with an id of its own is about the entity of that id whatever its name. `since` is
    when the import began: a row with an address is about an entity that is known by its name alone only if that is
    older, so that the order of rows makes no difference.
    """

    def __init__(
        self, entity_type: EntityType, read: ReadNames, *, since: datetime, replaces_names: bool = False
    ) -> None:
        self._entity_type = entity_type
        self._read = read
        self._since = since
        self._replaces_names = replaces_names
        self._names: dict[str, Fields] = {}
        self._found_by_name: dict[str, str] = {}

    def match(self, rows: Sequence[Candidate]) -> list[Match]:
        """Return what each row is about. Reads twice at most, the second time only what the first one asks for."""
        self._names = dict(self._read(list({row.id: None for row in rows})))
        if others := self._other_ids(rows):
            self._names.update(self._read(others))
        return [self._match_one(row) for row in rows]

    def _other_ids(self, rows: Sequence[Candidate]) -> list[str]:
        """Return the further ids under which rows may be stored: the earlier ones, and those of rows kept apart."""
        holders = dict(self._names)
        ids: dict[str, None] = {}
        for row in rows:
            if row.identity is None:
                continue
            holder = holders.setdefault(row.id, row.fields)
            is_new = row.id not in self._names
            others = [row.identity.earlier_id, *row.identity.name_ids] if is_new else []
            others.append(self._apart_id(row.identity, row.fields, holder))
            ids.update(dict.fromkeys(filter(None, others)))
        return list(ids)

    def _apart_id(self, identity: Identity, fields: Fields, holder: Fields) -> str | None:
        has_same_names = all(fields.get(name) == holder.get(name) for name in NAME_FIELDS[self._entity_type])
        return None if has_same_names else identity.apart_id

    def _match_one(self, row: Candidate) -> Match:
        match = self._of_own_id(row) if row.identity is None else self._of_keys(row, row.identity)
        if not match.is_conflict:
            known = self._names.get(match.id, {})
            given = {name: row.fields[name] for name in NAME_FIELDS[self._entity_type] if row.fields.get(name)}
            self._names[match.id] = {**known, **given}
        return match

    def _of_own_id(self, row: Candidate) -> Match:
        is_conflict = not self._replaces_names and self._is_other(row.id, row.fields, may_be_renamed=True)
        return Match(row.id, row.id if is_conflict else None, is_conflict)

    def _of_keys(self, row: Candidate, identity: Identity) -> Match:
        may_be_renamed = identity.kind == "linkedin"
        if identity.id not in self._names:
            earlier = identity.earlier_id
            if earlier in self._names and not self._is_other(earlier, row.fields, may_be_renamed=may_be_renamed):
                return Match(earlier)
            return Match(self._known_by_name(row, identity) or identity.id)
        if self._is_other(identity.id, row.fields, may_be_renamed=may_be_renamed):
            return Match(identity.apart_id or identity.id, identity.id if identity.apart_id else None)
        return Match(identity.id)

    def _known_by_name(self, row: Candidate, identity: Identity) -> str | None:
        """Return an older entity of this name and company, or country, that has no other key."""
        for entity_id in identity.name_ids:
            stored = self._names.get(entity_id)
            if stored is None or not self._is_older(stored):
                continue
            if self._found_by_name.get(entity_id, identity.id) != identity.id:
                continue
            if not have_other_keys(self._entity_type, row.fields, stored):
                self._found_by_name[entity_id] = identity.id
                return entity_id
        return None

    def _is_older(self, stored: Fields) -> bool:
        created_at = stored.get("created_at")
        return created_at is not None and created_at < self._since

    def _is_other(self, entity_id: str, fields: Fields, *, may_be_renamed: bool) -> bool:
        stored = self._names.get(entity_id)
        if stored is None or all(fields.get(name) == stored.get(name) for name in NAME_FIELDS[self._entity_type]):
            return False
        return are_others(self._entity_type, fields, stored, may_be_renamed=may_be_renamed)
