"""Paid calls that are about to be made, under way, or of unknown end."""

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Id, Json, Slug, UtcDateTime, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES


class InFlightCall(Base):
    """One entity in one paid call: the intent, the reservation and the claim on the question, in one row.

    Committed before the call is sent and deleted in the transaction that stores
    its answer. A row whose worker is gone means that it is unknown whether the
    call was paid. The primary key keeps two jobs from asking one provider about
    one entity at the same time.
    """

    __tablename__ = "enrichment_flights"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    entity_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    entity_id: Mapped[str] = mapped_column(EntityId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(Slug, default="", server_default="")
    """Whose key it is made with: the workspace's own, by its slug, or the service's (empty)."""
    request_id: Mapped[str] = mapped_column(Id)
    """The name of this one question, for answers by callback."""
    call_id: Mapped[str] = mapped_column(Id)
    """Entities that are asked about in one bulk call share it."""
    job_id: Mapped[str] = mapped_column(Id)
    position: Mapped[int]
    """The chunk, with `job_id`."""
    reserved_micros: Mapped[int] = mapped_column(BigInteger)
    reserved_on: Mapped[date] = mapped_column(Date)
    """The UTC day whose caps hold the reservation."""
    is_pending: Mapped[bool] = mapped_column(default=False)
    """The question was taken; the answer comes by callback until `deadline_at`."""
    callback: Mapped[Any | None] = mapped_column(Json)
    """The answer that came by callback, as it came."""
    address: Mapped[str | None] = mapped_column(String(320))
    """The address that is verified. It is unique, so that nobody else in the workspace has it verified meanwhile."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    deadline_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the call is over at the latest."""

    __table_args__ = (
        one_of("entity_type", ENTITY_TYPES),
        CheckConstraint("reserved_micros >= 0", name="reserved_not_negative"),
        Index("ix_enrichment_flights_chunk", "job_id", "position"),
        Index("ix_enrichment_flights_request_id", "request_id", unique=True),
        Index("ix_enrichment_flights_provider", "provider", "account", "call_id"),
        Index("ix_enrichment_flights_address", "workspace_slug", "address", unique=True),
    )


in_flight_calls = cast(Table, InFlightCall.__table__)
