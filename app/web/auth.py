"""Who may call what: API keys with scopes, and the secret of the cron webhook.

A view names its scope with `require`; the check itself runs before every request, so a view
without a mark is refused and not open. Keys have 256 random bits, so only their SHA-256 is kept
and looked up: a slow hash would add cost to every request and no safety.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeVar, cast

import structlog
from flask import Flask, current_app, g, request
from sqlalchemy import select, update

from app.config import Config
from app.db.session import end_read, transaction
from app.errors import AppError, Forbidden, Invalid, NotFound, Unauthorized, detail
from app.extensions import db
from app.models import ApiKey
from app.models.types import parse_id, utcnow
from app.values.identifiers import SLUG_RULE, is_slug
from app.values.text import find_bad_character

log = structlog.get_logger(__name__)

KEY_PREFIX: Final = "tr_"
DEFAULT_WORKSPACE: Final = "default"
PUBLIC: Final = frozenset(
    {
        "health.Alive",
        "health.Ready",
        "api-docs.openapi_json",
        "docs.page",
        "docs.asset",
        # Its address is signed.
        "callbacks.Callback",
    }
)
"""The endpoints that need no credential in a header. Everything else names a scope."""

F = TypeVar("F", bound=Callable[..., Any])

# Headers reach WSGI as Latin-1. What is not visible ASCII is no credential, and asking first
# keeps it away from comparisons that raise on other text.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]{1,512})")


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"
    PROCESS = "process"
    """Drive the queue: claim chunks and spend credits on them."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an API key, or the cron caller with its secret."""

    kind: Literal["key", "cron"]
    key_id: str | None
    scopes: frozenset[str]
    workspace_slug: str | None
    """The one workspace that it may touch; None: all."""

    def may(self, scope: str) -> bool:
        """Tell whether a scope is among its own, or it is an admin."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key without its secret."""

    id: str
    name: str
    scopes: list[str]
    workspace_slug: str | None
    created_at: datetime
    revoked_at: datetime | None


def init_app(app: Flask) -> None:
    """Check every request before its view runs."""
    app.before_request(_guard)


def require(scope: str, *, accepts_cron_secret: bool = False) -> Callable[[F], F]:
    """Mark a view, or a method of a MethodView, as needing a scope."""

    def mark(view: F) -> F:
        marked = cast(Any, view)
        marked.required_scope = Scope(scope)
        marked.accepts_cron_secret = accepts_cron_secret
        # For the OpenAPI document; copied, since decorators share the dictionary.
        marked._apidoc = deepcopy(getattr(view, "_apidoc", {}))
        marked._apidoc.setdefault("manual_doc", {})["security"] = [{"bearer": [str(scope)]}]
        return view

    return mark


def principal() -> Principal:
    """Return who is calling. Raises `Unauthorized` outside an authenticated request."""
    found: Principal | None = g.get("principal")
    if found is None:
        raise Unauthorized
    return found


def workspace_for(requested: str | None) -> str:
    """Return the workspace to write to: the one asked for, the key's own, or `default`.

    Raises `Forbidden` where the key is bound to another one.
    """
    return readable_workspace(requested) or DEFAULT_WORKSPACE


def readable_workspace(requested: str | None) -> str | None:
    """Return the workspace to list: the one asked for, or the key's own; None: all.

    Raises `Forbidden` where the key is bound to another one.
    """
    bound = visible_workspace()
    if bound is not None and requested not in {None, bound}:
        raise Forbidden("This key is bound to another workspace.")
    return bound or requested


def visible_workspace() -> str | None:
    """Return the one workspace that the caller may see, for looking up by id; None: all."""
    return principal().workspace_slug


def create_key(name: str, scopes: Iterable[str], workspace_slug: str | None = None) -> tuple[KeyView, str]:
    """Store a new key and return it with its secret, which is never shown again.

    Raises `Invalid` for an unusable name, scope or workspace.
    """
    chosen = sorted(set(scopes))
    _check_key(name, chosen, workspace_slug)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction() as session:
        key = ApiKey(name=name, scopes=chosen, workspace_slug=workspace_slug, secret_sha256=_digest(secret).hex())
        session.add(key)
        session.flush()
        view = _view(key)
    return view, secret


def list_keys() -> list[KeyView]:
    """Return all keys, revoked ones too, oldest first."""
    views = [_view(key) for key in db.session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))]
    end_read()
    return views


def revoke_key(key_id: str) -> KeyView:
    """Make a key useless from now on; a second time changes nothing.

    Raises `NotFound` where there is no such key.
    """
    parsed = parse_id(key_id)
    with transaction() as session:
        session.execute(
            update(ApiKey)
            .where(ApiKey.id == parsed, ApiKey.revoked_at.is_(None))
            .values(revoked_at=utcnow())
            .execution_options(synchronize_session=False)
        )
        key = session.scalar(select(ApiKey).where(ApiKey.id == parsed).execution_options(populate_existing=True))
        if parsed is None or key is None:
            raise NotFound("There is no such key.")
        return _view(key)


def _guard() -> None:
    """Refuse a request that has no credential, or not the one that its view names.

    Runs before the view reads anything. Unknown addresses and methods go on to their 404 and
    405; OPTIONS is answered by Flask itself and does no work.
    """
    if request.endpoint is None or request.endpoint in PUBLIC or request.method == "OPTIONS":
        return
    view = _view_function()
    accepts_cron_secret = getattr(view, "accepts_cron_secret", False)
    try:
        g.principal = _authenticate(accepts_cron_secret=accepts_cron_secret)
        _authorize(g.principal, getattr(view, "required_scope", None))
    except AppError as error:
        if accepts_cron_secret and error.status in {401, 403}:
            _log_refused_cron_call(error)
        raise
    if request.args and not getattr(view, "takes_query", False):
        raise Invalid("The query string is not valid: this address takes no parameters.")


def _view_function() -> Any:
    view = current_app.view_functions[request.endpoint or ""]
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    # A MethodView answers HEAD with its GET.
    method = request.method.lower()
    return getattr(view_class, method, None) or (view_class.get if method == "head" else None)


def _authenticate(*, accepts_cron_secret: bool) -> Principal:
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    token = found.group(1) if found else None
    if token is not None and accepts_cron_secret and _is_cron_secret(token):
        return Principal("cron", None, frozenset({Scope.PROCESS}), None)
    if token is not None and token.startswith(KEY_PREFIX):
        if by_key := _find_key(token):
            return by_key
    elif accepts_cron_secret and _cron_secret() is None:
        raise Unauthorized("CRON_SECRET is not set: set it to 16 or more random characters, or call with an API key.")
    raise Unauthorized("Expected a valid credential in the header: Authorization: Bearer <API key>.")


def _authorize(caller: Principal, scope: Scope | None) -> None:
    if scope is None:
        raise Forbidden("This address is not open to anyone.")
    if not caller.may(scope):
        raise Forbidden(f"This needs a key with the scope {scope}.")


def _is_cron_secret(token: str) -> bool:
    secret = _cron_secret()
    return secret is not None and hmac.compare_digest(_digest(token), _digest(secret))


def _cron_secret() -> str | None:
    config: Config = current_app.config["TRANCHE"]
    return config.CRON_SECRET or None


def _find_key(token: str) -> Principal | None:
    query = select(ApiKey).where(ApiKey.secret_sha256 == _digest(token).hex(), ApiKey.revoked_at.is_(None))
    key = db.session.scalar(query)
    found = Principal("key", key.id, frozenset(key.scopes), key.workspace_slug) if key else None
    # Provider calls may follow, and no transaction stays open across those.
    end_read()
    return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()


def _log_refused_cron_call(error: AppError) -> None:
    agent = request.headers.get("User-Agent", "")
    log.warning(
        "process call refused",
        status=error.status,
        has_credential="Authorization" in request.headers,
        is_secret_set=_cron_secret() is not None,
        is_from_cron=agent.startswith("vercel-cron") or "X-Vercel-Cron-Schedule" in request.headers,
    )


def _check_key(name: str, scopes: list[str], workspace_slug: str | None) -> None:
    details = []
    if not 1 <= len(name) <= 100 or find_bad_character(name):
        details.append(detail("name", "expected 1 to 100 characters without control characters"))
    if not scopes or not set(scopes) <= set(Scope):
        details.append(detail("scopes", f"expected one or more of {', '.join(Scope)}"))
    if workspace_slug is not None and not is_slug(workspace_slug):
        details.append(detail("workspaceSlug", f"expected {SLUG_RULE}"))
    if details:
        raise Invalid("The key is not valid.", details=details)


def _view(key: ApiKey) -> KeyView:
    return KeyView(key.id, key.name, list(key.scopes), key.workspace_slug, key.created_at, key.revoked_at)
