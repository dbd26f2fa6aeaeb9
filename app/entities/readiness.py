"""Which people can be written to: those with an address that was verified, and not too long ago."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import select

from app.config import config
from app.db.session import end_read
from app.entities.changes import about_entities, read_changes
from app.entities.merge import is_blank
from app.entities.read import SLICE_ROWS, EntityView
from app.extensions import db
from app.models.attempt import entity_revisions

VERIFIED: Final = frozenset({"valid", "verified", "deliverable"})
"""What `email_status` says of a verified address, in any case: providers say the first, imported lists the others."""


def ready_people(views: Iterable[EntityView], *, workspace_slug: str) -> Iterator[EntityView]:
    """Yield the people with a verified address in date, a thousand looked up at a time.

    It is in date for `ENRICH_SUCCESS_TTL_DAYS` after the status was given: later, the provider would be asked again.
    A status that is older than the address is about another one, and does not count.
    """
    since = datetime.now(UTC) - timedelta(days=config().ENRICH_SUCCESS_TTL_DAYS)
    views = iter(views)
    while part := list(islice(views, SLICE_ROWS)):
        yield from _ready_part([view for view in part if _is_verified(view)], workspace_slug, since)


def _is_verified(view: EntityView) -> bool:
    status = view.fields["email_status"]
    return not is_blank(view.fields["email"]) and isinstance(status, str) and status.strip().casefold() in VERIFIED


def _ready_part(views: Sequence[EntityView], workspace_slug: str, since: datetime) -> list[EntityView]:
    changed = _last_changes([view.id for view in views], workspace_slug)
    ready = []
    for view in views:
        # What never changed was given when the person was created.
        status_at = changed.get((view.id, "email_status"), view.created_at)
        email_at = changed.get((view.id, "email"), view.created_at)
        if status_at >= max(email_at, since):
            ready.append(view)
    return ready


def _last_changes(ids: Sequence[str], workspace_slug: str) -> dict[tuple[str, str], datetime]:
    """Return when fields of people changed last, by id and field."""
    if not ids:
        return {}
    revisions = entity_revisions.c
    query = (
        select(revisions.entity_id, revisions.created_at, revisions.changes)
        .where(*about_entities("person", workspace_slug, ids))
        .order_by(revisions.id)
    )
    changed = {
        (row.entity_id, name): row.created_at for row in db.session.execute(query) for name in read_changes(row.changes)
    }
    end_read()
    return changed
