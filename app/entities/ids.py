"""Ids for entities that come without one.

The same person or company gets the same id from every file, whatever its order of rows and
columns, so importing a list twice changes nothing. The id is a digest: it stands in URLs and
logs, where names and addresses must not.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import unquote

EntityType = Literal["person", "company"]

IDENTIFYING_FIELDS: Final[Mapping[EntityType, str]] = {
    "person": "a LinkedIn URL, an email address, or a name together with a company",
    "company": "a domain, a website, a LinkedIn URL or a name",
}

_PREFIX: Final[Mapping[EntityType, str]] = {"person": "per_", "company": "com_"}
_DIGEST_CHARS: Final = 24
# Nothing that names an entity is longer, and longer text only costs time.
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


def derive_id(entity_type: EntityType, fields: Mapping[str, Any]) -> str | None:
    """Return the id that a row's own fields imply, or None when nothing tells it apart.

    A person is known by the LinkedIn URL, else the email address, else the full name with the
    company's domain or name, else a shared mailbox (info@…). A company by its domain or website,
    else its LinkedIn URL, else its name with its country. `per_` or `com_`, then 24 hex digits.
    """
    key = _person_key(fields) if entity_type == "person" else _company_key(fields)
    if key is None:
        return None
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()
    return _PREFIX[entity_type] + digest[:_DIGEST_CHARS]


def canonical_linkedin(entity_type: EntityType, url: str) -> str | None:
    """Reduce a LinkedIn URL to `in/name` or `company/name`, or return None when it is no such page.

    Scheme, sub-domain (www or a country's), query, further path and letter case make no difference.
    A Sales Navigator address holds an id of another kind and counts as no page.
    """
    text = url.strip().lower()
    found = _LINKEDIN.match(text) or _BARE_LINKEDIN.match(text)
    if found is None or found.group(1) not in _LINKEDIN_KINDS[entity_type]:
        return None
    name = unicodedata.normalize("NFC", unquote(found.group(2))).strip().casefold()
    return f"{found.group(1)}/{name}" if name else None


def canonical_host(text: str) -> str | None:
    """Reduce a domain or URL to its host in lower case without `www.`, or return None.

    None too for a page on a shared host (a profile on a social network) and for what is no host.
    """
    found = _HOST.match(text.strip().lower())
    if found is None:
        return None
    host = found.group(1).rstrip(".").removeprefix("www.")
    labels = host.split(".")
    # A last label of one letter is an abbreviation ("n.a."), and one of digits an address.
    if len(labels) < 2 or len(labels[-1]) < 2 or labels[-1].isdigit() or not all(labels):
        return None
    return None if ".".join(labels[-2:]) in _SHARED_HOSTS else _ascii_host(host)


def _person_key(fields: Mapping[str, Any]) -> str | None:
    linkedin = canonical_linkedin("person", _text(fields, "linkedin_url"))
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
    company = canonical_host(_text(fields, "company_domain")) or _folded(_text(fields, "company"))
    return f"name:{name}\n{company}" if name and company else None


def _company_key(fields: Mapping[str, Any]) -> str | None:
    host = canonical_host(_text(fields, "domain")) or canonical_host(_text(fields, "website"))
    if host:
        return f"domain:{host}"
    linkedin = canonical_linkedin("company", _text(fields, "linkedin_url"))
    if linkedin:
        return f"linkedin:{linkedin}"
    name = _folded(_text(fields, "name"))
    country = _folded(_text(fields, "hq_country") or _text(fields, "hq_country_code"))
    return f"name:{name}\n{country}" if name else None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and len(value) <= _MAX_KEY_CHARS else ""


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _email(text: str) -> str | None:
    email = text.strip().lower().removeprefix("mailto:")
    local, _, domain = email.partition("@")
    is_address = local and "." in domain.strip(".") and "@" not in domain and len(email.split()) == 1
    return email if is_address else None


def _ascii_host(host: str) -> str:
    """Write an international host in its ASCII form, so that both spellings are one."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
