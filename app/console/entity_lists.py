"""Lists: those of a workspace, and one with its coverage and what can be done with it."""

from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import config
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import asked, is_typed
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.enrichment import queue
from app.entities.coverage import count_coverage, get_coverage
from app.entities.fields import is_normalized
from app.entities.lists import ListView, delete_list, get_list, list_lists, rename_list
from app.errors import Conflict, Invalid
from app.models.entity_list import MAX_NAME_CHARS
from app.models.types import parse_id
from app.values.entity_types import ENTITY_TYPES
from app.values.groups import grouped
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

ROWS: Final = 50
JOBS_SHOWN: Final = 10


@blueprint.get("/console/lists")
@require(Scope.READ)
def lists() -> Response:
    """Show a workspace's lists, the newest first; the filter stands in the address."""
    workspace, wanted = chosen_workspace(), asked("type", ENTITY_TYPES, None)
    cursor = parse_id(request.args.get("cursor", ""))
    found = list_lists(workspace_slug=workspace, entity_type=wanted, cursor=cursor, limit=ROWS)
    end_read()
    return page(
        "lists.html",
        lists=found.rows,
        next_cursor=found.next_cursor,
        workspace=workspace,
        wanted=wanted,
        types=ENTITY_TYPES,
    )


@blueprint.get("/console/lists/<uuid:list_id>")
@require(Scope.READ)
def entity_list(list_id: UUID) -> Response:
    """Show one list: what it was made of, and how much is known of its members, as it was counted last."""
    return _page(list_id)


@blueprint.post("/console/lists/<uuid:list_id>/name")
@require(Scope.WRITE)
def rename(list_id: UUID) -> Response | WerkzeugResponse:
    """Give it another name, or say why it cannot have that one."""
    try:
        rename_list(str(list_id), request.form.get("name", "").strip(), workspace_slug=visible_workspace())
    except (Conflict, Invalid) as error:
        return _page(list_id, error.message, status=error.status)
    return _to_list(list_id)


@blueprint.post("/console/lists/<uuid:list_id>/coverage")
@require(Scope.WRITE)
def count(list_id: UUID) -> WerkzeugResponse:
    """Count its coverage, or go on with that, for as long as a request may take."""
    count_coverage(str(list_id), workspace_slug=visible_workspace(), seconds=config().ENRICH_TIME_BUDGET)
    return _to_list(list_id)


@blueprint.get("/console/lists/<uuid:list_id>/delete")
@require(Scope.WRITE)
def confirm_delete(list_id: UUID) -> Response:
    """Say what is deleted and what is not, and ask for the word."""
    return _delete_page(_find(list_id))


@blueprint.post("/console/lists/<uuid:list_id>/delete")
@require(Scope.WRITE)
def delete(list_id: UUID) -> Response:
    """Delete a list and none of its members, if the word was typed."""
    view = _find(list_id)
    if not is_typed("delete"):
        return _delete_page(view, status=422, problem="Nothing was deleted: the confirmation word was not typed.")
    delete_list(view.id, workspace_slug=visible_workspace())
    return _delete_page(view, is_done=True)


def _find(list_id: UUID) -> ListView:
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    end_read()
    return view


def _page(list_id: UUID, problem: str | None = None, *, status: int = 200) -> Response:
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    coverage = get_coverage(view.id, workspace_slug=visible_workspace())
    fields = grouped(coverage.fields, lambda field: is_normalized(field.field))
    # Members have come or gone since it was counted.
    is_old = coverage.counted_at is not None and view.changed_at > coverage.counted_at
    jobs = queue.list_jobs(list_id=view.id, workspace_slug=visible_workspace(), limit=JOBS_SHOWN)
    end_read()
    return page(
        "list.html",
        status=status,
        list=view,
        problem=problem,
        coverage=coverage,
        jobs=jobs.rows,
        has_more_jobs=jobs.next_cursor is not None,
        given=fields.get(False, []),
        normalized=fields.get(True, []),
        is_old=is_old,
        longest=MAX_NAME_CHARS,
    )


def _delete_page(view: ListView, *, status: int = 200, problem: str | None = None, is_done: bool = False) -> Response:
    values: dict[str, Any] = {"list": view, "problem": problem, "is_done": is_done}
    return page("delete_list.html", status=status, **values)


def _to_list(list_id: UUID) -> WerkzeugResponse:
    return redirect(url_for("console.entity_list", list_id=list_id), 303)
