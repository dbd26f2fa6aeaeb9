"""The HTTP conventions: strict input, one form of error answer, OpenAPI 3.1.

Routes are written on `Blueprint`, whose `arguments` reads bodies and query strings strictly.
Whatever is raised ends in `answer_error`, which tells the caller what to change and nothing
about the inside.
"""

import errno
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from threading import RLock
from typing import Any, Final, NoReturn, TypeVar, cast

import flask_smorest
import marshmallow as ma
import structlog
from apispec import APISpec
from flask import Flask, Response, jsonify
from flask_smorest.spec import openapi_cli
from flask_smorest.utils import prepare_response
from marshmallow import fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug import Request
from werkzeug.exceptions import HTTPException

from app import logs
from app.db.failures import is_missing_table, is_unavailable
from app.errors import AppError, DatabaseUnavailable, Invalid, NotMigrated, UnsupportedMediaType, detail
from app.values.text import find_bad_character
from app.web import json_body, requests
from app.web.fields import JSON_VALUE, Schema

log = structlog.get_logger(__name__)

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
RETRY_AFTER_SECONDS: Final = 5
"""What a 503 tells the caller to wait where nothing better is known."""

F = TypeVar("F", bound=Callable[..., Any])

_TEXTS: Final = {
    400: ("bad_request", "The request could not be read."),
    404: ("not_found", "There is nothing under this address."),
    405: ("method_not_allowed", "This address does not answer to that method; see the Allow header."),
    413: ("payload_too_large", "The request body is larger than is taken here."),
    415: ("unsupported_media_type", "The request body has a media type that is not taken here."),
    429: ("too_many_requests", "Too many requests; try again later."),
    503: ("unavailable", "The service cannot answer now; try again later."),
}
_KEPT_HEADERS: Final = frozenset({"allow", "content-range", "retry-after", "www-authenticate"})
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
    for one in classes:
        classes += one.__subclasses__()
    return sorted({*(one.code for one in classes), *(code for code, _ in _TEXTS.values())})


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


class StrictParser(FlaskParser):
    """Reads JSON bodies and query strings; refuses what it does not know instead of ignoring it."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(("json", "query", "querystring", "form", "files"), ma.RAISE)

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the parsed body. Raises 400, 415 or 422."""
        _check_media_type(req)
        value = json_body.loads(requests.read_body(req, MAX_BODY_BYTES))
        expected = list if schema.many else dict
        if not isinstance(value, expected):
            raise Invalid(f"The request body is not valid: expected an {'array' if schema.many else 'object'}.")
        return value

    def load_querystring(self, req: Request, schema: ma.Schema) -> MultiDictProxy:
        """Return the query parameters. Raises 422 for a single one that comes twice, and for a bad character."""
        details = []
        lists = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, fields.List)}
        for name, values in req.args.lists():
            if len(values) > 1 and name not in lists:
                details.append(detail(json_body.step("", name), "expected once"))
            elif bad := find_bad_character("".join(values)):
                details.append(detail(json_body.step("", name), f"expected plain text; found {bad}"))
        if details:
            raise Invalid("The query string is not valid.", details=details)
        return self._makeproxy(req.args, schema)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Turn marshmallow's messages into our 422."""
        messages = cast(dict[str, Any], error.messages)
        ((location, inner),) = messages.items()
        what = "query string" if location in {"query", "querystring"} else "request body"
        raise Invalid(f"The {what} is not valid.", details=list(islice(flatten(inner), 20))) from error


def _check_media_type(req: Request) -> None:
    charset = req.mimetype_params.get("charset", "utf-8").lower()
    if req.mimetype != "application/json" or charset != "utf-8":
        raise UnsupportedMediaType("Expected a body of type application/json in UTF-8.")
    if req.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Expected a body without content encoding.")


def flatten(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Walk marshmallow's nested messages: `{"entities": {3: {"email": ["…"]}}}` is `entities.3.email`."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from flatten(inner, path if key == "_schema" else json_body.step(path, key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from flatten(inner, path)
    else:
        yield detail(path, str(messages))


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # the library has no types
    """A blueprint whose views read their input strictly and appear in the OpenAPI document.

    Each view names the scope that it needs with `auth.require`; without, it is refused.
    """

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(_document_answers)

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view or a MethodView. `answers_head=False` for a GET that does work."""
        return cast(Callable[[F], F], super().route(rule, **options))

    def arguments(self, schema: type[ma.Schema] | ma.Schema, **options: Any) -> Callable[[F], F]:
        """Load the body (or `location="query"`) with a schema and pass it to the view."""
        decorate = cast(Callable[[F], F], super().arguments(schema, **options))

        def mark(view: F) -> F:
            decorated = decorate(view)
            if options.get("location") == "query":
                decorated.takes_query = True  # type: ignore[attr-defined]
            return decorated

        return mark

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[F], F]:
        """Dump what the view returns with a schema."""
        return cast(Callable[[F], F], super().response(status_code, schema, **options))

    def refuses(self, *statuses: int) -> Callable[[F], F]:
        """Document with which statuses the view refuses, beyond those that any view of its kind does."""

        def mark(view: F) -> F:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return mark

    def doc(self, **options: Any) -> Callable[[F], F]:
        """Add to the view's part of the OpenAPI document."""
        return cast(Callable[[F], F], super().doc(**options))


def _document_answers(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to an operation's answers the errors that its kind of view gives, and the header that all have."""
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

    The document is made when it is first asked for: most processes never are, and making it takes several times as
    long as the rest of the application.
    """

    ERROR_SCHEMA = ErrorSchema
    # Each operation names the statuses of its errors; a default would say that any may come.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        app.config["OPENAPI_URL_PREFIX"] = "/api"
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
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
    """Return what the document says of a field's names, which apispec leaves out."""
    name = "propertyNames"
    return {name: field.metadata[name]} if name in field.metadata else {}


def project_version() -> str:
    """Return the version of the installed project, or `0` where only its folder is there."""
    try:
        return version("tranche")
    except PackageNotFoundError:
        return "0"


@dataclass(frozen=True, slots=True)
class _Problem:
    """An error as the caller is told it."""

    status: int
    code: str
    message: str
    details: list[dict[str, str]] = field(default_factory=list)
    retry_after_seconds: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def answer_error(error: Exception) -> Response:
    """Answer any exception as JSON: `{"error", "code", "requestId"}` and what helps the caller."""
    problem = _problem(error)
    body: dict[str, Any] = {"error": problem.message, "code": problem.code, "requestId": requests.request_id()}
    if problem.details:
        body["details"] = problem.details
    headers = dict(problem.headers)
    if problem.retry_after_seconds is not None:
        body["retryAfter"] = problem.retry_after_seconds
        headers["Retry-After"] = str(problem.retry_after_seconds)
    response = jsonify(body)
    response.status_code = problem.status
    response.headers.update(headers)
    return response


def _problem(error: Exception) -> _Problem:
    if isinstance(error, AppError):
        return _from_app_error(error)
    if isinstance(error, HTTPException) and (error.code or 500) != 500:
        return _from_http_exception(error)
    if is_missing_table(error):
        return _from_app_error(NotMigrated())
    if is_unavailable(error):
        log.warning("database unavailable", error=type(error).__name__)
        return _from_app_error(DatabaseUnavailable())
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        log.warning("disk full", error=type(error).__name__)
        return _Problem(503, *_TEXTS[503], retry_after_seconds=RETRY_AFTER_SECONDS)
    _log_bug(error)
    return _Problem(500, "internal_error", "Internal error; its request id stands in the log.")


def _from_app_error(error: AppError) -> _Problem:
    if error.status >= 500 and error.status != 503:
        _log_bug(error)
    retry_after = error.retry_after_seconds
    if retry_after is None and error.status == 503:
        retry_after = RETRY_AFTER_SECONDS
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return _Problem(error.status, error.code, error.message, error.details, retry_after, headers)


def _from_http_exception(error: HTTPException) -> _Problem:
    """Keep the status and the headers that callers act on; the text is ours, since Werkzeug's may echo input."""
    status = error.code or 500
    default = _TEXTS[400] if status < 500 else _TEXTS[503]
    code, message = _TEXTS.get(status, default)
    given = error.get_response().headers
    headers = {name: value for name, value in given.items() if name.lower() in _KEPT_HEADERS}
    retry_after = headers.get("Retry-After", str(RETRY_AFTER_SECONDS) if status in {429, 503} else "")
    seconds = int(retry_after) if retry_after.isdecimal() else None
    return _Problem(status, code, message, retry_after_seconds=seconds, headers=headers)


def _log_bug(error: Exception) -> None:
    original = getattr(error, "original_exception", None) or error
    log.error("internal error", **logs.trace(original))


def refusal(status: int) -> bytes:
    """Return the whole answer to a request that the server refuses, since it never becomes one for the application."""
    request_id = secrets.token_hex(16)
    code, message = _TEXTS.get(status, _TEXTS[400])
    body = json.dumps({"error": message, "code": code, "requestId": request_id}).encode()
    headers = {
        **requests.HEADERS,
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Request-Id": request_id,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def link_next(url: str) -> str:
    """Return the value of a `Link` header that leads to the next page."""
    return f'<{url}>; rel="next"'
