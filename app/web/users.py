"""Users of the console: made by command, let in by a one-time link, kept out by being disabled.

There is no page for setting up: whoever can run a command on the machine makes the first user. A link is good for an
hour and for once; of it, as of a session, only a digest keyed with `SECRET_KEY` is kept, so a copy of the database
opens nothing.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, delete, select, update
from werkzeug.security import check_password_hash, generate_password_hash

from app.audit.events import Actor, acting_as, record
from app.config import ConfigError, config
from app.db.session import WriteSession, end_read, transaction
from app.errors import Conflict, NotFound, check_rules
from app.extensions import db
from app.models import User
from app.models.audit_event import Action, ActorKind
from app.models.types import matching, utcnow
from app.models.user import Role, user_sessions, users
from app.values.identifiers import SLUG_RULE, is_slug

LINK_SECONDS: Final = 3600.0
MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 200
HASH_METHOD: Final = "scrypt:131072:8:1"
"""128 MB and some 0.4 s a try: what a guess costs to whoever has stolen the table."""
NAME_RULE: Final = "1 to 64 characters of a-z, 0-9 and . _ @ -, the first a letter or digit"
LINK_IS_OVER: Final = "This link has been used, or its hour is over. Ask for a new one."

_ROLE_RULE: Final = f"expected one of {', '.join(Role)}"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_HASHERS = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class UserView:
    """A user without anything secret."""

    id: str
    name: str
    role: str
    workspace_slug: str | None
    has_password: bool
    subject: str | None
    """What the identity provider calls them, if they come from one."""
    created_at: datetime
    disabled_at: datetime | None

    @property
    def way_in(self) -> str:
        """What lets them in, in the words of a page."""
        if self.subject is not None:
            return "identity provider"
        return "password" if self.has_password else "link"


def create_user(name: str, role: str, workspace_slug: str | None = None) -> tuple[UserView, str]:
    """Store a new user; return it with the token of its first link, which is never shown again.

    Raises `Invalid` for an unusable name, role or workspace, and `Conflict` for a name that is taken.
    """
    _check_user(name, role, workspace_slug)
    with transaction() as session:
        if session.scalar(select(users.c.id).where(users.c.name == name)) is not None:
            raise Conflict(f"There is a user {name} already.")
        user = User(name=name, role=role, workspace_slug=workspace_slug)
        session.add(user)
        session.flush()
        token = _new_link(session, user.id)
        view = view_of(user)
        record_user(session, Action.USER_CREATE, view, after={"role": role})
    return view, token


def list_users(workspace_slug: str | None = None) -> list[UserView]:
    """Return all users, disabled ones too, by name: of all workspaces, or those bound to one."""
    return _views(select(User).where(*matching(User.workspace_slug, workspace_slug)).order_by(User.name))


def get_user(user_id: str, *, workspace_slug: str | None = None) -> UserView:
    """Return a user by id. Raises `NotFound`, also for one who is not bound to the workspace that is given."""
    views = _views(select(User).where(User.id == user_id, *matching(User.workspace_slug, workspace_slug)))
    if not views:
        raise NotFound("There is no such user.")
    return views[0]


def is_any_user() -> bool:
    """Return whether somebody could sign in at all."""
    found = db.session.scalar(select(users.c.id).where(users.c.disabled_at.is_(None)).limit(1))
    end_read()
    return found is not None


def make_link(name: str) -> str:
    """Return the token of a new link for a user; an earlier one that is still open ends.

    Raises `NotFound`, and `Conflict` for a user who is disabled.
    """
    with transaction() as session:
        user = find_user(session, name)
        if user.disabled_at is not None:
            raise Conflict(f"The user {name} is disabled.")
        record_user(session, Action.USER_LINK, view_of(user))
        return _new_link(session, user.id)


def change_role(name: str, role: str) -> UserView:
    """Let a user do what another role gives from now on; the sessions end.

    Raises `Invalid`, `NotFound`, and `Conflict` for a user whose groups at the identity provider give the role.
    """
    check_rules("The user is not valid.", ("role", role in set(Role), _ROLE_RULE))
    with transaction() as session:
        user = find_user(session, name)
        if gets_role_from_groups(view_of(user)):
            raise Conflict(f"The groups of {name} at the identity provider give the role.")
        earlier = user.role
        if earlier != role:
            user.role = role
            session.flush()
            record_user(session, Action.USER_ROLE, view_of(user), before={"role": earlier}, after={"role": role})
            session.execute(delete(user_sessions).where(user_sessions.c.user_id == user.id))
        return view_of(user)


def gets_role_from_groups(user: UserView) -> bool:
    """Return whether each sign-in gives the user the role that their groups have."""
    return user.subject is not None and config().has_single_sign_on


def sign_out_user(name: str) -> UserView:
    """End all sessions of a user, who may sign in again. Raises `NotFound`."""
    with transaction() as session:
        user = find_user(session, name)
        ended = delete(user_sessions).where(user_sessions.c.user_id == user.id).returning(user_sessions.c.digest)
        if session.execute(ended).all():
            record_user(session, Action.USER_SIGN_OUT, view_of(user))
        return view_of(user)


def disable_user(name: str) -> UserView:
    """Keep a user out from now on: sessions and the link end at once. Raises `NotFound`."""
    with transaction() as session:
        user = find_user(session, name)
        ended = {"disabled_at": utcnow(), "link_digest": None, "link_expires_at": None}
        if user.disabled_at is None:
            record_user(session, Action.USER_DISABLE, view_of(user), before={"role": user.role})
        session.execute(update(users).where(users.c.id == user.id, users.c.disabled_at.is_(None)).values(ended))
        session.execute(delete(user_sessions).where(user_sessions.c.user_id == user.id))
        session.refresh(user)
        return view_of(user)


def enable_user(name: str) -> UserView:
    """Let a disabled user in again. Raises `NotFound`."""
    with transaction() as session:
        user = find_user(session, name)
        if user.disabled_at is not None:
            record_user(session, Action.USER_ENABLE, view_of(user), after={"role": user.role})
        user.disabled_at = None
        session.flush()
        return view_of(user)


def find_link(token: str) -> UserView | None:
    """Return whose open link this is, or None. Changes nothing."""
    return next(iter(_views(select(User).where(*_is_open(token)))), None)


def use_link(token: str, password: str | None) -> UserView:
    """Use up a link and, if one is given, set the user's password, which ends the user's other sessions.

    Raises `NotFound` for a link that is none any more, and `Invalid` for a password that is too short, which leaves
    the link as it was.
    """
    hashed = None if password is None else _hash(password)
    values = {"link_digest": None, "link_expires_at": None}
    with transaction() as session:
        # One statement: of two who use a link at the same moment, one is too late.
        used = update(users).where(*_is_open(token)).values(values).returning(users.c.id)
        user_id = session.scalar(used)
        if user_id is None:
            raise NotFound(LINK_IS_OVER)
        if hashed is not None:
            session.execute(update(users).where(users.c.id == user_id).values(password_hash=hashed))
            session.execute(delete(user_sessions).where(user_sessions.c.user_id == user_id))
        view = view_of(session.get_one(User, user_id, populate_existing=True))
        if hashed is not None:
            # Whoever holds the link is the user, who cannot be signed in yet.
            with acting_as(Actor(ActorKind.USER, user_id)):
                record_user(session, Action.USER_PASSWORD, view)
        return view


def check_password(name: str, password: str) -> UserView | None:
    """Return the user of that name if the password is right. An unknown name takes as long as a known one."""
    known = name if _NAME.fullmatch(name) else ""
    user = db.session.scalar(select(User).where(User.name == known, User.disabled_at.is_(None)))
    view, stored = (None, None) if user is None else (view_of(user), user.password_hash)
    end_read()
    with _HASHERS:
        is_right = check_password_hash(stored or _nobodys_hash(HASH_METHOD), password[:MAX_PASSWORD])
    return view if is_right and stored is not None else None


def digest_of(kind: str, token: str) -> str:
    """Return what is kept of a secret: a digest that nobody can make without `SECRET_KEY`.

    Raises `ConfigError` if that is not set.
    """
    key = config().SECRET_KEY
    if key is None:
        raise ConfigError("SECRET_KEY: expected 16 or more random characters; without it the console is off")
    return hmac.new(key.encode(), f"{kind}:{token}".encode(), hashlib.sha256).hexdigest()


def _views(query: Select[User]) -> list[UserView]:
    """Return the users that a query finds, and end the reading."""
    views = [*map(view_of, db.session.scalars(query))]
    end_read()
    return views


def view_of(user: User) -> UserView:
    """Return a user without anything secret."""
    return UserView(
        user.id,
        user.name,
        user.role,
        user.workspace_slug,
        user.password_hash is not None,
        user.subject,
        user.created_at,
        user.disabled_at,
    )


def find_user(session: WriteSession, name: str) -> User:
    """Return a user by name, for a change in the caller's transaction. Raises `NotFound`."""
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise NotFound(f"There is no user {name}." if _NAME.fullmatch(name) else "There is no such user.")
    return user


def record_user(session: WriteSession, action: Action, user: UserView, **states: Mapping[str, Any]) -> None:
    """Write down what was done to a user."""
    record(session, action, "user", user.id, workspace_slug=user.workspace_slug, **states)


def _new_link(session: WriteSession, user_id: str) -> str:
    token = secrets.token_urlsafe(32)
    values = {"link_digest": digest_of("link", token), "link_expires_at": utcnow(LINK_SECONDS)}
    session.execute(update(users).where(users.c.id == user_id).values(values))
    return token


def _is_open(token: str) -> tuple[Any, ...]:
    is_known = users.c.link_digest == digest_of("link", token)
    return is_known, users.c.link_expires_at > utcnow(), users.c.disabled_at.is_(None)


def _hash(password: str) -> str:
    is_length = MIN_PASSWORD <= len(password) <= MAX_PASSWORD
    rule = f"expected {MIN_PASSWORD} to {MAX_PASSWORD} characters"
    check_rules(f"The password is not valid: {rule}.", ("password", is_length, rule))
    with _HASHERS:
        return generate_password_hash(password, HASH_METHOD)


@cache
def _nobodys_hash(method: str) -> str:
    """Return the hash of a password that nobody has."""
    return generate_password_hash(secrets.token_urlsafe(32), method)


def _check_user(name: str, role: str, workspace_slug: str | None) -> None:
    check_rules(
        "The user is not valid.",
        ("name", _NAME.fullmatch(name) is not None, f"expected {NAME_RULE}"),
        ("role", role in set(Role), _ROLE_RULE),
        ("workspaceSlug", workspace_slug is None or is_slug(workspace_slug), f"expected {SLUG_RULE}"),
    )
