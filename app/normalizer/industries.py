"""Industries: from the names that data providers use to the vocabulary.

Exact names first, then a table of names, then words that occur in one industry only. A name that fits two
industries, or none, is left undecided; "Other" is given only to a text that says so.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from app.normalizer.data import industry_words as words
from app.normalizer.text import only
from app.values.text import clipped, fold, one_line

INDUSTRIES = words.INDUSTRIES
_MOST_WORDS = 8
_MOST_NAMES = 20  # of a list
_LONGEST_NAME = 120  # longer text is a description of the company

_NOT_WORD = re.compile(r"[\W_]+")
_LIST = re.compile(r"\s?[;|•]\s?")
_PHRASES = {
    "real estate": "realestate",
    "e commerce": "ecommerce",
    "e learning": "elearning",
    "health care": "healthcare",
}


def normalize_industry(value: Any, more_names: Any = None) -> str | None:
    """Return the vocabulary value for an industry's name, or None when the rules cannot tell.

    Args:
        value: the industry as given.
        more_names: a list of further names, read when `value` decides nothing; all that decide have to agree.
    """
    industry = _decide(value)
    if industry or not isinstance(more_names, list):
        return industry
    return only(set(filter(None, map(_decide, more_names[:_MOST_NAMES]))))


def _decide(value: Any) -> str | None:
    return _decide_text(clipped(value, _LONGEST_NAME + 1))


@functools.lru_cache(maxsize=4096)
def _decide_text(value: str) -> str | None:
    """Return the industry of a text. Kept: many companies have the same."""
    text = one_line(value, _LONGEST_NAME + 1)
    if len(text) > _LONGEST_NAME:
        return None
    names = filter(None, _LIST.split(text))
    return only({_decide_name(_deepest(name)) for name in names})


def _deepest(path: str) -> str:
    """Return the last name of a path: "Manufacturing > Chemical Manufacturing > Pharmaceutical Manufacturing"."""
    return path.rstrip(" >").rpartition(">")[2].strip()


def _decide_name(text: str) -> str | None:
    key = _key(text)
    if key in words.UNDECIDED:
        return None
    tokens = key.split()
    if _is_software(tokens):
        return words.SAAS
    return _aliases().get(key) or _by_keyword(tokens, leading_words=len(_key(text.partition(",")[0]).split()))


def _is_software(tokens: list[str]) -> bool:
    """Return whether a name is software of a kind that is no industry of its own: "Embedded Software Products"."""
    kinds = tokens[:-1] if tokens[-1:] in (["product"], ["products"]) else tokens
    return kinds[-1:] == ["software"] and words.SOFTWARE_KINDS.issuperset(kinds[:-1])


def _by_keyword(tokens: list[str], leading_words: int) -> str | None:
    """Return the industry that the words of a name agree on.

    In a plain compound the first or last word decides over the others: "Retail Pharmacies", "Travel Insurance". In a
    list ("Retail Appliances, Electrical, and Electronic Equipment") the first one does if more words stand before the
    comma, `leading_words` in all, and no word of the list points elsewhere.
    """
    if not 0 < len(tokens) <= _MOST_WORDS:
        return None
    industries: set[str | None] = set(filter(None, map(words.KEYWORDS.get, tokens)))
    if tokens[-1] in words.MAKERS:  # drugs and devices are health care, wherever they are made
        return words.HEALTH if words.HEALTH in industries else words.MANUFACTURING
    first = _first_industry(tokens, leading_words)
    is_list = leading_words < len(tokens)
    if not is_list and (industry := words.INSURANCE if _is_insurance(tokens) else first):
        return industry
    is_certain = first in industries or words.UNSAFE_WORDS.isdisjoint(tokens)
    return only(industries) if is_certain else None


def _is_insurance(tokens: list[str]) -> bool:
    return tokens[-1] == "insurance" and "and" not in tokens


def _first_industry(tokens: list[str], leading_words: int) -> str | None:
    """Return the industry of a plain compound's first word."""
    is_compound = leading_words > 1 and tokens[1] != "and"
    if not is_compound or not words.TRADE_WORDS.isdisjoint(tokens):
        return None
    return words.FIRST_WORDS.get(tokens[0])


def _key(text: str) -> str:
    """Return the name in folded words: "E-Learning" and "FINANCIAL_SERVICES" meet their plain spellings."""
    plain = _NOT_WORD.sub(" ", fold(text).replace("&", " and "))
    key = " ".join(plain.split())
    for phrase, word in _PHRASES.items():
        key = key.replace(phrase, word)
    return key


@functools.cache
def _aliases() -> dict[str, str]:
    """Return every known name with its vocabulary value, the values themselves included."""
    return {_key(name): industry for name, industry in words.ALIASES.items()} | {
        _key(industry): industry for industry in INDUSTRIES
    }
