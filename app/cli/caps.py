"""The commands that set, list and remove caps of providers, workspaces and API keys."""

from decimal import Decimal
from typing import Final

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Dollars
from app.cli.options import Slug, json_option, with_options
from app.enrichment.money import stored_caps as service
from app.enrichment.money.schemas import StoredCapSchema
from app.enrichment.money.scopes import CapScope
from app.enrichment.money.stored_caps import StoredCapView
from app.entities.pages import all_rows
from app.providers.names import NAMES

SET_BY: Final = "command line"


_scope_options = with_options(
    click.option("--provider", type=click.Choice(NAMES), help="For calls to this provider and its verifier."),
    click.option("--workspace", type=Slug(), help="For this workspace."),
    click.option("--key", "key_id", metavar="ID", help="For the jobs that this API key creates."),
)


@enrich.group()
def caps() -> None:
    """Daily caps of providers, workspaces and API keys, besides those in the settings."""


@caps.command("set")
@_scope_options
@click.option("--usd", type=Dollars(), required=True, help="Dollars per day (UTC).")
@json_option
def set_(provider: str | None, workspace: str | None, key_id: str | None, usd: Decimal, as_json: bool) -> None:
    """Set what may be spent each day: by a provider, a workspace, a provider in a workspace, or an API key's jobs."""
    view = service.set_cap(CapScope(workspace, provider, key_id), usd, set_by=SET_BY)
    cap, left = output.money(view.cap.cap_micros), output.money(view.cap.remaining_micros)
    line = f"{_name(view)}: {cap} a day, {left} left today."
    output.print_result(StoredCapSchema().dump(view), line, as_json=as_json)


@caps.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the caps and what has been spent under each today."""
    views = [*all_rows(service.list_caps)]
    value = StoredCapSchema(many=True).dump(views)
    command = f"{output.enrich_command()} caps set --provider findymail --usd 5"
    empty = f"No caps are set but those of the settings. To set one: {command}"
    columns = ["of", "cap", "spent", "reserved", "left", "set", "by"]
    output.print_page(value, columns, map(_row, views), as_json=as_json, empty=empty)


@caps.command()
@_scope_options
@json_option
def remove(provider: str | None, workspace: str | None, key_id: str | None, as_json: bool) -> None:
    """Remove a cap."""
    service.remove_cap(CapScope(workspace, provider, key_id))
    output.print_result({"removed": True}, "The cap is removed.", as_json=as_json)


def _row(view: StoredCapView) -> list[object]:
    cap = view.cap
    money = map(output.money, (cap.cap_micros, cap.spent_micros, cap.reserved_micros, cap.remaining_micros))
    return [_name(view), *money, output.clock(view.set_at), view.set_by]


def _name(view: StoredCapView) -> str:
    scope = view.of
    parts = {"provider": scope.provider, "workspace": scope.workspace_slug, "key": scope.key_id}
    return ", ".join(f"{kind} {name}" for kind, name in parts.items() if name)
