"""Workbooks out: every cell is text, equal to the CSV export's, in programs that are not ours."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from app.db.session import transaction
from app.entities.csv.writer import unguard_formula
from app.entities.exports import FORMATS, export_entities
from app.entities.upsert import upsert_entities
from app.entities.xlsx import writer
from app.entities.xlsx.writer import CUT_MARK, MAX_CELL_UNITS, TooLargeForSheet, xlsx_blocks
from app.extensions import db
from tests.cli.conftest import run
from tests.web.conftest import client_with, make_key

NASTY = ["=1+1", "+49 (0)30 1", "-2", "@x", "007", "1e5", "TRUE", "2026-05-01", "'=1", "''=1", "'x",
         "#N/A", "a\nb\tc", "<b>&amp;</b>", "]]>", "_x0041_", "a_x00e9_b", "_x", "é😀", "李雷", "  two words",
         "\u200b=1"]  # fmt: skip


def store(workspace_slug: str, rows: list[dict[str, Any]]) -> None:
    """Upsert people."""
    with transaction() as session:
        upsert_entities("person", rows, workspace_slug=workspace_slug, session=session)


def exported(file_format: str, workspace_slug: str = "north") -> bytes:
    """Return an export of people."""
    db.session.rollback()
    return b"".join(export_entities("person", file_format, workspace_slug=workspace_slug))


def by_calamine(raw: bytes) -> list[list[Any]]:
    """Return the cells as python-calamine reads them."""
    return CalamineWorkbook.from_filelike(io.BytesIO(raw)).get_sheet_by_index(0).to_python()


def by_openpyxl(raw: bytes) -> list[list[Any]]:
    """Return the cells as openpyxl reads them, which leaves escapes in cells to its caller."""
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    return [[cell if cell is None else unescape(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def test_every_cell_of_a_workbook_is_that_of_the_csv_export(context: Flask) -> None:
    """Formulas, numbers, dates, escapes and emoji come out as texts, and as the same ones, in both programs."""
    rows = [{"id": f"p{n}", "full_name": text, "skills": [text], "extra": {text: text}} for n, text in enumerate(NASTY)]
    store("north", [*rows, {"id": "blank", "headline": " \u00a0 "}])
    cells = [list(map(unguard_formula, row)) for row in csv.reader(io.StringIO(exported("csv").decode("utf-8-sig")))]
    raw = exported("xlsx")
    # An apostrophe that is itself at the start of a text is doubled, so that the import gives the text back.
    assert [[unguard_formula(cell) for cell in row] for row in by_calamine(raw)] == cells
    assert [[unguard_formula(cell or "") for cell in row] for row in by_openpyxl(raw)] == cells
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)
    assert {(cell.data_type, cell.number_format) for row in sheet.iter_rows() for cell in row if cell.value} == {
        ("s", "@")
    }


@settings(max_examples=25)
@given(st.lists(st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" '=_x0041\r\n")))))
def test_any_text_survives_but_for_what_xml_has_no_character_for(texts: list[str]) -> None:
    """Control characters are left out, everything else comes back."""
    raw = b"".join(xlsx_blocks(["start", *texts, "end"], [["start", *texts, "end"]]))
    stored = ["" if text.isspace() else writer._NO_XML.sub("", text) for text in texts]
    assert [list(map(unguard_formula, row)) for row in by_calamine(raw)] == [["start", *stored, "end"]] * 2


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_text_that_is_too_long_for_a_cell_is_cut_and_says_so(letter: str) -> None:
    """A spreadsheet would call the file damaged otherwise. The limit counts an emoji twice."""
    fits = letter * (MAX_CELL_UNITS * 2 // len(letter.encode("utf-16-le")))
    ((_, cut, whole),) = by_calamine(b"".join(xlsx_blocks(["a", "b", "c"], [["", fits + letter, fits]])))[1:]
    assert whole == fits
    assert (
        cut.startswith(fits[:1000])
        and cut.endswith(CUT_MARK)
        and len(cut.encode("utf-16-le")) // 2 >= MAX_CELL_UNITS - 1
    )
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_CELL_UNITS


def test_workspace_with_more_than_a_sheet_holds_is_refused_before_anything_is_written(
    context: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over HTTP and by the command; CSV has no such limit, and other workspaces do not count."""
    assert FORMATS["xlsx"].max_rows == 1_048_575
    monkeypatch.setitem(FORMATS, "xlsx", replace(FORMATS["xlsx"], max_rows=2))
    store("north", [{"id": f"p{n}"} for n in range(3)])
    store("south", [{"id": f"p{n}"} for n in range(2)])
    client = client_with(context, make_key(context, "read"))
    answer = client.get("/api/people/export.xlsx?workspaceSlug=north")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert "1,048,575 rows" in answer.get_json()["error"]
    assert client.get("/api/people/export.csv?workspaceSlug=north").status_code == 200
    assert client.get("/api/people/export.xlsx?workspaceSlug=south").status_code == 200
    result = run(context, "export", "person", "--workspace", "north", "-o", str(tmp_path / "people.xlsx"))
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "export as CSV" in result.stderr


def test_sheet_that_grows_past_the_limit_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities may come while an export runs. At the limit itself the file is whole."""
    monkeypatch.setattr(writer, "MAX_ROWS", 3)
    assert len(by_calamine(b"".join(xlsx_blocks(["a"], [["1"]] * 2)))) == 3
    with pytest.raises(TooLargeForSheet, match="at most"):
        list(xlsx_blocks(["a"], [["1"]] * 3))
    monkeypatch.undo()
    monkeypatch.setattr(writer, "_MAX_SHEET_BYTES", 500_000)
    with pytest.raises(TooLargeForSheet, match="so much text"):
        list(xlsx_blocks(["a"], [["x" * 30_000]] * 30))


def test_workbook_goes_out_as_it_is_read_in_constant_memory() -> None:
    """The first block comes before any row is asked for, and rows are not kept."""

    def rows(count: int) -> Iterator[list[str]]:
        return ([f"Anna Müller {n}", "anna@muster.example", "a < b"] for n in range(count))

    def never() -> Iterator[list[str]]:
        raise AssertionError
        yield

    assert next(xlsx_blocks(["a"], never())).startswith(b"PK\x03\x04")
    peaks = []
    for count in (3_000, 12_000):
        tracemalloc.start()
        assert sum(map(len, xlsx_blocks(["a", "b", "c"], rows(count)))) > count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_doors_give_the_same_workbook(context: Flask, tmp_path: Path) -> None:
    """An attachment over HTTP; by the command a file by its suffix, or standard output by --format."""
    store("default", [{"id": "ann", "full_name": "Ann"}])
    answer = client_with(context, make_key(context, "read")).get("/api/people/export.xlsx")
    assert answer.headers["Content-Type"] == FORMATS["xlsx"].media_type
    assert answer.headers["Content-Disposition"] == 'attachment; filename="people.xlsx"'
    assert [row[:2] for row in by_calamine(answer.data)] == [["id", "full_name"], ["ann", "Ann"]]
    path = tmp_path / "People.XLSX"
    assert run(context, "export", "person", "-o", str(path)).exit_code == 0
    assert path.read_bytes() == answer.data
    assert run(context, "export", "person", "--format", "xlsx").stdout_bytes == answer.data
    assert run(context, "export", "person", "-o", str(path), "--format", "csv").exit_code == 0
    assert path.read_bytes() == exported("csv", "default")
