"""What enrichment has cost, and how much of the day's caps is left. Amounts are whole micro-dollars, days are UTC."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Self

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, select

from app.config import config, micros
from app.db.pages import Page, after, bad_cursor, before, page_of
from app.db.sql import is_any_of
from app.enrichment.money.scopes import CapScope, limits_of
from app.errors import Invalid, detail
from app.extensions import db
from app.models.spending import costs, spending
from app.models.types import matching, parse_id, utcnow
from app.providers.names import NAMES
from app.providers.settings import MICROS
from app.values.identifiers import is_slug

DEFAULT_DAYS: Final = 30
"""How many days a report covers by default, the last one included."""

_WORKSPACE: Final = "workspace:"


class Group(StrEnum):
    """What the costs of a report are added up by."""

    PROVIDER = "provider"
    WORKSPACE = "workspace"
    DAY = "day"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class CostCounts:
    """What calls came to. `in_doubt_micros` is the part of the cost of which nobody knows whether it was charged."""

    calls: int
    charged_calls: int
    cost_micros: int
    in_doubt_micros: int


@dataclass(frozen=True, slots=True)
class CostRow(CostCounts):
    """The costs of one provider, workspace, day or job, which `key` names."""

    key: str


@dataclass(frozen=True, slots=True)
class CapView:
    """One cap: its limit (None: there is none), and what is spent and reserved under it."""

    scope: str
    """`overall`, `workspace`, `provider`, `key` or `job`."""
    workspace_slug: str | None
    """Whose it is; of a provider's cap None: everybody's together."""
    cap_micros: int | None
    spent_micros: int = 0
    reserved_micros: int = 0
    provider: str | None = None
    key_id: str | None = None

    @classmethod
    def under(cls, of: CapScope, cap_micros: int | None, spent: tuple[int, int] = (0, 0)) -> Self:
        """Return the cap of a scope of the day, with what is spent and reserved under it."""
        return cls(of.kind, of.workspace_slug, cap_micros, *spent, of.provider, of.key_id)

    @property
    def used_ratio(self) -> float | None:
        """Which part of the cap is spent or reserved; None if nothing limits it."""
        if self.cap_micros is None:
            return None
        used = self.spent_micros + self.reserved_micros
        return used / self.cap_micros if self.cap_micros else 1.0

    @property
    def remaining_micros(self) -> int | None:
        """What may still be reserved; None if nothing limits it."""
        return None if self.cap_micros is None else max(0, self.cap_micros - self.spent_micros - self.reserved_micros)


@dataclass(frozen=True, slots=True)
class CostReport:
    """Costs from one day to another, both included. `total` is of all rows, those of other pages too."""

    first_day: date
    last_day: date
    group: Group
    page: Page[CostRow]
    total: CostCounts
    caps: list[CapView]


def report_costs(
    group: Group = Group.PROVIDER,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    workspace_slug: str | None = None,
    shows_overall: bool = True,
    limit: int = 1000,
    cursor: str | None = None,
) -> CostReport:
    """Return what was spent, by `group`: providers and workspaces by name, days and jobs newest first.

    The last day is today unless it is given, the first one 29 days earlier.
    `cursor` is the `next_cursor` of the page before. Raises `Invalid` for days
    in the wrong order and for a cursor that no page gave.
    """
    first_day, last_day = period(first_day, last_day)
    scope = in_period(first_day, last_day, workspace_slug)
    page = _page(group, scope, limit, cursor)
    total = db.session.connection().execute(_TOTAL.where(*scope)).one()
    caps = daily_caps(workspace_slug, shows_overall=shows_overall)
    return CostReport(first_day, last_day, group, page, CostCounts(**total._mapping), caps)


def costs_by_day(first_day: date, last_day: date, *, workspace_slug: str | None = None) -> list[CostRow]:
    """Return what the days of a period have cost, the newest first; a day without a call is left out."""
    return _page(Group.DAY, in_period(first_day, last_day, workspace_slug), 1000, None).rows


def period(first_day: date | None, last_day: date | None) -> tuple[date, date]:
    """Return the days of a report: up to today unless the last one is given, from 29 days earlier on.

    Raises `Invalid` for days in the wrong order.
    """
    last_day = last_day or today()
    first_day = first_day or last_day - timedelta(days=min(DEFAULT_DAYS - 1, last_day.toordinal() - 1))
    if first_day > last_day:
        message = "expected a day that is not after the last one"
        raise Invalid(f"The days are not valid: {message}.", details=[detail("from", message)])
    return first_day, last_day


def daily_caps(
    workspace_slug: str | None = None, *, shows_overall: bool = True, key_id: str | None = None
) -> list[CapView]:
    """Return today's caps: everything's, and one workspace's or those of all that have spent something today.

    With the caps of providers that are set: for everything, and for the workspace, if it is one; and that of an API
    key.
    """
    settings, day = config(), today()
    scopes: list[CapScope] = []
    if shows_overall:
        scopes += [CapScope(), *_of_providers(None)]
    if workspace_slug is None:
        workspaces = [*map(CapScope, _spenders(day))]
        scopes += workspaces
    else:
        workspaces = [CapScope(workspace_slug)]
        scopes += [*workspaces, *_of_providers(workspace_slug)]
    if key_id is not None:
        scopes.append(CapScope(key_id=key_id))
    limits: dict[CapScope, int | None] = {CapScope(): micros(settings.ENRICH_DAILY_CAP_USD)}
    limits |= dict.fromkeys(workspaces, micros(settings.ENRICH_WORKSPACE_DAILY_CAP_USD))
    limits |= limits_of(scopes)
    return _views({scope: limits[scope] for scope in scopes if scope in limits}, day)


def service_caps() -> list[CapView]:
    """Return today's caps of all workspaces together: everything's, and those of providers that are set."""
    limits: dict[CapScope, int | None] = {CapScope(): micros(config().ENRICH_DAILY_CAP_USD)}
    limits |= limits_of(_of_providers(None))
    return _views(limits, today())


def _of_providers(workspace_slug: str | None) -> list[CapScope]:
    """Return the scopes of all providers, in one workspace or in all together."""
    return [CapScope(workspace_slug, name) for name in NAMES]


def _views(limits: Mapping[CapScope, int | None], day: date) -> list[CapView]:
    """Return caps with what is spent and reserved under them on a day, in the order given."""
    values = {"day": day, "scopes": [str(scope) for scope in limits]}
    rows = db.session.connection().execute(_SPENT, values)
    seen = {row.scope: (row.spent_micros, row.reserved_micros) for row in rows}
    return [CapView.under(scope, cap, seen.get(str(scope), (0, 0))) for scope, cap in limits.items()]


def _spenders(day: date) -> list[str]:
    """Return the workspaces that have spent something on a day, by name."""
    scopes = db.session.connection().execute(_SPENDERS, {"day": day}).scalars()
    return [scope.removeprefix(_WORKSPACE) for scope in scopes]


def job_costs(job_id: str) -> list[CostRow]:
    """Return what a job has spent on each provider, by name."""
    query = select(costs.c.provider.label("key"), *_SUMS).where(costs.c.job_id == job_id)
    rows = db.session.execute(query.group_by(costs.c.provider).order_by(costs.c.provider))
    return [CostRow(**row._mapping) for row in rows]


def job_cap(job_id: str, workspace_slug: str, cap_micros: int | None) -> CapView:
    """Return a job's own cap, and what is spent and reserved under it."""
    query = select(spending.c.spent_micros, spending.c.reserved_micros).where(spending.c.scope == f"job:{job_id}")
    return CapView("job", workspace_slug, cap_micros, *(db.session.execute(query).one_or_none() or ()))


def spent_today(workspace_slug: str | None = None) -> dict[str, int]:
    """Return what each provider has cost today, by name."""
    spent = func.sum(costs.c.cost_micros).cast(BigInteger).label("micros")
    is_meant = (costs.c.day == today(), *matching(costs.c.workspace_slug, workspace_slug))
    query = select(costs.c.provider, spent).where(*is_meant).group_by(costs.c.provider)
    return dict(db.session.execute(query).all())


def today() -> date:
    """Return the day by the database's clock, which is the one that caps go by."""
    now: datetime = db.session.connection().execute(_NOW).scalar_one()
    return now.date()


def dollars(micros: int) -> str:
    """Return an amount as people write it, with the parts of a cent that are there: `$0.0045`, `$1,250.00`."""
    whole, parts = f"{micros / MICROS:,.6f}".split(".")
    return f"${whole}.{parts[:2]}{parts[2:].rstrip('0')}"


def in_period(first_day: date, last_day: date, workspace_slug: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions for the costs of a period, of a workspace or of all."""
    return [costs.c.day.between(first_day, last_day), *matching(costs.c.workspace_slug, workspace_slug)]


def _page(group: Group, scope: Sequence[ColumnElement[bool]], limit: int, cursor: str | None) -> Page[CostRow]:
    key = _KEYS[group]
    last = _read_cursor(group, cursor)
    query = select(key.label("key"), *_SUMS).where(*scope).group_by(key).limit(limit + 1)
    if group in {Group.DAY, Group.JOB}:
        query = query.where(*before(key, last)).order_by(key.desc())
    else:
        query = query.where(*after(key, last)).order_by(key)
    rows = [CostRow(**{**row._mapping, "key": str(row.key)}) for row in db.session.connection().execute(query)]
    return page_of(rows, limit, attrgetter("key"))


def _read_cursor(group: Group, cursor: str | None) -> Any:
    """Return the key that a cursor holds, which is that of the last row before; None: there is no cursor."""
    if cursor is None:
        return None
    last = _READ_KEY[group](cursor)
    if last is None:
        raise bad_cursor()
    return last


def _parse_name(text: str) -> str | None:
    return text if is_slug(text) else None


def parse_day(text: str) -> date | None:
    """Return the day that a text such as `2026-11-30` means, or None if it is not a day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Python also reads 20261130 and 2026-W48-1.
    return day if day.isoformat() == text else None


_SUMS: Final = tuple(
    # A sum of bigints is a decimal on PostgreSQL, and of no rows at all it is null.
    func.coalesce(func.sum(costs.c[counter.name]), 0).cast(BigInteger).label(counter.name)
    for counter in fields(CostCounts)
)
_TOTAL: Final = select(*_SUMS)
_NOW: Final = select(utcnow())
_SPENT: Final = select(spending.c.scope, spending.c.spent_micros, spending.c.reserved_micros).where(
    spending.c.day == bindparam("day"), is_any_of(spending.c.scope, bindparam("scopes"))
)
_SPENDERS: Final = (
    select(spending.c.scope)
    .where(spending.c.day == bindparam("day"), spending.c.scope.startswith(_WORKSPACE, autoescape=True))
    .order_by(spending.c.scope)
)
_KEYS: Final[dict[Group, ColumnElement[Any]]] = {
    Group.PROVIDER: costs.c.provider,
    Group.WORKSPACE: costs.c.workspace_slug,
    Group.DAY: costs.c.day,
    Group.JOB: costs.c.job_id,
}
_READ_KEY: Final[Mapping[Group, Callable[[str], Any]]] = {
    Group.PROVIDER: _parse_name,
    Group.WORKSPACE: _parse_name,
    Group.DAY: parse_day,
    Group.JOB: parse_id,
}
