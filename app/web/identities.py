"""Users who come from an identity provider: made at their first sign-in, and given at each what their groups may do.

Who somebody is, is what the provider calls them, its `sub`. A name and an address are shown and nothing more: either
may be given to somebody else, and a user who was made here is nobody's to take over by having the same.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Select, select

from app.audit.events import SYSTEM, acting_as
from app.config import config
from app.db.session import WriteSession, repeats_conflicts, transaction
from app.db.sql import insert_missing
from app.errors import SignInRefused
from app.models import User
from app.models.audit_event import Action
from app.models.types import new_id
from app.models.user import users
from app.oidc_settings import Grant
from app.web.sessions import end_all_sessions
from app.web.users import UserView, record_user, view_of

log = structlog.get_logger(__name__)

NO_GROUP: Final = (
    "You are in no group that may use the console. Whoever looks after the identity provider can put you into one."
)
DISABLED: Final = "Your user is disabled here. An admin of the console can let you in again."

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
    grant = _find_grant(identity.groups)
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


def _find_grant(groups: Collection[str]) -> Grant | None:
    for grant in config().grants:
        if grant.group in groups:
            return grant
    return None


def _end_sessions(identity: Identity) -> None:
    with transaction() as session:
        user = _find(session, identity)
        user_id = None if user is None else user.id
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
    return select(User).where(User.issuer == identity.issuer, User.subject == identity.subject)


def _names(identity: Identity) -> tuple[str, str]:
    """Return the name to show, and another that nobody else has."""
    text = re.sub(r"[^a-z0-9._@-]+", "-", identity.name.lower()).lstrip("._@-")
    name = text[:_MAX_NAME] or "user"
    digest = hashlib.sha256(f"{identity.issuer} {identity.subject}".encode()).hexdigest()
    return name, f"{name}-{digest[:12]}"
