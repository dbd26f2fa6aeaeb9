"""Several worker processes under one: started together, started again if they die, stopped in order.

They are forked, so that they share what is loaded and begin at once. A process manager sees one process, and a
signal to that one reaches all.
"""

import gc
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

import structlog

from app.cli.signals import STOP_SIGNALS, handled_by
from app.enrichment.queue.time_budget import stop_requested

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.1
"""How often the supervisor looks after its workers."""
STEADY_SECONDS: Final = 60.0
"""A worker that has lived this long is well: should it die, the back-off begins anew."""
MAX_BACK_OFF_SECONDS: Final = 60.0
"""The longest that a worker which dies again and again is left dead."""


@dataclass
class _Worker:
    """One place for a worker process. It is empty (`pid` 0) until `start_at`, on the monotonic clock."""

    number: int
    pid: int = 0
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    """How often it has died in a row, each time before it was steady."""
    is_done: bool = False
    """Whether it has ended by itself and is not wanted any more."""


class Supervisor:
    """Keeps `count` processes running `work`, which returns when nothing is left to do or `stop_requested` is set."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._work = work
        self._workers = [_Worker(number) for number in range(1, count + 1)]
        self._signals: list[int] = []
        # The workers hold its other end: it is closed when this process is gone, however it went.
        self._alive, self._held = os.pipe()

    def run(self) -> int:
        """Run until every worker is done or a signal says to stop; return the exit code.

        The first SIGTERM or SIGINT is passed on and stops workers in order, the second stops them at once, and the
        third kills them.
        """
        # What is loaded stays shared: the collector would write to each page of it.
        gc.freeze()
        with self._handling_signals():
            while not self._is_over():
                for worker in self._workers:
                    self._look_after(worker)
                time.sleep(LOOK_SECONDS)
        return 128 + self._signals[-1] if len(self._signals) > 1 else 0

    def _is_over(self) -> bool:
        if any(worker.pid for worker in self._workers):
            return False
        return bool(self._signals) or all(worker.is_done for worker in self._workers)

    def _look_after(self, worker: _Worker) -> None:
        if worker.pid:
            self._reap(worker)
        elif not self._signals and not worker.is_done and time.monotonic() >= worker.start_at:
            self._start(worker)

    def _start(self, worker: _Worker) -> None:
        with _undisturbed():
            if self._signals:
                return
            worker.pid, worker.started_at = os.fork(), time.monotonic()
            if not worker.pid:
                self._be_worker()
        log.info("worker process started", worker=worker.number, worker_pid=worker.pid)

    def _reap(self, worker: _Worker) -> None:
        with _undisturbed():
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if not pid:
                return
            worker.pid = 0
        code = os.waitstatus_to_exitcode(status)
        if code == 0 or self._signals:
            worker.is_done = True
            log.info("worker process ended", worker=worker.number, worker_pid=pid, exit_code=code)
            return
        is_steady = time.monotonic() - worker.started_at >= STEADY_SECONDS
        worker.deaths = 1 if is_steady else worker.deaths + 1
        seconds = min(MAX_BACK_OFF_SECONDS, 2.0**worker.deaths / 4) * random.uniform(0.5, 1.0)
        worker.start_at = time.monotonic() + seconds
        log.warning(
            "worker process died",
            worker=worker.number,
            worker_pid=pid,
            exit_code=code,
            again_in_seconds=round(seconds, 1),
        )

    def _be_worker(self) -> NoReturn:
        """Work in a forked process; does not return."""
        code = 1
        try:
            # Of its own group: Ctrl-C on a terminal comes from the supervisor alone, once.
            os.setpgid(0, 0)
            # Until here a signal waits: the supervisor's handler, which is still in place, would swallow it.
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            os.close(self._held)
            threading.Thread(target=_stop_when_closed, args=[self._alive], daemon=True).start()
            self._work()
            code = 0
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else 1
        except BaseException:
            log.exception("worker process broke off")
        finally:
            # Nothing that the supervisor has set up for its own end is to happen here.
            os._exit(code)

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        def handle(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)
            # Two of one kind that a worker has not come to yet would be one to it.
            passed_on = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)[min(len(self._signals), 3) - 1]
            for worker in self._workers:
                if worker.pid:
                    os.kill(worker.pid, passed_on)

        try:
            with handled_by(handle):
                yield
        finally:
            os.close(self._held)
            os.close(self._alive)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back, so that none arrives while a worker's process is half known."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop_when_closed(pipe: int) -> None:
    """Stop in good order when the supervisor is gone."""
    os.read(pipe, 1)
    stop_requested.set()
