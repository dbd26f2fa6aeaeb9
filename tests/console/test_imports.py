"""A file on its way through the console: looked at, imported as it was shown, and by nobody else's word."""

import html
import re
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.console import imports
from app.enrichment import queue
from app.entities.lists import list_lists
from app.entities.read import list_entities
from app.entities.xlsx.writer import xlsx_blocks
from tests.console.conftest import SignedIn
from tests.console.test_pages import add
from tests.console.test_walks import FORMULA, MARKUP

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PEOPLE = f"""Name;Kontakt;Firma;{MARKUP}
Ada Lovelace;ada@acme.example;Acme;x
"{FORMULA.replace('"', '""')}";bob@b.example;B;"{MARKUP}"
Ada Lovelace;ada@acme.example;Acme;x
;;Nobody;
""".encode()


def posted(client: FlaskClient, content: bytes, **form: Any) -> str:
    """Bring a file and return the page that says what would become of it."""
    data = {"file": (BytesIO(content), "people.csv"), **form}
    return client.post("/console/import", data=data, content_type="multipart/form-data").text


def form_of(page: str) -> dict[str, Any]:
    """Return what a page's form sends, with what is selected."""
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }
    return {**fields, "use": re.findall(r'<option value="([^"]*)" selected', page)}


def fact(page: str, name: str) -> str:
    """Return a number of a page."""
    found = re.search(f"<dt>{name}</dt><dd>([^<]*)</dd>", page)
    assert found, name
    return found[1]


def test_a_file_is_imported_as_it_was_shown(app: Flask, signed_in: SignedIn) -> None:
    """Nothing is written before; what was chosen is remembered; the same file again would change nothing."""
    client = signed_in("operator")
    page = posted(client, PEOPLE)
    assert [fact(page, name) for name in ("Rows", "New", "Unchanged", "Refused")] == ["4", "2", "1", "1"]
    form = form_of(page)
    assert form["use"] == ["full_name", "keep", "company", "keep"]
    form["use"][1:] = ["email", "company", "ignore"]
    unseen = client.post("/console/import/run", data=form)
    assert (unseen.status_code, "Look again" in unseen.text) == (409, True)
    with app.app_context():
        assert not list_entities("person", workspace_slug="default").rows
    page = client.post("/console/import", data=form).text
    counts = [fact(page, name) for name in ("Rows", "New", "Unchanged", "Duplicates of an earlier row", "Refused")]
    assert counts == ["4", "2", "1", "1", "1"] and "semicolons" in page and "25.0 %" not in page
    assert (
        MARKUP not in page and "<script>alert" not in page and html.escape(FORMULA) in page.replace("&#34;", "&quot;")
    )
    report = client.post("/console/import/run", data=form_of(page)).text
    assert fact(report, "New") == "2" and "people</bdi>" in report and MARKUP not in report
    refused = client.post("/console/import/refused", data=form_of(report))
    assert refused.mimetype == "text/csv" and "\n5," in refused.text and "Nobody" in refused.text
    with app.app_context():
        (made,) = list_lists(workspace_slug="default").rows
        assert (made.name, made.entity_count, made.made_by) == ("people", 2, "user operator-all")
        assert not list_lists(workspace_slug="north").rows
    with app.app_context():
        add({"id": "other", "full_name": "Not in it"})
    link = html.unescape(re.findall('id="enrich" href="([^"]*)"', report)[0])
    page = client.get(f"{link}&provider=ai-normalizer").text
    assert "Run 2 people" in page and "people (2)</option>" in page and f"--list {made.id}" in page
    job = client.post("/console/new", data={**form_of(page), "cap": "1"}).location
    with app.app_context():
        assert queue.get_job(job.rpartition("/")[2]).total == 2
    elsewhere = client.get(f"/console/new?type=person&workspace=north&list={made.id}").text
    assert "(2)</option>" not in elsewhere and "Run " not in elsewhere
    file = client.get(f"/console/people/export.csv?list={made.id}", buffered=True).text
    assert "ada@acme.example" in file and "Not in it" not in file
    assert f'value="{made.id}" selected' in client.get(f"/console/people/export?list={made.id}").text
    for wrong in (f"workspace=north&list={made.id}", "list=unknown"):
        assert client.get(f"/console/people/export.csv?{wrong}").status_code == 404
    again = posted(client, PEOPLE)
    assert "Nothing would change" in again and form_of(again)["use"] == ["full_name", "email", "company", "ignore"]


@on_sqlite
def test_what_cannot_be_imported_is_not_gone_on_with(
    app: Flask, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No rows, nobody told apart, no such sheet, too large, or a form that is not ours: the page says so."""
    client = signed_in("operator", workspace_slug="north")
    for content, said in (
        (b"Wer,Notiz\nada@a.example,x\n", "no column of the first row is known"),
        (b"Name,E-mail\n", "no row below its header"),
    ):
        page = posted(client, content)
        assert said in page and "Nothing was written" in page and 'id="run"' not in page
    assert "Choose a file" in posted(client, b"")
    page = posted(client, b"Wer,Notiz\nada@b.example,x\n")
    assert "<bdi>ada@b.example</bdi>" in page and "1 rows" not in page
    assert fact(client.post("/console/import", data={**form_of(page), "use": ["email", "keep"]}).text, "New") == "1"
    book = b"".join(xlsx_blocks(["Name", "E-mail"], [["Ada", "ada@a.example"]]))
    page = posted(client, book, workspace="default")
    assert "of a workbook" in page
    assert client.post("/console/import/run", data=form_of(page)).status_code == 200
    with app.app_context():
        assert [len(list_entities("person", workspace_slug=slug).rows) for slug in ("default", "north")] == [0, 1]
    form = form_of(page)
    for wrong in ({"content": "="}, {"seen": "[1]"}, {"seen": "{"}, {"use": ["keep"]}, {"sheet": "Nowhere"}):
        assert client.post("/console/import/run", data={**form, **wrong}).status_code == 422, wrong
    monkeypatch.setattr(imports, "MAX_BYTES", 20)
    assert "larger than" in posted(client, PEOPLE)


@on_sqlite
def test_rows_are_pasted_in_place_of_a_file(app: Flask, signed_in: SignedIn) -> None:
    """As a spreadsheet copies them; a file that was chosen too comes first, and neither is told in words."""
    client = signed_in("operator")
    rows = "Name\tE-mail\r\nZoë Ångström\tzoe@acme.example\r\n"
    file = (BytesIO(b""), "")
    sent = {"content_type": "multipart/form-data"}
    page = client.post("/console/import", data={"pasted": rows, "file": file}, **sent).text
    assert (fact(page, "Rows"), fact(page, "New")) == ("1", "1") and "tabs between the cells" in page
    report = client.post("/console/import/run", data=form_of(page)).text
    assert "pasted rows" in report
    with app.app_context():
        (person,) = list_entities("person", workspace_slug="default").rows
        assert (person.fields["full_name"], person.fields["email"]) == ("Zoë Ångström", "zoe@acme.example")
    both = client.post("/console/import", data={"pasted": rows, "file": (BytesIO(PEOPLE), "people.csv")}, **sent).text
    assert "people.csv" in both and fact(both, "Rows") == "4"
    neither = client.post("/console/import", data={"pasted": " \n", "file": (BytesIO(b""), "")}, **sent)
    assert (neither.status_code, "or paste rows" in neither.text) == (422, True)
