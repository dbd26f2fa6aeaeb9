"""Users of the console from the command line."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.web import users


@pytest.fixture
def keyed_app(app_on: Callable[..., Flask], sqlite_url: str) -> Flask:
    """An application that can keep users."""
    return app_on(sqlite_url, SECRET_KEY="a-secret-key-for-tests", PUBLIC_URL="https://tranche.example")


def test_a_user_is_made_linked_listed_and_kept_out(keyed_app: Flask, run: Any) -> None:
    """The link stands alone on stdout and is good until there is a newer one."""
    assert "users create" in run(keyed_app, "users", "list").stderr
    made = run(keyed_app, "users", "create", "ada", "--role", "operator", "--workspace", "north")
    address, token = made.stdout.strip().rsplit("/", 1)
    assert address == "https://tranche.example/console/link"
    newer = json.loads(run(keyed_app, "users", "link", "ada", "--json").stdout)["link"].rpartition("/")[2]
    with keyed_app.app_context():
        assert users.find_link(token) is None
        found = users.find_link(newer)
        assert found is not None and (found.role, found.workspace_slug) == ("operator", "north")
    rows = run(keyed_app, "users", "list").stdout.splitlines()
    assert rows[1].split("\t")[:4] == ["ada", "operator", "north", "none"]
    assert json.loads(run(keyed_app, "users", "role", "ada", "--role", "viewer", "--json").stdout)["role"] == "viewer"
    assert "signed out everywhere" in run(keyed_app, "users", "sign-out", "ada").stdout
    assert json.loads(run(keyed_app, "users", "disable", "ada", "--json").stdout)["disabledAt"]
    assert run(keyed_app, "users", "link", "ada").exit_code == 2
    assert "may sign in again" in run(keyed_app, "users", "enable", "ada").stdout
    assert run(keyed_app, "users", "link", "nobody").exit_code == 2


def test_users_need_a_key_to_sign_with(app_on: Callable[..., Flask], sqlite_url: str, run: Any) -> None:
    """Nobody is made whom no link could let in."""
    keyless_app = app_on(sqlite_url)
    result = run(keyless_app, "users", "create", "ada")
    assert (result.exit_code, "SECRET_KEY: expected 16 or more" in result.stderr) == (3, True)
    assert json.loads(run(keyless_app, "users", "list", "--json").stdout) == []
