"""People and companies that do not exist, made up from whatever a question says of them.

The same person comes out of each way to ask: name and domain, e-mail address, or a LinkedIn slug
that ends in the domain, as `ada-byron--acme-example` (two dashes, and the last dash is the dot).
What a question does not say is picked by a hash, so it is the same in each run and at each provider.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

Choice = TypeVar("Choice")

_FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Edith", "Femi", "Greta", "Hugo", "Iris", "Jonas", "Kira", "Luis")
_LAST_NAMES = ("Byron", "Castle", "Dunne", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jansen", "Kovacs")
_COMPANY_WORDS = ("Acorn", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbor", "Ivory", "Juniper")
_PLACES = (
    ("Leeds", "England", "United Kingdom", "GB", "LS1 4AP"),
    ("Lyon", "Auvergne-Rhone-Alpes", "France", "FR", "69001"),
    ("Hamburg", "Hamburg", "Germany", "DE", "20095"),
    ("Austin", "Texas", "United States", "US", "73301"),
    ("Turku", "Southwest Finland", "Finland", "FI", "20100"),
)
_JOBS = (
    ("Head of Analytics", "Head", "head", "Data", "analytics"),
    ("VP of Sales", "VP", "vp", "Sales", "sales"),
    ("Chief Technology Officer", "C-Suite", "c_suite", "Engineering", "engineering"),
    ("Marketing Manager", "Manager", "manager", "Marketing", "marketing"),
    ("Senior Engineer", "Senior", "senior", "Engineering", "engineering"),
)
_INDUSTRIES = ("Software", "Insurance", "Logistics", "Manufacturing", "Retail")
_REVENUES = ("$1M-$10M", "$10M-$25M", "$25M-$50M")
_TECHNOLOGIES = ("Nginx", "Kafka", "Stripe", "React", "Salesforce")
_SLUG_DOMAIN = re.compile(r"^(?P<name>.+?)--(?P<label>[^/]+)-(?P<top>[a-z]+)$")


def pick(choices: Sequence[Choice], *parts: str) -> Choice:
    """Return one of the choices, always the same for the same parts."""
    return choices[number(*parts) % len(choices)]


def number(*parts: str) -> int:
    """Return a large number that is always the same for the same parts."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:8])


def fold(text: str) -> str:
    """Return text in lower case and ASCII, its words parted by single spaces."""
    decomposed = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", decomposed.lower()))


@dataclass(frozen=True)
class Company:
    """A company; all that is known of it follows from its domain."""

    domain: str

    @property
    def identity(self) -> str:
        """What the company is known by in the ledger."""
        return self.domain

    @cached_property
    def name(self) -> str:
        """The brand name."""
        return fold(self.domain.split(".", 1)[0]).title() or "Nameless"

    @property
    def website(self) -> str:
        """The website's URL."""
        return f"https://{self.domain}"

    @property
    def slug(self) -> str:
        """The end of the LinkedIn URL."""
        return self.domain.replace(".", "-")

    @property
    def linkedin_url(self) -> str:
        """The LinkedIn page."""
        return f"https://www.linkedin.com/company/{self.slug}"

    def social_url(self, site: str) -> str:
        """Return the company's page on another site."""
        return f"https://{site}.example/{self.slug}"

    @property
    def industry(self) -> str:
        """The industry as a provider names it."""
        return pick(_INDUSTRIES, self.domain, "industry")

    @property
    def headcount(self) -> int:
        """The number of employees."""
        return 11 + number(self.domain, "headcount") % 900

    @property
    def founded(self) -> int:
        """The year of the foundation."""
        return 1960 + number(self.domain, "founded") % 60

    @property
    def description(self) -> str:
        """A sentence about the company."""
        return f"{self.name} sells {self.industry.lower()} to people who need it."

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """City, state, country, country code and postal code."""
        return pick(_PLACES, self.domain, "place")

    @property
    def address(self) -> str:
        """The street and the city."""
        return f"{1 + number(self.domain, 'house') % 90} Mill Street, {self.place[0]}"

    @property
    def phone(self) -> str:
        """The switchboard's number."""
        return f"+44 113 496 0{number(self.domain, 'phone') % 1000:03d}"

    @property
    def revenue(self) -> str:
        """The printed range of the revenue."""
        return pick(_REVENUES, self.domain, "revenue")

    @property
    def technologies(self) -> list[str]:
        """What the company uses."""
        return sorted({pick(_TECHNOLOGIES, self.domain, str(place)) for place in range(2)})

    @property
    def keywords(self) -> list[str]:
        """Words about the company."""
        return [self.industry.lower(), "services"]

    @property
    def funding_total(self) -> int:
        """All the money raised."""
        return 1_000_000 * (1 + number(self.domain, "funding") % 40)

    @property
    def it_spend(self) -> int:
        """Yearly spending on computers."""
        return 1000 * (50 + number(self.domain, "it") % 900)


@dataclass(frozen=True)
class Person:
    """A person; all that is not a field here follows from name and domain."""

    first_name: str
    last_name: str
    domain: str
    slug: str
    known_email: str | None = None

    @property
    def identity(self) -> str:
        """What the person is known by in the ledger."""
        return f"{fold(self.full_name)}@{self.domain}"

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def company(self) -> Company:
        """The employer."""
        return Company(self.domain)

    @property
    def email(self) -> str:
        """The work address."""
        return self.known_email or f"{fold(self.full_name).replace(' ', '.')}@{self.domain}"

    @property
    def linkedin_url(self) -> str:
        """The LinkedIn profile."""
        return f"https://www.linkedin.com/in/{self.slug}"

    @property
    def job(self) -> tuple[str, str, str, str, str]:
        """Title, seniority in two spellings, department and function."""
        return pick(_JOBS, self.identity, "job")

    @property
    def title(self) -> str:
        """The current job title."""
        return self.job[0]

    @property
    def headline(self) -> str:
        """The profile's headline."""
        return f"{self.title} at {self.company.name}"

    @property
    def summary(self) -> str:
        """The profile's text about the person."""
        return f"{self.first_name} likes {self.job[4]}."

    @property
    def picture(self) -> str:
        """The profile's picture."""
        return f"https://img.example/{self.slug}.png"

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """City, state, country, country code and postal code."""
        return pick(_PLACES, self.identity, "place")

    @property
    def mobile(self) -> str:
        """The mobile number."""
        return f"+44 7700 900{number(self.identity, 'mobile') % 1000:03d}"

    @property
    def skills(self) -> list[str]:
        """What the person can do."""
        return [self.job[4], "sql"]

    @property
    def since(self) -> int:
        """The year in which the current job began."""
        return 2010 + number(self.identity, "since") % 14

    @property
    def id(self) -> str:
        """An id that `from_id` reads, as a provider would hand out."""
        values = json.dumps([self.first_name, self.last_name, self.domain, self.slug, self.known_email])
        return base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")


def from_id(text: str | None) -> Person | None:
    """Return the person that has this id, or None."""
    written = text or ""
    try:
        values = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        return Person(*values)
    except (ValueError, TypeError):
        return None


def person(
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    full_name: str | None = None,
    domain: str | None = None,
    company_name: str | None = None,
    linkedin: str | None = None,
    email: str | None = None,
) -> Person:
    """Return the person that a question is about."""
    slug = slug_of(linkedin)
    hint_name, hint_domain = _from_email(email) if email else _from_slug(slug)
    full = full_name or hint_name
    seed = slug or email or full or "nobody"
    first, last = _names(first_name, last_name, full, seed)
    host = host_of(domain) or _employer_host(company_name, hint_domain, seed)
    return Person(first, last, host, slug or _slug_for(first, last, host), email.lower() if email else None)


def company(*, domain: str | None = None, linkedin: str | None = None, name: str | None = None) -> Company:
    """Return the company that a question is about."""
    host = host_of(domain)
    if not host and linkedin:
        label, dash, top = slug_of(linkedin).rpartition("-")
        host = (
            f"{label}.{top}"
            if dash and top in {"example", "com", "net", "org", "test"}
            else f"{label}{dash}{top}.example"
        )
    return Company(host or f"{fold(name or 'nobody').replace(' ', '-')}.example")


def somebody_else(who: Person) -> Person:
    """Return another person at another company."""
    return person(full_name="Zacharias Quill", domain=f"elsewhere-{number(who.identity) % 1000}.example")


def known_fields(person_number: int, marker: str = "") -> dict[str, Any]:
    """Return what a list would know of an invented person: names, company's domain and LinkedIn profile.

    `marker` is put in front of the domain, as `x-not-found`.
    """
    first = pick(_FIRST_NAMES, str(person_number), "first")
    last = f"{pick(_LAST_NAMES, str(person_number), 'last')} {_letters(person_number)}"
    domain = (
        f"{marker + '-' if marker else ''}{pick(_COMPANY_WORDS, str(person_number)).lower()}{person_number}.example"
    )
    who = person(first_name=first, last_name=last, domain=domain)
    return {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "full_name": who.full_name,
        "company_domain": who.domain,
        "linkedin_url": who.linkedin_url,
    }


def host_of(text: str | None) -> str:
    """Return the bare host of a domain or URL in lower case, or nothing."""
    bare = re.sub(r"^[a-z]+://", "", (text or "").strip().lower())
    return re.split(r"[/?#]", bare)[0].removeprefix("www.")


def slug_of(url: str | None) -> str:
    """Return the end of a LinkedIn URL, or of what is a slug already, in lower case."""
    return (url or "").strip().rstrip("/").rsplit("/", 1)[-1].lower()


def _letters(count: int) -> str:
    """Spell a number in letters, since digits in names are cleaned away."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(count)).title()


def _names(first: str | None, last: str | None, full: str, seed: str) -> tuple[str, str]:
    """Return first and last name: by themselves, else of the full name, else picked."""
    start, _, rest = full.partition(" ")
    return first or start or pick(_FIRST_NAMES, seed), last or rest or pick(_LAST_NAMES, seed)


def _employer_host(company_name: str | None, hint: str, seed: str) -> str:
    """Return the host of a named company, else the hint, else a picked one."""
    if company_name:
        return company(name=company_name).domain
    return hint or f"{pick(_COMPANY_WORDS, seed).lower()}.example"


def _slug_for(first: str, last: str, host: str) -> str:
    return f"{fold(f'{first} {last}').replace(' ', '-')}--{host.replace('.', '-')}"


def _from_email(email: str) -> tuple[str, str]:
    local, _, domain = email.lower().partition("@")
    return fold(local).title(), domain


def _from_slug(slug: str) -> tuple[str, str]:
    match = _SLUG_DOMAIN.match(slug)
    name = match["name"] if match else slug
    words = [word for word in re.split("-+", _MARKER.sub("", name)) if word.isalpha() and len(word) > 1]
    return " ".join(words).title(), f"{match['label']}.{match['top']}" if match else ""


_MARKER = re.compile(r"(?<![a-z])x-[a-z-]+$")
