"""Chunks worked on, one call after another or several at a time: claim, run, close.

Anyone may call `process_next_chunk`, from as many processes and hosts as they like: it claims one chunk, works on it
within a time budget, stores what became of its entities, and returns. `drain` goes on until nothing is left, with as
many chunks in hand as its work can make use of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.config import config
from app.db.session import end_read
from app.enrichment.queue.claims import Scope
from app.enrichment.queue.in_hand import ChunkResult, ChunksInHand
from app.enrichment.queue.queries import get_job, known_id
from app.enrichment.queue.time_budget import Budget
from app.enrichment.queue.work import EntityFunction, EntityFunctionWork, Work
from app.tracing import span


@dataclass(frozen=True, slots=True)
class DrainResult:
    """What a drain did: chunks, entities decided in all, and the last chunk (None: there was none)."""

    chunks: int
    processed_total: int
    last: ChunkResult | None
    beside: int = 0
    """Batches of work that is no job's: parts of exports and figures, if the work is the service's own."""
    is_out_of_time: bool = False
    """Whether a chunk was given back as it was, with too little time left for it to get on."""

    @property
    def has_worked(self) -> bool:
        """Whether there was anything to do."""
        return self.last is not None or self.beside > 0


def process_next_chunk(
    on_process: EntityFunction | None = None,
    *,
    work: Work | None = None,
    time_budget: float | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
) -> ChunkResult | None:
    """Claim a chunk of the oldest job that has work, process it, store progress and return.

    `on_process(entity_id, job)` is called for each entity; it may be a function or a coroutine function, and what it
    raises becomes that entity's error and nobody else's. It commits its own work. Without it every entity counts as
    processed. The service passes its own `work` instead.

    `time_budget` is in seconds (default: `ENRICH_TIME_BUDGET`); what is not decided by then can be claimed again at
    once. Returns None when there is nothing to do. Raises `JobNotFound` for a `job_id` that is none. Whatever breaks
    the chunk as a whole fails the job and is raised again; a database that is away is not the job's fault and fails
    nothing.
    """
    seconds = config().ENRICH_TIME_BUDGET if time_budget is None else time_budget
    scope = Scope(known_id(job_id) if job_id else None, workspace_slug)
    last = _work_through(work or EntityFunctionWork(on_process), scope, Budget.start(seconds), seconds, most=1).last
    if last is None and job_id:
        get_job(job_id, workspace_slug=workspace_slug)
        end_read()
    return last


def drain(
    on_process: EntityFunction | None = None,
    *,
    work: Work | None = None,
    time_budget: float | None = None,
    max_chunks: int | None = None,
    job_id: str | None = None,
    workspace_slug: str | None = None,
    on_chunk: Callable[[ChunkResult], None] | None = None,
) -> DrainResult:
    """Process chunk after chunk until nothing is due, or the time or number is used up.

    `time_budget` in seconds is for all chunks together; without it each chunk has `ENRICH_TIME_BUDGET`. `on_chunk` is
    told of each result. Unless it is for one job, it goes on with work that is no job's too, such as exports.
    """
    overall = Budget.start(float("inf") if time_budget is None else time_budget)
    if overall.is_used_up:
        return DrainResult(0, 0, None)
    scope = Scope(known_id(job_id) if job_id else None, workspace_slug)
    chunk_seconds = config().ENRICH_TIME_BUDGET
    work = work or EntityFunctionWork(on_process)
    beside = None if job_id else partial(work.go_on_beside, workspace_slug)
    chunks = _work_through(work, scope, overall, chunk_seconds, beside, most=max_chunks, on_chunk=on_chunk)
    if job_id and chunks.last is None:
        get_job(job_id, workspace_slug=workspace_slug)
        end_read()
    return DrainResult(chunks.closed, chunks.decided, chunks.last, chunks.beside, chunks.is_out_of_time)


def _work_through(
    work: Work,
    scope: Scope,
    overall: Budget,
    chunk_seconds: float,
    go_on_beside: Callable[[], bool] | None = None,
    *,
    most: int | None,
    on_chunk: Callable[[ChunkResult], None] | None = None,
) -> ChunksInHand:
    """Let a work take chunks until none is left for it, and return what became of them."""
    least = work.least_seconds(min(overall.seconds, chunk_seconds))
    chunks = ChunksInHand(scope, overall, chunk_seconds, least, work.between_chunks, go_on_beside, most, on_chunk)
    try:
        with span("drain"):
            work.run(chunks, concurrency=config().ENRICH_CONCURRENCY)
    except Exception as exc:
        chunks.fail_all(exc)
        raise
    except BaseException:
        # The process is told to go: SystemExit from gunicorn, an interrupt.
        chunks.give_back_all()
        raise
    return chunks
