"""Workers that are forked from a process in which everything is imported, so that one begins within milliseconds.

`python -m tests.faults.forked` reads names of files, one a line, and forks for each a `flask enrich process`, with its
own options, whose output goes there. It answers with the worker's process id, and with that and the exit code once the
worker has ended.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path

from flask.cli import main as flask_main

from app import create_app
from app.config import Config
from app.providers import answer_match
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]


class Worker:
    """One of the workers, as `subprocess.Popen` would show it."""

    def __init__(self, pid: int, log: Path, ended: "Future[int]") -> None:
        self.pid = pid
        self._log = log
        self._ended = ended

    def poll(self) -> int | None:
        """Return the exit code, or None where it still runs."""
        return self._ended.result() if self._ended.done() else None

    def wait(self, seconds: float = 60.0) -> int:
        """Return the exit code, once there is one."""
        try:
            return self._ended.result(seconds)
        except NotYet:
            raise AssertionError(f"a worker has not ended after {seconds:g} s") from None

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            # It may have ended by itself, and the word of it be on its way.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def output(self) -> str:
        """Return what it said."""
        return self._log.read_text(encoding="utf-8")


class Forge:
    """The process that workers are forked from."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.faults.forked", *options]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        self._folder = folder
        self._count = 0
        self._begun: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._running: dict[int, Future[int]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self) -> Worker:
        """Start a worker."""
        assert self._process.stdin is not None
        self._count += 1
        log = self._folder / f"worker-{self._count}.log"
        log.touch()
        self._process.stdin.write(f"{log}\n")
        self._process.stdin.flush()
        pid = self._begun.get(timeout=PATIENCE_SECONDS)
        return Worker(pid, log, self._running[pid])

    def close(self) -> None:
        """End the process; the workers have to be killed before."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, *code = map(int, line.split())
            if code:
                self._running[pid].set_result(code[0])
            else:
                self._running[pid] = Future()
                self._begun.put(pid)


def main() -> None:
    """Fork a worker for each line, and tell what becomes of it."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _work(line.strip())
        _say(f"{pid}")
        threading.Thread(target=_reap, args=[pid], daemon=True).start()


def _reap(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    _say(f"{pid} {os.waitstatus_to_exitcode(status)}")


def _say(text: str) -> None:
    # Past Python's buffers, whose locks a fork could find taken.
    os.write(1, f"{text}\n".encode())


def _work(log: str) -> None:
    """Be a worker; does not return."""
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        silence = os.open(os.devnull, os.O_RDONLY)
        for number, source in enumerate((silence, output, output)):
            os.dup2(source, number)
        sys.argv[:1] = ["flask", "enrich", "process"]
        flask_main()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    # Imports what an application needs, and loads what its first chunk would. No connection is opened that a fork could
    # share.
    create_app(Config.from_env())
    answer_match.load()
    main()
