"""Webhooks: who is told of what, what there is to tell, and what became of each telling."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Json, Slug, UtcDateTime, new_id, utcnow


class WebhookEndpoint(Base):
    """An address that events are sent to. Its secrets are encrypted."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str | None] = mapped_column(Slug)
    """Whose events it gets; None: those of all workspaces, and those of the service."""
    url: Mapped[str] = mapped_column(Text)
    """May be a secret itself: it is shown to admins alone, and never logged."""
    event_types: Mapped[list[str] | None] = mapped_column(Json)
    """Which events it gets; None: all."""
    encrypted_secret: Mapped[str] = mapped_column(Text)
    former_secret: Mapped[str | None] = mapped_column(Text)
    """Encrypted too; signs beside the other one until `former_until`."""
    former_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it said that it is gone; nothing is sent until somebody enables it again."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    created_by: Mapped[str] = mapped_column(String(120))


class WebhookEvent(Base):
    """Something that happened, written in the transaction in which it did. Of people there is nothing in it."""

    __tablename__ = "webhook_events"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str | None] = mapped_column(Slug)
    """Where it happened; None: it concerns the whole service."""
    type: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(String(500))
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    once_key: Mapped[str | None] = mapped_column(String(160), unique=True)
    """What may happen once: another event with the same key is not written."""
    is_handed_out: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether each endpoint that gets it has a delivery of it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (
        Index(
            "ix_webhook_events_new",
            "created_at",
            postgresql_where=text("NOT is_handed_out"),
            sqlite_where=text("is_handed_out = 0"),
        ),
    )


class WebhookDelivery(Base):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"

    endpoint_id: Mapped[str] = mapped_column(
        Id, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[str] = mapped_column(
        Id, ForeignKey("webhook_events.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it is sent next; None: it was delivered or given up."""
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_status: Mapped[int | None]
    """The HTTP status that the last try was answered with; None: there was no answer."""
    last_error: Mapped[str | None] = mapped_column(String(200))
    """A sentence of ours; nothing of an answer is kept."""

    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        CheckConstraint("delivered_at IS NULL OR next_at IS NULL", name="delivered_is_done"),
        Index(
            "ix_webhook_deliveries_due",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
    )


webhook_endpoints = cast(Table, WebhookEndpoint.__table__)
webhook_events = cast(Table, WebhookEvent.__table__)
webhook_deliveries = cast(Table, WebhookDelivery.__table__)
