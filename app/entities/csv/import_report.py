"""What became of an imported file: counts, and the rows that are named with a reason."""

from dataclasses import dataclass, field
from typing import Any, Final

from app.entities.csv.records import Refusal

MAX_REFUSALS: Final = 100
"""Rows of each kind that a report names; the others are counted."""


@dataclass(frozen=True, slots=True)
class LineRemark:
    """A remark about a cell of a row that was read. The text holds no personal data."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A row that shares a key, or its id, with the entity `shared_with`, which bears another name.

    A row that is kept apart has an `id` of its own; one in conflict is left out.
    """

    line: int
    id: str
    shared_with: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """A row that replaces values of an entity, and their fields. What stood there stays in the history."""

    line: int
    id: str
    fields: list[str]


@dataclass(slots=True)
class ImportReport:
    """What became of a file. `total` is the sum of the five counts that follow it.

    Two rows of the file that are about the same entity count twice, as if they came in two files. Of the rows
    `created`, `updated` and `unchanged`, `kept_apart` share a key with an entity of another name, and `replaced` put a
    value in the place of another; rows in `conflicts` have the id of an entity of another name, and are left out.
    `columns` says for each header which field it fills: None if its cells are kept beside the fields, or left out;
    `left_out` are the headers of the latter. `remarked` counts the cells that a remark was made about. `guessed` has
    some words of a file whose encoding was guessed. `sheet` is the one that was read of a workbook, whose encoding is
    "xlsx", and which has no delimiter. `stopped_at` is the line to go on from if the time was over before the end of
    the file. `list_id` and `list_name` tell the list that the rows go into, None if there is none.
    """

    total: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    conflicts: int = 0
    kept_apart: int = 0
    replaced: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    conflict_rows: list[SharedKey] = field(default_factory=list)
    apart_rows: list[SharedKey] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)
    columns: list[tuple[str, str | None]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    is_dry_run: bool = False
    remarked: int = 0
    remarks: list[LineRemark] = field(default_factory=list)
    sheet: str | None = None
    guessed: str | None = None
    stopped_at: int | None = None
    list_id: str | None = None
    list_name: str | None = None


def list_first(listed: list[Any], item: Any) -> None:
    """Add what a report names, unless it names enough of its kind."""
    if len(listed) < MAX_REFUSALS:
        listed.append(item)
