"""API keys from the command line."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient


def test_a_key_that_was_made_opens_the_door_until_revoked(app: Flask, client: FlaskClient, run: Any) -> None:
    """The secret stands alone on stdout, works, and stops working."""
    made = run(app, "keys", "create", "--name", "reports", "--scopes", "read")
    secret = made.stdout.strip()
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/enrichment/jobs", headers=headers).status_code == 200
    (key,) = json.loads(run(app, "keys", "list", "--json").stdout)
    assert key["id"] in made.stderr
    assert run(app, "keys", "revoke", key["id"]).exit_code == 0
    assert client.get("/api/enrichment/jobs", headers=headers).status_code == 401


def test_a_key_is_made_with_all_it_can_have(sqlite_app: Flask, run: Any) -> None:
    """JSON is camelCase and holds the secret this once."""
    arguments = ["--name", "north", "--scopes", "write, read", "--workspace", "north", "--json"]
    made = json.loads(run(sqlite_app, "keys", "create", *arguments).stdout)
    secret = made.pop("secret")
    assert (made["name"], made["scopes"], made["workspaceSlug"]) == ("north", ["read", "write"], "north")
    listed = run(sqlite_app, "keys", "list", "--json").stdout
    assert json.loads(listed) == [made]
    assert secret not in listed


def test_keys_are_listed_with_revoked_ones(sqlite_app: Flask, run: Any) -> None:
    """One line a key; without any, how to make one."""
    assert "keys create" in run(sqlite_app, "keys", "list").stderr
    made = json.loads(run(sqlite_app, "keys", "create", "--name", "a", "--scopes", "admin", "--json").stdout)
    revoked = json.loads(run(sqlite_app, "keys", "revoke", made["id"], "--json").stdout)
    assert revoked["revokedAt"] is not None
    lines = run(sqlite_app, "keys", "list").stdout.splitlines()
    assert lines[0].split("\t") == ["id", "name", "scopes", "workspace", "created", "revoked"]
    assert lines[1].split("\t")[:4] == [made["id"], "a", "admin", "all"]
