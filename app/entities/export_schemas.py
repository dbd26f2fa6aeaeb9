"""Exports in the background, in JSON."""

from marshmallow import fields

from app.entities.exports import FORMATS
from app.entities.schemas import ListName
from app.models.export import ExportStatus
from app.values.entity_types import ENTITY_TYPES
from app.web.fields import Choice, Instant, JobId, QueryInteger, Schema, Slug, Switch


class ExportRequestSchema(Schema):
    """An export to be written in the background."""

    entity_type = Choice(ENTITY_TYPES, required=True)
    format = Choice(FORMATS, load_default="csv")
    list_name = ListName(data_key="list", metadata={"description": "Only those of this list, in its file's columns."})
    ready = Switch(
        load_default=False,
        metadata={"description": "Only people with an address that was verified within ENRICH_SUCCESS_TTL_DAYS."},
    )
    workspace_slug = Slug()


class ExportSchema(Schema):
    """An export, and how far it is."""

    id = fields.String(required=True, metadata={"format": "uuid"})
    workspace_slug = fields.String(required=True)
    entity_type = fields.String(required=True, metadata={"enum": list(ENTITY_TYPES)})
    format = fields.String(required=True, attribute="file_format", metadata={"enum": list(FORMATS)})
    list_id = fields.String(required=True, allow_none=True, metadata={"description": "Null: all of the workspace."})
    ready = fields.Boolean(required=True, attribute="only_ready")
    status = fields.String(
        required=True,
        metadata={
            "enum": list(ExportStatus),
            "description": "Waiting for whoever drives the queue, being written, there, or not to be had (any more).",
        },
    )
    entities_done = fields.Integer(
        required=True, metadata={"description": "How many were gone through; not all of them have a row."}
    )
    entities_total = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many there were when it was begun; null before."}
    )
    rows = fields.Integer(required=True, attribute="row_count", metadata={"description": "Of the file so far."})
    bytes = fields.Integer(
        required=True,
        allow_none=True,
        attribute="file_bytes",
        metadata={"description": "Of the file so far; null if it is made while it is sent."},
    )
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it has failed, or expired before its time."}
    )
    created_at = Instant(required=True)
    created_by = fields.String(
        required=True, metadata={"description": "An API key's or a user's name, or the command line."}
    )
    finished_at = Instant(required=True, allow_none=True)
    expires_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "From when on the file is gone; null until it is ready."},
    )


class ExportListQuerySchema(Schema):
    """Which exports to list: by default all that the caller may see."""

    limit = QueryInteger(minimum=1, maximum=200, load_default=50)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})
    workspace_slug = Slug()


class ExportListSchema(Schema):
    """One page of a list, the newest first; `nextCursor` is null on the last."""

    exports = fields.List(fields.Nested(ExportSchema), required=True, attribute="rows")
    next_cursor = fields.String(required=True, allow_none=True)
