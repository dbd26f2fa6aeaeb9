"""Workspaces' own keys for providers over HTTP: set, listed without the keys, removed."""

import re
from typing import Any, Final

from flask.views import MethodView
from marshmallow import fields

from app.enrichment.waterfall import provider_keys
from app.enrichment.waterfall.provider_keys import KEY_PATTERN, KEY_RULE, ProviderKeyView
from app.entities.schemas import WorkspaceQuerySchema
from app.values.identifiers import SLUG_PATTERN
from app.web.auth import caller_name, readable_workspace, require, workspace_for
from app.web.blueprint import Blueprint
from app.web.fields import Instant, Pattern, QueryInteger, Schema, Slug

_CURSOR: Final = re.compile(f"{SLUG_PATTERN.pattern}/{SLUG_PATTERN.pattern}")

blueprint = Blueprint(
    "provider-keys",
    __name__,
    url_prefix="/api/enrichment/provider-keys",
    description="Workspaces' own keys for providers: stored encrypted, and shown to nobody.",
)


class ProviderKeySchema(Schema):
    """A workspace's own key, without the key."""

    workspace_slug = fields.String(required=True)
    provider = fields.String(required=True)
    last_four = fields.String(required=True, metadata={"description": "The last four characters of the key."})
    set_at = Instant(required=True)
    set_by = fields.String(
        required=True, metadata={"description": "An API key's or a user's name, or the command line."}
    )
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it cannot be used, and what to do."}
    )


class ProviderKeyListSchema(Schema):
    """One page of a list; `nextCursor` is null on the last."""

    provider_keys = fields.List(fields.Nested(ProviderKeySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ProviderKeyListQuerySchema(Schema):
    """Which keys to list: by default those of all workspaces that the caller may see."""

    limit = QueryInteger(minimum=1, maximum=1000, load_default=100)
    cursor = Pattern(
        _CURSOR, "expected a cursor that an earlier page gave", metadata={"description": "The nextCursor of a page."}
    )
    workspace_slug = Slug()


class ProviderKeyRequestSchema(Schema):
    """A key to set."""

    key = Pattern(KEY_PATTERN, f"expected {KEY_RULE}", required=True, metadata={"writeOnly": True})
    workspace_slug = Slug()


@blueprint.route("")
class ProviderKeyCollection(MethodView):
    """The keys of workspaces."""

    @require("admin")
    @blueprint.doc(operationId="listProviderKeys")
    @blueprint.arguments(ProviderKeyListQuerySchema, location="query")
    @blueprint.response(200, ProviderKeyListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List which workspaces have keys of their own, for which providers, page by page."""
        page = provider_keys.list_keys(readable_workspace(query.pop("workspace_slug", None)), **query)
        return {"provider_keys": page.rows, "next_cursor": page.next_cursor}


@blueprint.route("/<string:provider>")
class ProviderKeyResource(MethodView):
    """A workspace's key for one provider."""

    @require("admin")
    @blueprint.doc(operationId="setProviderKey")
    @blueprint.arguments(ProviderKeyRequestSchema, example={"key": "the-secret-key"})
    @blueprint.refuses(404, 409)
    @blueprint.response(200, ProviderKeySchema)
    def put(self, body: dict[str, Any], provider: str) -> ProviderKeyView:
        """Set a key, in place of an earlier one; the workspace's jobs ask with it from their next chunk on."""
        workspace_slug = workspace_for(body.get("workspace_slug"))
        return provider_keys.set_key(provider, body["key"], workspace_slug, set_by=caller_name())

    @require("admin")
    @blueprint.doc(operationId="removeProviderKey")
    @blueprint.arguments(WorkspaceQuerySchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], provider: str) -> None:
        """Remove a key; the workspace's jobs ask with the service's own from their next chunk on, if there is one."""
        provider_keys.remove_key(provider, workspace_for(query.get("workspace_slug")))
