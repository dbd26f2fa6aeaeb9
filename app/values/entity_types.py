"""What an entity is: a person or a company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

EntityType = Literal["person", "company"]

ENTITY_TYPES: Final[tuple[EntityType, ...]] = get_args(EntityType)
PLURALS: Final[Mapping[str, str]] = {"person": "people", "company": "companies"}
