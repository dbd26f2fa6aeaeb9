"""People and companies: the list of them."""

from collections.abc import Mapping
from typing import Final

from flask import Response, request

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.cursors import asked_cursor, sealed
from app.console.forms import asked
from app.console.outlines import shown
from app.console.workspaces import chosen_workspace
from app.db.session import end_read
from app.entities.fields import RAW_FIELDS
from app.entities.lists import ListView, find_list, list_lists
from app.entities.read import list_entities
from app.values.entity_types import ENTITY_TYPES, PLURALS, EntityType
from app.web.api_keys import Scope

ROWS: Final = 50
LOOKS_AT: Final = 5_000
"""How many are looked at, at a time, for those without a value: some 15 ms."""
OFFERED: Final = 100
"""How many of a workspace's lists a form offers, the newest first."""
COLUMNS: Final = {
    "person": ("full_name", "job_title", "company", "email"),
    "company": ("name", "domain", "industry", "headcount"),
}
"""What a list shows of each."""
TYPES: Final[Mapping[str, EntityType]] = {PLURALS[entity_type]: entity_type for entity_type in ENTITY_TYPES}
"""By what several of them are called in an address."""


@blueprint.get("/console/<any(people, companies):plural>")
@require(Scope.READ)
def entities(plural: str) -> Response:
    """List a workspace's people or companies by id: all, those of a list, or those without a value in a field."""
    entity_type = TYPES[plural]
    missing = asked("missing", RAW_FIELDS[entity_type], None)
    workspace = chosen_workspace()
    chosen = asked_list(entity_type, workspace)
    found = list_entities(
        entity_type,
        workspace_slug=workspace,
        cursor=asked_cursor(),
        limit=ROWS,
        missing=missing,
        list_id=chosen.id if chosen else None,
        looks_at=LOOKS_AT if missing else None,
    )
    offered = list_lists(workspace_slug=workspace, entity_type=entity_type, limit=OFFERED).rows
    end_read()
    return page(
        "entities.html",
        entity_type=entity_type,
        plural=plural,
        columns=COLUMNS[entity_type],
        rows=found.rows,
        next_cursor=sealed(found.next_cursor),
        missing=missing,
        looks_at=LOOKS_AT,
        chosen=chosen,
        lists=offered,
        fields=[*RAW_FIELDS[entity_type]],
        workspace=workspace,
        shown=shown,
    )


def asked_type() -> EntityType:
    """Return the type in the address or the form, else the first."""
    kind = request.values.get("type", "")
    return kind if kind in ENTITY_TYPES else ENTITY_TYPES[0]


def asked_list(entity_type: EntityType, workspace: str) -> ListView | None:
    """Return the list in the address or the form, if there is one.

    Raises `ListNotFound`, and `Invalid` for one of the other type.
    """
    reference = request.values.get("list")
    return find_list(reference, workspace_slug=workspace, entity_type=entity_type) if reference else None
