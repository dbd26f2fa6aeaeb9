"""The header rows of imported files, as they are recorded for exports."""

from typing import Any

from sqlalchemy import select

from app.db.session import WriteSession
from app.entities.csv.headers import Column
from app.errors import DamagedData
from app.extensions import db
from app.models import ImportFile
from app.models.entity_list import entity_lists


def described(column: Column) -> str | None:
    """Return the field that a column fills, such as `social_urls.facebook`, or None if its cells go to `extra`."""
    return None if column.is_fallback else column.target


def recorded_columns(session: WriteSession, entity_type: str, workspace_slug: str) -> list[list[list[str | None]]]:
    """Return the columns of each imported file, `[[header, field or None], …]`, the oldest file first."""
    query = select(ImportFile.columns).where(
        ImportFile.workspace_slug == workspace_slug, ImportFile.entity_type == entity_type
    )
    recorded = list(session.scalars(query.order_by(ImportFile.id)))
    if not all(map(_is_header_row, recorded)):
        raise DamagedData
    return recorded


def columns_of_list(list_id: str) -> list[list[str | None]] | None:
    """Return the columns of the file that made a list; None if none did. Raises `DamagedData`."""
    columns = db.session.scalar(select(entity_lists.c.columns).where(entity_lists.c.id == list_id))
    if columns is not None and not _is_header_row(columns):
        raise DamagedData
    return columns


def _is_header_row(columns: Any) -> bool:
    """Return whether a stored value is a list of headers, each with where its cells go."""
    return isinstance(columns, list) and all(
        isinstance(column, list) and len(column) == 2 and {type(part) for part in column} <= {str, type(None)}
        for column in columns
    )


def adds_nothing(columns: list[list[str | None]], known: list[list[list[str | None]]]) -> bool:
    """Return whether all columns are recorded already or are called as their fields are."""
    recorded = [column for columns in known for column in columns]
    return all(column in recorded or column[0] == column[1] for column in columns)
