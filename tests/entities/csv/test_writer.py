"""Writing CSV that spreadsheets open safely and that the reader reads back."""

import csv
import io
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entities.csv.cells import IN_DOUBT, is_placeholder
from app.entities.csv.reader import CsvReader, Row
from app.entities.csv.writer import cell_text, csv_lines, guard_formula, unguard_formula

DANGEROUS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\tx", "\r=1", "\n=1", " =1", "\u00a0=1",
             "＝1", "＋1 a", "－1", "＠x", "+49 30 23125 000", "-", "+", "=", "@handle",
             "\u200b=1", "'=1", "''=1"]  # fmt: skip
HARMLESS = [
    "",
    "Anna",
    "a=b",
    "5-3",
    "-5",
    "+491234567",
    "-1.5",
    "+1,000.25",
    "'quoted'",
    "O'Neil",
    "'",
    "日本",
    " a",
    "#x",
]

FIELDS = ["id", "email", "fullName", "company", "skills", "providerIds", "jobTitle"]


def written(header: Sequence[str], *rows: Sequence[Any]) -> str:
    return b"".join(csv_lines(header, rows)).decode("utf-8")


def test_file_starts_with_a_mark_and_ends_its_lines_as_excel_does() -> None:
    """Without the mark Excel reads umlauts wrong; RFC 4180 ends lines with CRLF."""
    assert written(["a", "b"], ["ü", 'x "y", z'], ["l1\nl2", ""]) == '\ufeffa,b\r\nü,"x ""y"", z"\r\n"l1\nl2",\r\n'


def test_values_are_written_by_type() -> None:
    """Lists and dicts are compact JSON, truth values lower case, and nothing is a blank cell."""
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    text = written(["x"] * 9, [None, True, False, -7, 0, ["ü", 1], {"a": None}, [], moment])
    (_, row) = csv.reader(io.StringIO(text))
    assert row == ["", "true", "false", "-7", "0", '["ü",1]', '{"a":null}', "", "2026-05-01T12:00:00+00:00"]


@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(DANGEROUS + HARMLESS)), min_size=2))
def test_cells_that_are_not_looked_at_are_written_as_all_others(row: list[str | None]) -> None:
    """The short way of plain cells writes what the long way does."""
    plain = io.StringIO(newline="")
    csv.writer(plain, lineterminator="\r\n").writerow([guard_formula(cell_text(value)) for value in row])
    assert written(["x"] * len(row), row).partition("\r\n")[2] == plain.getvalue()


@pytest.mark.parametrize("text", DANGEROUS)
def test_cell_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    """The values come from strangers; a formula among them must stay a text."""
    assert guard_formula(text) == "'" + text
    assert unguard_formula("'" + text) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_cell_is_written_as_it_is(text: str) -> None:
    """Plain numbers compute nothing, and an apostrophe elsewhere is a letter."""
    assert guard_formula(text) == text
    assert unguard_formula(text) == text


def test_headers_are_guarded_too() -> None:
    """Headers of an import come from strangers as well."""
    assert written(["=x", "ok"]) == "\ufeff'=x,ok\r\n"


@given(st.text(alphabet="'=+-@ \t\n1.,a\uff1d\u200b"))
def test_guard_and_its_removal_are_inverse(text: str) -> None:
    """Whatever a text begins with, reading gives what was written, and no guarded cell can run."""
    guarded = guard_formula(text)
    assert unguard_formula(guarded) == text
    assert guarded == text or guarded.startswith("'")


def texts() -> st.SearchStrategy[str]:
    """Texts as they are stored: stripped, with the characters that CSV makes difficult."""
    alphabet = st.one_of(st.sampled_from("'\"=+-@,;|\n\t {[&é日1a"), st.characters(exclude_categories=("Cc", "Cs")))
    return st.text(alphabet, min_size=1, max_size=12).map(str.strip).filter(bool)


JSON = st.recursive(st.one_of(st.booleans(), st.integers(-(10**15), 10**15), texts(), st.none()),
                    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3)),
                    max_leaves=5)  # fmt: skip
ENTITIES = st.fixed_dictionaries(
    {"id": st.from_regex(r"[A-Za-z0-9_.:@/-]{1,12}", fullmatch=True).filter(lambda text: not is_placeholder(text))},
    optional={
        # What a second look would change is no address as it is stored.
        "email": texts().filter(lambda text: IN_DOUBT["email"].search(text) is None),
        "full_name": texts(),
        "company": texts(),
        "job_title": texts(),
        # As JSON, a list of nothing but null is a placeholder of other tools.
        "skills": st.lists(JSON, min_size=1, max_size=3).filter(lambda skills: skills != [None]),
        "provider_ids": st.dictionaries(texts(), JSON, min_size=1, max_size=3),
    },
)
NAMES = {"fullName": "full_name", "providerIds": "provider_ids", "jobTitle": "job_title"}


def exported(entities: list[dict[str, Any]]) -> bytes:
    return b"".join(csv_lines(FIELDS, [[entity.get(NAMES.get(name, name)) for name in FIELDS] for entity in entities]))


@given(st.lists(ENTITIES, max_size=4))
def test_export_import_export_is_stable(entities: list[dict[str, Any]]) -> None:
    """What one installation exports another imports, and exports again to the byte."""
    first = exported(entities)
    rows = list(CsvReader(io.BytesIO(first), "person"))
    imported = [{"id": row.id, **row.fields} for row in rows if isinstance(row, Row)]
    assert len(imported) == len(entities) == len(rows)
    assert exported(imported) == exported([without_placeholders(entity) for entity in entities])


def without_placeholders(entity: dict[str, Any]) -> dict[str, Any]:
    """An entity without texts such as "-", which an import takes for no value."""
    return {
        name: value for name, value in entity.items() if not (isinstance(value, str) and is_placeholder(value, name))
    }


def test_blocks_are_whole_lines_and_the_header_comes_first() -> None:
    """A download starts at once, and each block ends where a line ends."""
    blocks = list(csv_lines(["a"], (["x" * 100] for _ in range(5_000))))
    assert blocks[0] == b"\xef\xbb\xbfa\r\n"
    assert all(block.endswith(b"\r\n") for block in blocks)
    assert 5 < len(blocks) < 15


def test_memory_stays_constant_over_a_long_export() -> None:
    """Rows are written as they come, so an export of any length takes the same memory."""

    def rows(count: int) -> Iterator[list[str]]:
        return (["Anna Müller", "anna@muster.example", "=x"] for _ in range(count))

    peaks = []
    for count in (5_000, 40_000):
        tracemalloc.start()
        assert sum(map(len, csv_lines(["a", "b", "c"], rows(count)))) > count * 30
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000


def test_reading_and_writing_are_quick_enough_for_long_lists() -> None:
    """20,000 rows of 20 columns go out and in within a fraction of what a request may take."""
    header = ["id", "email", *(f"Column {n}" for n in range(18))]
    rows = [[f"p{n}", f"p{n}@muster.example", *["some, text"] * 18] for n in range(20_000)]
    started = time.process_time()
    data = b"".join(csv_lines(header, rows))
    assert sum(isinstance(row, Row) for row in CsvReader(io.BytesIO(data), "person")) == 20_000
    # Both together take about 0.5 s.
    assert time.process_time() - started < 8


@given(rows=st.lists(st.lists(st.none() | st.text(alphabet="ab,;\"\r\n\t =+'é"), max_size=4), max_size=5))
def test_lines_are_those_of_the_csv_module(rows: list[list[str | None]]) -> None:
    """Whatever a cell holds, and however many cells a row has, quotes are where Python's own writer puts them."""
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows([guard_formula(cell_text(cell)) for cell in row] for row in rows)
    first, *blocks = csv_lines(["a"], rows)
    assert b"".join(blocks).decode() == expected.getvalue()
    assert first == b"\xef\xbb\xbfa\r\n"
