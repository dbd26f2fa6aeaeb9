"""Names of people: decoration off, case put right, full names split if their order is known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from app.normalizer.east_asian_names import (
    are_written_together,
    is_east_asian_family,
    is_family_first_script,
    is_one_given_name,
    is_vietnamese,
)
from app.normalizer.name_case import recase_words
from app.normalizer.name_order import (
    UNKNOWN,
    Order,
    has_known_order,
    is_given_first,
    order_by_capitals,
    order_by_patronymic,
    order_given_first,
)
from app.normalizer.name_text import NameText, read_name, read_part
from app.normalizer.nobody import names_nobody
from app.normalizer.plain_names import plain_full_name, plain_pair
from app.values.text import fold

_MOST_ROUNDS = 4
_LONGEST_NAME = 200  # characters of a column that are read
_BOUND_GIVEN_NAMES = frozenset(
    {"abd", "abdal", "abdel", "abdul", "abou", "abu", "umm", "عبد", "أبو", "ابو", "أم", "ام"}
)


class Name(NamedTuple):
    """The parts of a person's name; None if a part is not known."""

    first: str | None
    last: str | None
    full: str | None


class _Parts(NamedTuple):
    """The parts of a name; "" if a part is not known."""

    first: str
    last: str
    full: str


_NOBODY = _Parts("", "", "")


def normalize_name(first: Any, last: Any, full: Any) -> Name:
    """Return the three forms of a name, decoration removed and case put right.

    Columns that are given win; the full name is split for what they lack, unless its script or its words leave the
    order of family and given name open (Chinese, Japanese, Korean, Vietnamese): then it is kept whole. Titles and
    credentials go; ``Jr.`` and ``III`` stay in the full name only. Mixed case stays as it is. A text that holds no
    single person's name, or in which the name cannot be told from the rest, counts as absent.
    """
    return _normalized(_text(first), _text(last), _text(full))


def _text(column: Any) -> str:
    """Return what the rules read of a column. What follows is cut off here, so that no long text is kept."""
    return column[:_LONGEST_NAME] if isinstance(column, str) else ""


@lru_cache(maxsize=4096)
def _normalized(first: str, last: str, full: str) -> Name:
    """Return the forms of a name. Cached: a provider's answer usually has the name that was asked for."""
    if plain := _plain_name(first, last, full):
        return Name(*plain)
    parts = _settled(_by_rules(first, last, full), _Parts(first, last, full))
    return Name(parts.first or None, parts.last or None, parts.full or None)


def _settled(parts: _Parts, before: _Parts) -> _Parts:
    """Return the name once normalising it again changes nothing."""
    for _ in range(_MOST_ROUNDS):
        if parts == before:
            break
        parts, before = _Parts._make(_plain_name(*parts) or _by_rules(*parts)), parts
    return parts


def _plain_name(first: str, last: str, full: str) -> tuple[str, str, str] | None:
    """Return a name of two plain words in columns that agree; None for any other."""
    if first and last:
        return _plain_columns(first, last, full)
    return None if first or last else _plain_whole(full)


def _plain_columns(first: str, last: str, full: str) -> tuple[str, str, str] | None:
    pair = plain_pair(f"{first} {last}")
    if pair is None:
        return None
    shown = plain_full_name(full, *pair) if full else " ".join(pair)
    return (*pair, shown) if shown else None


def _plain_whole(full: str) -> tuple[str, str, str] | None:
    pair = plain_pair(full)
    return (*pair, " ".join(pair)) if pair and is_given_first(*pair) else None


def _by_rules(first: str, last: str, full: str) -> _Parts:
    if names_nobody(first, last, full):
        return _NOBODY
    given, family, whole = _read_part(first, False), _read_part(last, True), _read_whole(full)
    if not (given and family):
        given, family = _filled(whole, given, family)
    return _Parts(given, family, whole.full or _joined(given, family))


@lru_cache(maxsize=16_384)
def _read_part(text: str, is_family: bool) -> str:
    """Return a part of a name. Cached: given names repeat within a list, and results are read once more."""
    return " ".join(recase_words(read_part(text), is_family))


@lru_cache(maxsize=4096)
def _read_whole(full: str) -> _Parts:
    """Return the name of a full name column. Cached: it is read again with the parts that it gave."""
    text = read_name(full)
    if text is None:
        return _NOBODY
    if text.is_family_alone:
        family = " ".join(recase_words(text.words, is_family=True))
        return _Parts("", family, family)
    order = _shown_order(text)
    if order is None:
        return _by_words(text)
    return _NOBODY if order is UNKNOWN else _ordered(order, text)


def _shown_order(text: NameText) -> Order | None:
    """Return the order that a comma or capitals show, `UNKNOWN` if they mislead, None without them."""
    if text.family:
        return Order(text.words, text.family, not is_family_first_script("".join(text.family)))
    return order_by_capitals(text.words)


def _by_words(text: NameText) -> _Parts:
    """Return a name whose case says nothing about the order of its words."""
    words = recase_words(text.words, keeps_particles=is_vietnamese(text.words))
    order = order_by_patronymic(words)
    if order is None:
        order = order_given_first(words) if has_known_order(words) else UNKNOWN
    given = _first_name(order.given, order.family)
    return _Parts(given, " ".join(order.family), _with_generation(words, text.generation))


def _ordered(order: Order, text: NameText) -> _Parts:
    """Return a name whose family name a comma or its capitals show."""
    context = " ".join((*order.given, *order.family))
    is_family_first = is_vietnamese([*order.family, *order.given])
    given = recase_words(order.given, keeps_particles=is_family_first, context=context)
    family = recase_words(order.family, is_family=True, context=context)
    first, last = _first_name(given, family), " ".join(family)
    if _stays_family_first(order, text, family):
        return _Parts("" if is_family_first else first, last, " ".join([*family, *given]))
    if are_written_together("".join(given), "".join(family)):
        return _Parts(first, last, "".join([*family, *given]))
    return _Parts(first, last, _with_generation([*given, *family], text.generation))


def _stays_family_first(order: Order, text: NameText, family: Sequence[str]) -> bool:
    """Return whether a full name keeps its East Asian family name in front: "WANG Wei", but not "Wang, Wei"."""
    return not (text.family or order.is_read_so) and is_east_asian_family(family)


def _first_name(given: Sequence[str], family: Sequence[str]) -> str:
    """Return the first given name; East Asian given names may have several words."""
    if is_one_given_name(given, family):
        return " ".join(given)
    is_bound = len(given) > 1 and fold(given[0]) in _BOUND_GIVEN_NAMES
    return " ".join(given[: 2 if is_bound else 1])


def _with_generation(words: Sequence[str], generation: str | None) -> str:
    return " ".join([*words, generation] if generation else words)


def _filled(whole: _Parts, given: str, family: str) -> tuple[str, str]:
    """Return both parts, the missing ones taken from the full name if it agrees with the part that is known."""
    if given:
        is_same = fold(whole.first) == fold(given)
        return given, whole.last if is_same else _single_rest(whole.full.removeprefix(f"{given} "), whole.full)
    if family:
        is_same = fold(whole.last) == fold(family)
        return whole.first if is_same else _single_rest(whole.full.removesuffix(f" {family}"), whole.full), family
    return whole.first, whole.last


def _single_rest(rest: str, text: str) -> str:
    """Return what is left of the full name without the known part, if it is one word."""
    return rest if " " not in rest and rest != text else ""


def _joined(given: str, family: str) -> str:
    if not (given and family):
        return ""
    if are_written_together(given, family):
        return family + given
    return f"{given} {family}"
