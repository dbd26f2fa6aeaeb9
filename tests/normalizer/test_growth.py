"""Time grows no faster than the input, whatever it is made of."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.normalizer.companies import normalize_company
from app.normalizer.people import normalize_person

PERSON_FIELDS = ["first_name", "last_name", "full_name", "job_title", "email", "phone", "location", "company_domain"]
COMPANY_FIELDS = ["name", "domain", "website", "industry", "headcount", "location", "year_founded"]
# Texts that make backtracking patterns slow.
UNITS = [
    "a",
    "A ",
    "(",
    '"',
    " - ",
    " at ",
    "@",
    "a.",
    ",",
    "1,",
    "1",
    "é",
    "🚀 ",
    "& ",
    "chief ",
    "co-",
    "'",
    "|",
    "x@y.",
    "%",
    "-Jan ",
]
SHORT, LONG = 20, 2000  # the second is 100 times as long


def forget_texts() -> None:
    """Empty what the rules keep by text; the tables that they build once stay."""
    modules = [module for name, module in sys.modules.items() if name.startswith(("app.normalizer", "app.values"))]
    functions = [value for module in modules for value in vars(module).values() if hasattr(value, "cache_parameters")]
    for function in functions:
        if function.cache_parameters()["maxsize"] is not None:
            function.cache_clear()


def seconds(normalize: Callable[[Mapping[str, Any]], Any], fields: Mapping[str, Any]) -> float:
    """Return the shortest of three runs, so that a busy machine does not count."""
    best = float("inf")
    for _ in range(3):
        forget_texts()
        start = time.process_time()
        normalize(fields)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize(
    ("normalize", "names"), [(normalize_person, PERSON_FIELDS), (normalize_company, COMPANY_FIELDS)]
)
def test_time_is_at_most_linear_in_the_input(normalize: Callable[[Mapping[str, Any]], Any], names: list[str]) -> None:
    """A hundred times the input takes at most about a hundred times as long; quadratic would be ten thousand."""
    normalize(dict.fromkeys(names, "warm up"))
    for unit in UNITS:
        short = seconds(normalize, dict.fromkeys(names, unit * SHORT))
        long = seconds(normalize, dict.fromkeys(names, unit * LONG))
        assert long <= 300 * max(short, 0.0002), (unit, short, long)
        assert long < 0.25, (unit, long)
