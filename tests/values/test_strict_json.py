"""JSON that others wrote: one reading, and the limits of its three doors."""

import time
from contextlib import suppress
from typing import Any

import pytest

from app.values.strict_json import JsonError, NotFinite, NotJson, RepeatedName, TooDeep, TooLarge, loads

LARGE = "9223372036854775808"
CASES: list[tuple[str, Any]] = [
    ("[1, -0.5, true, null]", [1, -0.5, True, None]),
    ('{"a": {"b": "é"}}', {"a": {"b": "é"}}),
    ('"[[[[{{{{"', "[[[[{{{{"),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("[" * 5 + "]" * 5, [[[[[]]]]]),
    ("[[], [], [], [], [], [{}]]", [[], [], [], [], [], [{}]]),
    ("[" * 6 + "]" * 6, TooDeep),
    ('{"a":' * 6 + "1" + "}" * 6, TooDeep),
    ("[" * 100_000 + "]" * 100_000, TooDeep),
    ("[" * 6 + "]" * 5, NotJson),
    ("", NotJson),
    ("[1,]", NotJson),
    ("01", NotJson),
    ("1_0", NotJson),
    ("{'a': 1}", NotJson),
    ('"a\nb"', NotJson),
    ("\ufeff[]", NotJson),
    ("NaN", NotFinite),
    ("[-Infinity]", NotFinite),
    ("1e999", NotFinite),
    ("1e300", TooLarge),
    (LARGE, TooLarge),
    ("-9223372036854775809", TooLarge),
    ("1" + "0" * 5000, TooLarge),
    ('{"a": 1, "a": 1}', RepeatedName),
    ('[{"a": 1, "\\u0061": 2}]', RepeatedName),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_json_is_read_or_refused_for_one_reason(text: str, expected: Any) -> None:
    """What a parser may read in two ways, and what a database cannot hold, is refused."""
    if isinstance(expected, type):
        with pytest.raises(JsonError) as caught:
            loads(text, max_depth=5)
        assert type(caught.value) is expected
    else:
        assert loads(text, max_depth=5) == expected


def test_large_number_is_replaced_by_what_the_caller_puts_in_its_place() -> None:
    """The caller is handed the digits of each, and the rest is read."""
    assert loads(f"[1, {LARGE}, 1e300, -1e999]", max_depth=1, on_large=str.upper) == [1, LARGE, "1E300", "-1E999"]


def test_large_numbers_and_repeated_names_are_taken_if_the_caller_says_so() -> None:
    """Another's answer is kept as it came: of two members with one name the last counts."""
    text = f'{{"a": 1, "a": {LARGE}, "b": 1e300}}'
    assert loads(text, max_depth=1, on_large=None, refuses_repeated_names=False) == {"a": 2**63, "b": 1e300}
    with pytest.raises(TooLarge):
        loads("1" * 5000, max_depth=1, on_large=None)
    with pytest.raises(NotFinite):
        loads("NaN", max_depth=1, on_large=None)


@pytest.mark.parametrize(
    "text", ["[" * 4_000_000, "[]" * 2_000_000, '"' + '\\"' * 2_000_000, "1" * 4_000_000, "[" + "[]," * 500_000 + "[]]"]
)
def test_hostile_json_takes_linear_time(text: str) -> None:
    """Nesting, quotes and digits without end take about the time that it takes to read them."""
    started = time.thread_time()
    with suppress(JsonError):
        loads(text, max_depth=5)
    # Quadratic time would be hours.
    assert time.thread_time() - started < 10
