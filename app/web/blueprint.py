"""The base of all routes: views that read their input strictly and appear in the OpenAPI document."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, NoReturn, TypeVar, cast

import flask_smorest
import marshmallow as ma
from marshmallow import fields
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug import Request

from app.errors import Invalid, UnsupportedMediaType, detail
from app.values.text import find_bad_character
from app.web import json_body, requests
from app.web.openapi import document_answers

F = TypeVar("F", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """Reads JSON bodies and query strings; refuses unknown members instead of ignoring them."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(("json", "query", "querystring", "form", "files"), ma.RAISE)

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the parsed body. Raises 400, 415 or 422."""
        _check_media_type(req)
        value = json_body.loads(requests.read_body(req, requests.MAX_BODY_BYTES))
        kind, name = (list, "array") if schema.many else (dict, "object")
        if not isinstance(value, kind):
            raise Invalid(f"The request body is not valid: expected an {name}.")
        return value

    def load_querystring(self, req: Request, schema: ma.Schema) -> MultiDictProxy:
        """Return the query parameters. Raises 422 for a bad character, and if a single-valued parameter comes twice."""
        lists = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, fields.List)}
        details = list(_problems_of_query(req, lists))
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


def _problems_of_query(req: Request, lists: set[str]) -> Iterator[dict[str, str]]:
    """Yield what is wrong with the parameters; those of `lists` may come several times."""
    for name, values in req.args.lists():
        if len(values) > 1 and name not in lists:
            yield detail(json_body.step("", name), "expected once")
        elif bad := find_bad_character("".join(values)):
            yield detail(json_body.step("", name), f"expected plain text; found {bad}")


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


_PENDING: Final[Mapping[str, Any]] = {
    "description": "The figures of the first entities, or older ones: what is asked for is being worked out.",
    "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds after which to ask again."}},
}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # the library has no types
    """A blueprint whose views read their input strictly and appear in the OpenAPI document.

    Each view names the scope that it needs with `auth.require`; a view without a scope is refused.
    """

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(document_answers)

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view or a MethodView. `answers_head=False` for a GET that does work."""
        return cast(Callable[[F], F], super().route(rule, **options))

    def arguments(self, schema: type[ma.Schema] | ma.Schema, **options: Any) -> Callable[[F], F]:
        """Load the body (or `location="query"`) with a schema and pass it to the view."""
        # Given the class, the parser makes a schema of it for each request.
        made = schema() if isinstance(schema, type) else schema
        decorate = cast(Callable[[F], F], super().arguments(made, **options))

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
        """Document the error statuses of the view, beyond those of every view of its kind."""

        def mark(view: F) -> F:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return mark

    def may_be_pending(self, schema: type[ma.Schema]) -> Callable[[F], F]:
        """Document that the view answers 202 with what it has so far while a drain works out what is asked for."""
        return cast(Callable[[F], F], self.alt_response(202, schema=schema, **_PENDING))

    def doc(self, **options: Any) -> Callable[[F], F]:
        """Add to the view's part of the OpenAPI document."""
        return cast(Callable[[F], F], super().doc(**options))
