"""Footers, totals and remarks of lists that others reported: none of them is a row, and no row is one of them."""

import io
from pathlib import Path
from typing import Final

import pytest

from app.entities.csv.reader import CsvReader, Row
from app.values.entity_types import EntityType

DATA = Path(__file__).parent / "data" / "public_footers.tsv"

TABLES: Final = {
    "companies": (
        "Name,Website,Country,Employees,Industry\n"
        "Nordlicht,nordlicht.example,Germany,50,Banking\n"
        "Fjord AS,fjord.example,Norway,1200,Retail"
    ),
    "people": (
        "First Name,Last Name,Company,Email Address,Position,Connected On\n"
        "Ida,Brandt,Nordlicht,ida@nordlicht.example,Head of Sales,01 Nov 2026\n"
        "Ole,Lund,Fjord AS,ole@fjord.example,Buyer,02 Nov 2026"
    ),
}
NAMES: Final = {"companies": ["Nordlicht", "Fjord AS"], "people": ["Brandt", "Lund"]}


def _examples() -> list[tuple[str, list[str], str]]:
    """Return where each example is from, the names that are right besides the table's, and the file."""
    lines = [line for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
    parts = [line.split("\t") for line in lines]
    return [(source, [] if names == "-" else [names], text.replace(" ⏎ ", "\n")) for source, names, text in parts]


@pytest.mark.parametrize(("source", "names", "text"), _examples())
def test_only_rows_of_the_table_are_read(source: str, names: list[str], text: str) -> None:
    """What stands around a table in an export names nobody, and a company with a name like that is read."""
    (table,) = (name for name in TABLES if f"{{{name}}}" in text)
    entity_type: EntityType = "person" if table == "people" else "company"
    raw = text.replace(f"{{{table}}}", TABLES[table]).encode()
    rows = [row for row in CsvReader(io.BytesIO(raw), entity_type) if isinstance(row, Row)]
    field = "last_name" if table == "people" else "name"
    assert [row.fields.get(field) for row in rows] == NAMES[table] + names, source
