"""Caps that are set by hand: of a workspace, a provider, a provider in a workspace, or an API key; a day, UTC."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, and_, delete, func, select

from app.audit.events import record, state_of
from app.config import micros
from app.db.pages import Page, after, page_of
from app.db.session import WriteSession, transaction
from app.db.sql import upsert
from app.enrichment.money.reports import CapView, today
from app.enrichment.money.scopes import CapScope
from app.errors import Invalid, NotFound, check_rules, detail
from app.extensions import db
from app.models.api_key import ApiKey
from app.models.audit_event import Action
from app.models.cap import stored_caps
from app.models.spending import spending
from app.models.types import parse_id
from app.providers.names import NAMES
from app.values.identifiers import SLUG_RULE, is_slug

log = structlog.get_logger(__name__)

MOST_DOLLARS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredCapView:
    """One cap that was set, with what is spent and reserved under it today."""

    of: CapScope
    cap: CapView
    set_at: datetime
    set_by: str


def set_cap(scope: CapScope, dollars: Decimal, *, set_by: str) -> StoredCapView:
    """Set what may be spent under a scope each day (UTC), in place of an earlier cap; what was spent today counts.

    Chunks that are claimed from then on keep it. Raises `Invalid` for a scope or an amount that cannot be, and
    `NotFound` if there is no such API key.
    """
    _check(scope)
    if not 0 <= dollars <= MOST_DOLLARS:
        message = f"expected dollars from 0 to {MOST_DOLLARS}"
        raise Invalid("The cap is not valid.", details=[detail("capUsd", message)])
    cap_micros = micros(dollars)
    row = {"scope": str(scope), "cap_micros": cap_micros, "set_by": set_by}
    with transaction() as session:
        former = session.scalar(
            select(stored_caps.c.cap_micros).where(stored_caps.c.scope == str(scope)).with_for_update()
        )
        upsert(session, stored_caps, [row], replaced=("cap_micros", "set_at", "set_by"))
        _record(session, Action.CAP_SET, scope, before=former, after=cap_micros)
        view = _view(session.execute(_with_spending().where(stored_caps.c.scope == str(scope))).one())
    log.info("cap set", scope=scope.kind)
    return view


def remove_cap(scope: CapScope) -> None:
    """Take a cap away. Raises `Invalid` for a scope that cannot be, and `NotFound` if there is no cap of it."""
    _check_parts(scope)
    with transaction() as session:
        is_it = stored_caps.c.scope == str(scope)
        former = session.scalar(delete(stored_caps).where(is_it).returning(stored_caps.c.cap_micros))
        if former is None:
            raise NotFound("There is no such cap.")
        _record(session, Action.CAP_REMOVE, scope, before=former)
    log.info("cap removed", scope=scope.kind)


def list_caps(*, limit: int = 100, cursor: str | None = None) -> Page[StoredCapView]:
    """Return the caps that are set, by scope; `cursor` is the `next_cursor` of the page before."""
    query = _with_spending().where(*after(stored_caps.c.scope, cursor)).order_by(stored_caps.c.scope).limit(limit + 1)
    views = [*map(_view, db.session.execute(query))]
    return page_of(views, limit, lambda view: str(view.of))


def _record(
    session: WriteSession, action: Action, scope: CapScope, *, before: int | None = None, after: int | None = None
) -> None:
    states = {"before": state_of("capMicros", before), "after": state_of("capMicros", after)}
    record(session, action, "cap", str(scope), workspace_slug=scope.workspace_slug, **states)


def get_cap(scope: CapScope) -> CapView:
    """Return what may be spent under a scope today, and what is. Raises what `set_cap` does for a scope."""
    _check(scope)
    cap_micros = db.session.scalar(select(stored_caps.c.cap_micros).where(stored_caps.c.scope == str(scope)))
    used = select(spending.c.spent_micros, spending.c.reserved_micros)
    row = db.session.execute(used.where(spending.c.scope == str(scope), spending.c.day == today())).one_or_none()
    return CapView.under(scope, cap_micros, (0, 0) if row is None else (row.spent_micros, row.reserved_micros))


def _with_spending() -> Select[Any]:
    is_of_today = and_(spending.c.scope == stored_caps.c.scope, spending.c.day == today())
    spent = func.coalesce(spending.c.spent_micros, 0).label("spent_micros")
    reserved = func.coalesce(spending.c.reserved_micros, 0).label("reserved_micros")
    return select(stored_caps, spent, reserved).outerjoin(spending, is_of_today)


def _view(row: Row[Any]) -> StoredCapView:
    scope = CapScope.read(row.scope)
    cap = CapView.under(scope, row.cap_micros, (row.spent_micros, row.reserved_micros))
    return StoredCapView(scope, cap, row.set_at, row.set_by)


def _check(scope: CapScope) -> None:
    _check_parts(scope)
    if scope.key_id is not None and db.session.scalar(select(ApiKey.id).where(ApiKey.id == scope.key_id)) is None:
        raise NotFound("There is no such key.")


def _check_parts(scope: CapScope) -> None:
    """Raise `Invalid` unless the scope is one that a cap can be set of."""
    is_one = (scope.key_id is None) is not (scope.workspace_slug is None and scope.provider is None)
    is_workspace = scope.workspace_slug is None or is_slug(scope.workspace_slug)
    is_key = scope.key_id is None or parse_id(scope.key_id) is not None
    check_rules(
        "The scope of the cap is not valid.",
        ("keyId", is_one, "expected keyId alone, or provider, workspaceSlug or both"),
        ("provider", scope.provider in {None, *NAMES}, f"expected one of {', '.join(NAMES)}"),
        ("workspaceSlug", is_workspace, f"expected {SLUG_RULE}"),
        ("keyId", is_key, "expected the id of an API key"),
    )
