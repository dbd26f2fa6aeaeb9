"""The server as a process of its own, started and stopped from Python."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .server import STAND_INS

KEYS: Final[Mapping[str, str]] = {stand_in.name: stand_in.key for stand_in in STAND_INS}
"""The key that each stand-in takes."""
_FOLDER: Final = Path(__file__).parents[1]
"""Where the server is started, so that it loads nothing of the application."""


class ServerProcess:
    """The server while it runs: `options` are its options, as `latency=0.1`, `limits="prospeo=5/s"`.

    `ledger` is the file of its charges, `url` its address from `start` on. A quiet one writes nothing to stderr.
    """

    def __init__(self, ledger: Path, *, is_quiet: bool = False, **options: str | float | list[str]) -> None:
        self.ledger = ledger
        self.url = ""
        self._stderr = subprocess.DEVNULL if is_quiet else None
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it is ready. Raises `ChildProcessError` if it ends before."""
        self._process = self._begin(["--ledger", str(self.ledger), *self._arguments()])
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise ChildProcessError("The server that plays the providers did not start.")
        self.url = json.loads(line)["url"]

    def stop(self) -> None:
        """End the process and wait for it."""
        if self._process is None:
            return
        # Leaving the block waits for it and closes its output.
        with self._process as process:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._process = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def base_url(self, provider: str) -> str:
        """Return where a provider is called; of Clay a webhook."""
        return f"{self.url}/clay/webhook/table-1" if provider == "clay" else f"{self.url}/{provider}"

    def _begin(self, arguments: list[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "stand_ins.server", *arguments],
            cwd=_FOLDER,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )

    def _arguments(self) -> list[str]:
        words = []
        for name, value in self._options.items():
            for text in value if isinstance(value, list) else [value]:
                words += [f"--{name.replace('_', '-')}", str(text)]
        return words
