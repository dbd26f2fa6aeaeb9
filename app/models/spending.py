"""Money: what the caps know, and what was spent on whom."""

from datetime import date
from enum import StrEnum
from typing import Final, cast

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, SmallInteger, String, Table, false
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


class CallOutcome(StrEnum):
    """What became of one question that was sent; each is a column of `enrichment_costs`."""

    FOUND = "found"
    """The provider had something about the entity, wanted or not."""
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    """It said to slow down."""
    ERRORS = "errors"
    """Anything else: no answer, or one that answers nothing."""


LATENCY_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
"""The seconds up to which an answer counts in `took_1`, `took_2` and so on; `took_8` has those that took longer."""


class Cost(Base):
    """What one job spent on one provider on one day (UTC), and what came of it.

    Names no entity, so it outlives an erasure. Each of the `took_` columns has the answers of one range of latencies
    (`LATENCY_BOUNDS`); all together they have all answers, with and without a find.
    """

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
    step: Mapped[int | None] = mapped_column(SmallInteger)
    """The place of the provider in the job's order, from 1; None: it verifies or normalises."""
    finds: Mapped[int] = mapped_column(default=0, server_default="0")
    """Answers that gave a wanted field which the entity lacked; if none is wanted in particular, any field."""
    rejected: Mapped[int] = mapped_column(default=0, server_default="0")
    """Addresses among them that a verifier called invalid."""
    turn_answers: Mapped[int] = mapped_column(default=0, server_default="0")
    """Answers about entities of which everybody ahead in the order had answered too, without giving all."""
    turn_finds: Mapped[int] = mapped_column(default=0, server_default="0")
    overlaps: Mapped[int] = mapped_column(default=0, server_default="0")
    """Answers with something about entities of which a provider ahead had something too."""
    took_1: Mapped[int] = mapped_column(default=0, server_default="0")
    took_2: Mapped[int] = mapped_column(default=0, server_default="0")
    took_3: Mapped[int] = mapped_column(default=0, server_default="0")
    took_4: Mapped[int] = mapped_column(default=0, server_default="0")
    took_5: Mapped[int] = mapped_column(default=0, server_default="0")
    took_6: Mapped[int] = mapped_column(default=0, server_default="0")
    took_7: Mapped[int] = mapped_column(default=0, server_default="0")
    took_8: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_ms_sum: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """How long these answers took in all."""
    found: Mapped[int] = mapped_column(default=0, server_default="0")
    not_found: Mapped[int] = mapped_column(default=0, server_default="0")
    rate_limited: Mapped[int] = mapped_column(default=0, server_default="0")
    errors: Mapped[int] = mapped_column(default=0, server_default="0")
    counts_answers: Mapped[bool] = mapped_column(default=True, server_default=false())
    """Whether what came of its calls was counted from the first one on. Older releases did not count it."""

    __table_args__ = (
        CheckConstraint(
            "calls >= charged_calls AND charged_calls >= 0 AND cost_micros >= in_doubt_micros AND in_doubt_micros >= 0",
            name="adds_up",
        ),
        Index("ix_enrichment_costs_day", "day"),
    )


spending = cast(Table, Spending.__table__)
costs = cast(Table, Cost.__table__)
