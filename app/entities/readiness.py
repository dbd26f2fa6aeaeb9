"""Which people can be written to: those with an address that was verified, and not too long ago."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import select

from app.config import config
from app.db.session import end_read
from app.entities.changes import about_entities, read_changes
from app.entities.lists import find_list
from app.entities.merge import is_blank
from app.entities.read import SLICE_ROWS, EntityView, list_entities
from app.entities.verdicts import VerdictView, load_verdicts
from app.errors import Invalid
from app.extensions import db
from app.models.attempt import entity_revisions
from app.values.emails import email_address

VERIFIED: Final = frozenset({"valid", "verified", "deliverable"})
"""What `email_status` says of a verified address, in any case: providers say the first, imported lists the others."""


STATUS_FIELDS: Final = ("email", "email_status")
"""The fields by which `ready_people` judges."""


def ready_people(views: Iterable[EntityView], *, workspace_slug: str) -> Iterator[EntityView]:
    """Yield the people with a verified address in date, a thousand looked up at a time.

    It is in date for `ENRICH_SUCCESS_TTL_DAYS` after the status was given: later, the provider would be asked again.
    A status that is older than the address is about another one, and does not count. What a verifier has said of the
    address in this workspace counts before the status, as long as it stands, also if it found the status as it was.
    """
    since = _first_in_date()
    for part in _parts(views):
        for judged in _judge([view for view in part if _is_verified(view)], workspace_slug):
            verdict = judged.verdict
            if verdict is not None and verdict.is_standing:
                is_ready = verdict.status in VERIFIED
            else:
                is_ready = judged.status_at is not None and judged.status_at >= since
            if is_ready:
                yield judged.view


def stale_ids(entity_type: str, *, workspace_slug: str, list_name: str | None = None) -> Iterator[str]:
    """Yield the ids of the people, or of those of a list, whose address was judged, but not in date any more.

    Judged means by a verifier, or that a status was given with the address. Raises `ListNotFound` and `Invalid`,
    before the first id.
    """
    if entity_type != "person":
        raise Invalid("Companies have no address that could be verified; expected people.")
    list_id = None
    if list_name is not None:
        list_id = find_list(list_name, workspace_slug=workspace_slug, entity_type=entity_type).id
    return _stale_ids(workspace_slug, list_id)


def _stale_ids(workspace_slug: str, list_id: str | None) -> Iterator[str]:
    since = _first_in_date()
    for part in _parts(_pages(workspace_slug, list_id)):
        for judged in _judge([view for view in part if not is_blank(view.fields["email"])], workspace_slug):
            instants = [judged.verdict.verified_at] if judged.verdict is not None else []
            instants += [judged.status_at] if judged.status_at is not None else []
            if instants and max(instants) < since:
                yield judged.view.id


def _pages(workspace_slug: str, list_id: str | None) -> Iterator[EntityView]:
    """Yield people by id, with no cursor open between pages."""
    cursor: str | None = None
    while True:
        found = list_entities("person", workspace_slug=workspace_slug, list_id=list_id, cursor=cursor, limit=SLICE_ROWS)
        yield from found.rows
        cursor = found.next_cursor
        if cursor is None:
            return


def _parts(views: Iterable[EntityView]) -> Iterator[list[EntityView]]:
    views = iter(views)
    while part := list(islice(views, SLICE_ROWS)):
        yield part


def _first_in_date() -> datetime:
    return datetime.now(UTC) - timedelta(days=config().ENRICH_SUCCESS_TTL_DAYS)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A person with what is known of the address, and since when."""

    view: EntityView
    verdict: VerdictView | None
    """What a verifier said last."""
    status_at: datetime | None
    """When the status was given; None: there is none, or it is about an earlier address."""


def _is_verified(view: EntityView) -> bool:
    status = view.fields["email_status"]
    return not is_blank(view.fields["email"]) and isinstance(status, str) and status.strip().casefold() in VERIFIED


def _judge(views: Sequence[EntityView], workspace_slug: str) -> list[_Judged]:
    changed = _last_changes([view.id for view in views], workspace_slug)
    addresses = {view.id: email_address(view.fields["email"]) for view in views}
    verdicts = load_verdicts(set(filter(None, addresses.values())), workspace_slug)
    end_read()
    judged = []
    for view in views:
        # What never changed was given when the person was created.
        status_at = changed.get((view.id, "email_status"), view.created_at)
        email_at = changed.get((view.id, "email"), view.created_at)
        has_status = not is_blank(view.fields["email_status"]) and status_at >= email_at
        verdict = verdicts.get(addresses[view.id] or "")
        judged.append(_Judged(view, verdict, status_at if has_status else None))
    return judged


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
