"""Pilots over HTTP and by command: a sample first, what it says of the rest, and then the rest."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.pilots import Rest
from app.enrichment.waterfall import pilot_routes
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.options import Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions
from app.errors import JobStateConflict
from app.extensions import db
from app.models.job import EnrichmentJob, jobs
from app.models.pilot import rest_chunks
from app.providers.base import Answer, OutcomeClass
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import BAD, NOT_FOUND, add, change, in_threads, paid
from tests.fakes.provider import registry_of
from tests.invariants import check_invariants
from tests.web.conftest import Login

JOBS = "/api/enrichment/jobs"
COUNT = 120
REQUEST = {"entityType": "person", "provider": "waterfall", "entityIds": ids(COUNT), "pilot": 30, "capUsd": 9}
VALID = Answer(OutcomeClass.SUCCESS, fields={"email": "ada@example.com", "email_status": "valid"})


@pytest.fixture
def people(app: Flask) -> Flask:
    """People of whom a provider finds every other one, for two cents."""
    missing = {entity_id: NOT_FOUND for entity_id in ids(COUNT)[::2]}
    registry = registry_of(paid(answers=missing, default=VALID))
    app.extensions["tranche.registry"] = replace(registry, verifiers={})
    with app.app_context():
        add(COUNT)
    return app


def drain(app: Flask) -> None:
    with app.app_context():
        queue.drain(work=Waterfall(retry_seconds=()))


def enrich(app: Flask, *arguments: str) -> Any:
    result = app.test_cli_runner().invoke(args=["enrich", *arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_pilot_says_what_the_rest_costs_and_is_continued_once(people: Flask, login: Login) -> None:
    """By HTTP: the sample, the report with its interval, the estimate of the rest, and the rest by the same terms."""
    client = login("read", "write", workspace_slug="default")
    headers = {"Idempotency-Key": "one"}
    accepted = client.post(JOBS, json=REQUEST, headers=headers).get_json()
    assert accepted["total"] == 30
    assert client.post(JOBS, json=REQUEST, headers=headers).get_json() == accepted
    assert client.post(JOBS, json={**REQUEST, "pilot": 31}, headers=headers).status_code == 422
    address = f"{JOBS}/{accepted['jobId']}"
    report = client.get(f"{address}/pilot").get_json()
    assert (report["decided"], report["rest"], report["idle"], report["restCost"]) == (0, 90, 0, None)
    assert "Fewer than 20" in report["whyNoProjection"]
    early = client.post(f"{address}/continue")
    assert (early.status_code, early.get_json()["code"]) == (409, "job_state")
    drain(people)
    report = client.get(f"{address}/pilot").get_json()
    hits = report["hits"]
    assert (report["decided"], report["verified"], report["verifiedRate"]) == (30, hits, 1.0)
    assert report["costUsd"] == hits * 0.02 == pytest.approx(report["costPerHitUsd"] * hits)
    assert 0 < report["restCost"]["lowUsd"] < report["restCost"]["expectedUsd"]
    estimate = client.get(f"{address}/continue").get_json()
    assert (estimate["total"], estimate["highUsd"]) == (90, 90 * 0.02)
    assert estimate["sampled"] is None
    with pytest.MonkeyPatch.context() as few:
        few.setattr(pilot_routes, "MOST_SURVEYED", 60)
        estimate = client.get(f"{address}/continue").get_json()
    assert (estimate["total"], estimate["sampled"]) == (90, 60) and estimate["highUsd"] >= 90 * 0.02
    job = client.post(f"{address}/continue?capUsd=7.5").get_json()
    assert (job["total"], job["capUsd"], job["provider"], job["workspaceSlug"]) == (90, 7.5, "waterfall", "default")
    drain(people)
    actual = client.get(f"{JOBS}/{job['id']}").get_json()["costUsd"]
    assert report["restCost"]["lowUsd"] <= actual <= report["restCost"]["highUsd"]
    again = client.post(f"{address}/continue")
    assert (again.status_code, job["id"] in again.get_json()["error"]) == (409, True)
    assert client.get(f"{address}/continue").status_code == 409
    assert client.get(f"{address}/pilot").get_json()["continuedJobId"] == job["id"]
    with people.app_context():
        taken = [set(db.session.get_one(EnrichmentJob, one).entity_ids) for one in (accepted["jobId"], job["id"])]
        assert taken[0] | taken[1] == set(ids(COUNT)) and not taken[0] & taken[1]
        assert db.session.scalar(select(rest_chunks.c.job_id)) is None
        check_invariants(drained=True)


def test_a_pilot_by_command_is_the_same(people: Flask) -> None:
    """`enqueue --pilot`, `pilot`, `continue`; the cap is the pilot's."""
    arguments = ["person", "--all", "--provider", "waterfall", "--cap-usd", "3", "--pilot", "40", "--pilot-seed", "7"]
    job_id = enrich(people, "enqueue", *arguments)["jobId"]
    assert "continue" not in people.test_cli_runner().invoke(args=["enrich", "pilot", job_id]).stderr, "not yet"
    drain(people)
    report = enrich(people, "pilot", job_id)
    assert (report["seed"], report["total"], report["rest"]) == (7, 40, 80)
    assert report["totalCost"]["expectedUsd"] == pytest.approx(report["costUsd"] + report["restCost"]["expectedUsd"])
    told = people.test_cli_runner().invoke(args=["enrich", "pilot", job_id])
    assert f"enrich continue {job_id}" in told.stderr and "in nine cases of ten" in told.stdout
    assert enrich(people, "continue", job_id, "--estimate")["total"] == 80
    job = enrich(people, "continue", job_id)
    assert (job["total"], job["capUsd"]) == (80, 3)


def test_who_costs_nothing_for_certain_is_counted_and_not_sampled(people: Flask, login: Login) -> None:
    """Unknown ids, and those that have what is wanted; they are in the rest."""
    with people.app_context():
        add(20, email="there@corp.example")
    client = login("read", "write")
    request = {**REQUEST, "entityIds": [*ids(COUNT), "nobody"]}
    job_id = client.post(JOBS, json=request).get_json()["jobId"]
    report = client.get(f"{JOBS}/{job_id}/pilot").get_json()
    assert (report["total"], report["rest"], report["idle"]) == (30, 91, 21)
    with people.app_context():
        assert not set(db.session.get_one(EnrichmentJob, job_id).entity_ids) & {*ids(20), "nobody"}


def test_what_was_erased_meanwhile_is_not_in_the_rest(people: Flask, login: Login) -> None:
    """No trace of it is left where the rest waits."""
    client = login("read", "write")
    job_id = client.post(JOBS, json={**REQUEST, "entityIds": ids(31)}).get_json()["jobId"]
    with people.app_context():
        (left,) = set(ids(31)) - set(db.session.get_one(EnrichmentJob, job_id).entity_ids)
        erase_entity("person", left, workspace_slug="default")
        assert left not in str(db.session.scalars(select(rest_chunks.c.entity_ids)).all())
        db.session.rollback()
    drain(people)
    refused = client.post(f"{JOBS}/{job_id}/continue")
    assert (refused.status_code, "erased" in refused.get_json()["error"]) == (409, True)


def test_an_id_that_is_erased_while_the_rest_is_enqueued_does_not_come_back(people: Flask) -> None:
    """The ids are read before the transaction of the job: it sees that one of them has gone."""
    with people.app_context():
        job_id = enqueue_pilot("person", "waterfall", ids(40), Sample(30)).job_id
    drain(people)
    with people.app_context():
        rest = Rest.of(job_id)
        left = list(rest.entity_ids())
        db.session.rollback()
        erase_entity("person", left[3], workspace_slug="default")
        with pytest.raises(JobStateConflict, match="erased meanwhile"), transaction() as session:
            rest.settle(session, job_id, len(left))
        job = queue.continue_pilot(job_id)
        assert set(db.session.get_one(EnrichmentJob, job.id).entity_ids) == {*left} - {left[3]}


def test_a_pilot_is_continued_by_one_of_two_at_once(people: Flask) -> None:
    """The other is told so, and makes no job."""
    with people.app_context():
        job_id = enqueue_pilot("person", "waterfall", ids(COUNT), Sample(30)).job_id
        queue.cancel(job_id)
    refused: list[str] = []

    def go_on() -> None:
        try:
            queue.continue_pilot(job_id)
        except JobStateConflict as error:
            refused.append(str(error))

    with people.app_context():
        in_threads(people, [go_on, go_on])
        assert len(refused) == 1 and "continued" in refused[0]
        assert db.session.scalar(select(func.sum(jobs.c.total_count))) == COUNT


def test_whose_question_failed_says_nothing_of_the_rest(people: Flask, login: Login) -> None:
    """A provider that is away for some of the sample makes the rest neither cheaper nor worse."""
    failed = {entity_id: BAD for entity_id in ids(COUNT)[::3]}
    people.extensions["tranche.registry"] = registry_of(paid(answers=failed, default=VALID))
    client = login("read", "write")
    address = f"{JOBS}/{client.post(JOBS, json={**REQUEST, 'pilot': 60}).get_json()['jobId']}"
    drain(people)
    report = client.get(f"{address}/pilot").get_json()
    assert (report["decided"], report["hits"], report["hitRate"]) == (60, report["answered"], 1)
    assert report["answered"] < 60
    assert report["restCost"]["expectedUsd"] == pytest.approx(60 * 0.02, rel=0.1)


def test_who_is_excluded_is_not_sampled(people: Flask, login: Login) -> None:
    """Not even if nobody in the list would ask anybody; if all are excluded there is nothing to enqueue."""
    with people.app_context():
        add(COUNT, email="there@corp.example")
        change({"id": "p7", "email": "there@other.example"})
        exclusions.add(["other.example"], "default")
    client = login("read", "write")
    accepted = client.post(JOBS, json={**REQUEST, "pilot": COUNT}).get_json()
    assert (accepted["total"], accepted["excluded"]) == (COUNT - 1, 0)
    report = client.get(f"{JOBS}/{accepted['jobId']}/pilot").get_json()
    assert (report["rest"], report["idle"]) == (1, 1)
    refused = client.post(JOBS, json={**REQUEST, "entityIds": ["p7"]})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "empty_job")


@pytest.mark.parametrize("fields", [{"pilot": 0}, {"pilot": 1001}, {"pilot": True}, {"pilotSeed": -1}])
def test_a_pilot_of_no_size_is_refused(app: Flask, login: Login, fields: dict[str, Any]) -> None:
    """422, with the member that is wrong."""
    response = login("write").post(JOBS, json={**REQUEST, **fields})
    assert [one["path"] for one in response.get_json()["details"]] == list(fields)
    with app.app_context():
        assert db.session.scalar(select(jobs.c.id)) is None
