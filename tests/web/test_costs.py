"""Money over HTTP: estimates, costs, and how the providers stand."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.db.session import transaction
from app.enrichment.limits import circuit_breaker
from app.enrichment.money.reports import today
from app.entities.upsert import upsert_entities
from app.models.spending import costs, spending
from app.models.types import new_id
from app.providers.base import Answer, OutcomeClass
from tests.fakes.provider import FakeProvider, registry_of
from tests.web.conftest import Login

API = "/api/enrichment"
CENT = 10_000
REQUEST = {"entityType": "person", "provider": "findymail", "entityIds": ["a", "b", "a", "nobody"]}


@pytest.fixture(autouse=True)
def providers(app: Flask) -> None:
    """Two providers, of which the second charges for misses too; two people in a workspace each."""
    clay = FakeProvider(name="clay", price_micros=2 * CENT, charges_misses=True)
    app.extensions["tranche.registry"] = registry_of(FakeProvider(name="findymail", price_micros=CENT), clay)
    people = [{"id": "a", "first_name": "Ann"}, {"id": "b", "first_name": "Bo"}]
    with app.app_context():
        for slug in ("default", "north"):
            with transaction() as session:
                upsert_entities("person", people, workspace_slug=slug, session=session)


@pytest.fixture
def reader(login: Login) -> FlaskClient:
    """A client that may read all workspaces."""
    return login("read")


def spend(app: Flask, workspace: str, cost_micros: int, days_ago: int = 0) -> None:
    day = today() - timedelta(days=days_ago)
    row = {"job_id": new_id(), "provider": "findymail", "workspace_slug": workspace, "day": day}
    with transaction() as session:
        session.execute(insert(costs).values(**row, calls=1, charged_calls=1, cost_micros=cost_micros))
        session.execute(insert(spending).values(scope=f"workspace:{workspace}", day=day, spent_micros=cost_micros))


# Estimates


def test_estimate_is_a_range_in_dollars(reader: FlaskClient) -> None:
    """What would be asked of whom, from what to what, and the caps; no job is made."""
    response = reader.post(f"{API}/estimate", json=REQUEST)
    assert response.status_code == 200
    body = response.get_json()
    (cap,) = body.pop("caps")
    assert body == {
        "total": 3,
        "unknown": 1,
        "excluded": 0,
        "satisfied": 0,
        "duplicates": 1,
        "lowUsd": 0,
        "highUsd": 0.02,
        "steps": [
            {
                "provider": "findymail",
                "purpose": "step",
                "questions": 2,
                "missingInput": 0,
                "answeredBefore": 0,
                "lowUsd": 0,
                "highUsd": 0.02,
                "basis": "list",
                "answers": None,
                "findRate": None,
            }
        ],
        "likely": None,
        "warning": None,
        "sampled": None,
        "hasMore": False,
    }
    assert (cap["scope"], cap["capUsd"], cap["remainingUsd"]) == ("overall", 10, 10)
    assert reader.get(f"{API}/jobs").get_json()["jobs"] == []


def test_estimate_takes_the_terms_of_a_job(reader: FlaskClient) -> None:
    """A waterfall of one's own, a cap, and a workspace."""
    more = {"waterfall": {"order": ["clay", "findymail"], "until": ["email"]}, "capUsd": 0.05, "workspaceSlug": "north"}
    body = reader.post(f"{API}/estimate", json={**REQUEST, "provider": "waterfall", **more}).get_json()
    assert [step["provider"] for step in body["steps"]] == ["clay", "findymail"]
    assert (body["lowUsd"], body["highUsd"]) == (0.04, 0.06)
    assert body["caps"][0]["capUsd"] == 0.05
    assert body["warning"].startswith("The job may cost more than its cap leaves: $0.05 of $0.05.")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"entityIds": None}, "entityIds"),
        ({"entityIds": []}, "entityIds"),
        ({"entityIds": ["two words"]}, "entityIds.0"),
        ({"entityType": "place"}, "entityType"),
        ({"provider": "nobody"}, "provider"),
        ({"waterfall": {"order": ["clay"]}}, "waterfall"),
        ({"waterfall": {"order": ["nobody"]}, "provider": "waterfall"}, "waterfall.order"),
        ({"capUsd": "5"}, "capUsd"),
        ({"capUsd": -1}, "capUsd"),
        ({"workspaceSlug": "North"}, "workspaceSlug"),
        ({"chunkSize": 5}, "chunkSize"),
        ({"entities": [{"id": "a"}]}, "entities"),
    ],
)
def test_bad_estimate_is_422_with_path(reader: FlaskClient, change: dict[str, Any], path: str) -> None:
    """Each part of the request is checked."""
    response = reader.post(f"{API}/estimate", json={**REQUEST, **change})
    assert response.status_code == 422
    assert [entry["path"] for entry in response.get_json()["details"]] == [path]


def test_bound_key_estimates_in_its_workspace(login: Login) -> None:
    """It is not told the cap that all workspaces share, and no other workspace's people."""
    north = login("read", workspace_slug="north")
    body = north.post(f"{API}/estimate", json={**REQUEST, "capUsd": 1}).get_json()
    assert ([cap["scope"] for cap in body["caps"]], body["unknown"]) == (["job"], 1)
    assert north.post(f"{API}/estimate", json={**REQUEST, "workspaceSlug": "default"}).status_code == 403


# Costs


def test_costs_are_reported_in_dollars(app: Flask, reader: FlaskClient) -> None:
    """Rows by key, the total, and today's caps."""
    with app.app_context():
        spend(app, "default", 3 * CENT)
        spend(app, "default", 4 * CENT, days_ago=40)
        last = today()
    body = reader.get(f"{API}/costs").get_json()
    counts = {"calls": 1, "chargedCalls": 1, "costUsd": 0.03, "inDoubtUsd": 0}
    assert (body["from"], body["to"]) == ((last - timedelta(days=29)).isoformat(), last.isoformat())
    assert (body["groupBy"], body["nextCursor"]) == ("provider", None)
    assert (body["rows"], body["total"]) == ([{**counts, "key": "findymail"}], counts)
    overall, default = body["caps"]
    assert (overall["scope"], overall["capUsd"], overall["workspaceSlug"]) == ("overall", 10, None)
    assert default == {
        "scope": "workspace",
        "workspaceSlug": "default",
        "provider": None,
        "keyId": None,
        "capUsd": None,
        "spentUsd": 0.03,
        "reservedUsd": 0,
        "remainingUsd": None,
    }


def test_costs_are_filtered_grouped_and_paged(app: Flask, reader: FlaskClient) -> None:
    """By days, by workspace, by group; the cursor leads on."""
    with app.app_context():
        spend(app, "default", 3 * CENT)
        spend(app, "default", 4 * CENT, days_ago=40)
        spend(app, "north", 5 * CENT)
        past = (today() - timedelta(days=40)).isoformat()
    body = reader.get(f"{API}/costs?from={past}&to={past}&groupBy=day").get_json()
    assert [(row["key"], row["costUsd"]) for row in body["rows"]] == [(past, 0.04)]
    first = reader.get(f"{API}/costs?groupBy=workspace&limit=1").get_json()
    second = reader.get(f"{API}/costs?groupBy=workspace&limit=1&cursor={first['nextCursor']}").get_json()
    assert [row["key"] for row in first["rows"] + second["rows"]] == ["default", "north"]
    assert (second["nextCursor"], second["total"]) == (None, first["total"])
    assert reader.get(f"{API}/costs?workspaceSlug=north").get_json()["total"]["costUsd"] == 0.05


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-02&to=2026-02-01",
        "from=yesterday",
        "to=20260201",
        "from=",
        "groupBy=entity",
        "limit=0",
        "limit=1001",
        "cursor=",
        "groupBy=job&cursor=x",
        "day=2026-02-02",
    ],
)
def test_bad_cost_query_is_422(reader: FlaskClient, query: str) -> None:
    """What means nothing is told."""
    assert reader.get(f"{API}/costs?{query}").status_code == 422


def test_bound_key_sees_its_own_costs_alone(app: Flask, login: Login) -> None:
    """Neither others' costs nor the cap that all share."""
    with app.app_context():
        spend(app, "default", 3 * CENT)
        spend(app, "north", 5 * CENT)
    north = login("read", workspace_slug="north")
    body = north.get(f"{API}/costs?groupBy=workspace").get_json()
    assert [row["key"] for row in body["rows"]] == ["north"]
    assert [(cap["scope"], cap["workspaceSlug"]) for cap in body["caps"]] == [("workspace", "north")]
    assert north.get(f"{API}/costs?workspaceSlug=default").status_code == 403


# Providers


def test_providers_are_shown_and_reset(app: Flask, login: Login) -> None:
    """How each stands, with what holds it back, until that is forgotten."""
    admin = login("admin")
    registry = app.extensions["tranche.registry"]
    with app.app_context(), transaction() as session:
        gone = Answer(OutcomeClass.CREDITS_EXHAUSTED, error="Credits are gone.")
        circuit_breaker.record(session, registry.providers["clay"], [gone], {})
    findymail, clay = admin.get(f"{API}/providers").get_json()["providers"]
    assert findymail == {
        "name": "findymail",
        "account": None,
        "isVerifier": False,
        "entityTypes": ["company", "person"],
        "missing": None,
        "isAvailable": True,
        "condition": "available",
        "reason": None,
        "since": None,
        "until": None,
        "failures": 0,
        "blockedUntil": None,
        "limits": "",
        "prices": [],
        "callsUnderWay": 0,
        "spentTodayUsd": 0,
    }
    assert (clay["condition"], clay["reason"], clay["isAvailable"]) == ("credits_exhausted", "Credits are gone.", False)
    assert clay["until"] > clay["since"]
    reset = {**findymail, "name": "clay"}
    answer = admin.post(f"{API}/providers/clay/reset")
    assert (answer.status_code, answer.get_json()) == (200, reset)


def test_bound_key_sees_what_its_workspace_spent(app: Flask, login: Login) -> None:
    """The conditions are everybody's, the money is not."""
    with app.app_context():
        spend(app, "default", 3 * CENT)
    for slug, spent in (("default", 0.03), ("north", 0)):
        body = login("read", workspace_slug=slug).get(f"{API}/providers").get_json()
        assert body["providers"][0]["spentTodayUsd"] == spent


def test_reset_needs_an_admin_of_everything(login: Login) -> None:
    """A provider is shared by all workspaces."""
    url = f"{API}/providers/clay/reset"
    assert login("read", "write", "process").post(url).status_code == 403
    assert login("admin", workspace_slug="north").post(url).status_code == 403
    assert login("admin").post(url).status_code == 200


def test_reset_of_nobody_is_404(login: Login) -> None:
    """The answer names those that there are, and does not repeat the name."""
    response = login("admin").post(f"{API}/providers/marker/reset")
    assert (response.status_code, response.get_json()["code"]) == (404, "not_found")
    assert response.get_json()["error"] == "There is no such provider; expected one of findymail, clay."


def test_money_needs_the_scope_to_read(login: Login) -> None:
    """A key that may write alone learns nothing of it."""
    writer = login("write")
    assert writer.post(f"{API}/estimate", json=REQUEST).status_code == 403
    assert writer.get(f"{API}/costs").status_code == 403
    assert writer.get(f"{API}/providers").status_code == 403
