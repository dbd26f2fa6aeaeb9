"""What may be stored as text, and what is read of a text."""

import re
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values.text import LETTERS, clean, find_bad_character, fold, storable, text, without_bad_characters

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


def test_text_that_must_be_kept_is_made_storable() -> None:
    """An error's text keeps its length but for line ends; a provider's answer loses the characters."""
    assert storable("a\r\nb\rc\x00d\ud800") == "a\nb\nc?d?"
    assert without_bad_characters("a\x00b\ud800\tc") == "ab\tc"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Ada ", "Ada"), (7, "7"), (7.0, "7"), (7.5, "7.5"), ("", None), ("N/A", None), ("na", None), ("NA", None),
        ("—", None), (None, None), (True, None), ([], None), ({"a": 1}, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_value_is_read_as_text_or_as_nothing(value: Any, expected: str | None) -> None:
    """Numbers are texts too; blanks in any spelling, and values of other kinds, are none."""
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Ada \n Lovelace\t", "Ada Lovelace"),
        ("Acme\u00ae", "Acme"),
        ("\U0001d400da", "Ada"),
        ("Ａｄａ", "Ada"),
        ("e\u0301", "é"),
        ("Ada \U0001f680", "Ada"),
        ("A\u200bda", "Ada"),
        ("a\x00b\ud800c", "a b c"),
        ("\U0001f680", None),
        ("", None),
        (5, None),
    ],
)
def test_text_is_cleaned_to_one_line(value: Any, expected: str | None) -> None:
    """Control characters, decoration and fancy fonts go, and white space collapses."""
    assert clean(value) == expected


@pytest.mark.parametrize(
    ("word", "key"), [("Müller", "muller"), ("O’Neil", "o'neil"), ("STRASSE", "strasse"), ("ß", "ss")]
)
def test_two_spellings_of_a_word_have_one_key(word: str, key: str) -> None:
    """Case, accents and the shape of an apostrophe make no difference."""
    assert fold(word) == key


def test_letters_are_composed_letters_that_both_cases_keep_apart() -> None:
    """A text of them is clean as it is, and a pattern that ignores case tells them from the letters of ASCII."""
    letters = re.findall(f"[{LETTERS}]", "".join(map(chr, range(sys.maxunicode + 1))))
    assert {unicodedata.category(letter)[0] for letter in letters} == {"L"}
    assert [letter for letter in letters if clean(f"e{letter}a") != f"e{letter}a"] == []
    assert unicodedata.is_normalized("NFC", "".join(letters) + "".join(reversed(letters)))
    beyond = "".join(letter for letter in letters if not letter.isascii())
    assert re.findall("[a-z]", beyond, re.IGNORECASE) == []


def test_quick_and_careful_cleaning_agree() -> None:
    """A text that needs no care is cleaned as it is beside an emoji, which needs some."""
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if char.isprintable() and not char.isspace():
            alone, beside = clean(f"a{char}b"), clean(f"a{char}b 🚀")
            assert alone == beside, hex(code)
