"""The first page: what is under way, what today costs, and what waits for a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Response, url_for

from app.console.access import require
from app.console.blueprint import blueprint, page_or_part, shared
from app.console.charts import Chart, chart
from app.console.driver import driver
from app.console.words import clock, status_sentence
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.money.reports import CapView
from app.enrichment.queue import JobView
from app.enrichment.waterfall.provider_status import ProviderView, list_providers
from app.entities.read import list_entities
from app.models.job import JobStatus
from app.models.provider_state import ProviderCondition
from app.values.entity_types import ENTITY_TYPES
from app.web.api_keys import Scope
from app.web.auth import DEFAULT_WORKSPACE, visible_workspace

OPEN_STATUSES: Final = (JobStatus.RUNNING, JobStatus.CANCELLING, JobStatus.PENDING, JobStatus.PAUSED)
OPEN_JOBS: Final = 10
"""How many of each status are shown."""
RECENT_JOBS: Final = 6
CHART_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that waits for a person, and where to go for it."""

    title: str
    sentence: str
    address: str


@dataclass(frozen=True, slots=True)
class Runway:
    """What the jobs that run spend a minute, on average since each began, and how long the least cap lasts at that."""

    micros_a_minute: int
    seconds: float | None
    """None: no cap limits it."""


@blueprint.get("/console")
@require(Scope.READ)
@shared
def overview() -> Response:
    """Show the overview; the part that changes is asked for every few seconds."""
    workspace = visible_workspace()
    jobs: list[JobView] = []
    for status in OPEN_STATUSES:
        jobs += queue.list_jobs(workspace_slug=workspace, status=status, limit=OPEN_JOBS).rows
    recent = [job for job in queue.list_jobs(workspace_slug=workspace, limit=RECENT_JOBS).rows if job.finished_at]
    providers = list_providers(workspace)
    caps = reports.daily_caps(workspace, shows_overall=workspace is None)
    values: dict[str, Any] = {
        "jobs": jobs,
        "recent": recent,
        "caps": caps,
        "runway": _runway(jobs, caps, datetime.now(UTC)),
        "days": _days(workspace, caps),
        "driver": driver(jobs),
        "notices": list(_notices(jobs, providers)),
        "steps": _steps(providers, workspace, has_job=bool(jobs or recent)),
    }
    end_read()
    return page_or_part("overview", **values)


def _runway(jobs: list[JobView], caps: list[CapView], now: datetime) -> Runway | None:
    """Return how long the day's caps last; None while no job spends anything."""
    a_minute = sum(
        job.cost_micros * 60 / max(1.0, (now - job.started_at).total_seconds())
        for job in jobs
        if job.status == JobStatus.RUNNING and job.started_at is not None
    )
    if a_minute == 0:
        return None
    left = [cap.remaining_micros for cap in caps if cap.remaining_micros is not None]
    return Runway(round(a_minute), min(left) * 60 / a_minute if left else None)


def _days(workspace: str | None, caps: list[CapView]) -> Chart:
    """Return what each of the last days has cost, days without a call included, beside today's cap."""
    today = reports.today()
    first = today - timedelta(days=CHART_DAYS - 1)
    spent = {row.key: row.cost_micros for row in reports.costs_by_day(first, today, workspace_slug=workspace)}
    days = [(first + timedelta(days=offset)).isoformat() for offset in range(CHART_DAYS)]
    return chart([(day, spent.get(day, 0)) for day in days], caps[0].cap_micros)


def _notices(jobs: list[JobView], providers: list[ProviderView]) -> Iterator[Notice]:
    for job in jobs:
        if job.status == JobStatus.PAUSED or job.stalled or job.held:
            yield Notice(_what(job), status_sentence(job), url_for("console.job", job_id=job.id))
    for provider in providers:
        if provider.missing is None and not provider.is_available:
            title = f"{provider.name} is not being called"
            yield Notice(title, _why_not_asked(provider), url_for("console.overview"))


def _what(job: JobView) -> str:
    if job.stalled:
        return "A job lost its worker"
    return "A job is paused" if job.status == JobStatus.PAUSED else f"{job.held:,} entities are held"


def _why_not_asked(provider: ProviderView) -> str:
    if provider.blocked_until is not None:
        return f"It asked for no more calls until {clock(provider.blocked_until)}."
    reason = {
        ProviderCondition.AUTH_FAILED: "It refused the key: set the right one and restart.",
        ProviderCondition.CREDITS_EXHAUSTED: "Its credits are used up: buy more, or wait for the next try.",
        ProviderCondition.CIRCUIT_OPEN: "Its calls keep failing, so it is not called for a while.",
    }.get(ProviderCondition(provider.condition), "")
    until = f" Next try: {clock(provider.until)}." if provider.until else ""
    return f"{reason}{until}"


def _steps(providers: list[ProviderView], workspace: str | None, *, has_job: bool) -> dict[str, bool] | None:
    """Return which of the first three steps are done; None once there is a job."""
    if has_job:
        return None
    where = workspace or DEFAULT_WORKSPACE
    has_list = any(list_entities(kind, workspace_slug=where, limit=1).rows for kind in ENTITY_TYPES)
    return {"key": any(provider.missing is None and provider.prices for provider in providers), "list": has_list}
