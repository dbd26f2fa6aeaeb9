"""Names of East Asia: their scripts, their family names, and the syllables that given names are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.normalizer.data.given_names import GIVEN_NAMES
from app.normalizer.data.name_words import (
    CHINESE_FAMILY_NAMES,
    CHINESE_SYLLABLE,
    JAPANESE_FAMILY_NAMES,
    KOREAN_FAMILY_NAMES,
    KOREAN_SYLLABLES,
    SHORT_VIETNAMESE_FAMILY_NAMES,
    VIETNAMESE_FAMILY_NAMES,
    VIETNAMESE_SYLLABLES,
)
from app.normalizer.name_shapes import plain_key

_FAMILY_FIRST_SCRIPT = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_ALL_IN_FAMILY_FIRST_SCRIPT = re.compile(f"{_FAMILY_FIRST_SCRIPT.pattern}*")
_VIETNAMESE = frozenset("ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ")
_CHINESE = re.compile(rf"(?:{CHINESE_SYLLABLE}){{1,2}}")
_ROMAJI = re.compile(r"(?:(?:[kgnhmrbps]y|sh|ch|ts|[kstnhmyrwgzdbpjf])?[aeiou]|n)+")
_FAMILY_NAMES = CHINESE_FAMILY_NAMES | KOREAN_FAMILY_NAMES | VIETNAMESE_FAMILY_NAMES | SHORT_VIETNAMESE_FAMILY_NAMES
_SYLLABLES = VIETNAMESE_SYLLABLES | KOREAN_SYLLABLES


def is_family_first_script(text: str) -> bool:
    """Return whether a name is written in Chinese, Japanese or Korean characters."""
    return _FAMILY_FIRST_SCRIPT.search(text) is not None


def are_written_together(given: str, family: str) -> bool:
    """Return whether no blank stands between the parts of a name: both are Chinese, Japanese or Korean alone."""
    return _ALL_IN_FAMILY_FIRST_SCRIPT.fullmatch(given + family) is not None


def is_vietnamese(words: Sequence[str]) -> bool:
    """Return whether a name opens with a Vietnamese family name, or is spelled as only Vietnamese is."""
    if not _VIETNAMESE.isdisjoint("".join(words).lower()):
        return True
    return len(words) > 1 and _reads_as_vietnamese(list(map(plain_key, words)))


def _reads_as_vietnamese(keys: Sequence[str]) -> bool:
    if keys[0] in VIETNAMESE_FAMILY_NAMES:
        return True
    return keys[0] in SHORT_VIETNAMESE_FAMILY_NAMES and VIETNAMESE_SYLLABLES.issuperset(keys[1:])


def is_east_asian_family(family: Sequence[str]) -> bool:
    """Return whether this is a Chinese, Korean or Vietnamese family name."""
    return len(family) == 1 and plain_key(family[0]) in _FAMILY_NAMES


def is_one_given_name(given: Sequence[str], family: Sequence[str]) -> bool:
    """Return whether the words before or behind an East Asian family name are one given name: "Tan, Wei Ling"."""
    return is_east_asian_family(family) and all(_is_syllable(plain_key(word)) for word in given)


def _is_syllable(key: str) -> bool:
    return key in _SYLLABLES or _is_chinese(key)


def reads_as_east_asian(words: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a name in Latin letters may open with a Chinese, Japanese or Korean family name."""
    return _reads_as_japanese(keys) or _reads_as_korean(words, keys) or _reads_as_chinese(keys)


def _reads_as_japanese(keys: Sequence[str]) -> bool:
    first, last = keys[0], keys[-1]
    if first not in JAPANESE_FAMILY_NAMES or last in JAPANESE_FAMILY_NAMES:
        return False
    return _ROMAJI.fullmatch(last) is not None


def _reads_as_chinese(keys: Sequence[str]) -> bool:
    syllables = "-".join(keys[1:]).split("-")
    return keys[0] in CHINESE_FAMILY_NAMES and all(map(_is_chinese, syllables))


def _is_chinese(key: str) -> bool:
    return key not in GIVEN_NAMES and _CHINESE.fullmatch(key) is not None


def _reads_as_korean(words: Sequence[str], keys: Sequence[str]) -> bool:
    return keys[0] in KOREAN_FAMILY_NAMES and all(map(_is_korean, words[1:]))


def _is_korean(word: str) -> bool:
    """Return whether a word is a Korean given name or a syllable of one: "Min-jun", "Min", "Minjun"."""
    key = plain_key(word)
    if KOREAN_SYLLABLES.issuperset(key.split("-")):
        return True
    if "-" in word:
        return word.partition("-")[2][:1].islower()
    return any(KOREAN_SYLLABLES.issuperset((key[:cut], key[cut:])) for cut in range(1, len(key)))
