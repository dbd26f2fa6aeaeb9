"""What a job left open: asked again, all or a part of it, for a price that is said first; or accepted as it is."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import micros
from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.caps import read_dollars, upper_end
from app.console.errors import chosen_kind
from app.console.forms import DEARER, is_dearer
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.waterfall.estimates import MOST_SURVEYED, Estimate, estimate_retry
from app.errors import JobStateConflict, ProviderNotAvailable
from app.models.job import ENDED
from app.web.api_keys import Scope
from app.web.auth import visible_workspace


@blueprint.get("/console/jobs/<uuid:job_id>/retry")
@require(Scope.WRITE)
def confirm_retry(job_id: UUID) -> Response:
    """Say how many a retry would take and what it would cost, and ask for a cap."""
    try:
        return _page(job_id, _estimate(job_id))
    except (JobStateConflict, ProviderNotAvailable) as error:
        return _page(job_id, problem=error.message)


@blueprint.post("/console/jobs/<uuid:job_id>/retry")
@require(Scope.WRITE)
def retry(job_id: UUID) -> Response | WerkzeugResponse:
    """Make the new job, if it costs no more than was shown, and lead to it."""
    price = _estimate(job_id)
    cap_usd = read_dollars(request.form.get("cap", ""))
    if cap_usd is None:
        problem = "Give a cap in dollars, such as 2.50: the most that the new job may spend."
        return _page(job_id, price, problem, status=422)
    if is_dearer(price.high_micros):
        return _page(job_id, price, DEARER, status=409)
    child = queue.retry(
        str(job_id), workspace_slug=visible_workspace(), chosen=chosen_kind(), cap_micros=micros(cap_usd)
    )
    return redirect(url_for("console.job", job_id=child.id), 303)


@blueprint.get("/console/jobs/<uuid:job_id>/accept-held")
@require(Scope.WRITE)
def confirm_accept_held(job_id: UUID) -> Response:
    """Say what it means that held entities stay as they are, and ask."""
    job = queue.get_job(str(job_id), workspace_slug=visible_workspace())
    in_doubt_micros = sum(row.in_doubt_micros for row in reports.job_costs(job.id))
    end_read()
    is_possible = job.status in ENDED and job.held > 0 and job.held_accepted_at is None
    return page("accept_held.html", job=job, in_doubt_micros=in_doubt_micros, is_possible=is_possible)


@blueprint.post("/console/jobs/<uuid:job_id>/accept-held")
@require(Scope.WRITE)
def accept_held(job_id: UUID) -> WerkzeugResponse:
    """Accept that held entities stay as they are, and lead back to the errors."""
    job = queue.accept_held(str(job_id), workspace_slug=visible_workspace())
    return redirect(url_for("console.errors", job_id=job.id), 303)


def _estimate(job_id: UUID) -> Estimate:
    workspace = visible_workspace()
    return estimate_retry(
        str(job_id),
        chosen_kind(),
        workspace_slug=workspace,
        shows_overall=workspace is None,
        most=MOST_SURVEYED,
    )


def _page(job_id: UUID, price: Estimate | None = None, problem: str | None = None, *, status: int = 200) -> Response:
    workspace = visible_workspace()
    job = queue.get_job(str(job_id), workspace_slug=workspace)
    most = price.high_micros if price else 0
    values: dict[str, Any] = {
        "job": job,
        "chosen": chosen_kind(),
        "price": price,
        "problem": problem,
        "cap": upper_end(most if job.cap_micros is None else job.cap_micros),
        "caps": reports.daily_caps(job.workspace_slug, shows_overall=workspace is None),
    }
    end_read()
    return page("retry.html", status=status, **values)
