"""Endpoints: the addresses that events are sent to, each with a secret of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, Select, case, delete, insert, select, update

from app.audit.events import record
from app.config import config
from app.db import encryption
from app.db.encryption import RotationCounts
from app.db.pages import Page, after, page_of
from app.db.session import WriteSession, repeats_conflicts, transaction
from app.errors import NotFound, check_rules
from app.extensions import db
from app.models.audit_event import Action
from app.models.types import matching, new_id, parse_id, utcnow
from app.models.webhook import webhook_deliveries, webhook_endpoints
from app.values.identifiers import SLUG_RULE, is_slug
from app.webhooks import signing
from app.webhooks.addresses import url_problem
from app.webhooks.events import JOB_EVENTS, EventType

log = structlog.get_logger(__name__)

ROTATION_SECONDS: Final = 24 * 3600.0
"""How long a former secret signs beside the new one."""
ENCRYPTED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint without its secrets."""

    id: str
    workspace_slug: str | None
    url: str
    events: list[str] | None
    """Which events it gets; None: all that there are for it."""
    former_secret_until: datetime | None
    """Until when a former secret signs too; None: there is none."""
    disabled_at: datetime | None
    created_at: datetime
    created_by: str


def create_endpoint(
    url: str, workspace_slug: str | None, *, created_by: str, events: Sequence[str] | None = None
) -> tuple[EndpointView, str]:
    """Make an endpoint of one workspace, or of the whole service, and return it with its secret, this once.

    It gets what happens from then on. Raises `Invalid` for an address or events that cannot be, and `Conflict` if
    `SECRET_KEY` is not set.
    """
    _check(url, workspace_slug, events)
    endpoint_id, secret = new_id(), signing.new_secret()
    row = {
        "id": endpoint_id,
        "workspace_slug": workspace_slug,
        "url": url,
        "event_types": sorted(set(events)) if events else None,
        "encrypted_secret": encryption.encrypt(secret, *purpose(endpoint_id)),
        "created_by": created_by,
    }
    with transaction() as session:
        session.execute(insert(webhook_endpoints).values(row))
        view = _find(session, endpoint_id, workspace_slug)
        _record(session, Action.WEBHOOK_CREATE, view)
    log.info("webhook created", endpoint_id=endpoint_id)
    return view, secret


def list_endpoints(
    workspace_slug: str | None = None, *, limit: int = 100, cursor: str | None = None
) -> Page[EndpointView]:
    """Return the endpoints of one workspace or of all, the oldest first; `cursor` is the `next_cursor` before."""
    endpoints = webhook_endpoints.c
    is_on_page = (*matching(endpoints.workspace_slug, workspace_slug), *after(endpoints.id, cursor))
    query = select(webhook_endpoints).where(*is_on_page).order_by(endpoints.id).limit(limit + 1)
    views = [*map(_view, db.session.execute(query))]
    return page_of(views, limit, attrgetter("id"))


def get_endpoint(endpoint_id: str, *, workspace_slug: str | None = None) -> EndpointView:
    """Return an endpoint. Raises `NotFound`, also for one that is not of the workspace."""
    return _find(db.session, endpoint_id, workspace_slug)


@repeats_conflicts
def remove_endpoint(endpoint_id: str, *, workspace_slug: str | None = None) -> None:
    """Delete an endpoint with its deliveries. Raises `NotFound`."""
    with transaction() as session:
        view = _find(session, endpoint_id, workspace_slug)
        session.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == view.id))
        _record(session, Action.WEBHOOK_REMOVE, view)


@repeats_conflicts
def rotate_secret(endpoint_id: str, *, workspace_slug: str | None = None) -> tuple[EndpointView, str]:
    """Give an endpoint a new secret and return it, this once; the former one signs too for a day. Raises `NotFound`."""
    secret = signing.new_secret()
    with transaction() as session:
        view = _find(session, endpoint_id, workspace_slug)
        changed = {
            "former_secret": webhook_endpoints.c.encrypted_secret,
            "former_until": utcnow(ROTATION_SECONDS),
            "encrypted_secret": encryption.encrypt(secret, *purpose(view.id)),
        }
        session.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == view.id).values(changed))
        view = _find(session, view.id, None)
        _record(session, Action.WEBHOOK_ROTATE, view)
    return view, secret


def encrypt_secrets() -> RotationCounts:
    """Encrypt every secret anew that a former `SECRET_KEY` has encrypted. Raises `Conflict` if it is not set.

    A former secret that signs no more is left as it is. Once nothing is unreadable, `SECRET_KEY_FALLBACKS` is needed
    for webhooks no longer.
    """
    encryption.check_can_encrypt()
    totals, last = RotationCounts(), None
    while True:
        counts, last = _encrypt_some(last)
        totals += counts
        if last is None:
            return totals


@repeats_conflicts
def _encrypt_some(last: str | None) -> tuple[RotationCounts, str | None]:
    """Encrypt the secrets of the next endpoints; return what became of them, and the last one, None: it was before."""
    former = case((webhook_endpoints.c.former_until > utcnow(), webhook_endpoints.c.former_secret))
    columns = (webhook_endpoints.c.id, webhook_endpoints.c.encrypted_secret, former.label("former_secret"))
    query: Select[Any] = select(*columns).where(*after(webhook_endpoints.c.id, last)).order_by(webhook_endpoints.c.id)
    query = query.limit(ENCRYPTED_AT_ONCE).with_for_update()
    counts, last = RotationCounts(), None
    with transaction() as session:
        for row in session.execute(query).all():
            counts += _encrypt_both(session, row)
            last = row.id
        if counts.encrypted:
            after_it = {"encrypted": counts.encrypted}
            record(session, Action.WEBHOOK_ENCRYPT, "webhook", None, workspace_slug=None, after=after_it)
    return counts, last


def _encrypt_both(session: WriteSession, row: Row[Any]) -> RotationCounts:
    """Encrypt the secret of an endpoint, and the former one that signs too."""
    counts, changes = RotationCounts(), {}
    for column, stored in (("encrypted_secret", row.encrypted_secret), ("former_secret", row.former_secret)):
        if stored is None:
            continue
        secret = encryption.decrypt(stored, *purpose(row.id))
        if secret is None:
            counts += RotationCounts(unreadable=1)
        elif encryption.is_current(stored, *purpose(row.id)):
            counts += RotationCounts(current=1)
        else:
            counts += RotationCounts(encrypted=1)
            changes[column] = encryption.encrypt(secret, *purpose(row.id))
    if changes:
        session.execute(update(webhook_endpoints).where(_is(row.id)).values(changes))
    return counts


@repeats_conflicts
def enable_endpoint(endpoint_id: str, *, workspace_slug: str | None = None) -> EndpointView:
    """Send to an endpoint again that was disabled, what happens from then on. Raises `NotFound`."""
    with transaction() as session:
        view = _find(session, endpoint_id, workspace_slug)
        if view.disabled_at is not None:
            session.execute(update(webhook_endpoints).where(_is(view.id)).values(disabled_at=None))
            _record(session, Action.WEBHOOK_ENABLE, view)
            view = _find(session, view.id, None)
    return view


@repeats_conflicts
def disable_endpoint(endpoint_id: str, *, workspace_slug: str | None = None) -> EndpointView:
    """Send nothing more to an endpoint until it is enabled; what waits is given up. Raises `NotFound`."""
    with transaction() as session:
        view = _find(session, endpoint_id, workspace_slug)
        stop_sending(session, view.id)
        return _find(session, view.id, None)


def stop_sending(session: WriteSession, endpoint_id: str) -> None:
    """Disable an endpoint in a transaction of the caller's, and give up what waits."""
    is_enabled = webhook_endpoints.c.disabled_at.is_(None)
    disable = update(webhook_endpoints).where(_is(endpoint_id), is_enabled).values(disabled_at=utcnow())
    if not session.connection().execute(disable).rowcount:
        return
    is_waiting = (webhook_deliveries.c.endpoint_id == endpoint_id, webhook_deliveries.c.next_at.is_not(None))
    session.execute(update(webhook_deliveries).where(*is_waiting).values(next_at=None))
    _record(session, Action.WEBHOOK_DISABLE, _find(session, endpoint_id, None))
    log.warning("webhook disabled", endpoint_id=endpoint_id)


def purpose(endpoint_id: str) -> tuple[str, ...]:
    """Return what an endpoint's secrets are encrypted for."""
    return "webhook", endpoint_id


def _check(url: str, workspace_slug: str | None, events: Sequence[str] | None) -> None:
    problem = url_problem(url, may_be_private=config().WEBHOOK_ALLOW_PRIVATE)
    choices = list(EventType) if workspace_slug is None else list(JOB_EVENTS)
    check_rules(
        "The webhook is not valid.",
        ("url", problem is None, problem or ""),
        ("workspaceSlug", workspace_slug is None or is_slug(workspace_slug), f"expected {SLUG_RULE}"),
        ("events", set(events or ()) <= set(choices), f"expected some of {', '.join(choices)}"),
    )


def _find(session: WriteSession, endpoint_id: str, workspace_slug: str | None) -> EndpointView:
    of_workspace = matching(webhook_endpoints.c.workspace_slug, workspace_slug)
    query = select(webhook_endpoints).where(_is(parse_id(endpoint_id) or new_id()), *of_workspace)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such webhook.")
    return _view(row)


def _is(endpoint_id: str) -> ColumnElement[bool]:
    return webhook_endpoints.c.id == endpoint_id


def _record(session: WriteSession, action: Action, view: EndpointView) -> None:
    after = {"events": view.events}
    record(session, action, "webhook", view.id, workspace_slug=view.workspace_slug, after=after)


def _view(row: Row[Any]) -> EndpointView:
    return EndpointView(
        id=row.id,
        workspace_slug=row.workspace_slug,
        url=row.url,
        events=row.event_types,
        former_secret_until=row.former_until,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )
