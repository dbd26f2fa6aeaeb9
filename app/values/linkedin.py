"""LinkedIn pages: which kind of page an address is, and whose."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote

PageKind = Literal["in", "pub", "company", "school", "showcase"]

PERSON_KINDS: Final = frozenset({"in", "pub"})
COMPANY_KINDS: Final = frozenset({"company", "school", "showcase"})

# No address of a page is longer, and longer text only costs time.
_MAX_CHARS: Final = 2_048
_SITE: Final = re.compile(r"(?:https?:/*)*(?:[a-z0-9-]+\.)*linkedin\.com(?::443)?/", re.IGNORECASE)
_HOST: Final = re.compile(r"linkedin\.com(?::443)?/", re.IGNORECASE)
_PATH: Final = r"([a-z]+)/+([^/?#&,;\s]+)((?:/[0-9a-z]{1,3}){0,3})"
_URL: Final = re.compile(rf"linkedin\.com(?::443)?/+(?:mwlite/)?{_PATH}", re.IGNORECASE)
_BARE: Final = re.compile(rf"/?(?=(?:in|pub|company|school|showcase)/){_PATH}", re.IGNORECASE)
# Nearly every address is spelled like this and needs no mending, which takes a third of the time to see.
_PLAIN: Final = re.compile(r"https?://(?:[a-z]{2,3}\.)?linkedin\.com/(in|company)/([a-z0-9-]+)/?")
_OWN_ID: Final = re.compile(r"AC[a-zA-Z][A-Za-z0-9_-]{30,}")
_NOT_IN_A_NAME: Final = frozenset(":\ufffd")
_NOBODY: Final = frozenset(
    {"", "null", "none", "undefined", "unavailable", "unknown", "nan", "na", "n-a", "profile", "me"}
)
_SIGNS: Final = " \t\r\n\"'<>()[],;"


class LinkedInPage(NamedTuple):
    """A person's or an organisation's page: `kind` as it stands in the address, `name` decoded and in lower case.

    `written` is the name as it is to be asked for: LinkedIn's own ids (`ACoAA…`) keep their case.
    """

    kind: str
    name: str
    written: str

    @property
    def url(self) -> str:
        """The address in its canonical spelling."""
        return f"https://www.linkedin.com/{self.kind}/{quote(self.written, safe='/' if self.kind == 'pub' else '')}"

    @property
    def key(self) -> str:
        """`in/ada` or `company/acme`, equal for every spelling of the address."""
        return f"{self.kind}/{self.name}"


def person_page(text: str) -> LinkedInPage | None:
    """Return the person's page that a text is the address of, or None.

    Scheme, sub-domain (www or a country's), query, further path and letter case make no difference, and
    `in/ada` alone will do. An address inside Sales Navigator or Recruiter holds an id of another kind: None.
    """
    return _page(text, PERSON_KINDS)


def company_page(text: str) -> LinkedInPage | None:
    """Return the company's, school's or showcase page that a text is the address of, or None."""
    return _page(text, COMPANY_KINDS)


def _page(text: str, kinds: frozenset[str]) -> LinkedInPage | None:
    plain = _PLAIN.fullmatch(text)
    if plain is not None and len(text) <= _MAX_CHARS and plain[2] not in _NOBODY:
        return LinkedInPage(plain[1], plain[2], plain[2]) if plain[1] in kinds else None
    return _page_by_parts(text, kinds)


def _page_by_parts(text: str, kinds: frozenset[str]) -> LinkedInPage | None:
    match = _address(text)
    if match is None or match[1].lower() not in kinds:
        return None
    kind = match[1].lower()
    name = _name(kind, match)
    folded = name.casefold()
    if folded in _NOBODY or not _NOT_IN_A_NAME.isdisjoint(folded):
        return None
    return LinkedInPage(kind, folded, name if _OWN_ID.match(name) else folded)


def _address(text: str) -> re.Match[str] | None:
    """Return the kind of page, its name and the rest of the path that a text has, if it is an address of a page."""
    if len(text) > _MAX_CHARS:
        return None
    address = text.strip(_SIGNS)
    if not _SITE.match(address):
        return _BARE.match(address)
    # Forms put their own prefix in front of a complete address.
    *_, last = _HOST.finditer(address)
    return _URL.match(address, last.start())


def _name(kind: str, address: re.Match[str]) -> str:
    name = unicodedata.normalize("NFC", unquote(address[2])).strip()
    if kind != "pub":
        return name
    # Namesakes share the first part; the numbers after it tell them apart.
    return "/".join([name, *filter(None, address[3].split("/"))])
