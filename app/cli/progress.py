"""Bars on stderr for somebody who watches; nothing at all if nobody does."""

import logging
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import IO, Any, Self

import structlog
from flask import Flask, current_app
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.cli import output
from app.db.session import end_read
from app.enrichment import queue
from app.enrichment.queue import ChunkResult, JobView
from app.entities.pages import all_rows
from app.entities.progress import tell_nobody
from app.models.job import ACTIVE, ENDED

POLL_SECONDS = 0.5
MAX_JOBS_COUNTED = 1000
"""Jobs whose entities are counted before the work starts; those after them join the bar when their turn comes."""

log = structlog.get_logger(__name__)


@contextmanager
def counting(label: str, noun: str, stream: IO[bytes] | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far a long read or write is; what is yielded is told the count so far.

    If `stream` is a file, its length gives the bar its end.
    """
    if not output.is_terminal(sys.stderr):
        yield tell_nobody
        return
    size = None if stream is None else _file_size(stream)
    columns = [TextColumn("{task.description}"), TextColumn(f"{{task.fields[count]:,}} {noun}"), TimeElapsedColumn()]
    bar = [] if size is None else [BarColumn(bar_width=24), TimeRemainingColumn()]
    with Progress(SpinnerColumn(), *columns, *bar, console=Console(stderr=True), transient=True) as progress:
        task_id = progress.add_task(label, total=size, count=0)

        def update(count: int) -> None:
            position = stream.tell() if stream is not None and size is not None else None
            progress.update(task_id, completed=position, count=count)

        yield update


def _file_size(stream: IO[bytes]) -> int | None:
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


class DrainProgress:
    """The progress of a drain: of all jobs that have work, or of one.

    The counts are read from the database twice a second by a thread with a session of its own, so
    the bar moves within a chunk, and also by what other workers do to the same jobs. `is_shown`
    False makes it do nothing.
    """

    def __init__(self, job_id: str | None = None, *, is_shown: bool) -> None:
        self._job_id = job_id
        self._is_shown = is_shown
        self._chunks = 0
        self._views: dict[str, JobView] = {}
        self._already: dict[str, int] = {}
        self._touched: set[str] = set()
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        if self._is_shown:
            self._note(self._jobs_with_work())
            end_read()
            self._start()
        return self

    def __exit__(self, *raised: object) -> None:
        if not self._is_shown:
            return
        self._is_over.set()
        self._thread.join()
        if raised[0] is None:
            self._refresh()
            end_read()
        self._progress.stop()
        _send_logs_to(sys.stderr)

    def on_chunk(self, result: ChunkResult) -> None:
        """Count a chunk; its job is looked at from now on."""
        self._chunks += 1
        self._touched.add(result.job_id)

    def _jobs_with_work(self) -> list[JobView]:
        if self._job_id is not None:
            return [queue.get_job(self._job_id)]
        views = chain.from_iterable(all_rows(partial(queue.list_jobs, status=status), 200) for status in ACTIVE)
        return [*islice(views, MAX_JOBS_COUNTED)]

    def _start(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} entities"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[chunks]}"),
            _Rate("{task.description}"),
            TextColumn("ETA"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[errors]}"),
            console=Console(stderr=True),
        )
        self._task_id = self._progress.add_task("", total=0, chunks="", errors="")
        self._show()
        self._progress.start()
        _send_logs_to(sys.stderr)
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._poll, args=(app,), name="tranche-progress", daemon=True)
        self._thread.start()

    def _poll(self, app: Flask) -> None:
        while not self._is_over.wait(POLL_SECONDS):
            try:
                with app.app_context():
                    self._refresh()
            except Exception as exc:
                # The work itself meets the same trouble and tells it better; a bar that stands still does no harm.
                log.debug("progress not read", error_type=type(exc).__name__)

    def _refresh(self) -> None:
        self._note([*map(queue.get_job, self._under_way())])
        self._show()

    def _under_way(self) -> list[str]:
        """Return the jobs whose counts may have changed: those worked on, and the one whose turn it is."""
        ended = {view.id for view in self._views.values() if view.status in ENDED}
        waiting = sorted(self._views.keys() - ended, key=self._turn)
        return sorted({*(self._touched - ended), *waiting[:1]})

    def _turn(self, job_id: str) -> tuple[int, datetime, str]:
        """Return the place of a job among those that wait for a worker."""
        view = self._views[job_id]
        return -view.priority, view.created_at, view.id

    def _note(self, views: list[JobView]) -> None:
        for view in views:
            self._views[view.id] = view
            self._already.setdefault(view.id, view.processed)

    def _show(self) -> None:
        views = list(self._views.values())
        done = sum(view.processed - self._already[view.id] for view in views)
        # What an ended job never decided will not be decided any more.
        left = sum(view.total - view.processed for view in views if view.status not in ENDED)
        errors = sum(view.errors for view in views if view.id in self._touched)
        self._progress.update(
            self._task_id,
            completed=done,
            total=done + left,
            chunks=output.count(self._chunks, "chunk"),
            errors=output.count(errors, "error"),
        )


class _Rate(TextColumn):
    """Entities a second."""

    def render(self, task: Task) -> Any:
        speed = task.finished_speed or task.speed
        return output.optional("{:,.0f}/s", speed)


def _send_logs_to(stream: IO[str]) -> None:
    """Send log lines to where stderr goes now: while a bar is shown, above the bar."""
    for handler in logging.getLogger().handlers:
        if handler.get_name() == "tranche" and isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
