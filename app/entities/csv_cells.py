"""What a cell of a CSV file says about a field: text, a list, an object, a number, or nothing."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

from app.entities.ids import EntityType
from app.text import find_bad_character

MAX_JSON_DEPTH: Final = 32
MAX_INTEGER: Final = 10**15

# What exports and hands write where they know nothing. "NA" is not one: it is Namibia's code.
PLACEHOLDERS: Final = frozenset(
    {"n/a", "#n/a", "n.a.", "null", "none", "-", "--", "---", "–", "—", "unknown", "undefined", "(blank)", "?",
     "#name?", "#ref!", "#value!", "#null!", "#div/0!"}
)  # fmt: skip
_LONGEST_PLACEHOLDER: Final = max(map(len, PLACEHOLDERS))
# Here the word is an answer: the address was checked, and nobody can tell.
_UNKNOWN_IS_A_VALUE: Final = frozenset({"email_status"})

_INTEGER = re.compile(r"\$?\s?(?:[0-9]{1,16}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0{1,2})?")

Number = TypeVar("Number", int, float)
Convert = Callable[[str], Any]
"""From a cell, stripped and not blank, to the field's value; None when it cannot be one."""


class CellError(ValueError):
    """A cell that may not be stored, not even as it is; the message names the rule alone."""


def converter(entity_type: EntityType, field: str, key: str | None) -> Convert:
    """Return what turns a cell into a value of a field, or of one entry of a dict field."""
    if key is not None:
        return text_or_nothing
    if field == "linkedin_url":
        return linkedin_url
    return _CONVERTERS[entity_type].get(field, text_or_nothing)


def is_placeholder(cell: str, field: str = "") -> bool:
    """Say whether a cell only says that nothing is known."""
    if len(cell) > _LONGEST_PLACEHOLDER:
        return False
    word = cell.casefold()
    return word in PLACEHOLDERS and not (word == "unknown" and field in _UNKNOWN_IS_A_VALUE)


def text_or_nothing(cell: str) -> str:
    """Return the cell as it is."""
    return cell


def linkedin_url(cell: str) -> str | None:
    """Return a LinkedIn address, or None for another site's and for one inside Sales Navigator.

    Sales Navigator's addresses open only for whoever made the list, and no provider knows them.
    """
    folded = cell.casefold()
    if "linkedin.com/sales/" in folded or ("://" in folded and "linkedin." not in folded):
        return None
    return cell


def website(cell: str) -> str | None:
    """Return a web address, or None for a LinkedIn page, which some exports call the company's URL."""
    return None if "linkedin.com/" in cell.casefold() else cell


def integer(cell: str) -> int | None:
    """Return a whole amount such as "12000000", "12,000,000" or "$12,000,000.00", or None."""
    if _INTEGER.fullmatch(cell) is None:
        return None
    value = int(cell.partition(".")[0].lstrip("$").replace(",", ""))
    return value if value <= MAX_INTEGER else None


def texts(cell: str) -> list[Any]:
    """Return a JSON array, or the parts of a text that is divided by lines, `;`, `|` or else commas."""
    parts = _array(cell)
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
    parts: dict[str, str] = {}
    for part in cell.split(separator) if separator else (cell,):
        parts.setdefault(part.strip().casefold(), part.strip())
    parts.pop("", None)
    return list(parts.values())


def _json(cell: str) -> Any:
    """Parse JSON strictly; None for what is not JSON, CellError for JSON that may not be stored."""
    try:
        return _clean_json(
            json.loads(cell, parse_constant=_refuse_number, parse_float=_finite, parse_int=_whole), MAX_JSON_DEPTH
        )
    except RecursionError:
        raise CellError(f"JSON is nested deeper than {MAX_JSON_DEPTH}") from None
    except json.JSONDecodeError:
        return None
    except CellError:
        raise
    except ValueError:
        # An integer of thousands of digits.
        raise CellError("JSON holds a number that is too large") from None


def _clean_json(value: Any, depth: int) -> Any:
    """Return JSON with plain newlines, refusing what escapes such as \\u0000 smuggle past a check of the cell."""
    if isinstance(value, str):
        return _clean_text(value)
    if not isinstance(value, (list, dict)):
        return value
    if depth == 0:
        raise CellError(f"JSON is nested deeper than {MAX_JSON_DEPTH}")
    if isinstance(value, list):
        return [_clean_json(part, depth - 1) for part in value]
    return {_clean_text(name): _clean_json(part, depth - 1) for name, part in value.items()}


def _clean_text(text: str) -> str:
    text = text.replace("\r\n", "\n")
    bad = find_bad_character(text)
    if bad is not None:
        raise CellError(f"JSON holds a {bad}")
    return text


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        _refuse_number(digits)
    return _in_range(number)


def _in_range(number: Number) -> Number:
    """Hold numbers to the range of the HTTP API's, beyond which the two databases give back different ones."""
    if -(2**63) <= number < 2**63:
        return number
    raise CellError("JSON holds a number that is too large")


def _whole(digits: str) -> int:
    return _in_range(int(digits))


def _refuse_number(_: str) -> NoReturn:
    raise CellError("JSON holds a number that is not finite")


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
