"""Exports that are written in the background, and the parts of their files."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Table, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES


class ExportStatus(StrEnum):
    """Where an export stands."""

    WAITING = "waiting"
    """For a drain to begin with it, or to begin again since somebody was erased."""
    WORKING = "working"
    """A part is being written, or the next one waits for a drain."""
    READY = "ready"
    """Its file is there, until it expires."""
    FAILED = "failed"
    """It cannot be made: `error` says why."""
    EXPIRED = "expired"
    """Its file was there, and is not any more."""


UNFINISHED = (ExportStatus.WAITING, ExportStatus.WORKING)


class Export(Base):
    """A file of people or companies that drains write part by part.

    `attempt` is the fencing token: it grows with every claim and whenever what was read must not be stored, and only
    its holder may write. Between two parts nobody has a lease, and any drain may go on.
    """

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    file_format: Mapped[str] = mapped_column(String(16))
    list_id: Mapped[str | None] = mapped_column(Id)
    """The list that is exported; None: all of the workspace. Not a foreign key, since a list that goes must not make
    an export of all out of an export of its own."""
    only_ready: Mapped[bool] = mapped_column(default=False, server_default=false())
    status: Mapped[str] = mapped_column(String(16), default=ExportStatus.WAITING)
    layout: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The columns, found with the first part, so that all parts have the same."""
    cursor: Mapped[str | None] = mapped_column(EntityId)
    """The last entity that was gone through."""
    entities_done: Mapped[int] = mapped_column(default=0)
    """How many were gone through; not all of them have a row."""
    entities_total: Mapped[int | None]
    """How many there were when it was begun."""
    row_count: Mapped[int] = mapped_column(default=0)
    byte_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """Of the parts together."""
    part_count: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lost_workers: Mapped[int] = mapped_column(default=0)
    """How many workers in a row were lost over the part that is next."""
    worker: Mapped[str | None] = mapped_column(String(128))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    created_by: Mapped[str] = mapped_column(String(120))
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From when on its file is not there any more; None: it is not finished."""

    __table_args__ = (
        one_of("entity_type", ENTITY_TYPES),
        one_of("status", ExportStatus),
        CheckConstraint("(status IN ('waiting', 'working')) = (expires_at IS NULL)", name="unfinished_has_no_expiry"),
        CheckConstraint("attempt >= 0 AND lost_workers >= 0 AND part_count >= 0 AND row_count >= 0", name="counts"),
        Index(None, "workspace_slug", "id"),
        Index(
            "ix_exports_unfinished",
            "id",
            postgresql_where=text("expires_at IS NULL"),
            sqlite_where=text("expires_at IS NULL"),
        ),
    )


class ExportPart(Base):
    """A part of an export's file: of CSV its bytes, of other formats rows, of which the file is made when it is sent.

    In the database, since web server and worker need not share a disk.
    """

    __tablename__ = "export_parts"

    export_id: Mapped[str] = mapped_column(Id, ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


exports = cast(Table, Export.__table__)
export_parts = cast(Table, ExportPart.__table__)
