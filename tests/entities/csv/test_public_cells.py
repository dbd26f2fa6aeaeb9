"""Cells that spreadsheets, databases and web pages damage or dress up, as others reported them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.entities.csv.reader import CsvReader, Refusal, Row
from app.values.entity_types import EntityType

DATA = Path(__file__).parent / "data" / "public_cells.tsv"
# A row about somebody, whichever cell is looked at.
OTHERS: dict[EntityType, dict[str, str]] = {
    "person": {"Full Name": "Ida Brandt", "Company Domain": "nordlicht.example"},
    "company": {"Name": "Nordlicht", "Domain": "nordlicht.example"},
}


def _examples() -> list[tuple[str, EntityType, str, str, dict[str, Any]]]:
    """Return where each example is from, the entity, the header, the cell and what is right."""
    lines = [line for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
    parts = [line.split("\t") for line in lines]
    return [
        (source, "company" if kind == "company" else "person", json.loads(header), json.loads(cell), json.loads(right))
        for source, kind, header, cell, right in parts
    ]


@pytest.mark.parametrize(("source", "entity_type", "header", "cell", "right"), _examples())
def test_reported_cell_means_what_was_written(
    source: str, entity_type: EntityType, header: str, cell: str, right: dict[str, Any]
) -> None:
    """What a tool made of a value is undone where that is certain, and said where it is not."""
    file = io.StringIO()
    csv.writer(file).writerows([[*OTHERS[entity_type], header], [*OTHERS[entity_type].values(), cell]])
    reader = CsvReader(io.BytesIO(file.getvalue().encode()), entity_type)
    field = right.get("field", reader.columns[-1].field)
    assert reader.columns[-1].field == field, source
    (row,) = reader
    if "refused" in right:
        assert isinstance(row, Refusal), source
        assert right["refused"] in row.reason, source
        return
    assert isinstance(row, Row), source
    value = row.id if field == "id" else row.fields.get(field or "")
    assert value == right.get("value"), source
    assert row.extra.get(header) == right.get("extra"), source
    assert right.get("remark", "") in " ".join(remark.text for remark in row.remarks), source
