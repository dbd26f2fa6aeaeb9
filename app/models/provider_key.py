"""The keys of workspaces at their own accounts with providers."""

from datetime import datetime
from typing import cast

from sqlalchemy import String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Slug, UtcDateTime, utcnow


class ProviderKey(Base):
    """One workspace's own key for one provider, encrypted. It is shown to nobody, but for its last characters."""

    __tablename__ = "provider_keys"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    encrypted_key: Mapped[str] = mapped_column(Text)
    last_four: Mapped[str] = mapped_column(String(4))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    set_by: Mapped[str] = mapped_column(String(120))


provider_keys = cast(Table, ProviderKey.__table__)
