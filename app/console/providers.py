"""The providers that money goes to, and workspaces' own keys for them, of which none is ever shown."""

from typing import Any

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.workspaces import asked_workspace
from app.db.session import end_read
from app.enrichment.waterfall import provider_keys as service
from app.enrichment.waterfall.provider_status import has_own_account, list_providers, reset_provider
from app.errors import Conflict, Forbidden, Invalid
from app.web.api_keys import Scope
from app.web.auth import caller_name, visible_workspace


@blueprint.get("/console/providers")
@require(Scope.READ)
def providers() -> Response:
    """Show how each provider stands, what it may be asked, and for how much; by the service's keys or a workspace's."""
    return _page()


@blueprint.post("/console/providers/<name>/reset")
@require(Scope.ADMIN)
def reset(name: str) -> WerkzeugResponse:
    """Forget what is held against a provider: at a workspace's own account or, for an admin of all, the service's."""
    workspace = asked_workspace(request.values)
    is_own = workspace is not None and has_own_account(name, workspace)
    if not is_own and visible_workspace() is not None:
        raise Forbidden("The service's own keys are shared, so only an admin of all workspaces can do this.")
    reset_provider(name, workspace)
    return redirect(url_for("console.providers", workspace=workspace), 303)


@blueprint.post("/console/providers/<name>/key")
@require(Scope.ADMIN)
def change_key(name: str) -> Response | WerkzeugResponse:
    """Set a workspace's own key for a provider, or remove it."""
    workspace = asked_workspace(request.values)
    if workspace is None:
        return _page("Whose key is it? First choose a workspace.", status=422)
    try:
        if "remove" in request.form:
            service.remove_key(name, workspace)
        else:
            service.set_key(name, request.form.get("key", "").strip(), workspace, set_by=caller_name())
    except (Conflict, Invalid) as error:
        said = "; ".join(detail["message"] for detail in error.details)
        return _page(f"{error.message} {said}".strip(), status=error.status)
    return redirect(url_for("console.providers", workspace=workspace), 303)


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    workspace = asked_workspace(request.values)
    found = list_providers(workspace)
    keys = service.list_keys(workspace).rows if workspace is not None and g.principal.may(Scope.ADMIN) else []
    end_read()
    values: dict[str, Any] = {
        "providers": found,
        "workspace": workspace,
        "keys": {key.provider: key for key in keys},
        "with_keys": service.providers_with_keys(),
        "may_change": g.principal.may(Scope.ADMIN),
        "sees_all": visible_workspace() is None,
        "problem": problem,
    }
    return page("providers.html", status=status, **values)
