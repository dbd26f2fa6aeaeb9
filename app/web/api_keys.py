"""API keys: create, list, revoke and look up.

A key has 256 random bits, so only its SHA-256 is kept and looked up: a slow hash would add cost to every request and
no safety.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from flask import current_app
from sqlalchemy import bindparam, select, update

from app.audit.events import record
from app.db.session import WriteSession, end_read, transaction
from app.errors import NotFound, check_rules
from app.extensions import db
from app.models import ApiKey
from app.models.audit_event import Action
from app.models.types import matching, parse_id, utcnow
from app.values.identifiers import SLUG_RULE, is_slug
from app.values.text import find_bad_character

KEY_PREFIX: Final = "tr_"
KEY_SECONDS: Final = 1.0
"""How long a key that was found counts as valid without another look."""
_MOST_KNOWN: Final = 1000


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"
    PROCESS = "process"
    """Drive the queue: claim chunks and spend credits on them."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key without its secret."""

    id: str
    name: str
    scopes: list[str]
    workspace_slug: str | None
    created_at: datetime
    revoked_at: datetime | None


def create_key(name: str, scopes: Iterable[str], workspace_slug: str | None = None) -> tuple[KeyView, str]:
    """Store a new key and return it with its secret, which is never shown again.

    Raises `Invalid` for an unusable name, scope or workspace.
    """
    chosen = sorted(set(scopes))
    _check_key(name, chosen, workspace_slug)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction() as session:
        key = ApiKey(name=name, scopes=chosen, workspace_slug=workspace_slug, secret_sha256=_digest(secret))
        session.add(key)
        session.flush()
        view = _view(key)
        _record(session, Action.KEY_CREATE, view, after={"scopes": view.scopes})
    return view, secret


def list_keys(workspace_slug: str | None = None) -> list[KeyView]:
    """Return all keys, revoked ones too, oldest first: of all workspaces, or those bound to one."""
    query = select(ApiKey).where(*matching(ApiKey.workspace_slug, workspace_slug))
    views = [*map(_view, db.session.scalars(query.order_by(ApiKey.created_at, ApiKey.id)))]
    end_read()
    return views


def get_key(key_id: str, *, workspace_slug: str | None = None) -> KeyView:
    """Return a key by id. Raises `NotFound`, also for one that is not bound to the workspace that is given."""
    of_workspace = matching(ApiKey.workspace_slug, workspace_slug)
    key = db.session.scalar(select(ApiKey).where(ApiKey.id == parse_id(key_id), *of_workspace))
    view = None if key is None else _view(key)
    end_read()
    if view is None:
        raise NotFound("There is no such key.")
    return view


def revoke_key(key_id: str) -> KeyView:
    """Refuse a key from now on; revoking it again changes nothing.

    Raises `NotFound` if there is no such key.
    """
    parsed = parse_id(key_id)
    with transaction() as session:
        revoked = session.scalar(
            update(ApiKey)
            .where(ApiKey.id == parsed, ApiKey.revoked_at.is_(None))
            .values(revoked_at=utcnow())
            .returning(ApiKey.id)
            .execution_options(synchronize_session=False)
        )
        key = session.scalar(select(ApiKey).where(ApiKey.id == parsed).execution_options(populate_existing=True))
        if key is None:
            raise NotFound("There is no such key.")
        view = _view(key)
        if revoked is not None:
            _record(session, Action.KEY_REVOKE, view, before={"scopes": view.scopes})
    _known_keys().clear()
    return view


def find_key(token: str) -> KeyView | None:
    """Return the key whose secret is `token`, or None if there is none or it is revoked.

    What was found is known for `KEY_SECONDS`: a key that another process revokes opens the door for that long.
    """
    digest, known = _digest(token), _known_keys()
    found = known.get(digest)
    if found is not None and time.monotonic() < found[1]:
        return found[0]
    row = db.session.connection().execute(_LIVE_KEY, {"secret_sha256": digest}).one_or_none()
    view = KeyView(**row._mapping) if row else None
    # Provider calls may follow, and no transaction stays open across those.
    end_read()
    if view is None:
        known.pop(digest, None)
        return None
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[digest] = (view, time.monotonic() + KEY_SECONDS)
    return view


def _known_keys() -> dict[str, tuple[KeyView, float]]:
    """Return the keys that this application has found lately, by digest, each with when it is to be looked up again.

    Only keys that there are come in, so nobody can fill it.
    """
    known: dict[str, tuple[KeyView, float]] = current_app.extensions.setdefault("tranche.keys", {})
    return known


_COLUMNS: Final = (
    ApiKey.id,
    ApiKey.name,
    ApiKey.scopes,
    ApiKey.workspace_slug,
    ApiKey.created_at,
    ApiKey.revoked_at,
)
# Every request runs it: built once, and without objects of the ORM, it costs a third.
_LIVE_KEY: Final = select(*_COLUMNS).where(
    ApiKey.secret_sha256 == bindparam("secret_sha256"), ApiKey.revoked_at.is_(None)
)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _check_key(name: str, scopes: list[str], workspace_slug: str | None) -> None:
    is_name = 1 <= len(name) <= 100 and not find_bad_character(name)
    is_some = bool(scopes) and set(scopes) <= set(Scope)
    is_workspace = workspace_slug is None or is_slug(workspace_slug)
    check_rules(
        "The key is not valid.",
        ("name", is_name, "expected 1 to 100 characters without control characters"),
        ("scopes", is_some, f"expected one or more of {', '.join(Scope)}"),
        ("workspaceSlug", is_workspace, f"expected {SLUG_RULE}"),
    )


def _record(session: WriteSession, action: Action, key: KeyView, **states: Mapping[str, Any]) -> None:
    record(session, action, "key", key.id, workspace_slug=key.workspace_slug, **states)


def _view(key: ApiKey) -> KeyView:
    return KeyView(key.id, key.name, list(key.scopes), key.workspace_slug, key.created_at, key.revoked_at)
