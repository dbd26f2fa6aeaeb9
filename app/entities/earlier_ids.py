"""The keys from which releases up to 0.3.0 derived ids, so that lists imported with them keep theirs.

A copy of that release's reading of hosts, addresses and LinkedIn pages, faults included. It is compared with what is
stored and never used for anything new: do not mend it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from app.values.entity_types import EntityType

_MAX_KEY_CHARS: Final = 2_048
_LINKEDIN_KINDS: Final[Mapping[EntityType, frozenset[str]]] = {
    "person": frozenset({"in", "pub"}),
    "company": frozenset({"company", "school", "showcase"}),
}
# An address that several people share tells nobody apart.
_SHARED_MAILBOXES: Final = frozenset(
    {"admin", "billing", "bonjour", "careers", "contact", "contacto", "enquiries", "hello", "help", "hi", "hr",
     "info", "inquiries", "jobs", "kontakt", "mail", "marketing", "office", "post", "press", "sales", "service",
     "support", "team", "vertrieb", "webmaster"}
)  # fmt: skip
# A page on somebody else's host, or a mail host, tells no companies apart.
_SHARED_HOSTS: Final = frozenset(
    {"linkedin.com", "facebook.com", "instagram.com", "twitter.com", "x.com", "youtube.com", "youtu.be",
     "tiktok.com", "linktr.ee", "google.com", "goo.gl", "bit.ly", "xing.com", "github.com", "medium.com",
     "wikipedia.org", "crunchbase.com", "t.me", "gmail.com", "googlemail.com", "outlook.com", "hotmail.com",
     "yahoo.com", "icloud.com", "gmx.de", "gmx.net", "web.de"}
)  # fmt: skip
_LINKEDIN = re.compile(r"(?:https?://)?(?:[a-z0-9-]+\.)?linkedin\.com/([a-z]+)/([^/?#]+)")
_BARE_LINKEDIN = re.compile(r"/?(in|pub|company|school|showcase)/([^/?#]+)")
_HOST = re.compile(r"(?:(?:[a-z][a-z0-9+.-]*:)?//)?(?:[^/@\s]*@)?([^/:?#@\s]+)")


def earlier_key(entity_type: EntityType, fields: Mapping[str, Any]) -> str | None:
    """Return the key that 0.3.0 knew a row by, or None."""
    return _KEYS[entity_type](fields)


def earlier_name_key(entity_type: EntityType, fields: Mapping[str, Any]) -> str | None:
    """Return the key that 0.3.0 would have known a row by without its addresses and pages, or None."""
    return _NAME_KEYS[entity_type](fields)


def _linkedin(entity_type: EntityType, url: str) -> str | None:
    text = url.strip().lower()
    match = _LINKEDIN.match(text) or _BARE_LINKEDIN.match(text)
    if match is None or match.group(1) not in _LINKEDIN_KINDS[entity_type]:
        return None
    name = unicodedata.normalize("NFC", unquote(match.group(2))).strip().casefold()
    return f"{match.group(1)}/{name}" if name else None


def _host(text: str) -> str | None:
    match = _HOST.match(text.strip().lower())
    if match is None:
        return None
    host = match.group(1).rstrip(".").removeprefix("www.")
    labels = host.split(".")
    # A last label of one letter is an abbreviation ("n.a."), and one of digits an address.
    if len(labels) < 2 or len(labels[-1]) < 2 or labels[-1].isdigit() or not all(labels):
        return None
    return None if ".".join(labels[-2:]) in _SHARED_HOSTS else _ascii_host(host)


def _person_key(fields: Mapping[str, Any]) -> str | None:
    linkedin = _linkedin("person", _text(fields, "linkedin_url"))
    if linkedin:
        return f"linkedin:{linkedin}"
    email = _email(_text(fields, "email"))
    if email and email.partition("@")[0] not in _SHARED_MAILBOXES:
        return f"email:{email}"
    return _name_key(fields) or (f"email:{email}" if email else None)


def _name_key(fields: Mapping[str, Any]) -> str | None:
    name = _folded(_text(fields, "full_name"))
    if not name and _text(fields, "last_name"):
        name = _folded(f"{_text(fields, 'first_name')} {_text(fields, 'last_name')}")
    company = _host(_text(fields, "company_domain")) or _folded(_text(fields, "company"))
    return f"name:{name}\n{company}" if name and company else None


def _company_key(fields: Mapping[str, Any]) -> str | None:
    host = _host(_text(fields, "domain")) or _host(_text(fields, "website"))
    if host:
        return f"domain:{host}"
    linkedin = _linkedin("company", _text(fields, "linkedin_url"))
    if linkedin:
        return f"linkedin:{linkedin}"
    return _company_name_key(fields)


def _company_name_key(fields: Mapping[str, Any]) -> str | None:
    name = _folded(_text(fields, "name"))
    country = _folded(_text(fields, "hq_country") or _text(fields, "hq_country_code"))
    return f"name:{name}\n{country}" if name else None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and len(value) <= _MAX_KEY_CHARS else ""


def _folded(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _email(text: str) -> str | None:
    email = text.strip().lower().removeprefix("mailto:")
    local, _, domain = email.partition("@")
    is_address = local and "." in domain.strip(".") and "@" not in domain and len(email.split()) == 1
    return email if is_address else None


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


_KEYS: Final[Mapping[EntityType, Callable[[Mapping[str, Any]], str | None]]] = {
    "person": _person_key,
    "company": _company_key,
}
_NAME_KEYS: Final[Mapping[EntityType, Callable[[Mapping[str, Any]], str | None]]] = {
    "person": _name_key,
    "company": _company_name_key,
}
