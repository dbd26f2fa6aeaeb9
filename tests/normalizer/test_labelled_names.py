"""The rules against names whose parts are known: most are decided, hardly any wrongly.

`data/README.md` says where the names and their labels come from.
"""

import csv
from collections import Counter
from pathlib import Path

from app.normalizer.names import normalize_name

NAMES = Path(__file__).parent / "data" / "names.tsv"
FEWEST_NAMES = 3000
MOST_WRONG = 0.003
FEWEST_DECIDED = 0.9
NOTHING = "-"


def read_names() -> list[dict[str, str]]:
    """Return the labelled names, each with its columns as they came and the first and last name that are right."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_names_are_decided_for_most_people_and_hardly_ever_wrongly() -> None:
    """At most 3 in 1,000 parts of a name are wrong, and 9 in 10 of those that exist are given."""
    names = read_names()
    known, decided, wrong = Counter[str](), Counter[str](), Counter[str]()
    examples = []
    for name in names:
        columns = name["first_column"], name["last_column"], name["full_column"]
        answer = normalize_name(*columns)
        for part, given in (("first", answer.first), ("last", answer.last)):
            known[name["language"]] += name[part] != NOTHING
            decided[name["language"]] += name[part] != NOTHING and given is not None
            if given is not None and given not in name[part].split(" || "):
                wrong[name["language"]] += 1
                examples.append((columns, part, given, name[part]))
    figures = "\n".join(
        f"{language}: {wrong[language]} wrong, {decided[language]} of {known[language]} decided" for language in known
    )
    assert len(names) >= FEWEST_NAMES
    assert wrong.total() <= MOST_WRONG * known.total(), f"{figures}\n{examples}"
    assert decided.total() >= FEWEST_DECIDED * known.total(), figures


def test_names_that_name_nobody_are_left_empty() -> None:
    """No part is given of a placeholder, a household, a firm or a user name that holds no name."""
    names = [name for name in read_names() if name["first"] == name["last"] == NOTHING]
    answers = [normalize_name(name["first_column"], name["last_column"], name["full_column"]) for name in names]
    assert len(names) > 50
    assert [answer for answer in answers if any(answer)] == []
