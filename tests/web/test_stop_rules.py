"""Jobs that stop themselves, over HTTP and by command: the rule is given, shown, and refused if it makes no sense."""

import json
from typing import Any

import pytest
from flask import Flask

from tests.enrichment.helpers import ids
from tests.enrichment.scenes import add, paid
from tests.fakes.provider import registry_of
from tests.web.conftest import Login

JOBS = "/api/enrichment/jobs"


def test_a_rule_is_given_and_shown_over_http_and_by_command(app: Flask, login: Login) -> None:
    """On a job, on a pilot for its rest, and anew when that is continued."""
    app.extensions["tranche.registry"] = registry_of(paid())
    with app.app_context():
        add(40)
    client = login("read", "write")
    rule = {"last": 50, "hitRateUnder": 0.25, "costPerFindOverUsd": 0.3}
    request = {"entityType": "person", "provider": "waterfall", "entityIds": ids(40), "stopWhen": rule}
    job_id = client.post(JOBS, json=request, headers={"Idempotency-Key": "a"}).get_json()["jobId"]
    assert client.get(f"{JOBS}/{job_id}").get_json()["stopWhen"] == rule
    other = client.post(JOBS, json={**request, "stopWhen": {**rule, "last": 51}}, headers={"Idempotency-Key": "a"})
    assert other.status_code == 422
    pilot_id = client.post(JOBS, json={**request, "pilot": 30}).get_json()["jobId"]
    client.post(f"{JOBS}/{pilot_id}/cancel")
    assert client.post(f"{JOBS}/{pilot_id}/continue?stopHitRateUnder=0.0").status_code == 422
    rest = client.post(f"{JOBS}/{pilot_id}/continue?stopHitRateUnder=0.5").get_json()
    assert rest["stopWhen"] == {"last": 100, "hitRateUnder": 0.5, "costPerFindOverUsd": None}

    def enrich(*arguments: str) -> Any:
        result = app.test_cli_runner().invoke(args=["enrich", *arguments])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    options = ["--stop-cost-per-find-over-usd", "0.3", "--stop-last", "50"]
    pilot = json.loads(
        enrich("enqueue", "person", "--all", "--provider", "waterfall", "--pilot", "20", *options, "--json")
    )
    told = enrich("show", pilot["jobId"])
    assert "if of the last 50 a find costs more than $0.300" in told
    enrich("cancel", pilot["jobId"])
    rest = json.loads(enrich("continue", pilot["jobId"], "--json"))
    assert rest["stopWhen"] == {"last": 50, "hitRateUnder": None, "costPerFindOverUsd": 0.3}


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({}, "stopWhen"),
        ({"last": 9, "hitRateUnder": 0.5}, "stopWhen.last"),
        ({"hitRateUnder": 0}, "stopWhen.hitRateUnder"),
        ({"hitRateUnder": 20}, "stopWhen.hitRateUnder"),
        ({"costPerFindOverUsd": -1}, "stopWhen.costPerFindOverUsd"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(login: Login, rule: dict[str, Any], path: str) -> None:
    """With the member that is wrong."""
    request = {"entityType": "person", "provider": "ai-normalizer", "entityIds": ["p0"], "stopWhen": rule}
    response = login("write").post(JOBS, json=request)
    assert (response.status_code, response.get_json()["details"][0]["path"]) == (422, path)
