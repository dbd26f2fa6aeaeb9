"""Daily caps that are set by hand: of a workspace, a provider, a provider in a workspace, or an API key."""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any, Final

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import micros
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.caps import read_dollars
from app.console.forms import given, is_typed
from app.console.words import command_line, said
from app.db.session import end_read
from app.enrichment.money import stored_caps as service
from app.enrichment.money.scopes import CapScope
from app.errors import AppError, Forbidden, Invalid, NotFound
from app.models.types import parse_id
from app.providers.names import NAMES
from app.web.api_keys import Scope, list_keys
from app.web.auth import caller_name, visible_workspace

ROWS: Final = 50


View = Callable[[], Response | WerkzeugResponse]


def _checked(view: View) -> View:
    """Refuse admins of one workspace, whom caps are there to hold too; show what else is wrong above the form."""

    @wraps(view)
    def answer() -> Response | WerkzeugResponse:
        if visible_workspace() is not None:
            raise Forbidden("Caps also bind workspaces, so only an admin of all workspaces can set them.")
        try:
            return view()
        except (Invalid, NotFound) as error:
            return _page(_words(error), status=error.status)

    return answer


@blueprint.get("/console/caps")
@require(Scope.ADMIN)
@_checked
def daily_caps() -> Response:
    """List the caps that are set, with what is spent under each today, and a form for another."""
    return _page()


@blueprint.get("/console/caps/set")
@require(Scope.ADMIN)
@_checked
def confirm_cap() -> Response:
    """Say what a cap would change, and ask."""
    return _confirm_page(_scope(), _dollars())


@blueprint.post("/console/caps/set")
@require(Scope.ADMIN)
@_checked
def set_cap() -> WerkzeugResponse:
    """Set a cap, in place of an earlier one."""
    service.set_cap(_scope(), _dollars(), set_by=caller_name())
    return redirect(url_for("console.daily_caps"), 303)


@blueprint.get("/console/caps/remove")
@require(Scope.ADMIN)
@_checked
def confirm_cap_removal() -> Response:
    """Say what is spent under the cap, and ask for the word."""
    return _confirm_page(_scope())


@blueprint.post("/console/caps/remove")
@require(Scope.ADMIN)
@_checked
def remove_cap() -> Response | WerkzeugResponse:
    """Take a cap away, if the word was typed."""
    if not is_typed("remove"):
        return _confirm_page(_scope(), problem="Nothing was removed: the confirmation word was not typed.", status=422)
    service.remove_cap(_scope())
    return redirect(url_for("console.daily_caps"), 303)


def _scope() -> CapScope:
    """Return the scope in the address or the form."""
    key = given("key")
    return CapScope(given("workspace"), given("provider"), key and (parse_id(key) or key))


def _dollars() -> Decimal:
    dollars = read_dollars(request.values.get("usd", ""))
    if dollars is None:
        raise Invalid("Give a cap in dollars a day, such as 25 or 2.50.")
    return dollars


def _words(error: AppError) -> str:
    """Return what is wrong in the words of the form: one scope, or a part of it."""
    is_none_or_two = any("keyId alone" in detail["message"] for detail in error.details)
    return "Choose an API key alone, or a provider, a workspace, or both." if is_none_or_two else said(error)


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    cursor = request.args.get("cursor", "")
    found = service.list_caps(limit=ROWS, cursor=cursor if cursor.isprintable() else None)
    end_read()
    keys = [key for key in list_keys() if key.revoked_at is None]
    values: dict[str, Any] = {
        "caps": found.rows,
        "next_cursor": found.next_cursor,
        "scope_words": _scope_words,
        "providers": NAMES,
        "keys": keys,
        "names": {key.id: key.name for key in keys},
        "chosen": _scope(),
        "usd": request.values.get("usd", ""),
        "problem": problem,
    }
    return page("daily_caps.html", status=status, **values)


def _confirm_page(
    scope: CapScope, dollars: Decimal | None = None, *, status: int = 200, problem: str | None = None
) -> Response:
    """Ask about a cap: of some dollars or, without them, about its removal."""
    view = service.get_cap(scope)
    if dollars is None and view.cap_micros is None:
        raise NotFound("There is no such cap.")
    names = {key.id: key.name for key in list_keys()} if scope.key_id else {}
    values: dict[str, Any] = {
        "scope": scope,
        "of": _scope_words(scope, names),
        "view": view,
        "usd": None if dollars is None else str(dollars),
        "cap_micros": micros(dollars),
        "problem": problem,
        "command_line": _command_line(scope, dollars),
    }
    end_read()
    return page("cap.html", status=status, **values)


def _scope_words(scope: CapScope, key_names: dict[str, str]) -> str:
    if scope.key_id is not None:
        return f"API key {key_names.get(scope.key_id, scope.key_id)}"
    if scope.provider is None:
        return f"Workspace {scope.workspace_slug}"
    return scope.provider if scope.workspace_slug is None else f"{scope.provider} in {scope.workspace_slug}"


def _command_line(scope: CapScope, dollars: Decimal | None) -> str:
    options = {"--provider": scope.provider, "--workspace": scope.workspace_slug, "--key": scope.key_id}
    return command_line(["caps", "remove" if dollars is None else "set"], {**options, "--usd": dollars})
