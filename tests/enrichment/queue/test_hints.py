"""Whatever makes work says so, once it is there for others to see; and what sends hints by Celery, where it is set."""

from collections.abc import Callable, Iterator
from queue import Queue

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, insert, select

from app import celery_sender, create_app, hints
from app.config import Config, ConfigError
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import circuit_breaker
from app.enrichment.queue.pilots import NewPilot, PilotRow
from app.enrichment.waterfall import callbacks
from app.extensions import db
from app.models.chunk import chunks, progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import jobs
from app.models.types import new_id, utcnow
from tests.conftest import SECRET_KEY
from tests.enrichment.helpers import claim, ids


class Listener:
    """A sender that looks, at each hint, from a connection of its own, at what others can see."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self.heard: list[tuple[int, int]] = []
        """How many chunks it was told of, and how many were there."""

    def hint(self, count: int) -> None:
        """Look."""
        with self.engine.connect() as connection:
            seen = connection.scalar(select(func.count()).select_from(chunks).join(jobs).where(jobs.c.claimable))
            due = connection.scalar(select(func.count()).where(progress.c.lease_expires_at <= utcnow()))
        self.heard.append((count, (seen or 0) + (due or 0)))

    def flush(self) -> None:
        """Do nothing."""


@pytest.fixture
def listener(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Listen in the application's place."""
    listener = Listener(context.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setitem(context.extensions, hints.SENDER, listener)
    yield listener
    listener.engine.dispose()


def test_what_makes_work_says_so_once_it_is_committed(listener: Listener) -> None:
    """Enqueue, resume and retry; a pause and a cancel make none, and an answer to a replay neither."""
    job_id = queue.accept_job("person", "prospeo", ids(5), chunk_size=2, idempotency_key="k").job_id
    assert listener.heard == [(3, 3)]
    queue.accept_job("person", "prospeo", ids(5), chunk_size=2, idempotency_key="k")
    queue.pause(job_id)
    assert len(listener.heard) == 1
    queue.resume(job_id)
    assert listener.heard[1:] == [(3, 3)]
    queue.cancel(job_id)
    assert len(listener.heard) == 2
    queue.retry(job_id)
    assert listener.heard[2:] == [(3, 3)]


def test_the_rest_of_a_pilot_is_hinted_at(listener: Listener) -> None:
    """It is a job like others."""
    pilot = NewPilot(PilotRow(1, 3, 0, [], [[0, 0, 0]]), lambda: iter([ids(3, "q")]))
    job_id = queue.accept_job("person", "prospeo", ids(1), chunk_size=2, pilot=pilot).job_id
    queue.drain(None)
    queue.continue_pilot(job_id)
    assert [count for count, _ in listener.heard] == [1, 2]


def test_an_answer_by_callback_and_a_provider_that_is_asked_again_are_hinted_at(listener: Listener) -> None:
    """The chunk that waits for it is due by then."""
    queue.enqueue_job("person", "clay", ["p0"])
    lease = claim(lease_seconds=3600)
    row = {
        **{"workspace_slug": "default", "entity_type": "person", "entity_id": "p0", "provider": "clay"},
        **{"request_id": new_id(), "call_id": new_id(), "job_id": lease.job.id, "position": 0, "is_pending": True},
        **{"reserved_micros": 0, "reserved_on": func.current_date(), "deadline_at": utcnow(3600)},
    }
    with transaction() as session:
        session.execute(insert(in_flight_calls).values(row))
        session.execute(progress.update().values(worker=None))
    assert callbacks.receive(row["request_id"], callbacks.sign(SECRET_KEY, row["request_id"]), None, {})
    assert listener.heard[1:] == [(1, 1)]
    db.session.execute(progress.update().values(lease_expires_at=utcnow(3600)))
    db.session.commit()
    circuit_breaker.reset("clay")
    assert listener.heard[2:] == [(1, 1)]


def test_an_application_without_a_broker_sends_nothing(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one with a broker sends by Celery, which is loaded when there is something to send."""
    monkeypatch.setattr(celery_sender, "find_spec", lambda _: True)
    app = make_app()
    assert hints.SENDER not in app.extensions
    with app.app_context():
        hints.hint(1)
        hints.flush()
    sender = make_app(CELERY_BROKER_URL="amqp://u:p@127.0.0.1:1/v").extensions[hints.SENDER]
    assert isinstance(sender, celery_sender.CelerySender)


def test_a_broker_without_celery_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the message does not quote the address."""
    monkeypatch.setattr(celery_sender, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"^CELERY_BROKER_URL: expected the extra celery to be installed$"):
        create_app(Config(DATABASE_URL="sqlite://", CELERY_BROKER_URL="redis://:hunter2@h/0"))


def test_no_hint_is_lost_while_the_thread_that_sends_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another request may come between any two steps of the start; its hint is in a line that a thread sends from."""
    served: list[Queue[None]] = []

    class Thread:
        def __init__(self, *, args: list[Queue[None]], **_: object) -> None:
            self.waiting = args[0]

        def start(self) -> None:
            served.append(self.waiting)

    class Interrupted(celery_sender.CelerySender):
        interruptions = 0

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if is_made and Interrupted.interruptions < 5:
                Interrupted.interruptions += 1
                self.hint(1)

    monkeypatch.setattr(celery_sender, "Thread", Thread)
    is_made = False
    sender = Interrupted("memory://")
    is_made = True
    sender.hint(1)
    waiting = sum(line.qsize() for line in set(served))
    assert waiting == 1 + Interrupted.interruptions and Interrupted.interruptions
