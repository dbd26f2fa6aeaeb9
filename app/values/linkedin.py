"""LinkedIn pages: which kind of page an address is, and whose."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote

PageKind = Literal["in", "pub", "company", "school", "showcase"]

PERSON_KINDS: Final = frozenset({"in", "pub"})
COMPANY_KINDS: Final = frozenset({"company", "school", "showcase"})

# Nothing that names a page is longer, and longer text only costs time.
_MAX_CHARS: Final = 2_048
_URL: Final = re.compile(r"(?:https?:/*)*(?:[a-z0-9-]+\.)?linkedin\.com(?::443)?/+(?:mwlite/)?([a-z]+)/+([^/?#,;\s]+)")
_BARE: Final = re.compile(r"/?(in|pub|company|school|showcase)/([^/?#,;\s]+)")
_SIGNS: Final = " \t\r\n\"'<>()[],;"


class LinkedInPage(NamedTuple):
    """A person's or an organisation's page: `kind` as it stands in the address, `name` decoded and in lower case."""

    kind: str
    name: str

    @property
    def url(self) -> str:
        """The address in its one spelling."""
        return f"https://www.linkedin.com/{self.kind}/{quote(self.name, safe='')}"

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
    if len(text) > _MAX_CHARS:
        return None
    address = text.strip(_SIGNS).lower()
    match = _URL.match(address) or _BARE.match(address)
    if match is None or match[1] not in kinds:
        return None
    name = unicodedata.normalize("NFC", unquote(match[2])).strip().casefold()
    return LinkedInPage(match[1], name) if name else None
