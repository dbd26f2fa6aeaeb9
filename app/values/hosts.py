"""Hosts and domains: which host an address names, who registered it, and whether it is anybody's own.

International names follow one standard, UTS 46 without transitional processing: `straße.de` and `strasse.de` are two
names, `BÜCHER.example` and `bücher.example` one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, Final
from urllib.parse import unquote

import idna
from publicsuffixlist import PublicSuffixList

from app.values.shared_hosts import (
    DIRECTORIES,
    MAIL_BRANDS,
    MARKETPLACES,
    PLATFORM_BRANDS,
    PROFILE_SITES,
    SHORTENERS,
    SITE_HOSTS,
    is_under,
    mail_providers,
)
from app.values.text import clipped, fold, one_line, without_umlauts, word_set

_LONGEST_URL: Final = 2_048
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://+|https?[:/]+|//+", re.IGNORECASE)
_AFTER_HOST: Final = re.compile(r"[/?#\\\s,;|<>()\"'\[\]]")
_HOST: Final = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)")
_WORD_IN_NAME: Final = re.compile(r"\w+")
_AND: Final = frozenset({"and", "und", "et", "y", "e", "en", "og", "och"})
_UNSPOKEN: Final = _AND | {"n"}
_PAGES_OF_ANY_SITE: Final = word_set(
    "service services kontakt contact about karriere careers career products produkte company unternehmen partner team"
    " home store media group gruppe academy events blog portfolio projekte projects design studio werbung immobilien"
)
_WRAPPING: Final = " \t\"'<>()[]"
# Never registered: for documentation and private networks.
_RESERVED: Final = (".example", ".test", ".local", ".internal", ".lan")
_PLATFORMS: Final = PROFILE_SITES | MARKETPLACES | DIRECTORIES
_LISTED_BRANDS: Final = MAIL_BRANDS | PLATFORM_BRANDS
_SHORTEST_NAME: Final = 4
_SHORT_LABEL: Final = 4
_SHORTEST_SEGMENT: Final = 5
# Paths under which a site shows its own front page.
_FRONT_PAGE: Final = re.compile(r"/*(?:(?:index|home|default)(?:\.[a-z]{2,5})?|[a-z]{2}(?:[-_][a-z]{2})?)?/*")


def host_of(value: Any) -> str | None:
    """Return the host that a URL, a domain or an e-mail address names: lower case, ASCII, without port and user.

    `www.` stays. None for what names no host: text without a dot, IP addresses, names with characters that no
    host has.
    """
    host, _ = _split(value)
    return host


def bare_host(value: Any) -> str | None:
    """Return `host_of` without `www.` in front."""
    host = host_of(value)
    return None if host is None else _without_www(host)


def own_host(value: Any, name: Any = None) -> str | None:
    """Return the bare host if it can be the company's own, else None.

    None for names under no known ending, mail providers, link shorteners, and pages on a platform: a social network,
    a marketplace, a directory. Platforms that no list has give themselves away if `name`, the company's, stands in
    the path and not in the host: `https://menus.example/place/alpha-pizza`. The front page of a platform is the
    platform's own: its host is returned if the name says so (`Etsy, Inc.` and etsy.com), or, for marketplaces and
    directories, if there is no name to compare.
    """
    return _own_host(clipped(value, _LONGEST_URL), name if isinstance(name, str) else "")


@lru_cache(maxsize=16_384)
def _own_host(value: str, name: str) -> str | None:
    """Return the own host. Cached: a company is looked at for each of its people, before and after each call."""
    host, path = _split(value)
    if host is None:
        return None
    host = _without_www(host)
    is_known_ending = registrable_domain(host) or has_public_suffix(host) or host.endswith(_RESERVED)
    return host if is_known_ending and _is_own(host, path, name) else None


def own_domain(value: Any, name: Any = None) -> str | None:
    """Return the registrable domain of `own_host`: `https://shop.acme.co.uk/x` gives `acme.co.uk`."""
    host = own_host(value, name)
    return None if host is None else registrable_domain(host)


def employer_domain(value: Any) -> str | None:
    """Return the registrable domain of a work address's host; None for mail providers.

    A platform counts as a company here: its staff have addresses there.
    """
    host = host_of(value)
    return None if host is None or is_mail_provider(host) else registrable_domain(host)


@lru_cache(maxsize=16_384)
def registrable_domain(host: str) -> str | None:
    """Return the domain that its owner registered: `shop.example.co.uk` gives `example.co.uk`.

    Names that a host of sites hands to its customers (`acme.github.io`, `acme.weebly.com`) count as registered.
    None for public suffixes and for names under none.
    """
    labels = host.split(".")
    for start in range(1, len(labels) - 1):
        if ".".join(labels[start:]) in SITE_HOSTS and labels[start - 1] != "www":
            return ".".join(labels[start - 1 :])
    domain = public_suffixes().privatesuffix(host)
    return str(domain) if domain else None


@lru_cache(maxsize=16_384)
def is_mail_provider(host: str) -> bool:
    """Return whether anybody can have a mailbox under a host, so that it says nothing about an employer."""
    return is_under(host, mail_providers()) or _brand(host) in MAIL_BRANDS


@lru_cache(maxsize=16_384)
def is_platform(host: str) -> bool:
    """Return whether a host carries other people's pages: a social network, a marketplace, a directory."""
    return is_under(host, _PLATFORMS) or _brand(host) in PLATFORM_BRANDS


@cache
def public_suffixes() -> PublicSuffixList:
    """Return the list of endings under which names are registered; reading it for the first time takes long."""
    # Names under an unknown ending are refused: "report.docx" is a file, not a company.
    return PublicSuffixList(accept_unknown=False)


def ascii_host(host: str) -> str | None:
    """Return a host in lower case and ASCII, or None if no host is spelled like that."""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    host = host.lower()
    return _unless_number(host) if _HOST.fullmatch(host) else None


def _unless_number(host: str) -> str | None:
    """Return a well-formed host, or None if it is an IP address or too long."""
    return host if len(host) <= 253 and not host.rpartition(".")[2].isdigit() else None


def _split(value: Any) -> tuple[str | None, str]:
    """Return the host of a URL or domain, and the path that follows it."""
    if isinstance(value, str) and _HOST.fullmatch(value):
        return _unless_number(value), ""
    text = one_line(value, _LONGEST_URL).strip(_WRAPPING)
    # Twice is common: a form puts "http://" in front of what has it already.
    while scheme := _SCHEME.match(text):
        text = text[scheme.end() :]
    authority = _AFTER_HOST.split(text, maxsplit=1)[0]
    path = text[len(authority) :].partition("?")[0].partition("#")[0]
    host = authority.rpartition("@")[2].partition(":")[0].strip(".")
    return ascii_host(host), path.strip().lower()


def _without_www(host: str) -> str:
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def _brand(host: str) -> str:
    """Return the label before the public suffix: `yelp` of `it.yelp.co.uk`."""
    return (registrable_domain(host) or "").partition(".")[0]


def has_public_suffix(host: str) -> bool:
    """Return whether a host stands under an ending, or is one, under which names are registered."""
    return public_suffixes().publicsuffix(host) is not None


def _is_own(host: str, path: str, name: str) -> bool:
    """Return whether a bare host is that of the company whose name this is; the name may be empty."""
    if not _is_listed(host):
        return not _is_page_about(name, host, path)
    if is_mail_provider(host) or is_under(host, SHORTENERS):
        return _is_named_after(host, name) and host == registrable_domain(host)
    return _is_platforms_own(host, path, name)


def _is_listed(host: str) -> bool:
    """Return whether a host is a mail provider, a link shortener or a platform, with a single look at all lists."""
    return is_under(host, _listed_hosts()) or _brand(host) in _LISTED_BRANDS


@cache
def _listed_hosts() -> frozenset[str]:
    return mail_providers().union(SHORTENERS, _PLATFORMS)


def _is_platforms_own(host: str, path: str, name: str) -> bool:
    """Return whether an address on a platform is the platform's own rather than a customer's page."""
    is_named = _is_named_after(host, name)
    is_profile_site = is_under(host, PROFILE_SITES)
    if is_named and not is_profile_site:
        return True
    if not _FRONT_PAGE.fullmatch(path) or host != registrable_domain(host):
        return False
    return is_named if name else not is_profile_site


def _is_named_after(host: str, name: str) -> bool:
    """Return whether a host's label is a word of a company's name, its first words together, or their initials."""
    label, words = _brand(host), _name_words(name)
    if label in {*accumulate(words), *_initials(name)}:
        return True
    return len(label) >= _SHORTEST_NAME and label in words


def _is_page_about(name: str, host: str, path: str) -> bool:
    """Return whether a path holds a company's name, as a directory's does, and the host nothing of it."""
    if not path.strip("/"):
        return False
    words = _name_words(name)
    letters = "".join(words)
    if not any(_is_name_of(_letters(unquote(segment)), letters, words) for segment in path.split("/")):
        return False
    label = _letters(_brand(host) or host.partition(".")[0])
    return not _holds_part_of(label, name, words)


def _holds_part_of(label: str, name: str, words: list[str]) -> bool:
    """Return whether a host's label holds something of a company's name, or is short for it."""
    letters = "".join(words)
    if label in letters or _letters(name) in label:
        return True
    if _holds_word(label, words) or label.startswith(tuple(_initials(name))):
        return True
    return len(label) <= _SHORT_LABEL and _runs_through(label, letters)


def _holds_word(label: str, words: list[str]) -> bool:
    long_words = (word for word in words if len(word) >= _SHORTEST_NAME)
    return any(map(label.__contains__, long_words))


def _is_name_of(segment: str, letters: str, words: list[str]) -> bool:
    if segment == letters:
        return bool(letters)
    if len(letters) >= _SHORTEST_NAME and letters in segment:
        return True
    openings = set(accumulate(words[:-1])) - _PAGES_OF_ANY_SITE
    return len(segment) >= _SHORTEST_SEGMENT and segment in openings


def _runs_through(label: str, letters: str) -> bool:
    """Return whether a name has a label's letters in their order and begins with the first: "vw" in "volkswagen"."""
    rest = iter(letters)
    return letters[:1] == label[:1] and all(letter in rest for letter in label)


def _initials(name: str) -> set[str]:
    """Return a name's initials, with and without "and"."""
    words = _WORD_IN_NAME.findall(fold(name).replace("&", " n ").replace("+", " n "))
    spoken = "".join(map(_spoken_initial, words))
    short = "".join(word[0] for word in words if word not in _UNSPOKEN)
    return {initials for initials in (spoken, short) if len(initials) > 1}


def _spoken_initial(word: str) -> str:
    return "n" if word in _AND else word[0]


def _name_words(name: str) -> list[str]:
    return [word for word in map(_letters, name.split()) if word not in {"", "the"}]


def _letters(text: str) -> str:
    """Return a text's letters and digits, in which "ü" and "ue" are one."""
    return without_umlauts("".join(filter(str.isalnum, fold(text))))
