"""Processes that prepare themselves, wait for a signal, and say when their work began and ended.

What is measured is the work alone: not the start of an interpreter, not its imports, not the first connection.
The clock is `time.monotonic`, which all processes of a Linux machine share.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Taken(NamedTuple):
    """What some processes have taken: seconds from the first start to the last end, and of CPU, all together."""

    seconds: float
    cpu_seconds: float


@contextmanager
def on_signal() -> Iterator[None]:
    """In the process: say that everything is prepared, wait for the signal, and report the block's times."""
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu_before = time.monotonic(), time.process_time()
    yield
    print(json.dumps([started, time.monotonic(), time.process_time() - cpu_before]), flush=True)


def perform(commands: Sequence[Sequence[str]], settings: Mapping[str, str] | None = None) -> float:
    """Run modules at once, `[["module", "argument"], …]`; return the seconds from the first start to the last end."""
    return measure(commands, settings).seconds


def measure(commands: Sequence[Sequence[str]], settings: Mapping[str, str] | None = None) -> Taken:
    """Run modules at once, as `perform` does; return what they took."""
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(settings or {}),
            stdin=pipe,
            stdout=pipe,
            text=True,
        )
        for command in commands
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == "ready\n", f"{process.args}: {line!r} instead of ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=900)[0] for process in processes]
        assert not any(process.returncode for process in processes), [process.args for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
    started, ended, cpu = zip(*(json.loads(output.splitlines()[0]) for output in outputs), strict=True)
    return Taken(max(ended) - min(started), sum(cpu))


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what a process of a measurement finds around it; nothing of the service's settings of whoever runs it."""
    ours = {name for name in os.environ if name.startswith("ENRICH_")}
    return {**{name: value for name, value in os.environ.items() if name not in ours}, **settings}
