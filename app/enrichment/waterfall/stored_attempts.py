"""Attempts as they are read back: those about some entities, whether each was sent, and the fields that it names."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, select

from app.db.sql import is_any_of
from app.enrichment.waterfall.attempt_log import LOST_ERROR
from app.extensions import db
from app.models.attempt import attempts
from app.values.groups import grouped


def attempts_about(entity_type: str, workspace_slug: str, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the attempts about some entities by entity, the oldest first; an entity without any is left out."""
    query = select(*_COLUMNS).where(
        attempts.c.workspace_slug == workspace_slug,
        attempts.c.entity_type == entity_type,
        is_any_of(attempts.c.entity_id, ids),
    )
    rows = db.session.execute(query.order_by(attempts.c.entity_id, attempts.c.started_at, attempts.c.id))
    return grouped(rows, attrgetter("entity_id"))


def was_sent(row: Row[Any]) -> bool:
    """Return whether a question was sent: only then has it a fingerprint, but for calls whose worker was lost."""
    return row.fingerprint is not None or row.error == LOST_ERROR


def names_in(stored: Any) -> list[str]:
    """Return the names of fields in a stored list or object; none if it is damaged."""
    return sorted(name for name in stored if isinstance(name, str)) if isinstance(stored, list | dict) else []


_COLUMNS: Final = tuple(
    attempts.c[name]
    for name in (
        *("id", "job_id", "entity_id", "provider", "outcome_class", "fields_written", "withheld", "is_rejected"),
        *("cost_micros", "fingerprint", "error", "started_at", "finished_at"),
    )
)
