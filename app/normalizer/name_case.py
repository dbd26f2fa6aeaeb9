"""The case of names: words typed in capitals or in small letters are put in a name's case, mixed case stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
from app.normalizer.name_shapes import KINSHIP, bare
from app.normalizer.text import capitalize
from app.values.text import fold, word_set

_NO_VOWEL = re.compile(r"[^aeiouyAEIOUY\W\d_]+")
_TURKISH = re.compile(r"[ĞğŞşİı]")
_LONGEST_UNKNOWN_PARTICLE = 3
_AFTER_IN = frozenset({"'t", "’t", "der", "den"})
_APOSTROPHES = "'’ʼ`´"
_INNER_PARTICLES = PARTICLES - word_set("a e i y al el le do den bin van ben in")


def recase_words(
    words: Sequence[str], is_family: bool = False, keeps_particles: bool = False, context: str = ""
) -> list[str]:
    """Return each word of a name, those that are all upper or all lower case put in a name's case.

    Words in mixed case stay: nobody types "McDonald" or "DeShawn" by accident. With `is_family` the words open with
    a family name, whose leading particle is in lower case ("van der Berg"). With `keeps_particles` "VAN" is a name
    ("Van"), as in Vietnamese; `context` is the whole name, if the words are a part of it, and shows the language.
    """
    text = " ".join(words)
    is_mixed = not (text.isupper() or text.islower())
    is_turkish = _TURKISH.search(context or text) is not None
    recased: list[str] = []
    for position, word in enumerate(words):
        opens_given = position == 0 and not is_family
        is_last = position == len(words) - 1
        if not (is_last or keeps_particles) and _is_particle(words, position, opens_given, is_mixed):
            recased.append(word.lower())
        else:
            recased.append(_recase_word(_in_turkish(word) if is_turkish else word, opens_given, is_last, is_mixed))
    return recased


def _in_turkish(word: str) -> str:
    """Return a word whose later letters are lowered and whose first is raised by Turkish rules: I/ı, İ/i."""
    if word.isupper() and len(word) > 1:
        return word[:1] + word[1:].replace("I", "ı").replace("İ", "i").lower()
    return word[:1].replace("i", "İ") + word[1:] if word.islower() else word


def _is_particle(words: Sequence[str], position: int, opens_given: bool, is_mixed: bool) -> bool:
    """Return whether a word is a particle in lower case, going by the case of the words around it."""
    word, key = words[position], fold(words[position])
    if not _is_in_one_case(word):
        return False
    if key == "in" and words[position + 1].lower() not in _AFTER_IN:
        return False
    if not (is_mixed and word.islower()):
        return _is_known_particle(words, position, opens_given, is_mixed)
    return key in PARTICLES or (position > 0 and _may_be_unknown_particle(key, word))


def _is_in_one_case(word: str) -> bool:
    return word.isupper() or word.islower()


def _may_be_unknown_particle(key: str, word: str) -> bool:
    return len(word) <= _LONGEST_UNKNOWN_PARTICLE and key not in GIVEN_NAMES


def _is_known_particle(words: Sequence[str], position: int, opens_given: bool, is_mixed: bool) -> bool:
    word, key = words[position], fold(words[position])
    if key not in PARTICLES or opens_given:
        return False
    if is_mixed and len(word) == 2:
        return False
    if word.isupper() and key in CAPITAL_PARTICLES:
        return position > 0 and fold(words[position - 1]) in PARTICLES
    return True


def _recase_word(word: str, opens_given: bool, is_last: bool, is_mixed: bool) -> str:
    if not _is_in_one_case(word) or word.lower() in KINSHIP:
        return word
    key = bare(word)
    is_generation = key in GENERATIONS and "." not in word[:-1]
    if is_generation and not opens_given:
        return GENERATIONS[key]
    ends_mixed = is_last and is_mixed
    if ends_mixed and _stays_lower(word, key):
        return word
    return _in_name_case(word, is_last, is_mixed)


def _in_name_case(word: str, is_last: bool, is_mixed: bool) -> str:
    letters = word.strip(".,'")
    if "." in word[:-1] or len(letters) == 1:
        return word.upper()
    if word.isupper() and _stays_upper(letters, is_last, is_mixed):
        return word
    return "-".join(_capitalize_piece(piece, number) for number, piece in enumerate(word.split("-")))


def _stays_lower(word: str, key: str) -> bool:
    """Return whether a word in small letters at the end is written so: "oglu", a generation."""
    return word.islower() and (key in LOWER_GENERATIONS or key.endswith("oglu"))


def _stays_upper(letters: str, is_last: bool, is_mixed: bool) -> bool:
    """Return whether upper case letters are initials ("JP", "AJ") rather than a name that was typed in capitals."""
    if len(letters) != 2 or not letters.isascii() or letters.lower() in SHORT_NAMES:
        return False
    if letters in {"AJ", "EJ"} or _NO_VOWEL.fullmatch(letters):
        return True
    return is_mixed and not is_last


def _capitalize_piece(piece: str, number: int) -> str:
    if with_apostrophe := _capitalized_after_apostrophe(piece):
        return with_apostrophe
    lowered = piece.lower()
    if number > 0 and lowered in _INNER_PARTICLES:
        return lowered
    if lowered.startswith("mc") and len(piece) > 3:
        return "Mc" + capitalize(piece[2:])
    if lowered in MAC_NAMES:
        return "Mac" + capitalize(piece[3:])
    return capitalize(piece)


def _capitalized_after_apostrophe(piece: str) -> str | None:
    """Return "O'Neil" and "D'Angelo" with both capitals, None for a piece that does not open so."""
    mark = next((char for char in piece if char in _APOSTROPHES), None)
    if mark is None:
        return None
    head, _, tail = piece.partition(mark)
    if fold(head) not in APOSTROPHE_HEADS or len(tail) < 2:
        return None
    return capitalize(head) + mark + _capitalize_piece(tail, 0)
