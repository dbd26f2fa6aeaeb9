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
from app.normalizer.name_shapes import bare, is_initials, is_mixed
from app.values.text import fold

_POSTNOMINALS = CREDENTIALS | CREDENTIAL_WORDS | TITLES
_JOINING_WORDS = frozenset({"and", "of", "in", "for", "the", "a"})
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_CAMEL_CREDENTIAL = re.compile(
    r"(?!M[Cc])[A-Z]{2,}[a-z]+[A-Za-z]*|[A-Z][a-z]{1,4}[A-Z]|[A-Z][a-z]{1,3}[A-Z]{1,3}[a-z]{0,3}[A-Z]"
)
_DIGIT = re.compile(r"\d")


def is_pronoun(word: str) -> bool:
    """Return whether a word is pronouns with a slash: "she/her"."""
    parts = re.split(r"[/|\\]", fold(word).strip("()."))
    return len(parts) > 1 and all(part in PRONOUNS for part in parts if part)


def is_postnominal(words: Sequence[str], mixed: bool, head_length: int) -> bool:
    """Return whether all words behind a comma say what somebody is rather than what somebody is called."""
    if all(_is_pronoun_alone(word, mixed) for word in words):
        return True
    return all(_is_credential_behind_comma(word, mixed, head_length) for word in words)


def _is_pronoun_alone(word: str, mixed: bool) -> bool:
    """Return whether a word without a slash is a pronoun: "she", but not "Ella"."""
    key = fold(word).strip(".")
    return key in PRONOUNS and ((mixed and word.islower()) or key in {"he", "she", "they", "him", "her", "them"})


def _is_credential_behind_comma(word: str, mixed: bool, head_length: int) -> bool:
    key = bare(word)
    if key in _POSTNOMINALS or _DIGIT.search(word):
        return True
    if key in _JOINING_WORDS and word.islower():
        return True
    if key in SHORT_CREDENTIALS or key in AMBIGUOUS_CREDENTIALS:
        may_be_name = head_length < 2 or (mixed and word.istitle())
        return not may_be_name or _is_marked(word, mixed)
    return _looks_like_credential(word, mixed, head_length)


def _is_marked(word: str, mixed: bool) -> bool:
    """Return whether a word is written as credentials are: with a dot inside, as "PhD" is, or in capitals."""
    if _CAMEL_CREDENTIAL.fullmatch(word) or "." in word[:-1]:
        return True
    return mixed and word.isupper()


def _looks_like_credential(word: str, mixed: bool, head_length: int) -> bool:
    """Return whether a word that no list knows has the shape of an abbreviation."""
    has_dot = "." in word[:-1]
    if is_initials(word):
        return has_dot and head_length > 1
    if has_dot:
        return True
    if bare(word) in GIVEN_NAMES:
        return False
    if _CAMEL_CREDENTIAL.fullmatch(word):
        return True
    stands_out = mixed and word.isupper() and len(word) > 1
    return stands_out and (head_length > 1 or _VOWEL.search(word) is None)


def without_credentials(words: list[str], least_before: int) -> list[str]:
    """Return the words without "MBA" or "PhD" at the end; at least one word stays.

    `least_before` is 2 in the column of a part, where no given name stands in front.
    """
    text = " ".join(words)
    mixed = is_mixed(text)
    kept = words
    while len(kept) > 1:
        if _is_split_credential(kept):
            kept = kept[:-2]
        elif _is_credential(kept, mixed, len(kept) - 2 + least_before):
            kept = kept[:-1]
        else:
            break
    return kept


def _is_split_credential(words: Sequence[str]) -> bool:
    """Return whether the last two words are one credential: "M. D."."""
    if len(words) < 4 or not words[-2].endswith("."):
        return False
    return bare(words[-2] + words[-1]) in CREDENTIALS | SHORT_CREDENTIALS and len(bare(words[-1])) == 1


def _is_credential(words: Sequence[str], mixed: bool, before: int) -> bool:
    """Return whether the last word is a credential, with so many words of a name before it."""
    word = words[-1]
    key = bare(word)
    if key in CREDENTIALS:
        return True
    if key in SHORT_CREDENTIALS:
        is_short_for_nothing_else = before > 1 and _VOWEL.search(key) is None
        return is_short_for_nothing_else or _is_marked(word, mixed)
    if key in AMBIGUOUS_CREDENTIALS:
        may_be_name = before < 2 or _is_family_in_capitals(words)
        return not may_be_name and _is_marked(word, mixed)
    if is_initials(word) or key in GIVEN_NAMES:
        return False
    return _has_shape_of_credential(word, mixed, before)


def _is_family_in_capitals(words: Sequence[str]) -> bool:
    """Return whether the last word may be a family name that is typed in capitals behind the given name."""
    is_in_capitals = words[-1].isupper() and words[-1].isalpha()
    return is_in_capitals and bare(words[-2]) in GIVEN_NAMES


def _has_shape_of_credential(word: str, mixed: bool, before: int) -> bool:
    if "." in word[:-1] or _CAMEL_CREDENTIAL.fullmatch(word):
        return before > 1 or not word.isalpha()
    stands_out = mixed and word.isupper()
    if before < 2 or not stands_out:
        return False
    if _DIGIT.search(word) or _has_credential_part(word):
        return True
    return len(word) > 2 and _is_unspeakable(word)


def _is_unspeakable(word: str) -> bool:
    """Return whether a word is letters of ASCII without a vowel."""
    return word.isalpha() and word.isascii() and _VOWEL.search(word) is None


def _has_credential_part(word: str) -> bool:
    return "-" in word and any(bare(part) in CREDENTIALS for part in word.split("-"))
