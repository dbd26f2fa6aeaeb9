"""Which stored entity a row of a file is about, if any.

A row with an id of its own is about the entity of that id; a row without one, about the entity that its keys lead to.
Either can turn out to bear another name. Then the row is never laid over that entity: without an id it is kept apart,
under an id made of key and name; with one it is in conflict, since only its owner can say which of the two is right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.entities.ids import EntityType, Identity
from app.values.likeness import Likeness, compare_companies, compare_people, have_same_first_name

Fields = Mapping[str, Any]

NAME_FIELDS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "person": ("first_name", "last_name", "full_name"),
    "company": ("name",),
}


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
        return compare_companies(fields.get("name"), other.get("name")) is Likeness.OTHER
    if compare_people(fields, other) is not Likeness.OTHER:
        return False
    return not (may_be_renamed and have_same_first_name(fields, other))


class Matcher:
    """Matches the rows of one part of a file, in their order, with stored entities and with each other.

    `stored` has the name fields of the entities that exist, by id, of all `candidates`.
    """

    def __init__(self, entity_type: EntityType, stored: Mapping[str, Fields], *, replaces_names: bool = False) -> None:
        self._entity_type = entity_type
        self._names: dict[str, Fields] = dict(stored)
        self._replaces_names = replaces_names

    def match(self, row_id: str, identity: Identity | None, fields: Fields) -> Match:
        """Return what a row is about. `identity` is None for a row with an id of its own."""
        match = self._of_own_id(row_id, fields) if identity is None else self._of_keys(identity, fields)
        if not match.is_conflict:
            known = self._names.get(match.id, {})
            given = {name: fields[name] for name in NAME_FIELDS[self._entity_type] if fields.get(name)}
            self._names[match.id] = {**known, **given}
        return match

    def _of_own_id(self, row_id: str, fields: Fields) -> Match:
        is_conflict = not self._replaces_names and self._is_other(row_id, fields, may_be_renamed=True)
        return Match(row_id, row_id if is_conflict else None, is_conflict)

    def _of_keys(self, identity: Identity, fields: Fields) -> Match:
        may_be_renamed = identity.key == "linkedin"
        if identity.id not in self._names:
            earlier = identity.earlier_id
            if earlier in self._names and not self._is_other(earlier, fields, may_be_renamed=may_be_renamed):
                return Match(earlier)
            return Match(identity.id)
        if identity.apart_id and self._is_other(identity.id, fields, may_be_renamed=may_be_renamed):
            return Match(identity.apart_id, identity.id)
        return Match(identity.id)

    def _is_other(self, entity_id: str, fields: Fields, *, may_be_renamed: bool) -> bool:
        stored = self._names.get(entity_id)
        return stored is not None and are_others(self._entity_type, fields, stored, may_be_renamed=may_be_renamed)


def candidates(rows: Iterable[tuple[str, Identity | None]]) -> list[str]:
    """Return the ids under which rows, each with its id and identity, may be stored already."""
    ids: dict[str, None] = {}
    for row_id, identity in rows:
        ids[row_id] = None
        if identity is not None:
            ids.update(dict.fromkeys(filter(None, (identity.id, identity.earlier_id, identity.apart_id))))
    return list(ids)
