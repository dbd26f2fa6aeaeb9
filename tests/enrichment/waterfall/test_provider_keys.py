"""Workspaces' own keys: who asks with which, who pays, and whom a provider that is in trouble holds up."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.limits import rate_limits
from app.enrichment.limits.rate_limits import LimitKey
from app.enrichment.money.reports import today
from app.enrichment.queue import claims
from app.enrichment.queue.claims import Scope
from app.enrichment.waterfall import provider_keys, workspace_registry
from app.enrichment.waterfall.provider_status import list_providers, reset_provider
from app.errors import Conflict, Invalid, NotFound
from app.extensions import db
from app.models.in_flight_call import in_flight_calls
from app.models.provider_key import provider_keys as stored_keys
from app.models.provider_state import provider_paces
from app.models.types import new_id, utcnow
from app.providers.base import Answer, Lookup
from app.providers.settings import Limits
from tests.enrichment.helpers import claim, expire_leases
from tests.enrichment.scenes import EMAIL, REFUSED, add, drain, enqueue, paid, rows
from tests.fakes.provider import FakeProvider, registry_of
from tests.invariants import check_invariants

KEY = "a-key-of-the-north"
FORMER, PRESENT = "the-former-secret-key", "the-present-secret-key"


class Keyed(FakeProvider):
    """A provider that keeps with which keys it was asked, and refuses some of them."""

    def __init__(self, *, refuses: str | None = None, **options: Any) -> None:
        super().__init__(**{"name": "findymail", "price_micros": 1000, "default": EMAIL, **options})
        self.refuses = refuses
        self.keys: list[str | None] = []

    async def lookup(self, lookup: Lookup, *, deadline: float) -> Answer:
        self.keys.append(self.settings.api_key)
        if self.settings.api_key == self.refuses:
            return REFUSED
        return await super().lookup(lookup, deadline=deadline)

    def why_unusable(self) -> str | None:
        return self.settings.why_no_key


def set_key(workspace: str = "north", key: str = KEY) -> provider_keys.ProviderKeyView:
    return provider_keys.set_key("findymail", key, workspace, set_by="test")


def enqueue_both(**options: Any) -> tuple[str, str]:
    """Enqueue the same in both workspaces."""
    for slug in ("default", "north"):
        add(2, workspace_slug=slug)
    here, there = (enqueue(2, "findymail", workspace_slug=slug, **options) for slug in ("default", "north"))
    return here, there


def test_a_workspace_asks_with_its_own_key_and_the_others_with_the_services(context: Flask) -> None:
    """Until it is removed; then with the service's again."""
    set_key()
    provider = Keyed()
    enqueue_both()
    drain(provider)
    assert sorted(map(str, provider.keys)) == ["a-key"] * 2 + [KEY] * 2
    provider_keys.remove_key("findymail", "north")
    add(3, workspace_slug="north")
    enqueue(3, "findymail", workspace_slug="north")
    drain(provider)
    assert provider.keys[4:] == ["a-key"]
    check_invariants(drained=True)


def test_a_refused_key_holds_up_its_own_workspace_alone(context: Flask) -> None:
    """It is told as that account's, in its own place, and reset there; a new key is asked with at once."""
    set_key()
    provider = Keyed(refuses=KEY)
    context.extensions["tranche.registry"] = registry_of(provider)
    here, there = enqueue_both()
    drain(provider)
    assert (queue.get_job(here).success, queue.get_job(there).status) == (2, "paused")
    assert queue.get_job(there).pause_reason == "Provider findymail: The key is refused."
    (service,), (own,) = list_providers(), list_providers("north")
    assert (service.account, service.is_available) == (None, True)
    assert (own.account, own.condition, own.is_available) == ("north", "auth_failed", False)
    assert list_providers("default")[0].is_available
    reset_provider("findymail")
    assert not list_providers("north")[0].is_available
    assert reset_provider("findymail", "north").is_available
    with pytest.raises(NotFound, match="no key of its own"):
        reset_provider("findymail", "default")
    set_key(key="another-key-of-the-north")
    queue.resume(there)
    expire_leases()
    drain(provider)
    assert queue.get_job(there).success == 2
    check_invariants(drained=True)


def test_a_new_key_wakes_its_own_workspace_alone(context: Flask) -> None:
    """What another one's chunks wait for has not changed."""
    enqueue_both()
    for lease in (claim(), claim()):
        lease.retry_in_seconds = 600.0
        lease.release()
    set_key()
    assert claims.claim("worker", lease_seconds=60, scope=Scope(None, "default")) is None
    assert claims.claim("worker", lease_seconds=60, scope=Scope(None, "north")) is not None


def test_each_account_has_a_pace_of_its_own(context: Flask) -> None:
    """What one uses up, or how long it is to wait, is nothing to the other; calls under way are counted for each."""
    set_key()
    provider = Keyed(limits=Limits(per_day=2))
    here, there = enqueue_both()
    drain(provider)
    assert [queue.get_job(job_id).success for job_id in (here, there)] == [2, 2]
    paces = {row.account: row.state["used"] for row in rows(provider_paces)}
    assert paces == {"": 2, "north": 2}
    check_invariants(drained=True)
    call = {"workspace_slug": "north", "entity_type": "person", "entity_id": "p9", "provider": "findymail"}
    call |= {"request_id": new_id(), "call_id": new_id(), "job_id": there, "position": 0, "account": "north"}
    with transaction() as session:
        money = {"reserved_micros": 0, "reserved_on": today(), "deadline_at": utcnow(60)}
        session.execute(insert(in_flight_calls).values(**call, **money))
        keys = [LimitKey("findymail", account) for account in ("", "north")]
        allowed = [rate_limits.peek(session, key, "findymail", Limits(at_once=1), 1) for key in keys]
    assert [len(allowance.starts_in) for allowance in allowed] == [1, 0]


def test_a_key_that_cannot_be_decrypted_is_replaced_by_no_other(make_app: Callable[..., Flask]) -> None:
    """The job waits and says what to do; with the former secret it goes on, and encrypted anew without it."""
    with make_app(SECRET_KEY=FORMER).app_context():
        set_key()
    provider = Keyed()
    with make_app(SECRET_KEY=PRESENT).app_context():
        here, there = enqueue_both()
        drain(provider)
        assert (queue.get_job(here).success, provider.keys) == (2, ["a-key"] * 2)
        reason = queue.get_job(there).pause_reason
        assert reason is not None and "SECRET_KEY_FALLBACKS" in reason
        assert provider_keys.list_keys("north").rows[0].problem is not None
        assert provider_keys.rotate_keys() == provider_keys.RotationCounts(unreadable=1)
        queue.resume(there)
        expire_leases()
    with make_app(SECRET_KEY=PRESENT, SECRET_KEY_FALLBACKS=(FORMER,)).app_context():
        drain(provider)
        assert provider.keys[2:] == [KEY] * 2
        set_key("south", "a-key-of-the-south")
        assert provider_keys.rotate_keys() == provider_keys.RotationCounts(encrypted=1, current=1)
    with make_app(SECRET_KEY=PRESENT).app_context():
        assert [view.problem for view in provider_keys.list_keys().rows] == [None, None]
        check_invariants(drained=True)


def test_a_row_copied_to_another_workspace_opens_nothing_there(context: Flask) -> None:
    """Whoever can write to the database cannot have another workspace pay."""
    set_key()
    with transaction() as session:
        row = dict(session.execute(select(stored_keys)).one()._mapping)
        session.execute(insert(stored_keys).values(**{**row, "workspace_slug": "south"}))
    workspace_registry.forget("south")
    assert KEY not in repr(row) and "encrypted_key" in row
    assert [view.problem is None for view in provider_keys.list_keys().rows] == [True, False]
    registry = workspace_registry.workspace_registry("south")
    assert registry.providers["findymail"].settings.api_key is None
    db.session.rollback()


def test_a_copied_row_is_not_encrypted_anew_with_its_original(make_app: Callable[..., Flask]) -> None:
    """It opens nothing, and is told as unreadable."""
    with make_app(SECRET_KEY=FORMER).app_context():
        set_key()
        with transaction() as session:
            row = dict(session.execute(select(stored_keys)).one()._mapping)
            session.execute(insert(stored_keys).values(**{**row, "workspace_slug": "south"}))
    with make_app(SECRET_KEY=PRESENT, SECRET_KEY_FALLBACKS=(FORMER,)).app_context():
        assert provider_keys.rotate_keys() == provider_keys.RotationCounts(encrypted=1, unreadable=1)
        stored = {key.workspace_slug: key.encrypted_key for key in rows(stored_keys)}
        assert stored["north"] != stored["south"] == row["encrypted_key"]


@pytest.mark.parametrize("damaged", ["", "gAAAA", "кириллица", "AAAA" * 30])
def test_a_damaged_row_is_told_as_unreadable(context: Flask, damaged: str) -> None:
    """It stops neither the list nor the jobs of others."""
    set_key()
    with transaction() as session:
        session.execute(update(stored_keys).values(encrypted_key=damaged))
    workspace_registry.forget("north")
    assert provider_keys.list_keys().rows[0].problem == workspace_registry.UNREADABLE
    assert provider_keys.rotate_keys() == provider_keys.RotationCounts(unreadable=1)
    provider = Keyed()
    here, there = enqueue_both()
    drain(provider)
    assert (queue.get_job(here).success, queue.get_job(there).status) == (2, "paused")


def test_a_key_is_neither_set_without_a_secret_nor_for_nobody(make_app: Callable[..., Flask]) -> None:
    """Each refusal says what to do, and nothing is stored."""
    with make_app(SECRET_KEY=None).app_context():
        with pytest.raises(Conflict, match="SECRET_KEY is not set"):
            set_key()
        with pytest.raises(Conflict, match="SECRET_KEY is not set"):
            provider_keys.rotate_keys()
    with make_app(SECRET_KEY_LASTS=False).app_context(), pytest.raises(Conflict, match="SECRET_KEY is not set"):
        set_key()
    with make_app().app_context():
        for name in ("nobody", "clay", "findymail-verify"):
            with pytest.raises(NotFound, match="expected one of prospeo"):
                provider_keys.set_key(name, KEY, "north", set_by="test")
        with pytest.raises(Invalid, match="key is not valid"):
            set_key(key="too short")
        assert rows(stored_keys) == []


def test_keys_are_known_for_a_second(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the database for each chunk would cost; a key that another process sets is found all the same."""
    registry = workspace_registry.workspace_registry("north")
    set_key()
    own = workspace_registry.workspace_registry("north")
    assert own is not registry and own is workspace_registry.workspace_registry("north")
    monkeypatch.setattr(workspace_registry, "KEYS_SECONDS", 0.0)
    workspace_registry.forget("north")
    same = workspace_registry.workspace_registry("north")
    assert workspace_registry.workspace_registry("north") is same, "the providers stay as long as the keys do"
    with transaction() as session:
        session.execute(stored_keys.delete())
    assert workspace_registry.workspace_registry("north") is registry
    assert paid().settings.account == ""
