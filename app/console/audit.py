"""The audit log: who changed what and when, with what stood there before and after."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from flask import Response, request

from app.audit.reading import EventView, list_events
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import asked, given
from app.console.words import command_line
from app.console.workspaces import asked_workspace
from app.db.session import end_read
from app.enrichment.money.reports import parse_day
from app.models.audit_event import Action
from app.models.types import parse_id
from app.web.api_keys import Scope, list_keys
from app.web.auth import visible_workspace
from app.web.users import list_users

ROWS: Final = 50
LOOKS_AT: Final = 20_000
"""How many are looked at, at a time, for those of an actor or an action: some 15 ms."""
_OPTIONS: Final = {
    "workspace_slug": "--workspace",
    "action": "--action",
    "actor_id": "--actor",
    "subject_id": "--subject",
    "since": "--since",
    "until": "--until",
}
"""The options of the command, by the filters of `list_events`."""


@blueprint.get("/console/audit")
@require(Scope.ADMIN)
def audit() -> Response:
    """List events, the newest first; the filters stand in the address."""
    query = _query()
    filters = _filters(query)
    # The events about one subject are found by an index.
    is_searched = "subject" not in query and not query.keys().isdisjoint({"actor", "action"})
    found = list_events(
        cursor=parse_id(request.args.get("cursor", "")),
        limit=ROWS,
        looks_at=LOOKS_AT if is_searched else None,
        **filters,
    )
    end_read()
    return page(
        "audit.html",
        events=found.rows,
        next_cursor=found.next_cursor,
        query=query,
        looks_at=LOOKS_AT,
        actions=[*Action],
        names=_names(),
        changes=changes,
        command_line=command_line(["audit"], {_OPTIONS[name]: value for name, value in filters.items()}),
    )


def changes(event: EventView) -> list[tuple[str, str, str]]:
    """Return what an event changed: name, and the value before and after, of which one may be empty."""
    before, after = event.before or {}, event.after or {}
    rows = [(name, _text(before.get(name)), _text(after.get(name))) for name in {**before, **after}]
    return [row for row in rows if any(row[1:])]


def _query() -> dict[str, str]:
    """Return the filters as they stand in the address, without those that mean nothing."""
    texts = {
        "workspace": asked_workspace(request.args) if visible_workspace() is None else None,
        "action": asked("action", set(Action), None),
        "actor": given("actor"),
        # An id that is somebody's address has no place in one of ours.
        "subject": parse_id(request.args.get("subject", "").strip()),
        "from": _day("from"),
        "to": _day("to"),
    }
    return {name: text for name, text in texts.items() if text}


def _day(name: str) -> str | None:
    """Return a day of the address; None if it is not one."""
    text = request.args.get(name, "")
    return text if parse_day(text) else None


def _filters(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the filters as `list_events` takes them; an admin of one workspace sees that one alone."""
    first_day, last_day = (parse_day(query.get(name, "")) for name in ("from", "to"))
    return {
        "workspace_slug": visible_workspace() or query.get("workspace"),
        "action": query.get("action"),
        "actor_id": query.get("actor"),
        "subject_id": query.get("subject"),
        "since": _midnight(first_day),
        "until": _midnight(_next(last_day)),
    }


def _next(day: date | None) -> date | None:
    return None if day is None or day == date.max else day + timedelta(days=1)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)


def _names() -> dict[str, str]:
    """Return what users and keys are called, by id: those that the reader may see."""
    workspace = visible_workspace()
    names = {user.id: f"user {user.name}" for user in list_users(workspace)}
    return names | {key.id: f"key {key.name}" for key in list_keys(workspace)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
