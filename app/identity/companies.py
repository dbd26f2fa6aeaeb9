"""Whether two descriptions are of one company: by the domains that it answers from, and by its name.

The same registrable domain is the same company, whatever its name there. Companies also answer from other domains
(acme.com, acme.de, getacme.com), so that another domain alone says little; with another name beside it, it says
that the company is another. A domain that stands without a name is taken for one: `acme.de` is called "acme".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import idna
from anyascii import anyascii

from app.identity.names import Resemblance, loose, script_of
from app.normalizer.company_names import normalize_company_name
from app.values.text import word_set

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
_DOMAIN_AFFIXES: Final = (
    ("get", "try", "use", "go", "join", "my", "the", "we", "with", "hello", "team"),
    ("app", "hq", "inc", "corp", "group", "gmbh", "online", "global", "official", "io", "hr", "ag", "usa", "uk", "eu"),
)
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
    if not (asked.domains | asked.mail_domains).isdisjoint(said.domains | said.mail_domains):
        return Resemblance.SAME
    if not (_is_latin(asked.name) and _is_latin(said.name)):
        return _compare_across_scripts(asked, said)
    likeness = max(_compare_names(_names(asked), _names(said)), _compare_initials(asked, said))
    is_nameless = asked.name is None or said.name is None
    if likeness is Resemblance.AKIN and is_nameless and _share_label(asked, said):
        return Resemblance.SAME
    if likeness is Resemblance.UNLIKE and _is_one_called_like_domain(asked, said):
        return Resemblance.AKIN
    return likeness


def _is_one_called_like_domain(asked: Firm, said: Firm) -> bool:
    return _is_called_like_domain(asked, said) or _is_called_like_domain(said, asked)


def have_other_labels(asked: Firm, said: Firm) -> bool:
    """Return whether both have domains, and none is called like one of the other's."""
    return bool(asked.domains and said.domains) and not _share_label(asked, said)


def name_two_places(asked: Firm, said: Firm) -> bool:
    """Return whether the names are of two branches of a company: "Acme Germany" and "Acme France"."""
    here, there = (_PLACES.intersection(_plain_words(firm.name or "")) for firm in (asked, said))
    return bool(here) and bool(there) and here.isdisjoint(there)


def _compare_across_scripts(asked: Firm, said: Firm) -> Resemblance:
    """Compare by sound and by domain, as names are also translated."""
    brands = ["".join(_brand(firm.name)) for firm in (asked, said)]
    if all(brands) and loose(brands[0]) == loose(brands[1]):
        return Resemblance.SAME
    return _compare_names(_labels(asked), _labels(said))


def _is_latin(name: str | None) -> bool:
    return name is None or all(script_of(word) == "LATIN" for word in name.split())


def _names(firm: Firm) -> list[tuple[str, ...]]:
    brand = _brand(firm.name)
    return [brand] if brand else _labels(firm)


def _labels(firm: Firm) -> list[tuple[str, ...]]:
    return [(label,) for domain in sorted(firm.domains) for label in _bare_labels(domain)]


def _compare_names(asked: Iterable[tuple[str, ...]], said: Iterable[tuple[str, ...]]) -> Resemblance:
    pairs = [(one, other) for one in asked for other in said]
    return max((_compare_brands(one, other) for one, other in pairs), default=Resemblance.UNKNOWN)


def _compare_brands(one: tuple[str, ...], other: tuple[str, ...]) -> Resemblance:
    if "".join(one) == "".join(other):
        return Resemblance.SAME
    if set(one) <= set(other) or set(other) <= set(one) or _opens(one, other) or _opens(other, one):
        return Resemblance.AKIN
    return Resemblance.UNLIKE


def _opens(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether one name, written together, opens the other: "nordlicht" and "Nordlichtenergie"."""
    short, long = "".join(one), "".join(other)
    return len(short) > 3 and long.startswith(short)


def _compare_initials(asked: Firm, said: Firm) -> Resemblance:
    """Return `SAME` if one name is the other's initials, but `AKIN` if their domains begin otherwise."""
    known, told = ([*_names(firm), _full(firm.name)] for firm in (asked, said))
    if not any(_is_acronym(one, other) or _is_acronym(other, one) for one in known for other in told):
        return Resemblance.UNKNOWN
    is_apart = bool(asked.domains and said.domains) and not _labels_begin_alike(asked, said)
    return Resemblance.AKIN if is_apart else Resemblance.SAME


def _is_acronym(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether a name is another's initials: of all words, or at least three if some of them come and go."""
    initials = "".join(word[0] for word in other)
    shortest = _SHORTEST_ACRONYM if _PASSING_WORDS.isdisjoint(other) else _SHORTEST_ACRONYM + 1
    return len(other) > 1 and len(initials) >= shortest and "".join(one) == initials


def _labels_begin_alike(asked: Firm, said: Firm) -> bool:
    pairs = ((_label(one), _label(other)) for one in asked.domains for other in said.domains)
    return any(one.startswith(other) or other.startswith(one) for one, other in pairs)


def _is_called_like_domain(named: Firm, other: Firm) -> bool:
    """Return whether a name is what the other's domain is called: PwC, of PricewaterhouseCoopers at pwc.com."""
    name = "".join(_full(named.name))
    return bool(name) and (name,) in _labels(other)


def _share_label(asked: Firm, said: Firm) -> bool:
    return not {_label(domain) for domain in asked.domains}.isdisjoint(_label(domain) for domain in said.domains)


def _bare_labels(domain: str) -> list[str]:
    """Return a domain's label, and what is left of it without words such as "get" and "hq"."""
    label = _label(domain)
    before, behind = _DOMAIN_AFFIXES
    bare = [label.removeprefix(affix) for affix in before] + [label.removesuffix(affix) for affix in behind]
    return [label, *(rest for rest in dict.fromkeys(bare) if rest != label and len(rest) >= _SHORTEST_BARE_LABEL)]


def _label(domain: str) -> str:
    """Return what a registrable domain calls its owner, in the letters of `_brand`: "muller" for `müller.de`."""
    try:
        label = idna.decode(domain).partition(".")[0]
    except (idna.IDNAError, UnicodeError):
        label = domain.partition(".")[0]
    return "".join(_plain_words(label))


def _brand(name: str | None) -> tuple[str, ...]:
    """Return the words of a name without its legal form and the words that come and go.

    A letter that a name begins with stays, as in "E.ON", unless it is an article.
    """
    words = _full(name)
    first, rest = words[:1], words[1:]
    head = first if first and len(first[0]) == 1 and first != ("a",) else _lasting(first)
    return head + _lasting(rest) or words


def _lasting(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _PASSING_WORDS)


def _full(name: str | None) -> tuple[str, ...]:
    """Return the words of a name without its legal form."""
    return tuple(_plain_words(normalize_company_name(name) or ""))


def _plain_words(shown: str) -> list[str]:
    """Return the words of a text in plain Latin letters, in which "Müller" and "Mueller" are one."""
    plain = anyascii(shown).lower().replace("'", "")
    spaced = "".join(char if char.isalnum() else " " for char in plain)
    return [word.replace("ae", "a").replace("oe", "o").replace("ue", "u") for word in spaced.split()]
