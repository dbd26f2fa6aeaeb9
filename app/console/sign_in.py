"""Signing in by password or by a one-time link, and out again."""

from typing import Final

from flask import Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console import access
from app.console.access import OPEN, require
from app.console.blueprint import blueprint, page
from app.errors import Invalid, NotFound
from app.web import sessions, users
from app.web.api_keys import Scope
from app.web.users import LINK_IS_OVER, MIN_PASSWORD

_WRONG: Final = "Name and password do not go together."


@blueprint.get("/console/sign-in")
@require(OPEN)
def sign_in() -> Response | WerkzeugResponse:
    """Show the form, or how to switch the console on."""
    reason = access.why_off()
    if reason is not None:
        return page("off.html", status=503, reason=reason)
    if access.current_session() is not None:
        return redirect(url_for("console.overview"))
    return page("sign_in.html", next=request.args.get("next", ""), name="", problem=None)


@blueprint.post("/console/sign-in")
@require(OPEN)
def start_session() -> Response | WerkzeugResponse:
    """Sign in by name and password."""
    reason = access.why_off()
    if reason is not None:
        return page("off.html", status=503, reason=reason)
    name = request.form.get("name", "")[:200].strip().lower()
    next_page = request.form.get("next", "")
    token = sessions.sign_in(name, request.form.get("password", ""))
    if token is None:
        return page("sign_in.html", status=403, next=next_page, name=name, problem=_WRONG)
    return access.keep_session(_go_on(next_page), token)


@blueprint.get("/console/link/<token>")
@require(OPEN)
def link(token: str) -> Response:
    """Show what a one-time link is for. It is used up by the form, not by being looked at."""
    reason = access.why_off()
    if reason is not None:
        return page("off.html", status=503, reason=reason)
    return _link_page(token)


@blueprint.post("/console/link/<token>")
@require(OPEN)
def use_link(token: str) -> Response | WerkzeugResponse:
    """Sign in by a one-time link and set the password, if one is given."""
    reason = access.why_off()
    if reason is not None:
        return page("off.html", status=503, reason=reason)
    try:
        user = users.use_link(token, request.form.get("password") or None)
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


def _link_page(token: str, *, status: int = 200, problem: str | None = None) -> Response:
    user = users.find_link(token)
    if user is None:
        raise NotFound(LINK_IS_OVER)
    return page("link.html", status=status, token=token, user=user, least=MIN_PASSWORD, problem=problem)


def _go_on(next_page: str) -> Response:
    """Lead to the page that was asked for, if it is one of ours."""
    is_ours = next_page.startswith("/console/") and "//" not in next_page and "\\" not in next_page
    return _to(request.script_root + next_page if is_ours else url_for("console.overview"))


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))
