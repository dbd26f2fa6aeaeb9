"""Whom an answer is about, measured on labelled pairs.

`data/identity.tsv` holds what was asked and what an answer says of itself, with the right verdict. The people are
invented; the kinds of cases are those that publications on matching names and users of such providers report: accents,
transliteration, short forms, married names, family name first, namesakes, colleagues, relatives, renamed pages, other
domains of one company. The names of some large companies and their domains are public.
"""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.providers.answer_match import Match, judge

_FIELDS: dict[str, dict[str, tuple[str, Callable[[str], Any]]]] = {
    "person": {
        "name": ("full_name", str),
        "company": ("company", str),
        "domain": ("company_domain", str),
        "page": ("linkedin_url", "https://www.linkedin.com/in/{}".format),
        "email": ("email", str),
        "title": ("job_title", str),
        "id": ("provider_ids", lambda value: {"prospeo_person_id": value}),
        "past": ("job_history", lambda value: [{"company_name": name} for name in value.split("|")]),
    },
    "company": {
        "name": ("name", str),
        "domain": ("domain", str),
        "website": ("website", str),
        "page": ("linkedin_url", "https://www.linkedin.com/company/{}".format),
        "industry": ("industry", str),
    },
}


def fields_of(entity: str, text: str) -> dict[str, Any]:
    """Return the fields that a cell such as `name=Ida Brandt; page=ida-1` stands for."""
    pairs = (pair.partition("=") for pair in text.split("; "))
    made = ((*_FIELDS[entity][name], value) for name, _, value in pairs)
    return {field: make(value) for field, make, value in made}


def labelled() -> list[dict[str, str]]:
    """Return the labelled pairs."""
    path = Path(__file__).parent / "data" / "identity.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_no_stranger_passes_and_hardly_any_right_answer_is_refused() -> None:
    """Nothing that is about another is taken for the one asked for, and 95 % of what is about them is."""
    right, total, wrong = Counter[str](), Counter[str](), []
    for pair in labelled():
        asked, said = (fields_of(pair["entity"], pair[side]) for side in ("asked", "said"))
        verdict = judge(pair["entity"], asked, said)
        total[pair["verdict"]] += 1
        right[pair["verdict"]] += verdict.value == pair["verdict"]
        if verdict.value != pair["verdict"]:
            wrong.append((verdict.value, *pair.values()))
    assert sum(total.values()) >= 400
    assert right["another"] == total["another"], wrong
    assert right["same"] >= 0.95 * total["same"], wrong
    assert right["cannot tell"] >= 0.9 * total["cannot tell"], wrong


@pytest.mark.parametrize("entity", ["person", "company"])
def test_odd_values_are_compared_with_nothing(entity: str) -> None:
    """Answers hold anything, and an answer that can be compared with nothing is taken at its word."""
    for odd in (None, "", 7, [], [None], {"x": 1}, True, "\ud800", "-", "x" * 5000):
        said = dict.fromkeys(("full_name", "name", "email", "domain", "website", "company_domain"), odd)
        said |= {"linkedin_url": odd, "provider_ids": odd, "job_history": odd, "company": odd}
        asked = {"full_name": "Ida Brandt", "linkedin_url": "https://www.linkedin.com/in/ida"}
        assert judge(entity, asked, said) in Match
        assert judge(entity, said, asked) in Match
