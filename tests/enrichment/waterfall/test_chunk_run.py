"""The pipeline: entities through a provider, attempts, changes and merge, as one checkpoint."""

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue import ChunkResult
from app.enrichment.waterfall import erase
from app.enrichment.waterfall.chunk_run import ChunkRun
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.read import load_entities
from app.entities.upsert import upsert_entities
from app.errors import JobStateConflict, LeaseLost
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.providers.base import Answer, Lookup, OutcomeClass
from tests.aside import Aside, aside
from tests.enrichment.helpers import claim, expire_leases, ids, job_row
from tests.fakes.provider import FakeProvider, registry_of
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

__all__ = ["aside"]


def add_people(*people: dict[str, Any], workspace_slug: str = "default") -> None:
    with transaction() as session:
        upsert_entities("person", people, workspace_slug=workspace_slug, session=session)


def add(count: int) -> None:
    add_people(*({"id": entity_id, "first_name": "Ada"} for entity_id in ids(count)))


def rows(table: Any) -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(select(table).order_by(table.c.entity_id)).all())


def field(entity_id: str, name: str) -> Any:
    db.session.rollback()
    return load_entities("person", [entity_id], workspace_slug="default")[entity_id][name]


def run(provider: FakeProvider, count: int, **options: Any) -> tuple[str, ChunkResult | None]:
    job_id = queue.enqueue_job("person", provider.name, ids(count), chunk_size=count)
    return job_id, queue.process_next_chunk(work=Waterfall(registry_of(provider), retry_seconds=()), **options)


def test_an_answer_is_merged_with_its_attempt_and_its_change(context: Flask) -> None:
    """Every written field says old value, new value, provider and attempt; the raw answer is kept."""
    add(2)
    provider = FakeProvider()
    job_id, result = run(provider, 2)
    assert result == ChunkResult(job_id, 2, 2, True, "complete")
    assert [lookup.fields["first_name"] for lookup in provider.seen] == ["Ada", "Ada"]
    assert field("p0", "job_title") == "CEO"
    attempt = rows(attempts)[0]
    assert (attempt.job_id, attempt.entity_id, attempt.provider) == (job_id, "p0", "fake")
    assert (attempt.status, attempt.outcome_class, attempt.cost_micros) == ("success", "success", 0)
    assert (attempt.fields_written, attempt.raw_answer) == (["job_title"], {"title": "CEO"})
    assert attempt.started_at <= attempt.finished_at
    revision = rows(entity_revisions)[0]
    assert revision.changes == {"job_title": [None, "CEO"]}
    assert (revision.provider, revision.attempt_id, revision.job_id) == ("fake", attempt.id, job_id)
    check_invariants(drained=True)


def test_existing_values_win_and_an_unchanged_entity_leaves_no_change(context: Flask) -> None:
    """The attempt is recorded all the same."""
    add_people({"id": "p0", "job_title": "CFO"})
    run(FakeProvider(), 1)
    assert field("p0", "job_title") == "CFO"
    assert rows(attempts)[0].fields_written == []
    assert rows(entity_revisions) == []


@pytest.mark.parametrize(
    ("answer", "status", "counter"),
    [
        (Answer(OutcomeClass.NOT_FOUND), "success", "success"),
        (Answer(OutcomeClass.SKIPPED_INSUFFICIENT_INPUT, error="no name"), "skipped", "skipped"),
        (Answer(OutcomeClass.INVALID_REQUEST, error="bad"), "error", "errors"),
        (Answer(OutcomeClass.TRANSIENT, error="away"), "error", "errors"),
        (RuntimeError("a bug"), "error", "errors"),
    ],
)
def test_each_outcome_class_is_recorded_and_counted(
    context: Flask, answer: Answer | Exception, status: str, counter: str
) -> None:
    """One entity's bad answer is its own affair."""
    add(3)
    job_id, result = run(FakeProvider({"p1": answer}), 3)
    assert result is not None and result.status == "complete"
    assert [row.status for row in rows(attempts)] == ["success", status, "success"]
    view = queue.get_job(job_id)
    assert getattr(view, counter) == (3 if counter == "success" else 1)
    if counter == "errors":
        (error,) = queue.list_errors(job_id).rows
        assert error.entity_id == "p1" and error.code == rows(attempts)[1].outcome_class
    check_invariants(drained=True)


def test_an_id_without_an_entity_is_that_entitys_error(context: Flask) -> None:
    """Also when the entity is there, but in another workspace."""
    add_people({"id": "p0"}, workspace_slug="other")
    add_people({"id": "p1"})
    provider = FakeProvider()
    job_id, _ = run(provider, 2)
    assert provider.asked == {"p1": 1}
    (error,) = queue.list_errors(job_id).rows
    assert (error.entity_id, error.code) == ("p0", "entity_not_found")
    check_invariants(drained=True)


@pytest.mark.usefixtures("ten_at_once")
def test_the_time_budget_releases_what_is_not_answered(context: Flask) -> None:
    """Answers that came are stored; nothing is asked twice."""
    add(40)
    provider = FakeProvider(seconds=0.6)
    job_id, result = run(provider, 40, time_budget=2.0)
    assert result is not None and result.status == "pending" and 10 <= result.processed < 40
    assert len(rows(attempts)) == result.processed
    check_invariants()
    queue.drain(work=Waterfall(registry_of(provider)))
    assert queue.get_job(job_id).success == 40
    assert len(rows(attempts)) == 40, "one attempt for each entity"
    check_invariants(drained=True)


def test_an_entity_erased_in_mid_call_stays_erased(context: Flask) -> None:
    """An answer that comes too late writes nothing about it."""
    add(1)

    class Erasing(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            await asyncio.to_thread(erase)
            return await super().lookup(lookup, deadline=deadline)

    def erase() -> None:
        with context.app_context():
            erase_entity("person", "p0", workspace_slug="default")

    run(Erasing(), 1)
    assert load_entities("person", ["p0"], workspace_slug="default") == {}
    assert rows(attempts) == [] and rows(entity_revisions) == []


def test_nobody_is_asked_about_who_is_being_erased(
    context: Flask, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure has been through everything, and is committed only when the call is about to be made."""
    add(1)
    queue.enqueue_job("person", "fake", ids(1))
    provider = FakeProvider(price_micros=100)
    leave = erase.leave_exports
    working: list[Future[Any]] = []

    def leave_late(*arguments: Any) -> None:
        working.append(aside(lambda: queue.drain(work=Waterfall(registry_of(provider)))))
        leave(*arguments)

    monkeypatch.setattr(erase, "leave_exports", leave_late)
    erase_entity("person", "p0", workspace_slug="default")
    working[0].result(PATIENCE_SECONDS)
    assert not provider.asked
    check_invariants(drained=True)


def test_a_value_written_in_mid_call_wins_over_the_answer(context: Flask) -> None:
    """Answers are merged into the entity as it is when they are stored."""
    add(1)

    class Overtaken(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            await asyncio.to_thread(overtake)
            return await super().lookup(lookup, deadline=deadline)

    def overtake() -> None:
        with context.app_context():
            add_people({"id": "p0", "job_title": "CTO"})

    run(Overtaken(), 1)
    assert field("p0", "job_title") == "CTO"


def test_a_lost_lease_writes_neither_values_nor_attempts(context: Flask) -> None:
    """The token guards everything that a checkpoint stores."""
    add(1)

    class Slow(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            await asyncio.to_thread(lose)
            return await super().lookup(lookup, deadline=deadline)

    def lose() -> None:
        with context.app_context():
            expire_leases()

    job_id, result = run(Slow(), 1)
    assert result == ChunkResult(job_id, 0, 1, False, "running")
    assert field("p0", "job_title") is None and rows(attempts) == []


@pytest.mark.parametrize(("provider", "reason"), [("prospeo", "set PROSPEO_API_KEY"), ("gone", "no such provider")])
def test_a_queued_job_whose_provider_cannot_work_is_paused_with_the_reason(
    context: Flask, provider: str, reason: str
) -> None:
    """It is not failed, it holds no lease, and it says when it will be tried again."""
    job_id = queue.enqueue_job("person", provider, ["a"])
    result = queue.process_next_chunk(work=Waterfall())
    assert result == ChunkResult(job_id, 0, 1, False, "paused")
    view = queue.get_job(job_id)
    assert view.pause_reason is not None and reason in view.pause_reason
    assert view.resume_at is not None and job_row(job_id).in_flight == 0
    assert queue.process_next_chunk(work=Waterfall()) is None
    assert queue.resume(job_id).status == "pending"
    check_invariants()


def test_the_normaliser_fills_its_columns_and_leaves_the_raw_values(context: Flask) -> None:
    """From raw text to normalised columns through the real pipeline; a second run changes nothing."""
    add_people({"id": "p0", "full_name": "JOHN MCDONALD", "job_title": "vp of sales", "email": "John@Example.com"})
    for _ in range(2):
        job_id = queue.enqueue_job("person", "ai-normalizer", ["p0"])
        assert queue.process_next_chunk(work=Waterfall()) == ChunkResult(job_id, 1, 1, True, "complete")
    person = load_entities("person", ["p0"], workspace_slug="default")["p0"]
    assert (person["normalized_first_name"], person["normalized_last_name"]) == ("John", "McDonald")
    assert (person["normalized_job_title"], person["normalized_seniority"]) == ("VP of Sales", "VP")
    assert (person["normalized_email"], person["full_name"]) == ("john@example.com", "JOHN MCDONALD")
    written = [row.fields_written for row in rows(attempts)]
    assert sorted(map(bool, written)) == [False, True]
    (revision,) = rows(entity_revisions)
    assert revision.provider == "ai-normalizer"
    assert {old for old, _ in revision.changes.values()} == {None}


def test_a_normalised_value_goes_when_the_text_it_came_from_is_gone(context: Flask) -> None:
    """The normaliser owns its columns: what was derived from text that has changed does not stay."""
    add_people({"id": "p0", "first_name": "Ada", "job_title": "CEO"})
    queue.enqueue_job("person", "ai-normalizer", ["p0"])
    queue.drain(work=Waterfall())
    assert field("p0", "normalized_seniority") == "C-Suite"
    add_people({"id": "p0", "job_title": None})
    queue.enqueue_job("person", "ai-normalizer", ["p0"])
    queue.drain(work=Waterfall())
    assert field("p0", "normalized_seniority") is None


def test_a_late_lease_cannot_be_used_by_the_pipeline(context: Flask) -> None:
    """A checkpoint of a chunk that was taken over raises before anything is stored."""
    add(1)
    queue.enqueue_job("person", "fake", ["p0"])
    late = claim()
    expire_leases()
    claim("successor")
    written = []
    with pytest.raises(LeaseLost):
        late.checkpoint(written.append)
    assert written == []


def test_what_a_bug_says_is_stored_with_nobody(context: Flask) -> None:
    """Of a bulk call that raised, each entity gets the kind: the message may be about any of them, or all."""
    add(2)
    bug = RuntimeError("p1 is ada@example.com")
    run(FakeProvider({"p1": bug}, bulk_size=10, price_micros=1000), 2)
    assert [row.error for row in rows(attempts)] == ["RuntimeError"] * 2


def test_a_chunk_that_broke_says_no_more_than_how(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is filed under no entity, so that no erasure would find a person in it."""
    add(1)

    def break_down(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr(ChunkRun, "begin", break_down)
    with pytest.raises(RuntimeError):
        run(FakeProvider(), 1)
    job_id = queue.list_jobs().rows[0].id
    assert [(row.entity_id, row.error) for row in queue.list_errors(job_id).rows] == [("system", "RuntimeError")]


def test_an_erased_entity_is_skipped_by_jobs_that_had_not_come_to_it(context: Flask) -> None:
    """It is neither asked about nor counted as an error, and a retry leaves it out."""
    add(4)
    job_id = queue.enqueue_job("person", "fake", ids(4), chunk_size=2)
    for entity_id in ("p1", "p3"):
        erase_entity("person", entity_id, workspace_slug="default")
    provider = FakeProvider({"p2": RuntimeError("a bug")})
    queue.drain(work=Waterfall(registry_of(provider)))
    assert provider.asked == {"p0": 1, "p2": 1}
    view = queue.get_job(job_id)
    assert (view.status, view.success, view.skipped, view.errors) == ("complete", 1, 2, 1)
    check_invariants(drained=True)
    erase_entity("person", "p2", workspace_slug="default")
    with pytest.raises(JobStateConflict, match="nothing to retry"):
        queue.retry(job_id)


def test_a_callback_is_not_called_for_an_erased_entity(context: Flask) -> None:
    """What takes its place in the list is nobody's id."""
    add(2)
    queue.enqueue_job("person", "fake", ids(2))
    erase_entity("person", "p0", workspace_slug="default")
    seen: list[str] = []
    queue.drain(lambda entity_id, _: seen.append(entity_id))
    assert seen == ["p1"]


@pytest.mark.parametrize(
    ("answer", "is_stored"),
    [
        (Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, raw={"a": "nul\0", "b": float("nan")}), True),
        (Answer(OutcomeClass.SUCCESS, fields={"job_title": "C\ud800EO\x07"}, raw=["\ud800"]), True),
        (Answer(OutcomeClass.NOT_FOUND, error="x" * 5000), True),
        (Answer(OutcomeClass.SUCCESS, fields={"shoe_size": "44"}), False),
        (Answer(OutcomeClass.SUCCESS, fields={"job_title": 44}), False),
        (Answer(OutcomeClass.SUCCESS, fields={"job_title": "CEO"}, raw={"at": object()}), False),
    ],
)
def test_an_unfit_answer_costs_its_own_entity_alone(context: Flask, answer: Answer, is_stored: bool) -> None:
    """Both databases store what can be stored; the rest is an error of that entity, not of the chunk."""
    add(3)
    job_id, result = run(FakeProvider({"p1": answer}), 3)
    assert result is not None and result.status == "complete"
    view = queue.get_job(job_id)
    assert (view.success, view.errors) == ((3, 0) if is_stored else (2, 1))
    assert [field(entity_id, "job_title") for entity_id in ("p0", "p2")] == ["CEO", "CEO"]
    if is_stored and answer.fields:
        assert field("p1", "job_title") == "CEO"
    assert len(rows(attempts)) == 3
    check_invariants(drained=True)


@pytest.mark.parametrize("error", [SystemExit(143), KeyboardInterrupt()])
def test_an_interrupt_while_answers_are_stored_decides_nothing(
    context: Flask, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """An outcome is never stored without the values and attempts that it stands for."""
    add(3)
    provider = FakeProvider()

    def interrupted(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("app.enrichment.waterfall.attempt_log.write_changes", interrupted)
        with pytest.raises(type(error)):
            run(provider, 3)
    assert rows(attempts) == []
    queue.drain(work=Waterfall(registry_of(provider)))
    assert len(rows(attempts)) == 3
    assert [field(entity_id, "job_title") for entity_id in ids(3)] == ["CEO"] * 3
    check_invariants(drained=True)


def test_answers_that_came_before_a_stop_are_stored(context: Flask) -> None:
    """A pause in mid-chunk does not throw away what providers have already said."""
    add(20)

    class Pausing(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            if lookup.entity_id == "p12":
                await asyncio.to_thread(pause)
            return await super().lookup(lookup, deadline=deadline)

    def pause() -> None:
        with context.app_context():
            queue.pause(queue.list_jobs().rows[0].id)

    provider = Pausing(seconds=0.05)
    job_id, _ = run(provider, 20)
    assert queue.get_job(job_id).processed == len(rows(attempts))
    queue.resume(job_id) if queue.get_job(job_id).status == "paused" else None
    queue.drain(work=Waterfall(registry_of(provider)))
    assert queue.get_job(job_id).success == 20
    check_invariants(drained=True)


def test_an_error_about_an_entity_erased_in_mid_call_is_not_stored(context: Flask) -> None:
    """Neither its id nor what the provider said of it stays."""
    add(2)

    class Erasing(FakeProvider):
        async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
            if lookup.entity_id == "p0":
                await asyncio.to_thread(erase)
            return await super().lookup(lookup, deadline=deadline)

    def erase() -> None:
        with context.app_context():
            erase_entity("person", "p0", workspace_slug="default")

    failing = Answer(OutcomeClass.TRANSIENT, error="p0 is away")
    job_id, _ = run(Erasing({"p0": failing, "p1": failing}), 2)
    assert [row.entity_id for row in queue.list_errors(job_id).rows] == ["p1"]
