"""Where the family name starts in a name whose given name comes first.

The rules of the project decide first; a parser of names decides what they leave open.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

from nameparser import Lexicon, Parser, Policy

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    ALL_PARTICLES,
    DEVOTIONAL_HEADS,
    DEVOTIONS,
    FAMILY_PARTICLES,
    O_NAMES,
    PARTICLES,
    SPANISH_FAMILY_NAMES,
)
from app.normalizer.east_asian_names import is_family_first_script
from app.values.text import fold, word_set

_NUMERAL = re.compile(r"[ivxIVX]+")
_DOTTED_INITIAL = re.compile(r"[A-Z]\.")
_BOUND_TO_NEXT = word_set("abd abdal abdel abdul")
_DEVOTION_LINKS = frozenset({"de", "del", "da", "das", "do", "dos"})


def start_of_family(words: Sequence[str], keys: Sequence[str]) -> int:
    """Return where the family name of two words or more starts, 0 if that is not clear."""
    if len(words) == 2:
        return 1 if keys[0] in ALL_PARTICLES else _parsed_start(words)
    last = len(words) - 1
    if _binds_to_last(keys):
        return _before_particles(keys, last - 1)
    if devotion_end := _devotion_end(keys):
        return devotion_end if devotion_end <= last else 0
    if _is_spanish_family(keys[-2]) and keys[-1] not in GIVEN_NAMES:
        return last - 1 if _is_spanish_family(keys[-1]) else 0
    if _is_initial(words[-1]):
        return 0  # "Senthil Kumar V"
    particles = int(keys[0] in ALL_PARTICLES)
    return particles + _parsed_start(words[particles:])


def _binds_to_last(keys: Sequence[str]) -> bool:
    """Return whether the last but one word belongs to the family name: "O Brien", "Abdul Aziz", "Kok-De Boer"."""
    before = keys[-2]
    if before == "o":
        return keys[-1] in O_NAMES
    _, hyphen, tail = before.rpartition("-")
    return before in _BOUND_TO_NEXT or (hyphen != "" and tail in PARTICLES)


def _before_particles(keys: Sequence[str], position: int) -> int:
    """Return where the particles in front of a word start: "de Vries-van Dijk"."""
    while position > 1 and keys[position - 1] in ALL_PARTICLES:
        position -= 1
    return position


def _devotion_end(keys: Sequence[str]) -> int:
    """Return where a given name such as "María del Carmen" ends, 0 if there is none."""
    if len(keys) < 4 or keys[0] not in DEVOTIONAL_HEADS or keys[1] not in _DEVOTION_LINKS:
        return 0
    position = 3 if keys[2] in {"la", "los", "las"} else 2
    return position + 1 if keys[position] in DEVOTIONS else 0


def _is_spanish_family(key: str) -> bool:
    if key in GIVEN_NAMES:
        return False
    return key in SPANISH_FAMILY_NAMES or (key.endswith("ez") and len(key) > 4)


def _is_initial(word: str) -> bool:
    return len(word) == 1 and not is_family_first_script(word)


def _parsed_start(words: Sequence[str]) -> int:
    """Return where the parser says that the family name starts; 0 if it returns other words."""
    # The parser would say the same, and take most of the time that an answer's name costs.
    if start := _plain_start(words):
        return start
    parsed = _parser().parse(" ".join(words))
    family = parsed.family.split()
    start = len(words) - len(family)
    is_sound = family == list(words[start:]) and not parsed.suffix
    return start if is_sound else 0


def _plain_start(words: Sequence[str]) -> int:
    """Return where the family name starts in a name of plain words with particles between, 0 for any other name."""
    front = list(takewhile(_is_plain_in_front, words[:-1]))
    names = list(dropwhile(_lexicon().particles.__contains__, words[len(front) :]))
    return len(front) if names and all(map(is_plain_to_parser, names)) else 0


def _is_plain_in_front(word: str) -> bool:
    """Return whether the parser takes a word before others for a name or an initial."""
    return is_plain_to_parser(word) or _DOTTED_INITIAL.fullmatch(word) is not None


def is_plain_to_parser(word: str) -> bool:
    """Return whether a word is nothing but a name to the parser of names, wherever it stands."""
    if not word.replace("-", "").isalpha() or _NUMERAL.fullmatch(word):
        return False
    return fold(word) not in _parser_words()


@functools.cache
def _parser() -> Parser:
    """Return a parser that knows particles and bound given names; titles, credentials and commas are gone by then."""
    return Parser(lexicon=_lexicon(), policy=Policy(segment_scripts=frozenset()))


@functools.cache
def _parser_words() -> frozenset[str]:
    """Return the words that mean something to the parser."""
    known = _lexicon()
    return frozenset(map(fold, known.particles | known.conjunctions | known.bound_given_names))


@functools.cache
def _lexicon() -> Lexicon:
    shipped = Lexicon.default()
    return Lexicon(
        particles=shipped.particles | FAMILY_PARTICLES,
        particles_ambiguous=shipped.particles_ambiguous,
        conjunctions=shipped.conjunctions - {"of", "the", "&", "and"},
        conjunctions_ambiguous=shipped.conjunctions_ambiguous,
        bound_given_names=shipped.bound_given_names,
    )
