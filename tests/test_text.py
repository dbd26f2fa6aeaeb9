"""The rules for text, ids and numbers."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import find_bad_character, invalid_entity_ids, is_entity_id, parse_integer

SURROGATES_TOO = st.text(st.characters())


@pytest.mark.parametrize("value", ["a", "A-Za_z0.9:@/-", "per_0123", "x" * 128, "2026/07/a.b@c.example"])
def test_entity_id_is_accepted_when_made_of_the_allowed_characters(value: str) -> None:
    """An id is 1 to 128 of A-Z a-z 0-9 _ . : @ / -."""
    assert is_entity_id(value)
    assert invalid_entity_ids([value]) == []


@pytest.mark.parametrize(
    "value", ["", "x" * 129, "a b", "a\n", "\na", "é", "a\uff11", "a+b", "a\x00", None, 7, b"a", ["a"], True]
)
def test_entity_id_is_refused_for_anything_else(value: object) -> None:
    """Other characters, other lengths and other types are no ids."""
    assert not is_entity_id(value)
    assert invalid_entity_ids(["ok", value, "fine"]) == [1]


@given(st.lists(st.one_of(st.text(max_size=4), st.none(), st.integers(), st.just("ok"), st.just("a\nb"))))
def test_invalid_ids_are_those_that_one_by_one_are_invalid(values: list[object]) -> None:
    """The check of a list says the same as the check of each."""
    assert invalid_entity_ids(values) == [i for i, value in enumerate(values) if not is_entity_id(value)][:20]


def test_invalid_ids_stop_at_twenty() -> None:
    """At most twenty positions are named."""
    assert invalid_entity_ids(" " * 100) == list(range(20))


def test_invalid_ids_are_quick_for_a_job_of_100_000() -> None:
    """One request may bring 100,000 ids; checking them takes a small part of its time."""
    ids = [f"per_{number:024x}" for number in range(100_000)]
    started = time.process_time()
    assert invalid_entity_ids(ids) == []
    # It takes about 0.01 s; the room is for slow machines.
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("abc\x00", "control character U+0000 at position 4"),
        ("\r\n", "control character U+000D at position 1"),
        ("a\x7f", "control character U+007F at position 2"),
        ("a\x85", "control character U+0085 at position 2"),
        ("\ud800", "lone surrogate U+D800 at position 1"),
        ("é\udfff", "lone surrogate U+DFFF at position 2"),
    ],
)
def test_bad_character_is_described_by_kind_and_position(text: str, description: str) -> None:
    """The description names the kind, the code point and the position counted from 1."""
    assert find_bad_character(text) == description


@pytest.mark.parametrize("text", ["", "plain", "tab\tand\nnewline", "Zoë 🚀 日本 \u00a0\u200b\ufeff", "\U0010ffff"])
def test_good_text_has_no_bad_character(text: str) -> None:
    """Tab, newline and every other character of Unicode are fine."""
    assert find_bad_character(text) is None


@given(SURROGATES_TOO)
def test_bad_characters_are_controls_and_surrogates(text: str) -> None:
    """What is refused is exactly the categories Cc (without tab and newline) and Cs."""
    bad = any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n" for c in text)
    assert (find_bad_character(text) is not None) == bad


def test_integer_is_read_from_ascii_digits() -> None:
    """One to nine ASCII digits within the bounds are a number."""
    assert parse_integer("007", minimum=0, maximum=10) == 7
    assert parse_integer("999999999", minimum=1, maximum=999_999_999) == 999_999_999


@pytest.mark.parametrize(
    "text", ["", "1_0", "１２", "٣", " 7", "7 ", "+7", "-7", "1e3", "7.0", "1000000000", "true", "11", "0"]
)
def test_integer_is_refused_in_any_other_form(text: str) -> None:
    """What Python's int() would also take, and what is out of bounds, says what was expected."""
    with pytest.raises(ValueError, match="expected a whole number from 1 to 10, digits only"):
        parse_integer(text, minimum=1, maximum=10)
