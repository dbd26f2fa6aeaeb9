"""The case of names: words typed in capitals or in small letters are put in a name's case, mixed case stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    APOSTROPHE_HEADS,
    CAPITAL_PARTICLES,
    GENERATIONS,
    LOWER_GENERATIONS,
    MAC_NAMES,
    PARTICLES,
    SHORT_NAMES,
)
from app.normalizer.name_generations import is_generation
from app.normalizer.name_shapes import KINSHIP, bare, is_small
from app.normalizer.text import capitalize, is_in_one_case
from app.values.text import fold, word_set

_INITIALS = re.compile(r"[AE]J|[^aeiouyAEIOUY\W\d_]+")  # of given names, in capitals
_TURKISH = re.compile(r"[ĞğŞşİı]")
_LONGEST_UNKNOWN_PARTICLE = 3
_AFTER_IN = frozenset({"'t", "’t", "der", "den"})
_PREFIXED = re.compile("([^'’ʼ`´]*)(['’ʼ`´])(.{2,})", re.DOTALL)
_INNER_PARTICLES = PARTICLES - word_set("a e i y al el le do den bin van ben in")


class _Place(NamedTuple):
    """Where in a name a word stands."""

    before: str
    """The word before it, "" if it is the first."""
    opens_given: bool
    is_last: bool
    is_mixed: bool
    """Whether the name has letters of both cases, so that their case says something."""


def recase_words(
    words: Sequence[str], is_family: bool = False, keeps_particles: bool = False, context: str = ""
) -> list[str]:
    """Return the words of a name; those in all upper or all lower case are put in a name's case.

    Words in mixed case stay: nobody types "McDonald" or "DeShawn" by accident. With `is_family` the words open with
    a family name, whose leading particle is in lower case ("van der Berg"). With `keeps_particles` "VAN" is a name
    ("Van"), as in Vietnamese; `context` is the whole name, if the words are a part of it, and shows the language.
    """
    text = " ".join(words)
    is_mixed = not is_in_one_case(text)
    is_turkish = _TURKISH.search(context or text) is not None
    recased = list(words)
    for position, (before, word) in enumerate(zip(["", *words], words, strict=False)):
        if not is_in_one_case(word):
            continue
        place = _Place(before, position == 0 and not is_family, position == len(words) - 1, is_mixed)
        if not keeps_particles and _is_particle(words, position, place):
            recased[position] = word.lower()
        else:
            recased[position] = _recase_word(_in_turkish(word) if is_turkish else word, place)
    return recased


def _in_turkish(word: str) -> str:
    """Return a word whose later letters are lowered and whose first is raised by Turkish rules: I/ı, İ/i."""
    first, rest = word[:1], word[1:]
    if word.isupper():
        return first + rest.replace("I", "ı").replace("İ", "i").lower()
    return first.replace("i", "İ") + rest if word.islower() else word


# Particles


def _is_particle(words: Sequence[str], position: int, place: _Place) -> bool:
    """Return whether a word in one case is a particle in lower case, going by the case of the words around it."""
    word = words[position]
    if place.is_last or _is_lone_in(words, position):
        return False
    if is_small(word, place.is_mixed):
        return _is_lower_particle(word, place)
    return _is_known_particle(word, place)


def _is_lone_in(words: Sequence[str], position: int) -> bool:
    """Return whether a word is the Korean syllable "in" rather than the beginning of "in 't"."""
    return fold(words[position]) == "in" and words[position + 1].lower() not in _AFTER_IN


def _is_lower_particle(word: str, place: _Place) -> bool:
    """Return whether a word in small letters is a known particle, or short enough to be an unknown particle."""
    key = fold(word)
    if key in PARTICLES:
        return True
    return place.before != "" and len(word) <= _LONGEST_UNKNOWN_PARTICLE and key not in GIVEN_NAMES


def _is_known_particle(word: str, place: _Place) -> bool:
    key = fold(word)
    if key not in PARTICLES or place.opens_given:
        return False
    if place.is_mixed and len(word) == 2:
        return False
    return word.islower() or key not in CAPITAL_PARTICLES or fold(place.before) in PARTICLES


# Other words


def _recase_word(word: str, place: _Place) -> str:
    if not is_in_one_case(word) or word.lower() in KINSHIP:
        return word
    if is_generation(word) and not place.opens_given:
        return GENERATIONS[bare(word)]
    return word if _stays_lower(word, place) else _in_name_case(word, place)


def _stays_lower(word: str, place: _Place) -> bool:
    """Return whether a word in small letters at the end is written so: "oglu", a generation."""
    if not (place.is_last and is_small(word, place.is_mixed)):
        return False
    key = bare(word)
    return key in LOWER_GENERATIONS or key.endswith("oglu")


def _in_name_case(word: str, place: _Place) -> str:
    letters = word.strip(".,'")
    if len(letters) == 1 or "." in word[:-1]:
        return word.upper()
    if word.isupper() and _stays_upper(letters, place):
        return word
    first, *others = word.split("-")
    return "-".join([_capitalize_piece(first), *map(_capitalize_inner_piece, others)])


def _stays_upper(letters: str, place: _Place) -> bool:
    """Return whether upper case letters are initials ("JP", "AJ") rather than a name that was typed in capitals."""
    if not _may_be_initials(letters):
        return False
    if _INITIALS.fullmatch(letters):
        return True
    return place.is_mixed and not place.is_last


def _may_be_initials(letters: str) -> bool:
    return len(letters) == 2 and letters.isascii() and letters.lower() not in SHORT_NAMES


def _capitalize_inner_piece(piece: str) -> str:
    """Return what follows a hyphen in a name's case; particles stay in small letters there."""
    lowered = piece.lower()
    return lowered if lowered in _INNER_PARTICLES else _capitalize_piece(piece)


def _capitalize_piece(piece: str) -> str:
    if prefixed := _capitalized_after_apostrophe(piece):
        return prefixed
    lowered = piece.lower()
    if lowered.startswith("mc") and len(piece) > 3:
        return "Mc" + capitalize(piece[2:])
    if lowered in MAC_NAMES:
        return "Mac" + capitalize(piece[3:])
    return capitalize(piece)


def _capitalized_after_apostrophe(piece: str) -> str | None:
    """Return "O'Neil" and "D'Angelo" with both capitals, None for a piece that does not open so."""
    match = _PREFIXED.fullmatch(piece)
    if match is None or fold(match.group(1)) not in APOSTROPHE_HEADS:
        return None
    head, mark, tail = match.groups()
    return capitalize(head) + mark + _capitalize_piece(tail)
