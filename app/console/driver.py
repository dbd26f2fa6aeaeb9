"""Who drives the queue: whether somebody looks for work, and what to set up if nobody does."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from flask import g

from app.enrichment import queue
from app.enrichment.queue import JobView
from app.entities.export_files import ExportView
from app.models.export import ExportStatus
from app.models.job import JobStatus

SILENT_SECONDS: Final = 120.0
"""Work that has waited this long, with nobody looking for it, is waiting for nobody."""


@dataclass(frozen=True, slots=True)
class Driver:
    """How long the oldest work has waited, and when somebody last looked for some."""

    waiting_seconds: float | None
    last_drain_at: datetime | None
    silent_seconds: float | None
    """How long ago that was."""
    last_cron_at: datetime | None
    is_missing: bool
    """Whether there is work, and nobody comes for it."""


def driver(jobs: Iterable[JobView]) -> Driver:
    """Return who drives the queue, as far as it shows; a job that a worker holds is driven."""
    health = queue_health()
    waiting = health.oldest_job_age_seconds
    is_held = any(job.status in {JobStatus.RUNNING, JobStatus.CANCELLING} and not job.stalled for job in jobs)
    is_missing = waiting is not None and not is_held and not _is_recent(health)
    return Driver(waiting, health.last_drain_at, health.last_drain_age_seconds, health.last_cron_at, is_missing)


def driver_of_exports(exports: Iterable[ExportView]) -> Driver:
    """Return who drives the queue, as far as that concerns exports that wait."""
    health = queue_health()
    waiting = [view.created_at for view in exports if view.status == ExportStatus.WAITING]
    seconds = (datetime.now(UTC) - min(waiting)).total_seconds() if waiting else None
    is_missing = bool(waiting) and not _is_recent(health)
    return Driver(seconds, health.last_drain_at, health.last_drain_age_seconds, health.last_cron_at, is_missing)


def nobody_drives() -> bool:
    """Return whether nobody has looked for work of late."""
    return not _is_recent(queue_health())


def queue_health() -> queue.QueueHealth:
    """Return how the queue stands, looked up once a request: the foot of each page has of it too."""
    if "queue_health" not in g:
        g.queue_health = queue.health()
    found: queue.QueueHealth = g.queue_health
    return found


def _is_recent(health: queue.QueueHealth) -> bool:
    age = health.last_drain_age_seconds
    return age is not None and age < SILENT_SECONDS
