"""Whether two descriptions are of one company: by the domains that it answers from, and by its name.

The same registrable domain is the same company, whatever its name there. Companies also answer from other domains
(acme.com, acme.de, getacme.com), so that another domain alone says little; with another name beside it, it says
that the company is another. A domain that stands without a name is taken for one: `acme.de` is called "acme".
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product, starmap
from typing import Final

import idna
from anyascii import anyascii

from app.identity.names import Resemblance
from app.identity.readings import initials, script_of
from app.identity.spellings import loose
from app.normalizer.company_names import normalize_company_name
from app.values.text import without_umlauts, word_set

# Words that a company's name has in one place and lacks in another.
_PLACES: Final = word_set(
    """
    europe deutschland germany uk usa us france italia italy espana spain austria schweiz switzerland nederland
    polska norge sverige danmark suomi america asia india china japan canada australia brasil mexico
    """
)
_PASSING_WORDS: Final = _PLACES | word_set(
    """
    the and und et y e i en og och a group gruppe groupe grupo gruppo groep holding holdings international global
    worldwide company co corp corporation inc ltd limited gmbh ag se sa llc plc bv nv ab as oy kg
    """
)
# What stands before or behind a brand in a domain of its own.
_DOMAIN_OPENINGS: Final = ("get", "try", "use", "go", "join", "my", "the", "we", "with", "hello", "team")
_DOMAIN_ENDINGS: Final = (
    "app", "hq", "inc", "corp", "group", "gmbh", "online", "global", "official", "io", "hr", "ag", "usa", "uk", "eu",
)  # fmt: skip
_WORD: Final = re.compile("[a-z0-9]+")
_OPENING_LETTERS: Final = frozenset("bcdefghijklmnopqrstuvwxyz0123456789")
_SHORTEST_ACRONYM: Final = 2
_SHORTEST_BARE_LABEL: Final = 4


@dataclass(frozen=True, slots=True)
class Firm:
    """What is known of a company: its name, its own registrable domains, and those of its mail addresses."""

    name: str | None = None
    domains: frozenset[str] = frozenset()
    mail_domains: frozenset[str] = field(default=frozenset())


def compare(asked: Firm, said: Firm) -> Resemblance:
    """Return how alike two companies are.

    `SAME`: one domain, or the same name. `AKIN`: the name of one holds that of the other. `UNLIKE`: other names, and
    no domain in common. `UNKNOWN`: nothing to compare.
    """
    if _share_domain(asked, said):
        return Resemblance.SAME
    if not (_is_latin(asked.name) and _is_latin(said.name)):
        return _compare_across_scripts(asked, said)
    likeness = max(_compare_names(_names(asked), _names(said)), _compare_initials(asked, said))
    if likeness is Resemblance.AKIN and _are_one_by_label(asked, said):
        return Resemblance.SAME
    if likeness is Resemblance.UNLIKE and _is_one_called_like_domain(asked, said):
        return Resemblance.AKIN
    return likeness


def have_other_labels(asked: Firm, said: Firm) -> bool:
    """Return whether both have domains, and none is called like one of the other's."""
    return _have_domains(asked, said) and not _share_label(asked, said)


def name_two_places(asked: Firm, said: Firm) -> bool:
    """Return whether the names are of two branches of a company: "Acme Germany" and "Acme France"."""
    here, there = _places(asked), _places(said)
    return bool(here and there) and here.isdisjoint(there)


def _places(firm: Firm) -> frozenset[str]:
    return _PLACES.intersection(_plain_words(firm.name or ""))


# Domains


def _share_domain(asked: Firm, said: Firm) -> bool:
    return not (asked.domains | asked.mail_domains).isdisjoint(said.domains | said.mail_domains)


def _have_domains(asked: Firm, said: Firm) -> bool:
    return bool(asked.domains and said.domains)


def _share_label(asked: Firm, said: Firm) -> bool:
    return not set(map(_label, asked.domains)).isdisjoint(map(_label, said.domains))


def _are_one_by_label(asked: Firm, said: Firm) -> bool:
    """Return whether domains that are called alike make up for a name that is missing."""
    is_nameless = asked.name is None or said.name is None
    return is_nameless and _share_label(asked, said)


def _is_one_called_like_domain(asked: Firm, said: Firm) -> bool:
    return _is_called_like_domain(asked, said) or _is_called_like_domain(said, asked)


def _is_called_like_domain(named: Firm, other: Firm) -> bool:
    """Return whether a name is what the other's domain is called: PwC, of PricewaterhouseCoopers at pwc.com."""
    name = "".join(_full(named.name))
    return name != "" and (name,) in _labels(other)


def _labels_begin_alike(asked: Firm, said: Firm) -> bool:
    left, right = list(map(_label, asked.domains)), list(map(_label, said.domains))
    return any(starmap(str.startswith, [*product(left, right), *product(right, left)]))


def _labels(firm: Firm) -> list[tuple[str, ...]]:
    return [(label,) for domain in sorted(firm.domains) for label in _bare_labels(domain)]


def _bare_labels(domain: str) -> list[str]:
    """Return a domain's label, and what is left of it without words such as "get" and "hq"."""
    label = _label(domain)
    shortened = [*map(label.removeprefix, _DOMAIN_OPENINGS), *map(label.removesuffix, _DOMAIN_ENDINGS)]
    rests = [rest for rest in dict.fromkeys(shortened) if rest != label]
    return [label, *(rest for rest in rests if len(rest) >= _SHORTEST_BARE_LABEL)]


@functools.lru_cache(maxsize=4096)
def _label(domain: str) -> str:
    """Return what a registrable domain calls its owner, in the letters of `_brand`: "muller" for `müller.de`."""
    try:
        label = idna.decode(domain).partition(".")[0]
    except (idna.IDNAError, UnicodeError):
        label = domain.partition(".")[0]
    return "".join(_plain_words(label))


# Names


def _compare_across_scripts(asked: Firm, said: Firm) -> Resemblance:
    """Compare by sound and by domain, as names are also translated."""
    left, right = "".join(_brand(asked.name)), "".join(_brand(said.name))
    if left and loose(left) == loose(right):
        return Resemblance.SAME
    return _compare_names(_labels(asked), _labels(said))


def _is_latin(name: str | None) -> bool:
    return {"LATIN"}.issuperset(map(script_of, (name or "").split()))


def _names(firm: Firm) -> list[tuple[str, ...]]:
    brand = _brand(firm.name)
    return [brand] if brand else _labels(firm)


def _compare_names(asked: Iterable[tuple[str, ...]], said: Iterable[tuple[str, ...]]) -> Resemblance:
    return max(starmap(_compare_brands, product(asked, said)), default=Resemblance.UNKNOWN)


def _compare_brands(left: tuple[str, ...], right: tuple[str, ...]) -> Resemblance:
    if "".join(left) == "".join(right):
        return Resemblance.SAME
    is_akin = _holds(left, right) or _holds(right, left)
    return Resemblance.AKIN if is_akin else Resemblance.UNLIKE


def _holds(name: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Return whether a name has all words of another, or opens with it: "Nordlichtenergie" and "nordlicht"."""
    opening = "".join(part)
    return set(part) <= set(name) or (len(opening) > 3 and "".join(name).startswith(opening))


def _compare_initials(asked: Firm, said: Firm) -> Resemblance:
    """Return `SAME` if one name is the other's initials, but `AKIN` if their domains begin otherwise."""
    left, right = _all_names(asked), _all_names(said)
    if not any(starmap(_is_acronym, [*product(left, right), *product(right, left)])):
        return Resemblance.UNKNOWN
    is_apart = _have_domains(asked, said) and not _labels_begin_alike(asked, said)
    return Resemblance.AKIN if is_apart else Resemblance.SAME


def _all_names(firm: Firm) -> list[tuple[str, ...]]:
    return [*_names(firm), _full(firm.name)]


def _is_acronym(name: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Return whether a name is the initials of words: of all, or of at least three if some of them come and go."""
    shortest = _SHORTEST_ACRONYM if _PASSING_WORDS.isdisjoint(words) else _SHORTEST_ACRONYM + 1
    return len(words) >= shortest and "".join(name) == initials(words)


def _brand(name: str | None) -> tuple[str, ...]:
    """Return the words of a name without its legal form and the words that come and go.

    A letter that a name begins with stays, as in "E.ON", unless it is an article.
    """
    words = _full(name)
    letters = tuple(word for word in words[:1] if word in _OPENING_LETTERS)
    lasting = tuple(word for word in words[len(letters) :] if word not in _PASSING_WORDS)
    return letters + lasting or words


@functools.lru_cache(maxsize=4096)
def _full(name: str | None) -> tuple[str, ...]:
    """Return the words of a name without its legal form. Kept: one company is compared for each of its people."""
    return tuple(_plain_words(normalize_company_name(name) or ""))


def _plain_words(shown: str) -> list[str]:
    """Return the words of a text in plain Latin letters, in which "Müller" and "Mueller" are one."""
    return _WORD.findall(without_umlauts(anyascii(shown).lower().replace("'", "")))
