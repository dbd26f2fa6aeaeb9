"""Where in a cell a telephone number stands, and whether the text beside it lets it be one.

phonenumbers dials the letters that it meets and joins all digits, so that "070 123 45 67 (Nils)" becomes a longer
number. Here the text is taken apart first: the library is handed nothing but the digits of one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from app.normalizer.data.phone_words import EXTENSION_MARKERS, LABEL_PARTS, NO_PHONE_WORDS, PHONE_LABELS
from app.normalizer.text import plain_digits
from app.values.text import clean, fold

_LONGEST_CELL = 200  # characters, with labels and further numbers
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-") | {"⁄": "/", "[": "(", "]": ")", "·": " ", "•": " ", "_": " "})

_FLOAT = re.compile(r"(\+?[0-9]{7,})[.,]0{1,2}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s?[eE]\s?\+?[0-9]+")
_URI = re.compile(r"(?:tel|callto|sms|whatsapp|phone):(?://)?([^;?]+)(.*)")
_CONTEXT = re.compile(r";phone-context=(\+[0-9]+)")
_NEW_NUMBER = re.compile(r"[;|\n\r]|[,/]\s*(?=[^\W\d])|(?<=[0-9)])[\s,/]*(?=\+|\(\+)")
# A currency, a masked or cut-off number, an address of the web, a time, a coordinate.
_FOREIGN = re.compile(r"[€$£¥₹₽₩₺₴%*@=<>°…?!\\^{}~]|://|\bwww\.|[0-9]\s?:\s?[0-9]|\.\.|^\s*(?:#|-(?=[0-9]))")
_NUMBERED_LABEL = re.compile(r"([^\W\d]\D{0,30}?[\s#.]*)[1-9]\s*[:)]\s*(?=\D?\s*[0-9(+])")
_PLUS = re.compile(r"(?:\(\s*\+|\+\s*\(|00\s?\+|\+)[\s+(]*(?:00\s?)?([0-9]+)\s?\)?")
_CARRIER_BLANK = re.compile(r"\b0\s?xx\s?(?=[0-9])")

_FAX_WORDS = frozenset(word for word in NO_PHONE_WORDS if word.startswith(("fax", "tele", "факс")))

_RUN = re.compile(r"[+(]*[0-9](?:[0-9\s()./-]*[0-9])?\)?")
_WORD = re.compile(r"[^\W\d]+")
_GLUED_WORD = re.compile(r"\s*[-./]?([^\W\d]+)")

_DAY = r"(?:[0-2]?[0-9]|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)[0-9]{2}"
_DATE_ATOM = rf"(?:{_DAY}\.{_MONTH}\.(?:{_YEAR}|[0-9]{{2}})?|{_DAY}\.{_MONTH})"
_NO_NUMBER = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_DAY}([./-]){_MONTH}\1(?:{_YEAR}|[0-9]{{2}})",
        rf"{_MONTH}([./-]){_DAY}\1(?:{_YEAR}|[0-9]{{2}})",
        rf"{_YEAR}([./-]){_MONTH}\1{_DAY}(?:\s.*)?",
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
        r"\D*([0-9])(?:\D*\1)+",  # one digit, again and again
    )
)
_IP_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


class WrittenNumber(NamedTuple):
    """A number as it is written: its digits and separators, and whether it stands alone but for a label."""

    text: str
    is_alone: bool


def written_numbers(value: Any) -> Iterator[WrittenNumber]:
    """Yield the telephone numbers of a cell in their order, extensions and labels removed.

    A text with letters that are no label, a date, a sum, an address of the internet or a number that a table tool
    has rounded yields nothing.
    """
    text = _as_text(value)
    if text is None:
        return
    for part in _NEW_NUMBER.split(_without_uri(text)):
        number = _number_in(part)
        if number is not None:
            yield number


def _as_text(value: Any) -> str | None:
    written = _written(value)
    if written is None or len(written) > 2 * _LONGEST_CELL:
        return None
    text = clean(re.sub(r"[\r\n]+", ";", written))
    if text is None or len(text) > _LONGEST_CELL or _has_other_numbers(text):
        return None
    return fold(plain_digits(text).translate(_DASHES)).strip("'\"=`´ ")


def _written(value: Any) -> str | None:
    """Return a text as it is, and a whole number as its digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 10**15 else None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else None
    return value if isinstance(value, str) else None


def _has_other_numbers(text: str) -> bool:
    """Return whether a text has superscripts, fractions or the like, which are no digits of a telephone."""
    signs = (char for char in text if char.isnumeric() and not char.isalpha())
    return not all(map(str.isdecimal, signs))


def _number_in(part: str) -> WrittenNumber | None:
    text = part.strip(" ,'\"")
    if match := _FLOAT.fullmatch(text):
        text = match.group(1)
    text = _NUMBERED_LABEL.sub(r"\1 ", text, count=1)
    if _SCIENTIFIC.fullmatch(text) or _FOREIGN.search(text):
        return None
    text = _PLUS.sub(r"+\1 ", _CARRIER_BLANK.sub("0", text))
    run = _RUN.search(text)
    if run is None:
        return None
    number = run.group().strip()
    before, after = text[: run.start()], text[run.end() :]
    is_beside_its_words = _may_precede(before, number) and _may_follow(after, number)
    if _is_other_number(number, after) or not is_beside_its_words:
        return None
    return WrittenNumber(number, not _unknown_words(before) and not _unknown_words(_until_digit(after)))


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
    compact = re.sub(r"\s*([./-])\s*", r"\1", number)
    if any(pattern.fullmatch(compact) for pattern in _NO_NUMBER) or _is_ip_address(compact):
        return True
    is_bare = number.isdigit() and not number.startswith("0")
    return is_bare and re.match(r",[0-9]", after) is not None


def _is_ip_address(text: str) -> bool:
    """Return whether four numbers with dots are an address of the internet and not pairs of digits."""
    if not _IP_ADDRESS.fullmatch(text):
        return False
    octets = text.split(".")
    is_in_range = all(octet == str(int(octet)) and int(octet) <= 255 for octet in octets)
    return is_in_range and any(len(octet) != 2 for octet in octets)


def _may_precede(before: str, number: str) -> bool:
    """Return whether the words before a number are a label. A plus sign makes the number sure beside other words."""
    words = _WORD.findall(before)
    if not NO_PHONE_WORDS.isdisjoint(words):
        return False
    is_glued = before[-1:].isalpha() or re.search(r"[^\W\d][-./]$", before) is not None
    if number.startswith("+") and not is_glued:
        return True
    if not (PHONE_LABELS | LABEL_PARTS).issuperset(words):
        return False
    return not words or not PHONE_LABELS.isdisjoint(words)


def _may_follow(after: str, number: str) -> bool:
    """Return whether the words after a number may belong to one: an extension, a label, a name."""
    words = _WORD.findall(_until_digit(after))
    if not words:
        return True
    is_label_of_next = words[0] in _FAX_WORDS and re.search(r"[0-9]", after) is not None
    if not NO_PHONE_WORDS.isdisjoint(words) and not is_label_of_next:
        return False
    if _is_glued_to_stranger(after):
        return False
    has_shape = not number.isdigit() or number.startswith("0")
    return has_shape or not _unknown_words(" ".join(words))


def _is_glued_to_stranger(after: str) -> bool:
    """Return whether a word that is no label follows a number without a blank."""
    if after[:1].isspace():
        return False
    glued = _GLUED_WORD.match(after)
    return glued is not None and not _is_known(glued.group(1))


def _is_known(word: str) -> bool:
    return word in PHONE_LABELS or word in EXTENSION_MARKERS


def _unknown_words(text: str) -> bool:
    return any(not _is_known(word) and word not in LABEL_PARTS for word in _WORD.findall(text))


def _until_digit(text: str) -> str:
    return re.split(r"[0-9]", text, maxsplit=1)[0]
