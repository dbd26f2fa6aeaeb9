"""Cleaning, folding and casing of text, which every rule of the normaliser shares.

Every function is total (any text gives an answer) and linear in the length of its input.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

SHORT_FIELD_LIMIT = 500  # characters of a short field that are looked at; the rest is cut off

_PLACEHOLDERS = frozenset(
    {
        "n/a",
        "n.a.",
        "#n/a",
        "none",
        "null",
        "nil",
        "unknown",
        "undefined",
        "nan",
        "not available",
        "not provided",
        "tbd",
    }
)
_CONTROLS = dict.fromkeys([*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0xA0)], " ")
_DROPPED = dict.fromkeys(map(ord, "®™©℠\u00ad\u200b\u2060\ufeff\ufe0e\ufe0f"), "")
_JOINERS = "\u200c\u200d"


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text: the form in which the word lists are kept."""
    return frozenset(text.split())


def names_in(text: str) -> list[str]:
    """Return the names of a list separated by "|", which may break lines anywhere between words."""
    return [" ".join(name.split()) for name in text.split("|")]


def inverted(groups: Mapping[str, str]) -> dict[str, str]:
    """Return name -> key for a table of key -> names, as `names_in` reads them."""
    return {name: key for key, names in groups.items() for name in names_in(names)}


def clean(value: Any, limit: int = SHORT_FIELD_LIMIT) -> str | None:
    """Return the text as valid, composed Unicode on one line, or None when nothing is left.

    Anything but text counts as absent. Control characters, lone surrogates, emoji and trade mark signs go;
    letters in a fancy font (mathematical bold, full width) become plain ones; white space collapses.
    """
    if not isinstance(value, str):
        return None
    text = value[:limit].translate(_CONTROLS)
    if not text.isascii():
        text = _without_decoration(text)
    return " ".join(text.split()) or None


def is_placeholder(text: str) -> bool:
    """Tell whether the text is a stand-in for "no value", such as ``n/a`` or a row of dashes."""
    return text.casefold() in _PLACEHOLDERS or not any(char.isalnum() for char in text)


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


def fold(text: str) -> str:
    """Return the key by which two spellings of one word are equal: no case, no accents, plain apostrophes."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("‘", "'"))
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


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


def _without_decoration(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.translate(_DROPPED))
    kept: list[str] = []
    for char in composed:
        if plain := char if char.isascii() else _plain(char, kept):
            kept.append(plain)
    return unicodedata.normalize("NFC", "".join(kept))


def _plain(char: str, before: list[str]) -> str:
    """Return what a character outside ASCII becomes: itself, a plain letter, or a space for decoration."""
    if 0x1D400 <= ord(char) <= 0x1D7FF or 0xFF01 <= ord(char) <= 0xFF5E:
        return unicodedata.normalize("NFKC", char)
    if char in _JOINERS:
        # Persian and Indic words need the joiners; emoji sequences use them too.
        return char if before and unicodedata.category(before[-1]) in {"Lo", "Mn", "Mc"} else ""
    category = unicodedata.category(char)
    if category == "Me" or 0x1F3FB <= ord(char) <= 0x1F3FF or 0xE0100 <= ord(char) <= 0xE01EF:
        return ""
    if category in {"Cf", "Mn"} and (category == "Cf" or not before or before[-1].isspace()):
        return ""
    return " " if category in {"So", "Cs", "Cc", "Co", "Cn", "Zl", "Zp", "Zs"} else char
