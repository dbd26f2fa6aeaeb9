"""Exports in the background: asked for, watched, taken and deleted."""

from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, request, stream_with_context, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page_or_part, shared
from app.console.driver import driver_of_exports
from app.console.exports import asked_list_id, only_ready
from app.console.lists import TYPES
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities import export_files as service
from app.entities.csv.exports import unbroken
from app.entities.export_files import NewExport
from app.entities.exports import FORMATS
from app.errors import Invalid
from app.models.export import UNFINISHED
from app.models.types import parse_id
from app.web.api_keys import Scope
from app.web.auth import caller_name, visible_workspace

ROWS: Final = 25


@blueprint.post("/console/<any(people, companies):plural>/export")
@require(Scope.WRITE)
def ask_for_export(plural: str) -> WerkzeugResponse:
    """Have a file written in the background, and lead to where it is watched."""
    entity_type, workspace = TYPES[plural], chosen_workspace()
    file_format = request.form.get("format", "csv")
    if file_format not in FORMATS:
        raise Invalid(f"Expected one of the formats {', '.join(FORMATS)}.")
    list_id = asked_list_id(entity_type, workspace)
    new = NewExport(entity_type, file_format, workspace, caller_name(), only_ready(plural), list_id)
    service.create_export(new)
    return redirect(url_for("console.exports", workspace=workspace), 303)


@blueprint.get("/console/exports")
@require(Scope.WRITE)
@shared
def exports() -> Response:
    """Show a workspace's exports, the newest first; the part that changes is asked for until all are finished."""
    workspace = chosen_workspace()
    cursor = parse_id(request.args.get("cursor", ""))
    found = service.list_exports(workspace_slug=workspace, cursor=cursor, limit=ROWS)
    values: dict[str, Any] = {
        "exports": found.rows,
        "next_cursor": found.next_cursor,
        "workspace": workspace,
        "driver": driver_of_exports(found.rows),
        "is_open": any(view.status in UNFINISHED for view in found.rows),
    }
    end_read()
    return page_or_part("exports", **values)


@blueprint.get("/console/exports/<uuid:export_id>/file")
@require(Scope.WRITE)
def export_download(export_id: UUID) -> Response:
    """Send the file of an export that is ready."""
    view, blocks = service.open_file(str(export_id), workspace_slug=visible_workspace())
    return Response(stream_with_context(unbroken(blocks)), mimetype=view.media_type, headers=view.file_headers)


@blueprint.post("/console/exports/<uuid:export_id>/delete")
@require(Scope.WRITE)
def delete_export(export_id: UUID) -> WerkzeugResponse:
    """Delete an export with its file: it can be made again."""
    view = service.get_export(str(export_id), workspace_slug=visible_workspace())
    service.delete_export(view.id, workspace_slug=view.workspace_slug)
    return redirect(url_for("console.exports", workspace=view.workspace_slug), 303)
