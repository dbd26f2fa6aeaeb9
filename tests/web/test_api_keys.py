"""API keys: stored as a digest, checked, revoked."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select

from app.errors import Invalid, NotFound
from app.extensions import db
from app.models import ApiKey
from app.web import api_keys
from tests.statements import statements
from tests.web.conftest import Login


def test_key_is_stored_as_digest_only(context: Flask) -> None:
    """Who reads the database learns no key."""
    view, secret = api_keys.create_key("reader", ["read", "read"], "north")
    assert re.fullmatch(r"tr_[A-Za-z0-9_-]{43}", secret)
    row = db.session.execute(select(ApiKey)).scalar_one()
    values = [getattr(row, column.key) for column in inspect(ApiKey).column_attrs]
    assert not any(secret[3:] in str(value) for value in values)
    assert (view.scopes, view.workspace_slug, view.revoked_at) == (["read"], "north", None)
    assert api_keys.list_keys() == [view]


@pytest.mark.parametrize(
    ("name", "scopes", "workspace_slug"),
    [
        ("", ["read"], None),
        ("x" * 101, ["read"], None),
        ("a\0", ["read"], None),
        ("a", [], None),
        ("a", ["root"], None),
        ("a", ["read"], "North"),
        ("a", ["read"], ""),
    ],
)
def test_key_is_refused_with_bad_parts(context: Flask, name: str, scopes: list[str], workspace_slug: Any) -> None:
    """A key has a name, known scopes and the name of a workspace, or none."""
    with pytest.raises(Invalid):
        api_keys.create_key(name, scopes, workspace_slug)


def test_revoked_key_is_401(app: Flask, login: Login) -> None:
    """A revoked key is like an unknown one; to revoke it again changes nothing."""
    client = login("read")
    assert client.get("/api/enrichment/jobs").status_code == 200
    with app.app_context():
        key_id = api_keys.list_keys()[0].id
        revoked = api_keys.revoke_key(key_id)
        assert revoked.revoked_at is not None
        assert api_keys.revoke_key(key_id) == revoked
    assert client.get("/api/enrichment/jobs").status_code == 401


def test_key_is_looked_up_once_a_second(
    app: Flask, make_app: Callable[..., Flask], login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then a key that somebody else revokes still opens the door, and no longer."""
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr(api_keys, "time", clock)
    client = login("read")
    for sees_key in (True, False):
        with statements(app) as sent:
            assert client.get("/api/enrichment/jobs").status_code == 200
        assert any("api_keys" in statement for statement in sent) is sees_key
    with make_app().app_context():
        api_keys.revoke_key(api_keys.list_keys()[0].id)
    assert client.get("/api/enrichment/jobs").status_code == 200
    clock.monotonic = lambda: 101.0
    assert client.get("/api/enrichment/jobs").status_code == 401


@pytest.mark.parametrize("key_id", ["", "x", "01997b4e-0000-7000-8000-000000000000"])
def test_unknown_key_cannot_be_revoked(context: Flask, key_id: str) -> None:
    """A mistyped id is told."""
    with pytest.raises(NotFound, match="no such key"):
        api_keys.revoke_key(key_id)
