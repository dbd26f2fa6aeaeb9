"""The public contract of pilots: what came of one, and what that says of the rest of its list."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load

from app.config import micros
from app.enrichment.queue.stop_rules import DEFAULT_LAST, LEAST_LAST, MOST_LAST, StopRule
from app.web.fields import Dollars, Pattern, QueryInteger, Schema


class NumberIntervalSchema(Schema):
    """An expected number, and the ends between which it lies in nine cases of ten."""

    expected = fields.Float(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)


class DollarIntervalSchema(Schema):
    """An expected amount, and the ends between which it lies in nine cases of ten."""

    expected_usd = Dollars(required=True, attribute="expected")
    low_usd = Dollars(required=True, attribute="low")
    high_usd = Dollars(required=True, attribute="high")


class PilotSchema(Schema):
    """What came of a pilot so far, and what that says of the rest of its list."""

    job_id = fields.String(required=True, attribute="job.id", metadata={"format": "uuid"})
    status = fields.String(required=True, attribute="job.status")
    seed = fields.Integer(required=True, attribute="pilot.seed")
    total = fields.Integer(required=True, attribute="job.total", metadata={"description": "Entities of the pilot."})
    decided = fields.Integer(required=True)
    answered = fields.Integer(
        required=True, metadata={"description": "Those of the decided that neither failed nor are held."}
    )
    hits = fields.Integer(
        required=True, metadata={"description": "Those of them for which the job wrote a field that it is for."}
    )
    hit_rate = fields.Float(required=True, allow_none=True, metadata={"description": "Of the answered, 0 to 1."})
    verified = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Hits with a valid address; null: it finds none."}
    )
    verified_rate = fields.Float(required=True, allow_none=True, metadata={"description": "Of the hits, 0 to 1."})
    cost_usd = Dollars(required=True, attribute="job.cost_micros")
    cost_per_hit_usd = Dollars(required=True, allow_none=True, attribute="cost_per_hit_micros")
    rest = fields.Integer(
        required=True, attribute="pilot.rest_count", metadata={"description": "Entities left for later."}
    )
    idle = fields.Integer(
        required=True,
        attribute="pilot.idle_count",
        metadata={"description": "Those of them that cost nothing for certain."},
    )
    rest_cost = fields.Nested(DollarIntervalSchema, required=True, allow_none=True)
    rest_hits = fields.Nested(NumberIntervalSchema, required=True, allow_none=True)
    total_cost = fields.Nested(
        DollarIntervalSchema, required=True, allow_none=True, metadata={"description": "The pilot included."}
    )
    cost_per_hit = fields.Nested(
        DollarIntervalSchema,
        required=True,
        allow_none=True,
        metadata={"description": "In the whole list; null: nobody has been found."},
    )
    why_no_projection = fields.String(required=True, allow_none=True, attribute="why_none")
    continued_job_id = fields.String(
        required=True,
        allow_none=True,
        attribute="pilot.continued_job_id",
        metadata={"description": "The job of the rest."},
    )


class QueryNumber(Pattern):
    """A number in a query, in digits."""

    number: type[Decimal | float]
    """What the digits become."""

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Read the digits."""
        loaded = super().deserialize(value, *args, **kwargs)
        return self.number(loaded) if isinstance(loaded, str) else loaded


class QueryDollars(QueryNumber):
    """An amount of dollars in a query, in digits."""

    number = Decimal

    def __init__(self, **options: Any) -> None:
        rule = "expected an amount of dollars in digits, such as 10 or 2.50"
        super().__init__(re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?"), rule, **options)


class QueryShare(QueryNumber):
    """A share in a query, above 0 and at most 1."""

    number = float

    def __init__(self, **options: Any) -> None:
        super().__init__(
            re.compile(r"0?\.[0-9]{1,6}|1"), "expected a share above 0, at most 1, such as 0.25", **options
        )


class ContinueQuerySchema(Schema):
    """By which terms the rest is enqueued, where not by the pilot's."""

    cap_usd = QueryDollars(metadata={"description": "The most that the job may spend; default: as the pilot."})
    stop_last = QueryInteger(
        minimum=LEAST_LAST,
        maximum=MOST_LAST,
        load_default=DEFAULT_LAST,
        metadata={"description": "Over how many entities the next two are looked at; they replace the pilot's."},
    )
    stop_hit_rate_under = QueryShare(metadata={"description": "The share of finds under which the job stops itself."})
    stop_cost_per_find_over_usd = QueryDollars(metadata={"description": "What a find may cost until it does."})

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        share, dollars = data.get("stop_hit_rate_under"), data.get("stop_cost_per_find_over_usd")
        has_rule = share is not None or dollars is not None
        stop_when = StopRule(data["stop_last"], share, micros(dollars)) if has_rule else None
        return {"cap_micros": micros(data.get("cap_usd")), "stop_when": stop_when}
