"""Migrations: up, down and nothing left over, on both databases, with rows in the tables."""

from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import func, inspect, select

from app import auth
from app.database import transaction
from app.enrichment import queue
from app.enrichment.pipeline import Pipeline
from app.entities import imports, store
from app.extensions import db
from app.models.types import UtcDateTime
from tests.fakes import csv_stream


def fill() -> None:
    """Put at least one row into every table, through the services."""
    imports.import_csv(
        "company", csv_stream("Company Name,Website\nAcme Inc.,acme.example\n"), workspace_slug="default"
    )
    with transaction() as session:
        store.upsert_entities("person", [{"id": "p0", "job_title": "CEO"}], workspace_slug="default", session=session)
    auth.create_key("key", ["read"])
    queue.enqueue_job("person", "ai-normalizer", ["p0", "nobody"])
    queue.drain(Pipeline())


def test_check_finds_nothing_left_over(context: Flask) -> None:
    """The models and the migrations say the same."""
    check()


def test_every_revision_works_both_ways_with_rows_in_the_tables(context: Flask) -> None:
    """Downgrading removes every table, upgrading makes the same ones again."""
    fill()
    tables = {table.name for table in db.metadata.sorted_tables}
    for table in db.metadata.sorted_tables:
        assert db.session.scalar(select(func.count()).select_from(table)), f"{table.name} is empty"
    db.session.rollback()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables | {"alembic_version"}
    fill()


def test_every_instant_is_stored_with_its_zone_or_as_utc(context: Flask) -> None:
    """No column holds a time that would mean another instant on another host."""
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_at") or column.name == "at":
                assert isinstance(column.type, UtcDateTime), f"{table.name}.{column.name}"
