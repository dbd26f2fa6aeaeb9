"""What is put down of a change: one event, in the same transaction, so that neither is there without the other.

Service functions record, so that HTTP, commands and the console all leave an event. Who is acting is said once, where
a request or command comes in: by the checks of the API and the console, and by the group of commands.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert

from app.db.session import WriteSession
from app.models.audit_event import Action, ActorKind, audit_events


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting: `id` is that of the key or user, or the system's account that runs a command."""

    kind: ActorKind
    id: str | None = None


SYSTEM: Final = Actor(ActorKind.SYSTEM)

_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def act_as(actor: Actor) -> None:
    """Record what is done from now on as this actor's."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Record what is done in the block as this actor's."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def record(
    session: WriteSession,
    action: Action,
    subject_kind: str,
    subject_id: str | None,
    *,
    workspace_slug: str | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down a change in its own transaction, as the present actor's.

    `workspace_slug` None: it concerns all workspaces. `before` and `after` are shown as they are: names in camel case,
    and nothing of any person or company.
    """
    actor = _actor.get()
    row = {
        "workspace_slug": workspace_slug,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "before": before,
        "after": after,
    }
    session.connection().execute(insert(audit_events).values(row))
