"""Caps over HTTP: of a provider, a workspace, a provider in a workspace, or an API key; a day, UTC."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask.views import MethodView

from app.enrichment.money import stored_caps
from app.enrichment.money.schemas import (
    CapRequestSchema,
    CapScopeSchema,
    StoredCapListSchema,
    StoredCapQuerySchema,
    StoredCapSchema,
)
from app.enrichment.money.scopes import CapScope
from app.enrichment.money.stored_caps import StoredCapView
from app.errors import Forbidden
from app.web.auth import caller_name, require, visible_workspace
from app.web.blueprint import Blueprint

F = TypeVar("F", bound=Callable[..., Any])

blueprint = Blueprint(
    "caps", __name__, url_prefix="/api/enrichment/caps", description="Daily caps beside those of the settings."
)


def _for_all_workspaces(view: F) -> F:
    """Refuse, before a request is read, a key that is bound to a workspace: a cap is there to hold that too."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if visible_workspace() is not None:
            raise Forbidden("Caps hold workspaces too; this needs a key that is bound to none.")
        return view(*args, **kwargs)

    return cast(F, checked)


@blueprint.route("")
class CapCollection(MethodView):
    """The caps that are set."""

    @require("admin")
    @_for_all_workspaces
    @blueprint.doc(operationId="listCaps")
    @blueprint.arguments(StoredCapQuerySchema, location="query")
    @blueprint.response(200, StoredCapListSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List the caps that are set, with what is spent and reserved under each today, page by page."""
        page = stored_caps.list_caps(**query)
        return {"caps": page.rows, "next_cursor": page.next_cursor}

    @require("admin")
    @_for_all_workspaces
    @blueprint.doc(operationId="setCap")
    @blueprint.arguments(CapRequestSchema, example={"provider": "findymail", "workspaceSlug": "acme", "capUsd": 5})
    @blueprint.refuses(404)
    @blueprint.response(200, StoredCapSchema)
    def put(self, body: dict[str, Any]) -> StoredCapView:
        """Set a cap, in place of an earlier one; what was spent today counts, and the next chunks keep it."""
        dollars = body.pop("cap_usd")
        return stored_caps.set_cap(CapScope(**body), dollars, set_by=caller_name())

    @require("admin")
    @_for_all_workspaces
    @blueprint.doc(operationId="removeCap")
    @blueprint.arguments(CapScopeSchema, location="query")
    @blueprint.refuses(404)
    @blueprint.response(204)
    def delete(self, query: dict[str, Any]) -> None:
        """Take a cap away."""
        stored_caps.remove_cap(CapScope(**query))
