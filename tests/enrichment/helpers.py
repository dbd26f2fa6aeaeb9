"""Small steps that many queue tests take."""

import sqlite3
from typing import Any

import psycopg
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import OperationalError

from app.db.session import transaction
from app.db.sql import engine_name
from app.enrichment import queue
from app.enrichment.queue import claims
from app.enrichment.queue.lease import Lease
from app.extensions import db
from app.models.chunk import progress
from app.models.job import jobs
from app.models.types import new_id, utcnow


def ids(count: int, prefix: str = "p") -> list[str]:
    """Return `count` entity ids in order."""
    return [f"{prefix}{number}" for number in range(count)]


def claim(worker: str = "tester", lease_seconds: float = 60.0) -> Lease:
    """Claim a chunk that must be there, as a worker that may be lost would."""
    lease = claims.claim(worker, lease_seconds=lease_seconds)
    assert lease is not None
    lease.read_entity_ids()
    return lease


def expire_leases() -> None:
    """Move every open lease into the past, as if its time had passed."""
    db.session.rollback()
    db.session.execute(update(progress).where(progress.c.finished_at.is_(None)).values(lease_expires_at=utcnow(-1)))
    db.session.commit()


def job_row(job_id: str) -> Any:
    """Return the job's row as it is stored now."""
    db.session.rollback()
    return db.session.execute(select(jobs).where(jobs.c.id == job_id)).one()


def progress_rows(job_id: str) -> list[Any]:
    """Return the job's progress rows in order."""
    db.session.rollback()
    return list(
        db.session.execute(select(progress).where(progress.c.job_id == job_id).order_by(progress.c.position)).all()
    )


def add_history(count: int = 1000) -> None:
    """Put ended jobs, with a chunk that is done each, beside what is there, and let the planner know of them."""
    queue.cancel(queue.enqueue_job("person", "prospeo", ["a"]))
    ended = dict(db.session.execute(select(jobs).where(jobs.c.finished_at.is_not(None)).limit(1)).one()._mapping)
    job_ids = [new_id() for _ in range(count)]
    chunk = {"position": 0, "outcomes": "s", "finished_at": ended["finished_at"]}
    with transaction() as session:
        session.execute(insert(jobs), [{**ended, "id": job_id, "is_uncounted": False} for job_id in job_ids])
        session.execute(insert(progress), [{**chunk, "job_id": job_id} for job_id in job_ids])
        for table in (jobs, progress):
            session.execute(text(f"ANALYZE {table.name}"))


def database_away() -> OperationalError:
    """Return what the driver raises when the database goes away."""
    error: Exception = psycopg.OperationalError("the connection is lost")
    if engine_name() == "sqlite":
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY  # type: ignore[attr-defined]
    return OperationalError("COMMIT", {}, error, connection_invalidated=True)
