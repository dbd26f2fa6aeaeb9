"""Company domains: the registrable part of a URL, a host or an e-mail address."""

from __future__ import annotations

import functools
import re
from typing import Any

import idna
from publicsuffixlist import PublicSuffixList

from app.providers.normalizer.emails import is_free_mail
from app.providers.normalizer.text import clean, word_set

_LONGEST_URL = 2000
_HOST = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)")
_AFTER_HOST = re.compile(r"[/?#\\\s,;]")

# Hosts where companies have a page; the host is the platform's, not theirs.
_PROFILE_HOSTS = word_set(
    """
    linkedin.com lnkd.in facebook.com fb.com fb.me instagram.com threads.net twitter.com x.com t.co youtube.com
    youtu.be tiktok.com pinterest.com snapchat.com reddit.com medium.com vk.com ok.ru xing.com whatsapp.com wa.me
    t.me telegram.me crunchbase.com angel.co wellfound.com glassdoor.com indeed.com yelp.com tripadvisor.com
    trustpilot.com g2.com capterra.com clutch.co upwork.com fiverr.com behance.net dribbble.com github.com
    gitlab.com apollo.io zoominfo.com rocketreach.co linktr.ee bit.ly goo.gl tinyurl.com ow.ly g.page about.me
    calendly.com eventbrite.com meetup.com vimeo.com wikipedia.org maps.google.com sites.google.com docs.google.com
    drive.google.com plus.google.com
    """
)


def company_domain(value: Any, profile_hosts_refused: bool = True) -> str | None:
    """Return the registrable domain of a company's URL or host, in lower case and ASCII, or None.

    Refused: addresses without a dot, IP addresses, names under no public suffix, profile pages on platforms such
    as LinkedIn, and mailbox providers (a domain cut from a private address would join unrelated companies).
    With `profile_hosts_refused` off the platforms count as companies, as in the addresses of their own staff.
    """
    host = _host(value)
    if host is None or (profile_hosts_refused and _is_under(host, _PROFILE_HOSTS)):
        return None
    domain = registrable_domain(host)
    return None if domain is None or is_free_mail(domain) else domain


def registrable_domain(host: str) -> str | None:
    """Return the domain that its owner registered: ``shop.example.co.uk`` gives ``example.co.uk``.

    Names that a platform hands to its customers (``acme.github.io``) count as registered.
    """
    domain = public_suffixes().privatesuffix(host)
    return str(domain) if domain else None


def _host(value: Any) -> str | None:
    text = clean(value, _LONGEST_URL)
    if text is None:
        return None
    text = text.strip("\"'<>() ").partition("://")[2] or text.strip("\"'<>() ")
    authority = _AFTER_HOST.split(text.removeprefix("//"), maxsplit=1)[0]
    host = authority.rpartition("@")[2].partition(":")[0]
    return _ascii_host(host.strip(".").lower())


def _ascii_host(host: str) -> str | None:
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    is_host = len(host) <= 253 and _HOST.fullmatch(host) is not None
    return host if is_host and not host.rpartition(".")[2].isdigit() else None


def _is_under(host: str, domains: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


@functools.cache
def public_suffixes() -> PublicSuffixList:
    """Return the list of endings under which names are registered; reading it for the first time takes long."""
    # Names under an unknown ending are refused: "report.docx" is a file, not a company.
    return PublicSuffixList(accept_unknown=False)
