"""Text: what may be stored, how it reads on one line, and the key by which it is compared.

SQLite and PostgreSQL disagree on what they store: U+0000 and lone surrogates pass in one and fail in the other.

Every function is total (any text gives an answer) and linear in the length of its input.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from app.values.blanks import is_placeholder

SHORT_FIELD_LIMIT: Final = 500
"""Characters of a short field that are read; the rest is cut off."""

TEXT_PATTERN: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
"""What stored text looks like, for JSON Schema; a lone surrogate is no character there."""

LETTERS: Final = "A-Za-zÀ-ÖØ-öø-įĲ-žƀ-ɏЀ-ҁҊ-ԯ"
"""Most Latin and Cyrillic letters, for a class of a pattern; the dotted capital I, the dotless i and the long s, which
have odd cases, are left out."""

_BAD_CHARACTER: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROLS: Final = dict.fromkeys([*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0xA0)], " ")
# A text of these alone is composed and undecorated, and no word of it has an accent apart from its letter.
_ORDINARY: Final = re.compile(f"[ -~{LETTERS}‘’“”«»–—一-鿿ぁ-ゖァ-ヺ]*")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
# Trade marks, invisible signs, and what belongs to the emoji before it: skin tones and variants.
_DROPPED: Final = dict.fromkeys(
    [*map(ord, "®™©℠\u00ad\u200b\u2060\ufeff\ufe0e\ufe0f"), *range(0x1F3FB, 0x1F400), *range(0xE0100, 0xE01F0)], ""
)
_NUMBERS: Final = frozenset({int, float})
_JOINERS: Final = "\u200c\u200d"
_JOINED: Final = frozenset({"Lo", "Mn", "Mc"})
_FANCY_LETTERS: Final = frozenset([*range(0x1D400, 0x1D800), *range(0xFF01, 0xFF5F)])
_DROPPED_CATEGORIES: Final = frozenset({"Me", "Cf"})
_DECORATION: Final = frozenset({"So", "Cs", "Cc", "Co", "Cn", "Zl", "Zp", "Zs"})


def storable(text: str) -> str:
    """Return a text with line ends as newlines and a question mark for each character that stored text may not have."""
    return _BAD_CHARACTER.sub("?", text.replace("\r\n", "\n").replace("\r", "\n"))


def find_bad_character(text: str) -> str | None:
    """Describe the first character that stored text may not have, or return None.

    Refused are lone surrogates and control characters other than tab and newline. A carriage
    return is one of those: callers turn line ends into newlines first. Positions count from 1.
    """
    # Most text is printable, and asking that is ten times faster than the search.
    if text.isprintable():
        return None
    match = _BAD_CHARACTER.search(text)
    if match is None:
        return None
    kind = "lone surrogate" if "\ud800" <= match.group() <= "\udfff" else "control character"
    return f"{kind} U+{ord(match.group()):04X} at position {match.start() + 1}"


def without_bad_characters(text: str) -> str:
    """Return a text without the characters that `find_bad_character` looks for."""
    return text if text.isprintable() else _BAD_CHARACTER.sub("", text)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text: the form in which word lists are kept."""
    return frozenset(text.split())


def text(value: Any) -> str | None:
    """Return a value as trimmed text, numbers included; None for blanks, their many spellings and other kinds."""
    if not isinstance(value, str):
        if type(value) not in _NUMBERS:  # a bool is none
            return None
        is_whole = isinstance(value, float) and value.is_integer()
        value = str(int(value) if is_whole else value)
    trimmed = value.strip()
    # Providers write "NA" for nothing; in a list of people's own making it may be Namibia's code.
    return None if is_placeholder(trimmed) or trimmed.lower() == "na" else trimmed


def clean(value: Any, limit: int = SHORT_FIELD_LIMIT) -> str | None:
    """Return the text as valid, composed Unicode on one line, or None if nothing is left.

    Anything but text counts as absent. Control characters, lone surrogates, emoji and trade mark signs go;
    letters in a fancy font (mathematical bold, full width) become plain ones; white space collapses.
    """
    if not isinstance(value, str):
        return None
    text = value[:limit]
    if text.isascii():
        text = text if text.isprintable() else text.translate(_CONTROLS)
    elif _ORDINARY.fullmatch(text) is None:
        text = _without_decoration(text.translate(_CONTROLS))
    return " ".join(text.split()) or None


def one_line(value: Any, limit: int = SHORT_FIELD_LIMIT) -> str:
    """Return what `clean` does, "" if nothing is left."""
    return clean(value, limit) or ""


def clipped(value: Any, limit: int = SHORT_FIELD_LIMIT) -> str:
    """Return the characters of a text that are read, "" for anything but text."""
    return value[:limit] if isinstance(value, str) else ""


def fold(text: str) -> str:
    """Return the key by which two spellings of one word are equal: no case, no accents, plain apostrophes."""
    return text.casefold() if text.isascii() else _fold_accents(text)


@lru_cache(maxsize=4096)
def _fold_accents(text: str) -> str:
    """Return the key of a text with letters beyond ASCII. Cached: each rule asks for the same words again."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("‘", "'"))
    bare = _ACCENTS.sub("", decomposed)
    if _ORDINARY.fullmatch(bare):
        return bare  # as nearly all
    return "".join(char for char in bare if unicodedata.category(char) != "Mn")


def without_umlauts(text: str) -> str:
    """Return a text in small letters with "a" for "ae" and so on, so that Jörg without dots and Joerg are one."""
    return text.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def _without_decoration(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.translate(_DROPPED))
    kept = [" "]  # so that there is a character before the first one, which no accent follows
    for char in composed:
        if plain := char if char.isascii() else _plain(char, kept[-1]):
            kept.append(plain)
    return unicodedata.normalize("NFC", "".join(kept))


def _plain(char: str, before: str) -> str:
    """Return what a character outside ASCII becomes: itself, a plain letter, or a space for decoration."""
    if ord(char) in _FANCY_LETTERS:
        return unicodedata.normalize("NFKC", char)
    category = unicodedata.category(char)
    if category == "Mn" or char in _JOINERS:
        return char if _may_follow(char, before) else ""
    if category in _DROPPED_CATEGORIES:
        return ""
    return " " if category in _DECORATION else char


def _may_follow(mark: str, previous: str) -> bool:
    """Return whether an accent or a joiner belongs to the character before it."""
    if mark in _JOINERS:
        # Persian and Indic words need the joiners; emoji sequences use them too.
        return unicodedata.category(previous) in _JOINED
    return not previous.isspace()
