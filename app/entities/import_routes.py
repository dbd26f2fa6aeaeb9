"""Files into people and companies over HTTP: preview, import, and the rows that were refused."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, Any, BinaryIO, Final, NoReturn, cast

from flask import Response, request
from flask.views import MethodView

from app.config import config
from app.db.session import check_writable
from app.entities.csv.headers import read_mapping, read_whole_mapping
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.csv.opening import ImportOptions
from app.entities.csv.preview import preview_csv
from app.entities.csv.refused_rows import refused_csv
from app.entities.exports import FORMATS
from app.entities.import_schemas import (
    ImportPreviewSchema,
    ImportQuerySchema,
    ImportReportSchema,
    PreviewQuerySchema,
    preview_answer,
)
from app.errors import Invalid, UnsupportedMediaType, detail
from app.values.entity_types import PLURALS, EntityType
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


def add_import_routes(blueprint: Blueprint, entity_type: EntityType) -> None:
    """Add the routes of one entity type; their schemas differ."""
    _add_import(blueprint, entity_type)
    _add_preview(blueprint, entity_type)
    _add_refused(blueprint, entity_type)


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
