"""How many workers the limits of providers leave something to do for."""

from typing import cast

from sqlalchemy import CheckConstraint, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class WorkerBound(Base):
    """The most workers that jobs of one provider, or of the waterfall, can make use of. Read by `tranche_backlog`."""

    __tablename__ = "worker_bounds"

    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    """As jobs name it."""
    most_workers: Mapped[int | None]
    """None: no limit is known."""

    __table_args__ = (CheckConstraint("most_workers > 0", name="positive"),)


worker_bounds = cast(Table, WorkerBound.__table__)
