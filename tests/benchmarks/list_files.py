"""Lists in and out: rows a CPU-second of import and export, beside an earlier release, and previews beside a parse.

The earlier release is a checkout that `--before` names, such as `git worktree add ../tranche-0.3.0 631e911`; without it
only this one is measured. Both run in this environment, in turns, each time on a new database. The server's own CPU
is not counted.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import DATABASES, Servers
from tests.benchmarks.stage import ROOT, environment

NAME = "list_files"

_SCRIPT = Path(__file__).parent / "contestants" / "list_files.py"
_HEADER = [
    *("First Name", "Last Name", "Email", "Title", "Company", "Company Domain", "City", "Country", "Phone"),
    *("LinkedIn URL", "Seniority", "Notes"),
]
_RATES = ("import", "import again", "export")


def run(servers: Servers, options: Options) -> list[Figure]:
    """Take the steps with each release on each database, in turns."""
    count = options.size(50_000)
    path = servers.new_file("people.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEADER, *_people(count)])
    checkouts = {"": ROOT} if options.before is None else {"": ROOT, "before": options.before.resolve()}
    found: list[Figure] = []
    for kind, database in DATABASES.items():
        seconds: dict[str, list[dict[str, float]]] = {which: [] for which in checkouts}
        for _ in range(options.runs):
            for which, checkout in checkouts.items():
                seconds[which].append(_measured(checkout, servers.database(kind), path))
        found += _figures(seconds, count, database)
    return found


def _figures(seconds: Mapping[str, list[dict[str, float]]], count: int, database: str) -> list[Figure]:
    ours, before = seconds[""], seconds.get("before")
    figures: list[Figure] = []
    for step in _RATES:
        what = f"{step}, {count:,} rows, {database}"
        rate = Figure(NAME, what, "rows/CPU-s", [count / taken[step] for taken in ours])
        figures.append(rate)
        if before is not None:
            theirs = Figure(NAME, f"{what}, before", "rows/CPU-s", [count / taken[step] for taken in before])
            figures += [theirs, ratio(rate, theirs, f"{what} / before", goal="> 1.7")]
    for step in ("preview", "preview again"):
        parses = [taken[step] / taken["parse"] for taken in ours]
        figures.append(Figure(NAME, f"{step}, {database} / parse", "", parses, goal="< 1.5"))
    return figures


def _measured(checkout: Path, url: str, path: Path) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, str(_SCRIPT), url, str(path)],
        cwd=checkout,
        env=environment({"PYTHONPATH": str(checkout)}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    seconds: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return seconds


def _people(count: int) -> Iterator[list[str]]:
    """Yield people as list exports have them: ten in a company, few titles and places, some cells blank."""
    titles = ("Head of Sales", "CEO", "VP Marketing", "Software Engineer", "CTO & Co-Founder", "Account Executive")
    for n in range(count):
        first = ("Ada", "Jörg", "Ida", "Anna", "María", "Noah", "Mia", "Paul")[n % 8]
        last = ("Brandt", "Müller", "Schmidt", "O'Neil", "García", "Novak", "Rossi")[n % 7]
        firm = n * 7919 % (count // 10 + 1)
        page = f"https://www.linkedin.com/in/person-{n}" if n % 4 == 0 else ""
        yield [
            *(first, last, f"person.{n}@firm{firm}.example", titles[n % 6], f"Firm {firm} GmbH", f"firm{firm}.example"),
            *(("Berlin", "Hamburg", "Paris", "London")[n % 4], "Germany", f"+49 30 {n * 31 % 10**7:07}", page),
            *("c_suite" if n % 3 else "", "" if n % 5 else "met at a fair"),
        ]
