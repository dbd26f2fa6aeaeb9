"""Ownership of a chunk: fencing, takeover, caution after crashes."""

import asyncio
import copy
import time

import pytest
from flask import Flask
from flask_sqlalchemy.session import Session
from sqlalchemy import update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.enrichment.queue import ChunkResult, claims, lease
from app.enrichment.queue.lease import Failure, JobInfo, Lease, checkpoint_all
from app.errors import LeaseLost
from app.extensions import db
from app.models.chunk import Outcome, progress
from app.models.types import utcnow
from tests.enrichment.conftest import BudgetClock
from tests.enrichment.helpers import claim, database_away, expire_leases, ids, job_row, progress_rows
from tests.invariants import check_invariants


def enqueue(count: int = 4, chunk_size: int = 4) -> str:
    return queue.enqueue_job("person", "ai-normalizer", ids(count), chunk_size=chunk_size)


def test_a_leased_chunk_is_not_claimed_again(context: Flask) -> None:
    """One live lease a chunk."""
    enqueue()
    claim()
    assert claims.claim("other", lease_seconds=60) is None
    check_invariants()


def test_a_chunk_is_not_given_back_twice(context: Flask) -> None:
    """Not even by the worker that released it, told to go just afterwards: the other lease is still counted."""
    job_id = enqueue(4, chunk_size=2)
    first, _other = claim("a"), claim("b")
    first.retry_in_seconds = 600
    first.release()
    for write in (first.release, first.checkpoint, first.finish, lambda: first.fail(Failure("no", "no"))):
        with pytest.raises(LeaseLost):
            write()
    assert (job_row(job_id).in_flight, job_row(job_id).status) == (1, "running")
    check_invariants()


def test_a_reason_to_wait_does_not_cover_up_why_a_job_was_stopped(context: Flask) -> None:
    """A worker that had not seen the pause or the cancel yet has nothing more to say."""
    job_id = enqueue(6, chunk_size=2)
    first, second = claim("a"), claim("b")
    queue.pause(job_id)
    first.release(pause_reason="provider away", pause_seconds=600, only_if_idle=True)
    assert queue.get_job(job_id).pause_reason == "paused by a user"
    queue.resume(job_id)
    third = claim("c")
    queue.cancel(job_id)
    second.release(pause_reason="provider away", pause_seconds=600, only_if_idle=True)
    assert queue.get_job(job_id).pause_reason is None
    third.finish()
    check_invariants(drained=True)


@pytest.mark.parametrize("pause_reason", [None, "provider away"])
def test_what_changes_while_a_chunk_is_held_counts_when_it_is_given_back(
    context: Flask, pause_reason: str | None
) -> None:
    """Its worker was about to wait for what somebody has just put right; the next time it waits as it says."""
    job_id = enqueue()
    lease = claim()
    circuit_breaker.reset("ai-normalizer")
    lease.retry_in_seconds = 600
    lease.release(pause_reason=pause_reason, pause_seconds=600)
    assert (queue.get_job(job_id).status, queue.get_job(job_id).pause_reason) == ("pending", None)
    again = claim()
    assert again.fencing_token == 2
    again.retry_in_seconds = 600
    again.release()
    assert queue.process_next_chunk() is None
    check_invariants()


def test_the_call_that_wakes_a_job_also_takes_its_released_chunk(context: Flask) -> None:
    """Where that is all there is to do, a drain would end without it."""
    job_id = enqueue()
    claim().release(pause_reason="provider away", pause_seconds=-1)
    assert queue.process_next_chunk() == ChunkResult(job_id, 4, 4, True, "complete")
    check_invariants(drained=True)


def test_two_chunks_of_one_job_can_be_leased_at_once(context: Flask) -> None:
    """Chunks of a job run in parallel; the job is running until the last of them ends."""
    job_id = enqueue(4, chunk_size=2)
    first, second = claim("a"), claim("b")
    assert (first.position, second.position) == (0, 1)
    for held, status in ((second, "running"), (first, "complete")):
        for index in held.undecided:
            held.decide(index, Outcome.SUCCESS)
        held.finish()
        assert queue.get_job(job_id).status == status
    check_invariants(drained=True)


def test_a_dead_workers_chunk_is_taken_over_without_its_decided_entities(context: Flask) -> None:
    """After the lease the next claim goes on where the last checkpoint was."""
    job_id = enqueue()
    dead = claim()
    dead.decide(0, Outcome.SUCCESS)
    dead.decide(1, Outcome.ERROR, Failure("callback_error", "no"))
    dead.checkpoint()
    dead.decide(2, Outcome.SUCCESS)
    assert queue.process_next_chunk() is None
    expire_leases()
    assert queue.get_job(job_id).stalled
    seen: list[str] = []
    assert queue.process_next_chunk(lambda i, _: seen.append(i)) == ChunkResult(job_id, 2, 4, True, "complete")
    assert seen == ["p2", "p3"]
    view = queue.get_job(job_id)
    assert (view.success, view.errors, view.stalled) == (3, 1, False)
    check_invariants(drained=True)


@pytest.mark.parametrize("action", ["checkpoint", "finish", "release", "fail"])
def test_every_write_of_a_late_worker_is_refused(context: Flask, action: str) -> None:
    """After a takeover the old token lets nothing through, whether the new owner is still at work or done."""
    job_id = enqueue()
    late = claim("late")
    expire_leases()
    successor = claim("successor")
    before = (job_row(job_id), progress_rows(job_id))

    def write() -> None:
        late.decide(0, Outcome.ERROR, Failure("late", "late"))
        late.fail(Failure("late", "late")) if action == "fail" else getattr(late, action)()

    with pytest.raises(LeaseLost):
        write()
    assert (job_row(job_id), progress_rows(job_id)) == before
    for index in successor.undecided:
        successor.decide(index, Outcome.SUCCESS)
    successor.finish()
    done = (job_row(job_id), progress_rows(job_id))
    with pytest.raises(LeaseLost):
        write()
    assert (job_row(job_id), progress_rows(job_id)) == done
    assert queue.list_errors(job_id).rows == []
    check_invariants(drained=True)


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_over(context: Flask) -> None:
    """Time decides, not whether a successor came."""
    enqueue()
    late = claim()
    expire_leases()
    late.decide(0, Outcome.SUCCESS)
    with pytest.raises(LeaseLost):
        late.checkpoint()


@pytest.mark.parametrize("action", ["checkpoint", "finish", "release", "fail"])
def test_a_write_that_was_stored_is_not_made_twice(context: Flask, action: str) -> None:
    """Not with the token alone either: a holder that does not know of its own write has lost count of them."""
    job_id = enqueue()
    lease = claim()
    unaware = copy.deepcopy(lease)
    lease.decide(0, Outcome.SUCCESS)
    lease.checkpoint()
    stored = (job_row(job_id), progress_rows(job_id))
    with pytest.raises(LeaseLost):
        unaware.fail(Failure("late", "late")) if action == "fail" else getattr(unaware, action)()
    assert (job_row(job_id), progress_rows(job_id)) == stored


def test_chunks_are_stored_together_but_for_those_that_are_lost(context: Flask) -> None:
    """In one transaction: one of them is closed, one goes on, and of the third nothing is written."""
    job_id = enqueue(6, chunk_size=2)
    leases = [claim(name) for name in "abc"]
    for held in leases:
        held.decide(0, Outcome.SUCCESS)
    leases[0].decide(1, Outcome.SUCCESS)
    late, successor = leases[1], take_over(1)
    told: list[list[int]] = []
    still_held = checkpoint_all(
        leases, lambda _, still: told.append([each.position for each in still]), ending=[leases[0]]
    )
    assert told == [[0, 2]] and still_held == [leases[0], leases[2]]
    assert [held.is_closed for held in leases] == [True, False, False]
    assert [row.outcomes for row in progress_rows(job_id)] == ["ss", "..", "s."]
    assert job_row(job_id).processed_count == 2
    with pytest.raises(LeaseLost):
        checkpoint_all([late])
    for held in (successor, leases[2]):
        for index in held.undecided:
            held.decide(index, Outcome.SUCCESS)
    assert checkpoint_all([successor, leases[2]], ending=[successor, leases[2]]) == [successor, leases[2]]
    assert queue.get_job(job_id).status == "complete"
    check_invariants(drained=True)


def test_a_lost_commit_of_several_chunks_is_found_in_any_of_them(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the first has been taken over meanwhile: what was stored is not stored again, nor given up."""
    job_id = enqueue(4, chunk_size=2)
    leases = [claim(name) for name in "ab"]
    for held in leases:
        held.decide(0, Outcome.SUCCESS)
    commit = Session.commit

    def lose(self: Session) -> None:
        commit(self)
        monkeypatch.setattr(Session, "commit", commit)
        raise database_away()

    def wait(_seconds: float) -> None:
        monkeypatch.undo()
        take_over(0)

    monkeypatch.setattr(Session, "commit", lose)
    monkeypatch.setattr("app.enrichment.queue.commits.time.sleep", wait)
    stores: list[int] = []
    still_held = checkpoint_all(leases, lambda _, still: stores.append(len(still)), insist=True)
    assert stores == [2] and still_held == leases
    assert [row.outcomes for row in progress_rows(job_id)] == ["s.", "s."]
    with pytest.raises(LeaseLost):
        leases[0].checkpoint()


def take_over(position: int) -> Lease:
    """Let another worker have a chunk whose lease has run out."""
    db.session.rollback()
    with transaction() as session:
        session.execute(update(progress).where(progress.c.position == position).values(lease_expires_at=utcnow(-1)))
    return claim("successor")


def test_a_checkpoint_renews_the_lease(context: Flask) -> None:
    """A chunk that takes longer than a lease is kept as long as its worker shows life."""
    job_id = enqueue()
    lease = claim(lease_seconds=5)
    first = progress_rows(job_id)[0].lease_expires_at
    lease.lease_seconds = 600
    lease.checkpoint()
    assert (progress_rows(job_id)[0].lease_expires_at - first).total_seconds() > 300


def test_a_worker_that_loses_its_lease_in_mid_chunk_reports_nothing_decided(context: Flask) -> None:
    """The call returns without an error; what it decided since its last checkpoint is void."""
    job_id = enqueue()

    def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p2":
            expire_leases()

    assert queue.process_next_chunk(on_process) == ChunkResult(job_id, 0, 4, False, "running")
    assert queue.process_next_chunk() == ChunkResult(job_id, 4, 4, True, "complete")
    check_invariants(drained=True)


def test_a_lease_runs_out_by_the_databases_clock(context: Flask) -> None:
    """No hand is needed: after `lease_seconds` without a checkpoint the chunk is free."""
    enqueue()
    claim(lease_seconds=0.2)
    time.sleep(0.25)
    assert claim().fencing_token == 2


def test_takeover_comes_before_new_chunks_and_counts_crashes(context: Flask) -> None:
    """A chunk left behind is picked up first; a release is not a crash."""
    job_id = enqueue(4, chunk_size=2)
    claim()
    expire_leases()
    second = claim()
    assert (second.position, second.fencing_token, second.crash_count) == (0, 2, 1)
    second.release()
    third = claim()
    assert (third.position, third.fencing_token, third.crash_count) == (0, 3, 1)
    assert job_row(job_id).in_flight == 1
    check_invariants()


def test_what_a_lost_worker_left_comes_before_what_was_given_back(context: Flask) -> None:
    """Even of a younger job: the other chunk may wait for what the lost worker had asked or reserved."""
    older, younger = enqueue(), enqueue()
    given_back = claim("a")
    claim("lost")
    given_back.release()
    expire_leases()
    assert [claim("b").job.id, claim("b").job.id] == [younger, older]
    check_invariants()


def test_a_released_chunk_waits_for_its_time(context: Flask) -> None:
    """`retry_in_seconds` keeps a chunk from being claimed; other chunks are not held up by it."""
    enqueue(4, chunk_size=2)
    lease = claim()
    lease.retry_in_seconds = 600
    lease.release()
    assert claim().position == 1
    assert claims.claim("x", lease_seconds=60) is None
    expire_leases()
    assert {claim().position, claim().position} == {0, 1}


@pytest.mark.parametrize("ending", ["budget", "pause", "interrupt"])
def test_a_chunk_in_caution_that_is_given_back_suspects_nobody(
    context: Flask, budget_clock: BudgetClock, ending: str
) -> None:
    """Only a worker that is lost leaves a mark; one that released its chunk lives."""
    job_id = enqueue()
    for _ in range(3):
        claim()
        expire_leases()

    async def slow(entity_id: str, job: JobInfo) -> None:
        if ending == "pause":
            await asyncio.to_thread(pause)
        else:
            budget_clock.move(60)
        await asyncio.sleep(60)

    def pause() -> None:
        with context.app_context():
            queue.pause(job_id)

    def interrupt(entity_id: str, job: JobInfo) -> None:
        raise KeyboardInterrupt

    if ending == "interrupt":
        with pytest.raises(KeyboardInterrupt):
            queue.process_next_chunk(interrupt)
    else:
        queue.process_next_chunk(slow)
    if ending == "pause":
        queue.resume(job_id)
    assert set(progress_rows(job_id)[0].outcomes) == {"."}
    queue.drain(None)
    assert (queue.get_job(job_id).success, queue.get_job(job_id).errors) == (4, 0)
    check_invariants(drained=True)


def test_a_chunk_that_loses_workers_without_end_fails_its_job(context: Flask) -> None:
    """What kills a worker before it comes to any entity cannot be charged to one."""
    job_id = enqueue()
    for _ in range(lease.MAX_CRASHES + 1):
        claim()
        expire_leases()
    with pytest.raises(lease.WorkersLost):
        queue.process_next_chunk()
    assert queue.get_job(job_id).status == "failed"
    check_invariants(drained=True)


def test_an_interrupt_is_not_hidden_by_a_lost_lease(context: Flask) -> None:
    """SystemExit goes through, whatever became of the chunk."""
    enqueue()

    def on_process(entity_id: str, job: JobInfo) -> None:
        expire_leases()
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        queue.process_next_chunk(on_process)


def test_after_three_crashes_entities_run_one_at_a_time_and_the_killer_becomes_an_error(context: Flask) -> None:
    """An entity that kills its worker costs itself, not the chunk and not the queue."""
    job_id = enqueue()

    class Killed(BaseException):
        pass

    def crash_on_p2(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p2":
            raise Killed

    release = lease.Lease.release
    try:
        # A killed worker does not get to release its chunk.
        lease.Lease.release = lambda *_, **__: None  # type: ignore[method-assign]
        for _ in range(5):
            try:
                result = queue.process_next_chunk(crash_on_p2)
            except Killed:
                expire_leases()
            else:
                break
    finally:
        lease.Lease.release = release  # type: ignore[method-assign]
    assert result is not None and result.status == "complete"
    view = queue.get_job(job_id)
    assert (view.success, view.errors) == (3, 1)
    assert [(row.entity_id, row.code) for row in queue.list_errors(job_id).rows] == [("p2", "worker_lost")]
    check_invariants(drained=True)
