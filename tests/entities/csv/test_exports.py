"""People and companies as CSV: the imported columns come back, and importing an export changes nothing."""

import csv
import io
import tracemalloc
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, Text, cast, select

from app.db.session import transaction
from app.entities.changes import Writing, write_changes
from app.entities.csv import exports
from app.entities.csv.exports import export_csv
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.fields import NORMALIZED_FIELDS, RAW_FIELDS
from app.entities.merge import Change
from app.entities.read import list_entities, load_entities, load_for_update
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.values.text import find_bad_character
from tests.databases import empty

COMPUTED = [*NORMALIZED_FIELDS["person"], "created_at", "updated_at"]


def imported(text: str | bytes, entity_type: Any = "person") -> ImportReport:
    """Import a file."""
    raw = text if isinstance(text, bytes) else text.encode()
    return import_csv(entity_type, io.BytesIO(raw), workspace_slug="north")


def upsert(rows: Iterable[dict[str, Any]], entity_type: str = "person") -> None:
    """Upsert rows in a transaction of their own."""
    with transaction() as session:
        upsert_entities(entity_type, rows, workspace_slug="north", session=session)


def exported(entity_type: Any = "person") -> bytes:
    """Return the export of the workspace."""
    db.session.rollback()
    return b"".join(export_csv(entity_type, workspace_slug="north"))


def table(raw: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header of a CSV file, and its rows by header."""
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    return header, [dict(zip(header, row, strict=True)) for row in rows]


OF_IMPORTS = ("import_files", "entity_list", "audit_events")
"""The tables that an import may add to though it changes nobody."""


@cache
def as_text() -> dict[str, Select[Any]]:
    """Return a query for each table's rows, all columns as text."""
    return {one.name: select(*(cast(column, Text) for column in one.columns)) for one in db.metadata.sorted_tables}


def dump() -> list[str]:
    """Return every row of every table as text."""
    db.session.rollback()
    return sorted(f"{name} {tuple(row)}" for name, query in as_text().items() for row in db.session.execute(query))


def assert_reimport_changes_nothing(entity_type: Any = "person") -> None:
    """Assert that an export, imported, leaves every entity as it was, and that the next export is the same."""
    raw, before = exported(entity_type), dump()
    report = imported(raw, entity_type)
    assert (report.created, report.updated, report.refusals) == (0, 0, [])
    after = [row for row in dump() if not row.startswith(OF_IMPORTS)]
    assert after == [row for row in before if not row.startswith(OF_IMPORTS)]
    assert exported(entity_type) == raw


def test_export_gives_the_imported_columns_back_with_what_was_found(context: Flask) -> None:
    """First the id, then the file's columns in its order, then fields that have values, then what we compute."""
    imported("Score,Contact ID,Work Email,First Name,Facebook\n7,c1,,Ann,fb\n,c2,bob@b.de,Bob,\n")
    with transaction() as session:
        load_for_update("person", ["c1"], workspace_slug="north")
        found = {
            "email": Change(None, "ann@b.de"),
            "skills": Change(None, ["a"]),
            "normalized_email": Change(None, "n"),
        }
        write_changes(session, "person", "north", [Writing("c1", found, "x")])
    header, rows = table(exported())
    assert header == ["id", "Score", "Work Email", "First Name", "Facebook", "skills", *COMPUTED]
    assert {name: rows[0][name] for name in header[:6]} == {
        "id": "c1", "Score": "7", "Work Email": "ann@b.de", "First Name": "Ann", "Facebook": "fb", "skills": '["a"]',
    }  # fmt: skip
    assert rows[0]["normalized_email"] == "n"
    assert rows[0]["created_at"].endswith("+00:00")
    assert (rows[1]["id"], rows[1]["Work Email"], rows[1]["skills"]) == ("c2", "bob@b.de", "")


def test_first_header_of_a_field_wins(context: Flask) -> None:
    """Two files with other names for a field make one column, other columns of both are there."""
    imported("Email Address,Score\na@b.de,1\n")
    imported("Work Email,Grade,Score\nb@b.de,2,3\n")
    header, rows = table(exported())
    assert header[:4] == ["id", "Email Address", "Score", "Grade"]
    assert sorted(row["Email Address"] for row in rows) == ["a@b.de", "b@b.de"]
    assert_reimport_changes_nothing()


def test_cell_that_a_field_cannot_take_comes_back_in_its_column(context: Flask) -> None:
    """What was kept beside a field stands in the field's column as long as the field is blank."""
    imported("Name,Domain,Total Funding\nAcme,acme.com,about 12M\nBeta,beta.com,5\n", "company")
    _, rows = table(exported("company"))
    assert sorted(row["Total Funding"] for row in rows) == ["5", "about 12M"]
    assert [row["extra"] for row in rows] == ["", ""]
    assert_reimport_changes_nothing("company")


def test_entries_of_a_dict_field_stand_in_their_columns(context: Flask) -> None:
    """A column for one entry shows that entry, the field's own column shows the others."""
    imported("Name,Domain,Facebook\nAcme,acme.com,fb\n", "company")
    entity_id = list_entities("company", workspace_slug="north").rows[0].id
    upsert([{"id": entity_id, "social_urls": {"facebook": "fb", "github": "gh"}}], "company")
    upsert([{"id": "zzz", "social_urls": {"facebook": 5}}], "company")
    header, rows = table(exported("company"))
    assert header[:5] == ["id", "Name", "Domain", "Facebook", "social_urls"]
    assert (rows[0]["Facebook"], rows[0]["social_urls"]) == ("fb", '{"github":"gh"}')
    assert (rows[1]["Facebook"], rows[1]["social_urls"]) == ("", '{"facebook":5}'), "a cell would read it as text"
    assert_reimport_changes_nothing("company")


def test_what_has_no_column_stands_in_extra(context: Flask) -> None:
    """Texts that came over the API under names that no file had are exported as JSON, not lost."""
    imported("id,Score\na,1\n")
    upsert([{"id": "a", "extra": {"Grade": "A", "email": "not the field"}}])
    header, rows = table(exported())
    assert header[:3] == ["id", "Score", "extra"]
    assert rows[0]["extra"] in ('{"Grade":"A","email":"not the field"}', '{"email":"not the field","Grade":"A"}')
    assert_reimport_changes_nothing()


def test_header_that_would_be_read_as_another_field_gives_way(context: Flask) -> None:
    """Columns of different files may not change their meaning by standing side by side."""
    imported("Company Email,Score\na@b.de,1\n")
    imported("Work Email,Email Address\nb@b.de,private@b.de\n")
    header, rows = table(exported())
    assert header[:4] == ["id", "Company Email", "Score", "extra"]
    assert '{"Email Address":"private@b.de"}' in [row["extra"] for row in rows]
    assert_reimport_changes_nothing()


def test_fallback_cell_is_not_taken_for_a_blank_field(context: Flask) -> None:
    """A further column for a field would fill it on import, so beside a blank its cell stands in `extra`."""
    imported("id,Work Email,Private Email\na,a@b.de,home@b.de\nb,,b@b.de\n")
    upsert([{"id": "a", "email": None}, {"id": "c", "email": "n/a", "extra": {"Private Email": "c@b.de"}}])
    _, rows = table(exported())
    shown = [(row["Work Email"], row["Private Email"], row["extra"]) for row in rows]
    assert shown == [
        ("", "", '{"Private Email":"home@b.de"}'),
        ("b@b.de", "b@b.de", ""),
        ("n/a", "", '{"Private Email":"c@b.de"}'),
    ]


def test_edited_row_is_the_only_one_that_changes(context: Flask) -> None:
    """An export that was edited and imported changes what was edited."""
    imported("Contact ID,Work Email,Score\nc1,ann@b.de,7\nc2,bob@b.de,8\n")
    upsert([{"id": "c1", "job_title": "Boss"}])
    report = imported(exported().replace(b"bob@b.de", b"bob@c.de").replace(b"Boss", b"Chief"))
    assert (report.updated, report.unchanged, report.created) == (2, 0, 0)
    assert load_entities("person", ["c2"], workspace_slug="north")["c2"]["email"] == "bob@c.de"
    assert load_entities("person", ["c1"], workspace_slug="north")["c1"]["job_title"] == "Chief"
    assert table(exported())[0][:4] == ["id", "Work Email", "Score", "job_title"]


def test_importing_an_export_leaves_every_table_as_it_was_but_lists(context: Flask) -> None:
    """An export brings no columns of its own, so not even its header row is kept."""
    imported("Contact ID,Work Email,Score,City\nc1,ann@b.de,7,Bonn\n")
    upsert([{"id": "c1", "job_title": "Boss", "extra": {"k": "v"}}])
    before = [row for row in dump() if not row.startswith(("entity_list", "audit_events"))]
    imported(exported())
    assert [row for row in dump() if not row.startswith(("entity_list", "audit_events"))] == before


def test_export_of_an_empty_workspace_is_a_header(context: Flask) -> None:
    """Without entities there is a header row and nothing else."""
    header, rows = table(exported())
    assert header == ["id", *COMPUTED]
    assert rows == []


def test_export_shows_one_workspace(context: Flask) -> None:
    """Another workspace's entities, columns and fields stay out."""
    imported("id,Score\na,1\n")
    with transaction() as session:
        row = {"id": "b", "email": "a@b.de", "extra": {"secret": "1"}}
        upsert_entities("person", [row], workspace_slug="south", session=session)
    header, rows = table(exported())
    assert header == ["id", "Score", *COMPUTED]
    assert [row["id"] for row in rows] == ["a"]


def test_field_that_only_later_rows_have_is_exported(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows do not tell all the fields that have a value; blank text is none, wherever it stands."""
    monkeypatch.setattr(exports, "SLICE_ROWS", 1)
    late = {"id": "b", "headline": "Poet", "skills": ["a"], "company": "  "}
    upsert([{"id": "a", "full_name": "Ada Brandt", "company": " "}, late])
    header, rows = table(exported())
    assert header[: -len(COMPUTED)] == ["id", "full_name", "headline", "skills"]
    assert [(row["full_name"], row["headline"], row["skills"]) for row in rows] == [
        ("Ada Brandt", "", ""),
        ("", "Poet", '["a"]'),
    ]


def test_export_is_read_by_pages(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entity is exported once whatever the size of a page, and no transaction is left open."""
    monkeypatch.setattr(exports, "SLICE_ROWS", 3)
    upsert([{"id": f"e{n}"} for n in range(10)])
    lines = export_csv("person", workspace_slug="north")
    next(lines)
    assert not db.session().in_transaction()
    assert len(table(exported())[1]) == 10


texts = st.text(max_size=6).filter(lambda text: find_bad_character(text) is None) | st.sampled_from(
    ["", " x ", "N/A", "unknown", "=1+1", "'=x", "-5", "[1]", "{}", "null", 'a"b,c;d', "two\nlines", "https://x.com/a",
     "linkedin.com/in/a", "1e5"]
)  # fmt: skip
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([0.5, -1.25]) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "list": st.lists(jsons, max_size=3),
    "dict": st.dictionaries(texts | st.sampled_from(["facebook", "apollo"]), jsons, max_size=3),
    "integer": st.integers(-(2**63), 2**63 - 1),
}


def given_fields(entity_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of raw fields and `extra`, as the API takes them."""
    optional = {name: VALUES[kind] for name, kind in RAW_FIELDS[entity_type].items()}
    headers = st.sampled_from(["Score", "Email", "Private Email", "Facebook", "Domain", "Website", "x", "extra", "id"])
    extra = st.dictionaries(headers, texts, max_size=3)
    return st.fixed_dictionaries({}, optional={**optional, "extra": extra})


@pytest.mark.fuzz
@pytest.mark.parametrize("entity_type", ["person", "company"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_export_and_import_are_inverses(
    context: Flask, database_url: str, entity_type: str, data: st.DataObject
) -> None:
    """Whatever the API took, among whatever imported columns, an imported export changes nothing."""
    db.session.rollback()
    empty(database_url)
    headers = ["Email", "Work Email", "Private Email", "Score", "Facebook", "Domain", "Website", "Name", "LinkedIn URL"]
    for _ in range(data.draw(st.integers(0, 2))):
        chosen = data.draw(st.lists(st.sampled_from(headers), unique=True, min_size=1))
        imported(",".join(["id", *chosen]) + "\nfile," + ",".join("x" for _ in chosen) + "\n", entity_type)
    upsert([{"id": f"e{n}", **data.draw(given_fields(entity_type))} for n in range(2)], entity_type)
    assert_reimport_changes_nothing(entity_type)


@pytest.mark.parametrize("rows", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_export_takes_the_same_memory_for_any_number(context: Flask, rows: int) -> None:
    """However many the entities, memory holds one page."""
    filler = {"email": "a@b.de", "company": "Acme", "skills": ["a", "b"], "extra": {"Score": "7"}}
    for start in range(0, rows, 1000):
        upsert([{"id": f"e{start + n:06}", **filler} for n in range(1000)])
    exported_bytes = 0
    tracemalloc.start()
    try:
        for block in export_csv("person", workspace_slug="north"):
            exported_bytes += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert exported_bytes > rows * 50
    assert peak < 7_500_000, "4,000 entities as objects take more than 8 MB"
