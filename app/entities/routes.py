"""People and companies over HTTP: upsert, import, read, export, explain, undo, erase. Both have the same routes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, Any, BinaryIO, Final, NoReturn, cast

from flask import Response, request, stream_with_context
from flask.views import MethodView
from werkzeug.routing import BaseConverter

from app.config import config
from app.db.session import check_writable, transaction
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.receipt_schemas import ReceiptQuerySchema, ReceiptSchema
from app.enrichment.waterfall.receipts import Receipt, make_receipt
from app.entities.csv.exports import unbroken
from app.entities.csv.headers import read_mapping, read_whole_mapping
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.csv.opening import ImportOptions
from app.entities.csv.preview import preview_csv
from app.entities.csv.refused_rows import refused_csv
from app.entities.exports import FORMATS, export_entities
from app.entities.lists import find_list
from app.entities.read import get_entity, list_entities
from app.entities.schemas import (
    ExportQuerySchema,
    FieldUndoQuerySchema,
    FieldUndoSchema,
    ImportPreviewSchema,
    ImportQuerySchema,
    ImportReportSchema,
    PeopleExportQuerySchema,
    PreviewQuerySchema,
    UpsertCountsSchema,
    WorkspaceQuerySchema,
    answer,
    bulk_schema,
    detail_schema,
    list_query_schema,
    list_schema,
    preview_answer,
)
from app.entities.undo import FieldUndo, undo_field
from app.entities.upsert import UpsertCounts, upsert_entities
from app.errors import EntityNotFound, Invalid, UnsupportedMediaType, detail
from app.values.entity_types import PLURALS, EntityType
from app.values.identifiers import ENTITY_ID_PATTERN, is_entity_id
from app.web.auth import caller_name, require, workspace_for
from app.web.blueprint import Blueprint

_MEGABYTE: Final = 1024 * 1024
_BLOCK_BYTES: Final = 65_536
_BINARY: Final = {"type": "string", "format": "binary"}
_XLSX: Final = FORMATS["xlsx"].media_type
_FILES: Final = frozenset({"text/csv", _XLSX})
_EXAMPLES: Final = {
    "person": "id,full_name,email\np1,Ada Lovelace,ada@example.com\n",
    "company": "id,name,domain\nc1,Example,example.com\n",
}


def _upload(entity_type: EntityType) -> dict[str, Any]:
    file = {**_BINARY, "example": _EXAMPLES[entity_type]}
    mapping = {
        "type": "string",
        "description": "For each column a field, `keep` or `ignore`: the `mapping` of a preview, as it is or changed.",
        "example": '{"Name": "fullName", "Notes": "keep"}',
    }
    form = {
        "type": "object",
        "properties": {"file": file, "mapping": mapping},
        "required": ["file"],
        "additionalProperties": False,
    }
    return {
        "required": True,
        "description": "A CSV file or an Excel workbook, as the body itself or as the field `file` of a form, which may"
        " have a mapping. Which of them it is, its content says.",
        "content": {"text/csv": {"schema": file}, _XLSX: {"schema": _BINARY}, "multipart/form-data": {"schema": form}},
    }


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
    _add_import(blueprint, entity_type)
    _add_preview(blueprint, entity_type)
    _add_refused(blueprint, entity_type)
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
            """List by id, page by page."""
            workspace_slug = workspace_for(query.pop("workspace_slug", None))
            list_id = _list_id(entity_type, workspace_slug, query.pop("list_name", None))
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
            with transaction() as session:
                return upsert_entities(entity_type, body[plural], workspace_slug=workspace_slug, session=session)


def _add_import(blueprint: Blueprint, entity_type: EntityType) -> None:
    @blueprint.route("/import")
    class ImportResource(MethodView):
        """An import of a file."""

        @require("write")
        @blueprint.doc(operationId=f"import{PLURALS[entity_type].capitalize()}")
        @blueprint.arguments(ImportQuerySchema, location="query")
        @blueprint.doc(requestBody=_upload(entity_type))
        @blueprint.refuses(404)
        @blueprint.response(200, ImportReportSchema)
        def post(self, query: dict[str, Any]) -> dict[str, Any]:
            """Import a CSV file or an Excel workbook and say what became of its rows.

            Rows that cannot be used are refused one by one. Nothing is read before the whole file has
            come. What is read is stored in parts, and a file that is sent again doubles nothing. A row
            never replaces another name's entity: without an id it is kept apart, with one it is left
            out as a conflict. The call ends in time: `stoppedAt` is then the line to go on from, by
            sending the file again with `fromLine`, and with `list` to go on with the list that was begun.
            """
            return _import(entity_type, query)


def _add_preview(blueprint: Blueprint, entity_type: EntityType) -> None:
    @blueprint.route("/import-preview")
    class ImportPreviewResource(MethodView):
        """What would become of a file."""

        @require("write")
        @blueprint.doc(operationId=f"preview{PLURALS[entity_type].capitalize()}Import")
        @blueprint.arguments(PreviewQuerySchema, location="query")
        @blueprint.doc(requestBody=_upload(entity_type))
        @blueprint.response(200, ImportPreviewSchema)
        def post(self, query: dict[str, Any]) -> dict[str, Any]:
            """Read a CSV file or an Excel workbook and say what an import would do with it; nothing is written or kept.

            The answer's `mapping` says what becomes of each column. An import takes it, as it is or changed, beside
            the file as the field `mapping` of a form, and remembers it for files with the same headers.
            """
            workspace_slug = workspace_for(query.get("workspace_slug"))
            with _uploaded_file() as file:
                preview = preview_csv(
                    entity_type,
                    file,
                    workspace_slug=workspace_slug,
                    options=_import_options(query),
                    replaces_names=query["replace_names"],
                )
            return preview_answer(preview)


def _add_refused(blueprint: Blueprint, entity_type: EntityType) -> None:
    @blueprint.route("/import-refused")
    class RefusedRowsResource(MethodView):
        """The rows of a file that an import refuses."""

        @require("write")
        @blueprint.doc(operationId=f"listRefused{PLURALS[entity_type].capitalize()}")
        @blueprint.arguments(PreviewQuerySchema, location="query")
        @blueprint.doc(requestBody=_upload(entity_type))
        @blueprint.response(200, content_type=FORMATS["csv"].media_type, schema=_BINARY)
        def post(self, query: dict[str, Any]) -> Response:
            """Return the rows of a CSV file or an Excel workbook that an import refuses, as CSV with line and reason.

            Corrected, the file can be imported: the two columns in front are ignored.
            """
            workspace_slug = workspace_for(query.get("workspace_slug"))
            with ExitStack() as until_sent:
                refused = until_sent.enter_context(TemporaryFile())
                with _uploaded_file() as file:
                    options = _import_options(query)
                    refused.writelines(refused_csv(entity_type, file, workspace_slug=workspace_slug, options=options))
                refused.seek(0)
                until_sent.pop_all()
            headers = {"Content-Disposition": 'attachment; filename="refused.csv"'}
            return Response(_blocks_of(refused), mimetype=FORMATS["csv"].media_type, headers=headers)


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
        @blueprint.arguments(FieldUndoQuerySchema, location="query")
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


def _import(entity_type: EntityType, query: dict[str, Any]) -> dict[str, Any]:
    workspace_slug = workspace_for(query.get("workspace_slug"))
    with _uploaded_file() as file:
        if not query["dry_run"]:
            check_writable()
        report = import_csv(
            entity_type,
            file,
            workspace_slug=workspace_slug,
            replaces_names=query["replace_names"],
            is_dry_run=query["dry_run"],
            options=_import_options(query),
            listing=Listing(query.get("list_name"), _file_name(), caller_name()),
        )
    columns = [{"header": header, "field": field} for header, field in report.columns]
    return {**asdict(report), "columns": columns}


def _export(entity_type: EntityType, file_format: str, query: dict[str, Any]) -> Response:
    workspace_slug = workspace_for(query.get("workspace_slug"))
    blocks = export_entities(
        entity_type,
        file_format,
        workspace_slug=workspace_slug,
        only_ready=query.get("ready", False),
        list_id=_list_id(entity_type, workspace_slug, query.get("list_name")),
    )
    headers = {"Content-Disposition": f'attachment; filename="{PLURALS[entity_type]}.{file_format}"'}
    media_type = FORMATS[file_format].media_type
    return Response(stream_with_context(unbroken(blocks)), mimetype=media_type, headers=headers)


def _list_id(entity_type: EntityType, workspace_slug: str, reference: str | None) -> str | None:
    """Return the id of the list that is named. Raises `ListNotFound` or `Invalid`."""
    if reference is None:
        return None
    return find_list(reference, workspace_slug=workspace_slug, entity_type=entity_type).id


def _possible_id(entity_id: str) -> str:
    """Return a valid id. An invalid one is not found, like any other that does not exist."""
    if not is_entity_id(entity_id):
        raise EntityNotFound
    return entity_id


@contextmanager
def _uploaded_file() -> Iterator[BinaryIO]:
    """Yield the uploaded file once all of it has arrived: nothing is stored of one that breaks off.

    Raises 400, 413, 415, or `Invalid` if a form has no file.
    """
    request.max_content_length = config().IMPORT_MAX_MEGABYTES * _MEGABYTE
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Expected a body without content encoding.")
    if request.mimetype in _FILES:
        # On disk from a megabyte on, as Werkzeug keeps the files of a form.
        with SpooledTemporaryFile(max_size=_MEGABYTE) as file:
            copyfileobj(request.stream, file)
            file.seek(0)
            yield cast(BinaryIO, file)
        return
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Expected a body of type text/csv or an Excel workbook, or a form with a file.")
    if set(request.form) - {"mapping"} or set(request.files) != {"file"} or len(request.files.getlist("file")) != 1:
        _refuse_form()
    yield cast(BinaryIO, request.files["file"].stream)


def _import_options(query: dict[str, Any]) -> ImportOptions:
    """Return how the file of the current request is read. Raises `Invalid`."""
    try:
        mapped = read_mapping(query.get("map", ()))
    except ValueError as error:
        raise Invalid("The query is not valid.", details=[detail("map", str(error))]) from error
    whole = _whole_mapping()
    if whole is not None and mapped:
        rule = "expected either it or the form's mapping"
        raise Invalid("The query is not valid.", details=[detail("map", rule)])
    return ImportOptions(
        query.get("encoding") or _charset(),
        whole or mapped,
        query["from_line"],
        config().ENRICH_TIME_BUDGET,
        query.get("sheet"),
        is_complete=whole is not None,
    )


def _whole_mapping() -> dict[str, str] | None:
    """Return the mapping of the form, if there is one. Raises `Invalid`."""
    text = request.form.get("mapping")
    if text is None:
        return None
    try:
        return read_whole_mapping(text)
    except ValueError as error:
        raise Invalid("The form is not valid.", details=[detail("mapping", str(error))]) from error


def _file_name() -> str | None:
    """Return what the form calls the uploaded file; a bare body has no name."""
    return request.files["file"].filename if "file" in request.files else None


def _charset() -> str | None:
    """Return the encoding that the upload's media type names."""
    if request.mimetype in _FILES:
        return request.mimetype_params.get("charset")
    return request.files["file"].mimetype_params.get("charset")


def _refuse_form() -> NoReturn:
    raise Invalid("The form is not valid.", details=[detail("file", "expected one file, and no field but mapping")])


def _blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file in blocks, and close it."""
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block


blueprints: Final = [_routes_of("person"), _routes_of("company")]
