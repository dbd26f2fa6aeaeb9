"""Where providers send answers that come later. The address itself is the credential: it is signed."""

from flask import request
from flask.views import MethodView
from marshmallow import fields

from app.enrichment.waterfall.callbacks import receive
from app.errors import Invalid
from app.web import json_body
from app.web.blueprint import Blueprint
from app.web.fields import JSON_VALUE, Schema
from app.web.requests import read_body

MAX_CALLBACK_BYTES = 1024 * 1024

blueprint = Blueprint(
    "callbacks", __name__, url_prefix="/api/enrichment", description="Answers that come later, from Clay's tables."
)

_ANSWER = {
    "required": True,
    "description": "What the table found, or that it found nothing.",
    "content": {"application/json": {"schema": {**JSON_VALUE, "type": ["object", "array"]}}},
}


class CallbackSchema(Schema):
    """What became of an answer that was sent."""

    received = fields.Boolean(required=True, metadata={"description": "False: one had come before, which counts."})


@blueprint.route("/callbacks/<request_id>/<signature>")
class CallbackResource(MethodView):
    """The answer to one question."""

    @blueprint.doc(operationId="receiveAnswer", security=[], requestBody=_ANSWER)
    @blueprint.refuses(403, 404)
    @blueprint.response(200, CallbackSchema)
    def post(self, request_id: str, signature: str) -> dict[str, bool]:
        """Take an answer in: one JSON object, `{"items": […]}` or an array of one."""
        payload = json_body.loads(read_body(request, MAX_CALLBACK_BYTES))
        if not isinstance(payload, dict | list):
            raise Invalid("The request body is not valid: expected an object or an array.")
        return {"received": receive(request_id, signature, request.headers.get("x-api-key"), payload)}
