"""Industries: exact names, known names, telling words; undecided otherwise."""

import csv
from pathlib import Path

import pytest

from app.normalizer.data.industry_words import ALIASES, KEYWORDS
from app.normalizer.industries import INDUSTRIES, normalize_industry


def test_vocabulary_has_23_values_that_map_to_themselves() -> None:
    """The vocabulary's own values are decided in any case and spelling of the ampersand."""
    assert len(set(INDUSTRIES)) == 23
    for industry in INDUSTRIES:
        assert normalize_industry(industry) == industry
        assert normalize_industry(industry.upper().replace("&", "and")) == industry
    assert set(ALIASES.values()) | set(KEYWORDS.values()) <= set(INDUSTRIES)


@pytest.mark.parametrize(
    ("raw", "industry"),
    [
        ("COMPUTER_SOFTWARE", "B2B SaaS"),
        ("Plastics Manufacturing", "Manufacturing"),
        ("Pharmaceutical Manufacturing", "Healthcare & Life Sciences"),
        ("Retail Pharmacies", "E-Commerce & Retail"),
        ("Health Insurance", "Insurance"),
        ("Dental Clinic", "Healthcare & Life Sciences"),
        ("Retail; Supermarkets", "E-Commerce & Retail"),
        ("Banking | Insurance", None),
        ("Banking, Insurance", None),
        ("Banking and Insurance", None),
        ("Travel Insurance", "Insurance"),
        ("Computers and Electronics Manufacturing", "Manufacturing"),
        ("Healthcare Software", None),
        ("Insurance Software", None),
        ("Retail Media", None),
        ("Energy Drinks", None),
        ("Construction Law", None),
        ("Government Administration", None),
        ("Recruitment", None),
        ("Internet", None),
        ("Retail Cameras, Lenses, and Photographic Supplies", "E-Commerce & Retail"),
        ("Retail Travel, Hotels, and Flights", None),
        ("Embedded Software", "B2B SaaS"),
        ("Cloud Security Software Products", "B2B SaaS"),
        ("Insurance Software Products", None),
        ("Manufacturing > Chemical Manufacturing > Pharmaceutical Manufacturing", "Healthcare & Life Sciences"),
        ("Entertainment Providers > Performing Arts and Spectator Sports > Dance Companies", "Media & Entertainment"),
        ("Consumer Services > Religious Institutions", None),
        ("Other", "Other"),
        ("Acme Corp", None),
        ("banking " * 30, None),
        ("", None),
        (None, None),
        (7, None),
        (["Banking"], None),
    ],
)
def test_industry_is_decided_or_left_open(raw: object, industry: str | None) -> None:
    """Words of two industries, or of none, decide nothing; "Other" has to be said."""
    assert normalize_industry(raw) == industry


def test_names_of_linkedins_list_are_placed_by_meaning() -> None:
    """No name of the list is placed wrongly, and of those that mean one industry at least 97 % are placed."""
    with (Path(__file__).parent / "data" / "linkedin_industries.tsv").open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    placed = {row["raw"]: normalize_industry(row["raw"]) for row in rows}
    labels = {row["raw"]: row["industry"] for row in rows}
    wrong = [
        (name, industry, labels[name]) for name, industry in placed.items() if industry not in (None, labels[name])
    ]
    clear = [row["raw"] for row in rows if row["industry"] and not row["remark"]]
    open_names = [name for name in clear if placed[name] is None]
    assert len(rows) >= 430
    assert not wrong, f"{len(wrong)} of {len(rows)} names placed wrongly: {wrong}"
    assert len(open_names) <= 0.03 * len(clear), f"{len(open_names)} of {len(clear)} names left open: {open_names}"


def test_further_industries_decide_when_they_agree() -> None:
    """The list helps only where the first name decides nothing and the others do not disagree."""
    assert normalize_industry("Internet", ["Banking", "Accounting", "Internet", 5]) == "Accounting & Finance"
    assert normalize_industry(None, ["Banking", "Insurance"]) is None
    assert normalize_industry("Retail", ["Banking"]) == "E-Commerce & Retail"
    assert normalize_industry(None, "Banking") is None
