"""Events from the transaction that they are of to a receiver that verifies them, and what goes wrong on the way."""

import asyncio
import json
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from standardwebhooks import Webhook

from app.config import config
from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.queue.lease import Failure
from app.enrichment.waterfall.fleet import read_fleet
from app.enrichment.waterfall.work_loop import Waterfall
from app.errors import Conflict, Invalid
from app.extensions import db
from app.models.audit_event import audit_events
from app.models.chunk import Outcome
from app.models.types import utcnow
from app.models.webhook import webhook_deliveries, webhook_endpoints, webhook_events
from app.webhooks import deliveries, endpoints
from app.webhooks.addresses import is_public, url_problem
from app.webhooks.deliveries import RETRY_SECONDS, Outbox
from app.webhooks.events import EventType
from app.webhooks.sending import Message, Result, send
from tests.aside import Aside
from tests.cli.conftest import run
from tests.enrichment.helpers import claim, ids
from tests.enrichment.scenes import PRICE, add, drain, enqueue, paid
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.conftest import Receiver

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def deliver() -> None:
    """Send what is due, as a drain does."""
    outbox = Outbox()
    outbox.go_on()
    outbox.finish()


def make(receiver: Receiver, workspace_slug: str | None = None, **options: Any) -> tuple[str, str]:
    """Make an endpoint at the receiver; return its id and its secret."""
    view, secret = endpoints.create_endpoint(receiver.url, workspace_slug, created_by="test", **options)
    return view.id, secret


def told() -> list[tuple[str, str | None]]:
    """Return the events so far: type and job."""
    db.session.rollback()
    query = select(webhook_events).order_by(webhook_events.c.created_at, webhook_events.c.id)
    return [(row.type, row.job_id) for row in db.session.execute(query)]


def only_delivery() -> Any:
    """Return the one delivery that there is, and how many seconds from now it is due."""
    db.session.rollback()
    row = db.session.execute(select(webhook_deliveries, utcnow().label("now"))).one()
    seconds = None if row.next_at is None else (row.next_at - row.now) / timedelta(seconds=1)
    return row, seconds


def make_due() -> None:
    """Let every delivery that waits be due."""
    with transaction() as session:
        waits = webhook_deliveries.c.next_at.is_not(None)
        session.execute(update(webhook_deliveries).where(waits).values(next_at=utcnow(-1)))


def test_an_independent_library_verifies_what_comes(context: Flask, receiver: Receiver) -> None:
    """A job that completes is told once, signed by the secret, and by both while it is being changed."""
    endpoint_id, former = make(receiver)
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(2))
    # Without a function: on PostgreSQL the whole end of the job is one statement.
    queue.process_next_chunk()
    deliver()
    ((headers, body),) = receiver.taken
    event = Webhook(former).verify(body, headers)
    assert event["type"] == "job.completed"
    assert event["data"] == {"jobId": job_id, "workspaceSlug": "default", "reason": None}
    assert json.loads(body)["timestamp"].endswith("Z") and len(body) < 20_000
    _, latter = endpoints.rotate_secret(endpoint_id)
    assert deliveries.resend(endpoint_id, headers["webhook-id"]) == 1
    deliver()
    repeated, same_body = receiver.taken[1]
    assert (repeated["webhook-id"], same_body) == (headers["webhook-id"], body)
    for secret in (former, latter):
        Webhook(secret).verify(same_body, repeated)
    with transaction() as session:
        session.execute(update(webhook_endpoints).values(former_until=utcnow(-1)))
    deliveries.resend(endpoint_id, headers["webhook-id"])
    deliver()
    Webhook(latter).verify(*reversed(receiver.taken[2]))
    assert len(receiver.taken[2][0]["webhook-signature"].split()) == 1


def test_a_drain_tells_how_it_ended(context: Flask, receiver: Receiver) -> None:
    """What it works on last it tells before it goes: with cron, the next one comes a minute later."""
    make(receiver)
    add(1, job_title="CEO")
    queue.enqueue_job("person", "ai-normalizer", ids(1))
    assert queue.drain(work=Waterfall()).processed_total == 1
    assert [json.loads(body)["type"] for _, body in receiver.taken] == ["job.completed"]


def test_each_end_and_each_pause_of_a_job_is_an_event(context: Flask, receiver: Receiver) -> None:
    """In the transaction that brings it there, once, and of other workspaces nothing."""
    elsewhere = queue.enqueue_job("person", "ai-normalizer", ["x"], workspace_slug="elsewhere")
    assert queue.cancel(elsewhere) and told() == []
    make(receiver, "default")
    queue.cancel(queue.enqueue_job("person", "ai-normalizer", ["x"], workspace_slug="elsewhere"))
    assert told() == []
    cancelled = queue.enqueue_job("person", "ai-normalizer", ids(2))
    queue.pause(cancelled)
    queue.resume(cancelled)
    queue.pause(cancelled)
    queue.cancel(cancelled)
    failed = queue.enqueue_job("person", "ai-normalizer", ids(2))
    claim().fail(Failure("chunk_broke", "broke"))
    add(2)
    capped = enqueue(2, "findymail", cap_micros=PRICE)
    drain(paid())
    assert queue.get_job(capped).status == "paused"
    assert told() == [
        ("job.paused", cancelled),
        ("job.paused", cancelled),
        ("job.cancelled", cancelled),
        ("job.failed", failed),
        ("job.cap_reached", capped),
    ]


def test_an_event_is_there_only_if_its_transaction_is(context: Flask, receiver: Receiver) -> None:
    """What is undone was not told."""
    make(receiver)
    job_id = queue.enqueue_job("person", "ai-normalizer", ids(2))
    lease = claim()

    def break_off(_session: object) -> None:
        raise RuntimeError

    for index in (0, 1):
        lease.decide(index, Outcome.SUCCESS)
    with pytest.raises(RuntimeError):
        lease.finish(break_off)
    assert told() == []
    lease.finish(lambda _: None)
    assert told() == [("job.completed", job_id)]


@on_sqlite
def test_a_receiver_that_fails_is_tried_again_until_it_is_given_up(context: Flask, receiver: Receiver) -> None:
    """Later and later, not before it asks for; then somebody may send it again."""
    endpoint_id, _ = make(receiver)
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    receiver.status = 302
    receiver.headers = {"Location": receiver.url}
    deliver()
    assert read_fleet().webhooks_waiting == 1
    row, seconds = only_delivery()
    # The redirect was not followed.
    assert (len(receiver.taken), row.last_status, row.tries) == (1, 302, 1)
    assert 0 < seconds < 10
    receiver.status, receiver.headers = 429, {"Retry-After": "5000"}
    make_due()
    deliver()
    assert 4000 < only_delivery()[1] < 6000
    receiver.status, receiver.headers = 500, {}
    for _ in range(len(RETRY_SECONDS) - 1):
        make_due()
        deliver()
    row, seconds = only_delivery()
    assert (row.tries, row.last_error, seconds) == (10, "It answered with status 500.", None)
    make_due()
    deliver()
    assert len(receiver.taken) == 10
    receiver.status = 204
    assert json.loads(run(context, "webhooks", "resend", endpoint_id, "--json").stdout) == {"resent": 1}
    deliver()
    assert only_delivery()[0].delivered_at is not None
    assert read_fleet().webhooks_waiting == 0
    assert "delivered" in run(context, "webhooks", "deliveries", endpoint_id).stdout


def test_a_receiver_that_is_gone_gets_nothing_more(context: Flask, receiver: Receiver) -> None:
    """410 disables it, which is put down; enabled, it gets what happens from then on."""
    endpoint_id, _ = make(receiver)
    receiver.status = 410
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    deliver()
    assert endpoints.get_endpoint(endpoint_id).disabled_at is not None
    job_id = queue.enqueue_job("person", "ai-normalizer", ["a"])
    queue.pause(job_id)
    deliver()
    assert len(receiver.taken) == 1
    receiver.status = 200
    endpoints.enable_endpoint(endpoint_id)
    queue.cancel(job_id)
    deliver()
    assert json.loads(receiver.taken[1][1])["type"] == "job.cancelled"
    db.session.rollback()
    query = select(audit_events.c.action).where(audit_events.c.subject_id == endpoint_id).order_by(audit_events.c.id)
    actions = db.session.scalars(query).all()
    assert actions == ["webhook.create", "webhook.disable", "webhook.enable"]


def test_one_that_is_disabled_by_hand_gets_nothing_until_it_is_enabled(context: Flask, receiver: Receiver) -> None:
    """Neither what waits, nor what was under way and failed, nor what is to be sent again."""
    endpoint_id, _ = make(receiver)
    receiver.status = 500
    for _ in range(2):
        queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    deliver()
    event_id = deliveries.list_deliveries(endpoint_id).rows[0].event_id
    assert run(context, "webhooks", "disable", endpoint_id).stdout == f"Webhook {endpoint_id} is disabled.\n"
    deliveries._store_result((endpoint_id, event_id), Result(500, "no"))
    assert {row.next_at for row in deliveries.list_deliveries(endpoint_id).rows} == {None}
    assert run(context, "webhooks", "resend", endpoint_id).exit_code == 2
    endpoints.enable_endpoint(endpoint_id)
    assert deliveries.resend(endpoint_id) == 2


@pytest.mark.parametrize("meanwhile", ["hand out", "store a failure", "send again"])
def test_nothing_is_sent_to_one_that_was_being_disabled(
    context: Flask, receiver: Receiver, aside: Aside, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Whatever another drain or person did at the same moment is given up with the rest."""
    endpoint_id, _ = make(receiver)
    record = endpoints._record
    receiver.status = 500
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    if meanwhile != "hand out":
        deliver()
    event_id = db.session.scalars(select(webhook_events.c.id)).one()
    at_once = {
        "hand out": deliveries.hand_out,
        "store a failure": lambda: deliveries._store_result((endpoint_id, event_id), Result(500, "no")),
        "send again": lambda: deliveries.resend(endpoint_id, event_id),
    }
    others: list[Future[Any]] = []

    def record_late(*arguments: Any) -> None:
        others.append(aside(at_once[meanwhile]))
        record(*arguments)

    sent = len(receiver.taken)
    monkeypatch.setattr(endpoints, "_record", record_late)
    endpoints.disable_endpoint(endpoint_id)
    db.session.rollback()
    refused = others[0].exception(PATIENCE_SECONDS)
    assert isinstance(refused, Conflict) is (meanwhile == "send again")
    assert {row.next_at for row in deliveries.list_deliveries(endpoint_id).rows} <= {None}
    with transaction() as session:
        # As an earlier release might have left it.
        session.execute(update(webhook_deliveries).values(next_at=utcnow(-1)))
    deliver()
    assert len(receiver.taken) == sent


def test_two_drains_send_an_event_once(context: Flask, receiver: Receiver) -> None:
    """Who starts a delivery puts it off first; if he dies, it is due again a minute later."""
    make(receiver)
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    first, second = Outbox(), Outbox()
    first.go_on()
    second.go_on()
    first.finish()
    second.finish()
    assert len(receiver.taken) == 1


@on_sqlite
def test_only_chosen_events_are_sent(context: Flask, receiver: Receiver) -> None:
    """To an endpoint that has chosen; what happened before it was made is not news."""
    make(receiver)
    job_id = queue.enqueue_job("person", "ai-normalizer", ["a"])
    queue.pause(job_id)
    other = Receiver(receiver.url + "/other")
    make(other, events=[EventType.JOB_PAUSED, EventType.JOB_FAILED])
    queue.cancel(job_id)
    deliver()
    # Events that are sent at the same time come in any order.
    assert sorted(json.loads(body)["type"] for _, body in receiver.taken) == ["job.cancelled", "job.paused"]


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        *((address, False) for address in ("127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254")),
        *((address, False) for address in ("0.0.0.0", "100.64.0.1", "224.0.0.1", "::1", "fe80::1", "fe80::1%eth0")),
        *((address, False) for address in ("fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1")),
        *((address, False) for address in ("2002:7f00:1::", "255.255.255.255")),
    ],
)
def test_private_addresses_are_told_from_public_ones(address: str, is_fine: bool) -> None:
    """In every disguise."""
    assert is_public(address) is is_fine


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "ftp://x.example/",
     "https://u:p@x.example/", "https:///x", "https://x.example:99999/", "https://x.example/ä", "https://x.example/#a"],
)  # fmt: skip
def test_addresses_that_cannot_be_called_are_refused(url: str) -> None:
    """When the endpoint is made."""
    assert url_problem(url, may_be_private=False) is not None


def test_a_name_that_means_a_private_address_is_not_called(receiver: Receiver) -> None:
    """What is checked is the address that the connection is made to."""
    url = receiver.url.replace("127.0.0.1", "localhost")
    for to in (url, receiver.url):
        message = Message("an-endpoint", "an-event", to, ["whsec_c2VjcmV0"], b"{}")
        result = asyncio.run(send(message, may_be_private=False))
        assert (result.status, result.error) == (None, "Its address is not one of the public internet.")
        assert asyncio.run(send(message, may_be_private=True)).status == 204
    assert len(receiver.taken) == 2


@on_sqlite
def test_secrets_are_stored_encrypted_and_shown_once(context: Flask, receiver: Receiver) -> None:
    """And what cannot be is refused by the command, too."""
    made = json.loads(run(context, "webhooks", "add", receiver.url, "--event", "job.failed", "--json").stdout)
    assert made["secret"].startswith("whsec_") and made["events"] == ["job.failed"]
    row = db.session.execute(select(webhook_endpoints)).one()
    assert made["secret"] not in str(row)
    db.session.rollback()
    unreadable = Message("an-endpoint", "an-event", receiver.url, [], b"{}")
    assert "SECRET_KEY" in (asyncio.run(send(unreadable, may_be_private=True)).error or "") and not receiver.taken
    assert "secret" not in run(context, "webhooks", "list", "--json").stdout.replace("formerSecretUntil", "")
    with pytest.raises(Invalid):
        endpoints.create_endpoint(receiver.url, "north", created_by="test", events=[EventType.QUEUE_STUCK])
    assert run(context, "webhooks", "remove", made["id"]).exit_code == 0
    assert run(context, "webhooks", "enable", made["id"]).exit_code == 2


def test_secrets_are_encrypted_anew_after_a_change_of_the_key(
    context: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former one that still signs too; one that expired is left alone, and what nobody can read is counted."""

    def encrypt(*keys: str) -> dict[str, int]:
        settings = replace(config(), SECRET_KEY=keys[0], SECRET_KEY_FALLBACKS=keys[1:])
        monkeypatch.setitem(context.config, "TRANCHE", settings)
        counts: dict[str, int] = json.loads(run(context, "webhooks", "encrypt", "--json").stdout)
        return counts

    monkeypatch.setattr(endpoints, "ENCRYPTED_AT_ONCE", 1)
    earlier = config().SECRET_KEY or ""
    rotated, expired = make(receiver)[0], make(receiver)[0]
    for endpoint_id in (rotated, expired):
        endpoints.rotate_secret(endpoint_id)
    with transaction() as session:
        is_expired = webhook_endpoints.c.id == expired
        session.execute(update(webhook_endpoints).where(is_expired).values(former_until=utcnow(-1)))
    assert encrypt("quite-another-key") == {"encrypted": 0, "current": 0, "unreadable": 3}
    assert encrypt("quite-another-key", earlier) == {"encrypted": 3, "current": 0, "unreadable": 0}
    assert encrypt("quite-another-key") == {"encrypted": 0, "current": 3, "unreadable": 0}
    queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    deliver()
    assert sorted(len(headers["webhook-signature"].split()) for headers, _ in receiver.taken) == [1, 2]
    db.session.rollback()
    events = db.session.execute(select(audit_events).where(audit_events.c.action == "webhook.encrypt")).all()
    assert [event.after for event in events] == [{"encrypted": 2}, {"encrypted": 1}]


@on_sqlite
def test_old_events_go_with_their_deliveries(context: Flask, receiver: Receiver) -> None:
    """A month later; younger ones stay."""
    make(receiver)
    for _ in range(2):
        queue.pause(queue.enqueue_job("person", "ai-normalizer", ["a"]))
    deliveries.hand_out()
    first = told()[0][1]
    with transaction() as session:
        is_first = webhook_events.c.job_id == first
        session.execute(update(webhook_events).where(is_first).values(created_at=utcnow(-31 * 86400)))
    assert deliveries.forget_old_deliveries() == 1
    assert len(told()) == 1 == len(db.session.execute(select(webhook_deliveries)).all())
