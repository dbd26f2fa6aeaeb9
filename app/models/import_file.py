"""The header rows of imported files, so that an export can give them back."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES


class ImportFile(Base):
    """The columns of one imported file, in its order: `[[header, field or null], …]`."""

    __tablename__ = "import_files"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[list[str | None]]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())

    __table_args__ = (one_of("entity_type", ENTITY_TYPES), Index(None, "workspace_slug", "entity_type", "id"))
