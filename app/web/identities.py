"""Users who come from an identity provider: made at their first sign-in, and given at each what their groups may do.

Who somebody is, is what the provider calls them, its `sub`. A name and an address are shown and nothing more: either
may be given to somebody else, and a user who was made here is nobody's to take over by having the same. Only whoever
runs commands says that the two are one.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from app.audit.events import SYSTEM, acting_as
from app.config import config
from app.db.session import WriteSession, repeats_conflicts, transaction
from app.db.sql import insert_missing
from app.errors import Conflict, SignInRefused, check_rules
from app.models import User
from app.models.audit_event import Action
from app.models.types import new_id
from app.models.user import user_sessions, users
from app.oidc_settings import Grant
from app.values.text import find_bad_character
from app.web.sessions import end_all_sessions
from app.web.users import UserView, find_user, record_user, view_of

log = structlog.get_logger(__name__)

NO_GROUP: Final = (
    "You are in no group that may use the console. Whoever looks after the identity provider can put you into one."
)
DISABLED: Final = "Your user is disabled here. An admin of the console can let you in again."

MAX_SUBJECT: Final = 255
_MAX_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an identity provider vouches for."""

    issuer: str
    subject: str
    """1 to 255 characters."""
    name: str
    """What they are shown as, if it is a name that users may have; it may be empty."""
    groups: Collection[str]


def admit(identity: Identity) -> UserView:
    """Return the user of an identity, made if there is none yet, with the role and workspace of the groups.

    Raises `SignInRefused` for who is in no group that may do anything, whose sessions end, and for who is disabled.
    """
    grant = next((grant for grant in config().grants if grant.group in identity.groups), None)
    if grant is None:
        _end_sessions(identity)
        log.info("sign-in refused", reason="no group")
        raise SignInRefused(NO_GROUP)
    # Nobody is signed in yet, and what changes is not up to whom it changes for.
    with acting_as(SYSTEM):
        user = _store(identity, grant)
    if user.disabled_at is not None:
        log.info("sign-in refused", reason="disabled", user_id=user.id)
        raise SignInRefused(DISABLED)
    return user


def set_identity(name: str, subject: str, issuer: str | None = None) -> UserView:
    """Let a user who was made here sign in as whom an identity provider calls `subject`; their sessions end.

    From the next sign-in on, their groups give role and workspace. `issuer` is `OIDC_ISSUER` unless that is not set.
    Raises `Invalid` and `NotFound`, and `Conflict` if the user has an identity, or another user has this one.
    """
    identity = _checked(Identity(issuer or config().OIDC_ISSUER or "", subject, name, ()))
    try:
        with transaction() as session:
            user = find_user(session, name)
            if user.subject is not None:
                raise Conflict(f"The user {name} comes from an identity provider already; remove that identity first.")
            other = _find(session, identity)
            if other is not None:
                raise Conflict(f"That is the user {other.name}, from whom the identity would have to be removed first.")
            state = {"issuer": identity.issuer, "subject": identity.subject}
            return _change_identity(session, user, identity.issuer, identity.subject, after=state)
    except IntegrityError as exc:
        raise Conflict("Somebody has just signed in with this identity, as another user.") from exc


def remove_identity(name: str) -> UserView:
    """Let a user sign in at the identity provider no more, as this user; their sessions end.

    Raises `NotFound`, and `Conflict` if they have no identity.
    """
    with transaction() as session:
        user = find_user(session, name)
        if user.subject is None:
            raise Conflict(f"The user {name} does not come from an identity provider.")
        state = {"issuer": user.issuer, "subject": user.subject}
        return _change_identity(session, user, None, None, before=state)


def _checked(identity: Identity) -> Identity:
    expected = config().OIDC_ISSUER
    if expected is None:
        is_issuer = urlsplit(identity.issuer).scheme in {"http", "https"}
    else:
        is_issuer = _bare(identity.issuer) == _bare(expected)
    is_subject = 0 < len(identity.subject) <= MAX_SUBJECT and not find_bad_character(identity.subject)
    check_rules(
        "The identity is not valid.",
        ("issuer", is_issuer, f"expected {expected or 'the address by which the provider calls itself'}"),
        ("subject", is_subject, f"expected 1 to {MAX_SUBJECT} characters"),
    )
    return identity


def _change_identity(
    session: WriteSession, user: User, issuer: str | None, subject: str | None, **states: Mapping[str, Any]
) -> UserView:
    user.issuer, user.subject = issuer, subject
    session.flush()
    session.execute(delete(user_sessions).where(user_sessions.c.user_id == user.id))
    record_user(session, Action.USER_IDENTITY, view_of(user), **states)
    return view_of(user)


def _end_sessions(identity: Identity) -> None:
    with transaction() as session:
        user_id = session.scalar(_of(identity).with_only_columns(User.id))
    if user_id is not None:
        end_all_sessions(user_id)


@repeats_conflicts
def _store(identity: Identity, grant: Grant) -> UserView:
    with transaction() as session:
        user = _find(session, identity)
        if user is None:
            return _make(session, identity, grant)
        if user.disabled_at is None:
            _change(session, user, grant)
        return view_of(user)


def _make(session: WriteSession, identity: Identity, grant: Grant) -> UserView:
    """Make the user, under another name if somebody has theirs."""
    row: dict[str, Any] = {"id": new_id(), "issuer": identity.issuer, "subject": identity.subject}
    row |= {"role": grant.role, "workspace_slug": grant.workspace_slug}
    for name in _names(identity):
        if insert_missing(session, users, [{**row, "name": name}], "id"):
            break
    # Somebody else's, if two browsers of theirs came at once.
    user = session.scalars(_of(identity)).one()
    if user.id == row["id"]:
        record_user(session, Action.USER_CREATE, view_of(user), after=_rights(user))
    return view_of(user)


def _change(session: WriteSession, user: User, grant: Grant) -> None:
    before = _rights(user)
    user.role, user.workspace_slug = grant.role, grant.workspace_slug
    after = _rights(user)
    if after != before:
        session.flush()
        record_user(session, Action.USER_ROLE, view_of(user), before=before, after=after)


def _rights(user: User) -> dict[str, Any]:
    return {"role": user.role, "workspaceSlug": user.workspace_slug}


def _find(session: WriteSession, identity: Identity) -> User | None:
    return session.scalar(_of(identity))


def _of(identity: Identity) -> Select[User]:
    bare = _bare(identity.issuer)
    # Whoever types it may leave out the slash at its end, or add one.
    return select(User).where(User.issuer.in_((bare, f"{bare}/")), User.subject == identity.subject)


def _bare(issuer: str) -> str:
    return issuer.rstrip("/")


def _names(identity: Identity) -> tuple[str, str]:
    """Return the name to show, and another that nobody else has."""
    text = re.sub(r"[^a-z0-9._@-]+", "-", identity.name.lower()).lstrip("._@-")
    name = text[:_MAX_NAME] or "user"
    digest = hashlib.sha256(f"{identity.issuer} {identity.subject}".encode()).hexdigest()
    return name, f"{name}-{digest[:12]}"
