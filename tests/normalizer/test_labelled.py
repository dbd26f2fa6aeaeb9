"""The rules against titles and industries that a person labelled: most are decided, none wrongly.

The rows of the set "tune" were labelled before the rules were written, those of "holdout" after; the rules were
measured on the second set once before anything was changed. An empty label means that the rules ought not to decide.
"""

import csv
from pathlib import Path

import pytest

from app.normalizer.industries import INDUSTRIES, normalize_industry
from app.normalizer.job_titles import normalize_job_title
from app.normalizer.seniority import SENIORITIES

HERE = Path(__file__).parent
LEAST_DECIDED = 0.8


def read_labelled(name: str, which: str) -> list[dict[str, str]]:
    """Return the rows of one set of a labelled list."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["set"] == which]


def test_labels_are_values_of_the_vocabularies() -> None:
    """A label outside the vocabulary could never be met."""
    rows = [*read_labelled("labelled_titles.csv", "tune"), *read_labelled("labelled_titles.csv", "holdout")]
    assert {row["seniority"] for row in rows} <= {*SENIORITIES, ""}
    rows = [*read_labelled("labelled_industries.csv", "tune"), *read_labelled("labelled_industries.csv", "holdout")]
    assert {row["industry"] for row in rows} <= {*INDUSTRIES, ""}


@pytest.mark.parametrize(("which", "at_least"), [("tune", 240), ("holdout", 60)])
def test_seniority_is_decided_for_most_titles_and_never_wrongly(which: str, at_least: int) -> None:
    """At least four of five titles are decided, and what is decided agrees with the label."""
    rows = read_labelled("labelled_titles.csv", which)
    decided = {row["raw"]: normalize_job_title(row["raw"]).seniority for row in rows}
    wrong = [(raw, level) for raw, level in decided.items() if level and [raw, level] not in _pairs(rows, "seniority")]
    coverage = sum(level is not None for level in decided.values()) / len(rows)
    assert len(rows) >= at_least
    assert not wrong, f"{which}: {len(wrong)} of {len(rows)} titles decided wrongly: {wrong}"
    assert coverage >= LEAST_DECIDED, f"{which}: {coverage:.1%} of {len(rows)} titles decided"


@pytest.mark.parametrize("which", ["tune", "holdout"])
def test_job_title_is_cleaned_as_labelled(which: str) -> None:
    """The title for display is the one that the label gives."""
    rows = read_labelled("labelled_titles.csv", which)
    wrong = [(row["raw"], normalize_job_title(row["raw"]).title) for row in rows]
    wrong = [(raw, title) for raw, title in wrong if [raw, title] not in _pairs(rows, "title")]
    assert not wrong, f"{which}: {wrong}"


@pytest.mark.parametrize(("which", "at_least"), [("tune", 100), ("holdout", 40)])
def test_industry_is_decided_for_most_names_and_never_wrongly(which: str, at_least: int) -> None:
    """At least four of five names are decided, and what is decided agrees with the label."""
    rows = read_labelled("labelled_industries.csv", which)
    decided = {row["raw"]: normalize_industry(row["raw"]) for row in rows}
    wrong = [(raw, found) for raw, found in decided.items() if found and [raw, found] not in _pairs(rows, "industry")]
    coverage = sum(found is not None for found in decided.values()) / len(rows)
    assert len(rows) >= at_least
    assert not wrong, f"{which}: {len(wrong)} of {len(rows)} industries decided wrongly: {wrong}"
    assert coverage >= LEAST_DECIDED, f"{which}: {coverage:.1%} of {len(rows)} industries decided"


def _pairs(rows: list[dict[str, str]], column: str) -> list[list[str]]:
    return [[row["raw"], row[column]] for row in rows]
