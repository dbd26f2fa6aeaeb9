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
from app.values.text import clipped, fold

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


_NOBODY = Name(None, None, None)


def normalize_name(first: Any, last: Any, full: Any) -> Name:
    """Return the three forms of a name, decoration removed and case put right.

    Columns that are given win; the full name is split for what they lack, unless its script or its words leave the
    order of family and given name open (Chinese, Japanese, Korean, Vietnamese): then it is kept whole. Titles and
    credentials go; ``Jr.`` and ``III`` stay in the full name only. Mixed case stays as it is. A text that holds no
    single person's name, or in which the name cannot be told from the rest, counts as absent.
    """
    # What the rules do not read is cut off here, so that no long text is kept.
    return _normalized(clipped(first, _LONGEST_NAME), clipped(last, _LONGEST_NAME), clipped(full, _LONGEST_NAME))


@lru_cache(maxsize=4096)
def _normalized(first: str | None, last: str | None, full: str | None) -> Name:
    """Return the forms of a name. Cached: a provider's answer usually has the name that was asked for."""
    if plain := _plain_name(first, last, full):
        return plain
    name, before = _by_rules(first, last, full), (first, last, full)
    for _ in range(_MOST_ROUNDS):  # until normalising again changes nothing
        if name == before:
            break
        name, before = _plain_name(*name) or _by_rules(*name), name
    return name


def _plain_name(first: str | None, last: str | None, full: str | None) -> Name | None:
    """Return a name of two plain words in columns that agree; None for any other."""
    if first and last:
        return _plain_columns(first, last, full)
    return _plain_whole(full) if full and not (first or last) else None


def _plain_columns(first: str, last: str, full: str | None) -> Name | None:
    pair = plain_pair(f"{first} {last}")
    if pair is None:
        return None
    shown = " ".join(pair) if full is None else plain_full_name(full, *pair)
    return Name(*pair, shown) if shown else None


def _plain_whole(full: str) -> Name | None:
    pair = plain_pair(full)
    return Name(*pair, " ".join(pair)) if pair and is_given_first(*pair) else None


def _by_rules(first: str | None, last: str | None, full: str | None) -> Name:
    if names_nobody(first, last, full):
        return _NOBODY
    given, family = _read_part(first or "", False), _read_part(last or "", True)
    whole = _read_whole(full or "")
    if given is None or family is None:
        given, family = _filled(whole, given, family)
    return Name(given, family, whole.full or _joined(given, family))


@lru_cache(maxsize=16_384)
def _read_part(text: str, is_family: bool) -> str | None:
    """Return a part of a name. Cached: given names repeat within a list, and results are read once more."""
    return " ".join(recase_words(read_part(text), is_family)) or None


@lru_cache(maxsize=4096)
def _read_whole(full: str) -> Name:
    """Return the name of a full name column. Cached: it is read again with the parts that it gave."""
    text = read_name(full)
    if text is None:
        return _NOBODY
    if text.is_family_alone:
        family = " ".join(recase_words(text.words, is_family=True))
        return Name(None, family, family)
    order = _shown_order(text)
    if order is None:
        return _by_words(text)
    return _NOBODY if order is UNKNOWN else _ordered(order, text)


def _shown_order(text: NameText) -> Order | None:
    """Return the order that a comma or capitals show, `UNKNOWN` if they mislead, None without them."""
    if text.family:
        return Order(text.words, text.family, not is_family_first_script("".join(text.family)))
    return order_by_capitals(text.words)


def _by_words(text: NameText) -> Name:
    """Return a name whose case says nothing about the order of its words."""
    words = recase_words(text.words, keeps_particles=is_vietnamese(text.words))
    order = order_by_patronymic(words)
    if order is None:
        order = order_given_first(words) if has_known_order(words) else UNKNOWN
    given, family = _first_name(order.given, order.family), " ".join(order.family) or None
    return Name(given, family, _with_generation(words, text.generation))


def _ordered(order: Order, text: NameText) -> Name:
    """Return a name whose family name a comma or its capitals show."""
    context = " ".join((*order.given, *order.family))
    is_family_first = is_vietnamese([*order.family, *order.given])
    given = recase_words(order.given, keeps_particles=is_family_first, context=context)
    family = recase_words(order.family, is_family=True, context=context)
    first, last = _first_name(given, family), " ".join(family)
    if _stays_family_first(order, text, family):
        return Name(None if is_family_first else first, last, " ".join([*family, *given]))
    if are_written_together("".join(given), "".join(family)):
        return Name(first, last, "".join([*family, *given]))
    return Name(first, last, _with_generation([*given, *family], text.generation))


def _stays_family_first(order: Order, text: NameText, family: Sequence[str]) -> bool:
    """Return whether a full name keeps its East Asian family name in front: "WANG Wei", but not "Wang, Wei"."""
    return not (text.family or order.is_read_so) and is_east_asian_family(family)


def _first_name(given: Sequence[str], family: Sequence[str]) -> str | None:
    """Return the first given name; East Asian given names may have several words."""
    if not given:
        return None
    if is_one_given_name(given, family):
        return " ".join(given)
    is_bound = len(given) > 1 and fold(given[0]) in _BOUND_GIVEN_NAMES
    return " ".join(given[:2]) if is_bound else given[0]


def _with_generation(words: Sequence[str], generation: str | None) -> str:
    return " ".join(filter(None, (*words, generation)))


def _filled(whole: Name, given: str | None, family: str | None) -> tuple[str | None, str | None]:
    """Return both parts, the missing ones taken from the full name if it agrees with the part that is known."""
    text = whole.full or ""
    if given is not None:
        rest = text.removeprefix(f"{given} ")
        return given, whole.last if _agree(whole.first, given) else _single_rest(rest, text)
    if family is not None:
        rest = text.removesuffix(f" {family}")
        return whole.first if _agree(whole.last, family) else _single_rest(rest, text), family
    return whole.first, whole.last


def _agree(part: str | None, column: str) -> bool:
    return part is not None and fold(part) == fold(column)


def _single_rest(rest: str, text: str) -> str | None:
    """Return what is left of the full name without the known part, if it is one word."""
    return rest if rest != text and " " not in rest else None


def _joined(given: str | None, family: str | None) -> str | None:
    if given is None or family is None:
        return None
    if are_written_together(given, family):
        return family + given
    return f"{given} {family}"
