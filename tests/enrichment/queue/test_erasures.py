"""Somebody who is erased while a job is made of stored ids does not come back with the job."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db.session import end_read
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.queue import enqueue
from app.enrichment.queue.child_jobs import Retry
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall import erase
from app.enrichment.waterfall.options import Sample
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.entities.read import select_ids
from app.errors import JobStateConflict
from app.extensions import db
from app.models.chunk import Outcome, chunks
from app.models.job import jobs
from app.models.pilot import rest_chunks
from tests.aside import Aside, aside
from tests.enrichment.helpers import claim, ids
from tests.enrichment.scenes import add
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

__all__ = ["aside"]

Make = Callable[[], str]


@pytest.fixture(params=["retry", "selection", "pilot"])
def make(request: pytest.FixtureRequest, context: Flask) -> Make:
    """Make a job of p0, p1 and p2 by their stored ids: a retry, one of all people, or a pilot of two of them."""
    add(3)
    if request.param == "retry":
        return make_retry(failed_job())
    return make_pilot if request.param == "pilot" else make_selection


def failed_job() -> str:
    """Return a job of three of whom all failed."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(3))
    lease = claim()
    for index in range(3):
        lease.decide(index, Outcome.ERROR, Failure("transient", "The provider is away."))
    lease.finish()
    return job_id


def make_retry(job_id: str) -> Make:
    return lambda: queue.retry(job_id).id


def make_selection() -> str:
    return queue.accept_job("person", "ai-normalizer", stored_ids(), is_selection=True).job_id


def make_pilot() -> str:
    return enqueue_pilot("person", "ai-normalizer", stored_ids(), Sample(2), is_selection=True).job_id


def stored_ids() -> Iterator[str]:
    return select_ids("person", workspace_slug="default", all_=True)


def erase_one() -> None:
    erase.erase_entity("person", "p1", workspace_slug="default")


def assert_erased(*, new_jobs: int) -> None:
    """Nobody finds p1 in a list any more, and there are so many new jobs."""
    db.session.rollback()
    lists = [ids for table in (chunks, rest_chunks) for ids in db.session.scalars(select(table.c.entity_ids))]
    assert not any("p1" in listed for listed in lists)
    unfinished = db.session.scalars(select(jobs.c.id).where(jobs.c.finished_at.is_(None))).all()
    assert len(unfinished) == new_jobs
    check_invariants()


def test_a_job_of_ids_of_which_one_was_erased_since_they_were_read_is_refused(
    make: Make, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure is over before the job is written; the next try does without."""

    def then_erase(read: Callable[..., Iterator[str]]) -> Callable[..., list[str]]:
        def read_too_early(*arguments: Any, **options: Any) -> list[str]:
            found = list(read(*arguments, **options))
            end_read()
            aside(erase_one).result(PATIENCE_SECONDS)
            return found

        return read_too_early

    monkeypatch.setattr(Retry, "entity_ids", then_erase(Retry.entity_ids))
    monkeypatch.setitem(globals(), "stored_ids", then_erase(stored_ids))
    with pytest.raises(JobStateConflict, match="erased meanwhile"):
        make()
    monkeypatch.undo()
    assert_erased(new_jobs=0)
    make()
    assert_erased(new_jobs=1)


def test_an_erasure_finds_the_job_that_it_had_to_wait_for(
    make: Make, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is written, and committed only when the erasure is on its way."""
    record = enqueue._record
    erasures: list[Future[Any]] = []

    def record_late(*arguments: Any) -> None:
        erasures.append(aside(erase_one))
        record(*arguments)

    monkeypatch.setattr(enqueue, "_record", record_late)
    make()
    end_read()
    erasures[0].result(PATIENCE_SECONDS)
    assert_erased(new_jobs=1)


def test_a_job_waits_for_an_erasure_that_is_under_way(
    make: Make, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure has been through everything, and is committed only when the job is about to be written."""
    leave = erase.leave_exports
    making: list[Future[Any]] = []

    def leave_late(*arguments: Any) -> None:
        making.append(aside(make))
        leave(*arguments)

    monkeypatch.setattr(erase, "leave_exports", leave_late)
    erase_one()
    # On SQLite it may have read the ids after the erasure: the lock that it waits for cannot be seen.
    refused = making[0].exception(PATIENCE_SECONDS)
    assert isinstance(refused, JobStateConflict) or engine_name() == "sqlite"
    assert_erased(new_jobs=0 if refused else 1)
