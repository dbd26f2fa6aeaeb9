"""Every change leaves one event, with who made it, and no event is left without a change."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.audit.events import Actor, acting_as
from app.enrichment import queue
from app.errors import JobStateConflict
from app.extensions import db
from app.web import api_keys, sessions, users
from tests.audit.helpers import told
from tests.console.conftest import SignedIn
from tests.security.evidence import every_row
from tests.web.conftest import client_with


def test_an_event_names_who_acted_through_which_door(app: Flask, run: Any, signed_in: SignedIn) -> None:
    """A key, a user, an account of the system; nobody stays on for what comes next in the same thread."""
    client = signed_in("operator")
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", ["a"], workspace_slug="north")
        key, secret = api_keys.create_key("reports", ["write"], "north")
        user = users.list_users()[0]
    assert client_with(app, secret).post(f"/api/enrichment/jobs/{job_id}/pause").status_code == 200
    assert client.post(f"/console/jobs/{job_id}/resume").status_code == 303
    assert run(app, "pause", job_id, "--json").exit_code == 0
    with app.app_context():
        assert queue.cancel(job_id).status == "cancelled"
        events = [row for row in told() if row.subject_kind == "job"]
    account = events[3].actor_id
    assert [(row.actor_kind, row.actor_id, row.action) for row in events] == [
        ("system", None, "job.enqueue"),
        ("key", key.id, "job.pause"),
        ("user", user.id, "job.resume"),
        ("command", account, "job.pause"),
        ("system", None, "job.cancel"),
    ]
    assert account
    assert {(row.subject_id, row.workspace_slug) for row in events} == {(job_id, "north")}
    states = [(row.before and row.before["status"], row.after.get("status")) for row in events[1:]]
    assert states == [("pending", "paused"), ("paused", "pending"), ("pending", "paused"), ("paused", "cancelled")]
    assert events[0].after == {"jobId": job_id, "provider": "ai-normalizer", "total": 1, "capMicros": None}


def test_neither_a_change_nor_its_event_is_there_alone(context: Flask) -> None:
    """What is refused leaves no event, and what cannot be recorded does not happen."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ["a"])
    queue.pause(job_id)
    key, _ = api_keys.create_key("reports", ["read"])
    user, _ = users.create_user("ada", "viewer")
    before = told()
    with pytest.raises(JobStateConflict):
        queue.accept_held(job_id)
    users.enable_user("ada")
    assert told() == before
    changes = (
        lambda: queue.resume(job_id),
        lambda: api_keys.revoke_key(key.id),
        lambda: users.disable_user("ada"),
        lambda: queue.enqueue_job("person", "ai-normalizer", ["b"]),
    )
    for change in changes:
        with acting_as(Actor("nobody")), pytest.raises(IntegrityError):  # type: ignore[arg-type]  # the database refuses
            change()
        db.session.rollback()
    assert (queue.get_job(job_id).status, len(queue.list_jobs(workspace_slug=None).rows)) == ("paused", 1)
    assert api_keys.list_keys() == [key] and users.list_users() == [user]
    assert told() == before


def test_keys_and_users_leave_what_they_may_and_never_a_name_or_a_secret(context: Flask) -> None:
    """Who may what from now on; what was no change leaves nothing; a password is its user's own doing."""
    key, secret = api_keys.create_key("for Ada Lovelace", ["write", "read"], "north")
    for _ in range(2):
        api_keys.revoke_key(key.id)
    user, _ = users.create_user("ada@acme.example", "viewer", "north")
    link = users.make_link(user.name)
    users.use_link(link, "correct horse battery")
    for _ in range(2):
        users.change_role(user.name, "operator")
    sessions.begin_session(user)
    steps = (users.sign_out_user, users.disable_user, users.enable_user)
    for change in [step for step in steps for _ in range(2)]:
        change(user.name)
    events = told()
    assert {(row.action, row.actor_kind, repr((row.before, row.after))) for row in events} == {
        ("key.create", "system", "(None, {'scopes': ['read', 'write']})"),
        ("key.revoke", "system", "({'scopes': ['read', 'write']}, None)"),
        ("user.create", "system", "(None, {'role': 'viewer'})"),
        ("user.link", "system", "(None, None)"),
        ("user.password", "user", "(None, None)"),
        ("user.role", "system", "({'role': 'viewer'}, {'role': 'operator'})"),
        ("user.sign_out", "system", "(None, None)"),
        ("user.disable", "system", "({'role': 'operator'}, None)"),
        ("user.enable", "system", "(None, {'role': 'operator'})"),
    }
    assert len(events) == 9
    assert {(row.subject_kind, row.subject_id, row.workspace_slug) for row in events} == {
        ("key", key.id, "north"),
        ("user", user.id, "north"),
    }
    text = "\n".join(every_row()["audit_events"])
    assert not any(word in text.lower() for word in ("ada", secret.lower(), link.lower()))
