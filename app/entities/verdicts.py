"""Verdicts of verifiers on e-mail addresses: one for an address and workspace, whoever the address was found for.

A verdict holds for `ENRICH_SUCCESS_TTL_DAYS`. While it stands, nobody has the address verified again: one that was
rejected is passed by, any other is written with what was said of it, `unknown` too: asking again would be paid again.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, select

from app.config import config
from app.db.session import WriteSession
from app.db.sql import is_any_of, upsert
from app.entities.read import load_columns
from app.extensions import db
from app.models.address_verdict import address_verdicts
from app.values.emails import email_address

REJECTED: Final = "invalid"
"""The `email_status` of an address that mail does not reach."""


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The last verdict on an address."""

    address: str
    status: str
    verifier: str
    verified_at: datetime
    expires_at: datetime

    @property
    def is_rejected(self) -> bool:
        """Whether mail does not reach the address."""
        return self.status == REJECTED

    @property
    def is_standing(self) -> bool:
        """Whether the verdict has not expired."""
        return self.expires_at > datetime.now(UTC)


def load_verdicts(addresses: Collection[str], workspace_slug: str) -> dict[str, VerdictView]:
    """Return the last verdicts on addresses, expired ones too, by address; one query.

    Addresses are in the spelling of `email_address`.
    """
    if not addresses:
        return {}
    parameters = {"of_workspace": workspace_slug, "addresses": list(addresses)}
    rows = db.session.connection().execute(_LOAD, parameters)
    lifetime = timedelta(days=config().ENRICH_SUCCESS_TTL_DAYS)
    return {row.address: VerdictView(*row, row.verified_at + lifetime) for row in rows}


def standing_verdicts(addresses: Collection[str], workspace_slug: str) -> dict[str, VerdictView]:
    """Return the verdicts on addresses that have not expired, by address; one query."""
    verdicts = load_verdicts(addresses, workspace_slug)
    return {address: verdict for address, verdict in verdicts.items() if verdict.is_standing}


def verdict_on(person_id: str, workspace_slug: str) -> VerdictView | None:
    """Return the last verdict on the address that a person has; None: there is none."""
    fields = load_columns("person", [person_id], ["email"], workspace_slug=workspace_slug).get(person_id, {})
    address = email_address(fields.get("email"))
    return None if address is None else load_verdicts([address], workspace_slug).get(address)


def store_verdicts(session: WriteSession, workspace_slug: str, verdicts: Iterable[dict[str, Any]]) -> None:
    """Store verdicts as rows without their workspace, in place of earlier ones; of one address the last counts."""
    by_address = {row["address"]: {"workspace_slug": workspace_slug, **row} for row in verdicts}
    if by_address:
        # In one order everywhere, since two jobs may have verified the same addresses.
        rows = [by_address[address] for address in sorted(by_address)]
        upsert(session, address_verdicts, rows, replaced=("status", "verifier", "verified_at"))


_LOAD: Final = select(
    address_verdicts.c.address, address_verdicts.c.status, address_verdicts.c.verifier, address_verdicts.c.verified_at
).where(
    address_verdicts.c.workspace_slug == bindparam("of_workspace"),
    is_any_of(address_verdicts.c.address, bindparam("addresses")),
)
