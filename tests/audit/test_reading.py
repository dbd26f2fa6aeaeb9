"""The audit log is read page by page, by whom it concerns, and forgotten when it is old."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.audit import retention
from app.audit.events import Actor, acting_as, record
from app.audit.reading import list_events
from app.db.session import transaction
from app.enrichment.waterfall.work_loop import Waterfall
from app.models.audit_event import Action, ActorKind, audit_events
from app.models.types import lowest_id
from tests.audit.helpers import told
from tests.statements import explained
from tests.web.conftest import client_with, make_key

NOW = datetime.now(UTC)


def put_down(subject_id: str, workspace: str | None, action: Action, actor_id: str, days_ago: float) -> None:
    """Record an event of some days ago."""
    at = NOW - timedelta(days=days_ago)
    with acting_as(Actor(ActorKind.KEY, actor_id)), transaction() as session:
        record(session, action, "job", subject_id, workspace_slug=workspace, after={"status": "paused"})
        made = audit_events.update().where(audit_events.c.subject_id == subject_id)
        session.connection().execute(made.values(id=lowest_id(at), at=at))


@pytest.fixture
def events(app: Flask) -> Flask:
    """An application with an event of each of four days, in two workspaces and in none."""
    with app.app_context():
        put_down("a", "north", Action.JOB_PAUSE, "k1", 4)
        put_down("b", "south", Action.JOB_PAUSE, "k2", 3)
        put_down("c", "north", Action.JOB_CANCEL, "k2", 2)
        put_down("d", None, Action.USER_DISABLE, "k1", 1)
    return app


def test_events_are_listed_over_http_by_page_filter_and_workspace(events: Flask) -> None:
    """The newest first; a bound key is shown its own workspace alone, and no other scope opens the log."""
    admin = client_with(events, make_key(events, "admin"))
    with events.app_context(), transaction() as session:
        session.connection().execute(audit_events.delete().where(audit_events.c.action == "key.create"))

    def shown(query: str = "", client: Any = admin) -> str:
        return "".join(row["subjectId"] for row in client.get(f"/api/audit?{query}").get_json()["events"])

    first = admin.get("/api/audit?limit=3").get_json()
    last = admin.get(f"/api/audit?limit=3&cursor={first['nextCursor']}").get_json()
    assert [row["subjectId"] for row in first["events"] + last["events"]] == ["d", "c", "b", "a"]
    assert last["nextCursor"] is None
    day = (NOW - timedelta(days=2.5)).isoformat(timespec="seconds").replace("+00:00", "Z")
    asked = ("workspaceSlug=north", "action=job.pause", "actorId=k2", "subjectId=d", f"since={day}", f"until={day}")
    assert [shown(query) for query in asked] == ["ca", "ba", "cb", "d", "dc", "ba"]
    assert shown("workspaceSlug=north&actorId=k2") == "c" and shown("action=job.undo") == ""
    event = admin.get("/api/audit?subjectId=a").get_json()["events"][0]
    assert event.pop("at").endswith("Z") and event.pop("id")
    assert event == {
        **{"workspaceSlug": "north", "actorKind": "key", "actorId": "k1", "action": "job.pause"},
        **{"subjectKind": "job", "subjectId": "a", "before": None, "after": {"status": "paused"}},
    }
    for wrong in ("since=2026-11-30T12:00", "since=0001-01-01T00:00:00%2B14:00", "action=x", "cursor=x"):
        assert admin.get(f"/api/audit?{wrong}").status_code == 422, wrong
    bound = client_with(events, make_key(events, "admin", workspace_slug="south"))
    assert shown("action=job.pause", bound) == "b" and shown("subjectId=a", bound) == shown("subjectId=d", bound) == ""
    assert bound.get("/api/audit?workspaceSlug=north").status_code == 403
    assert client_with(events, make_key(events, "read", "write", "process")).get("/api/audit").status_code == 403


def test_events_are_shown_by_a_command(events: Flask, run: Any) -> None:
    """As a table, as JSON, and with a word where there are none."""
    columns, *rows = [line.split("\t") for line in run(events, "audit", "--limit", "2").stdout.splitlines()]
    assert columns == ["at", "workspace", "by", "action", "of"]
    assert [row[2:] for row in rows] == [["key k1", "user.disable", "d"], ["key k2", "job.cancel", "c"]]
    asked = ("--workspace", "north", "--action", "job.pause", "--actor", "k1", "--subject", "a")
    listed = run(events, "audit", *asked, "--since", "2020-01-01T00:00:00Z", "--json").stdout
    assert [row["after"] for row in json.loads(listed)] == [{"status": "paused"}]
    none = run(events, "audit", "--actor", "nobody")
    assert (none.exit_code, none.stdout) == (0, "") and "No event is as asked for" in none.stderr
    wrong = run(events, "audit", "--since", "yesterday")
    assert wrong.exit_code == 2 and "2026-11-30T12:00:00Z" in wrong.stderr


def test_old_events_are_forgotten_the_oldest_first(events: Flask, run: Any) -> None:
    """In small batches, between the chunks of a worker; with 0 days they stay."""
    settings = events.config["TRANCHE"]
    with events.app_context():
        assert retention.forget_old_events() == 0
        events.config["TRANCHE"] = replace(settings, AUDIT_KEEP_DAYS=0)
        assert retention.forget_old_events() == 0
        events.config["TRANCHE"] = replace(settings, AUDIT_KEEP_DAYS=1)
        assert retention.forget_old_events(limit=1) == 1
        assert [row.subject_id for row in told()] == ["b", "c", "d"]
        Waterfall().between_chunks()
        assert [view.subject_id for view in list_events().rows] == []
    assert "Nothing is in the audit log yet" in run(events, "audit").stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("filters", [{"action": "job.undo"}, {"actor_id": "nobody"}, {"subject_id": "z"}])
def test_no_log_is_read_to_find_that_nothing_is_as_asked_for(events: Flask, filters: dict[str, str]) -> None:
    """Each filter has an index in the order of a page."""
    with events.app_context(), explained() as statements:
        assert list_events(**filters).rows == []
    (plan,) = [statement.plan for statement in statements]
    assert "SEARCH audit_events USING INDEX" in plan and "B-TREE" not in plan
