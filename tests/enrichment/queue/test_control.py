"""Pause, resume, cancel, retry: what moves a job, and what refuses to."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from app.enrichment import queue
from app.enrichment.queue.lease import Failure, JobInfo
from app.errors import JobNotFound, JobStateConflict
from app.extensions import db
from app.models.chunk import Outcome
from app.models.job import EnrichmentJob, jobs
from app.models.types import utcnow
from tests.enrichment.helpers import claim, expire_leases, ids, job_row, progress_rows
from tests.invariants import check_invariants


def enqueue(count: int = 6, chunk_size: int = 2) -> str:
    return queue.enqueue_job("person", "ai-normalizer", ids(count), chunk_size=chunk_size)


def test_a_paused_job_is_not_claimed_until_it_is_resumed(context: Flask) -> None:
    """Paused by hand it waits for a hand."""
    job_id = enqueue()
    view = queue.pause(job_id)
    assert (view.status, view.paused_manually, view.resume_at) == ("paused", True, None)
    assert queue.process_next_chunk() is None
    assert queue.resume(job_id).status == "pending"
    assert queue.drain(None).processed_total == 6
    check_invariants(drained=True)


def test_pause_stops_a_chunk_under_way_at_its_next_checkpoint(context: Flask) -> None:
    """The worker gives the rest back, and nothing that was decided is lost."""
    job_id = enqueue(4, chunk_size=4)
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    queue.pause(job_id)
    lease.checkpoint()
    assert lease.is_stopped
    lease.release()
    view = queue.get_job(job_id)
    assert (view.status, view.processed) == ("paused", 1)
    expire_leases()
    assert queue.process_next_chunk() is None, "released chunks of a paused job wait too"
    assert queue.resume(job_id).status == "pending"
    assert queue.drain(None).processed_total == 3
    check_invariants(drained=True)


def test_a_job_paused_on_its_last_chunk_completes(context: Flask) -> None:
    """A pause that came too late does not keep the job open for ever."""
    job_id = enqueue(2)
    lease = claim()
    queue.pause(job_id)
    lease.decide(0, Outcome.SUCCESS)
    lease.decide(1, Outcome.SUCCESS)
    lease.finish()
    view = queue.get_job(job_id)
    assert (view.status, view.paused_manually, view.pause_reason) == ("complete", False, None)
    check_invariants(drained=True)


def test_a_job_resumed_with_a_chunk_still_leased_is_running(context: Flask) -> None:
    """Status follows the leases."""
    job_id = enqueue()
    claim()
    queue.pause(job_id)
    assert queue.resume(job_id).status == "running"
    check_invariants()


def test_a_pause_with_a_time_ends_by_itself(context: Flask) -> None:
    """The next claim after `resume_at` wakes the job."""
    job_id = enqueue()
    claim().release(pause_reason="provider away", pause_seconds=600)
    view = queue.get_job(job_id)
    assert (view.status, view.pause_reason, view.paused_manually) == ("paused", "provider away", False)
    assert view.resume_at is not None
    assert queue.process_next_chunk() is None
    db.session.execute(update(jobs).values(resume_at=utcnow(-1)))
    db.session.commit()
    assert queue.drain(None).processed_total == 6
    assert queue.get_job(job_id).pause_reason is None
    check_invariants(drained=True)


def test_a_pause_with_a_time_can_be_made_one_by_hand(context: Flask) -> None:
    """A job that would wake by itself can be held."""
    job_id = enqueue()
    claim().release(pause_reason="provider away", pause_seconds=600)
    view = queue.pause(job_id)
    assert (view.status, view.paused_manually, view.resume_at) == ("paused", True, None)
    check_invariants()


def test_a_job_whose_pause_is_over_counts_as_waiting(context: Flask) -> None:
    """Nobody draining must show, also where all that waits was paused for a time."""
    enqueue()
    claim().release(pause_reason="provider away", pause_seconds=600)
    assert queue.health().oldest_job_age_seconds is None
    db.session.execute(update(jobs).values(resume_at=utcnow(-1)))
    db.session.commit()
    assert queue.health().oldest_job_age_seconds is not None


def test_a_failed_job_with_a_released_chunk_can_be_retried_at_once(context: Flask) -> None:
    """What nobody holds is closed first; damaged lists are left out."""
    job_id = enqueue()
    broken, released = claim("a"), claim("b")
    released.decide(0, Outcome.SUCCESS)
    released.retry_in_seconds = 600
    released.release()
    broken.fail(Failure("chunk_broke", "bug"))
    child = queue.retry(job_id)
    assert db.session.get_one(EnrichmentJob, child.id).entity_ids == ["p0", "p1", "p3", "p4", "p5"]
    check_invariants()


def test_cancel_ends_a_job_at_once_when_no_chunk_is_leased(context: Flask) -> None:
    """What was decided in a released chunk is counted."""
    job_id = enqueue()
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    lease.retry_in_seconds = 600
    lease.release()
    view = queue.cancel(job_id)
    assert (view.status, view.processed) == ("cancelled", 1)
    assert view.finished_at is not None
    assert queue.process_next_chunk() is None
    check_invariants(drained=True)


def test_cancel_waits_for_a_leased_chunk(context: Flask) -> None:
    """The worker sees it at its next checkpoint and closes the chunk as it is."""
    job_id = enqueue()
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    assert queue.cancel(job_id).status == "cancelling"
    assert queue.process_next_chunk() is None
    lease.checkpoint()
    assert lease.is_stopped
    lease.finish()
    view = queue.get_job(job_id)
    assert (view.status, view.processed) == ("cancelled", 1)
    check_invariants(drained=True)


def test_cancel_settles_by_itself_when_the_worker_died(context: Flask) -> None:
    """The next claim closes the dead worker's chunk with what was decided."""
    job_id = enqueue()
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    lease.checkpoint()
    queue.cancel(job_id)
    expire_leases()
    assert queue.process_next_chunk() is None
    view = queue.get_job(job_id)
    assert (view.status, view.processed) == ("cancelled", 1)
    check_invariants(drained=True)


def test_a_release_that_meets_a_cancel_closes_the_chunk(context: Flask) -> None:
    """A worker that had not seen the cancel yet leaves no open chunk behind."""
    job_id = enqueue()
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    queue.cancel(job_id)
    lease.release()
    assert queue.get_job(job_id).status == "cancelled"
    assert [row.finished_at is not None for row in progress_rows(job_id)] == [True]
    assert job_row(job_id).processed_count == 1
    check_invariants(drained=True)


def test_cancel_of_a_job_whose_last_chunk_was_all_decided_completes_it(context: Flask) -> None:
    """Nothing was left to cancel."""
    job_id = enqueue(2)
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    lease.decide(1, Outcome.SUCCESS)
    lease.checkpoint()
    expire_leases()
    assert queue.cancel(job_id).status == "complete"
    check_invariants(drained=True)


def test_chunks_of_a_failed_job_stop_and_are_settled(context: Flask) -> None:
    """A chunk that breaks fails the job; the others end with what they have."""
    job_id = enqueue()
    broken, other, dead = claim("a"), claim("b"), claim("c")
    dead.decide(0, Outcome.SUCCESS)
    dead.checkpoint()
    broken.fail(Failure("chunk_broke", "bug"))
    other.decide(0, Outcome.SUCCESS)
    other.checkpoint()
    assert other.is_stopped
    other.finish()
    assert queue.get_job(job_id).status == "failed"
    expire_leases()
    assert queue.process_next_chunk() is None
    assert (job_row(job_id).in_flight, job_row(job_id).processed_count) == (0, 2)
    check_invariants(drained=True)


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (queue.pause, "paused"),
        (queue.pause, "complete"),
        (queue.pause, "cancelled"),
        (queue.resume, "pending"),
        (queue.resume, "complete"),
        (queue.cancel, "complete"),
        (queue.cancel, "cancelled"),
        (queue.retry, "pending"),
        (queue.retry, "paused"),
    ],
)
def test_an_action_is_refused_in_the_wrong_state(context: Flask, action: Callable[[str], object], status: str) -> None:
    """The answer names the status, and nothing changes."""
    job_id = enqueue(2)
    {"paused": queue.pause, "cancelled": queue.cancel, "complete": lambda _: queue.drain(None)}.get(
        status, lambda _: None
    )(job_id)
    before = job_row(job_id)
    with pytest.raises(JobStateConflict, match=f"The job is {status};"):
        action(job_id)
    assert job_row(job_id) == before


@pytest.mark.parametrize("action", [queue.pause, queue.resume, queue.cancel, queue.retry, queue.get_job])
def test_another_workspaces_job_is_not_found(context: Flask, action: Callable[..., object]) -> None:
    """It answers like a job that does not exist."""
    job_id = enqueue()
    for unknown, workspace in ((job_id, "other"), ("0" * 32, None), ("x", None)):
        with pytest.raises(JobNotFound):
            action(unknown, workspace_slug=workspace)


def test_retry_makes_a_child_of_failed_and_held_entities(context: Flask) -> None:
    """Order, provider and workspace are kept; the parent stays as it is."""
    job_id = enqueue(5, chunk_size=2)
    lease = claim()
    lease.decide(0, Outcome.ERROR, Failure("x", "x"))
    lease.decide(1, Outcome.SUCCESS)
    lease.finish()
    lease = claim()
    lease.decide(0, Outcome.HELD)
    lease.decide(1, Outcome.SKIPPED)
    lease.finish()
    queue.drain(None)
    child = queue.retry(job_id)
    assert (child.parent_job_id, child.provider, child.chunk_size, child.total) == (job_id, "ai-normalizer", 2, 2)
    assert db.session.get_one(EnrichmentJob, child.id).entity_ids == ["p0", "p2"]
    with pytest.raises(JobStateConflict, match="retried before"):
        queue.retry(job_id)
    check_invariants()


def test_retry_of_a_cancelled_job_takes_what_it_never_reached(context: Flask) -> None:
    """No entity of an accepted job is lost."""
    job_id = enqueue(5, chunk_size=2)
    lease = claim()
    lease.decide(0, Outcome.SUCCESS)
    lease.release()
    queue.cancel(job_id)
    child = queue.retry(job_id)
    assert db.session.get_one(EnrichmentJob, child.id).entity_ids == ["p1", "p2", "p3", "p4"]


def test_retry_without_anything_to_retry_is_refused(context: Flask) -> None:
    """A job that went well has no child."""
    job_id = enqueue()
    queue.drain(None)
    with pytest.raises(JobStateConflict, match="nothing to retry"):
        queue.retry(job_id)


def test_jobs_are_listed_newest_first_in_pages(context: Flask) -> None:
    """Every job is on exactly one page; filters narrow the list."""
    made = [enqueue() for _ in range(5)]
    queue.pause(made[2])
    seen, cursor = [], None
    while True:
        page = queue.list_jobs(cursor=cursor, limit=2)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(made) and len(seen) == 5
    assert [row.id for row in queue.list_jobs(status="paused").rows] == [made[2]]
    assert queue.list_jobs(workspace_slug="other").rows == []


def test_errors_are_paged_in_order(context: Flask) -> None:
    """A job's errors can be read to the end."""
    job_id = enqueue(7, chunk_size=7)

    def on_process(entity_id: str, job: JobInfo) -> None:
        raise ValueError(entity_id)

    queue.process_next_chunk(on_process)
    first = queue.list_errors(job_id, limit=4)
    rest = queue.list_errors(job_id, limit=4, cursor=first.next_cursor)
    assert [row.entity_id for row in first.rows + rest.rows] == ids(7)
    assert rest.next_cursor is None


def test_progress_and_eta_while_a_job_runs(context: Flask) -> None:
    """Live progress counts open chunks; the ETA comes from the rate so far."""
    job_id = enqueue(10, chunk_size=4)
    assert queue.get_job(job_id).eta_seconds is None
    lease = claim()
    for index in range(3):
        lease.decide(index, Outcome.SUCCESS)
    lease.checkpoint()
    db.session.execute(update(jobs).values(started_at=utcnow(-30)))
    db.session.commit()
    view = queue.get_job(job_id)
    assert (view.processed, view.percent, view.status) == (3, 30.0, "running")
    assert view.eta_seconds is not None and 69 <= view.eta_seconds <= 75


@pytest.mark.parametrize(
    "wrong",
    [
        "status = 'paused'",
        "status = 'dancing'",
        "status = 'running'",
        "status = 'complete', finished_at = created_at, claimable = (1 = 0)",
        "status = 'cancelled', claimable = (1 = 0)",
        "processed_count = 1",
        "in_flight = -1",
        "in_flight = 1",
        "next_chunk = 99",
        "resume_at = created_at",
        "status = 'paused', claimable = (1 = 1), paused_manually = (1 = 1)",
        "entity_type = 'robot'",
    ],
)
def test_the_database_refuses_what_must_never_be(context: Flask, wrong: str) -> None:
    """Illegal states of a job cannot be stored, whoever writes them."""
    enqueue()
    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE enrichment_jobs SET {wrong}"))
    db.session.rollback()


@pytest.mark.parametrize("wrong", ["lease_expires_at = NULL", "attempt = 0", "finished_at = lease_expires_at"])
def test_the_database_refuses_a_lease_that_must_never_be(context: Flask, wrong: str) -> None:
    """An open chunk has an end of its lease, a closed one has neither lease nor worker."""
    enqueue()
    claim()
    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE enrichment_chunk_progress SET {wrong}"))
    db.session.rollback()
