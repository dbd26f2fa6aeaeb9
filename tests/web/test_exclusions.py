"""Exclusions over HTTP."""

import re
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Login

EXCLUSIONS = "/api/enrichment/exclusions"


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything in every workspace."""
    return login("admin")


def values_of(client: FlaskClient, **query: str) -> list[str]:
    """Return the values of a list."""
    response = client.get(EXCLUSIONS, query_string=query)
    assert response.status_code == 200, response.text
    return [one["value"] for one in response.get_json()["exclusions"]]


def test_exclusions_are_added_and_listed(admin: FlaskClient) -> None:
    """Counts tell new ones from known ones; the list has kind, value and time."""
    body = {"values": ["https://Acme.com/", "acme.com", "Ann@free.com"]}
    response = admin.post(EXCLUSIONS, json=body)
    assert (response.status_code, response.get_json()) == (200, {"created": 2, "unchanged": 1})
    answer = admin.get(EXCLUSIONS).get_json()
    assert [(one["kind"], one["value"]) for one in answer["exclusions"]] == [
        ("domain", "acme.com"),
        ("email", "ann@free.com"),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["exclusions"][0]["createdAt"])
    assert answer["nextCursor"] is None


def test_exclusions_are_paged(admin: FlaskClient) -> None:
    """The cursor leads on, from domains to addresses."""
    admin.post(EXCLUSIONS, json={"values": ["a.com", "b.com", "a+b@c.com"]})
    page = admin.get(EXCLUSIONS, query_string={"limit": "2"}).get_json()
    assert page["nextCursor"] == "b.com"
    assert values_of(admin, limit="2", cursor=page["nextCursor"]) == ["a+b@c.com"]


@pytest.mark.parametrize("value", ["acme.com", "ann+x@free.com", "o'neil/sales?#%@free.com"])
def test_exclusion_is_removed_by_its_value(admin: FlaskClient, value: str) -> None:
    """The value in the path may hold what addresses hold; gone, it is unknown."""
    admin.post(EXCLUSIONS, json={"values": [value, "other.com"]})
    url = f"{EXCLUSIONS}/{quote(value)}"
    assert admin.delete(url).status_code == 204
    assert values_of(admin) == ["other.com"]
    response = admin.delete(url)
    assert (response.status_code, response.get_json()["code"]) == (404, "not_found")
    assert value not in response.text
    assert admin.delete(f"{EXCLUSIONS}/nothing").status_code == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "values"),
        ({"values": []}, "values"),
        ({"values": ["a.com"] * 10_001}, "values"),
        ({"values": "a.com"}, "values"),
        ({"values": ["a.com", 7]}, "values.1"),
        ({"values": ["a.com", ""]}, "values.1"),
        ({"values": ["a.com", "nothing"]}, "values.1"),
        ({"values": ["a.com"], "kind": "domain"}, "kind"),
    ],
)
def test_bad_request_is_refused_as_a_whole(admin: FlaskClient, body: object, path: str) -> None:
    """422 says where, and nothing is stored."""
    response = admin.post(EXCLUSIONS, json=body)
    assert (response.status_code, response.get_json()["details"][0]["path"]) == (422, path)
    assert values_of(admin) == []


def test_exclusions_are_of_one_workspace(admin: FlaskClient, login: Login) -> None:
    """A key sees and changes those of its own workspace alone."""
    admin.post(EXCLUSIONS, json={"values": ["a.com"], "workspaceSlug": "north"})
    admin.post(EXCLUSIONS, json={"values": ["b.com"]})
    north = login("read", "write", workspace_slug="north")
    assert values_of(north) == ["a.com"]
    assert north.delete(f"{EXCLUSIONS}/b.com").status_code == 404
    assert north.get(EXCLUSIONS, query_string={"workspaceSlug": "default"}).status_code == 403
    assert north.post(EXCLUSIONS, json={"values": ["c.com"], "workspaceSlug": "default"}).status_code == 403
    assert admin.delete(f"{EXCLUSIONS}/a.com?workspaceSlug=north").status_code == 204
    assert (values_of(admin), values_of(north)) == (["b.com"], [])
