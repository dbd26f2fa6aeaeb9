"""The chunks of a job, who holds them, and what became of their entities."""

from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Table, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, EntityId, Id, UtcDateTime, utcnow


class Outcome(StrEnum):
    """What became of one entity: one character in `ChunkProgress.outcomes`."""

    UNTOUCHED = "."
    """Nothing yet."""
    INTENT = "i"
    """Work on it is about to start; found again after a crash, it is unknown how that ended."""
    SUCCESS = "s"
    ERROR = "e"
    SKIPPED = "k"
    HELD = "h"
    """It is unknown whether a call was paid; a person or a retry decides."""
    RETRY_LATER = "r"
    """Tried, and to be tried again once the chunk is claimed again."""


DECIDED = frozenset({Outcome.SUCCESS, Outcome.ERROR, Outcome.SKIPPED, Outcome.HELD})


ERASED_ID = "(erased)"
"""What stands in a chunk where an erased entity stood. No entity can have this id: it has brackets."""


class Chunk(Base):
    """A slice of a job's entities. Written at enqueue, and never updated but to erase an entity from it."""

    __tablename__ = "enrichment_chunks"

    job_id: Mapped[str] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity_ids: Mapped[list[str]] = mapped_column(JSON)


class ChunkProgress(Base):
    """A claimed chunk: its lease and its outcomes. Made by the first claim, closed once.

    `attempt` is the fencing token: it grows with every claim, and only its
    holder may write. A released chunk has no worker; `lease_expires_at` then
    says when it may be claimed again.
    """

    __tablename__ = "enrichment_chunk_progress"

    job_id: Mapped[str] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(default=1)
    crash_count: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(128))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcomes: Mapped[str] = mapped_column(Text)
    due_at_once: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether what it may wait for has changed while it was held: then it is due as soon as it is given back."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    write_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a holder has written here: tells whether a commit whose answer was lost took place."""

    __table_args__ = (
        CheckConstraint("attempt >= 1 AND crash_count >= 0 AND position >= 0", name="counts"),
        CheckConstraint("(finished_at IS NULL) = (lease_expires_at IS NOT NULL)", name="open_has_lease"),
        CheckConstraint("finished_at IS NULL OR worker IS NULL", name="finished_has_no_worker"),
    )


class EntityError(Base):
    """One failed entity of a job; the entity id `system` stands for a chunk that broke as a whole."""

    __tablename__ = "enrichment_errors"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="CASCADE"))
    entity_id: Mapped[str] = mapped_column(EntityId)
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(500))
    provider: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Whose answer it was; empty: nobody's, or that of several."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (
        Index(None, "job_id", "id"),
        Index("ix_enrichment_errors_kind", "job_id", "code", "provider", "id"),
    )


class ErrorCount(Base):
    """How many errors of a kind a job has: written with each of them, so that nobody has to count them."""

    __tablename__ = "enrichment_error_counts"

    job_id: Mapped[str] = mapped_column(Id, ForeignKey("enrichment_jobs.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    error_count: Mapped[int]

    __table_args__ = (CheckConstraint("error_count >= 0", name="not_negative"),)


chunks = cast(Table, Chunk.__table__)
progress = cast(Table, ChunkProgress.__table__)
entity_errors = cast(Table, EntityError.__table__)
error_counts = cast(Table, ErrorCount.__table__)

Index(
    "ix_enrichment_chunk_progress_open",
    progress.c.job_id,
    progress.c.position,
    postgresql_where=progress.c.finished_at.is_(None),
    sqlite_where=progress.c.finished_at.is_(None),
)
