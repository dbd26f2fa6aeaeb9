"""Generations behind a name: "Jr.", "III", "Filho"."""

from __future__ import annotations

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import FAMILY_GENERATIONS, GENERATIONS, LOWER_GENERATIONS, PARTICLES
from app.normalizer.name_shapes import bare, is_mixed


def is_generation(word: str) -> bool:
    """Return whether a word is written as a generation: "Jr.", "III"."""
    return bare(word) in GENERATIONS and "." not in word[:-1]  # "J.R." are initials


def without_generation(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without "Jr." or "III" at the end, and that mark in its usual form."""
    generation = _generation_at_end(words) if len(words) > 1 else None
    return (words, None) if generation is None else (words[:-1], generation)


def _generation_at_end(words: list[str]) -> str | None:
    word = words[-1]
    if is_generation(word) and not _may_be_name(word):
        return _rendered(word)
    if _is_lower_mark(word) and is_mixed(" ".join(words)):
        return word
    return _generation_behind_name(words) if len(words) > 2 else None


def _may_be_name(word: str) -> bool:
    """Return whether a mark is a name unless a dot stands behind it: "Jun", "Sen"."""
    return bare(word) in {"jun", "sen"} and not word.endswith(".")


def _is_lower_mark(word: str) -> bool:
    return word.islower() and bare(word) in LOWER_GENERATIONS


def _generation_behind_name(words: list[str]) -> str | None:
    """Return a mark that means a generation only behind two words of a name."""
    word = words[-1]
    if _is_fifth(words):
        return word
    is_family_mark = bare(word) in FAMILY_GENERATIONS and bare(words[-2]) not in PARTICLES
    return word.capitalize() if is_family_mark else None


def _is_fifth(words: list[str]) -> bool:
    """Return whether the "V" at the end is a number: behind a whole family name, with a given name in front."""
    follows_name = len(words[-2]) > 2 and bare(words[0]) in GIVEN_NAMES
    return follows_name and words[-1] == "V"


def _rendered(word: str) -> str:
    key = bare(word)
    return word.capitalize() if key == "junior" else GENERATIONS[key]
