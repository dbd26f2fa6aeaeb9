"""Parquet out: the rows of the CSV export, with types."""

import csv
import importlib
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.db.session import transaction
from app.entities.csv.imports import import_csv
from app.entities.csv.writer import unguard_formula
from app.entities.exports import FORMATS, export_entities
from app.entities.parquet import parquet_blocks
from app.entities.upsert import upsert_entities
from app.extensions import db
from tests.cli.conftest import run
from tests.entities.xlsx.test_exports import NASTY
from tests.web.conftest import client_with, make_key


@pytest.fixture
def duckdb() -> Any:
    """DuckDB, which is loaded by those who need it alone."""
    return importlib.import_module("duckdb")


def read(duckdb: Any, blocks: Any, path: Path) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """Return a file's types by column, and its rows, times as seconds since 1970."""
    path.write_bytes(b"".join(blocks))
    with duckdb.connect() as connection:
        types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
        times = [f'epoch("{name}") AS "{name}"' for name, kind in types.items() if "TIME" in kind]
        replaced = f" REPLACE ({', '.join(times)})" if times else ""
        return types, connection.execute(f"SELECT *{replaced} FROM '{path}'").fetchall()


def test_parquet_has_the_rows_of_the_csv_export_with_types(context: Flask, duckdb: Any, tmp_path: Path) -> None:
    """Texts are the same to the letter; numbers, truth values and times are such; blank is null."""
    text = "id,Email,Revenue,Employees,note,NOTE\nc,,lots,many,a,b\nd,d@corp.example,5,7,,\n"
    import_csv("company", io.BytesIO(text.encode()), workspace_slug="north")
    rows = [{"id": f"x{n}", "name": text, "extra": {"note": text}} for n, text in enumerate(NASTY)]
    with transaction() as session:
        upsert_entities("company", rows, workspace_slug="north", session=session)
    db.session.rollback()
    lines = b"".join(export_entities("company", "csv", workspace_slug="north")).decode("utf-8-sig")
    header, *cells = csv.reader(io.StringIO(lines, newline=""))
    types, stored = read(duckdb, export_entities("company", "parquet", workspace_slug="north"), tmp_path / "c.parquet")
    assert [name.removesuffix(" (2)") for name in types] == header and "NOTE (2)" in types
    kinds = list(types.values())
    assert types["updated_at"] == "TIMESTAMP WITH TIME ZONE" and {"BIGINT", "VARCHAR"} < set(kinds)
    assert len(stored) == len(cells)
    for values, texts in zip(stored, cells, strict=True):
        for kind, value, shown in zip(kinds, values, map(unguard_formula, texts), strict=True):
            if kind == "TIMESTAMP WITH TIME ZONE":
                assert datetime.fromtimestamp(value, UTC) == datetime.fromisoformat(shown)
            elif kind == "BIGINT":
                assert value == (int(shown) if shown.isdigit() else None)
            else:
                assert value == (shown or None)


def test_texts_and_numbers_survive_quotes_line_breaks_and_length(duckdb: Any, tmp_path: Path) -> None:
    """What is not of the column's kind is null, and a header may hold anything."""
    texts = [
        "",
        '"',
        '""',
        "'",
        ",",
        "\n",
        "a\nb",
        "\\",
        '\\"',
        "\t",
        " ",
        "NULL",
        "nan",
        "\ufeffx",
        "é😀",
        "x" * 1_000_000,
    ]
    numbers = [None, 0, -(2**63), 2**63 - 1, True, "7", 1.5]
    rows = [(texts[n], texts[-n], numbers[n % len(numbers)]) for n in range(len(texts))]
    blocks = parquet_blocks(['a"b', "A'\n", "n"], ["text", "text", "integer"], rows)
    types, stored = read(duckdb, blocks, tmp_path / "any.parquet")
    kept = [[None if not text or text.isspace() else text for text in row[:2]] for row in rows]
    assert types == {'a"b': "VARCHAR", "A'\n": "VARCHAR", "n": "BIGINT"}
    assert stored == [(*pair, n if type(n) is int else None) for pair, (_, _, n) in zip(kept, rows, strict=True)]


def test_doors_give_parquet(context: Flask, duckdb: Any, tmp_path: Path) -> None:
    """An attachment over HTTP, a file by the command."""
    with transaction() as session:
        upsert_entities("person", [{"id": "ann"}], workspace_slug="default", session=session)
    answer = client_with(context, make_key(context, "read")).get("/api/people/export.parquet")
    assert (answer.headers["Content-Type"], answer.data[:4]) == (FORMATS["parquet"].media_type, b"PAR1")
    path = tmp_path / "people.parquet"
    assert run(context, "export", "person", "-o", str(path)).exit_code == 0
    assert path.read_bytes()[:4] == path.read_bytes()[-4:] == b"PAR1"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_extra_parquet_is_refused_with_what_to_install(
    context: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over HTTP and by the command, with nothing written."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    answer = client_with(context, make_key(context, "read")).get("/api/people/export.parquet")
    assert (answer.status_code, "extra [parquet]" in answer.json["error"]) == (422, True)
    result = run(context, "export", "person", "-o", str(tmp_path / "people.parquet"))
    assert (result.exit_code, "extra [parquet]" in result.stderr, list(tmp_path.iterdir())) == (2, True, [])
