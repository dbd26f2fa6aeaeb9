"""Every change leaves one event, with who made it, and no event is left without a change."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.audit.events import Actor, acting_as
from app.enrichment import queue
from app.enrichment.money.scopes import CapScope
from app.enrichment.money.stored_caps import remove_cap, set_cap
from app.enrichment.waterfall import provider_keys
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.provider_status import reset_provider
from app.entities import exclusions
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.lists import find_list
from app.entities.undo import undo_field
from app.entities.upsert import store_entities
from app.errors import EntityNotFound, JobStateConflict, NotFound
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
    assert not any(word in text.lower() for word in ("lovelace", "acme", secret.lower(), link.lower()))


def test_money_and_keys_are_told_with_what_stood_there_before(context: Flask) -> None:
    """A cap by its amount, a provider's key by its last characters; a key that was not there is no change."""
    scope = CapScope("north", "findymail")
    for dollars in (5, 7):
        set_cap(scope, Decimal(dollars), set_by="test")
    remove_cap(scope)
    for key in ("the-first-of-the-keys", "the-second-of-the-keys"):
        provider_keys.set_key("findymail", key, "north", set_by="test")
    provider_keys.remove_key("findymail", "north")
    with pytest.raises(NotFound):
        provider_keys.remove_key("findymail", "north")
    reset_provider("findymail")
    rows = [(row.action, row.subject_id, row.workspace_slug, row.before, row.after) for row in told()]
    five, seven, end = {"capMicros": 5_000_000}, {"capMicros": 7_000_000}, {"lastFour": "keys"}
    cap, key = ("provider:findymail@north", "north"), ("findymail", "north")
    assert rows == [
        ("cap.set", *cap, None, five),
        ("cap.set", *cap, five, seven),
        ("cap.remove", *cap, seven, None),
        ("provider_key.set", *key, None, end),
        ("provider_key.set", *key, end, end),
        ("provider_key.remove", *key, end, None),
        ("provider.reset", "findymail", None, None, None),
    ]
    assert "the-first" not in "\n".join(every_row()["audit_events"])


def test_keys_that_are_encrypted_anew_are_told(make_app: Callable[..., Flask]) -> None:
    """If there are any."""
    with make_app(SECRET_KEY="the-former-secret-key").app_context():
        provider_keys.set_key("findymail", "a-key-of-the-north", "north", set_by="test")
    settings = {"SECRET_KEY": "the-present-secret-key", "SECRET_KEY_FALLBACKS": ("the-former-secret-key",)}
    with make_app(**settings).app_context():
        for _ in range(2):
            provider_keys.rotate_keys()
        assert [(row.action, row.after) for row in told()[1:]] == [("provider_key.rotate", {"encrypted": 1})]


def test_imports_and_exports_tell_who_took_how_many_of_which_list(app: Flask, signed_in: SignedIn) -> None:
    """What an export is of, and its rows once it has ended; one that nobody takes is none."""
    with app.app_context():
        key, secret = api_keys.create_key("reports", ["read"], "north")
        listing = Listing("spring", None, "test")
        import_csv("person", BytesIO(b"id,name\np1,Ada\np2,Eva\np3,\n"), workspace_slug="north", listing=listing)
        list_id = find_list("spring", workspace_slug="north").id
    client = client_with(app, secret)
    address = f"/api/people/export.csv?list={list_id}&ready=false"
    assert client.get(address, buffered=True).data.count(b"\n") == 4
    assert client.head(address).status_code == 200
    broken_off = client.get("/api/people/export.csv")
    next(broken_off.iter_encoded())
    broken_off.close()
    with app.app_context():
        _, imported, *exported = told()
    assert (imported.action, imported.workspace_slug, imported.subject_kind) == ("entity.import", "north", "person")
    assert imported.after == {"listId": list_id, "rows": 3, "created": 3, "updated": 0}
    assert {(row.action, row.actor_kind, row.actor_id) for row in exported} == {("entity.export", "key", key.id)}
    assert [row.after for row in exported] == [
        {"format": "csv", "listId": list_id, "ready": False, "rows": 3},
        {"format": "csv", "listId": None, "ready": False},
    ]


def test_an_erased_person_stands_in_no_event(context: Flask) -> None:
    """Who erased somebody, and what was done to them before, is told of `(erased)`; of others as it was."""
    for workspace in ("north", "south"):
        for name in ("A", "B"):
            store_entities("person", [{"id": "ada@x.example", "full_name": name}], workspace_slug=workspace)
        undo_field("person", "ada@x.example", "fullName", workspace_slug=workspace)
    exclusions.add(["ada@x.example", "acme.example"], "north")
    erase_entity("person", "ada@x.example", workspace_slug="north")
    rows = [(row.action, row.subject_id, row.after) for row in told() if row.workspace_slug == "north"]
    assert rows[2:] == [
        ("entity.undo", "(erased)", {"field": "fullName"}),
        ("exclusion.add", None, {"count": 2}),
        ("entity.erase", "(erased)", None),
    ]
    assert [row.subject_id for row in told() if row.action == "entity.undo"] == ["(erased)", "ada@x.example"]
    with pytest.raises(EntityNotFound):
        erase_entity("person", "ada@x.example", workspace_slug="north")
