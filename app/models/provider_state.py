"""What all processes must know of a provider: its health, and how fast it is being called.

Both go by account: the service's own (empty), or that of a workspace which has a key of its own, by its slug.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CheckConstraint, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Json, Slug, UtcDateTime, one_of, utcnow


class ProviderCondition(StrEnum):
    """How a provider stands."""

    AVAILABLE = "available"
    CIRCUIT_OPEN = "circuit_open"
    """Entered after five failures in a row; left by the first call that succeeds after the cool-down."""
    CREDITS_EXHAUSTED = "credits_exhausted"
    """Entered when it says that credits are gone; left after the cool-down, when its settings change, or by hand."""
    AUTH_FAILED = "auth_failed"
    """Entered when it refuses the key; left when its settings change, or by hand."""


class ProviderState(Base):
    """The health of one account with a provider. No row: it is available and has never failed."""

    __tablename__ = "provider_states"

    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(Slug, primary_key=True, default="")
    condition: Mapped[str] = mapped_column(String(32), default=ProviderCondition.AVAILABLE)
    failures: Mapped[int] = mapped_column(default=0)
    """Failed calls in a row."""
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it may be tried again; unset, only changed settings or a reset help."""
    settings_digest: Mapped[str | None] = mapped_column(String(64))
    """With which settings its key was refused, or its credits ended."""
    reason: Mapped[str | None] = mapped_column(String(500))
    """What it last said, in a sentence of ours."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (
        one_of("condition", ProviderCondition),
        CheckConstraint("failures >= 0", name="failures_not_negative"),
    )


class ProviderPace(Base):
    """How far the calls of one account with a provider have used up its limits.

    The row's lock is what reservations wait for. `state` holds, for each rate, the instant in seconds since 1970 up
    to which it is used, and for the daily limit the day and the calls made on it.
    """

    __tablename__ = "provider_paces"

    name: Mapped[str] = mapped_column(String(96), primary_key=True)
    """The provider, or `provider:entity type` where that has limits of its own."""
    account: Mapped[str] = mapped_column(Slug, primary_key=True, default="")
    state: Mapped[Any] = mapped_column(Json, default=dict)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set by an answer that asked to slow down."""


provider_states = cast(Table, ProviderState.__table__)
provider_paces = cast(Table, ProviderPace.__table__)
