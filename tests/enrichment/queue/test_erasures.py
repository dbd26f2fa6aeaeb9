"""Somebody who is erased while a job is made of stored ids does not come back with the job."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.db.session import end_read
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.queue import enqueue
from app.enrichment.queue.child_jobs import Retry
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall import erase
from app.errors import JobStateConflict
from app.extensions import db
from app.models.chunk import Outcome, chunks
from app.models.job import EnrichmentJob
from tests.enrichment.helpers import claim, ids
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

Aside = Callable[[Callable[[], Any]], Future[Any]]
WAITS = text(
    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


@pytest.fixture
def aside(context: Flask) -> Iterator[Aside]:
    """Do something on a connection of its own, and come back once it is done, or waits for another's lock."""
    with ThreadPoolExecutor(1) as pool:

        def run(function: Callable[[], Any]) -> None:
            with context.app_context():
                function()

        def start(function: Callable[[], Any]) -> Future[Any]:
            future = pool.submit(run, function)
            if engine_name() == "postgresql":
                with db.engine.connect() as connection:
                    while not future.done() and connection.scalar(WAITS) is None:
                        connection.rollback()
            return future

        yield start


def failed_job() -> str:
    """Return a job of p0, p1 and p2, who all failed."""
    job_id = queue.enqueue_job("person", "findymail", ids(3))
    lease = claim()
    for index in range(3):
        lease.decide(index, Outcome.ERROR, Failure("transient", "The provider is away."))
    lease.finish()
    return job_id


def erase_one() -> None:
    erase.erase_entity("person", "p1", workspace_slug="default")


def assert_erased() -> None:
    """Nobody finds p1 in a list any more, and the lists are whole."""
    db.session.rollback()
    assert not any("p1" in listed for listed in db.session.scalars(select(chunks.c.entity_ids)))
    check_invariants()


def test_a_retry_of_ids_that_were_erased_since_they_were_read_is_refused(
    context: Flask, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure is over before the retry is written; the next retry does without."""
    job_id, read = failed_job(), Retry.entity_ids

    def read_too_early(retry: Retry) -> list[str]:
        found = list(read(retry))
        end_read()
        aside(erase_one).result(PATIENCE_SECONDS)
        return found

    monkeypatch.setattr(Retry, "entity_ids", read_too_early)
    with pytest.raises(JobStateConflict, match="erased meanwhile"):
        queue.retry(job_id)
    monkeypatch.undo()
    assert db.session.get_one(EnrichmentJob, queue.retry(job_id).id).entity_ids == ["p0", "p2"]
    assert_erased()


def test_an_erasure_finds_the_retry_that_it_had_to_wait_for(
    context: Flask, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retry is written, and committed only when the erasure is on its way."""
    job_id, record = failed_job(), enqueue._record
    erasures: list[Future[Any]] = []

    def record_late(*arguments: Any) -> None:
        erasures.append(aside(erase_one))
        record(*arguments)

    monkeypatch.setattr(enqueue, "_record", record_late)
    child = queue.retry(job_id)
    end_read()
    erasures[0].result(PATIENCE_SECONDS)
    assert_erased()
    assert db.session.get_one(EnrichmentJob, child.id).entity_ids == ["p0", "(erased)", "p2"]


def test_a_retry_waits_for_an_erasure_that_is_under_way(
    context: Flask, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure has been through the lists, and is committed only when the retry is about to be written."""
    job_id, leave = failed_job(), erase.leave_exports
    retries: list[Future[Any]] = []

    def leave_late(*arguments: Any) -> None:
        retries.append(aside(lambda: queue.retry(job_id)))
        leave(*arguments)

    monkeypatch.setattr(erase, "leave_exports", leave_late)
    erase_one()
    if engine_name() == "postgresql":
        assert isinstance(retries[0].exception(PATIENCE_SECONDS), JobStateConflict)
    else:
        # Which of them SQLite lets begin first cannot be told from outside.
        retries[0].exception(PATIENCE_SECONDS)
    assert_erased()
