"""Domains and e-mail addresses that a workspace never enriches and never exports.

A domain stands for everything below it: `acme.com` excludes `mail.eu.acme.com` too. A person is
excluded by an address, by the domain of one, and by the company's domain; a company by its domain
and its website's host. Values are looked for as they were given and as the normaliser wrote them,
so that it makes no difference whether that has run.

Everything that can exclude an entity is a text of its own, its signs: addresses, hosts and the
domains above them. So one look into a set decides, however many exclusions there are.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Self

from sqlalchemy import bindparam, delete, select, tuple_

from app.audit.events import record
from app.db.pages import Page, page_of
from app.db.session import WriteSession, scrub_log, transaction
from app.db.sql import insert_missing, is_any_of
from app.entities.fields import table_of
from app.entities.pages import slices
from app.entities.read import SLICE_ROWS
from app.errors import Invalid, detail
from app.extensions import db
from app.models.audit_event import Action
from app.models.exclusion import ExclusionKind, exclusions
from app.values.emails import address_spelling
from app.values.hosts import bare_host, has_public_suffix, host_of, registrable_domain

RULE: Final = "a domain such as example.com or an address such as name@example.com"
_MAX_INVALID: Final = 20
# No domain or address is longer, and longer text only costs time.
_MAX_CHARS: Final = 2_048
_ADDRESS_FIELDS: Final = {"person": ("email", "normalized_email"), "company": ()}
_HOST_FIELDS: Final = {
    "person": ("company_domain", "normalized_company_domain"),
    "company": ("domain", "website", "normalized_domain"),
}
# A line of a list may hold several.
_BETWEEN_VALUES: Final = re.compile(r"[\s,;|，；、]+")
_NOT_IN_A_VALUE: Final = frozenset('<>()[]"*')
_ADDRESS: Final = re.compile(r"\S+@\S+")
_DOTTED: Final = re.compile(r"[^\s.]\.[^\s.]")
# A field may hold a name beside the address, or several addresses.
_BETWEEN_ADDRESSES: Final = re.compile(r"[\s<>()\[\],;:\"\\]+")


@dataclass(frozen=True, slots=True)
class ExclusionView:
    """One exclusion."""

    kind: str
    value: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ExclusionCounts:
    """What became of the values of an `add`. The counts add up to all of them, repeated ones included."""

    created: int = 0
    unchanged: int = 0


def add(values: Iterable[str], workspace_slug: str) -> ExclusionCounts:
    """Exclude domains and addresses, all or none: what has an @ is an address, all else a domain.

    A value may hold several, with commas, semicolons, bars or white space between them.

    Raises `Invalid`, with the positions from 0 of the first 20 values that are neither. An exclusion
    is an instruction and not a record of somebody: it stays when an entity is erased, which else
    would come back with the next import.
    """
    wanted = _all_normalized(values)
    # In one order, so that no two calls wait for each other.
    rows = [{"workspace_slug": workspace_slug, "kind": _kind(value), "value": value} for value in sorted(set(wanted))]
    created = 0
    with transaction() as session:
        for part in slices(rows, SLICE_ROWS):
            created += len(insert_missing(session, exclusions, part, "value"))
        _record(session, Action.EXCLUSION_ADD, created, workspace_slug)
    return ExclusionCounts(created, len(wanted) - created)


def remove(values: Iterable[str], workspace_slug: str) -> int:
    """Remove exclusions, and return how many there were. Raises `Invalid` as `add` does.

    A domain or address that was not excluded itself, but by a domain above it, stays excluded.
    """
    wanted = sorted(set(_all_normalized(values)))
    with transaction() as session:
        removed = sum(
            session.connection().execute(_DELETE, {"of_workspace": workspace_slug, "values": part}).rowcount
            for part in slices(wanted, SLICE_ROWS)
        )
        _record(session, Action.EXCLUSION_REMOVE, removed, workspace_slug)
    # An address is personal data, and whoever removes it may want it gone.
    scrub_log()
    return removed


def _record(session: WriteSession, action: Action, count: int, workspace_slug: str) -> None:
    """Put down how many exclusions were added or removed: an address among them is somebody's."""
    if count:
        record(session, action, "exclusion", None, workspace_slug=workspace_slug, after={"count": count})


def list_(workspace_slug: str, *, cursor: str | None = None, limit: int = 50) -> Page[ExclusionView]:
    """Return a page of a workspace's exclusions: domains by name, then addresses.

    `cursor` is the `next_cursor` of the page before.
    """
    place = tuple_(exclusions.c.kind, exclusions.c.value)
    query = (
        select(exclusions.c.kind, exclusions.c.value, exclusions.c.created_at)
        .where(exclusions.c.workspace_slug == workspace_slug)
        .order_by(exclusions.c.kind, exclusions.c.value)
        .limit(limit + 1)
    )
    if cursor is not None:
        query = query.where(place > tuple_(_kind(cursor), cursor))
    views = [ExclusionView(*row) for row in db.session.execute(query)]
    return page_of(views, limit, lambda view: view.value)


class Exclusions:
    """A workspace's exclusions, for checking many entities. False if there are none."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = frozenset(values)

    @classmethod
    def load(cls, workspace_slug: str) -> Self:
        """Read every exclusion of a workspace, for checking any number of entities."""
        query = select(exclusions.c.value).where(exclusions.c.workspace_slug == workspace_slug)
        return cls(db.session.scalars(query))

    @classmethod
    def load_for(cls, entity_type: str, entities: Iterable[Mapping[str, Any]], workspace_slug: str) -> Self:
        """Read the exclusions that concern a few entities, such as a chunk's.

        It costs the same however many exclusions there are.
        """
        signs = sorted({sign for fields in entities for sign in _signs(entity_type, fields)})
        parts = ({"of_workspace": workspace_slug, "values": part} for part in slices(signs, SLICE_ROWS))
        return cls(value for part in parts for value in db.session.connection().execute(_SELECT, part).scalars())

    def __bool__(self) -> bool:
        return bool(self._values)

    def excludes(self, entity_type: str, fields: Mapping[str, Any]) -> bool:
        """Return whether an entity is excluded; absent fields count as blank."""
        return bool(self._values) and not self._values.isdisjoint(_signs(entity_type, fields))


def is_any_excluded(workspace_slug: str) -> bool:
    """Return whether a workspace excludes anything."""
    found = db.session.connection().execute(_ANY, {"of_workspace": workspace_slug})
    return found.one_or_none() is not None


def without_excluded(entity_type: str, ids: Iterable[str], workspace_slug: str) -> Iterator[str]:
    """Yield ids in their order, except those whose stored entity is excluded.

    Ids without an entity pass. Entities are read in slices of 1,000, and not at all if the workspace
    excludes nothing. Reads within the caller's transaction, if there is one.
    """
    excluded = Exclusions.load(workspace_slug)
    if not excluded:
        yield from ids
        return
    for part in slices(ids, SLICE_ROWS):
        stored = _read_signs_of(entity_type, part, workspace_slug)
        for entity_id in part:
            if entity_id not in stored or not excluded.excludes(entity_type, stored[entity_id]):
                yield entity_id


def sign_fields(entity_type: str) -> tuple[str, ...]:
    """Return the fields by which `Exclusions` judges an entity."""
    return (*_ADDRESS_FIELDS[entity_type], *_HOST_FIELDS[entity_type])


def normalized(value: str) -> str | None:
    """Return a domain or address in the one spelling that is stored, or None if it is neither, or several.

    Lower case and ASCII domains; of a domain also without scheme, `www.`, port and path.
    """
    spellings = normalized_all(value)
    return spellings[0] if spellings and len(spellings) == 1 else None


def normalized_all(value: str) -> list[str] | None:
    """Return every domain and address of a value in its spelling, or None if any part of it is neither."""
    address = address_spelling(value) if value.count("@") == 1 and "*" not in value else None
    if address and not _DOTTED.search(_ADDRESS.sub(" ", value)):
        return [address]
    parts = list(filter(None, _BETWEEN_VALUES.split(value)))
    spellings = [_spelling(part.strip("<>()[]\"'")) for part in parts]
    known = [spelling for spelling in spellings if spelling is not None]
    return known if parts and len(known) == len(parts) else None


def _spelling(part: str) -> str | None:
    """Return a domain or address that is all of a text, or None."""
    part = part.removeprefix("*@")
    if part.count("@") > 1 or part.count("://") > 1 or not _NOT_IN_A_VALUE.isdisjoint(part):
        return None
    if "@" in part and "://" not in part:
        return address_spelling(part)
    host = bare_host(part)
    # A public suffix stands for everybody below it.
    is_everybodys = host is not None and registrable_domain(host) is None and has_public_suffix(host)
    return None if is_everybodys else host


def _all_normalized(values: Iterable[str]) -> list[str]:
    """Return all values in their spelling. Raises `Invalid` if one has none."""
    spellings: list[str] = []
    bad: list[int] = []
    for position, value in enumerate(values):
        known = normalized_all(value)
        if known is not None:
            spellings += known
            continue
        bad.append(position)
        if len(bad) == _MAX_INVALID:
            break
    if bad:
        details = [detail(f"values.{position}", f"expected {RULE}") for position in bad]
        raise Invalid("The exclusions are not valid; nothing was changed.", details=details)
    return spellings


def _kind(value: str) -> str:
    return str(ExclusionKind.EMAIL if "@" in value else ExclusionKind.DOMAIN)


# The kinds lead into the primary key.
_AMONG: Final = (
    exclusions.c.workspace_slug == bindparam("of_workspace"),
    exclusions.c.kind.in_(list(ExclusionKind)),
    is_any_of(exclusions.c.value, bindparam("values")),
)
_SELECT: Final = select(exclusions.c.value).where(*_AMONG)
_ANY: Final = select(exclusions.c.value).where(exclusions.c.workspace_slug == bindparam("of_workspace")).limit(1)
_DELETE: Final = delete(exclusions).where(*_AMONG)


# What an entity can be excluded by


def _signs(entity_type: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the addresses, hosts and domains above them by which an entity is excluded."""
    for text in _texts(fields, _ADDRESS_FIELDS[entity_type]):
        for local, host in _addresses(text):
            yield f"{local}@{host}"
            yield from _domains_of(host)
    for text in _texts(fields, _HOST_FIELDS[entity_type]):
        yield from _domains_of(text)


def _texts(fields: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            yield value


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the local part and the host of every address in a text."""
    if "@" not in text:
        return
    text = text[:_MAX_CHARS].lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    for token in _BETWEEN_ADDRESSES.split(text):
        local, _, domain = token.strip("'").rpartition("@")
        host = host_of(domain) if local else None
        if host is not None:
            yield local, host


@lru_cache(maxsize=16_384)
def _domains_of(text: str) -> tuple[str, ...]:
    """Return the hosts of a text and every domain above them; many entities share theirs."""
    domains: dict[str, None] = {}
    for part in _BETWEEN_VALUES.split(text[:_MAX_CHARS]):
        labels = (host_of(part) or "").split(".")
        domains.update(dict.fromkeys(".".join(labels[start:]) for start in range(len(labels) - 1)))
    return tuple(domains)


def _read_signs_of(entity_type: str, ids: list[str], workspace_slug: str) -> dict[str, dict[str, Any]]:
    table = table_of(entity_type)
    names = sign_fields(entity_type)
    query = select(table.c.id, *(table.c[name] for name in names)).where(
        table.c.workspace_slug == workspace_slug, is_any_of(table.c.id, ids)
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in db.session.connection().execute(query)}
