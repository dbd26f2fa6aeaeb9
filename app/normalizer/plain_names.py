"""Names that are nothing but names, as most are, and that are quick to recognise.

A plain word is letters in a name's case, such as "Ada" or "Müller-Lind", and in no list of words that mean something
else in a name column: titles, credentials, particles, placeholders.
Every rule leaves it as it is, alone or beside another plain word.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.normalizer.data import name_words, nobody_words
from app.normalizer.name_shapes import bare
from app.normalizer.text import is_in_one_case
from app.values import blanks
from app.values.text import clean, word_set

_SHORTEST = 3  # letters of a piece between hyphens
_LONGEST = 40  # letters and hyphens
# Letters that some rules take for plain letters, though `fold` does not.
_SCOTTISH = re.compile("(?:^|-)Ma?c")
_INITIAL = re.compile(r" [A-Z]\. ")
_TITLES_IN_FRONT = frozenset({"", "Dr. ", "Dr ", "Mr. ", "Mrs. ", "Ms. ", "Prof. "})
_DEGREE_ENDS = word_set("Com Des Div Eng Min Mus Arch Phil Tech Pharm Psych")  # "M. Phil"
_ALIKE = str.maketrans("łđı", "ldi")
# What the patterns for remarks, companies and households look for.
_WORDS_OF_PATTERNS = word_set(
    """
    hiring opentowork seeking helping open looking actively available hire mission née geb geborene geborener
    gmbh llc ltd inc corp plc sarl pty sdn bhd ооо зао family
    """
)
_LISTS = (
    *(name_words.TITLES, name_words.TITLES_WITH_DOT, name_words.TITLES_IN_CAPITALS, name_words.TITLES_BEFORE_TWO),
    *(name_words.CREDENTIALS, name_words.SHORT_CREDENTIALS, name_words.AMBIGUOUS_CREDENTIALS),
    *(name_words.CREDENTIAL_WORDS, name_words.JOB_WORDS, name_words.NOBILITY),
    *(name_words.GENERATIONS, name_words.FAMILY_GENERATIONS, name_words.LOWER_GENERATIONS, name_words.ALL_PARTICLES),
    *(nobody_words.NOBODY_WORDS, nobody_words.NOBODY_PHRASES, nobody_words.NOBODY_OPENINGS),
    *(nobody_words.NOBODY_ENDINGS, nobody_words.FAMILY_OPENINGS, nobody_words.ABSENT_WORDS),
    *(nobody_words.ABSENT_PHRASES, blanks.WORDS, _WORDS_OF_PATTERNS),
)


def _key(word: str) -> str:
    return bare(word).translate(_ALIKE)


_OTHER_WORDS = frozenset(_key(word) for words in _LISTS for text in words for word in text.split())


@lru_cache(maxsize=16_384)
def is_plain(word: str) -> bool:
    """Return whether a word is a name and nothing else: "Ada" or "Müller-Lind", but not "Dr", "Sales" or "van"."""
    pieces = word.split("-")
    if len(word) > _LONGEST or not all(map(_is_in_name_case, pieces)) or clean(word) != word:
        return False
    return _OTHER_WORDS.isdisjoint(map(_key, [word, *pieces]))


def plain_pair(text: str) -> tuple[str, str] | None:
    """Return the two plain words that a text consists of, in a name's case; None for any other text.

    Two words that are both in capitals or both in small letters count if they are plain in a name's case. Letters
    outside ASCII have rules of their own there, and so have names such as "McDonald".
    """
    first, _, last = text.partition(" ")
    if is_plain(first) and is_plain(last):
        return first, last
    if not text.isascii() or not is_in_one_case(text):
        return None
    recased = first.title(), last.title()
    return recased if all(map(_is_plain_in_any_case, recased)) else None


@lru_cache(maxsize=16_384)
def _is_plain_in_any_case(word: str) -> bool:
    return is_plain(word) and not _SCOTTISH.search(word)


def plain_full_name(text: str, first: str, last: str) -> str | None:
    """Return the full name of two plain words that have their own columns, if it is as plain; None for any other.

    That is the words alone, with an initial between ("Ada M. Brandt"), which stays, or with a title in front or a
    degree behind, which goes.
    """
    before, whole, behind = text.partition(f"{first} {last}")
    if whole:
        is_decorated = before in _TITLES_IN_FRONT and _is_degree(behind)
        return whole if is_decorated else None
    if _has_initial(text, first, last):
        return text
    return f"{first} {last}" if plain_pair(text) == (first, last) else None


def _has_initial(text: str, first: str, last: str) -> bool:
    start, initial, end = text[: len(first)], text[len(first) : -len(last)], text[-len(last) :]
    if (start, end) != (first, last) or last in _DEGREE_ENDS:
        return False
    return _INITIAL.fullmatch(initial) is not None


def _is_degree(behind: str) -> bool:
    """Return whether nothing follows a name, or a single degree behind a comma or a blank."""
    if not behind:
        return True
    degree = behind.removeprefix(",").removeprefix(" ")
    return degree != behind and degree.isalpha() and bare(degree) in name_words.CREDENTIALS


def _is_in_name_case(piece: str) -> bool:
    if len(piece) < _SHORTEST or not piece.isalpha():
        return False
    return piece[0].isupper() and all(map(str.islower, piece[1:]))


def plain_words(text: str) -> tuple[str, ...]:
    """Return the words of a name of several plain words in any order; an empty tuple for any other name."""
    words = tuple(text.split(" "))
    return words if len(words) > 1 and all(map(is_plain, words)) else ()
