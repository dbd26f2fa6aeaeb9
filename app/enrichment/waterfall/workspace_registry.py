"""The providers as the jobs of one workspace ask them: with the workspace's own keys, where it has set some.

Nothing stands in for a key that is set and cannot be read. Another one would be paid for from another account.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask import current_app
from sqlalchemy import bindparam, select

from app.db import encryption
from app.extensions import db
from app.models.provider_key import provider_keys
from app.providers.registry import Registry, current_registry
from app.providers.settings import ProviderSettings

KEYS_SECONDS: Final = 1.0
"""How long a workspace's keys are known without another look."""
UNREADABLE: Final = (
    "the workspace's own key cannot be decrypted. Put the SECRET_KEY that it was set with into SECRET_KEY_FALLBACKS, or"
    " set the key again."
)
NO_OWN_KEY: Final = "The workspace has no key of its own for such a provider."
_MOST_KNOWN: Final = 1000


def purpose(workspace_slug: str, provider: str) -> tuple[str, ...]:
    """Return what a workspace's key for a provider is encrypted for."""
    return "provider key", workspace_slug, provider


def workspace_registry(workspace_slug: str, base: Registry | None = None) -> Registry:
    """Return the providers for a workspace, made of the application's own, or of `base`.

    Reads the database at most once a second for each workspace, and leaves the transaction open that it did so in.
    """
    base = base or current_registry()
    known = _known().get(workspace_slug, _Known(base, {}, base))
    if known.base is base and time.monotonic() < known.until:
        return known.registry
    keys = dict(db.session.connection().execute(_KEYS, {"slug": workspace_slug}).all())
    if known.base is not base or known.keys != keys:
        known = _Known(base, keys, _with_keys(base, keys, workspace_slug))
    if len(_known()) >= _MOST_KNOWN:
        _known().clear()
    _known()[workspace_slug] = replace(known, until=time.monotonic() + KEYS_SECONDS)
    return known.registry


def forget(workspace_slug: str) -> None:
    """Let the next look at a workspace's keys be one into the database."""
    _known().pop(workspace_slug, None)


_KEYS: Final = select(provider_keys.c.provider, provider_keys.c.encrypted_key).where(
    provider_keys.c.workspace_slug == bindparam("slug")
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A workspace's registry, and what it was made of: as long as that stays, so do its providers."""

    base: Registry
    keys: Mapping[str, str]
    registry: Registry
    until: float = 0.0


def _known() -> dict[str, _Known]:
    known: dict[str, _Known] = current_app.extensions.setdefault("tranche.workspace_registries", {})
    return known


def _with_keys(base: Registry, keys: Mapping[str, str], workspace_slug: str) -> Registry:
    settings = {
        name: _own_settings(base.providers[name].settings, name, encrypted, workspace_slug)
        for name, encrypted in keys.items()
        if name in base.providers
    }
    return base.with_settings(settings) if settings else base


def _own_settings(settings: ProviderSettings, provider: str, encrypted: str, workspace_slug: str) -> ProviderSettings:
    key = encryption.decrypt(encrypted, *purpose(workspace_slug, provider))
    own = replace(settings, api_key=key, account=workspace_slug, why_no_key=UNREADABLE if key is None else None)
    try:
        own.check()
    except ValueError as exc:
        # They fitted when the key was set, and have changed since.
        return replace(own, api_key=None, why_no_key=f"the settings do not fit the workspace's own key: {exc}.")
    return own
