"""Money over HTTP: estimates, costs, and the status of each provider."""

from typing import Any, Final

from flask.views import MethodView

from app.enrichment.money.reports import CostReport, report_costs
from app.enrichment.money.schemas import (
    CostQuerySchema,
    CostReportSchema,
    EstimateRequestSchema,
    EstimateSchema,
    ProviderListSchema,
    ProviderQuerySchema,
    ProviderSchema,
)
from app.enrichment.money.yield_schemas import YieldQuerySchema, YieldReportSchema
from app.enrichment.money.yields import job_yield, report_yield
from app.enrichment.waterfall import provider_status
from app.enrichment.waterfall.asked_figures import asked_yield
from app.enrichment.waterfall.estimates import Estimate, estimate
from app.enrichment.waterfall.provider_status import ProviderView
from app.enrichment.waterfall.what_if_routes import with_status
from app.entities.lists import ids_of_list
from app.entities.readiness import stale_ids
from app.errors import Forbidden
from app.web.auth import DEFAULT_WORKSPACE, principal, readable_workspace, require, visible_workspace, workspace_for
from app.web.blueprint import Blueprint

blueprint = Blueprint(
    "money", __name__, url_prefix="/api/enrichment", description="Estimates, costs, and how the providers stand."
)


_JOB: Final = {"entityType": "person", "provider": "waterfall", "entityIds": ["p1", "p2"]}


@blueprint.route("/estimate")
class EstimateResource(MethodView):
    """The estimated cost of a job."""

    @require("read")
    @blueprint.doc(operationId="estimateJob")
    @blueprint.arguments(EstimateRequestSchema, example=_JOB)
    @blueprint.refuses(404)
    @blueprint.response(200, EstimateSchema)
    def post(self, body: dict[str, Any]) -> Estimate:
        """Say what a job would cost, as a range, and make none."""
        workspace_slug = workspace_for(body.pop("workspace_slug", None))
        reference, missing = body.pop("list_name", None), body.pop("missing", None)
        if body.pop("stale_verdicts", False):
            body["entity_ids"] = stale_ids(body["entity_type"], workspace_slug=workspace_slug, list_name=reference)
        elif reference is not None:
            of_list = ids_of_list(reference, body["entity_type"], workspace_slug=workspace_slug, missing=missing)
            body["entity_ids"] = of_list
        key_id = principal().key_id
        return estimate(**body, workspace_slug=workspace_slug, shows_overall=_sees_all(), api_key_id=key_id)


@blueprint.route("/costs")
class CostCollection(MethodView):
    """What was spent."""

    @require("read")
    @blueprint.doc(operationId="getCosts")
    @blueprint.arguments(CostQuerySchema, location="query")
    @blueprint.response(200, CostReportSchema)
    def get(self, query: dict[str, Any]) -> CostReport:
        """Add up what was spent, with today's caps."""
        return report_costs(
            query["group_by"],
            first_day=query.get("from_"),
            last_day=query.get("to"),
            workspace_slug=readable_workspace(query.get("workspace_slug")),
            shows_overall=_sees_all(),
            limit=query["limit"],
            cursor=query.get("cursor"),
        )


@blueprint.route("/yield")
class YieldResource(MethodView):
    """What providers gave for their money."""

    @require("read")
    @blueprint.doc(operationId="getYield")
    @blueprint.arguments(YieldQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.may_be_pending(YieldReportSchema)
    @blueprint.response(200, YieldReportSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """Show what each provider found, how often, how fast and for how much: in a job, for a list, or over some days.

        Of a list, at most its first 10,000 members are looked at: of up to 50 at once, of more by whoever drives the
        queue.
        """
        workspace_slug = readable_workspace(query.get("workspace_slug"))
        if "list_name" in query:
            return with_status(asked_yield(query["list_name"], workspace_slug=workspace_slug or DEFAULT_WORKSPACE))
        if "job_id" in query:
            return job_yield(query["job_id"], workspace_slug=workspace_slug)
        return report_yield(first_day=query.get("from_"), last_day=query.get("to"), workspace_slug=workspace_slug)


@blueprint.route("/providers")
class ProviderCollection(MethodView):
    """All providers."""

    @require("read")
    @blueprint.doc(operationId="listProviders")
    @blueprint.arguments(ProviderQuerySchema, location="query")
    @blueprint.response(200, ProviderListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, list[ProviderView]]:
        """Show how each provider stands, what it may be asked and for how much.

        For a workspace that has a key of its own, how it stands for those who ask with that.
        """
        return {"providers": provider_status.list_providers(readable_workspace(query.get("workspace_slug")))}


@blueprint.route("/providers/<string:name>/reset")
class ProviderResetResource(MethodView):
    """The resetting of one provider."""

    @require("admin")
    @blueprint.doc(operationId="resetProvider")
    @blueprint.arguments(ProviderQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(200, ProviderSchema)
    def post(self, query: dict[str, Any], name: str) -> ProviderView:
        """Forget what is held against a provider, so that it is asked again at once.

        For the service's own key, or for that of the workspace that is named or that the caller is bound to.
        """
        workspace_slug = readable_workspace(query.get("workspace_slug"))
        is_own = workspace_slug is not None and provider_status.has_own_account(name, workspace_slug)
        if not is_own and not _sees_all():
            raise Forbidden("The service's own keys are shared by all workspaces; this needs a key bound to none.")
        return provider_status.reset_provider(name, workspace_slug)


def _sees_all() -> bool:
    return visible_workspace() is None
