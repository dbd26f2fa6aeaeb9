"""Company names for display: legal form off, case put right, trade mark signs dropped."""

from __future__ import annotations

import functools
import re
from typing import Any

from cleanco.clean import get_unique_terms

from app.providers.normalizer.data import company_words as words
from app.providers.normalizer.text import capitalize, clean, fold, is_all_caps, is_placeholder, settle

_LONGEST_NAME = 200
_SHORT_CAPS = 4  # a name of up to four capitals is an acronym: "BASF", "ACME"
_EDGE = ' ,;:-–—_|/\\*•·=~"'
_MARKS = re.compile(r"\((?:r|tm|c)\)", re.IGNORECASE)
_QUOTED = re.compile(r"«([^«»]+)»|„([^„“”]+)[“”]|“([^“”]+)”|\"([^\"]+)\"")
_NO_VOWELS = re.compile(r"[b-df-hj-np-tv-xz&]{2,5}")


def normalize_company_name(value: Any) -> str | None:
    """Return the name for display, never empty: ``Acme Corp Ltd.`` gives ``Acme``.

    A legal form that may be part of the name stays ("SA", "Company & Co", "The Coca-Cola Company", "The Day Spa").
    Mixed case stays; longer names in all upper case and names in all lower case get capitals per word.
    """
    text = clean(value)
    if text is None or is_placeholder(text):
        return None
    name = settle(_clean_once, text[:_LONGEST_NAME].strip())
    return None if is_placeholder(name) else name


def _clean_once(name: str) -> str:
    bare = " ".join(_MARKS.sub("", name).replace("&amp;", "&").split()).replace(" ,", ",").strip(_EDGE) or name
    base = _without_form(bare)
    return _recase(base, shouted=is_all_caps(base) and len(base) > _SHORT_CAPS)


def _without_form(name: str) -> str:
    """Return the name without its legal form, or the name itself when too little would be left."""
    base = _without_prefix(_without_joined_form(name))
    for _ in range(3):  # "Acme (Pty) Ltd", "Acme Corp Ltd"
        shorter = _without_last_form(base)
        if shorter == base:
            break
        base = shorter
    return base


def _without_joined_form(name: str) -> str:
    for form in words.JOINED_FORMS:
        rest = name.removeprefix(form).removesuffix(form).strip(" 　")
        if rest != name and len(rest) > 1:
            return rest
    return name


def _without_prefix(name: str) -> str:
    first, _, rest = name.partition(" ")
    if rest and (fold(first) in words.PREFIX_FORMS or (first == "PT." and len(rest) > 2)):
        quoted = _QUOTED.fullmatch(rest)
        return next(filter(None, quoted.groups()), rest) if quoted else rest
    return name


def _without_last_form(name: str) -> str:
    tokens = name.split(" ")
    size = _form_size(tokens, is_shouted=is_all_caps(name))
    if size == 0 or size >= len(tokens):
        return name
    base = " ".join(tokens[:-size]).strip(" ,;-–—&(/")
    return base if _is_enough(base) else name


def _is_enough(base: str) -> bool:
    letters = [char for char in base if char.isalnum()]
    return len(letters) > 1 and fold(base) not in {"company", "the", "group", "co", "the company"}


def _form_size(tokens: list[str], is_shouted: bool) -> int:
    """Return how many words at the end are a legal form."""
    folded = [fold(token).replace(".", "").strip(",") for token in tokens]
    for form in words.LONG_FORMS:
        if len(form) < len(folded) and tuple(folded[-len(form) :]) == form:
            return len(form)
    last = tokens[-1].strip(",")
    if folded[-1] in words.PLAIN_FORMS or ("." in last[:-1] and folded[-1] in _dotted_forms()):
        return 1
    return int(folded[-1] in words.SHORT_FORMS and _is_legal_spelling(last, is_shouted))


def _is_legal_spelling(last: str, is_shouted: bool) -> bool:
    """Tell whether a short form is written as one: "Nestlé S.A." and "Eni SpA", not "The Day Spa" or "JUST AS"."""
    if "." in last[:-1]:
        return True
    if is_shouted:
        return last.casefold() in words.SHORT_FORMS_NO_WORDS
    return last.isupper() or last in {"SpA", "Oy", "OÜ"}


@functools.cache
def _dotted_forms() -> frozenset[str]:
    """Return the legal forms of all countries that are written with full stops inside ("d.o.o.e.l.")."""
    return frozenset(term.replace(".", "") for term in get_unique_terms() if "." in term[:-1] and " " not in term)


def _recase(name: str, shouted: bool) -> str:
    if not shouted and not name.islower():
        return name
    return " ".join(_recase_word(word, position, shouted) for position, word in enumerate(name.split(" ")))


def _recase_word(word: str, position: int, shouted: bool) -> str:
    lowered = word.lower()
    bare = lowered.strip(".,()")
    stem, dot, ending = lowered.rpartition(".")
    if stem and ending in words.WEB_ENDINGS and "." not in stem:
        return _recase_word(word[: len(stem)], position, shouted) + dot + ending
    if bare in words.SPELLED:
        return word.lower().replace(bare, words.SPELLED[bare])
    if position > 0 and bare in words.SMALL_WORDS:
        return lowered
    if (shouted and _stays_upper(bare, word)) or (
        not shouted and bare in words.UPPER_WORDS - {"it", "us", "la", "ar", "ing", "or", "td"}
    ):
        return word.upper()
    return "-".join(_capitalize_piece(piece) for piece in word.split("-"))


def _stays_upper(bare: str, word: str) -> bool:
    """Tell whether a word of a name in capitals is an acronym."""
    if bare in words.SHORT_ENGLISH:
        return False
    has_digit = any(char.isdigit() for char in word)
    return (
        bare in words.UPPER_WORDS
        or _NO_VOWELS.fullmatch(bare) is not None
        or ((has_digit or "&" in word) and len(word) <= _SHORT_CAPS + 1)
    )


def _capitalize_piece(piece: str) -> str:
    start = next((index for index, char in enumerate(piece) if char.isalnum()), 0)
    head, mark, tail = piece.partition("'")
    if mark and len(head) <= 2 and len(tail) > 1:
        return capitalize(head) + mark + capitalize(tail)
    if piece.lower().startswith("mc") and len(piece) > 4:
        return "Mc" + capitalize(piece[2:])
    return piece[:start] + capitalize(piece[start:])
