"""Cleaning, folding and casing of text, which every rule of the normaliser shares.

Every function is total (any text gives an answer) and linear in the length of its input.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

Value = TypeVar("Value")


def names_in(text: str) -> list[str]:
    """Return the names of a list separated by "|", which may break lines anywhere between words."""
    return [" ".join(name.split()) for name in text.split("|")]


def inverted(groups: Mapping[str, str]) -> dict[str, str]:
    """Return name -> key for a table of key -> names, as `names_in` reads them."""
    return {name: key for key, names in groups.items() for name in names_in(names)}


def capitalize(word: str) -> str:
    """Return the word with its first letter in upper case and the others in lower case."""
    # The dotted capital I lowers to two characters; the plain i is what every reader expects.
    return word[:1].title() + word[1:].lower().replace("i\u0307", "i")


def is_in_one_case(text: str) -> bool:
    """Return whether all letters of a text are in upper case, or all in lower case."""
    return text.isupper() or text.islower()


def plain_digits(text: str) -> str:
    """Return the text with digits of other scripts replaced by 0 to 9."""
    return text if text.isascii() else "".join(map(_plain_digit, text))


def _plain_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def only(values: Collection[Value]) -> Value | None:
    """Return the single one of some values, None if there are several or none."""
    return next(iter(values)) if len(values) == 1 else None


def until_stable(step: Callable[[str], str], text: str) -> str:
    """Apply a rule until its result stays the same, so that normalising twice changes nothing.

    Five rounds are enough for every rule here; a rule that never settles gives its fifth result.
    """
    for _ in range(5):
        result = step(text)
        if result == text:
            break
        text = result
    return text
