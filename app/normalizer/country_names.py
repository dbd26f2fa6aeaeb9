"""Names and codes of countries, in English from the ISO list and in some fifty languages from its translations.

Only whole names count, in any order of their words: "Korea (the Republic of)" and "Republic of Korea" are one name,
"Niger" and "Nigeria" are two. A name that two countries share decides nothing.
"""

from __future__ import annotations

import functools
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pycountry

from app.normalizer.data.places import COUNTRY_ALIASES, NAMES_OF_SEVERAL_COUNTRIES
from app.values.text import fold, word_set

_LANGUAGES = word_set(
    """
    ar be bg bs ca cs cy da de el es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka kk ko lt lv mk ms nb_NO nl nn pl
    pt pt_BR ro ru sk sl sq sr sr@latin sv th tr uk ur vi zh_CN zh_HK zh_TW
    """
)
_HALVES = frozenset({"MF", "SX"})  # the parts of one island, told apart by the bracket alone
_LONGEST_CODE = 3
_SHORTEST_FOLDED_NAME = 4  # letters: Vietnam's "Áo" (Austria) without its accent is the code of Angola
_SILENT_WORDS = frozenset({"the", "of", "and"})
_ABBREVIATIONS = {
    "rep": "republic", "dem": "democratic", "fed": "federated", "st": "saint", "ste": "saint", "sts": "saint",
    "is": "islands", "isl": "islands", "isls": "islands", "island": "islands", "n": "north", "s": "south",
    "terr": "territory", "republ": "republic", "republica": "republic", "república": "republic",
    "republique": "republic", "république": "republic", "rép": "republic", "repubblica": "republic",
    "republik": "republic", "republiek": "republic",
}  # fmt: skip
_APOSTROPHES = re.compile(r"['’‘ʼʻ`´׳״՚]")
_SEPARATORS = re.compile(r"[\s.,;:()/\\_\"\[\]\-\u2010-\u2015（）、・·،]+")
_UMLAUTS = re.compile(r"([aou])e")  # "Oesterreich" is Österreich
_SHORT_NAME = re.compile(r"([^,(（،]+)[,(（،].*")


def code_of(name: str) -> str | None:
    """Return the alpha-2 code of the country that a code or a name in any language stands for."""
    key = _key(fold(name))
    if name.isascii():
        return _plain_code_of(key)
    accented_key = _key(name.casefold())
    code = _own_accented_names().get(accented_key) or _translations().get(accented_key)
    is_like_code = key.isascii() and len(key) < _SHORTEST_FOLDED_NAME
    return code if code is not None or is_like_code else _plain_code_of(key)


def _plain_code_of(key: str) -> str | None:
    code = _english_names().get(key)
    if code is not None or len(key) < _SHORTEST_FOLDED_NAME:
        return code
    return _translations().get(key) or _translations().get(_UMLAUTS.sub(r"\1", key))


def english_code_of(name: str) -> str | None:
    """Return the code of a country by its code, its English names and the project's own names alone, which is quick."""
    return _english_names().get(_key(fold(name)))


def _key(folded: str) -> str:
    """Return the words of a name, sorted, without punctuation, articles and abbreviations."""
    text = _APOSTROPHES.sub("", folded.replace("&", " and "))
    words = _SEPARATORS.sub(" ", text).split()
    if len(words) == 1:
        return words[0]
    return " ".join(sorted(_ABBREVIATIONS.get(word, word) for word in words if word not in _SILENT_WORDS))


@functools.cache
def _shared_names() -> frozenset[str]:
    return frozenset(_key(form) for name in NAMES_OF_SEVERAL_COUNTRIES for form in (fold(name), name.casefold()))


@functools.cache
def _own_accented_names() -> dict[str, str]:
    return {_key(name.casefold()): code for name, code in COUNTRY_ALIASES.items() if not name.isascii()}


@functools.cache
def _english_names() -> dict[str, str]:
    """Return the codes, the English names and the project's own names."""
    index = _codes()
    for code, name in _iso_names():
        for form in _forms(code, name):
            _add(index, _key(fold(form)), code)
    own = {_key(fold(name)): code for name, code in COUNTRY_ALIASES.items()}
    unlike_codes = {key: code for key, code in own.items() if len(key) > _LONGEST_CODE or index.get(key, code) == code}
    index.update(unlike_codes)
    return _of_one_country(index)


def _codes() -> dict[str, str | None]:
    index: dict[str, str | None] = {}
    for country in pycountry.countries:
        index[country.alpha_2.lower()] = country.alpha_2
        index[country.alpha_3.lower()] = country.alpha_2
    return index


def _of_one_country(index: dict[str, str | None]) -> dict[str, str]:
    """Return an index without the names that several countries share."""
    return {key: code for key, code in index.items() if code and key not in _shared_names()}


@functools.cache
def _translations() -> dict[str, str]:
    """Return the translated names, with their accents and without. The first call reads the files: half a second."""
    index: dict[str, str | None] = {}
    for language in sorted(_LANGUAGES):
        path = Path(pycountry.LOCALES_DIR) / language / "LC_MESSAGES" / "iso3166-1.mo"
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)
        for code, name in _iso_names():
            translated = catalog.gettext(name)
            for form in _forms(code, translated) if translated != name else ():
                _add(index, _key(form.casefold()), code)
                folded = _key(fold(form))
                if len(folded) >= _SHORTEST_FOLDED_NAME:
                    _add(index, folded, code)
    return _of_one_country(index)


def _iso_names() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name"):
            name = getattr(country, attribute, None)
            if name:
                yield country.alpha_2, name


def _forms(code: str, name: str) -> Iterator[str]:
    """Yield a name and what stands before its comma or bracket: "Bolivia, Plurinational State of" is Bolivia."""
    yield name
    match = _SHORT_NAME.fullmatch(name)
    if match and code not in _HALVES:
        yield match.group(1)


def _add(index: dict[str, str | None], key: str, code: str) -> None:
    """Enter a name; if it already stands for another country, it stands for none from now on."""
    index[key] = code if index.get(key, code) == code else None
