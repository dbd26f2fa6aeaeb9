"""Company names for display: legal forms, remarks and residue off, case put right."""

from __future__ import annotations

import functools
import re
from typing import Any

from app.normalizer.data import company_words as words
from app.normalizer.legal_forms import has_legal_form, without_legal_forms
from app.normalizer.text import capitalize, until_stable
from app.values.blanks import WORDS as BLANKS
from app.values.blanks import says_nothing
from app.values.text import LETTERS, fold, one_line, word_set

_LONGEST_NAME = 200
_SHORT_CAPS = 4  # a name of up to four capitals is an acronym: "BASF", "ACME"
_EDGE = " ,;:-–—_|/\\*•·=~"
_MARKS = re.compile(r"\((?:r|tm|c)\)", re.IGNORECASE)
_LIST_OF_ONE = re.compile(r"\[\s*([\"']?)([^\[\]]*[^\[\]\s\"'])\1\s*\]")
_TEXT_MARK = re.compile(r"'(?![tsnk][\s-])(?=[^']*$)")  # what a spreadsheet puts before a text; not "'t Hart"
# What programs write for a missing value, and a number that a spreadsheet has rounded.
_RESIDUE = re.compile(r"#\w[\w/]*[!?]|\[object object\]|\\n|0|-1|[-+]?\d+(?:[.,]\d+)?e[-+]?\d+", re.IGNORECASE)
_REMARK = re.compile(
    rf"\s*[(\[](?:{'|'.join(words.REMARK_OPENINGS)})(?![^\W\d_])[^()\[\]]*(?:[)\]]|$)"
    r"|\s*\((?:co(?:mpany)?\.? (?:no|number)\.?:?\s*)?\d{4,}[\w-]*\)$"  # a number in a register
    r"|\s*\((?:https?://|www\.)[^()]*\)$"
    r"|(?<=[\w.])\s+/[A-Z]{2,3}/?$"  # the state or country that EDGAR puts behind a name
    r"|,?\s+(?:f/k/a|formerly known as)\s.*",
    re.IGNORECASE,
)
_TRADE_NAME = re.compile(
    rf"(?P<legal>.*[^\s,(\[–—-])[\s,(\[–—-]+(?P<mark>{'|'.join(words.TRADING_AS)}):?\s+"
    r"(?P<trade>[^()\[\]]*[^()\[\]\s])[)\]]?",
    re.IGNORECASE,
)
# What each remark and each trade name has: names without it, nearly all, need no search for the whole.
_SIGNS_OF_REMARK = frozenset("([/")
_WORD_OF_REMARK = "formerly"
_TRADE_MARKS = [mark.replace("\\", "") for mark in words.TRADING_AS]
_MARKS_WITHOUT_SIGNS = [_WORD_OF_REMARK, *(mark for mark in _TRADE_MARKS if "/" not in mark)]
_QUOTE = re.compile('["„“”]')
_PLAIN_NAME = re.compile(f"(?!.* [ ,])[{LETTERS}0-9](?:[{LETTERS}0-9 '.,&-]*[{LETTERS}0-9.])?")
_OPENING = re.compile(rf"[{LETTERS}]++(?![^\x00-\x7f])")  # a letter of another kind may belong to the same word
_OPENINGS_OF_NO_COMPANIES = frozenset(
    opening.group() for text in words.NO_COMPANIES | BLANKS if (opening := _OPENING.match(fold(text)))
)
_NO_WORD = re.compile(r"[\W_]+")
_COMMA = re.compile(r",(?=[^\W\d])")
_BEHIND_SIGNS = re.compile(r"[^\W_].*|^[\W_]+$", re.DOTALL)
_NO_VOWELS = re.compile(r"[b-df-hj-np-tv-xz&]{2,5}")
# The others are words in a name without capitals.
_ACRONYMS_IN_SMALL_LETTERS = words.UPPER_WORDS - word_set("it us la ar ing or td")
_WEB_ADDRESS = re.compile(rf"([^.]+)(\.(?:{'|'.join(words.WEB_ENDINGS)}))")


def normalize_company_name(value: Any, country: str | None = None) -> str | None:
    """Return the name for display, never empty: ``Acme Corp Ltd.`` gives ``Acme``.

    A legal form that may be part of the name stays ("SA", "Company & Co", "The Coca-Cola Company", "The Day Spa"),
    unless the company's country makes it sure. Of "Acme Holdings LLC dba Foo" the trade name stays. Placeholders such
    as "Self-employed" are no name. Mixed case stays; longer names in all upper case and names in all lower case get
    capitals per word.
    """
    text = one_line(value)
    if is_no_company(text):
        return None
    name = until_stable(lambda current: _clean_once(current, country), text[:_LONGEST_NAME].strip())
    return None if name != text and is_no_company(name) else name


@functools.lru_cache(maxsize=4096)
def is_no_company(text: str) -> bool:
    """Return whether a name stands for no company: "N/A", "Self-employed", "Stealth Startup"."""
    opening = _OPENING.match(text)
    if opening and fold(opening.group()) not in _OPENINGS_OF_NO_COMPANIES:
        return False  # as most names, which are quick to tell
    if says_nothing(text) or _RESIDUE.fullmatch(text):
        return True
    key = " ".join(_NO_WORD.sub(" ", fold(text)).split())
    return key in words.NO_COMPANIES


def _clean_once(name: str, country: str | None) -> str:
    base = _without_forms(name if _is_plain(name) else _bare(name), country)
    return _recase(base, shouted=base.isupper() and len(base) > _SHORT_CAPS)


def _is_plain(name: str) -> bool:
    """Return whether a name is words with spaces between them, none of which opens a remark or a trade name."""
    return _PLAIN_NAME.fullmatch(name) is not None and not any(map(name.lower().__contains__, _MARKS_WITHOUT_SIGNS))


def _bare(name: str) -> str:
    """Return a name without the signs and the text around it, or the one that it says the company trades under."""
    bare = " ".join(_MARKS.sub("", _without_residue(name)).replace("&amp;", "&").split()).replace(" ,", ",")
    bare = _unquoted(bare) or name
    return _trade_name(_unquoted(_without_remarks(bare)) or bare)


def _without_forms(name: str, country: str | None) -> str:
    """Return a name without its legal forms, also if a comma joins them; "Independent Ltd" stays whole."""
    for spelled in (name, _COMMA.sub(", ", name)) if "," in name else (name,):
        base = without_legal_forms(spelled, country)
        if base != spelled:
            return name if is_no_company(base) and not says_nothing(base) else base
    return name


def _unquoted(name: str) -> str:
    """Return a name without separators and quotes at its edges; quotes inside, as in 'SIA "Rimi"', stay a pair."""
    bare = name.strip(_EDGE)
    if _QUOTE.search(bare) is None:
        return bare
    stripped = bare.strip(_EDGE + '"')
    is_pair_split = len(_QUOTE.findall(bare)) % 2 < len(_QUOTE.findall(stripped)) % 2
    return bare if is_pair_split else stripped


def _without_residue(name: str) -> str:
    """Return a name without the signs that spreadsheets and exports put around a text."""
    if name[:1] not in "'[":
        return name
    match = _LIST_OF_ONE.fullmatch(name)
    text = match.group(2) if match else name
    return _TEXT_MARK.sub("", text, count=1)


def _without_remarks(name: str) -> str:
    may_have_remark = not _SIGNS_OF_REMARK.isdisjoint(name) or _WORD_OF_REMARK in name.lower()
    return _REMARK.sub("", name) if may_have_remark else name


def _trade_name(name: str) -> str:
    """Return the name that a company trades under, or the name itself."""
    match = _TRADE_NAME.fullmatch(name) if _has_trade_mark(name) else None
    return match["trade"] if match and _joins_trade_name(match) else name


def _has_trade_mark(name: str) -> bool:
    # A pattern takes these letters for "i" and "s" in any case.
    lowered = name.replace("İ", "i").replace("ı", "i").replace("ſ", "s").lower()
    return any(map(lowered.__contains__, _TRADE_MARKS))


def _joins_trade_name(match: re.Match[str]) -> bool:
    """Return whether "dba" and the like join two names, unlike in "Oracle DBA Services"."""
    name, mark = match.group(), match["mark"]
    if mark.casefold() != "dba" or "(" in name or has_legal_form(match["legal"]):
        return True
    return name.isupper() or (mark == "dba" and not name.islower())


def _recase(name: str, shouted: bool) -> str:
    if not shouted and not name.islower():
        return name
    return " ".join(_recase_word(word, position, shouted) for position, word in enumerate(name.split(" ")))


def _recase_word(word: str, position: int, shouted: bool) -> str:
    lowered = word.lower()
    if address := _WEB_ADDRESS.fullmatch(lowered):
        return _recase_word(word[: address.end(1)], position, shouted) + address[2]
    bare = lowered.strip(".,()")
    if bare in words.SPELLED:
        return lowered.replace(bare, words.SPELLED[bare])
    if position > 0 and bare in words.SMALL_WORDS:
        return lowered
    if _is_upper(word, bare, shouted):
        return word.upper()
    return "-".join(map(_capitalize_piece, word.split("-")))


def _is_upper(word: str, bare: str, shouted: bool) -> bool:
    """Return whether a word is an acronym, in a name in capitals (`shouted`) or in small letters."""
    if not shouted:
        return bare in _ACRONYMS_IN_SMALL_LETTERS
    if bare in words.SHORT_ENGLISH:
        return False
    if bare in words.UPPER_WORDS or _NO_VOWELS.fullmatch(bare):
        return True
    has_sign = "&" in word or any(map(str.isdigit, word))
    return has_sign and len(word) <= _SHORT_CAPS + 1


def _capitalize_piece(piece: str) -> str:
    head, mark, tail = piece.partition("'")
    if len(head) <= 2 and len(tail) > 1:
        return capitalize(head) + mark + capitalize(tail)
    if piece.lower().startswith("mc") and len(piece) > 4:
        return "Mc" + capitalize(piece[2:])
    return _BEHIND_SIGNS.sub(lambda match: capitalize(match.group()), piece, count=1)
