"""Titles before a name: "Dr.", "Prof.", "Freiherr"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import filterfalse

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    NOBILITY,
    PARTICLES,
    SHORT_GIVEN_NAMES,
    TITLES,
    TITLES_BEFORE_TWO,
    TITLES_IN_CAPITALS,
    TITLES_WITH_DOT,
)
from app.normalizer.name_shapes import are_any_initials, bare, is_mixed, is_small, stands_out

_ALL_GIVEN_NAMES = GIVEN_NAMES | SHORT_GIVEN_NAMES


def without_titles(words: list[str]) -> list[str]:
    """Return the words without titles in front and without dotted titles elsewhere ("Smith, Dr. John")."""
    start = 0
    mixed = is_mixed(" ".join(words))
    while start < len(words) - 1 and _is_title(words, start, mixed):
        start += 1
    return _without_nobility(_without_trailing_title(_without_inner_titles(words[start:])))


def _is_title(words: Sequence[str], position: int, mixed: bool) -> bool:
    word, words_behind = words[position], len(words) - position - 1
    if _is_known_title(words, position):
        return True
    if words_behind > 1 and _is_title_before_two(word, mixed):
        return True
    if word.endswith("."):
        return _is_title_with_dot(word, mixed, words_behind)
    is_small_inside = position > 0 and is_small(word, mixed)
    return is_small_inside and bare(word) in TITLES_WITH_DOT


def _is_known_title(words: Sequence[str], position: int) -> bool:
    """Return whether a word is a title wherever it stands, "the" before a title, or a noble title before a particle."""
    key = bare(words[position])
    if key in TITLES:
        return True
    if key == "the":
        return bare(words[position + 1]) in TITLES
    return key in NOBILITY and not PARTICLES.isdisjoint(map(bare, words[position + 1 :]))


def _is_title_with_dot(word: str, mixed: bool, words_behind: int) -> bool:
    if bare(word) in TITLES_WITH_DOT:
        return len(bare(word)) > 1 or not word.isupper()
    return _is_abbreviation(word, mixed, words_behind)


def _is_title_before_two(word: str, mixed: bool) -> bool:
    """Return whether a word is a title if two words of a name follow it."""
    key = bare(word)
    return key in TITLES_BEFORE_TWO or (key in TITLES_IN_CAPITALS and stands_out(word, mixed))


def _is_abbreviation(word: str, mixed: bool, words_behind: int) -> bool:
    """Return whether an unknown word with a dot in front is a title rather than a short given name."""
    if are_any_initials(word):
        return False
    key = bare(word)
    if len(key) < 2 or key in _ALL_GIVEN_NAMES:
        return False
    return is_small(word, mixed) or words_behind > 1 or ".-" in word


def _without_inner_titles(words: list[str]) -> list[str]:
    return list(filterfalse(_is_dotted_title, words)) or words


def _is_dotted_title(word: str) -> bool:
    return word.endswith(".") and bare(word) in TITLES


def _without_trailing_title(words: list[str]) -> list[str]:
    while len(words) > 2 and bare(words[-1]) in {"dr", "prof"}:
        words = words[:-1]
    return words


def _without_nobility(words: list[str]) -> list[str]:
    """Return "Karl Freiherr von Stein" as "Karl von Stein"; "Anton Graf" stays."""
    return [word for position, word in enumerate(words) if not _is_inner_nobility(words, position)]


def _is_inner_nobility(words: Sequence[str], position: int) -> bool:
    is_inside = 0 < position < len(words) - 1
    return is_inside and bare(words[position]) in NOBILITY and bare(words[position + 1]) in PARTICLES
