"""Webhooks over HTTP: endpoints made, listed, removed, and what became of what was sent to them."""

from typing import Any

from flask.views import MethodView

from app.web.auth import caller_name, readable_workspace, require, visible_workspace
from app.web.blueprint import Blueprint
from app.webhooks import deliveries, endpoints
from app.webhooks.endpoints import EndpointView
from app.webhooks.schemas import (
    DeliveryListSchema,
    DeliveryQuerySchema,
    NewWebhookSchema,
    ResendQuerySchema,
    ResentSchema,
    WebhookListQuerySchema,
    WebhookListSchema,
    WebhookRequestSchema,
    WebhookSchema,
)

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/api/webhooks", description="Events sent to others, by Standard Webhooks."
)


def _with_secret(made: tuple[EndpointView, str]) -> dict[str, Any]:
    view, secret = made
    return {**{name: getattr(view, name) for name in EndpointView.__dataclass_fields__}, "secret": secret}


@blueprint.route("")
class WebhookCollection(MethodView):
    """The endpoints."""

    @require("admin")
    @blueprint.doc(operationId="listWebhooks")
    @blueprint.arguments(WebhookListQuerySchema, location="query")
    @blueprint.response(200, WebhookListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List endpoints, the oldest first, page by page."""
        page = endpoints.list_endpoints(readable_workspace(query.pop("workspace_slug", None)), **query)
        return {"webhooks": page.rows, "next_cursor": page.next_cursor}

    @require("admin")
    @blueprint.doc(operationId="createWebhook")
    @blueprint.arguments(
        WebhookRequestSchema, example={"url": "https://hooks.example.com/tranche", "events": ["job.failed"]}
    )
    @blueprint.refuses(409)
    @blueprint.response(201, NewWebhookSchema)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make an endpoint and return its secret, this once.

        Of the workspace that is named or that the key is bound to; without either, of the whole service.
        """
        workspace_slug = readable_workspace(body.get("workspace_slug"))
        made = endpoints.create_endpoint(
            body["url"], workspace_slug, created_by=caller_name(), events=body.get("events")
        )
        return _with_secret(made)


@blueprint.route("/<string:webhook_id>")
class WebhookResource(MethodView):
    """One endpoint."""

    @require("admin")
    @blueprint.doc(operationId="getWebhook")
    @blueprint.refuses(404)
    @blueprint.response(200, WebhookSchema)
    def get(self, webhook_id: str) -> EndpointView:
        """Show an endpoint."""
        return endpoints.get_endpoint(webhook_id, workspace_slug=visible_workspace())

    @require("admin")
    @blueprint.doc(operationId="removeWebhook")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, webhook_id: str) -> None:
        """Remove an endpoint, and what is known of its deliveries."""
        endpoints.remove_endpoint(webhook_id, workspace_slug=visible_workspace())


@blueprint.route("/<string:webhook_id>/rotate")
class WebhookRotation(MethodView):
    """The secret of an endpoint."""

    @require("admin")
    @blueprint.doc(operationId="rotateWebhookSecret")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, NewWebhookSchema)
    def post(self, webhook_id: str) -> dict[str, Any]:
        """Give an endpoint a new secret and return it, this once; the former one signs too for a day."""
        return _with_secret(endpoints.rotate_secret(webhook_id, workspace_slug=visible_workspace()))


@blueprint.route("/<string:webhook_id>/disable")
class WebhookDisabling(MethodView):
    """An endpoint that is to get nothing for a while."""

    @require("admin")
    @blueprint.doc(operationId="disableWebhook")
    @blueprint.refuses(404)
    @blueprint.response(200, WebhookSchema)
    def post(self, webhook_id: str) -> EndpointView:
        """Send nothing more to an endpoint until it is enabled; what waits is given up."""
        return endpoints.disable_endpoint(webhook_id, workspace_slug=visible_workspace())


@blueprint.route("/<string:webhook_id>/enable")
class WebhookEnabling(MethodView):
    """An endpoint that is disabled."""

    @require("admin")
    @blueprint.doc(operationId="enableWebhook")
    @blueprint.refuses(404)
    @blueprint.response(200, WebhookSchema)
    def post(self, webhook_id: str) -> EndpointView:
        """Send to an endpoint again that was disabled."""
        return endpoints.enable_endpoint(webhook_id, workspace_slug=visible_workspace())


@blueprint.route("/<string:webhook_id>/deliveries")
class DeliveryCollection(MethodView):
    """What became of events at an endpoint."""

    @require("admin")
    @blueprint.doc(operationId="listWebhookDeliveries")
    @blueprint.arguments(DeliveryQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(200, DeliveryListSchema)
    def get(self, query: dict[str, Any], webhook_id: str) -> dict[str, Any]:
        """List what became of events, the newest first, page by page; events are kept for 30 days."""
        page = deliveries.list_deliveries(webhook_id, workspace_slug=visible_workspace(), **query)
        return {"deliveries": page.rows, "next_cursor": page.next_cursor}


@blueprint.route("/<string:webhook_id>/resend")
class ResendResource(MethodView):
    """Events that are to be sent again."""

    @require("admin")
    @blueprint.doc(operationId="resendWebhook")
    @blueprint.arguments(ResendQuerySchema, location="query")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, ResentSchema)
    def post(self, query: dict[str, Any], webhook_id: str) -> dict[str, int]:
        """Send one event again (`eventId`), or all that were given up."""
        event_id = query.get("event_id")
        return {"resent": deliveries.resend(webhook_id, event_id, workspace_slug=visible_workspace())}
