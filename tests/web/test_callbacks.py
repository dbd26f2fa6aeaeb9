"""Answers that come later: pushed to Clay, taken in by callback, over real HTTP in both directions."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server

from app.config import Config
from app.db.session import end_read, transaction
from app.demo.stand_ins import ledger
from app.enrichment import queue
from app.enrichment.waterfall.callbacks import PATH, sign
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.read import load_entities
from app.entities.upsert import upsert_entities
from app.extensions import db
from app.models.attempt import attempts
from app.models.chunk import progress
from app.models.in_flight_call import in_flight_calls
from app.models.types import new_id, utcnow
from tests.fakes import charges
from tests.fakes.process import CALLBACK_SECRET, FakeServer
from tests.invariants import check_invariants
from tests.patience import PATIENCE_SECONDS

SECRET_KEY = "a-signing-key-for-tests"
ADA = {"id": "ada", "full_name": "Ada Byron", "company_domain": "acme.example"}


@pytest.fixture
def service(make_app: Callable[..., Flask], fake_server: FakeServer) -> Iterator[Flask]:
    """The service on a port of its own, as the fake Clay reaches it, with its context pushed."""
    settings = Config.from_env(fake_server.environment())
    listener = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    app = make_app(
        PROVIDERS=settings.PROVIDERS, SECRET_KEY=SECRET_KEY, PUBLIC_URL=f"http://127.0.0.1:{listener.server_port}"
    )
    listener.app = app
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    with app.app_context():
        yield app
    listener.shutdown()
    thread.join()
    listener.server_close()


def start_job(*people: dict[str, Any], **options: Any) -> str:
    """Store people and work on a job for Clay until its answers are to come."""
    with transaction() as session:
        upsert_entities("person", people, workspace_slug="default", session=session)
    job_id = queue.enqueue_job("person", "clay", [person["id"] for person in people], **options)
    queue.process_next_chunk(work=Waterfall())
    return job_id


def spent(server: FakeServer) -> int:
    """Return what the server has billed so far."""
    return charges.total(ledger.read(server.ledger))


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def rows(table: Any) -> list[Any]:
    db.session.rollback()
    found = list(db.session.execute(select(table)).all())
    end_read()
    return found


def make_due() -> None:
    """Let every released chunk be claimed at once, as if its time had come."""
    with transaction() as session:
        session.execute(progress.update().where(progress.c.worker.is_(None)).values(lease_expires_at=utcnow(-1)))


def test_an_answer_by_callback_lands_in_the_entity(service: Flask, fake_server: FakeServer) -> None:
    """The row is pushed once, the chunk is due as soon as the callback comes, and the charge is the push's."""
    before = spent(fake_server)
    job_id = start_job(ADA)
    assert queue.get_job(job_id).status == "pending"
    wait_until(lambda: rows(in_flight_calls)[0].callback is not None)
    assert queue.drain(work=Waterfall()).last is not None
    job = queue.get_job(job_id)
    assert (job.status, job.success) == ("complete", 1)
    assert load_entities("person", ["ada"], workspace_slug="default")["ada"]["email"]
    end_read()
    attempt = next(row for row in rows(attempts) if row.provider == "clay")
    assert (attempt.outcome_class, attempt.cost_micros) == ("success", 56_000)
    assert spent(fake_server) - before == 56_000 == job.cost_micros
    check_invariants(drained=True)


def test_a_callback_that_does_not_come_is_an_error_and_no_second_push(service: Flask, fake_server: FakeServer) -> None:
    """The push was charged; pushing again would be paying again."""
    before = spent(fake_server)
    job_id = start_job({**ADA, "company_domain": "acme-x-no-callback.example"})
    with transaction() as session:
        session.execute(in_flight_calls.update().values(deadline_at=utcnow(-1)))
    make_due()
    queue.drain(work=Waterfall())
    (error,) = queue.list_errors(job_id).rows
    assert error.code == "transient"
    assert spent(fake_server) - before == 56_000 == queue.get_job(job_id).cost_micros
    check_invariants(drained=True)


def test_a_pending_question_survives_its_worker(service: Flask, fake_server: FakeServer) -> None:
    """Looked at before its time, it waits on and is not pushed again."""
    before = spent(fake_server)
    job_id = start_job({**ADA, "company_domain": "acme-x-no-callback.example"})
    for _ in range(2):
        make_due()
        queue.drain(work=Waterfall())
    assert queue.get_job(job_id).status == "pending"
    assert len(rows(in_flight_calls)) == 1
    assert spent(fake_server) - before == 56_000


def post(client: FlaskClient, request_id: str, payload: Any, signature: str | None = None, **headers: str) -> Any:
    """Send a callback, signed as it should be unless said otherwise."""
    signature = sign(SECRET_KEY, request_id) if signature is None else signature
    return client.post(
        f"{PATH}/{request_id}/{signature}", json=payload, headers={"x-api-key": CALLBACK_SECRET, **headers}
    )


def test_a_callback_is_taken_once(service: Flask, fake_server: FakeServer) -> None:
    """The first counts; a repetition is answered alike and changes nothing."""
    start_job({**ADA, "company_domain": "acme-x-no-callback.example"})
    request_id = rows(in_flight_calls)[0].request_id
    client = service.test_client()
    found = {"request_id": request_id, "status": "found", "person": {"email": "Ada@Acme.example"}}
    assert post(client, request_id, found).get_json() == {"received": True}
    other = {"person": {"email": "eve@acme.example"}}
    assert post(client, request_id, other).get_json() == {"received": False}
    queue.drain(work=Waterfall())
    assert load_entities("person", ["ada"], workspace_slug="default")["ada"]["email"] == "ada@acme.example"
    end_read()
    assert post(client, request_id, found).status_code == 404


def test_a_callback_signed_with_a_former_secret_is_taken(
    service: Flask, make_app: Any, fake_server: FakeServer
) -> None:
    """Questions that are under way when `SECRET_KEY` is changed are paid for already."""
    start_job({**ADA, "company_domain": "acme-x-no-callback.example"})
    request_id = rows(in_flight_calls)[0].request_id
    end_read()
    providers = service.config["TRANCHE"].PROVIDERS
    changed = make_app(PROVIDERS=providers, SECRET_KEY="another-key-since-then", SECRET_KEY_FALLBACKS=(SECRET_KEY,))
    assert post(changed.test_client(), request_id, {"person": {}}).get_json() == {"received": True}


def test_a_forged_callback_is_refused(service: Flask, fake_server: FakeServer) -> None:
    """Neither an id without its signature, nor a signature without the header's secret, nor a made-up id opens it."""
    start_job({**ADA, "company_domain": "acme-x-no-callback.example"})
    request_id = rows(in_flight_calls)[0].request_id
    client, payload = service.test_client(), {"person": {"email": "eve@evil.example"}}
    assert post(client, request_id, payload, signature="0" * 40).status_code == 404
    assert post(client, request_id, payload, signature=sign("another-key-of-somebody", request_id)).status_code == 404
    assert post(client, new_id(), payload).status_code == 404
    assert post(client, "no-id", payload).status_code == 404
    assert post(client, request_id, payload, **{"x-api-key": "é"}).status_code == 403
    assert post(client, request_id, 7).status_code == 422
    assert rows(in_flight_calls)[0].callback is None


def test_clay_is_not_asked_without_an_address_to_answer_to(
    make_app: Callable[..., Flask], fake_server: FakeServer
) -> None:
    """The job waits, and says what to set; nothing is pushed."""
    before = spent(fake_server)
    with make_app(PROVIDERS=Config.from_env(fake_server.environment()).PROVIDERS).app_context():
        job_id = start_job(ADA)
        assert "PUBLIC_URL" in (queue.get_job(job_id).pause_reason or "")
    assert spent(fake_server) == before
