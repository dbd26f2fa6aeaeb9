"""The OpenAPI 3.1 document of an application, at `/api/openapi.json`."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from threading import RLock
from typing import Any, Final, cast

import flask_smorest
from apispec import APISpec
from flask import Flask
from flask_smorest.spec import openapi_cli
from flask_smorest.utils import prepare_response
from marshmallow import fields

from app.errors import AppError
from app.web import requests
from app.web.error_answers import TEXTS, answer_error
from app.web.fields import JSON_VALUE, Schema

_SECONDS: Final = {"schema": {"type": "integer", "minimum": 0}, "description": "When to try again, in seconds."}
_ERROR_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}, "required": True}},
    503: {"Retry-After": {**_SECONDS, "required": True}},
}
_REQUEST_ID: Final = {
    "X-Request-Id": {
        "description": "The request's own, where it had a usable one; it stands in the log.",
        "schema": {"type": "string", "pattern": f"^{requests.REQUEST_ID_PATTERN.pattern}$"},
        "required": True,
    }
}


def _codes() -> list[str]:
    """Return the closed list of error codes."""
    classes: list[type[AppError]] = [AppError]
    for error in classes:
        classes += error.__subclasses__()
    return sorted({*(error.code for error in classes), *(code for code, _ in TEXTS.values())})


class ErrorDetailSchema(Schema):
    """One thing that is wrong with the input."""

    path = fields.String(required=True, metadata={"description": "Where: `entities.3.email`; empty for the whole."})
    message = fields.String(required=True, metadata={"description": "What was expected there."})


class ErrorSchema(Schema):
    """The body of every error answer."""

    error = fields.String(required=True, metadata={"description": "One sentence."})
    code = fields.String(required=True, metadata={"description": "For programs.", "enum": _codes()})
    request_id = fields.String(required=True, metadata={"description": "Also in the header X-Request-Id."})
    details = fields.List(fields.Nested(ErrorDetailSchema), metadata={"description": "For invalid input, at most 20."})
    retry_after = fields.Integer(metadata={"description": "Seconds to wait, as in the header Retry-After."})


def document_answers(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the errors common to an operation's kind of view, and the header of every answer."""
    manual = info.get("manual_doc", {})
    statuses = {503}
    if manual.get("security") != []:
        # Whatever is not documented is refused, query parameters too.
        statuses |= {401, 403, 422}
    if "requestBody" in doc or "requestBody" in manual:
        statuses |= {400, 413, 415, 422}
    answers = doc.setdefault("responses", {})
    for status in sorted(statuses):
        answers.setdefault(status, HTTPStatus(status).name)
    for answer in answers.values():
        if isinstance(answer, dict):
            answer["headers"] = {**answer.get("headers", {}), **_REQUEST_ID}
    doc["responses"] = dict(sorted(answers.items(), key=lambda entry: int(entry[0])))
    return doc


class Api(flask_smorest.Api):  # type: ignore[misc]  # the library has no types
    """The OpenAPI document of one application, at `/api/openapi.json`, and its error answers.

    The document is made when it is first requested: most processes never need it, and making it takes several times
    as long as making the rest of the application.
    """

    ERROR_SCHEMA = ErrorSchema
    # Each operation names the statuses of its errors; a default would announce all of them.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        app.config["OPENAPI_URL_PREFIX"] = "/api"
        app.config["MAX_CONTENT_LENGTH"] = requests.MAX_BODY_BYTES
        # Tests see the answers that callers would see.
        app.config["PROPAGATE_EXCEPTIONS"] = False
        # A redirect would echo the path, in HTML.
        app.url_map.merge_slashes = False
        cast(Any, app.json).sort_keys = False
        self._lock = RLock()
        self._document: APISpec | None = None
        self._blueprints: list[flask_smorest.Blueprint] = []
        super().__init__(app)
        app.cli.add_command(openapi_cli)

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        """Register a blueprint in the application, and remember it for the document."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._blueprints.append(blueprint)

    @property
    def spec(self) -> APISpec:
        """The document."""
        # Reentrant, since the library asks for the document while it makes it; other threads wait until it is whole.
        with self._lock:
            if self._document is None:
                self._make_document()
            return cast(APISpec, self._document)

    @spec.setter
    def spec(self, document: APISpec | None) -> None:
        self._document = document

    def _init_spec(self, **_: Any) -> None:
        """Leave the document to `spec`."""

    def _make_document(self) -> None:
        spec = {"title": "Tranche", "version": project_version(), "openapi_version": "3.1.0"}
        super()._init_spec(**spec, security=[{"bearer": []}])
        self._describe_components()
        for blueprint in self._blueprints:
            blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=None)
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})

    def _describe_components(self) -> None:
        self.ma_plugin.converter.add_attribute_function(_property_names)
        self.spec.components.schema("Json", dict(JSON_VALUE))
        self.spec.components.security_scheme(
            "bearer", {"type": "http", "scheme": "bearer", "description": "An API key, or the cron secret."}
        )

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            if status >= 400:
                headers = {**_ERROR_HEADERS.get(status, {}), **_REQUEST_ID}
                answer = {"description": status.phrase, "schema": self.ERROR_SCHEMA, "headers": headers}
                prepare_response(answer, self.spec, self.DEFAULT_RESPONSE_CONTENT_TYPE)
                self.spec.components.response(status.name, answer, lazy=True)

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(Exception, answer_error)


def _property_names(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Return the `propertyNames` of a field, which apispec leaves out."""
    name = "propertyNames"
    return {name: field.metadata[name]} if name in field.metadata else {}


@cache
def project_version() -> str:
    """Return the version of the installed project, or `0` if it is not installed; it is read from a file, once."""
    try:
        return version("tranche-enrich")
    except PackageNotFoundError:
        return "0"
