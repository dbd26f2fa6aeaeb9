"""People who sign in to the console, their sessions, and the failures that slow guessing down."""

from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Slug, UtcDateTime, new_id, one_of, utcnow


class Role(StrEnum):
    """What a user may do."""

    VIEWER = "viewer"
    """Look."""
    OPERATOR = "operator"
    """Look, write, and drive the queue, which spends credits."""
    ADMIN = "admin"
    """Everything."""


class User(Base):
    """One person. Of the password a slow hash is kept, of the one-time link a keyed digest."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    workspace_slug: Mapped[str | None] = mapped_column(Slug)
    """The one workspace that the user may see; None: all."""
    password_hash: Mapped[str | None] = mapped_column(String(255))
    """None: nobody can sign in by password."""
    link_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the one link that is open, if there is one."""
    link_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    issuer: Mapped[str | None] = mapped_column(Text)
    """The identity provider that the user comes from; None: the user was made here."""
    subject: Mapped[str | None] = mapped_column(String(255))
    """What that provider calls the user: never an address, which may go over to somebody else."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("(link_digest IS NULL) = (link_expires_at IS NULL)", name="link_ends"),
        Index("ix_users_issuer_subject", "issuer", "subject", unique=True),
    )


class UserSession(Base):
    """One signed-in browser. Of its cookie only a keyed digest is kept."""

    __tablename__ = "user_sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    """When it was last used, to within ten minutes."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_user_sessions_user_id", "user_id"),)


class LoginFailures(Base):
    """Failed logins in a row under one name, or under all names together.

    A name is one of a thousand numbers made from it, so that unknown names are limited like known ones and cannot
    fill the table.
    """

    __tablename__ = "login_failures"

    bucket: Mapped[str] = mapped_column(String(16), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


users = cast(Table, User.__table__)
user_sessions = cast(Table, UserSession.__table__)
login_failures = cast(Table, LoginFailures.__table__)
