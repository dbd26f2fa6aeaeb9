"""Whom a workspace wants left alone."""

from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Slug, UtcDateTime, one_of, utcnow


class ExclusionKind(StrEnum):
    """What an exclusion names."""

    DOMAIN = "domain"
    """A domain, which stands for everything below it too."""
    EMAIL = "email"


class Exclusion(Base):
    """A domain or e-mail address that is never enriched and never exported.

    `value` is in the one spelling that `app.entities.exclusions.normalized` gives.
    """

    __tablename__ = "exclusions"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(320), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (one_of("kind", ExclusionKind),)


exclusions = cast(Table, Exclusion.__table__)
