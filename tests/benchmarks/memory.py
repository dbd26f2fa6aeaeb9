"""The most memory a process takes, by the length of the list: enqueueing a file, draining a chunk of its job."""

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import DATABASES, Servers
from tests.benchmarks.stage import ROOT, environment

NAME = "memory"


def run(servers: Servers, options: Options) -> list[Figure]:
    """Run the command line on a list of one id and on a long one, in turns."""
    sizes = (1, options.size(1_000_000))
    files = {size: _ids_file(servers.new_file(f"{size}.txt"), size) for size in sizes}
    found: list[Figure] = []
    for kind, name in DATABASES.items():
        enqueues = [Figure(NAME, f"enqueue {size:,} id(s) of a file, {name}", "MB") for size in sizes]
        drains = [Figure(NAME, f"drain a chunk of a job of {size:,}, {name}", "MB") for size in sizes]
        for _ in range(options.runs):
            for size, enqueue, drain in zip(sizes, enqueues, drains, strict=True):
                settings = {"DATABASE_URL": servers.migrated(kind), "LOG_LEVEL": "ERROR"}
                enqueue.values.append(_peak_mb(settings, "enqueue", "person", "--ids-file", str(files[size])))
                drain.values.append(_peak_mb(settings, "process", "--max-chunks", "1"))
        for figures, what in ((enqueues, "enqueue"), (drains, "drain")):
            found += [*figures, ratio(figures[1], figures[0], f"{what}: {sizes[1]:,} / 1, {name}")]
    return found


def _ids_file(path: Path, count: int) -> Path:
    with path.open("w") as file:
        file.writelines(f"person-{number:012d}\n" for number in range(count))
    return path


def _peak_mb(settings: dict[str, str], *arguments: str) -> float:
    """Return the peak of resident memory of one command, in MB."""
    command = [sys.executable, "-m", "flask", "enrich", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(settings), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    # Of this one process; what `resource` says of children is the largest of all that ever were.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return usage.ru_maxrss / 1024
