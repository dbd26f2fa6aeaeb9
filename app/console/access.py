"""Who may see a page of the console, and do what is on it. Denied by default, as with the API.

The API never takes a cookie, and the console never a key. A view names its scope with `require`, which is what the
user's role gives. Requests that change something must come from one of our pages, by the browser's own word.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.audit.events import Actor, act_as
from app.config import config
from app.errors import Forbidden
from app.models.audit_event import ActorKind
from app.models.user import Role
from app.values.loopback import is_loopback
from app.web.api_keys import Scope
from app.web.auth import Principal
from app.web.sessions import LIFE_SECONDS, SessionView, find_session
from app.web.users import is_any_user

F = TypeVar("F", bound=Callable[..., Any])

SCOPES: Final[Mapping[str, frozenset[str]]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.WRITE, Scope.PROCESS}),
    Role.ADMIN: frozenset({Scope.ADMIN}),
}
"""What each role may do."""
OPEN: Final = "open"
"""In place of a scope: everybody may see it, signed in or not."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURE_COOKIE: Final = "__Host-tranche"
_LOCAL_COOKIE: Final = "tranche"
"""Over plain http, which is for this machine alone: browsers take the other only over https."""


def require(scope: str) -> Callable[[F], F]:
    """Mark a view as needing a scope, or as `OPEN`."""

    def mark(view: F) -> F:
        cast(Any, view).console_scope = scope if scope == OPEN else Scope(scope)
        return view

    return mark


def guard() -> WerkzeugResponse | None:
    """Check a request before its view runs; answer it if nobody is signed in."""
    if request.method not in _SAFE_METHODS and not _is_from_here():
        raise Forbidden(
            "This request came from another site, or from a browser that does not say where; nothing was done."
        )
    view = current_app.view_functions[request.endpoint or ""]
    scope = getattr(view, "console_scope", None)
    if scope == OPEN:
        return None
    session = current_session()
    if session is None:
        return _lead_to_sign_in()
    g.principal = Principal("user", None, SCOPES[session.role], session.workspace_slug, session.name)
    act_as(Actor(ActorKind.USER, session.user_id))
    if scope is None:
        raise Forbidden("This page is not open to anyone.")
    if not g.principal.may(scope):
        raise Forbidden(f"Your role, {session.role}, does not allow this.")
    return None


def why_off() -> str | None:
    """Return why nobody can sign in, as a sentence; None: somebody can."""
    if config().SECRET_KEY is None:
        return "SECRET_KEY is not set."
    if not is_plain_allowed():
        return "This address is plain http, and a session must not be sent unencrypted."
    # Whoever is signed in is a user, and whoever comes from an identity provider may be the first.
    is_anybody = current_session() is not None or config().has_single_sign_on or is_any_user()
    return None if is_anybody else "There is no user yet."


def is_plain_allowed() -> bool:
    """Return whether a cookie is safe on its way from the browser: by https, or on this machine."""
    return request.is_secure or is_loopback(urlsplit(request.host_url).hostname or "")


def current_session() -> SessionView | None:
    """Return the session of the request's cookie, looked up once."""
    if "session_view" not in g:
        g.session_view = None
        token = session_token()
        if token is not None and config().SECRET_KEY is not None and is_plain_allowed():
            g.session_view = find_session(token)
    found: SessionView | None = g.session_view
    return found


def session_token() -> str | None:
    """Return the cookie."""
    return request.cookies.get(_cookie_name())


def keep_session(response: Response, token: str) -> Response:
    """Give the browser a session's cookie."""
    response.set_cookie(
        _cookie_name(),
        token,
        max_age=int(LIFE_SECONDS),
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def drop_session(response: Response) -> Response:
    """Take the cookie back."""
    response.delete_cookie(_cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _cookie_name() -> str:
    return _SECURE_COOKIE if request.is_secure else _LOCAL_COOKIE


def _is_from_here() -> bool:
    """Return whether a page of ours sent the request: browsers say so, and no page can make them say otherwise."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def _lead_to_sign_in() -> WerkzeugResponse:
    """Answer a request without a session: a page leads to the sign-in and back, a fragment makes its page go there."""
    # An address that holds somebody's e-mail address is not repeated in another.
    path = request.full_path.rstrip("?") if request.method == "GET" and "@" not in request.full_path else None
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": url_for("console.sign_in")})
    return redirect(url_for("console.sign_in", next=path))
