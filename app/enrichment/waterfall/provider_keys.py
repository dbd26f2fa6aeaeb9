"""Workspaces' own keys: set, listed, removed, and encrypted anew.

A workspace with a key of its own asks the provider through its own account: it pays, and its pace, its health and its
credits are its own. Nobody reads a key again but the worker that asks with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Row, bindparam, delete, select, tuple_, update

from app.audit import events
from app.db import encryption
from app.db.encryption import RotationCounts
from app.db.pages import Page, after, page_of
from app.db.session import WriteSession, end_read, repeats_conflicts, transaction
from app.db.sql import upsert
from app.enrichment.limits import circuit_breaker
from app.enrichment.waterfall import workspace_registry
from app.enrichment.waterfall.workspace_registry import NO_OWN_KEY, UNREADABLE, purpose
from app.errors import Invalid, NotFound, check_rules
from app.extensions import db
from app.models.audit_event import Action
from app.models.provider_key import provider_keys
from app.models.types import matching
from app.providers.base import Provider
from app.providers.registry import current_registry
from app.values.identifiers import SLUG_RULE, is_slug

log = structlog.get_logger(__name__)

KEY_PATTERN: Final = re.compile(r"[!-~]{12,512}")
KEY_RULE: Final = "12 to 512 printable ASCII characters without spaces"
ROTATED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class ProviderKeyView:
    """A workspace's own key for a provider, without the key."""

    workspace_slug: str
    provider: str
    last_four: str
    set_at: datetime
    set_by: str
    problem: str | None
    """Why it cannot be used, and what to do; None: it can."""


def providers_with_keys() -> list[str]:
    """Return the names of the providers for which a workspace may have a key of its own."""
    # The address that Clay's rows go to is its account, and that is the service's.
    providers = current_registry().providers
    return [name for name, provider in providers.items() if not provider.capabilities.answers_later]


def set_key(provider: str, key: str, workspace_slug: str, *, set_by: str) -> ProviderKeyView:
    """Store a workspace's own key for a provider, in place of an earlier one, and forget what was held against that.

    Jobs ask with it from their next chunk on, in other processes within a second. Raises `NotFound` for what is no
    provider with a key, `Invalid` for what can be no key, and `Conflict` if `SECRET_KEY` is not set.
    """
    _check(_with_key(provider), key, workspace_slug)
    row = {
        "workspace_slug": workspace_slug,
        "provider": provider,
        "encrypted_key": encryption.encrypt(key, *purpose(workspace_slug, provider)),
        "last_four": key[-4:],
        "set_by": set_by,
    }
    view = _store(row)
    _ask_anew(provider, workspace_slug)
    log.info("provider key set", provider=provider, workspace_slug=workspace_slug)
    return view


def remove_key(provider: str, workspace_slug: str) -> None:
    """Delete a workspace's own key; from then on its jobs ask with the service's, if there is one.

    Raises `NotFound` if the workspace has none.
    """
    _delete(provider, workspace_slug)
    _ask_anew(provider, workspace_slug)
    log.info("provider key removed", provider=provider, workspace_slug=workspace_slug)


def list_keys(
    workspace_slug: str | None = None, *, limit: int = 100, cursor: str | None = None
) -> Page[ProviderKeyView]:
    """Return the keys of one workspace or of all, by workspace and provider.

    `cursor` is the `next_cursor` of the page before: workspace and provider, with a slash between.
    """
    last = None if cursor is None else tuple_(*cursor.partition("/")[::2])
    is_on_page = (*matching(provider_keys.c.workspace_slug, workspace_slug), *after(tuple_(*_ORDER), last))
    query = select(provider_keys).where(*is_on_page).order_by(*_ORDER).limit(limit + 1)
    views = [_view(row) for row in db.session.execute(query)]
    return page_of(views, limit, lambda view: f"{view.workspace_slug}/{view.provider}")


def rotate_keys() -> RotationCounts:
    """Encrypt every key anew that a former `SECRET_KEY` has encrypted. Raises `Conflict` if `SECRET_KEY` is not set.

    Once nothing is unreadable, `SECRET_KEY_FALLBACKS` is needed for keys no longer.
    """
    encryption.check_can_encrypt()
    totals, last = RotationCounts(), ("", "")
    while True:
        query = select(provider_keys).where(tuple_(*_ORDER) > tuple_(*last)).order_by(*_ORDER).limit(ROTATED_AT_ONCE)
        rows = db.session.execute(query).all()
        end_read()
        if not rows:
            return totals
        totals += _rotate(rows)
        last = rows[-1].workspace_slug, rows[-1].provider


_ORDER: Final = (provider_keys.c.workspace_slug, provider_keys.c.provider)


@repeats_conflicts
def _store(row: dict[str, Any]) -> ProviderKeyView:
    workspace_slug, provider = row["workspace_slug"], row["provider"]
    is_it = _is(workspace_slug, provider)
    with transaction() as session:
        former = session.scalar(select(provider_keys.c.last_four).where(*is_it).with_for_update())
        upsert(session, provider_keys, [row], replaced=("encrypted_key", "last_four", "set_at", "set_by"))
        circuit_breaker.forget(session, provider, workspace_slug)
        _record(session, Action.PROVIDER_KEY_SET, provider, workspace_slug, before=former, after=row["last_four"])
        return _view(session.execute(select(provider_keys).where(*is_it)).one())


@repeats_conflicts
def _delete(provider: str, workspace_slug: str) -> None:
    removal = delete(provider_keys).where(*_is(workspace_slug, provider)).returning(provider_keys.c.last_four)
    with transaction() as session:
        former = session.scalar(removal)
        if former is None:
            raise NotFound(NO_OWN_KEY)
        circuit_breaker.forget(session, provider, workspace_slug)
        _record(session, Action.PROVIDER_KEY_REMOVE, provider, workspace_slug, before=former)


def _record(
    session: WriteSession,
    action: Action,
    provider: str,
    workspace_slug: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Put down a change of a key, of which its last four characters are told."""
    states = {"before": events.state_of("lastFour", before), "after": events.state_of("lastFour", after)}
    events.record(session, action, "provider_key", provider, workspace_slug=workspace_slug, **states)


def _rotate(rows: Sequence[Row[Any]]) -> RotationCounts:
    former = [row for row in rows if not encryption.is_current(row.encrypted_key, *_purpose(row))]
    opened = [(row, key) for row in former if (key := encryption.decrypt(row.encrypted_key, *_purpose(row)))]
    changes = [
        {
            "of_workspace": row.workspace_slug,
            "of_provider": row.provider,
            "former": row.encrypted_key,
            "latter": encryption.encrypt(key, *_purpose(row)),
        }
        for row, key in opened
    ]
    if changes:
        with transaction() as session:
            session.connection().execute(_REPLACE, changes)
            after = {"encrypted": len(changes)}
            events.record(session, Action.PROVIDER_KEY_ROTATE, "provider_key", None, workspace_slug=None, after=after)
    return RotationCounts(len(opened), len(rows) - len(former), len(former) - len(opened))


_REPLACE: Final = (
    update(provider_keys)
    .where(
        provider_keys.c.workspace_slug == bindparam("of_workspace"),
        provider_keys.c.provider == bindparam("of_provider"),
        # One that was set meanwhile is left as it is.
        provider_keys.c.encrypted_key == bindparam("former"),
    )
    .values(encrypted_key=bindparam("latter"))
)


def _purpose(row: Row[Any]) -> tuple[str, ...]:
    return purpose(row.workspace_slug, row.provider)


def _with_key(name: str) -> Provider:
    """Return a provider that is asked with a key. Raises `NotFound`, with the names of those that there are."""
    names = providers_with_keys()
    if name not in names:
        raise NotFound(f"There is no such provider with a key; expected one of {', '.join(names)}.")
    return current_registry().providers[name]


def _check(provider: Provider, key: str, workspace_slug: str) -> None:
    """Raise `Invalid` unless the key can be one, and can be sent where the provider's settings say."""
    is_key = KEY_PATTERN.fullmatch(key) is not None
    check_rules("The workspace is not valid.", ("workspaceSlug", is_slug(workspace_slug), f"expected {SLUG_RULE}"))
    check_rules("The key is not valid.", ("key", is_key, f"expected {KEY_RULE}"))
    try:
        replace(provider.settings, api_key=key).check()
    except ValueError as exc:
        raise Invalid(f"The service's settings do not fit a key: {exc}.") from None


def _ask_anew(provider: str, workspace_slug: str) -> None:
    """Look for the key that stands now, and let jobs go on that may have waited for another one."""
    workspace_registry.forget(workspace_slug)
    circuit_breaker.wake(provider, workspace_slug)


def _is(workspace_slug: str, provider: str) -> tuple[Any, ...]:
    return provider_keys.c.workspace_slug == workspace_slug, provider_keys.c.provider == provider


def _view(row: Row[Any]) -> ProviderKeyView:
    is_readable = encryption.decrypt(row.encrypted_key, *_purpose(row)) is not None
    problem = None if is_readable else UNREADABLE
    return ProviderKeyView(row.workspace_slug, row.provider, row.last_four, row.set_at, row.set_by, problem)
