"""Whom an answer is about: the one that was asked for, another, or nobody can tell.

Providers answer about somebody else: a namesake, a colleague, whoever stands first in a search whose filter was
ignored. Their data must not be written, so every answer is compared with what is known of the entity before a field
is: name with name, company with company, profile with profile. An answer of which nothing can be compared is taken
at its word, since it was asked for by what is known. If some of it disagrees, null beats a guess.

People. A key is a LinkedIn page, an address that is nobody else's, or the provider's own id.

    key        name           company         about
    same       unlike         not the same    another: the key may be an echo of the question
    same       any other      any             the same: people marry, move and change names
    not same   unlike, akin   any             another
    other      same           same            the same: pages are renamed
    other      any            any             another
    unknown    same           same            the same
    unknown    same           unknown         cannot tell
    unknown    same           unlike          another, a namesake, unless the employer is one of the past
    unknown    unknown        unlike          another
    unknown    unknown        same, unknown   cannot tell

Unless a key agrees, an address that is made of another name, at a domain that is not the company's, says: another.

Companies.

    page       company                        about
    same       unlike, and other domains      another, else the same
    other      same by name, other domains    another: namesakes
    not same   same by either, otherwise      the same
    not same   unlike                         another
    not same   akin, and other domains        another: "Delta" is not "Delta Air Lines"
    other      akin, unknown                  another
    unknown    akin, unknown                  cannot tell
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from app.identity import companies, names
from app.identity.companies import Firm
from app.identity.names import Resemblance
from app.identity.spellings import given_names
from app.providers.reading import a_list, find
from app.values.emails import email_address, is_shared_mailbox, mail_domain
from app.values.hosts import bare_host, is_platform, own_host, public_suffixes, registrable_domain
from app.values.linkedin import LinkedInPage, company_page, person_page
from app.values.shared_hosts import mail_providers
from app.values.text import text


class Match(Enum):
    """Whom an answer is about."""

    SAME = "same"
    ANOTHER = "another"
    CANNOT_TELL = "cannot tell"


_EMPLOYERS: Final = ("company_name", "company.name", "company", "organization", "employer", "name")
_MOST_EMPLOYERS: Final = 50
_PAGE_NUMBER: Final = re.compile(r"[0-9]+|ac[a-z][a-z0-9_-]{30,}")


def load() -> None:
    """Read the word lists, which takes long the first time, where it holds up nobody."""
    public_suffixes()
    mail_providers()
    given_names()


def judge(entity_type: str, asked: Mapping[str, Any], said: Mapping[str, Any]) -> Match:
    """Return whom an answer is about, by the entity's fields and by what the answer says of itself, as fields."""
    return _judge_person(asked, said) if entity_type == "person" else _judge_company(asked, said)


# People


def _judge_person(asked: Mapping[str, Any], said: Mapping[str, Any]) -> Match:
    key = _compare_keys(_person_keys(asked), _person_keys(said))
    name = names.compare(asked, said)
    if key is Resemblance.SAME:
        # The address says nothing of the company here: it may be the key itself.
        company = companies.compare(_employer(asked), _employer(said))
        is_echo = name is Resemblance.UNLIKE and company is not Resemblance.SAME
        return Match.ANOTHER if is_echo else Match.SAME
    if _has_strange_mailbox(asked, said):
        return Match.ANOTHER
    company = companies.compare(_with_mail(_employer(asked), asked), _with_mail(_employer(said), said))
    if key is Resemblance.UNLIKE:
        return Match.SAME if {name, company} == {Resemblance.SAME} else Match.ANOTHER
    # A former employer is as good as the present one: what was asked with may be old.
    return _judge_by_name(name, Resemblance.SAME if _has_worked_there(asked, said) else company)


def _judge_by_name(name: Resemblance, company: Resemblance) -> Match:
    """Return whom an answer is about that has no key to compare."""
    if name in {Resemblance.UNLIKE, Resemblance.AKIN} or company is Resemblance.UNLIKE:
        return Match.ANOTHER
    return Match.SAME if {name, company} == {Resemblance.SAME} else Match.CANNOT_TELL


def _person_keys(fields: Mapping[str, Any]) -> dict[str, str]:
    page = person_page(text(fields.get("linkedin_url")) or "")
    address = email_address(fields.get("email"))
    own = {} if address is None or is_shared_mailbox(address) else {"email": address}
    return {**_page_key(page), **own, **_ids(fields)}


def _employer(fields: Mapping[str, Any]) -> Firm:
    name = text(fields.get("company"))
    return Firm(name, _domains([fields.get("company_domain")], name))


def _with_mail(employer: Firm, fields: Mapping[str, Any]) -> Firm:
    return replace(employer, mail_domains=_domains([mail_domain(email_address(fields.get("email")) or "")]))


def _has_strange_mailbox(asked: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Return whether the answer's address is made of another name, at a domain that is not the company's."""
    address = email_address(said.get("email")) or ""
    domains = _domains([mail_domain(address)])
    if not domains or is_shared_mailbox(address) or names.fits_mailbox(address.rpartition("@")[0], asked) is not False:
        return False
    employer, told = _employer(asked), _employer(said)
    is_employers = companies.compare(employer, told) is Resemblance.SAME
    known = employer.domains | (told.domains if is_employers else frozenset())
    is_named_after_it = companies.compare(employer, Firm(domains=domains)) >= Resemblance.AKIN
    return domains.isdisjoint(known) and not is_named_after_it


def _has_worked_there(asked: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Return whether the company that was asked with is among the answer's former employers."""
    jobs = a_list(said.get("job_history"))[:_MOST_EMPLOYERS]
    known, employers = _employer(asked), [Firm(text(find(job, *_EMPLOYERS))) for job in jobs]
    return any(companies.compare(known, employer) is Resemblance.SAME for employer in employers)


# Companies


def _judge_company(asked: Mapping[str, Any], said: Mapping[str, Any]) -> Match:
    page = _compare_keys(_company_keys(asked), _company_keys(said))
    known, told = _firm(asked), _firm(said)
    company = companies.compare(known, told)
    if company is Resemblance.SAME:
        only_names_agree = page is Resemblance.UNLIKE and companies.have_other_labels(known, told)
        return Match.ANOTHER if only_names_agree else Match.SAME
    have_domains = bool(known.domains and told.domains)
    if page is Resemblance.SAME:
        has_moved = company is Resemblance.UNLIKE and have_domains
        return Match.ANOTHER if has_moved else Match.SAME
    return Match.ANOTHER if _is_another_company(company, page, have_domains) else Match.CANNOT_TELL


def _is_another_company(company: Resemblance, page: Resemblance, have_domains: bool) -> bool:
    """Return whether names, domains and pages of which none is the same tell two companies apart."""
    if Resemblance.UNLIKE in {company, page}:
        return True
    # A subsidiary, or a namesake.
    return company is Resemblance.AKIN and have_domains


def _company_keys(fields: Mapping[str, Any]) -> dict[str, str]:
    page = company_page(text(fields.get("linkedin_url")) or "")
    return {**_page_key(page), **_ids(fields)}


def _firm(fields: Mapping[str, Any]) -> Firm:
    name = text(fields.get("name"))
    return Firm(name, _domains([fields.get("domain"), fields.get("website")], name))


# What both have


def _compare_keys(asked: Mapping[str, str], said: Mapping[str, str]) -> Resemblance:
    """Return whether one key of the same kind agrees, or all differ; an address that differs says nothing."""
    shared = asked.keys() & said.keys()
    if any(asked[kind] == said[kind] for kind in shared):
        return Resemblance.SAME
    return Resemblance.UNLIKE if shared - {"email"} else Resemblance.UNKNOWN


def _page_key(page: LinkedInPage | None) -> dict[str, str]:
    """Return a page's name, by its kind: LinkedIn's own numbers cannot be compared with names that people choose."""
    if page is None:
        return {}
    return {"number" if _PAGE_NUMBER.fullmatch(page.name) else "page": page.name}


def _ids(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that providers have given the entity, by the ids' own names."""
    ids = fields.get("provider_ids")
    if not isinstance(ids, Mapping):
        return {}
    return {name: value for name, written in ids.items() if isinstance(name, str) and (value := text(written))}


def _domains(values: Iterable[Any], name: str | None = None) -> frozenset[str]:
    """Return the registrable domains among the hosts that can be a company's own: a platform's is the platform's."""
    hosts = (own_host(value, name) or _platform(value) for value in values)
    return frozenset(registrable_domain(host) or host for host in hosts if host)


def _platform(value: Any) -> str | None:
    host = bare_host(value)
    return host if host is not None and is_platform(host) else None
