"""Another order or other fields, replayed over what providers have answered: compared with a reckoning by hand."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.yields import job_yield
from app.enrichment.waterfall import what_if as module
from app.enrichment.waterfall.what_if import what_if
from app.enrichment.waterfall.what_if_routes import WhatIfSchema
from app.entities.lists import NewList, create_list
from app.models.attempt import attempts, entity_revisions
from app.models.job import jobs
from app.models.types import new_id
from app.providers.registry import Registry
from tests.enrichment.scenes import rows
from tests.enrichment.waterfall.test_yields import people, run_twenty, twenty
from tests.web.conftest import client_with, make_key


def install(app: Flask) -> None:
    """Let the application have the providers of the twenty people."""
    providers, verifier = twenty()
    registry = Registry({provider.name: provider for provider in providers}, {"leadmagic": verifier})
    app.extensions["tranche.registry"] = registry


def test_the_order_that_was_replayed_is_what_happened(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the call and the micro-dollar, page by page; nobody is asked, and nothing is stored."""
    install(context)
    job_id = run_twenty()
    monkeypatch.setattr(module, "PAGE_ENTITIES", 7)
    before = rows(attempts)
    told = what_if(job_id)
    happened = job_yield(job_id)
    assert (told.report.rows, told.report.total) == (happened.rows, happened.total)
    view = queue.get_job(job_id)
    assert (told.cost_micros, told.most_micros, told.unknown) == (view.cost_micros, view.cost_micros, 0)
    assert (told.entities, told.of_entities, told.found) == (20, 20, 14)
    assert rows(attempts) == before


# Backwards, 12 of the twenty come to leadmagic, which was not asked about them: p0-p6, p8-p11 and p18. It found p12 and
# p13 (verified), and missed p7, p14-p17 and p19: prospeo charged for a miss of each. findymail had an address of p7,
# which was rejected, and lacks what it needs of p19.
BACKWARDS = {
    "leadmagic": (8, 2, 0, 0.1),
    "leadmagic-verify": (3, 0, 0, 0.015),
    "prospeo": (6, 0, 0, 0.18),
    "findymail": (5, 1, 1, 0.02),
}


def reckoned(figures: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the figures that were reckoned by hand."""
    return tuple(figures[name] for name in ("calls", "finds", "rejected", "costUsd"))


def test_another_order_is_as_reckoned_by_hand(app: Flask) -> None:
    """By HTTP and by command: what is known, what is not, the most that it could cost; nothing of it is elsewhere's."""
    install(app)
    with app.app_context():
        job_id = run_twenty()
    reader, stranger = (client_with(app, make_key(app, "read", workspace_slug=slug)) for slug in ("default", "north"))
    address = f"/api/enrichment/jobs/{job_id}/what-if"
    body = reader.get(f"{address}?order=leadmagic,prospeo,findymail").get_json()
    assert {row["provider"]: reckoned(row["figures"]) for row in body["rows"]} == BACKWARDS
    assert [step["step"] for row in body["rows"] for step in row["steps"]] == [1, 2, 3, None]
    assert (body["order"], body["until"]) == (["leadmagic", "prospeo", "findymail"], ["email"])
    assert (body["entities"], body["ofEntities"], body["found"]) == (20, 20, 2)
    assert (body["unknown"], body["unknownByProvider"]) == (12, {"leadmagic": 12})
    # All three and a verdict for each, at 0.05, 0.03, 0.02 and three times 0.005.
    assert (body["costUsd"], body["mostUsd"]) == (0.315, pytest.approx(0.315 + 12 * 0.115))
    run = app.test_cli_runner().invoke
    asked = ["enrich", "what-if", job_id, "--order", "leadmagic,prospeo,findymail"]
    assert json.loads(run(args=[*asked, "--json"]).stdout) == body
    shown = run(args=asked)
    assert "2 of 20 found" in shown.stdout and "12 are unknown" in shown.stderr
    assert stranger.get(address).status_code == 404


def test_a_list_and_a_workspace_walk_as_their_members_did(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever jobs asked: by the terms of the list's last waterfall to the micro-dollar, and backwards by hand."""
    install(app)
    monkeypatch.setattr(module, "PAGE_ENTITIES", 7)
    with app.app_context():
        job_id = run_twenty()
        view, _ = create_list(NewList("person", "default", "all", "test"), people(*range(20)))
        create_list(NewList("person", "default", "some", "test"), people(6, 7, 12))
        happened = WhatIfSchema().dump(what_if(job_id))
        with transaction() as session:
            session.execute(update(jobs).values(list_id=view.id))
            for table in (attempts, entity_revisions):
                of_another = update(table).where(table.c.entity_id.in_(people(*range(10))), table.c.job_id == job_id)
                session.execute(of_another.values(job_id=new_id()))
    reader, stranger = (client_with(app, make_key(app, "read", workspace_slug=slug)) for slug in ("default", "north"))
    run, address = app.test_cli_runner().invoke, "/api/enrichment/what-if"
    body = reader.get(f"{address}?list=all").get_json()
    assert body == {**happened, "jobId": None, "listId": view.id}
    assert json.loads(run(args=["enrich", "what-if", "--list", view.id, "--json"]).stdout) == body
    # By the settings nobody verifies, and findymail's address of p7 is a find that stands.
    unverified = {**BACKWARDS, "findymail": (5, 1, 0, 0.02)}
    del unverified["leadmagic-verify"]
    terms = "order=leadmagic,prospeo,findymail&until=email"
    for of, by_hand, counts in (("list=all", BACKWARDS, (20, 2)), ("entityType=person", unverified, (None, 3))):
        body = reader.get(f"{address}?{of}&{terms}").get_json()
        assert {row["provider"]: reckoned(row["figures"]) for row in body["rows"]} == by_hand
        assert (body["ofEntities"], body["found"]) == counts and (body["entities"], body["unknown"]) == (20, 12)
    asked = ["enrich", "what-if", "--type", "person", "--order", "leadmagic,prospeo,findymail", "--until", "email"]
    assert json.loads(run(args=[*asked, "--json"]).stdout) == body
    assert "Of the first 20 by id" in run(args=asked).stderr
    # No waterfall was made of these: by the settings, findymail's addresses of p6 and p7 stand, and p12 is leadmagic's.
    some = reader.get(f"{address}?list=some&order=findymail,prospeo,leadmagic&until=email").get_json()
    assert (some["entities"], some["found"], some["unknown"]) == (3, 3, 0)
    assert stranger.get(f"{address}?list=all").status_code == 404
    assert stranger.get(f"{address}?entityType=person").get_json()["entities"] == 0
    assert stranger.get(f"{address}?entityType=person&workspaceSlug=default").status_code == 403
    for wrong in ("", "list=all&entityType=person", "entityType=person&order=nobody"):
        assert reader.get(f"{address}?{wrong}").status_code == 422, wrong
    assert run(args=["enrich", "what-if"]).exit_code == 2


def test_other_fields_are_asked_for_in_the_same_order(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had an address from the first goes on, to whom nobody had asked; a title is known of one alone."""
    install(context)
    job_id = run_twenty()
    told = what_if(job_id, until=["jobTitle"])
    assert (told.until, told.found, told.unknown) == (["job_title"], 1, 12)
    # p0-p5 come to prospeo, and who has prospeo's address to leadmagic; p7 and p14-p17 and p19 have been everywhere.
    assert told.unknown_by_provider == {"prospeo": 6, "leadmagic": 6}
    monkeypatch.setattr(module, "MOST_ENTITIES", 3)
    assert (what_if(job_id).entities, what_if(job_id).of_entities) == (3, 20)


def test_what_cannot_be_replayed_is_refused(app: Flask) -> None:
    """A job of one provider, an order or a field that there is not."""
    install(app)
    with app.app_context():
        job_id = run_twenty()
        single = queue.enqueue_job("person", "findymail", ["p0"])
    reader = client_with(app, make_key(app, "read"))
    address = "/api/enrichment/jobs/{}/what-if?{}"
    for one, query in ((single, ""), (job_id, "order=nobody"), (job_id, "until=nothing"), (job_id, "order=clay")):
        assert reader.get(address.format(one, query)).status_code == 422, query
    assert app.test_cli_runner().invoke(args=["enrich", "what-if", single]).exit_code == 2
