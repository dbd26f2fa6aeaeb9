"""Undoing a job over HTTP."""

from uuid import UUID

from flask.views import MethodView
from marshmallow import fields

from app.entities.undo import UndoCounts, undo_job
from app.web.auth import require, visible_workspace
from app.web.blueprint import Blueprint
from app.web.fields import Schema

blueprint = Blueprint("undo", __name__, url_prefix="/api/enrichment", description="Putting back what a job wrote.")


class UndoCountsSchema(Schema):
    """What became of the fields that the job wrote."""

    restored = fields.Integer(required=True, metadata={"description": "Fields that have their former value again."})
    kept = fields.Integer(required=True, metadata={"description": "Fields that were changed since."})


@blueprint.route("/jobs/<uuid:job_id>/undo")
class UndoResource(MethodView):
    """The undoing of one job."""

    @require("write")
    @blueprint.doc(operationId="undoJob")
    @blueprint.refuses(404, 409)
    @blueprint.response(200, UndoCountsSchema)
    def post(self, job_id: UUID) -> UndoCounts:
        """Put back what a job wrote, unless it was changed since.

        409 while the job may still write: pause or cancel it first. A call that breaks off may be
        repeated: what it put back stays so.
        """
        return undo_job(str(job_id), workspace_slug=visible_workspace())
