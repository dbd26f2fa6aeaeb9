"""Money over HTTP: estimates, costs, and the status of each provider."""

from dataclasses import replace
from typing import Any, Final

from flask.views import MethodView

from app.enrichment.money.reports import CostReport, report_costs
from app.enrichment.money.schemas import (
    CostQuerySchema,
    CostReportSchema,
    EstimateRequestSchema,
    JobEstimateSchema,
    ProviderListSchema,
    ProviderQuerySchema,
    ProviderSchema,
)
from app.enrichment.money.yield_schemas import YieldQuerySchema, YieldReportSchema
from app.enrichment.money.yields import job_yield, report_yield
from app.enrichment.waterfall import provider_status
from app.enrichment.waterfall.asked_figures import asked_yield
from app.enrichment.waterfall.estimates import MOST_SURVEYED, Estimate, estimate
from app.enrichment.waterfall.provider_status import ProviderView
from app.enrichment.waterfall.what_if_routes import with_status
from app.entities.lists import find_list
from app.entities.readiness import insist_on_people
from app.entities.selections import Selected, Selecting
from app.errors import Forbidden, Invalid
from app.values.entity_types import PLURALS
from app.web.auth import DEFAULT_WORKSPACE, principal, readable_workspace, require, visible_workspace, workspace_for
from app.web.blueprint import Blueprint

blueprint = Blueprint(
    "money", __name__, url_prefix="/api/enrichment", description="Estimates, costs, and how the providers stand."
)


SAMPLED_WITHIN: Final = 20_000
"""Among how many members of a list, by id, an estimate's sample is taken."""
LOOKS_AT: Final = 5_000
"""Among how many it is looked at a time for those who are searched for."""
SEARCHES: Final = 20
"""So often, until somebody is found."""

_JOB: Final = {"entityType": "person", "provider": "waterfall", "entityIds": ["p1", "p2"]}


@blueprint.route("/estimate")
class EstimateResource(MethodView):
    """The estimated cost of a job."""

    @require("read")
    @blueprint.doc(operationId="estimateJob")
    @blueprint.arguments(EstimateRequestSchema, example=_JOB)
    @blueprint.refuses(404)
    @blueprint.response(200, JobEstimateSchema)
    def post(self, body: dict[str, Any]) -> Estimate:
        """Say what a job would cost, as a range, and make none; of more than 100 entities, from a sample.

        Who has no value in a field, or an address that was verified too long ago, is looked for among the first by id.
        If there may be more, `hasMore` says so: the figures are for all members of the list then, which is the most
        that it can be, and without a list for those found.
        """
        workspace_slug = workspace_for(body.pop("workspace_slug", None))
        chosen = {name: body.pop(name, None) for name in ("list_name", "missing", "stale_verdicts")}
        some = None
        if chosen["list_name"] is not None or chosen["stale_verdicts"]:
            some = _look_at(body["entity_type"], workspace_slug, **chosen)
            body |= {"entity_ids": some.ids, "of_total": some.total}
        about: dict[str, Any] = {"shows_overall": _sees_all(), "api_key_id": principal().key_id, "most": MOST_SURVEYED}
        price = estimate(**body, workspace_slug=workspace_slug, **about)
        return price if some is None else replace(price, has_more=some.next_cursor is not None)


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


def _look_at(
    entity_type: str, workspace_slug: str, *, list_name: str | None, missing: str | None, stale_verdicts: bool | None
) -> Selected:
    """Return some of those whom a job would be of. Raises `ListNotFound` and `Invalid`."""
    if stale_verdicts:
        insist_on_people(entity_type)
    view = None if list_name is None else find_list(list_name, workspace_slug=workspace_slug, entity_type=entity_type)
    selecting = Selecting(entity_type, workspace_slug, view, missing, is_stale=bool(stale_verdicts))
    if not selecting.is_searched:
        some = selecting.some(MOST_SURVEYED, within=SAMPLED_WITHIN)
        return replace(some, total=max(some.total, 0 if view is None else view.entity_count))
    cursor = None
    for _ in range(SEARCHES):
        some = selecting.search(limit=selecting.found_at_a_time, looks_at=LOOKS_AT, cursor=cursor)
        cursor = some.next_cursor
        if cursor is None:
            return some
        if some.ids:
            return some if view is None else replace(some, total=view.entity_count, is_at_most=True)
    raise Invalid(
        f"None of the first {LOOKS_AT * SEARCHES:,} {PLURALS[entity_type]} by id matches. `flask enrich enqueue"
        " --estimate` looks at all of them."
    )


def _sees_all() -> bool:
    return visible_workspace() is None
