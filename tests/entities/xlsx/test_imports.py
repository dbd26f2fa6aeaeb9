"""Workbooks in: a sheet's rows become what the same rows of a CSV file become, and hostile files do no harm."""

import io
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from app.db.session import transaction
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.csv.opening import ImportOptions
from app.entities.csv.writer import csv_lines
from app.entities.exports import FORMATS, export_entities
from app.entities.read import list_entities
from app.entities.upsert import upsert_entities
from app.entities.xlsx import checked
from app.entities.xlsx.parts import PARTS, SHEET, SHEET_END, sheet_start
from app.entities.xlsx.writer import xlsx_blocks
from app.errors import Invalid
from app.extensions import db
from tests.cli.conftest import run
from tests.entities.xlsx.test_exports import NASTY
from tests.web.conftest import client_with, make_key

XLSX = FORMATS["xlsx"].media_type
HEADER = ["id", "Email", "Notes"]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def imported(raw: bytes, workspace_slug: str = "north", **options: Any) -> ImportReport:
    """Import a file of people."""
    return import_csv("person", io.BytesIO(raw), workspace_slug=workspace_slug, options=ImportOptions(**options))


def refusal(raw: bytes, **options: Any) -> str:
    """Return why a file is refused as a whole."""
    with pytest.raises(Invalid) as caught:
        imported(raw, **options)
    return caught.value.message


def people(workspace_slug: str = "north") -> list[dict[str, Any]]:
    """Return what is stored."""
    db.session.rollback()
    page = list_entities("person", workspace_slug=workspace_slug, limit=200)
    return [{"id": view.id, **view.fields, "extra": view.extra} for view in page.rows]


def notes() -> list[str | None]:
    """Return what was kept of the column of notes."""
    return [person["extra"].get("Notes") for person in people()]


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """Return a workbook as openpyxl saves it: a sheet of rows, then others by name, of which `hidden…` are hidden."""
    book = openpyxl.Workbook()
    tables = {"Sheet": list(rows), **sheets} if rows else dict(sheets)
    book.remove(book.active)
    for name, table in tables.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name.startswith("hidden") else "visible"
        for row in table:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_hand(cells: str, **parts: str) -> bytes:
    """Return a workbook of a sheet whose rows are written as XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, SHEET: sheet_start(3) + cells + SHEET_END, **parts}.items():
            archive.writestr(name, text)
    return file.getvalue()


def text_row(*cells: str) -> str:
    """Return a row as XML, whose cells do not say where they stand."""
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


def test_own_workbook_imported_again_changes_nothing(context: Flask) -> None:
    """Nor does a text that was too long for a cell; what somebody edited is taken."""
    rows = [{"id": f"p{n}", "full_name": text, "skills": [text], "extra": {text: text}} for n, text in enumerate(NASTY)]
    with transaction() as session:
        long = {"id": "q", "headline": "x" * 40_000}
        upsert_entities("person", [*rows, long], workspace_slug="north", session=session)
    raw, before = b"".join(export_entities("person", "xlsx", workspace_slug="north")), people()
    report = imported(raw)
    assert (report.created, report.updated, report.unchanged, report.refusals) == (0, 0, len(before), [])
    assert people() == before
    book = openpyxl.load_workbook(io.BytesIO(raw))
    place = next(cell.column for cell in book.active[1] if cell.value == "headline")
    book.active.cell(2, place).value = "edited"
    file = io.BytesIO()
    book.save(file)
    report = imported(file.getvalue())
    assert (report.updated, people()[0]["headline"]) == (1, "edited")


def test_workbook_becomes_what_the_same_csv_becomes(context: Flask) -> None:
    """Headers, placeholders, mended cells, refusals and remarks alike; the columns are recorded too."""
    header = ["Vorname", "Nachname", "E-Mail", "Website", "Score"]
    rows = [["Ann", "Lee", "ann@corp.example; a.lee@corp.example", "N/A", "7"], ["", "", "bo@corp.example", "x", "x"],
            ["only", "", "", "", ""]]  # fmt: skip
    reports = [imported(b"".join(csv_lines(header, rows)), "south"), imported(workbook(header, *rows), "north")]
    assert people("north") == people("south") and len(people("north")) == 2
    for name in ("total", "created", "refusals", "remarks", "columns"):
        assert getattr(reports[0], name) == getattr(reports[1], name), name
    exported = [b"".join(export_entities("person", "csv", workspace_slug=slug)) for slug in ("north", "south")]
    assert exported[0].splitlines()[0] == exported[1].splitlines()[0]


def test_values_that_are_no_text_become_what_the_sheet_shows(context: Flask) -> None:
    """Whole numbers without .0, dates as ISO 8601, a formula's last result; what was rounded says so."""
    values = [
        5,
        0.25,
        1e15,
        True,
        date(2026, 5, 1),
        datetime.fromisoformat("2026-05-01T12:30"),
        time(3, 4),
        -3.0,
        491234567890,
    ]
    imported(workbook(HEADER, *([f"p{n}", None, value] for n, value in enumerate(values))))
    texts = ["5", "0.25", "1.00000000000000E+15", "true", "2026-05-01", "2026-05-01T12:30:00", "03:04:00", "-3"]
    assert notes() == [*texts, "491234567890"]
    cells = '<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "<c><f>1/0</f><v>2</v></c>", '<c t="e"><v>#N/A</v></c>'
    ids = [f'<c t="inlineStr"><is><t>p{n}</t></is></c><c/>' for n in range(3)]
    formulas = "".join(f"<row>{start}{cell}</row>" for start, cell in zip(ids, cells, strict=True))
    imported(by_hand(text_row(*HEADER) + formulas))
    assert notes()[:3] == ["ab", "2", "1.00000000000000E+15"]


def test_lines_of_a_report_are_rows_of_the_sheet(context: Flask) -> None:
    """Blank rows, remarks above the header and line breaks in cells do not shift them."""
    rows = [["Exported today"], [], HEADER, ["p1", "a@corp.example", "two\r\nlines"], [], ["bad id", None, "x"]]
    report = imported(workbook(*rows))
    assert [refusal.line for refusal in report.refusals] == [6]
    assert (report.sheet, report.encoding, report.delimiter, notes()) == ("Sheet", "xlsx", "", ["two\nlines"])


def test_sheet_is_the_first_that_shows_or_the_one_that_is_named(context: Flask) -> None:
    """A hidden one is read if it is asked for; a name that is not there is told with those that are."""
    tables = {name: [HEADER, [name, None, None]] for name in ("hidden1", "first", "second")}
    raw = workbook(**tables)
    assert [imported(raw, sheet=name).sheet for name in (None, "second", "hidden1")] == ["first", "second", "hidden1"]
    assert [person["id"] for person in people()] == ["first", "hidden1", "second"]
    assert "no sheet 'third'; expected one of 'first', 'second'" in refusal(raw, sheet="third")
    state = '<sheet name="Export" state="hidden"'
    hidden = {"xl/workbook.xml": PARTS["xl/workbook.xml"].replace('<sheet name="Export"', state)}
    assert "every sheet of the workbook is hidden" in refusal(by_hand(text_row(*HEADER), **hidden))
    assert "is no Excel workbook" in refusal(b"id,email\np,\n", sheet="first")


def test_import_that_runs_out_of_time_goes_on_from_its_row(context: Flask) -> None:
    """As with CSV, at least a thousand rows are read, so calls come to an end."""
    raw = b"".join(xlsx_blocks(HEADER, ([f"p{n}", "", ""] for n in range(1_100))))
    first = imported(raw, seconds=0)
    assert first.stopped_at is not None and first.created == first.stopped_at - 2 == 999
    assert imported(raw, from_line=first.stopped_at).created == 101


def far(*references: str) -> bytes:
    """Return a workbook with something in some cells."""
    cells = [f'<row><c r="{reference}" t="inlineStr"><is><t>x</t></is></c></row>' for reference in references]
    return by_hand(text_row(*HEADER) + "".join(cells))


def with_a_flag(raw: bytes) -> bytes:
    """Return an archive that says of each part that it is encrypted."""
    at = raw.index(b"PK\x01\x02")
    return raw[:at] + raw[at:].replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'


@on_sqlite
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (far("XFD1048576"), "something in row 1,048,576 and in column 16,384"),
        (far("A1048576", "ZZ1"), "something in row 1,048,576 and in column 702"),
        (far("xfe2"), "more than 16,384 columns"),
        (far("A0"), "damaged"),
        (by_hand('<row r="1048576">' + "<c><v>1</v></c>" * 100 + "</row>"), "row 1,048,576 and in column 100"),
        (by_hand('<row><c t="r" r="XFD1048576"><v>1</v></c></row>'), "something in row 1,048,576"),
        (by_hand("<row><c>"), "damaged"),
        (by_hand(text_row(*HEADER), **{"xl/sharedStrings.xml": DOCTYPE + "<sst/>"}), "declares a document type"),
        (with_a_flag(by_hand(text_row(*HEADER))), "encrypted"),
        (by_hand(text_row(*HEADER))[:-30], "damaged"),
        (by_hand(text_row(*HEADER), **{"xl/workbook.xml": "<workbook/>"}), "every sheet of the workbook is hidden"),
        (b"PK\x03\x04", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old (.xls) or has a password"),
        (workbook(["colour"], ["red"]), "no column of the first row is known"),
        (workbook([]), "no header row"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_used_is_refused_as_a_whole(context: Flask, raw: bytes, reason: str) -> None:
    """Before a reader opens it that would take gigabytes for it; the reason says what to do."""
    assert reason in refusal(raw)


@on_sqlite
def test_archive_that_is_no_workbook_or_unpacks_to_too_much_is_refused(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what its index says, of which no more is unpacked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    assert "no Excel workbook (.xlsx)" in refusal(file.getvalue())
    raw = by_hand(text_row(*HEADER) + "<row><c/></row>" * 100_000)
    monkeypatch.setattr(checked, "_RATIO_COUNTS_FROM", 1_000_000)
    assert "more than 100 times its size" in refusal(raw)
    monkeypatch.setattr(checked, "MAX_BYTES", 1_000_000)
    assert "unpacks to more than 1 MB" in refusal(raw)


@on_sqlite
def test_archive_that_lies_about_a_size_gives_no_more_than_it_says(context: Flask) -> None:
    """The reader never sees the archive itself."""
    raw = bytearray(by_hand(text_row(*HEADER) + text_row("p1", "a@corp.example", "") * 1_000))
    at = raw.index(b"xl/worksheets", raw.index(b"PK\x01\x02")) - 46
    raw[at + 24 : at + 28] = (500).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(raw))


@on_sqlite
def test_without_the_extra_a_workbook_is_refused_with_what_to_install(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service runs without it, and CSV files are imported."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert "install Tranche with its extra [xlsx]" in refusal(workbook(HEADER))
    assert imported(b"id,email\np1,a@corp.example\n").created == 1


@on_sqlite
@pytest.mark.parametrize("is_workbook", [True, False])
@pytest.mark.parametrize("kind", ["text/csv", XLSX, "form"])
def test_content_and_not_its_name_says_what_a_file_is(context: Flask, kind: str, is_workbook: bool) -> None:
    """A workbook that is called list.csv or sent as text/csv is one all the same, and the reverse."""
    raw = workbook(HEADER, ["p1", "a@corp.example", "x"]) if is_workbook else b"id,Email,Notes\np1,a@corp.example,x\n"
    name = "list.csv" if is_workbook else "list.xlsx"
    form = {"data": {"file": (io.BytesIO(raw), name)}, "content_type": "multipart/form-data"}
    client = client_with(context, make_key(context, "write"))
    answer = client.post("/api/people/import", **(form if kind == "form" else {"data": raw, "content_type": kind}))
    assert (answer.status_code, answer.json["created"]) == (200, 1), answer.json
    assert (answer.json["sheet"], answer.json["encoding"]) == (("Sheet", "xlsx") if is_workbook else (None, "utf-8"))


@on_sqlite
def test_command_and_http_take_the_name_of_a_sheet(context: Flask, tmp_path: Path) -> None:
    """And say which was read; standard input works, which cannot be read twice."""
    raw = workbook(["nothing"], Leads=[HEADER, ["p1", "a@corp.example", "x"]])
    path = tmp_path / "list.xlsx"
    path.write_bytes(raw)
    for file, stdin in ((str(path), None), ("-", raw)):
        result = run(context, "import", "person", file, "--sheet", "Leads", stdin=stdin)
        assert (result.exit_code, result.stderr.splitlines()[0]) == (0, "format: xlsx, sheet 'Leads'")
    client = client_with(context, make_key(context, "write"))
    answer = client.post("/api/people/import?sheet=Leads", data=raw, content_type=XLSX)
    assert (answer.json["unchanged"], answer.json["sheet"]) == (1, "Leads")
    refused = client.post("/api/people/import?sheet=Other", data=raw, content_type=XLSX)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
