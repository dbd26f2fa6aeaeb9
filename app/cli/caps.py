"""The commands that set, list and remove caps of providers, workspaces and API keys."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.money import Dollars
from app.cli.options import Slug, json_option
from app.db.session import end_read
from app.enrichment.money import stored_caps as service
from app.enrichment.money.reports import dollars
from app.enrichment.money.schemas import StoredCapSchema
from app.enrichment.money.scopes import CapScope
from app.enrichment.money.stored_caps import StoredCapView
from app.providers.names import NAMES

SET_BY: Final = "command line"
CAPS_A_PAGE: Final = 1000


def _scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--key", "key_id", metavar="ID", help="For the jobs that this API key creates."),
        click.option("--workspace", type=Slug(), help="For this workspace."),
        click.option("--provider", type=click.Choice(NAMES), help="For calls to this provider and its verifier."),
    ):
        command = option(command)
    return command


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
    if as_json:
        output.print_json(StoredCapSchema().dump(view))
    else:
        click.echo(f"{_name(view)}: {dollars(view.cap.cap_micros or 0)} a day, {_left(view)} left today.")


@caps.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the caps and what has been spent under each today."""
    views = list(_all())
    if as_json:
        output.print_json(StoredCapSchema(many=True).dump(views))
    elif views:
        output.print_table(["of", "cap", "spent", "reserved", "left", "set", "by"], [_row(view) for view in views])
    else:
        command = f"{output.enrich_command()} caps set --provider findymail --usd 5"
        output.note(f"No caps are set but those of the settings. To set one: {command}")


@caps.command()
@_scope_options
@json_option
def remove(provider: str | None, workspace: str | None, key_id: str | None, as_json: bool) -> None:
    """Remove a cap."""
    service.remove_cap(CapScope(workspace, provider, key_id))
    if as_json:
        output.print_json({"removed": True})
    else:
        click.echo("The cap is removed.")


def _all() -> Iterator[StoredCapView]:
    cursor: str | None = None
    while True:
        page = service.list_caps(limit=CAPS_A_PAGE, cursor=cursor)
        end_read()
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(view: StoredCapView) -> list[object]:
    cap = view.cap
    money = [dollars(cap.cap_micros or 0), dollars(cap.spent_micros), dollars(cap.reserved_micros), _left(view)]
    return [_name(view), *money, output.clock(view.set_at), view.set_by]


def _left(view: StoredCapView) -> str:
    return dollars(view.cap.remaining_micros or 0)


def _name(view: StoredCapView) -> str:
    scope = view.of
    parts = {"provider": scope.provider, "workspace": scope.workspace_slug, "key": scope.key_id}
    return ", ".join(f"{kind} {name}" for kind, name in parts.items() if name)
