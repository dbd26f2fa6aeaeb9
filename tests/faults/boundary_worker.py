"""Workers that count the effects they pass, and kill themselves at one of them.

`python -m tests.faults.boundary_worker` reads numbers, one a line, forks a worker for each, and answers with the
worker's exit code and how many boundaries it passed (0 where it was killed). A worker runs `flask enrich process`
as it is; at the boundary of its number it gets a SIGKILL. Number 0 is none of them, which counts them.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from flask.cli import main as flask_main
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from app.providers.http import client


class Boundaries:
    """Counts what is passed, by whichever thread; the last one is fatal."""

    def __init__(self, fatal: int) -> None:
        self.passed = 0
        self._fatal = fatal
        self._numbers = itertools.count(1)

    def step(self, *_: Any, **__: Any) -> None:
        """Pass one boundary."""
        # Two threads come here. The counter is one C call, so no two get the same number.
        number = next(self._numbers)
        if number == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed = max(self.passed, number)

    def watch(self) -> None:
        """Stand before and after each statement, commit, connection and step of a request in this process."""
        for name in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(Engine, name, self.step)
        # Set on the class whose method it is, so that both databases go through it.
        for name in ("connect", "do_commit", "do_rollback"):
            self._surround(DefaultDialect, name)
        self._surround_awaited(aiohttp.TCPConnector, "_create_connection")
        self._surround_awaited(aiohttp.ClientSession, "_request")
        self._surround_awaited(ClientRequest, "send")
        self._surround_awaited(client, "read_body")

    def _surround(self, owner: Any, name: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def surrounded(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = inner(*args, **kwargs)
            self.step()
            return result

        setattr(owner, name, surrounded)

    def _surround_awaited(self, owner: Any, name: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        async def surrounded(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = await inner(*args, **kwargs)
            self.step()
            return result

        setattr(owner, name, surrounded)


def work(fatal: int, report: int) -> None:
    """Be the worker; write how many boundaries were passed at a clean end."""
    boundaries = Boundaries(fatal)
    boundaries.watch()
    sys.argv = ["flask", "enrich", "process"]
    os.dup2(2, 1)
    try:
        flask_main()
    except SystemExit as exc:
        if exc.code not in (0, None):
            raise
    os.write(report, str(boundaries.passed).encode())


def main() -> None:
    """Fork a worker for each number that is read."""
    for line in sys.stdin:
        ours, theirs = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(ours)
            code = 1
            try:
                work(int(line), theirs)
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        with os.fdopen(ours) as answer:
            passed = int(answer.read() or 0)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), passed, flush=True)


if __name__ == "__main__":
    main()
