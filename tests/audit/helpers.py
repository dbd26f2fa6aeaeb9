"""What the audit log has."""

from typing import Any

from sqlalchemy import Row, select

from app.db.session import end_read
from app.extensions import db
from app.models.audit_event import audit_events


def told() -> list[Row[Any]]:
    """Return every event, the oldest first."""
    rows = list(db.session.execute(select(audit_events).order_by(audit_events.c.id)))
    end_read()
    return rows
