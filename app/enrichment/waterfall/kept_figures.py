"""Figures that take longer than a request may: asked for once, worked out by a drain, kept for whoever asks again.

A request finds what is kept, with the time as of which it holds, or puts the question down. A drain works it out
between chunks, under a lease, and whoever asks the same meanwhile waits for the same answer. What is old is still
shown, and worked out anew.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, not_, or_, select, update

from app.config import config
from app.db.found import delete_found, has_any
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.db.sql import insert_missing
from app.errors import AppError
from app.extensions import db
from app.models.kept_figures import FiguresKind, kept_figures
from app.models.types import matching, utcnow

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 600.0
"""For how long figures are good enough for whoever asks."""
KEPT_SECONDS: Final = 86400.0
"""For how long they are kept if nobody asks for newer ones."""
MOST_WAITING: Final = 100
"""How many questions of a workspace may wait for a drain; further ones are put down once some are answered."""
MOST_TRIES: Final = 3
"""How many workers may be lost over a question: it may be what loses them."""
BATCH_ROWS: Final = 100


class FiguresFailed(AppError):
    """These figures could not be worked out; it is tried again in some minutes, and the log says why it failed."""


@dataclass(frozen=True, slots=True)
class Question:
    """What figures are asked for. `terms` can be stored as JSON."""

    kind: FiguresKind
    workspace_slug: str
    terms: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """What the row of the question is found by."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is of the answer to a question; None: nothing yet. `is_pending`: a newer one is on its way."""

    answer: Mapping[str, Any] | None
    as_of: datetime | None
    is_pending: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A question in a worker's hands. `tries` is the fencing token."""

    fingerprint: str
    question: Question
    tries: int
    begun_at: datetime


def look_up(question: Question) -> Kept:
    """Return what is kept, and have it worked out if that is nothing, or old. Raises `FiguresFailed`."""
    is_old = and_(not_(kept_figures.c.is_due), kept_figures.c.as_of <= utcnow(-FRESH_SECONDS))
    columns = (*(kept_figures.c[name] for name in ("answer", "as_of", "error", "is_due")), is_old.label("is_old"))
    row = db.session.execute(select(*columns).where(_is_it(question.fingerprint))).one_or_none()
    end_read()
    if row is None:
        _put_down(question)
        return Kept(None, None, True)
    if row.is_old:
        _put_down(question)
    elif row.error is not None and not row.is_due:
        raise FiguresFailed
    return Kept(row.answer, row.as_of, bool(row.is_old or row.is_due))


def claim(workspace_slug: str | None) -> Claim | None:
    """Lease the question that has waited longest, of a workspace or of all; None if nobody waits."""
    return _claim(workspace_slug) if has_any(_due(workspace_slug)) else None


def store(held: Claim, answer: Mapping[str, Any]) -> None:
    """Keep the answer, unless another worker has the question by now."""
    _end(held, answer=answer, as_of=held.begun_at, error=None)


def fail(held: Claim, error: str) -> None:
    """Put down that it cannot be worked out; whoever asks later has it tried again."""
    _end(held, **_failed(error))


def drop(held: Claim) -> None:
    """Forget a question that cannot be asked any more: whoever asks it is told why."""
    with transaction() as session:
        session.execute(delete(kept_figures).where(_is_held(held)))


@repeats_conflicts
def forget_old_figures() -> int:
    """Delete some of the figures that nobody has asked for anew for long; return how many."""
    is_old = (not_(kept_figures.c.is_due), kept_figures.c.asked_at < utcnow(-KEPT_SECONDS))
    old = select(kept_figures.c.fingerprint).where(*is_old).limit(BATCH_ROWS)
    return delete_found(kept_figures.c.fingerprint, old)


@repeats_conflicts
def _put_down(question: Question) -> None:
    """Have a question worked out, anew if it was before."""
    row = {
        "fingerprint": question.fingerprint,
        "workspace_slug": question.workspace_slug,
        "kind": question.kind,
        "terms": question.terms,
        "is_due": True,
        "tries": 0,
    }
    anew = {"is_due": True, "tries": 0, "lease_expires_at": None, "asked_at": utcnow()}
    with transaction() as session:
        if _has_room(session, question.workspace_slug):
            insert_missing(session, kept_figures, [row])
            session.execute(
                update(kept_figures).where(_is_it(question.fingerprint), not_(kept_figures.c.is_due)).values(anew)
            )


def _has_room(session: WriteSession, workspace_slug: str) -> bool:
    waiting = select(kept_figures.c.fingerprint).where(
        kept_figures.c.is_due, kept_figures.c.workspace_slug == workspace_slug
    )
    return len(session.scalars(waiting.limit(MOST_WAITING)).all()) < MOST_WAITING


@repeats_conflicts
def _claim(workspace_slug: str | None) -> Claim | None:
    with transaction() as session:
        row = session.execute(_due(workspace_slug).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        changed = update(kept_figures).where(_is_it(row.fingerprint))
        if row.tries >= MOST_TRIES:
            log.warning("figures failed", kind=row.kind, lost_workers=row.tries)
            session.execute(changed.values(_failed("Its workers were lost.")))
            return None
        claimed = {"tries": row.tries + 1, "lease_expires_at": utcnow(float(config().ENRICH_LEASE_SECONDS))}
        claiming = changed.values(claimed).returning(kept_figures.c.tries, utcnow())
        question = Question(FiguresKind(row.kind), row.workspace_slug, row.terms)
        return Claim(row.fingerprint, question, *session.execute(claiming).one())


def _due(workspace_slug: str | None) -> Select[Any]:
    is_free = or_(kept_figures.c.lease_expires_at.is_(None), kept_figures.c.lease_expires_at <= utcnow())
    of_workspace = matching(kept_figures.c.workspace_slug, workspace_slug)
    due = select(kept_figures).where(kept_figures.c.is_due, is_free, *of_workspace)
    return due.order_by(kept_figures.c.asked_at).limit(1)


@repeats_conflicts
def _end(held: Claim, **values: Any) -> None:
    with transaction() as session:
        session.execute(update(kept_figures).where(_is_held(held)).values({**_OVER, **values}))


_OVER: Final[Mapping[str, Any]] = {"is_due": False, "tries": 0, "lease_expires_at": None}


def _failed(error: str) -> dict[str, Any]:
    return {**_OVER, "answer": None, "as_of": utcnow(), "error": error[:500]}


def _is_it(fingerprint: str) -> ColumnElement[bool]:
    return kept_figures.c.fingerprint == fingerprint


def _is_held(held: Claim) -> ColumnElement[bool]:
    return and_(_is_it(held.fingerprint), kept_figures.c.is_due, kept_figures.c.tries == held.tries)
