"""What jobs that have ended came to, added up for the metrics."""

from typing import cast

from sqlalchemy import BigInteger, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class Total(Base):
    """One sum over the jobs that are counted: what it is of, and the status or provider, if it is by that."""

    __tablename__ = "enrichment_totals"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


totals = cast(Table, Total.__table__)
