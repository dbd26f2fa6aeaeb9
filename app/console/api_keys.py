"""API keys: which there are, a new one whose secret is shown once, and the revoking of one."""

from typing import Final
from uuid import UUID

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import is_typed
from app.console.words import said
from app.console.workspaces import asked_workspace, typed_workspace
from app.errors import Invalid
from app.web import api_keys as service
from app.web.api_keys import KeyView, Scope
from app.web.auth import visible_workspace

SCOPE_WORDS: Final = {
    Scope.READ: "see lists, jobs and costs",
    Scope.WRITE: "change lists, make and steer jobs",
    Scope.PROCESS: "drive the queue, which spends credits",
    Scope.ADMIN: "everything",
}


@blueprint.get("/console/keys")
@require(Scope.ADMIN)
def api_keys() -> Response:
    """List the keys, revoked ones too, oldest first."""
    return _page()


@blueprint.post("/console/keys")
@require(Scope.ADMIN)
def create_key() -> Response:
    """Make a key and show its secret, this once."""
    form = request.form
    try:
        key, secret = service.create_key(form.get("name", "").strip(), form.getlist("scope"), typed_workspace())
    except Invalid as error:
        return _page(said(error), status=422)
    return _page(made=key, secret=secret)


@blueprint.get("/console/keys/<uuid:key_id>/revoke")
@require(Scope.ADMIN)
def confirm_revoke(key_id: UUID) -> Response:
    """Say what the key may do, and ask for the word."""
    return _revoke_page(_find(key_id))


@blueprint.post("/console/keys/<uuid:key_id>/revoke")
@require(Scope.ADMIN)
def revoke(key_id: UUID) -> Response:
    """Refuse a key from now on, if the word was typed."""
    key = _find(key_id)
    if not is_typed("revoke"):
        return _revoke_page(key, status=422, problem="Nothing was revoked: the confirmation word was not typed.")
    return _revoke_page(service.revoke_key(key.id))


def _find(key_id: UUID) -> KeyView:
    return service.get_key(str(key_id), workspace_slug=visible_workspace())


def _page(
    problem: str | None = None, *, status: int = 200, made: KeyView | None = None, secret: str | None = None
) -> Response:
    return page(
        "api_keys.html",
        status=status,
        keys=service.list_keys(visible_workspace()),
        scopes=SCOPE_WORDS,
        chosen=request.form.getlist("scope"),
        name=request.form.get("name", ""),
        workspace=asked_workspace(request.form) or "",
        problem=problem,
        made=made,
        secret=secret,
    )


def _revoke_page(key: KeyView, *, status: int = 200, problem: str | None = None) -> Response:
    return page("revoke_key.html", status=status, key=key, problem=problem)
