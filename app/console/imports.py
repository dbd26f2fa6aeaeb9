"""A file into people or companies: the file, what would become of it, and what has become of it.

Nothing is kept here between these steps: the file goes to the browser with the page, and comes back with its form.
"""

import binascii
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from flask import Response, request
from marshmallow import ValidationError, fields

from app.config import config
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.lists import asked_type
from app.console.workspaces import chosen_workspace
from app.db.session import check_writable, end_read
from app.entities.csv.accepted_headers import COMPANY, PERSON
from app.entities.csv.headers import ID_FIELD, IGNORE, KEEP
from app.entities.csv.import_report import ImportReport
from app.entities.csv.imports import import_csv
from app.entities.csv.listing import Listing
from app.entities.csv.opening import ImportOptions, NobodyIdentified
from app.entities.csv.preview import ImportPreview, MappingOrigin, preview_csv, use_of
from app.entities.csv.refused_rows import refused_csv
from app.entities.exports import FORMATS
from app.entities.fields import RAW_FIELDS
from app.errors import Invalid, ListNotFound, PayloadTooLarge
from app.values.entity_types import ENTITY_TYPES, EntityType
from app.web.api_keys import Scope
from app.web.auth import caller_name

MAX_BYTES: Final = 5 * 1024 * 1024
"""Of a file: it travels to the browser and back, a third longer as text. The command line and the API take more."""
_MAX_FORM_BYTES: Final = 8 * 1024 * 1024
_INCOMPLETE: Final = "The form is not complete. Choose the file again."
_MAPPING: Final = fields.Dict(keys=fields.String(), values=fields.String())
PASTED: Final = "pasted rows"
"""The file name of pasted rows."""
REFUSALS: Final = 10
"""Refused rows that a page names; the file that it offers has all of them."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, and what the form says of it. `seen` is the mapping that the user was shown the consequences of."""

    entity_type: EntityType
    workspace: str
    list_name: str
    file_name: str
    content: bytes
    options: ImportOptions
    seen: dict[str, str]

    def stream(self) -> BinaryIO:
        """Return the file, from its start."""
        return io.BytesIO(self.content)


@blueprint.get("/console/import")
@require(Scope.WRITE)
def import_form() -> Response:
    """Ask for a file."""
    return _form()


@blueprint.post("/console/import")
@require(Scope.WRITE)
def check_import() -> Response:
    """Show what would become of a file; nothing is written."""
    return _with_upload(_check)


@blueprint.post("/console/import/run")
@require(Scope.WRITE)
def run_import() -> Response:
    """Import a file as was shown, and say what became of it."""
    return _with_upload(_run)


@blueprint.post("/console/import/refused")
@require(Scope.WRITE)
def refused_rows() -> Response:
    """Send the rows of a file that an import refuses, each with its line and the reason."""
    return _with_upload(_refused)


def _with_upload(answer: Callable[[Upload], Response]) -> Response:
    """Answer a form with a file; if that cannot be used, ask for another and say why."""
    try:
        return answer(_upload())
    except (Invalid, ListNotFound, PayloadTooLarge) as error:
        return _form(error.message, status=error.status, details=error.details)


def _check(upload: Upload, problem: str | None = None, *, status: int = 200) -> Response:
    preview, why_nobody = _previewed(upload)
    end_read()
    report = preview.report
    return page(
        "import_check.html",
        status=status,
        upload=upload,
        preview=preview,
        report=report,
        problem=problem,
        is_anybody=why_nobody is None,
        obstacle=why_nobody or _obstacle(report),
        changes=report.created + report.updated,
        uses=_uses(upload.entity_type, preview.mapping.values()),
        identified_by=[column.header for column in preview.columns if column.identifies],
        **_file_fields(upload, preview.mapping),
    )


def _previewed(upload: Upload) -> tuple[ImportPreview, str | None]:
    """Return what would become of a file, and why that is nothing if its columns tell nobody apart."""

    def preview(options: ImportOptions) -> ImportPreview:
        return preview_csv(upload.entity_type, upload.stream(), workspace_slug=upload.workspace, options=options)

    try:
        return preview(upload.options), None
    except NobodyIdentified as error:
        uses = {column.header: use_of(column) for column in error.columns}
        # What is in the columns is no matter of what they mean. Without an id, nobody would get to see it and choose.
        mapped = {**dict.fromkeys(uses, KEEP), next(iter(uses)): ID_FIELD}
        read = preview(replace(upload.options, mapped=mapped, is_complete=True))
        columns = [replace(column, use=uses[column.header], identifies=False) for column in read.columns]
        origin: MappingOrigin = "caller" if upload.options.mapped else "headers"
        return replace(read, columns=columns, mapping=uses, mapping_from=origin), error.message


def _obstacle(report: ImportReport) -> str | None:
    """Return the sentence that says why a file is not imported, or None: it can be."""
    if report.stopped_at is not None:
        return "The file takes too long to read here. The command line takes any file."
    if not report.total:
        return "The file has no row below its header."
    if report.total == report.refused + report.conflicts:
        return "None of its rows can be imported."
    return None


def _run(upload: Upload) -> Response:
    if not upload.seen or upload.seen != upload.options.mapped:
        changed = "The columns mean something else now than what was counted. Look again, and import."
        return _check(upload, changed, status=409)
    check_writable()
    report = import_csv(
        upload.entity_type,
        upload.stream(),
        workspace_slug=upload.workspace,
        options=upload.options,
        listing=Listing(upload.list_name or None, upload.file_name or None, caller_name()),
    )
    return page("import_report.html", upload=upload, report=report, **_file_fields(upload, upload.seen))


def _refused(upload: Upload) -> Response:
    rows = refused_csv(upload.entity_type, upload.stream(), workspace_slug=upload.workspace, options=upload.options)
    # All of it at once: a file that takes too long is told before the answer begins.
    headers = {"Content-Disposition": 'attachment; filename="refused.csv"'}
    return Response(b"".join(rows), mimetype=FORMATS["csv"].media_type, headers=headers)


def _form(problem: str | None = None, *, status: int = 200, details: Sequence[dict[str, str]] = ()) -> Response:
    return page(
        "import.html",
        status=status,
        problem=problem,
        details=details,
        asked=request.values,
        entity_type=asked_type(),
        workspace=chosen_workspace(),
        types=ENTITY_TYPES,
        megabytes=MAX_BYTES // 1024**2,
        refusals=REFUSALS,
    )


def _upload() -> Upload:
    """Return what the form has. Raises `Invalid` and `PayloadTooLarge`."""
    # A form has as much as an import over HTTP may, so that a file that is too large here is told so in words.
    request.max_content_length = config().IMPORT_MAX_MEGABYTES * 1024**2
    request.max_form_memory_size = _MAX_FORM_BYTES
    name, content = _file()
    if len(content) > MAX_BYTES:
        raise PayloadTooLarge(
            f"The file is larger than {MAX_BYTES // 1024**2} MB, which is the most here. The command line and the API"
            " take larger ones."
        )
    if not content:
        raise Invalid("Choose a file, a CSV file, one with tabs or semicolons, or an Excel workbook; or paste rows.")
    form, seen = request.form, _seen()
    uses = form.getlist("use")
    if len(uses) not in {0, len(seen)}:
        raise Invalid(_INCOMPLETE)
    mapped = dict(zip(seen, uses, strict=True)) if uses else seen
    from_line = form.get("from_line", "1")
    options = ImportOptions(
        encoding=form.get("encoding", "").strip() or None,
        mapped=mapped,
        from_line=int(from_line[:9]) if from_line.isdecimal() else 1,
        seconds=config().ENRICH_TIME_BUDGET,
        sheet=form.get("sheet") or None,
        is_complete=bool(mapped),
    )
    return Upload(asked_type(), chosen_workspace(), form.get("list", "").strip(), name, content, options, seen)


def _file() -> tuple[str, bytes]:
    """Return the file's name and what is in it: from its field, as pasted, or as a page of ours had it."""
    file, pasted = request.files.get("file"), request.form.get("pasted", "")
    if file is not None and file.filename:
        return file.filename, file.stream.read(MAX_BYTES + 1)
    if pasted.strip():
        return PASTED, pasted.encode()
    try:
        return request.form.get("name", ""), urlsafe_b64decode(request.form.get("content", ""))
    except (binascii.Error, ValueError) as error:
        raise Invalid(_INCOMPLETE) from error


def _seen() -> dict[str, str]:
    """Return the mapping that the page had, by header in the file's order."""
    try:
        mapping: dict[str, str] = _MAPPING.deserialize(json.loads(request.form.get("seen", "{}")))
    except (ValueError, RecursionError, ValidationError) as error:
        raise Invalid(_INCOMPLETE) from error
    return mapping


def _file_fields(upload: Upload, mapping: dict[str, str]) -> dict[str, Any]:
    """Return what a page needs for its form to bring the file back."""
    # As JSON: a hidden field would not keep the line breaks of a header as they are.
    return {
        "content": urlsafe_b64encode(upload.content).decode(),
        "seen": json.dumps(mapping),
        "refusals": REFUSALS,
    }


def _uses(entity_type: EntityType, chosen: Any) -> list[str]:
    """Return what a column may become, beside `keep` and `ignore`: fields, and entries of those that have some."""
    entries = [path for path in (PERSON if entity_type == "person" else COMPANY) if "." in path]
    named = [ID_FIELD, *RAW_FIELDS[entity_type], *entries]
    return [*dict.fromkeys([*named, *(use for use in chosen if use not in {KEEP, IGNORE})])]
