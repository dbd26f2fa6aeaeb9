"""How the providers stand: what is set, what is held against them, what they may be asked and for how much."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.db.session import transaction
from app.enrichment.limits import circuit_breaker
from app.enrichment.money.reports import today
from app.enrichment.waterfall.provider_status import ProviderView, list_providers, reset_provider
from app.errors import NotFound
from app.extensions import db
from app.models.in_flight_call import in_flight_calls
from app.models.provider_state import ProviderCondition, provider_paces, provider_states
from app.models.types import new_id, utcnow
from app.providers.base import Answer, OutcomeClass
from app.providers.defaults import DEFAULTS
from app.providers.registry import make_registry
from app.providers.settings import parse_limits
from tests.fakes.provider import FakeProvider, registry_of


def view_of(name: str) -> ProviderView:
    return next(view for view in list_providers() if view.name == name)


def test_providers_without_their_settings_say_which(context: Flask) -> None:
    """All are listed, verifiers last; the normaliser needs nothing."""
    views = list_providers()
    assert [view.name for view in views if view.is_verifier] == ["leadmagic-verify", "findymail-verify"]
    assert [view.name for view in views if view.is_available] == ["ai-normalizer"]
    assert view_of("prospeo").missing == "Provider prospeo has no key; set PROSPEO_API_KEY."
    assert "CLAY_BASE_URL" in (view_of("clay").missing or "")


def test_prices_and_limits_are_those_that_are_set(context: Flask) -> None:
    """A limit is written as the setting is read; a price is in credits and in dollars."""
    prospeo, leadmagic = view_of("prospeo"), view_of("leadmagic")
    assert (prospeo.limits, leadmagic.limits) == ("5/s, 300/min, 2000/day", "3000/min; company: 500/min")
    assert [(price.operation, price.credits, price.usd) for price in prospeo.prices] == [
        ("person", 1, Decimal("0.039")),
        ("company", 1, Decimal("0.039")),
    ]
    for name, settings in DEFAULTS.items():
        assert parse_limits(view_of(name).limits) == settings.limits


def test_keys_and_addresses_are_not_shown(context: Flask) -> None:
    """Not even in what a view of it looks like; Clay's address is a secret."""
    settings = {
        name: replace(one, api_key="the-key", base_url="https://the-address.example", options={**one.options})
        for name, one in DEFAULTS.items()
    }
    context.extensions["tranche.registry"] = make_registry(settings)
    shown = repr(list_providers())
    assert "the-key" not in shown and "the-address" not in shown


def test_a_provider_in_trouble_says_why_and_until_when(context: Flask) -> None:
    """Refused, out of credits, or asked to slow down: no calls are made."""
    context.extensions["tranche.registry"] = registry_of(*(FakeProvider(name=name) for name in ("a", "b", "c", "d")))
    registry = context.extensions["tranche.registry"]
    with transaction() as session:
        refused = [Answer(OutcomeClass.AUTH_FAILED, error="The key is refused.")]
        circuit_breaker.record(session, registry.providers["a"], refused, {})
        away = [Answer(OutcomeClass.TRANSIENT, error="It is away.")] * 5
        circuit_breaker.record(session, registry.providers["b"], away, {})
        rows = [{"name": "c", "blocked_until": utcnow(60)}, {"name": "c:person", "blocked_until": utcnow(600)}]
        for row in [*rows, {"name": "d", "blocked_until": utcnow(-1)}]:
            session.execute(insert(provider_paces).values(**row, state={}))
    a, b, c, d = list_providers()
    assert (a.condition, a.reason, a.until, a.is_available) == ("auth_failed", "The key is refused.", None, False)
    assert (b.condition, b.failures, b.is_available) == ("circuit_open", 5, False)
    assert b.since is not None and b.until is not None and b.until > b.since
    assert (c.condition, c.is_available) == (ProviderCondition.AVAILABLE, False)
    assert c.blocked_until is not None and c.blocked_until - b.since > timedelta(seconds=300)
    assert (d.blocked_until, d.since, d.is_available) == (None, None, True)
    assert reset_provider("a").is_available and reset_provider("c").is_available
    assert db.session.scalar(select(func.count()).select_from(provider_states)) == 1


def test_a_verifier_waits_with_the_account_that_its_calls_use(context: Flask) -> None:
    """It shows that, and a reset of it ends it."""
    settings = {**DEFAULTS, "leadmagic": replace(DEFAULTS["leadmagic"], api_key="a-key")}
    context.extensions["tranche.registry"] = make_registry(settings)
    with transaction() as session:
        session.execute(insert(provider_paces).values(name="leadmagic:person", blocked_until=utcnow(600)))
    for name in ("leadmagic", "leadmagic-verify"):
        view = view_of(name)
        assert view.blocked_until is not None and not view.is_available
    assert reset_provider("leadmagic-verify").is_available
    assert view_of("leadmagic").is_available


def test_a_provider_that_is_none_cannot_be_reset(context: Flask) -> None:
    """The answer names those that there are."""
    with pytest.raises(NotFound, match=r"expected one of prospeo, .*findymail-verify\.$"):
        reset_provider("nobody")


def test_calls_under_way_are_counted_once_each(context: Flask) -> None:
    """A bulk call is one; what waits for a callback, or is over, is none."""
    bulk = new_id()
    calls = [("a", bulk, False, 60), ("b", bulk, False, 60), ("c", new_id(), False, 60)]
    calls += [("d", new_id(), True, 60), ("e", new_id(), False, -1)]
    about = {"entity_type": "person", "provider": "prospeo", "job_id": new_id(), "position": 0}
    about |= {"workspace_slug": "default", "reserved_micros": 10_000, "reserved_on": today()}
    with transaction() as session:
        for entity_id, call_id, is_pending, seconds in calls:
            row = {"entity_id": entity_id, "call_id": call_id, "is_pending": is_pending, "request_id": new_id()}
            session.execute(insert(in_flight_calls).values(**about, **row, deadline_at=utcnow(seconds)))
    assert view_of("prospeo").calls_under_way == 2
    assert next(view for view in list_providers("north") if view.name == "prospeo").calls_under_way == 0
