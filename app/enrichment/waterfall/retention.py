"""How long raw answers, ended jobs and the history of entities are kept: what is older goes, one small batch at a time.

Costs stay: they are the books, and name nobody.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Select, Table, delete, exists, or_, select, update
from sqlalchemy.exc import DBAPIError

from app.audit.retention import forget_old_events
from app.config import config
from app.db import partitions
from app.db.found import delete_found, has_any
from app.db.partitions import Partition
from app.db.session import WriteSession, end_read, repeats_conflicts, scrub_log, transaction
from app.enrichment.waterfall.dedup import DAY_SECONDS
from app.enrichment.waterfall.kept_figures import forget_old_figures
from app.enrichment.waterfall.turns import is_turn
from app.entities.export_work import forget_old_exports
from app.entities.keep_days import kept_since
from app.extensions import db
from app.models.attempt import attempts, entity_revisions
from app.models.chunk import chunks, entity_errors, progress
from app.models.in_flight_call import in_flight_calls
from app.models.job import ENDED, jobs
from app.models.pilot import rest_chunks
from app.models.types import lowest_id, utcnow
from app.webhooks.deliveries import forget_old_deliveries

log = structlog.get_logger(__name__)

BATCH_ANSWERS: Final = 500
"""Raw answers that are taken out at a time."""
BATCH_ROWS: Final = 500
"""Rows that are deleted at a time: nobody else writes to SQLite meanwhile."""
PARTITIONS_SECONDS: Final = 3600.0
EXTRA_DAYS: Final = 100
"""How much longer jobs are kept whose attempts are in partitions: over a quarter."""
OF_JOB: Final[tuple[Table, ...]] = (attempts, entity_errors, rest_chunks, progress, chunks)
"""What grows with a job's entities, in the order in which it goes. The database deletes the rest with the job."""


def forget_what_is_old() -> None:
    """Forget one small batch of each kind of thing that is kept for a time."""
    keep_partitions()
    forget_old_answers()
    forget_old_jobs()
    forget_old_history()
    forget_old_events()
    forget_old_deliveries()
    forget_old_exports()
    forget_old_figures()


@repeats_conflicts
def forget_old_answers(limit: int = BATCH_ANSWERS) -> int:
    """Take raw answers out of attempts that are older than the setting says; return how many."""
    days = config().ENRICH_RAW_ANSWER_DAYS
    old = (
        select(attempts.c.id)
        .where(attempts.c.raw_answer.is_not(None), attempts.c.finished_at < utcnow(float(-days * DAY_SECONDS)))
        # By the index: PostgreSQL would go through the table, past all whose answer is gone already.
        .order_by(attempts.c.finished_at)
        .limit(limit)
    )
    if not has_any(old):
        return 0
    with transaction() as session:
        forget = update(attempts).where(attempts.c.id.in_(old.scalar_subquery())).values(raw_answer=None)
        forgotten = session.connection().execute(forget)
    scrub_log()
    return forgotten.rowcount


@repeats_conflicts
def forget_old_jobs(limit: int = BATCH_ROWS) -> int:
    """Delete what there is of the oldest job that ended longer ago than the setting says; return how many rows.

    At most `limit` rows of one table at a time; with the last of them goes the job. A job with a retry that has not
    ended stays, as the retry looks at what its parent had asked.
    """
    days = config().ENRICH_JOB_KEEP_DAYS
    if days == 0:
        return 0
    # In partitions, rows are given the time to go with theirs.
    old = _old_job(kept_since(days + EXTRA_DAYS if partitions.is_partitioned() else days))
    if not has_any(old):
        return 0
    with transaction() as session:
        # Another worker may be deleting from it.
        job_id = session.scalar(old.with_for_update(of=jobs, skip_locked=True))
        return 0 if job_id is None else _forget_some(session, job_id, limit)


@repeats_conflicts
def forget_old_history(limit: int = BATCH_ROWS) -> int:
    """Delete the oldest revisions of entities that are older than the setting says; return how many."""
    days = config().ENRICH_HISTORY_KEEP_DAYS
    if days == 0:
        return 0
    # The oldest first: their ids rise, so that no index on the time is needed to find none.
    first = select(entity_revisions.c.id, entity_revisions.c.created_at).order_by(entity_revisions.c.id).limit(limit)
    oldest = first.subquery()
    old = select(oldest.c.id).where(oldest.c.created_at < kept_since(days))
    return delete_found(entity_revisions.c.id, old)


def keep_partitions() -> None:
    """Once an hour, add the partitions of the next quarters, and drop those whose jobs all ended too long ago."""
    if not is_turn("partitions", PARTITIONS_SECONDS):
        return
    if not partitions.is_partitioned():
        end_read()
        return
    steps = [*partitions.plan_ahead(datetime.now(UTC)), *map(partitions.drop_step, _old_partitions())]
    end_read()
    for step in steps:
        try:
            partitions.run_step(step, tries=1)
            log.info("partitions changed", purpose=step.purpose)
        except DBAPIError as exc:
            # Somebody else did it, or it is locked, or this role may not: there is time.
            log.warning("partitions not changed", purpose=step.purpose, error_type=type(exc.orig).__name__)


def _old_partitions() -> list[Partition]:
    days = config().ENRICH_JOB_KEEP_DAYS
    return [] if days == 0 else [found for found in partitions.partitions() if _is_old(found, kept_since(days))]


def _is_old(partition: Partition, since: datetime) -> bool:
    """Return whether every job that may have rows in a partition ended too long ago."""
    if partition.end is None or partition.end >= since:
        return False
    # Its own id is older than those of its attempts, but for what clocks differ.
    made_before = jobs.c.id < lowest_id(partition.end + timedelta(days=1))
    is_kept = or_(jobs.c.finished_at.is_(None), jobs.c.finished_at >= since)
    return db.session.scalar(select(jobs.c.id).where(made_before, is_kept).limit(1)) is None


def _old_job(since: datetime) -> Select[Any]:
    retries = jobs.alias()
    is_needed = exists().where(retries.c.parent_job_id == jobs.c.id, retries.c.status.not_in(ENDED))
    has_calls = exists().where(in_flight_calls.c.job_id == jobs.c.id)
    return (
        select(jobs.c.id)
        # By the id as well, which rises with the time: the jobs are gone through from the oldest on.
        .where(jobs.c.id < lowest_id(since), jobs.c.status.in_(ENDED), jobs.c.finished_at < since)
        .where(~is_needed, ~has_calls)
        .order_by(jobs.c.id)
        .limit(1)
    )


def _forget_some(session: WriteSession, job_id: str, limit: int) -> int:
    for table in OF_JOB:
        key: ColumnElement[Any] = table.c.position if "position" in table.c else table.c.id
        batch = select(key).where(table.c.job_id == job_id).order_by(key).limit(limit)
        forget = delete(table).where(table.c.job_id == job_id, key.in_(batch))
        forgotten = session.connection().execute(forget).rowcount
        if forgotten:
            return forgotten
    return session.connection().execute(delete(jobs).where(jobs.c.id == job_id)).rowcount
