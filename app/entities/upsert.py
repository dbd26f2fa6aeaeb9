"""Add or change people and companies by id.

Rows are locked in one order, by id, and an upsert adds its new rows before it locks old ones, so that no two
transactions wait for each other: whatever waits to add a row holds no lock on an old one, and whatever waits for
an old row has nothing left to add.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, insert

from app.db.session import WriteSession, engine_name
from app.db.sql import insert_missing
from app.entities.changes import CALLER, Writing, write_changes
from app.entities.fields import EXTRA, RAW_FIELDS, Fields, table_of
from app.entities.merge import Change, differs
from app.entities.read import SLICE_ROWS, load_columns

Combine = Callable[[Fields, Fields], Fields]
"""Makes the new values from the stored ones and those of a row."""
OnChange = Callable[[str, Mapping[str, Change]], None]
"""Called with an entity's id and what a row changes: of the stored values, or of an earlier row with that id."""


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


def upsert_entities(
    entity_type: str,
    rows: Iterable[Fields],
    *,
    workspace_slug: str,
    session: WriteSession,
    combine: Combine | None = None,
    also_read: Iterable[str] = (),
    on_change: OnChange | None = None,
) -> UpsertCounts:
    """Add or change entities by `id`, in the caller's transaction.

    A row holds `id`, raw fields and `extra`. A field replaces, None clears, an absent field stays; `extra`
    merges by key. A changed value of an existing entity leaves a field change by `caller`; a new entity leaves none.
    If an id comes twice, the later row overlays the former and counts as an update, or as unchanged if it says
    nothing new.

    `combine` replaces that merge. It sees the stored values of the fields that any row gives, and of `also_read`.
    `on_change` may raise, which ends the transaction.

    Anything but raw fields raises ValueError. Any number of rows, all in memory.
    """
    combine = combine or _replaced
    folded, counts = _folded(entity_type, rows, combine, on_change)
    names = sorted({name for fields in folded.values() for name in fields}.union(also_read))
    upsert = _Upsert(session, entity_type, workspace_slug, names, combine, on_change)
    while folded:
        done, folded = upsert.run(folded)
        counts += done
    return counts


def changes_of(stored: Fields, given: Fields, combine: Combine) -> dict[str, Change]:
    """Return what differs after `given` is combined with the stored values."""
    return {
        name: Change(stored.get(name), value)
        for name, value in combine(stored, given).items()
        if differs(stored.get(name), value)
    }


def _replaced(stored: Fields, given: Fields) -> Fields:
    """Return the values after an upsert: given fields replace, `extra` merges by key."""
    if EXTRA not in given:
        return given
    merged = {**(stored.get(EXTRA) or {}), **(given[EXTRA] or {})}
    return {**given, EXTRA: merged or None}


def _folded(
    entity_type: str, rows: Iterable[Fields], combine: Combine, on_change: OnChange | None
) -> tuple[dict[str, Fields], UpsertCounts]:
    """Combine rows of the same id; return them in the order of ids, and the counts of the later ones."""
    known = {"id", EXTRA, *RAW_FIELDS[entity_type]}
    folded: dict[str, Fields] = {}
    updated = unchanged = 0
    for row in rows:
        if not row.keys() <= known:
            raise ValueError(f"expected raw fields of a {entity_type}, not {', '.join(sorted(row.keys() - known))}")
        given = {name: value for name, value in row.items() if name != "id"}
        former = folded.get(row["id"])
        if former is None:
            folded[row["id"]] = given
            continue
        if changes := changes_of(former, given, combine):
            updated += 1
            if on_change is not None:
                on_change(row["id"], changes)
        else:
            unchanged += 1
        folded[row["id"]] = {**former, **combine(former, given)}
    return dict(sorted(folded.items())), UpsertCounts(updated=updated, unchanged=unchanged)


@dataclass(frozen=True, slots=True)
class _Upsert:
    """One upsert into one workspace, of rows that give some of the columns `names`."""

    session: WriteSession
    entity_type: str
    workspace_slug: str
    names: Sequence[str]
    combine: Combine
    on_change: OnChange | None

    def run(self, given: dict[str, Fields]) -> tuple[UpsertCounts, dict[str, Fields]]:
        """Add new entities and change those that differ; return the counts and the rows to try again.

        Rows to try again are of entities that were erased between the look and the lock. Most rows of a
        repeated import say nothing new, which is seen without a lock.
        """
        seen = self._read(list(given))
        created = self._insert({entity_id: fields for entity_id, fields in given.items() if entity_id not in seen})
        to_change = [
            entity_id
            for entity_id, fields in given.items()
            if entity_id not in created and self._may_differ(seen.get(entity_id), fields)
        ]
        locked = self._read(to_change, is_locking=True)
        updated = self._update(locked, given)
        erased = {entity_id: given[entity_id] for entity_id in to_change if entity_id not in locked}
        unchanged = len(given) - len(created) - len(erased) - updated
        return UpsertCounts(len(created), updated, unchanged), erased

    def _may_differ(self, seen: Fields | None, given: Fields) -> bool:
        return seen is None or bool(changes_of(seen, given, self.combine))

    def _read(self, ids: Sequence[str], *, is_locking: bool = False) -> dict[str, Fields]:
        return load_columns(
            self.entity_type, ids, self.names, workspace_slug=self.workspace_slug, is_locking=is_locking
        )

    def _insert(self, given: Mapping[str, Fields]) -> set[str]:
        """Insert entities in the order given, and return the ids of those that nobody else inserted."""
        created: set[str] = set()
        blank = dict.fromkeys(self.names)
        rows = [
            {"workspace_slug": self.workspace_slug, "id": entity_id, **blank, **fields}
            for entity_id, fields in given.items()
        ]
        for start in range(0, len(rows), SLICE_ROWS):
            part = rows[start : start + SLICE_ROWS]
            created.update(_insert_where_absent(self.session, table_of(self.entity_type), part))
        return created

    def _update(self, locked: Mapping[str, Fields], given: Mapping[str, Fields]) -> int:
        """Write what differs from the locked rows, and return how many entities changed."""
        writings = []
        for entity_id, stored in locked.items():
            changes = changes_of(stored, given[entity_id], self.combine)
            if not changes:
                continue
            if self.on_change is not None:
                self.on_change(entity_id, changes)
            writings.append(Writing(entity_id, changes, CALLER))
        write_changes(self.session, self.entity_type, self.workspace_slug, writings)
        return len(writings)


def _insert_where_absent(session: WriteSession, table: Table, rows: list[Fields]) -> Iterable[str]:
    if engine_name() == "postgresql":
        return insert_missing(session, table, rows, "id")
    # The write lock is ours, so what was not there a moment ago is not there now.
    session.connection().execute(insert(table), rows)
    return [row["id"] for row in rows]
