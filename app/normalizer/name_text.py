"""What a name column holds once titles, credentials, pronouns and remarks are off.

This guards the parser of full names, which takes whatever stands before or behind a comma for a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import filterfalse, takewhile
from typing import NamedTuple

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    ALL_PARTICLES,
    AMBIGUOUS_CREDENTIALS,
    CREDENTIAL_WORDS,
    CREDENTIALS,
    FAMILY_OPENINGS,
    JOB_WORDS,
    SHORT_CREDENTIALS,
    SHORT_GIVEN_NAMES,
    SPANISH_FAMILY_NAMES,
    TITLES,
    TITLES_WITH_DOT,
)
from app.normalizer.data.nobody_words import NEVER_NAMES
from app.normalizer.name_credentials import is_postnominal, is_pronoun, without_credentials
from app.normalizer.name_generations import is_generation, without_generation
from app.normalizer.name_remarks import readable
from app.normalizer.name_shapes import KINSHIP, WORD_EDGE, bare, is_initials, is_known_name, is_mixed
from app.normalizer.name_titles import without_titles
from app.normalizer.nobody import is_nobody
from app.normalizer.plain_names import is_plain, plain_words
from app.values.text import fold

_DOTTED_WORDS = CREDENTIALS | SHORT_CREDENTIALS | AMBIGUOUS_CREDENTIALS | TITLES
_TITLES_ALONE = TITLES | CREDENTIALS
_LONG_TITLES_WITH_DOT = frozenset(title for title in TITLES_WITH_DOT if len(title) > 1)
_GLUED_TITLES = TITLES | TITLES_WITH_DOT
_ALL_FAMILY_NAMES = FAMILY_NAMES | SPANISH_FAMILY_NAMES
_LONGEST_GIVEN = 4  # words
_LONGEST_MONONYM = 7  # letters that are taken for a name of one word in capitals
_COMMA = re.compile(r"[,;،、]")
_GLUED_TITLE = re.compile(r"^((?:[^\W\d_]{1,5}\.)+)(?=[^\W\d_]{3,}$)", re.UNICODE)
_ORDINAL = re.compile(r"[234](?:nd|rd|th)", re.IGNORECASE)
_TITLE_TAIL = re.compile(r"(?:様|さん|氏|先生|女士|님)$")
# A dot in front, or one that joins words, as in the names of users, rather than initials.
_STRANGE_DOT = re.compile(r"^\.|[^\W\d_]{2}\.[^\W\d_]|[^\W\d_]\.[^\W\d_]{2}")
_NAME_MARKS = ".'’‘ʼʻ`´-‐‑·״׳\u200c\u200d"


class NameText(NamedTuple):
    """The words of a name in their case and order; the words of a family name before a comma stand apart."""

    words: tuple[str, ...]
    family: tuple[str, ...]
    generation: str | None
    is_family_alone: bool
    """Whether a title or credential stood beside a single word: "Dr. Smith"."""


def read_name(value: str) -> NameText | None:
    """Return the words of a full name, or None if there is no name or it is unclear which words are the name."""
    if words := plain_words(value):
        return NameText(words, (), None, False)
    text = readable(value)
    if is_nobody(text):
        return None
    segments = _segments(text)
    names = [without_titles(without_credentials(words, 1)) for words in segments]
    if not _are_one_name(names):
        return None
    if len(names) == 2:
        return _inverted(*names)
    has_comma = _COMMA.search(text) is not None
    return _in_reading_order(names[0], segments[0], has_comma)


def read_part(value: str) -> tuple[str, ...]:
    """Return the words of a first or last name column without titles, credentials and generation."""
    if is_plain(value):
        return (value,)
    segments = _segments(readable(value))
    if len(segments) != 1:
        return ()
    words, _ = without_generation(without_titles(without_credentials(segments[0], 2)))
    return () if _has_stranger(words) or _is_title_alone(words) else tuple(words)


# The words between commas


def _segments(text: str) -> list[list[str]]:
    """Return the words between commas; segments of credentials, titles, pronouns and generations are off or joined."""
    mixed = is_mixed(text)
    segments = list(filter(None, map(_words, _COMMA.split(_TITLE_TAIL.sub("", text)))))
    kept = segments[:1]
    for words in segments[1:]:
        rest = list(filterfalse(_may_be_generation, words))
        if rest and not is_postnominal(rest, mixed, len(segments[0]) + len(kept) - 1):
            kept.append(words)
        else:
            kept[-1] = [*kept[-1], *filter(_may_be_generation, words)]
    return kept


def _may_be_generation(word: str) -> bool:
    return is_generation(word) or word.strip(".") == "V"


def _words(segment: str) -> list[str]:
    words: list[str] = []
    is_opening = True  # as long as there are titles and initials alone
    for written in segment.split():
        word = _without_full_stop(written.strip(WORD_EDGE))
        if not any(map(str.isalnum, word)) or is_pronoun(word):
            continue
        if is_opening:
            words.extend(_unglued(word))
            is_opening = words[-1].endswith(".")
        else:
            words.append(word)
    return words


def _without_full_stop(word: str) -> str:
    """Return a given name without the full stop of a sentence."""
    has_stop = len(word) > 5 and word.endswith(".")
    return word[:-1] if has_stop and bare(word) in GIVEN_NAMES else word


def _unglued(word: str) -> list[str]:
    """Return the words of "Dr.Smith", "J.Smith" and of a user name such as "ida.brandt"."""
    return _split_at_title(word) or _split_user_name(word) or [word]


def _split_at_title(word: str) -> list[str]:
    match = _GLUED_TITLE.match(word)
    if match is None or bare(word) in _DOTTED_WORDS or not _opens_name(match.group(1), word):
        return []
    titles = [f"{part}." for part in match.group(1).rstrip(".").split(".")]
    return [*titles, word[match.end() :]]


def _opens_name(head: str, word: str) -> bool:
    """Return whether what stands before the dots is a title, an initial or a short given name."""
    parts = head.rstrip(".").split(".")
    if _are_titles(parts):
        return True
    is_short = len(parts[0]) == 1 or bare(head) in SHORT_GIVEN_NAMES
    return is_short and word[:1].isupper() and is_mixed(word)


def _are_titles(parts: list[str]) -> bool:
    """Return whether there are titles and all other parts are initials."""
    long_parts = [fold(part) for part in parts if len(part) > 1]
    return bool(long_parts) and _GLUED_TITLES.issuperset(long_parts)


def _split_user_name(word: str) -> list[str]:
    pieces = re.split(r"[._]", word)
    if len(pieces) != 2 or not all(map(_is_plain_word, pieces)):
        return []
    given, family = map(bare, pieces)
    return pieces if given in GIVEN_NAMES and family not in GIVEN_NAMES else []


def _is_plain_word(piece: str) -> bool:
    return len(piece) > 1 and piece.isalpha()


# What is a name


def _are_one_name(segments: list[list[str]]) -> bool:
    """Return whether the words between commas are a name, or a family name and a given name."""
    if not 1 <= len(segments) <= 2 or any(map(_is_no_name, segments)):
        return False
    return len(segments) == 2 or not _is_title_alone(segments[0])


def _is_no_name(words: Sequence[str]) -> bool:
    return _has_stranger(words) or _is_unclear(words)


def _has_stranger(words: Sequence[str]) -> bool:
    """Return whether a word is no name's: a user name, a number, a sign."""
    return any(map(_is_strange, words))


def _is_strange(word: str) -> bool:
    if word.isalpha() or _ORDINAL.fullmatch(word) or bare(word) in KINSHIP:
        return False
    if _STRANGE_DOT.search(word):
        return True
    return not all(map(_is_name_character, word))


def _is_name_character(char: str) -> bool:
    return char in _NAME_MARKS or unicodedata.category(char)[0] in "LM"


def _is_unclear(words: Sequence[str]) -> bool:
    """Return whether a word is nobody's name, or a job ends the words without a sign before it."""
    keys = list(map(bare, words))
    if not NEVER_NAMES.isdisjoint(keys):
        return True
    return len(keys) > 2 and keys[-1] in JOB_WORDS


def _is_title_alone(words: Sequence[str]) -> bool:
    if len(words) != 1:
        return False
    return bare(words[0]) in _TITLES_ALONE or _is_dotted_mark(words[0])


def _is_dotted_mark(word: str) -> bool:
    """Return whether a word is a title or a generation because of the dot behind it."""
    return word.endswith(".") and (bare(word) in _LONG_TITLES_WITH_DOT or is_generation(word))


# A name in reading order


def _in_reading_order(name: list[str], segment: list[str], has_comma: bool) -> NameText | None:
    """Return the name of "Dr. John Smith Jr.", or None for the name of a user."""
    words, generation = without_generation(name)
    if len(segment) == 1 and _is_user_name(words[0]):
        return None
    is_titled = has_comma or name != segment
    is_family_alone = is_titled and _is_family_alone(words, segment)
    return NameText(tuple(words), (), generation, is_family_alone)


def _is_user_name(word: str) -> bool:
    """Return whether a single word that is no known name was typed as user names are: "idabrandt"."""
    if is_known_name(word) or not word.isascii():
        return False
    return word.islower() or (word.isupper() and len(word) > _LONGEST_MONONYM)


def _is_family_alone(words: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether the single word beside a title is a family name; knights have their given name there."""
    return len(words) == 1 and not is_initials(words[0]) and bare(before[0]) not in {"sir", "dame"}


# A name with the family name first


def _inverted(before_comma: list[str], behind_comma: list[str]) -> NameText | None:
    """Return the name of "Smith, John", or None if the words behind the comma may not be a given name."""
    family, generation_of_family = without_generation(before_comma)
    given, generation = without_generation(behind_comma)
    end = len(given) - _particles_at_end(given)
    family, given = [*given[end:], *family], given[:end]
    if len(given) > _LONGEST_GIVEN or not CREDENTIAL_WORDS.isdisjoint(map(bare, given)):
        return None
    is_certain = _is_family_name(family) or bare(given[0]).split("-")[0] in GIVEN_NAMES
    return NameText(tuple(given), tuple(family), generation or generation_of_family, False) if is_certain else None


def _particles_at_end(given: Sequence[str]) -> int:
    """Return how many words behind the given name belong to the family name: "Berg, Anna van den"."""
    particles = takewhile(_is_small_particle, given[:0:-1])
    return len(list(particles))


def _is_small_particle(word: str) -> bool:
    return word.islower() and bare(word) in ALL_PARTICLES


def _is_family_name(words: Sequence[str]) -> bool:
    """Return whether the words are a family name rather than a whole name: a single word, or known ones."""
    keys = list(map(bare, words))
    if len(words) == 1 or keys[0] in FAMILY_OPENINGS:
        return True
    return keys[0] not in GIVEN_NAMES and not _ALL_FAMILY_NAMES.isdisjoint(keys)
