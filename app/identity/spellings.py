"""Whether two words of names are spellings or forms of one: accents, scripts, genders, short forms, initials."""

import functools
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import filterfalse, product
from typing import Final

from nicknames import name_triplets

from app.identity.data import NAME_FORMS
from app.identity.readings import reduced
from app.normalizer.data.name_words import PARTICLES
from app.values.text import word_set

# Words of family names that come and go, or are written together with the next word.
LINKS: Final = (PARTICLES | word_set("al el bin ibn abu st san santa saint mc mac o d l")) - {"'t"}
_JOINED_LINKS: Final = re.compile(rf"(?:{'|'.join(sorted(map(re.escape, LINKS), key=len, reverse=True))})+")
_FEMININE: Final = (
    ("aya", "y"), ("aia", "y"), ("aja", "y"), ("aya", "ij"), ("aya", "iy"), ("aya", "i"), ("aia", "i"), ("a", ""),
    ("ova", ""), ("a", "y"), ("ska", "ski"), ("cka", "cki"),
)  # fmt: skip
_SLAVIC_MASCULINE: Final = ("ov", "ev", "in", "iy", "yy", "ij", "sky", "ski", "cki", "y")
_SHORTEST_SLAVIC: Final = 4
_SLAVIC_ENDINGS: Final = ("ov", "ova", "ev", "eva", "sky", "skiy", "skii", "skaya", "skaia", "enko", "chuk")
# Endings that make another name, of a woman or a man, and no longer form of the same one.
_OTHER_NAMES: Final = word_set("ine ina ette etta ana anne ella elle nie nia tte tta lle lla otta otte")
_FEMININE_ENDINGS: Final = _OTHER_NAMES | {"a", "e"}
_SOUNDS: Final = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("tsch", "ch"), ("kh", "h"), ("ts", "c"), ("tz", "c"), ("ks", "x"),
    ("ph", "f"), ("th", "t"), ("ck", "k"), ("ou", "u"), ("zh", "j"), ("ff", "v"), ("w", "v"),
    ("y", "i"), ("j", "i"), ("ie", "e"), ("io", "e"),
)  # fmt: skip
_NEAR: Final = 0.85
_REPEATED: Final = re.compile(r"(.)\1+")
SHORTEST_PREFIX: Final = 3
"""Letters of a word that may be the short form of a longer one."""


# Words


def is_equal(left: str, right: str, is_foreign: bool) -> bool:
    """Return whether two words are one name in full; `is_foreign` if they come from two scripts."""
    if min(len(left), len(right)) < 2:
        return False
    if left == right or _is_joined(left, right) or _is_feminine(left, right):
        return True
    return _is_near(loose(left), loose(right)) if is_foreign else _is_romanised_alike(left, right)


def _is_joined(left: str, right: str) -> bool:
    """Return whether one word is the other with its particles written on to it: "delacruz" and "cruz"."""
    short, long = sorted((left, right), key=len)
    return len(short) > 2 and long.endswith(short) and _JOINED_LINKS.fullmatch(long[: -len(short)]) is not None


def _is_feminine(left: str, right: str) -> bool:
    """Return whether one is the feminine form of the other, of a Slavic family name: "Ivanov" and "Ivanova"."""
    if left in given_names() or right in given_names():
        return False
    return _ends_in_gender(left, right) or _ends_in_gender(right, left)


def _ends_in_gender(masculine: str, feminine: str) -> bool:
    if len(masculine) < _SHORTEST_SLAVIC or not _is_slavic(masculine, feminine):
        return False
    return any(_is_declined(masculine, his, feminine, her) for her, his in _FEMININE)


def _is_slavic(masculine: str, feminine: str) -> bool:
    return masculine.endswith(_SLAVIC_MASCULINE) or feminine.endswith("ova")


def _is_declined(masculine: str, his: str, feminine: str, her: str) -> bool:
    """Return whether two words have one stem, with his ending and with hers."""
    return feminine.endswith(her) and masculine == feminine[: len(feminine) - len(her)] + his


def _is_near(left: str, right: str) -> bool:
    if left == right:
        return True
    if min(len(left), len(right)) < 4 or left.endswith("a") != right.endswith("a"):
        return False  # of two names that differ in the last letter alone, one may be a woman's
    return SequenceMatcher(None, left, right).ratio() >= _NEAR


def _is_romanised_alike(left: str, right: str) -> bool:
    """Return whether two words write one Slavic family name in Latin letters: "Yuryev" and "Iurev".

    Elsewhere such letters tell people apart: Jan and Ian, Mayer and Maier.
    """
    return left.endswith(_SLAVIC_ENDINGS) and right.endswith(_SLAVIC_ENDINGS) and loose(left) == loose(right)


@functools.lru_cache(maxsize=4096)
def loose(word: str) -> str:
    """Return a word without the differences between ways to write another script in Latin letters."""
    for written, sound in _SOUNDS:
        word = word.replace(written, sound)
    return _REPEATED.sub(r"\1", word)


def is_initial(left: str, right: str) -> bool:
    """Return whether one word is the initial of the other."""
    return min(len(left), len(right)) < 2 and left[:1] == right[:1]


# Given names


def is_short_form(left: str, right: str) -> bool:
    """Return whether one is a short or other form of the other given name: Bob of Robert, Max of Maximilian."""
    return is_known_form(left, right) or is_opening(left, right)


def is_known_form(left: str, right: str) -> bool:
    """Return whether the lists have two words as forms of one given name."""
    return not given_names().get(left, frozenset()).isdisjoint(given_names().get(right, frozenset()))


def is_opening(left: str, right: str) -> bool:
    """Return whether one word opens the other and leaves no ending that makes another name."""
    short, long = sorted((left, right), key=len)
    if len(short) < SHORTEST_PREFIX or not long.startswith(short):
        return False
    rest = long.removeprefix(short)
    return len(rest) >= SHORTEST_PREFIX and rest not in _OTHER_NAMES


@functools.cache
def given_names() -> Mapping[str, frozenset[int]]:
    """Return, for each given name, the groups of interchangeable forms that it belongs to."""
    numbers_by_name: dict[str, set[int]] = {}
    for number, names in enumerate([*_english_forms(), *_other_forms()]):
        for name in names:
            numbers_by_name.setdefault(reduced(name), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in numbers_by_name.items()}


def _english_forms() -> list[Sequence[str]]:
    pairs: list[Sequence[str]] = [(triplet.name1, triplet.name2) for triplet in name_triplets()]
    return list(filterfalse(_differ_in_gender, pairs))


def _differ_in_gender(pair: Sequence[str]) -> bool:
    """Return whether two given names are a man's and a woman's form: "Louis" and "Louise"."""
    short, long = sorted(pair, key=len)
    return long.removeprefix(short) in _FEMININE_ENDINGS


def _other_forms() -> list[Sequence[str]]:
    """Return the groups of `NAME_FORMS`: all spellings of a name, and each of them with each short form."""
    groups: list[Sequence[str]] = []
    for group in NAME_FORMS.split(";"):
        spellings, shorts = (part.split() for part in group.partition("|")[::2])
        groups += [spellings, *product(spellings, shorts)]
    return groups
