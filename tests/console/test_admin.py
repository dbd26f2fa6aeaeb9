"""What admins see and do: keys and users, each secret shown once, and the log of who changed what."""

import re
from typing import Any

import pytest
from flask import Flask

from app.console import audit, webhooks
from app.enrichment import queue
from app.enrichment.money import stored_caps
from app.web import api_keys, users
from app.webhooks import deliveries
from app.webhooks.sending import Result
from tests.audit.helpers import told
from tests.console.conftest import SignedIn, browser
from tests.web.conftest import client_with

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_key_is_made_shown_once_and_revoked_by_its_word(app: Flask, signed_in: SignedIn) -> None:
    """Its secret opens the API until then; what is wrong with one is said; an admin of one workspace stays in it."""
    client, north = signed_in(), signed_in(workspace_slug="north")
    made = client.post("/console/keys", data={"name": "nightly", "scope": ["read", "write"], "workspace": "south"})
    (secret,) = set(re.findall(r"tr_[\w-]{43}", made.text))
    assert client_with(app, secret).get("/api/enrichment/jobs").status_code == 200
    page = client.get("/console/keys").text
    assert "nightly" in page and "read, write" in page and secret not in page
    assert "nightly" not in north.get("/console/keys").text
    wrong = client.post("/console/keys", data={"name": "x", "scope": ["root"], "workspace": "No"})
    assert wrong.status_code == 422 and "scopes: expected" in wrong.text and "workspaceSlug: expected" in wrong.text
    north.post("/console/keys", data={"name": "ours", "scope": "admin", "workspace": "south"})
    with app.app_context():
        key, ours = api_keys.list_keys()
    assert ours.workspace_slug == "north"
    address = f"/console/keys/{key.id}/revoke"
    assert client.post(address, data={"word": "nightly"}).status_code == 422
    assert north.post(address, data={"word": "revoke"}).status_code == 404
    assert client_with(app, secret).get("/api/enrichment/jobs").status_code == 200
    assert "has been refused since" in client.post(address, data={"word": " Revoke"}).text
    assert client_with(app, secret).get("/api/enrichment/jobs").status_code == 401


def test_a_user_is_invited_changed_and_kept_out(app: Flask, signed_in: SignedIn) -> None:
    """By a link that is shown once; a role and an end of sessions count at once; nobody does either to themselves."""
    client, guest = signed_in(), browser(app)
    made = client.post("/console/users", data={"name": "Ada ", "role": "viewer"})
    (link,) = set(re.findall(r"/console/link/[\w-]{43}", made.text))
    assert guest.post(link, data={"password": "correct horse battery"}).status_code == 303
    with app.app_context():
        ada = next(user for user in users.list_users() if user.name == "ada")
        admin = next(user for user in users.list_users() if user.role == "admin")
    one = f"/console/users/{ada.id}"
    assert "Not signed in" not in client.get(one).text and link not in client.get(one).text
    assert guest.get("/console/new").status_code == 403
    assert client.post(f"{one}/role", data={"role": "root"}).status_code == 422
    assert client.post(f"{one}/role", data={"role": "operator"}).location == one
    assert guest.get("/console").status_code == 302
    guest.post("/console/sign-in", data={"name": "ada", "password": "correct horse battery"})
    assert guest.get("/console/new").status_code == 200
    client.post(f"{one}/sign-out")
    assert guest.get("/console").status_code == 302 and "Not signed in" in client.get(one).text
    assert "/console/link/" in client.post(f"{one}/link").text
    assert client.post(f"{one}/disable", data={"word": "ada"}).status_code == 422
    assert client.post(f"{one}/disable", data={"word": "disable"}).location == one
    assert [client.post(f"{one}/link").status_code, client.post(f"{one}/enable").status_code] == [409, 303]
    for name in ("role", "disable"):
        yours = client.post(f"/console/users/{admin.id}/{name}", data={"role": "viewer", "word": "disable"})
        assert yours.status_code == 409, name
    with app.app_context():
        did = [row.action for row in told() if row.actor_id == admin.id]
        assert did == ["user.create", *(f"user.{step}" for step in ("role", "sign_out", "link", "disable", "enable"))]


@on_sqlite
def test_an_admin_of_one_workspace_makes_and_finds_its_users_alone(app: Flask, signed_in: SignedIn) -> None:
    """Whatever workspace is named."""
    north, everywhere = signed_in(workspace_slug="north"), signed_in("viewer")
    assert north.post("/console/users", data={"name": "eve", "role": "admin", "workspace": ""}).status_code == 200
    assert "already" in north.post("/console/users", data={"name": "eve", "role": "admin"}).text
    assert north.post("/console/users", data={"name": "a b", "role": "x"}).status_code == 422
    with app.app_context():
        found = {user.name: user for user in users.list_users()}
    assert found["eve"].workspace_slug == "north"
    page = north.get("/console/users").text
    assert "eve" in page and "viewer-all" not in page
    for step in ("role", "disable", "sign-out", "link"):
        address = f"/console/users/{found['viewer-all'].id}/{step}"
        assert north.post(address, data={"role": "admin", "word": "disable"}).status_code == 404
    assert everywhere.get("/console").status_code == 200


def test_a_webhook_is_made_looked_at_and_removed_by_its_word(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each secret is shown once; events are paged, with what became of them; an admin of one workspace stays in it."""
    monkeypatch.setattr(webhooks, "ROWS", 2)
    client, north = signed_in(), signed_in(workspace_slug="north")
    assert "no other service hears" in client.get("/console/webhooks").text
    url = "https://hooks.example.com/x"
    for wrong in ({"url": "http://127.0.0.1/x"}, {"url": url, "workspace": "No"}, {"url": url, "event": "job.x"}):
        assert client.post("/console/webhooks", data=wrong).status_code == 422, wrong
    assert north.post("/console/webhooks", data={"url": url, "event": "queue.stuck"}).status_code == 422
    made = client.post("/console/webhooks", data={"url": url, "event": "job.cancelled"})
    secret, one = re.findall(r"whsec_[\w+/=]+", made.text)[0], re.findall(r"/console/webhooks/[\w-]{36}", made.text)[0]
    assert secret not in client.get(one).text and "Nothing sent yet" in client.get(one).text
    north.post("/console/webhooks", data={"url": f"{url}/north", "workspace": "south"})
    page = client.get("/console/webhooks").text
    assert f"{url}/north" in page and "<td>north</td>" in page and url + "<" not in north.get("/console/webhooks").text
    assert north.get(one).status_code == north.post(f"{one}/disable").status_code == 404
    with app.app_context():
        for _ in range(3):
            queue.cancel(queue.enqueue_job("person", "ai-normalizer", ["a"]))
        deliveries.hand_out()
        webhook_id = one.rpartition("/")[2]
        given_up, delivered, _ = deliveries.list_deliveries(webhook_id).rows
        deliveries._store_result((webhook_id, delivered.event_id), Result(204))
        deliveries._store_result((webhook_id, given_up.event_id), Result(410, "It answered with 410."))
    page = client.get(one).text
    assert "Disabled, for" in page and page.count("given up") == 1 == page.count("<td>delivered") and "with 410" in page
    older = re.findall(rf'href="({one}\?cursor=[\w-]+)"', page)[0]
    assert client.get(older).text.count("given up") == 1 and "Send again" not in page
    assert client.post(f"{one}/resend").status_code == 409
    for step, event in (("enable", None), ("resend", delivered.event_id), ("resend", None)):
        assert client.post(f"{one}/{step}", data={"event": event} if event else {}).location == one
    assert client.post(f"{one}/resend", data={"event": "x"}).status_code == 404
    assert client.get(one).text.count("waits") == 2 and client.get(f"{one}/resend").status_code == 200
    rotated = client.post(f"{one}/rotate").text
    assert "whsec_" in rotated and secret not in rotated and "also signs until" in client.get(one).text
    assert client.post(f"{one}/remove", data={"word": "x"}).status_code == 422
    assert client.post(f"{one}/remove", data={"word": " Remove"}).location == "/console/webhooks"
    assert client.get(one).status_code == 404


@on_sqlite
def test_the_audit_log_is_filtered_and_paged_by_the_address(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who, what, when and of what, with what stood there before; a bound admin sees one workspace; words if none."""
    monkeypatch.setattr(audit, "ROWS", 2)
    client, north = signed_in(), signed_in(workspace_slug="north")
    with app.app_context():
        made = [queue.enqueue_job("person", "ai-normalizer", ["a"], workspace_slug=slug) for slug in ("north", "south")]
    client.post(f"/console/jobs/{made[0]}/pause")

    def shown(query: str = "", who: Any = client) -> list[str]:
        return re.findall(r"<td><code>(\S+)</code></td>", who.get(f"/console/audit?{query}").text)

    assert shown() == ["job.pause", "job.enqueue"]
    older = re.findall(r'href="/console/audit\?(cursor=[\w-]+)"', client.get("/console/audit").text)
    assert shown(older[0]) == ["job.enqueue", "user.create"]
    page = client.get("/console/audit?action=job.pause").text
    assert "status: <bdi>pending</bdi> → <bdi>paused</bdi>" in page and "user admin-all" in page
    assert "flask enrich audit --action job.pause" in page
    with app.app_context():
        admin = next(user for user in users.list_users() if user.name == "admin-all")
    assert shown(f"actor={admin.id}") == ["job.pause"] == shown(f"subject={made[0]}&action=job.pause")
    assert shown("workspace=south") == ["job.enqueue"] and len(shown("from=2020-01-01")) == 2
    assert shown("to=2020-01-01") == [] and "All events" in client.get("/console/audit?to=2020-01-01").text
    assert "&#39;$(id)&#39;" in client.get("/console/audit?actor=$(id)").text
    monkeypatch.setattr(audit, "LOOKS_AT", 3)
    page = client.get("/console/audit?action=user.create").text
    assert shown("action=user.create") == [] and "None of the next 3 events" in page
    further = re.findall(r'href="/console/audit\?([^"]*cursor=[^"]*)"', page)[0].replace("&amp;", "&")
    assert shown(further) == ["user.create", "user.create"]
    for query in ("", "workspace=south", f"subject={made[1]}"):
        assert "south" not in north.get(f"/console/audit?{query}").text
    assert shown("from=x&to=9999-12-31&action=x&subject=ada@acme.example&cursor=x") == ["job.pause", "job.enqueue"]


def test_a_cap_is_looked_at_set_and_removed_by_its_word(app: Flask, signed_in: SignedIn) -> None:
    """Of one scope, by an admin of all workspaces; what is wrong is said in the words of the form."""
    client, north = signed_in(), signed_in(workspace_slug="north")
    form = {"provider": "findymail", "workspace": "north", "usd": "2.50"}
    looked_at = client.get("/console/caps/set", query_string=form).text
    assert "findymail in north</bdi>: at most $2.50 a day?" in looked_at and "$2.50 would be left" in looked_at
    assert "caps set --provider findymail --workspace north --usd 2.50" in looked_at
    with app.app_context():
        key, _ = api_keys.create_key("nightly", ["write"])
        assert stored_caps.list_caps().rows == []
    for changed in ({"usd": "x"}, {"provider": "", "workspace": ""}, {"key": key.id}, {"provider": "x"}):
        assert client.post("/console/caps/set", data={**form, **changed}).status_code == 422, changed
    assert "Choose an API key alone" in client.get("/console/caps/set?usd=1").text
    for data in (form, {"key": key.id.upper(), "usd": "1"}):
        assert client.post("/console/caps/set", data=data).location == "/console/caps"
    page = client.get("/console/caps").text
    assert "findymail in north" in page and "API key nightly" in page and "user admin-all" in page
    assert "It replaces $2.50" in client.get("/console/caps/set", query_string={**form, "usd": "9"}).text
    assert "no such cap" in client.get("/console/caps/remove?workspace=south").text
    scope = {"provider": "findymail", "workspace": "north"}
    assert client.post("/console/caps/remove", data=scope).status_code == 422
    assert client.post("/console/caps/remove", data={**scope, "word": "remove"}).status_code == 303
    with app.app_context():
        assert [str(row.of) for row in stored_caps.list_caps().rows] == [f"key:{key.id}"]
    assert north.get("/console/caps").status_code == 403 and "/console/caps" not in north.get("/console/costs").text
