"""The queue: what callers may do with jobs. Each name is explained where it is defined.

A job is cut into chunks when it is enqueued (`enqueue`). Anyone may claim a chunk and work on it (`worker`), under a
lease (`claims`, `in_hand`, `lease`), and steer the job (`control`) or look at it (`queries`).
"""

from app.enrichment.queue.backlog import Backlog, backlog
from app.enrichment.queue.child_jobs import RetryFilter
from app.enrichment.queue.control import accept_held, cancel, pause, resume
from app.enrichment.queue.enqueue import Enqueued, accept_job, continue_pilot, enqueue_job, retry
from app.enrichment.queue.failures import (
    EntityErrorView,
    ErrorKind,
    ErrorSummary,
    list_errors,
    summarize_errors,
)
from app.enrichment.queue.in_hand import ChunkResult, record_heartbeat
from app.enrichment.queue.open_chunks import OpenChunk, OpenChunks, open_chunks
from app.enrichment.queue.queries import JobView, QueueHealth, get_job, health, list_jobs
from app.enrichment.queue.time_budget import stop_requested
from app.enrichment.queue.worker import DrainResult, drain, process_next_chunk

__all__ = [
    "Backlog",
    "ChunkResult",
    "DrainResult",
    "Enqueued",
    "EntityErrorView",
    "ErrorKind",
    "ErrorSummary",
    "JobView",
    "OpenChunk",
    "OpenChunks",
    "QueueHealth",
    "RetryFilter",
    "accept_held",
    "accept_job",
    "backlog",
    "cancel",
    "continue_pilot",
    "drain",
    "enqueue_job",
    "get_job",
    "health",
    "list_errors",
    "list_jobs",
    "open_chunks",
    "pause",
    "process_next_chunk",
    "record_heartbeat",
    "resume",
    "retry",
    "stop_requested",
    "summarize_errors",
]
