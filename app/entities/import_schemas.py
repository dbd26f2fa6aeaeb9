"""The public contract of the routes that take files: what they are told, and what they report."""

from dataclasses import asdict
from typing import Any, Final

from marshmallow import fields

from app.entities.csv.headers import MAX_HEADER_CHARS
from app.entities.csv.preview import ImportPreview
from app.entities.schemas import ListName, UpsertCountsSchema, WorkspaceQuerySchema
from app.values.spellings import camel_case
from app.web.fields import EntityId, Flag, QueryInteger, Schema, Text

MAX_SHEET_NAME: Final = 100
_FIRST_100: Final = {"description": "The first 100."}


class PreviewQuerySchema(WorkspaceQuerySchema):
    """How a file is read."""

    replace_names = Flag(
        load_default=False,
        metadata={"description": "A row with an id replaces the entity of that id even if it bears another name."},
    )
    encoding = Text(
        max_length=40,
        metadata={
            "description": "What the letters are in, such as windows-1251; it stands above the upload's charset."
        },
    )
    map = fields.List(
        Text(max_length=MAX_HEADER_CHARS + 100),
        metadata={
            "description": "Which field a column fills, `Column=field`, one parameter each. `keep` keeps its cells"
            " beside the fields, `ignore` leaves them out."
        },
    )
    sheet = Text(
        max_length=MAX_SHEET_NAME,
        metadata={"description": "Which sheet of a workbook is read; without, the first that is not hidden."},
    )
    from_line = QueryInteger(
        minimum=1,
        maximum=999_999_999,
        load_default=1,
        metadata={"description": "Leaves out the rows above this line: `stoppedAt` of an import that ran out of time."},
    )


class ImportQuerySchema(PreviewQuerySchema):
    """How a file is imported."""

    list_name = ListName(
        data_key="list",
        metadata={
            "description": "The name or id of the list to add the rows to; one that there is not yet is made."
            " Without it a new list is made, called as the file is."
        },
    )
    dry_run = Flag(load_default=False, metadata={"description": "Say what would become of the file, write nothing."})


class RefusalSchema(Schema):
    """A row that was not imported."""

    line = fields.Integer(required=True, metadata={"description": "Where it starts in the file, from 1."})
    reason = fields.String(required=True)


class ImportColumnSchema(Schema):
    """A column of the file."""

    header = fields.String(required=True)
    field = fields.Function(
        lambda column: column["field"] and camel_case(column["field"]),
        required=True,
        metadata={"type": ["string", "null"], "description": "The field it fills; null where there is none."},
    )


class SharedKeySchema(Schema):
    """A row that shares a key, or its id, with an entity of another name."""

    line = fields.Integer(required=True)
    id = EntityId(required=True, metadata={"description": "Under which the row is stored, or would have been."})
    shared_with = EntityId(required=True, metadata={"description": "The entity of the other name."})


class ReplacementSchema(Schema):
    """A row that put values in the place of others; the history of the entity has those."""

    line = fields.Integer(required=True)
    id = EntityId(required=True)
    fields_ = fields.Function(
        lambda replacement: [camel_case(name) for name in replacement["fields"]],
        data_key="fields",
        required=True,
        metadata={"type": "array", "items": {"type": "string"}},
    )


class RemarkSchema(Schema):
    """What is to be said of a cell of a row that was read."""

    line = fields.Integer(required=True)
    column = fields.String(required=True)
    text = fields.String(required=True)


class ImportReportSchema(UpsertCountsSchema):
    """What became of a file; `total` is the sum of `created`, `updated`, `unchanged`, `refused` and `conflicts`."""

    total = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    conflicts = fields.Integer(
        required=True, metadata={"description": "Rows left out because an entity of another name has their id."}
    )
    kept_apart = fields.Integer(
        required=True,
        metadata={"description": "Rows stored on their own: somebody of another name has the same address or host."},
    )
    replaced = fields.Integer(required=True, metadata={"description": "Rows that replaced a value."})
    refusals = fields.List(fields.Nested(RefusalSchema), required=True, metadata=_FIRST_100)
    conflict_rows = fields.List(fields.Nested(SharedKeySchema), required=True, metadata=_FIRST_100)
    apart_rows = fields.List(fields.Nested(SharedKeySchema), required=True, metadata=_FIRST_100)
    replacements = fields.List(fields.Nested(ReplacementSchema), required=True, metadata=_FIRST_100)
    columns = fields.List(fields.Nested(ImportColumnSchema), required=True)
    encoding = fields.String(required=True, metadata={"description": "`xlsx` of a workbook."})
    delimiter = fields.String(required=True, metadata={"description": "Empty of a workbook."})
    sheet = fields.String(
        required=True, allow_none=True, metadata={"description": "The sheet that was read; null of a CSV file."}
    )
    remarked = fields.Integer(required=True, metadata={"description": "Cells that a remark was made about."})
    remarks = fields.List(fields.Nested(RemarkSchema), required=True, metadata=_FIRST_100)
    guessed = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Some words of a file whose encoding was guessed; null if it was not."},
    )
    stopped_at = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The line to go on from, by `fromLine`, if the time was over before the file's end."},
    )
    list_id = fields.String(
        required=True, allow_none=True, metadata={"format": "uuid", "description": "The list that the rows are in."}
    )
    list_name = fields.String(required=True, allow_none=True)
    dry_run = fields.Boolean(required=True, attribute="is_dry_run", metadata={"description": "Nothing was written."})


class ColumnPreviewSchema(Schema):
    """A column of a file: what would become of it, and what is in it."""

    header = fields.String(required=True)
    use = fields.Function(
        lambda column: camel_case(column["use"]),
        required=True,
        metadata={"type": "string", "description": "The field that it fills, `keep` or `ignore`."},
    )
    identifies = fields.Boolean(required=True, metadata={"description": "Rows are recognised by it."})
    samples = fields.List(fields.String(), required=True, metadata={"description": "Up to three of its values."})
    filled = fields.Integer(required=True, metadata={"description": "Rows that have something in it."})
    percent = fields.Float(required=True, metadata={"description": "Of all rows, 0 to 100, one decimal."})
    distinct = fields.Integer(
        required=True, metadata={"description": "Values, each once; exact up to 2,048, right to about 3 % beyond."}
    )


class ImportPreviewSchema(ImportReportSchema):
    """What would become of a file, with what is in its columns; nothing was written."""

    columns = fields.List(fields.Nested(ColumnPreviewSchema), required=True)
    tool = fields.String(required=True, allow_none=True, metadata={"description": "Whose export it is, if known."})
    duplicates = fields.Integer(
        required=True, metadata={"description": "Rows about an entity that an earlier row of the file is about."}
    )
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "For each column a field, `keep` or `ignore`, as an import takes it."},
    )
    mapping_from = fields.String(
        required=True,
        metadata={
            "enum": ["caller", "remembered", "headers"],
            "description": "Who says so: the caller, an import of a file with the same headers, or the headers.",
        },
    )


def preview_answer(preview: ImportPreview) -> dict[str, Any]:
    """Return a preview in the shape of `ImportPreviewSchema`."""
    told = asdict(preview)
    mapping = {header: camel_case(use) for header, use in preview.mapping.items()}
    return {**told.pop("report"), **told, "mapping": mapping}
