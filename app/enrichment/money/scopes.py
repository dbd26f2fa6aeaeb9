"""What caps are of: the scopes under which money is reserved and spent, and what is set of them by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import bindparam, select

from app.db.sql import is_any_of
from app.extensions import db
from app.models.cap import stored_caps

OVERALL: Final = "overall"


@dataclass(frozen=True, slots=True)
class CapScope:
    """What a cap is of: a workspace, a provider, a provider in a workspace, an API key, or (none of them) everything.

    A provider's includes its verifier.
    """

    workspace_slug: str | None = None
    provider: str | None = None
    key_id: str | None = None

    @property
    def kind(self) -> str:
        """The word for it: `overall`, `workspace`, `provider` or `key`."""
        return self._parts[0]

    def __str__(self) -> str:
        """Return it as it is stored."""
        return ":".join(self._parts)

    @property
    def _parts(self) -> tuple[str, ...]:
        """The word for it, and what it is of."""
        if self.key_id is not None:
            return "key", self.key_id
        if self.provider is not None:
            return "provider", self.provider + (f"@{self.workspace_slug}" if self.workspace_slug else "")
        return (OVERALL,) if self.workspace_slug is None else ("workspace", self.workspace_slug)

    @classmethod
    def read(cls, stored: str) -> Self:
        """Return the scope that is stored as this."""
        kind, _, name = stored.partition(":")
        if kind == "key":
            return cls(key_id=name)
        if kind == "provider":
            provider, _, slug = name.partition("@")
            return cls(slug or None, provider)
        return cls(name or None)


def limits_of(scopes: Iterable[CapScope]) -> Mapping[CapScope, int]:
    """Return the caps that are set of some scopes by hand, in micro-dollars."""
    rows = db.session.connection().execute(_LIMITS, {"scopes": [str(scope) for scope in scopes]})
    return {CapScope.read(row.scope): row.cap_micros for row in rows}


_LIMITS: Final = select(stored_caps.c.scope, stored_caps.c.cap_micros).where(
    is_any_of(stored_caps.c.scope, bindparam("scopes"))
)
