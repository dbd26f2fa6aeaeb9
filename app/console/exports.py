"""A list as a file: in which format, and whether only those who can be written to."""

from flask import Response, request, stream_with_context

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.lists import OFFERED, TYPES
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities.csv.exports import unbroken
from app.entities.exports import FORMATS, export_entities, installed_formats, why_empty
from app.entities.lists import find_list, list_lists
from app.models.types import parse_id
from app.values.entity_types import EntityType
from app.web.api_keys import Scope


@blueprint.get("/console/<any(people, companies):plural>/export")
@require(Scope.WRITE)
def export(plural: str) -> Response:
    """Ask for the format, and who is to be in the file."""
    return _page(plural)


@blueprint.get("/console/<any(people, companies):plural>/export.<any(csv, xlsx, parquet):file_format>")
@require(Scope.WRITE)
def export_file(plural: str, file_format: str) -> Response:
    """Send the file or, if nobody would be in it, say why."""
    entity_type, workspace, only_ready = TYPES[plural], chosen_workspace(), _only_ready(plural)
    list_id = _list_id(entity_type, workspace)
    problem = why_empty(entity_type, workspace_slug=workspace, only_ready=only_ready, list_id=list_id)
    if problem is not None:
        return _page(plural, problem)
    blocks = export_entities(entity_type, file_format, workspace_slug=workspace, only_ready=only_ready, list_id=list_id)
    headers = {"Content-Disposition": f'attachment; filename="{plural}.{file_format}"'}
    media_type = FORMATS[file_format].media_type
    return Response(stream_with_context(unbroken(blocks)), mimetype=media_type, headers=headers)


def _page(plural: str, problem: str | None = None) -> Response:
    lists = list_lists(workspace_slug=chosen_workspace(), entity_type=TYPES[plural], limit=OFFERED).rows
    end_read()
    return page(
        "export.html",
        plural=plural,
        entity_type=TYPES[plural],
        workspace=chosen_workspace(),
        only_ready=_only_ready(plural),
        lists=lists,
        list_id=parse_id(request.args.get("list", "")),
        problem=problem,
        formats=[*FORMATS],
        installed=installed_formats(),
    )


def _list_id(entity_type: EntityType, workspace: str) -> str | None:
    """Return the id of the list that is asked for. Raises `ListNotFound`, and `Invalid` for one of the other type."""
    reference = request.args.get("list") or None
    if reference is None:
        return None
    view = find_list(reference, workspace_slug=workspace, entity_type=entity_type)
    end_read()
    return view.id


def _only_ready(plural: str) -> bool:
    return plural == "people" and request.args.get("ready") == "true"
