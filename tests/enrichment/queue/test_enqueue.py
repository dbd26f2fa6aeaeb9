"""Enqueueing: what is stored, what is refused, and what a repeated call gets."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.enrichment import queue
from app.enrichment.waterfall.options import JobOptions
from app.enrichment.waterfall.plan import job_columns
from app.errors import AppError, EmptyJob, IdempotencyKeyReused, Invalid, ProviderNotAvailable
from app.extensions import db
from app.models.chunk import chunks
from app.models.job import EnrichmentJob, jobs
from tests.invariants import check_invariants


def ids(count: int, prefix: str = "p") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def count_jobs() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(jobs)) or 0


def test_enqueue_stores_the_ids_in_order_and_in_chunks(context: Flask) -> None:
    """A job's ids come back as they went in, cut into chunks of the asked size."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(7), chunk_size=3)
    job = db.session.get_one(EnrichmentJob, job_id)
    assert job.entity_ids == ids(7)
    stored = db.session.scalars(select(chunks.c.entity_ids).order_by(chunks.c.position)).all()
    assert stored == [["p0", "p1", "p2"], ["p3", "p4", "p5"], ["p6"]]
    check_invariants()


def test_enqueue_keeps_repeated_ids_once_in_first_seen_order(context: Flask) -> None:
    """Repetitions are dropped, counted, and do not count into the total."""
    job_id = queue.enqueue_job("person", "ai-normalizer", ["b", "a", "b", "c", "a"], chunk_size=2)
    view = queue.get_job(job_id)
    assert (view.total, view.duplicates) == (3, 2)
    assert db.session.get_one(EnrichmentJob, job_id).entity_ids == ["b", "a", "c"]


def test_enqueue_treats_an_iterator_like_a_list(context: Flask) -> None:
    """An iterator is spooled, and gives the same job."""
    some = ids(2500) + ids(100)
    job_id = queue.enqueue_job("person", "ai-normalizer", iter(some), chunk_size=1000)
    view = queue.get_job(job_id)
    assert (view.total, view.duplicates) == (2500, 100)
    assert db.session.get_one(EnrichmentJob, job_id).entity_ids == ids(2500)


@pytest.mark.parametrize("kind", [list, iter])
def test_enqueue_without_ids_raises_a_value_error(context: Flask, kind: Callable[[list[str]], Any]) -> None:
    """The error is a ValueError too, and says what callers have always been told."""
    with pytest.raises(ValueError, match=r"^Cannot enqueue job with empty entityIds$") as raised:
        queue.enqueue_job("person", "ai-normalizer", kind([]))
    assert isinstance(raised.value, EmptyJob)
    assert count_jobs() == 0


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("entityType", {"entity_type": "robot"}),
        ("provider", {"provider": "No Such!"}),
        ("entityIds", {"entity_ids": "abc"}),
        ("entityIds.1", {"entity_ids": ["ok", "not ok"]}),
        ("entityIds.1", {"entity_ids": ["ok", None]}),
        ("entityIds.0", {"entity_ids": ["x" * 129]}),
        ("entityIds.1", {"entity_ids": {"ok": 1, "nul\0": 2}.keys()}),
        ("chunkSize", {"chunk_size": 0}),
        ("chunkSize", {"chunk_size": 1001}),
        ("chunkSize", {"chunk_size": True}),
        ("workspaceSlug", {"workspace_slug": "UPPER"}),
        ("priority", {"priority": 1001}),
    ],
)
def test_enqueue_refuses_bad_input_and_stores_nothing(context: Flask, path: str, arguments: dict[str, Any]) -> None:
    """Every argument is checked before anything is written."""
    good: dict[str, Any] = {"entity_type": "person", "provider": "ai-normalizer", "entity_ids": ["a"]}
    with pytest.raises(Invalid) as raised:
        queue.enqueue_job(**{**good, **arguments})
    assert raised.value.details[0]["path"] == path
    assert count_jobs() == 0


def test_accept_refuses_a_provider_that_cannot_work(context: Flask) -> None:
    """The doors say which providers can be set."""
    said = {
        "prospeo": "set PROSPEO_API_KEY",
        "nobody": "set provider to one of: ai-normalizer",
        "waterfall": "_API_KEY",
    }
    for provider, what in said.items():
        with pytest.raises(ProviderNotAvailable, match=what):
            job_columns("person", provider, JobOptions(), "default")
    assert count_jobs() == 0


def test_same_key_and_request_is_answered_with_the_first_job(context: Flask) -> None:
    """A repeated delivery makes no second job."""
    first = queue.accept_job("person", "ai-normalizer", ["a", "b", "a"], idempotency_key="k")
    again = queue.accept_job("person", "ai-normalizer", ["a", "b", "a"], idempotency_key="k")
    assert (again.job_id, again.total, again.duplicates, again.is_replay) == (first.job_id, 2, 1, True)
    assert not first.is_replay
    assert count_jobs() == 1


def test_same_key_with_another_request_is_refused(context: Flask) -> None:
    """A key stands for one request."""
    queue.enqueue_job("person", "ai-normalizer", ["a"], idempotency_key="k")
    for ids_, size in ((["b"], 50), (["a"], 49)):
        with pytest.raises(IdempotencyKeyReused):
            queue.enqueue_job("person", "ai-normalizer", ids_, chunk_size=size, idempotency_key="k")
    assert count_jobs() == 1


def test_same_key_in_another_workspace_is_another_job(context: Flask) -> None:
    """Keys belong to a workspace."""
    queue.enqueue_job("person", "ai-normalizer", ["a"], idempotency_key="k")
    queue.enqueue_job("person", "ai-normalizer", ["a"], idempotency_key="k", workspace_slug="other")
    assert count_jobs() == 2


def test_same_key_from_many_threads_at_once_makes_one_job(make_app: Callable[..., Flask]) -> None:
    """Of calls at the same moment one stores the job and all get its id."""
    app = make_app()
    barrier = threading.Barrier(6)
    answers: list[str | AppError] = []

    def call() -> None:
        with app.app_context():
            barrier.wait()
            answers.append(queue.accept_job("person", "ai-normalizer", ids(500), idempotency_key="k").job_id)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(answers) == 6 and len(set(answers)) == 1
        assert count_jobs() == 1


def test_before_is_undone_with_a_job_that_fails(context: Flask) -> None:
    """What the door stores ahead of the job is part of the same unit of work."""
    done = []

    def before(session: Any) -> None:
        session.execute(jobs.update().values(priority=7))
        done.append(True)
        raise RuntimeError("no")

    other = queue.enqueue_job("person", "ai-normalizer", ["x"])
    with pytest.raises(RuntimeError):
        queue.accept_job("person", "ai-normalizer", ["a"], before=before)
    assert done and count_jobs() == 1
    assert queue.get_job(other).priority == 0
