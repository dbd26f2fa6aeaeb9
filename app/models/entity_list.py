"""Lists: named selections of a workspace's people or companies."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, Index, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import EntityId, Id, Json, Slug, UtcDateTime, new_id, one_of, utcnow
from app.values.entity_types import ENTITY_TYPES

MAX_NAME_CHARS = 200


class EntityList(Base):
    """A list of people or of companies, made by an import or by hand. No two of a workspace have one name.

    `coverage` has how many of the members have a value, by field, as it was last counted, and `coverage_draft` a
    count that has not come to the end of the list: `{"after": id, "counted": n, "fields": {name: n}}`.
    """

    __tablename__ = "entity_lists"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    workspace_slug: Mapped[str] = mapped_column(Slug)
    entity_type: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARS))
    file_name: Mapped[str | None] = mapped_column(String(255))
    tool: Mapped[str | None] = mapped_column(String(64))
    """Whose export the file is, if its header row tells."""
    columns: Mapped[list[list[str | None]] | None] = mapped_column(Json)
    """The header row of the file, as in `ImportFile`."""
    made_by: Mapped[str] = mapped_column(String(120))
    row_count: Mapped[int] = mapped_column(default=0)
    """Rows of files that were imported into it. Refused ones are not among them."""
    entity_count: Mapped[int] = mapped_column(default=0)
    """Its members."""
    coverage: Mapped[dict[str, int] | None] = mapped_column(Json)
    coverage_of: Mapped[int | None]
    """The members that `coverage` was counted over."""
    covered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    coverage_draft: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow())
    """When members last came or went."""

    __table_args__ = (
        one_of("entity_type", ENTITY_TYPES),
        CheckConstraint("row_count >= 0 AND entity_count >= 0", name="counts_not_negative"),
        UniqueConstraint("workspace_slug", "name"),
        Index(None, "workspace_slug", "id"),
    )


class EntityListMember(Base):
    """That a person or company is in a list.

    Without a foreign key, of which the check of each row would cost an import more than the row does:
    `app.entities.lists` sees to it that no member outlives its list, or its entity.
    """

    __tablename__ = "entity_list_members"

    list_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entity_id: Mapped[str] = mapped_column(EntityId, primary_key=True)

    # The key is all there is of a row: SQLite would keep it twice.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it from the class


entity_lists = cast(Table, EntityList.__table__)
list_members = cast(Table, EntityListMember.__table__)
