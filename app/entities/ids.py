"""Ids for entities that come without one.

The same person or company gets the same id from every file, whatever its order of rows and columns, so importing a
list twice changes nothing. The id is a digest: it stands in URLs and logs, where names and addresses must not.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, cast

from app.entities.earlier_ids import earlier_key, earlier_name_key
from app.normalizer.company_names import is_no_company
from app.normalizer.nobody import names_nobody
from app.values.emails import email_address, is_shared_mailbox
from app.values.entity_types import EntityType
from app.values.hosts import own_host
from app.values.linkedin import company_page, person_page
from app.values.text import fold, word_set

KeyKind = Literal["linkedin", "email", "domain", "name"]

IDENTIFYING_FIELDS: Final[Mapping[EntityType, str]] = {
    "person": "a LinkedIn URL, an email address, or a name together with a company",
    "company": "a domain, a website, a LinkedIn URL or a name",
}

KEY_FIELDS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "person": ("linkedin_url", "email"),
    "company": ("domain", "website", "linkedin_url"),
}
"""The fields that hold keys other than the name."""

NAME_FIELDS: Final[Mapping[EntityType, tuple[str, ...]]] = {
    "person": ("first_name", "last_name", "full_name"),
    "company": ("name",),
}
"""The fields that hold a name."""

_PREFIX: Final[Mapping[EntityType, str]] = {"person": "per_", "company": "com_"}
_DIGEST_CHARS: Final = 24
# Words that a name has in one list and lacks in another. Ids depend on them, so none may come or go: without a word,
# one entity may be kept apart twice; with one more, all entities whose names have it would be.
_PASSING_WORDS: Final[Mapping[EntityType, frozenset[str]]] = {
    "person": word_set("dr prof mr mrs ms phd md mba"),
    "company": word_set(
        "co company corp corporation inc llc ltd limited plc ag gmbh kg se sa sas sarl srl spa bv nv ab as"
    ),
}
_SEPARATORS: Final = re.compile(r"[\W_]+")
# Nothing that names an entity is longer, and longer text only costs time.
_MAX_KEY_CHARS: Final = 2_048


@dataclass
class Identity:
    """The ids under which an entity that has none of its own can be stored; not to be changed.

    `id` is what its strongest key implies, and `kind` says which kind of key that is. Not frozen:
    each row of a list makes one, and a frozen class is slower to make.
    """

    entity_type: EntityType
    key: str
    id: str
    fields: Mapping[str, Any]

    @property
    def kind(self) -> KeyKind:
        """The kind of the strongest key."""
        return cast(KeyKind, self.key.partition(":")[0])

    @property
    def apart_id(self) -> str | None:
        """The id of an entity that is kept apart: made of its key and its name.

        None if the key is the name itself, or the name is not known.
        """
        return self._apart_id(_plain_name(self.entity_type, self.fields))

    @cached_property
    def apart_ids(self) -> list[str]:
        """The ids under which the entity may be stored if it was kept apart, now or before names were read for that."""
        names = _name_of(self.entity_type, self.fields), _plain_name(self.entity_type, self.fields)
        apart_id = self._apart_id(names[1])
        if apart_id is None:
            return []
        earlier_id = self._apart_id(names[0]) if names[0] != names[1] else None
        return [earlier_id, apart_id] if earlier_id else [apart_id]

    def _apart_id(self, name: str) -> str | None:
        return id_of_key(self.entity_type, f"{self.key}\n{name}") if name and self.kind != "name" else None

    @cached_property
    def earlier_id(self) -> str | None:
        """The id that releases before 0.4.0 would have given; None if it is the same."""
        earlier = earlier_key(self.entity_type, self.fields)
        return None if earlier in (None, self.key) else id_of_key(self.entity_type, str(earlier))

    @cached_property
    def name_ids(self) -> list[str]:
        """The ids of the entity if it came without the key that this row has, now or before 0.4.0.

        That is how a list was stored whose column of addresses was not known then.
        """
        if self.kind == "name":
            return []
        name_key = _NAME_KEYS[self.entity_type](self.fields)
        keys = dict.fromkeys((name_key, earlier_name_key(self.entity_type, self.fields)))
        return [id_of_key(self.entity_type, key) for key in keys if key]


def identify(entity_type: EntityType, fields: Mapping[str, Any]) -> Identity | None:
    """Return the ids that a row's own fields imply, or None if nothing tells it apart.

    A person is known by the LinkedIn page, else the e-mail address, else the full name with the company's domain or
    name, else a mailbox that several people share (info@…). A company by the host of its domain or website, else its
    LinkedIn page, else its name with its country. A host that is nobody's own, such as a directory's or a mail
    provider's, is no key, and neither is a placeholder in a name's place.
    """
    key = _KEYS[entity_type](fields)
    if key is None:
        return None
    return Identity(entity_type, key, id_of_key(entity_type, key), fields)


def keys_by_addresses(entity_type: EntityType, columns: Mapping[str, Sequence[str]]) -> list[str | None]:
    """Return, of each record, the key that `identify` makes of its addresses, or None if they are no strong ones.

    `columns` has the texts of at least one field, by its name, blank ones included: those of several records are
    quicker to look at together than row by row.
    """
    blanks = ("",) * max(map(len, columns.values()))
    find, names = _ADDRESS_KEYS[entity_type]
    return list(map(find, *(columns.get(name, blanks) for name in names)))


def has_placeholder_for_name(entity_type: EntityType, fields: Mapping[str, Any]) -> bool:
    """Return whether what stands in the name's place names nobody: `LinkedIn Member`, `Self-employed`."""
    if entity_type == "company":
        name = _text(fields, "name")
        return bool(name) and is_no_company(name)
    return names_nobody(fields.get("first_name"), fields.get("last_name"), fields.get("full_name"))


def have_other_keys(entity_type: EntityType, fields: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether both have a key of one kind, and not the same."""
    pairs = zip(_page_and_address(entity_type, fields), _page_and_address(entity_type, other), strict=True)
    return any(None not in keys and keys[0] != keys[1] for keys in pairs)


def _page_and_address(entity_type: EntityType, fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    linkedin_url = _text(fields, "linkedin_url")
    if entity_type == "person":
        page, address = person_page(linkedin_url), email_address(_text(fields, "email"))
    else:
        domain, website, name = (_text(fields, field) for field in ("domain", "website", "name"))
        page, address = company_page(linkedin_url), _company_host(domain, website, name)
    return page and page.key, address


def id_of_key(entity_type: EntityType, key: str) -> str:
    """Return the id that a key implies."""
    return _PREFIX[entity_type] + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]


def _person_key(fields: Mapping[str, Any]) -> str | None:
    key = _person_address_key(_text(fields, "linkedin_url"), _text(fields, "email")) or _person_name_key(fields)
    if key:
        return key
    email = email_address(_text(fields, "email"))
    return f"email:{email}" if email else None


def _person_address_key(linkedin_url: str, email: str) -> str | None:
    page = person_page(linkedin_url) if linkedin_url else None
    if page:
        return f"linkedin:{page.key}"
    address = email_address(email) if email and len(email) <= _MAX_KEY_CHARS else None
    return f"email:{address}" if address and not is_shared_mailbox(address) else None


def _person_name_key(fields: Mapping[str, Any]) -> str | None:
    name = _name_of("person", fields)
    company_name = _text(fields, "company")
    company = own_host(_text(fields, "company_domain"), company_name) or _folded(company_name)
    if not name or not company or has_placeholder_for_name("person", fields):
        return None
    return f"name:{name}\n{company}"


def _company_key(fields: Mapping[str, Any]) -> str | None:
    texts = (_text(fields, name) for name in ("domain", "website", "linkedin_url", "name"))
    return _company_address_key(*texts) or _company_name_key(fields)


def _company_address_key(domain: str, website: str, linkedin_url: str, name: str) -> str | None:
    host = _company_host(_short(domain), _short(website), _short(name))
    if host:
        return f"domain:{host}"
    page = company_page(linkedin_url)
    return f"linkedin:{page.key}" if page else None


def _company_host(domain: str, website: str, name: str) -> str | None:
    return own_host(domain, name) or own_host(website, name)


def _company_name_key(fields: Mapping[str, Any]) -> str | None:
    name = _text(fields, "name")
    if not name or has_placeholder_for_name("company", fields):
        return None
    country = _folded(_text(fields, "hq_country") or _text(fields, "hq_country_code"))
    return f"name:{_folded(name)}\n{country}"


def _name_of(entity_type: EntityType, fields: Mapping[str, Any]) -> str:
    if entity_type == "company":
        return _folded(_text(fields, "name"))
    name = _folded(_text(fields, "full_name"))
    if not name and _text(fields, "last_name"):
        name = _folded(f"{_text(fields, 'first_name')} {_text(fields, 'last_name')}")
    return name


def _plain_name(entity_type: EntityType, fields: Mapping[str, Any]) -> str:
    """Return a name by its words alone: no accents, titles or legal form, and a person's words in any order.

    What compares names (`app.entities.matching`) reads more into them, by word lists that grow; an id must stay.
    """
    name = _name_of(entity_type, fields) or _folded(_text(fields, "first_name"))
    bare = fold(name).replace(".", "").replace("'", "")
    words = _SEPARATORS.sub(" ", bare).split()
    kept = [word for word in words if word not in _PASSING_WORDS[entity_type]] or words
    return " ".join(sorted(kept) if entity_type == "person" else kept)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return _short(value) if isinstance(value, str) else ""


def _short(text: str) -> str:
    return text if len(text) <= _MAX_KEY_CHARS else ""


def _folded(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_Key = Callable[[Mapping[str, Any]], str | None]
_KEYS: Final[Mapping[EntityType, _Key]] = {"person": _person_key, "company": _company_key}
_NAME_KEYS: Final[Mapping[EntityType, _Key]] = {"person": _person_name_key, "company": _company_name_key}
# What makes a key of the texts of these fields.
_ADDRESS_KEYS: Final[Mapping[EntityType, tuple[Callable[..., str | None], Sequence[str]]]] = {
    "person": (_person_address_key, ("linkedin_url", "email")),
    "company": (_company_address_key, ("domain", "website", "linkedin_url", "name")),
}
