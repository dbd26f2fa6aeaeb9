"""The names of providers and verifiers, and whose key each one's calls use.

They stand apart from the registry, which loads every adapter and the HTTP client: most commands need only names.
"""

from typing import Final

from app.providers.defaults import DEFAULTS

WATERFALL: Final = "waterfall"
"""What a job names in place of a provider when several are to be asked in turn."""
NORMALIZER: Final = "ai-normalizer"
NAMES: Final = tuple(DEFAULTS)
"""Every provider."""
_FINDERS: Final = {"leadmagic-verify": "leadmagic", "findymail-verify": "findymail"}
VERIFIER_NAMES: Final = tuple(_FINDERS.values())
"""The providers that can also verify addresses."""
VERIFIERS: Final = tuple(_FINDERS)
"""What a job names to have the addresses verified that people have."""
JOB_NAMES: Final = (*NAMES, *VERIFIERS, WATERFALL)
"""All that a job may name."""


def finder_of(provider: str) -> str:
    """Return the provider whose key a provider's calls use, and with it its limits: of a verifier, the finder's."""
    return _FINDERS.get(provider, provider)


def sharing_key(finder: str) -> list[str]:
    """Return the names of the providers whose calls use a provider's key: its own, and its verifier's."""
    return [finder, *(name for name, shared in _FINDERS.items() if shared == finder)]
