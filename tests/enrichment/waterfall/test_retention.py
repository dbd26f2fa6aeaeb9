"""What is older than it is kept goes in small batches, and nothing is begun that would find it half gone."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.enqueue import retry
from app.enrichment.waterfall import retention
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.read import get_entity
from app.entities.undo import undo_job
from app.entities.upsert import upsert_entities
from app.errors import JobNotFound, JobStateConflict
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.models.chunk import chunks, entity_errors, error_counts, progress
from app.models.job import jobs
from app.models.spending import costs
from app.providers.base import Answer, OutcomeClass
from tests.fakes.provider import FakeProvider, registry_of

LONG_AGO = timedelta(days=99, hours=12)
ANSWERS = {
    "p0": Answer(OutcomeClass.SUCCESS, fields={"email": "ada@acme.example"}),
    "p1": Answer(OutcomeClass.INVALID_REQUEST, error="It refused."),
    "p2": Answer(OutcomeClass.NOT_FOUND),
}


def rows_of(job_id: str) -> list[int]:
    """Return how many rows a job has in each table that it leaves, and in the books."""
    tables = (attempts, entity_errors, error_counts, progress, chunks, costs)
    counts = [db.session.scalar(select(func.count()).where(table.c.job_id == job_id)) for table in tables]
    db.session.rollback()
    return [count or 0 for count in counts]


@pytest.fixture
def ended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a job, which was made long ago if it is asked for, and ended then or only now."""
    work = Waterfall(registry_of(FakeProvider(ANSWERS, price_micros=39_000)), retry_seconds=())

    def run(*, long_ago: bool = False, ended_now: bool = False) -> str:
        with monkeypatch.context() as patch:
            if long_ago:
                then = (datetime.now(UTC) - LONG_AGO).timestamp()
                patch.setattr(time, "time_ns", lambda: int(then * 1e9))
            with transaction() as session:
                upsert_entities("person", [{"id": name} for name in ANSWERS], workspace_slug="default", session=session)
            job_id = queue.enqueue_job("person", "fake", list(ANSWERS), chunk_size=1)
        queue.drain(work=work)
        if long_ago and not ended_now:
            with transaction() as session:
                session.execute(
                    update(jobs).where(jobs.c.id == job_id).values(finished_at=datetime.now(UTC) - LONG_AGO)
                )
        return job_id

    return run


@pytest.fixture
def keep(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that sets for how many days things are kept."""
    return lambda **days: monkeypatch.setitem(app.config, "TRANCHE", replace(app.config["TRANCHE"], **days))


def test_jobs_that_ended_long_ago_go_bit_by_bit(app: Flask, ended: Any, keep: Any) -> None:
    """With all that they have but their costs; values of entities, and younger jobs, stay as they are."""
    with app.app_context():
        old, young = ended(long_ago=True), ended()
        there = rows_of(old)
        assert there == [3, 1, 1, 3, 3, 1]
        assert retention.forget_old_jobs() == 0
        keep(ENRICH_JOB_KEEP_DAYS=120)
        assert retention.forget_old_jobs() == 0
        keep(ENRICH_JOB_KEEP_DAYS=99)
        # Within a day after that, only nothing is begun any more.
        assert retention.forget_old_jobs() == 0
        for begin in (retry, undo_job):
            with pytest.raises(JobStateConflict, match=r"more than 99 days ago.*ENRICH_JOB_KEEP_DAYS"):
                begin(old)
        assert retry(young).total == 1
        keep(ENRICH_JOB_KEEP_DAYS=90)
        batches = 0
        while forgotten := retention.forget_old_jobs(limit=2):
            assert forgotten <= 2
            batches += 1
        assert (batches, rows_of(old)) == (8, [0, 0, 0, 0, 0, 1])
        with pytest.raises(JobNotFound):
            queue.get_job(old)
        assert queue.get_job(young).status == "complete"
        assert get_entity("person", "p0", workspace_slug="default").fields["email"] == "ada@acme.example"


def test_a_job_stays_while_its_retry_has_not_ended(app: Flask, ended: Any, keep: Any) -> None:
    """The retry looks at what its parent asked; a worker forgets both when it has time."""
    with app.app_context():
        old = ended(long_ago=True)
        child = retry(old)
        keep(ENRICH_JOB_KEEP_DAYS=90)
        Waterfall().between_chunks()
        assert rows_of(old) == [3, 1, 1, 3, 3, 1]
        queue.cancel(child.id)
        for _ in range(5):
            Waterfall().between_chunks()
        assert rows_of(old) == [0, 0, 0, 0, 0, 1] and queue.get_job(child.id).parent_job_id == old


def test_a_job_that_ended_lately_stays_however_old_it_is(app: Flask, ended: Any, keep: Any) -> None:
    """What it was answered still counts: without it the same would be asked, and paid, again."""
    with app.app_context():
        job_id = ended(long_ago=True, ended_now=True)
        keep(ENRICH_JOB_KEEP_DAYS=90)
        assert retention.forget_old_jobs() == 0 and rows_of(job_id) == [3, 1, 1, 3, 3, 1]


def test_the_oldest_history_goes_first(app: Flask, ended: Any, keep: Any) -> None:
    """Up to the first revision that is young enough; a job of that time cannot be undone any more."""
    with app.app_context():
        old = ended(long_ago=True)
        young = select(entity_revisions.c.id)
        assert len(db.session.scalars(young).all()) == 1
        keep(ENRICH_HISTORY_KEEP_DAYS=90)
        assert retention.forget_old_history() == 0
        with transaction() as session:
            session.execute(update(entity_revisions).values(created_at=datetime.now(UTC) - LONG_AGO))
        with pytest.raises(JobStateConflict, match="ENRICH_HISTORY_KEEP_DAYS"):
            undo_job(old)
        assert (retention.forget_old_history(), retention.forget_old_history()) == (1, 0)
        assert db.session.scalars(young).all() == []
