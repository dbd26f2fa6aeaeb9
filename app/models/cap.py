"""Caps that were set by hand, beside those of the settings."""

from datetime import datetime
from typing import cast

from sqlalchemy import BigInteger, CheckConstraint, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import UtcDateTime, utcnow


class StoredCap(Base):
    """What may be spent a day (UTC) under one scope, in micro-dollars.

    `scope` is `workspace:<slug>`, `provider:<name>`, `provider:<name>@<slug>` or `key:<API key's id>`, as in
    `enrichment_spending`, where every spending is counted whether there is a cap or not.
    """

    __tablename__ = "enrichment_caps"

    scope: Mapped[str] = mapped_column(String(96), primary_key=True)
    cap_micros: Mapped[int] = mapped_column(BigInteger)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    set_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (CheckConstraint("cap_micros >= 0", name="not_negative"),)


stored_caps = cast(Table, StoredCap.__table__)
