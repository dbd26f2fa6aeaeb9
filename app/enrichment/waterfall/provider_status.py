"""Providers as callers see them: whether each can be asked, why not, what it may be asked and for how much.

Neither keys nor addresses are in here: an address may be a secret too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from app.enrichment.limits import circuit_breaker
from app.enrichment.money import reports
from app.enrichment.waterfall.workspace_registry import NO_OWN_KEY, workspace_registry
from app.errors import NotFound
from app.extensions import db
from app.models.in_flight_call import in_flight_calls
from app.models.provider_state import ProviderCondition, provider_paces
from app.models.types import matching, utcnow
from app.providers.base import Provider
from app.providers.names import VERIFIERS, finder_of
from app.providers.registry import Registry, current_registry
from app.providers.settings import Limits

_PERIODS: Final = {1.0: "s", 60.0: "min", 3600.0: "h"}


@dataclass(frozen=True, slots=True)
class PriceView:
    """What one operation of a provider costs."""

    operation: str
    credits: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True)
class ProviderView:
    """How a provider stands."""

    name: str
    account: str | None
    """The workspace by whose own key it is asked; None: by the service's."""
    is_verifier: bool
    entity_types: list[str]
    missing: str | None
    """Which setting is missing, as a sentence; None: it can be used."""
    condition: str
    reason: str | None
    since: datetime | None
    """When it came into this condition; None: it has never been in another one."""
    until: datetime | None
    """When it is tried again; None: at once, or not before somebody does something."""
    failures: int
    """Failed calls in a row."""
    blocked_until: datetime | None
    """Until when it asked to be left alone; None: it did not."""
    is_available: bool
    """Whether the settings and the provider's state allow calls."""
    limits: str
    """As in the setting; empty: none."""
    prices: list[PriceView]
    calls_under_way: int
    spent_today_micros: int


def list_providers(workspace_slug: str | None = None) -> list[ProviderView]:
    """Return all providers, then the verifiers, as they stand for the service's own keys.

    If a workspace is given, as they stand for its jobs, which may have keys of their own; and calls and money are its.
    """
    registry = _registry(workspace_slug)
    states = circuit_breaker.load_states(registry.own_accounts)
    blocks = _blocks(registry.own_accounts)
    calls = _calls_under_way(workspace_slug)
    spent = reports.spent_today(workspace_slug)
    return [_view(provider, states.get(provider.name), blocks, calls, spent) for provider in _all_providers(registry)]


def limits_of(names: Iterable[str]) -> dict[str, str]:
    """Return what providers may be asked, by name, as in their settings; those without a limit are left out."""
    providers = _all_providers(current_registry())
    limits = {provider.name: _describe_limits(provider.settings.limits) for provider in providers}
    return {name: limits[name] for name in names if limits.get(name)}


def reset_provider(name: str, workspace_slug: str | None = None) -> ProviderView:
    """Forget what is held against a provider, and that it asked to slow down; return how it stands then.

    What is forgotten is of the service's own account or, if a workspace is given, of that workspace's own. Raises
    `NotFound`, with the names that there are, for one that is none of them, and if the workspace has no such account.
    """
    registry = _registry(workspace_slug)
    names = [provider.name for provider in _all_providers(registry)]
    if name not in names:
        raise NotFound(f"There is no such provider; expected one of {', '.join(names)}.")
    account = registry.own_accounts.get(name, "")
    if account != (workspace_slug or ""):
        raise NotFound(NO_OWN_KEY)
    circuit_breaker.reset(name, account)
    return next(view for view in list_providers(workspace_slug) if view.name == name)


def has_own_account(name: str, workspace_slug: str) -> bool:
    """Return whether a workspace's jobs ask a provider by a key of the workspace's own."""
    return name in _registry(workspace_slug).own_accounts


def _registry(workspace_slug: str | None) -> Registry:
    return current_registry() if workspace_slug is None else workspace_registry(workspace_slug)


def _all_providers(registry: Registry) -> list[Provider]:
    return [*registry.providers.values(), *registry.verifiers.values()]


def _view(
    provider: Provider,
    state: circuit_breaker.ProviderState | None,
    blocks: Mapping[str, datetime],
    calls: Mapping[str, int],
    spent: Mapping[str, int],
) -> ProviderView:
    missing = provider.why_unusable()
    blocked_until = blocks.get(finder_of(provider.name))
    is_healthy = state is None or state.is_available(provider)
    return ProviderView(
        name=provider.name,
        account=provider.settings.account or None,
        is_verifier=provider.name in VERIFIERS,
        entity_types=sorted(provider.entity_types),
        missing=missing,
        **_condition(state),
        blocked_until=blocked_until,
        is_available=missing is None and is_healthy and blocked_until is None,
        limits=_describe_limits(provider.settings.limits),
        prices=[
            PriceView(operation, credits, credits * provider.settings.usd_per_credit)
            for operation, credits in provider.settings.credits.items()
        ],
        calls_under_way=calls.get(provider.name, 0),
        spent_today_micros=spent.get(provider.name, 0),
    )


def _condition(state: circuit_breaker.ProviderState | None) -> dict[str, Any]:
    """Return what a view says of a provider's state; None: nothing is held against it."""
    if state is None:
        return {"condition": ProviderCondition.AVAILABLE, "reason": None, "since": None, "until": None, "failures": 0}
    return {
        "condition": state.condition,
        "reason": state.reason,
        "since": state.changed_at,
        "until": state.until,
        "failures": state.failures,
    }


def _blocks(own_accounts: Mapping[str, str]) -> dict[str, datetime]:
    """Return until when each provider asked the account in question to leave it alone, for calls of whatever kind."""
    query = select(provider_paces.c.name, provider_paces.c.account, provider_paces.c.blocked_until).where(
        provider_paces.c.blocked_until > utcnow(), provider_paces.c.account.in_({"", *own_accounts.values()})
    )
    blocks: dict[str, datetime] = {}
    for row in db.session.execute(query):
        provider = row.name.partition(":")[0]
        if row.account != own_accounts.get(provider, ""):
            continue
        blocks[provider] = max(row.blocked_until, blocks.get(provider, row.blocked_until))
    return blocks


def _calls_under_way(workspace_slug: str | None) -> dict[str, int]:
    """Return how many calls each provider has to answer; a bulk call is one."""
    query = (
        select(in_flight_calls.c.provider, func.count(in_flight_calls.c.call_id.distinct()))
        .where(in_flight_calls.c.is_pending.is_(False), in_flight_calls.c.deadline_at > utcnow())
        .where(*matching(in_flight_calls.c.workspace_slug, workspace_slug))
        .group_by(in_flight_calls.c.provider)
    )
    return dict(db.session.execute(query).all())


def _describe_limits(limits: Mapping[str, Limits]) -> str:
    """Return limits as `parse_limits` reads them."""
    parts = [(name, ", ".join(_words(one))) for name, one in sorted(limits.items())]
    return "; ".join(f"{name}: {text}" if name else text for name, text in parts if text)


def _words(limits: Limits) -> list[str]:
    words: list[Any] = [f"{calls}/{_PERIODS[seconds]}" for calls, seconds in limits.rates]
    words += [f"{limits.per_day}/day"] if limits.per_day is not None else []
    return words + ([f"{limits.at_once} at once"] if limits.at_once is not None else [])
