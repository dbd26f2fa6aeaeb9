"""Names that name nobody: "LinkedIn Member", "Sales Team", a repeated header, test data, households."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.normalizer.data.nobody_words import (
    ABSENT_PHRASES,
    ABSENT_WORDS,
    FAMILY_OPENINGS,
    JOINING_WORDS,
    NOBODY_ENDINGS,
    NOBODY_OPENINGS,
    NOBODY_PHRASES,
    NOBODY_WORDS,
)
from app.values.text import clean, fold

_LONGEST_NAME = 200
_NOT_AVAILABLE = re.compile(r"#?\bn\s?/\s?a\b|\bn\.a\.", re.IGNORECASE)
_CAMEL_EDGE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATOR = re.compile(r"[\W_]+|\d+")


def names_nobody(first: Any, last: Any, full: Any) -> bool:
    """Return whether the name of a row is a placeholder, so that no person can be looked up by it.

    A text names nobody if all of its words do: "Anna Sales" and "Will Test" are people. Without any text the answer is
    False, as it is if the columns and the full name disagree: a row that names somebody anywhere is somebody's.
    """
    columns = " ".join(filter(None, (clean(first, _LONGEST_NAME), clean(last, _LONGEST_NAME))))
    texts = list(filter(None, (columns, clean(full, _LONGEST_NAME))))
    return texts != [] and all(map(is_nobody, texts))


@lru_cache(maxsize=16_384)
def is_nobody(name: str) -> bool:
    """Return whether a whole name on one line is a placeholder."""
    apart = name if name.istitle() else _CAMEL_EDGE.sub(" ", name)  # "FirstName", "SalesTeam"
    return _say_nobody(_words(name)) or (apart != name and _say_nobody(_words(apart)))


def says_nothing(text: str) -> bool:
    """Return whether the text of one column, a part of a name, only says that nothing is known."""
    words = _words(text)
    return bool(words) and (ABSENT_WORDS.issuperset(words) or " ".join(words) in ABSENT_PHRASES)


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    """Return the words of a text. Cached: it is read as a column and as a name."""
    marked = _NOT_AVAILABLE.sub(" notavailable ", name)
    return tuple(_SEPARATOR.sub(" ", fold(marked).replace("'", "").replace("ł", "l")).split())


def _say_nobody(words: Sequence[str]) -> bool:
    if not words:
        return False
    if words[0] not in JOINING_WORDS and NOBODY_WORDS.issuperset(words):
        return True
    text = " ".join(words)
    return _is_nobody_phrase(text) or _is_household(text)


def _is_nobody_phrase(text: str) -> bool:
    return text in NOBODY_PHRASES or text.startswith(NOBODY_OPENINGS) or text.endswith(NOBODY_ENDINGS)


def _is_household(text: str) -> bool:
    return text.startswith(FAMILY_OPENINGS) or (text.startswith("the ") and text.endswith(" family"))
