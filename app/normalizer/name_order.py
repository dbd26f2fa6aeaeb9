"""Which words of a full name are the given and which the family name, where that is known."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

from nameparser import Lexicon, Parser, Policy

from app.normalizer.data.family_names import FAMILY_NAMES
from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    ALL_PARTICLES,
    AMBIGUOUS_CREDENTIALS,
    CHINESE_FAMILY_NAMES,
    CHINESE_SYLLABLE,
    CREDENTIALS,
    DEVOTIONAL_HEADS,
    DEVOTIONS,
    FAMILY_PARTICLES,
    GIVEN_PARTICLES,
    HUNGARIAN_FAMILY_NAMES,
    HUNGARIAN_GIVEN_NAMES,
    JAPANESE_FAMILY_NAMES,
    KOREAN_FAMILY_NAMES,
    KOREAN_SYLLABLES,
    O_NAMES,
    PARTICLES,
    SHORT_CREDENTIALS,
    SHORT_VIETNAMESE_FAMILY_NAMES,
    SPANISH_FAMILY_NAMES,
    UNSURE_TITLES,
    VIETNAMESE_FAMILY_NAMES,
    VIETNAMESE_SYLLABLES,
)
from app.normalizer.name_shapes import bare, is_initials
from app.values.text import fold, word_set

_FAMILY_FIRST_SCRIPT = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_VIETNAMESE = frozenset("ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_NUMERAL = re.compile(r"[ivxIVX]+")
_CHINESE = re.compile(rf"(?:{CHINESE_SYLLABLE}){{1,2}}")
_ROMAJI = re.compile(r"(?:(?:[kgnhmrbps]y|sh|ch|ts|[kstnhmyrwgzdbpjf])?[aeiou]|n)+")
_FATHERS_DAUGHTER = re.compile(
    r".{2,}(?:овна|евна|ична|инична|івна|ївна|аўна|еўна|қызы|кызы|ovna|evna|yevna|ichna|inichna|ivna|yivna|kyzy|qyzy)"
)
_FATHERS_SON = re.compile(
    r".{2,}(?:ович|евич|йович|авіч|евіч|ұлы|улы|ovich|evich|ovych|yovych|evych|uly)|ильич|кузьмич|лукич|фомич|никитич|саввич|фокич"
    r"|ilyich|ilich|kuzmich|lukich|nikitich|fokich"
)
_SON_OR_DAUGHTER_OF = frozenset({"оглы", "оглу", "кызы", "гызы", "oglu", "ogly", "kizi", "qizi", "kyzy", "gyzy"})
_SLAVIC_FAMILY = re.compile(
    r".{2,}(?:ов|ова|ев|ева|ёв|ёва|ский|ская|цкий|цкая|енко|чук|щук|юк|дзе|швили|[^ь]ян|ски|ска|ський|ська|ић|"
    r"ov|ova|ev|eva|skiy|sky|skyi|skaya|ska|enko|chuk|shvili|dze|yan)"
)
_SLAVIC_GIVEN = word_set("лев яков ева eva lev yakov иван ivan jan ян севастьян демьян")


class Order(NamedTuple):
    """A name's words: given and middle names, then the family name; both empty if their order is not known."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    is_read_so: bool = True
    """Whether the words stand in this order in reading ("Соколова Ирина Петровна" does not)."""


_BOUND = word_set("abd abdal abdel abdul")
UNKNOWN = Order((), ())


def is_family_first_script(text: str) -> bool:
    """Return whether a name is written in Chinese, Japanese or Korean characters."""
    return _FAMILY_FIRST_SCRIPT.search(text) is not None


def are_written_together(given: str, family: str) -> bool:
    """Return whether no blank stands between the parts of a name: both are Chinese, Japanese or Korean alone."""
    return all(_FAMILY_FIRST_SCRIPT.match(char) for char in given + family)


def is_vietnamese(words: Sequence[str]) -> bool:
    """Return whether a name opens with a Vietnamese family name, or is spelled as only Vietnamese is."""
    keys = [_key(word) for word in words]
    if any(char in _VIETNAMESE for word in words for char in word.lower()):
        return True
    if len(keys) < 2:
        return False
    if keys[0] in VIETNAMESE_FAMILY_NAMES:
        return True
    return keys[0] in SHORT_VIETNAMESE_FAMILY_NAMES and all(key in VIETNAMESE_SYLLABLES for key in keys[1:])


def is_east_asian_family(family: Sequence[str]) -> bool:
    """Return whether this is a Chinese, Korean or Vietnamese family name."""
    names = CHINESE_FAMILY_NAMES, KOREAN_FAMILY_NAMES, VIETNAMESE_FAMILY_NAMES, SHORT_VIETNAMESE_FAMILY_NAMES
    return len(family) == 1 and any(_key(family[0]) in known for known in names)


def is_one_given_name(given: Sequence[str], family: Sequence[str]) -> bool:
    """Return whether the words before or behind an East Asian family name are one given name: "Tan, Wei Ling"."""
    return is_east_asian_family(family) and all(_is_east_asian_syllable(_key(word)) for word in given)


def _is_east_asian_syllable(key: str) -> bool:
    if key in VIETNAMESE_SYLLABLES or key in KOREAN_SYLLABLES:
        return True
    return _is_chinese(key)


def order_by_capitals(words: Sequence[str]) -> Order | None:
    """Return the order that a family name in capitals shows ("DUPONT Jean"), UNKNOWN if it misleads, or None."""
    capitals = [_is_in_capitals(word) for word in words]
    count = _capitals_at_one_end(capitals)
    if count == 0:
        return None
    if any(map(_is_credential, compress(words, capitals))):
        return UNKNOWN
    if capitals[0]:
        return _family_in_front(words, count)
    family = list(words[-count:])
    given = list(words[:-count])
    while len(given) > 1 and _is_small_particle(given[-1]):
        family.insert(0, given.pop())
    return Order(tuple(given), tuple(family)) if _may_be_family(given, family) else UNKNOWN


def _capitals_at_one_end(capitals: list[bool]) -> int:
    """Return how many words in capitals stand at one end, 0 if others are elsewhere, or all words are in capitals."""
    if all(capitals):
        return 0
    count = capitals.index(False) if capitals[0] else capitals[::-1].index(False)
    return count if sum(capitals) == count else 0


def _is_small_particle(word: str) -> bool:
    return word.islower() and bare(word) in PARTICLES


def _is_in_capitals(word: str) -> bool:
    letters = "".join(filter(str.isalpha, word))
    return len(letters) > 1 and letters.isupper() and "." not in word


def _is_credential(word: str) -> bool:
    return bare(word) in CREDENTIALS or bare(word) in SHORT_CREDENTIALS


def _family_in_front(words: Sequence[str], count: int) -> Order | None:
    family, given = tuple(words[:count]), tuple(words[count:])
    if bare(family[-1]) in PARTICLES:
        return UNKNOWN
    if count == 1 and len(family[0]) == 2:
        return UNKNOWN if is_east_asian_family(family) else None  # "LI Wei" or "AJ Smith"
    if count == 1 and _key(family[0]) in GIVEN_NAMES and _key(given[0]) not in GIVEN_NAMES:
        return UNKNOWN  # "ANNA Smith"
    return Order(given, family, False)


def _may_be_family(given: Sequence[str], family: Sequence[str]) -> bool:
    """Return whether capitals behind two whole names are a family name rather than an unknown credential."""
    if len(given) > 1 and _key(family[-1]) in AMBIGUOUS_CREDENTIALS:
        return False
    if len(given) < 2 or len(family) > 1 or not family[0].isascii() or _key(family[0]) in FAMILY_NAMES:
        return True
    return len(family[0]) > 6 or _key(given[-1]) in GIVEN_NAMES or is_initials(given[-1])


def order_by_patronymic(words: Sequence[str]) -> Order | None:
    """Return the order that an East Slavic, Kazakh or Azerbaijani patronymic shows, or None without one."""
    keys = [_key(word) for word in words]
    if len(keys) == 4 and not _SON_OR_DAUGHTER_OF.isdisjoint(keys):
        return _order_by_oglu(words, keys)
    if len(keys) == 2:
        return _order_of_two(words, keys)
    return _order_of_three(words, keys) if len(keys) == 3 else None


def _order_of_three(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    if _FATHERS_DAUGHTER.fullmatch(keys[2]):
        return Order((words[1], words[2]), (words[0],), False)
    if _is_patronymic(keys[1]):
        is_sure = _CYRILLIC.search(keys[1]) or _is_given(keys[0])
        return Order((words[0], words[1]), (words[2],)) if is_sure else None
    return _order_before_son(words, keys) if _FATHERS_SON.fullmatch(keys[2]) else None


def _order_by_oglu(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    if keys[3] in _SON_OR_DAUGHTER_OF:
        return Order(tuple(words[1:]), (words[0],), False)
    return Order(tuple(words[:3]), (words[3],)) if keys[2] in _SON_OR_DAUGHTER_OF else None


def _order_of_two(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    if _FATHERS_DAUGHTER.fullmatch(keys[1]):
        return Order(tuple(words), ())
    if _CYRILLIC.search(keys[1]) and _FATHERS_SON.fullmatch(keys[1]):
        return Order(tuple(words), ()) if _is_given(keys[0]) else UNKNOWN
    return None


def _order_before_son(words: Sequence[str], keys: Sequence[str]) -> Order | None:
    is_family = _is_slavic_family(keys[0]) or (_is_given(keys[1]) and not _is_given(keys[0]))
    if is_family:
        return Order((words[1], words[2]), (words[0],), False)
    return UNKNOWN if _CYRILLIC.search(keys[2]) or not _is_given(keys[0]) else None


def _is_patronymic(key: str) -> bool:
    return _FATHERS_DAUGHTER.fullmatch(key) is not None or _FATHERS_SON.fullmatch(key) is not None


def _is_slavic_family(key: str) -> bool:
    return _SLAVIC_FAMILY.fullmatch(key) is not None and key not in _SLAVIC_GIVEN and key not in GIVEN_NAMES


def _is_given(key: str) -> bool:
    return key in GIVEN_NAMES or key in _SLAVIC_GIVEN


def has_known_order(words: Sequence[str]) -> bool:
    """Return whether the given name surely comes first in a name without other evidence."""
    if is_family_first_script(" ".join(words)) or is_vietnamese(words):
        return False
    keys = [_key(word) for word in words]
    if len(keys) < 2:
        return True
    if _ends_in_initials(words) or _reads_as_east_asian(words, keys):
        return False
    return not (_reads_reversed(words, keys) or _opens_with_family_particle(words, keys))


def _ends_in_initials(words: Sequence[str]) -> bool:
    """Return whether initials follow a single name: "Иванов И. П." is written family name first."""
    is_one_name = not any(map(is_initials, words[:1])) and all(is_initials(word) for word in words[1:])
    return is_one_name and (len(words) > 2 or words[1].count(".") > 1 or _CYRILLIC.search(words[0]) is not None)


def _reads_as_east_asian(words: Sequence[str], keys: Sequence[str]) -> bool:
    if _reads_as_japanese(keys):
        return True
    if keys[0] in KOREAN_FAMILY_NAMES and all(_is_korean(word) for word in words[1:]):
        return True
    pieces = [piece for key in keys[1:] for piece in key.split("-")]
    return keys[0] in CHINESE_FAMILY_NAMES and all(map(_is_chinese, pieces))


def _reads_as_japanese(keys: Sequence[str]) -> bool:
    first, last = keys[0], keys[-1]
    if first not in JAPANESE_FAMILY_NAMES or last in JAPANESE_FAMILY_NAMES:
        return False
    return _ROMAJI.fullmatch(last) is not None


def _is_chinese(key: str) -> bool:
    return key not in GIVEN_NAMES and _CHINESE.fullmatch(key) is not None


def _is_korean(word: str) -> bool:
    """Return whether a word is a Korean given name or a syllable of one: "Min-jun", "Min", "Minjun"."""
    key = _key(word)
    if all(piece in KOREAN_SYLLABLES for piece in key.split("-")):
        return True
    if "-" in word:
        return word.partition("-")[2][:1].islower()
    return any(key[:cut] in KOREAN_SYLLABLES and key[cut:] in KOREAN_SYLLABLES for cut in range(1, len(key)))


def _reads_reversed(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether the last word is a given name alone and the first one a family name alone: "Nagy Péter"."""
    first, last = keys[0], keys[-1]
    if len(keys) == 2 and _CYRILLIC.search(first):
        return not _reads_given_first(first, last)
    if _reads_hungarian(words, keys):
        return True
    if not _is_given(last) or _is_given(first) or last in FAMILY_NAMES:
        return False
    return _is_slavic_family(first) or first in FAMILY_NAMES or first in SPANISH_FAMILY_NAMES


def _reads_given_first(first: str, last: str) -> bool:
    """Return whether one of two Cyrillic words shows that the given name comes first."""
    is_given_in_front = _is_given(first) and not _is_given(last)
    is_family_behind = _is_slavic_family(last) and not _is_slavic_family(first)
    return is_given_in_front or is_family_behind


def _reads_hungarian(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a name may be written as in Hungary, where the family name comes first."""
    if words[-1].lower() in HUNGARIAN_GIVEN_NAMES:
        return True
    return keys[0] in HUNGARIAN_FAMILY_NAMES and keys[0] not in GIVEN_NAMES and keys[-1] not in HUNGARIAN_FAMILY_NAMES


def _opens_with_family_particle(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a name of three or more words may open with a family name: "De Vries Anna"."""
    if keys[0] not in ALL_PARTICLES or len(keys) < 3 or len(keys[0]) == 1:
        return False
    if keys[0] not in GIVEN_PARTICLES or words[0].islower() or keys[1] in PARTICLES:
        return True
    return _is_given(keys[-1]) or " ".join(keys[:2]) in FAMILY_NAMES


def order_given_first(words: Sequence[str]) -> Order:
    """Return the order of a name whose given name comes first; the words are in their final case."""
    keys = [_key(word) for word in words]
    if len(words) == 1:
        return Order(tuple(words), ())
    if _opens_family_alone(words, keys):
        return Order((), tuple(words))
    start = _start_of_family(words, keys)
    if len(words) > 2 and keys[0] in UNSURE_TITLES and not (keys[0] == "m" and words[0] != "M."):
        return Order((), tuple(words[start:]) if start else ())
    return Order(tuple(words[:start]), tuple(words[start:])) if start else Order((words[0],), ())


def _opens_family_alone(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether the words are a family name alone: "van Gogh", "de la Vega"."""
    opens = keys[0] in ALL_PARTICLES and words[0].islower()
    return opens and all(key in PARTICLES for key in keys[1:-1])


def _start_of_family(words: Sequence[str], keys: Sequence[str]) -> int:
    """Return where the family name of two words or more starts, 0 if that is not clear."""
    if len(words) == 2:
        return _start_of_last(words, keys)
    last = len(words) - 1
    if _binds_to_last(keys):
        return _before_particles(keys, last - 1)
    if devotion_end := _devotion_end(keys):
        return devotion_end if devotion_end <= last else 0
    if _is_spanish_family(keys[-2]) and keys[-1] not in GIVEN_NAMES:
        return last - 1 if _is_spanish_family(keys[-1]) else 0
    if _is_initial(words[-1]):
        return 0  # "Senthil Kumar V"
    particles = 1 if keys[0] in ALL_PARTICLES else 0
    return particles + _parsed_start(words[particles:])


def _start_of_last(words: Sequence[str], keys: Sequence[str]) -> int:
    return 1 if keys[0] in ALL_PARTICLES else _parsed_start(words)


def _is_initial(word: str) -> bool:
    return len(word) == 1 and not is_family_first_script(word)


def _before_particles(keys: Sequence[str], position: int) -> int:
    """Return where the particles in front of a word start: "de Vries-van Dijk"."""
    while position > 1 and keys[position - 1] in ALL_PARTICLES:
        position -= 1
    return position


def _binds_to_last(keys: Sequence[str]) -> bool:
    """Return whether the last but one word belongs to the family name: "O Brien", "Abdul Aziz", "Kok-De Boer"."""
    before = keys[-2]
    _, hyphen, tail = before.rpartition("-")
    return (before == "o" and keys[-1] in O_NAMES) or before in _BOUND or (bool(hyphen) and tail in PARTICLES)


def _devotion_end(keys: Sequence[str]) -> int:
    """Return where a given name such as "María del Carmen" ends, 0 if there is none."""
    if len(keys) < 4 or keys[0] not in DEVOTIONAL_HEADS or keys[1] not in {"de", "del", "da", "das", "do", "dos"}:
        return 0
    position = 3 if keys[2] in {"la", "los", "las"} else 2
    return position + 1 if keys[position] in DEVOTIONS else 0


def _is_spanish_family(key: str) -> bool:
    return key not in GIVEN_NAMES and (key in SPANISH_FAMILY_NAMES or (key.endswith("ez") and len(key) > 4))


def _parsed_start(words: Sequence[str]) -> int:
    """Return where the parser lets the family name start; 0 if it gives other words than it was given."""
    if all(map(_is_plain, words)):
        # The parser would say the same, and take most of the time that an answer's name costs.
        return len(words) - 1
    parsed = _parser().parse(" ".join(words))
    family = parsed.family.split()
    start = len(words) - len(family)
    is_sound = family == list(words[start:]) and not parsed.suffix
    return start if is_sound else 0


def _is_plain(word: str) -> bool:
    """Return whether a word is nothing but a name to the parser, wherever it stands."""
    if not word.isalpha() or _NUMERAL.fullmatch(word):
        return False
    return fold(word) not in _parser_words()


def _key(word: str) -> str:
    return bare(word).replace("đ", "d")


@functools.cache
def _parser() -> Parser:
    """Return a parser that knows particles and bound given names; titles, credentials and commas are gone by then."""
    return Parser(lexicon=_lexicon(), policy=Policy(segment_scripts=frozenset()))


@functools.cache
def _parser_words() -> frozenset[str]:
    """Return the words that mean something to the parser."""
    known = _lexicon()
    return frozenset(map(fold, known.particles | known.conjunctions | known.bound_given_names))


@functools.cache
def _lexicon() -> Lexicon:
    shipped = Lexicon.default()
    return Lexicon(
        particles=shipped.particles | FAMILY_PARTICLES,
        particles_ambiguous=shipped.particles_ambiguous,
        conjunctions=shipped.conjunctions - {"of", "the", "&", "and"},
        conjunctions_ambiguous=shipped.conjunctions_ambiguous,
        bound_given_names=shipped.bound_given_names,
    )
