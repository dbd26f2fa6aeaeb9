"""Signing in by password, by a one-time link or at an identity provider, and out again.

With single sign-on there is no password, and a link is made by command alone: for whoever has to get in past it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Response, abort, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import config
from app.console import access
from app.console.access import OPEN, require
from app.console.blueprint import blueprint, page
from app.errors import IdentityProviderUnavailable, Invalid, NotFound, SignInRefused
from app.web import sessions, single_sign_on, users
from app.web.api_keys import Scope
from app.web.identities import admit
from app.web.users import LINK_IS_OVER, MIN_PASSWORD

_WRONG: Final = "Wrong name or password."
_NO_PASSWORDS: Final = "Passwords are off: users sign in with the identity provider."


Answer = Response | WerkzeugResponse


def _if_on(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Show how to switch the console on, for as long as nobody can sign in."""

    @wraps(view)
    def answer(**arguments: Any) -> Answer:
        reason = access.why_off()
        return view(**arguments) if reason is None else page("off.html", status=503, reason=reason)

    return answer


def _if_single_sign_on(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Answer that there is nothing, unless single sign-on is on. HEAD asks nobody and signs nobody in."""

    @wraps(view)
    def answer(**arguments: Any) -> Answer:
        if not config().has_single_sign_on or request.method == "HEAD":
            abort(404)
        return view(**arguments)

    return answer


@blueprint.get("/console/sign-in")
@require(OPEN)
@_if_on
def sign_in() -> Answer:
    """Show the form, or how to switch the console on."""
    if access.current_session() is not None:
        return redirect(url_for("console.overview"))
    return _sign_in_page(request.args.get("next", ""))


@blueprint.post("/console/sign-in")
@require(OPEN)
@_if_on
def start_session() -> Answer:
    """Sign in by name and password."""
    name = request.form.get("name", "")[:200].strip().lower()
    next_page = request.form.get("next", "")
    if config().has_single_sign_on:
        return _sign_in_page(next_page, _NO_PASSWORDS, status=403)
    token = sessions.sign_in(name, request.form.get("password", ""))
    if token is None:
        return _sign_in_page(next_page, _WRONG, status=403, name=name)
    return access.keep_session(_go_on(next_page), token)


@blueprint.get("/console/sso")
@require(OPEN)
@_if_single_sign_on
@_if_on
def begin_single_sign_on() -> Answer:
    """Lead to the identity provider."""
    next_page = request.args.get("next", "")
    try:
        return single_sign_on.begin(next_page)
    except (IdentityProviderUnavailable, SignInRefused) as error:
        return _sign_in_page(next_page, error.message, status=error.status)


@blueprint.get("/console/sso/return")
@require(OPEN)
@_if_single_sign_on
@_if_on
def end_single_sign_on() -> Answer:
    """Sign in whoever comes back from the identity provider, if their groups may do anything."""
    try:
        identity, next_page = single_sign_on.finish()
        user = admit(identity)
    except (IdentityProviderUnavailable, SignInRefused) as error:
        return _sign_in_page("", error.message, status=error.status)
    return access.keep_session(_go_on(next_page), sessions.begin_session(user))


@blueprint.get("/console/link/<token>")
@require(OPEN)
@_if_on
def link(token: str) -> Response:
    """Show what a one-time link is for. It is used up by the form, not by being looked at."""
    return _link_page(token)


@blueprint.post("/console/link/<token>")
@require(OPEN)
@_if_on
def use_link(token: str) -> Answer:
    """Sign in by a one-time link and set the password, if one is given."""
    try:
        password = None if config().has_single_sign_on else request.form.get("password")
        user = users.use_link(token, password or None)
    except Invalid as error:
        return _link_page(token, status=422, problem=error.message)
    return access.keep_session(_go_on(""), sessions.begin_session(user))


@blueprint.post("/console/sign-out")
@require(Scope.READ)
def sign_out() -> WerkzeugResponse:
    """End this session, or with `everywhere` all of the user's."""
    session = access.current_session()
    assert session is not None
    if "everywhere" in request.form:
        sessions.end_all_sessions(session.user_id)
    else:
        sessions.end_session(access.session_token() or "")
    return access.drop_session(_to(url_for("console.sign_in")))


def _sign_in_page(next_page: str, problem: str | None = None, *, status: int = 200, name: str = "") -> Response:
    if config().has_single_sign_on:
        start = single_sign_on.start_url()
        return page("sso.html", status=status, start=start, next=next_page, problem=problem)
    return page("sign_in.html", status=status, next=next_page, name=name, problem=problem)


def _link_page(token: str, *, status: int = 200, problem: str | None = None) -> Response:
    user = users.find_link(token)
    if user is None:
        raise NotFound(LINK_IS_OVER)
    has_passwords = not config().has_single_sign_on
    return page("link.html", status=status, user=user, least=MIN_PASSWORD, has_passwords=has_passwords, problem=problem)


def _go_on(next_page: str) -> Response:
    """Lead to the page that was asked for, if it is one of ours."""
    is_ours = next_page.startswith("/console/") and "//" not in next_page and "\\" not in next_page
    return _to(request.script_root + next_page if is_ours else url_for("console.overview"))


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))
