"""Which providers there are, what each can do, and whose key its calls use."""

import pytest

from app.providers.base import Lookup
from app.providers.defaults import DEFAULTS
from app.providers.names import NAMES, NORMALIZER, VERIFIER_NAMES, finder_of, sharing_key
from app.providers.registry import make_registry

REGISTRY = make_registry(DEFAULTS)
LOOKUP = Lookup("person", "p1", {})


@pytest.mark.parametrize("name", VERIFIER_NAMES)
def test_verifier_uses_the_key_of_its_finder(name: str) -> None:
    """Both are called with one key, so their calls count against the same limits."""
    verifier = REGISTRY.verifiers[name]
    assert verifier.capabilities.verifies == name
    assert finder_of(verifier.name) == finder_of(name) == name
    assert sharing_key(name) == [name, verifier.name]


@pytest.mark.parametrize("name", sorted({*NAMES, "fake"} - set(VERIFIER_NAMES)))
def test_other_providers_have_a_key_of_their_own(name: str) -> None:
    """Nobody else's calls count against it."""
    assert finder_of(name) == name
    assert sharing_key(name) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_provider_without_the_capability_refuses_what_it_is_for(name: str) -> None:
    """Rules and callbacks are asked for only of providers that say that they have them."""
    provider = REGISTRY.providers[name]
    if not provider.capabilities.rules_first:
        with pytest.raises(NotImplementedError):
            provider.rules(LOOKUP)
    if not provider.capabilities.answers_later:
        with pytest.raises(NotImplementedError):
            provider.read_callback(LOOKUP, {}, {})


def test_normalizer_is_the_provider_that_owns_its_fields() -> None:
    """Callers need not know its name."""
    assert REGISTRY.usable_normalizer("person") is REGISTRY.providers[NORMALIZER]
    assert REGISTRY.usable_normalizer("company") is REGISTRY.providers[NORMALIZER]
