"""Caps over HTTP: set, listed, kept, removed, by admins of everything alone."""

from typing import Any

import pytest
from flask import Flask

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.upsert import upsert_entities
from app.web import api_keys
from tests.fakes.provider import FakeProvider, registry_of
from tests.web.conftest import Login

URL = "/api/enrichment/caps"


def test_a_cap_is_set_shown_where_money_is_and_removed(login: Login) -> None:
    """With what is spent under it today; a workspace is shown its own and none of everything."""
    admin, north = login("admin"), login("read", workspace_slug="north")
    answer = admin.put(URL, json={"provider": "findymail", "workspaceSlug": "north", "capUsd": 2.5})
    body = answer.get_json()
    assert answer.status_code == 200 and body["setAt"].endswith("Z") and body["setBy"].startswith("API key")
    cap = body["cap"]
    assert cap == {
        "scope": "provider",
        "provider": "findymail",
        "workspaceSlug": "north",
        "keyId": None,
        "capUsd": 2.5,
        "spentUsd": 0,
        "reservedUsd": 0,
        "remainingUsd": 2.5,
    }
    admin.put(URL, json={"provider": "findymail", "capUsd": 7})
    admin.put(URL, json={"workspaceSlug": "north", "capUsd": 5})
    shown = north.get("/api/enrichment/costs").get_json()["caps"]
    assert [(one["scope"], one["capUsd"]) for one in shown] == [("workspace", 5), ("provider", 2.5)]
    everything = admin.get("/api/enrichment/costs").get_json()["caps"]
    assert [(one["scope"], one["capUsd"]) for one in everything] == [("overall", 10), ("provider", 7)]
    first = admin.get(f"{URL}?limit=2").get_json()
    second = admin.get(f"{URL}?cursor={first['nextCursor']}").get_json()
    assert len(first["caps"] + second["caps"]) == 3 and second["nextCursor"] is None
    assert admin.delete(f"{URL}?provider=findymail").status_code == 204
    assert admin.delete(f"{URL}?provider=findymail").status_code == 404


def test_jobs_fall_under_the_cap_of_the_key_that_calls(app: Flask, login: Login) -> None:
    """Also a retry; the estimate of that key says so, and another key's jobs go on."""
    app.extensions["tranche.registry"] = registry_of(FakeProvider(name="findymail", price_micros=10_000))
    admin, maker, other = login("admin"), login("read", "write"), login("write")
    with app.app_context(), transaction() as session:
        upsert_entities(
            "person", [{"id": one, "first_name": "Ann"} for one in "ab"], workspace_slug="default", session=session
        )
    keys = {key.id for key in _keys(app) if key.scopes == ["read", "write"]}
    assert admin.put(URL, json={"keyId": keys.pop(), "capUsd": 0.005}).status_code == 200
    job: dict[str, Any] = {"entityType": "person", "provider": "findymail", "entityIds": ["a"]}
    warning = maker.post("/api/enrichment/estimate", json=job).get_json()["warning"]
    assert "the API key's daily cap leaves: $0.005 of $0.005" in warning
    held = maker.post("/api/enrichment/jobs", json=job).get_json()["jobId"]
    free = other.post("/api/enrichment/jobs", json={**job, "entityIds": ["b"]}).get_json()["jobId"]
    with app.app_context():
        queue.drain(work=Waterfall())
        reason = queue.get_job(held).pause_reason
        assert reason is not None and reason.startswith("The daily cap of $0.005 of the API key")
        assert queue.get_job(free).success == 1


def _keys(app: Flask) -> Any:
    with app.app_context():
        return api_keys.list_keys()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"capUsd": 1},
        {"provider": "nobody", "capUsd": 1},
        {"provider": "findymail"},
        {"provider": "findymail", "capUsd": -1},
        {"keyId": "x", "capUsd": 1},
        {"keyId": "019ad2a1-0000-7000-8000-000000000000", "provider": "clay", "capUsd": 1},
    ],
)
def test_a_cap_of_nothing_is_422(login: Login, body: dict[str, Any]) -> None:
    """What it may be of is said."""
    assert login("admin").put(URL, json=body).status_code == 422


def test_a_workspace_cannot_change_what_holds_it(login: Login) -> None:
    """Nor look at the caps of others."""
    north = login("admin", workspace_slug="north")
    for answer in (
        north.put(URL, json={"workspaceSlug": "north", "capUsd": 100}),
        north.delete(f"{URL}?workspaceSlug=north"),
        north.get(URL),
    ):
        assert answer.status_code == 403
