"""Rows of a file about one entity: what becomes of each is the same however the file is cut, and in a dry run."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.entities.csv import imports
from app.entities.csv.imports import import_csv
from app.entities.read import list_entities
from app.values.entity_types import EntityType

SIZES = (1, 2, 1000)
Rows = Sequence[tuple[str, ...]]

HEADERS: dict[EntityType, tuple[str, ...]] = {
    "person": ("id", "Full Name", "Email", "Company", "City", "Skills", "Score", "created_at"),
    "company": ("id", "Name", "Domain", "Industry", "City", "Facebook", "Twitter", "Headcount"),
}


def cells(*values: str) -> st.SearchStrategy[str]:
    """Return cells of a column, of which some are blank."""
    return st.sampled_from(["", *values])


ROWS: dict[EntityType, st.SearchStrategy[tuple[str, ...]]] = {
    "person": st.tuples(
        cells("", "", "1", "2"),
        cells("Ida Brandt", "IDA BRANDT", "Brandt, Ida", "I. Brandt", "Ole Brandt", "Dr. Ole Brandt", "Kim Falk"),
        cells("a@x.example", "a@x.example", "b@x.example", "info@x.example"),
        cells("X", "Y"),
        cells("Bergen", " Bergen", "Oslo"),
        cells("a;b", "b"),
        cells("1", "2"),
        cells("2026-01-01"),
    ),
    "company": st.tuples(
        cells("", "", "1", "2"),
        cells("Acme", "ACME GmbH", "Alpha Pizza", "Beta Nails"),
        cells("x.example", "https://x.example/", "y.example"),
        cells("Food", "Beauty"),
        cells("Bergen", "Oslo"),
        cells("fb/1", "fb/2"),
        cells("tw/1", "tw/2"),
        cells("7", "None"),
    ),
}


def written(entity_type: EntityType, rows: Rows) -> bytes:
    """Return rows as a CSV file."""
    file = io.StringIO()
    csv.writer(file).writerows([HEADERS[entity_type], *rows])
    return file.getvalue().encode()


@pytest.mark.parametrize("entity_type", HEADERS)
def test_rows_count_the_same_however_a_file_is_cut_and_in_a_dry_run(
    context: Flask, monkeypatch: pytest.MonkeyPatch, entity_type: EntityType
) -> None:
    """Whatever rows repeat, counts and listed rows are those of rows that come one by one; so is what is stored."""
    numbers = count()

    @settings(max_examples=15, derandomize=True)
    @given(st.lists(ROWS[entity_type], max_size=4), st.lists(ROWS[entity_type], min_size=2, max_size=9), st.booleans())
    def check(stored: Rows, rows: Rows, replaces_names: bool) -> None:
        outcomes = [outcome(size, stored, rows, replaces_names) for size in SIZES]
        assert outcomes == outcomes[:1] * len(SIZES)

    def outcome(size: int, stored: Rows, rows: Rows, replaces_names: bool) -> tuple[Any, ...]:
        workspace = f"w{next(numbers)}"
        monkeypatch.setattr(imports, "SLICE_ROWS", size)
        import_csv(entity_type, io.BytesIO(written(entity_type, stored)), workspace_slug=workspace)
        reports = [
            asdict(
                import_csv(
                    entity_type,
                    io.BytesIO(written(entity_type, rows)),
                    workspace_slug=workspace,
                    replaces_names=replaces_names,
                    is_dry_run=is_dry_run,
                )
            )
            for is_dry_run in (True, False)
        ]
        assert [report.pop("is_dry_run") for report in reports] == [True, False]
        for name in ("list_id", "list_name"):
            dry, _ = [report.pop(name) for report in reports]
            assert dry is None
        assert reports[0] == reports[1]
        page = list_entities(entity_type, workspace_slug=workspace)
        return reports[1], [(view.id, view.fields, view.extra) for view in page.rows]

    check()
