"""What providers were asked, what they answered, and what that changed."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Table, false
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, EntityId, Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES


class AttemptStatus(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    ERROR = "error"
    SKIPPED = "skipped"


class Attempt(Base):
    """One call of one provider for one entity."""

    __tablename__ = "enrichment_attempts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(Id)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    entity_id: Mapped[str] = mapped_column(EntityId)
    provider: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    outcome_class: Mapped[str] = mapped_column(String(32))
    fields_written: Mapped[list[str]] = mapped_column(Json, default=list)
    cost_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    raw_answer: Mapped[Any | None] = mapped_column(Json)
    error: Mapped[str | None] = mapped_column(String(500))
    fingerprint: Mapped[str | None] = mapped_column(String(32))
    """What the question was made of, as a digest; a miss holds for this question alone."""
    withheld: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Fields of the answer that were not written: an address that waits for a verifier, or that one rejected."""
    is_rejected: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a verifier called what is withheld invalid."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        one_of("status", AttemptStatus),
        one_of("entity_type", ENTITY_TYPES),
        CheckConstraint("cost_micros >= 0", name="cost_not_negative"),
        Index("ix_enrichment_attempts_entity", "workspace_slug", "entity_type", "entity_id", "provider"),
        Index("ix_enrichment_attempts_job_id", "job_id"),
    )


class EntityRevision(Base):
    """What one attempt changed of an entity: who gave the values, and what stood there before.

    The provider `caller` stands for an upsert or an import, which has neither job nor attempt.
    """

    __tablename__ = "entity_revisions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    entity_id: Mapped[str] = mapped_column(EntityId)
    provider: Mapped[str] = mapped_column(String(64))
    attempt_id: Mapped[str | None] = mapped_column(Id)
    job_id: Mapped[str | None] = mapped_column(Id)
    changes: Mapped[dict[str, list[Any]]] = mapped_column(Json)
    """By field, the value that stood there and the one that does now."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (
        one_of("entity_type", ENTITY_TYPES),
        Index("ix_entity_revisions_entity", "workspace_slug", "entity_type", "entity_id", "id"),
    )


attempts = cast(Table, Attempt.__table__)

# For taking raw answers out when they are old.
Index(
    "ix_enrichment_attempts_raw",
    attempts.c.finished_at,
    postgresql_where=attempts.c.raw_answer.is_not(None),
    sqlite_where=attempts.c.raw_answer.is_not(None),
)
entity_revisions = cast(Table, EntityRevision.__table__)
