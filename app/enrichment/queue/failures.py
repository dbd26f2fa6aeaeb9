"""Errors of entities: stored with their counts, listed, and summed up by code and provider.

The counts of a job are written in the transaction that writes its errors, as the last thing in it, since all of the
job's workers may want the same rows.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.db.pages import Page, after, bad_cursor, page_of
from app.db.session import WriteSession
from app.db.sql import upsert
from app.enrichment.queue.queries import get_job
from app.extensions import db
from app.models.chunk import entity_errors, error_counts
from app.models.types import matching

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
Row = Mapping[str, Any]
"""An error as it is stored: `job_id`, `entity_id`, `code`, `message`, `provider`."""


@dataclass(frozen=True, slots=True)
class EntityErrorView:
    """One error of a job."""

    entity_id: str
    error: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """How many errors a job has of one code and provider; None: no provider's, or that of several."""

    code: str
    provider: str | None
    count: int


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """The errors of a job by kind, the most frequent first, and its held entities."""

    job_id: str
    total: int
    kinds: list[ErrorKind]
    held: int
    held_accepted_at: datetime | None


def store_system_error(session: WriteSession, job_id: str, code: str, message: str) -> None:
    """Store what broke a job as a whole, under the entity id `system`."""
    row = {"job_id": job_id, "entity_id": "system", "code": code, "message": message, "provider": ""}
    session.execute(insert(entity_errors).values(row))
    add_counts(session, [row])


def add_counts(session: WriteSession, rows: Iterable[Row]) -> None:
    """Count errors that were stored in the same transaction."""
    counts = _counts(rows)
    if counts:
        upsert(session, error_counts, counts, added=("error_count",))


def take_off_counts(session: WriteSession, rows: Iterable[Row]) -> None:
    """Count errors no more that were deleted in the same transaction."""
    counts = _counts(rows)
    if counts:
        # An upsert would be refused for the negative number that it begins with.
        session.connection().execute(_TAKE_OFF, [{f"the_{name}": row[name] for name in row} for row in counts])


def _counts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return how many errors there are of each kind: in one order everywhere, since others may count the same."""
    counts = Counter((row["job_id"], row["code"], row["provider"]) for row in rows)
    return [
        {"job_id": job_id, "code": code, "provider": provider, "error_count": counts[job_id, code, provider]}
        for job_id, code, provider in sorted(counts)
    ]


_TAKE_OFF: Final = (
    update(error_counts)
    .where(
        error_counts.c.job_id == bindparam("the_job_id"),
        error_counts.c.code == bindparam("the_code"),
        error_counts.c.provider == bindparam("the_provider"),
    )
    .values(error_count=error_counts.c.error_count - bindparam("the_error_count"))
)


def list_errors(
    job_id: str,
    *,
    workspace_slug: str | None = None,
    code: str | None = None,
    provider: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[EntityErrorView]:
    """Return a job's errors, or those of a code and a provider, oldest first. Raises `JobNotFound` and `Invalid`."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    errors = entity_errors.c
    of_kind = (*matching(errors.code, code), *matching(errors.provider, provider))
    query = select(entity_errors).where(errors.job_id == job.id, *of_kind, *after(errors.id, _read_number(cursor)))
    page = page_of(db.session.execute(query.order_by(errors.id).limit(limit + 1)).all(), limit, lambda row: str(row.id))
    views = [EntityErrorView(row.entity_id, row.message, row.code, row.created_at) for row in page.rows]
    return Page(views, page.next_cursor)


def _read_number(cursor: str | None) -> int | None:
    """Return the number that a cursor holds; None: there is no cursor. Raises `Invalid` for one that no page gave."""
    if cursor is None:
        return None
    if _NUMBER.fullmatch(cursor) is None:
        raise bad_cursor()
    return int(cursor)


def summarize_errors(job_id: str, *, workspace_slug: str | None = None) -> ErrorSummary:
    """Return how many errors a job has by code and provider. Raises `JobNotFound`."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    query = select(error_counts).where(error_counts.c.job_id == job.id, error_counts.c.error_count > 0)
    rows = db.session.execute(
        query.order_by(error_counts.c.error_count.desc(), error_counts.c.code, error_counts.c.provider)
    )
    kinds = [ErrorKind(row.code, row.provider or None, row.error_count) for row in rows]
    return ErrorSummary(job.id, sum(kind.count for kind in kinds), kinds, job.held, job.held_accepted_at)
