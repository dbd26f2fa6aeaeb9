"""Chunks that cost nothing, several in one worker's hands: claimed together, closed together, lost one by one."""

import signal
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from app.cli.signals import stop_on_signals
from app.enrichment import queue
from app.enrichment.queue import claims, work
from app.enrichment.queue.entity_ids import ChunkUnreadable
from app.enrichment.queue.lease import JobInfo
from app.extensions import db
from app.models.chunk import Outcome, chunks, progress
from app.models.types import utcnow
from tests.enrichment.helpers import claim, expire_leases, ids, job_row, progress_rows
from tests.invariants import check_invariants


@pytest.fixture(autouse=True)
def no_round_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rounds of 1, 2, 4 … chunks follow each other, however slow the machine."""
    monkeypatch.setattr("app.enrichment.queue.rounds.QUICK_SECONDS", float("inf"))


class Seen:
    """A callback that writes down how many chunks its worker has in hand at each entity, and may do something."""

    def __init__(self, at: str = "", act: Callable[[], object] = lambda: None) -> None:
        self.in_hand: list[int] = []
        self._at, self._act = at, act

    def __call__(self, entity_id: str, job: JobInfo) -> None:
        self.in_hand.append(job_row(job.id).in_flight)
        if entity_id == self._at:
            self._act()


def enqueue(count: int) -> str:
    """Make a job whose every chunk has one entity: `p0`, `p1` …"""
    return queue.enqueue_job("person", "ai-normalizer", ids(count), chunk_size=1)


def outcomes(job_id: str) -> str:
    """Return the outcomes of a job's claimed chunks in order."""
    return "".join(row.outcomes for row in progress_rows(job_id))


def test_a_drain_takes_twice_as_many_chunks_in_each_round_and_one_call_takes_one(context: Flask) -> None:
    """Each chunk is counted and told of by itself, and no more are taken than asked for."""
    job_id, seen = enqueue(12), Seen()
    assert queue.process_next_chunk(seen) == queue.ChunkResult(job_id, 1, 12, False, "pending")
    results: list[queue.ChunkResult] = []
    assert queue.drain(seen, max_chunks=9, on_chunk=results.append).chunks == 9 == len(results)
    assert seen.in_hand == [1] + [1] + [2] * 2 + [4] * 4 + [2] * 2
    assert {result.processed for result in results} == {1}
    assert queue.drain(seen).last == queue.ChunkResult(job_id, 1, 12, True, "complete")
    check_invariants(drained=True)


def test_a_chunk_that_was_lost_in_a_round_leaves_the_others_theirs(context: Flask) -> None:
    """Another worker has taken it over meanwhile: what this one decided of it is void, and that alone."""
    job_id = enqueue(7)

    def take_over() -> None:
        at = (progress.c.job_id == job_id, progress.c.position == 4)
        db.session.execute(update(progress).where(*at).values(lease_expires_at=utcnow(-1)))
        db.session.commit()
        theirs.append(claim("another"))

    theirs: list[claims.Lease] = []
    assert queue.drain(Seen("p5", take_over)).processed_total == 6
    assert outcomes(job_id) == "ssss.ss"
    assert (job_row(job_id).status, job_row(job_id).in_flight) == ("running", 1)
    theirs[0].decide(0, Outcome.SKIPPED)
    theirs[0].finish()
    assert outcomes(job_id) == "sssskss"
    check_invariants(drained=True)


def test_a_chunk_that_takes_long_lets_others_have_what_was_taken_with_it(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided before it is stored with its first checkpoint, and what was not begun is free for any worker."""
    job_id = enqueue(15)
    at_p10: list[str] = []
    seen = Seen("p8", lambda: monkeypatch.setattr(work, "CHECKPOINT_SECONDS", 0.0))
    watch = Seen("p10", lambda: at_p10.append(outcomes(job_id)))

    def on_process(entity_id: str, job: JobInfo) -> None:
        seen(entity_id, job)
        watch(entity_id, job)

    queue.drain(on_process)
    # The fourth round has eight, of which the second is slow.
    assert seen.in_hand[7:] == [8, 8, 1, 1, 1, 1, 1, 1]
    assert at_p10 == ["s" * 10 + "." * 5]
    check_invariants(drained=True)


def test_a_round_that_cost_its_worker_is_worked_on_chunk_by_chunk(context: Flask) -> None:
    """Any of them may have been what the worker died of, so each is suspect, and alone until it gets on."""
    job_id, seen = enqueue(8), Seen()
    first = claim()
    more = claims.claim_more(first, "tester", 3)
    assert [lease.position for lease in more] == [1, 2, 3]
    expire_leases()
    queue.drain(seen, max_chunks=4)
    # Those that the lost worker had count until they are taken over, and no other chunk is taken beside one.
    assert seen.in_hand == [4, 3, 2, 1]
    assert [(row.attempt, row.crash_count) for row in progress_rows(job_id)] == [(2, 1)] * 4
    queue.drain(seen)
    check_invariants(drained=True)


def test_a_chunk_that_breaks_ends_its_job_and_the_round_keeps_what_it_has_decided(context: Flask) -> None:
    """What comes after it is closed as it is."""
    job_id = enqueue(7)

    def damage() -> None:
        at = (chunks.c.job_id == job_id, chunks.c.position == 4)
        db.session.execute(update(chunks).where(*at).values(entity_ids={"not": "a list"}))
        db.session.commit()

    with pytest.raises(ChunkUnreadable):
        queue.drain(Seen("p2", damage))
    assert (job_row(job_id).status, outcomes(job_id)) == ("failed", "ssss...")
    check_invariants(drained=True)


def test_a_worker_that_is_told_to_stop_leaves_the_rest_of_its_round_to_others_at_once(context: Flask) -> None:
    """SIGTERM between two chunks: what it has not begun is another's without a wait, and no crash is counted."""
    job_id = enqueue(7)
    with stop_on_signals():
        drained = queue.drain(Seen("p4", lambda: signal.raise_signal(signal.SIGTERM)))
    assert (drained.chunks, outcomes(job_id)) == (5, "sssss..")
    others = [claim("another"), claim("another")]
    assert [(lease.position, lease.crash_count) for lease in others] == [(5, 0), (6, 0)]
    for lease in others:
        lease.release()
    queue.drain(None)
    check_invariants(drained=True)


def test_a_worker_that_is_told_to_go_gives_back_what_it_has_not_begun(context: Flask) -> None:
    """It counts for nothing, and what is decided stays."""
    job_id = enqueue(7)

    def leave() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        queue.drain(Seen("p4", leave))
    assert (job_row(job_id).status, outcomes(job_id)) == ("pending", "ssss...")
    queue.drain(None)
    check_invariants(drained=True)
