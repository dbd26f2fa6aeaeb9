"""API keys: who may call, for which workspace, to do what."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Json, Slug, UtcDateTime, new_id, utcnow


class ApiKey(Base):
    """One API key. Only the SHA-256 of the secret is kept.

    The secret has 256 random bits, so a slow password hash would add cost to
    every request and no safety.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    workspace_slug: Mapped[str | None] = mapped_column(Slug)
    """The one workspace that the key may touch; None: all."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
