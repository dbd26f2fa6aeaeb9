"""How long the audit log is kept."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select

from app.config import config
from app.db.found import delete_found
from app.db.session import repeats_conflicts
from app.models.audit_event import audit_events
from app.models.types import lowest_id

BATCH_EVENTS: Final = 500
"""Events that are forgotten at a time."""


@repeats_conflicts
def forget_old_events(limit: int = BATCH_EVENTS) -> int:
    """Delete the oldest events that are older than the setting says; return how many."""
    days = config().AUDIT_KEEP_DAYS
    if days == 0:
        return 0
    bound = lowest_id(datetime.now(UTC), earlier=timedelta(days=days))
    old = select(audit_events.c.id).where(audit_events.c.id < bound).order_by(audit_events.c.id).limit(limit)
    return delete_found(audit_events.c.id, old)
