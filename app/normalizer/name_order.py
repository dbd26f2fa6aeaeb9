"""Which words of a full name are the given name and which the family name, if that is known."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    ALL_PARTICLES,
    AMBIGUOUS_CREDENTIALS,
    CHINESE_FAMILY_NAMES,
    CREDENTIALS,
    GIVEN_PARTICLES,
    HUNGARIAN_FAMILY_NAMES,
    HUNGARIAN_GIVEN_NAMES,
    JAPANESE_FAMILY_NAMES,
    KOREAN_FAMILY_NAMES,
    PARTICLES,
    SHORT_CREDENTIALS,
    SHORT_VIETNAMESE_FAMILY_NAMES,
    SPANISH_FAMILY_NAMES,
    UNSURE_TITLES,
    VIETNAMESE_FAMILY_NAMES,
)
from app.normalizer.east_asian_names import (
    is_east_asian_family,
    is_family_first_script,
    is_vietnamese,
    reads_as_east_asian,
)
from app.normalizer.family_starts import is_plain_to_parser, start_of_family
from app.normalizer.name_shapes import bare, is_initials, plain_key
from app.values.text import word_set

_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_FATHERS_DAUGHTER = re.compile(
    r".{2,}(?:овна|евна|ична|инична|івна|ївна|аўна|еўна|қызы|кызы|ovna|evna|yevna|ichna|inichna|ivna|yivna|kyzy|qyzy)"
)
_FATHERS_SON = re.compile(
    r".{2,}(?:ович|евич|йович|авіч|евіч|ұлы|улы|ovich|evich|ovych|yovych|evych|uly)|ильич|кузьмич|лукич|фомич|никитич|саввич|фокич"
    r"|ilyich|ilich|kuzmich|lukich|nikitich|fokich"
)
_PATRONYMIC = re.compile(f"{_FATHERS_DAUGHTER.pattern}|{_FATHERS_SON.pattern}")
_SON_OR_DAUGHTER_OF = frozenset({"оглы", "оглу", "кызы", "гызы", "oglu", "ogly", "kizi", "qizi", "kyzy", "gyzy"})
_SLAVIC_FAMILY = re.compile(
    r".{2,}(?:ов|ова|ев|ева|ёв|ёва|ский|ская|цкий|цкая|енко|чук|щук|юк|дзе|швили|[^ь]ян|ски|ска|ський|ська|ић|"
    r"ov|ova|ev|eva|skiy|sky|skyi|skaya|ska|enko|chuk|shvili|dze|yan)"
)
_ALL_GIVEN_NAMES = GIVEN_NAMES | word_set("лев яков ева eva lev yakov иван ivan jan ян севастьян демьян")
_ONLY_GIVEN_NAMES = _ALL_GIVEN_NAMES - FAMILY_NAMES
_ONLY_FAMILY_NAMES = (FAMILY_NAMES | SPANISH_FAMILY_NAMES) - _ALL_GIVEN_NAMES
_ONLY_HUNGARIAN_FAMILY_NAMES = HUNGARIAN_FAMILY_NAMES - GIVEN_NAMES
_CREDENTIALS = CREDENTIALS | SHORT_CREDENTIALS
# Family names of peoples who write them in front.
_FAMILY_FIRST = (
    CHINESE_FAMILY_NAMES
    | JAPANESE_FAMILY_NAMES
    | KOREAN_FAMILY_NAMES
    | VIETNAMESE_FAMILY_NAMES
    | SHORT_VIETNAMESE_FAMILY_NAMES
    | HUNGARIAN_FAMILY_NAMES
)
# The words of a name as letters: C for one in capitals, w for any other.
_FAMILY_IN_CAPITALS = re.compile("(C+)w+|w+(C+)")
_UNSURE_TITLES = UNSURE_TITLES - {"m"}
_LONG_PARTICLES = frozenset(particle for particle in ALL_PARTICLES if len(particle) > 1)


class Order(NamedTuple):
    """A name's words: given and middle names, then the family name; both empty if their order is not known."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    is_read_so: bool = True
    """Whether the words stand in this order in reading ("Соколова Ирина Петровна" does not)."""


UNKNOWN = Order((), ())


# By capitals


def order_by_capitals(words: Sequence[str]) -> Order | None:
    """Return the order that a family name in capitals shows ("DUPONT Jean"), UNKNOWN if it misleads, or None."""
    match = _FAMILY_IN_CAPITALS.fullmatch("".join(map(_letter_of_case, words)))
    if match is None:
        return None
    start, end = match.span(match.lastindex or 0)
    if not _CREDENTIALS.isdisjoint(map(bare, words[start:end])):
        return UNKNOWN
    return _family_at_end(words, start) if start else _family_in_front(words, end)


def _letter_of_case(word: str) -> str:
    """Return "C" for a word in capitals, an initial not among them, "w" for any other."""
    letters = "".join(filter(str.isalpha, word))
    return "C" if len(letters) > 1 and letters.isupper() and "." not in word else "w"


def _family_in_front(words: Sequence[str], count: int) -> Order | None:
    family, given = tuple(words[:count]), tuple(words[count:])
    order = Order(given, family, False)
    if bare(family[-1]) in PARTICLES:
        return UNKNOWN
    if count > 1:
        return order
    if len(family[0]) == 2:
        return UNKNOWN if is_east_asian_family(family) else None  # "LI Wei" or "AJ Smith"
    return UNKNOWN if _is_given_name_before_family(words) else order  # "ANNA Smith"


def _is_given_name_before_family(words: Sequence[str]) -> bool:
    return plain_key(words[0]) in GIVEN_NAMES and plain_key(words[1]) not in GIVEN_NAMES


def _family_at_end(words: Sequence[str], start: int) -> Order:
    while start > 1 and _is_small_particle(words[start - 1]):
        start -= 1
    given, family = tuple(words[:start]), tuple(words[start:])
    return Order(given, family) if _may_be_family(given, family) else UNKNOWN


def _is_small_particle(word: str) -> bool:
    return word.islower() and bare(word) in PARTICLES


def _may_be_family(given: Sequence[str], family: Sequence[str]) -> bool:
    """Return whether capitals behind two whole names are a family name rather than an unknown credential."""
    if len(given) < 2:
        return True
    if plain_key(family[-1]) in AMBIGUOUS_CREDENTIALS:
        return False
    if _is_surely_family(family):
        return True
    return plain_key(given[-1]) in GIVEN_NAMES or is_initials(given[-1])


def _is_surely_family(family: Sequence[str]) -> bool:
    """Return whether capitals cannot be a credential: several words, a long or accented word, a known name."""
    if len(family) > 1 or not family[0].isascii():
        return True
    return len(family[0]) > 6 or plain_key(family[0]) in FAMILY_NAMES


# By patronymics


def order_by_patronymic(words: Sequence[str]) -> Order | None:
    """Return the order that an East Slavic, Kazakh or Azerbaijani patronymic shows, or None without one."""
    rules = {2: _order_of_two, 3: _order_of_three, 4: _order_of_four}
    rule = rules.get(len(words))
    return rule(words, list(map(plain_key, words))) if rule else None


def _order_of_two(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    if _FATHERS_DAUGHTER.fullmatch(keys[1]):
        return Order(tuple(words), ())
    if _CYRILLIC.search(keys[1]) and _FATHERS_SON.fullmatch(keys[1]):
        return Order(tuple(words), ()) if keys[0] in _ALL_GIVEN_NAMES else UNKNOWN
    return None


def _order_of_three(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    first, second, third = words
    if _FATHERS_DAUGHTER.fullmatch(keys[2]):
        return Order((second, third), (first,), False)
    if _PATRONYMIC.fullmatch(keys[1]):
        is_certain = _CYRILLIC.search(keys[1]) or keys[0] in _ALL_GIVEN_NAMES
        return Order((first, second), (third,)) if is_certain else None
    return _order_before_son(words, keys) if _FATHERS_SON.fullmatch(keys[2]) else None


def _order_before_son(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    is_family = _is_slavic_family(keys[0]) or (keys[1] in _ALL_GIVEN_NAMES and keys[0] not in _ALL_GIVEN_NAMES)
    if is_family:
        return Order((words[1], words[2]), (words[0],), False)
    return UNKNOWN if _CYRILLIC.search(keys[2]) or keys[0] not in _ALL_GIVEN_NAMES else None


def _order_of_four(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    """Return the order of a name with "oglu" or the like, a word of its own behind the father's name."""
    if keys[3] in _SON_OR_DAUGHTER_OF:
        return Order(tuple(words[1:]), (words[0],), False)
    return Order(tuple(words[:3]), (words[3],)) if keys[2] in _SON_OR_DAUGHTER_OF else None


def _is_slavic_family(key: str) -> bool:
    return key not in _ALL_GIVEN_NAMES and _SLAVIC_FAMILY.fullmatch(key) is not None


# By the words themselves


def has_known_order(words: Sequence[str]) -> bool:
    """Return whether the given name surely comes first in a name without other evidence."""
    if is_family_first_script(" ".join(words)) or is_vietnamese(words):
        return False
    return len(words) < 2 or not _may_open_with_family(words, list(map(plain_key, words)))


def is_given_first(first: str, last: str) -> bool:
    """Return whether two plain words surely are a given and a family name, judging each alone.

    The other rules, which look at both together, say the same and take ten times as long.
    """
    return _opens_surely(first) and _ends_surely(last)


@functools.lru_cache(maxsize=16_384)
def _opens_surely(word: str) -> bool:
    key = plain_key(word)
    return _is_plain_western(word) and key not in _FAMILY_FIRST and not _is_only_family_name(key)


@functools.lru_cache(maxsize=16_384)
def _ends_surely(word: str) -> bool:
    if word.lower() in HUNGARIAN_GIVEN_NAMES or _FATHERS_DAUGHTER.fullmatch(plain_key(word)):
        return False
    return _is_plain_western(word)


def _is_plain_western(word: str) -> bool:
    """Return whether a word is in a script whose order is known, and is nothing to the parser but a name."""
    is_western = not (_CYRILLIC.search(word) or is_vietnamese([word]) or is_family_first_script(word))
    return is_western and is_plain_to_parser(word)


def _may_open_with_family(words: Sequence[str], keys: Sequence[str]) -> bool:
    if _ends_in_initials(words) or reads_as_east_asian(words, keys):
        return True
    return _reads_reversed(words, keys) or _opens_with_family_particle(words, keys)


def _ends_in_initials(words: Sequence[str]) -> bool:
    """Return whether initials follow a single name: "Иванов И. П." is written family name first."""
    if is_initials(words[0]) or not all(map(is_initials, words[1:])):
        return False
    return len(words) > 2 or words[1].count(".") > 1 or _CYRILLIC.search(words[0]) is not None


def _reads_reversed(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether the last word is only a given name and the first only a family name: "Nagy Péter"."""
    first, last = keys[0], keys[-1]
    if len(keys) == 2 and _CYRILLIC.search(first):
        return not _reads_given_first(first, last)
    if _reads_hungarian(words, keys):
        return True
    return last in _ONLY_GIVEN_NAMES and _is_only_family_name(first)


def _is_only_family_name(key: str) -> bool:
    return key in _ONLY_FAMILY_NAMES or _is_slavic_family(key)


def _reads_given_first(first: str, last: str) -> bool:
    """Return whether one of two Cyrillic words shows that the given name comes first."""
    is_given_in_front = first in _ALL_GIVEN_NAMES and last not in _ALL_GIVEN_NAMES
    is_family_behind = _is_slavic_family(last) and not _is_slavic_family(first)
    return is_given_in_front or is_family_behind


def _reads_hungarian(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a name may be written as in Hungary, where the family name comes first."""
    if words[-1].lower() in HUNGARIAN_GIVEN_NAMES:
        return True
    return keys[0] in _ONLY_HUNGARIAN_FAMILY_NAMES and keys[-1] not in HUNGARIAN_FAMILY_NAMES


def _opens_with_family_particle(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a name of three or more words may open with a family name: "De Vries Anna"."""
    if len(keys) < 3 or keys[0] not in _LONG_PARTICLES:
        return False
    if keys[0] not in GIVEN_PARTICLES or words[0].islower() or keys[1] in PARTICLES:
        return True
    return keys[-1] in _ALL_GIVEN_NAMES or " ".join(keys[:2]) in FAMILY_NAMES


# Given name first


def order_given_first(words: Sequence[str]) -> Order:
    """Return the order of a name whose given name comes first; the words are in their final case."""
    keys = list(map(plain_key, words))
    if len(words) == 1:
        return Order(tuple(words), ())
    if _opens_family_alone(words, keys):
        return Order((), tuple(words))
    start = start_of_family(words, keys)
    family = tuple(words[start:]) if start else ()
    if _opens_with_unsure_title(words, keys):
        return Order((), family)
    return Order(tuple(words[: start or 1]), family)


def _opens_family_alone(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether the words are a family name alone: "van Gogh", "de la Vega"."""
    opens = keys[0] in ALL_PARTICLES and words[0].islower()
    return opens and PARTICLES.issuperset(keys[1:-1])


def _opens_with_unsure_title(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a word that may be a title stands before two others: "Don", or "M." for Monsieur."""
    is_title = words[0] == "M." or keys[0] in _UNSURE_TITLES
    return is_title and len(words) > 2
