"""Which providers are worth asking: failures in a row, credits that are gone, keys that are refused.

Kept in the database, so that what one worker learned holds for all. A
condition that has run its time lets a single call through, which decides
whether it is over.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, bindparam, delete, or_, select, update

from app.audit import events
from app.db.session import WriteSession, repeats_conflicts, transaction
from app.db.sql import lock_or_create
from app.enrichment.queue import transitions
from app.extensions import db
from app.hints import hint
from app.models.audit_event import Action
from app.models.job import ENDED, jobs
from app.models.provider_state import ProviderCondition, provider_paces, provider_states
from app.models.types import utcnow
from app.providers.base import Answer, OutcomeClass, Provider
from app.providers.names import WATERFALL, finder_of, sharing_key

log = structlog.get_logger(__name__)

FAILURES_TO_OPEN: Final = 5
"""Failures in a row after which a provider is left alone."""
CIRCUIT_SECONDS: Final = 60.0
"""How long it is left alone then."""
CREDITS_SECONDS: Final = 3600.0
"""How long a provider without credits is left alone."""
PROBE_SECONDS: Final = 30.0
"""How long the one call that is let through has, before another one is."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProviderState:
    """How a provider stood at `now`, for those who ask with the key of one account."""

    provider: str
    account: str
    condition: str
    failures: int
    until: datetime | None
    settings_digest: str | None
    reason: str | None
    changed_at: datetime
    now: datetime
    loaded_at: float = field(default_factory=time.monotonic)
    """The instant of `now` on the monotonic clock."""

    def is_available(self, provider: Provider) -> bool:
        """Return whether calls may be made, if only a single one."""
        if self.condition == ProviderCondition.AVAILABLE or self._is_of_others(provider):
            return True
        if self.condition == ProviderCondition.AUTH_FAILED:
            return False
        return self.until is None or (self.seconds_left or 0.0) <= 0

    def needs_probe(self, provider: Provider) -> bool:
        """Return whether only a single call may be made, to see whether the condition is over."""
        return self.condition in _PROBED and not self._is_of_others(provider)

    def _is_of_others(self, provider: Provider) -> bool:
        """Return whether it was with another key, or at another address, that the provider came into its condition."""
        return _is_of_other_settings(self.condition, self.settings_digest, provider)

    @property
    def seconds_left(self) -> float | None:
        """How long the condition still holds; None: until somebody does something."""
        if self.until is None:
            return None
        return (self.until - self.now).total_seconds() - (time.monotonic() - self.loaded_at)

    @property
    def seconds_held(self) -> float:
        """How long the condition has held, as of `now`."""
        return (self.now - self.changed_at).total_seconds()

    def describe(self) -> str:
        """Return the sentence that a paused job gives as its reason."""
        return f"Provider {self.provider}: {self.reason or self.condition}"


def load_states(own_accounts: Mapping[str, str] = _NONE) -> dict[str, ProviderState]:
    """Return the states of the providers that have one, by name: each at the account that is named for it.

    Where none is named, it is the service's own.
    """
    accounts = sorted({"", *own_accounts.values()})
    rows = db.session.connection().execute(_OF_ACCOUNTS, {"accounts": accounts})
    return {
        row.provider: ProviderState(**row._mapping) for row in rows if row.account == own_accounts.get(row.provider, "")
    }


def digest(provider: Provider) -> str:
    """Return what changes when a provider's key or address does."""
    written = json.dumps([provider.settings.api_key, provider.settings.base_url])
    return hashlib.sha256(written.encode()).hexdigest()


def claim_probe(session: WriteSession, provider: Provider) -> bool:
    """Claim the single half-open probe after the cool-down."""
    taken = session.execute(
        update(provider_states)
        .where(*_is(provider), provider_states.c.until <= utcnow())
        .values(until=utcnow(PROBE_SECONDS))
        .returning(provider_states.c.provider)
    )
    return taken.one_or_none() is not None


def record(
    session: WriteSession, provider: Provider, answers: Iterable[Answer], known: Mapping[str, ProviderState]
) -> ProviderState | None:
    """Record how calls of a provider ended, in their order.

    Returns its state after that, or None if nothing is held against it.
    """
    answers = list(answers)
    state = known.get(provider.name)
    was_well = state is None or (state.condition == ProviderCondition.AVAILABLE and state.failures == 0)
    if was_well and not any(_is_failure(answer) for answer in answers):
        return None
    row = _lock(session, provider)
    values: dict[str, Any] = {
        name: getattr(row, name) for name in ("condition", "failures", "until", "settings_digest")
    }
    for answer in answers:
        values |= _after(answer, values, provider, row.now)
    if values["condition"] != row.condition:
        values["changed_at"] = row.now
        log.warning("provider condition changed", provider=provider.name, condition=str(values["condition"]))
    session.execute(update(provider_states).where(*_is(provider)).values(**values))
    return ProviderState(**{**row._mapping, **values})


def most_telling(answers: Sequence[Answer]) -> Answer:
    """Return the one of a call's answers that says most of its provider: however many there are, a call counts once."""
    return min(answers, key=lambda answer: _TELLING.get(answer.standing, len(_TELLING)))


def presumed(provider: Provider, answer: Answer, known: ProviderState | None) -> ProviderState:
    """Return the state that an answer is about to bring its provider into, before that is stored."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {"condition": ProviderCondition.AVAILABLE, "failures": 0, "until": None}
    values |= {"settings_digest": None, "reason": None, "changed_at": now, "now": now}
    values |= _after(answer, values, provider, now)
    if known is not None and known.condition == values["condition"]:
        values["changed_at"] = known.changed_at
    return ProviderState(**{"provider": provider.name, "account": provider.settings.account, **values})


class KnownStates:
    """The states of providers as one worker knows them: as loaded last, and as answers since then suggest."""

    def __init__(self) -> None:
        self.by_name: Mapping[str, ProviderState] = {}

    def get(self, name: str) -> ProviderState | None:
        """Return a provider's state, or None if nothing is held against it."""
        return self.by_name.get(name)

    def is_available(self, provider: Provider) -> bool:
        """Return whether calls of a provider may be made."""
        state = self.get(provider.name)
        return state is None or state.is_available(provider)

    def replace(self, states: Mapping[str, ProviderState]) -> None:
        """Take states as they have been loaded."""
        self.by_name = states

    def presume(self, provider: Provider, answer: Answer) -> None:
        """Count on the state that an answer is about to bring its provider into."""
        state = presumed(provider, answer, self.get(provider.name))
        self.by_name = {**self.by_name, provider.name: state}


def reset(provider: str, account: str = "") -> None:
    """Forget what is held against a provider and its verifier at an account, and that it asked to slow down.

    Chunks that may wait for it are due at once, or as soon as they are given back.
    """
    _reset(provider, account)
    wake(provider, account)
    log.info("provider reset", provider=provider, account=account)


def forget(session: WriteSession, provider: str, account: str) -> None:
    """Forget, in the caller's transaction, what is held against a provider. `wake` belongs behind it."""
    finder = finder_of(provider)
    is_held = provider_states.c.provider.in_(sharing_key(finder)), provider_states.c.account == account
    session.execute(delete(provider_states).where(*is_held))
    session.execute(
        update(provider_paces)
        .where(or_(provider_paces.c.name == finder, provider_paces.c.name.like(f"{finder}:%")))
        .where(provider_paces.c.account == account)
        .values(blocked_until=None)
    )


@repeats_conflicts
def wake(provider: str, account: str) -> None:
    """Make chunks due that may wait for a provider at an account."""
    names = [*sharing_key(finder_of(provider)), WATERFALL]
    waiting: list[ColumnElement[bool]] = [jobs.c.provider.in_(names), jobs.c.status.not_in(ENDED)]
    if account:
        waiting.append(jobs.c.workspace_slug == account)
    with transaction() as session:
        session.execute(transitions.make_due(*waiting))
    hint(1)


@repeats_conflicts
def _reset(provider: str, account: str) -> None:
    with transaction() as session:
        forget(session, provider, account)
        events.record(session, Action.PROVIDER_RESET, "provider", provider, workspace_slug=account or None)


def _is_failure(answer: Answer) -> bool:
    return answer.standing in _FAILURES


_PROBED: Final = frozenset({ProviderCondition.CIRCUIT_OPEN, ProviderCondition.CREDITS_EXHAUSTED})
_OF_SETTINGS: Final = frozenset({ProviderCondition.AUTH_FAILED, ProviderCondition.CREDITS_EXHAUSTED})
"""The conditions that say nothing of another key."""
_FAILURES: Final = frozenset({OutcomeClass.TRANSIENT, OutcomeClass.CREDITS_EXHAUSTED, OutcomeClass.AUTH_FAILED})
_SIGNS_OF_LIFE: Final = frozenset({OutcomeClass.SUCCESS, OutcomeClass.NOT_FOUND, OutcomeClass.INVALID_REQUEST})
_TELLING: Final = {
    OutcomeClass.AUTH_FAILED: 0,
    OutcomeClass.CREDITS_EXHAUSTED: 1,
    # Whoever has answered about one entity of a bulk call is there.
    OutcomeClass.SUCCESS: 2,
    OutcomeClass.NOT_FOUND: 2,
    OutcomeClass.INVALID_REQUEST: 2,
    OutcomeClass.TRANSIENT: 3,
}
"""What one answer of a call says of the provider, the weightiest first."""


def _after(answer: Answer, values: Mapping[str, Any], provider: Provider, now: datetime) -> dict[str, Any]:
    """Return what one answer changes."""
    reason = (answer.error or str(answer.standing))[:500]
    if answer.standing is OutcomeClass.CREDITS_EXHAUSTED:
        until = now + timedelta(seconds=CREDITS_SECONDS)
        return {
            "condition": ProviderCondition.CREDITS_EXHAUSTED,
            "until": until,
            "reason": reason,
            "settings_digest": digest(provider),
        }
    if answer.standing is OutcomeClass.AUTH_FAILED:
        return {
            "condition": ProviderCondition.AUTH_FAILED,
            "until": None,
            "reason": reason,
            "settings_digest": digest(provider),
        }
    if answer.standing is OutcomeClass.TRANSIENT:
        failures = values["failures"] + 1
        # Worse is known of it already.
        is_other = values["condition"] not in {ProviderCondition.AVAILABLE, ProviderCondition.CIRCUIT_OPEN}
        if failures < FAILURES_TO_OPEN or is_other:
            return {"failures": failures, "reason": reason}
        until = now + timedelta(seconds=CIRCUIT_SECONDS)
        return {
            "condition": ProviderCondition.CIRCUIT_OPEN,
            "failures": failures,
            "until": until,
            "reason": reason,
        }
    if answer.standing in _SIGNS_OF_LIFE and _is_over(values, provider, now):
        return {"condition": ProviderCondition.AVAILABLE, "failures": 0, "until": None, "reason": None}
    return {}


def _is_over(values: Mapping[str, Any], provider: Provider, now: datetime) -> bool:
    """Return whether a sign of life ends a condition.

    A call that was on its way when the key was refused or credits ended says
    nothing of what comes after.
    """
    if _is_of_other_settings(values["condition"], values["settings_digest"], provider):
        return True
    if values["condition"] == ProviderCondition.AUTH_FAILED:
        return False
    if values["condition"] == ProviderCondition.CREDITS_EXHAUSTED:
        return bool(values["until"] <= now + timedelta(seconds=PROBE_SECONDS))
    return True


def _is_of_other_settings(condition: str, settings_digest: str | None, provider: Provider) -> bool:
    is_known = condition in _OF_SETTINGS and settings_digest is not None
    return is_known and settings_digest != digest(provider)


def _is(provider: Provider) -> tuple[ColumnElement[bool], ...]:
    return provider_states.c.provider == provider.name, provider_states.c.account == provider.settings.account


def _lock(session: WriteSession, provider: Provider) -> Row[Any]:
    defaults = {"condition": ProviderCondition.AVAILABLE, "failures": 0}
    key = {"provider": provider.name, "account": provider.settings.account}
    return lock_or_create(session, _LOCKED, provider_states, key, defaults)


_STATES = select(provider_states, utcnow().label("now"))
_OF_ACCOUNTS = _STATES.where(provider_states.c.account.in_(bindparam("accounts", expanding=True)))
_LOCKED = _STATES.where(
    provider_states.c.provider == bindparam("provider"), provider_states.c.account == bindparam("account")
).with_for_update(key_share=True)
