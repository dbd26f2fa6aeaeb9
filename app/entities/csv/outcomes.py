"""What becomes of the rows of one part of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.entities.csv.draft import Drafted
from app.entities.csv.plain_rows import PlainRow
from app.entities.csv.rows import AnyRow
from app.entities.fields import EXTRA, Fields
from app.entities.matching import NAMES, Match
from app.entities.merge import Change, is_blank
from app.entities.upsert import UpsertCounts

MatchedRow = tuple[AnyRow, Match]
"""A row and the entity that it is about."""
Replaced = dict[int, list[str]]
"""By line, the fields in which a row put a value in the place of another."""


@dataclass(slots=True)
class Outcome:
    """What became of some rows: the ids of those that are written, and how many are new, and so on.

    `matched` has the rows with the entities that they are about, unless each is about that of its own id, and
    `replaced` the fields in which rows put a value in the place of another.
    """

    ids: list[str]
    counts: UpsertCounts
    matched: list[MatchedRow] = field(default_factory=list)
    replaced: Replaced = field(default_factory=dict)


def without_stored(matched: list[MatchedRow], are_as_stored: list[bool]) -> list[MatchedRow]:
    """Return the rows to be written: not those that say what is stored, unless another row of the entity is."""
    pairs = zip(matched, are_as_stored, strict=True)
    changing = {match.id for (row, match), is_as_stored in pairs if not is_as_stored or match.id != row.id}
    if not changing:
        return []
    return [(row, match) for row, match in matched if match.id in changing and not match.is_conflict]


def offered(row: AnyRow, *, keeps_name: bool = False) -> Fields:
    """Return the fields of a row as an upsert takes them."""
    fields = row.fields
    if keeps_name:
        fields = {name: value for name, value in fields.items() if name not in NAMES}
    return {**fields, EXTRA: row.extra} if row.extra else fields


def folded(row: AnyRow) -> Drafted:
    """Return what `offered` does, or the cells that it would be made of."""
    return (row.cells, row.beside) if isinstance(row, PlainRow) else offered(row)


def replaced_fields(changes: Mapping[str, Change]) -> list[str]:
    """Return the fields that had another value; what is kept beside the fields does not count."""
    return sorted(name for name, change in changes.items() if name != EXTRA and not is_blank(change.old))
