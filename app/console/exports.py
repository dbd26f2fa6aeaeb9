"""A list as a file: in which format, whether only those who can be written to, and whether in the background."""

from typing import Final

from flask import Response, request, stream_with_context

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.lists import OFFERED, TYPES, asked_list
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities.csv.exports import unbroken
from app.entities.exports import FORMATS, export_entities, installed_formats, why_empty
from app.entities.lists import list_lists
from app.entities.read import has_more_than
from app.models.types import parse_id
from app.values.entity_types import EntityType
from app.web.api_keys import Scope

LARGE_ROWS: Final = 20_000
"""If the workspace has more entities than this, the page suggests to have the file written in the background."""


@blueprint.get("/console/<any(people, companies):plural>/export")
@require(Scope.WRITE)
def export(plural: str) -> Response:
    """Ask for the format, and who is to be in the file."""
    return _page(plural)


@blueprint.get("/console/<any(people, companies):plural>/export.<any(csv, xlsx, parquet):file_format>")
@require(Scope.WRITE)
def export_file(plural: str, file_format: str) -> Response:
    """Send the file or, if nobody would be in it, say why."""
    entity_type, workspace, is_ready = TYPES[plural], chosen_workspace(), only_ready(plural)
    list_id = asked_list_id(entity_type, workspace)
    problem = why_empty(entity_type, workspace_slug=workspace, only_ready=is_ready, list_id=list_id)
    if problem is not None:
        return _page(plural, problem)
    blocks = export_entities(entity_type, file_format, workspace_slug=workspace, only_ready=is_ready, list_id=list_id)
    headers = {"Content-Disposition": f'attachment; filename="{plural}.{file_format}"'}
    media_type = FORMATS[file_format].media_type
    return Response(stream_with_context(unbroken(blocks)), mimetype=media_type, headers=headers)


def _page(plural: str, problem: str | None = None) -> Response:
    entity_type, workspace = TYPES[plural], chosen_workspace()
    lists = list_lists(workspace_slug=workspace, entity_type=entity_type, limit=OFFERED).rows
    is_large = has_more_than(LARGE_ROWS, entity_type, workspace_slug=workspace)
    end_read()
    return page(
        "export.html",
        plural=plural,
        entity_type=entity_type,
        workspace=workspace,
        only_ready=only_ready(plural),
        lists=lists,
        list_id=parse_id(request.args.get("list", "")),
        problem=problem,
        formats=[*FORMATS],
        installed=installed_formats(),
        is_large=is_large,
        large_rows=LARGE_ROWS,
    )


def asked_list_id(entity_type: EntityType, workspace: str) -> str | None:
    """Return the id of the list that is asked for. Raises `ListNotFound`, and `Invalid` for one of the other type."""
    view = asked_list(entity_type, workspace)
    end_read()
    return view.id if view else None


def only_ready(plural: str) -> bool:
    """Return whether only people with a verified address are asked for."""
    return plural == "people" and request.values.get("ready") == "true"
