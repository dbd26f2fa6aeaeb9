"""What somebody is told of while it goes wrong."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.money.reports import today
from app.enrichment.waterfall import watchdog
from app.enrichment.waterfall.work_loop import Waterfall
from app.extensions import db
from app.models.chunk import Outcome
from app.models.heartbeat import heartbeats
from app.models.job import jobs
from app.models.provider_state import provider_states
from app.models.spending import spending
from app.models.types import utcnow
from app.models.webhook import webhook_events
from app.webhooks import endpoints
from app.webhooks.events import EventType
from tests.enrichment.helpers import claim


def told(app: Flask, look: Callable[[], object]) -> dict[str, dict[str, Any]]:
    """Look as a process does that has just begun, and return the events of the whole service so far, by type."""
    for name in ("heartbeat", "fleet", "watchdog"):
        app.extensions.pop(f"tranche.{name}", None)
    look()
    db.session.rollback()
    rows = db.session.execute(select(webhook_events).where(webhook_events.c.job_id.is_(None))).all()
    db.session.rollback()
    assert len({row.type for row in rows}) == len(rows)
    return {row.type: row.data for row in rows}


def test_each_cause_is_told_once(context: Flask) -> None:
    """To whoever gets the events of the whole service, and once in four hours however many look."""
    held = queue.enqueue_job("person", "prospeo", ["a"])
    lease = claim()
    lease.decide(0, Outcome.HELD)
    lease.finish()
    queue.enqueue_job("person", "prospeo", ["b"])
    # What they have chosen does not happen: nothing is sent.
    chosen = {"created_by": "test", "events": [EventType.JOB_FAILED]}
    endpoints.create_endpoint("https://hooks.example.com/x", "default", **chosen)
    with transaction() as session:
        session.execute(update(jobs).where(jobs.c.id != held).values(created_at=utcnow(-7 * 3600)))
        session.execute(insert(heartbeats).values(name="drain", at=utcnow(-1200)))
        state = {"provider": "ai-normalizer", "condition": "auth_failed", "failures": 1, "reason": "refused"}
        session.execute(insert(provider_states).values(state))
        row = {"scope": "overall", "day": today(), "spent_micros": 9_000_000, "reserved_micros": 0}
        session.execute(insert(spending).values(row))
    # Nobody is there to be told.
    assert told(context, watchdog.look) == {}
    endpoints.create_endpoint("https://hooks.example.com/y", None, **chosen)
    first = told(context, lambda: queue.process_next_chunk(work=Waterfall()))
    assert told(context, watchdog.look) == first
    assert first.pop("queue.neglected")["silentSeconds"] >= 1200
    assert first.pop("queue.stuck")["oldestSeconds"] >= 7 * 3600
    assert first == {
        "provider.unavailable": {"provider": "ai-normalizer", "condition": "auth_failed", "reason": "refused"},
        "cap.almost_used": {"scope": "overall", "usedRatio": 0.9},
        "entities.held": {"entities": 1},
    }
