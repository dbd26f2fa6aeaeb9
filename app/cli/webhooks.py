"""The commands that make, list and remove webhooks, and show and repeat what was sent."""

import click

from app.cli import output
from app.cli.group import enrich
from app.cli.options import Number, any_workspace_option, json_option
from app.cli.provider_keys import print_rotation
from app.db.session import end_read
from app.webhooks import deliveries as sent
from app.webhooks import endpoints as service
from app.webhooks.deliveries import DeliveryView
from app.webhooks.endpoints import EndpointView
from app.webhooks.events import EventType
from app.webhooks.schemas import DeliveryListSchema, NewWebhookSchema, WebhookListSchema, WebhookSchema

CREATED_BY = "command line"
EVENTS = [*map(str, EventType)]


@enrich.group()
def webhooks() -> None:
    """Events sent to other services, by Standard Webhooks."""


@webhooks.command()
@click.argument("url")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="Only this one; repeatable.")
@any_workspace_option
@json_option
def add(url: str, events: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Create an endpoint and print its secret, once."""
    made = service.create_endpoint(url, workspace, created_by=CREATED_BY, events=events)
    _print_secret(made, as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@json_option
def rotate(webhook_id: str, as_json: bool) -> None:
    """Give an endpoint a new secret and print it, once; the former one also signs for a day."""
    _print_secret(service.rotate_secret(webhook_id), as_json=as_json)


@webhooks.command()
@json_option
def encrypt(as_json: bool) -> None:
    """Encrypt all secrets anew with SECRET_KEY, those too that a former one in SECRET_KEY_FALLBACKS has encrypted."""
    advice = "put the former SECRET_KEY into SECRET_KEY_FALLBACKS, or give them new ones with webhooks rotate"
    print_rotation(service.encrypt_secrets(), "secret", advice, as_json=as_json)


def _print_secret(made: tuple[EndpointView, str], *, as_json: bool) -> None:
    view, secret = made
    value = {**WebhookSchema().dump(view), **NewWebhookSchema(only=["secret"]).dump({"secret": secret})}
    remark = f"The secret of webhook {view.id}; it is not shown again."
    output.print_result(value, secret, remark, as_json=as_json)


@webhooks.command("list")
@any_workspace_option
@click.option("--limit", type=Number(1, 1000), default=100, show_default=True, help="How many.")
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def list_(workspace: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """List endpoints, oldest first."""
    page = service.list_endpoints(workspace, limit=limit, cursor=cursor)
    end_read()
    value = WebhookListSchema().dump({"webhooks": page.rows, "next_cursor": page.next_cursor})
    empty = f"No webhooks. To make one: {output.enrich_command()} webhooks add https://hooks.example.com/tranche"
    columns = ["id", "workspace", "url", "events", "disabled"]
    output.print_page(value, columns, map(_row, page.rows), page.next_cursor, as_json=as_json, empty=empty)


def _row(view: EndpointView) -> list[object]:
    events = "all" if view.events is None else ", ".join(view.events)
    return [view.id, view.workspace_slug or "all", view.url, events, output.clock(view.disabled_at)]


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@json_option
def remove(webhook_id: str, as_json: bool) -> None:
    """Remove an endpoint and its delivery history."""
    service.remove_endpoint(webhook_id)
    output.print_result({"removed": True}, f"Webhook {webhook_id} is removed.", as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@json_option
def enable(webhook_id: str, as_json: bool) -> None:
    """Enable a disabled endpoint: events are sent from then on."""
    _tell(service.enable_endpoint(webhook_id), "enabled", as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@json_option
def disable(webhook_id: str, as_json: bool) -> None:
    """Send nothing more to an endpoint until it is enabled; waiting events are given up."""
    _tell(service.disable_endpoint(webhook_id), "disabled", as_json=as_json)


def _tell(view: EndpointView, state: str, *, as_json: bool) -> None:
    end_read()
    output.print_result(WebhookSchema().dump(view), f"Webhook {view.id} is {state}.", as_json=as_json)


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option("--limit", type=Number(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--cursor", help="The nextCursor of an earlier page.")
@json_option
def deliveries(webhook_id: str, limit: int, cursor: str | None, as_json: bool) -> None:
    """Show the deliveries to an endpoint, newest first."""
    page = sent.list_deliveries(webhook_id, limit=limit, cursor=cursor)
    end_read()
    value = DeliveryListSchema().dump({"deliveries": page.rows, "next_cursor": page.next_cursor})
    empty = "Nothing was sent yet. A drain sends what has happened since the webhook was made."
    columns = ["event", "type", "job", "happened", "tries", "state", "error"]
    output.print_page(value, columns, map(_delivery_row, page.rows), as_json=as_json, empty=empty)


def _delivery_row(view: DeliveryView) -> list[object]:
    if view.delivered_at is not None:
        state = "delivered"
    elif view.next_at is not None:
        state = f"next try {output.clock(view.next_at)}"
    else:
        state = "given up"
    about = [view.event_id, view.type, view.job_id, output.clock(view.created_at)]
    return [*about, view.tries, state, view.last_error]


@webhooks.command()
@click.argument("webhook_id", metavar="ID")
@click.option("--event", "event_id", metavar="ID", help="This event, even if it was delivered.")
@json_option
def resend(webhook_id: str, event_id: str | None, as_json: bool) -> None:
    """Resend events that were given up, or one event; the next drain sends them."""
    count = sent.resend(webhook_id, event_id)
    output.print_result({"resent": count}, f"{output.count(count, 'event')} will be sent again.", as_json=as_json)
