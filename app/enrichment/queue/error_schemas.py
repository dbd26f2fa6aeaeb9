"""The public contract of the routes about errors, and about retries of what failed."""

import re
from typing import Any

from marshmallow import fields, post_load

from app.enrichment.queue.child_jobs import RetryFilter
from app.web.fields import EntityId, Flag, Instant, Pattern, QueryInteger, Schema, Slug


class ErrorCode(Pattern):
    """The code of an error: lower-case words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(re.compile("[a-z0-9_]{1,64}"), "expected the code of an error, such as transient", **options)


class ErrorKindQuerySchema(Schema):
    """Errors of which kind; without, all."""

    code = ErrorCode(metadata={"description": "Only errors of this code."})
    provider = Slug(metadata={"description": "Only errors that this provider's answers led to."})


class RetryFilterSchema(Schema):
    """Which entities a retry takes: failed ones by code and provider, or held ones."""

    code = fields.String()
    provider = fields.String()
    held = fields.Boolean()


class RetryQuerySchema(ErrorKindQuerySchema):
    """Which entities to retry; without, all that failed, are held or were never reached."""

    held = Flag(load_default=False, metadata={"description": "Only held entities: it may be paying again."})

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> RetryFilter:
        return RetryFilter(data.get("code"), data.get("provider"), data["held"])


class EntityErrorQuerySchema(ErrorKindQuerySchema):
    """Which of a job's errors to list."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = Pattern(
        re.compile("[0-9]{1,18}"),
        "expected a cursor that an earlier page gave",
        metadata={"description": "The X-Next-Cursor of the page before."},
    )


class EntityErrorSchema(Schema):
    """One failed entity; the id `system` stands for a chunk that broke as a whole."""

    entity_id = EntityId(required=True)
    error = fields.String(required=True)
    code = fields.String(required=True)
    at = Instant(required=True)


class ErrorKindSchema(Schema):
    """How many errors there are of one code and provider."""

    code = fields.String(required=True)
    provider = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Whose answers they were; null: nobody's, or those of several."},
    )
    count = fields.Integer(required=True)


class ErrorSummarySchema(Schema):
    """A job's errors by kind, the most frequent first, and its held entities."""

    job_id = fields.String(required=True, metadata={"format": "uuid"})
    total = fields.Integer(required=True, metadata={"description": "All errors."})
    kinds = fields.List(fields.Nested(ErrorKindSchema), required=True)
    held = fields.Integer(required=True, metadata={"description": "It is unknown whether a call was paid."})
    held_accepted_at = Instant(
        required=True, allow_none=True, metadata={"description": "When it was accepted that they stay as they are."}
    )
