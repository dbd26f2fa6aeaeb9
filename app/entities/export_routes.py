"""Exports in the background over HTTP: asked for, watched, taken, deleted."""

from typing import Any, Final
from uuid import UUID

from flask import Response, stream_with_context, url_for
from flask.views import MethodView

from app.db.pages import Page
from app.entities import export_files
from app.entities.csv.exports import unbroken
from app.entities.export_files import ExportView, NewExport
from app.entities.export_schemas import (
    ExportListQuerySchema,
    ExportListSchema,
    ExportRequestSchema,
    ExportSchema,
)
from app.entities.lists import list_id_of
from app.web.auth import caller_name, readable_workspace, require, visible_workspace, workspace_for
from app.web.blueprint import Blueprint

blueprint = Blueprint(
    "exports",
    __name__,
    url_prefix="/api/enrichment/exports",
    description="Files that are written in the background, and kept for some days.",
)

_BINARY: Final = {"type": "string", "format": "binary"}
_LOCATION: Final = {
    "Location": {"schema": {"type": "string"}, "description": "The path of the export.", "required": True}
}


@blueprint.route("")
class ExportCollection(MethodView):
    """The exports of a workspace."""

    @require("read")
    @blueprint.doc(operationId="listExports")
    @blueprint.arguments(ExportListQuerySchema, location="query")
    @blueprint.response(200, ExportListSchema)
    def get(self, query: dict[str, Any]) -> Page[ExportView]:
        """List exports, the newest first, page by page."""
        return export_files.list_exports(workspace_slug=readable_workspace(query.pop("workspace_slug", None)), **query)

    @require("read")
    @blueprint.doc(operationId="createExport")
    @blueprint.arguments(ExportRequestSchema, example={"entityType": "person", "format": "csv"})
    @blueprint.refuses(404, 409)
    @blueprint.response(202, ExportSchema, headers=_LOCATION)
    def post(self, body: dict[str, Any]) -> tuple[ExportView, int, dict[str, str]]:
        """Have an export written in the background, by whoever drives the queue.

        The file has what the export itself would send, and is kept for `EXPORT_KEEP_DAYS`. 404 if there is no such
        list, 409 if the workspace has 100 exports.
        """
        workspace_slug = workspace_for(body.get("workspace_slug"))
        entity_type = body["entity_type"]
        list_id = list_id_of(body.get("list_name"), workspace_slug=workspace_slug, entity_type=entity_type)
        view = export_files.create_export(
            NewExport(entity_type, body["format"], workspace_slug, caller_name(), body["ready"], list_id)
        )
        return view, 202, {"Location": url_for(".ExportResource", export_id=view.id)}


@blueprint.route("/<uuid:export_id>")
class ExportResource(MethodView):
    """One export."""

    @require("read")
    @blueprint.doc(operationId="getExport")
    @blueprint.refuses(404)
    @blueprint.response(200, ExportSchema)
    def get(self, export_id: UUID) -> ExportView:
        """Show how far an export is."""
        return export_files.get_export(str(export_id), workspace_slug=visible_workspace())

    @require("write")
    @blueprint.doc(operationId="deleteExport")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, export_id: UUID) -> None:
        """Delete an export with its file, or before there is one."""
        export_files.delete_export(str(export_id), workspace_slug=visible_workspace())


@blueprint.route("/<uuid:export_id>/file")
class ExportFileResource(MethodView):
    """The file of an export."""

    @require("read")
    @blueprint.doc(operationId="downloadExport")
    @blueprint.refuses(404, 409, 410)
    @blueprint.response(200, content_type="application/octet-stream", schema=_BINARY)
    def get(self, export_id: UUID) -> Response:
        """Send the file: 409 until it is ready, or if it has failed; 410 once it has expired."""
        view, blocks = export_files.open_file(str(export_id), workspace_slug=visible_workspace())
        return Response(stream_with_context(unbroken(blocks)), mimetype=view.media_type, headers=view.file_headers)
