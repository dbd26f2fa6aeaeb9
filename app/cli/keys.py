"""The commands that make, list and revoke API keys."""

from typing import Any

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Slug, json_option
from app.web import api_keys
from app.web.api_keys import KeyView, Scope


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
    key, secret = api_keys.create_key(name, [*map(str.strip, scopes.split(","))], workspace)
    # The secret is alone on stdout, so that it can be piped into a secret store.
    remark = f"Key {key.id}: keep the secret now, it is not shown again."
    output.print_result({**_as_json(key), "secret": secret}, secret, remark, as_json=as_json)


@keys.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all keys, revoked ones too, oldest first."""
    keys = api_keys.list_keys()
    value = [*map(_as_json, keys)]
    empty = f"No keys yet. To make one: {output.enrich_command()} keys create --name reports --scopes read"
    columns = ["id", "name", "scopes", "workspace", "created", "revoked"]
    output.print_page(value, columns, map(_row, keys), as_json=as_json, empty=empty)


def _row(key: KeyView) -> list[object]:
    where = key.workspace_slug or "all"
    return [key.id, key.name, ",".join(key.scopes), where, output.clock(key.created_at), output.clock(key.revoked_at)]


@keys.command()
@click.argument("key_id")
@json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke a key, for good."""
    key = api_keys.revoke_key(key_id)
    line = f"Key {key.id} is revoked since {output.clock(key.revoked_at)}."
    output.print_result(_as_json(key), line, as_json=as_json)


def _as_json(key: KeyView) -> dict[str, Any]:
    return output.view_as_json(key, "created_at", "revoked_at")
