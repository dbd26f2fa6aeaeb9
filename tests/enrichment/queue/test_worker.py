"""`process_next_chunk` and `drain`: callbacks, budgets, errors, order."""

import asyncio
import threading
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from app.enrichment import queue
from app.enrichment.queue import ChunkResult, work
from app.enrichment.queue.entity_ids import ChunkUnreadable
from app.enrichment.queue.in_hand import MAX_IDLE_CHUNKS
from app.enrichment.queue.lease import JobInfo
from app.enrichment.queue.time_budget import stop_requested
from app.errors import JobNotFound
from app.extensions import db
from app.models.chunk import progress
from app.models.job import EnrichmentJob
from tests.enrichment.conftest import BudgetClock
from tests.enrichment.helpers import claim, ids, job_row, progress_rows
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS


def enqueue(count: int = 5, **options: Any) -> str:
    return queue.enqueue_job("person", "ai-normalizer", ids(count), **{"chunk_size": 2, **options})


def test_nothing_to_do_returns_none(context: Flask) -> None:
    """An empty queue is no error."""
    assert queue.process_next_chunk() is None


def test_without_a_callback_chunks_are_marked_processed(context: Flask) -> None:
    """Each call takes one chunk; the statuses go pending, pending, complete with one worker."""
    job_id = enqueue(5)
    assert queue.process_next_chunk() == ChunkResult(job_id, 2, 5, False, "pending")
    assert queue.process_next_chunk() == ChunkResult(job_id, 2, 5, False, "pending")
    assert queue.process_next_chunk() == ChunkResult(job_id, 1, 5, True, "complete")
    assert queue.process_next_chunk() is None
    view = queue.get_job(job_id)
    assert (view.processed, view.success, view.percent, view.status) == (5, 5, 100.0, "complete")
    assert view.finished_at is not None and view.started_at is not None
    check_invariants(drained=True)


def test_the_callback_gets_each_entity_once_in_order(context: Flask) -> None:
    """`on_process(entity_id, job)` sees the job's id, type, provider and workspace."""
    job_id = enqueue(5, workspace_slug="acme")
    seen: list[tuple[str, JobInfo]] = []
    while queue.process_next_chunk(lambda entity_id, job: seen.append((entity_id, job))):
        pass
    assert [entity_id for entity_id, _ in seen] == ids(5)
    assert {job for _, job in seen} == {JobInfo(job_id, "person", "ai-normalizer", "acme")}
    check_invariants(drained=True)


def test_the_job_is_running_while_its_callback_runs(context: Flask) -> None:
    """A leased chunk shows."""
    job_id = enqueue(2)
    seen = []
    queue.process_next_chunk(lambda *_: seen.append((queue.get_job(job_id).status, queue.get_job(job_id).stalled)))
    assert seen == [("running", False)] * 2


def test_what_a_callback_raises_becomes_that_entitys_error(context: Flask) -> None:
    """The others of the chunk are not touched by it."""
    job_id = enqueue(4, chunk_size=4)

    def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p2":
            raise LookupError("no\nsuch   page")

    result = queue.process_next_chunk(on_process)
    assert result == ChunkResult(job_id, 4, 4, True, "complete")
    view = queue.get_job(job_id)
    assert (view.success, view.errors) == (3, 1)
    assert db.session.get_one(EnrichmentJob, job_id).error_log == [{"entityId": "p2", "error": "no\nsuch   page"}]
    page = queue.list_errors(job_id)
    assert [(row.entity_id, row.code) for row in page.rows] == [("p2", "callback_error")]
    check_invariants(drained=True)


class Speechless(Exception):
    """An exception whose message cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


@pytest.mark.parametrize(
    ("error", "stored"),
    [
        (RuntimeError("API 404"), "API 404"),
        (KeyError("email"), "'email'"),
        (ValueError("first\n\tsecond  é\u200b"), "first\n\tsecond  é\u200b"),
        (ValueError("two\r\nlines\r"), "two\nlines\n"),
        (OSError(2, "No such file"), "[Errno 2] No such file"),
        (ValueError(), "ValueError"),
        (Speechless(), "Speechless"),
    ],
)
def test_an_error_is_stored_as_its_message_or_as_its_type_if_it_has_none(
    context: Flask, error: Exception, stored: str
) -> None:
    """Callers compare the text with what they raised, so nothing is put in front of it."""
    job_id = enqueue(1)

    def on_process(*_: object) -> None:
        raise error

    queue.process_next_chunk(on_process)
    assert db.session.get_one(EnrichmentJob, job_id).error_log == [{"entityId": "p0", "error": stored}]


def test_a_long_error_is_cut(context: Flask) -> None:
    """Messages have at most 500 characters."""
    job_id = enqueue(1)

    def on_process(*_: object) -> None:
        raise ValueError("x" * 5000)

    queue.process_next_chunk(on_process)
    assert len(queue.list_errors(job_id).rows[0].error) == 500


def test_an_error_with_unstorable_text_is_stored(context: Flask) -> None:
    """U+0000 and lone surrogates, which databases refuse, do not break the chunk."""
    job_id = enqueue(1)

    def on_process(*_: object) -> None:
        raise ValueError("a\0b\ud800c\x07 é")

    queue.process_next_chunk(on_process)
    assert queue.list_errors(job_id).rows[0].error == "a?b?c? é"


def test_a_callbacks_database_error_does_not_show_its_values(context: Flask) -> None:
    """What a statement was given is nobody's business in an error list."""
    job_id = enqueue(1)

    def on_process(*_: object) -> None:
        try:
            db.session.execute(text("SELECT * FROM nowhere WHERE secret = :secret"), {"secret": "jane@example.com"})
        finally:
            db.session.rollback()

    queue.process_next_chunk(on_process)
    assert queue.list_errors(job_id).rows[0].error in {"OperationalError", "ProgrammingError"}


def test_a_coroutine_callback_runs_several_entities_at_once(context: Flask) -> None:
    """Coroutine functions are awaited off the calling thread, up to the set concurrency."""
    job_id = enqueue(10, chunk_size=10)
    state = {"now": 0, "most": 0}

    async def on_process(entity_id: str, job: JobInfo) -> None:
        assert threading.current_thread() is not threading.main_thread()
        state["now"] += 1
        state["most"] = max(state["most"], state["now"])
        await asyncio.sleep(0.05)
        state["now"] -= 1
        if entity_id == "p3":
            raise RuntimeError("boom")

    assert queue.process_next_chunk(on_process) == ChunkResult(job_id, 10, 10, True, "complete")
    assert 2 <= state["most"] <= 10
    assert db.session.get_one(EnrichmentJob, job_id).error_log == [{"entityId": "p3", "error": "boom"}]
    check_invariants(drained=True)


def test_an_object_with_an_async_call_counts_as_a_coroutine_function(context: Flask) -> None:
    """Not only plain functions are callbacks."""

    class Caller:
        seen: list[str] = []  # noqa: RUF012

        async def __call__(self, entity_id: str, job: JobInfo) -> None:
            self.seen.append(entity_id)

    enqueue(2)
    queue.process_next_chunk(Caller())
    assert Caller.seen == ids(2)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()])
def test_a_coroutine_that_raises_a_base_exception_is_that_entitys_error(context: Flask, error: BaseException) -> None:
    """Nothing that a coroutine raises ends the loop that all share."""
    job_id = enqueue(2)

    async def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p0":
            raise error

    for _ in range(2):
        queue.drain(on_process)
    assert [row.entity_id for row in queue.list_errors(job_id).rows] == ["p0"]
    check_invariants(drained=True)


def test_a_used_up_budget_releases_the_rest_at_once(context: Flask, budget_clock: BudgetClock) -> None:
    """What was done is stored, and the rest can be claimed by the next call without waiting for a lease."""
    job_id = enqueue(20, chunk_size=20)
    calls: list[str] = []

    def slow(entity_id: str, job: JobInfo) -> None:
        calls.append(entity_id)
        budget_clock.move(10)

    assert queue.process_next_chunk(slow, time_budget=35) == ChunkResult(job_id, 4, 20, False, "pending")
    assert calls == ids(4)
    assert queue.get_job(job_id).processed == 4, "live progress counts the open chunk"
    check_invariants()
    assert queue.process_next_chunk(lambda entity_id, _: calls.append(entity_id)) == ChunkResult(
        job_id, 16, 20, True, "complete"
    )
    assert calls == ids(20), "no entity ran twice"
    assert [row.attempt for row in progress_rows(job_id)] == [2]
    assert [row.crash_count for row in progress_rows(job_id)] == [0]
    check_invariants(drained=True)


@pytest.mark.usefixtures("ten_at_once")
def test_a_used_up_budget_cancels_coroutines(context: Flask, budget_clock: BudgetClock) -> None:
    """A coroutine that is still waiting at the end of the budget is cancelled, and runs again later."""
    job_id = enqueue(40, chunk_size=40)
    begun: list[str] = []
    cancelled: list[str] = []

    async def slow(entity_id: str, job: JobInfo) -> None:
        if entity_id in ids(10):
            return
        begun.append(entity_id)
        if len(begun) == 10:
            budget_clock.move(60)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(entity_id)
            raise

    async def quick(entity_id: str, job: JobInfo) -> None:
        assert entity_id not in ids(10)

    assert queue.process_next_chunk(slow) == ChunkResult(job_id, 10, 40, False, "pending")
    assert sorted(cancelled) == ids(20)[10:], "as many as run at once"
    assert queue.drain(quick).processed_total == 30
    assert queue.get_job(job_id).success == 40
    check_invariants(drained=True)


def test_a_coroutine_longer_than_any_budget_ends_as_an_error(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would otherwise be started again for ever: a call's time ends well before a whole budget's."""
    assert work.CALL_SHARE < 1
    monkeypatch.setattr(work, "CALL_SHARE", 0.005)
    job_id = enqueue(2)

    async def stuck(entity_id: str, job: JobInfo) -> None:
        await asyncio.sleep(60)

    assert queue.process_next_chunk(stuck) == ChunkResult(job_id, 2, 2, True, "complete")
    assert {row.code for row in queue.list_errors(job_id).rows} == {"timed_out"}
    check_invariants(drained=True)


def test_a_coroutine_cut_off_by_the_end_of_a_drain_is_no_error(context: Flask, budget_clock: BudgetClock) -> None:
    """What is left of a drain may be shorter than a healthy call, which then runs again."""
    job_id = enqueue(12, chunk_size=4)

    async def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p3":
            # One second is left for the chunks that follow.
            budget_clock.move(49)
        elif entity_id not in ids(3):
            await asyncio.sleep(1.2)
            budget_clock.move(1)
            await asyncio.sleep(60)

    async def quick(entity_id: str, job: JobInfo) -> None:
        assert entity_id not in ids(4)

    assert queue.drain(on_process, time_budget=50).processed_total == 4
    queue.drain(quick)
    assert (queue.get_job(job_id).success, queue.get_job(job_id).errors) == (12, 0)
    check_invariants(drained=True)


def test_a_drain_ends_where_nothing_is_ever_decided(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so in the log instead of starting the same calls for ever."""
    enqueue(1)
    monkeypatch.setattr(work.EntityFunctionWork, "_run_chunk", lambda *_: None)
    with structlog.testing.capture_logs() as logs:
        result = queue.drain(None)
    assert (result.chunks, result.processed_total) == (MAX_IDLE_CHUNKS, 0)
    assert [line["event"] for line in logs] == ["drain stopped without progress"]


def test_a_function_that_returns_a_coroutine_is_an_error_and_no_success(context: Flask) -> None:
    """`lambda entity_id, job: work(entity_id)` with a coroutine function would run nothing."""
    job_id = enqueue(1)

    async def never() -> None:
        raise AssertionError("never awaited")

    queue.drain(lambda *_: never())
    (error,) = queue.list_errors(job_id).rows
    assert "pass the coroutine function itself" in error.error


def test_damaged_outcomes_fail_their_job_and_not_the_queue(context: Flask) -> None:
    """The jobs behind it go on."""
    broken, fine = enqueue(2), enqueue(2)
    claim().release()
    db.session.execute(update(progress).values(outcomes="?."))
    db.session.commit()
    with pytest.raises(ChunkUnreadable):
        queue.process_next_chunk()
    assert queue.get_job(broken).status == "failed"
    assert queue.process_next_chunk() == ChunkResult(fine, 2, 2, True, "complete")
    check_job = queue.get_job(broken)
    assert check_job.processed == 0


def test_a_coroutine_that_blocks_the_loop_does_not_hold_the_caller(context: Flask, budget_clock: BudgetClock) -> None:
    """The call returns at its deadline even if cancelling cannot work."""
    enqueue(2)
    is_over, has_left = threading.Event(), threading.Event()

    async def blocking(entity_id: str, job: JobInfo) -> None:
        budget_clock.move(60)
        is_over.wait(PATIENCE_SECONDS)
        has_left.set()

    queue.process_next_chunk(blocking)
    assert not has_left.is_set(), "the loop is still blocked"
    is_over.set()
    assert has_left.wait(PATIENCE_SECONDS), "the loop is free for the tests that follow"
    check_invariants()


def test_a_stop_request_releases_the_chunk(context: Flask) -> None:
    """A process that is asked to end finishes the entity at hand and gives the rest back."""
    job_id = enqueue(5, chunk_size=5)

    def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p1":
            stop_requested.set()

    try:
        result = queue.process_next_chunk(on_process)
    finally:
        stop_requested.clear()
    assert result == ChunkResult(job_id, 2, 5, False, "pending")
    check_invariants()


def test_an_interrupt_keeps_what_is_decided_and_releases_the_rest(context: Flask) -> None:
    """SystemExit, as gunicorn raises it inside a handler, is let through with the chunk given back."""
    job_id = enqueue(5, chunk_size=5)

    def on_process(entity_id: str, job: JobInfo) -> None:
        if entity_id == "p3":
            raise SystemExit(1)

    with pytest.raises(SystemExit):
        queue.process_next_chunk(on_process)
    assert queue.get_job(job_id).status == "pending"
    assert queue.get_job(job_id).processed == 3
    check_invariants()


def test_claims_take_the_oldest_job_of_the_highest_priority_first(context: Flask) -> None:
    """Priority first, then age."""
    first, second = enqueue(4), enqueue(2)
    urgent = enqueue(2, priority=5)
    order = []
    while result := queue.process_next_chunk():
        order.append(result.job_id)
    assert order == [urgent, first, first, second]


def test_job_id_limits_the_call_to_that_job(context: Flask) -> None:
    """Other jobs stay as they are; a finished one is "nothing to do", an unknown one an error."""
    first, second = enqueue(2), enqueue(2)
    assert queue.drain(None, job_id=second).processed_total == 2
    assert queue.get_job(first).status == "pending"
    assert queue.process_next_chunk(job_id=second) is None
    for unknown in ("00000000-0000-7000-8000-000000000000", "nonsense"):
        with pytest.raises(JobNotFound):
            queue.process_next_chunk(job_id=unknown)


def test_workspace_limits_the_call_to_its_jobs(context: Flask) -> None:
    """A worker bound to one workspace leaves the others' jobs alone."""
    other = enqueue(2, workspace_slug="other")
    own = enqueue(2, workspace_slug="own")
    assert queue.drain(None, workspace_slug="own").last == ChunkResult(own, 2, 2, True, "complete")
    assert queue.process_next_chunk(workspace_slug="own") is None
    with pytest.raises(JobNotFound):
        queue.process_next_chunk(job_id=other, workspace_slug="own")


def test_drain_stops_after_max_chunks_and_reports_each(context: Flask) -> None:
    """The numbers add up."""
    job_id = enqueue(10)
    told: list[ChunkResult] = []
    result = queue.drain(None, max_chunks=3, on_chunk=told.append)
    assert (result.chunks, result.processed_total, result.last) == (3, 6, told[-1])
    assert [one.processed for one in told] == [2, 2, 2]
    assert queue.drain(None).last == ChunkResult(job_id, 2, 10, True, "complete")
    assert queue.drain(None) == queue.DrainResult(0, 0, None)


def test_drain_keeps_to_its_time(context: Flask, budget_clock: BudgetClock) -> None:
    """The budget is for all chunks together."""
    enqueue(100)
    assert queue.drain(lambda *_: budget_clock.move(1), time_budget=9.5).processed_total == 10


def damage_chunks(job_id: str, stored: str) -> None:
    """Overwrite the ids of a job's chunks, as no code of ours would."""
    statement = "UPDATE enrichment_chunks SET entity_ids = CAST(:stored AS JSON) WHERE job_id = :job_id"
    if db.engine.dialect.name == "sqlite":
        statement, job_id = statement.replace("CAST(:stored AS JSON)", ":stored"), job_id.replace("-", "")
    db.session.execute(text(statement), {"stored": stored, "job_id": job_id})
    db.session.commit()


@pytest.mark.parametrize("damage", ['{"a": 1}', '["p0"]', '["p0", 7]', "null"])
def test_a_chunk_with_unreadable_ids_fails_its_job(context: Flask, damage: str) -> None:
    """The job is failed with one error for `system`, and the error is raised again."""
    job_id = enqueue(4)
    queue.process_next_chunk()
    damage_chunks(job_id, damage)
    with pytest.raises(ChunkUnreadable):
        queue.process_next_chunk()
    view = queue.get_job(job_id)
    assert (view.status, view.processed) == ("failed", 2)
    assert [(row.entity_id, row.code) for row in queue.list_errors(job_id).rows] == [("system", "chunk_broke")]
    assert job_row(job_id).in_flight == 0
    assert queue.process_next_chunk() is None, "a failed job is not claimed again"


def test_text_that_is_no_json_fails_the_job_and_not_the_queue(context: Flask) -> None:
    """PostgreSQL refuses to store it; on SQLite it does not stop the jobs behind it."""
    broken, fine = enqueue(2), enqueue(2)
    if db.engine.dialect.name == "postgresql":
        with pytest.raises(DataError):
            damage_chunks(broken, '["p0')
        return
    damage_chunks(broken, '["p0')
    with pytest.raises(ChunkUnreadable):
        queue.process_next_chunk()
    assert queue.process_next_chunk() == ChunkResult(fine, 2, 2, True, "complete")


def test_a_database_that_is_away_fails_no_job(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is raised, the lease runs out, and the next call goes on."""
    job_id = enqueue(2)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr("app.enrichment.queue.lease.Lease.finish", away)
        with pytest.raises(OperationalError):
            queue.process_next_chunk()
    assert queue.get_job(job_id).status == "running"
    check_invariants()


def test_a_drain_leaves_a_heartbeat(context: Flask) -> None:
    """Health tells when somebody last looked for work, and how long the oldest job has waited."""
    assert queue.health() == queue.QueueHealth(None, None, None)
    enqueue(2)
    age = queue.health().oldest_job_age_seconds
    assert age is not None and 0 <= age < 60
    queue.drain(None)
    health = queue.health()
    assert health.oldest_job_age_seconds is None and health.last_drain_at is not None
    queue.record_heartbeat("cron")
    queue.record_heartbeat("cron")
    assert queue.health().last_cron_at is not None


def test_a_schema_that_is_behind_fails_no_job(context: Flask) -> None:
    """New code on a database that was not upgraded yet: the call fails, the job waits."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(2))
    db.session.execute(text("ALTER TABLE enrichment_jobs RENAME COLUMN options TO terms_of_old"))
    db.session.commit()
    try:
        with pytest.raises(DBAPIError):
            queue.process_next_chunk()
    finally:
        db.session.rollback()
        db.session.execute(text("ALTER TABLE enrichment_jobs RENAME COLUMN terms_of_old TO options"))
        db.session.commit()
    assert queue.get_job(job_id).status == "pending"
    assert queue.drain(None).processed_total == 2
