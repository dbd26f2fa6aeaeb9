"""The commands that set, list and remove workspaces' own keys for providers, and encrypt them anew."""

import sys
from dataclasses import asdict
from functools import partial
from typing import Final

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import any_workspace_option, json_option, workspace_option
from app.db.encryption import RotationCounts
from app.db.session import check_writable
from app.enrichment.waterfall import provider_keys as service
from app.enrichment.waterfall.provider_key_routes import ProviderKeySchema
from app.enrichment.waterfall.provider_keys import ProviderKeyView
from app.entities.pages import all_rows

SET_BY: Final = "command line"
MAX_LINE: Final = 1000


@enrich.group("provider-keys")
def provider_keys() -> None:
    """Workspaces' own keys for providers."""


@provider_keys.command("set")
@click.argument("provider")
@workspace_option
@json_option
def set_(provider: str, workspace: str, as_json: bool) -> None:
    """Set a workspace's own key for a provider.

    The key is asked for on a terminal, and else is the first line of standard input; it is never an argument, which
    others on the machine could see. It is stored encrypted and shown to nobody.
    """
    check_writable()
    view = service.set_key(provider, _read_key(), workspace, set_by=SET_BY)
    line = f"Workspace {view.workspace_slug} asks {view.provider} with its own key, …{view.last_four}."
    output.print_result(ProviderKeySchema().dump(view), line, as_json=as_json)


def _read_key() -> str:
    if sys.stdin is None:
        raise click.UsageError("Expected the key on standard input.")
    if output.is_terminal(sys.stdin):
        return str(click.prompt("Key", hide_input=True, err=True)).strip()
    return sys.stdin.readline(MAX_LINE).strip()


@provider_keys.command("list")
@any_workspace_option
@json_option
def list_(workspace: str | None, as_json: bool) -> None:
    """List the workspaces' own keys, by provider."""
    views = [*all_rows(partial(service.list_keys, workspace))]
    value = ProviderKeySchema(many=True).dump(views)
    command = f"{output.enrich_command()} provider-keys set findymail --workspace acme"
    empty = f"No workspace has a key of its own; all are asked for with the service's. To set one: {command}"
    columns = ["workspace", "provider", "key", "set", "by", "problem"]
    output.print_page(value, columns, map(_row, views), as_json=as_json, empty=empty)


def _row(view: ProviderKeyView) -> list[object]:
    return [
        view.workspace_slug,
        view.provider,
        f"…{view.last_four}",
        output.clock(view.set_at),
        view.set_by,
        view.problem,
    ]


@provider_keys.command()
@click.argument("provider")
@workspace_option
@json_option
def remove(provider: str, workspace: str, as_json: bool) -> None:
    """Remove a workspace's own key; its jobs ask with the service's then, if there is one."""
    service.remove_key(provider, workspace)
    line = f"Workspace {workspace} has no key of its own for {provider} any more."
    output.print_result({"removed": True}, line, as_json=as_json)


@provider_keys.command()
@json_option
def rotate(as_json: bool) -> None:
    """Encrypt all keys anew with SECRET_KEY, those too that a former one in SECRET_KEY_FALLBACKS has encrypted."""
    print_rotation(service.rotate_keys(), "key", "see provider-keys list for what to do", as_json=as_json)


def print_rotation(counts: RotationCounts, noun: str, advice: str, *, as_json: bool) -> None:
    """Print how many were encrypted anew, and what to do about those that cannot be read."""
    if as_json:
        output.print_json(asdict(counts))
        return
    click.echo(f"{output.count(counts.encrypted, noun)} encrypted anew, {counts.current:,} were current already.")
    if counts.unreadable:
        output.note(f"{counts.unreadable:,} cannot be decrypted: {advice}.")
