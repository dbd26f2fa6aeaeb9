"""How many workers can make use of what providers allow: a bound for whoever starts workers by the length of the queue.

A queue of a million entities for a provider that takes five calls a second is no reason for a hundred workers. The
settings are not in the database, so a drain writes the bounds down for the view `tranche_backlog`.
"""

import math
from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select

from app.config import config
from app.db.session import end_read, repeats_conflicts, transaction
from app.db.sql import upsert
from app.enrichment.money.cost_log import LATENCIES
from app.enrichment.money.reports import today
from app.enrichment.waterfall.turns import is_turn
from app.extensions import db
from app.models.provider_key import provider_keys
from app.models.spending import LATENCY_BOUNDS, costs
from app.models.worker_bound import worker_bounds
from app.providers.base import Provider
from app.providers.names import JOB_NAMES, NORMALIZER, WATERFALL, finder_of
from app.providers.registry import Registry
from app.providers.settings import Limits

REFRESH_SECONDS: Final = 60.0
"""How often a process looks whether the bounds have changed."""
USUAL_SECONDS: Final = 1.0
"""How long a call is taken to last with a provider that has not answered today."""
_BUCKET_SECONDS: Final = (*LATENCY_BOUNDS, 2 * LATENCY_BOUNDS[-1])
"""How long the answers of each range are taken to last: its upper end, so that the bound is not too low."""


def refresh_bounds(registry: Registry) -> None:
    """Write down the bounds if they have changed; a process looks once a minute."""
    if not is_turn("worker_bounds", REFRESH_SECONDS):
        return
    bounds = _bounds(registry)
    stored = {row.provider: row.most_workers for row in db.session.execute(select(worker_bounds))}
    end_read()
    if stored != bounds:
        _store(bounds)


@repeats_conflicts
def _store(bounds: Mapping[str, int | None]) -> None:
    rows = [{"provider": name, "most_workers": most} for name, most in sorted(bounds.items())]
    with transaction() as session:
        upsert(session, worker_bounds, rows, replaced=["most_workers"])


def _bounds(registry: Registry) -> dict[str, int | None]:
    """Return the bound of each name that a job may have as its provider; None: there is none."""
    seconds = _mean_seconds()
    accounts = _accounts()
    calls_of: dict[str, float] = {}
    for name in JOB_NAMES:
        provider = registry.named(name)
        if provider is not None and provider.why_unusable() is None:
            one_account = _calls_at_once(provider, seconds.get(name, USUAL_SECONDS))
            calls_of[name] = one_account * (1 + accounts.get(finder_of(name), 0))
    settings = config()
    in_order = {*settings.ENRICH_PERSON_WATERFALL, *settings.ENRICH_COMPANY_WATERFALL}
    calls_of[WATERFALL] = sum(calls_of.get(name, 0.0) for name in in_order)
    return {name: _workers(calls_of.get(name, 0.0)) for name in JOB_NAMES}


def _workers(calls: float) -> int | None:
    """Return how many workers it takes to have so many calls under way, and one more that stands in."""
    if math.isinf(calls):
        return None
    return math.ceil(calls / config().ENRICH_CONCURRENCY) + 1


def _calls_at_once(provider: Provider, seconds: float) -> float:
    """Return how many calls of a provider can be under way at once if each lasts so long."""
    if provider.name == NORMALIZER and provider.settings.api_key is None:
        # By the rules alone, which ask nobody.
        return math.inf
    limits = map(provider.settings.limits_for, provider.entity_types)
    return max(_by_limits(each, seconds) for each in limits)


def _by_limits(limits: Limits, seconds: float) -> float:
    at_once = math.inf if limits.at_once is None else float(limits.at_once)
    return min([at_once, *(calls / period * seconds for calls, period in limits.rates)])


def _mean_seconds() -> dict[str, float]:
    """Return how long the answers of each provider have taken today, on the average."""
    answers = [func.sum(costs.c[name]) for name in LATENCIES]
    query = select(costs.c.provider, *answers).where(costs.c.day == today()).group_by(costs.c.provider)
    means = {}
    for provider, *numbers in db.session.execute(query):
        count = sum(numbers)
        if count:
            in_all = sum(number * seconds for number, seconds in zip(numbers, _BUCKET_SECONDS, strict=True))
            means[provider] = float(in_all) / float(count)
    return means


def _accounts() -> dict[str, int]:
    """Return how many workspaces have a key of their own for each provider: each has limits of its own."""
    query = select(provider_keys.c.provider, func.count()).group_by(provider_keys.c.provider)
    return dict(db.session.execute(query).all())
