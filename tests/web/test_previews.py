"""Two-step imports over HTTP: a preview tells what would become of a file, an import takes its mapping."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import PROJECT_ROOT
from app.entities.csv import preview
from app.entities.csv.preview import _Profile
from app.entities.xlsx.writer import xlsx_blocks
from tests.web.conftest import Login

CSV = """Kontakt,First Name,Work Phone,Home Phone,Notiz
ann@b.example,Ann,,1,x
bob@b.example,Bob,2,3,y
ann@b.example,Ann,,1,x
cem@b.example,Cem,,,z
,,,,
nobody,Dan,,,
"""


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything in every workspace."""
    return login("admin")


def send(client: FlaskClient, address: str, file: str | bytes, mapping: object = None, **query: str) -> TestResponse:
    """Send a file as a form, with a mapping or without."""
    raw = file if isinstance(file, bytes) else file.encode()
    data: dict[str, Any] = {"file": (io.BytesIO(raw), "list.csv")}
    if mapping is not None:
        data["mapping"] = mapping if isinstance(mapping, str) else json.dumps(mapping)
    return client.post(f"/api/people/import{address}", data=data, query_string=query)


def test_a_preview_tells_columns_and_rows_and_writes_nothing(admin: FlaskClient) -> None:
    """What is in each column, what would become of it, and of the rows; the import then does just that."""
    admin.post("/api/people", json={"people": [{"id": "p9", "email": "cem@b.example", "firstName": "Cem"}]})
    told = send(admin, "-preview", CSV, map="Kontakt=email").get_json()
    assert [(one["header"], one["use"], one["identifies"]) for one in told["columns"]] == [
        ("Kontakt", "email", True), ("First Name", "firstName", False), ("Work Phone", "phone", False),
        ("Home Phone", "phone", False), ("Notiz", "keep", False),
    ]  # fmt: skip
    first, phone = told["columns"][0], told["columns"][3]
    assert (first["samples"], first["filled"], first["percent"], first["distinct"]) == (
        ["ann@b.example", "bob@b.example", "cem@b.example"], 5, 100.0, 4,
    )  # fmt: skip
    assert (phone["samples"], phone["filled"], phone["percent"], phone["distinct"]) == (["1", "3"], 3, 60.0, 2)
    counts = {name: told[name] for name in ("total", "created", "unchanged", "duplicates", "refused")}
    assert counts == {"total": 5, "created": 3, "unchanged": 1, "duplicates": 1, "refused": 1}
    assert (told["mappingFrom"], told["delimiter"], told["encoding"], told["tool"]) == ("caller", ",", "utf-8", None)
    assert told["refusals"][0]["line"] == 7
    assert len(admin.get("/api/people").get_json()["people"]) == 1
    report = send(admin, "", CSV, told["mapping"]).get_json()
    del counts["duplicates"]
    assert {name: report[name] for name in counts} == counts
    phones = {one["email"]: one["phone"] for one in admin.get("/api/people").get_json()["people"]}
    assert (phones["ann@b.example"], phones["bob@b.example"]) == ("1", "2"), "the more trusted column gives the value"


def test_a_workbook_is_previewed_and_its_mapping_remembered_as_a_files_is(admin: FlaskClient) -> None:
    """The sheet that is named is read, and numbers are shown as their digits."""
    workbook = b"".join(xlsx_blocks(["Kontakt", "Notiz"], iter([["ann@b.example", 7], ["nobody", 8]])))
    told = send(admin, "-preview", workbook, sheet="Export", map="Kontakt=email").get_json()
    assert (told["sheet"], told["encoding"], told["created"], told["refused"]) == ("Export", "xlsx", 1, 1)
    assert [(one["use"], one["samples"]) for one in told["columns"]] == [
        ("email", ["ann@b.example", "nobody"]), ("keep", ["7", "8"]),
    ]  # fmt: skip
    assert send(admin, "", "Notiz,Kontakt\nx,bob@b.example\n", told["mapping"]).get_json()["created"] == 1
    assert send(admin, "-preview", workbook).get_json()["mappingFrom"] == "remembered"
    assert send(admin, "-preview", CSV, sheet="Berlin").status_code == 422


def test_a_mapping_is_remembered_for_files_with_the_same_headers(admin: FlaskClient) -> None:
    """In whatever order, in its workspace, and for its kind of entity; what is said anew is remembered instead."""
    first = "Kontakt,Notiz\nann@b.example,x\n"
    assert send(admin, "", first).status_code == 422, "no column is known"
    assert send(admin, "", first, map="Kontakt=email", dryRun="true").status_code == 200
    assert send(admin, "", first).status_code == 422, "a dry run leaves nothing behind"
    assert send(admin, "", first, {"Kontakt": "email", "Notiz": "ignore"}).status_code == 200
    again = "NOTIZ;kontakt\ny;bob@b.example\n"
    told = send(admin, "-preview", again).get_json()
    assert (told["mappingFrom"], told["mapping"]) == ("remembered", {"NOTIZ": "ignore", "kontakt": "email"})
    assert send(admin, "", again).get_json()["created"] == 1
    assert send(admin, "", again, workspaceSlug="north").status_code == 422
    assert send(admin, "", again, map="NOTIZ=headline").get_json()["updated"] == 1
    assert send(admin, "-preview", first).get_json()["mapping"] == {"Kontakt": "email", "Notiz": "headline"}


def test_a_preview_of_what_no_field_stands_for_is_a_mapping(admin: FlaskClient) -> None:
    """The column that has it as JSON is read as such, with the preview's mapping as without one."""
    file = 'id,extra\na,"{""Notiz"": ""x""}"\n'
    mapping = send(admin, "-preview", file).get_json()["mapping"]
    assert send(admin, "", file, mapping).get_json()["created"] == 1
    assert admin.get("/api/people/a").get_json()["extra"] == {"Notiz": "x"}
    assert send(admin, "-preview", file).get_json()["mapping"] == mapping


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ({"Kontakt": "email"}, "mapping.Notiz"),
        ("[]", "mapping"),
        ("{", "mapping"),
        ({"Kontakt": 7, "Notiz": "keep"}, "mapping"),
    ],
)
def test_a_mapping_must_name_every_column(admin: FlaskClient, mapping: object, path: str) -> None:
    """What nobody decided is not decided by silence."""
    answer = send(admin, "", "Kontakt,Notiz\nann@b.example,x\n", mapping)
    assert (answer.status_code, answer.get_json()["details"][0]["path"]) == (422, path), answer.text
    assert admin.get("/api/people").get_json()["people"] == []


def test_refused_rows_come_as_a_file_that_is_corrected_and_imported(admin: FlaskClient) -> None:
    """Each with its line and the reason; a line whose quotes are broken comes as it stands; the mapping is the same."""
    csv = 'Kontakt,id,Notiz\nann@b.example,a b,x\nbob@b.example,b,y\ncem@b.example,c d,"z"z\ndan@b.example,d,1,2\n'
    assert send(admin, "", csv, map="Kontakt=email").get_json()["refused"] == 3
    answer = send(admin, "-refused", csv)
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert answer.mimetype == "text/csv"
    assert lines[0] == "refused_line,refused_reason,Kontakt,id,Notiz"
    assert [line.partition(",")[0] for line in lines[1:]] == ["2", "4", "5"]
    assert lines[1].endswith(",ann@b.example,a b,x") and "column 'id'" in lines[1]
    assert lines[2].endswith('"cem@b.example,c d,""z""z",,') and lines[3].endswith(",dan@b.example,d,1,2")
    corrected = "\n".join([lines[0], lines[1].replace("a b", "a")])
    report = send(admin, "", corrected).get_json()
    assert (report["created"], report["refused"]) == (1, 0)
    people = admin.get("/api/people").get_json()["people"]
    assert [(one["id"], one["email"], one["extra"]) for one in people] == [
        ("a", "ann@b.example", {"Notiz": "x"}), ("b", "bob@b.example", {"Notiz": "y"}),
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_eight_tools_map_by_themselves(admin: FlaskClient) -> None:
    """An address is found in the exports of many tools without a word of mapping."""
    rows = (PROJECT_ROOT / "tests/entities/csv/data/export_headers.tsv").read_text(encoding="utf-8").splitlines()
    tools: set[str] = set()
    for tool, kind, columns in (row.split("\t") for row in rows if not row.startswith("#")):
        if len(tools) == 8 or kind != "person" or "=email|" not in f"{columns}|" or tool.split()[0] in tools:
            continue
        headers = [column.partition("=")[0] for column in columns.split("|")]
        cells = ["ann@corp.example" if column.endswith("=email") else "" for column in columns.split("|")]
        told = send(admin, "-preview", f"{','.join(headers)}\n{','.join(cells)}\n").get_json()
        assert (told["created"], told["mappingFrom"]) == (1, "headers"), tool
        tools.add(tool.split()[0])
    assert len(tools) == 8


def test_distinct_values_are_counted_in_bounded_memory() -> None:
    """Exactly while there are few, closely beyond."""
    profile = _Profile()
    for start in range(0, 60_000, 500):
        profile.take_in([f"value {number}" for number in range(start, start + 500)] * 2)
        if start == 1500:
            assert profile.distinct == 2000
    assert abs(profile.distinct / 60_000 - 1) < 0.15
    assert len(profile._hashes) <= preview._HASHES_KEPT
