"""Exports of people and companies: one table, written in the format that is asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import structlog

from app.audit.events import Actor, BegunEvent, acting_as, current_actor
from app.db.session import end_read, transaction
from app.entities import parquet
from app.entities.csv.exports import ExportTable, export_table, exported_views
from app.entities.csv.writer import csv_lines
from app.entities.read import has_more_than
from app.entities.xlsx import writer as xlsx
from app.errors import DatabaseUnusable, Invalid
from app.models.audit_event import Action
from app.values.entity_types import PLURALS, EntityType

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format of exported files. `max_rows` is how many entities one holds, if there is such a limit."""

    media_type: str
    write: Callable[[ExportTable], Iterator[bytes]]
    max_rows: int | None = None


FORMATS: Final = {
    "csv": FileFormat("text/csv", lambda table: csv_lines(table.headers, table.rows)),
    "xlsx": FileFormat(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda table: xlsx.xlsx_blocks(table.headers, table.rows),
        xlsx.MAX_ROWS - 1,
    ),
    "parquet": FileFormat(
        "application/vnd.apache.parquet", lambda table: parquet.parquet_blocks(table.headers, table.kinds, table.rows)
    ),
}
"""By name, which is also the suffix of such files."""


def export_entities(
    entity_type: EntityType,
    file_format: str,
    *,
    workspace_slug: str,
    only_ready: bool = False,
    list_id: str | None = None,
) -> Iterator[bytes]:
    """Return a workspace's entities, or a list's, as a file of a format, in blocks.

    `only_ready` leaves out who cannot be written to. With the first block, the audit log has who took what, and with
    the last one how many rows that were.

    The first block is there before any entity is read, but for Parquet, of which the whole file is written first.
    Raises, before there is a block, `Invalid` if what writes the format is not installed, and `TooLargeForSheet` if
    there are more entities than a file holds. If they become too many meanwhile, it comes between the blocks.
    """
    kind = FORMATS[file_format]
    check_export(entity_type, file_format, workspace_slug=workspace_slug, only_ready=only_ready, list_id=list_id)
    table = export_table(entity_type, workspace_slug=workspace_slug, only_ready=only_ready, list_id=list_id)
    rows = _Counted(table.rows)
    blocks = kind.write(replace(table, rows=iter(rows)))
    about = {"format": file_format, "listId": list_id, "ready": only_ready}
    return _recorded(blocks, rows, partial(begin_event, entity_type, workspace_slug, about, current_actor()))


def check_export(
    entity_type: EntityType, file_format: str, *, workspace_slug: str, only_ready: bool, list_id: str | None
) -> None:
    """Raise `Invalid` if there cannot be such an export, or `TooLargeForSheet` if a file cannot hold it."""
    if only_ready and entity_type != "person":
        raise Invalid("Companies have no address that could be verified; expected people.")
    max_rows = FORMATS[file_format].max_rows
    if max_rows is not None and not only_ready:
        _refuse_too_many(max_rows, entity_type, workspace_slug, list_id)


def installed_formats() -> list[str]:
    """Return the names of the formats that can be written here."""
    return [name for name in FORMATS if name != "parquet" or parquet.is_installed()]


def why_empty(
    entity_type: EntityType, *, workspace_slug: str, only_ready: bool = False, list_id: str | None = None
) -> str | None:
    """Return the sentence that says why an export, of a list or of all, has no row, or None: it has one.

    It looks for the first row, which takes as long as the export itself if there is none.
    """
    plural, where = PLURALS[entity_type], "workspace" if list_id is None else "list"
    is_any = has_more_than(0, entity_type, workspace_slug=workspace_slug, list_id=list_id)
    end_read()
    if not is_any:
        return f"The {where} has no {plural}."

    def is_somebody_left(only_ready: bool) -> bool:
        views = exported_views(entity_type, workspace_slug=workspace_slug, only_ready=only_ready, list_id=list_id)
        return next(views, None) is not None

    if is_somebody_left(only_ready):
        return None
    if only_ready and is_somebody_left(only_ready=False):
        return "None of the people has a verified address that is in date; without that filter there are some."
    return f"All {plural} of the {where} are excluded."


@dataclass(slots=True)
class _Counted:
    """Rows that are counted as they are taken."""

    rows: Iterator[Sequence[Any]]
    count: int = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            self.count += 1
            yield row


def _recorded(blocks: Iterator[bytes], rows: _Counted, begin: Callable[[], BegunEvent | None]) -> Iterator[bytes]:
    """Yield the blocks between the beginning and the end of the event; what nobody takes leaves none."""
    event = begin()
    yield from blocks
    if event is not None:
        event.complete(rows=rows.count)


def begin_event(entity_type: str, workspace_slug: str, about: Mapping[str, Any], actor: Actor) -> BegunEvent | None:
    """Put an export down in the audit log; None if the database can only be read, as a standby can."""
    try:
        with acting_as(actor), transaction() as session:
            action = Action.ENTITY_EXPORT
            return BegunEvent.record(session, action, entity_type, workspace_slug=workspace_slug, about=about)
    except DatabaseUnusable:
        log.warning("export not recorded", workspace_slug=workspace_slug, actor_id=actor.id, **about)
        return None


def _refuse_too_many(max_rows: int, entity_type: EntityType, workspace_slug: str, list_id: str | None) -> None:
    is_too_many = has_more_than(max_rows, entity_type, workspace_slug=workspace_slug, list_id=list_id)
    end_read()
    if is_too_many:
        raise xlsx.TooLargeForSheet(xlsx.TOO_MANY_ROWS)
