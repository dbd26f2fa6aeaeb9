"""What verifiers said of e-mail addresses."""

from datetime import datetime
from typing import cast

from sqlalchemy import String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Slug, UtcDateTime


class AddressVerdict(Base):
    """The last verdict on one address in one workspace, whoever it was found for.

    The address stands here as it is, in the one spelling that `app.values.emails.email_address` gives. A keyed digest
    would hide nothing: whoever reads this table reads the addresses of people beside it, and a key in the settings
    would lose every verdict when it is changed.
    """

    __tablename__ = "address_verdicts"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    status: Mapped[str] = mapped_column(String(64))
    """As in `email_status`: `valid`, `invalid`, `catch_all`."""
    verifier: Mapped[str] = mapped_column(String(64))
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime)


address_verdicts = cast(Table, AddressVerdict.__table__)
