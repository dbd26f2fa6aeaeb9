"""Lists imported with 0.3.0 keep their ids, though that release read hosts and addresses in another way.

`data/made_by_0_3_0/database.sql` is the dump of a database into which that release imported the two lists beside it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import MetaData, create_engine, insert

from app.entities.fields import table_of
from app.entities.ids import EntityType
from app.entities.imports import ImportReport, import_csv
from app.extensions import db

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


def imported(entity_type: EntityType) -> ImportReport:
    """Import a list again."""
    with (FOLDER / FILES[entity_type]).open("rb") as file:
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
