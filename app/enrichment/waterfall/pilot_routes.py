"""Pilots over HTTP: what came of one, what its rest would cost, and going on with that."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.enrichment import queue
from app.enrichment.money.schemas import SampledEstimateSchema
from app.enrichment.queue import JobView
from app.enrichment.queue.schemas import JobSchema
from app.enrichment.waterfall.estimates import MOST_SURVEYED, Estimate
from app.enrichment.waterfall.pilot_schemas import ContinueQuerySchema, PilotSchema
from app.enrichment.waterfall.pilots import PilotReport, estimate_rest, report_pilot
from app.web.auth import principal, require, visible_workspace
from app.web.blueprint import Blueprint

blueprint = Blueprint(
    "pilots", __name__, url_prefix="/api/enrichment", description="A sample of a list first, and then the rest."
)


@blueprint.route("/jobs/<uuid:job_id>/pilot")
class PilotResource(MethodView):
    """The outcome of one pilot."""

    @require("read")
    @blueprint.doc(operationId="getPilot")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, PilotSchema)
    def get(self, job_id: UUID) -> PilotReport:
        """Say what came of a pilot, and what that says of the rest of its list; 409 if the job is no pilot."""
        return report_pilot(str(job_id), workspace_slug=visible_workspace())


@blueprint.route("/jobs/<uuid:job_id>/continue")
class PilotContinueResource(MethodView):
    """The continuation of one pilot."""

    @require("read")
    @blueprint.doc(operationId="estimateContinue")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, SampledEstimateSchema)
    def get(self, job_id: UUID) -> Estimate:
        """Say what the rest of a pilot's list would cost, and enqueue nothing; of more than 100, from a sample."""
        workspace_slug = visible_workspace()
        return estimate_rest(
            str(job_id),
            workspace_slug=workspace_slug,
            shows_overall=workspace_slug is None,
            api_key_id=principal().key_id,
            most=MOST_SURVEYED,
        )

    @require("write")
    @blueprint.doc(operationId="continuePilot")
    @blueprint.arguments(ContinueQuerySchema, location="query")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, JobSchema)
    def post(self, query: dict[str, Any], job_id: UUID) -> JobView:
        """Enqueue the rest of a pilot's list by the same terms, once the pilot has ended, and show the job."""
        return queue.continue_pilot(
            str(job_id), workspace_slug=visible_workspace(), api_key_id=principal().key_id, **query
        )
