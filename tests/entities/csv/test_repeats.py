"""Rows of a file about one entity: what becomes of each is the same however the file is cut, and in a dry run."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given, settings
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

STRANGER: dict[EntityType, bytes] = {
    "person": b"id,Full Name,Email\nstranger,Zoe Zander,zoe@zander.example\n",
    "company": b"id,Name,Domain\nstranger,Zander,zander.example\n",
}

TWO_OF_ONE_KEY: dict[EntityType, Rows] = {
    "person": [
        ("", "Ida Brandt", "a@x.example", "X", "", "", "", ""),
        ("", "Dr. Kim Falk", "a@x.example", "X", "", "", "", ""),
        ("", "Kim Falk", "a@x.example", "X", "", "", "", ""),
    ],
    "company": [
        ("", "Alpha Pizza", "x.example", "", "", "", "", ""),
        ("", "Beta Nails GmbH", "x.example", "", "", "", "", ""),
        ("", "Beta Nails", "x.example", "", "", "", "", ""),
    ],
}
"""Two of whom the second is kept apart, and comes again by a name that says less."""


def written(entity_type: EntityType, rows: Rows, *, has_ids: bool = True) -> bytes:
    """Return rows as a CSV file."""
    file = io.StringIO()
    csv.writer(file).writerows(row if has_ids else row[1:] for row in [HEADERS[entity_type], *rows])
    return file.getvalue().encode()


@pytest.mark.fuzz
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


@pytest.mark.fuzz
@pytest.mark.parametrize("entity_type", HEADERS)
def test_first_rows_of_a_workspace_are_matched_as_later_ones_are(context: Flask, entity_type: EntityType) -> None:
    """Where nothing is stored, fewer ids are looked up; the outcome is that of a workspace with a stranger in it."""
    numbers = count()

    @settings(max_examples=15, derandomize=True)
    @given(st.lists(ROWS[entity_type], min_size=2, max_size=9), st.sampled_from([1, 2, 1000]), st.booleans())
    @example(TWO_OF_ONE_KEY[entity_type], 1, False)
    def check(rows: Rows, size: int, has_ids: bool) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(imports, "SLICE_ROWS", size)
            alone, beside = (outcome(rows, has_ids, is_first) for is_first in (True, False))
        assert alone == beside

    def outcome(rows: Rows, has_ids: bool, is_first: bool) -> list[Any]:
        workspace = f"w{next(numbers)}"
        if not is_first:
            import_csv(entity_type, io.BytesIO(STRANGER[entity_type]), workspace_slug=workspace)
        file = written(entity_type, rows, has_ids=has_ids)
        reports = [
            import_csv(entity_type, io.BytesIO(file), workspace_slug=workspace, is_dry_run=is_dry_run)
            for is_dry_run in (True, False)
        ]
        views = list_entities(entity_type, workspace_slug=workspace).rows
        return [
            *(asdict(report) | {"list_id": None, "list_name": None} for report in reports),
            [(view.id, view.fields, view.extra) for view in views if view.id != "stranger"],
        ]

    check()
