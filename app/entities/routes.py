"""People and companies over HTTP: upsert, read, export, explain, undo, erase. Both have the same routes."""

from typing import Any, Final

from flask import Response, stream_with_context
from flask.views import MethodView
from werkzeug.routing import BaseConverter

from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.receipt_schemas import ReceiptQuerySchema, ReceiptSchema
from app.enrichment.waterfall.receipts import Receipt, make_receipt
from app.entities.csv.exports import unbroken
from app.entities.exports import FORMATS, export_entities
from app.entities.import_routes import add_import_routes
from app.entities.lists import list_id_of
from app.entities.read import get_entity, list_entities
from app.entities.schemas import (
    ExportQuerySchema,
    FieldUndoSchema,
    PeopleExportQuerySchema,
    UpsertCountsSchema,
    WorkspaceQuerySchema,
    answer,
    bulk_schema,
    detail_schema,
    field_undo_query_schema,
    list_query_schema,
    list_schema,
)
from app.entities.undo import FieldUndo, undo_field
from app.entities.upsert import UpsertCounts, store_entities
from app.errors import EntityNotFound
from app.values.entity_types import PLURALS, EntityType
from app.values.identifiers import ENTITY_ID_PATTERN, is_entity_id
from app.web.auth import require, workspace_for
from app.web.blueprint import Blueprint

LOOKS_AT: Final = 10000
"""How many are looked at for a page of those without a value, or changed since: some 15 ms."""
_BINARY: Final = {"type": "string", "format": "binary"}

_ENTITY_ID: Final = {
    "in": "path",
    "name": "entity_id",
    "description": "Slashes in it may be written as they are.",
    "schema": {"type": "string", "maxLength": 128, "pattern": f"^{ENTITY_ID_PATTERN.pattern}$"},
}


class RestOfPath(BaseConverter):
    """An entity's id in a path, which may contain slashes."""

    regex = ".+"
    part_isolating = False
    # Literal addresses such as /export.csv come first.
    weight = 1000


def _routes_of(entity_type: EntityType) -> Blueprint:
    """Return the routes of an entity type. Their schemas differ, so each type has views of its own."""
    plural = PLURALS[entity_type]
    blueprint = Blueprint(plural, __name__, url_prefix=f"/api/{plural}", description=f"The {plural} of a workspace.")
    blueprint.record_once(lambda state: state.app.url_map.converters.update(rest_of_path=RestOfPath))
    _add_collection(blueprint, entity_type)
    add_import_routes(blueprint, entity_type)
    _add_exports(blueprint, entity_type)
    _add_receipt(blueprint, entity_type)
    _add_undo(blueprint, entity_type)
    _add_resource(blueprint, entity_type)
    return blueprint


def _add_collection(blueprint: Blueprint, entity_type: EntityType) -> None:
    plural = PLURALS[entity_type]

    @blueprint.route("")
    class EntityCollection(MethodView):
        """The people, or the companies, of a workspace."""

        @require("read")
        @blueprint.doc(operationId=f"list{plural.capitalize()}")
        @blueprint.arguments(list_query_schema(entity_type), location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, list_schema(entity_type))
        def get(self, query: dict[str, Any]) -> dict[str, Any]:
            """List by id, page by page.

            With `missing` or `updatedSince` 10,000 are looked at for a page, which may be short, or empty, and lead
            on: go on until `nextCursor` is null.
            """
            workspace_slug = workspace_for(query.pop("workspace_slug", None))
            list_id = list_id_of(query.pop("list_name", None), workspace_slug=workspace_slug, entity_type=entity_type)
            is_filtered = "missing" in query or "updated_since" in query
            query["looks_at"] = LOOKS_AT if is_filtered else None
            page = list_entities(entity_type, workspace_slug=workspace_slug, list_id=list_id, **query)
            return {plural: [answer(view) for view in page.rows], "next_cursor": page.next_cursor}

        @require("write")
        @blueprint.doc(operationId=f"upsert{plural.capitalize()}")
        @blueprint.arguments(bulk_schema(entity_type))
        @blueprint.response(200, UpsertCountsSchema)
        def post(self, body: dict[str, Any]) -> UpsertCounts:
            """Add or change by id, at most 10,000 a call.

            A field that is given replaces, null clears it, one that is not given stays. All rows
            are stored, or none.
            """
            workspace_slug = workspace_for(body.get("workspace_slug"))
            return store_entities(entity_type, body[plural], workspace_slug=workspace_slug)


def _add_exports(blueprint: Blueprint, entity_type: EntityType) -> None:
    plural = PLURALS[entity_type]
    query_schema = PeopleExportQuerySchema if entity_type == "person" else ExportQuerySchema

    @blueprint.route("/export.csv")
    class CsvExportResource(MethodView):
        """An export as a CSV file."""

        @require("read")
        @blueprint.doc(operationId=f"export{plural.capitalize()}")
        @blueprint.arguments(query_schema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, content_type=FORMATS["csv"].media_type, schema=_BINARY)
        def get(self, query: dict[str, Any]) -> Response:
            """Export as CSV: the imported columns with their values as they stand, and what has been found besides."""
            return _export(entity_type, "csv", query)

    @blueprint.route("/export.xlsx")
    class XlsxExportResource(MethodView):
        """An export as an Excel workbook."""

        @require("read")
        @blueprint.doc(operationId=f"export{plural.capitalize()}AsXlsx")
        @blueprint.arguments(query_schema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, content_type=FORMATS["xlsx"].media_type, schema=_BINARY)
        def get(self, query: dict[str, Any]) -> Response:
            """Export as a workbook: the columns and values of the CSV export, every cell text.

            A workbook holds 1,048,575 entities. A text of more than 32,767 characters is cut, and says so.
            """
            return _export(entity_type, "xlsx", query)

    @blueprint.route("/export.parquet")
    class ParquetExportResource(MethodView):
        """An export as a Parquet file."""

        @require("read")
        @blueprint.doc(operationId=f"export{plural.capitalize()}AsParquet")
        @blueprint.arguments(query_schema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, content_type=FORMATS["parquet"].media_type, schema=_BINARY)
        def get(self, query: dict[str, Any]) -> Response:
            """Export as Parquet: the columns of the CSV export, with numbers, truth values and times as such.

            Needs the extra `[parquet]`. The file begins to come when all of it is written.
            """
            return _export(entity_type, "parquet", query)


def _add_receipt(blueprint: Blueprint, entity_type: EntityType) -> None:
    @blueprint.route("/<rest_of_path:entity_id>/receipt", parameters=[_ENTITY_ID])
    class ReceiptResource(MethodView):
        """What was done about one person or company, and what it cost."""

        @require("read")
        @blueprint.doc(operationId=f"get{entity_type.capitalize()}Receipt")
        @blueprint.arguments(ReceiptQuerySchema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, ReceiptSchema)
        def get(self, query: dict[str, Any], entity_id: str) -> Receipt:
            """Show every attempt: its outcome, what it gave, what it cost by which rule, and why the walk ended.

            The total is what the books have on it.
            """
            workspace_slug = workspace_for(query.pop("workspace_slug", None))
            return make_receipt(entity_type, _possible_id(entity_id), workspace_slug=workspace_slug, **query)


def _add_undo(blueprint: Blueprint, entity_type: EntityType) -> None:
    @blueprint.route("/<rest_of_path:entity_id>/undo", parameters=[_ENTITY_ID])
    class FieldUndoResource(MethodView):
        """The undoing of the last change of one field."""

        @require("write")
        @blueprint.doc(operationId=f"undo{entity_type.capitalize()}Field")
        @blueprint.arguments(field_undo_query_schema(entity_type), location="query")
        @blueprint.refuses(404, 409)
        @blueprint.response(200, FieldUndoSchema)
        def post(self, query: dict[str, Any], entity_id: str) -> FieldUndo:
            """Put back the value that a field had before its last change; called again, it takes that back.

            409 if there is nothing to put back, or if the field has a value that its history does not know.
            """
            return undo_field(
                entity_type,
                _possible_id(entity_id),
                query["field"],
                workspace_slug=workspace_for(query.get("workspace_slug")),
                is_dry_run=query["dry_run"],
            )


def _add_resource(blueprint: Blueprint, entity_type: EntityType) -> None:
    name = entity_type.capitalize()

    @blueprint.route("/<rest_of_path:entity_id>", parameters=[_ENTITY_ID])
    class EntityResource(MethodView):
        """One person or company."""

        @require("read")
        @blueprint.doc(operationId=f"get{name}")
        @blueprint.arguments(WorkspaceQuerySchema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(200, detail_schema(entity_type))
        def get(self, query: dict[str, Any], entity_id: str) -> dict[str, Any]:
            """Show one with the provenance of its fields."""
            workspace_slug = workspace_for(query.get("workspace_slug"))
            return answer(get_entity(entity_type, _possible_id(entity_id), workspace_slug=workspace_slug))

        @require("write")
        @blueprint.doc(operationId=f"erase{name}")
        @blueprint.arguments(WorkspaceQuerySchema, location="query")
        @blueprint.refuses(404)
        @blueprint.response(204)
        def delete(self, query: dict[str, Any], entity_id: str) -> None:
            """Erase one and everything recorded about it."""
            workspace_slug = workspace_for(query.get("workspace_slug"))
            erase_entity(entity_type, _possible_id(entity_id), workspace_slug=workspace_slug)


def _export(entity_type: EntityType, file_format: str, query: dict[str, Any]) -> Response:
    workspace_slug = workspace_for(query.get("workspace_slug"))
    blocks = export_entities(
        entity_type,
        file_format,
        workspace_slug=workspace_slug,
        only_ready=query.get("ready", False),
        list_id=list_id_of(query.get("list_name"), workspace_slug=workspace_slug, entity_type=entity_type),
    )
    headers = {"Content-Disposition": f'attachment; filename="{PLURALS[entity_type]}.{file_format}"'}
    media_type = FORMATS[file_format].media_type
    return Response(stream_with_context(unbroken(blocks)), mimetype=media_type, headers=headers)


def _possible_id(entity_id: str) -> str:
    """Return a valid id. An invalid one is not found, like any other that does not exist."""
    if not is_entity_id(entity_id):
        raise EntityNotFound
    return entity_id


blueprints: Final = [_routes_of("person"), _routes_of("company")]
