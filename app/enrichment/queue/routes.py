"""Jobs over HTTP: enqueue, look, steer, and drive the queue chunk by chunk."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from flask import request, url_for
from flask.views import MethodView

from app.config import config
from app.db.pages import Page
from app.db.session import WriteSession
from app.enrichment import queue
from app.enrichment.money.schemas import SampledEstimateSchema
from app.enrichment.queue import ChunkResult, JobView, RetryFilter
from app.enrichment.queue.error_schemas import (
    EntityErrorQuerySchema,
    EntityErrorSchema,
    ErrorSummarySchema,
    RetryQuerySchema,
)
from app.enrichment.queue.schemas import (
    AcceptedJobSchema,
    ChunkResultSchema,
    DrainResultSchema,
    JobListQuerySchema,
    JobListSchema,
    JobRequestSchema,
    JobSchema,
    NewJob,
    ProcessQuerySchema,
)
from app.enrichment.waterfall.estimates import MOST_SURVEYED, Estimate, estimate_retry
from app.enrichment.waterfall.pilots import enqueue_pilot
from app.enrichment.waterfall.plan import job_columns
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities.lists import ids_of_list, list_id_of
from app.entities.readiness import stale_ids
from app.entities.upsert import upsert_entities
from app.errors import check_rules
from app.web.auth import principal, readable_workspace, require, visible_workspace, workspace_for
from app.web.blueprint import Blueprint
from app.web.pages import PAGE_HEADERS, page_headers

blueprint = Blueprint(
    "enrichment", __name__, url_prefix="/api/enrichment", description="Jobs, and the calls that work on them."
)

NOTHING_TO_DO: Final = {"message": "no pending jobs"}

_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")
_IDEMPOTENCY_HEADER: Final = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A repeated request with the same key gets the first one's answer and makes no second job.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}

_JOB: Final = {
    "entityType": "person",
    "provider": "ai-normalizer",
    "entities": [{"id": "p1", "fullName": "ADA LOVELACE", "jobTitle": "vp of sales"}],
}
_ACCEPTED_HEADERS: Final = {
    "Location": {"schema": {"type": "string"}, "description": "The path of the job.", "required": True},
    "Idempotent-Replayed": {"schema": {"type": "string", "const": "true"}, "description": "On a repeated request."},
}


@blueprint.route("/jobs/process", answers_head=False)
class ProcessResource(MethodView):
    """The calls that drive the queue: for cron, for any HTTP client."""

    @require("process", accepts_cron_secret=True)
    @blueprint.doc(operationId="processChunk")
    @blueprint.arguments(ProcessQuerySchema, location="query")
    @blueprint.refuses(404, 500)
    @blueprint.response(200, ChunkResultSchema)
    def post(self, query: dict[str, Any]) -> ChunkResult | dict[str, str]:
        """Process one chunk of the oldest job that has work."""
        seconds = _time_budget(query.get("max_seconds"))
        _note_cron_call()
        result = queue.process_next_chunk(
            work=Waterfall(), time_budget=seconds, job_id=query.get("job_id"), workspace_slug=visible_workspace()
        )
        return result or NOTHING_TO_DO

    @require("process", accepts_cron_secret=True)
    @blueprint.doc(operationId="drain")
    @blueprint.arguments(ProcessQuerySchema, location="query")
    @blueprint.refuses(404, 500)
    @blueprint.response(200, DrainResultSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Process chunk after chunk until the time is used up or nothing is left: the cron webhook."""
        seconds = _time_budget(query.get("max_seconds"))
        _note_cron_call()
        drained = queue.drain(
            work=Waterfall(), time_budget=seconds, job_id=query.get("job_id"), workspace_slug=visible_workspace()
        )
        beside = {"other_batches": drained.beside} if drained.beside else {}
        if drained.last is None:
            return {**NOTHING_TO_DO, **beside}
        counts = {"chunks": drained.chunks, "processed_total": drained.processed_total}
        return {**asdict(drained.last), **counts, **beside}


@blueprint.route("/jobs")
class JobCollection(MethodView):
    """All jobs."""

    @require("read")
    @blueprint.doc(operationId="listJobs")
    @blueprint.arguments(JobListQuerySchema, location="query")
    @blueprint.response(200, JobListSchema)
    def get(self, query: dict[str, Any]) -> Page[JobView]:
        """List jobs, newest first."""
        workspace_slug = readable_workspace(query.pop("workspace_slug", None))
        return queue.list_jobs(workspace_slug=workspace_slug, **query)

    @require("write")
    @blueprint.doc(operationId="createJob")
    @blueprint.arguments(JobRequestSchema, example=_JOB)
    @blueprint.doc(parameters=[_IDEMPOTENCY_HEADER])
    @blueprint.refuses(404, 409)
    @blueprint.response(201, AcceptedJobSchema, headers=_ACCEPTED_HEADERS)
    def post(self, new: NewJob) -> tuple[queue.Enqueued, int, dict[str, str]]:
        """Enqueue a job.

        What `entities` brings is stored in the same transaction as the job. 404 if there is no such list, 409 if
        somebody was erased while the list was read.
        """
        accepted = _accept(new, workspace_for(new.workspace_slug))
        headers = {"Location": url_for(".JobResource", job_id=accepted.job_id)}
        if accepted.is_replay:
            headers["Idempotent-Replayed"] = "true"
        return accepted, 201, headers


@blueprint.route("/jobs/<uuid:job_id>")
class JobResource(MethodView):
    """One job."""

    @require("read")
    @blueprint.doc(operationId="getJob")
    @blueprint.refuses(404)
    @blueprint.response(200, JobSchema)
    def get(self, job_id: UUID) -> JobView:
        """Show a job with its counts and progress."""
        return queue.get_job(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/errors")
class JobErrorCollection(MethodView):
    """What failed in one job."""

    @require("read")
    @blueprint.doc(operationId="listJobErrors")
    @blueprint.arguments(EntityErrorQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(200, EntityErrorSchema(many=True), headers=PAGE_HEADERS)
    def get(self, query: dict[str, Any], job_id: UUID) -> tuple[list[Any], dict[str, str]]:
        """List a job's errors, or those of one kind, oldest first.

        The headers Link and X-Next-Cursor lead to the next page.
        """
        page = queue.list_errors(str(job_id), workspace_slug=visible_workspace(), **query)
        if page.next_cursor is None:
            return page.rows, {}
        url = url_for(".JobErrorCollection", job_id=job_id, **{**query, "cursor": page.next_cursor})
        return page.rows, page_headers(page.next_cursor, url)


@blueprint.route("/jobs/<uuid:job_id>/errors/summary")
class JobErrorSummaryResource(MethodView):
    """How much failed in one job, and why."""

    @require("read")
    @blueprint.doc(operationId="getJobErrorSummary")
    @blueprint.refuses(404)
    @blueprint.response(200, ErrorSummarySchema)
    def get(self, job_id: UUID) -> queue.ErrorSummary:
        """Count a job's errors by code and provider, as they stand at its last checkpoint."""
        return queue.summarize_errors(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/pause")
class JobPauseResource(MethodView):
    """The pausing of one job."""

    @require("write")
    @blueprint.doc(operationId="pauseJob")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, job_id: UUID) -> JobView:
        """Stop a job until it is resumed by hand."""
        return queue.pause(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/resume")
class JobResumeResource(MethodView):
    """The resuming of one job."""

    @require("write")
    @blueprint.doc(operationId="resumeJob")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, job_id: UUID) -> JobView:
        """Let a paused job go on."""
        return queue.resume(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/cancel")
class JobCancelResource(MethodView):
    """The cancelling of one job."""

    @require("write")
    @blueprint.doc(operationId="cancelJob")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, job_id: UUID) -> JobView:
        """End a job; what is decided stays."""
        return queue.cancel(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/retry")
class JobRetryResource(MethodView):
    """The retrying of one job."""

    @require("read")
    @blueprint.doc(operationId="estimateRetry")
    @blueprint.arguments(RetryQuerySchema, location="query")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, SampledEstimateSchema)
    def get(self, chosen: RetryFilter, job_id: UUID) -> Estimate:
        """Say how many entities a retry would take and what it would cost; of more than 100, from a sample."""
        workspace_slug = visible_workspace()
        return estimate_retry(
            str(job_id),
            chosen,
            workspace_slug=workspace_slug,
            shows_overall=workspace_slug is None,
            api_key_id=principal().key_id,
            most=MOST_SURVEYED,
        )

    @require("write")
    @blueprint.doc(operationId="retryJob")
    @blueprint.arguments(RetryQuerySchema, location="query")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, chosen: RetryFilter, job_id: UUID) -> JobView:
        """Enqueue a child job of a job's failed and held entities, or of some of them, and show it.

        An entity is retried once from a job: what an earlier retry took is left to the job that came of it.
        """
        return queue.retry(
            str(job_id), workspace_slug=visible_workspace(), chosen=chosen, api_key_id=principal().key_id
        )


@blueprint.route("/jobs/<uuid:job_id>/accept-held")
class JobAcceptHeldResource(MethodView):
    """The acceptance of what one job holds."""

    @require("write")
    @blueprint.doc(operationId="acceptHeld")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, job_id: UUID) -> JobView:
        """Accept that held entities stay as they are, paid or not: no retry asks about them again."""
        return queue.accept_held(str(job_id), workspace_slug=visible_workspace())


def _accept(new: NewJob, workspace_slug: str) -> queue.Enqueued:
    def store_entities(session: WriteSession) -> None:
        upsert_entities(new.entity_type, new.entities, workspace_slug=workspace_slug, session=session)

    entity_ids: Iterable[str] = new.entity_ids
    list_id = list_id_of(new.list_name, workspace_slug=workspace_slug, entity_type=new.entity_type)
    if new.stale_verdicts:
        entity_ids = stale_ids(new.entity_type, workspace_slug=workspace_slug, list_name=list_id)
    elif list_id is not None:
        entity_ids = ids_of_list(list_id, new.entity_type, workspace_slug=workspace_slug, missing=new.missing)
    is_selection = list_id is not None or new.stale_verdicts
    if new.sample is not None:
        return enqueue_pilot(
            new.entity_type,
            new.provider,
            entity_ids,
            new.sample,
            workspace_slug=workspace_slug,
            options=new.options,
            idempotency_key=_idempotency_key(),
            request_hash=new.request_hash(),
            api_key_id=principal().key_id,
            list_id=list_id,
            is_selection=is_selection,
            chunk_size=new.chunk_size,
            priority=new.priority,
        )
    return queue.accept_job(
        new.entity_type,
        new.provider,
        entity_ids,
        chunk_size=new.chunk_size,
        workspace_slug=workspace_slug,
        priority=new.priority,
        idempotency_key=_idempotency_key(),
        request_hash=new.request_hash(),
        before=store_entities if new.entities else None,
        api_key_id=principal().key_id,
        list_id=list_id,
        is_selection=is_selection,
        **job_columns(new.entity_type, new.provider, new.options, workspace_slug),
    )


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    is_key = key is None or _IDEMPOTENCY_KEY.fullmatch(key) is not None
    rule = "expected 1 to 255 visible ASCII characters"
    check_rules(f"The header Idempotency-Key is not valid: {rule}.", ("Idempotency-Key", is_key, rule))
    return key


def _time_budget(max_seconds: int | None) -> int:
    """Return the seconds that a process call may take. Raises `Invalid` for more than is configured."""
    settings = config()
    limit = settings.ENRICH_MAX_SECONDS
    rule = f"expected a whole number from 1 to {limit}, digits only"
    check_rules("The query string is not valid.", ("maxSeconds", max_seconds is None or max_seconds <= limit, rule))
    return min(max_seconds or settings.ENRICH_TIME_BUDGET, limit)


def _note_cron_call() -> None:
    """Keep the time of the last cron call that was let in, so that a renamed secret shows."""
    if principal().kind == "cron":
        queue.record_heartbeat("cron")
