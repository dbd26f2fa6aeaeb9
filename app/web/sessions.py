"""Sessions of the console's users, in a table: to end one takes effect at once, in every process.

A browser has 256 random bits in a cookie, the table a keyed digest of them.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update

from app.db.session import end_read, repeats_conflicts, transaction
from app.db.sql import lock_or_create
from app.errors import TooManyLogins
from app.extensions import db
from app.models.types import utcnow
from app.models.user import login_failures, user_sessions, users
from app.web.users import UserView, check_password, digest_of

IDLE_SECONDS: Final = 12 * 3600.0
LIFE_SECONDS: Final = 7 * 24 * 3600.0
SEEN_SECONDS: Final = 600.0
"""How exactly it is known when a session was last used: not every request is to write."""

FREE_FAILURES: Final = 5
"""Failed logins under one name before the next has to wait."""
FREE_FAILURES_OF_ALL: Final = 50
"""The same under all names together: somebody who tries one password on many of them."""
MIN_BLOCK_SECONDS: Final = 30.0
MAX_BLOCK_SECONDS: Final = 600.0
FORGET_SECONDS: Final = 3600.0
"""Failures this old count no more."""

_EVERYBODY: Final = "all"
_BUCKETS: Final = 1000


@dataclass(frozen=True, slots=True)
class SessionView:
    """Who is signed in."""

    digest: str
    user_id: str
    name: str
    role: str
    workspace_slug: str | None
    seen_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which a user is signed in."""

    created_at: datetime
    seen_at: datetime
    """When it was last used, to within ten minutes."""


def list_sessions(user_id: str) -> list[OpenSession]:
    """Return the live sessions of a user, the newest first."""
    columns = (user_sessions.c.created_at, user_sessions.c.seen_at)
    of_user = select(*columns).where(user_sessions.c.user_id == user_id, _is_live())
    rows = db.session.execute(of_user.order_by(user_sessions.c.created_at.desc())).all()
    end_read()
    return [OpenSession(**row._mapping) for row in rows]


def sign_in(name: str, password: str) -> str | None:
    """Return the token of a new session, or None if name and password are not those of a user.

    Raises `TooManyLogins` after a few failures, with the wait.
    """
    _count_try(_bucket(name), FREE_FAILURES)
    _count_try(_EVERYBODY, FREE_FAILURES_OF_ALL)
    user = check_password(name, password)
    if user is None:
        return None
    _forget_tries(_bucket(name))
    return begin_session(user)


def begin_session(user: UserView) -> str:
    """Store a new session for a user and return its token; those that are over are deleted."""
    token = secrets.token_urlsafe(32)
    values = {"digest": digest_of("session", token), "user_id": user.id, "expires_at": utcnow(LIFE_SECONDS)}
    with transaction() as session:
        session.execute(delete(user_sessions).where(~_is_live()))
        session.execute(insert(user_sessions).values({**values, "created_at": utcnow(), "seen_at": utcnow()}))
    return token


def find_session(token: str) -> SessionView | None:
    """Return the live session of a cookie, or None; note now and then that it is used."""
    row = db.session.connection().execute(_session_query(), {"the_digest": digest_of("session", token)}).one_or_none()
    end_read()
    if row is None:
        return None
    view = SessionView(**row._mapping)
    if view.now - view.seen_at > timedelta(seconds=SEEN_SECONDS):
        with transaction() as session:
            seen = update(user_sessions).where(user_sessions.c.digest == view.digest).values(seen_at=utcnow())
            session.execute(seen)
    return view


@cache
def _session_query() -> Select[Any]:
    """Return the query for the live session with a digest. Cached: building it costs more than running it."""
    return (
        select(
            user_sessions.c.digest,
            user_sessions.c.user_id,
            users.c.name,
            users.c.role,
            users.c.workspace_slug,
            user_sessions.c.seen_at,
            utcnow().label("now"),
        )
        .join(users, users.c.id == user_sessions.c.user_id)
        .where(user_sessions.c.digest == bindparam("the_digest"), _is_live(), users.c.disabled_at.is_(None))
    )


def end_session(token: str) -> None:
    """End the session of a cookie."""
    with transaction() as session:
        session.execute(delete(user_sessions).where(user_sessions.c.digest == digest_of("session", token)))


def end_all_sessions(user_id: str) -> None:
    """End every session of a user."""
    with transaction() as session:
        session.execute(delete(user_sessions).where(user_sessions.c.user_id == user_id))


def _is_live() -> ColumnElement[bool]:
    return (user_sessions.c.expires_at > utcnow()) & (user_sessions.c.seen_at > utcnow(-IDLE_SECONDS))


def _bucket(name: str) -> str:
    return str(int(digest_of("name", name)[:8], 16) % _BUCKETS)


@repeats_conflicts
def _count_try(bucket: str, free: int) -> None:
    """Count a login as failed before the password is looked at: of a hundred at once, five are let through.

    Raises `TooManyLogins` while the bucket is blocked.
    """
    with transaction() as session:
        row = lock_or_create(session, _LOCKED, login_failures, {"bucket": bucket}, {"failures": 0})
        left = 0.0 if row.blocked_until is None else (row.blocked_until - row.now).total_seconds()
        if left > 0:
            seconds = int(left) + 1
            raise TooManyLogins(retry_after_seconds=seconds)
        is_old = row.now - row.failed_at > timedelta(seconds=FORGET_SECONDS)
        failures = 1 if is_old else row.failures + 1
        blocked_until = utcnow(_block_seconds(failures - free)) if failures >= free else None
        values = {"failures": failures, "failed_at": utcnow(), "blocked_until": blocked_until}
        session.execute(update(login_failures).where(login_failures.c.bucket == bucket).values(values))


def _block_seconds(failures_beyond: int) -> float:
    seconds: float = MIN_BLOCK_SECONDS * 2 ** min(failures_beyond, 10)
    return min(seconds, MAX_BLOCK_SECONDS)


def _forget_tries(bucket: str) -> None:
    """Forget the failures under a name; of those under all names, the one that was counted in advance."""
    everybody = login_failures.c.bucket == _EVERYBODY
    with transaction() as session:
        session.execute(delete(login_failures).where(login_failures.c.bucket == bucket))
        one_less = update(login_failures).where(everybody, login_failures.c.failures > 0)
        session.execute(one_less.values(failures=login_failures.c.failures - 1))


_LOCKED: Final = (
    select(login_failures, utcnow().label("now"))
    .where(login_failures.c.bucket == bindparam("bucket"))
    .with_for_update()
)
