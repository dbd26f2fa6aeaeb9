"""The console as its users meet it: clients that are signed in, with the header that browsers send."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.console import parts
from app.web import sessions, users

FROM_HERE = {"HTTP_SEC_FETCH_SITE": "same-origin"}
"""What a browser says of a form on a page of ours."""

SignedIn = Callable[..., FlaskClient]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a password cost a millisecond, as no test measures it."""
    monkeypatch.setattr(users, "HASH_METHOD", "scrypt:1024:8:1")


@pytest.fixture(autouse=True)
def _parts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each request see what there is at its moment."""
    monkeypatch.setattr(parts, "SECONDS", 0.0)


@pytest.fixture
def signed_in(app: Flask) -> SignedIn:
    """Make a user and a client that is signed in: `signed_in("viewer", workspace_slug="north")`."""

    def make(role: str = "admin", *, workspace_slug: str | None = None, name: str = "") -> FlaskClient:
        client = browser(app)
        with app.app_context():
            user, _ = users.create_user(name or f"{role}-{workspace_slug or 'all'}", role, workspace_slug)
            client.set_cookie("tranche", sessions.begin_session(user))
        return client

    return make


def browser(app: Flask) -> FlaskClient:
    """Return a client that says what a browser says of a page's own forms."""
    client = app.test_client()
    client.environ_base.update(FROM_HERE)
    return client
