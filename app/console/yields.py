"""What providers gave for their money: in a job, for a list, or in a workspace over some days."""

from typing import Any
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page_or_part
from app.console.driver import nobody_drives
from app.console.workspaces import asked_workspace
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money.reports import parse_day
from app.enrichment.money.yields import YieldReport, job_yield, report_yield
from app.enrichment.queue import JobView
from app.enrichment.waterfall.asked_figures import asked_yield
from app.enrichment.waterfall.list_yields import MOST_ENTITIES
from app.entities.lists import ListView, get_list
from app.providers.names import NAMES
from app.web.api_keys import Scope
from app.web.auth import visible_workspace


@blueprint.get("/console/yield")
@require(Scope.READ)
def workspace_yield() -> Response:
    """Show what each provider found, how often, how fast and for how much; days and workspace stand in the address."""
    workspace = asked_workspace(request.args)
    first_day, last_day = (parse_day(request.args.get(name, "")) for name in ("from", "to"))
    report = report_yield(first_day=first_day, last_day=last_day, workspace_slug=workspace)
    end_read()
    return _page(report, workspace=workspace)


@blueprint.get("/console/jobs/<uuid:job_id>/yield")
@require(Scope.READ)
def yield_of_job(job_id: UUID) -> Response:
    """Show the same of one job, over all its days."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    report = job_yield(job.id, workspace_slug=visible_workspace())
    end_read()
    return _page(report, job=job)


@blueprint.get("/console/lists/<uuid:list_id>/yield")
@require(Scope.READ)
def yield_of_list(list_id: UUID) -> Response:
    """Show the same of the first members of a list, whatever jobs asked; of many, as it is kept, or of a few so far."""
    view = get_list(str(list_id), workspace_slug=visible_workspace())
    report = asked_yield(view.id, workspace_slug=view.workspace_slug)
    end_read()
    return _page(report, of_list=view)


def asked_in_order(report: YieldReport) -> list[str]:
    """Return the providers that were asked for values, in their order."""
    return [row.provider for row in report.rows if any(step.step is not None for step in row.steps)]


def _page(
    report: YieldReport,
    *,
    job: JobView | None = None,
    of_list: ListView | None = None,
    workspace: str | None = None,
) -> Response:
    values: dict[str, Any] = {
        "report": report,
        "job": job,
        "list": of_list,
        "workspace": workspace,
        "most_entities": MOST_ENTITIES,
        "is_undriven": report.is_pending and nobody_drives(),
        "order": asked_in_order(report),
        "providers": NAMES,
        "dearest_micros": max((row.figures.value_cost_micros or 0 for row in report.rows), default=0),
        "slowest_seconds": max((row.figures.p95_seconds or 0.0 for row in report.rows), default=0.0),
    }
    end_read()
    return page_or_part("yield", **values)
