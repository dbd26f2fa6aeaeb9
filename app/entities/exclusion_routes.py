"""Exclusions over HTTP: list, add, remove."""

from typing import Any, Final

from flask.views import MethodView
from marshmallow import fields, validate

from app.entities import exclusions
from app.entities.exclusions import ExclusionCounts
from app.entities.schemas import WorkspaceQuerySchema
from app.errors import NotFound
from app.models.exclusion import ExclusionKind
from app.web.auth import require, workspace_for
from app.web.blueprint import Blueprint
from app.web.fields import Choice, Instant, QueryInteger, Schema, Slug, Text

MAX_VALUES: Final = 10_000
MAX_VALUE_CHARS: Final = 2_000

_VALUE: Final = {
    "in": "path",
    "name": "value",
    "description": "The domain or address; slashes in it may be written as they are.",
    "schema": {"type": "string"},
}

blueprint = Blueprint(
    "exclusions",
    __name__,
    url_prefix="/api/enrichment/exclusions",
    description="Domains and addresses that are never enriched and never exported.",
)


class ExclusionSchema(Schema):
    """A domain, which stands for everything below it, or an e-mail address."""

    kind = Choice(ExclusionKind, required=True)
    value = fields.String(required=True)
    created_at = Instant(required=True)


class ExclusionListSchema(Schema):
    """One page of a list; `nextCursor` is null on the last."""

    exclusions = fields.List(fields.Nested(ExclusionSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ExclusionListQuerySchema(Schema):
    """Which exclusions to list."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = Text(min_length=1, max_length=320, metadata={"description": "The nextCursor of the page before."})
    workspace_slug = Slug()


class ExclusionRequestSchema(Schema):
    """What to exclude: a value with an @ is an address, any other a domain, of which a URL will do."""

    values = fields.List(
        Text(min_length=1, max_length=MAX_VALUE_CHARS),
        required=True,
        validate=validate.Length(1, MAX_VALUES, error=f"expected 1 to {MAX_VALUES} values"),
    )
    workspace_slug = Slug()


class ExclusionCountsSchema(Schema):
    """What became of the values; they add up to the values given."""

    created = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)


@blueprint.route("")
class ExclusionCollection(MethodView):
    """The exclusions of a workspace."""

    @require("read")
    @blueprint.doc(operationId="listExclusions")
    @blueprint.arguments(ExclusionListQuerySchema, location="query")
    @blueprint.response(200, ExclusionListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List domains by name, then addresses, page by page."""
        page = exclusions.list_(workspace_for(query.pop("workspace_slug", None)), **query)
        return {"exclusions": page.rows, "next_cursor": page.next_cursor}

    @require("write")
    @blueprint.doc(operationId="addExclusions")
    @blueprint.arguments(ExclusionRequestSchema, example={"values": ["example.com", "name@example.com"]})
    @blueprint.response(200, ExclusionCountsSchema)
    def post(self, body: dict[str, Any]) -> ExclusionCounts:
        """Exclude domains and addresses, at most 10,000 a call; all are stored, or none."""
        return exclusions.add(body["values"], workspace_for(body.get("workspace_slug")))


@blueprint.route("/<path:value>", parameters=[_VALUE])
class ExclusionResource(MethodView):
    """One exclusion."""

    @require("write")
    @blueprint.doc(operationId="removeExclusion")
    @blueprint.arguments(WorkspaceQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], value: str) -> None:
        """Take one back."""
        workspace_slug = workspace_for(query.get("workspace_slug"))
        spelling = exclusions.normalized(value)
        # A value that cannot be an exclusion is unknown, like any other that is none.
        if spelling is None or not exclusions.remove([spelling], workspace_slug):
            raise NotFound("There is no such exclusion.")
