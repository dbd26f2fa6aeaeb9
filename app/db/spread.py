"""Some keys of many, spread over their order, without reading all: the database goes along an index."""

from collections.abc import Sequence
from math import isqrt
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Integer, func, literal, select

from app.extensions import db

Item = TypeVar("Item")

READ_WHOLE: Final = 1000
"""So many keys are read as quickly as some of them are found."""


def spread_keys(
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    count: int,
    *,
    within: int,
    total: int | None = None,
) -> tuple[list[Any], int]:
    """Return at least `count` keys of the first `within` that meet some conditions, and how many of these there are.

    All of them if they are few, else every n-th, in order. `total` is how many there are, if that is known. The key is
    unique under the conditions, and an index has it after the columns that these name.
    """
    total = min(_count(key, conditions, within) if total is None else total, within)
    if total <= max(count, READ_WHOLE):
        read = list(db.session.scalars(select(key).where(*conditions).order_by(key).limit(within)))
        return read, len(read)
    step = largest_prime(total // count)
    return _every_nth(key, conditions, step, total // step), total


def count_keys(
    key: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]], *, within: int, total: int | None = None
) -> int:
    """Return how many `spread_keys` would say that there are, without reading any."""
    if total is None or total <= READ_WHOLE:
        total = _count(key, conditions, within)
    return min(total, within)


def every_nth(items: Sequence[Item], count: int) -> Sequence[Item]:
    """Return at least `count` of some items, every n-th; all if there are no more."""
    return items[:: largest_prime(max(1, len(items) // max(1, count)))]


def largest_prime(number: int) -> int:
    """Return the largest prime up to a number, or 1.

    Lists repeat themselves: every n-th of one in which every second is of one sort would be of that sort, were n even.
    """
    while number > 1 and any(number % divisor == 0 for divisor in range(2, isqrt(number) + 1)):
        number -= 1
    return number


def _count(key: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]], within: int) -> int:
    keys = select(key.label("key")).where(*conditions).order_by(key).limit(within)
    return db.session.scalar(select(func.count()).select_from(keys.subquery())) or 0


def _every_nth(key: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]], step: int, count: int) -> list[Any]:
    """Return the keys of which each is so many after the one before, at most `count`; one statement."""
    next_key = select(key).where(*conditions).order_by(key).limit(1).offset(step - 1)
    first = select(next_key.scalar_subquery().label("key"), literal(1, Integer).label("number"))
    found = first.cte("found", recursive=True)
    after = next_key.where(key > found.c.key).correlate(found).scalar_subquery()
    found = found.union_all(select(after, found.c.number + 1).where(found.c.number < count, found.c.key.is_not(None)))
    return [key for key in db.session.scalars(select(found.c.key)) if key is not None]
