"""The public contract of the job routes: what comes in, what goes out."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, post_load, validates_schema

from app.config import micros
from app.enrichment.queue.enqueue import MAX_CHUNK_SIZE
from app.enrichment.queue.error_schemas import RetryFilterSchema
from app.enrichment.queue.stop_rules import DEFAULT_LAST, LEAST_LAST, MOST_LAST, StopRule
from app.enrichment.waterfall.options import DEFAULT_OPTIONS, MAX_SAMPLE, JobOptions, Sample
from app.entities.fields import FIELDS, field_named
from app.entities.schemas import ListName, entity_schema
from app.models.job import JobStatus
from app.providers.names import JOB_NAMES, NAMES, VERIFIER_NAMES, VERIFIERS
from app.values.entity_types import ENTITY_TYPES, EntityType
from app.values.spellings import camel_case
from app.web.fields import (
    Choice,
    Dollars,
    EntityIds,
    Instant,
    JobId,
    QueryInteger,
    Schema,
    Slug,
    Text,
    WholeNumber,
)

_EACH_ONCE: Final = {"minItems": 1, "uniqueItems": True}
MAX_ENTITIES: Final = 10_000
"""Entities that one request may bring with their fields."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request for a job. `entities` are the rows to store first, whose ids are `entity_ids`.

    If it is of a list, or of those in it whose field `missing` is blank, `entity_ids` is empty.
    """

    entity_type: EntityType
    provider: str
    entity_ids: list[str]
    entities: list[dict[str, Any]]
    chunk_size: int | None
    workspace_slug: str | None
    priority: int
    options: JobOptions
    list_name: str | None = None
    missing: str | None = None
    stale_verdicts: bool = False
    sample: Sample | None = None

    def request_hash(self) -> str | None:
        """Return what tells requests apart if it is more, or other, than their ids; None if it is these."""
        what: list[Any] = self.entities
        if self.stale_verdicts:
            what = [self.list_name, "staleVerdicts"]
        elif self.list_name is not None:
            what = [self.list_name, self.missing]
        if not what:
            return None
        shape = [self.entity_type, self.provider, self.chunk_size, self.priority, what]
        if self.options != DEFAULT_OPTIONS:
            shape.append(self.options.shape())
        if self.sample is not None:
            shape.append([self.sample.size, self.sample.seed])
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


class Entities(fields.Field[list[dict[str, Any]]]):
    """The fields of entities; what they may hold depends on the type, so the schema checks that."""

    def __init__(self, **options: Any) -> None:
        kinds = [{"$ref": f"#/components/schemas/{name}"} for name in ("PersonInput", "CompanyInput")]
        metadata = {"type": "array", "items": {"anyOf": kinds}, "minItems": 1, "maxItems": MAX_ENTITIES}
        super().__init__(metadata={**metadata, **options.pop("metadata", {})}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > MAX_ENTITIES:
            raise ma.ValidationError(f"expected an array of at most {MAX_ENTITIES} objects")
        return value


class ProviderName(Slug):
    """Whom a job asks; whether that can be done as things are set is not the schema's matter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"enum": list(JOB_NAMES)}, **options)


class MissingField(Text):
    """The name of a field; whether the entities have it depends on their type, so the schema checks that."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=1, max_length=64, **options)


class StaleVerdicts(fields.Boolean):
    """Whether a job is about the addresses whose verdict has expired."""

    def __init__(self) -> None:
        description = (
            "In place of entityIds, or of a list: people whose address was verified too long ago, to be verified again."
        )
        super().__init__(metadata={"description": description})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError("expected true or false")
        return value


class WaterfallSchema(Schema):
    """How a waterfall goes, where it is not to go as the settings say."""

    order = fields.List(
        Slug(metadata={"enum": list(NAMES)}),
        metadata={"description": "Providers, in the order in which they are asked.", **_EACH_ONCE},
    )
    until = fields.List(
        Text(min_length=1, max_length=64),
        metadata={"description": "Fields; once all have a value the walk ends.", **_EACH_ONCE},
    )
    verifier = Slug(
        metadata={
            "description": "Who checks a found address before it is written; `none`: nobody.",
            "enum": [*VERIFIER_NAMES, "none"],
        }
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


class Share(fields.Field[float]):
    """A share of a JSON body, above 0 and at most 1."""

    def __init__(self, **options: Any) -> None:
        metadata = {"type": "number", "exclusiveMinimum": 0, "maximum": 1, **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ma.ValidationError("expected a share above 0, and at most 1")
        return float(value)


class StopWhenSchema(Schema):
    """When a job stops itself: it is paused until somebody resumes it, and then looks at its next entities."""

    last = WholeNumber(
        minimum=LEAST_LAST,
        maximum=MOST_LAST,
        load_default=DEFAULT_LAST,
        metadata={"description": "Over how many entities, of those that somebody was asked about."},
    )
    hit_rate_under = Share(allow_none=True, metadata={"description": "The share of those for which there was a find."})
    cost_per_find_over_usd = Dollars(
        allow_none=True, attribute="cost_per_find_over_micros", metadata={"description": "What a find may cost."}
    )

    @validates_schema
    def _check_some(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("hit_rate_under") is None and data.get("cost_per_find_over_micros") is None:
            raise ma.ValidationError("expected hitRateUnder, costPerFindOverUsd, or both")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> StopRule:
        return StopRule(data["last"], data.get("hit_rate_under"), micros(data.get("cost_per_find_over_micros")))


class JobRequestSchema(Schema):
    """Entities to enrich, by id, with their fields, or as a list."""

    entity_type = Choice(ENTITY_TYPES, required=True)
    provider = ProviderName(required=True)
    entity_ids = EntityIds()
    entities = Entities(metadata={"description": "In place of entityIds: people or companies to store first."})
    list_name = ListName(
        data_key="list", metadata={"description": "In place of entityIds: those of a list, by name or id."}
    )
    missing = MissingField(metadata={"description": "Of a list: only those that have no value in this field."})
    stale_verdicts = StaleVerdicts()
    chunk_size = WholeNumber(minimum=1, maximum=MAX_CHUNK_SIZE)
    workspace_slug = Slug()
    priority = WholeNumber(minimum=-1000, maximum=1000, load_default=0)
    waterfall = fields.Nested(WaterfallSchema, metadata={"description": "For the provider `waterfall`."})
    cap_usd = Dollars(metadata={"description": "The most that the job may spend."})
    stop_when = fields.Nested(StopWhenSchema, metadata={"description": "When the job stops itself."})
    pilot = WholeNumber(
        minimum=1,
        maximum=MAX_SAMPLE,
        metadata={"description": "Only a sample of so many, spread over them; the rest waits to be continued."},
    )
    pilot_seed = WholeNumber(
        minimum=0, maximum=2**31 - 1, load_default=0, metadata={"description": "Decides which ones are in the sample."}
    )

    @validates_schema
    def _check_one_list(self, data: Mapping[str, Any], **_: Any) -> None:
        check_selection(data, ("entityIds", "entities", "list"))
        if "pilot" in data and "entities" in data:
            raise ma.ValidationError("expected other entities than those of the request", "pilot")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> NewJob:
        rows = _load_entities(data["entity_type"], data.get("entities", []))
        return NewJob(
            entity_type=data["entity_type"],
            provider=data["provider"],
            entity_ids=[row["id"] for row in rows] if "entities" in data else data.get("entity_ids", []),
            entities=rows,
            chunk_size=data.get("chunk_size"),
            workspace_slug=data.get("workspace_slug"),
            priority=data["priority"],
            options=JobOptions(
                **data.get("waterfall", {}), cap_usd=data.get("cap_usd"), stop_when=data.get("stop_when")
            ),
            list_name=data.get("list_name"),
            missing=data.get("missing"),
            stale_verdicts=data.get("stale_verdicts", False),
            sample=Sample(data["pilot"], data["pilot_seed"]) if "pilot" in data else None,
        )


def check_selection(data: Mapping[str, Any], choices: Sequence[str]) -> None:
    """Check that a request names its entities in one of several ways. Raises ValidationError."""
    named = data.keys() & {"entity_ids", "entities", "list_name"}
    if data.get("stale_verdicts"):
        _check_stale(data, named)
    elif len(named) != 1:
        raise ma.ValidationError(f"expected either {', '.join(choices[:-1])} or {choices[-1]}", "entityIds")
    _check_missing(data)


def _check_stale(data: Mapping[str, Any], named: Collection[str]) -> None:
    """Check what goes with addresses whose verdict has expired: a verifier, and at most a list."""
    if "missing" in data or not {"list_name"}.issuperset(named):
        raise ma.ValidationError("expected at most a list beside it", "staleVerdicts")
    if data["provider"] not in VERIFIERS:
        raise ma.ValidationError(f"expected {' or '.join(VERIFIERS)} with staleVerdicts", "provider")
    if data["entity_type"] != "person":
        raise ma.ValidationError("expected person: companies have no address to verify", "entityType")


def _check_missing(data: Mapping[str, Any]) -> None:
    """Check that a field that is missing is a field of the entities, and of a list of them."""
    if "missing" not in data:
        return
    if "list_name" not in data:
        raise ma.ValidationError("expected a list beside it", "missing")
    if field_named(data["entity_type"], data["missing"]) is None:
        example = next(iter(FIELDS[data["entity_type"]]))
        raise ma.ValidationError(f"expected the name of a field, such as {camel_case(example)}", "missing")


def _load_entities(entity_type: str, rows: list[Any]) -> list[dict[str, Any]]:
    if not rows:
        return []
    try:
        loaded: list[dict[str, Any]] = entity_schema(entity_type).load(rows, many=True)
    except ma.ValidationError as error:
        raise ma.ValidationError({"entities": error.messages}) from error
    return loaded


class AcceptedJobSchema(Schema):
    """An accepted job."""

    job_id = fields.String(required=True, metadata={"format": "uuid"})
    total = fields.Integer(required=True, metadata={"description": "Entities, each once."})
    duplicates = fields.Integer(required=True, metadata={"description": "Repeated ids that were left out."})
    status = fields.String(required=True)
    excluded = fields.Integer(required=True, metadata={"description": "Excluded entities that were left out."})


class JobSchema(Schema):
    """A job with its progress up to the last checkpoint."""

    id = fields.String(required=True, metadata={"format": "uuid"})
    workspace_slug = fields.String(required=True)
    entity_type = fields.String(required=True)
    provider = fields.String(required=True)
    priority = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"enum": [str(status) for status in JobStatus]})
    pause_reason = fields.String(required=True, allow_none=True)
    paused_manually = fields.Boolean(required=True)
    resume_at = Instant(required=True, allow_none=True)
    chunk_size = fields.Integer(required=True)
    total = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    excluded = fields.Integer(required=True)
    processed = fields.Integer(required=True, metadata={"description": "success + errors + skipped + held"})
    success = fields.Integer(required=True)
    errors = fields.Integer(required=True)
    skipped = fields.Integer(required=True)
    held = fields.Integer(required=True, metadata={"description": "It is unknown whether a call was paid."})
    percent = fields.Float(required=True, metadata={"description": "0 to 100, one decimal."})
    eta_seconds = fields.Integer(required=True, allow_none=True)
    stalled = fields.Boolean(required=True, metadata={"description": "Running, but no worker holds a live lease."})
    cost_usd = Dollars(required=True, attribute="cost_micros", metadata={"description": "Spent so far."})
    cap_usd = Dollars(required=True, allow_none=True, attribute="cap_micros")
    stop_when = fields.Nested(
        StopWhenSchema, required=True, allow_none=True, metadata={"description": "When it stops itself; null: never."}
    )
    waterfall = fields.Nested(WaterfallSchema, required=True, allow_none=True, attribute="options")
    list_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The list that it was made of, all or some of it."}
    )
    parent_job_id = fields.String(required=True, allow_none=True, metadata={"description": "The job it retries."})
    retry_filter = fields.Nested(
        RetryFilterSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Which entities of that job; null: all that were left."},
    )
    held_accepted_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When it was accepted that its held entities stay as they are."},
    )
    created_at = Instant(required=True)
    started_at = Instant(required=True, allow_none=True)
    finished_at = Instant(required=True, allow_none=True)


class JobListQuerySchema(Schema):
    """Which jobs to list."""

    status = Choice(JobStatus)
    workspace_slug = Slug()
    list_id = JobId(metadata={"description": "Those made of this list."})
    limit = QueryInteger(minimum=1, maximum=200, load_default=50)
    cursor = JobId(metadata={"description": "The nextCursor of the page before."})


class JobListSchema(Schema):
    """One page of jobs, newest first."""

    jobs = fields.List(fields.Nested(JobSchema), required=True, attribute="rows")
    next_cursor = fields.String(required=True, allow_none=True)


class BacklogSchema(Schema):
    """What waits to be claimed in all workspaces together."""

    claimable_chunks = fields.Integer(required=True)
    oldest_age_seconds = fields.Float(required=True, allow_none=True)
    workers_wanted = fields.Integer(required=True)


class ProcessQuerySchema(Schema):
    """How long to work, and on what."""

    max_seconds = QueryInteger(minimum=1, maximum=3600, metadata={"description": "At most ENRICH_MAX_SECONDS."})
    job_id = JobId()


class ChunkResultSchema(Schema):
    """What the call did to one chunk; only `message` where there was nothing to do."""

    job_id = fields.String(metadata={"format": "uuid"})
    processed = fields.Integer(metadata={"description": "Entities that the call decided."})
    total = fields.Integer(metadata={"description": "Entities of the job."})
    done = fields.Boolean(metadata={"description": "Whether the job is complete."})
    status = fields.String(metadata={"enum": [str(status) for status in JobStatus]})
    message = fields.String()


class DrainResultSchema(ChunkResultSchema):
    """What the call did to the last of its chunks, and how much in all."""

    chunks = fields.Integer()
    processed_total = fields.Integer()
    other_batches = fields.Integer(
        metadata={
            "description": "Parts of exports that were written, and figures worked out; absent if there were none."
        }
    )
