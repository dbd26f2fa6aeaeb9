"""Who changed what, and when."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow


class ActorKind(StrEnum):
    """What sort of caller made a change."""

    KEY = "key"
    """An API key, over HTTP."""
    USER = "user"
    """A user of the console."""
    COMMAND = "command"
    """Somebody at the command line."""
    SYSTEM = "system"
    """The service itself, or a program that calls its functions."""


class Action(StrEnum):
    """What was done: the kind of its subject and a verb."""

    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    USER_CREATE = "user.create"
    USER_LINK = "user.link"
    """A new one-time link was made."""
    USER_PASSWORD = "user.password"
    """A password was set, by the user who holds the link."""
    USER_ROLE = "user.role"
    USER_SIGN_OUT = "user.sign_out"
    """All sessions of a user were ended by somebody else."""
    USER_IDENTITY = "user.identity"
    """Who they are at the identity provider was set, or removed."""
    USER_DISABLE = "user.disable"
    USER_ENABLE = "user.enable"
    JOB_ENQUEUE = "job.enqueue"
    JOB_PAUSE = "job.pause"
    JOB_RESUME = "job.resume"
    JOB_CANCEL = "job.cancel"
    JOB_RETRY = "job.retry"
    JOB_ACCEPT_HELD = "job.accept_held"
    JOB_UNDO = "job.undo"
    CAP_SET = "cap.set"
    CAP_REMOVE = "cap.remove"
    PROVIDER_RESET = "provider.reset"
    PROVIDER_KEY_SET = "provider_key.set"
    PROVIDER_KEY_REMOVE = "provider_key.remove"
    PROVIDER_KEY_ROTATE = "provider_key.rotate"
    """Keys were encrypted anew."""
    EXCLUSION_ADD = "exclusion.add"
    EXCLUSION_REMOVE = "exclusion.remove"
    LIST_CREATE = "list.create"
    LIST_RENAME = "list.rename"
    LIST_DELETE = "list.delete"
    ENTITY_UPSERT = "entity.upsert"
    ENTITY_IMPORT = "entity.import"
    ENTITY_UNDO = "entity.undo"
    """The last change of a field was taken back."""
    ENTITY_ERASE = "entity.erase"
    ENTITY_EXPORT = "entity.export"
    """A file was taken, one written in the background as well."""
    EXPORT_CREATE = "export.create"
    """A file is to be written in the background."""
    EXPORT_DELETE = "export.delete"
    MAPPING_SET = "mapping.set"
    """What the columns of a file are was said, for files like it."""
    WEBHOOK_CREATE = "webhook.create"
    WEBHOOK_REMOVE = "webhook.remove"
    WEBHOOK_ROTATE = "webhook.rotate"
    WEBHOOK_ENCRYPT = "webhook.encrypt"
    """Secrets were encrypted anew."""
    WEBHOOK_ENABLE = "webhook.enable"
    WEBHOOK_DISABLE = "webhook.disable"
    """By hand, or it said that it is gone."""


class AuditEvent(Base):
    """One change, written in its transaction. Of people there are ids alone, which an erasure takes out again."""

    __tablename__ = "audit_events"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    workspace_slug: Mapped[str | None] = mapped_column(Slug)
    """The one workspace that the change was in; None: it concerns all."""
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(64))
    """The id of the key or user, or the system's account that ran the command."""
    action: Mapped[str] = mapped_column(String(32))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str | None] = mapped_column(EntityId)
    """None: it was done to no single thing."""
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)

    __table_args__ = (
        one_of("actor_kind", ActorKind),
        # Each filter in the order of a page: to find that nothing is as asked for, the log is not read.
        Index("ix_audit_events_workspace_slug_id", "workspace_slug", "id"),
        Index("ix_audit_events_action_id", "action", "id"),
        Index("ix_audit_events_actor_id_id", "actor_id", "id"),
        Index("ix_audit_events_subject_id_id", "subject_id", "id"),
    )


audit_events = cast(Table, AuditEvent.__table__)
