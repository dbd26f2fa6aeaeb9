"""The audit log as it is read: the newest event first, page by page."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, select

from app.db.pages import Page, before, page_of, read_id
from app.errors import Invalid, detail
from app.extensions import db
from app.models.audit_event import audit_events
from app.models.types import lowest_id, matching
from app.values.text import find_bad_character

INSTANT_RULE: Final = "an instant such as 2026-11-30T12:00:00Z"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CLOCKS_DIFFER: Final = timedelta(hours=1)
"""An id has the clock of its process, `at` that of the database: they are taken to differ by less."""


@dataclass(frozen=True, slots=True)
class EventView:
    """One change: who made it, of what, and what stood there before and after."""

    id: str
    at: datetime
    workspace_slug: str | None
    """The one workspace that the change was in; None: it concerns all."""
    actor_kind: str
    actor_id: str | None
    action: str
    subject_kind: str
    subject_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def list_events(
    *,
    workspace_slug: str | None = None,
    action: str | None = None,
    actor_id: str | None = None,
    subject_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 100,
    looks_at: int | None = None,
) -> Page[EventView]:
    """Return events, the newest first: of all workspaces, or those of one; `since` an instant, and before `until`.

    `cursor` is the `next_cursor` of the page before. With `looks_at` no more events than that are looked at: the page
    may be short of them, or empty, and lead on. Raises `Invalid` for a cursor that no page gave, and for what can be
    no id.
    """
    wanted = {"workspace_slug": workspace_slug, "action": action, "actor_id": actor_id, "subject_id": subject_id}
    for name, value in wanted.items():
        _check(name, value or "")
    columns = audit_events.c
    within = [*_bounds(since, until, cursor), *matching(audit_events.c.workspace_slug, workspace_slug)]
    end = None
    if looks_at is not None:
        ids = select(audit_events.c.id).where(*within).order_by(audit_events.c.id.desc())
        end = db.session.scalar(ids.offset(looks_at - 1).limit(1))
    if end is not None:
        within.append(audit_events.c.id >= end)
    about = (
        *matching(columns.action, action),
        *matching(columns.actor_id, actor_id),
        *matching(columns.subject_id, subject_id),
    )
    query = select(audit_events).where(*within, *about).order_by(columns.id.desc()).limit(limit + 1)
    views = [EventView(**row._mapping) for row in db.session.execute(query)]
    page = page_of(views, limit, attrgetter("id"))
    return page if page.next_cursor is not None else Page(page.rows, end)


def _bounds(since: datetime | None, until: datetime | None, cursor: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions on when: those on ids, which are looked up, spare reading what is older or newer."""
    events, bounds = audit_events.c, []
    if since is not None:
        bounds += [events.at >= since, events.id >= lowest_id(since, earlier=_CLOCKS_DIFFER)]
    if until is not None:
        bounds += [events.at < until, events.id < lowest_id(until, earlier=-_CLOCKS_DIFFER)]
    return [*bounds, *before(events.id, read_id(cursor))]


def parse_instant(text: str) -> datetime | None:
    """Return the instant in UTC that a text such as `2026-11-30T12:00:00Z` means, or None if it is none."""
    spelled = text.upper()
    if _INSTANT.fullmatch(spelled) is None:
        return None
    try:
        return datetime.fromisoformat(spelled).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _check(name: str, value: str) -> None:
    if bad := find_bad_character(value):
        message = f"expected text without control characters; found {bad}"
        raise Invalid(f"The filter is not valid: {message}.", details=[detail(name, message)])
