"""Lists imported with 0.3.0 keep their ids, though that release read hosts and addresses in another way.

`data/made_by_0_3_0/database.sql` is the dump of a database into which that release imported the lists beside it.
"""

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import MetaData, create_engine, insert

from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.fields import table_of
from app.extensions import db
from app.values.entity_types import EntityType

FOLDER = Path(__file__).parent / "data" / "made_by_0_3_0"
FILES: dict[EntityType, str] = {"person": "people.csv", "company": "companies.csv"}


@pytest.fixture
def upgraded(context: Flask, tmp_path: Path) -> Iterator[Flask]:
    """A database with the people and companies that 0.3.0 stored."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FOLDER / "database.sql").read_text())
    connection.close()
    old = create_engine(f"sqlite:///{path}")
    tables = MetaData()
    tables.reflect(old, only=["people", "companies"])
    for entity_type in FILES:
        table = table_of(entity_type)
        with old.connect() as source, db.engine.begin() as target:
            columns = [column.name for column in tables.tables[table.name].columns]
            rows = source.execute(table.select().with_only_columns(*(table.c[name] for name in columns)))
            target.execute(insert(table), [dict(row._mapping) for row in rows])
    old.dispose()
    yield context


def imported(entity_type: EntityType, name: str | None = None) -> ImportReport:
    """Import a list again."""
    with (FOLDER / (name or FILES[entity_type])).open("rb") as file:
        return import_csv(entity_type, file, workspace_slug="default")


def test_people_imported_again_after_the_upgrade_change_nothing(upgraded: Flask) -> None:
    """Every person is found under the id that the old release gave."""
    report = imported("person")
    assert (report.unchanged, report.total) == (11, 11)


def test_companies_imported_again_after_the_upgrade_change_nothing_but_bring_back_the_lost(upgraded: Flask) -> None:
    """Every company is found; the one that the old release had laid over another of its address comes back."""
    report = imported("company")
    assert (report.unchanged, report.created, report.updated, report.kept_apart) == (9, 1, 0, 0)
    again = imported("company")
    assert (again.unchanged, again.total) == (10, 10)


def test_people_stored_before_their_column_of_addresses_was_known_are_found_by_name(upgraded: Flask) -> None:
    """A list whose addresses were kept beside the fields doubles nobody; its people get their addresses."""
    report = imported("person", "address_book.csv")
    assert (report.updated, report.created, report.replaced) == (3, 0, 0)
    again = imported("person", "address_book.csv")
    assert (again.unchanged, again.total) == (3, 3)


def test_namesakes_are_not_taken_for_the_one_known_by_name_alone(upgraded: Flask) -> None:
    """Of two people with one name and two addresses, the first is who was known; the dry run says the same."""
    file = b"First Name,Last Name,Company,Email\nNora,Vik,Vik GmbH,nora@vik.example\nNora,Vik,Vik GmbH,nv@vik.example\n"
    for is_dry_run in (True, False):
        report = import_csv("person", io.BytesIO(file), workspace_slug="default", is_dry_run=is_dry_run)
        assert (report.updated, report.created) == (1, 1)


def test_order_of_rows_makes_no_difference_where_one_has_the_address_and_one_has_not(context: Flask) -> None:
    """Within one import, a row without an address and one with it are two, whichever comes first."""
    rows = ["Nora,Vik,Vik GmbH,\n", "Nora,Vik,Vik GmbH,nora@vik.example\n"]
    for workspace_slug, order in (("one", rows), ("two", rows[::-1])):
        file = "First Name,Last Name,Company,Email\n" + "".join(order)
        assert import_csv("person", io.BytesIO(file.encode()), workspace_slug=workspace_slug).created == 2
