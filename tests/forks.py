"""Processes that are forked from one in which everything is imported: a new one spends most of its time on that.

For tests of what a process does. What a start imports, and what Python does before it, takes a process of its own.
"""

import io
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Self

from app.cli.group import MODULES

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("psycopg", "flask.cli", "flask_migrate", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"),
        *("app.routes", "app.enrichment.waterfall.work_loop", "app.demo.stand_ins.server", "app.demo.waterfalls"),
        *sorted(set(MODULES.values())),
        "tests.warm",
    ]
)


class Process:
    """What `python -m MODULE …` would be, shown as `subprocess.Popen` shows it; its output is text.

    Standard input is empty. What it says goes to pipes, or both streams to `output`, or what goes wrong to `errors`;
    a `terminal` is all three streams.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        output: int | None = None,
        errors: int | None = None,
        terminal: int | None = None,
    ) -> None:
        given = Connection(os.open(os.devnull, os.O_RDONLY) if terminal is None else os.dup(terminal))
        both = output if terminal is None else terminal
        self.stdout, out = _pipe_or(both)
        self.stderr, err = _pipe_or(both if errors is None else errors)
        ends = (given, out, err)
        self._process = FORKS.Process(target=_run, args=(list(command), dict(environment), ends))
        self._process.start()
        for end in ends:
            end.close()

    def __enter__(self) -> Self:
        """Return it, to be ended at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, once there is one."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what is left of what it says on standard output and standard error, once it has ended."""
        with ThreadPoolExecutor(2) as readers:
            texts = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                # Or nobody would ever be done with reading.
                self.kill()
                raise
            return texts[0].result(), texts[1].result()

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill it, if it still runs, and let go of all that is held for it."""
        self.kill()
        self._process.join()
        self._process.close()
        self.stdout.close()
        self.stderr.close()


def _pipe_or(stream: int | None) -> tuple[io.TextIOBase, Connection]:
    """Return what to read from, and what the process gets: a pipe's ends, or nothing and the stream."""
    if stream is not None:
        return io.StringIO(), Connection(os.dup(stream))
    reading, writing = os.pipe()
    return open(reading, encoding="utf-8"), Connection(writing, readable=False)


def _run(command: list[str], environment: dict[str, str], ends: tuple[Connection, ...]) -> None:
    """Be the process."""
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww"))
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    module, *sys.argv[1:] = command
    runpy.run_module(module, run_name="__main__", alter_sys=True)
