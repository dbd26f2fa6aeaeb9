"""The rules of the normaliser: entities a second of CPU, beside those of 0.3.0, in turns over the same entities.

0.3.0 is taken out of the repository's history. In one list of people no name comes twice; in the other, names, domains
and titles come as often as in lists of customers, and a third of the names have a title, an initial or a degree. The
companies have names and domains of their own, and share industries, sizes and countries.
"""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from tests.benchmarks.figures import Figure, Options, ratio
from tests.benchmarks.servers import Servers
from tests.benchmarks.stage import ROOT

NAME = "rules"

_EARLIER: Final = "631e911"  # 0.3.0
_WORKER: Final = Path(__file__).with_name("rules_worker.py")
_BLOCK: Final = 100  # entities between one turn and the next
_TITLES: Final = (
    "VP of Sales", "Head of Growth", "Software Engineer II", "CEO & Co-Founder", "Account Executive", "CTO",
    "Marketing Manager, EMEA", "Senior Data Scientist", "Directeur Commercial", "Sales Development Representative",
)  # fmt: skip
_TRADES: Final = ("Systems", "Labs", "Software", "& Sons", "Logistics", "Health", "Analytics", "Group")
_FORMS: Final = ("Inc", "LLC", "Ltd", "GmbH", "Corp", "S.A.", "AG", "", "", "")
_INDUSTRIES: Final = (
    "Computer Software", "Hospital & Health Care", "Financial Services", "Retail", "Logistics and Supply Chain",
    "Marketing & Advertising", "Construction", "Machinery", "Banking", "Higher Education",
)  # fmt: skip
_HEADCOUNTS: Final = ("1-10", "11-50", "51-200", "201-500", "501-1,000", "1001-5000", "10,001+", "37", "240")
_WAYS: Final = ("{} {}",) * 7 + ("Dr. {} {}", "{} M. {}", "{} {}, MBA")


def run(servers: Servers, options: Options) -> list[Figure]:
    """Normalise both lists with both releases."""
    folder = servers.new_file("earlier")
    _extract(folder)
    count = options.size(6000)
    lists = (
        ("people, no name twice", "person", _unlike_people(count)),
        ("people, names as in lists", "person", _likely_people(count)),
        ("companies", "company", _companies(count)),
    )
    compared = (_compare(what, kind, rows, folder, options.runs) for what, kind, rows in lists)
    return [figure for figures in compared for figure in figures]


def _extract(folder: Path) -> None:
    """Put the package as it was released into a folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", _EARLIER, "app"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)


def _compare(what: str, kind: str, rows: Sequence[dict[str, str]], earlier: Path, runs: int) -> list[Figure]:
    theirs, ours = (Figure(NAME, f"{release}, {what}", "entities/s of CPU") for release in ("0.3.0", "Tranche"))
    for _ in range(runs):
        workers = [_worker(earlier, kind), _worker(ROOT, kind)]
        for worker in workers:
            _normalise(worker, json.dumps(rows[:_BLOCK]))  # what is read once does not count
        seconds = [0.0, 0.0]
        for start in range(0, len(rows), _BLOCK):
            block = json.dumps(rows[start : start + _BLOCK])
            for place, worker in enumerate(workers):
                seconds[place] += _normalise(worker, block)
        for figure, spent in zip((theirs, ours), seconds, strict=True):
            figure.values.append(len(rows) / spent)
        for worker in workers:
            worker.communicate()
    return [theirs, ours, ratio(ours, theirs, f"Tranche / 0.3.0, {what}", goal="> 2")]


def _worker(tree: Path, kind: str) -> subprocess.Popen[str]:
    """Start a process that normalises blocks of entities with a tree's rules, and imports nothing beside its file."""
    return subprocess.Popen(
        [sys.executable, "-P", _WORKER, kind], cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _normalise(worker: "subprocess.Popen[str]", block: str) -> float:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(block + "\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def _unlike_people(count: int) -> list[dict[str, str]]:
    """Return people of whom hardly two have the same name, all written alike."""
    chance = random.Random(1)
    given, family = sorted(GIVEN_NAMES), sorted(FAMILY_NAMES)
    return [_person(n, chance.choice(given), chance.choice(family), _WAYS[0], n % 300) for n in range(count)]


def _likely_people(count: int) -> list[dict[str, str]]:
    """Return people whose names and companies come the more often the earlier they stand in the lists."""
    chance = random.Random(2)
    given = chance.choices(sorted(GIVEN_NAMES), _shares(len(GIVEN_NAMES)), k=count)
    family = chance.choices(sorted(FAMILY_NAMES), _shares(len(FAMILY_NAMES)), k=count)
    firms = chance.choices(range(3000), _shares(3000), k=count)
    return [_person(n, given[n], family[n], chance.choice(_WAYS), firms[n]) for n in range(count)]


def _companies(count: int) -> list[dict[str, str]]:
    """Return companies that have a name and a domain of their own, and else what companies of a list share."""
    chance = random.Random(3)
    family = chance.choices(sorted(FAMILY_NAMES), _shares(len(FAMILY_NAMES)), k=count)
    return [_company(number, name.title(), chance) for number, name in enumerate(family)]


def _company(number: int, name: str, chance: random.Random) -> dict[str, str]:
    label = "".join(filter(str.isascii, filter(str.isalpha, name.lower()))) or "firm"
    domain = f"{label}{number}.com"
    return {
        "name": f"{name} {chance.choice(_TRADES)} {chance.choice(_FORMS)}".strip(),
        "domain": domain,
        "website": f"https://www.{domain}/",
        "industry": chance.choice(_INDUSTRIES),
        "headcount": chance.choice(_HEADCOUNTS),
        "hq_country": ("Germany", "United States", "UK")[number % 3],
        "year_founded": str(1950 + number % 70),
    }


def _shares(count: int) -> list[float]:
    """Return how often each of some words comes, by its rank."""
    return [1 / (rank + 20) for rank in range(count)]


def _person(number: int, given: str, family: str, way: str, firm: int) -> dict[str, str]:
    first, last = given.title(), family.title()
    person = {
        "first_name": first,
        "last_name": last,
        "full_name": way.format(first, last),
        "job_title": _TITLES[number % len(_TITLES)],
        "email": f"user{number}@firm{firm}.com",
        "company": f"Firm {firm} Inc",
        "company_domain": f"firm{firm}.com",
        "location_country": ("Germany", "United States", "UK")[number % 3],
    }
    if number % 3 == 0:
        person["phone"] = f"+1 415 555 {number % 10_000:04}"
    return person
