"""What is put down of a change: one event, in the same transaction, so that neither is there without the other.

Service functions record, so that HTTP, commands and the console all leave an event. Who is acting is said once, where
a request or command comes in: by the checks of the API and the console, and by the group of commands.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import insert, update

from app.db.session import WriteSession, transaction
from app.models.audit_event import Action, ActorKind, audit_events
from app.models.types import new_id


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting: `id` is that of the key or user, or the system's account that runs a command."""

    kind: ActorKind
    id: str | None = None


SYSTEM: Final = Actor(ActorKind.SYSTEM)

_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def current_actor() -> Actor:
    """Return who is acting."""
    return _actor.get()


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
) -> str:
    """Write down a change in its own transaction, as the present actor's; return the event's id.

    `workspace_slug` None: it concerns all workspaces. `before` and `after` are shown as they are: names in camel case,
    and nothing of any person or company.
    """
    actor = _actor.get()
    event_id = new_id()
    row = {
        "id": event_id,
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
    return event_id


def state_of(name: str, value: object) -> dict[str, Any] | None:
    """Return what `record` is to show as a state of one value; None: there was none."""
    return None if value is None else {name: value}


@dataclass(frozen=True, slots=True)
class BegunEvent:
    """An event of something that takes a while: it is there from the beginning, and told at the end what came of it."""

    id: str
    about: Mapping[str, Any]

    @classmethod
    def record(
        cls,
        session: WriteSession,
        action: Action,
        subject_kind: str,
        *,
        workspace_slug: str | None,
        about: Mapping[str, Any],
    ) -> Self:
        """Write down that something begins, in its own transaction."""
        return cls(record(session, action, subject_kind, None, workspace_slug=workspace_slug, after=about), about)

    def complete(self, **counts: int) -> None:
        """Add what came of it, in a transaction of its own."""
        with transaction() as session:
            done = update(audit_events).where(audit_events.c.id == self.id).values(after={**self.about, **counts})
            session.connection().execute(done)


def erase_subject(session: WriteSession, subject_kind: str, subject_id: str, workspace_slug: str, put: str) -> int:
    """Put something else in the place of an id in the events about it; return how many there are."""
    is_about_it = (
        audit_events.c.subject_id == subject_id,
        audit_events.c.subject_kind == subject_kind,
        audit_events.c.workspace_slug == workspace_slug,
    )
    return session.connection().execute(update(audit_events).where(*is_about_it).values(subject_id=put)).rowcount
