"""What happened to a job and when, as far as it is kept, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from flask import url_for

from app.console.words import counted, number
from app.enrichment.queue import JobView
from app.models.job import JobStatus


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or will; `address` is of the job that it is about, if that is another one."""

    at: datetime
    text: str
    address: str | None = None


def timeline(job: JobView, retries: Sequence[JobView]) -> list[Event]:
    """Return the events of a job, with those of its retries that are given."""
    texts = [
        (job.created_at, _created(job)),
        (job.started_at, "First chunk claimed"),
        (job.resume_at, "Continues automatically"),
        (job.finished_at, _ENDS.get(JobStatus(job.status), "")),
        (job.held_accepted_at, "Loss of held entities accepted"),
    ]
    events = [Event(at, text) for at, text in texts if at is not None]
    for retry in retries:
        address = url_for("console.job", job_id=retry.id)
        events.append(Event(retry.created_at, f"Retried for {counted(retry.total, retry.entity_type)}", address))
    return sorted(events, key=attrgetter("at"))


def _created(job: JobView) -> str:
    left_out = [(job.duplicates, "duplicate"), (job.excluded, "excluded")]
    rest = " and ".join(f"{number(count)} {word}" for count, word in left_out if count)
    return f"Created for {counted(job.total, job.entity_type)}{f'; {rest} left out' if rest else ''}"


_ENDS = {
    JobStatus.COMPLETE: "Complete",
    JobStatus.CANCELLED: "Cancelled",
    JobStatus.FAILED: "Failed",
}
