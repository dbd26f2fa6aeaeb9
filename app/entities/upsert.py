"""Add or change people and companies by id.

Rows are locked in one order, by id, and an upsert adds its new rows before it locks old ones, so that no two
transactions wait for each other: whatever waits to add a row holds no lock on an old one, and whatever waits for
an old row has nothing left to add.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.audit.events import record
from app.db.session import WriteSession, transaction
from app.db.sql import engine_name, insert_columns, insert_missing
from app.entities.changes import CALLER, Writing, write_changes
from app.entities.fields import EXTRA, RAW_FIELDS, Fields, table_of
from app.entities.merge import Change, differs
from app.entities.pages import slices
from app.entities.read import SLICE_ROWS, Load, load_columns
from app.models.audit_event import Action

Combine = Callable[[Fields, Fields], Fields]
"""Makes the new values from the stored ones and those of a row."""
OnChange = Callable[[int, Mapping[str, Change]], None]
"""Called with the position of a row that changes values of an entity that was there, and with what it changes."""

_PositionedRow = tuple[int, Fields]
"""The position of a row, and its fields without the id."""


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What became of the rows of an upsert. They add up to the number of rows, repeated ids included."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "UpsertCounts") -> "UpsertCounts":
        return UpsertCounts(
            self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged
        )


def store_entities(entity_type: str, rows: Iterable[Fields], *, workspace_slug: str) -> UpsertCounts:
    """Do what `upsert_entities` does, in a transaction of its own."""
    with transaction() as session:
        counts = upsert_entities(entity_type, rows, workspace_slug=workspace_slug, session=session)
        after = {"created": counts.created, "updated": counts.updated}
        if any(after.values()):
            record(session, Action.ENTITY_UPSERT, entity_type, None, workspace_slug=workspace_slug, after=after)
    return counts


def upsert_entities(
    entity_type: str,
    rows: Iterable[Fields],
    *,
    workspace_slug: str,
    session: WriteSession,
    combine: Combine | None = None,
    also_read: Iterable[str] = (),
    on_change: OnChange | None = None,
    read: Load | None = None,
) -> UpsertCounts:
    """Do what `upsert_by_id` does, with rows that hold `id`, raw fields and `extra`."""
    pairs = [(row["id"], {name: value for name, value in row.items() if name != "id"}) for row in rows]
    return upsert_by_id(
        entity_type,
        pairs,
        names=set(also_read).union(*(fields for _, fields in pairs)),
        workspace_slug=workspace_slug,
        session=session,
        combine=combine,
        on_change=on_change,
        read=read,
    )


def upsert_by_id(
    entity_type: str,
    rows: Iterable[tuple[str, Fields]],
    *,
    names: Collection[str],
    workspace_slug: str,
    session: WriteSession,
    combine: Combine | None = None,
    on_change: OnChange | None = None,
    read: Load | None = None,
) -> UpsertCounts:
    """Add or change entities, in the caller's transaction, by rows that each have an id, raw fields and `extra`.

    `names` are those of the fields, at least all that any row gives. A field replaces, None clears, an absent field
    stays; `extra` merges by key. A changed value of an existing entity leaves a field change by `caller`; a new
    entity leaves none. If an id comes twice, what becomes of the later row, its count and its history are as if it
    came in an upsert of its own.

    `combine` replaces that merge. It sees the stored values of all the `names`. `on_change` may raise, which ends the
    transaction. `read` gives the fields of entities, at least these, as the caller has read them in the same
    transaction.

    Anything but raw fields raises ValueError. Any number of rows, all in memory.
    """
    if unknown := set(names).difference(RAW_FIELDS[entity_type], {EXTRA}):
        raise ValueError(f"expected raw fields of a {entity_type}, not {', '.join(sorted(unknown))}")
    by_id = _by_id(rows)
    upsert = _Upsert(session, entity_type, workspace_slug, sorted(names), combine or _replaced, on_change)
    counts = UpsertCounts()
    while by_id:
        done, by_id = upsert.run(by_id, read or upsert.read)
        counts += done
        # What is left to do was erased since.
        read = None
    return counts


def changes_of(stored: Fields, offered: Fields, combine: Combine) -> dict[str, Change]:
    """Return what differs after `offered` is combined with the stored values."""
    if offered.items() <= stored.items():
        # Most rows of a repeated import say what is stored, which takes one call to see.
        return {}
    return {
        name: Change(stored.get(name), value)
        for name, value in combine(stored, offered).items()
        if differs(stored.get(name), value)
    }


def _replaced(stored: Fields, offered: Fields) -> Fields:
    """Return the values after an upsert: given fields replace, `extra` merges by key."""
    if EXTRA not in offered:
        return offered
    merged = {**(stored.get(EXTRA) or {}), **(offered[EXTRA] or {})}
    return {**offered, EXTRA: merged or None}


def _by_id(rows: Iterable[tuple[str, Fields]]) -> dict[str, list[_PositionedRow]]:
    """Return the rows of each entity, in the order of ids."""
    by_id: dict[str, list[_PositionedRow]] = {}
    for position, (entity_id, fields) in enumerate(rows):
        by_id.setdefault(entity_id, []).append((position, fields))
    return dict(sorted(by_id.items()))


@dataclass(frozen=True, slots=True)
class _Upsert:
    """One upsert into one workspace, of rows that give some of the columns `names`."""

    session: WriteSession
    entity_type: str
    workspace_slug: str
    names: Sequence[str]
    combine: Combine
    on_change: OnChange | None

    def run(
        self, by_id: dict[str, list[_PositionedRow]], read: Load
    ) -> tuple[UpsertCounts, dict[str, list[_PositionedRow]]]:
        """Add new entities and change those that differ; return the counts and the rows to try again.

        Rows to try again are of entities that were erased between the look and the lock. Most rows of a
        repeated import say nothing new, which is seen without a lock.
        """
        seen = dict(read(list(by_id)))
        new = {entity_id: rows[0][1] for entity_id, rows in by_id.items() if entity_id not in seen}
        created = self._insert(new)
        seen.update({entity_id: new[entity_id] for entity_id in created})
        to_change = self._to_change(by_id, seen, created)
        locked = self.read(list(to_change), is_locking=True)
        writings = self._writings(locked, to_change)
        write_changes(self.session, self.entity_type, self.workspace_slug, writings)
        erased = {entity_id: rows for entity_id, rows in to_change.items() if entity_id not in locked}
        decided = sum(len(rows) for entity_id, rows in by_id.items() if entity_id not in erased)
        unchanged = decided - len(created) - len(writings)
        return UpsertCounts(len(created), len(writings), unchanged), erased

    def _to_change(
        self, by_id: Mapping[str, list[_PositionedRow]], seen: Mapping[str, Fields], created: Collection[str]
    ) -> dict[str, list[_PositionedRow]]:
        """Return the rows that may change a stored entity: a created one has its first row's values already."""
        to_change = {}
        for entity_id, rows in by_id.items():
            rest = rows[1:] if entity_id in created else rows
            if rest and self._may_differ(seen.get(entity_id), rest):
                to_change[entity_id] = rest
        return to_change

    def _may_differ(self, seen: Fields | None, rows: Sequence[_PositionedRow]) -> bool:
        return seen is None or any(changes_of(seen, fields, self.combine) for _, fields in rows)

    def _writings(self, locked: Mapping[str, Fields], by_id: Mapping[str, list[_PositionedRow]]) -> list[Writing]:
        """Return what each row changes, laid over the stored values and the rows before it."""
        writings = []
        for entity_id, stored in locked.items():
            standing = dict(stored)
            for position, fields in by_id[entity_id]:
                changes = changes_of(standing, fields, self.combine)
                if not changes:
                    continue
                if self.on_change is not None:
                    self.on_change(position, changes)
                standing.update({name: change.new for name, change in changes.items()})
                writings.append(Writing(entity_id, changes, CALLER))
        return writings

    def read(self, ids: Sequence[str], *, is_locking: bool = False) -> dict[str, Fields]:
        """Return the columns of entities, by id."""
        return load_columns(
            self.entity_type, ids, self.names, workspace_slug=self.workspace_slug, is_locking=is_locking
        )

    def _insert(self, entities: Mapping[str, Fields]) -> set[str]:
        """Insert entities in the order given, and return the ids of those that nobody else inserted."""
        created: set[str] = set()
        for part in slices(entities.items(), SLICE_ROWS):
            created.update(self._insert_where_absent(part))
        return created

    def _insert_where_absent(self, entities: Sequence[tuple[str, Fields]]) -> Collection[str]:
        slug, table, columns = self.workspace_slug, table_of(self.entity_type), ("workspace_slug", "id", *self.names)
        if engine_name() == "postgresql":
            rows = [{"workspace_slug": slug, "id": entity_id, **fields} for entity_id, fields in entities]
            return insert_missing(self.session, table, rows, "id", columns)
        # The write lock is ours, so what was not there a moment ago is not there now.
        ids = [entity_id for entity_id, _ in entities]
        values = {name: [fields.get(name) for _, fields in entities] for name in self.names}
        insert_columns(self.session, table, {"workspace_slug": slug}, {"id": ids, **values})
        return ids


def insert_absent(
    entity_type: str, columns: Mapping[str, Sequence[Any]], *, workspace_slug: str, session: WriteSession
) -> int:
    """Insert entities, in the caller's transaction, except those that are there; return how many were not.

    `columns` has their ids and the values of some fields. Ids come in their order, as those of every upsert.
    """
    return insert_columns(session, table_of(entity_type), {"workspace_slug": workspace_slug}, columns)
