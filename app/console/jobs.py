"""Jobs: the list of them, and one with its progress, its money, its workers and its first errors."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from app.console import actions
from app.console.access import require
from app.console.blueprint import blueprint, page_or_part, shared
from app.console.driver import driver
from app.console.forms import asked, given
from app.console.timelines import timeline
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.queue import JobView
from app.enrichment.queue.pilots import pilot_of
from app.enrichment.queue.stop_rules import StopRule
from app.enrichment.waterfall.open_calls import open_calls
from app.enrichment.waterfall.provider_status import limits_of
from app.entities.lists import ListView, get_list
from app.errors import ListNotFound
from app.models.job import ENDED, JobStatus
from app.models.types import parse_id
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

JOBS_PER_PAGE: Final = 25
ERRORS_SHOWN: Final = 10
RETRIES_SHOWN: Final = 10


@blueprint.get("/console/jobs")
@require(Scope.READ)
@shared
def jobs() -> Response:
    """List jobs, newest first; the filter stands in the address."""
    wanted = asked("status", set(JobStatus), None)
    chosen = _list(parse_id(request.args.get("list", "")))
    found = queue.list_jobs(
        workspace_slug=visible_workspace(),
        status=wanted,
        list_id=chosen.id if chosen else None,
        cursor=given("cursor"),
        limit=JOBS_PER_PAGE,
    )
    values: dict[str, Any] = {
        "jobs": found.rows,
        "next_cursor": found.next_cursor,
        "wanted": wanted,
        "list": chosen,
        "statuses": [*JobStatus],
        "is_open": any(job.finished_at is None for job in found.rows),
    }
    end_read()
    return page_or_part("jobs", **values)


@blueprint.get("/console/jobs/<uuid:job_id>")
@require(Scope.READ)
@shared
def job(job_id: UUID) -> Response:
    """Show one job; the part that changes is asked for until the job has ended."""
    found = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    errors = queue.list_errors(found.id, workspace_slug=visible_workspace(), limit=ERRORS_SHOWN)
    retries = queue.list_jobs(parent_job_id=found.id, workspace_slug=visible_workspace(), limit=RETRIES_SHOWN)
    costs = reports.job_costs(found.id)
    values: dict[str, Any] = {
        "job": found,
        "errors": errors.rows,
        "has_more_errors": errors.next_cursor is not None,
        "driver": driver([found]),
        "list": _list(found.list_id),
        "costs": costs,
        "limits": limits_of(row.key for row in costs),
        "minutes": _minutes(found),
        "chunks": queue.open_chunks(found.id),
        "calls": open_calls(found.id),
        "timeline": timeline(found, retries.rows),
        "spending": reports.job_cap(found.id, found.workspace_slug, found.cap_micros),
        "actions": actions.of_job(found),
        "pilot_id": pilot_of(found.id),
        "rule": StopRule.read(found.stop_when),
        "is_ended": found.status in ENDED,
        "rate": _rate(found),
    }
    end_read()
    return page_or_part("job", **values)


def _list(list_id: str | None) -> ListView | None:
    """Return a list; None: none is meant, or it is deleted."""
    if list_id is None:
        return None
    try:
        return get_list(list_id, workspace_slug=visible_workspace())
    except ListNotFound:
        return None


def _rate(job: JobView) -> float | None:
    """Return the entities a minute that have been decided, while it runs."""
    return (job.total - job.processed) * 60 / job.eta_seconds if job.eta_seconds else None


def _minutes(job: JobView) -> float | None:
    """Return how long a job has been worked on; None before its first claim, and while it rests."""
    if job.started_at is None or job.status not in {JobStatus.RUNNING, *ENDED}:
        return None
    return ((job.finished_at or datetime.now(UTC)) - job.started_at).total_seconds() / 60
