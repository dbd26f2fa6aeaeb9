"""Deliveries: each event to each endpoint that wants it, until it is taken or three days have gone by.

A drain goes on with them every few seconds. It starts what is due on the loop's thread, and stores what came of it when
it looks again or ends; meanwhile chunks are worked on. Whoever starts a delivery puts it off by a minute first, so that
nobody else sends it, and if this process dies it is sent again.
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, and_, bindparam, case, delete, exists, or_, select, update

from app.async_calls import Calls
from app.config import config
from app.db import encryption
from app.db.pages import Page, before, page_of
from app.db.session import end_read, repeats_conflicts, transaction
from app.db.sql import insert_missing
from app.errors import Conflict, NotFound
from app.extensions import db
from app.models.types import parse_id, utcnow
from app.models.webhook import webhook_deliveries, webhook_endpoints, webhook_events
from app.webhooks.endpoints import get_endpoint, purpose, stop_sending
from app.webhooks.sending import SEND_SECONDS, Message, Result, body_of, send

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""When a delivery is tried again after each try that failed: ten tries over three days."""
AT_ONCE: Final = 10
"""Deliveries that one drain has under way."""
EVENTS_AT_ONCE: Final = 100
PUT_OFF_SECONDS: Final = 60.0
LAST_WAIT_SECONDS: Final = 5.0
"""How long a drain that ends waits for what it has sent."""
KEPT_DAYS: Final = 30
"""How long events, and what became of them, are kept."""
GONE: Final = 410

Key = tuple[str, str]
"""Endpoint and event."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What became of one event at one endpoint."""

    event_id: str
    type: str
    job_id: str | None
    created_at: datetime
    tries: int
    next_at: datetime | None
    """When it is sent next; None: it was delivered or given up."""
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None


class Outbox:
    """Sends what is due, for one drain."""

    def __init__(self) -> None:
        self._calls: Calls[Key, Result] = Calls(AT_ONCE)

    def go_on(self) -> None:
        """Store what came of earlier tries, and start those that are due; takes no longer than the database does."""
        self._store(0.0)
        if _is_there_work():
            hand_out()
            for message in _take_due(AT_ONCE - len(self._calls)):
                self._start(message)

    def finish(self) -> None:
        """Wait a little for what is under way."""
        until = time.monotonic() + LAST_WAIT_SECONDS
        while len(self._calls) and time.monotonic() < until:
            self._store(until - time.monotonic())

    def _start(self, message: Message) -> None:
        key = (message.endpoint_id, message.event_id)
        sending = partial(send, message, may_be_private=config().WEBHOOK_ALLOW_PRIVATE)
        self._calls.start(key, sending, deadline=time.monotonic() + 2 * SEND_SECONDS)

    def _store(self, seconds: float) -> None:
        for key, result in self._calls.collect(seconds):
            if isinstance(result, Result):
                _store_result(key, result)
            else:
                # Its turn comes again once it is not put off any more.
                log.warning("webhook not sent", error_type=type(result).__name__)


def _is_there_work() -> bool:
    """Look without SQLite's write lock, which those who have work may hold."""
    is_new = exists().where(webhook_events.c.is_handed_out.is_(False))
    is_due = exists().where(webhook_deliveries.c.next_at <= utcnow())
    found = db.session.scalar(select(or_(is_new, is_due)))
    end_read()
    return bool(found)


@repeats_conflicts
def hand_out() -> None:
    """Make a delivery of each new event for each endpoint that wants it."""
    with transaction() as session:
        query = select(webhook_events).where(webhook_events.c.is_handed_out.is_(False))
        first = query.order_by(webhook_events.c.created_at).limit(EVENTS_AT_ONCE)
        events = session.execute(first.with_for_update(skip_locked=True)).all()
        enabled = select(webhook_endpoints).where(webhook_endpoints.c.disabled_at.is_(None))
        # Held until the deliveries are there: whoever disables one comes before or after, and gives them up.
        endpoints = session.execute(enabled.with_for_update(read=True)).all() if events else []
        now = session.execute(select(utcnow())).scalar_one()
        rows = [
            {"endpoint_id": endpoint.id, "event_id": event.id, "next_at": now, "tries": 0}
            for event in events
            for endpoint in endpoints
            if _wants(endpoint, event)
        ]
        insert_missing(session, webhook_deliveries, rows)
        ids = [event.id for event in events]
        session.execute(update(webhook_events).where(webhook_events.c.id.in_(ids)).values(is_handed_out=True))


def _wants(endpoint: Row[Any], event: Row[Any]) -> bool:
    if endpoint.created_at > event.created_at:
        return False
    is_theirs = endpoint.workspace_slug in {None, event.workspace_slug}
    return is_theirs and (endpoint.event_types is None or event.type in endpoint.event_types)


@repeats_conflicts
def _take_due(most: int) -> list[Message]:
    """Put off the deliveries that are due, at most so many, and return them to be sent."""
    if most <= 0:
        return []
    source = webhook_deliveries.join(webhook_events).join(webhook_endpoints)
    query = (
        select(webhook_endpoints, _LIVE_FORMER_SECRET, *_EVENT_COLUMNS)
        .select_from(source)
        .where(webhook_deliveries.c.next_at <= utcnow(), webhook_endpoints.c.disabled_at.is_(None))
        .order_by(webhook_deliveries.c.next_at)
        .limit(most)
        .with_for_update(of=webhook_deliveries, skip_locked=True)
    )
    with transaction() as session:
        rows = session.execute(query).all()
        for row in rows:
            put_off = update(webhook_deliveries).where(*_is((row.id, row.event_id)))
            session.execute(put_off.values(next_at=utcnow(PUT_OFF_SECONDS)))
    return [*map(_message, rows)]


_EVENT_COLUMNS: Final = (
    webhook_events.c.id.label("event_id"),
    webhook_events.c.type,
    webhook_events.c.job_id,
    webhook_events.c.reason,
    webhook_events.c.data,
    webhook_events.c.workspace_slug.label("of_workspace"),
    webhook_events.c.created_at.label("happened_at"),
)


_LIVE_FORMER_SECRET: Final = case(
    (webhook_endpoints.c.former_until > utcnow(), webhook_endpoints.c.former_secret)
).label("live_former_secret")


def _message(row: Row[Any]) -> Message:
    encrypted = filter(None, (row.encrypted_secret, row.live_former_secret))
    secrets = [*filter(None, (encryption.decrypt(secret, *purpose(row.id)) for secret in encrypted))]
    data = row.data or {}
    if row.job_id is not None:
        data = {"jobId": row.job_id, "workspaceSlug": row.of_workspace, "reason": row.reason, **data}
    return Message(row.id, row.event_id, row.url, secrets, body_of(row.type, row.happened_at, data))


@repeats_conflicts
def _store_result(key: Key, result: Result) -> None:
    """Write down what became of a try: delivered, to be tried again, or given up."""
    with transaction() as session:
        tries = session.scalar(select(webhook_deliveries.c.tries).where(*_is(key)).with_for_update())
        if tries is None:
            # The endpoint was removed meanwhile.
            return
        is_delivered, is_gone = result.error is None, result.status == GONE
        # It may have been disabled while this was under way. Read only now: who disables it may have held the delivery.
        is_enabled = session.scalar(_IS_ENABLED, {"of_endpoint": key[0]})
        is_over = is_delivered or is_gone or not is_enabled
        values = {
            "tries": tries + 1,
            "next_at": None if is_over else _next_at(tries, result),
            "delivered_at": utcnow() if is_delivered else None,
            "last_status": result.status,
            "last_error": result.error,
        }
        session.execute(update(webhook_deliveries).where(*_is(key)).values(values))
        if is_gone:
            stop_sending(session, key[0])
    if result.error is not None:
        log.warning("webhook not delivered", endpoint_id=key[0], status=result.status, tries=tries + 1)


_IS_ENABLED: Final = select(webhook_endpoints.c.disabled_at.is_(None)).where(
    webhook_endpoints.c.id == bindparam("of_endpoint")
)


def _next_at(tries: int, result: Result) -> ColumnElement[datetime] | None:
    """Return when to try again after one more try that failed; None: not any more."""
    if tries >= len(RETRY_SECONDS):
        return None
    wait = RETRY_SECONDS[tries] * random.uniform(0.8, 1.2)
    return utcnow(max(wait, result.retry_after_seconds or 0.0))


def list_deliveries(
    endpoint_id: str, *, workspace_slug: str | None = None, cursor: str | None = None, limit: int = 100
) -> Page[DeliveryView]:
    """Return what became of events at an endpoint, the newest first. Raises `NotFound`."""
    endpoint = get_endpoint(endpoint_id, workspace_slug=workspace_slug)
    of_event = (webhook_events.c.type, webhook_events.c.job_id, webhook_events.c.created_at)
    query = (
        select(webhook_deliveries, *of_event)
        .select_from(webhook_deliveries.join(webhook_events))
        .where(webhook_deliveries.c.endpoint_id == endpoint.id, *before(webhook_deliveries.c.event_id, cursor))
        .order_by(webhook_deliveries.c.event_id.desc())
        .limit(limit + 1)
    )
    read = attrgetter(*DeliveryView.__dataclass_fields__)
    views = [DeliveryView(*read(row)) for row in db.session.execute(query)]
    return page_of(views, limit, attrgetter("event_id"))


@repeats_conflicts
def resend(endpoint_id: str, event_id: str | None = None, *, workspace_slug: str | None = None) -> int:
    """Send an event to an endpoint again, or all that were given up; return how many.

    Raises `NotFound`, also if there is no such event at the endpoint, and `Conflict` if that is disabled.
    """
    endpoint = get_endpoint(endpoint_id, workspace_slug=workspace_slug)
    if event_id is None:
        is_meant = and_(webhook_deliveries.c.next_at.is_(None), webhook_deliveries.c.delivered_at.is_(None))
    else:
        is_meant = webhook_deliveries.c.event_id == parse_id(event_id)
    of_endpoint = update(webhook_deliveries).where(webhook_deliveries.c.endpoint_id == endpoint.id, is_meant)
    again = of_endpoint.values(tries=0, next_at=utcnow(), delivered_at=None)
    with transaction() as session:
        # Held, so that whoever disables it meanwhile gives these up as well.
        if not session.scalar(_IS_ENABLED.with_for_update(read=True), {"of_endpoint": endpoint.id}):
            raise Conflict("The webhook is disabled; enable it first.")
        count = session.connection().execute(again).rowcount
    if event_id is not None and not count:
        raise NotFound("There is no such event at this webhook.")
    return count


@repeats_conflicts
def forget_old_deliveries(limit: int = 500) -> int:
    """Delete events that are older than a month, with their deliveries; return how many."""
    is_old = webhook_events.c.created_at < utcnow(-KEPT_DAYS * 86400.0)
    # By id, which tells their order, so that nothing else is read.
    if not db.session.scalar(select(is_old).order_by(webhook_events.c.id).limit(1)):
        end_read()
        return 0
    oldest = select(webhook_events.c.id, is_old.label("is_old")).order_by(webhook_events.c.id).limit(limit)
    ids = [row.id for row in db.session.execute(oldest) if row.is_old]
    end_read()
    with transaction() as session:
        return session.connection().execute(delete(webhook_events).where(webhook_events.c.id.in_(ids))).rowcount


def _is(key: Key) -> tuple[ColumnElement[bool], ...]:
    return webhook_deliveries.c.endpoint_id == key[0], webhook_deliveries.c.event_id == key[1]
