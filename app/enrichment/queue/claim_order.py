"""In which order work is claimed: chunks to be taken over before new ones, and of those the oldest job's."""

from typing import Final

from app.models.chunk import progress
from app.models.job import jobs

JOB_ORDER: Final = (jobs.c.priority.desc(), jobs.c.created_at, jobs.c.id)
"""The order in which jobs are claimed from: of those with the highest priority the oldest."""

TAKEOVER_ORDER: Final = (progress.c.worker.is_(None), *JOB_ORDER, progress.c.position)
"""The order in which open chunks are taken over. Those of lost workers come first: others may wait for what they had
asked or reserved."""
