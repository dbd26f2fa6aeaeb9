"""The metrics over HTTP, for Prometheus."""

from flask import Response
from flask.views import MethodView

from app.enrichment.waterfall.metrics import CONTENT_TYPE, all_metrics
from app.errors import Forbidden
from app.web.auth import require, visible_workspace
from app.web.blueprint import Blueprint

blueprint = Blueprint("metrics", __name__, description="Metrics for Prometheus.")


@blueprint.route("/metrics")
class MetricsResource(MethodView):
    """The metrics."""

    @require("read")
    @blueprint.doc(operationId="getMetrics")
    @blueprint.response(200, content_type=CONTENT_TYPE, schema={"type": "string"})
    def get(self) -> Response:
        """Show the metrics in Prometheus' text form.

        Of the whole service, as of at most 5 seconds ago, and what the processes behind this address have counted.
        """
        if visible_workspace() is not None:
            raise Forbidden("The metrics are of all workspaces; this needs a key that is bound to none.")
        return Response(all_metrics(), content_type=CONTENT_TYPE)
