"""People and companies: the list of them, and one with who gave which value."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Response, g, request, stream_with_context

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities.changes import load_history
from app.entities.csv.exports import export_csv, unbroken
from app.entities.fields import NORMALIZED_FIELDS, RAW_FIELDS
from app.entities.read import EntityView, get_entity, list_entities
from app.values.entity_types import ENTITY_TYPES, PLURALS, EntityType
from app.web.api_keys import Scope

ROWS: Final = 50
COLUMNS: Final = {
    "person": ("full_name", "job_title", "company", "email"),
    "company": ("name", "domain", "industry", "headcount"),
}
"""What a list shows of each."""
_TYPES: Final[Mapping[str, EntityType]] = {PLURALS[entity_type]: entity_type for entity_type in ENTITY_TYPES}
_MASKED: Final = ("email", "phone")
"""Parts of the names of fields that a viewer sees in outline only."""


@blueprint.get("/console/<any(people, companies):plural>")
@require(Scope.READ)
def entities(plural: str) -> Response:
    """List a workspace's people or companies by id, all or those without a value in a field."""
    entity_type = _TYPES[plural]
    missing = request.args.get("missing") or None
    missing = missing if missing in RAW_FIELDS[entity_type] else None
    workspace = chosen_workspace()
    found = list_entities(
        entity_type, workspace_slug=workspace, cursor=request.args.get("cursor") or None, limit=ROWS, missing=missing
    )
    end_read()
    return page(
        "entities.html",
        entity_type=entity_type,
        plural=plural,
        columns=COLUMNS[entity_type],
        rows=found.rows,
        next_cursor=found.next_cursor,
        missing=missing,
        fields=[*RAW_FIELDS[entity_type]],
        workspace=workspace,
        shown=shown,
    )


@blueprint.get("/console/<any(people, companies):plural>/export.csv")
@require(Scope.WRITE)
def export(plural: str) -> Response:
    """Send a workspace's people or companies as CSV: the columns that were imported, and what has been found."""
    lines = export_csv(_TYPES[plural], workspace_slug=chosen_workspace())
    headers = {"Content-Disposition": f'attachment; filename="{plural}.csv"'}
    return Response(stream_with_context(unbroken(lines)), mimetype="text/csv", headers=headers)


@blueprint.get("/console/<any(people, companies):plural>/<rest_of_path:entity_id>")
@require(Scope.READ)
def entity(plural: str, entity_id: str) -> Response:
    """Show one: each field as given and as normalised, who gave it and when, and what stood there before."""
    entity_type, workspace = _TYPES[plural], chosen_workspace()
    found = get_entity(entity_type, entity_id, workspace_slug=workspace)
    history = load_history(entity_type, entity_id, workspace)
    end_read()
    return page(
        "entity.html",
        entity=found,
        entity_type=entity_type,
        plural=plural,
        given=_rows(found, RAW_FIELDS[entity_type]),
        normalized=_rows(found, NORMALIZED_FIELDS[entity_type]),
        history=history,
        shown=shown,
    )


def _rows(entity: EntityView, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return a row for each field that has a value or had one."""
    return [
        {"name": name, "value": entity.fields.get(name), "source": entity.provenance[name]}
        for name in names
        if name in entity.provenance
    ]


def shown(name: str, value: Any) -> str:
    """Return a value as text; of addresses and numbers a viewer sees the outline."""
    if value is None or value in ("", [], {}):
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if any(part in name for part in _MASKED) and not g.principal.may(Scope.WRITE):
        return _outline(text)
    return text


def _outline(text: str) -> str:
    local, at, domain = text.partition("@")
    return f"{local[:1]}•••@{domain}" if at else f"•••{text[-2:]}"
