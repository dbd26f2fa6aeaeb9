"""Users, links, passwords, sessions, and the failures that slow guessing down."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.console.access import SCOPES
from app.db.session import transaction
from app.errors import Conflict, Invalid, NotFound, TooManyLogins
from app.extensions import db
from app.models.types import utcnow
from app.models.user import Role, login_failures, user_sessions
from app.models.user import users as table
from app.web import sessions, users
from tests.conftest import SECRET_KEY
from tests.console.conftest import SignedIn, browser
from tests.security.evidence import every_row

PASSWORD = "correct horse battery"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_link_signs_in_once_and_sets_the_password(app: Flask) -> None:
    """Looking at it changes nothing; afterwards name and password do, in whatever case the name is typed."""
    with app.app_context():
        _, token = users.create_user("ada", Role.ADMIN)
    client = browser(app)
    address = f"/console/link/{token}"
    assert client.get("/console").status_code == 302
    for _ in range(2):
        assert "Welcome, ada" in client.get(address).text
    assert client.post(address, data={"password": "short"}).status_code == 422
    assert client.post(address, data={"password": PASSWORD}).status_code == 303
    assert client.get("/console").status_code == 200
    other = browser(app)
    assert other.post(address, data={"password": PASSWORD}).status_code == 404
    assert other.post("/console/sign-in", data={"name": "ada", "password": "wrong"}).status_code == 403
    signed = other.post("/console/sign-in", data={"name": " Ada", "password": PASSWORD, "next": "/console/jobs"})
    assert (signed.status_code, signed.location) == (303, "/console/jobs")
    assert other.get("/console/jobs").status_code == 200
    with app.app_context():
        stored = "\n".join(row for rows in every_row().values() for row in rows)
    assert token not in stored and PASSWORD not in stored


def test_a_new_password_ends_the_other_sessions(app: Flask, signed_in: SignedIn) -> None:
    """Who has lost a password to somebody is rid of that one with the new one."""
    earlier = signed_in(name="ada")
    assert earlier.get("/console").status_code == 200
    with app.app_context():
        first, second = users.make_link("ada"), users.make_link("ada")
        with pytest.raises(NotFound):
            users.use_link(first, None)
        users.use_link(second, PASSWORD)
    assert earlier.get("/console").status_code == 302


def test_sessions_end_here_everywhere_and_in_time(app: Flask, signed_in: SignedIn) -> None:
    """By signing out, by signing out everywhere, by twelve idle hours, by seven days; each ends at once."""
    client = signed_in(name="ada")
    others = [browser(app) for _ in range(3)]
    with app.app_context():
        user = users.list_users()[0]
        for other in others:
            other.set_cookie("tranche", sessions.begin_session(user))
    assert others[0].post("/console/sign-out").status_code == 303
    assert [one.get("/console").status_code for one in (client, *others)] == [200, 302, 200, 200]
    for values in ({"seen_at": utcnow(-sessions.IDLE_SECONDS - 1)}, {"expires_at": utcnow(-1.0)}):
        late = browser(app)
        with app.app_context():
            token = sessions.begin_session(user)
            late.set_cookie("tranche", token)
            digest = users.digest_of("session", token)
            with transaction() as session:
                session.execute(update(user_sessions).where(user_sessions.c.digest == digest).values(values))
        assert late.get("/console").status_code == 302
    assert client.post("/console/sign-out", data={"everywhere": "yes"}).status_code == 303
    assert {one.get("/console").status_code for one in (client, *others)} == {302}
    with app.app_context():
        assert db.session.scalars(select(user_sessions.c.digest)).all() == []


def test_a_session_is_seen_now_and_then(app: Flask, signed_in: SignedIn) -> None:
    """It stays alive while it is used, with one write in ten minutes."""
    client = signed_in(name="ada")
    with app.app_context(), transaction() as session:
        session.execute(update(user_sessions).values(seen_at=utcnow(-11 * 3600.0)))
    client.get("/console")
    with app.app_context():
        age = db.session.scalar(select(user_sessions.c.seen_at > utcnow(-60.0)))
    assert age


def test_guessing_is_slowed_down_whoever_is_guessed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five failures are free, of a hundred at once too; then one waits, also with the right password."""
    with app.app_context():
        _, token = users.create_user("ada", Role.VIEWER)
        users.use_link(token, PASSWORD)

    def guess(name: str, password: str = "wrong") -> str:
        with app.app_context():
            try:
                return "in" if sessions.sign_in(name, password) else "out"
            except TooManyLogins as error:
                assert error.retry_after_seconds is not None and 28 <= error.retry_after_seconds <= 31
                return "wait"
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(guess, ["ada"] * 8)) == ["out"] * 5 + ["wait"] * 3
    assert guess("ada", PASSWORD) == "wait"
    assert [guess("nobody") for _ in range(6)] == ["out"] * 5 + ["wait"]
    client = browser(app)
    answer = client.post("/console/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 20
    with app.app_context(), transaction() as session:
        session.execute(update(login_failures).values(blocked_until=None))
    assert guess("ada", PASSWORD) == "in"
    with app.app_context():
        left = {row.bucket: row.failures for row in db.session.execute(select(login_failures))}
    assert left.pop("all") == 10 and list(left.values()) == [5]
    # Fifty in all, under whatever names, and nobody gets in by password for a while.
    monkeypatch.setattr(sessions, "FREE_FAILURES_OF_ALL", 12)
    assert [guess(f"name-{number}") for number in range(3)] == ["out", "out", "wait"]


@on_sqlite
def test_the_console_is_off_until_it_can_be_safe(
    make_app: Callable[..., Flask], app: Flask, signed_in: SignedIn
) -> None:
    """Without a key to sign with, without a user, and over plain http from elsewhere; each page says what to do."""
    without_key = make_app(SECRET_KEY=None).test_client().get("/console/sign-in")
    assert (without_key.status_code, "SECRET_KEY is not set" in without_key.text) == (503, True)
    nobody = browser(app).get("/console", follow_redirects=True)
    assert (nobody.status_code, "users create" in nobody.text) == (503, True)
    client = signed_in("viewer")
    assert client.get("/console").status_code == 200
    plain = client.get("/console/sign-in", base_url="http://tranche.example")
    assert (plain.status_code, "plain http" in plain.text) == (503, True)
    assert client.get("/console/sign-in", base_url="http://[::1]:8000").status_code == 200


@on_sqlite
def test_over_https_the_cookie_is_this_hosts_alone(app: Flask) -> None:
    """It has the prefix that browsers insist on, and no page's script sees it."""
    with app.app_context():
        _, token = users.create_user("ada", Role.VIEWER)
    client = browser(app)
    answer = client.post(f"/console/link/{token}", base_url="https://tranche.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tranche=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(re.split("; ?", cookie))
    assert "Domain" not in cookie


@on_sqlite
@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "/console//evil", "/\\evil", "/api/docs"])
def test_signing_in_leads_to_pages_of_the_console_alone(app: Flask, page: str) -> None:
    """Whatever stands in the address that the form was opened by."""
    with app.app_context():
        _, token = users.create_user("ada", Role.VIEWER)
        users.use_link(token, PASSWORD)
    form = {"name": "ada", "password": PASSWORD, "next": page}
    assert browser(app).post("/console/sign-in", data=form).location == "/console"


@on_sqlite
def test_users_are_made_as_they_may_be(app: Flask) -> None:
    """Names are small, roles known, and each name is one person's."""
    with app.app_context():
        assert set(SCOPES) == set(Role)
        users.create_user("a", "viewer", "north")
        with pytest.raises(Conflict):
            users.create_user("a", "admin")
        for wrong in (("A b", "viewer", None), ("b", "root", None), ("b", "viewer", "No Slug")):
            with pytest.raises(Invalid):
                users.create_user(*wrong)
        users.disable_user("a")
        with pytest.raises(Conflict):
            users.make_link("a")
        assert users.enable_user("a").disabled_at is None
        assert db.session.scalar(select(table.c.link_digest)) is None
        assert SECRET_KEY not in repr(app.config["TRANCHE"])


@on_sqlite
def test_names_with_any_characters_are_no_users(app: Flask, signed_in: SignedIn) -> None:
    """And no reason to fail."""
    signed_in()
    form: dict[str, Any] = {"name": "\x00'\";--", "password": "\x00" * 5000}
    assert browser(app).post("/console/sign-in", data=form).status_code == 403
