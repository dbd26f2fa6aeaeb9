"""The shapes of words in names: their keys in the word lists, initials, capitals."""

from __future__ import annotations

import functools
import re
import unicodedata

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.text import is_in_one_case
from app.values.text import fold

KINSHIP = frozenset({"a/l", "a/p", "s/o", "d/o"})
"""What Malaysians and Singaporeans write for "son of" and "daughter of"."""
WORD_EDGE = ' ,;:-–—_|/\\*•·#+="“”!?<>^~`´'  # not the full stop, which belongs to "Jr."
_KNOWN_NAMES = GIVEN_NAMES | FAMILY_NAMES
_REMEMBERED_WORDS = 8192
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
_ANY_INITIALS = re.compile(rf"{_INITIALS.pattern}|(?:[^\W\d_]+\.?-)+[^\W\d_]\.")


@functools.lru_cache(_REMEMBERED_WORDS)
def bare(word: str) -> str:
    """Return the key of a word in the lists: folded, without dots, commas and brackets."""
    return fold(word).replace(".", "").strip(",()'’®*")


def plain_key(word: str) -> str:
    """Return the key of a word with a plain "d" for the Vietnamese "đ"."""
    return bare(word).replace("đ", "d")


def is_initials(word: str) -> bool:
    """Return whether a word is an initial or several with dots: "J.", "J.R."."""
    return _INITIALS.fullmatch(word) is not None


def are_any_initials(word: str) -> bool:
    """Return whether a word is initials, also with a hyphen: "J.-P."."""
    return _ANY_INITIALS.fullmatch(word) is not None


def is_mixed(text: str) -> bool:
    """Return whether a text has upper and lower case letters, so that capitals mean something."""
    if is_in_one_case(text):
        return "Lo" in map(unicodedata.category, text)
    return True


def stands_out(word: str, mixed: bool) -> bool:
    """Return whether a word is in capitals in a text that is not."""
    return mixed and word.isupper()


def is_small(word: str, mixed: bool) -> bool:
    """Return whether a word is in small letters in a text that is not."""
    return mixed and word.islower()


def is_known_name(word: str) -> bool:
    """Return whether a word is in the lists of given and family names."""
    return bare(word) in _KNOWN_NAMES
