"""Which people can be written to: those with an address that was verified, and not too long ago."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from string import ascii_lowercase, digits
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, select

from app.config import config
from app.db.pages import Page, page_of
from app.db.session import end_read
from app.entities.changes import about_entities, read_changes
from app.entities.fields import table_of
from app.entities.lists import list_id_of
from app.entities.merge import is_blank
from app.entities.pages import all_rows, slices
from app.entities.read import SLICE_ROWS, EntityView, has_blank, list_entities
from app.entities.verdicts import VerdictView, load_verdicts
from app.errors import Invalid
from app.extensions import db
from app.models.address_verdict import address_verdicts
from app.models.attempt import entity_revisions
from app.models.types import UtcDateTime
from app.values.emails import email_address

VERIFIED: Final = frozenset({"valid", "verified", "deliverable"})
"""What `email_status` says of a verified address, in any case: providers say the first, imported lists the others."""


_LOOKS_AT: Final = 10_000
_LOOKS_FIRST_AT: Final = 1_000
_PLAIN: Final = f"{ascii_lowercase}{digits}@._+-"
"""What an address is made of that is written as verdicts have it; one that ends with a full stop is not."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

STATUS_FIELDS: Final = ("email", "email_status")
"""The fields by which `ready_people` judges."""


def ready_people(views: Iterable[EntityView], *, workspace_slug: str) -> Iterator[EntityView]:
    """Yield the people with a verified address in date, a thousand looked up at a time.

    It is in date for `ENRICH_SUCCESS_TTL_DAYS` after the status was given: later, the provider would be asked again.
    A status that is older than the address is about another one, and does not count. What a verifier has said of the
    address in this workspace counts before the status, as long as it stands, also if it found the status as it was.
    """
    since = _first_in_date()
    for part in slices(views, SLICE_ROWS):
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
    insist_on_people(entity_type)
    list_id = list_id_of(list_name, workspace_slug=workspace_slug, entity_type=entity_type)
    read = partial(find_stale, workspace_slug=workspace_slug, list_id=list_id, looks_at=_LOOKS_AT)
    return all_rows(read, SLICE_ROWS)


def insist_on_people(entity_type: str) -> None:
    """Raise `Invalid` for an entity type that has no addresses."""
    if entity_type != "person":
        raise Invalid("Companies have no address that could be verified; expected people.")


def find_stale(
    *, workspace_slug: str, list_id: str | None = None, cursor: str | None = None, limit: int, looks_at: int
) -> Page[str]:
    """Return the ids of the first people that `stale_ids` gives, of a workspace or of one of its lists.

    No more people than `looks_at` are looked at, and no more than `limit` of those who may be among them: the page may
    be empty, and lead on. `cursor` is the `next_cursor` of the page before.
    """
    since = _first_in_date()
    about: dict[str, Any] = {"workspace_slug": workspace_slug, "list_id": list_id, "names": STATUS_FIELDS}
    about["condition"] = _may_be_stale(workspace_slug, since)
    page = _look(cursor, limit, looks_at, about)
    judged = _judge(page.rows, workspace_slug)
    return Page([one.view.id for one in judged if one.is_stale(since)], page.next_cursor)


def _look(cursor: str | None, limit: int, looks_at: int, about: dict[str, Any]) -> Page[EntityView]:
    """Return a page of people, as `list_entities` does, who are looked for among a few first, then among the rest.

    PostgreSQL may judge all that it is to look at before it returns the first.
    """
    views: list[EntityView] = []
    first = min(looks_at, _LOOKS_FIRST_AT)
    for count in filter(None, (first, looks_at - first)):
        found = list_entities("person", cursor=cursor, limit=limit + 1 - len(views), looks_at=count, **about)
        views += found.rows
        cursor = found.next_cursor
        if cursor is None or len(views) > limit:
            break
    page = page_of(views, limit, lambda view: view.id)
    return page if page.next_cursor is not None else Page(page.rows, cursor)


def _may_be_stale(workspace_slug: str, since: datetime) -> ColumnElement[bool]:
    """Return the condition that all meet whose address was judged too long ago, and few others.

    The last verdict is looked up by the address as it is written. For any that a verdict may know in another spelling
    nothing is concluded from there being none.
    """
    person, verdict = table_of("person").c, address_verdicts.c
    is_about = (verdict.workspace_slug == workspace_slug, verdict.address == person.email)
    verified_at = select(verdict.verified_at).where(*is_about).scalar_subquery()
    is_in_its_spelling = and_(func.trim(person.email, _PLAIN) == "", func.rtrim(person.email, ".") == person.email)
    otherwise = case(
        (not_(is_in_its_spelling), literal(_LONG_AGO, UtcDateTime())),
        (not_(has_blank("person", "email_status")), person.created_at),
    )
    judged_at = func.coalesce(verified_at, otherwise, type_=UtcDateTime())
    return and_(not_(has_blank("person", "email")), judged_at < since)


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

    def is_stale(self, since: datetime) -> bool:
        """Return whether the address was judged, and all of that before an instant."""
        instants = [] if self.verdict is None else [self.verdict.verified_at]
        instants += [] if self.status_at is None else [self.status_at]
        return bool(instants) and max(instants) < since


def _is_verified(view: EntityView) -> bool:
    status = view.fields["email_status"]
    return not is_blank(view.fields["email"]) and isinstance(status, str) and status.strip().casefold() in VERIFIED


def _judge(views: Sequence[EntityView], workspace_slug: str) -> list[_Judged]:
    with_status = [view.id for view in views if not is_blank(view.fields["email_status"])]
    changed = _last_changes(with_status, workspace_slug)
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
