"""Several chunks in one worker's hands: a drain takes what it needs to keep its calls going, one call takes one."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.cli.signals import stop_on_signals
from app.db.session import WriteSession, transaction
from app.enrichment import queue
from app.enrichment.queue.entity_ids import ChunkUnreadable
from app.enrichment.queue.time_budget import stop_requested
from app.enrichment.waterfall import saving, work_loop
from app.enrichment.waterfall.batch import Admission, Batch, JobContext
from app.enrichment.waterfall.chunk_run import ChunkRun
from app.extensions import db
from app.models.chunk import chunks, progress
from app.models.types import utcnow
from app.providers.base import Answer, Lookup
from app.providers.settings import Limits
from tests.enrichment.helpers import claim, expire_leases, job_row, progress_rows
from tests.enrichment.scenes import EMAIL, PRICE, add, drain, enqueue, person, pipeline, spent, tried
from tests.fakes.provider import FakeProvider
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

PROVIDER = "findymail"


class Watched(FakeProvider):
    """A provider that costs, and does something in each call before it answers."""

    def __init__(self, app: Flask, in_call: Callable[[str], None] = lambda _: None, **options: Any) -> None:
        super().__init__(**{"name": PROVIDER, "price_micros": PRICE, "default": EMAIL, **options})
        self.app, self.in_call = app, in_call

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        await asyncio.to_thread(self._act, lookup.entity_id)
        return await super().lookup(lookup, deadline=deadline)

    def _act(self, entity_id: str) -> None:
        with self.app.app_context():
            self.in_call(entity_id)
            db.session.rollback()


class Meeting(FakeProvider):
    """A provider whose calls end when so many of them are under way at once, or all have been."""

    def __init__(self, size: int) -> None:
        super().__init__(name=PROVIDER, price_micros=PRICE, default=EMAIL)
        self.size, self.full = size, asyncio.Event()

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        self.calls.append([lookup.entity_id])
        if len(self.calls) >= self.size:
            self.full.set()
        async with asyncio.timeout(20):
            await self.full.wait()
        return self._answer(lookup)


def held_chunks() -> list[int]:
    """Return the positions of the chunks that a worker has in its hands."""
    query = select(progress.c.position).where(progress.c.worker.is_not(None)).order_by(progress.c.position)
    return list(db.session.scalars(query))


def wait_until_claimed(job_id: str, *, attempt: int) -> None:
    """Wait until the first chunk of a job was claimed so many times."""
    until = time.monotonic() + PATIENCE_SECONDS
    while progress_rows(job_id)[0].attempt < attempt:
        assert time.monotonic() < until, "nobody claims the chunk"
        db.session.rollback()
        time.sleep(0.02)


def expire(job_id: str, *, position: int) -> None:
    """Let the first lease of a chunk run out."""
    db.session.rollback()
    is_first = (progress.c.job_id == job_id, progress.c.position == position, progress.c.attempt == 1)
    with transaction() as session:
        session.execute(update(progress).where(*is_first).values(lease_expires_at=utcnow(-1)))


def test_a_drain_fills_its_calls_from_several_chunks(context: Flask) -> None:
    """The calls of five chunks of one entity are under way at once, and none ends before all are."""
    add(5)
    job_id = enqueue(5, PROVIDER, chunk_size=1)
    provider = Meeting(5)
    drain(provider)
    assert provider.asked.total() == 5 and queue.get_job(job_id).success == 5
    check_invariants(drained=True)


def test_one_call_of_the_processor_has_one_chunk_in_its_hands(context: Flask) -> None:
    """By its contract, however many calls it could make."""
    add(3)
    enqueue(3, PROVIDER, chunk_size=1)
    held: list[list[int]] = []
    provider = Watched(context, lambda _: held.append(held_chunks()))
    result = queue.process_next_chunk(work=pipeline(provider))
    assert result is not None and (result.processed, result.total) == (1, 3)
    assert held == [[0]]


def test_a_drain_takes_no_more_chunks_than_it_was_given(context: Flask) -> None:
    """Each of them is told of once it is closed, and the rest is left for others."""
    add(5)
    job_id = enqueue(5, PROVIDER, chunk_size=1)
    told: list[int] = []
    work = pipeline(Meeting(2))
    result = queue.drain(work=work, max_chunks=2, on_chunk=lambda chunk: told.append(chunk.processed))
    assert (result.chunks, result.processed_total, told) == (2, 2, [1, 1])
    assert len(progress_rows(job_id)) == 2 and queue.get_job(job_id).success == 2


def test_the_oldest_job_goes_first(context: Flask) -> None:
    """A younger job's chunks are taken only once the older one has none left."""
    add(4)
    older, younger = (enqueue(4, PROVIDER, order=None, chunk_size=2) for _ in range(2))
    seen: list[tuple[int, int]] = []
    provider = Watched(context, lambda _: seen.append((job_row(older).next_chunk, job_row(younger).next_chunk)))
    drain(provider)
    assert all(of_older == 2 for of_older, of_younger in seen if of_younger)
    check_invariants(drained=True)


def test_what_waits_for_a_limit_keeps_other_chunks_where_they_are(context: Flask) -> None:
    """A provider of three calls at once is not fed with all chunks of the job: their time would run out."""
    add(40)
    job_id = enqueue(40, PROVIDER, chunk_size=10)
    most_held: list[int] = []
    provider = Watched(context, lambda _: most_held.append(len(held_chunks())), limits=Limits(at_once=3))
    drain(provider)
    assert provider.most_at_once <= 3 and max(most_held) <= 2
    assert queue.get_job(job_id).success == 40


def test_a_lost_chunk_takes_nothing_from_the_others(context: Flask) -> None:
    """Its answer is stored by nobody, and in doubt for whoever takes it over; the others go on."""
    add(4)
    job_id = enqueue(4, PROVIDER, chunk_size=1)

    def lose_the_first(entity_id: str) -> None:
        if entity_id == "p0":
            expire(job_id, position=0)

    provider = Watched(context, lose_the_first, repeat_is_free=False)
    drain(provider)
    view = queue.get_job(job_id)
    assert (view.success, view.held) == (3, 1) and provider.asked == {f"p{number}": 1 for number in range(4)}
    assert person("p0")["email"] is None and tried("p0") == [(PROVIDER, "in_doubt")]
    assert spent() == 4 * PRICE
    check_invariants(drained=True)


def test_a_chunk_that_has_cost_a_worker_is_worked_on_alone_until_it_gets_on(context: Flask) -> None:
    """So that an innocent one shares no second crash; then the others join it."""
    add(4)
    enqueue(4, PROVIDER, chunk_size=1)
    claim("lost worker")
    expire_leases()
    held: dict[str, list[int]] = {}

    def note(entity_id: str) -> None:
        held[entity_id] = held_chunks()

    provider = Watched(context, note)
    drain(provider)
    assert held["p0"] == [0]
    assert all(0 not in held[entity_id] for entity_id in ("p1", "p2", "p3"))
    check_invariants(drained=True)


def test_a_suspect_that_comes_up_while_others_are_in_hand_waits_for_them(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is begun with once they are done, alone, and is nobody else's meanwhile."""
    monkeypatch.setattr(work_loop, "LOOK_SECONDS", 0.01)
    add(3)
    job_id = enqueue(3, PROVIDER, chunk_size=1)
    claim("lost worker")
    held: dict[str, list[int]] = {}
    is_suspect_asked = threading.Event()

    def expire_and_note(entity_id: str) -> None:
        held[entity_id] = held_chunks()
        if entity_id == "p0":
            is_suspect_asked.set()
        if entity_id == "p1":
            expire(job_id, position=0)
        if entity_id == "p2":
            wait_until_claimed(job_id, attempt=2)
            # Time in which it must not be begun with.
            is_suspect_asked.wait(1)

    provider = Watched(context, expire_and_note)
    drain(provider)
    assert [row.attempt for row in progress_rows(job_id)] == [2, 1, 1]
    assert held["p0"] == [0] and provider.asked == {"p0": 1, "p1": 1, "p2": 1}
    assert [(row.crash_count, row.finished_at is not None) for row in progress_rows(job_id)] == [
        (1, True),
        (0, True),
        (0, True),
    ]
    check_invariants(drained=True)


def test_a_suspect_is_begun_with_where_the_others_wait_for_what_it_had_asked(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk in hand would wait for that answer until its time is used up, and the suspect for the chunk."""
    monkeypatch.setattr(work_loop, "LOOK_SECONDS", 0.01)
    add(2)
    suspect = enqueue(1, PROVIDER)
    waiting = enqueue(2, PROVIDER)
    second = Watched(context, lambda entity_id: expire(suspect, position=0) if entity_id == "p1" else None)
    is_over = threading.Event()

    def be_lost(_entity_id: str) -> None:
        drain(second)
        is_over.set()

    queue.process_next_chunk(work=pipeline(Watched(context, be_lost)))
    assert is_over.wait(PATIENCE_SECONDS) and second.asked == {"p0": 1, "p1": 1}
    assert [[row.attempt for row in progress_rows(job_id)] for job_id in (suspect, waiting)] == [[2], [1]]
    assert [queue.get_job(job_id).status for job_id in (suspect, waiting)] == ["complete"] * 2
    check_invariants(drained=True)


def test_a_chunk_that_breaks_leaves_the_others_their_answers(context: Flask) -> None:
    """What was paid for is stored before the error is raised; nothing else is begun."""
    add(4)
    sound = enqueue(2, PROVIDER, chunk_size=1)
    broken = enqueue(4, PROVIDER, chunk_size=1)
    with transaction() as session:
        is_third = (chunks.c.job_id == broken, chunks.c.position == 2)
        session.execute(update(chunks).where(*is_third).values(entity_ids=["p2", "p3"]))
    provider = Watched(context)
    with pytest.raises(ChunkUnreadable):
        drain(provider)
    assert queue.get_job(sound).success == 2 and queue.get_job(broken).status == "failed"
    assert [row.entity_id for row in queue.list_errors(broken).rows] == ["system"]
    assert provider.asked.total() * PRICE == spent() and not held_chunks()


class Losing(Meeting):
    """A provider whose calls end together; before the last of them does, the lease of the first chunk runs out."""

    def __init__(self, app: Flask, size: int, job_id: str) -> None:
        super().__init__(size)
        self.app, self.job_id, self.repeat_is_free = app, job_id, False

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        answer = await super().lookup(lookup, deadline=deadline)
        if lookup.entity_id == "p0":
            await asyncio.to_thread(self._lose)
        return answer

    def _lose(self) -> None:
        with self.app.app_context():
            expire(self.job_id, position=0)


def note_stored(monkeypatch: pytest.MonkeyPatch, refused: str | None = None) -> list[list[str]]:
    """Note whose answers are stored in each transaction; break those with one entity's.

    Answers wait for each other however slow the machine is.
    """
    for name in ("LINGER_SECONDS", "GAP_SECONDS", "CHECKPOINT_SECONDS"):
        monkeypatch.setattr(work_loop, name, PATIENCE_SECONDS)
    stored: list[list[str]] = []
    store_batch = saving.store_batch

    def noting(session: WriteSession, context: JobContext, batch: Batch) -> Admission:
        ids = [result.attempt.entity_id for result in batch.results]
        if refused in ids:
            raise ValueError("it cannot be stored")
        stored.append(ids)
        return store_batch(session, context, batch)

    monkeypatch.setattr(saving, "store_batch", noting)
    return stored


def test_answers_of_several_chunks_are_stored_together(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have come in one transaction, with the ends of their chunks; jobs each have their own."""
    add(8)
    job_ids = [enqueue(4, PROVIDER, chunk_size=1), enqueue(8, PROVIDER, chunk_size=4)]
    stored = note_stored(monkeypatch)
    drain(Meeting(8))
    assert ["p0", "p1", "p2", "p3"] in stored
    assert [queue.get_job(job_id).status for job_id in job_ids] == ["complete"] * 2 and spent() == 8 * PRICE
    check_invariants(drained=True)


def test_a_lost_lease_is_left_out_of_what_is_stored_together(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is nobody's, and in doubt for whoever takes its chunk over; those that came with it are stored."""
    add(4)
    job_id = enqueue(4, PROVIDER, chunk_size=1)
    stored = note_stored(monkeypatch)
    drain(Losing(context, 4, job_id))
    assert ["p1", "p2", "p3"] in stored
    assert person("p0")["email"] is None and tried("p0") == [(PROVIDER, "in_doubt")]
    view = queue.get_job(job_id)
    assert (view.success, view.held) == (3, 1) and spent() == 4 * PRICE
    check_invariants(drained=True)


def test_an_answer_that_cannot_be_stored_costs_the_others_nothing(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk's are stored by themselves then, so that its job fails with all other answers in it."""
    add(4)
    job_id = enqueue(4, PROVIDER, chunk_size=1)
    stored = note_stored(monkeypatch, refused="p1")
    with pytest.raises(ValueError, match="cannot be stored"):
        drain(Meeting(4))
    assert [ids for ids in stored if ids] == [["p0"], ["p2"], ["p3"]]
    assert [tried(f"p{number}") for number in range(4)] == [[(PROVIDER, "success")], [], *[[(PROVIDER, "success")]] * 2]
    view = queue.get_job(job_id)
    assert (view.status, view.success) == ("failed", 3) and not held_chunks()
    check_invariants()


def test_a_work_that_breaks_outside_of_a_chunk_fails_what_it_has_in_hand(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed again, it would break again, for ever."""
    add(2)
    job_id = enqueue(2, PROVIDER, chunk_size=1)

    def break_down(_run: ChunkRun) -> float:
        raise RuntimeError

    monkeypatch.setattr(ChunkRun, "seconds_to_next", break_down)
    with pytest.raises(RuntimeError):
        drain(Watched(context))
    assert queue.get_job(job_id).status == "failed" and not held_chunks()


def test_a_stop_gives_every_chunk_back_with_what_was_answered(context: Flask) -> None:
    """No call begins after it, those under way are stored, and nobody's lease has to run out."""
    add(6)
    job_id = enqueue(6, PROVIDER, chunk_size=3)
    provider = Watched(context, lambda _: stop_requested.set(), limits=Limits(at_once=2))
    try:
        drain(provider)
    finally:
        stop_requested.clear()
    asked = provider.asked.total()
    assert 1 <= asked <= 4 and queue.get_job(job_id).success == asked and not held_chunks()
    assert spent() == asked * PRICE
    drain(Watched(context))
    assert queue.get_job(job_id).success == 6
    check_invariants(drained=True)


def test_a_stop_between_two_chunks_leaves_the_second_to_others_at_once(context: Flask) -> None:
    """It is in the same hands, and waits there for the call of the first; nothing of it was begun."""
    add(2)
    job_id = enqueue(2, PROVIDER, chunk_size=1)

    def stop(_entity_id: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while len(held_chunks()) < 2 and time.monotonic() < give_up_at:
            db.session.rollback()
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    provider = Watched(context, stop, limits=Limits(at_once=1))
    with stop_on_signals():
        drain(provider)
    assert provider.asked == {"p0": 1} and not held_chunks()
    lease = claim("another")
    assert (lease.position, lease.crash_count, lease.fencing_token) == (1, 0, 2)
    lease.release()
    drain(Watched(context))
    assert queue.get_job(job_id).success == 2 and spent() == 2 * PRICE
    check_invariants(drained=True)


def test_a_chunk_that_a_limit_holds_up_stays_in_hand(context: Flask) -> None:
    """It waits for the calls of the other chunk, and is not given back to be claimed once more."""
    add(12)
    job_id = enqueue(12, PROVIDER, chunk_size=2)
    # Of two people one is found later, so that the next chunks are taken while one call is under way.
    drain(Watched(context, lambda entity_id: time.sleep(int(entity_id[1:]) % 2 * 0.2), limits=Limits(at_once=2)))
    assert [row.attempt for row in progress_rows(job_id)] == [1] * 6 and queue.get_job(job_id).success == 12
    check_invariants(drained=True)
