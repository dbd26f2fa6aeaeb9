"""What the model of the ai-normalizer learned from an entity's values, so that an erasure finds it.

The cache is kept by text and not by entity, since a title or a company's name that was judged once need
not be paid for again. What it made of a rare one may still tell who had it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app

from app.providers.base import Lookup
from app.providers.registry import NORMALIZER, Registry


def learned_keys(
    entity_type: str, entity_id: str, fields: Mapping[str, Any], former: Iterable[tuple[str, Any]]
) -> set[str]:
    """Return the cache's keys for an entity's values as they stand, and for the values that its fields had before.

    Keys tell the model's name, so what another model than the present one learned is not among them.
    """
    registry: Registry = current_app.extensions["tranche.registry"]
    normalizer = registry.providers.get(NORMALIZER)
    if normalizer is None:
        return set()
    states = [fields, *({**fields, name: value} for name, value in former)]
    return {key for state in states for key in normalizer.cache_keys(Lookup(entity_type, entity_id, state))}
