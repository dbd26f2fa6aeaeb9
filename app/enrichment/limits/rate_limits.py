"""Rate limits of providers, shared by all processes and hosts.

Each account with a provider has one row, whose lock makes reservations wait for each other. A rate is kept by a generic
cell rate algorithm (GCRA): calls get evenly spaced instants to start at, at most a second ahead, so that a worker that
dies has not used up what others could have had. The algorithm is ours, because no library keeps its state in SQL.

A worker may not get the CPU when an instant comes, and a call that is sent late meets the next ones at the provider. So
one that is later than `most_late` says is not sent, and gets another instant.
"""

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, func, select, update

from app.db.session import WriteSession
from app.db.sql import lock_or_create
from app.models.in_flight_call import in_flight_calls
from app.models.provider_state import provider_paces
from app.models.types import utcnow
from app.providers.base import Provider
from app.providers.names import finder_of, sharing_key
from app.providers.settings import Limits
from app.values.days import seconds_to_midnight

PACE_SHARE: Final = 0.93
"""The share of a rate that is used: a call that is late by a few hundredths of a second must not fall into the
provider's window of the next ones."""
WORKER_SHARE: Final = 2 / 3
"""How much of that lateness is for the worker. The rest is for the way to the provider."""
HORIZON_SECONDS: Final = 1.0
"""How far ahead calls are given an instant to start at."""
MANY: Final = 1_000_000
SHORTEST_WAIT_SECONDS: Final = 0.01
AT_ONCE_WAIT_SECONDS: Final = 0.05
"""When to look again if as many calls are under way as are allowed."""


class LimitKey(NamedTuple):
    """What calls are counted under: the name of the limit, and whose account with the provider it is of."""

    name: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a provider's limits allow, while its row is locked: the seconds from then at which calls may start."""

    key: LimitKey
    limits: Limits
    state: Mapping[str, Any]
    now: datetime
    taken_at: float
    """When it was read, on the monotonic clock."""
    in_flight: int
    starts_in: list[float]
    wait_seconds: float = 0.0
    lead_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """When calls may start, in seconds from now; and if they are fewer than wanted, when to ask again."""

    starts_in: list[float]
    wait_seconds: float = 0.0


def limit_key(provider: Provider, entity_type: str) -> LimitKey:
    """Return the limit that a call counts against: the provider's, or that of its calls about one entity type.

    A verifier is called at the same address, with the same key.
    """
    settings, name = provider.settings, finder_of(provider.name)
    return LimitKey(f"{name}:{entity_type}" if entity_type in settings.limits else name, settings.account)


def most_late(limits: Limits) -> float:
    """Return how many seconds after its instant a call may still be sent: no window of any rate then holds too many."""
    return min((seconds * (1 / PACE_SHARE - 1) * WORKER_SHARE for _, seconds in limits.rates), default=math.inf)


def peek(
    session: WriteSession,
    key: LimitKey,
    provider: str,
    limits: Limits,
    wanted: int,
    *,
    ended: Collection[str] = (),
    delay_seconds: float = 0.0,
) -> Allowance:
    """Return how many of the wanted calls may start and when, and keep the provider's row until the transaction ends.

    Nothing is used up before `consume`. Calls that `ended` in this very transaction are no longer under way. They will
    start after `delay_seconds` at the soonest; the first instant is so far from now that half the time that a call may
    be late is left.
    """
    row = _lock(session, key)
    taken_at = time.monotonic()
    blocked = 0.0 if row.blocked_until is None else (row.blocked_until - row.now).total_seconds()
    if blocked > 0:
        return Allowance(key, limits, row.state, row.now, taken_at, 0, [], blocked)
    in_flight = 0 if limits.at_once is None else _count_calls(session, finder_of(provider), key.account, ended)
    lead = max(0.0, delay_seconds - most_late(limits) / 2)
    _, grant = granted(limits, row.state, row.now, wanted, in_flight, lead)
    return Allowance(key, limits, row.state, row.now, taken_at, in_flight, grant.starts_in, grant.wait_seconds, lead)


def consume(session: WriteSession, allowance: Allowance, count: int) -> list[float]:
    """Use up the allowance of the calls that do start; return their instants on the monotonic clock."""
    if count == 0:
        return []
    state, grant = granted(
        allowance.limits, allowance.state, allowance.now, count, allowance.in_flight, allowance.lead_seconds
    )
    if state != allowance.state:
        session.connection().execute(_USE_UP, {**_place(allowance.key), "new_state": state})
    return [allowance.taken_at + starts_in for starts_in in grant.starts_in]


def most_lined_up(limits: Limits) -> int:
    """Return how many calls can have been given an instant that is still to come."""
    slots = [math.floor(HORIZON_SECONDS * calls * PACE_SHARE / seconds) + 1 for calls, seconds in limits.rates]
    return min(slots, default=MANY)


def block(session: WriteSession, key: LimitKey, seconds: float) -> None:
    """Keep every worker from calling a provider for a while: it asked to slow down."""
    row = _lock(session, key)
    until = row.now + timedelta(seconds=seconds)
    if row.blocked_until is None or row.blocked_until < until:
        session.connection().execute(_BLOCK, {**_place(key), "until": until})


def granted(
    limits: Limits, state: Mapping[str, Any], now: datetime, wanted: int, in_flight: int, lead_seconds: float = 0.0
) -> tuple[dict[str, Any], Grant]:
    """Return the state after as many of the wanted calls as all limits allow, and when each may start."""
    epoch = now.timestamp()
    soonest = epoch + lead_seconds
    day, used = _used_today(state, now)
    cells = _cells(limits, state, soonest)

    count, wait = _counted(limits, wanted, in_flight, used, now)
    for cell in cells:
        fitting = cell.room(soonest)
        if fitting < count:
            count = max(0, fitting)
            wait = max(wait, cell.start_of(count) - HORIZON_SECONDS - soonest)

    starts_at = [max((cell.start_of(index) for cell in cells), default=epoch) for index in range(count)]
    after: dict[str, Any] = {cell.name: cell.start_of(count) for cell in cells}
    if limits.per_day is not None:
        after |= {"day": day, "used": used + count}
    wait_seconds = max(wait, SHORTEST_WAIT_SECONDS) if count < wanted else 0.0
    return after, Grant([start_at - epoch for start_at in starts_at], wait_seconds)


def _counted(limits: Limits, wanted: int, in_flight: int, used: int, now: datetime) -> tuple[int, float]:
    """Return how many calls the limits by number allow, and when to ask again about the others."""
    count, wait = wanted, 0.0
    if limits.at_once is not None and limits.at_once - in_flight < count:
        count, wait = max(0, limits.at_once - in_flight), AT_ONCE_WAIT_SECONDS
    if limits.per_day is not None and limits.per_day - used < count:
        count, wait = max(0, limits.per_day - used), seconds_to_midnight(now)
    return count, wait


@dataclass(frozen=True, slots=True)
class _Cell:
    """One rate: its name in the stored state, the seconds between two calls, and when the next one may start."""

    name: str
    interval: float
    free_at: float

    def room(self, soonest: float) -> int:
        """Return how many calls may start before the horizon; below 0 if that is further away still."""
        return math.floor((soonest + HORIZON_SECONDS - self.free_at) / self.interval) + 1

    def start_of(self, index: int) -> float:
        """Return when the next call but so many may start."""
        return self.free_at + index * self.interval


def _cells(limits: Limits, state: Mapping[str, Any], soonest: float) -> list[_Cell]:
    intervals = {f"{calls}/{seconds:g}": seconds / calls / PACE_SHARE for calls, seconds in limits.rates}
    return [_Cell(name, interval, max(soonest, float(state.get(name, 0.0)))) for name, interval in intervals.items()]


def _used_today(state: Mapping[str, Any], now: datetime) -> tuple[str, int]:
    day = now.astimezone(UTC).date().isoformat()
    return day, int(state.get("used", 0)) if state.get("day") == day else 0


def _lock(session: WriteSession, key: LimitKey) -> Row[Any]:
    return lock_or_create(session, _LOCKED, provider_paces, key._asdict(), {"state": {}})


_LOCKED: Final = (
    select(provider_paces.c.state, provider_paces.c.blocked_until, utcnow().label("now"))
    .where(provider_paces.c.name == bindparam("name"), provider_paces.c.account == bindparam("account"))
    .with_for_update(key_share=True)
)


def _place(key: LimitKey) -> dict[str, str]:
    return {"of_name": key.name, "of_account": key.account}


_ROW: Final = update(provider_paces).where(
    provider_paces.c.name == bindparam("of_name"), provider_paces.c.account == bindparam("of_account")
)
_USE_UP: Final = _ROW.values(state=bindparam("new_state"))
_BLOCK: Final = _ROW.values(blocked_until=bindparam("until"))


def _count_calls(session: WriteSession, finder: str, account: str, ended: Collection[str]) -> int:
    """Return how many calls are under way with a provider's key at an account; a bulk call is one."""
    under_way = {"names": sharing_key(finder), "of_account": account, "ended": list(ended)}
    return session.connection().scalar(_UNDER_WAY, under_way) or 0


_UNDER_WAY: Final = select(func.count(in_flight_calls.c.call_id.distinct())).where(
    in_flight_calls.c.provider.in_(bindparam("names", expanding=True)),
    in_flight_calls.c.account == bindparam("of_account"),
    in_flight_calls.c.is_pending.is_(False),
    in_flight_calls.c.deadline_at > utcnow(),
    in_flight_calls.c.call_id.not_in(bindparam("ended", expanding=True)),
)
