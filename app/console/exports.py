"""A list as a file: in which format, and whether only those who can be written to."""

from flask import Response, request, stream_with_context

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.lists import TYPES
from app.console.workspaces import chosen_workspace
from app.entities.csv.exports import unbroken
from app.entities.exports import FORMATS, export_entities, installed_formats, why_empty
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
    problem = why_empty(entity_type, workspace_slug=workspace, only_ready=only_ready)
    if problem is not None:
        return _page(plural, problem)
    blocks = export_entities(entity_type, file_format, workspace_slug=workspace, only_ready=only_ready)
    headers = {"Content-Disposition": f'attachment; filename="{plural}.{file_format}"'}
    media_type = FORMATS[file_format].media_type
    return Response(stream_with_context(unbroken(blocks)), mimetype=media_type, headers=headers)


def _page(plural: str, problem: str | None = None) -> Response:
    return page(
        "export.html",
        plural=plural,
        entity_type=TYPES[plural],
        workspace=chosen_workspace(),
        only_ready=_only_ready(plural),
        problem=problem,
        formats=[*FORMATS],
        installed=installed_formats(),
    )


def _only_ready(plural: str) -> bool:
    return plural == "people" and request.args.get("ready") == "true"
