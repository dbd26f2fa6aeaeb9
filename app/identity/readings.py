"""Names as they are compared: words in Latin letters, without titles, each reading in one script."""

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse, starmap
from operator import attrgetter
from typing import Any, Final

from anyascii import anyascii

from app.normalizer.data.name_words import CREDENTIALS, TITLES
from app.normalizer.nobody import names_nobody
from app.values.text import clean, without_umlauts, word_set

_LONGEST_NAME: Final = 200
_MOST_WORDS: Final = 8
_TAGLINE: Final = re.compile(r"\s[|•·►~]\s?|\s?[|•►]\s|\s[-–—]\s")
_APOSTROPHES: Final = re.compile(r"(?<=\w)['’‘ʼ`´](?=\w)")
_SEPARATORS: Final = re.compile(r"[\W_]+")
# Not "jun", which is a syllable of Korean names.
_GENERATIONS: Final = {
    "jr": "2", "jnr": "2", "junior": "2", "sr": "1", "snr": "1", "senior": "1", "ii": "II", "2nd": "II", "iii": "III",
    "3rd": "III", "iv": "IV", "4th": "IV",
}  # fmt: skip
_MAIDEN_WORDS: Final = frozenset({"nee", "geb", "geborene", "born", "fka", "aka", "roz"})
_TITLES: Final = (TITLES | CREDENTIALS | _MAIDEN_WORDS | word_set("dipl univ med rer nat habil phil mag hc")) - {
    "fr",
    "sr",
}
_NO_PART_OF_A_NAME: Final = _TITLES | _GENERATIONS.keys()


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a name in one script, in Latin letters, without titles, with the generation apart."""

    words: tuple[str, ...]
    script: str
    generation: str = ""


def read(fields: Mapping[str, Any]) -> list[Reading]:
    """Return the readings of the name that the fields give, each in one script; none if they name nobody."""
    first, last, full = (clean(fields.get(name), _LONGEST_NAME) for name in ("first_name", "last_name", "full_name"))
    return list(_read(first, last, full))


@functools.lru_cache(maxsize=4096)
def _read(first: str | None, last: str | None, full: str | None) -> tuple[Reading, ...]:
    """Return the readings of a name. Kept: an answer mostly has the name that was asked with."""
    if names_nobody(first, last, full):
        return ()
    joined = " ".join(filter(None, (first, last)))
    # Mostly they are one text, which is read and compared once.
    texts = dict.fromkeys(filter(None, (full, joined)))
    return tuple(reading for text in texts if "@" not in text for reading in _read_text(text))


def initials(words: Sequence[str]) -> str:
    """Return the first letters of words."""
    return "".join(word[0] for word in words)


def _read_text(text: str) -> list[Reading]:
    readings = list(filter(attrgetter("words"), starmap(_reading, _words_by_script(text).items())))
    is_told = any(len(reading.words) > 1 for reading in readings)
    return list(filterfalse(_is_remark, readings)) if is_told else readings


def _words_by_script(text: str) -> dict[str, list[str]]:
    head = _TAGLINE.split(text, maxsplit=1)[0]
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFC", head))
    words_by_script: dict[str, list[str]] = {}
    for word in filter(None, _SEPARATORS.split(plain)):
        words_by_script.setdefault(script_of(word), []).append(word)
    return words_by_script


def _is_remark(reading: Reading) -> bool:
    """Return whether this is a single Latin word, which beside a longer name is a degree or the like."""
    return len(reading.words) == 1 and reading.script == "LATIN"


def _reading(script: str, words: Sequence[str]) -> Reading:
    latin = list(map(reduced, words[:_MOST_WORDS]))
    if script == "GREEK":
        # Letter by letter it would be "oy", which nobody writes.
        latin = [word.replace("oy", "ou") for word in latin]
    generation = next(filter(None, map(_GENERATIONS.get, latin[1:])), "")
    filled = tuple(filter(None, latin))
    kept = tuple(filterfalse(_NO_PART_OF_A_NAME.__contains__, filled))
    return Reading(kept if len(kept) > 1 else filled, script, generation)


def script_of(word: str) -> str:
    """Return the name of the script of a word's first letter; Chinese characters and kana are one."""
    if word.isascii():
        return "LATIN"
    letter = next(filter(str.isalpha, word), "a")
    script = unicodedata.name(letter, "LATIN").split(" ")[0].split("-")[0]
    return "CJK" if script in {"HIRAGANA", "KATAKANA"} else script


@functools.lru_cache(maxsize=4096)
def reduced(word: str) -> str:
    """Return a word in plain Latin letters, in which Jörg, Joerg and Jorg are one."""
    return without_umlauts(anyascii(word).lower()).replace("aa", "a")
