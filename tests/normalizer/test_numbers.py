"""Headcounts and years out of text."""

import datetime as dt

import pytest

from app.normalizer.headcount import normalize_headcount
from app.normalizer.years import normalize_year


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("51-200", (51, 200)),
        ("51 to 200", (51, 200)),
        ("1,001–5,000 employees", (1001, 5000)),
        ("1.001 - 5.000", (1001, 5000)),
        ("1 001 - 5 000", (1001, 5000)),
        ("between 50 and 200 people", (50, 200)),
        ("500 - 1k", (500, 1000)),
        ("0-1", (0, 1)),
        ("2", (2, 2)),
        ("51.0", (51, 51)),
        (50, (50, 50)),
        (50.0, (50, 50)),
        ("1.2k", (1200, 1200)),
        ("1,2k", (1200, 1200)),
        ("~50", (50, 50)),
        ("10,001+", (10001, None)),
        ("10K+", (10000, None)),
        ("more than 500", (501, None)),
        ("51 bis 200", (51, 200)),
        ("de 11 à 50 salariés", (11, 50)),
        ("ca. 50", (50, 50)),
        ("свыше 500 человек", (501, None)),
        ("1万人以上", (10000, None)),
        ("50.00", (50, 50)),
        ("[51,200]", (51, 200)),
        ("~11-50", (11, 50)),
        ("<50", (1, 49)),
        ("up to 50", (1, 50)),
        ("self-employed", (1, 1)),
        ("Myself Only", (1, 1)),
    ],
)
def test_headcount_is_read_as_a_range(raw: object, expected: tuple[int | None, int | None]) -> None:
    """Ranges, bounds and single numbers, with units and separators of thousands."""
    assert normalize_headcount(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("10-Jan", (1, 10)),
        ("Jan-10", (1, 10)),
        ("1-Oct", (1, 10)),
        ("2-Oct", (2, 10)),
        ("10-Feb", (2, 10)),
        ("Nov-50", (11, 50)),
        ("Oct-50", (10, 50)),
        ("20-Nov", (11, 20)),
        ("Oct-01", (1, 10)),
        ("01. Okt", (1, 10)),
        ("Okt 01", (1, 10)),
        ("nov.-50", (11, 50)),
        ("10-ene", (1, 10)),
        ("1月10日", (1, 10)),
    ],
)
def test_headcount_is_turned_back_from_a_date_that_a_spreadsheet_made(raw: str, expected: tuple[int, int]) -> None:
    """A date that can only have been one usual range becomes that range."""
    assert normalize_headcount(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        *(None, "", "abc", "0", 0, -5, "-5", "200-51", "5-10k", "1.5", 1.5, "12,34", "1-2-3", "1,000,000,000", 10**30),
        *("$5M", "5M-10M", "5 mil", "Umsatz 50 Mio", "2019-2024", "5 locations", "51,200", "[1,500]", "1e5", "sub 10"),
        *("11-Oct-2050", "10-Nov", "31-Dec", "Oct-10", True, float("nan"), float("inf"), [50], "9" * 1000),
    ],
)
def test_headcount_is_unknown_when_not_certain(raw: object) -> None:
    """Reversed, absurd and ambiguous values give neither bound."""
    assert normalize_headcount(raw) == (None, None)


@pytest.mark.parametrize(
    ("raw", "year"),
    [
        ("1998", 1998),
        (1998, 1998),
        (1998.0, 1998),
        ("1998.0", 1998),
        ("Founded in 1998", 1998),
        ("est. 2003", 2003),
        ("1998-05-01", 1998),
        ("founded 1998, 2000 people", None),
        ("1998/1999", None),
        ("98", None),
        ("0999", None),
        (999, None),
        (1998.5, None),
        ("19981", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**30, None),
        ("x" * 100 + " 1998", None),
        (None, None),
        (["1998"], None),
    ],
)
def test_year_is_the_only_one_in_the_text(raw: object, year: int | None) -> None:
    """One year from 1000 to now, else none."""
    assert normalize_year(raw) == year


def test_year_may_be_this_one_and_not_the_next() -> None:
    """Nothing is founded in the future."""
    this_year = dt.datetime.now(dt.UTC).year
    assert normalize_year(this_year) == this_year
    assert normalize_year(this_year + 2) is None
