"""The public contract of receipts."""

from typing import Any

from marshmallow import fields

from app.enrichment.waterfall.charges import Charge
from app.enrichment.waterfall.receipts import CallState, Purpose
from app.entities.schemas import WorkspaceQuerySchema
from app.values.entity_types import ENTITY_TYPES
from app.values.spellings import camel_case
from app.web.fields import Dollars, Instant, JobId, QueryInteger, Schema


class FieldNames(fields.Field[list[str]]):
    """Names of fields, in the spelling of JSON."""

    def __init__(self, description: str) -> None:
        metadata = {"type": "array", "items": {"type": "string"}, "description": description}
        super().__init__(required=True, metadata=metadata)

    def _serialize(self, value: list[str] | None, attr: str | None, obj: Any, **kwargs: Any) -> list[str]:
        return [camel_case(name) for name in value or ()]


class ReceiptQuerySchema(WorkspaceQuerySchema):
    """Which part of a receipt to show."""

    job_id = JobId(metadata={"description": "Only what this job did."})
    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})


class ReceiptLineSchema(Schema):
    """One attempt: who was asked, what it gave, and what it cost by which rule."""

    attempt_id = fields.String(required=True, metadata={"format": "uuid"})
    job_id = fields.String(required=True, metadata={"format": "uuid"})
    provider = fields.String(required=True)
    purpose = fields.String(required=True, metadata={"enum": [str(purpose) for purpose in Purpose]})
    outcome_class = fields.String(
        required=True,
        data_key="outcome",
        metadata={"description": "`success`, `not_found`, `transient`, `in_doubt` and so on."},
    )
    error = fields.String(required=True, allow_none=True)
    started_at = Instant(required=True)
    seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "How long the answer took; null: nobody was called, or no answer came."},
    )
    fields_written = FieldNames("What it gave.")
    fields_standing = FieldNames("What of that nobody has changed since.")
    withheld = FieldNames("Fields of the answer that were not written.")
    verdict = fields.String(
        required=True,
        allow_none=True,
        metadata={"enum": ["accepted", "rejected", None], "description": "On the address that it brought."},
    )
    verifier = fields.String(required=True, allow_none=True, metadata={"description": "Who gave the verdict."})
    cost_usd = Dollars(required=True, attribute="cost_micros")
    charge = fields.String(
        required=True,
        metadata={"enum": [str(charge) for charge in Charge], "description": "The price rule that it came under."},
    )
    rule = fields.String(required=True, metadata={"description": "The same in words."})
    operation = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The operation of the provider's present price list that costs as much."},
    )


class OpenCallSchema(Schema):
    """A call that has no answer yet. What is reserved for it is in no total."""

    job_id = fields.String(required=True, metadata={"format": "uuid"})
    provider = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": [str(state) for state in CallState]})
    started_at = Instant(required=True)
    reserved_usd = Dollars(required=True, attribute="reserved_micros")


class WalkSchema(Schema):
    """What one job made of the entity, and why it asked nobody else."""

    job_id = fields.String(required=True, metadata={"format": "uuid"})
    provider = fields.String(required=True, metadata={"description": "The job's: a provider, or `waterfall`."})
    outcome = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": ["success", "error", "skipped", "held", None],
            "description": "null: not decided yet, or in a job that is too long to look it up.",
        },
    )
    reason = fields.String(required=True)


class ReceiptTotalSchema(Schema):
    """What all attempts came to, those of other pages too: what the books have on the entity."""

    attempts = fields.Integer(required=True)
    charged = fields.Integer(required=True)
    cost_usd = Dollars(required=True, attribute="cost_micros")
    in_doubt_usd = Dollars(
        required=True,
        attribute="in_doubt_micros",
        metadata={"description": "The part of the cost of which nobody knows whether it was charged."},
    )


class AddressVerdictSchema(Schema):
    """What a verifier said last of an address."""

    status = fields.String(required=True, metadata={"description": "`valid`, `invalid`, `catch_all` and so on."})
    verifier = fields.String(required=True)
    verified_at = Instant(required=True)
    expires_at = Instant(required=True, metadata={"description": "Until then nobody has the address verified again."})


class ReceiptSchema(Schema):
    """Who was asked about an entity, oldest attempt first, and what that gave and cost."""

    entity_type = fields.String(required=True, metadata={"enum": list(ENTITY_TYPES)})
    entity_id = fields.String(required=True, data_key="id")
    workspace_slug = fields.String(required=True)
    attempts = fields.List(fields.Nested(ReceiptLineSchema), required=True, attribute="page.rows")
    next_cursor = fields.String(required=True, allow_none=True, attribute="page.next_cursor")
    open_calls = fields.List(fields.Nested(OpenCallSchema), required=True)
    walks = fields.List(fields.Nested(WalkSchema), required=True, metadata={"description": "Of the jobs on this page."})
    total = fields.Nested(ReceiptTotalSchema, required=True)
    verdict = fields.Nested(
        AddressVerdictSchema,
        required=True,
        allow_none=True,
        metadata={"description": "On the address that a person has; null: no verifier was asked about it."},
    )
