"""Phones, head-counts and countries against labelled lists: most are decided, hardly any wrongly.

The lists and their sources are described in `data/README.md`.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from app.normalizer.companies import normalize_company
from app.normalizer.people import normalize_person

DATA = Path(__file__).parent / "data"
NOTHING = "-"
MOST_WRONG = 0.003
LEAST_DECIDED = 0.9


class Score(NamedTuple):
    """How a rule did on a list: its wrong answers and how many rows of each group it decided."""

    rows: int
    wrong: list[str]
    decidable: Counter[str]
    decided: Counter[str]

    def describe(self) -> str:
        """Return the figures of all rows and of each group that is not wholly decided, and the wrong answers."""
        groups = [
            f"{group}: {self.decided[group]} of {count}"
            for group, count in sorted(self.decidable.items())
            if self.decided[group] < count
        ]
        total = f"{len(self.wrong)} of {self.rows} wrong, {self.decided.total()} of {self.decidable.total()} decided"
        return "\n".join([total, *groups, *self.wrong])


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a list, whose cells are not quoted and write a line break as a backslash and an n."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def score(rows: Iterable[dict[str, str]], group: str, normalize: Callable[[dict[str, str]], str | None]) -> Score:
    """Compare a rule with the labels, of which " || " separates those that are equally right."""
    result = Score(0, [], Counter(), Counter())
    for row in rows:
        answer = normalize(row) or NOTHING
        labels = row["wanted"].split(" || ")
        result = result._replace(rows=result.rows + 1)
        if labels != [NOTHING]:
            result.decidable[row[group]] += 1
            result.decided[row[group]] += answer != NOTHING
        if answer not in {*labels, NOTHING}:
            result.wrong.append(f"{row[group]}: {row['raw']!r} became {answer}, wanted {row['wanted']}")
    return result


def phone(row: dict[str, str]) -> str | None:
    """Return the E.164 form of a row's phone."""
    raw = row["raw"].replace("\\n", "\n")
    answer: str | None = normalize_person({"phone": raw, "location_country_code": row["country"]})["normalized_phone"]
    return answer


def headcount(row: dict[str, str]) -> str | None:
    """Return the bounds of a row's headcount as "11..50", the highest left out if there is none."""
    answer = normalize_company({"headcount": row["raw"]})
    lowest, highest = answer["normalized_headcount_min"], answer["normalized_headcount_max"]
    return None if lowest is None else f"{lowest}..{'' if highest is None else highest}"


def country(row: dict[str, str]) -> str | None:
    """Return the alpha-2 code of a row's country column."""
    answer: str | None = normalize_company({"hq_country": row["raw"]})["normalized_country_code"]
    return answer


@pytest.mark.parametrize(
    ("name", "group", "normalize", "least_rows", "least_groups"),
    [
        ("phones.tsv", "number_of", phone, 1500, 60),
        ("headcounts.tsv", "language", headcount, 400, 12),
        ("countries.tsv", "language", country, 300, 15),
    ],
)
def test_facts_are_decided_for_most_rows_and_wrong_for_hardly_any(
    name: str, group: str, normalize: Callable[[dict[str, str]], str | None], least_rows: int, least_groups: int
) -> None:
    """At most 3 answers in 1,000 are wrong, and at least 9 of 10 rows that have an answer get one."""
    rows = read_rows(name)
    result = score(rows, group, normalize)
    assert result.decidable.total() >= least_rows
    assert len(result.decidable) >= least_groups
    assert len(result.wrong) <= MOST_WRONG * len(rows), result.describe()
    assert result.decided.total() >= LEAST_DECIDED * result.decidable.total(), result.describe()
