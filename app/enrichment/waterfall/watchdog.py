"""What somebody should be told of while it goes wrong, each cause at most once in some hours.

A drain looks. That nobody drives the queue it can only tell afterwards, when somebody does again: an alarm of that has
to come from outside, by `/metrics` or `/readyz`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import exists, select

from app.db.session import end_read, repeats_conflicts, transaction
from app.enrichment.waterfall.fleet import Fleet, fleet
from app.enrichment.waterfall.turns import is_turn
from app.extensions import db
from app.models.provider_state import ProviderCondition
from app.models.types import utcnow
from app.models.webhook import webhook_endpoints
from app.webhooks.events import EventType, announce

LOOK_SECONDS: Final = 60.0
"""How often a process looks."""
COOL_DOWN_SECONDS: Final = 4 * 3600
"""How often the same cause is told at most."""
NEGLECTED_SECONDS: Final = 600.0
"""How long nobody may look for work while some is waiting."""
STUCK_SECONDS: Final = 6 * 3600.0
"""How old a job may be of which a chunk could be claimed."""
CAP_SHARE: Final = 0.8
"""Which part of a cap may be used."""
_NEEDS_SOMEBODY: Final = frozenset({ProviderCondition.CREDITS_EXHAUSTED, ProviderCondition.AUTH_FAILED})

Cause = tuple[EventType, str, Mapping[str, Any]]
"""What it is, what is told of it once in a while, and the event's data."""


def look() -> None:
    """Write events of what goes wrong, if anybody is to be told; a process looks once a minute."""
    if not is_turn("watchdog", LOOK_SECONDS) or not _is_anybody_there():
        return
    found = list(causes(fleet()))
    if found:
        _tell(found)


def _is_anybody_there() -> bool:
    is_for_all = (webhook_endpoints.c.workspace_slug.is_(None), webhook_endpoints.c.disabled_at.is_(None))
    found = bool(db.session.scalar(select(exists().where(*is_for_all))))
    end_read()
    return found


def causes(facts: Fleet) -> Iterator[Cause]:
    """Give what goes wrong."""
    yield from _of_queue(facts)
    for view in facts.providers:
        if view.condition in _NEEDS_SOMEBODY:
            about = {"provider": view.name, "condition": view.condition, "reason": view.reason}
            yield EventType.PROVIDER_UNAVAILABLE, f"{view.name}:{view.condition}", about
    for cap in facts.caps:
        ratio = cap.used_ratio or 0.0
        if ratio > CAP_SHARE:
            scope = cap.provider or cap.scope
            yield EventType.CAP_ALMOST_USED, scope, {"scope": scope, "usedRatio": round(ratio, 3)}
    if facts.held_entities:
        yield EventType.ENTITIES_HELD, "", {"entities": facts.held_entities}


def _of_queue(facts: Fleet) -> Iterator[Cause]:
    waited, silent = facts.backlog.oldest_age_seconds or 0.0, facts.health.last_drain_age_seconds
    # A queue that nobody has looked at yet has been neglected as long as its work has waited.
    neglected = waited if silent is None else min(waited, silent)
    if neglected > NEGLECTED_SECONDS:
        yield EventType.QUEUE_NEGLECTED, "", {"silentSeconds": round(neglected)}
    if waited > STUCK_SECONDS:
        yield EventType.QUEUE_STUCK, "", {"oldestSeconds": round(waited)}


@repeats_conflicts
def _tell(found: list[Cause]) -> None:
    with transaction() as session:
        # By the database's clock, so that it is the same period for all processes, and one of them tells it.
        now = session.execute(select(utcnow())).scalar_one()
        period = int(now.timestamp() // COOL_DOWN_SECONDS)
        announce(session, [(kind, f"{once}:{period}", data) for kind, once, data in found])
