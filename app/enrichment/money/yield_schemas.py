"""The public contract of yields: what providers gave for their money."""

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from app.enrichment.money.schemas import Day
from app.entities.schemas import ListName
from app.web.fields import Dollars, Instant, JobId, Schema, Slug

AS_OF: Final = "When they were worked out, if they are kept from then; null: for this answer."
PENDING: Final = "Whether newer ones, or those of more entities, are being worked out; the status is 202 then."


_DAYS: Final = frozenset({"from_", "to"})
_APART: Final = (
    ("job_id", _DAYS, "expected no days with it", "jobId"),
    ("list_name", _DAYS, "expected no days with it", "list"),
    ("list_name", frozenset({"job_id"}), "expected either a job or a list", "list"),
)
"""Fields, what none of them goes with, the message about that, and the key that it is about."""


class YieldQuerySchema(Schema):
    """Whose figures to show: one job's, those of a list, or those of a workspace over some days."""

    job_id = JobId(metadata={"description": "Those of one job, over all its days."})
    list_name = ListName(
        data_key="list", metadata={"description": "Those of the members of a list, by its name or id."}
    )
    workspace_slug = Slug()
    from_ = Day(data_key="from", metadata={"description": "The first day, UTC; 29 days before the last by default."})
    to = Day(metadata={"description": "The last day, UTC; today by default."})

    @ma.validates_schema
    def _check_scope(self, data: Mapping[str, Any], **_: Any) -> None:
        for name, others, message, key in _APART:
            if name in data and not others.isdisjoint(data):
                raise ma.ValidationError(message, key)


class FiguresSchema(Schema):
    """What calls came to. Rates are from 0 to 1."""

    calls = fields.Integer(required=True, metadata={"description": "Questions that were sent."})
    answers = fields.Integer(
        required=True, metadata={"description": "Questions that were answered, with something or with nothing."}
    )
    finds = fields.Integer(
        required=True, metadata={"description": "Answers that gave a wanted field which the entity lacked."}
    )
    rejected = fields.Integer(
        required=True, metadata={"description": "Of the finds: addresses that a verifier refused."}
    )
    overlaps = fields.Integer(
        required=True,
        metadata={"description": "Answers with something of whom a provider ahead in the order had something too."},
    )
    find_rate = fields.Float(required=True, allow_none=True, metadata={"description": "Finds by answers."})
    conditional_find_rate = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "The same of entities of which everybody ahead had answered without giving all."},
    )
    cost_usd = Dollars(required=True, attribute="cost_micros")
    value_cost_usd = Dollars(
        required=True,
        allow_none=True,
        attribute="value_cost_micros",
        metadata={"description": "The cost by the finds that no verifier refused; null: there is none."},
    )
    p50_seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Half of the answers came within it, read off eight ranges of latency."},
    )
    p95_seconds = fields.Float(
        required=True, allow_none=True, metadata={"description": "The same of 95 in 100; 15 stands for 15 or more."}
    )


class StepYieldSchema(Schema):
    """The figures of one place in the order of jobs."""

    step = fields.Integer(
        required=True, allow_none=True, metadata={"description": "From 1; null: it verified or normalised."}
    )
    figures = fields.Nested(FiguresSchema, required=True)


class ProviderYieldSchema(Schema):
    """The figures of one provider."""

    provider = fields.String(required=True)
    figures = fields.Nested(FiguresSchema, required=True)
    steps = fields.List(fields.Nested(StepYieldSchema), required=True)


class YieldReportSchema(Schema):
    """What each provider gave for its money, and the total."""

    job_id = fields.String(required=True, allow_none=True, metadata={"format": "uuid"})
    list_id = fields.String(required=True, allow_none=True, metadata={"format": "uuid"})
    entities = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many members of the list were looked at."}
    )
    of_entities = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many members the list has."}
    )
    from_ = fields.Date(data_key="from", required=True, allow_none=True, attribute="first_day")
    to = fields.Date(required=True, allow_none=True, attribute="last_day")
    rows = fields.List(fields.Nested(ProviderYieldSchema), required=True)
    total = fields.Nested(FiguresSchema, required=True)
    calls_not_counted = fields.Integer(
        required=True,
        metadata={"description": "Calls of an older release, which did not count what came of them; in no figure."},
    )
    as_of = Instant(required=True, allow_none=True, metadata={"description": AS_OF})
    pending = fields.Boolean(required=True, attribute="is_pending", metadata={"description": PENDING})
