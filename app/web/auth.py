"""Who may call what. Access is denied by default.

A view names its scope with `require`; the check runs before every request, so a view without a scope is refused.
Callers are API keys, and the cron caller with its secret. The console's pages have a check of their own, for users:
no key opens them, and no user's cookie opens anything else.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

import structlog
from flask import Flask, current_app, g, request

from app.audit.events import SYSTEM, Actor, act_as
from app.config import config
from app.errors import AppError, Forbidden, Invalid, Unauthorized
from app.models.audit_event import ActorKind
from app.web.api_keys import KEY_PREFIX, Scope, find_key

log = structlog.get_logger(__name__)

DEFAULT_WORKSPACE: Final = "default"
PUBLIC: Final = frozenset(
    {
        "health.AliveResource",
        "health.ReadyResource",
        "api-docs.openapi_json",
        "docs.page",
        "docs.asset",
        # Its address is signed.
        "callbacks.CallbackResource",
    }
)
"""The endpoints that need no credential in a header. Everything else names a scope."""

CONSOLE: Final = "console"
"""The blueprint whose pages have their own check."""

F = TypeVar("F", bound=Callable[..., Any])

# Headers reach WSGI as Latin-1. What is not visible ASCII is no credential, and asking first
# keeps it away from comparisons that raise on other text.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]{1,512})")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an API key, the cron caller with its secret, or a user of the console."""

    kind: Literal["key", "cron", "user"]
    key_id: str | None
    scopes: frozenset[str]
    workspace_slug: str | None
    """The one workspace that it may touch; None: all."""
    name: str = ""
    """The name of the key or the user."""

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope; an admin has all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def init_app(app: Flask) -> None:
    """Check every request before its view runs."""
    app.before_request(_guard)
    # The thread goes on to other requests, some of which name nobody.
    app.teardown_request(lambda _: act_as(SYSTEM))


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
    caller: Principal | None = g.get("principal")
    if caller is None:
        raise Unauthorized
    return caller


def caller_name() -> str:
    """Return who is calling, as it is recorded beside what they create."""
    caller = principal()
    kinds = {"key": "API key ", "user": "user "}
    return f"{kinds[caller.kind]}{caller.name}" if caller.kind in kinds else "cron"


def workspace_for(requested: str | None) -> str:
    """Return the workspace to write to: the one asked for, the key's own, or `default`.

    Raises `Forbidden` if the key is bound to another one.
    """
    return readable_workspace(requested) or DEFAULT_WORKSPACE


def readable_workspace(requested: str | None) -> str | None:
    """Return the workspace to list: the one asked for, or the key's own; None: all.

    Raises `Forbidden` if the key is bound to another one.
    """
    bound = visible_workspace()
    if bound is not None and requested not in {None, bound}:
        raise Forbidden("This key is bound to another workspace.")
    return bound or requested


def visible_workspace() -> str | None:
    """Return the one workspace that the caller may see, for looking up by id; None: all."""
    return principal().workspace_slug


def _guard() -> None:
    """Refuse a request that has no credential, or not the one that its view names.

    Runs before the view reads anything. Unknown addresses and methods go on to their 404 and
    405; OPTIONS is answered by Flask itself and does no work.
    """
    if _needs_no_credential():
        return
    view = _view_function()
    accepts_cron_secret = getattr(view, "accepts_cron_secret", False)
    try:
        g.principal = _authenticate(accepts_cron_secret=accepts_cron_secret)
        act_as(SYSTEM if g.principal.key_id is None else Actor(ActorKind.KEY, g.principal.key_id))
        _authorize(g.principal, getattr(view, "required_scope", None))
    except AppError as error:
        if accepts_cron_secret and error.status in {401, 403}:
            _log_refused_cron_call(error)
        raise
    if request.args and not getattr(view, "takes_query", False):
        raise Invalid("The query string is not valid: this address takes no parameters.")


def _needs_no_credential() -> bool:
    """Return whether a request is answered for everybody, or checked by the console."""
    is_answered_here = request.endpoint is None or request.method == "OPTIONS"
    return is_answered_here or request.endpoint in PUBLIC or request.blueprint == CONSOLE


def _view_function() -> Any:
    view = current_app.view_functions[request.endpoint or ""]
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    # A MethodView answers HEAD with its GET.
    method = request.method.lower()
    return getattr(view_class, method, None) or (view_class.get if method == "head" else None)


def _authenticate(*, accepts_cron_secret: bool) -> Principal:
    credential = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    token = credential.group(1) if credential else None
    if token is not None and accepts_cron_secret and _is_cron_secret(token):
        return Principal("cron", None, frozenset({Scope.PROCESS}), None)
    if token is not None and token.startswith(KEY_PREFIX):
        key = find_key(token)
        if key is not None:
            return Principal("key", key.id, frozenset(key.scopes), key.workspace_slug, key.name)
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
    return config().CRON_SECRET or None


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
