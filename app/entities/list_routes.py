"""Lists over HTTP: make, look, rename, delete, and how much is known of their members."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import url_for
from flask.views import MethodView
from marshmallow import ValidationError, fields, validates_schema

from app.config import config
from app.db.pages import Page
from app.entities import lists
from app.entities.coverage import Coverage, count_coverage, get_coverage
from app.entities.lists import ListView, NewList
from app.models.entity_list import MAX_NAME_CHARS
from app.values.entity_types import ENTITY_TYPES
from app.values.spellings import camel_case
from app.web.auth import caller_name, readable_workspace, require, visible_workspace, workspace_for
from app.web.blueprint import Blueprint
from app.web.fields import Choice, EntityIds, Instant, JobId, QueryInteger, Schema, Slug, Text

blueprint = Blueprint("lists", __name__, url_prefix="/api/lists", description="Lists of people and of companies.")

_EXAMPLE: Final = {"entityType": "person", "name": "Berlin, spring", "entityIds": ["p1", "p2"]}
_LOCATION: Final = {
    "Location": {"schema": {"type": "string"}, "description": "The path of the list.", "required": True}
}


class ListSchema(Schema):
    """A list: what it was made of, and how many are in it."""

    id = fields.String(required=True, metadata={"format": "uuid"})
    workspace_slug = fields.String(required=True)
    entity_type = fields.String(required=True, metadata={"enum": list(ENTITY_TYPES)})
    name = fields.String(required=True)
    file_name = fields.String(required=True, allow_none=True, metadata={"description": "Of the file that made it."})
    tool = fields.String(
        required=True, allow_none=True, metadata={"description": "Whose export the file is, if its headers tell."}
    )
    made_by = fields.String(
        required=True, metadata={"description": "An API key's or a user's name, or the command line."}
    )
    rows = fields.Integer(
        required=True,
        attribute="row_count",
        metadata={"description": "Rows of files that were imported into it, without those that were refused."},
    )
    entities = fields.Integer(required=True, attribute="entity_count", metadata={"description": "Its members."})
    created_at = Instant(required=True)
    changed_at = Instant(required=True, metadata={"description": "When members last came or went."})


class NewListSchema(ListSchema):
    """A list that was made."""

    left_out = fields.Integer(required=True, metadata={"description": "Ids that are unknown, or were given twice."})


class ListPageSchema(Schema):
    """One page of lists, the newest first."""

    lists = fields.List(fields.Nested(ListSchema), required=True, attribute="rows")
    next_cursor = fields.String(required=True, allow_none=True)


class ListPageQuerySchema(Schema):
    """Which lists to show."""

    entity_type = Choice(ENTITY_TYPES)
    limit = QueryInteger(minimum=1, maximum=200, load_default=50)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})
    workspace_slug = Slug()


class NewListRequestSchema(Schema):
    """A list to make, of the entities with these ids; without ids an empty one, to be imported into."""

    entity_type = Choice(ENTITY_TYPES, required=True)
    name = Text(required=True, min_length=1, max_length=MAX_NAME_CHARS)
    entity_ids = EntityIds()
    workspace_slug = Slug()

    @validates_schema
    def _check_ids(self, data: Mapping[str, Any], **_: Any) -> None:
        if "entity_ids" in data and not data["entity_ids"]:
            raise ValidationError("expected at least one id; without entityIds the list is empty", "entityIds")


class ListNameSchema(Schema):
    """The new name of a list."""

    name = Text(required=True, min_length=1, max_length=MAX_NAME_CHARS)


class FieldCoverageSchema(Schema):
    """How many members have a value in a field."""

    field = fields.Function(lambda coverage: camel_case(coverage.field), required=True, metadata={"type": "string"})
    filled = fields.Integer(required=True)
    percent = fields.Float(required=True, metadata={"description": "0 to 100, one decimal."})


class CoverageSchema(Schema):
    """How much is known of a list, as it was counted last; before the first count there are no fields."""

    list_id = fields.String(required=True, metadata={"format": "uuid"})
    entities = fields.Integer(required=True, metadata={"description": "The members that it was counted over."})
    counted_at = Instant(required=True, allow_none=True)
    counting = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Members that a count which is not at its end has been through; null without one."},
    )
    fields_ = fields.List(
        fields.Nested(FieldCoverageSchema),
        required=True,
        data_key="fields",
        attribute="fields",
        metadata={"description": "The fullest first."},
    )


@blueprint.route("")
class ListCollection(MethodView):
    """The lists of a workspace."""

    @require("read")
    @blueprint.doc(operationId="listLists")
    @blueprint.arguments(ListPageQuerySchema, location="query")
    @blueprint.response(200, ListPageSchema)
    def get(self, query: dict[str, Any]) -> Page[ListView]:
        """Show lists, the newest first."""
        return lists.list_lists(workspace_slug=readable_workspace(query.pop("workspace_slug", None)), **query)

    @require("write")
    @blueprint.doc(operationId="createList")
    @blueprint.arguments(NewListRequestSchema, example=_EXAMPLE)
    @blueprint.refuses(409)
    @blueprint.response(201, NewListSchema, headers=_LOCATION)
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make a list of entities that are there; an import makes its own."""
        new = NewList(body["entity_type"], workspace_for(body.get("workspace_slug")), body["name"], caller_name())
        view, left_out = lists.create_list(new, body.get("entity_ids", ()))
        told = {**{name: getattr(view, name) for name in ListView.__dataclass_fields__}, "left_out": left_out}
        return told, 201, {"Location": url_for(".ListResource", list_id=view.id)}


@blueprint.route("/<uuid:list_id>")
class ListResource(MethodView):
    """One list."""

    @require("read")
    @blueprint.doc(operationId="getList")
    @blueprint.refuses(404)
    @blueprint.response(200, ListSchema)
    def get(self, list_id: UUID) -> ListView:
        """Show a list. Its members are shown by the lists of people and companies, with `list`."""
        return lists.get_list(str(list_id), workspace_slug=visible_workspace())

    @require("write")
    @blueprint.doc(operationId="renameList")
    @blueprint.arguments(ListNameSchema, example={"name": "Berlin, autumn"})
    @blueprint.refuses(404, 409)
    @blueprint.response(200, ListSchema)
    def patch(self, body: dict[str, Any], list_id: UUID) -> ListView:
        """Give it another name."""
        return lists.rename_list(str(list_id), body["name"], workspace_slug=visible_workspace())

    @require("write")
    @blueprint.doc(operationId="deleteList")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, list_id: UUID) -> None:
        """Delete it, and none of its members."""
        lists.delete_list(str(list_id), workspace_slug=visible_workspace())


@blueprint.route("/<uuid:list_id>/coverage")
class ListCoverageResource(MethodView):
    """How much is known of a list."""

    @require("read")
    @blueprint.doc(operationId="getListCoverage")
    @blueprint.refuses(404)
    @blueprint.response(200, CoverageSchema)
    def get(self, list_id: UUID) -> Coverage:
        """Show the share of members that have a value, by field, as it was counted last."""
        return get_coverage(str(list_id), workspace_slug=visible_workspace())

    @require("write")
    @blueprint.doc(operationId="countListCoverage")
    @blueprint.refuses(404)
    @blueprint.response(200, CoverageSchema)
    def post(self, list_id: UUID) -> Coverage:
        """Count it anew.

        The call ends in time: where `counting` is not null it came to that many members, and the next call goes on.
        """
        seconds = config().ENRICH_TIME_BUDGET
        return count_coverage(str(list_id), workspace_slug=visible_workspace(), seconds=seconds)
