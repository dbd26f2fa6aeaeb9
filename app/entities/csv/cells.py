"""What a cell of a CSV file says about a field: text, a list, an object, a number, or nothing."""

import csv
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.values import blanks, strict_json
from app.values.entity_types import EntityType
from app.values.numbers import integer
from app.values.text import find_bad_character

MAX_JSON_DEPTH: Final = 32

# Here the word is an answer: the address was checked, and nobody can tell.
_UNKNOWN_IS_A_VALUE: Final = frozenset({"email_status"})

_LONGEST_WORD: Final = 40

NUMBERS: Final = frozenset({"id", "phone", "mobile_phone", "hq_phone", "provider_ids"})
"""Fields whose long numbers spreadsheets and tables damage."""

SEVERAL_VALUES: Final = "several values in the cell: the first is used, the rest is kept beside the fields"

# A number that was rounded to the digits that a column shows, and one that a table took for a fraction.
_SCIENTIFIC: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{1,3}|[+-]?\d[.,]\d+[eE]\d{1,3}")
_WITH_ZERO: Final = re.compile(r"^(\+?\d{3,})\.0$")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MOST_ENCODINGS: Final = 3
_BETWEEN_ADDRESSES: Final = re.compile(r"[\s<>,;|/\"'()\[\]]+")
# A slash without blanks stands between an area code and a number.
_BETWEEN_PHONES: Final = re.compile(r"[,;|\n]|:::|\s/\s|\s(?:or|oder|ou|o|und|and|et|y)\s")
_DIGITS_OF_A_PHONE: Final = 6
_BETWEEN_HOSTS: Final = re.compile(r"\s*(?:[,;|]|:::|\s/\s)\s*|\s+")
_HOST: Final = re.compile(r"(?:https?://)?[^\s/@:?#.]+(?:\.[^\s/@:?#.]+)+(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
# What comes along if an address or a number is copied from a page or a phone, and is not seen.
_UNSEEN: Final = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_UNSEEN_CHARACTERS: Final = re.compile(f"[{_UNSEEN}]")
# What makes a cell of a field worth a second look, besides an ampersand.
_NUMBER_IN_DOUBT: Final = re.compile(rf"[,;|\n&{_UNSEEN}]|:::| / |\.0$|[eE]\+?\d| (?:or|oder|ou|o|und|and|et|y) ")
_HOST_IN_DOUBT: Final = re.compile(rf"[,;|\s&{_UNSEEN}]")
IN_DOUBT: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(NUMBERS, _NUMBER_IN_DOUBT),
    "email": re.compile(rf"[@&{_UNSEEN}](?:(?<!@)|.*@)", re.DOTALL),
    **dict.fromkeys(("domain", "website", "company_domain", "linkedin_url"), _HOST_IN_DOUBT),
}
"""What a cell of a field has if it may hold several values, or a damaged one."""

# A link as a spreadsheet and as a web page have it.
_HYPERLINK: Final = re.compile(
    r'=HYPERLINK\(\s*"(?P<target>(?:[^"]|"")*)"\s*(?:[;,]\s*"(?P<label>(?:[^"]|"")*)"\s*)?\)', re.IGNORECASE
)
_ANCHOR: Final = re.compile(
    r"""<a\s(?:[^<>]*\s)?href\s*=\s*(?P<quote>["'])(?P<target>[^"'<>]*)(?P=quote)[^<>]*>(?P<label>[^<>]*)</a>""",
    re.IGNORECASE,
)
_LONGEST_LINK: Final = 2_000
_ADDRESSED: Final = frozenset({*IN_DOUBT, "profile_image_url", "social_urls"})
"""Fields of which a link's target is the value, and not what it shows."""

# How Python prints lists and objects that are not JSON, and how databases print lists.
# A quote that is not closed reaches to the end, so each character is looked at once.
_PYTHON_TOKEN: Final = re.compile(
    r"""(?P<double>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))|'(?P<single>(?:[^'\\]|\\.)*+)(?:'|\\?\Z)"""
    r"|\b(?P<word>None|True|False)\b",
    re.DOTALL,
)
_PYTHON_WORDS: Final[Mapping[str, str]] = {"None": "null", "True": "true", "False": "false"}
_BRACKETED: Final = re.compile(r"\[([^\[\]{}\r\n]+)\]|\{([^\[\]{}\r\n]+)\}")

Convert = Callable[[str], Any]
"""From a cell, stripped and not blank, to the field's value; None when it cannot be one."""


class CellError(ValueError):
    """A cell that may not be stored, not even as it is; the message names the rule alone."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about a cell whose row was read."""

    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Mended:
    """What a cell means for its field, what else it holds, and a remark about it, if any."""

    value: str
    rest: str
    remark: Remark | None


def converter(entity_type: EntityType, field: str, key: str | None) -> Convert:
    """Return what turns a cell into a value of a field, or of one entry of a dict field."""
    if key is not None:
        return text_or_nothing
    if field == "linkedin_url":
        return linkedin_url
    return _CONVERTERS[entity_type].get(field, text_or_nothing)


def is_placeholder(cell: str, field: str = "") -> bool:
    """Return whether a cell only says that nothing is known."""
    if len(cell) > _LONGEST_WORD and cell.isascii():
        return False
    return blanks.is_placeholder(cell) and not (field in _UNKNOWN_IS_A_VALUE and cell.casefold() == "unknown")


def bare(cell: str, field: str = "") -> str:
    """Return what a cell holds under what tools put around it for spreadsheets and web pages.

    That is a guard, `="00123"`, which keeps a spreadsheet from making a number, or a link: of that the address for a
    field that holds one, else what is shown.
    """
    if len(cell) <= _LONGEST_LINK and (link := _HYPERLINK.fullmatch(cell) or _ANCHOR.fullmatch(cell)):
        return _linked(link["target"], link["label"] or "", field)
    if not cell.startswith('="') or not cell.endswith('"') or len(cell) < 3:
        return cell
    return cell[2:-1].replace('""', '"').strip()


def _linked(target: str, label: str, field: str) -> str:
    text = (target if field in _ADDRESSED or not label.strip() else label).replace('""', '"').strip()
    is_address = text[:7].casefold() == "mailto:"
    return text[7:].partition("?")[0] if is_address else text


def mend(cell: str, column: str, field: str) -> Mended:
    """Read a cell whose characters make a second look worth it. Raises CellError for an id that is damaged."""
    text = _decoded(cell) if "&" in cell else cell
    if field in IN_DOUBT:
        text = _UNSEEN_CHARACTERS.sub("", text).strip()
    if field in NUMBERS:
        if _SCIENTIFIC.fullmatch(text):
            return _damaged(text, column, field)
        text = _WITH_ZERO.sub(r"\1", text)
    first, rest = _divided(text, field)
    remark = Remark(column, SEVERAL_VALUES) if rest else None
    return Mended(first, rest, remark)


def _damaged(text: str, column: str, field: str) -> Mended:
    reason = f"the number was damaged by a spreadsheet (scientific notation): {text}"
    if field == "id":
        raise CellError(reason)
    return Mended("", text, Remark(column, reason))


def _decoded(text: str) -> str:
    """Write HTML's names and numbers of characters as what they mean; two tools in a row encode twice."""
    for _ in range(_MOST_ENCODINGS):
        decoded = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if decoded == text or find_bad_character(decoded.replace("\r\n", "\n")) is not None:
            break
        text = decoded.replace("\r\n", "\n").strip()
    return text


def _divided(text: str, field: str) -> tuple[str, str]:
    """Return the first value of a cell that has several, and the rest; a cell of one value as it is."""
    parts = _PARTS_OF[field](text) if field in _PARTS_OF else []
    different = list({part.casefold(): part for part in reversed(parts)}.values())[::-1]
    if len(parts) < 2:
        return text, ""
    return different[0], ", ".join(different[1:])


def _addresses(text: str) -> list[str]:
    if text.count("@") < 2:
        return []
    return [part for part in _BETWEEN_ADDRESSES.split(text) if "@" in part[1:-1]]


def _told_parts(between: re.Pattern[str], text: str) -> list[str]:
    """Return the parts of a text that say something."""
    parts = filter(None, map(str.strip, between.split(text)))
    return [part for part in parts if not blanks.is_placeholder(part)]


def _phones(text: str) -> list[str]:
    parts = _told_parts(_BETWEEN_PHONES, text)
    is_each_a_number = all(sum(map(str.isdigit, part)) >= _DIGITS_OF_A_PHONE for part in parts)
    return parts if is_each_a_number else []


def _hosts(text: str) -> list[str]:
    parts = _told_parts(_BETWEEN_HOSTS, text)
    return parts if all(map(_HOST.fullmatch, parts)) else []


def _profiles(text: str) -> list[str]:
    parts = _BETWEEN_HOSTS.split(text)
    return parts if all("linkedin.com/" in part.casefold() for part in parts) else []


def text_or_nothing(cell: str) -> str:
    """Return the cell as it is."""
    return cell


def linkedin_url(cell: str) -> str | None:
    """Return a LinkedIn address, or None for another site's and for one inside Sales Navigator.

    Sales Navigator's addresses open only for the person who made the list, and no provider knows them.
    """
    folded = cell.casefold()
    if "linkedin.com/sales/" in folded or ("://" in folded and "linkedin." not in folded):
        return None
    return cell


def website(cell: str) -> str | None:
    """Return a web address, or None for a LinkedIn page, which some exports call the company's URL."""
    return None if "linkedin.com/" in cell.casefold() else cell


def texts(cell: str) -> list[Any]:
    """Return a JSON array, or the parts of a text that is divided by lines, `;`, `|` or else commas.

    An array of Python or of a database, `['a', 'b']` or `{a,"b, c"}`, is one too.
    """
    parts = _array(cell)
    if parts is None and (inside := _BRACKETED.fullmatch(cell)):
        return _different(next(csv.reader((inside[1] or inside[2],), skipinitialspace=True, escapechar="\\")))
    return _parts(cell, "\n;|,") if parts is None else parts


def places(cell: str) -> list[Any]:
    """Return a JSON array, or the parts of a text; a comma belongs to an address and divides nothing."""
    parts = _array(cell)
    return _parts(cell, "\n;|") if parts is None else parts


def array(cell: str) -> list[Any] | None:
    """Return a JSON array, or None: what these lists hold cannot be told in words."""
    return _array(cell)


def json_object(cell: str) -> dict[str, Any] | None:
    """Return a JSON object, or None."""
    value = _json(cell) if cell.startswith("{") else None
    return value if isinstance(value, dict) else None


def _array(cell: str) -> list[Any] | None:
    value = _json(cell) if cell.startswith("[") else None
    return value if isinstance(value, list) else None


def _parts(cell: str, separators: str) -> list[str]:
    """Split at the first separator that the cell has, leaving out blanks and repeats."""
    separator = next((mark for mark in separators if mark in cell), None)
    return _different(cell.split(separator) if separator else [cell])


def _different(texts: list[str]) -> list[str]:
    parts: dict[str, str] = {}
    for part in texts:
        parts.setdefault(part.strip().casefold(), part.strip())
    parts.pop("", None)
    return list(parts.values())


def _json(cell: str) -> Any:
    """Parse JSON strictly, or what Python prints of the same; None for neither.

    Raises CellError for JSON that may not be stored.
    """
    value = _parsed(cell)
    return _parsed(_python_as_json(cell)) if value is None and "'" in cell else value


def _python_as_json(text: str) -> str:
    """Write strings in single quotes, and the words of Python for nothing, true and false, as JSON has them."""

    def as_json(token: re.Match[str]) -> str:
        if token["word"] is not None:
            return _PYTHON_WORDS[token["word"]]
        if token["single"] is None:
            return token["double"]
        return '"' + token["single"].replace("\\'", "'").replace('"', '\\"') + '"'

    return _PYTHON_TOKEN.sub(as_json, text)


def _parsed(text: str) -> Any:
    try:
        # Of two members with one name the last counts, as in the tools that such cells come from.
        return _clean_json(strict_json.loads(text, max_depth=MAX_JSON_DEPTH, refuses_repeated_names=False))
    except strict_json.NotJson:
        return None
    except strict_json.JsonError as exc:
        raise CellError(str(exc)) from None


def _clean_json(value: Any) -> Any:
    """Return JSON with plain newlines, refusing what escapes such as \\u0000 smuggle past a check of the cell."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list):
        return [_clean_json(part) for part in value]
    if isinstance(value, dict):
        return {_clean_text(name): _clean_json(part) for name, part in value.items()}
    return value


def _clean_text(text: str) -> str:
    text = text.replace("\r\n", "\n")
    bad = find_bad_character(text)
    if bad is not None:
        raise CellError(f"JSON holds a {bad}")
    return text


_PARTS_OF: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "email": _addresses,
    **dict.fromkeys(("phone", "mobile_phone", "hq_phone"), _phones),
    **dict.fromkeys(("domain", "website", "company_domain"), _hosts),
    "linkedin_url": _profiles,
}
_CONVERTERS: Final[Mapping[EntityType, Mapping[str, Convert]]] = {
    "person": {
        **dict.fromkeys(("departments", "functions", "skills", "certifications", "languages"), texts),
        **dict.fromkeys(("job_history", "education"), array),
        "company_domain": website,
        "provider_ids": json_object,
        "extra": json_object,
    },
    "company": {
        **dict.fromkeys(
            ("industries", "company_keywords", "hashtags", "naics_codes", "technologies", "job_posting_titles"), texts
        ),
        "office_locations": places,
        "funding_events": array,
        "domain": website,
        "website": website,
        **dict.fromkeys(("social_urls", "provider_ids", "extra"), json_object),
        **dict.fromkeys(("funding_total", "job_postings_active_count", "it_spend"), integer),
    },
}
