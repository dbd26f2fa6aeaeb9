"""What an entity can be asked about by: its fields without those that name nobody.

A question about "LinkedIn Member" is paid for and answered about somebody, and one about etsy.com is answered about
Etsy. Every paid question passes here first. Left out are placeholders, hosts of platforms and mail providers and of
private networks, mailboxes that several people read, and addresses that are no LinkedIn page. A hidden name beside a
LinkedIn page does no harm: the page says who is meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app.normalizer.company_names import is_no_company
from app.normalizer.nobody import names_nobody
from app.values.emails import email_address, is_shared_mailbox
from app.values.hosts import ascii_host, own_host, registrable_domain
from app.values.linkedin import LinkedInPage, company_page, person_page
from app.values.text import clean, text

# In the list of public suffixes, and yet no place for a company's website.
_NOT_PUBLIC: Final = (".arpa", ".onion")
# Reserved for documentation, so nobody's network uses it and it resolves nowhere.
_DOCUMENTATION: Final = ".example"
_NAMES: Final = ("first_name", "last_name", "full_name")
_OF_PERSON: Final = (*_NAMES, "company", "company_domain", "linkedin_url", "email")
_OF_COMPANY: Final = ("name", "domain", "website", "linkedin_url")
_IDENTIFYING: Final = {"person": _OF_PERSON, "company": _OF_COMPANY}
_PAGES: Final = {"person": person_page, "company": company_page}
_TEXTS: Final = frozenset({str, type(None)})
_Refused = tuple[tuple[str, ...], tuple[str, ...]]
"""The names of fields that name nobody, and a sentence for each kind of value."""


@dataclass(frozen=True, slots=True)
class Known:
    """The fields that an entity can be asked about by, and a sentence for each kind of value that was left out."""

    fields: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


def known_fields(entity_type: str, fields: Mapping[str, Any]) -> Known:
    """Return the fields that identify an entity, as they are written."""
    values = tuple(map(fields.get, _IDENTIFYING[entity_type]))
    # What a caller of the providers makes up may be anything.
    refuse = _refused_texts if set(map(type, values)) <= _TEXTS else _refused
    refused, remarks = refuse(entity_type, values)
    kept = dict(fields)
    for name in refused:
        kept.pop(name, None)
    return Known(kept, remarks)


def names_no_company(value: Any) -> bool:
    """Return whether a text in a company's place is a placeholder, such as "Self-employed"; blank text is not."""
    name = clean(value)
    return name is not None and is_no_company(name)


def company_host(value: Any, name: Any = None) -> str | None:
    """Return the public host that a company has for its own, without `www.`, or None."""
    host = own_host(value, name)
    return host if host is not None and is_public_name(host) else None


def linkedin_page(entity_type: str, value: Any) -> LinkedInPage | None:
    """Return the LinkedIn page of such an entity that a text is the address of, or None.

    The address has LinkedIn's host: a slug by itself may be one of another site.
    """
    written = text(value) or ""
    return _PAGES[entity_type](written) if "linkedin.com" in written.lower() else None


def is_public_name(host: str) -> bool:
    """Return whether a host is an ordinary public DNS name, such as `www.acme.com`.

    Refused are IP addresses however they are written, names without a dot, names under no known
    public suffix (`.local`, `.internal`, `.test`), and anything with a port or user. Names in other
    scripts are accepted. Nothing is looked up: a public name may still lead to a private address.
    """
    name = ascii_host(host)
    if name is None or "_" in name or name.endswith(_NOT_PUBLIC):
        return False
    return name.endswith(_DOCUMENTATION) or registrable_domain(name) is not None


def _refused(entity_type: str, values: tuple[Any, ...]) -> _Refused:
    refuse = _refused_of_person if entity_type == "person" else _refused_of_company
    refused = refuse(dict(zip(_IDENTIFYING[entity_type], values, strict=True)))
    return tuple(refused), tuple(dict.fromkeys(filter(None, refused.values())))


_refused_texts: Final = lru_cache(maxsize=4096)(_refused)
"""The same, kept: an entity is looked at before each question, for its price, and in the call."""


def _refused_of_person(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that name nobody, each with why; without a sentence for those that are blank."""
    refused: dict[str, str] = {}
    if names_nobody(*(text(fields.get(name)) for name in _NAMES)):
        refused |= dict.fromkeys(_NAMES, "The name is a placeholder.")
    if names_no_company(fields.get("company")):
        refused["company"] = "The company is a placeholder."
    refused |= _refused_places("person", fields, ["company_domain"], fields.get("company"))
    address = email_address(fields.get("email"))
    if address is None:
        refused["email"] = ""
    elif is_shared_mailbox(address):
        refused["email"] = "The address is shared."
    return refused


def _refused_of_company(fields: Mapping[str, Any]) -> dict[str, str]:
    refused = _refused_places("company", fields, ["domain", "website"], fields.get("name"))
    if names_no_company(fields.get("name")):
        return {"name": "The name is a placeholder.", **refused}
    return refused


def _refused_places(entity_type: str, fields: Mapping[str, Any], hosts: Sequence[str], company: Any) -> dict[str, str]:
    """Return which of the hosts, and of the page, are not the entity's own public ones, each with why."""
    name = None if names_no_company(company) else text(company)
    refused = {
        field: _about_host(fields.get(field)) for field in hosts if company_host(fields.get(field), name) is None
    }
    if linkedin_page(entity_type, fields.get("linkedin_url")) is None:
        refused["linkedin_url"] = ""
    return refused


def _about_host(value: Any) -> str:
    return "The website or domain is not the company's own public one." if text(value) else ""
