"""Titles before a name: "Dr.", "Prof.", "Freiherr"."""

from __future__ import annotations

from collections.abc import Sequence

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
from app.normalizer.name_shapes import bare, is_initial_pair, is_initials, is_mixed


def without_titles(words: list[str]) -> list[str]:
    """Return the words without titles in front, and without those with a dot elsewhere ("Smith, Dr. John")."""
    start = 0
    mixed = is_mixed(" ".join(words))
    while start < len(words) - 1 and _is_title(words, start, mixed):
        start += 1
    kept = words[start:]
    named = [word for word in kept if not (word.endswith(".") and bare(word) in TITLES)] or kept
    return _without_nobility(_without_trailing_title(named))


def _is_title(words: Sequence[str], position: int, mixed: bool) -> bool:
    word, rest = words[position], len(words) - position - 1
    key = bare(word)
    if _is_known_title(words, position):
        return True
    if key in TITLES_WITH_DOT and word.endswith("."):
        return not _is_capital(word)
    if rest > 1 and _is_title_before_two(word, mixed):
        return True
    is_inner_title = position > 0 and key in TITLES_WITH_DOT
    if is_inner_title and mixed and word.islower():
        return True
    return _is_abbreviation(word, key, mixed, rest)


def _is_capital(word: str) -> bool:
    return len(bare(word)) == 1 and word.isupper()


def _is_known_title(words: Sequence[str], position: int) -> bool:
    """Return whether a word is a title wherever it stands, "the" before one, or one of nobility before a particle."""
    key = bare(words[position])
    if key == "the" and bare(words[position + 1]) in TITLES:
        return True
    if key in NOBILITY and not PARTICLES.isdisjoint(map(bare, words[position + 1 :])):
        return True
    return key in TITLES


def _is_title_before_two(word: str, mixed: bool) -> bool:
    """Return whether a word is a title if two words of a name follow it."""
    key = bare(word)
    if key in TITLES_BEFORE_TWO:
        return True
    stands_out = mixed and word.isupper()
    return stands_out and key in TITLES_IN_CAPITALS


def _is_abbreviation(word: str, key: str, mixed: bool, rest: int) -> bool:
    """Return whether an unknown word with a dot in front is a title rather than a short given name."""
    if not word.endswith(".") or len(key) < 2:
        return False
    if is_initials(word) or is_initial_pair(word):
        return False
    if key in SHORT_GIVEN_NAMES or key in GIVEN_NAMES:
        return False
    stands_out = mixed and word.islower()
    return stands_out or rest > 1 or ".-" in word


def _without_trailing_title(words: list[str]) -> list[str]:
    while len(words) > 2 and bare(words[-1]) in {"dr", "prof"}:
        words = words[:-1]
    return words


def _without_nobility(words: list[str]) -> list[str]:
    """Return "Karl Freiherr von Stein" as "Karl von Stein"; "Anton Graf" stays."""
    last = len(words) - 1
    return [
        word
        for position, word in enumerate(words)
        if not (0 < position < last and bare(word) in NOBILITY and bare(words[position + 1]) in PARTICLES)
    ]
