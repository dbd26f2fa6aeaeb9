"""Attempts in partitions: with rows before, while workers store more, and after; and what goes with a partition."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import func, insert, select, text

from app.db import partitions
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall import retention
from app.extensions import db
from app.models.attempt import attempts
from app.models.job import jobs
from app.models.types import lowest_id
from tests.cli.conftest import run
from tests.enrichment.helpers import ids
from tests.enrichment.scenes import add, drain, enqueue, in_threads, paid, rows
from tests.invariants import check_invariants

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def partitioned(context: Flask) -> Iterator[Flask]:
    """An application on PostgreSQL whose attempts may be partitioned: afterwards its tables are made anew."""
    yield context
    db.session.rollback()
    downgrade(revision="base")
    upgrade()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_has_no_partitions(app: Flask) -> None:
    """It is said before anything is done."""
    refused = run(app, "partition")
    assert refused.exit_code == 2 and "Partitions need PostgreSQL" in refused.stderr


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_attempts_are_partitioned_under_workers_that_store_some(partitioned: Flask) -> None:
    """No row is lost, no question is asked twice, and migrations find the tables as they are to be."""
    add(60)
    provider = paid(seconds=0.005)
    enqueue(20, "findymail", chunk_size=5)
    drain(provider)
    before = rows(attempts)
    assert "PARTITION BY RANGE" in run(partitioned, "partition", "--dry-run").stdout
    assert not partitions.is_partitioned()
    enqueue(60, "findymail", chunk_size=5)
    in_threads(partitioned, [lambda: drain(provider), lambda: run(partitioned, "partition")])
    assert partitions.is_partitioned()
    assert rows(attempts)[: len(before)] == before
    queue.enqueue_job("person", "findymail", ids(60))
    drain(provider)
    assert provider.asked == Counter(ids(60)) and len(rows(attempts)) == 60
    check_invariants(drained=True)
    check()
    assert "those of the next quarters are there" in run(partitioned, "partition").stdout
    for of_table in ("enrichment_attempts", "enrichment_attempts_first"):
        assert len(indexes_of(of_table)) == 1 + len(attempts.indexes)


def indexes_of(table: str) -> list[str]:
    """Return the names of a table's indexes."""
    query = text("SELECT indexname FROM pg_indexes WHERE tablename = :name")
    return list(db.session.scalars(query, {"name": table}))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_workers_add_partitions_and_drop_those_of_which_every_job_is_old(
    partitioned: Flask, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that has not ended keeps what stands in its partition; `other` has what belongs in none."""
    run(partitioned, "partition")
    add(1)
    waiting = enqueue(1, "prospeo")
    queue.pause(waiting)
    enqueue(1, "findymail")
    drain(paid())
    first, *_, other = partitions.partitions()
    assert (first.first, other.end) == (None, None) and first.end is not None
    later = first.end + timedelta(days=400)
    for step in partitions.plan_ahead(later):
        partitions.run_step(step)
    assert max(found.end for found in partitions.partitions() if found.end) >= later + timedelta(days=180)
    (row,) = rows(attempts)
    put = {"later": later, "far": later + timedelta(days=4000)}
    with transaction() as session:
        for at in put.values():
            session.execute(insert(attempts).values({**row._mapping, "id": lowest_id(at)}))
    counts = text("SELECT tableoid::regclass::text, count(*) FROM enrichment_attempts GROUP BY 1")
    quarter = f"enrichment_attempts_{later.year}q{(later.month + 2) // 3}"
    stored = {name: count for name, count in db.session.execute(counts)}
    assert stored == {first.name: 1, quarter: 1, other.name: 1}
    # As if the days that jobs are kept had passed.
    monkeypatch.setattr(retention, "kept_since", lambda days: first.end + timedelta(days=1))
    db.session.rollback()
    app = make_app(ENRICH_JOB_KEEP_DAYS=90)
    with app.app_context():
        keep_now(app)
        assert first in partitions.partitions()
        queue.cancel(waiting)
        keep_now(app)
    assert first not in partitions.partitions()
    assert db.session.scalar(select(func.count()).select_from(attempts)) == 2
    assert db.session.scalar(select(func.count()).select_from(jobs)) == 2


def keep_now(app: Flask) -> None:
    """Look after the partitions as if an hour had passed."""
    app.extensions.pop("tranche.partitions", None)
    retention.keep_partitions()
    db.session.rollback()


def test_quarters_are_planned_to_the_end_of_the_year_and_beyond() -> None:
    """Rows go on going into the first partition for a month at least, so that the work can be done."""
    steps = partitions._additions(datetime(2027, 1, 1, tzinfo=UTC), NOW)
    assert [step.purpose for step in steps] == ["add enrichment_attempts_2027q1", "add enrichment_attempts_2027q2"]
    assert lowest_id(datetime(2027, 4, 1, tzinfo=UTC)) in steps[0].statements[0]
