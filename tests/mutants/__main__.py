"""`python -m tests.mutants [NAME …]`: make each known-bad change in a copy of the project and see a test fail for it.

A mutant counts as caught where pytest says that tests failed (exit code 1), not where they could not be run. The same
tests have to pass without the change. Ends with 1 where a mutant was not caught, or its text was not found once.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.known import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app", "migrations", "tests", "pyproject.toml", "wsgi.py", "gunicorn.conf.py", "vercel.json", "README.md")
FAILED = 1
"""pytest's exit code where tests ran and some of them failed."""


def main() -> int:
    """Try the mutants, or those whose names contain one of the given words."""
    arguments = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    arguments.add_argument("names", nargs="*", help="words of the names of those to try; default: all")
    words = arguments.parse_args().names
    chosen = [one for one in MUTANTS if not words or any(word in one.name for word in words)]
    table = Table("mutant", "file", "caught by", "seconds")
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="tranche-mutants-") as folder:
        copy = Path(folder)
        for part in PARTS:
            source = ROOT / part
            shutil.copytree(source, copy / part) if source.is_dir() else shutil.copy(source, copy / part)
        tests = sorted({test for one in chosen for test in one.tests})
        code, output = run(copy, tests)
        if code != 0:
            print(f"The tests do not pass without any change:\n{output}", file=sys.stderr)
            return 1
        for one in chosen:
            started = time.monotonic()
            caught = catch(copy, one)
            survivors += caught is None
            table.add_row(one.name, one.path, caught or "NOBODY", f"{time.monotonic() - started:.0f}")
    Console(width=160).print(table)
    print(f"{len(chosen) - survivors} caught, {survivors} not")
    return 1 if survivors else 0


def catch(copy: Path, mutant: Mutant) -> str | None:
    """Return the first test that fails for a mutant; None where none does."""
    path = copy / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.name}: its text stands {text.count(mutant.old)} times in {mutant.path}, expected once"
        )
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code, output = run(copy, mutant.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    failed = re.search(r"^FAILED (\S+)", output, flags=re.MULTILINE)
    return failed[1] if code == FAILED and failed else None


def run(copy: Path, tests: "list[str] | tuple[str, ...]") -> tuple[int, str]:
    """Run tests in the copy until one fails; return pytest's exit code and what it printed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "300",
        *tests,
    ]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
