"""Provider name to provider: which ones there are, and why one cannot be used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask import current_app

from app.config import config
from app.providers.ai_normalizer.provider import AiNormalizer
from app.providers.aiark import AiArk
from app.providers.base import Provider
from app.providers.clay import Clay
from app.providers.findymail import Findymail, FindymailVerifier
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from app.providers.leadmagic import LeadMagic, LeadMagicVerifier
from app.providers.names import NORMALIZER, WATERFALL
from app.providers.prospeo import Prospeo
from app.providers.settings import ProviderSettings

_CLASSES: Final[Mapping[str, Callable[[ProviderSettings, Http], Provider]]] = {
    "prospeo": Prospeo,
    "aiark": AiArk,
    "leadmagic": LeadMagic,
    "findymail": Findymail,
    "firecrawl": Firecrawl,
    "clay": Clay,
    NORMALIZER: AiNormalizer,
}
_VERIFIERS: Final[Mapping[str, type[LeadMagicVerifier] | type[FindymailVerifier]]] = {
    "leadmagic": LeadMagicVerifier,
    "findymail": FindymailVerifier,
}


@dataclass(frozen=True, slots=True)
class Registry:
    """The providers of one application, with their settings, by name."""

    providers: Mapping[str, Provider]
    verifiers: Mapping[str, Provider]
    takes_callbacks: bool = True
    """Whether the service can be reached from outside, by those who answer later."""

    def with_settings(self, settings: Mapping[str, ProviderSettings]) -> "Registry":
        """Return the registry with some of its providers, and their verifiers, under other settings."""

        def changed(providers: Mapping[str, Provider]) -> dict[str, Provider]:
            return {
                name: provider.with_settings(settings[name]) if name in settings else provider
                for name, provider in providers.items()
            }

        return replace(self, providers=changed(self.providers), verifiers=changed(self.verifiers))

    @property
    def own_accounts(self) -> Mapping[str, str]:
        """The accounts that are not the service's own, by the names of the providers and verifiers that use them."""
        asked = (*self.providers.values(), *self.verifiers.values())
        return {provider.name: provider.settings.account for provider in asked if provider.settings.account}

    def named(self, name: str) -> Provider | None:
        """Return the provider or, by its own name, the verifier that a job may name, or None."""
        verifiers = {verifier.name: verifier for verifier in self.verifiers.values()}
        return self.providers.get(name) or verifiers.get(name)

    def usable(self, name: str, entity_type: str) -> Provider | None:
        """Return a provider that the settings allow to ask about an entity type, or None."""
        return self.named(name) if self.why_unusable(name, entity_type) is None else None

    def why_unusable(self, name: str, entity_type: str) -> str | None:
        """Return why the settings do not allow a provider to work on an entity type, or None."""
        provider = self.named(name)
        if provider is None:
            expected = ", ".join(sorted([*self.providers, WATERFALL]))
            return f"There is no such provider; set provider to one of: {expected}."
        if entity_type not in provider.entity_types:
            return f"Provider {name} does not work on entity type {entity_type}."
        if provider.capabilities.answers_later and not self.takes_callbacks:
            return f"Provider {name} answers by callback; set PUBLIC_URL and SECRET_KEY."
        return provider.why_unusable()

    def usable_normalizer(self, entity_type: str) -> Provider | None:
        """Return the provider that derives the normalised fields of an entity type, or None."""
        owners = [name for name, provider in self.providers.items() if provider.capabilities.owns_fields]
        usable = (self.usable(name, entity_type) for name in owners)
        return next(filter(None, usable), None)

    def usable_verifier(self, name: str | None) -> Provider | None:
        """Return a verifier that the settings allow to ask, or None."""
        verifier = self.verifiers.get(name or "")
        return verifier if verifier is not None and verifier.why_unusable() is None else None


def current_registry() -> Registry:
    """Return the providers of the current application, which are made when they are needed first."""
    registry: Registry | None = current_app.extensions.get("tranche.registry")
    if registry is None:
        settings = config()
        takes_callbacks = bool(settings.PUBLIC_URL and settings.SECRET_KEY)
        made = make_registry(settings.PROVIDERS, takes_callbacks=takes_callbacks)
        # Of two threads that come here at once, both go on with the same one.
        registry = current_app.extensions.setdefault("tranche.registry", made)
    return registry


def make_registry(settings: Mapping[str, ProviderSettings], *, takes_callbacks: bool = True) -> Registry:
    """Make every provider from its settings, with one HTTP client for all."""
    http = Http()
    return Registry(
        providers={name: make(settings[name], http) for name, make in _CLASSES.items()},
        verifiers={name: make(settings[name], http) for name, make in _VERIFIERS.items()},
        takes_callbacks=takes_callbacks,
    )
