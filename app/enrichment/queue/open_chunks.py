"""The chunks of a job that were claimed and are not closed: who holds each, for how long, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from app.enrichment.queue.queries import known_id
from app.errors import JobNotFound
from app.extensions import db
from app.models.chunk import DECIDED, progress
from app.models.job import jobs
from app.models.types import matching, utcnow

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class OpenChunk:
    """A chunk that was claimed and is not closed."""

    position: int
    entities: int
    decided: int
    attempt: int
    """How often it was claimed."""
    crash_count: int
    """How many workers were lost while they held it."""
    worker: str | None
    """None: it was given back, and may be claimed again at `lease_expires_at`."""
    lease_expires_at: datetime
    is_live: bool
    """Whether its worker's lease has not run out."""


@dataclass(frozen=True, slots=True)
class OpenChunks:
    """How many chunks a job has, how many of them were claimed and are open, and the first of those."""

    total: int
    claimed: int
    open: int
    rows: list[OpenChunk]


def open_chunks(job_id: str, *, workspace_slug: str | None = None, limit: int = SHOWN) -> OpenChunks:
    """Return a job's open chunks in order, at most `limit`. Raises `JobNotFound`."""
    is_it = (jobs.c.id == known_id(job_id), *matching(jobs.c.workspace_slug, workspace_slug))
    is_open = (progress.c.job_id == jobs.c.id) & progress.c.finished_at.is_(None)
    # As many as workers hold or have given back, which are few.
    count = select(func.count()).select_from(progress).where(is_open).correlate(jobs).scalar_subquery()
    job = db.session.execute(select(jobs.c.chunk_count, jobs.c.next_chunk, count.label("open")).where(*is_it)).first()
    if job is None:
        raise JobNotFound
    query = (
        select(progress, (progress.c.lease_expires_at > utcnow()).label("is_due_later"))
        .where(progress.c.job_id == job_id, progress.c.finished_at.is_(None))
        .order_by(progress.c.position)
        .limit(limit)
    )
    rows = [
        OpenChunk(
            position=row.position,
            entities=len(row.outcomes),
            decided=sum(map(row.outcomes.count, DECIDED)),
            attempt=row.attempt,
            crash_count=row.crash_count,
            worker=row.worker,
            lease_expires_at=row.lease_expires_at,
            is_live=row.worker is not None and row.is_due_later,
        )
        for row in db.session.execute(query)
    ]
    return OpenChunks(job.chunk_count, job.next_chunk, job.open, rows)
