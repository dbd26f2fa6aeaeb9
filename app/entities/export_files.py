"""Exports in the background: asked for, shown, sent as a file, deleted, and ended where somebody is erased.

`app.entities.export_work` has what writes the files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, insert, select, text, update

from app.audit.events import current_actor, record
from app.db.pages import Page, page_of
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.db.sql import engine_name
from app.entities import parquet
from app.entities.export_parts import file_of
from app.entities.exports import FORMATS, begin_event, check_export, installed_formats
from app.errors import Conflict, Gone, Invalid, NotFound
from app.extensions import db
from app.models.audit_event import Action
from app.models.export import UNFINISHED, ExportStatus, export_parts, exports
from app.models.types import new_id, parse_id, utcnow
from app.values.entity_types import PLURALS, EntityType

MOST_KEPT: Final = 100
"""How many exports a workspace may have that are unfinished or ready."""
PARTS_A_DELETION: Final = 10
"""Parts that are deleted at a time: nobody else writes to SQLite meanwhile."""


class ExportNotFound(NotFound):
    """There is no such export."""


class ExportNotReady(Conflict):
    """The export's file is not there yet."""


class ExportExpired(Gone):
    """The export has expired; make it again."""


@dataclass(frozen=True, slots=True)
class NewExport:
    """An export to be written in the background. `list_id` None: of the whole workspace."""

    entity_type: EntityType
    file_format: str
    workspace_slug: str
    made_by: str
    only_ready: bool = False
    list_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export as stored. Of one that has expired, the rest is as it was."""

    id: str
    workspace_slug: str
    entity_type: EntityType
    file_format: str
    list_id: str | None
    only_ready: bool
    status: ExportStatus
    entities_done: int
    entities_total: int | None
    row_count: int
    byte_count: int
    part_count: int
    error: str | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    expires_at: datetime | None

    @property
    def media_type(self) -> str:
        """That of the file."""
        return FORMATS[self.file_format].media_type

    @property
    def file_headers(self) -> dict[str, str]:
        """The headers under which the file is sent; of one whose size is known, what is cut off is seen to be."""
        headers = {"Content-Disposition": f'attachment; filename="{PLURALS[self.entity_type]}.{self.file_format}"'}
        if self.file_bytes is not None:
            headers["Content-Length"] = str(self.file_bytes)
        return headers

    @property
    def file_bytes(self) -> int | None:
        """The size of the file; None: it is made when it is sent."""
        return self.byte_count if self.file_format == "csv" else None


def _has_expired() -> ColumnElement[bool]:
    return and_(exports.c.status == ExportStatus.READY, exports.c.expires_at <= utcnow())


_STATUS: Final = case((_has_expired(), ExportStatus.EXPIRED), else_=exports.c.status).label("status")
"""What is past its time has expired, whether or not a drain has come by since."""
_COLUMNS: Final = [_STATUS if name == "status" else exports.c[name] for name in ExportView.__dataclass_fields__]


def create_export(new: NewExport) -> ExportView:
    """Put an export down, for a drain to write.

    Raises `Invalid` if there cannot be such an export, and `Conflict` if the workspace has too many.
    """
    check_export(
        new.entity_type,
        new.file_format,
        workspace_slug=new.workspace_slug,
        only_ready=new.only_ready,
        list_id=new.list_id,
    )
    if new.file_format not in installed_formats():
        raise Invalid(parquet.NOT_INSTALLED)
    export_id = new_id()
    row = {
        "id": export_id,
        "workspace_slug": new.workspace_slug,
        "entity_type": new.entity_type,
        "file_format": new.file_format,
        "list_id": new.list_id,
        "only_ready": new.only_ready,
        "created_by": new.made_by,
    }
    with transaction() as session:
        _refuse_too_many(session, new.workspace_slug)
        session.execute(insert(exports).values(row))
        view = _find(export_id, new.workspace_slug)
        _record(session, Action.EXPORT_CREATE, view)
    return view


def list_exports(*, workspace_slug: str | None, cursor: str | None = None, limit: int = 50) -> Page[ExportView]:
    """Return a page of the exports of a workspace, or of all, the newest first."""
    query = select(*_COLUMNS).order_by(exports.c.id.desc()).limit(limit + 1)
    if workspace_slug is not None:
        query = query.where(exports.c.workspace_slug == workspace_slug)
    if cursor is not None:
        query = query.where(exports.c.id < cursor)
    views = [_view(row._mapping) for row in db.session.execute(query)]
    return page_of(views, limit, lambda view: view.id)


def get_export(export_id: str, *, workspace_slug: str | None) -> ExportView:
    """Return an export, of any workspace if that is None. Raises `ExportNotFound`."""
    return _find(export_id, workspace_slug)


def open_file(export_id: str, *, workspace_slug: str | None) -> tuple[ExportView, Iterator[bytes]]:
    """Return an export with its file, in blocks; with the first one, the audit log has who took it.

    Raises `ExportNotFound`, `ExportNotReady` and `ExportExpired`. If it expires meanwhile, that comes between the
    blocks.
    """
    view = _find(export_id, workspace_slug)
    layout = db.session.scalar(select(exports.c.layout).where(exports.c.id == view.id))
    end_read()
    if view.status == ExportStatus.EXPIRED:
        raise ExportExpired(view.error)
    if view.status != ExportStatus.READY:
        raise ExportNotReady(_why_not_ready(view))
    columns = (layout or {}).get("columns", [])
    return view, _recorded(view, file_of(view.file_format, columns, _parts(view)))


@repeats_conflicts
def delete_export(export_id: str, *, workspace_slug: str | None) -> None:
    """Delete an export with its file, part by part; a drain that is writing it writes no more.

    Raises `ExportNotFound`.
    """
    view = _find(export_id, workspace_slug)
    with transaction() as session:
        session.execute(update(exports).where(exports.c.id == view.id).values(_ENDED))
    while drop_parts(view.id):
        pass
    with transaction() as session:
        if session.connection().execute(delete(exports).where(exports.c.id == view.id)).rowcount:
            _record(session, Action.EXPORT_DELETE, view)


@repeats_conflicts
def drop_parts(export_id: str) -> int:
    """Delete some of an export's parts; return how many."""
    with transaction() as session:
        return delete_parts(session, export_id)


def delete_parts(session: WriteSession, export_id: str) -> int:
    """Delete at most `PARTS_A_DELETION` of an export's parts in a transaction; return how many."""
    is_of_it = export_parts.c.export_id == export_id
    some = select(export_parts.c.position).where(is_of_it).order_by(export_parts.c.position).limit(PARTS_A_DELETION)
    return (
        session.connection().execute(delete(export_parts).where(is_of_it, export_parts.c.position.in_(some))).rowcount
    )


def leave_exports(session: WriteSession, entity_type: str, workspace_slug: str) -> None:
    """Delete the content of every export that may have an entity in it that is being erased.

    The files that are there expire, what is being written begins again. Which of them has the entity is not known
    without reading all of them. Until the transaction ends, in which others still see the entity, nobody may read it
    for an export: for that, PostgreSQL locks the table, so this comes last.
    """
    if engine_name() == "postgresql":
        session.execute(text("LOCK TABLE exports IN SHARE ROW EXCLUSIVE MODE"))
    is_theirs = (exports.c.workspace_slug == workspace_slug, exports.c.entity_type == entity_type)
    theirs = select(exports.c.id).where(*is_theirs)
    session.execute(delete(export_parts).where(export_parts.c.export_id.in_(theirs)))
    why = f"Somebody was erased from the {PLURALS[entity_type]}; make the export again."
    is_there = exports.c.status == ExportStatus.READY
    session.execute(update(exports).where(*is_theirs, is_there).values(**_ENDED, error=why))
    is_begun = exports.c.status == ExportStatus.WORKING
    session.execute(update(exports).where(*is_theirs, is_begun).values(_BEGIN_AGAIN))


_LET_GO: Final[Mapping[str, Any]] = {
    "attempt": exports.c.attempt + 1,
    "worker": None,
    "lease_expires_at": None,
    "lost_workers": 0,
}
"""Whoever is writing a part writes no more."""
_ENDED: Final[Mapping[str, Any]] = {**_LET_GO, "status": ExportStatus.EXPIRED, "expires_at": utcnow()}
_BEGIN_AGAIN: Final[Mapping[str, Any]] = {
    **_LET_GO,
    "status": ExportStatus.WAITING,
    **dict.fromkeys(("layout", "cursor", "entities_total"), None),
    **dict.fromkeys(("entities_done", "row_count", "byte_count", "part_count"), 0),
}


def _parts(view: ExportView) -> Iterator[bytes]:
    """Give the parts of a file, each of a read of its own."""
    for position in range(view.part_count):
        is_it = (export_parts.c.export_id == view.id, export_parts.c.position == position)
        content = db.session.scalar(select(export_parts.c.content).where(*is_it))
        end_read()
        if content is None:
            raise ExportExpired
        yield content


def _recorded(view: ExportView, blocks: Iterator[bytes]) -> Iterator[bytes]:
    about = {**_about(view), "exportId": view.id, "rows": view.row_count}
    actor = current_actor()

    def recorded() -> Iterator[bytes]:
        begin_event(view.entity_type, view.workspace_slug, about, actor)
        yield from blocks

    return recorded()


def _why_not_ready(view: ExportView) -> str:
    if view.status == ExportStatus.FAILED:
        return f"The export has failed: {view.error}"
    if view.status == ExportStatus.WAITING:
        return "The export waits for whoever drives the queue; ask for it again until its status is ready."
    return f"The export is being written: {view.entities_done:,} entities are done; ask for it again."


def _refuse_too_many(session: WriteSession, workspace_slug: str) -> None:
    is_kept = (~_has_expired(), exports.c.status.in_([*UNFINISHED, ExportStatus.READY]))
    kept = select(exports.c.id).where(exports.c.workspace_slug == workspace_slug, *is_kept)
    if len(session.scalars(kept.limit(MOST_KEPT)).all()) == MOST_KEPT:
        raise Conflict(f"This workspace has {MOST_KEPT} exports; delete one first that is not needed any more.")


def _find(export_id: str, workspace_slug: str | None) -> ExportView:
    query = select(*_COLUMNS).where(exports.c.id == (parse_id(export_id) or new_id()))
    if workspace_slug is not None:
        query = query.where(exports.c.workspace_slug == workspace_slug)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise ExportNotFound
    return _view(row._mapping)


def _view(row: Mapping[Any, Any]) -> ExportView:
    return ExportView(**{name: row[name] for name in ExportView.__dataclass_fields__})


def _about(view: ExportView) -> dict[str, Any]:
    return {"format": view.file_format, "listId": view.list_id, "ready": view.only_ready}


def _record(session: WriteSession, action: Action, view: ExportView) -> None:
    about = {"entityType": view.entity_type, **_about(view)}
    record(session, action, "export", view.id, workspace_slug=view.workspace_slug, after=about)
