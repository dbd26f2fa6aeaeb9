"""Webhooks: who is told of what, a new one whose secret is shown once, and what became of what was sent."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from app.console.access import require
from app.console.blueprint import blueprint, page
from app.console.forms import given
from app.console.steps import Step
from app.console.words import said
from app.console.workspaces import asked_workspace, typed_workspace
from app.db.session import end_read
from app.errors import Conflict, Invalid
from app.models.types import parse_id
from app.web.api_keys import Scope
from app.web.auth import caller_name, visible_workspace
from app.webhooks import deliveries, endpoints
from app.webhooks.addresses import MAX_CHARACTERS
from app.webhooks.deliveries import DeliveryView
from app.webhooks.endpoints import EndpointView
from app.webhooks.events import JOB_EVENTS, EventType

ROWS: Final = 50
_ONE: Final = "/console/webhooks/<uuid:webhook_id>"
_STEP: Final = f"{_ONE}/<any('rotate', 'disable', 'enable', 'resend', 'remove'):name>"


@blueprint.get("/console/webhooks")
@require(Scope.ADMIN)
def webhooks() -> Response:
    """List the webhooks, disabled ones too, the oldest first."""
    return _page()


@blueprint.post("/console/webhooks")
@require(Scope.ADMIN)
def create_webhook() -> Response:
    """Make a webhook and show its secret, this once."""
    form = request.form
    url, events = form.get("url", "").strip(), form.getlist("event")
    try:
        webhook, secret = endpoints.create_endpoint(url, typed_workspace(), created_by=caller_name(), events=events)
    except (Conflict, Invalid) as error:
        return _page(said(error), status=error.status)
    return _webhook_page(webhook, secret=secret)


@blueprint.get(_ONE)
@require(Scope.ADMIN)
def webhook(webhook_id: UUID) -> Response:
    """Show one webhook, and what became of what was sent to it, the newest first."""
    return _webhook_page(_find(webhook_id))


@blueprint.get(_STEP)
@require(Scope.ADMIN)
def confirm_webhook_step(webhook_id: UUID, name: str) -> Response:
    """Say what would happen, and ask."""
    return _step_page(_find(webhook_id), STEPS[name])


@blueprint.post(_STEP)
@require(Scope.ADMIN)
def take_webhook_step(webhook_id: UUID, name: str) -> Response | WerkzeugResponse:
    """Do it, and show the webhook: with a new secret this once."""
    found, step = _find(webhook_id), STEPS[name]
    if not step.suits(found.disabled_at):
        raise Conflict("This is not possible for this webhook now.")
    if not step.is_confirmed:
        return _step_page(found, step, "Nothing was removed: the confirmation word was not typed.", status=422)
    made = step.run(found.id)
    if name == "rotate":
        return _webhook_page(_find(webhook_id), secret=str(made))
    to = url_for("console.webhooks") if name == "remove" else url_for("console.webhook", webhook_id=found.id)
    return redirect(to, 303)


def delivery_state(delivery: DeliveryView) -> str:
    """Return how an event stands at a webhook."""
    if delivery.delivered_at is not None:
        return "delivered"
    return "given up" if delivery.next_at is None else "waits"


def _find(webhook_id: UUID) -> EndpointView:
    view = endpoints.get_endpoint(str(webhook_id), workspace_slug=visible_workspace())
    end_read()
    return view


def _cursor() -> str | None:
    return parse_id(request.args.get("cursor", ""))


def _page(problem: str | None = None, *, status: int = 200) -> Response:
    found = endpoints.list_endpoints(visible_workspace(), limit=ROWS, cursor=_cursor())
    end_read()
    return page(
        "webhooks.html",
        status=status,
        webhooks=found.rows,
        next_cursor=found.next_cursor,
        event_types=[*(EventType if visible_workspace() is None else JOB_EVENTS)],
        job_events=JOB_EVENTS,
        longest=MAX_CHARACTERS,
        url=request.form.get("url", ""),
        chosen=request.form.getlist("event"),
        workspace=asked_workspace(request.form) or "",
        problem=problem,
    )


def _webhook_page(view: EndpointView, *, secret: str | None = None) -> Response:
    found = deliveries.list_deliveries(view.id, cursor=_cursor(), limit=ROWS)
    end_read()
    return page(
        "webhook.html",
        webhook=view,
        deliveries=found.rows,
        next_cursor=found.next_cursor,
        state_of=delivery_state,
        steps=[step for step in STEPS.values() if step.suits(view.disabled_at)],
        secret=secret,
    )


def _step_page(view: EndpointView, step: Step, problem: str | None = None, *, status: int = 200) -> Response:
    return page(
        "step.html",
        status=status,
        step=step,
        is_possible=step.suits(view.disabled_at),
        problem=problem,
        kind="webhook",
        all=url_for("console.webhooks"),
        back=url_for("console.webhook", webhook_id=view.id),
        crumb=view.id,
        subject=view.url,
        command_line=f"flask enrich webhooks {step.name} {view.id}",
    )


def _resend(webhook_id: str) -> int:
    return deliveries.resend(webhook_id, given("event"))


STEPS: Final[Mapping[str, Step]] = {
    step.name: step
    for step in (
        Step(
            "resend",
            "Send again",
            "A worker sends all events that were given up again, with ten new tries each.",
            _resend,
            is_of_disabled=False,
        ),
        Step(
            "rotate",
            "New secret",
            "The new secret is shown once. For a day the former one signs too, so that you can update the receiver.",
            lambda webhook_id: endpoints.rotate_secret(webhook_id)[1],
        ),
        Step(
            "disable",
            "Disable",
            "Nothing more is sent. Waiting events are given up, and events that happen meanwhile are not sent later.",
            endpoints.disable_endpoint,
            is_of_disabled=False,
        ),
        Step(
            "enable",
            "Enable",
            "Events are sent from then on. Those that were given up can then be sent again.",
            endpoints.enable_endpoint,
            is_of_disabled=True,
        ),
        Step(
            "remove",
            "Remove",
            "Its secret and delivery history are removed with it. This cannot be undone.",
            endpoints.remove_endpoint,
            word="remove",
        ),
    )
}
