"""Countries: from codes, names and free-text locations to ISO 3166 alpha-2.

Only whole names count. Fuzzy search is not used: it answers "UK" with Uganda among others.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from app.normalizer.country_names import code_of, english_code_of
from app.normalizer.data.places import (
    AMBIGUOUS_LOCATIONS,
    METROS,
    METROS_BY_CODE,
    PLAIN_COUNTRY_CODES,
    REGION_CODES,
    REGIONS,
    SHARED_METROS,
    US_STATE_CODES,
)
from app.normalizer.text import only
from app.values.text import clipped, fold, one_line

_SUBDIVISION = re.compile(r"([A-Za-z]{2})-[A-Za-z0-9]{1,3}")
_BRACKETED_END = re.compile(r"([^()]+)\(([^()]+)\)")
_SEPARATORS = re.compile(r"\s?[/|:,]\s?|\s-\s|-(?=[A-Z]{2}$)|(?<=^[A-Z]{2})-")
_LONGEST_CODE, _MOST_PARTS = 3, 4
_UNCLEAR_ALONE = AMBIGUOUS_LOCATIONS | frozenset(map(str.lower, US_STATE_CODES))
_US_STATES = {state for state, country in REGIONS.items() if country == "US"} | {"georgia"}
_COUNTRIES_BY_PLACE = {city: country for city, (country, _) in METROS.items() if city not in SHARED_METROS} | REGIONS
_CODES_OF_NO_REGION = PLAIN_COUNTRY_CODES - US_STATE_CODES - REGION_CODES.keys()
_US_ZIP = re.compile(r"(.+?) [0-9]{5}(?:-[0-9]{4})?")
_BRACKETS = re.compile(r"\([^()]*\)")
_AREA = re.compile(
    r"^(?:the )?(?:greater )?(.+?)"
    r"(?: metropolitan area| metropolitan region| metropolitan| metro area| metroplex| bay area| city area"
    r"| and surroundings| und umgebung| area| region)?$"
)


def normalize_country(code: Any, country: Any, location: Any) -> str | None:
    """Return the alpha-2 code from the first column that decides it, or None.

    Args:
        code: a country code column (``US``, ``USA``, ``US-CA``); names are accepted too.
        country: a country name column; codes are accepted too.
        location: free text such as ``Austin, TX`` or ``Greater Munich Metropolitan Area``. It also decides between
            the country Georgia and the state.
    """
    for column in filter(None, (code, country)):
        named = country_from_column(column)
        if named is not None:
            place = country_from_location(location) if _may_be_elsewhere(clipped(column)) else None
            return place or named
    return country_from_location(location)


@functools.lru_cache(maxsize=1024)
def _may_be_elsewhere(column: str) -> bool:
    """Return whether a column names a country that shares its name with a place elsewhere, as Georgia does."""
    return len(column) > _LONGEST_CODE and _key(one_line(column)) in AMBIGUOUS_LOCATIONS


def country_from_column(value: Any) -> str | None:
    """Return the code of a country column's text, where ``CA`` is Canada and ``Georgia`` the country."""
    return _from_column(clipped(value))


@functools.lru_cache(maxsize=4096)
def _from_column(value: str) -> str | None:
    text = one_line(value)
    subdivision = _SUBDIVISION.fullmatch(text)
    return code_of(subdivision.group(1)) if subdivision else code_of(text) or _from_parts(text)


def _from_parts(text: str) -> str | None:
    """Decide ``DE - Germany``, ``Germany (DE)`` and ``Germany/Deutschland``, whose parts name the same country."""
    if bracketed := _BRACKETED_END.fullmatch(text):
        outside, inside = map(code_of, bracketed.groups())
        return outside if inside in {None, outside} else None
    parts = _parts(text)
    if not 1 < len(parts) <= _MOST_PARTS:
        return None
    return only(set(map(code_of, parts)))


def _parts(text: str) -> list[str]:
    parts = list(filter(str.strip, _SEPARATORS.split(text)))
    if len(parts) != 1:
        return parts
    first, _, rest = text.partition(" ")
    return [first, rest] if len(first) <= _LONGEST_CODE else [text]


def country_from_location(value: Any) -> str | None:
    """Return the code of the country that the last part of a location names, None when it may be another.

    ``Wilmington, DE`` is Delaware and ``Berlin, DE`` Germany, so two letters that are both a state of the USA and
    a country decide only after a city that settles it. ``Georgia`` alone decides nothing.
    """
    return _from_location(clipped(value))


@functools.lru_cache(maxsize=4096)
def _from_location(value: str) -> str | None:
    whole = _key(_BRACKETS.sub(" ", one_line(value)))
    parts = list(filter(None, map(str.strip, whole.split(","))))
    if len(parts) > 1 and english_code_of(whole) is None:  # "Korea, Republic of" is one name
        return _from_pair(parts[-2], parts[-1])
    return _from_lone_part(whole)


def _from_pair(city: str, last: str) -> str | None:
    """Decide ``City, Last``, refusing what the city contradicts."""
    if settled := METROS_BY_CODE.get((city, last.upper())):
        return settled
    if len(last) == 2 and last.isascii():
        return _unless_contradicted(_from_two_letters(last.upper(), city), city)
    if zipped := _US_ZIP.fullmatch(last):
        return _unless_contradicted("US", city) if _is_us_state(zipped.group(1)) else None
    return REGIONS.get(last) or REGION_CODES.get(last.upper()) or _named_country(last)


def _unless_contradicted(country: str | None, city: str) -> str | None:
    """Return a country, or None if the city is known only in another country."""
    home, _ = METROS.get(city, (country, None))
    return country if home == country or city in SHARED_METROS else None


def _from_two_letters(last: str, city: str) -> str | None:
    """Decide the two letters after a city, which may be known with its country and code."""
    home, code = METROS.get(city, (None, None))
    if last == code:
        return home
    return _named_country(last.lower()) if last in _CODES_OF_NO_REGION else REGION_CODES.get(last)


def _from_lone_part(text: str) -> str | None:
    """Decide a location without a comma: a country, a region or a well-known metropolitan area."""
    if text in _UNCLEAR_ALONE:
        return None
    metro = _AREA.sub(r"\1", text)
    return _named_country(text) or REGIONS.get(text) or _COUNTRIES_BY_PLACE.get(metro)


def _named_country(key: str) -> str | None:
    return None if key in AMBIGUOUS_LOCATIONS else code_of(key)


def _is_us_state(key: str) -> bool:
    return key.upper() in US_STATE_CODES or key in _US_STATES


def _key(text: str) -> str:
    """Return a name without case, accents, dots and a leading article."""
    words = fold(text).replace(".", " ").split()
    key = " ".join(words).strip(" -;,")
    return key.removeprefix("the ") or key
