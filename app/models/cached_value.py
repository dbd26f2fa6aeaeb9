"""What the model of the ai-normalizer made of a value, to be used for every entity that has it."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Json, UtcDateTime, utcnow


class CachedValue(Base):
    """One entry of the model cache under a key that says what it was made of; the key holds no raw value."""

    __tablename__ = "cached_values"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (Index("ix_cached_values_created_at", "created_at"),)


cached_values = cast(Table, CachedValue.__table__)
