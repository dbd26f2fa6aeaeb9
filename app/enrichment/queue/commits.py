"""Writes that are worth insisting on: what to do if the answer to a commit is lost.

The database may be away for a moment while an answer that was paid for is about to be stored. Writing again is safe
only if the first write is known not to have taken place, which the chunk's own row tells: each write of a holder
counts up its `write_count`.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.db.failures import is_unavailable
from app.db.session import end_read, repeats_conflicts
from app.errors import LeaseLost
from app.extensions import db
from app.models.chunk import progress
from app.models.job import jobs


@dataclass(frozen=True, slots=True)
class Mark:
    """A chunk's row as its holder knows it before a write."""

    job_id: str
    position: int
    fencing_token: int
    write_count: int


def commit(write: Callable[[], str], marks: Sequence[Mark], *, give_up_after: float, insist: bool) -> str:
    """Run a unit of work on chunks of one job that returns the job's status, and return that.

    With `insist`, a database that is away is tried again until the write is known to be stored, or `give_up_after`
    seconds are over. Raises `LeaseLost`, and what the database raises.
    """
    give_up_at = time.monotonic() + give_up_after
    write = repeats_conflicts(write)
    is_repeat = False
    while True:
        try:
            return write()
        except LeaseLost:
            # The first write may have been stored while this one waited.
            status = _status_if_stored(marks, give_up_at) if is_repeat else None
            if status is None:
                raise
            return status
        except SQLAlchemyError as exc:
            if not insist or not is_unavailable(exc) or time.monotonic() > give_up_at:
                raise
        is_repeat = True
        status = _status_if_stored(marks, give_up_at)
        if status is not None:
            return status


def _status_if_stored(marks: Sequence[Mark], give_up_at: float) -> str | None:
    """Return the job's status if the last write took place though the answer to its commit was lost.

    Any of the chunks tells, since all were written in one transaction: somebody else may have some of them by now.
    """
    rows = {row.position: row for row in _read_rows(marks, give_up_at)}
    for mark in marks:
        row = rows[mark.position]
        if row.attempt == mark.fencing_token and row.write_count > mark.write_count:
            return str(row.status)
    return None


def _read_rows(marks: Sequence[Mark], give_up_at: float) -> Sequence[Any]:
    """Return the chunks' rows as they are stored, looking until there is an answer."""
    positions = [mark.position for mark in marks]
    query = (
        select(progress.c.position, progress.c.attempt, progress.c.write_count, jobs.c.status)
        .join(jobs, jobs.c.id == progress.c.job_id)
        .where(progress.c.job_id == marks[0].job_id, progress.c.position.in_(positions))
    )
    while True:
        time.sleep(random.uniform(0.05, 0.2))
        try:
            db.session.rollback()
            rows = db.session.execute(query).all()
            end_read()
            return rows
        except SQLAlchemyError as exc:
            if not is_unavailable(exc) or time.monotonic() > give_up_at:
                raise
