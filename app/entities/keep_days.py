"""How long ended jobs and the history of entities are kept, and what is not begun shortly before they go."""

from datetime import UTC, datetime, timedelta
from typing import Final

from app.config import config
from app.errors import JobStateConflict

GRACE: Final = timedelta(days=1)
"""Time between the last moment at which anything may be begun with a job, such as a retry, and its going."""


def insist_on_kept(ended_at: datetime | None, *settings: str) -> None:
    """Raise `JobStateConflict` if a job ended longer ago than any of the settings says that things are kept.

    What is begun with it later would find a part of its entities gone, and pass over them without a word.
    """
    if ended_at is None:
        return
    age = datetime.now(UTC) - ended_at
    for setting in settings:
        days = getattr(config(), setting)
        if days and age > timedelta(days=days):
            raise JobStateConflict(f"The job ended more than {days} days ago, and is being forgotten ({setting}).")


def kept_since(days: int) -> datetime:
    """Return the instant before which nothing is kept."""
    return datetime.now(UTC) - timedelta(days=days) - GRACE
