"""What the owners of files said of their columns."""

from datetime import datetime
from typing import cast

from sqlalchemy import String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Json, Slug, UtcDateTime, one_of
from app.values.entity_types import ENTITY_TYPES


class ImportMapping(Base):
    """What was said last of files with the same headers: `[[header, field or "keep" or "ignore"], …]`.

    A list, since its order counts and PostgreSQL does not keep that of an object.
    """

    __tablename__ = "import_mappings"

    workspace_slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    entity_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    headers_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    columns: Mapped[list[list[str]]] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (one_of("entity_type", ENTITY_TYPES),)


import_mappings = cast(Table, ImportMapping.__table__)
