"""Webhooks in JSON."""

from marshmallow import fields

from app.web.fields import Choice, Instant, JobId, QueryInteger, Schema, Slug, Text
from app.webhooks.addresses import MAX_CHARACTERS
from app.webhooks.events import EventType


class WebhookSchema(Schema):
    """An endpoint without its secrets."""

    id = fields.String(required=True)
    workspace_slug = fields.String(
        required=True, allow_none=True, metadata={"description": "Null: it gets the events of all workspaces."}
    )
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True, allow_none=True, metadata={"description": "Null: all."})
    former_secret_until = Instant(
        required=True, allow_none=True, metadata={"description": "Until when a former secret signs too."}
    )
    disabled_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Since when nothing is sent: by hand, or it answered with 410."},
    )
    created_at = Instant(required=True)
    created_by = fields.String(required=True)


class NewWebhookSchema(WebhookSchema):
    """An endpoint with its secret, which is shown this once."""

    secret = fields.String(required=True, metadata={"description": "As Standard Webhooks' libraries take it."})


class WebhookRequestSchema(Schema):
    """An endpoint to make."""

    url = Text(required=True, min_length=1, max_length=MAX_CHARACTERS)
    workspace_slug = Slug()
    events = fields.List(Choice(EventType), metadata={"description": "All, if it is left out."})


class WebhookListQuerySchema(Schema):
    """Which endpoints to list: by default all that the caller may see."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})
    workspace_slug = Slug()


class WebhookListSchema(Schema):
    """One page of a list; `nextCursor` is null on the last."""

    webhooks = fields.List(fields.Nested(WebhookSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeliveryQuerySchema(Schema):
    """Which deliveries to list."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})


class DeliverySchema(Schema):
    """What became of one event at one endpoint."""

    event_id = fields.String(required=True)
    type = fields.String(required=True)
    job_id = fields.String(required=True, allow_none=True)
    created_at = Instant(required=True)
    tries = fields.Integer(required=True)
    next_at = Instant(required=True, allow_none=True, metadata={"description": "Null: delivered, or given up."})
    delivered_at = Instant(required=True, allow_none=True)
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)


class DeliveryListSchema(Schema):
    """One page of a list, the newest first; `nextCursor` is null on the last."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ResendQuerySchema(Schema):
    """What to send again: by default all that was given up."""

    event_id = JobId()


class ResentSchema(Schema):
    """How many events are sent again."""

    resent = fields.Integer(required=True)
