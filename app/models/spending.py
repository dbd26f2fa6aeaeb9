"""Money: what the caps know, and what was spent on whom."""

from datetime import date
from typing import cast

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Slug


class Spending(Base):
    """What one cap has seen: reserved for calls under way, and spent. Whole micro-dollars.

    `scope` is `overall`, `workspace:<slug>`, `provider:<name>`, `provider:<name>@<slug>`, `key:<API key's id>` or
    `job:<id>`; a job's row has the day 1970-01-01, since its cap is for all days together.
    """

    __tablename__ = "enrichment_spending"

    scope: Mapped[str] = mapped_column(String(96), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    reserved_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    spent_micros: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (CheckConstraint("reserved_micros >= 0 AND spent_micros >= 0", name="not_negative"),)


class Cost(Base):
    """What one job spent on one provider on one day (UTC). Names no entity, so it outlives an erasure."""

    __tablename__ = "enrichment_costs"

    job_id: Mapped[str] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    calls: Mapped[int] = mapped_column(default=0)
    """Questions that were sent, one for each entity, answered or not."""
    charged_calls: Mapped[int] = mapped_column(default=0)
    cost_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    in_doubt_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    """The part of `cost_micros` that was booked because it is unknown whether the call was charged."""

    __table_args__ = (
        CheckConstraint(
            "calls >= charged_calls AND charged_calls >= 0 AND cost_micros >= in_doubt_micros AND in_doubt_micros >= 0",
            name="adds_up",
        ),
        Index("ix_enrichment_costs_day", "day"),
    )


spending = cast(Table, Spending.__table__)
costs = cast(Table, Cost.__table__)
