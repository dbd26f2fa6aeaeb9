"""Workspaces' own keys over HTTP: set, listed without the key, removed, each in its own workspace."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.conftest import Login, client_with, make_key

URL = "/api/enrichment/provider-keys"
KEY = "pk-live-1234567890"


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything in every workspace."""
    return login("admin")


def test_a_key_is_set_listed_and_removed_and_never_shown(admin: FlaskClient) -> None:
    """Its last four characters are, with who set it and when; it may be set again."""
    for key in (KEY, f"{KEY}-new"):
        answer = admin.put(f"{URL}/findymail", json={"key": key, "workspaceSlug": "north"})
        assert answer.status_code == 200
        view = answer.get_json()
        assert view.pop("setAt").endswith("Z")
        assert view == {
            "workspaceSlug": "north",
            "provider": "findymail",
            "lastFour": key[-4:],
            "setBy": "API key for a test",
            "problem": None,
        }
    admin.put(f"{URL}/prospeo", json={"key": KEY, "workspaceSlug": "north"})
    admin.put(f"{URL}/prospeo", json={"key": KEY})
    first = admin.get(f"{URL}?limit=2")
    body = first.get_json()
    second = admin.get(f"{URL}?cursor={body['nextCursor']}").get_json()
    listed = [(row["workspaceSlug"], row["provider"]) for row in body["providerKeys"] + second["providerKeys"]]
    assert listed == [("default", "prospeo"), ("north", "findymail"), ("north", "prospeo")]
    assert second["nextCursor"] is None and KEY not in first.text
    assert len(admin.get(f"{URL}?workspaceSlug=north").get_json()["providerKeys"]) == 2
    shown = admin.get("/api/enrichment/providers?workspaceSlug=north").get_json()["providers"]
    accounts = {view["name"]: (view["account"], view["missing"]) for view in shown}
    assert accounts["findymail"] == accounts["findymail-verify"] == ("north", None)
    assert accounts["aiark"][0] is None
    assert admin.delete(f"{URL}/findymail?workspaceSlug=north").status_code == 204
    assert admin.delete(f"{URL}/findymail?workspaceSlug=north").status_code == 404


def test_an_admin_of_one_workspace_sets_its_keys_alone(login: Login, admin: FlaskClient) -> None:
    """What is held against its own account it may forget, and nothing that others share."""
    north = login("admin", workspace_slug="north")
    assert north.put(f"{URL}/findymail", json={"key": KEY}).get_json()["workspaceSlug"] == "north"
    assert north.put(f"{URL}/findymail", json={"key": KEY, "workspaceSlug": "south"}).status_code == 403
    admin.put(f"{URL}/prospeo", json={"key": KEY, "workspaceSlug": "south"})
    assert [row["provider"] for row in north.get(URL).get_json()["providerKeys"]] == ["findymail"]
    reset = "/api/enrichment/providers/{}/reset"
    assert north.post(reset.format("findymail")).get_json()["account"] == "north"
    assert north.post(reset.format("prospeo")).status_code == 403
    assert admin.post(reset.format("prospeo") + "?workspaceSlug=north").status_code == 404
    assert admin.post(reset.format("findymail")).get_json()["account"] is None


@pytest.mark.parametrize(
    ("provider", "body", "status", "said"),
    [
        ("nobody", {"key": KEY}, 404, "expected one of prospeo"),
        ("findymail", {"key": "short"}, 422, "expected 12 to 512 printable"),
        ("findymail", {"key": "two words and more"}, 422, "expected 12 to 512 printable"),
        ("findymail", {}, 422, "is required"),
    ],
)
def test_a_key_that_cannot_be_set_is_told(
    admin: FlaskClient, provider: str, body: dict[str, str], status: int, said: str
) -> None:
    """With what was expected, and without the key."""
    answer = admin.put(f"{URL}/{provider}", json=body)
    assert answer.status_code == status and said in answer.text
    assert "short" not in answer.text and "two words" not in answer.text


def test_no_key_is_taken_without_a_secret(make_app: Callable[..., Flask]) -> None:
    """The answer says what to set."""
    app = make_app(SECRET_KEY=None)
    answer = client_with(app, make_key(app, "admin")).put(f"{URL}/findymail", json={"key": KEY})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert "SECRET_KEY is not set" in answer.get_json()["error"]
