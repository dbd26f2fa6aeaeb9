"""CSV files into people and companies: slices, counts, refusals, and nothing doubled."""

import io
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, cast, func, select, update

from app.db.session import transaction
from app.entities.csv import imports
from app.entities.csv.exports import export_csv
from app.entities.csv.headers import counts_as_other
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.csv.opening import ImportOptions
from app.entities.read import EntityView, get_entity, list_entities
from app.entities.upsert import upsert_entities
from app.errors import Invalid
from app.extensions import db
from app.models import EntityRevision, ImportFile, Person
from app.values.entity_types import EntityType
from tests.entities.csv.test_headers import (
    APOLLO_COMPANIES,
    APOLLO_PEOPLE,
    CLAY_COMPANIES,
    CLAY_PEOPLE,
    HUBSPOT_COMPANIES,
    HUBSPOT_PEOPLE,
    LINKEDIN_CONNECTIONS,
    PHANTOMBUSTER_PEOPLE,
    SALESFORCE_COMPANIES,
    SALESFORCE_PEOPLE,
)

PEOPLE = """Contact ID,Work Email,First Name,Score,Facebook,Skills,LinkedIn URL
c1,ann@b.de,Ann,7,fb/ann,"a; b",https://linkedin.com/in/ann
c2,,Bob,,,,https://www.linkedin.com/sales/lead/1
c3,N/A,Cem,0,,,
"""


class Generated(io.RawIOBase):
    """A file that is made while it is read, so that it takes no memory itself."""

    def __init__(self, rows: int) -> None:
        self._lines = self._make(rows)
        self._rest = b""

    def _make(self, rows: int) -> Iterator[bytes]:
        yield b"Email,First Name,Last Name,Company,Company Domain,Job Title,LinkedIn URL,Skills,Score,City\n"
        for n in range(rows):
            yield (
                f"ann{n}@acme{n % 500}.com,Ann{n},Lee,Acme,acme{n % 500}.com,Head of Sales,"
                f"https://www.linkedin.com/in/ann{n},a;b;c,{n % 100},Berlin\n"
            ).encode()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the next lines."""
        while len(self._rest) < len(buffer) and (line := next(self._lines, None)) is not None:
            self._rest += line
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def imported(text: str | bytes, entity_type: Any = "person", **given: Any) -> ImportReport:
    """Import a file."""
    raw = text if isinstance(text, bytes) else text.encode()
    return import_csv(entity_type, io.BytesIO(raw), **{"workspace_slug": "north", **given})


def dump() -> list[str]:
    """Return every row of every table as text."""
    db.session.rollback()
    return [
        f"{table.name} {tuple(row)}"
        for table in db.metadata.sorted_tables
        for row in db.session.execute(
            select(*(cast(column, Text) for column in table.columns)).order_by(*table.primary_key)
        )
    ]


def fields_of(entity_id: str, entity_type: str = "person") -> EntityView:
    """Return an entity as it stands."""
    db.session.rollback()
    return get_entity(entity_type, entity_id, workspace_slug="north")


def test_import_stores_fields_and_keeps_the_rest_beside(context: Flask) -> None:
    """Known columns fill fields, unknown ones and cells that a field cannot take are kept under their header."""
    report = imported(PEOPLE)
    assert (report.total, report.created, report.refused) == (3, 3, 0)
    ann = fields_of("c1")
    assert (ann.fields["email"], ann.fields["first_name"], ann.fields["skills"]) == ("ann@b.de", "Ann", ["a", "b"])
    assert ann.extra == {"Score": "7", "Facebook": "fb/ann"}
    assert fields_of("c2").fields["linkedin_url"] is None
    assert fields_of("c2").extra == {"LinkedIn URL": "https://www.linkedin.com/sales/lead/1"}
    assert fields_of("c3").fields["email"] is None


def test_report_says_what_became_of_rows_and_columns(context: Flask) -> None:
    """Counts add up, refused rows say why, columns say where their cells went."""
    report = imported("id;E-Mail;Private Email;created_at;Notiz\na;a@b.de;;;\na b;c@d.de;;;\n;;;;\na;a@b.de;;;neu\n")
    assert (report.total, report.created, report.updated, report.unchanged, report.refused) == (3, 1, 1, 0, 1)
    assert [(refusal.line, "id" in refusal.reason) for refusal in report.refusals] == [(3, True)]
    assert report.columns == [
        ("id", "id"), ("E-Mail", "email"), ("Private Email", None), ("created_at", None), ("Notiz", None),
    ]  # fmt: skip
    assert (report.delimiter, report.encoding) == (";", "utf-8")


def test_company_columns_may_fill_entries_of_a_field(context: Flask) -> None:
    """A column may stand for one entry of a dict field, which leaves the other entries alone."""
    imported("Name,Domain,Facebook,Twitter\nAcme,acme.com,fb,tw\n", "company")
    report = imported("Name,Domain,Facebook,Twitter\nAcme,acme.com,,tw2\n", "company")
    assert report.columns[2:] == [("Facebook", "social_urls.facebook"), ("Twitter", "social_urls.twitter")]
    page = list_entities("company", workspace_slug="north")
    assert page.rows[0].fields["social_urls"] == {"facebook": "fb", "twitter": "tw2"}


def test_import_twice_changes_nothing(context: Flask) -> None:
    """The second import of a file leaves every table as it was, but for the lists and the audit log."""
    imported(PEOPLE)
    before = [row for row in dump() if not row.startswith(("entity_list", "audit_events"))]
    report = imported(PEOPLE)
    assert (report.unchanged, report.created, report.updated) == (3, 0, 0)
    assert [row for row in dump() if not row.startswith(("entity_list", "audit_events"))] == before


def test_blank_cell_never_clears_a_value(context: Flask) -> None:
    """What was found since the first import survives the second, also inside of dicts and beside the fields."""
    imported("id,email,provider_ids,Score\na,,,5\n")
    with transaction() as session:
        row = {"id": "a", "email": "found@b.de", "provider_ids": {"prospeo": "1"}}
        upsert_entities("person", [row], workspace_slug="north", session=session)
    imported('id,email,provider_ids,Score\na, ,"{""apollo"": ""2""}",\n')
    after = fields_of("a")
    assert after.fields["email"] == "found@b.de"
    assert after.fields["provider_ids"] == {"prospeo": "1", "apollo": "2"}
    assert after.extra == {"Score": "5"}


def test_changed_cell_is_the_callers_change(context: Flask) -> None:
    """An edited file updates the entity and leaves history in the caller's name."""
    imported(PEOPLE)
    report = imported(PEOPLE.replace("ann@b.de", "ann@c.de"))
    assert (report.updated, report.unchanged) == (1, 2)
    email = fields_of("c1").provenance["email"]
    assert (email.provider, email.attempt_id, email.old_value) == ("caller", None, "ann@b.de")


def test_unreadable_file_is_refused_as_a_whole(context: Flask) -> None:
    """A file without a usable header stores nothing and says what was expected."""
    for raw in (b"", b"PK\x03\x04rest", b"colour,shape\nred,round\n", b"\x00\x01\x02"):
        with pytest.raises(Invalid, match="expected"):
            imported(raw)
    assert dump() == []


@pytest.mark.parametrize(
    ("asked", "found", "export"),
    [
        ("company", "people", HUBSPOT_PEOPLE),
        ("company", "people", LINKEDIN_CONNECTIONS),
        ("company", "people", PHANTOMBUSTER_PEOPLE),
        ("company", "people", ["id", "Email", "First Name", "Last Name"]),
        ("person", "companies", ["id", *APOLLO_COMPANIES]),
        ("person", "companies", ["id", *HUBSPOT_COMPANIES]),
        ("person", "companies", ["id", *SALESFORCE_COMPANIES]),
        ("person", "companies", ["id", "Name", "Industry", "Employees", "Founded"]),
    ],
)
def test_list_of_the_other_type_is_refused_as_a_whole(
    context: Flask, asked: EntityType, found: str, export: Iterable[str]
) -> None:
    """People do not become companies by a slip of the command: nothing is stored, and the right one is named."""
    headers = list(export)
    other = {"person": "company", "company": "person"}[asked]
    with pytest.raises(Invalid) as refusal:
        imported(f"{','.join(headers)}\n{','.join('x' for _ in headers)}\n", asked)
    assert f"looks like a list of {found}: it has columns for " in str(refusal.value)
    assert f"flask enrich import {other}" in str(refusal.value)
    assert dump() == []


@pytest.mark.parametrize(
    ("asked", "headers"),
    [
        ("person", APOLLO_PEOPLE),
        ("person", HUBSPOT_PEOPLE),
        ("person", SALESFORCE_PEOPLE),
        ("person", PHANTOMBUSTER_PEOPLE),
        ("person", CLAY_PEOPLE),
        ("person", LINKEDIN_CONNECTIONS),
        ("company", APOLLO_COMPANIES),
        ("company", HUBSPOT_COMPANIES),
        ("company", SALESFORCE_COMPANIES),
        ("company", CLAY_COMPANIES),
        # People with much about their companies, and companies with somebody to call.
        ("person", ["Email", "Company", "Industry", "Employees", "Revenue", "Founded", "Keywords", "Technologies"]),
        ("company", ["Company Name", "Domain", "Industry", "Contact First Name", "Contact Last Name", "Email"]),
        # Many columns for one field.
        ("company", ["id", "Email", "Work Email", "Private Email"]),
        # Nothing that only one of them has.
        ("person", ["id", "Name", "Phone", "City", "Country"]),
        ("company", ["id", "Name", "Phone", "City", "Country"]),
    ],
)
def test_list_is_never_taken_for_the_other_type(asked: EntityType, headers: Iterable[str]) -> None:
    """A usual export, and a list that is doubtful, goes in as what it is said to be."""
    assert counts_as_other(asked, list(headers)) is None


@pytest.mark.parametrize(("asked", "other"), [("person", "company"), ("company", "person")])
@pytest.mark.parametrize("header", ["id", "id,LinkedIn URL,City"])
def test_own_export_is_known_for_what_it_is(context: Flask, asked: EntityType, other: EntityType, header: str) -> None:
    """An export goes in again as its own type alone, also where hardly a column was imported."""
    imported(f"{header}\na\n", asked)
    export = b"".join(export_csv(asked, workspace_slug="north"))
    assert imported(export, asked).unchanged == 1
    with pytest.raises(Invalid, match="looks like a list of"):
        imported(export, other)


def test_file_of_refused_rows_alone_stores_nothing(context: Flask) -> None:
    """Where no row can be used the file leaves no trace."""
    report = imported("email,Score\n,1\n,2\n")
    assert (report.total, report.refused) == (2, 2)
    assert dump() == []


def test_report_names_the_first_refused_rows_and_counts_all(context: Flask) -> None:
    """A file of bad rows does not make an endless report."""
    report = imported("email,Score\n" + ",1\n" * 250)
    assert report.refused == report.total == 250
    assert [refusal.line for refusal in report.refusals] == list(range(2, 102))


def test_header_row_is_kept_once(context: Flask) -> None:
    """Files with the same columns share one row, a file with others gets its own."""
    imported("Work Email,Score\na@b.de,1\n")
    imported("Work Email,Score\nb@b.de,1\n")
    imported("Work Email,Grade\na@b.de,1\n")
    imported("Company,Grade\nAcme,1\n", "company")
    stored = db.session.execute(select(ImportFile.entity_type, ImportFile.columns).order_by(ImportFile.id)).all()
    assert [tuple(row) for row in stored] == [
        ("person", [["Work Email", "email"], ["Score", None]]),
        ("person", [["Work Email", "email"], ["Grade", None]]),
        ("company", [["Company", "name"], ["Grade", None]]),
    ]


def test_interrupted_import_keeps_its_slices_and_can_be_run_again(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices are transactions of their own; a second run finds the first and doubles nothing."""
    monkeypatch.setattr(imports, "SLICE_ROWS", 10)
    text = "email\n" + "".join(f"a{n}@b.de\n" for n in range(35))
    progress: list[int] = []

    def interrupt(rows: int) -> None:
        progress.append(rows)
        if rows == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(text, on_progress=interrupt)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 20

    report = imported(text, on_progress=progress.append)
    assert (report.created, report.unchanged) == (15, 20)
    assert progress == [10, 20, 10, 20, 30, 35]
    assert db.session.scalar(select(func.count()).select_from(EntityRevision)) == 0


def test_long_rows_make_short_slices(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice is limited by its text as well, so that memory is."""
    monkeypatch.setattr(imports, "SLICE_CHARS", 1000)
    progress: list[int] = []
    imported("email,Notes\n" + "".join(f"a{n}@b.de,{'x' * 400}\n" for n in range(6)), on_progress=progress.append)
    assert progress == [3, 6]


@pytest.mark.parametrize("rows", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_import_takes_the_same_memory_for_any_file(context: Flask, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the file, memory holds one slice."""
    monkeypatch.setattr(imports, "SLICE_ROWS", 200)
    stream = io.BufferedReader(Generated(rows))
    # Word lists and modules that are read when the first such row comes.
    import_csv("person", io.BufferedReader(Generated(10)), workspace_slug="warm")
    tracemalloc.start()
    try:
        report = import_csv("person", stream, workspace_slug="north")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.created == rows
    assert peak < 4_000_000, "2,000 rows as objects take 4 MB more than a slice"


@pytest.mark.parametrize("line", ["p{n},Ida\n", "x y {n},\n", "  ,  \n", 'p{n},"Ida\n'])
def test_import_ends_in_time_and_goes_on_from_the_line_it_tells(context: Flask, line: str) -> None:
    """However little time there is, each call comes some lines further, and no row is left out in the end."""
    # More than is read from a file at once.
    text = "id,Name\n" + "".join(line.format(n=number) for number in range(80_000 // len(line)))
    whole = imported(text, workspace_slug="whole")
    totals = [0, 0]
    from_line: int | None = 1
    calls = 0
    while from_line is not None:
        report = imported(text, options=ImportOptions(from_line=from_line, seconds=0))
        assert report.stopped_at is None or report.stopped_at >= from_line + 1000
        totals = [totals[0] + report.created, totals[1] + report.refused]
        from_line, calls = report.stopped_at, calls + 1
    assert totals == [whole.created, whole.refused]
    assert calls > 1


def test_old_id_of_a_damaged_cell_is_kept(context: Flask) -> None:
    """An entity that an earlier release stored under the id as it stood in the file is changed and not doubled."""
    stored = imported("id,Name\n99,Ida\n")
    assert stored.created == 1
    with transaction() as session:
        session.execute(update(Person).values(id="12345.0"))
    assert imported("id,Name\n12345.0,Ida\n").unchanged == 1
    assert imported("id,Name\n67890.0,Ole\n").created == 1
    assert list(db.session.scalars(select(Person.id).order_by(Person.id))) == ["12345.0", "67890"]
