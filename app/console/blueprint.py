"""What all pages of the console have in common: their check, their policy, their files, and their errors."""

import hashlib
import secrets
from collections.abc import Callable
from functools import cache, wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import config
from app.console import access, parts, words
from app.console.access import OPEN, require
from app.console.driver import queue_health
from app.db.session import end_read
from app.web import requests
from app.web.auth import CONSOLE
from app.web.error_answers import answer_error
from app.web.openapi import project_version

_STATIC: Final = Path(__file__).parent / "static"
_ASSETS: Final = frozenset({"console.css", "console.js", "htmx.min.js", "hx-csp.js", "icon.svg"})
_ASSET_SECONDS: Final = 365 * 24 * 3600
_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types htmx"
)
"""A page shows what providers and web sites have written: escaping is the wall, and this is what stands behind it."""

blueprint = Blueprint(CONSOLE, __name__, template_folder="templates")
blueprint.before_request(access.guard)
words.add_filters(blueprint)


@blueprint.get("/")
@require(OPEN)
def root() -> WerkzeugResponse:
    """Lead to the console."""
    return redirect(url_for("console.overview"))


@blueprint.get("/console/assets/<name>")
@require(OPEN)
def asset(name: str) -> Response:
    """Answer with one of the console's files; nothing else on the disk can be named."""
    if name not in _ASSETS:
        abort(404)
    response = send_file(_STATIC / name, max_age=_ASSET_SECONDS)
    # Its address changes with its content.
    response.headers["Cache-Control"] = f"public, max-age={_ASSET_SECONDS}, immutable"
    return response


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page, with the policy that its own scripts alone can run under."""
    session = access.current_session()
    footer = None
    if session is not None:
        database = "SQLite" if config().is_sqlite else "PostgreSQL"
        footer = {"version": project_version(), "database": database, "last_drain_at": queue_health().last_drain_at}
        end_read()
    return _render(template, status, session=session, footer=footer, **values)


def live(template: str, **values: Any) -> Response:
    """Return a part of a page, which asks for itself again and again: 304 if it is what the browser has."""
    return parts.answer(_render(template, 200, **values))


def page_or_part(name: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page or, if its script asks for that, the part of it that changes."""
    if is_live():
        return live(f"{name}_live.html", **values)
    return page(f"{name}.html", status=status, **values)


def is_live() -> bool:
    """Return whether a page's script asks for the part that changes."""
    return "HX-Request" in request.headers


def shared(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let those who look at the same part at the same moment have it made once."""

    @wraps(view)
    def answer(**arguments: Any) -> Response:
        text = parts.recent() if is_live() else None
        return view(**arguments) if text is None else parts.answer(_with_policy(text, 200))

    return answer


def _render(template: str, status: int, **values: Any) -> Response:
    g.nonce = secrets.token_urlsafe(16)
    return _with_policy(render_template(f"console/{template}", nonce=g.nonce, **values), status)


def _with_policy(text: str, status: int) -> Response:
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=g.nonce)
    # Without any, browsers would not say where a form came from.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@blueprint.app_template_global()
def asset_url(name: str) -> str:
    """Return the address of one of the console's files."""
    return url_for("console.asset", name=name, v=_digest_of_file(name))


@blueprint.app_template_global()
def may(scope: str) -> bool:
    """Return whether the user's role gives a scope."""
    return "principal" in g and g.principal.may(scope)


@blueprint.errorhandler(Exception)
def answer(error: Exception) -> Response:
    """Answer any exception as a page, in the words that the API has for it."""
    told = answer_error(error)
    body = told.get_json()
    # Nothing is looked up for it: the database may be what is missing.
    response = _render(
        "error.html",
        told.status_code,
        session=g.get("session_view"),
        footer=None,
        title=HTTPStatus(told.status_code).phrase,
        message=body["error"],
        details=body.get("details", []),
        request_id=requests.request_id(),
    )
    for name in ("Retry-After", "Allow"):
        if name in told.headers:
            response.headers[name] = told.headers[name]
    return response


@blueprint.app_errorhandler(HTTPStatus.NOT_FOUND)
def answer_unknown(error: Exception) -> Response:
    """Answer a request for what is not there: as a page under the console's addresses, else as the API does."""
    is_page = request.path.startswith("/console/") or request.blueprint == CONSOLE
    return answer(error) if is_page else answer_error(error)


@cache
def _digest_of_file(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:16]
