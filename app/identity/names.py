"""Whether two texts are one person's name.

Providers and lists write the same name in many ways: with and without accents, titles and middle names, family
name first, by an initial or a short form, with one or both of two family names, in another script. Names are
compared word by word; a name is the same if one is contained in the other and at least two words agree, one of
them in full. What cannot be compared, such as a Japanese name in Latin letters, is unknown rather than unlike.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from itertools import pairwise, permutations, product, starmap
from typing import Any, Final

from anyascii import anyascii
from nicknames import name_triplets

from app.identity.data import NAME_FORMS
from app.normalizer.data.name_words import CREDENTIALS, PARTICLES, TITLES
from app.normalizer.nobody import names_nobody
from app.values.text import clean, word_set


class Resemblance(IntEnum):
    """How alike two names are; of several comparisons the highest counts."""

    UNKNOWN = 0
    """They cannot be compared, or too little of one of them is known."""
    UNLIKE = 1
    """They share no word."""
    AKIN = 2
    """They share a word, and others differ: a colleague, a relative, or somebody who married."""
    SAME = 3


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
# Words of family names that come and go, or are written together with the next word.
_LINKS: Final = (PARTICLES | word_set("al el bin ibn abu st san santa saint mc mac o d l")) - {"'t"}
_JOINED_LINKS: Final = re.compile(rf"(?:{'|'.join(sorted(map(re.escape, _LINKS), key=len, reverse=True))})+")
# Scripts that are written letter by letter, so that a name in them can be read in Latin letters with confidence.
_LETTER_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN"})
_FEMININE: Final = (
    ("aya", "y"), ("aia", "y"), ("aja", "y"), ("aya", "ij"), ("aya", "iy"), ("aya", "i"), ("aia", "i"), ("a", ""),
    ("ova", ""), ("a", "y"), ("ska", "ski"), ("cka", "cki"),
)  # fmt: skip
_ARTICLES: Final = ("al", "el")
_SLAVIC_ENDINGS: Final = ("ov", "ova", "ev", "eva", "sky", "skiy", "skii", "skaya", "skaia", "enko", "chuk")
# Endings that make another name, of a woman or a man, and no longer form of the same one.
_OTHER_NAMES: Final = frozenset(
    {
        "ine",
        "ina",
        "ette",
        "etta",
        "ana",
        "anne",
        "ella",
        "elle",
        "nie",
        "nia",
        "tte",
        "tta",
        "lle",
        "lla",
        "otta",
        "otte",
    }
)
_SHORTEST_PREFIX: Final = 3
_SPELLINGS: Final = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("tsch", "ch"), ("kh", "h"), ("ts", "c"), ("tz", "c"), ("ks", "x"),
    ("ph", "f"), ("th", "t"), ("ck", "k"), ("ou", "u"), ("zh", "j"), ("ff", "v"), ("w", "v"),
    ("y", "i"), ("j", "i"), ("ie", "e"), ("io", "e"),
)  # fmt: skip
_NEAR: Final = 0.85


@dataclass(frozen=True, slots=True)
class _Name:
    """The words of a name in one script, in Latin letters, without titles, with the generation apart."""

    words: tuple[str, ...]
    script: str
    generation: str = ""

    @property
    def is_foreign(self) -> bool:
        return self.script != "LATIN"


def compare(asked: Mapping[str, Any], said: Mapping[str, Any]) -> Resemblance:
    """Return how alike the names of two persons are, by their fields `first_name`, `last_name` and `full_name`."""
    pairs = ((one, other) for one in _names(asked) for other in _names(said))
    return max((_compare(one, other) for one, other in pairs), default=Resemblance.UNKNOWN)


def share_first_name(asked: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Return whether two names begin alike, as they do if one of the two is of somebody who took another surname."""
    pairs = ((one, other) for one in _names(asked) for other in _names(said))
    return any(_begin_alike(one, other) for one, other in pairs)


def _begin_alike(one: _Name, other: _Name) -> bool:
    first, second = one.words[0], other.words[0]
    is_foreign = one.script != other.script
    return _is_equal(first, second, is_foreign) or _is_short_form(first, second) or _is_initial(first, second)


def fits_mailbox(local: str, fields: Mapping[str, Any]) -> bool | None:
    """Return whether the part of an address before the @ may be made of a person's name; None if nobody can tell."""
    parts = [part for part in re.split(r"[^a-z]+", _reduced(local)) if part]
    names = [name for name in _names(fields) if name.script in _LETTER_SCRIPTS and len(name.words) > 1]
    if not names or max(map(len, parts), default=0) < _SHORTEST_PREFIX:
        return None
    return any(_fits(parts, name.words) for name in names)


def _fits(parts: Sequence[str], words: Sequence[str]) -> bool:
    whole, initials = "".join(parts), "".join(word[0] for word in words)
    if whole.startswith(initials) or whole in initials:
        return True
    if _shares_a_word(whole, words) or any(starmap(_is_short_form, product(parts, words))):
        return True
    return any(
        _is_made_of_beginnings(whole, first, second) for first, second in permutations(words, 2) if first is not second
    )


def _shares_a_word(whole: str, words: Iterable[str]) -> bool:
    """Return whether a mailbox holds a word of a name, or is the beginning of one."""
    long_words = [word for word in words if len(word) >= _SHORTEST_PREFIX]
    return any(word in whole or word.startswith(whole) for word in long_words)


def _is_made_of_beginnings(whole: str, first: str, second: str) -> bool:
    """Return whether a mailbox is the beginnings of two words: "ibra" and "idab" for Ida Brandt."""
    return any(whole == first[:size] + second[: len(whole) - size] for size in range(1, len(whole)))


# Reading


def _names(fields: Mapping[str, Any]) -> list[_Name]:
    """Return the forms of the name that the fields give, each in one script; none if they name nobody."""
    first, last, full = (clean(fields.get(name), _LONGEST_NAME) for name in ("first_name", "last_name", "full_name"))
    if names_nobody(first, last, full):
        return []
    parts = " ".join(filter(None, (first, last)))
    return [name for text in filter(None, (full, parts)) if "@" not in text for name in _read(text)]


def _read(text: str) -> list[_Name]:
    head = _TAGLINE.split(text, maxsplit=1)[0]
    bare = _APOSTROPHES.sub("", unicodedata.normalize("NFC", head))
    by_script: dict[str, list[str]] = {}
    for word in _SEPARATORS.split(bare):
        if word:
            by_script.setdefault(script_of(word), []).append(word)
    names = [_name(words, script) for script, words in by_script.items()]
    longest = max((len(name.words) for name in names), default=0)
    # A single Latin word beside a name in another script is a remark, such as a degree.
    return [name for name in names if name.words and (len(name.words) > 1 or name.is_foreign or longest < 2)]


def _name(words: Sequence[str], script: str) -> _Name:
    latin = [_reduced(word) for word in words[:_MOST_WORDS]]
    if script == "GREEK":
        # Letter by letter it would be "oy", which nobody writes.
        latin = [word.replace("oy", "ou") for word in latin]
    generations = (_GENERATIONS[word] for word in latin[1:] if word in _GENERATIONS)
    filled = tuple(filter(None, latin))
    kept = tuple(word for word in filled if word not in _NO_PART_OF_A_NAME)
    return _Name(kept if len(kept) > 1 else filled, script, next(generations, ""))


def script_of(word: str) -> str:
    """Return the name of the script of a word's first letter; Chinese characters and kana are one."""
    if word.isascii():
        return "LATIN"
    letter = next((char for char in word if char.isalpha()), "a")
    script = unicodedata.name(letter, "LATIN").split(" ")[0].split("-")[0]
    return "CJK" if script in {"HIRAGANA", "KATAKANA"} else script


@functools.lru_cache(maxsize=4096)
def _reduced(word: str) -> str:
    """Return a word in plain Latin letters, in which Jörg, Joerg and Jorg are one."""
    plain = anyascii(word).lower()
    for written, short in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")):
        plain = plain.replace(written, short)
    return plain


# Comparing


def _compare(one: _Name, other: _Name) -> Resemblance:
    if _is_written_together(one, other):
        if not _agree_in_generation(one, other):
            return Resemblance.AKIN
        is_whole = max(len(one.words), len(other.words)) > 1 or one.script == "CJK"
        return Resemblance.SAME if is_whole else Resemblance.UNKNOWN
    if one.script != other.script and not {one.script, other.script} <= _LETTER_SCRIPTS:
        return Resemblance.UNKNOWN
    return _judge(one, other)


def _agree_in_generation(one: _Name, other: _Name) -> bool:
    return not one.generation or not other.generation or one.generation == other.generation


def _is_written_together(one: _Name, other: _Name) -> bool:
    """Return whether the names are the same letters, wherever words begin and whichever of them comes first."""
    is_foreign = one.script != other.script
    return not _rotations(one.words, is_foreign).isdisjoint(_rotations(other.words, is_foreign))


def _rotations(words: Sequence[str], is_foreign: bool) -> set[str]:
    joined = {"".join((*words[start:], *words[:start])) for start in range(len(words))}
    return {loose(text) for text in joined} if is_foreign else joined


def _judge(one: _Name, other: _Name) -> Resemblance:
    left, right = list(one.words), list(other.words)
    full, short, initials = _pair_all(left, right, one, other)
    left_over, right_over = _without_links(left, one), _without_links(right, other)
    have_both_more = bool(left_over and right_over)
    if not full + short:
        return Resemblance.UNLIKE if have_both_more else Resemblance.UNKNOWN
    if have_both_more and not _is_abbreviated(left_over, right_over):
        return Resemblance.AKIN
    if not _agree_in_generation(one, other):
        return Resemblance.AKIN
    is_enough = full + short + initials > 1 or have_both_more
    return Resemblance.SAME if full and is_enough else Resemblance.UNKNOWN


def _pair_all(left: list[str], right: list[str], one: _Name, other: _Name) -> tuple[int, int, int]:
    """Take the pairs of words out that are the same in full, for short, as initials; return how many of each."""
    is_foreign = one.script != other.script
    full = _pair_off(left, right, lambda a, b: _is_equal(a, b, is_foreign) or _is_with_article(a, one, b, other))
    short = _pair_off(left, right, lambda a, b: _is_short_given_name(a, one, b, other))
    return full, short, _pair_off(left, right, _is_initial)


def _without_links(words: list[str], name: _Name) -> list[str]:
    """Return words without particles. The first one is a given name, even if it looks like one: "Ben", "Al"."""
    return [word for word in words if word not in _LINKS or word == name.words[0]]


def _is_abbreviated(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether one side is the initials of the other, in one word: "JP" for "John Paul"."""
    short, long = sorted((one, other), key=len)
    return len(short) == 1 and len(long) > 1 and short[0] == "".join(word[0] for word in long)


def _pair_off(left: list[str], right: list[str], is_alike: Callable[[str, str], bool]) -> int:
    """Take the pairs of alike words out of both lists, and return how many there were."""
    count = 0
    for word in list(left):
        partner = next((other for other in right if is_alike(word, other)), None)
        if partner is not None:
            left.remove(word)
            right.remove(partner)
            count += 1
    return count


def _is_equal(one: str, other: str, is_foreign: bool) -> bool:
    if len(one) < 2 or len(other) < 2:
        return False
    if one == other or _is_joined(one, other) or _is_feminine(one, other):
        return True
    if is_foreign:
        return _is_near(loose(one), loose(other))
    return _is_romanised_alike(one, other)


def _is_romanised_alike(one: str, other: str) -> bool:
    """Return whether two words write one Slavic family name in Latin letters: "Yuryev" and "Iurev".

    Elsewhere such letters tell people apart: Jan and Ian, Mayer and Maier.
    """
    return one.endswith(_SLAVIC_ENDINGS) and other.endswith(_SLAVIC_ENDINGS) and loose(one) == loose(other)


def _is_with_article(word: str, one: _Name, partner: str, other: _Name) -> bool:
    """Return whether two words write one Arabic family name, of which one has its article apart: "Al-Rashid"."""
    is_apart = _is_after_article(word, one) or _is_after_article(partner, other)
    return is_apart and _arabic(word, one) == _arabic(partner, other) != ""


def _is_after_article(word: str, name: _Name) -> bool:
    return any(before in _ARTICLES and after == word for before, after in pairwise(name.words[1:]))


def _arabic(word: str, name: _Name) -> str:
    """Return how a family name with an article sounds without it, "" if there is no article."""
    bare = word if _is_after_article(word, name) else word[2:] if word.startswith(_ARTICLES) else ""
    return loose(bare.replace("ee", "i").replace("oo", "u")) if len(bare) > 3 and word != name.words[0] else ""


def _is_joined(one: str, other: str) -> bool:
    """Return whether one word is the other with its particles written on to it: "delacruz" and "cruz"."""
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and long.endswith(short) and _JOINED_LINKS.fullmatch(long[: -len(short)]) is not None


def _is_feminine(one: str, other: str) -> bool:
    """Return whether one is the feminine form of the other, of a Slavic family name: "Ivanov" and "Ivanova"."""
    if one in given_names() or other in given_names():
        return False
    return _ends_in_gender(one, other) or _ends_in_gender(other, one)


def _ends_in_gender(masculine: str, feminine: str) -> bool:
    is_slavic = masculine.endswith(("ov", "ev", "in", "iy", "yy", "ij", "sky", "ski", "cki", "y")) or feminine.endswith(
        "ova"
    )
    if not is_slavic or len(masculine) < 4:
        return False
    return any(
        feminine.endswith(her) and masculine.endswith(his) and _stem(feminine, her) == _stem(masculine, his)
        for her, his in _FEMININE
    )


def _stem(word: str, ending: str) -> str:
    return word[: len(word) - len(ending)]


def _is_initial(one: str, other: str) -> bool:
    return (len(one) == 1 or len(other) == 1) and one[:1] == other[:1]


def _is_short_given_name(word: str, one: _Name, partner: str, other: _Name) -> bool:
    """Return whether two words are forms of one given name where they stand: Gold is none of Goldstein's."""
    if _is_known_form(word, partner):
        is_first = word == one.words[0] or partner == other.words[0]
        return is_first or not (_is_family_name(word, one) or _is_family_name(partner, other))
    return _is_opening(word, partner) and not (_is_last(word, one) or _is_last(partner, other))


def _is_last(word: str, name: _Name) -> bool:
    return word == name.words[-1] and word != name.words[0]


def _is_family_name(word: str, name: _Name) -> bool:
    """Return whether a word ends a name that a given name begins; "Kovács István" begins with the family name."""
    return _is_last(word, name) and name.words[0] in given_names()


def _is_short_form(one: str, other: str) -> bool:
    """Return whether one is a short or other form of the other given name: Bob of Robert, Max of Maximilian."""
    return _is_known_form(one, other) or _is_opening(one, other)


def _is_known_form(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 2:
        return False
    return not given_names().get(one, frozenset()).isdisjoint(given_names().get(other, frozenset()))


def _is_opening(one: str, other: str) -> bool:
    """Return whether one word opens the other and leaves no ending that makes another name."""
    short, long = sorted((one, other), key=len)
    rest = long.removeprefix(short)
    is_prefix = len(short) >= _SHORTEST_PREFIX and rest != long and len(rest) >= _SHORTEST_PREFIX
    return is_prefix and rest not in _OTHER_NAMES


@functools.cache
def given_names() -> Mapping[str, frozenset[int]]:
    """Return, for each given name, the groups of interchangeable forms that it belongs to."""
    pairs = [(triplet.name1, triplet.name2) for triplet in name_triplets()]
    groups: list[Sequence[str]] = [pair for pair in pairs if not _differ_in_gender(*pair)]
    for group in NAME_FORMS.split(";"):
        spellings, _, shorts = group.partition("|")
        groups += [spellings.split(), *([name, short] for name in spellings.split() for short in shorts.split())]
    found: dict[str, set[int]] = {}
    for number, names in enumerate(groups):
        for name in names:
            found.setdefault(_reduced(name), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


def _differ_in_gender(one: str, other: str) -> bool:
    """Return whether two given names are a man's and a woman's form: "Louis" and "Louise"."""
    short, long = sorted((one, other), key=len)
    return long.removeprefix(short) in {"a", "e", *_OTHER_NAMES}


@functools.lru_cache(maxsize=4096)
def loose(word: str) -> str:
    """Return a word without the differences between ways to write another script in Latin letters."""
    for written, sound in _SPELLINGS:
        word = word.replace(written, sound)
    return re.sub(r"(.)\1+", r"\1", word)


def _is_near(one: str, other: str) -> bool:
    if one == other:
        return True
    # Of two names that differ in the last letter alone, one may be a woman's.
    is_comparable = min(len(one), len(other)) > 3 and one.endswith("a") == other.endswith("a")
    return is_comparable and SequenceMatcher(None, one, other).ratio() >= _NEAR
