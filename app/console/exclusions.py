"""Exclusions: domains and addresses that a workspace never enriches and never exports."""

from collections.abc import Sequence
from typing import Final

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.cursors import asked_cursor, sealed
from app.console.outlines import shown
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities import exclusions as service
from app.errors import Invalid
from app.web.api_keys import Scope

ROWS: Final = 100
MAX_CHARS: Final = 200_000


@blueprint.get("/console/exclusions")
@require(Scope.READ)
def exclusions() -> Response:
    """List a workspace's exclusions: domains, then addresses."""
    return _page()


@blueprint.post("/console/exclusions")
@require(Scope.WRITE)
def change_exclusions() -> Response | WerkzeugResponse:
    """Add what was pasted, all of it or nothing, or remove one."""
    workspace = chosen_workspace()
    if "remove" in request.form:
        service.remove([request.form["remove"]], workspace)
    else:
        text = request.form.get("values", "")[:MAX_CHARS]
        try:
            service.add(text.split(), workspace)
        except Invalid as error:
            problem = f"{error.message} Nothing was added."
            return _page(problem, status=422, text=text, details=error.details)
    return redirect(url_for("console.exclusions", workspace=workspace), 303)


def _page(
    problem: str | None = None, *, status: int = 200, text: str = "", details: Sequence[dict[str, str]] = ()
) -> Response:
    workspace = chosen_workspace()
    found = service.list_(workspace, cursor=asked_cursor(), limit=ROWS)
    end_read()
    return page(
        "exclusions.html",
        status=status,
        rows=found.rows,
        next_cursor=sealed(found.next_cursor),
        workspace=workspace,
        problem=problem,
        details=details,
        text=text,
        shown=shown,
        may_change=g.principal.may(Scope.WRITE),
    )
