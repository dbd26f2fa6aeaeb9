"""What may be stored as text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values.text import find_bad_character

SURROGATES_TOO = st.text(st.characters())


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
