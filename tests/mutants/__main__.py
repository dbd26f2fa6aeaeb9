"""`python -m tests.mutants [WORD …]`: make each known-bad change in a copy of the project and see a test fail for it.

A mutant counts as caught where a test failed, not where the tests could not be run or the change is no Python. The same
tests have to pass without any change. Ends with 1 where a mutant was not caught, or its text is not where it should be.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from rich.console import Console
from rich.table import Table

from tests.mutants.known import MUTANTS, Mutant
from tests.mutants.workspaces import workspace_mutants

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "app",
    "migrations",
    "tests",
    "pyproject.toml",
    "wsgi.py",
    "gunicorn.conf.py",
    "vercel.json",
    "README.md",
    "LICENSE",
    "Dockerfile",
    ".dockerignore",
    "compose.yaml",
    "Procfile",
    "docs",
)
FAILED = 1
"""pytest's exit code where tests ran and some of them failed."""
RUN_SECONDS = 1200
_NAME_OF_FAILED = re.compile(r"^FAILED (.+?)(?: - |$)", flags=re.MULTILINE)
_NO_CODE = re.compile(
    r"^E +(?:NameError|UnboundLocalError|SyntaxError|ImportError|ModuleNotFoundError)\b", re.MULTILINE
)
"""What a change says that is no slip but nonsense, which any test would have caught."""


@dataclass(frozen=True)
class Result:
    """What became of one mutant."""

    mutant: str
    path: str
    verdict: str
    """caught, survived, or broken: it could not be tried."""
    by: str
    """The test that failed, or why it is broken."""
    seconds: float


def main() -> int:
    """Try the mutants, or those whose names contain one of the given words."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="words of the names of those to try; default: all")
    parser.add_argument("-j", type=int, default=1, metavar="N", help="how many to try at once, each in its own copy")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    every = [*MUTANTS, *workspace_mutants(ROOT)]
    chosen = [one for one in every if not arguments.words or any(word in one.name for word in arguments.words)]
    with tempfile.TemporaryDirectory(prefix="tranche-mutants-") as folder:
        copies = [copy_project(Path(folder, str(number))) for number in range(max(1, arguments.j))]
        code, output = run(copies[0], sorted({test for one in chosen for test in one.tests}))
        if code != 0:
            print(f"The tests do not pass without any change:\n{output}", file=sys.stderr)
            return 1
        results = try_all(copies, chosen)
    if arguments.json:
        print(json.dumps([asdict(one) for one in results], indent=2))
    else:
        show(results)
    return int(any(one.verdict != "caught" for one in results))


def copy_project(copy: Path) -> Path:
    """Copy what the tests need, and return where it is."""
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, copy / part) if source.is_dir() else shutil.copy(source, copy / part)
    return copy


def try_all(copies: Sequence[Path], mutants: Sequence[Mutant]) -> list[Result]:
    """Try mutants, as many at once as there are copies, and say on stderr what becomes of each."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def in_some_copy(mutant: Mutant) -> Result:
        copy = free.get()
        try:
            result = try_one(copy, mutant)
        finally:
            free.put(copy)
        print(f"{result.verdict}: {result.mutant} ({result.by}, {result.seconds:.0f} s)", file=sys.stderr, flush=True)
        return result

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(in_some_copy, mutants))


def try_one(copy: Path, mutant: Mutant) -> Result:
    """Run a mutant's tests with the change in the copy, and take it back."""
    path = copy / mutant.path
    text = path.read_text(encoding="utf-8")
    started = time.monotonic()
    try:
        changed = mutant.change(text)
        compile(changed, mutant.path, "exec")
        path.write_text(changed, encoding="utf-8")
        verdict, by = judge(*run(copy, mutant.tests))
    except (ValueError, SyntaxError, subprocess.TimeoutExpired) as exc:
        verdict, by = "broken", str(exc)
    finally:
        path.write_text(text, encoding="utf-8")
    return Result(mutant.name, mutant.path, verdict, by, round(time.monotonic() - started, 1))


def judge(code: int, output: str) -> tuple[str, str]:
    """Return the verdict that pytest's exit code and output amount to, and the test that failed."""
    if code == 0:
        return "survived", ""
    failed = _NAME_OF_FAILED.search(output)
    if code != FAILED or failed is None:
        return "broken", f"pytest ended with {code}: {output.strip()[-300:]}"
    nonsense = _NO_CODE.search(output)
    return ("broken", nonsense[0]) if nonsense else ("caught", failed[1])


def run(copy: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in the copy until one fails; return pytest's exit code and what it printed."""
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--timeout", "300"]
    # The tests of the fault tier are chosen by name here, and left out by their markers elsewhere.
    command = [sys.executable, "-m", "pytest", *options, "-m", "not slow", *tests]
    # Ahead of an installation that points to the project itself, also for the processes that tests start.
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=RUN_SECONDS
    )
    return done.returncode, done.stdout + done.stderr


def show(results: Sequence[Result]) -> None:
    """Print the results as a table."""
    table = Table("mutant", "file", "verdict", "test that caught it", "seconds")
    for one in results:
        table.add_row(one.mutant, one.path, one.verdict, one.by, f"{one.seconds:.0f}")
    Console(width=200).print(table)
    caught = sum(one.verdict == "caught" for one in results)
    print(f"{caught} caught, {len(results) - caught} not, {sum(one.seconds for one in results):.0f} seconds")


if __name__ == "__main__":
    sys.exit(main())
