"""When something that must happen regularly last happened."""

from datetime import datetime
from typing import cast

from sqlalchemy import String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import UtcDateTime, utcnow


class Heartbeat(Base):
    """The last time of one kind of event: `drain` (any call that looked for work), `cron` (the webhook)."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())


heartbeats = cast(Table, Heartbeat.__table__)
