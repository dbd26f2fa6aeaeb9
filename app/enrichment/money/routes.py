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
    ProviderSchema,
)
from app.enrichment.waterfall import provider_status
from app.enrichment.waterfall.estimates import Estimate, estimate
from app.enrichment.waterfall.provider_status import ProviderView
from app.entities.lists import ids_of_list
from app.errors import Forbidden
from app.web.auth import readable_workspace, require, visible_workspace, workspace_for
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
        if reference is not None:
            of_list = ids_of_list(reference, body["entity_type"], workspace_slug=workspace_slug, missing=missing)
            body["entity_ids"] = of_list
        return estimate(**body, workspace_slug=workspace_slug, shows_overall=_sees_all())


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


@blueprint.route("/providers")
class ProviderCollection(MethodView):
    """All providers."""

    @require("read")
    @blueprint.doc(operationId="listProviders")
    @blueprint.response(200, ProviderListSchema)
    def get(self) -> dict[str, list[ProviderView]]:
        """Show how each provider stands, what it may be asked and for how much."""
        return {"providers": provider_status.list_providers(visible_workspace())}


@blueprint.route("/providers/<string:name>/reset")
class ProviderResetResource(MethodView):
    """The resetting of one provider."""

    @require("admin")
    @blueprint.doc(operationId="resetProvider")
    @blueprint.refuses(404)
    @blueprint.response(200, ProviderSchema)
    def post(self, name: str) -> ProviderView:
        """Forget what is held against a provider, so that it is asked again at once."""
        if not _sees_all():
            raise Forbidden("Providers are shared by all workspaces; this needs a key that is bound to none.")
        return provider_status.reset_provider(name)


def _sees_all() -> bool:
    return visible_workspace() is None
