"""Single sign-on, with a provider that is asked over HTTP."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Config, ConfigError
from app.extensions import db
from app.models.user import Role
from app.oidc_settings import ROLES
from app.web import sessions, single_sign_on, users
from app.web.identities import Identity, admit
from tests.audit.helpers import told
from tests.cli.conftest import run
from tests.console.conftest import browser
from tests.fakes.identity_provider import CLIENT, IdentityProvider, running_identity_provider
from tests.security.evidence import every_row

# The provider that the tests run says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GRANTS = "cn=admins,ou=groups=admin; growth=operator@north; everyone=viewer@north"
MakeApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """A provider for all tests of this module."""
    with running_identity_provider() as running:
        yield running


@pytest.fixture
def sso_app(make_app: MakeApp, provider: IdentityProvider) -> Flask:
    """An application whose users come from the provider."""
    settings = {"OIDC_ISSUER": provider.url, "OIDC_ROLES": GRANTS, "PUBLIC_URL": "http://localhost", **CLIENT}
    return make_app(LOG_LEVEL="DEBUG", **settings)


def begin(client: FlaskClient, next_page: str = "") -> str:
    """Click on the button; return where at the provider it leads."""
    answer = client.get("/console/sso", query_string={"next": next_page})
    assert answer.status_code == 302, answer.text
    return answer.location


def come_back(client: FlaskClient, address: str) -> TestResponse:
    """Go where the provider leads to."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "http://localhost/console/sso/return"
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: FlaskClient, provider: IdentityProvider, subject: str, next_page: str = "") -> TestResponse:
    """Go the whole way."""
    return come_back(client, provider.sign_in(begin(client, next_page), subject))


def test_groups_say_who_may_do_what_and_where(
    caplog: pytest.LogCaptureFixture, sso_app: Flask, provider: IdentityProvider
) -> None:
    """Anew at each sign-in; who they are is what the provider calls them, and nothing is taken over by a name."""
    with sso_app.app_context():
        users.create_user("ada", "admin")
    provider.has("s-1", preferred_username="Ada", email="ada@corp.example", groups=["everyone", "growth"])
    client = browser(sso_app)
    shown = client.get("/console/jobs", follow_redirects=True).text
    assert 'href="http://localhost/console/sso?next=%2Fconsole%2Fjobs"' in shown and 'type="password"' not in shown
    back = sign_in(client, provider, "s-1", "/console/jobs")
    assert (back.status_code, back.location) == (303, "/console/jobs")
    assert client.get("/console/new").status_code == 200 and client.get("/console/users").status_code == 403
    with sso_app.app_context():
        one, two = users.list_users()
    assert (one.name, one.subject) == ("ada", None) and two.name.startswith("ada-") and two.subject == "s-1"
    assert (two.role, two.workspace_slug) == ("operator", "north")
    # Another address and another name are the same person; another person with both is another.
    provider.has("s-1", preferred_username="x", email="x@corp.example", groups=["cn=admins,ou=groups", "everyone"])
    provider.has("s-2", preferred_username="Ada", email="ada@corp.example", groups="everyone")
    assert [sign_in(browser(sso_app), provider, subject).status_code for subject in ("s-1", "s-2")] == [303, 303]
    assert client.get("/console/users").status_code == 200
    with sso_app.app_context():
        _, *others = sorted(users.list_users(), key=lambda user: user.subject or "")
        assert [(user.id == two.id, user.role) for user in others] == [(True, "admin"), (False, "viewer")]
        assert [(row.action, row.actor_kind) for row in told()][-3:] == [
            ("user.create", "system"), ("user.role", "system"), ("user.create", "system")]  # fmt: skip
        stored = "\n".join(row for rows in every_row().values() for row in rows)
    assert "corp.example" not in stored
    said = caplog.text
    secrets = [form[name] for form in provider.forms for name in ("code", "code_verifier")]
    assert "request answered" in said
    assert not [secret for secret in (*secrets, CLIENT["OIDC_CLIENT_SECRET"], "corp.example") if secret in said]


@on_sqlite
def test_who_is_in_no_group_or_disabled_stays_out(sso_app: Flask, provider: IdentityProvider) -> None:
    """And is told why, and signed out wherever they are in; signing out is what it was."""
    provider.has("s-3", preferred_username="eve", groups=["everyone"])
    first, second = browser(sso_app), browser(sso_app)
    assert sign_in(first, provider, "s-3").status_code == 303
    assert first.get("/console").status_code == 200
    for groups in ([], ["Everyone", "growth "], {"growth": True}, None):
        provider.has("s-3", preferred_username="eve", groups=groups)
        refused = sign_in(second, provider, "s-3")
        assert (refused.status_code, "You are in no group" in refused.text) == (403, True), groups
    assert {one.get("/console").status_code for one in (first, second)} == {302}
    provider.has("s-3", preferred_username="eve", groups=["growth"])
    assert sign_in(first, provider, "s-3").status_code == 303
    assert first.post("/console/sign-out").status_code == 303 and first.get("/console").status_code == 302
    provider.has("s-3", preferred_username="eve", groups=["everyone"])
    with sso_app.app_context():
        users.disable_user("eve")
    refused = sign_in(second, provider, "s-3")
    assert (refused.status_code, "disabled here" in refused.text) == (403, True)
    with sso_app.app_context():
        (eve,) = users.list_users()
    assert (eve.role, second.get("/console").status_code) == ("operator", 302)


def test_two_browsers_of_somebody_who_is_new_make_one_user(sso_app: Flask) -> None:
    """Also if they come at the same moment, and somebody else has the name."""
    with sso_app.app_context():
        users.create_user("kim", "viewer")
    kim = Identity("https://login.example", "s-9", "kim", ["growth"])

    def come(_: int) -> str:
        with sso_app.app_context():
            try:
                return admit(kim).id
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(come, range(4)))) == 1
    with sso_app.app_context():
        assert len(users.list_users()) == 2 and [row.action for row in told()] == ["user.create"] * 2


def test_a_user_from_before_is_tied_to_an_identity_by_command_and_parted_again(
    sso_app: Flask, provider: IdentityProvider
) -> None:
    """Nobody else is taken over, whoever is signed in has to come again, and then the groups count."""

    def come(subject: str, issuer: str = provider.url) -> str:
        with sso_app.app_context():
            return admit(Identity(issuer, subject, "somebody", ["growth"])).id

    with sso_app.app_context():
        ada, bob = (users.create_user(name, "viewer")[0] for name in ("ada", "bob"))
        token = sessions.begin_session(ada)
    assert run(sso_app, "users", "set-identity", "ada", "--subject", "s-7").exit_code == 0
    with sso_app.app_context():
        assert sessions.find_session(token) is None
    # A slash at the end makes no other provider.
    assert come("s-7") == come("s-7", f"{provider.url}/") == ada.id and come("s-8") not in {ada.id, bob.id}
    refused = [("ada", "s-9"), ("bob", "s-7"), ("bob", "s-8"), ("bob", ""), ("bob", "x" * 256), ("nobody", "s-9")]
    for name, subject in refused:
        assert run(sso_app, "users", "set-identity", name, "--subject", subject).exit_code == 2, (name, subject)
    elsewhere = run(sso_app, "users", "set-identity", "bob", "--subject", "s-9", "--issuer", "https://evil.example")
    assert elsewhere.exit_code == 2 and provider.url in elsewhere.stderr
    assert json.loads(run(sso_app, "users", "remove-identity", "ada", "--json").stdout)["subject"] is None
    assert run(sso_app, "users", "remove-identity", "ada").exit_code == 2
    assert come("s-7") not in {ada.id, bob.id}
    with sso_app.app_context():
        states = [(row.before, row.after) for row in told() if row.action == "user.identity"]
    tie = {"issuer": provider.url, "subject": "s-7"}
    assert states == [(None, tie), (tie, None)]


@on_sqlite
def test_what_the_provider_did_not_say_to_this_browser_signs_nobody_in(
    sso_app: Flask, provider: IdentityProvider
) -> None:
    """Another state, nonce, audience, issuer, signature or time; a code that was used; a refusal, an empty answer."""
    groups = {"groups": ["everyone"]}
    client = browser(sso_app)

    def is_refused(answer: TestResponse) -> bool:
        return (answer.status_code, "Begin again" in answer.text) == (403, True)

    lies: list[dict[str, Any]] = [
        {"nonce": "another"}, {"aud": "another"}, {"aud": ["another"], "azp": "tranche"}, {"azp": "another"},
        {"iss": "https://evil.example"}, {"exp": 1}, {"at_hash": "x"},
    ]  # fmt: skip
    for lie in lies:
        provider.has("s-4", **groups, **lie)
        assert is_refused(sign_in(client, provider, "s-4")), lie
    provider.has("s-4", **groups)
    provider.signs_with_another_key = True
    assert is_refused(sign_in(client, provider, "s-4"))
    provider.signs_with_another_key = False
    address = provider.sign_in(begin(client), "s-4")
    assert is_refused(come_back(browser(sso_app), address))
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    for wrong in ({"state": "another"}, {"code": "another"}, {"error": "access_denied<b>"}):
        assert is_refused(client.get(f"/console/sso/return?{urlencode({**query, **wrong})}")), wrong
    assert is_refused(come_back(client, provider.sign_in(begin(client), "")))
    address = provider.sign_in(begin(client), "s-4")
    assert client.head(address).status_code == 404
    assert come_back(client, address).status_code == 303
    assert client.post("/console/sign-out").status_code == 303
    assert is_refused(come_back(client, address)) and is_refused(client.get("/console/sso/return"))
    assert client.get("/console").status_code == 302
    for page in ("https://evil.example/", "//evil.example", "/console//evil", "/\\evil", "/api/docs"):
        assert sign_in(client, provider, "s-4", page).location == "/console"


@on_sqlite
def test_a_provider_that_is_away_is_said_to_be(sso_app: Flask, make_app: MakeApp, provider: IdentityProvider) -> None:
    """Whether it answers with an error, not at all, or too many are waiting for it; one that is another is refused."""
    client = browser(sso_app)
    provider.has("s-5", groups=["everyone"])
    address = provider.sign_in(begin(client, "/console/jobs"), "s-5")
    provider.is_broken = True
    away = [client.get("/console/sso"), come_back(client, address)]
    provider.is_broken = False
    settings = {"OIDC_ROLES": GRANTS, "PUBLIC_URL": "http://localhost", **CLIENT}
    away.append(browser(make_app(OIDC_ISSUER="http://localhost:1", **settings)).get("/console/sso"))
    for _ in range(4):
        single_sign_on._ASKING.acquire()
    away.append(client.get("/console/sso"))
    single_sign_on._ASKING.release(4)
    assert [(answer.status_code, "cannot be reached" in answer.text) for answer in away] == [(503, True)] * 4
    document = "/.well-known/openid-configuration"
    for answer in ({"issuer": "https://evil.example"}, {"issuer": 1}, ["x"], {}):
        provider.answers[document] = answer
        assert client.get("/console/sso").status_code == 403, answer
    provider.answers.clear()
    assert sign_in(client, provider, "s-5").status_code == 303


@on_sqlite
def test_groups_are_asked_for_if_they_do_not_stand_in_the_token(sso_app: Flask, provider: IdentityProvider) -> None:
    """And count only if they are those of the same person."""
    provider.has("s-7", preferred_username="zoë\x00 <b>")
    for told_of, status in (("s-8", 403), ("s-7", 303)):
        provider.answers["/userinfo"] = {"sub": told_of, "groups": ["growth"]}
        assert sign_in(browser(sso_app), provider, "s-7").status_code == status
    provider.answers.clear()
    with sso_app.app_context():
        assert [(user.name, user.role) for user in users.list_users()] == [("zo-b-", "operator")]


@on_sqlite
def test_with_single_sign_on_a_link_by_command_is_the_only_other_way_in(
    sso_app: Flask, provider: IdentityProvider
) -> None:
    """No password, old or new, and no link from a page; what the groups decide is changed by nobody here."""
    with sso_app.app_context():
        ada, token = users.create_user("ada", "admin")
        users.use_link(token, "correct horse battery")
        token = users.make_link("ada")
    client = browser(sso_app)
    password = {"name": "ada", "password": "correct horse battery"}
    refused = client.post("/console/sign-in", data=password)
    assert (refused.status_code, "Passwords are off" in refused.text) == (403, True)
    assert 'type="password"' not in client.get(f"/console/link/{token}").text
    assert client.post(f"/console/link/{token}", data={"password": "short"}).status_code == 303
    page = client.get("/console/users").text
    assert "cn=admins,ou=groups" in page and "Invite" not in page
    assert client.post("/console/users", data={"name": "eve", "role": "admin"}).status_code == 409
    assert client.post(f"/console/users/{ada.id}/link").status_code == 409
    provider.has("s-6", preferred_username="eve", groups=["growth"])
    assert sign_in(browser(sso_app), provider, "s-6").status_code == 303
    with sso_app.app_context():
        eve = next(user for user in users.list_users() if user.name == "eve")
    one = client.get(f"/console/users/{eve.id}").text
    assert "identity provider" in one and "s-6" in one and "Change role" not in one
    assert client.post(f"/console/users/{eve.id}/role", data={"role": "admin"}).status_code == 409


def test_single_sign_on_is_set_up_whole_or_refused_at_start() -> None:
    """By the name of what is missing or wrong, without its value."""
    whole = {
        "OIDC_ISSUER": "https://login.example/realm/",
        "OIDC_ROLES": GRANTS,
        "PUBLIC_URL": "https://tranche.example",
        "SECRET_KEY": "a-secret-key-for-tests",
        **CLIENT,
    }
    config = Config.from_env(whole)
    assert tuple(Role) == ROLES and config.has_single_sign_on and CLIENT["OIDC_CLIENT_SECRET"] not in repr(config)
    assert [(grant.group, grant.role, grant.workspace_slug) for grant in config.grants] == [
        ("cn=admins,ou=groups", "admin", None), ("growth", "operator", "north"), ("everyone", "viewer", "north")
    ]  # fmt: skip
    wrong = [(name, "") for name in whole]
    wrong += [("OIDC_ISSUER", "http://hunter2.example"), ("OIDC_ISSUER", "hunter2"), ("OIDC_SCOPES", "hunter2")]
    wrong += [("PUBLIC_URL", "http://hunter2.example")]
    wrong += [("OIDC_ROLES", text) for text in ("hunter2", "=admin", "hunter2=root", "a=admin@", "a=admin@Hunter2")]
    for name, value in wrong:
        with pytest.raises(ConfigError) as raised:
            Config.from_env({**whole, name: value})
        assert str(raised.value).startswith(f"{name}: expected") and "hunter2" not in str(raised.value), name
    assert not Config.from_env({}).has_single_sign_on


@on_sqlite
def test_without_the_extra_it_does_not_start(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which one is missing."""
    monkeypatch.setattr(single_sign_on, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"extra \[oidc\]"):
        make_app(OIDC_ISSUER="https://login.example", OIDC_ROLES=GRANTS, PUBLIC_URL="https://t.example", **CLIENT)
