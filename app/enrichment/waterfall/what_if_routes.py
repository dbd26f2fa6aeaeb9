"""What-ifs over HTTP: another order or other fields, replayed over what providers have answered."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
from flask.views import MethodView
from marshmallow import fields

from app.enrichment.money.yield_schemas import AS_OF, PENDING, FiguresSchema, ProviderYieldSchema
from app.enrichment.waterfall.asked_figures import (
    Told,
    asked_what_if,
    asked_what_if_of_list,
    asked_what_if_of_workspace,
)
from app.entities.schemas import ListName
from app.values.entity_types import ENTITY_TYPES
from app.web.auth import DEFAULT_WORKSPACE, readable_workspace, require, visible_workspace
from app.web.blueprint import Blueprint
from app.web.fields import Choice, Dollars, Instant, Pattern, Schema, Slug

_NAMES: Final = re.compile(r"[A-Za-z_-]{1,64}(,[A-Za-z_-]{1,64}){0,19}")

_RETRY_SECONDS: Final = 3

blueprint = Blueprint(
    "what-if", __name__, url_prefix="/api/enrichment", description="Another waterfall, replayed over stored answers."
)


def with_status(told: Told) -> Any:
    """Return figures as a view does: with 202 and a time to ask again if newer ones are being worked out."""
    return (told, 202, {"Retry-After": str(_RETRY_SECONDS)}) if told.is_pending else told


class NamesOfQuery(Pattern):
    """Names in a query string, separated by commas."""

    def __init__(self, **options: Any) -> None:
        super().__init__(_NAMES, "expected names separated by commas", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return str(super()._deserialize(value, attr, data, **kwargs)).split(",")


class WhatIfQuerySchema(Schema):
    """What is to be another way than it was."""

    order = NamesOfQuery(
        metadata={"description": "Providers, in the order in which they are asked, separated by commas."}
    )
    until = NamesOfQuery(metadata={"description": "The fields that are wanted, separated by commas."})


class WhatIfOfManySchema(WhatIfQuerySchema):
    """Who is to walk: the members of a list, or a workspace's people or companies."""

    list_name = ListName(data_key="list", metadata={"description": "The members of a list, by its name or id."})
    entity_type = Choice(ENTITY_TYPES, metadata={"description": "All people or companies of the workspace."})
    workspace_slug = Slug()

    @ma.validates_schema
    def _check_scope(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("list_name" in data) == ("entity_type" in data):
            raise ma.ValidationError("expected either a list or a type of entity", "list")


class WhatIfSchema(Schema):
    """What would have come of a job, a list or a workspace, as far as it is known."""

    job_id = fields.String(required=True, allow_none=True, metadata={"format": "uuid"})
    list_id = fields.String(required=True, allow_none=True, metadata={"format": "uuid"})
    order = fields.List(fields.String(), required=True)
    until = fields.List(fields.String(), required=True)
    entities = fields.Integer(
        required=True, metadata={"description": "How many walked: of the first 5,000, those that are there."}
    )
    of_entities = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many the job or list has; null: a workspace."}
    )
    found = fields.Integer(required=True, metadata={"description": "Those that had all that is wanted in the end."})
    # marshmallow has a meaning of its own for the plain name.
    unknown_ = fields.Integer(
        data_key="unknown",
        attribute="unknown",
        required=True,
        metadata={"description": "Those whose walk came to a question that nobody has asked, and ended there."},
    )
    unknown_by_provider = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Who would have been asked it."},
    )
    cost_usd = Dollars(required=True, attribute="cost_micros")
    most_usd = Dollars(
        required=True,
        attribute="most_micros",
        metadata={"description": "The same if everything unknown cost as much as it can."},
    )
    rows = fields.List(fields.Nested(ProviderYieldSchema), required=True, attribute="report.rows")
    total = fields.Nested(FiguresSchema, required=True, attribute="report.total")
    as_of = Instant(required=True, allow_none=True, metadata={"description": AS_OF})
    pending = fields.Boolean(required=True, attribute="is_pending", metadata={"description": PENDING})


@blueprint.route("/jobs/<uuid:job_id>/what-if")
class WhatIfResource(MethodView):
    """What would have come of one job."""

    @require("read")
    @blueprint.doc(operationId="replayJob")
    @blueprint.arguments(WhatIfQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.may_be_pending(WhatIfSchema)
    @blueprint.response(200, WhatIfSchema)
    def get(self, query: dict[str, Any], job_id: UUID) -> Any:
        """Replay a waterfall in another order or for other fields over what its providers have answered.

        Nobody is called. A walk that comes to a question that nobody has asked ends there.
        """
        return with_status(asked_what_if(str(job_id), workspace_slug=visible_workspace(), **query))


@blueprint.route("/what-if")
class WhatIfOfManyResource(MethodView):
    """What would have come of a list or a workspace."""

    @require("read")
    @blueprint.doc(operationId="replayWaterfall")
    @blueprint.arguments(WhatIfOfManySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.may_be_pending(WhatIfSchema)
    @blueprint.response(200, WhatIfSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """Replay a waterfall over what providers answered last about the members of a list, or a workspace's entities.

        Each is as it was before anybody was asked about it. Nobody is called.
        """
        query["workspace_slug"] = readable_workspace(query.get("workspace_slug")) or DEFAULT_WORKSPACE
        if "list_name" in query:
            return with_status(asked_what_if_of_list(query.pop("list_name"), **query))
        return with_status(asked_what_if_of_workspace(query.pop("entity_type"), **query))
