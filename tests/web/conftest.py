"""Clients with a credential, and an application with a few views of the tests' own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import fields
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from app import create_app, logs
from app.config import Config
from app.errors import AppError, Conflict
from app.extensions import db
from app.web import api_keys
from app.web.auth import require
from app.web.blueprint import Blueprint
from app.web.fields import QueryInteger, Schema, Slug, Text, WholeNumber
from tests.conftest import CRON_SECRET

Login = Callable[..., FlaskClient]


@pytest.fixture
def login(app: Flask) -> Login:
    """Make a client with a key: `login("read", workspace_slug="north")`."""

    def make(*scopes: str, workspace_slug: str | None = None) -> FlaskClient:
        return client_with(app, make_key(app, *scopes, workspace_slug=workspace_slug))

    return make


@pytest.fixture
def cron(app: Flask) -> FlaskClient:
    """A client with the cron secret."""
    return client_with(app, CRON_SECRET)


@pytest.fixture(scope="session")
def probed_app(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that also has the views below; SQLite only, as no state matters."""
    path = tmp_path_factory.mktemp("probe") / "probe.db"
    shutil.copy(migrated_sqlite, path)
    app = make_probed(path)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def probe(probed_app: Flask) -> FlaskClient:
    """A client of that application."""
    logs.configure(probed_app.config["TRANCHE"])
    return client_with(probed_app, make_key(probed_app, "admin"))


def make_probed(path: Path) -> Flask:
    """Make an application that also has the views below, on an SQLite file."""
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", TESTING=True, LOG_LEVEL="ERROR"))
    app.extensions["flask-smorest"]["apis"][""]["ext_obj"].register_blueprint(_probe_blueprint())
    return app


def make_key(app: Flask, *scopes: str, workspace_slug: str | None = None) -> str:
    """Return the secret of a new key."""
    with app.app_context():
        return api_keys.create_key("for a test", scopes, workspace_slug)[1]


def client_with(app: Flask, token: str) -> FlaskClient:
    """Return a client that sends a bearer token with every request."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


class AnySchema(Schema):
    """One member of any kind."""

    value = fields.Raw(allow_none=True)


class InnerSchema(Schema):
    """A nested object."""

    max_size = WholeNumber(minimum=1, maximum=1000)
    some_text = Text(min_length=1, max_length=5)


class OuterSchema(Schema):
    """An object with a list of objects."""

    rows = fields.List(fields.Nested(InnerSchema), required=True)


class QuerySchema(Schema):
    """A few query parameters."""

    limit = QueryInteger(minimum=1, maximum=200)
    workspace_slug = Slug()


def _probe_blueprint() -> Blueprint:
    blueprint = Blueprint("probe", __name__, url_prefix="/api/probe")

    @blueprint.route("/any", methods=["POST"])
    @require("read")
    @blueprint.arguments(AnySchema)
    @blueprint.response(200)
    def take_any(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @blueprint.route("/rows", methods=["POST"])
    @require("read")
    @blueprint.arguments(OuterSchema)
    @blueprint.response(200)
    def take_rows(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @blueprint.route("/list", methods=["POST"])
    @require("read")
    @blueprint.arguments(InnerSchema(many=True))
    @blueprint.response(200)
    def take_list(body: list[Any]) -> list[Any]:
        return body

    @blueprint.route("/query", methods=["GET"])
    @require("read")
    @blueprint.arguments(QuerySchema, location="query")
    @blueprint.response(200)
    def take_query(query: dict[str, Any]) -> dict[str, Any]:
        return query

    @blueprint.route("/unmarked", methods=["GET"])
    def forgotten() -> str:
        return "open"

    @blueprint.route("/raise/<kind>", methods=["GET"])
    @require("read")
    def fail(kind: str) -> str:
        raise _ERRORS[kind]

    return blueprint


class _Broken(AppError):
    """Something that is a bug, in words of ours."""


_SECRET_SQL = "select 'ada@example.com' from people"
_ERRORS: dict[str, Exception] = {
    "bug": ValueError("ada@example.com"),
    "app-bug": _Broken(),
    "conflict": Conflict(details=[{"path": "p", "message": f"m{i}"} for i in range(30)]),
    "locked": OperationalError(_SECRET_SQL, {}, Exception("database is locked")),
    "refused": ProgrammingError(_SECRET_SQL, {"email": "ada@example.com"}, Exception("syntax error")),
    "marshmallow": ma.ValidationError("ada@example.com"),
    "too-many": TooManyRequests(retry_after=7),
    "unavailable": ServiceUnavailable(),
}
