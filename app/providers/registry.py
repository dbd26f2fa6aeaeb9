"""Provider name to provider: which ones there are, and why one cannot be used."""

from collections.abc import Mapping

from app.providers.base import Provider
from app.providers.normalizer.provider import AiNormalizer

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in (AiNormalizer(),)}

PLANNED = ("prospeo", "aiark", "leadmagic", "findymail", "firecrawl", "clay", "waterfall")
"""Names that are reserved, so that a job for one of them gets a better answer than "unknown"."""


def why_unavailable(name: str, entity_type: str, providers: Mapping[str, Provider] = PROVIDERS) -> str | None:
    """Return why a provider cannot work on an entity type as things are set, or None where it can."""
    usable = ", ".join(sorted(providers))
    provider = providers.get(name)
    if provider is None and name in PLANNED:
        return f"Provider {name} is not part of this version; set provider to one of: {usable}."
    if provider is None:
        return f"There is no such provider; set provider to one of: {usable}."
    if entity_type not in provider.entity_types:
        return f"Provider {name} does not work on entity type {entity_type}."
    return None
