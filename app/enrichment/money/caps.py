"""Money: reserved before a call, settled with its answer, never past a cap.

Each call's worst price is reserved first, under every cap that it falls
under: its job's, and of the day (UTC) everything's, its workspace's, its
provider's, its provider's in the workspace, and that of the API key that made
the job. The caps' rows are locked, looked at and written in one short
transaction, so no two workers can see the same room. Amounts are whole
micro-dollars.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlalchemy import bindparam, select, tuple_, update

from app.config import Config, micros
from app.db.session import WriteSession
from app.db.sql import insert_missing
from app.enrichment.money.reports import dollars
from app.enrichment.money.scopes import OVERALL, CapScope
from app.enrichment.queue.lease import JobInfo
from app.models.spending import CallOutcome, spending
from app.providers.names import finder_of

ALL_DAYS: Final = date(1970, 1, 1)
"""The day of a job's row: its cap is for all days together."""
_Key = tuple[str, date]
"""The scope and the day of a cap's row."""
_NONE: Final[Mapping[CapScope, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap: what it is of, and how much; None: no limit, but spending is counted."""

    scope: str
    micros: int | None
    is_daily: bool
    setting: str | None = None
    """Which setting it is of; None: it was set by hand, or with the job."""

    def account(self, today: date) -> _Key:
        """Return the scope and the day under which its spending is counted."""
        return self.scope, today if self.is_daily else ALL_DAYS

    def describe(self) -> str:
        """Return the sentence that a paused job gives as its reason."""
        amount = dollars(self.micros or 0)
        if not self.is_daily:
            return f"The job's cap of {amount} is reached."
        end = f" ({self.setting})." if self.setting else "; there is room again at midnight UTC."
        return f"{_describe(CapScope.read(self.scope), amount)} is reached{end}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of a question that was answered."""

    seconds: float
    """How long the answer took."""
    is_find: bool = False
    """Whether it gave a wanted field which the entity lacked."""
    is_in_turn: bool = False
    """Whether everybody ahead in the order had answered too, without giving all that is wanted."""
    is_overlap: bool = False
    """Whether it had something about an entity of which a provider ahead had something too."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A reservation that is over: what was reserved on which day, and what the call really cost."""

    provider: str
    reserved_on: date
    reserved_micros: int
    cost_micros: int
    is_in_doubt: bool = False
    is_sent: bool = True
    """False if the call was given up before it was sent."""
    outcome: CallOutcome = CallOutcome.ERRORS
    tally: Tally | None = None
    """What came of it; None: nobody answered."""


@dataclass(frozen=True, slots=True)
class Booking:
    """What became of the reservations that were asked for: `granted` says it for each price, in order."""

    granted: tuple[bool, ...] = ()
    reached: Cap | None = None
    """The cap that a call does not fit under, whatever becomes of those under way."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps that a job's calls fall under: some whoever is asked, and some by provider."""

    common: tuple[Cap, ...]
    workspace_slug: str
    limits: Mapping[CapScope, int] = field(default_factory=dict)
    """What was set by hand, by scope."""
    _by_provider: dict[str, tuple[Cap, ...]] = field(default_factory=dict, compare=False)

    def of(self, provider: str) -> tuple[Cap, ...]:
        """Return the caps of calls of a provider; those of a verifier fall under the finder's."""
        caps = self._by_provider.get(provider)
        if caps is None:
            finder = finder_of(provider)
            scopes = CapScope(provider=finder), CapScope(self.workspace_slug, finder)
            own = (Cap(str(scope), self.limits.get(scope), is_daily=True) for scope in scopes)
            caps = self._by_provider[provider] = (*self.common, *own)
        return caps


def scopes_of(job: JobInfo, providers: Iterable[str]) -> list[CapScope]:
    """Return the scopes of a job of which caps may have been set by hand."""
    slug = job.workspace_slug
    finders = {finder_of(provider) for provider in providers}
    scopes = [CapScope(where, finder) for finder in sorted(finders) for where in (None, slug)]
    return [CapScope(slug), *scopes, *([CapScope(key_id=job.api_key_id)] if job.api_key_id else [])]


def caps_of(config: Config, job: JobInfo, limits: Mapping[CapScope, int] = _NONE) -> Caps:
    """Return the caps that a job's calls fall under; `limits` are those that were set by hand.

    A workspace's own is in place of the one that the settings have for each.
    """
    workspace = CapScope(job.workspace_slug)
    of_each = micros(config.ENRICH_WORKSPACE_DAILY_CAP_USD)
    setting = None if workspace in limits else "ENRICH_WORKSPACE_DAILY_CAP_USD"
    common = [
        Cap(f"job:{job.id}", job.cap_micros, is_daily=False),
        Cap(OVERALL, micros(config.ENRICH_DAILY_CAP_USD), is_daily=True, setting="ENRICH_DAILY_CAP_USD"),
        Cap(str(workspace), limits.get(workspace, of_each), is_daily=True, setting=setting),
    ]
    if job.api_key_id is not None:
        of_key = CapScope(key_id=job.api_key_id)
        common.append(Cap(str(of_key), limits.get(of_key), is_daily=True))
    return Caps(tuple(common), job.workspace_slug, limits)


def book(
    session: WriteSession,
    caps: Caps,
    settlements: Sequence[Settlement],
    prices: Sequence[tuple[str, int]],
    today: date,
    *,
    known: set[_Key] | None = None,
) -> Booking:
    """Settle what is over and reserve each of the prices, by provider, as far as every cap allows.

    The rows stay locked until the caller's transaction ends, so this comes
    late in it. `known` are rows that are there, as scope and day, and is added to.
    """
    if not settlements and not prices:
        return Booking()
    wanted = {(settlement.provider, settlement.reserved_on) for settlement in settlements}
    wanted |= {(provider, today) for provider, _ in prices}
    keys = {cap.account(day) for provider, day in wanted for cap in caps.of(provider)}
    accounts = _lock_accounts(session, sorted(keys), set() if known is None else known)
    _settle(caps, settlements, accounts)
    booking = _reserve(caps, prices, accounts, today)
    _write_changes(session, accounts)
    return booking


def _describe(scope: CapScope, amount: str) -> str:
    if scope.key_id is not None:
        return f"The daily cap of {amount} of the API key that made the job"
    whose = "The" if scope.workspace_slug is None else "The workspace's"
    return f"{whose} daily cap of {amount}" + (f" for provider {scope.provider}" if scope.provider else "")


@dataclass(slots=True)
class _Account:
    """One cap's row while it is locked."""

    stored_reserved: int
    stored_spent: int
    reserved: int = field(init=False)
    spent: int = field(init=False)

    def __post_init__(self) -> None:
        self.reserved, self.spent = self.stored_reserved, self.stored_spent

    def settle(self, settlement: Settlement) -> None:
        self.reserved = max(0, self.reserved - settlement.reserved_micros)
        self.spent += settlement.cost_micros

    def has_room(self, price: int, cap: Cap) -> bool:
        return cap.micros is None or self.spent + self.reserved + price <= cap.micros

    def will_have_room(self, price: int, cap: Cap) -> bool:
        """Return whether a price fits once all that is reserved is settled, for nothing at best."""
        return cap.micros is None or self.spent + price <= cap.micros

    @property
    def change(self) -> tuple[int, int]:
        """How much more is reserved and spent than is stored."""
        return self.reserved - self.stored_reserved, self.spent - self.stored_spent


def _settle(caps: Caps, settlements: Iterable[Settlement], accounts: Mapping[_Key, _Account]) -> None:
    for settlement in settlements:
        for cap in caps.of(settlement.provider):
            accounts[cap.account(settlement.reserved_on)].settle(settlement)


def _reserve(caps: Caps, prices: Iterable[tuple[str, int]], accounts: Mapping[_Key, _Account], today: date) -> Booking:
    """Reserve each price under all of its caps, or under none."""
    granted: list[bool] = []
    reached: Cap | None = None
    for provider, price in prices:
        under = [(cap, accounts[cap.account(today)]) for cap in caps.of(provider)]
        full = [(cap, account) for cap, account in under if not account.has_room(price, cap)]
        granted.append(not full)
        if not full:
            for _, account in under:
                account.reserved += price
        reached = reached or next((cap for cap, account in full if not account.will_have_room(price, cap)), None)
    return Booking(tuple(granted), reached)


def _write_changes(session: WriteSession, accounts: Mapping[_Key, _Account]) -> None:
    """Add to the rows what changed, in one go, as every worker waits for them."""
    changed = [
        {"of_scope": scope, "of_day": day, "more_reserved": account.change[0], "more_spent": account.change[1]}
        for (scope, day), account in accounts.items()
        if any(account.change)
    ]
    if changed:
        session.connection().execute(_ADD, changed)


def _lock_accounts(session: WriteSession, wanted: Sequence[_Key], known: set[_Key]) -> dict[_Key, _Account]:
    """Return the rows of scopes and days, made if they are missing, locked in one order."""
    if not known.issuperset(wanted):
        # Looked at without a lock: who adds a row must not hold one of the others.
        known.update((row.scope, row.day) for row in session.connection().execute(_THERE, {"wanted": wanted}))
    missing = [key for key in wanted if key not in known]
    insert_missing(session, spending, [{"scope": scope, "day": day, **_UNUSED} for scope, day in missing])
    rows = session.connection().execute(_LOCKED, {"wanted": wanted})
    return {(row.scope, row.day): _Account(row.reserved_micros, row.spent_micros) for row in rows}


_UNUSED: Final = {"reserved_micros": 0, "spent_micros": 0}
_WANTED = tuple_(spending.c.scope, spending.c.day).in_(bindparam("wanted", expanding=True))
_THERE = select(spending.c.scope, spending.c.day).where(_WANTED)
_LOCKED = select(spending).where(_WANTED).order_by(spending.c.scope, spending.c.day).with_for_update(key_share=True)
_ADD = (
    update(spending)
    .where(spending.c.scope == bindparam("of_scope"), spending.c.day == bindparam("of_day"))
    .values(
        reserved_micros=spending.c.reserved_micros + bindparam("more_reserved"),
        spent_micros=spending.c.spent_micros + bindparam("more_spent"),
    )
)
