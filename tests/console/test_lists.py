"""The pages of lists: found, looked through, counted, renamed, deleted; and never another workspace's."""

import io
import re

import pytest
from flask import Flask

from app.console import new_job
from app.enrichment import queue
from app.entities import selections
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.lists import list_lists
from app.entities.read import existing_ids
from app.extensions import db
from app.models.job import EnrichmentJob
from tests.console.conftest import SignedIn
from tests.console.test_pages import hidden

FILE = b"id,full_name,email\np1,Ada,ada@acme.example\np2,Eve,\np3,Bob,\n"


def make_list(app: Flask, name: str = "spring", file: bytes = FILE) -> str:
    """Import a file, and return the id of its list."""
    with app.app_context():
        listing = Listing(name, "ada@acme.example.csv", "ada")
        report = import_csv("person", io.BytesIO(file), workspace_slug="default", listing=listing)
        assert report.list_id is not None
        return report.list_id


def test_a_list_leads_to_its_members_and_to_those_without_a_value(app: Flask, signed_in: SignedIn) -> None:
    """What it was made of, what is known of its members, and who of them lacks something; never anybody else."""
    client, viewer = signed_in("operator"), signed_in("viewer")
    assert "No lists in the workspace default yet" in client.get("/console/lists").text
    list_id = make_list(app)
    newer = make_list(app, "autumn", b"id,full_name\np9,Zoe\n")
    address = f"/console/lists/{list_id}"
    whole = client.get("/console/lists").text
    assert whole.index("autumn") < whole.index("spring") and f'href="{address}"' in whole
    older = client.get(f"/console/lists?cursor={newer}").text
    assert "spring" in older and "autumn" not in older
    assert "No list of companies" in client.get("/console/lists?type=company").text
    assert "a•••@acme.example.csv" in viewer.get("/console/lists").text + viewer.get(address).text
    assert "has not been counted yet" in viewer.get(address).text and "Count now" not in viewer.get(address).text

    assert client.post(f"{address}/coverage").location == address
    page = client.get(address).text
    without = f"/console/people?list={list_id}&amp;missing=email&amp;workspace=default"
    assert "Counted over 3 members" in page and f'href="{without}" aria-label="2 without email"' in page
    rest = client.get(without.replace("&amp;", "&")).text
    assert "Eve" in rest and "Bob" in rest and "Ada" not in rest and "Zoe" not in rest
    assert f"list={list_id}" in client.get(f"/console/people?list={list_id}").text
    assert "Members have been added or removed" not in page
    make_list(app, "spring", b"id,full_name\np4,Dan\n")
    assert "Members have been added or removed" in client.get(address).text
    for wrong, status in ((f"companies?list={list_id}", 422), ("people?list=nobody", 404)):
        assert client.get(f"/console/{wrong}").status_code == status
    stranger = signed_in("admin", workspace_slug="north")
    assert stranger.get(f"/console/people?list={list_id}&workspace=default").status_code == 404
    assert "spring" not in stranger.get("/console/lists?workspace=default").text


def test_a_list_is_renamed_and_deleted_and_its_members_stay(app: Flask, signed_in: SignedIn) -> None:
    """A name that cannot be is refused in words; without the typed word nothing is deleted."""
    list_id, _ = make_list(app), make_list(app, "autumn", b"id,full_name\np9,Zoe\n")
    client, address = signed_in("operator"), f"/console/lists/{list_id}"
    taken = client.post(f"{address}/name", data={"name": "autumn"})
    assert (taken.status_code, "There is a list of that name" in taken.text) == (409, True)
    assert client.post(f"{address}/name", data={"name": " "}).status_code == 422
    assert client.post(f"{address}/name", data={"name": " summer "}).location == address
    assert "summer" in client.get(address).text
    assert "3 people" in client.get(f"{address}/delete").text
    for word in ("", "summer"):
        assert client.post(f"{address}/delete", data={"word": word}).status_code == 422
    assert "The list is deleted" in client.post(f"{address}/delete", data={"word": "Delete"}).text
    assert client.get(address).status_code == 404
    with app.app_context():
        assert [view.name for view in list_lists(workspace_slug="default").rows] == ["autumn"]
        assert existing_ids("person", ["p1", "p2", "p3"], workspace_slug="default") == {"p1", "p2", "p3"}


def test_a_list_has_its_jobs_and_a_job_its_list(app: Flask, signed_in: SignedIn) -> None:
    """As long as there is the list; another workspace's shows nothing."""
    list_id, client = make_list(app), signed_in("operator")
    address = f"/console/lists/{list_id}"
    assert "This list has no jobs yet" in client.get(address).text
    assert "This list has no jobs yet" in client.get(f"/console/jobs?list={list_id}").text
    page = client.get(f"/console/new?type=person&list={list_id}&provider=ai-normalizer").text
    job = client.post("/console/new", data={**hidden(page), "cap": "1"}).location
    with app.app_context():
        other = queue.enqueue_job("person", "ai-normalizer", ["p1"])
    for page in (client.get(address).text, client.get(f"/console/jobs?list={list_id}").text):
        assert f'href="{job}"' in page and other not in page
    assert f'href="{address}"' in client.get(job).text
    client.post(f"{address}/delete", data={"word": "delete"})
    assert "a list that has since been deleted" in client.get(job).text
    assert other in client.get(f"/console/jobs?list={list_id}").text


def test_those_without_a_value_are_looked_for_some_at_a_time(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a workspace and of a list: where nobody was found, and after those who were, the form leads on."""
    monkeypatch.setattr(new_job, "LOOKS_AT", 3)
    rows = "".join(f"p{number},{'+442079460000' if number < 4 else ''}\n" for number in range(6))
    list_id = make_list(app, "all", b"id,phone\n" + rows.encode())
    client = signed_in("operator")
    for of in ("", f"&list={list_id}"):
        text = client.get(f"/console/new?type=person&missing=phone&limit=1&provider=ai-normalizer{of}").text
        assert "None of the next 3 people by id is missing phone" in text and "Run" not in text
        text = client.get(_further(text)).text
        assert "Run 1 person" in text
        job = client.post("/console/new", data={**hidden(text), "cap": "1"}).location
        with app.app_context():
            assert db.session.get_one(EnrichmentJob, job.rpartition("/")[2]).entity_ids == ["p4"]
        text = client.get(_further(text)).text
        assert "Run 1 person" in text and "Look further" not in text


def test_a_job_takes_more_than_its_page_has_found(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page tells a price for as many as there may be; the job is of all who lack the value, and of nobody else."""
    monkeypatch.setattr(selections, "_MOST_FOUND", 2)
    monkeypatch.setattr(new_job, "LOOKS_EACH", 1)
    rows = "".join(f"p{number},{'' if number % 4 else '+442079460000'}\n" for number in range(8))
    list_id = make_list(app, "some", b"id,phone\n" + rows.encode())
    make_list(app, "others", b"id,phone\nq1,\nq2,+442079460000\n")
    client, lacking = signed_in("operator"), ["p1", "p2", "p3", "p5", "p6", "p7"]
    for of, most, ids in (("", 10, [*lacking, "q1"]), (f"&list={list_id}", 8, lacking), ("&limit=3", 3, lacking[:3])):
        text = client.get(f"/console/new?type=person&missing=phone&provider=ai-normalizer{of}").text
        assert f"Run up to {most} people" in text and "counted when the job is created" in text
        assert "Look further" not in text
        job = client.post("/console/new", data={**hidden(text), "cap": "1"}).location
        with app.app_context():
            assert db.session.get_one(EnrichmentJob, job.rpartition("/")[2]).entity_ids == ids


def _further(page: str) -> str:
    (address,) = re.findall(r'href="([^"]*)">Look further', page)
    return str(address).replace("&amp;", "&")
