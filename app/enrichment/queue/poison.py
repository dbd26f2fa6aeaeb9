"""Jobs whose rows are so damaged that a claim or a chunk's end breaks on them.

The claim takes the oldest job, so one that no worker can claim would stop all
those behind it. Such a job is ended here, without looking at what it counts.
"""

import structlog
from sqlalchemy import select

from app.db.failures import is_unavailable
from app.db.session import repeats_conflicts, transaction
from app.enrichment.queue import claims, failures, transitions
from app.enrichment.queue.claim_order import JOB_ORDER, TAKEOVER_ORDER
from app.enrichment.queue.claims import Scope
from app.enrichment.queue.lease import Lease
from app.error_reports import report
from app.errors import describe_bug
from app.extensions import db
from app.logs import trace
from app.models.chunk import progress
from app.models.job import JobStatus, jobs
from app.webhooks.events import announce_job

log = structlog.get_logger(__name__)


def skip_poison_job(error: Exception, worker: str, *, lease_seconds: float, scope: Scope) -> Lease:
    """Claim again after a claim broke, job by job, and return the lease if it was a passing trouble.

    The job that a claim breaks on by itself is failed, and what broke it is
    raised; without such a job, `error` is.
    """
    for job_id in _next_jobs(scope):
        try:
            lease = claims.claim_of(job_id, worker, lease_seconds=lease_seconds)
        except Exception as exc:
            if not is_unavailable(exc):
                fail(job_id, exc)
            raise
        if lease is not None:
            return lease
    raise error


@repeats_conflicts
def fail(job_id: str, error: Exception) -> None:
    """Mark a job failed that cannot be ended by its own counts; its open chunks are closed as they are."""
    log.error("job broke", job_id=job_id, **trace(error))
    report(error)
    with transaction() as session:
        session.execute(transitions.close_chunks_as_they_are(progress.c.job_id == job_id))
        session.execute(transitions.fail_job(job_id, in_flight=0))
        failures.store_system_error(session, job_id, "job_broke", describe_bug(error))
        announce_job(session, job_id, JobStatus.FAILED)


def _next_jobs(scope: Scope) -> list[str]:
    """Return the jobs that a claim takes up first: that of the first chunk to be taken over, and the oldest with work.

    Only ids are read: what is beside them may be what cannot be.
    """
    expired = select(jobs.c.id).select_from(transitions.OPEN).where(transitions.EXPIRED)
    claimable = select(jobs.c.id).where(jobs.c.claimable)
    first = (expired.order_by(*TAKEOVER_ORDER), claimable.order_by(*JOB_ORDER))
    job_ids = [db.session.scalar(scope.narrow(query).limit(1)) for query in first]
    db.session.rollback()
    return list(dict.fromkeys(filter(None, job_ids)))
