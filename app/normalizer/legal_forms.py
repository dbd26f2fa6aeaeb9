"""Legal forms around a company's name: recognised by spelling, removed unless they are part of the name.

A form is compared by its letters alone, so that full stops, spaces, accents and case do not matter; how it was written
decides whether a form that may be a word is one. A known country makes a form surer, or a place ("Netball SA").
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from cleanco.clean import get_unique_terms

from app.normalizer.data import legal_forms as forms
from app.values.text import fold

_PREFIXES = frozenset(map(fold, forms.PREFIX_FORMS))
_SHORT_PREFIXES = forms.PREFIX_PAIRS.keys() | forms.PREFIX_COUNTRIES.keys()
_LONGEST_FORM = 8  # words
_MOST_FORMS = 4  # "Acme Corp Ltd", "Acme S.A. de C.V., SOFOM, E.N.R."
_SEPARATORS = frozenset(" .,;/-–—()[]")
_DOTS = frozenset("./")
_LONGEST_NO_NAME = max(map(len, forms.NO_NAMES))
_ANDS = frozenset({"&", "+", "and", "und", "u.", "et"})
_EDGE = " ,;-–—&(/["
_EAST_ASIAN = re.compile("[一-鿿가-힣]")  # what each of the forms that are joined to a name has
_QUOTES = {"«": "»", "„": '“”"', "“": "”“", '"': '"', "'": "'", "‘": "’", "”": "”"}


class _Spelling(NamedTuple):
    """Words as the letters of a form, and how they are written."""

    letters: str
    breaks: frozenset[int]
    """Positions in the letters at which the text is split by a full stop, a space or the like."""
    is_dotted: bool
    """Whether a full stop or a slash stands inside."""


class _ShortForm(NamedTuple):
    """A form that may be a word: the spellings that count anywhere, and the countries that have it."""

    spellings: frozenset[str]
    countries: frozenset[str]


def without_legal_forms(name: str, country: str | None = None) -> str:
    """Return a name without its legal forms, or the name itself if too little would be left.

    `country` is the company's country code, if it is known.
    """
    base = _without_joined_form(name)
    if not _may_have_form(base):
        return base
    base = _without_prefix(base, country)
    for _ in range(_MOST_FORMS):
        shorter = _without_last_form(base, country)
        if shorter == base:
            break
        base = shorter
    return base


def has_legal_form(name: str) -> bool:
    """Return whether a legal form stands behind or in front of the name."""
    return without_legal_forms(name) != name


def _without_joined_form(name: str) -> str:
    if name.isascii() or not _EAST_ASIAN.search(name):
        return name
    for form in forms.JOINED_FORMS:
        rest = name.removeprefix(form).removesuffix(form)
        if rest != name and len(rest.strip(" 　")) > 1:
            return rest.strip(" 　")
    return name


def _may_have_form(name: str) -> bool:
    """Return whether a name opens or ends with a word of a form; one that does not has none."""
    return _may_end_with(name.rsplit(" ", 1)[-1]) or _may_open_with(name.split(" ", 1)[0])


def _without_prefix(name: str, country: str | None) -> str:
    tokens = name.split(" ")
    if not _may_open_with(tokens[0]):
        return name
    size = _plain_prefix_size(tokens) or _short_prefix_size(tokens, name, country)
    if size == 0:
        return name
    rest = " ".join(tokens[size:]).lstrip(" ,-–—")
    return _unquoted(rest) if _is_enough(rest) else name


@functools.lru_cache(maxsize=8192)
def _may_open_with(word: str) -> bool:
    """Return whether a name's first word is one of a form that stands in front."""
    if word in forms.PREFIX_SPELLINGS or _folded_opening(word) in _prefix_openings():
        return True
    return _letters(word) in _SHORT_PREFIXES


def _plain_prefix_size(tokens: list[str]) -> int:
    """Return the number of words in front that are a form whatever follows."""
    if tokens[0] in forms.PREFIX_SPELLINGS and len(" ".join(tokens[1:])) > 2:
        return 1
    longest = _prefix_openings().get(_folded_opening(tokens[0]), 0)
    folded = list(map(fold, tokens[:longest]))
    sizes = range(len(folded), 0, -1)
    return next((size for size in sizes if " ".join(folded[:size]) in _PREFIXES), 0)


def _folded_opening(word: str) -> str:
    return fold(word).partition(" ")[0]


def _short_prefix_size(tokens: list[str], name: str, country: str | None) -> int:
    """Return 1 if the first word is a form by what follows it: a form at the end, quotes, or its country."""
    first = _letters(tokens[0])
    if len(tokens) > 2 and _letters(tokens[-1]) in forms.PREFIX_PAIRS.get(first, ()):
        return 1
    countries = forms.PREFIX_COUNTRIES.get(first)
    if countries is None:
        return 0
    rest = name[len(tokens[0]) :].strip()
    is_quoted = _unquoted(rest) != rest
    return int(is_quoted or country in countries.split())


def _unquoted(text: str) -> str:
    """Return a text without the quotes around the whole of it: «Торговый дом «Восток» has one sign less than needed."""
    closing = _QUOTES.get(text[:1])
    if closing is None or len(text) < 3 or text[-1] not in closing:
        return text
    inner = text[1:-1].strip()
    opened, closed = inner.count("«"), inner.count("»")
    return inner + "»" if opened > closed else inner


def _without_last_form(name: str, country: str | None) -> str:
    if not _may_end_with(name.rsplit(" ", 1)[-1]):
        return name
    tokens = name.split(" ")
    for size in _sizes_of_forms(tokens):
        base = " ".join(tokens[:-size])
        if _is_form(tokens[-size:], base, name, country) and _is_enough(base):
            return base.rstrip(_EDGE)
    return name


@functools.lru_cache(maxsize=8192)
def _may_end_with(word: str) -> bool:
    """Return whether a name's last word is the end of a form."""
    return _letters(word) in _endings()


def _sizes_of_forms(tokens: list[str]) -> list[int]:
    """Return how many words at the end have the letters of a form, the largest number first; most names have none."""
    endings, whole_forms = _endings(), _whole_forms()
    sizes: list[int] = []
    letters = ""
    for size in range(1, min(_LONGEST_FORM, len(tokens) - 1) + 1):
        letters = _letters(tokens[-size]) + letters
        if letters not in endings:
            break
        if letters in whole_forms:
            sizes.append(size)
    return sizes[::-1]


def _is_form(words: list[str], base: str, name: str, country: str | None) -> bool:
    """Return whether the last words of a name are one legal form rather than a part of the name."""
    if not _is_whole(base):
        return False
    spelling = _spelling(tuple(words))
    allowed_breaks = _plain_forms().get(spelling.letters)
    if allowed_breaks is not None and spelling.breaks <= allowed_breaks:
        # "Broadcasting Corporation" ends a proper name.
        return _last_word(base) not in forms.NAME_ENDINGS.get(spelling.letters, ())
    if words[0].startswith("(") or _is_name_part(spelling, base, country):
        return False
    return _is_short_form(words, spelling, name, country)


def _is_short_form(words: list[str], spelling: _Spelling, name: str, country: str | None) -> bool:
    """Return whether words that may be a short form are one: by their dots, their country or their case."""
    short = _short_forms().get(spelling.letters)
    if short is None:
        return False
    if country in short.countries or spelling.is_dotted or _are_initials(words):
        return True
    return _is_legal_spelling(short, " ".join(words).strip(","), spelling.letters, name)


def _is_name_part(spelling: _Spelling, base: str, country: str | None) -> bool:
    """Return whether a short form is a word of the name: a place, or what a word before it joins ("Made in SA")."""
    if country in forms.PLACES.get(spelling.letters, ()):
        return True
    is_spa = spelling.letters == "spa" and not spelling.is_dotted
    joining_words = forms.JOINING_WORDS | forms.SPA_WORDS if is_spa else forms.JOINING_WORDS
    return _last_word(base) in joining_words


def _last_word(base: str) -> str:
    return fold(base.rsplit(" ", 1)[-1])


def _is_legal_spelling(short: _ShortForm, written: str, letters: str, name: str) -> bool:
    if name.isupper():
        return letters in forms.CLEAR_IN_CAPITALS
    if name.islower():
        return letters in forms.CLEAR_IN_SMALL_LETTERS
    return not short.spellings.isdisjoint((written, written.rstrip(".")))


def _are_initials(words: list[str]) -> bool:
    """Return whether a form is written as single letters: "S A"."""
    return len(words) > 1 and set(map(len, words)) == {1}


def _is_whole(base: str) -> bool:
    """Return whether what stands before a form is a text of its own, no bracket left open."""
    trimmed = base.rstrip(_EDGE)
    return trimmed.count("(") == trimmed.count(")") and trimmed.count("[") == trimmed.count("]")


def _is_enough(base: str) -> bool:
    letter_count = sum(map(str.isalnum, base))
    if letter_count > _LONGEST_NO_NAME:
        return True
    return letter_count > 1 and fold(base.strip(_EDGE)).strip(".,") not in forms.NO_NAMES


@functools.lru_cache(maxsize=8192)
def _letters(word: str) -> str:
    """Return the letters of one word, as `_spelling` does."""
    is_plain = word.isascii() and word.isalnum() and word.lower() not in _ANDS
    return word.lower() if is_plain else _spelling((word,)).letters


@functools.lru_cache(maxsize=2048)
def _spelling(words: tuple[str, ...]) -> _Spelling:
    """Return the letters of words, with what separates them as breaks."""
    letters: list[str] = []
    breaks: set[int] = set()
    inner_dots: set[int] = set()
    for word in words:
        breaks.add(len(letters))
        for char in "&" if fold(word) in _ANDS else fold(word):
            if char not in _SEPARATORS:
                letters.append(char)
                continue
            breaks.add(len(letters))
            if char in _DOTS:
                inner_dots.add(len(letters))
    ends = {0, len(letters)}
    return _Spelling("".join(letters), frozenset(breaks - ends), bool(inner_dots - ends))


@functools.cache
def _prefix_openings() -> dict[str, int]:
    """Return the first word of each form in front, with the number of words of the longest such form."""
    longest: dict[str, int] = {}
    for form in _PREFIXES:
        opening, *others = form.split(" ")
        longest[opening] = max(longest.get(opening, 0), 1 + len(others))
    return longest


@functools.cache
def _endings() -> frozenset[str]:
    """Return what the letters of any form end in, each whole form and "" included."""
    return frozenset(form[start:] for form in _whole_forms() for start in range(len(form) + 1))


@functools.cache
def _whole_forms() -> frozenset[str]:
    """Return the letters of any form."""
    return frozenset(_plain_forms().keys() | _short_forms().keys())


@functools.cache
def _short_forms() -> dict[str, _ShortForm]:
    """Return the forms that may be words, by their letters; the forms of cleanco count only with full stops."""
    table: dict[str, _ShortForm] = {}
    for entry in [*forms.SHORT_FORMS, *forms.DOTTED_FORMS]:
        spelling, _, countries = entry.partition(":")
        letters = _spelling((spelling,)).letters
        known = table.get(letters, _ShortForm(frozenset(), frozenset()))
        table[letters] = _ShortForm(known.spellings | {spelling}, known.countries | set(countries.split()))
    for term in get_unique_terms():
        if "." in term[:-1] and " " not in term:
            table.setdefault(_spelling((term,)).letters, _ShortForm(frozenset(), frozenset()))
    return table


@functools.cache
def _plain_forms() -> dict[str, frozenset[int]]:
    """Return the letters of every sure form with the positions at which it may be split."""
    words = [_spelling((form,)) for form in forms.PLAIN_FORMS if " " not in form]
    single = {word.letters: word.breaks for word in words}
    single |= {letters: frozenset(range(1, len(letters))) for letters in _short_forms()}
    table: dict[str, frozenset[int]] = {}
    for form in forms.PLAIN_FORMS:
        spelling = _spelling(tuple(form.split(" ")))
        breaks = spelling.breaks | _breaks_of_words(form.split(" "), single)
        table[spelling.letters] = table.get(spelling.letters, frozenset()) | breaks
    return table


def _breaks_of_words(words: list[str], known: dict[str, frozenset[int]]) -> frozenset[int]:
    """Return where the words of a form may be split, as forms of their own: "G.m.b.H. & Co. KG"."""
    breaks: set[int] = set()
    start = 0
    for word in words:
        letters = _spelling((word,)).letters
        if len(words) > 1:
            breaks |= {start + position for position in known.get(letters, frozenset())}
        start += len(letters)
    return frozenset(breaks)
