"""Mappings of columns to fields, remembered for files with the same headers.

A file has the same headers if they read alike, in whatever order. What a caller says of a file is remembered with the
first rows of it that are stored, in place of what was said of such files before.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select

from app.audit.events import record
from app.db.session import WriteSession, end_read
from app.db.sql import upsert
from app.entities.csv.headers import REFUSED_LINE, REFUSED_REASON, Mapped, normalized_header
from app.errors import DamagedData
from app.extensions import db
from app.models.audit_event import Action
from app.models.import_mapping import import_mappings


def remembered_mapping(entity_type: str, workspace_slug: str, headers: Iterable[str]) -> dict[str, str]:
    """Return what was said last of a file with these headers; nothing if nothing was. Raises `DamagedData`."""
    query = select(import_mappings.c.columns).where(
        import_mappings.c.workspace_slug == workspace_slug,
        import_mappings.c.entity_type == entity_type,
        import_mappings.c.headers_sha256 == _digest(headers),
    )
    columns = db.session.scalar(query) or []
    end_read()
    try:
        return dict(columns)
    except (TypeError, ValueError) as error:
        raise DamagedData from error


def remember_mapping(
    session: WriteSession, entity_type: str, workspace_slug: str, headers: Iterable[str], mapped: Mapped
) -> None:
    """Keep what was said of a file, in the caller's transaction."""
    digest, columns = _digest(headers), [list(pair) for pair in mapped.items()]
    row = {
        "workspace_slug": workspace_slug,
        "entity_type": entity_type,
        "headers_sha256": digest,
        "columns": columns,
        "changed_at": datetime.now(UTC),
    }
    upsert(session, import_mappings, [row], replaced=("columns", "changed_at"))
    # Without the headers, which may be anything.
    about = {"entityType": entity_type, "columns": len(columns)}
    record(session, Action.MAPPING_SET, "mapping", digest, workspace_slug=workspace_slug, after=about)


def _digest(headers: Iterable[str]) -> str:
    # A file of refused rows has the headers of the file that they are from.
    own = {normalized_header(name) for name in (REFUSED_LINE, REFUSED_REASON)}
    names = sorted({normalized_header(header) for header in headers} - own)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()
