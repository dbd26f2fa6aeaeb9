"""What the pages show and do, by the services' own words."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.console import exclusions, lists, new_job, pilots, words
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.lease import Failure
from app.enrichment.queue.transitions import PAUSED_BY_HAND
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.exclusions import add as add_exclusions
from app.entities.exports import installed_formats
from app.entities.read import get_entity
from app.entities.upsert import upsert_entities
from app.entities.verdicts import store_verdicts
from app.models.chunk import Outcome
from app.models.job import JobStatus
from app.providers.base import Answer, OutcomeClass
from tests.console.conftest import SignedIn, browser
from tests.enrichment.helpers import claim
from tests.fakes.provider import FakeProvider, registry_of
from tests.invariants import check_invariants

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIVE = {"HX-Request": "true"}


def add(*entities: dict[str, Any], entity_type: str = "person") -> list[str]:
    """Store entities and return their ids."""
    with transaction() as session:
        upsert_entities(entity_type, entities, workspace_slug="default", session=session)
    return [entity["id"] for entity in entities]


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_a_job_is_made_only_with_an_estimate_and_a_cap(app: Flask, signed_in: SignedIn) -> None:
    """The form shows both; without a cap, with a price that has risen, or unseen, there is no job; sent twice, one."""
    app.extensions["tranche.registry"] = registry_of(FakeProvider({}, name="prospeo", price_micros=39_000))
    with app.app_context():
        add(*({"id": f"p{number}", "job_title": "CEO"} for number in range(3)))
    client = signed_in("operator")
    page = client.get("/console/new?type=person&missing=email&limit=2&provider=prospeo").text
    assert "$0.00 to $0.078" in page and 'value="0.08"' in page and "Run 2 people" in page
    form = hidden(page)
    for wrong, status in (({"cap": ""}, 422), ({"cap": "-1"}, 422), ({"cap": "1", "seen": "77999"}, 409)):
        assert client.post("/console/new", data={**form, **wrong}).status_code == status
    assert client.post("/console/new", data={**form, "cap": "1", "seen": ""}).status_code == 409
    with app.app_context():
        assert queue.list_jobs().rows == []
    made = [client.post("/console/new", data={**form, "cap": "0.04"}) for _ in range(2)]
    assert {answer.status_code for answer in made} == {303} and made[0].location == made[1].location
    with app.app_context():
        (job,) = queue.list_jobs().rows
    assert (job.total, job.provider, job.cap_micros) == (2, "prospeo", 40_000)
    with pytest.MonkeyPatch.context() as few:
        few.setattr(new_job, "MOST_SURVEYED", 2)
        page = client.get("/console/new?type=person&provider=prospeo").text
        assert "Estimated from a sample of 2 of 3" in page and "$0.00 to $0.117" in page
        assert client.post("/console/new", data={**hidden(page), "cap": "1"}).status_code == 303
        with app.app_context():
            assert queue.list_jobs().rows[0].total == 3, "of everybody, however many were looked at"
    nobody = client.get("/console/new?type=company&provider=prospeo&limit=5")
    assert "Nothing matches" in nobody.text
    app.extensions.pop("tranche.registry")


@on_sqlite
def test_a_pilot_says_what_the_rest_is_worth_and_is_continued_for_a_price(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the new job's form to the rest; a viewer sees what came of it, and nothing to spend money with."""
    found = Answer(OutcomeClass.SUCCESS, fields={"email": "ada@example.com"})
    missing = {f"p{number}": Answer(OutcomeClass.NOT_FOUND) for number in range(0, 60, 2)}
    provider = FakeProvider(missing, name="prospeo", price_micros=39_000, default=found)
    app.extensions["tranche.registry"] = registry_of(provider)
    with app.app_context():
        add(*({"id": f"p{number}", "job_title": "CEO"} for number in range(60)))
    client, viewer = signed_in("operator"), signed_in("viewer")
    form = hidden(client.get("/console/new?type=person&missing=email&provider=prospeo").text)
    form |= {"cap": "3", "only": "pilot", "pilot": "40", "stop_last": "50", "stop_percent": "12.5"}
    for wrong in ({"pilot": "0"}, {"pilot": "1001"}, {"stop_percent": "0"}, {"stop_last": "9"}, {"stop_dollars": "x"}):
        assert client.post("/console/new", data={**form, **wrong}).status_code == 422
    job = client.post("/console/new", data=form).location
    assert client.post("/console/new", data=form).location == job
    assert "Once the pilot has ended" in client.get(f"{job}/pilot").text
    assert "under 12.5% are found" in client.get(job).text
    with app.app_context():
        queue.drain(work=Waterfall(registry_of(provider), retry_seconds=()))
    hits = len(provider.asked.keys() - missing.keys())
    page, told = client.get(f"{job}/pilot").text, f"<strong>{hits}</strong> ({hits / 0.4:.0f} %)"
    assert told in page and "Cost per find, whole list" in page and "Continue with 20 people" in page
    assert f"${hits * 0.039:.2f}" in page and 'value="12.5"' in page
    with monkeypatch.context() as long:
        # A rest that would take long to estimate has the price that the pilot was drawn by: the same here.
        long.setattr(pilots, "MOST_PRICED", 19)
        surveyed = client.get(f"{job}/pilot").text
        assert "Estimated when the pilot was created" in surveyed and hidden(surveyed) == hidden(page)
        assert client.post(f"{job}/pilot", data={**hidden(page), "cap": "1", "seen": "1"}).status_code == 409
    seen = viewer.get(f"{job}/pilot").text
    assert told in seen and "Continue with" not in seen
    form = {**hidden(page), "cap": "0.5", "stop_last": "20", "stop_dollars": "0.2"}
    for wrong, status in (({"cap": ""}, 422), ({"stop_dollars": "x"}, 422), ({"seen": "1"}, 409)):
        assert client.post(f"{job}/pilot", data={**form, **wrong}).status_code == status
    rest = client.post(f"{job}/pilot", data=form).location
    assert client.post(f"{job}/pilot", data=form).status_code == 409
    assert rest in client.get(f"{job}/pilot").text and f"{job}/pilot" in client.get(rest).text
    with app.app_context():
        view = queue.get_job(rest.rpartition("/")[2])
    assert (view.total, view.cap_micros, view.stop_when["last"]) == (20, 500_000, 20)
    app.extensions.pop("tranche.registry")


def test_a_job_that_stopped_itself_says_why() -> None:
    """By hand, for a time, or by its own rule."""
    view: Any = SimpleNamespace(status=JobStatus.PAUSED, resume_at=None, pause_reason=PAUSED_BY_HAND)
    assert words.status_sentence(view) == "Paused by hand. It continues when someone resumes it."
    view.pause_reason = "Too little."
    assert words.status_sentence(view) == "Paused: Too little. It continues when someone resumes it."


def test_a_job_is_steered_by_its_buttons(app: Flask, signed_in: SignedIn) -> None:
    """Each status has those that it allows; what spends says so first; one that comes too late is told."""
    with app.app_context():
        ids = add(*({"id": f"p{number}", "job_title": "CEO"} for number in range(3)))
        job_id = queue.enqueue_job("person", "ai-normalizer", [*ids, "nobody"], chunk_size=2)
    client = signed_in("operator")
    address = f"/console/jobs/{job_id}"

    def buttons() -> list[str]:
        return re.findall(r'id="do-(\w+)"', client.get(address).text)

    assert buttons() == ["pause", "cancel", "process"]
    assert "Nothing is lost" in client.get(f"{address}/pause").text
    assert client.post(f"{address}/pause").location == address
    assert buttons() == ["resume", "cancel", "process"] and "Paused by hand" in client.get(address).text
    client.post(f"{address}/resume")
    for decided in (2, 4):
        assert "2 of the job's 4 entities decided" in client.post("/console/process", data={"job": job_id}).text
        assert f"{decided / 4:.0%}".replace("%", " % decided") in client.get(address).text
    assert buttons() == ["retry", "undo"] and "is complete now" in client.get(f"{address}/pause").text
    late = client.post(f"{address}/pause")
    assert (late.status_code, "The job is complete" in late.text) == (409, True)
    assert "There is no person with this id" in client.get(f"{address}/errors").text
    assert "Retry 1 for at most $0.00" in client.get(f"{address}/retry").text
    child = client.post(f"{address}/retry", data={"cap": "1", "seen": "0"}).location
    assert child != address and job_id[:8] in client.get(child).text
    assert "Nothing to process now" in client.post("/console/process", data={"job": job_id}).text
    with app.app_context():
        check_invariants()


@on_sqlite
def test_a_live_part_is_sent_only_if_it_has_changed(app: Flask, signed_in: SignedIn) -> None:
    """It asks for itself until the job has ended; a part that is the same as before costs no bytes."""
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", add({"id": "p", "job_title": "CEO"}))
    client = signed_in("viewer")
    for address in (f"/console/jobs/{job_id}", "/console", "/console/jobs"):
        # How long work has waited is said in seconds: another one may begin between two requests.
        for _ in range(20):
            part = client.get(address, headers=LIVE)
            known = {**LIVE, "If-None-Match": part.headers["ETag"]}
            if (again := client.get(address, headers=known)).status_code == 304:
                break
        assert part.text.lstrip().startswith("<div id=") and "data-poll" in part.text
        assert (again.status_code, client.get(address, headers=LIVE).status_code) == (304, 200)
    with app.app_context():
        queue.drain(work=Waterfall())
    ended = client.get(f"/console/jobs/{job_id}", headers=known)
    assert ended.status_code == 200 and "data-poll" not in ended.text
    stranger = app.test_client().get("/console", headers=LIVE)
    assert (stranger.status_code, stranger.headers["HX-Redirect"]) == (401, "/console/sign-in")


@on_sqlite
def test_addresses_and_numbers_are_shown_to_viewers_in_outline(app: Flask, signed_in: SignedIn) -> None:
    """On the list, in the fields, in the history; and stand in no address of a page."""
    with app.app_context():
        add({"id": "p1", "email": "ada@acme.example", "phone": "+44 20 7946 0000"}, {"id": "ada@acme.example"})
        add({"id": "p1", "email": "countess@acme.example", "extra": {"Lead Score": "49", "Owner": "ada@acme.example"}})
        add({"id": "p1", "extra": {"Lead Score": "99"}})
    viewer, operator = signed_in("viewer"), signed_in("operator")
    for page in ("/console/people", "/console/people/p1"):
        text = viewer.get(page).text
        assert "ada@" not in text and "countess@" not in text and "7946" not in text
        assert "c•••@acme.example" in text
        assert "countess@acme.example" in operator.get(page).text
        assert "/ada@" not in operator.get(page).text
    assert "a•••@acme.example" in viewer.get("/console/people/p1").text
    assert "Lead Score: 49, Owner: a•••@acme.example" in viewer.get("/console/people/p1").text


@on_sqlite
def test_more_leads_on_without_anybodys_address_in_its_own(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through all pages of a list and of exclusions, each once; a cursor that no page gave is refused."""
    people, others = [f"p{number}@acme.example" for number in range(3)], [f"x{number}@b.example" for number in range(3)]
    with app.app_context():
        add(*({"id": name} for name in people))
        add_exclusions(others, "default")
    client = signed_in("operator")
    for module, path, names in ((lists, "people", people), (exclusions, "exclusions", others)):
        monkeypatch.setattr(module, "ROWS", 1)
        address, shown = f"/console/{path}", []
        for _ in names:
            text = client.get(address).text
            shown += [name for name in names if f"<bdi>{name}</bdi>" in text]
            (address,) = re.findall(r'href="([^"]*[?&;]cursor=[^"]*)"', text) or [""]
            address = address.replace("&amp;", "&")
            assert "example" not in address
        assert (shown, address) == (names, "")
        assert client.get(f"/console/{path}?cursor={names[0]}").status_code == 422


def test_who_lacks_a_value_is_looked_for_in_so_many_at_a_time(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page without anybody leads on to those who do, and the last one leads nowhere."""
    monkeypatch.setattr(lists, "LOOKS_AT", 3)
    with app.app_context():
        add(*({"id": f"p{number}", "phone": "1" if number != 4 else None} for number in range(8)))
    client, address, pages = signed_in(), "/console/people?missing=phone", []
    while address:
        text = client.get(address).text
        pages.append((re.findall(r"<bdi>(p\d)</bdi>", text), "None of the next 3 people" in text))
        (address,) = re.findall(r'href="([^"]*cursor=[^"]*)"', text) or [""]
        address = address.replace("&amp;", "&")
    assert pages == [([], True), (["p4"], False), ([], False)]


@on_sqlite
def test_values_of_several_parts_are_shown_as_text(app: Flask, signed_in: SignedIn) -> None:
    """Lists, records and truth values, for people to read and not for programs."""
    jobs = [{"title": "CEO", "current": True}, {"title": "Trainee", "current": False}]
    with app.app_context():
        add({"id": "p1", "full_name": "Ada", "job_history": jobs, "skills": ["sql", "go"]})
    page = signed_in().get("/console/people/p1").text
    assert "title: CEO, current: yes; title: Trainee, current: no" in page and "sql, go" in page


@on_sqlite
def test_an_unknown_address_is_answered_by_a_page_and_by_the_api_in_json(app: Flask, signed_in: SignedIn) -> None:
    """Also one that no page has; for a person who is not there the page says so."""
    client = signed_in()
    for address in ("/console/jobs/x", "/console/x", "/console/people/nobody", "/console/assets/x.js"):
        answer = client.get(address)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), address
        assert "Go to the overview" in answer.text and "script-src 'nonce-" in answer.headers["Content-Security-Policy"]
    for address in ("/api/x", "/x", "/consoles"):
        assert client.get(address).get_json()["code"] == "not_found", address


@on_sqlite
def test_the_overview_says_what_to_do_next(app: Flask, signed_in: SignedIn) -> None:
    """Nothing there: three steps. Work that nobody comes for: what to set up. A paused job: that it waits."""
    client = signed_in()
    assert "Three steps to your first run" in client.get("/console").text
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", add({"id": "p"}))
    text = client.get("/console").text
    assert "Nobody is driving the queue" in text and "flask enrich work" in text and "Three steps" not in text
    with app.app_context():
        queue.record_heartbeat("drain")
    assert "Nobody is driving the queue" not in client.get("/console").text
    with app.app_context():
        queue.pause(job_id)
    assert "A job is paused" in client.get("/console").text
    for status in JobStatus:
        answer = client.get(f"/console/jobs?status={status.value}")
        assert answer.status_code == 200, status
        assert ("1 person" in answer.text) is (status == JobStatus.PAUSED)
    assert client.get("/console/jobs?cursor=x").status_code == 422


@on_sqlite
def test_commands_are_those_that_are_installed(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel has one of its own: to copy, in the unit of systemd, and in what is said."""
    with app.app_context():
        queue.enqueue_job("person", "ai-normalizer", add({"id": "p"}))
    client = signed_in()
    pages = ("/console", "/console/jobs", "/console/lists", "/console/providers")
    assert "flask enrich work" in client.get("/console").text
    monkeypatch.setattr(words, "is_installed", lambda: True)
    whole = "".join(client.get(path).text for path in pages) + browser(app).get("/console/sign-in").text
    assert "flask enrich" not in whole and "/bin/tranche work" in whole and "tranche users link" in whole


def test_a_job_is_undone_by_its_word_alone(app: Flask, signed_in: SignedIn) -> None:
    """What it wrote becomes what stood there before; without the word nothing does."""
    with app.app_context():
        job_id = queue.enqueue_job("person", "ai-normalizer", add({"id": "p1", "job_title": "vp of sales"}))
        queue.drain(work=Waterfall())
    client = signed_in("operator")
    address = f"/console/jobs/{job_id}/undo"
    assert "Undo…" in client.get(f"/console/jobs/{job_id}").text
    for word in ("", "yes"):
        assert client.post(address, data={"word": word}).status_code == 422
    assert "Normalised values" in client.get("/console/people/p1").text
    done = client.post(address, data={"word": "Undo "})
    assert re.search(r"[1-9]\d* values restored", done.text)
    with app.app_context():
        assert get_entity("person", "p1", workspace_slug="default").fields["normalized_job_title"] is None


def test_an_entity_has_its_receipt_is_undone_by_field_and_erased(app: Flask, signed_in: SignedIn) -> None:
    """Every attempt with what it gave and cost, in outline for viewers; an undo is of what was shown; a word erases."""
    answers = {
        "p1": Answer(OutcomeClass.SUCCESS, fields={"email": "ada@acme.example"}),
        "p2": Answer(OutcomeClass.INVALID_REQUEST, error="eve@acme.example, +44 20 7946 0000: no"),
    }
    with app.app_context():
        job_id = queue.enqueue_job("person", "fake", add({"id": "p1", "email": None}, {"id": "p2"}))
        queue.drain(work=Waterfall(registry_of(FakeProvider(answers, price_micros=39_000)), retry_seconds=()))
    viewer, operator, admin = signed_in("viewer"), signed_in("operator"), signed_in("admin")
    texts = {name: viewer.get(f"/console/people/{name}").text for name in answers}
    assert "answered; gave email" in texts["p1"] and "Receipt: $0.039" in texts["p1"]
    assert "charged for what it found" in texts["p1"] and f"/console/jobs/{job_id}" in texts["p1"]
    assert "e•••@acme.example, •••00: no" in texts["p2"] and "refused the question" in texts["p2"]
    assert "eve@" not in texts["p2"] and "ada@" not in texts["p1"] and "Undo…" not in texts["p1"]
    assert "eve@acme.example" in operator.get("/console/people/p2").text

    undo = "/console/people/p1/undo"
    assert f'href="{undo}?field=email' in operator.get("/console/people/p1").text
    form = hidden(operator.get(f"{undo}?field=email").text)
    assert operator.post(undo, data={"field": "email"}).status_code == 409
    assert [operator.post(undo, data=form).status_code for _ in range(2)] == [303, 409]
    with app.app_context():
        assert get_entity("person", "p1", workspace_slug="default").fields["email"] is None
    assert "ada@acme.example" in operator.get(f"{undo}?field=email").text

    erase = "/console/people/p1/erase"
    assert "Erase…" not in operator.get("/console/people/p1").text and "Erase…" in admin.get("/console/people/p1").text
    assert "word was not typed" in admin.post(erase, data={"word": "p1"}).text
    assert "Erased" in admin.post(erase, data={"word": " Erase"}).text
    assert admin.get("/console/people/p1").status_code == 404 == admin.post(erase, data={"word": "erase"}).status_code


def test_errors_are_retried_by_kind_and_held_entities_accepted(app: Flask, signed_in: SignedIn) -> None:
    """The kinds with their counts lead to their errors; a retry of one has its number, price and cap."""
    app.extensions["tranche.registry"] = registry_of(FakeProvider({}, price_micros=39_000))
    failures = {
        "p1": Failure("transient", "Away, says eve@acme.example.", "fake"),
        "p2": Failure("invalid_request", "No."),
    }
    with app.app_context():
        made = [queue.enqueue_job("person", "fake", add({"id": "p1"}, {"id": "p2"}, {"id": "p3"})) for _ in range(2)]
        for _ in made:
            lease = claim()
            for index, name in enumerate(lease.entity_ids):
                failure = failures.get(name)
                lease.decide(index, Outcome.HELD if failure is None else Outcome.ERROR, failure)
            lease.finish()
    client = signed_in("operator")
    first, second = (f"/console/jobs/{job_id}" for job_id in made)
    whole, kind = client.get(f"{first}/errors").text, client.get(f"{first}/errors?code=transient&provider=fake").text
    assert "2 errors, 1 held" in whole and "transient (1)" in whole and "Away" in whole and "No." in whole
    assert "Retry these 1…" in kind and "Away" in kind and "No." not in kind and "eve@acme.example" in kind
    assert "eve@" not in signed_in("viewer").get(f"{first}/errors").text
    assert "No errors of this kind" in client.get(f"{first}/errors?code=other").text
    assert client.get(f"{first}/errors?code=%00").status_code == 422

    retry = f"{first}/retry?code=transient&provider=fake"
    page = client.get(retry).text
    assert (
        "Retry 1 for at most $0.039" in page and 'value="0.04"' in page and "--code transient --provider fake" in page
    )
    form = hidden(page)
    for wrong, status in (({"cap": ""}, 422), ({"cap": "1", "seen": "38999"}, 409), ({"cap": "1", "seen": ""}, 409)):
        assert client.post(retry, data={**form, **wrong}).status_code == status
    child = client.post(retry, data={**form, "cap": "0.5"}).location
    assert client.post(retry, data={**form, "cap": "0.5"}).status_code == 409
    with app.app_context():
        job = queue.get_job(child.rpartition("/")[2])
    assert (job.total, job.cap_micros, job.retry_filter) == (1, 500_000, {"code": "transient", "provider": "fake"})
    assert "may already have been charged" in client.get(f"{first}/retry?held=true").text

    assert "cannot be undone" in client.get(f"{second}/accept-held").text
    assert client.post(f"{second}/accept-held").location == f"{second}/errors"
    accepted = client.get(f"{second}/errors").text
    assert "The loss was accepted on" in accepted and "Accept the loss…" not in accepted
    assert "nothing to retry" in client.get(f"{second}/retry?held=true").text
    app.extensions.pop("tranche.registry")


@on_sqlite
def test_exclusions_and_exports_are_those_of_the_workspace(app: Flask, signed_in: SignedIn) -> None:
    """All that was pasted or nothing; who is excluded is in no file; a user of one workspace names no other."""
    with app.app_context():
        add({"id": "p1", "email": "ada@acme.example"}, {"id": "p2", "full_name": "=1+1"})
    client, stranger = signed_in("operator"), signed_in("operator", workspace_slug="north")
    wrong = client.post("/console/exclusions", data={"values": "acme.example no/t@@one"})
    assert (wrong.status_code, "Nothing was added" in wrong.text) == (422, True)
    assert client.post("/console/exclusions", data={"values": "https://www.acme.example/x\nbob@b.example"}).location
    page = client.get("/console/exclusions").text
    assert "acme.example" in page and "bob@b.example" in page
    assert "b•••@b.example" in signed_in("viewer").get("/console/exclusions").text
    file = client.get("/console/people/export.csv", buffered=True)
    assert file.mimetype == "text/csv" and "p2" in file.text and "'=1+1" in file.text and "p1" not in file.text
    for address in ("people/export.csv", "people", "exclusions"):
        text = stranger.get(f"/console/{address}?workspace=default", buffered=True).text
        assert "=1+1" not in text and "b.example" not in text
    stranger.post("/console/exclusions", data={"remove": "acme.example", "workspace": "default"})
    assert "acme.example" in client.get("/console/exclusions").text
    client.post("/console/exclusions", data={"remove": "bob@b.example"})
    assert "bob@b.example" not in client.get("/console/exclusions").text


@on_sqlite
def test_costs_and_providers_are_filtered_by_the_address(app: Flask, signed_in: SignedIn) -> None:
    """A wrong day is as none; days in the wrong order are refused in words; a provider is reset by an admin of all."""
    client: FlaskClient = signed_in()
    assert client.get("/console/costs?by=day&from=2026-13-01&to=x").status_code == 200
    # Nothing is spent yet, so the line of the cap is at the top of the chart.
    assert "the line is today's cap of $10.00" in (overview := client.get("/console").text)
    assert '<line class="limit" x1="0" x2="280" y1="1" y2="1"/>' in overview
    assert "today's cap" not in signed_in("viewer", workspace_slug="north").get("/console").text
    wrong = client.get("/console/costs?from=2026-02-02&to=2026-01-01")
    assert (wrong.status_code, "not after the last one" in wrong.text) == (422, True)
    assert "PROSPEO_API_KEY" in client.get("/console/providers").text
    assert client.post("/console/providers/nobody/reset").status_code == 404


def test_a_job_and_a_workspace_have_their_yield(app: Flask, signed_in: SignedIn) -> None:
    """Rates, the price of a value and latencies, by provider and step; of other days and workspaces there is none."""
    answers = {
        "p1": Answer(OutcomeClass.SUCCESS, fields={"email": "ada@acme.example"}),
        "p2": Answer(OutcomeClass.NOT_FOUND, cost_micros=39_000),
    }
    with app.app_context():
        job_id = queue.enqueue_job("person", "fake", add({"id": "p1", "email": None}, {"id": "p2"}))
        other = queue.enqueue_job("person", "ai-normalizer", ["p2"])
        fake = FakeProvider(answers, price_micros=39_000, charges_misses=True)
        queue.drain(work=Waterfall(registry_of(fake), retry_seconds=()))
    client, north = signed_in("viewer"), signed_in("viewer", workspace_slug="north")
    assert f'href="/console/jobs/{job_id}/yield"' in client.get(f"/console/jobs/{job_id}").text
    for path in (f"/console/jobs/{job_id}/yield", "/console/yield", "/console/yield?workspace=default"):
        text = client.get(path).text
        assert "50.0 % of 2" in text and "$0.078" in text and '<rect class="success" width="500"' in text, path
    assert "has called no provider yet" in client.get(f"/console/jobs/{other}/yield").text
    for reader, query in ((client, "workspace=south"), (client, "to=2020-01-01"), (north, "workspace=default")):
        assert "No provider was called from" in reader.get(f"/console/yield?{query}").text
    assert client.get("/console/yield?from=2026-02-02&to=2026-01-01").status_code == 422


@on_sqlite
def test_a_workspaces_key_is_set_and_removed_and_never_shown(app: Flask, signed_in: SignedIn) -> None:
    """By an admin, for the workspace that is chosen or their own; what is wrong with one is said in words."""
    client, north = signed_in(), signed_in(workspace_slug="north")
    address, key = "/console/providers/findymail/key", "pk-live-1234567890"
    assert "choose a workspace" in client.post(address, data={"key": key}).text
    wrong = client.post(address, data={"key": "hunter2", "workspace": "north"})
    assert (wrong.status_code, "expected 12 to 512" in wrong.text, "hunter2" in wrong.text) == (422, True, False)
    assert client.post(address, data={"key": key, "workspace": "north"}).location.endswith("?workspace=north")
    for page in (north.get("/console/providers").text, client.get("/console/providers?workspace=north").text):
        assert "Own key …7890" in page and "<dd>of north</dd>" in page and key not in page
    assert "…7890" not in client.get("/console/providers").text
    assert "…7890" not in signed_in("viewer", workspace_slug="north").get("/console/providers").text
    north.post(address, data={"key": "another-of-the-north", "workspace": "default"})
    assert "Own key …orth" in north.get("/console/providers?workspace=default").text
    assert "Own key" not in client.get("/console/providers?workspace=default").text
    assert north.post("/console/providers/findymail/reset").status_code == 303
    assert north.post(address, data={"remove": "yes"}).status_code == 303
    assert "Own key" not in north.get("/console/providers").text
    assert north.post(address, data={"remove": "yes"}).status_code == 404


def test_a_list_is_exported_in_each_format_or_it_is_said_what_leaves_nobody(app: Flask, signed_in: SignedIn) -> None:
    """All or those who are ready; if there is no row, the page names the filter that took the last."""
    client = signed_in("operator")
    assert "The workspace has no people" in client.get("/console/people/export.csv").text
    with app.app_context():
        add({"id": "p1", "email": "ada@acme.example", "email_status": "valid"}, {"id": "p2", "email": "bob@b.example"})
    page = client.get("/console/people/export").text
    for file_format in installed_formats():
        assert f'formaction="/console/people/export.{file_format}"' in page
        file = client.get(f"/console/people/export.{file_format}?ready=true", buffered=True)
        assert file.headers["Content-Disposition"] == f'attachment; filename="people.{file_format}"'
    ready = client.get("/console/people/export.csv?ready=true", buffered=True).text
    assert "ada@" in ready and "bob@" not in ready
    assert "bob@" in client.get("/console/people/export.csv", buffered=True).text
    assert "ready" not in client.get("/console/companies/export").text
    client.post("/console/exclusions", data={"values": "acme.example"})
    assert "None of the people has a verified address" in client.get("/console/people/export.csv?ready=true").text
    client.post("/console/exclusions", data={"values": "b.example"})
    assert "All people of the workspace are excluded" in client.get("/console/people/export.csv?ready=true").text


def test_stale_addresses_are_verified_from_the_form_and_the_verdict_is_shown(app: Flask, signed_in: SignedIn) -> None:
    """By a verifier alone; the person's page says who said what, and until when that holds."""
    verified = Answer(OutcomeClass.SUCCESS, fields={"email_status": "valid"})
    check = FakeProvider(name="leadmagic-verify", default=verified, price_micros=1000, charges_misses=True)
    app.extensions["tranche.registry"] = registry_of(verifiers=[check])
    said = {"address": "a@b.example", "status": "invalid", "verifier": "findymail-verify"}
    with app.app_context():
        add({"id": "p0", "email": "a@b.example"}, {"id": "p1"})
        with transaction() as session:
            store_verdicts(session, "default", [{**said, "verified_at": datetime(2026, 1, 1, tzinfo=UTC)}])
    client = signed_in("operator")
    assert "expired on" in client.get("/console/people/p0").text
    assert "choose leadmagic-verify" in client.get("/console/new?type=person&stale=yes&provider=waterfall").text
    page = client.get("/console/new?type=person&stale=yes&provider=leadmagic-verify").text
    assert "Run 1 person" in page and "--stale-verdicts" in page
    assert client.post("/console/new", data={**hidden(page), "cap": "1"}).status_code == 303
    with app.app_context():
        queue.drain(work=Waterfall())
    page = client.get("/console/people/p0").text
    assert "according to leadmagic-verify" in page and "is good until" in page
    app.extensions.pop("tranche.registry")


def test_an_export_in_the_background_is_watched_taken_and_deleted(app: Flask, signed_in: SignedIn) -> None:
    """From the page of the export to its file; while nobody drives the queue, the page says what would."""
    client, stranger = signed_in("operator"), signed_in("operator", workspace_slug="north")
    assert "export person --background" in client.get("/console/exports").text
    with app.app_context():
        add({"id": "p1", "email": "ada@acme.example", "email_status": "valid"}, {"id": "p2", "email": "bob@b.example"})
    assert 'formmethod="post" formaction="/console/people/export"' in client.get("/console/people/export").text
    assert client.post("/console/people/export", data={"format": "pdf"}).status_code == 422
    asked = client.post("/console/people/export", data={"format": "csv", "ready": "true"})
    assert asked.location == "/console/exports?workspace=default"
    waiting = client.get(asked.location).text
    assert "Nobody is driving the queue" in waiting and 'data-poll="3"' in waiting and "/file" not in waiting
    with app.app_context():
        queue.drain(work=Waterfall())
    live = client.get(asked.location, headers={"HX-Request": "true"}).text
    assert "data-poll" not in live and "2 of 2" in live and "<html" not in live
    address = live.partition('/file"')[0].rpartition('"')[2]
    file = client.get(f"{address}/file", buffered=True)
    assert file.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert file.data == client.get("/console/people/export.csv?ready=true", buffered=True).data
    assert stranger.get(f"{address}/file").status_code == stranger.post(f"{address}/delete").status_code == 404
    assert client.post(f"{address}/delete").status_code == 303
    assert "No exports in the workspace default" in client.get("/console/exports").text
