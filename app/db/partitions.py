"""Attempts in partitions by quarter, for PostgreSQL: what is old goes with its table, and not row by row.

Ids of attempts are in the order of time (UUID version 7), so the table is partitioned by its primary key. The table
that is there becomes the first partition, as it stands: no row is copied, and what runs meanwhile waits for a moment.
`other` takes ids of clocks that are wrong by months; without it such a row could not be stored.
"""

import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.failures import is_unavailable
from app.db.session import end_read, transaction
from app.db.sql import engine_name
from app.errors import Invalid
from app.extensions import db
from app.models.types import lowest_id, made_at

TABLE: Final = "enrichment_attempts"
AHEAD: Final = 2
"""How many quarters after the present one have their partition."""
NOTICE: Final = timedelta(days=30)
"""How long rows go on going into the first partition, at least: until then the work must be done."""
LOCK_SECONDS: Final = 2
"""How long everybody else may have to wait for a change that waits for its lock."""
TRIES: Final = 30
_BOUND: Final = f"ck_{TABLE}_before_partitions"
_NOT_HERE: Final = "Partitions need PostgreSQL; DATABASE_URL names an SQLite file."


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the tables: what it is for, and its statements, which are one transaction."""

    purpose: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition by the time of its ids; None: there is no bound. `other` has neither."""

    name: str
    first: datetime | None
    end: datetime | None


def is_partitioned() -> bool:
    """Return whether the attempts are in partitions."""
    if engine_name() == "sqlite":
        return False
    kind = db.session.scalar(text(f"SELECT relkind::text FROM pg_class WHERE oid = to_regclass('{TABLE}')"))
    return bool(kind == "p")


def plan_partitions(now: datetime) -> list[Step]:
    """Return what is to be done so that the attempts are in partitions, and those of the next quarters are there.

    Raises `Invalid` on SQLite.
    """
    if engine_name() == "sqlite":
        raise Invalid(_NOT_HERE)
    if is_partitioned():
        steps = plan_ahead(now)
    else:
        bound = _next_quarter(now + NOTICE)
        steps = [*_conversion(bound), *_additions(bound, now)]
    end_read()
    return steps


def plan_ahead(now: datetime) -> list[Step]:
    """Return what is to be done so that partitioned attempts have the partitions of the next quarters."""
    ends = [partition.end for partition in partitions() if partition.end is not None]
    return _additions(max(ends), now)


def partitions() -> list[Partition]:
    """Return the partitions, the oldest first."""
    query = """
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(:name)
    """
    rows = db.session.execute(text(query), {"name": TABLE})
    read = [_partition(name, bounds) for name, bounds in rows]
    return sorted(read, key=lambda partition: partition.end or datetime.max.replace(tzinfo=UTC))


def run_step(step: Step, *, tries: int = TRIES) -> None:
    """Make one change, in one transaction; try again if others do not let it have its lock.

    Raises a `DBAPIError` if they still do not.
    """
    for _ in range(tries - 1):
        try:
            return _run(step.statements)
        except DBAPIError as exc:
            if not is_unavailable(exc):
                raise
        time.sleep(random.uniform(0.1, 1))
    return _run(step.statements)


def drop_step(partition: Partition) -> Step:
    """Return the change that takes a partition away, with its rows."""
    name = partition.name
    return Step(f"drop {name}", (f"ALTER TABLE {TABLE} DETACH PARTITION {name}", f"DROP TABLE {name}"))


def _run(statements: Iterable[str]) -> None:
    with transaction() as session:
        for statement in (f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'", *statements):
            # On the driver's level, as colons in definitions are no parameters.
            session.connection().exec_driver_sql(statement)


def _conversion(bound: datetime) -> list[Step]:
    """Return what makes the table the first partition of one that takes its place."""
    first = f"{TABLE}_first"
    limit = f"CHECK (id < '{lowest_id(bound)}')"
    indexes = _indexes()
    renamed = [f"ALTER INDEX {name} RENAME TO {name}_first" for name, _ in indexes]
    made = [definition for name, definition in indexes if name != f"pk_{TABLE}"]
    return [
        Step(
            f"let the table have ids up to {bound:%Y-%m-%d} alone",
            (
                # Of an earlier run that was broken off.
                f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {_BOUND}",
                f"ALTER TABLE {TABLE} ADD CONSTRAINT {_BOUND} {limit} NOT VALID",
            ),
        ),
        # While others read and write; with it known, the next step need not look at a row.
        Step("check that it has", (f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT {_BOUND}",)),
        Step(
            "make it the first partition of a new table",
            (
                f"ALTER TABLE {TABLE} RENAME TO {first}",
                *renamed,
                f"CREATE TABLE {TABLE} (LIKE {first} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE"
                " INCLUDING COMMENTS) PARTITION BY RANGE (id)",
                f"ALTER TABLE {TABLE} DROP CONSTRAINT {_BOUND}",
                f"ALTER TABLE {TABLE} ADD CONSTRAINT pk_{TABLE} PRIMARY KEY (id)",
                *made,
                f"ALTER TABLE {TABLE} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{lowest_id(bound)}')",
                f"ALTER TABLE {first} DROP CONSTRAINT {_BOUND}",
                f"CREATE TABLE {TABLE}_other PARTITION OF {TABLE} DEFAULT",
            ),
        ),
    ]


def _additions(end: datetime, now: datetime) -> list[Step]:
    """Return what adds partitions from `end` on, up to those that are to be ahead."""
    last = now
    for _ in range(AHEAD):
        last = _next_quarter(last)
    steps = []
    while end <= last:
        following = _next_quarter(end)
        name = f"{TABLE}_{end.year}q{(end.month + 2) // 3}"
        values = f"FROM ('{lowest_id(end)}') TO ('{lowest_id(following)}')"
        steps.append(Step(f"add {name}", (f"CREATE TABLE {name} PARTITION OF {TABLE} FOR VALUES {values}",)))
        end = following
    return steps


def _next_quarter(instant: datetime) -> datetime:
    """Return the start of the quarter after the one that an instant is in."""
    month = (instant.month - 1) // 3 * 3 + 4
    year, month = (instant.year + 1, 1) if month > 12 else (instant.year, month)
    return datetime(year, month, 1, tzinfo=UTC)


def _indexes() -> list[tuple[str, str]]:
    query = """
        SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = to_regclass(:name) ORDER BY c.relname
    """
    return [(name, definition) for name, definition in db.session.execute(text(query), {"name": TABLE})]


def _partition(name: str, bounds: str) -> Partition:
    """Read the bounds of a partition, `FOR VALUES FROM (MINVALUE) TO ('01a2…')`."""
    first, _, end = bounds.partition(" TO ")
    return Partition(name, _instant(first), _instant(end))


def _instant(bound: str) -> datetime | None:
    """Return when the ids were made that a bound lies before; None: it is no id."""
    found = re.search(r"'([0-9a-f-]{36})'", bound)
    return None if found is None else made_at(found[1])
