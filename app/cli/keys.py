"""The commands that make, list and revoke API keys."""

from dataclasses import asdict
from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Slug, json_option
from app.values.spellings import camel_case
from app.web import api_keys
from app.web.api_keys import KeyView, Scope
from app.web.fields import Instant


@enrich.group()
def keys() -> None:
    """API keys for the HTTP API."""


@keys.command()
@click.option("--name", required=True, help="Who or what it is for.")
@click.option("--scopes", required=True, help=f"Separated by commas: {', '.join(Scope)}.")
@click.option("--workspace", type=Slug(), help="Bind it to one workspace.  [default: all]")
@json_option
def create(name: str, scopes: str, workspace: str | None, as_json: bool) -> None:
    """Create a key and print its secret, once."""
    key, secret = api_keys.create_key(name, [scope.strip() for scope in scopes.split(",")], workspace)
    if as_json:
        output.print_json({**_as_json(key), "secret": secret})
        return
    # Alone on stdout, so that it can be piped into a secret store.
    click.echo(secret)
    output.note(f"Key {key.id}: keep the secret now, it is not shown again.")


@keys.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all keys, revoked ones too, oldest first."""
    keys = api_keys.list_keys()
    if as_json:
        output.print_json([_as_json(key) for key in keys])
    elif keys:
        output.print_table(["id", "name", "scopes", "workspace", "created", "revoked"], [_row(key) for key in keys])
    else:
        enrich_command = output.enrich_command()
        output.note(f"No keys yet. To make one: {enrich_command} keys create --name reports --scopes read")


def _row(key: KeyView) -> list[object]:
    where = key.workspace_slug or "all"
    return [key.id, key.name, ",".join(key.scopes), where, output.clock(key.created_at), output.clock(key.revoked_at)]


@keys.command()
@click.argument("key_id")
@json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke a key, for good."""
    key = api_keys.revoke_key(key_id)
    if as_json:
        output.print_json(_as_json(key))
    else:
        click.echo(f"Key {key.id} is revoked since {output.clock(key.revoked_at)}.")


def _as_json(key: KeyView) -> dict[str, Any]:
    instant = Instant()
    times = {name: instant.serialize(name, key) for name in ("created_at", "revoked_at")}
    return {camel_case(name): value for name, value in {**asdict(key), **times}.items()}
