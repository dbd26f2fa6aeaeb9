"""Writes that are worth insisting on: what to do if the answer to a commit is lost.

The database may be away for a moment while an answer that was paid for is about to be stored. Writing again is safe
only if the first write is known not to have taken place, which the chunk's own row tells: each write of a holder
counts up its `write_count`.
"""

import random
import time
from collections.abc import Callable
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


def commit(write: Callable[[], str], mark: Mark, *, give_up_after: float, insist: bool) -> str:
    """Run a unit of work that returns the job's status, and return that.

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
            status = _status_if_stored(mark, give_up_at) if is_repeat else None
            if status is None:
                raise
            return status
        except SQLAlchemyError as exc:
            if not insist or not is_unavailable(exc) or time.monotonic() > give_up_at:
                raise
        is_repeat = True
        status = _status_if_stored(mark, give_up_at)
        if status is not None:
            return status


def _status_if_stored(mark: Mark, give_up_at: float) -> str | None:
    """Return the job's status if the last write took place though the answer to its commit was lost."""
    row = _read_row(mark, give_up_at)
    is_own = row.attempt == mark.fencing_token and row.write_count > mark.write_count
    return str(row.status) if is_own else None


def _read_row(mark: Mark, give_up_at: float) -> Any:
    """Return the chunk's row as it is stored, looking until there is an answer."""
    query = (
        select(progress.c.attempt, progress.c.write_count, jobs.c.status)
        .join(jobs, jobs.c.id == progress.c.job_id)
        .where(progress.c.job_id == mark.job_id, progress.c.position == mark.position)
    )
    while True:
        time.sleep(random.uniform(0.05, 0.2))
        try:
            db.session.rollback()
            row = db.session.execute(query).one()
            end_read()
            return row
        except SQLAlchemyError as exc:
            if not is_unavailable(exc) or time.monotonic() > give_up_at:
                raise
