"""Telephone numbers in the text of a cell, and whether the text beside them allows that.

phonenumbers dials the letters that it meets and joins all digits, so that "070 123 45 67 (Nils)" becomes a longer
number. Here the text is taken apart first: the library gets only the digits of one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from app.normalizer.data.phone_words import EXTENSION_MARKERS, LABEL_PARTS, NO_PHONE_WORDS, PHONE_LABELS
from app.normalizer.text import plain_digits
from app.values.text import fold, one_line

_LONGEST_CELL = 200  # characters, with labels and further numbers
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-") | {"⁄": "/", "[": "(", "]": ")", "·": " ", "•": " ", "_": " "})

_NUMBER_ALONE = re.compile(r"[+(]?[0-9](?: ?[0-9()/-]){0,60} ?[0-9]")
_FLOAT = re.compile(r"^(\+?[0-9]{7,})[.,]0{1,2}$")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s?[eE]\s?\+?[0-9]+")
_URI = re.compile(r"(?:tel|callto|sms|whatsapp|phone):(?://)?([^;?]+)(.*)")
_CONTEXT = re.compile(r";phone-context=(\+[0-9]+)")
_NEW_NUMBER = re.compile(r"[;|\n\r]|[,/]\s*(?=[^\W\d])|(?<=[0-9)])[\s,/]*(?=\+|\(\+)")
# A currency, a masked or cut-off number, an address of the web, a time, a coordinate.
_FOREIGN = re.compile(r"[€$£¥₹₽₩₺₴%*@=<>°…?!\\^{}~]|://|\bwww\.|[0-9]\s?:\s?[0-9]|\.\.|^\s*(?:#|-(?=[0-9]))")
_NUMBERED_LABEL = re.compile(r"([^\W\d]\D{0,30}?[\s#.]*)[1-9]\s*[:)]\s*(?=\D?\s*[0-9(+])")
_PLUS = re.compile(r"(?:\(\s*\+|\+\s*\(|00\s?\+|\+)[\s+(]*(?:00\s?)?([0-9]+)\s?\)?")
_CARRIER_BLANK = re.compile(r"\b0\s?xx\s?(?=[0-9])")

_KNOWN_WORDS = PHONE_LABELS | EXTENSION_MARKERS
_KNOWN_PARTS = _KNOWN_WORDS | LABEL_PARTS
_LABEL_WORDS = PHONE_LABELS | LABEL_PARTS
_FAX_WORDS = frozenset(word for word in NO_PHONE_WORDS if word.startswith(("fax", "tele", "факс")))

_LINE_ENDS = re.compile(r"[\r\n]+")
_ASCII_DIGIT = re.compile(r"[0-9]")
_DECIMALS = re.compile(r",[0-9]")
_SPACED_SIGN = re.compile(r"\s*([./-])\s*")
_RUN = re.compile(r"[+(]*[0-9](?:[0-9\s()./-]*[0-9])?\)?")
_WORD = re.compile(r"[^\W\d]+")
_GLUED = re.compile(r"[^\W\d][-./]?$")
_GLUED_WORD = re.compile(r"[-./]?([^\W\d]+)")

_DAY = r"(?:[0-2]?[0-9]|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)[0-9]{2}"
_DATE_ATOM = rf"(?:{_DAY}\.{_MONTH}\.(?:{_YEAR}|[0-9]{{2}})?|{_DAY}\.{_MONTH})"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_OTHER_NUMBERS = (
    rf"{_DAY}(?P<a>[./-]){_MONTH}(?P=a)(?:{_YEAR}|[0-9]{{2}})",
    rf"{_MONTH}(?P<b>[./-]){_DAY}(?P=b)(?:{_YEAR}|[0-9]{{2}})",
    rf"{_YEAR}(?P<c>[./-]){_MONTH}(?P=c){_DAY}(?:\s.*)?",
    rf"{_YEAR}\s?[-/]\s?{_YEAR}",
    rf"{_DATE_ATOM}\s?-\s?{_DATE_ATOM}",
    r"(?:19[0-9]{2}|20[0-3][0-9])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
    r"[1-9][0-9]?(?:\.[0-9]{3})+",  # a sum
    r"[1-9][0-9]{0,2}\.[0-9]{4,}",  # a coordinate
    r"[1-9][0-9]*\.[0-9]{1,2}",  # a decimal number
    r"[0-9]{3}-[0-9]{2}-[0-9]{4}",  # a social security number
    r"[0-9]{2}-[0-9]{8}-[0-9]",  # a tax number
    r"[1-9][0-9]{0,2}-[1-9][0-9]{0,2}",  # a range
    r"[1-9][0-9]*0{6,}",  # digits that a spreadsheet has rounded
    rf"(?!(?:[0-9]{{2}}\.){{3}}[0-9]{{2}}\Z){_OCTET}(?:\.{_OCTET}){{3}}",  # an internet address, not pairs of digits
    r"\D*(?P<digit>[0-9])(?:\D*(?P=digit))+",  # one digit, again and again
)
_NO_NUMBER = re.compile("|".join(_OTHER_NUMBERS))


class WrittenNumber(NamedTuple):
    """A number as it is written: its digits and separators, and whether it stands alone but for a label."""

    text: str
    is_alone: bool


def as_text(value: Any) -> str:
    """Return the text of a cell, a whole number as its digits; "" for what holds no number or too much else."""
    match value:
        case str() if len(value) <= 2 * _LONGEST_CELL:
            return value
        case bool():
            return ""
        case int():
            return str(value) if abs(value) < 10**20 else ""
        case float() if value.is_integer() and abs(value) < 10**15:
            return str(int(value))
    return ""


def written_numbers(cell: str) -> Iterator[WrittenNumber]:
    """Yield the telephone numbers of a cell's text in their order, extensions and labels removed.

    A text with letters that are no label, a date, a sum, an address of the internet or a number that a table tool
    has rounded yields nothing.
    """
    return _number_alone(cell) if _NUMBER_ALONE.fullmatch(cell) else _numbers_among_words(cell)


def _number_alone(cell: str) -> Iterator[WrittenNumber]:
    """Yield the number of a cell that holds nothing else, as most do."""
    number = _with_one_plus(cell).strip()
    if not _is_other_number(number, after=""):
        yield WrittenNumber(number, is_alone=True)


def _numbers_among_words(cell: str) -> Iterator[WrittenNumber]:
    parts = _NEW_NUMBER.split(_without_uri(_without_odd_signs(cell)))
    return filter(None, map(_number_in, parts))


def _without_odd_signs(cell: str) -> str:
    text = one_line(_LINE_ENDS.sub(";", cell))
    if len(text) > _LONGEST_CELL or _has_other_numbers(text):
        return ""
    return fold(plain_digits(text).translate(_DASHES)).strip("'\"=`´ ")


def _has_other_numbers(text: str) -> bool:
    """Return whether a text has superscripts, fractions or the like, which are no digits of a telephone."""
    signs = (char for char in text if char.isnumeric() and not char.isalpha())
    return not all(map(str.isdecimal, signs))


def _number_in(part: str) -> WrittenNumber | None:
    text = _without_decoration(part)
    run = _RUN.search(text)
    if run is None:
        return None
    number = run.group().strip()
    before, after = text[: run.start()], text[run.end() :]
    if _is_other_number(number, after) or not (_may_precede(before, number) and _may_follow(after, number)):
        return None
    return WrittenNumber(number, is_alone=_KNOWN_PARTS.issuperset(_WORD.findall(f"{before} {_until_digit(after)}")))


def _without_decoration(part: str) -> str:
    """Return a part of a cell with plus signs written alike, "" if it is about something else."""
    text = _FLOAT.sub(r"\1", part.strip(" ,'\""))
    text = _NUMBERED_LABEL.sub(r"\1 ", text, count=1)
    if _SCIENTIFIC.fullmatch(text) or _FOREIGN.search(text):
        return ""
    return _with_one_plus(_CARRIER_BLANK.sub("0", text))


def _with_one_plus(text: str) -> str:
    """Return a text with a plain plus sign right before the digits, and a blank behind the first group of them."""
    return _PLUS.sub(r"+\1 ", text) if "+" in text else text


def _without_uri(text: str) -> str:
    """Return the number of a "tel:" address, without its parameters, else the text itself."""
    match = _URI.fullmatch(text)
    if match is None:
        return text
    number = match.group(1)
    context = _CONTEXT.search(match.group(2))
    return context.group(1) + number if context and "+" not in number else number


def _is_other_number(number: str, after: str) -> bool:
    """Return whether the digits are a date, a sum, an id, a coordinate or an internet address."""
    if number.startswith("+"):
        return False
    compact = _SPACED_SIGN.sub(r"\1", number)
    if _NO_NUMBER.fullmatch(compact):
        return True
    is_plain = number.isdigit() and not number.startswith("0")
    return is_plain and _DECIMALS.match(after) is not None


def _may_precede(before: str, number: str) -> bool:
    """Return whether the words before a number are a label. A plus sign makes the number sure beside other words."""
    words = _WORD.findall(before)
    if not NO_PHONE_WORDS.isdisjoint(words):
        return False
    if number.startswith("+") and not _GLUED.search(before):
        return True
    return not words or _are_label(words)


def _are_label(words: Sequence[str]) -> bool:
    return _LABEL_WORDS.issuperset(words) and not PHONE_LABELS.isdisjoint(words)


def _may_follow(after: str, number: str) -> bool:
    """Return whether the words behind a number may belong to it: an extension, a label, a name."""
    words = _WORD.findall(_until_digit(after))
    if not NO_PHONE_WORDS.isdisjoint(words) and not _opens_fax_number(words, after):
        return False
    if _is_glued_to_stranger(after):
        return False
    has_shape = number.startswith("0") or not number.isdigit()
    return has_shape or _KNOWN_PARTS.issuperset(words)


def _opens_fax_number(words: Sequence[str], after: str) -> bool:
    """Return whether the words are the label of the next number, which is a fax."""
    return words[0] in _FAX_WORDS and _ASCII_DIGIT.search(after) is not None


def _is_glued_to_stranger(after: str) -> bool:
    """Return whether a word that is no label follows a number without a blank."""
    glued = _GLUED_WORD.match(after)
    return glued is not None and glued.group(1) not in _KNOWN_WORDS


def _until_digit(text: str) -> str:
    return _ASCII_DIGIT.split(text, maxsplit=1)[0]
