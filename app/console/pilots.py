"""What came of a pilot, what that says of the rest of its list, and going on with that, for a price that is said."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.config import micros
from app.console.access import require
from app.console.blueprint import blueprint, may, page
from app.console.caps import read_dollars, read_stop_rule, upper_end
from app.console.forms import DEARER, is_dearer
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.money import reports
from app.enrichment.queue.stop_rules import StopRule
from app.enrichment.waterfall.estimates import Estimate
from app.enrichment.waterfall.pilots import PilotReport, estimate_rest, insist_on_rest, report_pilot
from app.errors import Invalid, JobStateConflict, ProviderNotAvailable
from app.web.api_keys import Scope
from app.web.auth import visible_workspace

MOST_PRICED: Final = 100
"""Entities of a rest that is priced anew whenever it is looked at, 0.2 ms each."""


@dataclass(frozen=True, slots=True)
class Price:
    """What the rest costs at least and at most: by an estimate or, of a long one, by the survey that its pilot began
    with."""

    total: int
    low_micros: int
    high_micros: int
    estimate: Estimate | None = None


@blueprint.get("/console/jobs/<uuid:job_id>/pilot")
@require(Scope.READ)
def pilot(job_id: UUID) -> Response:
    """Say what came of a pilot; who may go on with the rest sees what that would cost now."""
    report = report_pilot(str(job_id), workspace_slug=visible_workspace())
    if not report.can_be_continued or not may(Scope.WRITE):
        return _page(report)
    try:
        return _page(report, _price(report))
    except (JobStateConflict, ProviderNotAvailable) as error:
        return _page(report, problem=error.message)


@blueprint.post("/console/jobs/<uuid:job_id>/pilot")
@require(Scope.WRITE)
def continue_pilot(job_id: UUID) -> Response | WerkzeugResponse:
    """Make a job of the rest, if it costs no more than was shown, under the cap that was given, and lead to it."""
    report = report_pilot(str(job_id), workspace_slug=visible_workspace())
    price = _price(report)
    cap_usd = read_dollars(request.form.get("cap", ""))
    if cap_usd is None:
        problem = "Give a cap in dollars, such as 2.50: the most that the new job may spend."
        return _page(report, price, problem, status=422)
    try:
        stop_when = read_stop_rule(request.form)
    except Invalid as error:
        return _page(report, price, error.message, status=422)
    if is_dearer(price.high_micros):
        return _page(report, price, DEARER, status=409)
    job = queue.continue_pilot(
        str(job_id), workspace_slug=visible_workspace(), cap_micros=micros(cap_usd), stop_when=stop_when
    )
    return redirect(url_for("console.job", job_id=job.id), 303)


def _price(report: PilotReport) -> Price:
    """Return what the rest costs. Raises `JobStateConflict` and `ProviderNotAvailable` if there can be no job of it."""
    workspace, rest = visible_workspace(), report.pilot.rest_count
    if rest > MOST_PRICED:
        insist_on_rest(report)
        return Price(rest, *report.surveyed_micros)
    price = estimate_rest(report.job.id, workspace_slug=workspace, shows_overall=workspace is None)
    return Price(price.total, price.low_micros, price.high_micros, price)


def _page(
    report: PilotReport, price: Price | None = None, problem: str | None = None, *, status: int = 200
) -> Response:
    values: dict[str, Any] = {
        "report": report,
        "job": report.job,
        "price": price,
        "problem": problem,
        "cap": "" if price is None else upper_end(_cap_micros(report, price)),
        "rule": StopRule.read(report.job.stop_when),
        "caps": reports.daily_caps(report.job.workspace_slug, shows_overall=visible_workspace() is None),
    }
    end_read()
    return page("pilot.html", status=status, **values)


def _cap_micros(report: PilotReport, price: Price) -> int:
    """Return the cap that stands in the form: what the rest costs at most, by its pilot if that says so."""
    if report.rest_cost is None:
        return price.high_micros
    return min(price.high_micros, round(report.rest_cost.high))
