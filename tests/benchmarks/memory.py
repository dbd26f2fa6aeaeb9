"""The most memory a process takes, by the length of the list: enqueueing a file, draining a chunk of its job."""

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
        enqueues = [Figure(NAME, f"enqueue {size:,} ids of a file, {name}", "MB") for size in sizes]
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
    command = [sys.executable, "-m", "tests.benchmarks.peak", "enrich", *arguments]
    pipe = subprocess.PIPE
    answer = subprocess.run(
        command, cwd=ROOT, env=environment(settings), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return float(answer.stdout.splitlines()[-1])
