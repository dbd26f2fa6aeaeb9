"""Figures that take longer than a request may: what was asked, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CheckConstraint, Index, SmallInteger, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Json, Slug, UtcDateTime, one_of, utcnow


class FiguresKind(StrEnum):
    """What is asked."""

    LIST_YIELD = "list_yield"
    JOB_WHAT_IF = "job_what_if"
    LIST_WHAT_IF = "list_what_if"
    WORKSPACE_WHAT_IF = "workspace_what_if"


class KeptFigures(Base):
    """One question, and the figures that answer it as of a time. They name no entity, so they outlive an erasure.

    While it `is_due`, a drain is to work it out; what was kept before stays until then.
    """

    __tablename__ = "kept_figures"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the question: whoever asks the same finds the same row."""
    workspace_slug: Mapped[str] = mapped_column(Slug)
    kind: Mapped[str] = mapped_column(String(32))
    terms: Mapped[dict[str, Any]] = mapped_column(Json)
    """What the question is about, and how: a list or a job, an order, fields that are wanted."""
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last worked out, or could not be; None: it has not been tried yet."""
    error: Mapped[str | None] = mapped_column(String(500))
    """Why it could not be worked out."""
    is_due: Mapped[bool] = mapped_column(default=True)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How often a worker has begun with it since it is due; the fencing token, too."""
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    """Since when it is due, or was."""

    __table_args__ = (
        one_of("kind", FiguresKind),
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        CheckConstraint("is_due OR as_of IS NOT NULL", name="is_due_or_was_tried"),
        Index(None, "is_due", "asked_at"),
    )


kept_figures = cast(Table, KeptFigures.__table__)
