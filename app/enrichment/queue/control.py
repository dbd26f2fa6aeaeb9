"""What a caller may do with a job that is there: pause, resume, cancel, accept what is held."""

import structlog
from sqlalchemy import select, update

from app.audit.events import record
from app.db.session import repeats_conflicts, transaction
from app.enrichment.queue import closing, transitions
from app.enrichment.queue.child_jobs import earlier_retries
from app.enrichment.queue.queries import JobView, get_job
from app.enrichment.queue.transitions import Transition
from app.errors import JobStateConflict
from app.hints import hint
from app.models.audit_event import Action
from app.models.job import ENDED, JobStatus, jobs
from app.models.types import utcnow
from app.webhooks.events import announce_job

log = structlog.get_logger(__name__)


def pause(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Stop a job until it is resumed by hand; chunks under way stop at their next checkpoint.

    A job that the service has paused for a time is held too. Raises `JobNotFound` and `JobStateConflict`.
    """
    return _move(job_id, workspace_slug, transitions.PAUSE, Action.JOB_PAUSE)


def resume(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Let a paused job go on with all of its chunks, also those that were to wait for a provider.

    Raises `JobNotFound` and `JobStateConflict`.
    """
    job = _move(job_id, workspace_slug, transitions.RESUME, Action.JOB_RESUME, make_due=True)
    hint(-(-(job.total - job.processed) // job.chunk_size))
    return job


def cancel(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """End a job: chunks under way stop at their next checkpoint, what is decided stays.

    Raises `JobNotFound` and `JobStateConflict`.
    """
    return _move(job_id, workspace_slug, transitions.CANCEL, Action.JOB_CANCEL, close_unheld=True)


@repeats_conflicts
def accept_held(job_id: str, *, workspace_slug: str | None = None) -> JobView:
    """Accept that a job's held entities stay as they are: no retry asks about them again.

    Their costs stay booked. Accepted again, nothing changes. Raises `JobNotFound`, and `JobStateConflict` if the job
    has not ended, has no held entities, or has been retried with them.
    """
    job = get_job(job_id, workspace_slug=workspace_slug)
    if job.status not in ENDED:
        raise JobStateConflict(f"The job is {job.status}; what is held can be accepted once the job has ended.")
    if not job.held:
        raise JobStateConflict("The job has no held entities.")
    with transaction() as session:
        # A retry holds the row too, so that one of the two comes first.
        row = select(jobs.c.held_accepted_at).where(jobs.c.id == job.id).with_for_update(key_share=True)
        if session.scalar(row) is None:
            if any(earlier.is_held or not earlier.is_narrow for earlier in earlier_retries(job.id)):
                raise JobStateConflict("The held entities were retried; look at the job that came of it.")
            session.execute(update(jobs).where(jobs.c.id == job.id).values(held_accepted_at=utcnow()))
            after = {"held": job.held}
            record(session, Action.JOB_ACCEPT_HELD, "job", job.id, workspace_slug=job.workspace_slug, after=after)
            log.info("held entities accepted", job_id=job.id, held=job.held)
    return get_job(job.id)


@repeats_conflicts
def _move(
    job_id: str,
    workspace_slug: str | None,
    transition: Transition,
    action: Action,
    *,
    close_unheld: bool = False,
    make_due: bool = False,
) -> JobView:
    """Change a job's status if it is one that allows it."""
    job = get_job(job_id, workspace_slug=workspace_slug)
    with transaction() as session:
        if close_unheld:
            closing.close_unheld_chunks(session, job.id)
        if make_due:
            session.execute(transitions.make_due(jobs.c.id == job.id, transition.allowed))
        moved = session.execute(transition.statement(job.id)).one_or_none()
        status = session.scalar(select(jobs.c.status).where(jobs.c.id == job.id))
        # Closing what nobody held may have been all that was missing.
        was_completed = status == JobStatus.COMPLETE != job.status
        if moved is None and not was_completed:
            raise JobStateConflict(f"The job is {status}; only {transition.rule}.")
        before, after = {"status": job.status}, {"status": status}
        record(session, action, "job", job.id, workspace_slug=job.workspace_slug, before=before, after=after)
        announce_job(session, job.id, str(status))
    log.info("job moved", job_id=job.id, status=status)
    return get_job(job.id)
