"""Column types and SQL expressions that both databases understand."""

import os
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ColumnElement, DateTime, Dialect, Integer, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.sqlite import DATETIME as SqliteDateTime
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.errors import DamagedData

Id = Uuid(as_uuid=False)
"""A UUID that Python sees as text; `uuid` on PostgreSQL, 32 characters on SQLite."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A counting primary key; SQLite counts only plain INTEGER by itself."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON value; Python's None is stored as NULL, not as JSON's null."""

Slug = String(64)
EntityId = String(128)


class _SqliteDateTime(SqliteDateTime):
    """SQLite's instants, which are texts: one in no known spelling is damage and says so."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Read a stored text; the parent's errors name neither the rule nor the reason."""
        read: Callable[[Any], Any] = super().result_processor(dialect, coltype)  # type: ignore[assignment]

        # Rows that one statement stored have one instant, so the text of a row is mostly that of the row before.
        @lru_cache(maxsize=64)
        def checked(stored: Any) -> Any:
            try:
                return None if stored is None else read(stored).replace(tzinfo=UTC)
            except (TypeError, ValueError) as exc:
                raise DamagedData from exc

        return checked


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite keeps it as text without a zone, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the type of the database at hand."""
        if dialect.name != "sqlite":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(_SqliteDateTime())  # type: ignore[no-untyped-call]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values, which would mean another instant on each host."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("expected an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored instant as aware UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class utcnow(FunctionElement[datetime]):
    """The database's clock, now or some seconds away: `utcnow()`, `utcnow(60)`.

    It moves on within a transaction: a claim that waited for its row gets a
    lease of full length.
    """

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, *offset_seconds: Any) -> None:
        super().__init__(*offset_seconds)


@compiles(utcnow, "postgresql")
def _utcnow_postgresql(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    if not len(element.clauses):
        return "clock_timestamp()"
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(utcnow, "sqlite")
def _utcnow_sqlite(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    # Six digits, as SQLAlchemy writes datetimes: instants are compared as text there.
    if not len(element.clauses):
        return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {compiler.process(element.clauses, **kw)} || ' seconds')"


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562): unique, and in the order of making to the millisecond."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return _spelled(value)


def lowest_id(instant: datetime, *, earlier: timedelta = timedelta(0)) -> str:
    """Return a bound that all ids of `new_id` since an instant, or some time before it, are at or above."""
    milliseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC) - earlier) // timedelta(milliseconds=1)
    return _spelled(max(0, milliseconds) << 80)


def _spelled(value: int) -> str:
    """Return a UUID in its usual spelling. An object of `uuid` takes four times as long, and a call has three."""
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def made_at(row_id: str) -> datetime:
    """Return when an id of `new_id` was made."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=uuid.UUID(row_id).int >> 80)


def matching(column: Any, value: object) -> list[ColumnElement[bool]]:
    """Return the condition that a column has a value, for a query to be narrowed by; none if no value is asked for."""
    return [] if value is None else [column == value]


def parse_id(text: str) -> str | None:
    """Return a UUID in its usual spelling, or None where the text is not one."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def one_of(column: str, choices: Iterable[str]) -> CheckConstraint:
    """Return a constraint that lets a column hold only these texts."""
    values = ", ".join(f"'{choice}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")
