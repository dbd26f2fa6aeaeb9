"""Which stored entity a row of a file is about, if any.

A row with an id of its own is about the entity of that id; a row without one, about the entity that its keys lead to.
Either can turn out to bear another name. Then the row is never laid over that entity: without an id it is kept apart,
under an id made of key and name; with one it is in conflict, since only its owner can say which of the two is right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from app.entities.ids import KEY_FIELDS, NAME_FIELDS, Identity, has_placeholder_for_name, have_other_keys
from app.identity import companies, names
from app.identity.companies import Firm
from app.identity.names import Resemblance
from app.values.entity_types import EntityType
from app.values.text import fold, text

Fields = Mapping[str, Any]

NAMES: Final = frozenset(name for names in NAME_FIELDS.values() for name in names)
MATCH_COLUMNS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    entity_type: (*names, *KEY_FIELDS[entity_type], "created_at") for entity_type, names in NAME_FIELDS.items()
}
"""What `ReadNames` returns of an entity."""


@dataclass(slots=True)
class Match:
    """The entity that a row is about. Not frozen: each row makes one.

    `shared_with` is the entity with the same key and another name, if there is one. `is_conflict` says that the row's
    own id is that entity's; else the row is kept apart, under `id`. `keeps_name` says that the name that is stored
    stays, because it says more than the row's; `is_of_known_name` that the row's is the stored one, so that the two
    were not compared.
    """

    id: str
    shared_with: str | None = None
    is_conflict: bool = False
    keeps_name: bool = False
    is_of_known_name: bool = False


def compare_names(entity_type: EntityType, fields: Fields, other: Fields) -> Resemblance:
    """Return how alike the names of two records are; branches of a company in two countries are unlike."""
    if entity_type == "person":
        return names.compare(fields, other)
    known, told = Firm(text(fields.get("name"))), Firm(text(other.get("name")))
    return Resemblance.UNLIKE if companies.name_two_places(known, told) else companies.compare(known, told)


def _beside(entity_id: str, apart_id: str | None) -> Match:
    """Return the match of a row whose key is another entity's: under an id of its own, if it has one."""
    return Match(entity_id) if apart_id is None else Match(apart_id, shared_with=entity_id)


def are_others(entity_type: EntityType, fields: Fields, other: Fields, *, may_be_renamed: bool) -> bool:
    """Return whether the names say that two records with one key are about two entities.

    People may take another surname and keep their page or their id: with `may_be_renamed` the first name decides.
    """
    likeness = compare_names(entity_type, fields, other)
    if likeness is not Resemblance.AKIN:
        return likeness is Resemblance.UNLIKE
    if entity_type == "company":
        return False
    return not (may_be_renamed and names.share_first_name(fields, other))


def says_less(entity_type: EntityType, fields: Fields, stored: Fields) -> bool:
    """Return whether a record's name must not replace the stored one, which says more.

    It is a placeholder, an initial or a part of the stored name, or cannot be compared with it.
    """
    words, stored_words = _words(entity_type, fields), _words(entity_type, stored)
    if not stored_words:
        return False
    if has_placeholder_for_name(entity_type, fields):
        return True
    if compare_names(entity_type, fields, stored) is Resemblance.UNKNOWN:
        return True
    is_shorter = len("".join(words)) < len("".join(stored_words))
    return is_shorter and all(any(longer.startswith(word) for longer in stored_words) for word in words)


def _words(entity_type: EntityType, fields: Fields) -> list[str]:
    # Of a person the first and the last name, then the full one; of a company its only one.
    *parts, whole = (text(fields.get(name)) or "" for name in NAME_FIELDS[entity_type])
    words = fold(whole or " ".join(parts)).split()
    return list(filter(None, (word.strip(".,") for word in words)))


class Candidate(Protocol):
    """A row to be matched: its id, and its identity unless that id is its own.

    `former_id` is the id that the row has if its cells are read as they stand, without what is mended today.
    """

    @property
    def id(self) -> str: ...
    @property
    def identity(self) -> Identity | None: ...
    @property
    def fields(self) -> Fields: ...
    @property
    def former_id(self) -> str | None: ...


ReadNames = Callable[[list[str]], Mapping[str, Fields]]
"""Returns, at least, the `MATCH_COLUMNS` of those entities of a list of ids that exist; drafts have no `created_at`."""


class Matcher:
    """Matches the rows of one part of a file, in their order, with stored entities and with each other.

    With `replaces_names`, a row with an id of its own is about the entity of that id whatever its name. `since` is
    when the import began: a row with an address is about an entity that is known by its name alone only if that is
    older, so that the order of rows makes no difference.

    `is_alone` says that there was no entity when the import began, and that no row has an id of its own. Then what is
    not stored under the id that its keys lead to is new, and the other ids that it might have need not be made.
    """

    def __init__(
        self,
        entity_type: EntityType,
        read: ReadNames,
        *,
        since: datetime,
        replaces_names: bool = False,
        is_alone: bool = False,
    ) -> None:
        self._entity_type = entity_type
        self._read = read
        self._since = since
        self._replaces_names = replaces_names
        self._is_alone = is_alone
        self._stored: dict[str, Fields] = {}
        self._names: dict[str, list[Fields]] = {}
        self._found_by_name: dict[str, str] = {}
        self._name_columns = NAME_FIELDS[entity_type]
        self._columns = (*self._name_columns, *KEY_FIELDS[entity_type])
        # Whether each row so far is about the entity of the id that its keys lead to, and no other is known.
        self._is_direct = False

    def match(self, rows: Sequence[Candidate], are_as_stored: Sequence[bool] | None = None) -> list[Match]:
        """Return what each row is about. Reads twice at most, the second time only what the first one asks for.

        `are_as_stored` says which rows have no id of their own, and only what is stored under that of their keys.
        """
        bear_stored_names = self._look(rows, are_as_stored or [False] * len(rows))
        self._names = {entity_id: [stored] for entity_id, stored in self._stored.items()}
        self._is_direct = self._stored.keys() <= {row.id for row in rows if row.identity is not None}
        return [
            self._match_plain(row, bears_stored_name) or self._match_one(row)
            for row, bears_stored_name in zip(rows, bear_stored_names, strict=True)
        ]

    def _look(self, rows: Sequence[Candidate], are_as_stored: Sequence[bool]) -> list[bool]:
        """Read what is stored of rows, and return which of them bear the name that is stored under their id."""
        ids = [entity_id for row in rows for entity_id in (row.id, row.former_id) if entity_id]
        self._stored = dict(self._read(list(dict.fromkeys(ids))))
        bear_stored_names = [
            is_as_stored or self._bears_stored_name(row) for row, is_as_stored in zip(rows, are_as_stored, strict=True)
        ]
        if others := self._other_ids(rows, bear_stored_names):
            self._stored.update(self._read(others))
        return bear_stored_names

    def was_judged(self, entity_id: str, names: Fields) -> bool:
        """Return whether these names of an entity are of those that the rows were compared with, stored or given."""
        known = self._names.get(entity_id, [])
        return all(any(fields.get(name) == value for fields in known) for name, value in names.items())

    def _other_ids(self, rows: Sequence[Candidate], bear_stored_names: Sequence[bool]) -> list[str]:
        """Return the further ids under which rows may be stored: the earlier ones, and those of rows kept apart."""
        ids: dict[str, None] = {}
        for row, bears_stored_name in zip(rows, bear_stored_names, strict=True):
            if bears_stored_name or row.identity is None:
                continue
            others: list[str | None] = []
            if row.id not in self._stored:
                if self._is_alone:
                    continue
                others = [row.identity.earlier_id, *row.identity.name_ids]
            others += row.identity.apart_ids
            ids.update(dict.fromkeys(filter(None, others)))
        return list(ids)

    def _bears_stored_name(self, row: Candidate) -> bool:
        """Return whether the entity of a row's id is stored, under the row's name, letter by letter."""
        stored = self._stored.get(row.id)
        return stored is not None and self._bears(row.fields, stored)

    def _bears(self, fields: Fields, other: Fields) -> bool:
        """Return whether two records have one name, letter by letter."""
        return list(map(fields.get, self._name_columns)) == list(map(other.get, self._name_columns))

    def _match_plain(self, row: Candidate, bears_stored_name: bool) -> Match | None:
        """Return what `_match_one` does of nearly every row: a new one of an import that is alone, or a known one."""
        if row.identity is None or row.former_id is not None:
            return None
        known = self._names.get(row.id)
        if known is None and self._is_alone:
            names = self._name_fields(row)
            self._names[row.id] = [names] if names else []
            return Match(row.id)
        if bears_stored_name and self._is_direct and known is not None and len(known) == 1:
            return Match(row.id, is_of_known_name=True)
        return None

    def _match_one(self, row: Candidate) -> Match:
        if self._is_former(row):
            self._is_direct = False
            return Match(row.former_id or row.id)
        match = self._of_own_id(row) if row.identity is None else self._of_keys(row, row.identity)
        self._is_direct = self._is_direct and row.identity is not None and match.id == row.id
        return match if match.is_conflict else self._named(match, row)

    def _named(self, match: Match, row: Candidate) -> Match:
        """Return a match with what becomes of the row's name, which is noted."""
        known = self._names.setdefault(match.id, [])
        if self._is_direct and len(known) == 1 and self._bears(row.fields, known[0]):
            match.is_of_known_name = True
            return match
        name_fields = self._name_fields(row)
        if not name_fields:
            return match
        if row.identity is not None:
            match.keeps_name = any(says_less(self._entity_type, name_fields, names) for names in known)
        # Every name counts that the entity has had, so that no chain of like names leads to another one.
        if name_fields not in known:
            known.append(name_fields)
        return match

    def _name_fields(self, row: Candidate) -> dict[str, Any]:
        fields = row.fields
        return {name: fields[name] for name in self._name_columns if fields.get(name)}

    def _is_former(self, row: Candidate) -> bool:
        """Return whether only the id of the row's cells as they stand is stored, for an entity of this name."""
        stored = self._stored.get(row.former_id or "")
        if stored is None or row.id in self._stored:
            return False
        return not are_others(self._entity_type, row.fields, stored, may_be_renamed=False)

    def _of_own_id(self, row: Candidate) -> Match:
        """Judge a row by its own id: of a like name it must not have another address, which another list gave it."""
        stored = self._stored.get(row.id, {})
        have_others = not self._has_keys_of(row.fields, stored) and have_other_keys(
            self._entity_type, row.fields, stored
        )
        is_conflict = not self._replaces_names and (
            self._is_other(row.id, row.fields, may_be_renamed=not have_others)
            or (have_others and compare_names(self._entity_type, row.fields, stored) is Resemblance.AKIN)
        )
        return Match(row.id, row.id if is_conflict else None, is_conflict)

    def _has_keys_of(self, fields: Fields, other: Fields) -> bool:
        """Return whether two records have the same keys, and the name that these are read with, letter by letter."""
        return list(map(fields.get, self._columns)) == list(map(other.get, self._columns))

    def _of_keys(self, row: Candidate, identity: Identity) -> Match:
        if self._is_alone and identity.id not in self._names:
            return Match(identity.id)
        apart_id = None if self._is_direct else self._kept_apart(row, identity)
        if identity.id not in self._names:
            # If the row's entity is kept apart, whoever had the key first was erased since.
            return Match(apart_id or self._id_by_other_ways(row, identity))
        if self._is_other(identity.id, row.fields, may_be_renamed=identity.kind == "linkedin"):
            return _beside(identity.id, apart_id or identity.apart_id)
        return Match(apart_id or identity.id)

    def _id_by_other_ways(self, row: Candidate, identity: Identity) -> str:
        """Return the id under which an entity is stored that nobody's key leads to; its own if there is none."""
        if self._is_earlier(row, identity):
            return identity.earlier_id or identity.id
        return self._known_by_name(row, identity) or identity.id

    def _kept_apart(self, row: Candidate, identity: Identity) -> str | None:
        """Return the id under which the row's entity is kept apart already, if it is."""
        known = (entity_id for entity_id in identity.apart_ids if entity_id in self._names)
        return next(
            (apart_id for apart_id in known if not self._is_other(apart_id, row.fields, may_be_renamed=True)), None
        )

    def _is_earlier(self, row: Candidate, identity: Identity) -> bool:
        """Return whether an older entity is stored under the id that an earlier release gave the row."""
        stored = self._stored.get(identity.earlier_id or "")
        if stored is None or not self._is_older(stored) or have_other_keys(self._entity_type, row.fields, stored):
            return False
        if identity.kind == "name":
            # The key of then is nobody's own; only the same name is the same entity.
            return compare_names(self._entity_type, row.fields, stored) is Resemblance.SAME
        return not are_others(self._entity_type, row.fields, stored, may_be_renamed=identity.kind == "linkedin")

    def _known_by_name(self, row: Candidate, identity: Identity) -> str | None:
        """Return an older entity of this name and company, or country, that has no other key."""
        for entity_id in identity.name_ids:
            stored = self._stored.get(entity_id)
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
        return any(
            are_others(self._entity_type, fields, names, may_be_renamed=may_be_renamed)
            for names in self._names.get(entity_id, ())
            if not self._bears(fields, names)
        )
