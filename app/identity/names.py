"""Whether two texts are one person's name.

Providers and lists write the same name in many ways: with and without accents, titles and middle names, family
name first, by an initial or a short form, with one or both of two family names, in another script. Names are
compared word by word; a name is the same if one is contained in the other and at least two words agree, one of
them in full. What cannot be compared, such as a Japanese name in Latin letters, is unknown rather than unlike.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import partial
from itertools import pairwise, permutations, product, starmap
from typing import Any, Final

from app.identity.readings import Reading, initials, read, reduced
from app.identity.spellings import (
    LINKS,
    SHORTEST_PREFIX,
    given_names,
    is_equal,
    is_initial,
    is_known_form,
    is_opening,
    is_short_form,
    loose,
)


class Resemblance(IntEnum):
    """How alike two names are; of several comparisons the highest counts."""

    UNKNOWN = 0
    """They cannot be compared, or too little of one of them is known."""
    UNLIKE = 1
    """They share no word."""
    AKIN = 2
    """They share a word, and others differ: a colleague, a relative, or somebody who married."""
    SAME = 3


# Scripts that are written letter by letter, so that a name in them can be read in Latin letters with confidence.
_LETTER_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN"})
_ARTICLES: Final = ("al", "el")


def compare(asked: Mapping[str, Any], said: Mapping[str, Any]) -> Resemblance:
    """Return how alike the names of two persons are, by their fields `first_name`, `last_name` and `full_name`."""
    pairs = product(read(asked), read(said))
    return max(starmap(_compare, pairs), default=Resemblance.UNKNOWN)


def share_first_name(asked: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Return whether two names begin alike, as they do if one of the two is of somebody who took another surname."""
    return any(starmap(_begin_alike, product(read(asked), read(said))))


def _begin_alike(left: Reading, right: Reading) -> bool:
    first, second = left.words[0], right.words[0]
    is_foreign = left.script != right.script
    return is_equal(first, second, is_foreign) or is_short_form(first, second) or is_initial(first, second)


# Mailboxes


def fits_mailbox(local: str, fields: Mapping[str, Any]) -> bool | None:
    """Return whether the part of an address before the @ may be made of a person's name; None if nobody can tell."""
    parts = re.findall(r"[a-z]+", reduced(local))
    names = list(filter(_is_spelled_in_full, read(fields)))
    if not names or max(map(len, parts), default=0) < SHORTEST_PREFIX:
        return None
    return any(_fits(parts, name.words) for name in names)


def _is_spelled_in_full(reading: Reading) -> bool:
    return reading.script in _LETTER_SCRIPTS and len(reading.words) > 1


def _fits(parts: Sequence[str], words: Sequence[str]) -> bool:
    whole, letters = "".join(parts), initials(words)
    if whole.startswith(letters) or whole in letters:
        return True
    if _shares_a_word(whole, words) or any(starmap(is_short_form, product(parts, words))):
        return True
    return any(starmap(partial(_is_made_of_beginnings, whole), permutations(words, 2)))


def _shares_a_word(whole: str, words: Iterable[str]) -> bool:
    """Return whether a mailbox holds a word of a name, or is the beginning of one."""
    long_words = [word for word in words if len(word) >= SHORTEST_PREFIX]
    return any(word in whole or word.startswith(whole) for word in long_words)


def _is_made_of_beginnings(whole: str, first: str, second: str) -> bool:
    """Return whether a mailbox is the beginnings of two words: "ibra" and "idab" for Ida Brandt."""
    return any(whole == first[:size] + second[: len(whole) - size] for size in range(1, len(whole)))


# Two readings


def _compare(left: Reading, right: Reading) -> Resemblance:
    if _are_same_letters(left, right):
        return _compare_same_letters(left, right)
    scripts = {left.script, right.script}
    if len(scripts) > 1 and not scripts <= _LETTER_SCRIPTS:
        return Resemblance.UNKNOWN
    return _compare_words(left, right)


def _are_same_letters(left: Reading, right: Reading) -> bool:
    """Return whether the names are the same letters, wherever words begin and whichever of them comes first."""
    is_foreign = left.script != right.script
    return not _rotations(left.words, is_foreign).isdisjoint(_rotations(right.words, is_foreign))


def _rotations(words: Sequence[str], is_foreign: bool) -> set[str]:
    joined = {"".join((*words[start:], *words[:start])) for start in range(len(words))}
    return set(map(loose, joined)) if is_foreign else joined


def _compare_same_letters(left: Reading, right: Reading) -> Resemblance:
    if not _agree_in_generation(left, right):
        return Resemblance.AKIN
    is_whole = max(len(left.words), len(right.words)) > 1 or left.script == "CJK"
    return Resemblance.SAME if is_whole else Resemblance.UNKNOWN


def _agree_in_generation(left: Reading, right: Reading) -> bool:
    generations = {left.generation, right.generation} - {""}
    return len(generations) < 2


def _compare_words(left: Reading, right: Reading) -> Resemblance:
    left_words, right_words = list(left.words), list(right.words)
    full, short, initials = _pair_all(left_words, right_words, left, right)
    left_over, right_over = _without_links(left_words, left), _without_links(right_words, right)
    have_both_more = bool(left_over and right_over)
    if full + short == 0:
        return Resemblance.UNLIKE if have_both_more else Resemblance.UNKNOWN
    if have_both_more and not _is_abbreviated(left_over, right_over):
        return Resemblance.AKIN
    if not _agree_in_generation(left, right):
        return Resemblance.AKIN
    is_enough = have_both_more or full + short + initials > 1
    return Resemblance.SAME if full and is_enough else Resemblance.UNKNOWN


def _without_links(words: list[str], name: Reading) -> list[str]:
    """Return words without particles. The first one is a given name, even if it looks like one: "Ben", "Al"."""
    return [word for word in words if word not in LINKS or word == name.words[0]]


def _is_abbreviated(left: list[str], right: list[str]) -> bool:
    """Return whether one side is the initials of the other, in one word: "JP" for "John Paul"."""
    short, long = sorted((left, right), key=len)
    return len(long) > 1 and short == [initials(long)]


# Pairs of words


def _pair_all(left_words: list[str], right_words: list[str], left: Reading, right: Reading) -> tuple[int, int, int]:
    """Take the pairs of words out that are the same in full, for short, as initials; return how many of each."""
    is_foreign = left.script != right.script

    def is_full(word: str, partner: str) -> bool:
        return is_equal(word, partner, is_foreign) or _is_with_article(word, left, partner, right)

    def is_short(word: str, partner: str) -> bool:
        return _is_short_given_name(word, left, partner, right)

    full = _pair_off(left_words, right_words, is_full)
    short = _pair_off(left_words, right_words, is_short)
    return full, short, _pair_off(left_words, right_words, is_initial)


def _pair_off(left: list[str], right: list[str], is_alike: Callable[[str, str], bool]) -> int:
    """Take the pairs of alike words out of both lists, and return how many there were."""
    count = 0
    for word in list(left):
        partner = next(filter(partial(is_alike, word), right), None)
        if partner is not None:
            left.remove(word)
            right.remove(partner)
            count += 1
    return count


def _is_with_article(word: str, left: Reading, partner: str, right: Reading) -> bool:
    """Return whether two words write one Arabic family name, of which one has its article apart: "Al-Rashid"."""
    is_apart = _is_after_article(word, left) or _is_after_article(partner, right)
    return is_apart and _arabic(word, left) == _arabic(partner, right) != ""


def _is_after_article(word: str, name: Reading) -> bool:
    return any(before in _ARTICLES and after == word for before, after in pairwise(name.words[1:]))


def _arabic(word: str, name: Reading) -> str:
    """Return how a family name with an article sounds without it, "" if there is no article."""
    bare = _without_article(word, name)
    if len(bare) < 4 or word == name.words[0]:
        return ""
    return loose(bare.replace("ee", "i").replace("oo", "u"))


def _without_article(word: str, name: Reading) -> str:
    if _is_after_article(word, name):
        return word
    return word[2:] if word.startswith(_ARTICLES) else ""


def _is_short_given_name(word: str, left: Reading, partner: str, right: Reading) -> bool:
    """Return whether two words are forms of one given name where they stand: Gold is none of Goldstein's."""
    if not is_known_form(word, partner):
        return is_opening(word, partner) and not (_is_last(word, left) or _is_last(partner, right))
    if word == left.words[0] or partner == right.words[0]:
        return True
    return not (_is_family_name(word, left) or _is_family_name(partner, right))


def _is_last(word: str, name: Reading) -> bool:
    return word == name.words[-1] and word != name.words[0]


def _is_family_name(word: str, name: Reading) -> bool:
    """Return whether a word ends a name that a given name begins; "Kovács István" begins with the family name."""
    return _is_last(word, name) and name.words[0] in given_names()
