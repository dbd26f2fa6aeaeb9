"""The commands that drive the queue: `process`, for cron, and `work`, a service."""

import os
import random
import sys
import time
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import click
import structlog

from app.cli import output
from app.cli.group import ExitCode, enrich
from app.cli.options import Number, json_option
from app.cli.progress import DrainProgress
from app.cli.signals import stop_on_signals
from app.cli.supervisor import Supervisor
from app.db.failures import is_missing_table, is_unavailable
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.queue import ChunkResult, DrainResult, JobView
from app.enrichment.queue.schemas import ChunkResultSchema
from app.enrichment.queue.time_budget import stop_requested
from app.enrichment.waterfall.work_loop import Waterfall
from app.error_reports import report
from app.extensions import db
from app.logs import trace
from app.models.job import ACTIVE, JobStatus

log = structlog.get_logger(__name__)

LARGEST = 999_999_999
MAX_PROCESSES = 256
MAX_WAIT_SECONDS = 60.0
"""The longest that `work` waits between tries while the database is away."""


class Ending(StrEnum):
    """Why a run of `process` ended."""

    DONE = "done"
    NOTHING = "nothing to do"
    PAUSED = "paused"
    OUT_OF_TIME = "time used up"
    OUT_OF_CHUNKS = "chunks used up"
    STOPPED = "stopped"


@dataclass
class _Run:
    """One run of `process`: its limits, and what has come of it."""

    job_id: str | None
    max_chunks: int | None
    max_seconds: int | None
    started: float = field(default_factory=time.monotonic)
    statuses: dict[str, str] = field(default_factory=dict)
    """The jobs worked on, each with its status after its last chunk."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def drain(self, progress: DrainProgress) -> DrainResult:
        def on_chunk(result: ChunkResult) -> None:
            self.statuses[result.job_id] = result.status
            progress.on_chunk(result)

        return queue.drain(
            work=Waterfall(),
            time_budget=self.max_seconds,
            max_chunks=self.max_chunks,
            job_id=self.job_id,
            on_chunk=on_chunk,
        )

    def ending(self, drained: DrainResult, paused: JobView | None) -> Ending:
        if paused is not None:
            return Ending.PAUSED
        if self._is_work_left():
            if drained.chunks == self.max_chunks:
                return Ending.OUT_OF_CHUNKS
            if drained.is_out_of_time or (self.max_seconds is not None and self.seconds >= self.max_seconds):
                return Ending.OUT_OF_TIME
        return Ending.DONE if drained.has_worked else Ending.NOTHING

    def paused_job(self) -> JobView | None:
        """Return a paused job that keeps the work from being done: one worked on, or any if nothing else is left."""
        for job_id, status in self.statuses.items():
            if status == JobStatus.PAUSED:
                return queue.get_job(job_id)
        if self.job_id is not None:
            job = queue.get_job(self.job_id)
            return job if job.status == JobStatus.PAUSED else None
        if self._is_work_left():
            return None
        return next(iter(queue.list_jobs(status=JobStatus.PAUSED, limit=1).rows), None)

    def _is_work_left(self) -> bool:
        if self.job_id is not None:
            return queue.get_job(self.job_id).status in ACTIVE
        # Of jobs also what others have in hand; of the rest, exports.
        return queue.health().oldest_job_age_seconds is not None or queue.backlog().workers_wanted > 0


@enrich.command()
@click.option("--max-chunks", type=Number(1, LARGEST), help="Stop after this many chunks.")
@click.option("--max-seconds", type=Number(1, LARGEST), help="Stop after this many seconds.")
@click.option("--job", "job_id", help="Process this job only.")
@click.option("-v", "--verbose", is_flag=True, help="Print what was done, even without a terminal.")
@json_option
def process(max_chunks: int | None, max_seconds: int | None, job_id: str | None, verbose: bool, as_json: bool) -> None:
    """Process chunk after chunk until nothing is left: for cron.

    Shows a bar on a terminal and is silent elsewhere. Any number of these may run at once. Exits with 5 where a job
    that was worked on is paused now, or where all work that is left is paused.
    """
    is_watched = output.is_terminal(sys.stderr) and not as_json
    run = _Run(job_id, max_chunks, max_seconds)
    with stop_on_signals() as signals:
        with DrainProgress(job_id, is_shown=is_watched) as progress:
            drained = run.drain(progress)
        paused = None if signals else run.paused_job()
        ending = Ending.STOPPED if signals else run.ending(drained, paused)
        end_read()
    if as_json:
        output.print_json(_as_json(run, drained, ending))
    elif verbose or is_watched:
        output.note(_summary(run, drained, ending))
    if paused is not None:
        output.complain(_pause_line(paused))
        click.get_current_context().exit(ExitCode.PAUSED)
    if signals:
        click.get_current_context().exit(128 + signals[0])


def _as_json(run: _Run, drained: DrainResult, ending: Ending) -> dict[str, Any]:
    beside = {"otherBatches": drained.beside} if drained.beside else {}
    return {
        "chunks": drained.chunks,
        "processedTotal": drained.processed_total,
        "jobs": list(run.statuses),
        "status": ending,
        "last": None if drained.last is None else ChunkResultSchema().dump(drained.last),
        **beside,
    }


def _summary(run: _Run, drained: DrainResult, ending: Ending) -> str:
    if ending is Ending.NOTHING:
        return "Nothing to do."
    done = []
    if drained.last is not None or not drained.beside:
        entities = output.count(drained.processed_total, "entity", "entities")
        chunks = output.count(drained.chunks, "chunk")
        done.append(f"{entities} in {chunks} of {output.count(len(run.statuses), 'job')}")
    if drained.beside:
        done.append(f"{output.count(drained.beside, 'batch', 'batches')} of exports and figures")
    return f"{ending.capitalize()}: {', '.join(done)}, {run.seconds:.1f} s."


def _pause_line(job: JobView) -> str:
    """Say why a job is paused, and what ends it."""
    reason = "paused by hand" if job.paused_manually else f"paused: {(job.pause_reason or '').rstrip('.')}"
    until = f", until {output.clock(job.resume_at)}" if job.resume_at else ""
    return output.clean(
        f"job {job.id} is {reason}{until}; {job.total - job.processed:,} entities left."
        f" `flask enrich resume {job.id}` goes on with it."
    )


@enrich.command(cls=click.Command)
@click.option(
    "--poll-seconds", type=Number(1, 3600), default=5, show_default=True, help="Seconds between checks for work."
)
@click.option("--exit-when-empty", is_flag=True, help="Stop as soon as nothing is due.")
@click.option(
    "--processes",
    type=Number(0, MAX_PROCESSES),
    default=1,
    show_default=True,
    help="Number of worker processes; 0: one per core.",
)
def work(poll_seconds: int, exit_when_empty: bool, processes: int) -> None:
    """Process jobs as they come, until told to stop: a service.

    SIGTERM or Ctrl-C stops it after the entity under way; a second one at once. It waits for a database that is
    away, and goes on with the next job if one breaks. Of several processes, one that dies is started again.
    """
    count = processes or _cores()
    if count == 1:
        run_worker(poll_seconds, exit_when_empty=exit_when_empty)
        return
    code = Supervisor(count, partial(run_worker, poll_seconds, exit_when_empty=exit_when_empty)).run()
    click.get_current_context().exit(code)


def _cores() -> int:
    """Return how many cores this process may use, where the system says so, or else all that there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_worker(poll_seconds: int, *, exit_when_empty: bool) -> None:
    """Process jobs as they come until a signal says to stop or, with `exit_when_empty`, nothing is due."""
    with stop_on_signals():
        log.info("worker started", poll_seconds=poll_seconds)
        failures = 0
        while not stop_requested.is_set():
            try:
                drain_and_tell()
            except Exception as error:
                failures += 1
                tell_failure(error, failures)
                _nap(min(MAX_WAIT_SECONDS, 2.0**failures / 2) * random.uniform(0.5, 1.0))
                continue
            failures = 0
            if exit_when_empty:
                break
            # Workers that were started together must not all look at the same moment.
            _nap(poll_seconds * random.uniform(0.5, 1.5))
        log.info("worker stopped")


def drain_and_tell(seconds: float | None = None) -> bool:
    """Drain the queue, for so many seconds at most, and log what was done; return whether there was anything to do."""
    drained = queue.drain(work=Waterfall(), time_budget=seconds)
    end_read()
    if drained.has_worked:
        log.info("drained", chunks=drained.chunks, processed=drained.processed_total, other_batches=drained.beside)
    return drained.has_worked


def tell_failure(error: Exception, failures: int) -> None:
    """Log why a drain broke off."""
    # A connection that is gone must not be met again after the wait.
    db.session.remove()
    if is_missing_table(error) or is_unavailable(error):
        kind = "not migrated" if is_missing_table(error) else "unavailable"
        log.warning("waiting for the database", reason=kind, error_type=type(error).__name__, failures=failures)
    else:
        log.error("drain broke off", failures=failures, **trace(error))
        report(error)


def _nap(seconds: float) -> None:
    """Sleep, but wake for a stop. Not by waiting on the event: see `stop_on_signals`."""
    until = time.monotonic() + seconds
    while not stop_requested.is_set() and (left := until - time.monotonic()) > 0:
        time.sleep(min(0.2, left))
