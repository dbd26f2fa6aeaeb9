"""Provider name to provider: which ones there are, and why one cannot be used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask import current_app

from app.providers.ai_normalizer.provider import AiNormalizer
from app.providers.aiark import AiArk
from app.providers.base import Provider
from app.providers.clay import Clay
from app.providers.findymail import Findymail, FindymailVerifier
from app.providers.firecrawl import Firecrawl
from app.providers.http.client import Http
from app.providers.leadmagic import LeadMagic, LeadMagicVerifier
from app.providers.prospeo import Prospeo
from app.providers.settings import ProviderSettings

WATERFALL: Final = "waterfall"
"""What a job names in place of a provider when several are to be asked in turn."""
NORMALIZER: Final = "ai-normalizer"

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
_ACCOUNTS: Final = {verifier.name: verifier.capabilities.verifies or verifier.name for verifier in _VERIFIERS.values()}

NAMES: Final = tuple(_CLASSES)
"""Every provider."""
VERIFIER_NAMES: Final = tuple(_VERIFIERS)
"""The providers that can also verify addresses."""


def account_of(provider: str) -> str:
    """Return the provider whose account a provider's calls use, and with it its limits: of a verifier, the finder's."""
    return _ACCOUNTS.get(provider, provider)


def sharing_account(account: str) -> list[str]:
    """Return the names of the providers whose calls use an account."""
    return [account, *(name for name, shared in _ACCOUNTS.items() if shared == account)]


@dataclass(frozen=True, slots=True)
class Registry:
    """The providers of one application, with their settings, by name."""

    providers: Mapping[str, Provider]
    verifiers: Mapping[str, Provider]
    takes_callbacks: bool = True
    """Whether the service can be reached from outside, by those who answer later."""

    def usable(self, name: str, entity_type: str) -> Provider | None:
        """Return a provider that the settings allow to ask about an entity type, or None."""
        return self.providers[name] if self.why_unusable(name, entity_type) is None else None

    def why_unusable(self, name: str, entity_type: str) -> str | None:
        """Return why the settings do not allow a provider to work on an entity type, or None."""
        provider = self.providers.get(name)
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
    """Return the providers of the current application."""
    current: Registry = current_app.extensions["tranche.registry"]
    return current


def make_registry(settings: Mapping[str, ProviderSettings], *, takes_callbacks: bool = True) -> Registry:
    """Make every provider from its settings, with one HTTP client for all."""
    http = Http()
    return Registry(
        providers={name: make(settings[name], http) for name, make in _CLASSES.items()},
        verifiers={name: make(settings[name], http) for name, make in _VERIFIERS.items()},
        takes_callbacks=takes_callbacks,
    )
