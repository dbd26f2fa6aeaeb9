"""The commands that make users of the console, give them links, and keep them out."""

from typing import Any, Final

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Slug, json_option
from app.config import config
from app.models.user import Role
from app.web import identities
from app.web import users as service
from app.web.users import UserView

LOCAL_URL: Final = "http://127.0.0.1:8000"


@enrich.group()
def users() -> None:
    """People who sign in to the console."""


@users.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([*map(str, Role)]),
    default="viewer",
    show_default=True,
    help="What they may do.",
)
@click.option("--workspace", type=Slug(), help="Bind them to one workspace.  [default: all]")
@json_option
def create(name: str, role: str, workspace: str | None, as_json: bool) -> None:
    """Create a user and print their sign-in link, once."""
    user, token = service.create_user(name, role, workspace)
    _print_link(token, as_json, **_as_json(user))


@users.command()
@click.argument("name")
@json_option
def link(name: str, as_json: bool) -> None:
    """Print a new link for a user who has no password, or has lost it; an earlier one ends."""
    _print_link(service.make_link(name), as_json, name=name)


@users.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all users, disabled ones too, by name."""
    users = service.list_users()
    value = [*map(_as_json, users)]
    empty = f"No users yet. To make one: {output.enrich_command()} users create ada --role admin"
    columns = ["name", "role", "workspace", "password", "created", "disabled", "subject"]
    output.print_page(value, columns, map(_row, users), as_json=as_json, empty=empty)


@users.command()
@click.argument("name")
@click.option("--role", type=click.Choice([*map(str, Role)]), required=True, help="What they may do.")
@json_option
def role(name: str, role: str, as_json: bool) -> None:
    """Change a user's role, and end their sessions."""
    user = service.change_role(name, role)
    _tell(user, f"The user {user.name} is {user.role} now.", as_json)


@users.command("sign-out")
@click.argument("name")
@json_option
def sign_out(name: str, as_json: bool) -> None:
    """End the sessions of a user, who can sign in again."""
    user = service.sign_out_user(name)
    _tell(user, f"The user {user.name} is signed out everywhere.", as_json)


@users.command("set-identity")
@click.argument("name")
@click.option("--subject", required=True, help="Their id at the identity provider: the `sub` of its tokens.")
@click.option("--issuer", help="The issuer address of the provider.  [OIDC_ISSUER]")
@json_option
def set_identity(name: str, subject: str, issuer: str | None, as_json: bool) -> None:
    """Link a local user to the identity provider, and end their sessions."""
    user = identities.set_identity(name, subject, issuer)
    _tell(user, f"The user {user.name} signs in at the identity provider from now on.", as_json)


@users.command("remove-identity")
@click.argument("name")
@json_option
def remove_identity(name: str, as_json: bool) -> None:
    """Unlink a user from the identity provider, and end their sessions."""
    user = identities.remove_identity(name)
    _tell(user, f"The user {user.name} does not come from the identity provider any more.", as_json)


@users.command()
@click.argument("name")
@json_option
def disable(name: str, as_json: bool) -> None:
    """Disable a user and end their sessions."""
    user = service.disable_user(name)
    _tell(user, f"The user {user.name} is disabled.", as_json)


@users.command()
@click.argument("name")
@json_option
def enable(name: str, as_json: bool) -> None:
    """Let a disabled user in again."""
    user = service.enable_user(name)
    _tell(user, f"The user {user.name} may sign in again.", as_json)


def link_url(token: str, url: str | None = None) -> str:
    """Return the address of a link, on the service's own address if none is given."""
    return f"{url or config().PUBLIC_URL or LOCAL_URL}/console/link/{token}"


def _print_link(token: str, as_json: bool, **user: Any) -> None:
    url = link_url(token)
    if as_json:
        output.print_json({**user, "link": url})
        return
    # Alone on stdout, so that it can be piped to whoever sends it.
    click.echo(url)
    output.note("Good for one hour and for once; it is not shown again.")
    if config().has_single_sign_on:
        output.note("It lets the user in past the identity provider, and sets no password.")
    if config().PUBLIC_URL is None:
        output.note(f"PUBLIC_URL is not set: {LOCAL_URL} stands for wherever the service runs.")


def _tell(user: UserView, line: str, as_json: bool) -> None:
    output.print_result(_as_json(user), line, as_json=as_json)


def _row(user: UserView) -> list[object]:
    where, has_password = user.workspace_slug or "all", "set" if user.has_password else "none"
    times = [output.clock(user.created_at), output.clock(user.disabled_at)]
    return [user.name, user.role, where, has_password, *times, user.subject]


def _as_json(user: UserView) -> dict[str, Any]:
    return output.view_as_json(user, "created_at", "disabled_at")
