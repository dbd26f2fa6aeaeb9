"""The audit log over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import fields

from app.audit.reading import INSTANT_RULE, list_events, parse_instant
from app.models.audit_event import Action, ActorKind
from app.web.auth import readable_workspace, require
from app.web.blueprint import Blueprint
from app.web.fields import Choice, Instant, JobId, QueryInteger, Schema, Slug, Text

blueprint = Blueprint(
    "audit", __name__, url_prefix="/api/audit", description="The audit log: who changed what, and when."
)


class _Moment(fields.DateTime):
    """An instant with its zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        instant = parse_instant(value) if isinstance(value, str) else None
        if instant is None:
            raise ma.ValidationError(f"expected {INSTANT_RULE}")
        return instant


class AuditEventSchema(Schema):
    """One change, with what stood there before and after."""

    id = fields.String(required=True)
    at = Instant(required=True)
    workspace_slug = fields.String(
        required=True, allow_none=True, metadata={"description": "Null: it concerns all workspaces."}
    )
    actor_kind = fields.String(required=True, metadata={"enum": [*ActorKind]})
    actor_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The id of the API key or user, or the system's account that ran the command."},
    )
    action = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True, allow_none=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)


class AuditEventListSchema(Schema):
    """One page of a list; `nextCursor` is null on the last."""

    events = fields.List(fields.Nested(AuditEventSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AuditEventQuerySchema(Schema):
    """Which events to list: by default all that the caller may see."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})
    workspace_slug = Slug()
    action = Choice(Action)
    actor_id = Text(min_length=1, max_length=64)
    subject_id = Text(min_length=1, max_length=128)
    since = _Moment(metadata={"description": "The earliest instant."})
    until = _Moment(metadata={"description": "The first instant that is too late."})


@blueprint.route("")
class AuditEventCollection(MethodView):
    """The events."""

    @require("admin")
    @blueprint.doc(operationId="listAuditEvents")
    @blueprint.arguments(AuditEventQuerySchema, location="query")
    @blueprint.response(200, AuditEventListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List who changed what, the newest first, page by page."""
        page = list_events(workspace_slug=readable_workspace(query.pop("workspace_slug", None)), **query)
        return {"events": page.rows, "next_cursor": page.next_cursor}
