"""Exports in the background as drains write them: claim an export, make its next part, store it.

A part is two thousand entities at most, so that a drain is back at its chunks soon. It is read with no transaction
open, as any export is, and stored in a short one under the claim's fencing token. Whoever makes the next part goes on
after the last entity of this one, with the columns that were found with the first.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, insert, or_, select, update

from app.config import config
from app.db.failures import is_unavailable
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.entities.csv.exports import Layout, exported_fields, exported_of, find_layout, lay_out
from app.entities.exclusions import Exclusions
from app.entities.export_files import delete_parts
from app.entities.export_parts import part_of
from app.entities.exports import FORMATS
from app.entities.fields import table_of
from app.entities.keep_days import kept_since
from app.entities.read import SLICE_ROWS, EntityView, list_entities
from app.entities.xlsx.writer import TOO_MANY_ROWS, TooLargeForSheet
from app.errors import Invalid, describe_bug
from app.extensions import db
from app.models.entity_list import entity_lists
from app.models.export import UNFINISHED, ExportStatus, export_parts, exports
from app.models.types import utcnow

log = structlog.get_logger(__name__)

PART_PAGES: Final = 2
"""How many pages of `SLICE_ROWS` entities a part has at most."""
PART_BYTES: Final = 1_000_000
"""A part ends with the page that brings it to so many bytes."""
MOST_LOST: Final = 3
"""How many workers in a row may be lost over a part: it may be what loses them."""
DAY_SECONDS: Final = 86400.0


class ListGone(Invalid):
    """The list was deleted before all of it was exported."""


class ColumnsChanged(Invalid):
    """The service was upgraded while the file was being written, and has other columns now; make the export again."""


@dataclass(slots=True)
class _Part:
    """What follows in an export's file, and how far that brings it."""

    layout: Layout
    columns: list[list[str]]
    """Header and kind of each."""
    total: int | None
    content: bytes
    entity_count: int
    row_count: int
    cursor: str | None
    """None: it is the last one."""


def work_on_exports(workspace_slug: str | None = None) -> bool:
    """Write the next part of the oldest export that nobody is writing, of a workspace or of all.

    Returns whether there was one. What breaks an export fails it and is not raised; that the database is away is.
    """
    if not _is_any_due(workspace_slug):
        return False
    held = _claim(workspace_slug)
    if held is None:
        return False
    try:
        _store(held, _next_part(held))
    except Exception as exc:
        if is_unavailable(exc):
            raise
        log.warning("export failed", export_id=held.id, error_type=type(exc).__name__)
        _fail(held, describe_bug(exc))
    return True


@repeats_conflicts
def forget_old_exports() -> int:
    """Delete some parts of an export that has expired, or the row of one that did long ago; return how many rows."""
    has_parts = exists().where(export_parts.c.export_id == exports.c.id)
    is_old = exports.c.expires_at < kept_since(config().EXPORT_KEEP_DAYS)
    over = select(exports.c.id).where(exports.c.expires_at <= utcnow(), or_(has_parts, is_old))
    over = over.order_by(exports.c.id).limit(1)
    is_any = db.session.scalar(over) is not None
    end_read()
    if not is_any:
        return 0
    with transaction() as session:
        # Another worker may be deleting from it.
        export_id = session.scalar(over.with_for_update(skip_locked=True))
        return 0 if export_id is None else _forget_some(session, export_id)


def _forget_some(session: WriteSession, export_id: str) -> int:
    is_it = exports.c.id == export_id
    if count := delete_parts(session, export_id):
        has_expired = update(exports).where(is_it, exports.c.status == ExportStatus.READY)
        session.execute(has_expired.values(status=ExportStatus.EXPIRED))
        return count
    return session.connection().execute(delete(exports).where(is_it)).rowcount


def _is_any_due(workspace_slug: str | None) -> bool:
    """Look without SQLite's write lock."""
    found = db.session.scalar(_due(workspace_slug).limit(1)) is not None
    end_read()
    return found


def _due(workspace_slug: str | None) -> Select[Any]:
    is_free = or_(exports.c.lease_expires_at.is_(None), exports.c.lease_expires_at <= utcnow())
    due = select(exports).where(exports.c.expires_at.is_(None), is_free).order_by(exports.c.id)
    return due if workspace_slug is None else due.where(exports.c.workspace_slug == workspace_slug)


@repeats_conflicts
def _claim(workspace_slug: str | None) -> Row[Any] | None:
    """Lease the oldest export that is due, and return it with its fencing token; None if others were quicker."""
    with transaction() as session:
        row = session.execute(_due(workspace_slug).limit(1).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        lost = 0 if row.lease_expires_at is None else row.lost_workers + 1
        if lost == MOST_LOST:
            session.execute(update(exports).where(exports.c.id == row.id).values(_failed(f"{lost} workers were lost.")))
            return None
        claimed = {
            "status": ExportStatus.WORKING,
            "attempt": row.attempt + 1,
            "lost_workers": lost,
            "worker": f"{socket.gethostname()[:64]}:{os.getpid()}",
            "lease_expires_at": utcnow(float(config().ENRICH_LEASE_SECONDS)),
        }
        changed = update(exports).where(exports.c.id == row.id).values(claimed).returning(exports)
        return session.execute(changed).one()


def _next_part(held: Row[Any]) -> _Part:
    """Read the entities that follow, and write them down. Raises `TooLargeForSheet` and `ColumnsChanged`."""
    layout, total = _layout_of(held)
    part = _Part(layout, _columns_of(held, layout), total, b"", 0, 0, held.cursor)
    names = exported_fields(held.entity_type, layout)
    for _ in range(PART_PAGES):
        page = list_entities(
            held.entity_type,
            workspace_slug=held.workspace_slug,
            cursor=part.cursor,
            limit=SLICE_ROWS,
            list_id=held.list_id,
            names=names,
        )
        end_read()
        _add(part, held, page.rows)
        part.cursor = page.next_cursor
        if part.cursor is None or len(part.content) >= PART_BYTES:
            break
    max_rows = FORMATS[held.file_format].max_rows
    if max_rows is not None and held.row_count + part.row_count > max_rows:
        raise TooLargeForSheet(TOO_MANY_ROWS)
    return part


def _layout_of(held: Row[Any]) -> tuple[Layout, int | None]:
    """Return the columns, and how many entities there are; both are found once."""
    if held.layout is not None:
        return Layout.of_json(held.layout), held.entities_total
    layout = find_layout(held.entity_type, workspace_slug=held.workspace_slug, list_id=held.list_id)
    total = db.session.scalar(_count(held))
    end_read()
    return layout, total


def _columns_of(held: Row[Any], layout: Layout) -> list[list[str]]:
    table = lay_out(held.entity_type, layout, ())
    columns = [[header, kind] for header, kind in zip(table.headers, table.kinds, strict=True)]
    if held.layout is not None and held.layout["columns"] != columns:
        raise ColumnsChanged
    return columns


def _count(held: Row[Any]) -> Select[Any]:
    if held.list_id is not None:
        return select(entity_lists.c.entity_count).where(entity_lists.c.id == held.list_id)
    table = table_of(held.entity_type)
    return select(func.count()).select_from(table).where(table.c.workspace_slug == held.workspace_slug)


def _add(part: _Part, held: Row[Any], views: Sequence[EntityView]) -> None:
    excluded = Exclusions.load_for(held.entity_type, [view.fields for view in views], held.workspace_slug)
    end_read()
    left = exported_of(
        views, held.entity_type, excluded, workspace_slug=held.workspace_slug, only_ready=held.only_ready
    )
    table = lay_out(held.entity_type, part.layout, left)
    rows = list(table.rows)
    is_first = held.part_count == 0 and part.entity_count == 0
    part.content += part_of(held.file_format, table.headers, rows, is_first=is_first)
    part.entity_count += len(views)
    part.row_count += len(rows)


@repeats_conflicts
def _store(held: Row[Any], part: _Part) -> None:
    """Store a part, unless the lease was lost or the list has gone. Raises `ListGone`."""
    with transaction() as session:
        reached = {
            "lease_expires_at": None,
            "worker": None,
            "lost_workers": 0,
            "layout": {**asdict(part.layout), "columns": part.columns},
            "cursor": part.cursor,
            "entities_total": part.total,
            "entities_done": exports.c.entities_done + part.entity_count,
            "row_count": exports.c.row_count + part.row_count,
            "byte_count": exports.c.byte_count + len(part.content),
            "part_count": exports.c.part_count + 1,
            **({} if part.cursor is not None else _ready()),
        }
        has_lease = and_(_is_held(held), exports.c.lease_expires_at > utcnow())
        if not session.connection().execute(update(exports).where(has_lease).values(reached)).rowcount:
            log.warning("export lease lost", export_id=held.id)
            return
        row = {"export_id": held.id, "position": held.part_count, "content": part.content}
        session.execute(insert(export_parts).values(row))
        # Its members go before a list does: what was read may be what was left of them.
        if held.list_id is not None and not _is_list(session, held.list_id):
            raise ListGone


def _is_list(session: WriteSession, list_id: str) -> bool:
    return session.scalar(select(entity_lists.c.id).where(entity_lists.c.id == list_id)) is not None


def _is_held(held: Row[Any]) -> ColumnElement[bool]:
    return and_(exports.c.id == held.id, exports.c.attempt == held.attempt, exports.c.status.in_(UNFINISHED))


def _ready() -> dict[str, Any]:
    kept_seconds = config().EXPORT_KEEP_DAYS * DAY_SECONDS
    return {"status": ExportStatus.READY, "finished_at": utcnow(), "expires_at": utcnow(kept_seconds)}


def _failed(error: str) -> dict[str, Any]:
    ended = {"worker": None, "lease_expires_at": None, "finished_at": utcnow(), "expires_at": utcnow()}
    return {**ended, "status": ExportStatus.FAILED, "error": error[:500]}


@repeats_conflicts
def _fail(held: Row[Any], error: str) -> None:
    with transaction() as session:
        session.execute(update(exports).where(_is_held(held)).values(_failed(error)))
