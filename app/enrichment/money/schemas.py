"""The public contract of the routes about money: estimates, costs, and the providers it goes to."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from app.enrichment.money.reports import Group, parse_day
from app.enrichment.queue.schemas import MissingField, ProviderName, StaleVerdicts, WaterfallSchema, check_selection
from app.enrichment.waterfall.options import JobOptions
from app.entities.schemas import ListName
from app.models.provider_state import ProviderCondition
from app.providers.names import NAMES
from app.values.entity_types import ENTITY_TYPES
from app.web.fields import Choice, Dollars, EntityIds, Instant, JobId, QueryInteger, Schema, Slug, Text


class Day(fields.Date):
    """A day in UTC, `2026-11-30`, and in no other spelling."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        day = parse_day(value) if isinstance(value, str) else None
        if day is None:
            raise ma.ValidationError("expected a day such as 2026-11-30")
        return day


class CapSchema(Schema):
    """A cap; without a limit `capUsd` and `remainingUsd` are null."""

    scope = fields.String(required=True, metadata={"enum": ["overall", "workspace", "provider", "key", "job"]})
    workspace_slug = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Null: of all workspaces together, or of a key."},
    )
    provider = fields.String(required=True, allow_none=True, metadata={"description": "Of whose calls, if not of all."})
    key_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The API key of whose jobs it is, if it is a key's."}
    )
    cap_usd = Dollars(required=True, allow_none=True, attribute="cap_micros")
    spent_usd = Dollars(required=True, attribute="spent_micros")
    reserved_usd = Dollars(
        required=True, attribute="reserved_micros", metadata={"description": "For calls under way, at their dearest."}
    )
    remaining_usd = Dollars(required=True, allow_none=True, attribute="remaining_micros")


class EstimateRequestSchema(Schema):
    """A job that is not made: what it would be made of."""

    entity_type = Choice(ENTITY_TYPES, required=True)
    provider = ProviderName(required=True)
    entity_ids = EntityIds()
    list_name = ListName(
        data_key="list", metadata={"description": "In place of entityIds: those of a list, by name or id."}
    )
    missing = MissingField(metadata={"description": "Of a list: only those that have no value in this field."})
    stale_verdicts = StaleVerdicts()
    workspace_slug = Slug()
    waterfall = fields.Nested(WaterfallSchema, metadata={"description": "For the provider `waterfall`."})
    cap_usd = Dollars(metadata={"description": "The most that the job may spend."})

    @ma.validates_schema
    def _check_one_list(self, data: Mapping[str, Any], **_: Any) -> None:
        check_selection(data, ("entityIds", "list"))

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        options = JobOptions(**data.pop("waterfall", {}), cap_usd=data.pop("cap_usd", None))
        return {**data, "options": options}


class StepEstimateSchema(Schema):
    """What one provider would be asked, and for how much."""

    provider = fields.String(required=True)
    purpose = fields.String(required=True, metadata={"enum": ["step", "verify", "normalize"]})
    questions = fields.Integer(required=True, metadata={"description": "If nobody before it finds anything."})
    missing_input = fields.Integer(required=True, metadata={"description": "Entities that lack what it needs."})
    answered_before = fields.Integer(required=True, metadata={"description": "Entities it is not asked about again."})
    low_usd = Dollars(required=True, attribute="low_micros")
    high_usd = Dollars(required=True, attribute="high_micros")
    basis = fields.String(
        required=True,
        metadata={
            "enum": ["history", "list"],
            "description": "By what `likely` takes it: what it gave the workspace before, or its list price.",
        },
    )
    answers = fields.Integer(required=True, allow_none=True, metadata={"description": "In its history."})
    find_rate = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "In its history: the share of answers with a find, 0 to 1."},
    )


class LikelySchema(Schema):
    """What a job costs in nine cases of ten; `expectedUsd` is null if a provider is taken at its list price."""

    expected_usd = Dollars(required=True, allow_none=True, attribute="expected_micros")
    low_usd = Dollars(required=True, attribute="low_micros")
    high_usd = Dollars(required=True, attribute="high_micros")


class EstimateSchema(Schema):
    """What a job would cost, as a range, and which caps it would meet."""

    total = fields.Integer(required=True, metadata={"description": "Entities, each once, the next three included."})
    # marshmallow keeps `unknown` for itself.
    unknown_ = fields.Integer(
        data_key="unknown", attribute="unknown", required=True, metadata={"description": "Ids of no entity."}
    )
    excluded = fields.Integer(required=True)
    satisfied = fields.Integer(required=True, metadata={"description": "Entities that have all that is wanted."})
    duplicates = fields.Integer(required=True, metadata={"description": "Repeated ids."})
    low_usd = Dollars(
        required=True, attribute="low_micros", metadata={"description": "Charged however the first calls end."}
    )
    high_usd = Dollars(
        required=True, attribute="high_micros", metadata={"description": "If every entity asks everybody it can."}
    )
    likely = fields.Nested(
        LikelySchema,
        required=True,
        allow_none=True,
        metadata={"description": "By what its providers gave the workspace before; null: none answered often enough."},
    )
    steps = fields.List(fields.Nested(StepEstimateSchema), required=True)
    caps = fields.List(fields.Nested(CapSchema), required=True, metadata={"description": "Those with a limit."})
    warning = fields.String(required=True, allow_none=True, metadata={"description": "Which cap would stop it first."})


class SampledEstimateSchema(EstimateSchema):
    """An estimate that may be made of a sample: then its figures are about those of all, and its range is wider."""

    sampled = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many were looked at; null: all of them."}
    )


_HAS_MORE: Final = (
    "There may be more than those found. The figures are for all members of the list, the most that it can be; without"
    " a list, for those found."
)


class JobEstimateSchema(SampledEstimateSchema):
    """An estimate of a job whose entities may have to be searched for."""

    has_more = fields.Boolean(required=True, metadata={"description": _HAS_MORE})


class CostQuerySchema(Schema):
    """Which costs to add up: by default those of the last 30 days, by provider."""

    from_ = Day(data_key="from", metadata={"description": "The first day, UTC.", "example": "2026-10-01"})
    to = Day(metadata={"description": "The last day, UTC; by default today.", "example": "2026-10-31"})
    group_by = Choice(Group, load_default=Group.PROVIDER)
    workspace_slug = Slug()
    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = Text(min_length=1, max_length=200, metadata={"description": "The nextCursor of the page before."})


class CostCountsSchema(Schema):
    """What calls came to."""

    calls = fields.Integer(required=True, metadata={"description": "Paid questions, one for each entity."})
    charged_calls = fields.Integer(required=True)
    cost_usd = Dollars(required=True, attribute="cost_micros")
    in_doubt_usd = Dollars(
        required=True,
        attribute="in_doubt_micros",
        metadata={"description": "The part of the cost of which it is unknown whether it was charged."},
    )


class CostRowSchema(CostCountsSchema):
    """The costs of one provider, workspace, day or job."""

    key = fields.String(required=True, metadata={"description": "Its name, day or id, by `groupBy`."})


class CostReportSchema(Schema):
    """One page of costs, their total over all pages, and today's caps."""

    from_ = Day(data_key="from", required=True, attribute="first_day")
    to = Day(required=True, attribute="last_day")
    group_by = fields.String(required=True, attribute="group", metadata={"enum": [str(group) for group in Group]})
    rows = fields.List(fields.Nested(CostRowSchema), required=True, attribute="page.rows")
    next_cursor = fields.String(required=True, allow_none=True, attribute="page.next_cursor")
    total = fields.Nested(CostCountsSchema, required=True)
    caps = fields.List(fields.Nested(CapSchema), required=True)


class CapScopeSchema(Schema):
    """What a cap is of: a provider, a workspace, a provider in a workspace, or an API key alone."""

    provider = Choice(NAMES, metadata={"description": "Its calls, with those of its verifier."})
    workspace_slug = Slug()
    key_id = JobId(metadata={"description": "The id of an API key: the jobs that it makes."})

    @ma.validates_schema
    def _check_one(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("key_id" in data) is bool(data.keys() & {"provider", "workspace_slug"}):
            raise ma.ValidationError("expected keyId alone, or provider, workspaceSlug or both", "keyId")


class CapRequestSchema(CapScopeSchema):
    """A cap to set."""

    cap_usd = Dollars(required=True, metadata={"description": "Dollars a day (UTC)."})


class StoredCapSchema(Schema):
    """A cap that was set by hand, with what is spent under it today."""

    cap = fields.Nested(CapSchema, required=True)
    set_at = Instant(required=True)
    set_by = fields.String(
        required=True, metadata={"description": "An API key's or a user's name, or the command line."}
    )


class StoredCapListSchema(Schema):
    """One page of a list; `nextCursor` is null on the last."""

    caps = fields.List(fields.Nested(StoredCapSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class StoredCapQuerySchema(Schema):
    """Which page of the caps."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = Text(min_length=1, max_length=200, metadata={"description": "The nextCursor of the page before."})


class ProviderQuerySchema(Schema):
    """For which workspace's jobs; without, the caller's own or, if that is all of them, by the service's own keys."""

    workspace_slug = Slug()


class PriceSchema(Schema):
    """What one operation of a provider costs."""

    operation = fields.String(required=True)
    credits = fields.Float(required=True)
    usd = fields.Float(required=True)


class ProviderSchema(Schema):
    """How a provider stands."""

    name = fields.String(required=True)
    account = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The workspace whose own key it is asked with; null: the service's."},
    )
    is_verifier = fields.Boolean(required=True)
    entity_types = fields.List(fields.String(), required=True)
    missing = fields.String(
        required=True, allow_none=True, metadata={"description": "Which setting is missing; null: it can be used."}
    )
    is_available = fields.Boolean(required=True, metadata={"description": "Whether calls are made now."})
    condition = fields.String(required=True, metadata={"enum": [str(condition) for condition in ProviderCondition]})
    reason = fields.String(required=True, allow_none=True)
    since = Instant(required=True, allow_none=True)
    until = Instant(required=True, allow_none=True, metadata={"description": "When it is tried again."})
    failures = fields.Integer(required=True, metadata={"description": "Failed calls in a row."})
    blocked_until = Instant(required=True, allow_none=True, metadata={"description": "It asked to slow down."})
    limits = fields.String(required=True, metadata={"description": "As `5/s, 300/min, 2000/day, 15 at once`."})
    prices = fields.List(fields.Nested(PriceSchema), required=True)
    calls_under_way = fields.Integer(required=True)
    spent_today_usd = Dollars(required=True, attribute="spent_today_micros")


class ProviderListSchema(Schema):
    """All providers, then the verifiers."""

    providers = fields.List(fields.Nested(ProviderSchema), required=True)
