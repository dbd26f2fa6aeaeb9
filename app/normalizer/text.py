"""Cleaning, folding and casing of text, which every rule of the normaliser shares.

Every function is total (any text gives an answer) and linear in the length of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.values.blanks import says_nothing as is_placeholder
from app.values.text import SHORT_FIELD_LIMIT, clean, fold, word_set

__all__ = [
    "SHORT_FIELD_LIMIT",
    "capitalize",
    "clean",
    "fold",
    "inverted",
    "is_all_caps",
    "is_all_lower",
    "is_placeholder",
    "names_in",
    "settle",
    "word_set",
]


def names_in(text: str) -> list[str]:
    """Return the names of a list separated by "|", which may break lines anywhere between words."""
    return [" ".join(name.split()) for name in text.split("|")]


def inverted(groups: Mapping[str, str]) -> dict[str, str]:
    """Return name -> key for a table of key -> names, as `names_in` reads them."""
    return {name: key for key, names in groups.items() for name in names_in(names)}


def is_all_caps(text: str) -> bool:
    """Tell whether the text has upper case letters and no lower case ones."""
    return text.isupper()


def is_all_lower(text: str) -> bool:
    """Tell whether the text has lower case letters and no upper case ones."""
    return text.islower()


def capitalize(word: str) -> str:
    """Return the word with its first letter in upper case and the others in lower case."""
    # The dotted capital I lowers to two characters; the plain i is what every reader expects.
    return word[:1].title() + word[1:].lower().replace("i\u0307", "i")


def settle(step: Callable[[str], str], text: str) -> str:
    """Apply a rule until its result stays the same, so that normalising twice changes nothing.

    Five rounds are enough for every rule here; a rule that never settles gives its fifth result.
    """
    for _ in range(5):
        result = step(text)
        if result == text:
            break
        text = result
    return text
