"""What a name column holds once titles, credentials, pronouns and remarks are off.

This guards the parser of full names, which takes whatever stands before or behind a comma for a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

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
from app.normalizer.name_shapes import KINSHIP, WORD_EDGE, bare, is_initial_pair, is_initials, is_known_name, is_mixed
from app.normalizer.name_titles import without_titles
from app.normalizer.nobody import is_nobody
from app.values.text import fold

_DOTTED_WORDS = CREDENTIALS | SHORT_CREDENTIALS | AMBIGUOUS_CREDENTIALS | TITLES
_LONGEST_GIVEN = 4  # words
_LONGEST_MONONYM = 7  # letters that are taken for a name of one word in capitals
_COMMA = re.compile(r"[,;،、]")
_GLUED_TITLE = re.compile(r"^((?:[^\W\d_]{1,5}\.)+)(?=[^\W\d_]{3,}$)", re.UNICODE)
_ORDINAL = re.compile(r"[234](?:nd|rd|th)", re.IGNORECASE)
_TITLE_TAIL = re.compile(r"(?:様|さん|氏|先生|女士|님)$")
_INNER_DOT = re.compile(r"[^\W\d_]{2}\.[^\W\d_]|[^\W\d_]\.[^\W\d_]{2}")
_NAME_MARKS = ".'’‘ʼʻ`´-‐‑·״׳\u200c\u200d"


class NameText(NamedTuple):
    """The words of a name in their case and order; those of a family name that a comma puts first stand apart."""

    words: tuple[str, ...]
    family: tuple[str, ...]
    generation: str | None
    is_family_alone: bool
    """Whether a title or credential stood beside a single word: "Dr. Smith"."""


def read_name(value: Any) -> NameText | None:
    """Return the words of a full name, or None if there is none or nobody can tell which words are the name."""
    text = readable(value)
    if text is None or is_nobody(text):
        return None
    segments = _segments(text)
    names = list(map(_without_decoration, segments))
    if not _are_one_name(names):
        return None
    if len(names) == 2:
        family, generation_of_family = without_generation(names[0])
        given, generation = without_generation(names[1])
        return _inverted(family, given, generation or generation_of_family)
    words, generation = without_generation(names[0])
    if len(segments[0]) == 1 and _is_user_name(words[0]):
        return None
    is_titled = names[0] != segments[0] or _COMMA.search(text) is not None
    is_family_alone = is_titled and _is_family_alone(words, segments[0])
    return NameText(tuple(words), (), generation, is_family_alone)


def _without_decoration(words: list[str]) -> list[str]:
    return without_titles(without_credentials(words, 1))


def _are_one_name(segments: list[list[str]]) -> bool:
    """Return whether the words between commas are a name, or a family name and a given name."""
    if segments in ([], [[]]) or len(segments) > 2:
        return False
    if any(map(_has_stranger, segments)) or any(map(_is_unclear, segments)):
        return False
    return len(segments) == 2 or not _is_title_alone(segments[0])


def read_part(value: Any) -> tuple[str, ...]:
    """Return the words of a first or last name column without titles, credentials and generation."""
    text = readable(value)
    if text is None:
        return ()
    segments = _segments(text)
    if len(segments) != 1:
        return ()
    words, _ = without_generation(without_titles(without_credentials(segments[0], 2)))
    return () if _has_stranger(words) or _is_title_alone(words) else tuple(words)


def _is_user_name(word: str) -> bool:
    """Return whether a single word that is no known name was typed as user names are: "idabrandt"."""
    if is_known_name(word) or not word.isascii():
        return False
    return word.islower() or (word.isupper() and len(word) > _LONGEST_MONONYM)


def _is_title_alone(words: Sequence[str]) -> bool:
    if len(words) != 1:
        return False
    key = bare(words[0])
    is_marked = words[0].endswith(".") and len(key) > 1 and (key in TITLES_WITH_DOT or is_generation(words[0]))
    return key in TITLES or key in CREDENTIALS or is_marked


def _is_unclear(words: Sequence[str]) -> bool:
    """Return whether a word is nobody's name, or a job ends the words without a sign before it."""
    keys = [bare(word) for word in words]
    return not NEVER_NAMES.isdisjoint(keys) or (len(keys) > 2 and keys[-1] in JOB_WORDS)


def _is_family_alone(words: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether the single word beside a title is a family name; knights have their given name there."""
    return len(words) == 1 and not is_initials(words[0]) and bare(before[0]) not in {"sir", "dame"}


def _segments(text: str) -> list[list[str]]:
    """Return the words between commas; segments of credentials, titles, pronouns and generations are off or joined."""
    mixed = is_mixed(text)
    segments = map(_words, _COMMA.split(_TITLE_TAIL.sub("", text)))
    head, *others = list(filter(None, segments)) or [[]]
    kept = [head]
    for words in others:
        generations = [word for word in words if is_generation(word) or word.strip(".") == "V"]
        rest = [word for word in words if word not in generations]
        if not rest or is_postnominal(rest, mixed, len(head) + len(kept) - 1):
            kept[-1] = [*kept[-1], *generations]
        else:
            kept.append(words)
    return list(filter(None, kept))


def _words(segment: str) -> list[str]:
    words: list[str] = []
    for word in segment.split():
        stripped = word.strip(WORD_EDGE)
        if not any(map(str.isalnum, stripped)) or is_pronoun(stripped):
            continue
        if len(stripped) > 5 and stripped.endswith(".") and bare(stripped) in GIVEN_NAMES:
            stripped = stripped[:-1]
        is_in_front = all(before.endswith(".") for before in words)
        words.extend(_unglued(stripped) if is_in_front else [stripped])
    return words


def _unglued(word: str) -> list[str]:
    """Return the words of "Dr.Smith", "J.Smith" and of a user name such as "ida.brandt"."""
    return _split_at_title(word) or _split_user_name(word) or [word]


def _split_at_title(word: str) -> list[str]:
    match = _GLUED_TITLE.match(word)
    if match is None or bare(word) in _DOTTED_WORDS or not _opens_name(match.group(1), word):
        return []
    titles = [f"{part}." for part in match.group(1).rstrip(".").split(".")]
    return [*titles, word[match.end() :]]


def _split_user_name(word: str) -> list[str]:
    pieces = re.split(r"[._]", word)
    is_user_name = len(pieces) == 2 and all(len(piece) > 1 and piece.isalpha() for piece in pieces)
    if not is_user_name or bare(pieces[0]) not in GIVEN_NAMES or bare(pieces[1]) in GIVEN_NAMES:
        return []
    return pieces


def _opens_name(head: str, word: str) -> bool:
    """Return whether what stands before the dots is a title, an initial or a short given name."""
    parts = head.rstrip(".").split(".")
    long_parts = [fold(part) for part in parts if len(part) > 1]
    if long_parts and (TITLES | TITLES_WITH_DOT).issuperset(long_parts):
        return True
    is_short = len(parts[0]) == 1 or bare(head) in SHORT_GIVEN_NAMES
    return is_short and word[:1].isupper() and is_mixed(word)


def _has_stranger(words: Sequence[str]) -> bool:
    """Return whether a word is no name's: a user name, a number, a sign."""
    return any(map(_is_strange, words))


def _is_strange(word: str) -> bool:
    if _ORDINAL.fullmatch(word) or bare(word) in KINSHIP:
        return False
    if word.startswith("."):
        return True
    if _INNER_DOT.search(word) and not (is_initials(word) or is_initial_pair(word)):
        return True
    return not all(unicodedata.category(char)[0] in "LM" or char in _NAME_MARKS for char in word)


def _inverted(family: list[str], given: list[str], generation: str | None) -> NameText | None:
    """Return the name of "Smith, John", or None if what follows the comma may be no given name."""
    while len(given) > 1 and given[-1].islower() and bare(given[-1]) in ALL_PARTICLES:
        family, given = [given[-1], *family], given[:-1]
    if not given or len(given) > _LONGEST_GIVEN or any(bare(word) in CREDENTIAL_WORDS for word in given):
        return None
    if _is_family_name(family) or bare(given[0]).split("-")[0] in GIVEN_NAMES:
        return NameText(tuple(given), tuple(family), generation, False)
    return None


def _is_family_name(words: Sequence[str]) -> bool:
    """Return whether the words are a family name rather than a whole name: one, or several that are known as one."""
    keys = [bare(word) for word in words]
    if len(words) == 1 or keys[0] in FAMILY_OPENINGS:
        return True
    return keys[0] not in GIVEN_NAMES and not (FAMILY_NAMES.isdisjoint(keys) and SPANISH_FAMILY_NAMES.isdisjoint(keys))
