"""Credentials and pronouns behind a name: "MBA", "PhD", "she/her"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    AMBIGUOUS_CREDENTIALS,
    CREDENTIAL_WORDS,
    CREDENTIALS,
    PRONOUNS,
    SHORT_CREDENTIALS,
    TITLES,
)
from app.normalizer.name_shapes import bare, is_initials, is_mixed, is_small, stands_out
from app.values.text import fold

_POSTNOMINALS = CREDENTIALS | CREDENTIAL_WORDS | TITLES
_UNSURE_CREDENTIALS = SHORT_CREDENTIALS | AMBIGUOUS_CREDENTIALS
_SPLIT_CREDENTIALS = CREDENTIALS | SHORT_CREDENTIALS
_SURE_PRONOUNS = frozenset({"he", "she", "they", "him", "her", "them"})
_JOINING_WORDS = frozenset({"and", "of", "in", "for", "the", "a"})
_SLASH = re.compile(r"[/|\\]")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_UNSPEAKABLE = re.compile(r"[b-df-hj-np-tv-xz]{3,}", re.IGNORECASE | re.ASCII)
_CAMEL_CREDENTIAL = re.compile(
    r"(?!M[Cc])[A-Z]{2,}[a-z]+[A-Za-z]*|[A-Z][a-z]{1,4}[A-Z]|[A-Z][a-z]{1,3}[A-Z]{1,3}[a-z]{0,3}[A-Z]"
)
_DIGIT = re.compile(r"\d")


def is_pronoun(word: str) -> bool:
    """Return whether a word is pronouns with a slash: "she/her"."""
    if _SLASH.search(word) is None:
        return False
    parts = _SLASH.split(fold(word).strip("()."))
    return PRONOUNS.issuperset(filter(None, parts))


def is_postnominal(words: Sequence[str], mixed: bool, head_length: int) -> bool:
    """Return whether all words behind a comma say what a person is rather than what the person is called."""
    if all(_is_pronoun_alone(word, mixed) for word in words):
        return True
    return all(_is_credential_behind_comma(word, mixed, head_length) for word in words)


def _is_pronoun_alone(word: str, mixed: bool) -> bool:
    """Return whether a word without a slash is a pronoun: "she", but not "Ella"."""
    key = fold(word).strip(".")
    if key in _SURE_PRONOUNS:
        return True
    return key in PRONOUNS and is_small(word, mixed)


def _is_credential_behind_comma(word: str, mixed: bool, head_length: int) -> bool:
    key = bare(word)
    if _is_surely_behind_comma(word, key):
        return True
    if key not in _UNSURE_CREDENTIALS:
        return _looks_like_credential(word, mixed, head_length)
    may_be_name = head_length < 2 or (mixed and word.istitle())
    return not may_be_name or _is_marked(word, mixed)


def _is_surely_behind_comma(word: str, key: str) -> bool:
    """Return whether a word behind a comma is no name: a known credential or title, a number, "of" before a field."""
    if key in _JOINING_WORDS:
        return word.islower()
    return key in _POSTNOMINALS or _DIGIT.search(word) is not None


def _is_marked(word: str, mixed: bool) -> bool:
    """Return whether a word is written as credentials are: with a dot inside, as "PhD" is, or in capitals."""
    return _is_shaped_so(word) or stands_out(word, mixed)


def _is_shaped_so(word: str) -> bool:
    return "." in word[:-1] or _CAMEL_CREDENTIAL.fullmatch(word) is not None


def _looks_like_credential(word: str, mixed: bool, head_length: int) -> bool:
    """Return whether a word that no list knows has the shape of an abbreviation."""
    if "." in word[:-1]:
        return head_length > 1 or not is_initials(word)
    if is_initials(word) or bare(word) in GIVEN_NAMES:
        return False
    if _CAMEL_CREDENTIAL.fullmatch(word):
        return True
    is_in_capitals = len(word) > 1 and stands_out(word, mixed)
    return is_in_capitals and (head_length > 1 or not _VOWEL.search(word))


def without_credentials(words: list[str], least_before: int) -> list[str]:
    """Return the words without "MBA" or "PhD" at the end; at least one word stays.

    `least_before` is 2 in the column of a part, where no given name stands in front.
    """
    mixed = is_mixed(" ".join(words))
    kept = words
    while len(kept) > 1:
        size = _credential_size(kept, mixed, len(kept) - 2 + least_before)
        if size == 0:
            break
        kept = kept[:-size]
    return kept


def _credential_size(words: Sequence[str], mixed: bool, before: int) -> int:
    """Return how many words at the end are one credential, which follows `before` words of a name."""
    return 2 if _is_split_credential(words) else int(_is_credential(words, mixed, before))


def _is_split_credential(words: Sequence[str]) -> bool:
    """Return whether the last two words are one credential: "M. D."."""
    if len(words) < 4 or not words[-2].endswith("."):
        return False
    return len(bare(words[-1])) == 1 and bare(words[-2] + words[-1]) in _SPLIT_CREDENTIALS


def _is_credential(words: Sequence[str], mixed: bool, before: int) -> bool:
    """Return whether the last word is a credential, which follows `before` words of a name."""
    word = words[-1]
    key = bare(word)
    if key in CREDENTIALS:
        return True
    if key in _UNSURE_CREDENTIALS:
        return _is_unsure_credential(words, mixed, before)
    if is_initials(word) or key in GIVEN_NAMES:
        return False
    return _has_shape_of_credential(word, mixed, before)


def _is_unsure_credential(words: Sequence[str], mixed: bool, before: int) -> bool:
    """Return whether a last word that may be a name too is a credential: by how it is written and what precedes it."""
    word, follows_name = words[-1], before > 1
    is_marked = _is_marked(word, mixed)
    if bare(word) in SHORT_CREDENTIALS:
        return is_marked or (follows_name and not _VOWEL.search(bare(word)))
    return is_marked and follows_name and not _is_family_in_capitals(words)


def _is_family_in_capitals(words: Sequence[str]) -> bool:
    """Return whether the last word may be a family name that is typed in capitals behind the given name."""
    is_in_capitals = words[-1].isupper() and words[-1].isalpha()
    return is_in_capitals and bare(words[-2]) in GIVEN_NAMES


def _has_shape_of_credential(word: str, mixed: bool, before: int) -> bool:
    if _is_shaped_so(word):
        return before > 1 or not word.isalpha()
    return before > 1 and stands_out(word, mixed) and _is_no_word(word)


def _is_no_word(word: str) -> bool:
    """Return whether capitals are no word: with a digit or a known credential inside, or without a vowel."""
    has_credential = not CREDENTIALS.isdisjoint(map(bare, word.split("-")))
    return has_credential or _DIGIT.search(word) is not None or _UNSPEAKABLE.fullmatch(word) is not None
