"""One person or company: who gave which value, the receipt, the undoing of a field, and the erasing of it all."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import given, is_typed
from app.console.lists import TYPES
from app.console.outlines import shown
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.receipt_words import STATE_TEXTS, describe_attempt, describe_charge
from app.enrichment.waterfall.receipts import make_receipt
from app.entities.changes import load_history
from app.entities.fields import NORMALIZED_FIELDS, RAW_FIELDS
from app.entities.read import EntityView, get_entity
from app.entities.undo import FieldUndo, undo_field
from app.errors import Conflict
from app.web.api_keys import Scope

ATTEMPTS: Final = 50
_ONE: Final = "/console/<any(people, companies):plural>/<rest_of_path:entity_id>"


@blueprint.get(_ONE)
@require(Scope.READ)
def entity(plural: str, entity_id: str) -> Response:
    """Show one: each field, who gave it and when, what stood there before, and what its attempts gave and cost."""
    entity_type, workspace = TYPES[plural], chosen_workspace()
    found = get_entity(entity_type, entity_id, workspace_slug=workspace)
    cursor = given("after")
    receipt = make_receipt(entity_type, entity_id, workspace_slug=workspace, limit=ATTEMPTS, cursor=cursor)
    history = load_history(entity_type, entity_id, workspace)
    end_read()
    return _page(
        "entity.html",
        plural,
        found,
        given=_rows(found, RAW_FIELDS[entity_type]),
        normalized=_rows(found, NORMALIZED_FIELDS[entity_type]),
        history=history,
        changed={name for revision in history for name in revision.changes},
        receipt=receipt,
        describe_attempt=describe_attempt,
        describe_charge=describe_charge,
        states=STATE_TEXTS,
    )


@blueprint.get(f"{_ONE}/undo")
@require(Scope.WRITE)
def confirm_field_undo(plural: str, entity_id: str) -> Response:
    """Say which value a field would get back, and ask."""
    found = _find(plural, entity_id)
    undone = _undo(plural, found, is_dry_run=True)
    return _page("undo_field.html", plural, found, undone=undone, seen=_mark(undone))


@blueprint.post(f"{_ONE}/undo")
@require(Scope.WRITE)
def undo_one_field(plural: str, entity_id: str) -> Response | WerkzeugResponse:
    """Take back the last change of a field if it still is the one that was shown, and lead to the entity."""
    found = _find(plural, entity_id)
    undone = _undo(plural, found, is_dry_run=True)
    if request.form.get("seen") != _mark(undone):
        # Sent twice, an undo would be taken back by the second.
        raise Conflict("The field has changed since it was shown, so nothing was undone. Check it and confirm again.")
    _undo(plural, found)
    return redirect(url_for("console.entity", plural=plural, entity_id=found.id, workspace=found.workspace_slug), 303)


@blueprint.get(f"{_ONE}/erase")
@require(Scope.ADMIN)
def confirm_erase(plural: str, entity_id: str) -> Response:
    """Say what is erased, and ask for the word."""
    return _page("erase.html", plural, _find(plural, entity_id))


@blueprint.post(f"{_ONE}/erase")
@require(Scope.ADMIN)
def erase(plural: str, entity_id: str) -> Response:
    """Erase one and everything recorded about it, if the word was typed."""
    found = _find(plural, entity_id)
    if not is_typed("erase"):
        return _page(
            "erase.html", plural, found, status=422, problem="Nothing was erased: the confirmation word was not typed."
        )
    erase_entity(TYPES[plural], found.id, workspace_slug=found.workspace_slug)
    return _page("erase.html", plural, found, is_done=True)


def _find(plural: str, entity_id: str) -> EntityView:
    found = get_entity(TYPES[plural], entity_id, workspace_slug=chosen_workspace())
    end_read()
    return found


def _undo(plural: str, entity: EntityView, *, is_dry_run: bool = False) -> FieldUndo:
    field, workspace = request.values.get("field", ""), entity.workspace_slug
    return undo_field(TYPES[plural], entity.id, field, workspace_slug=workspace, is_dry_run=is_dry_run)


def _mark(undone: FieldUndo) -> str:
    """Return what tells this undo from every other of the field, without its values."""
    parts = json.dumps([undone.field, undone.value, undone.replaced, undone.provider], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def _page(template: str, plural: str, entity: EntityView, *, status: int = 200, **values: Any) -> Response:
    about = {"entity": entity, "entity_type": TYPES[plural], "plural": plural}
    return page(template, status=status, shown=shown, **about, **values)


def _rows(entity: EntityView, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return a row for each field that has a value or had one."""
    return [
        {"name": name, "value": entity.fields.get(name), "source": entity.provenance[name]}
        for name in names
        if name in entity.provenance
    ]
